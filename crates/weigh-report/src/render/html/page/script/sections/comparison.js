// Models beside each other: what each costs, against what it is fast at, and relative to the first.

const least = (report, part) => Boolean(report.totals && !report.totals.complete[part]);

/** Latency of a report: measured, else expected, and which of both. */
function latencyFigure(report) {
  const run = mainRun(report);
  if (run) {
    const { p50_ms: value, p50_ci_ms: interval } = latencyOf(run);
    return { value, interval, basis: "measured", batch: run.batch };
  }
  const expected = report.predictions.find((one) => isKnown(one.predicted_ms));
  if (expected)
    return {
      value: expected.predicted_ms,
      interval: expected.predicted_ci_ms,
      basis: `expected on ${shorten(expected.title || expected.device, 40)}`,
      batch: expected.batch,
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

/**
 * What models are compared by: a name, the figure, how it is written, which totals it misses where they are not whole, and
 * whether it decides who is dominated.
 */
const METRICS = [
  {
    key: "latency",
    name: "latency",
    of: (report) => (latencyFigure(report) || {}).value ?? null,
    show: time,
    decides: true,
  },
  {
    key: "throughput",
    name: "throughput",
    of: throughputOf,
    show: (value) => `${rate(value)}/s`,
    more: true,
    decides: true,
  },
  {
    key: "macs",
    name: "MACs",
    of: (report) => number((report.totals || {}).macs),
    show: si,
    part: "compute",
    decides: true,
  },
  {
    key: "flops",
    name: "FLOPs",
    of: (report) => number((report.totals || {}).flops),
    show: si,
    part: "compute",
    decides: true,
  },
  {
    key: "parameters",
    name: "parameters",
    of: (report) => number((report.totals || {}).parameters),
    show: si,
    decides: true,
  },
  {
    key: "size",
    name: "model size",
    of: (report) => number(((report.totals || {}).model_size || {}).stored_bytes),
    show: bytes,
    decides: true,
  },
  {
    key: "peak",
    name: "peak activations",
    of: (report) => number((((report.totals || {}).activations || {}).peak || {}).bytes),
    show: bytes,
    part: "memory",
    decides: true,
  },
  {
    key: "needs",
    name: "needs",
    of: (report) => number((report.totals || {}).device_bytes),
    show: bytes,
    part: "workspace",
  },
  {
    key: "moved",
    name: "bytes moved",
    of: (report) => number((report.totals || {}).bytes_moved),
    show: bytes,
    part: "memory",
  },
];

const metricText = (metric, report) =>
  maybe(
    metric.of(report),
    (value) => `${metric.part && least(report, metric.part) ? "≥ " : ""}${metric.show(value)}`,
  ) || "?";

/** How wide the largest bubble is, and the smallest that can still be seen. */
const BUBBLES = [64, 6];

/** How a report compares with the first in a metric, where that was worked out. */
const comparedWith = (first, report, metric) =>
  report.comparisons.find(
    (one) => one.metric === metric.key && one.a === modelName(first) && isKnown(one.ratio),
  );

/**
 * A metric of a report over that of the first. Nothing has a ratio to a lower bound, a time none to one of another origin
 * or batch.
 */
function ratioTo(first, report, metric) {
  const [base, value] = [metric.of(first), metric.of(report)];
  const [a, b] = [first, report].map((one) => latencyFigure(one) || {});
  const isTime = ["latency", "throughput"].includes(metric.key);
  const isOther = (isTime && a.basis !== b.basis) || (metric.key === "latency" && a.batch !== b.batch);
  const isLeast = metric.part && [first, report].some((one) => least(one, metric.part));
  return base > 0 && isKnown(value) && !isOther && !isLeast ? value / base : null;
}

function bubbleAxis(palette, metric, known) {
  const isBinary = metric.show === bytes;
  const limits = around(known.map(metric.of), isBinary);
  const customValues = roundSteps(limits, isBinary);
  return axis(palette, `${metric.name} (log scale)`, {
    type: "log",
    ...limits,
    axisTick: { customValues },
    axisLabel: { customValues, formatter: (value) => metric.show(Number(significant(value, 3))) },
  });
}

function bubbleChart(reports, metrics, state) {
  const known = reports.filter((report) => [state.x, state.y].every((metric) => metric.of(report) > 0));
  const size = METRICS.find((metric) => metric.key === "parameters");
  const most = Math.max(...known.map((report) => size.of(report) || 0), 1);
  const [largest, smallest] = BUBBLES;
  const names = known.map(
    (report) => `${modelName(report)}: ${metricText(state.x, report)}, ${metricText(state.y, report)}`,
  );
  return chart(
    "comparison",
    `${state.y.name} against ${state.x.name}. ${names.join("; ")}`,
    (palette) => ({
      grid: room(24, 40),
      xAxis: bubbleAxis(palette, state.x, known),
      yAxis: { ...bubbleAxis(palette, state.y, known), nameGap: 56 },
      tooltip: {
        ...tooltipLooks(palette),
        formatter: ({ data }) =>
          data && data.report
            ? tip(modelName(data.report), [
                ...metrics.map((metric) => [metric.name, metricText(metric, data.report)]),
                ["latency is", (latencyFigure(data.report) || {}).basis],
                ["dominated by", data.report.dominated_by],
              ])
            : "",
      },
      series: known.map((report, at) => ({
        name: modelName(report),
        type: "scatter",
        symbol: isKnown(size.of(report)) ? "circle" : "diamond",
        data: [{ value: [state.x.of(report), state.y.of(report)], report }],
        symbolSize: Math.max(smallest, largest * Math.sqrt((size.of(report) || 0) / most)),
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

function bubbleWords(reports) {
  const isUnknown = reports.some((report) => number((report.totals || {}).parameters) === null);
  return [
    `The area of a bubble is the number of parameters (at least ${BUBBLES[1]} pixels across)`,
    isUnknown ? "; a diamond where that is not known" : "",
    reports.some((report) => report.dominated_by) ? "; faded models are dominated by another" : "",
    ".",
  ].join("");
}

function relativeChart(reports, state) {
  const [first] = reports;
  const metric = state.relative;
  const bars = reports.map((report, at) => {
    const ratio = ratioTo(first, report, metric);
    const text =
      report === first ? "the first" : maybe(ratio, (value) => inWords(value, wordsFor(metric.key)));
    return {
      name: modelName(report),
      ratio,
      text: text || "?",
      colour: (palette) => palette.series[at % 8],
      lines: [
        [metric.name, metricText(metric, report)],
        ["relative", text || "?"],
        ["ratio", maybe(ratio, (value) => significant(value, 3))],
        ["its interval", ratioInterval(comparedWith(first, report, metric))],
      ],
    };
  });
  return ratioBars(
    "relative",
    `${metric.name} relative to ${modelName(first)}: ${bars.map(({ name, text }) => `${name} ${text}`).join(", ")}`,
    `${metric.name} / that of ${shorten(modelName(first), 30)}`,
    bars,
  );
}

/** The interval of a ratio: `[0.0999, 0.710]`. */
const ratioInterval = (one) =>
  one && one.ci
    ? isTooWide(one.ci)
      ? TOO_WIDE
      : `[${one.ci.map((end) => significant(end, 3)).join(", ")}]`
    : "";

/** In what a model that dominates another is better: of times, where their intervals lie apart. */
function betterIn(by, report, metrics) {
  const intervalOf = (one, metric) =>
    (one.comparisons.find((compared) => compared.metric === metric.key) || {}).b_ci;
  const wins = (metric) => {
    const [a, b] = [metric.of(by), metric.of(report)];
    const [ofA, ofB] = [intervalOf(by, metric), intervalOf(report, metric)];
    const areApart = !ofA || !ofB || !overlap(ofA, ofB);
    return isKnown(a) && isKnown(b) && areApart && (metric.more ? a > b : a < b);
  };
  return metrics.filter((metric) => metric.decides && wins(metric)).map((metric) => metric.name);
}

function paretoCell(report, reports, metrics) {
  if (!report.dominated_by) return badge("good", "on the front");
  const by = reports.find((one) => modelName(one) === report.dominated_by);
  const better = by ? betterIn(by, report, metrics) : [];
  return [
    "dominated by ",
    named(report.dominated_by, 30),
    better.length > 0 && el("div", { class: "note" }, `better in ${better.join(", ")}`),
  ];
}

function comparisonTable(reports, metrics) {
  const [first] = reports;
  const isDominated = reports.some((report) => report.dominated_by);
  const latencies = reports.map(latencyFigure).filter(Boolean);
  const bases = new Set(latencies.map((latency) => latency.basis));
  const cell = (metric, report) => {
    const latency = metric.key === "latency" && latencyFigure(report);
    const interval = ratioInterval(comparedWith(first, report, metric));
    const ratio = report === first ? null : ratioTo(first, report, metric);
    return [
      metricText(metric, report),
      [
        latency && timeInterval(latency.value, latency.interval),
        latency && bases.size > 1 && latency.basis,
        maybe(ratio, (value) => inWords(value, wordsFor(metric.key))),
        ratio !== null && interval && `ratio in ${interval}`,
      ]
        .filter(Boolean)
        .map((text) => el("div", { class: "note" }, text)),
    ];
  };
  const decisive = metrics.filter((metric) => metric.decides).map((metric) => metric.name);
  return [
    table(
      "models",
      ["model", ...(isDominated ? ["Pareto"] : []), ...metrics.map((metric) => `>${metric.name}`)],
      reports.map((report) => [
        named(modelName(report), 40),
        ...(isDominated ? [paretoCell(report, reports, metrics)] : []),
        ...metrics.map((metric) => cell(metric, report)),
      ]),
    ),
    notes(
      [
        `The lines beneath figures are relative to ${shorten(modelName(first), 40)}${reports.some((report) => comparedWith(first, report, { key: "latency" })) ? "; those of times have the interval of the ratio" : ""}.`,
        bases.size === 1 && [...bases][0] && `Latencies are ${[...bases][0]}.`,
        isDominated &&
          `Dominated: another model is at least as good in ${decisive.join(", ")}, and better in one of them; times count as better only where their intervals lie apart. How accurate the models are is not known: a dominated one may well be the better one.`,
      ].filter(Boolean),
    ),
  ];
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
    return [
      el(
        "div",
        { class: "pair" },
        el(
          "div",
          null,
          el("div", { class: "controls" }, pick("Across", "x"), pick("Up", "y")),
          el("figure", null, heading, bubbles, el("p", { class: "note" }, bubbleWords(reports))),
        ),
        el(
          "div",
          null,
          el("div", { class: "controls" }, pick("Metric", "relative")),
          figure("Relative to the first", bars),
        ),
      ),
      comparisonTable(reports, metrics),
    ];
  },
  { whole: true },
);
