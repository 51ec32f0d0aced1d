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

function verdictInterval(verdict, ends) {
  return isTooWide(ends) ? TOO_WIDE : ends.map((end) => inUnit(end, verdict.unit)).join(" to ");
}

/** How far what was found is from the limit, as the command prints it: `5.7 %`, `46.8 times over`. */
function marginText(margin) {
  return margin <= -9 ? `${rate(1 - margin)} times over` : percent(margin);
}

/** Costs that layers share in, with what a model has of each in all. */
const COSTS = [
  ["macs", "MACs", si, (totals) => totals.macs],
  ["parameters", "parameters", si, (totals) => totals.parameters],
  ["bytes_moved", "bytes moved", bytes, (totals) => totals.bytes_moved],
  ["peak_bytes", "alive at once", bytes, (totals) => ((totals.activations || {}).peak || {}).bytes],
];

/** The layers behind a missed requirement, by what they have of it, or by what they grew since the baseline. */
function causesTable(report, verdict) {
  const { causes } = verdict;
  const cost = COSTS.find(([key]) => causes.some((cause) => number(cause.after[key]) !== null));
  if (!cost) return null;
  const [key, name, show, whole] = cost;
  const total = number(whole(report.totals || {}));
  const weight = (cause) => number(cause.changes[key]) ?? number(cause.after[key]) ?? 0;
  const amount = (costs) => maybe(number(costs[key]), show) || "";
  const share = (value) => (total > 0 ? percent(value / total) : "");
  return table(
    `layers behind ${shorten(verdict.metric, 60)}`,
    ["layer", "operator", ">before", `>${name}`, ">growth", ">share of all", ""],
    [...causes]
      .sort((a, b) => weight(b) - weight(a))
      .map((cause) => [
        named(cause.b || cause.a || "?", 50),
        shorten(cause.op, 40),
        amount(cause.before),
        amount(cause.after),
        maybe(number(cause.changes[key]), (value) => `+${show(value)}`) || "",
        maybe(number(cause.after[key]), share) || "",
        sentence(cause.what.join("; ")),
      ]),
  );
}

answer((report) => {
  const { verdicts } = report;
  // A plan's requirements are those that its choice was made by.
  if (verdicts.length === 0 || report.plan) return null;
  const having = (status) => verdicts.filter((one) => one.status === status).length;
  const [met, missed, unknown] = ["met", "missed", "unknown"].map(having);
  const all = many(verdicts.length, "requirement");
  if (missed > 0) return ["bad", `${missed} of ${all} missed${unknown > 0 ? `, ${unknown} unknown` : ""}`];
  if (unknown > 0) return ["unknown", `${unknown} of ${all} unknown${met > 0 ? ", the others met" : ""}`];
  return ["good", verdicts.length === 1 ? "the requirement is met" : `all ${all} met`];
});

section("requirements", "Requirements", (report) => {
  if (report.verdicts.length === 0) return null;
  const rows = report.verdicts.map((one) => [
    badge(verdictKind(one.status), one.status),
    sentence(one.requirement),
    maybe(one.actual, (value) => verdictText(one, value)) || "?",
    maybe(one.actual_ci, (ends) => verdictInterval(one, ends)) || "",
    maybe(one.margin, marginText) || "",
    one.basis || "",
    [one.configuration, one.source].filter(Boolean).map((text) => el("div", null, sentence(text))),
  ]);
  const causes = report.verdicts
    .filter((one) => one.causes.length > 0)
    .map((one) => [el("h3", null, "What brought ", named(one.metric, 60)), causesTable(report, one)]);
  return [
    table("requirements", ["", "requirement", ">found", "95 % interval", ">margin", "basis", "of"], rows),
    notes([...new Set(report.verdicts.flatMap((one) => one.notes))]),
    causes,
  ];
});
