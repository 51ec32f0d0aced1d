// What the words of this page mean.

section("words", "Words", () => {
  if (usedWords.size === 0) return null;
  const entries = [...usedWords].sort((a, b) => a.title.localeCompare(b.title, "en"));
  return el(
    "details",
    null,
    el("summary", null, `What ${many(entries.length, "word")} of this page mean`),
    el(
      "dl",
      { class: "words" },
      entries.map((entry) =>
        el(
          "div",
          null,
          el("dt", null, entry.title, entry.unit && el("span", { class: "note" }, ` (${entry.unit})`)),
          el("dd", null, `${entry.short}. `, entry.formula && el("code", null, entry.formula)),
        ),
      ),
    ),
  );
});
