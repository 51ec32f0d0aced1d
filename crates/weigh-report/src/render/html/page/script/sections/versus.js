// Two sides that were measured in turns.

const isRate = (one) => one.metric.includes("throughput") || one.metric.endsWith("/s");

/** How far the ratio is from 1, of the first's value: less time is not as many percent faster. */
function changeText(one) {
  const change = (end) => `${percent(Math.abs(end - 1))} ${end < 1 ? "less" : "more"}`;
  const what = isRate(one) ? "throughput" : "time";
  const interval = maybe(one.ci, (ends) => ` [${ends.map(change).join(", ")}]`) || "";
  return `${change(one.ratio)} ${what}${interval}`;
}

/** What tells the two sides apart: their names, or how they were run. */
function sidesOf(one) {
  const name = (model, setting) => shorten((one.a === one.b && setting) || model, 40);
  return [name(one.a, one.a_setting), name(one.b, one.b_setting)];
}

function versusAnswer(one) {
  const [a, b] = sidesOf(one);
  const fast = isRate(one) ? one.ratio : 1 / one.ratio;
  switch (one.verdict) {
    case "faster":
      return ["good", `${b} is ${significant(fast, 3)} times as fast as ${a}`];
    case "slower":
      return ["bad", `${b} is slower than ${a}: it takes ${significant(1 / fast, 3)} times as long`];
    case "same":
      return [
        "good",
        `${b} is as fast as ${a}${maybe(one.band, (band) => `, within ${percent(band)}`) || ""}`,
      ];
    default:
      return [
        "unknown",
        `cannot tell ${b} from ${a}${maybe(one.detectable, (least) => `: only a difference from ${percent(least)} on would have shown`) || ""}`,
      ];
  }
}

/** Comparisons of sides that were measured in turns. */
const versusOf = (report) =>
  report.comparisons.filter(
    (one) => isKnown(one.ratio) && (isKnown(one.pairs) || one.a_setting || one.b_setting),
  );

answer((report) => {
  const [first] = versusOf(report);
  return first ? versusAnswer(first) : null;
});

/** How far the outputs of both sides are apart. */
function outputsText({ output_difference: absolute, relative_output_difference: relative }) {
  if (!isKnown(absolute)) return "";
  if (absolute === 0) return "equal";
  const share = maybe(relative, (value) => `, ${value.toExponential(1)} of the largest`) || "";
  return `differ by ${absolute.toExponential(1)} at most${share}`;
}

const VERSUS_KINDS = { faster: "good", slower: "bad", same: "", unclear: "unknown" };

function versusElements(one) {
  const amount = (value) => maybe(value, (known) => (isRate(one) ? `${rate(known)}/s` : time(known))) || "?";
  const side = (name) => [
    [`${name}: `, named(one[name], 60)],
    maybe(one[`${name}_setting`], sentence),
    amount(one[`${name}_min`]),
    amount(one[`${name}_value`]),
  ];
  const digits = (value) => value.toFixed(4);
  const measured = [
    maybe(one.pairs, (pairs) => many(pairs, "pair")),
    maybe(one.processes, (processes) => `${many(processes, "process")} of each`),
  ];
  return [
    table(
      `${shorten(one.metric, 40)} of a and b`,
      ["", "setting", ">smallest sample", `>${shorten(one.metric, 40)}`],
      [side("a"), side("b")],
    ),
    facts([
      ["b is", one.verdict && badge(VERSUS_KINDS[one.verdict] || "", one.verdict)],
      [isRate(one) ? "b has" : "b takes", changeText(one)],
      ["b / a", [digits(one.ratio), maybe(one.ci, (ends) => ` [${ends.map(digits).join(", ")}]`)]],
      ["would have shown", maybe(one.detectable, (least) => `a difference from ${percent(least)} on`)],
      ["outputs", outputsText(one)],
      ["in turns", measured.filter(Boolean).join(", ")],
    ]),
  ];
}

section("versus", "One against the other", (report) => {
  const found = versusOf(report);
  if (found.length === 0) return null;
  return [found.map(versusElements), notes([...new Set(found.flatMap((one) => one.notes))])];
});
