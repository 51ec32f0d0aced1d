// Requirements, what was found, and what brought it.

const verdictKind = (status) => ({ met: "good", missed: "bad" })[status] || "unknown";

/** An amount in the unit of a requirement. */
function inUnit(value, unit) {
  switch (unit) {
    case "ms":
      return time(value);
    case "bytes":
      return bytes(value);
    case "/s":
      return `${rate(value)}/s`;
    case "J":
      return joules(value);
    case "$/h":
      return `${dollars(value)}/h`;
    case "$":
      return dollars(value);
    case "share":
      return percent(value);
    default:
      return unit ? `${si(value)} ${unit}` : si(value);
  }
}

function verdictText(verdict, value) {
  return `${verdict.actual_is_lower_bound ? "≥ " : ""}${inUnit(value, verdict.unit)}`;
}

section("requirements", "Requirements", (report) => {
  if (report.verdicts.length === 0) return null;
  const rows = report.verdicts.map((one) => [
    badge(verdictKind(one.status), one.status),
    sentence(one.requirement),
    maybe(one.actual, (value) => verdictText(one, value)) || "?",
    one.actual_ci ? one.actual_ci.map((end) => inUnit(end, one.unit)).join(" to ") : "",
    maybe(one.margin, (margin) => percent(margin)) || "",
    one.basis || "",
    [one.configuration, one.source].filter(Boolean).map((text) => el("div", null, sentence(text))),
  ]);
  const causes = report.verdicts
    .filter((one) => one.causes.length > 0)
    .map((one) => [
      el("h3", null, "What brought ", sentence(one.metric)),
      changesTable(`layers behind ${one.metric}`, one.causes),
    ]);
  return [
    table("requirements", ["", "requirement", ">found", "95 % interval", ">margin", "basis", "of"], rows),
    notes([...new Set(report.verdicts.flatMap((one) => one.notes))]),
    causes,
  ];
});
