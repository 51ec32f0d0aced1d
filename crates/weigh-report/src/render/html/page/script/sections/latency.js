// Latency: percentiles with their intervals, how single times are spread and drift, and the stages.

const PERCENTILES = [
  ["p50", "p50_ms", "p50_ci_ms"],
  ["p90", "p90_ms", "p90_ci_ms"],
  ["p95", "p95_ms", "p95_ci_ms"],
  ["p99", "p99_ms", "p99_ci_ms"],
  ["p99.9", "p999_ms", "p999_ci_ms"],
];
const STAGES = [
  ["data loading", "load"],
  ["preprocessing", "preprocess"],
  ["inference", "inference"],
  ["postprocessing", "postprocess"],
];

/** Equal bins over the times; the longest hundredth beyond four times the usual spread is one bin of its own. */
function histogram(times) {
  const inOrder = [...times].sort((a, b) => a - b);
  const at = (share) => inOrder[Math.min(inOrder.length - 1, Math.floor(share * inOrder.length))];
  const low = inOrder[0];
  const most = inOrder[inOrder.length - 1];
  const spread = at(0.75) - at(0.25);
  const high = Math.min(most, Math.max(at(0.99), at(0.75) + 4 * spread));
  const bins = Math.max(5, Math.min(60, Math.ceil(Math.sqrt(times.length) * 1.5)));
  const width = (high - low) / bins || Math.max(low, 1e-6) * 0.01;
  const counts = new Array(bins).fill(0);
  let beyond = 0;
  for (const one of times) {
    if (one > high) beyond += 1;
    else counts[Math.min(bins - 1, Math.floor((one - low) / width))] += 1;
  }
  return { low, high, width, counts, beyond, most };
}

/** Fewer times than these have no shape: each is a dot. */
const LEAST_FOR_BINS = 20;

/** The percentiles as lines and their intervals as bands, as far as they lie on the axis, which ends there. */
function percentileMarks(palette, stage, size, end) {
  const known = PERCENTILES.filter(([, key]) => isKnown(stage[key]) && stage[key] <= end);
  return {
    markLine: {
      silent: true,
      symbol: "none",
      label: {
        color: palette.ink,
        formatter: "{b}",
        rotate: 90,
        position: "insideEndTop",
        distance: 4,
      },
      lineStyle: { color: palette.dim, type: "dashed" },
      data: known.map(([name, key]) => ({ name, xAxis: stage[key] / size })),
    },
    markArea: {
      silent: true,
      itemStyle: { color: palette.series[1], opacity: 0.22 },
      label: { show: false },
      data: known
        .filter(([, , interval]) => stage[interval])
        .map(([, , interval]) => stage[interval].map((one) => ({ xAxis: Math.min(one, end) / size }))),
    },
  };
}

const BANDS = "dashed lines: percentiles; bands: their 95 % intervals";

/** Few times, one by one, a row for each process. */
function dotsChart(run, stage) {
  const rows = run.times.total_ms.map((rounds) => rounds.flat());
  const times = rows.flat();
  const [size, unit] = timeUnit(stage.p50_ms);
  const most = Math.max(...times);
  const place = chart(
    "latency",
    `${times.length} latencies from ${time(Math.min(...times))} to ${time(most)}, median ${time(stage.p50_ms)}`,
    (palette) => ({
      xAxis: axis(palette, `latency (${unit})`, {
        scale: true,
        axisLabel: { formatter: (value) => significant(value, 3) },
      }),
      yAxis: axis(palette, "process", {
        type: "category",
        data: rows.map((_, at) => String(at + 1)),
        splitLine: { show: false },
      }),
      tooltip: {
        ...tooltipLooks(palette),
        formatter: ({ data }) => tip(time(data[0] * size), [["process", String(data[1] + 1)]]),
      },
      series: [
        {
          type: "scatter",
          symbolSize: 9,
          data: rows.flatMap((row, process) => row.map((one) => [one / size, process])),
          itemStyle: { color: palette.series[0], opacity: 0.7 },
          ...percentileMarks(palette, stage, size, most),
        },
      ],
    }),
  );
  return figure("Distribution", place, `${many(times.length, "inference")}, a dot each; ${BANDS}`);
}

function spreadChart(run, stage) {
  const times = run.times.total_ms.flat(2);
  if (times.length === 0) return null;
  if (times.length < LEAST_FOR_BINS) return dotsChart(run, stage);
  const { low, high, width, counts, beyond, most } = histogram(times);
  const [size, unit] = timeUnit(stage.p50_ms);
  const every = run.times.every > 1 ? `, every ${run.times.every}th of ${run.samples}` : "";
  const label = `Distribution of ${times.length} latencies from ${time(low)} to ${time(most)}, median ${time(stage.p50_ms)}`;
  const place = chart("latency", label, (palette) => ({
    xAxis: axis(palette, `latency (${unit})`, {
      min: low / size,
      max: (low + counts.length * width) / size,
      axisLabel: { formatter: (value) => significant(value, 3) },
    }),
    yAxis: axis(palette, "inferences", { minInterval: 1 }),
    tooltip: {
      ...tooltipLooks(palette),
      trigger: "item",
      formatter: ({ data }) =>
        tip(`${significant(data[0] / size, 4)} to ${significant(data[1] / size, 4)} ${unit}`, [
          ["inferences", String(data[2])],
          ["share", percent(data[2] / times.length)],
        ]),
    },
    series: [
      {
        type: "custom",
        encode: { x: [0, 1], y: 2 },
        data: counts.map((amount, at) => [low + at * width, low + (at + 1) * width, amount]),
        renderItem: (params, api) => {
          const [x, y] = api.coord([api.value(0) / size, api.value(2)]);
          const [x2, y0] = api.coord([api.value(1) / size, 0]);
          return {
            type: "rect",
            shape: { x, y, width: Math.max(1, x2 - x - 1), height: y0 - y },
            style: { fill: palette.series[0] },
          };
        },
        ...percentileMarks(palette, stage, size, high + width),
      },
    ],
  }));
  return figure(
    "Distribution",
    place,
    `${times.length} inferences${every}; ${BANDS}${beyond > 0 ? `; ${beyond} beyond the right edge, up to ${time(most)}` : ""}`,
  );
}

/** Every time in the order it was measured, processes side by side: drift and warm-up can be seen. */
function timesChart(run, stage) {
  const points = [];
  const edges = [];
  run.times.total_ms.forEach((rounds, process) => {
    edges.push(points.length);
    rounds.forEach((round, at) => round.forEach((one) => points.push([points.length, one, process, at])));
  });
  if (points.length < 5) return null;
  const [size, unit] = timeUnit(stage.p50_ms);
  const place = chart(
    "times",
    `Latency of each inference in the order of measuring, over ${many(edges.length, "process")}`,
    (palette) => ({
      xAxis: axis(palette, "inference", { max: points.length, minInterval: 1 }),
      yAxis: axis(palette, `latency (${unit})`, {
        scale: true,
        axisLabel: { formatter: (value) => significant(value, 3) },
      }),
      dataZoom: [{ type: "inside", filterMode: "none", zoomOnMouseWheel: "ctrl" }],
      tooltip: {
        ...tooltipLooks(palette),
        formatter: ({ data }) =>
          tip(time(data[1] * size), [
            ["inference", String(data[0] + 1)],
            ["process", String(data[2] + 1)],
            ["round", String(data[3] + 1)],
          ]),
      },
      series: [
        {
          type: "scatter",
          symbolSize: 4,
          data: points.map(([at, one, ...rest]) => [at, one / size, ...rest]),
          itemStyle: { color: palette.series[0], opacity: 0.7 },
          markLine: {
            silent: true,
            symbol: "none",
            lineStyle: { color: palette.warn },
            label: { color: palette.ink, formatter: "{b}", position: "insideEndTop" },
            data: [{ name: "p50", yAxis: stage.p50_ms / size }],
          },
          markArea: {
            silent: true,
            itemStyle: { color: palette.line, opacity: 0.35 },
            data: edges
              .map((edge, at) => [{ xAxis: edge }, { xAxis: edges[at + 1] ?? points.length }])
              .filter((_, at) => at % 2 === 1),
          },
        },
      ],
    }),
    { marks: points.length },
  );
  return figure(
    "Over time",
    place,
    `${edges.length > 1 ? `Shades tell the ${edges.length} fresh processes apart. ` : ""}Ctrl and the wheel zoom.`,
  );
}

/** Stages of every measurement that has them, as stacked bars of medians. */
function stagesChart(runs) {
  const staged = runs.filter((run) => STAGES.some(([, key]) => key !== "inference" && run.stages[key]));
  if (staged.length === 0) return null;
  const most = Math.max(
    ...staged.flatMap((run) => STAGES.map(([, key]) => (run.stages[key] || {}).p50_ms || 0)),
  );
  const [size, unit] = timeUnit(most);
  const names = staged.map((run) => shorten(settingsOf(runs, run) || "measured", 40));
  const place = chart(
    "stages",
    `Median time of each stage for ${many(staged.length, "configuration")}`,
    (palette) => ({
      legend: legend(palette),
      xAxis: axis(palette, `median (${unit})`),
      yAxis: axis(palette, "", { type: "category", data: names, inverse: true, splitLine: { show: false } }),
      tooltip: {
        ...tooltipLooks(palette),
        formatter: ({ seriesName, dataIndex, value }) =>
          tip(seriesName, [
            ["configuration", names[dataIndex]],
            ["median", time(value * size)],
          ]),
      },
      series: STAGES.filter(([, key]) => staged.some((run) => run.stages[key])).map(([name, key]) => ({
        name,
        type: "bar",
        stack: "stages",
        barMaxWidth: 34,
        data: staged.map((run) => {
          const stage = run.stages[key];
          return stage && isKnown(stage.p50_ms) ? stage.p50_ms / size : null;
        }),
      })),
    }),
    { height: 110 + 44 * staged.length },
  );
  return figure("Stages", place, "Medians of stages; a median of sums is not the sum of medians.");
}

function percentileTable(runs, run) {
  const rows = [["all stages", itemOf(run)], ...STAGES.map(([name, key]) => [name, run.stages[key]])].filter(
    ([, stage]) => stage,
  );
  const shown = rows.length === 2 ? rows.slice(0, 1).map(([, stage]) => ["inference", stage]) : rows;
  const cell = (stage, [name, key, interval]) => {
    if (isKnown(stage[key]))
      return [time(stage[key]), el("div", { class: "note" }, timeInterval(stage[key], stage[interval]))];
    const needed = (stage.refused || {})[name];
    return needed ? el("span", { class: "note" }, `needs ${needed}`) : "?";
  };
  return table(
    "percentiles of latency",
    ["stage", ">min", ">mean", ...PERCENTILES.map(([name]) => `>${name}`)],
    shown.map(([name, stage]) => [
      name,
      maybe(stage.min_ms, time) || "?",
      maybe(stage.mean_ms, time) || "?",
      ...PERCENTILES.map((one) => cell(stage, one)),
    ]),
  );
}

function latencyOfRun(runs, run) {
  const stage = itemOf(run);
  const noise = run.noise || {};
  const outliers = run.outliers ? run.outliers.mild_high + run.outliers.severe_high : null;
  return [
    run.scenario && el("p", { class: "note" }, "One by one, before the load:"),
    percentileTable(runs, run),
    run.times &&
      isKnown(stage.p50_ms) &&
      el("div", { class: "pair" }, spreadChart(run, stage), timesChart(run, stage)),
    facts([
      [
        "samples",
        `${run.samples} from ${many(run.processes || 0, "process")}, ${many(run.rounds || 0, "round")}`,
      ],
      [
        "warm-up",
        run.warm_up &&
          `${run.warm_up.runs} inferences, ${maybe(run.warm_up.ms, time)}${run.warm_up.settled ? "" : ", not settled"}`,
      ],
      ["loading the model", maybe(run.load_ms, time)],
      ["first inference", maybe(run.first_ms, time)],
      ["slow outliers", outliers === null ? null : `${outliers} of ${run.samples}, all counted`],
      ["machine", noise.verdict && sentence(noise.verdict)],
      ["data", run.data ? sentence(run.data.path) : "synthetic: loading and preprocessing not measured"],
    ]),
    notes(run.notes),
  ];
}

section("latency", "Latency", (report) => {
  const runs = report.measurements;
  const timed = runs.filter(wasTimed);
  const failed = runs.filter((run) => run.failed);
  if (timed.length === 0 && failed.length === 0) return null;
  const place = el("div");
  const show = (run) => place.replaceChildren(...el("div", null, latencyOfRun(runs, run)).childNodes);
  const main = mainRun(report) || timed[0];
  if (main) show(main);
  const picker =
    timed.length > 1 &&
    choice(
      "Configuration",
      timed.map((run) => [
        runs.indexOf(run),
        settingsOf(runs, run) || `measurement ${runs.indexOf(run) + 1}`,
      ]),
      runs.indexOf(main),
      (at) => {
        show(runs[Number(at)]);
        redrawAll();
      },
    );
  return [
    picker && el("div", { class: "controls" }, picker),
    place,
    stagesChart(timed.filter(hasTimes)),
    failed.length > 0 &&
      notes(failed.map((run) => `${settingsOf(runs, run) || run.engine.name}: ${run.failed}`)),
  ];
});
