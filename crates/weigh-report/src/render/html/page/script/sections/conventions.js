// What other tools would count.

section("conventions", "As other tools count", (report) => {
  if (report.conventions.length === 0) return null;
  return table(
    "conventions",
    ["tool", ">its number", "which are", "called there", "remarks"],
    report.conventions.map((one) => [
      sentence([one.name, one.version].filter(Boolean).join(" ")),
      maybe(one.total, (value) => `${one.unknown.length > 0 ? "≥ " : ""}${count(value)}`) || "?",
      one.unit,
      sentence(one.label),
      one.notes.map((note) =>
        el(
          "div",
          null,
          sentence(note.message),
          maybe(note.difference, (value) => ` (${count(value)})`),
        ),
      ),
    ]),
  );
});
