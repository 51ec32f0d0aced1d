// Techniques: what each would bring to this model.

const NEEDS = {
  nothing: "nothing",
  check: "a look at the outputs",
  calibration: "inputs to calibrate with",
  fine_tuning: "fine-tuning",
  retraining: "training anew",
};

/** What each technique makes of the goal's metric, as a part of what it is now. */
function gainsChart(advice) {
  const known = advice.filter((one) => isKnown(one.gain) && !one.refused);
  if (known.length < 2) return null;
  const names = known.map((one) => shorten(one.technique, 44));
  const place = chart(
    "gains",
    `What ${many(known.length, "technique")} make of ${known[0].goal}`,
    (palette) => ({
      grid: room(8, 60),
      xAxis: axis(palette, `${known[0].goal} after / before`, { min: 0 }),
      yAxis: axis(palette, "", { type: "category", inverse: true, data: names, splitLine: { show: false } }),
      tooltip: {
        ...tooltipLooks(palette),
        formatter: ({ dataIndex }) =>
          tip(known[dataIndex].technique, [
            ["gain", `× ${significant(known[dataIndex].gain, 3)}`],
            ["rests on", known[dataIndex].basis],
            ["expected", maybe(known[dataIndex].predicted_gain, (gain) => `× ${significant(gain, 3)}`)],
          ]),
      },
      series: [
        {
          type: "bar",
          barMaxWidth: 20,
          label: {
            show: true,
            position: "right",
            color: palette.ink,
            formatter: ({ value }) => `× ${significant(value, 3)}`,
          },
          data: known.map((one) => ({
            value: one.gain,
            itemStyle: {
              color: (one.goal === "throughput" ? one.gain > 1 : one.gain < 1)
                ? palette.series[2]
                : palette.series[1],
            },
          })),
          markLine: {
            silent: true,
            symbol: "none",
            label: { show: false },
            lineStyle: { color: palette.dim, type: "dashed" },
            data: [{ xAxis: 1 }],
          },
        },
      ],
    }),
    { height: 60 + 26 * known.length },
  );
  return figure("What each technique makes of it", place);
}

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
    maybe(one.gain, (gain) => `× ${significant(gain, 3)}`) || "?",
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
        ">gain",
        "basis",
        ">latency",
        ">memory needed",
        ">MACs",
        ">size",
        "asks for",
        "remarks",
      ],
      rows,
    ),
  ];
});
