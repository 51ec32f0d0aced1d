// Models beside each other: what each costs, against what it is fast at, and relative to the first.

const least = (report, part) => Boolean(report.totals && !report.totals.complete[part]);

/** Latency of a report: measured, else expected, and which of both. */
function latencyFigure(report) {
  const run = mainRun(report);
  if (run) return { value: latencyOf(run).p50_ms, interval: latencyOf(run).p50_ci_ms, basis: "measured" };
  const expected = report.predictions.find((one) => isKnown(one.predicted_ms));
  if (expected)
    return {
      value: expected.predicted_ms,
      interval: expected.predicted_ci_ms,
      basis: `expected on ${expected.title || expected.device}`,
    };
  const compared = report.comparisons.find((one) => one.metric.startsWith("latency") && isKnown(one.b_value));
  return compared ? { value: compared.b_value, interval: compared.b_ci, basis: compared.basis || "" } : null;
}

function throughputOf(report) {
  const run = mainRun(report);
  if (run) return run.throughput && run.throughput.per_second;
  const expected = report.predictions.find((one) => isKnown(one.throughput_per_second));
  return expected ? expected.throughput_per_second : null;
}

/** What models are compared by: a name, the figure, how it is written, and which totals it misses where they are not whole. */
const METRICS = [
  {
    key: "macs",
    name: "MACs",
    of: (report) => number((report.totals || {}).macs),
    show: si,
    part: "compute",
  },
  {
    key: "flops",
    name: "FLOPs",
    of: (report) => number((report.totals || {}).flops),
    show: si,
    part: "compute",
  },
  {
    key: "parameters",
    name: "parameters",
    of: (report) => number((report.totals || {}).parameters),
    show: si,
  },
  {
    key: "size",
    name: "model size",
    of: (report) => number(((report.totals || {}).model_size || {}).stored_bytes),
    show: bytes,
  },
  {
    key: "moved",
    name: "bytes moved",
    of: (report) => number((report.totals || {}).bytes_moved),
    show: bytes,
    part: "memory",
  },
  {
    key: "peak",
    name: "activations, peak",
    of: (report) => number((((report.totals || {}).activations || {}).peak || {}).bytes),
    show: bytes,
    part: "memory",
  },
  {
    key: "needs",
    name: "needs",
    of: (report) => number((report.totals || {}).device_bytes),
    show: bytes,
    part: "workspace",
  },
  {
    key: "latency",
    name: "latency",
    of: (report) => (latencyFigure(report) || {}).value ?? null,
    show: time,
  },
  {
    key: "throughput",
    name: "throughput",
    of: throughputOf,
    show: (value) => `${rate(value)}/s`,
    more: true,
  },
];

const metricText = (metric, report) =>
  maybe(
    metric.of(report),
    (value) => `${metric.part && least(report, metric.part) ? "≥ " : ""}${metric.show(value)}`,
  ) || "?";

function bubbleChart(reports, metrics, state) {
  const known = reports.filter((report) => [state.x, state.y].every((metric) => metric.of(report) > 0));
  const size = METRICS[2];
  const most = Math.max(...known.map((report) => size.of(report) || 0), 1);
  const names = known.map(
    (report) => `${modelName(report)}: ${metricText(state.x, report)}, ${metricText(state.y, report)}`,
  );
  return chart(
    "comparison",
    `${state.y.name} against ${state.x.name}. ${names.join("; ")}`,
    (palette) => ({
      grid: room(24, 40),
      xAxis: axis(palette, state.x.name, {
        type: "log",
        ...around(known.map(state.x.of), state.x.show === bytes),
        axisLabel: {
          showMinLabel: false,
          showMaxLabel: false,
          formatter: (value) => state.x.show(Number(significant(value, 3))),
        },
      }),
      yAxis: axis(palette, state.y.name, {
        type: "log",
        ...around(known.map(state.y.of), state.y.show === bytes),
        axisLabel: {
          showMinLabel: false,
          showMaxLabel: false,
          formatter: (value) => state.y.show(Number(significant(value, 3))),
        },
      }),
      tooltip: {
        ...tooltipLooks(palette),
        formatter: ({ data }) =>
          data && data.report
            ? tip(modelName(data.report), [
                ...metrics.map((metric) => [metric.name, metricText(metric, data.report)]),
                ["latency is", (latencyFigure(data.report) || {}).basis],
              ])
            : "",
      },
      series: known.map((report, at) => ({
        name: modelName(report),
        type: "scatter",
        data: [{ value: [state.x.of(report), state.y.of(report)], report }],
        symbolSize: 14 + 50 * Math.sqrt((size.of(report) || 0) / most),
        itemStyle: {
          color: palette.series[at % 8],
          opacity: report.dominated_by ? 0.45 : 0.75,
          borderColor: palette.ink,
          borderWidth: report.dominated_by ? 0 : 1,
        },
        label: { show: true, position: "top", color: palette.ink, formatter: shorten(modelName(report), 26) },
        labelLayout: { moveOverlap: "shiftY", hideOverlap: true },
      })),
    }),
    { height: 380 },
  );
}

function relativeChart(reports, state) {
  const base = state.relative.of(reports[0]);
  const rows = reports.map((report) => ({
    report,
    ratio: isKnown(state.relative.of(report)) && base > 0 ? state.relative.of(report) / base : null,
  }));
  return chart(
    "relative",
    `${state.relative.name} relative to ${modelName(reports[0])}: ${rows.map(({ report, ratio }) => `${modelName(report)} ${ratio === null ? "?" : ratio.toFixed(2)}`).join(", ")}`,
    (palette) => ({
      grid: room(12, 60),
      xAxis: axis(palette, `relative to ${shorten(modelName(reports[0]), 30)}`, { min: 0 }),
      yAxis: axis(palette, "", {
        type: "category",
        inverse: true,
        data: rows.map(({ report }) => shorten(modelName(report), 28)),
        splitLine: { show: false },
      }),
      tooltip: {
        ...tooltipLooks(palette),
        formatter: ({ dataIndex }) =>
          tip(modelName(rows[dataIndex].report), [
            [state.relative.name, metricText(state.relative, rows[dataIndex].report)],
            ["relative", rows[dataIndex].ratio === null ? "?" : rows[dataIndex].ratio.toFixed(2)],
          ]),
      },
      series: [
        {
          type: "bar",
          barMaxWidth: 26,
          data: rows.map(({ ratio }, at) => ({ value: ratio, itemStyle: { color: palette.series[at % 8] } })),
          label: {
            show: true,
            position: "right",
            color: palette.ink,
            formatter: ({ dataIndex }) =>
              rows[dataIndex].ratio === null ? "?" : `${rows[dataIndex].ratio.toFixed(2)}×`,
          },
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
    { height: 60 + 44 * rows.length },
  );
}

section(
  "comparison",
  "Comparison",
  (reports) => {
    if (reports.length < 2) return null;
    const metrics = METRICS.filter(
      (metric) => reports.filter((report) => isKnown(metric.of(report))).length > 1,
    );
    if (metrics.length < 2) return null;
    const find = (key) => metrics.find((metric) => metric.key === key);
    const state = {
      x: find("macs") || metrics[0],
      y: find("latency") || find("peak") || metrics[1],
      relative: find("latency") || find("macs") || metrics[0],
    };
    const heading = el("figcaption");
    const bubbles = el("div");
    const bars = el("div");
    const draw = () => {
      heading.textContent = `${state.y.name} against ${state.x.name}`;
      bubbles.replaceChildren(bubbleChart(reports, metrics, state));
      bars.replaceChildren(relativeChart(reports, state));
      redraw("comparison");
      redraw("relative");
    };
    draw();
    const options = metrics.map((metric) => [metric.key, metric.name]);
    const pick = (label, key) =>
      choice(label, options, state[key].key, (chosen) => {
        state[key] = find(chosen);
        draw();
      });
    const dominated = reports.some((report) => report.dominated_by);
    const rows = reports.map((report) => {
      const latency = latencyFigure(report);
      return [
        named(modelName(report), 40),
        ...metrics.map((metric) => [
          metricText(metric, report),
          metric.key === "latency" &&
            latency &&
            el("div", { class: "note" }, timeInterval(latency.value, latency.interval), ` ${latency.basis}`),
          el(
            "div",
            { class: "note" },
            metric.of(reports[0]) > 0 && isKnown(metric.of(report))
              ? `${(metric.of(report) / metric.of(reports[0])).toFixed(2)}×`
              : "",
          ),
        ]),
        dominated &&
          (report.dominated_by
            ? ["dominated by ", named(report.dominated_by, 30)]
            : badge("good", "on the front")),
      ].filter((cell) => cell !== false);
    });
    return [
      el(
        "div",
        { class: "pair" },
        el(
          "div",
          null,
          el("div", { class: "controls" }, pick("Across", "x"), pick("Up", "y")),
          el(
            "figure",
            null,
            heading,
            bubbles,
            el("p", { class: "note" }, "The area is the number of parameters."),
          ),
        ),
        el(
          "div",
          null,
          el("div", { class: "controls" }, pick("Metric", "relative")),
          figure("Relative", bars),
        ),
      ),
      table(
        "models",
        ["model", ...metrics.map((metric) => `>${metric.name}`), ...(dominated ? ["Pareto"] : [])],
        rows,
      ),
    ];
  },
  { whole: true },
);
