// Techniques: what each would bring to this model.

const NEEDS = {
  nothing: "nothing",
  check: "a look at the outputs",
  calibration: "inputs to calibrate with",
  fine_tuning: "fine-tuning",
  retraining: "training anew",
};

/** Gains of goals other than throughput are good below 1. */
const isBetter = (one) => (one.goal === "throughput" ? one.gain > 1 : one.gain < 1);

const gainWords = (one) => maybe(one.gain, (gain) => inWords(gain, wordsFor(one.goal))) || "?";

/** Whether a gain is anything that can be told from none. */
const makesNoDifference = (one) => gainWords(one) === "the same";

/** What each technique makes of the goal's metric, as a part of what it is now. */
function gainsChart(advice) {
  const known = advice.filter((one) => isKnown(one.gain) && !one.refused);
  if (known.length < 2) return null;
  const colour = (one) => (palette) =>
    makesNoDifference(one) ? palette.series[7] : palette.series[isBetter(one) ? 2 : 1];
  const place = ratioBars(
    "gains",
    `What ${many(known.length, "technique")} make of ${known[0].goal}`,
    `${known[0].goal} after / before`,
    known.map((one) => ({
      name: one.technique,
      ratio: one.gain,
      text: gainWords(one),
      colour: colour(one),
      lines: [
        [one.goal, gainWords(one)],
        ["after / before", significant(one.gain, 3)],
        ["rests on", one.basis],
        ["expected was", maybe(one.predicted_gain, (gain) => inWords(gain, wordsFor(one.goal)))],
        ["asks for", NEEDS[one.needs] || one.needs],
      ],
    })),
  );
  return figure("What each technique makes of it", place, "Green ones help, orange ones do not.");
}

/** The best technique, and the best of those that need no training. */
answer(({ advice }) => {
  if (advice.length === 0) return null;
  const helpful = advice
    .filter((one) => isKnown(one.gain) && !one.refused && isBetter(one) && !makesNoDifference(one))
    .sort((a, b) => (a.goal === "throughput" ? b.gain - a.gain : a.gain - b.gain));
  const [best] = helpful;
  if (!best) return ["unknown", `nothing that was tried helps ${advice[0].goal}`];
  const easy = helpful.find((one) => !["fine_tuning", "retraining"].includes(one.needs));
  const basis = (one) => (one.basis === "rule" ? "by a rule of thumb" : one.basis);
  const told = (one) =>
    `${one.technique} (${gainWords(one)}, ${basis(one)}; asks for ${NEEDS[one.needs] || one.needs})`;
  const rest = easy && easy !== best ? `; without training: ${told(easy)}` : "";
  return ["good", `best for ${best.goal}: ${told(best)}${rest}`];
});

section("advice", "What to change", (report) => {
  if (report.advice.length === 0) return null;
  const change = (one, key, show) => {
    const [before, after] = [number(one.before[key]), number(one.after[key])];
    if (before === null || after === null) return "";
    return before === after ? "the same" : [show(before), el("br"), `→ ${show(after)}`];
  };
  const rows = report.advice.map((one) => [
    [
      sentence(one.technique),
      el("div", { class: "note" }, sentence(one.about)),
      one.command && el("div", null, el("code", null, shorten(one.command, 200))),
    ],
    one.refused ? badge("bad", "cannot be done") : one.goal,
    gainWords(one),
    one.basis,
    change(one, "latency_ms", time),
    change(one, "device_bytes", bytes),
    change(one, "macs", si),
    change(one, "bytes", bytes),
    NEEDS[one.needs] || one.needs,
    notes(one.notes.slice(0, 4)),
  ]);
  return [
    gainsChart(report.advice),
    table(
      "advice",
      [
        "technique",
        "goal",
        ">change",
        "basis",
        ">latency",
        ">memory needed",
        ">MACs",
        ">file size",
        "asks for",
        "remarks",
      ],
      rows,
    ),
  ];
});
