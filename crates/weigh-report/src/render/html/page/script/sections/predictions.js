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
      grid: room(12, 24),
      xAxis: axis(palette, "ms", { type: "log", axisLabel: { formatter: (value) => significant(value, 2) } }),
      yAxis: axis(palette, "", { type: "category", data: names, inverse: true, splitLine: { show: false } }),
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
            return {
              type: "line",
              shape: { x1, y1: y, x2, y2: y },
              style: { stroke: palette.series[0], lineWidth: 3, opacity: 0.5 },
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
    { height: 70 + 38 * shown.length },
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

section("predictions", "Predictions", (report) => {
  if (report.predictions.length === 0) return null;
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
    BASES[one.basis] || "",
  ]);
  const fit = report.predictions
    .filter((one) => one.fit && one.fit.needs.length > 0)
    .map((one) => [
      el("h3", null, "Memory of ", sentence(placeOf(one))),
      table(
        `memory of ${shorten(placeOf(one), 60)}`,
        ["type", ">weights", ">activations and workspace", ">to spare", ""],
        one.fit.needs.map((need) => [
          need.dtype,
          maybe(need.weight_bytes, bytes) || "?",
          maybe(need.activation_bytes, bytes) || "?",
          maybe(need.margin_bytes, bytes) || "?",
          isKnown(need.fits) ? badge(need.fits ? "good" : "bad", need.fits ? "fits" : "does not fit") : "?",
        ]),
      ),
      one.fit.remedies.length > 0 &&
        notes(
          one.fit.remedies.map(
            (remedy) =>
              `${remedy.change}: ${maybe(remedy.needed_bytes, bytes) || "?"}${remedy.fits ? ", fits" : ""}`,
          ),
        ),
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
    fit,
    notes([...new Set(report.predictions.flatMap((one) => one.notes))]),
  ];
});
