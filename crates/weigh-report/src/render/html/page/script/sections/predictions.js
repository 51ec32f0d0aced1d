// What is expected on this machine and others, each with what it rests on.

const BASES = { calibrated: "calibrated on this machine", device_class: "by rule for its class of devices" };

function expectedChart(predictions) {
  const shown = predictions.filter((one) => isKnown(one.predicted_ms));
  if (shown.length < 2) return null;
  const names = shown.map((one) =>
    shorten(
      `${one.title || one.device}, ${one.dtype}${isKnown(one.batch) ? `, batch ${one.batch}` : ""}`,
      46,
    ),
  );
  const place = chart(
    "predictions",
    `Expected times of ${many(shown.length, "prediction")} with their intervals`,
    (palette) => ({
      grid: room(4, 24),
      xAxis: axis(palette, "ms", { type: "log", axisLabel: { formatter: (value) => significant(value, 2) } }),
      yAxis: axis(palette, "", {
        type: "category",
        data: names,
        inverse: true,
        splitLine: { show: false },
        axisTick: { show: false },
        // Over the marks, so that names have the whole width.
        axisLabel: {
          inside: true,
          interval: 0,
          margin: 4,
          align: "left",
          verticalAlign: "bottom",
          padding: [0, 0, 9, 0],
          textBorderColor: palette.panel,
          textBorderWidth: 3,
        },
      }),
      tooltip: {
        ...tooltipLooks(palette),
        formatter: ({ dataIndex }) => predictionTip(shown[dataIndex], names[dataIndex]),
      },
      series: [
        {
          type: "custom",
          silent: true,
          z: 1,
          encode: { x: [1, 2], y: 0 },
          data: shown.map((one, at) => [
            at,
            ...(one.predicted_ci_ms || [one.predicted_ms, one.predicted_ms]),
          ]),
          renderItem: (params, api) => {
            const [x1, y] = api.coord([api.value(1), api.value(0)]);
            const [x2] = api.coord([api.value(2), api.value(0)]);
            const line = (from, y1, to, y2) => ({
              type: "line",
              shape: { x1: from, y1, x2: to, y2 },
              style: { stroke: palette.series[0], lineWidth: 2 },
            });
            return {
              type: "group",
              children: [line(x1, y, x2, y), line(x1, y - 5, x1, y + 5), line(x2, y - 5, x2, y + 5)],
            };
          },
        },
        {
          type: "scatter",
          symbolSize: 12,
          data: shown.map((one, at) => [one.predicted_ms, at]),
          itemStyle: { color: palette.series[0] },
        },
        {
          type: "scatter",
          symbol: "rect",
          symbolSize: [3, 16],
          data: shown.map((one, at) => [one.theoretical_ms, at]),
          itemStyle: { color: palette.series[2] },
        },
      ],
    }),
    { height: 60 + 46 * shown.length },
  );
  return figure(
    "Expected times",
    place,
    "Dots are expected times with their intervals; green strokes FLOPs / FLOPS, a bound.",
  );
}

function predictionTip(one, name) {
  return tip(name, [
    ["expected", `${time(one.predicted_ms)} ${timeInterval(one.predicted_ms, one.predicted_ci_ms)}`],
    ["theoretical", maybe(one.theoretical_ms, time)],
    ["roofline", maybe(one.roofline_ms, time)],
    ["bound by", one.bound],
    ["rests on", BASES[one.basis]],
  ]);
}

/** A device, and the batch where predictions have one. */
const placeOf = (one) => `${one.title || one.device}${isKnown(one.batch) ? `, batch ${one.batch}` : ""}`;

function fitsBadge(one) {
  if (!isKnown(one.fits)) return "?";
  return badge(one.fits ? "good" : "bad", one.fits ? "fits" : "does not fit");
}

/** What each element type needs on each device, and whether it fits. */
function fitTable(predictions) {
  // The type that was computed in does not matter here.
  const places = new Map(predictions.map((one) => [placeOf(one), one]));
  const fitted = [...places.values()].filter((one) => one.fit && one.fit.needs.length > 0);
  if (fitted.length === 0) return null;
  const types = [...new Set(fitted.flatMap((one) => one.fit.needs.map((need) => need.dtype)))];
  const size = (value) => maybe(value, bytes) || "?";
  const cell = (need) => {
    if (!need) return "";
    const { weight_bytes: weights, activation_bytes: activations, margin_bytes: margin } = need;
    return [
      `${size(weights)} + ${size(activations)}`,
      el(
        "div",
        null,
        fitsBadge(need),
        " ",
        margin < 0 ? `lacks ${bytes(-margin)}` : maybe(margin, (rest) => `${bytes(rest)} to spare`),
      ),
    ];
  };
  const room = ({ usable_bytes: usable, flash_bytes: flash, ram_bytes: ram }) =>
    [
      maybe(usable, bytes),
      maybe(flash, (value) => `flash ${bytes(value)}`),
      maybe(ram, (value) => `RAM ${bytes(value)}`),
    ].filter(Boolean);
  const remedies = fitted.flatMap((one) =>
    one.fit.remedies.map(
      (remedy) =>
        `${placeOf(one)}: ${remedy.change}: ${size(remedy.needed_bytes)}${remedy.fits ? ", fits" : ""}`,
    ),
  );
  return [
    el("h3", null, "Memory"),
    el("p", { class: "note" }, "What each element type needs: weights + activations with workspace."),
    table(
      "memory of each device",
      ["device", ">usable", ...types.map((type) => `>${type}`)],
      fitted.map((one) => [
        sentence(placeOf(one)),
        room(one.fit).join(", ") || "?",
        ...types.map((type) => cell(one.fit.needs.find((need) => need.dtype === type))),
      ]),
    ),
    notes(remedies),
  ];
}

section("predictions", "Predictions", (report) => {
  if (report.predictions.length === 0) return null;
  const bases = [...new Set(report.predictions.map((one) => BASES[one.basis]))];
  const rows = report.predictions.map((one) => [
    sentence(one.title || one.device),
    one.dtype,
    isKnown(one.batch) ? String(one.batch) : "",
    maybe(one.theoretical_ms, time) || "?",
    maybe(one.predicted_ms, time) || "?",
    timeInterval(one.predicted_ms ?? 0, one.predicted_ci_ms),
    maybe(one.throughput_per_second, (value) => `${rate(value)}/s`) || "",
    one.bound || "",
    fitsBadge(one),
    maybe(one.energy_mj, (value) => joules(value / 1e3)) || "",
    (bases.length > 1 && BASES[one.basis]) || "",
  ]);
  return [
    expectedChart(report.predictions),
    table(
      "predictions",
      [
        "device",
        "type",
        ">batch",
        ">theoretical",
        ">expected",
        "interval",
        ">throughput",
        "bound by",
        "memory",
        ">energy each",
        "rests on",
      ],
      rows,
    ),
    bases.length === 1 && bases[0] && el("p", { class: "note" }, `Each expected time: ${bases[0]}.`),
    fitTable(report.predictions),
    notes([...new Set(report.predictions.flatMap((one) => one.notes))]),
  ];
});
