// Two sides that were measured in turns.

section("versus", "One against the other", (report) => {
  const found = report.comparisons.filter(
    (one) => isKnown(one.ratio) && (isKnown(one.pairs) || one.a_setting || one.b_setting),
  );
  if (found.length === 0) return null;
  const kinds = { faster: "good", slower: "bad", same: "", unclear: "unknown" };
  const amount = (one, value) =>
    maybe(value, (known) => (one.metric.includes("throughput") ? `${rate(known)}/s` : time(known))) || "?";
  const side = (name, setting) => [
    named(name, 36),
    setting && el("div", { class: "note" }, sentence(setting)),
  ];
  return [
    table(
      "a against b",
      ["metric", "a", ">a", "b", ">b", ">b / a", "95 % interval", "b is"],
      found.map((one) => [
        one.metric,
        side(one.a, one.a_setting),
        amount(one, one.a_value),
        side(one.b, one.b_setting),
        amount(one, one.b_value),
        one.ratio.toFixed(4),
        one.ci ? `[${one.ci.map((end) => end.toFixed(4)).join(", ")}]` : "",
        one.verdict ? badge(kinds[one.verdict], one.verdict) : "",
      ]),
    ),
    notes([...new Set(found.flatMap((one) => one.notes))]),
  ];
});
