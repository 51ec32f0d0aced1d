// What batches buy and cost: throughput and latency over the batch, and against each other.

/** Lines of configurations that differ in the batch alone. */
function linesByBatch(runs) {
  const lines = new Map();
  for (const run of runs) {
    const name = settingsOf(runs, run, ["batch"]) || run.engine.name;
    if (!lines.has(name)) lines.set(name, []);
    lines.get(name).push(run);
  }
  for (const line of lines.values()) line.sort((a, b) => a.batch - b.batch);
  return lines;
}

/** The limit of a requirement such as `p99<=50ms`, in milliseconds. */
function limitOf(requirement) {
  const found = (requirement || "").match(/([\d.]+)\s*(us|µs|ms|s)?\s*$/);
  if (!found) return null;
  return Number(found[1]) * ({ us: 1e-3, µs: 1e-3, s: 1e3 }[found[2]] || 1);
}

/** The line of a limit across a chart. */
function limitMark(palette, where, requirement) {
  return {
    silent: true,
    symbol: "none",
    lineStyle: { color: palette.bad },
    label: { color: palette.ink, formatter: shorten(requirement, 40), position: "insideEndTop" },
    data: [where],
  };
}

const throughputInterval = (run) => run.throughput && run.throughput.ci;
const latencyInterval = (run) => (latencyOf(run) || {}).p50_ci_ms;

/** Whether two intervals have something in common; unknown ones may. */
const overlap = (a, b) => !a || !b || (a[0] <= b[1] && b[0] <= a[1]);

/** What a mark is worth: the batches at the same settings, where by these intervals none can be told from the run. */
function doubtOf(report, run, intervals) {
  const runs = report.measurements.filter((one) => hasTimes(one) && !one.scenario);
  const line = [...linesByBatch(runs).values()].find((one) => one.includes(run)) || [];
  const others = line.filter((other) => other !== run);
  const isAlike = (other) => intervals.every((of) => overlap(of(run), of(other)));
  return others.length > 0 && others.every(isAlike)
    ? `, not told apart from batch ${others.map((other) => other.batch).join(", ")}`
    : "";
}

/** What a sweep says of one of its measurements: pairs of a badge's kind and words. */
function marksOf(report, run) {
  const { slo, sweet_spot: sweetSpot, pareto = [] } = report.sweep || {};
  const at = report.measurements.indexOf(run);
  const mark = (name, kind, intervals) => {
    const doubt = doubtOf(report, run, intervals);
    return [doubt ? "unknown" : kind, name + doubt];
  };
  return [
    slo && slo.best === at && ["good", `best under ${slo.requirement}`],
    sweetSpot === at && mark("sweet spot", "good", [throughputInterval]),
    pareto.includes(at) && mark("Pareto front", "", [throughputInterval, latencyInterval]),
  ].filter(Boolean);
}

function runTip(report, run) {
  const stage = latencyOf(run);
  const marks = marksOf(report, run).map(([, words]) => words);
  return tip(settingsOf(report.measurements, run) || `batch ${run.batch}`, [
    ["latency p50", `${time(stage.p50_ms)} ${timeInterval(stage.p50_ms, stage.p50_ci_ms)}`],
    ["latency p99", maybe(stage.p99_ms, time)],
    ["throughput", `${rate(run.throughput.per_second)} ${run.throughput.unit}/s`],
    ["", marks.join("; ")],
  ]);
}

function overBatchChart(report, runs) {
  const lines = linesByBatch(runs);
  const batches = [...new Set(runs.map((run) => run.batch))].sort((a, b) => a - b);
  const unit = runs[0].throughput.unit;
  const isOne = lines.size === 1;
  const reaches = {
    throughput: reachOf(runs.map((run) => run.throughput.per_second)),
    latency: reachOf(runs.map((run) => latencyOf(run).p50_ms)),
  };
  const place = chart(
    "trade-off",
    `Throughput and latency over batches ${batches.join(", ")}`,
    (palette) => {
      const series = [];
      [...lines].forEach(([name, line], at) => {
        const colour = palette.series[at % palette.series.length];
        const second = isOne ? palette.series[1] : colour;
        const points = (of) => line.map((run) => ({ value: [String(run.batch), of(run)], run }));
        const bars = (of) => line.filter(of).map((run) => [String(run.batch), ...of(run)]);
        series.push(
          {
            name: isOne ? "throughput" : `${name}`,
            type: "line",
            symbolSize: 9,
            itemStyle: { color: colour },
            lineStyle: { color: colour },
            data: points((run) => run.throughput.per_second),
            yAxisIndex: 0,
          },
          whiskers(isOne ? "throughput" : name, bars(throughputInterval), reaches.throughput, colour, {
            yAxisIndex: 0,
          }),
          {
            name: isOne ? "latency p50" : `${name}, latency`,
            type: "line",
            symbol: "diamond",
            symbolSize: 9,
            itemStyle: { color: second },
            lineStyle: { color: second, type: "dashed" },
            data: points((run) => latencyOf(run).p50_ms),
            yAxisIndex: 1,
          },
          whiskers(
            isOne ? "latency p50" : `${name}, latency`,
            bars(latencyInterval),
            reaches.latency,
            second,
            { yAxisIndex: 1 },
          ),
        );
      });
      const sweet = report.measurements[(report.sweep || {}).sweet_spot];
      if (sweet && hasTimes(sweet)) {
        const isSure = !doubtOf(report, sweet, [throughputInterval]);
        series.push({
          name: isSure ? "sweet spot" : "sweet spot, not told apart",
          type: "scatter",
          symbol: "circle",
          symbolSize: 22,
          silent: true,
          itemStyle: {
            color: "transparent",
            borderColor: isSure ? palette.good : palette.warn,
            borderWidth: 2.5,
          },
          data: [[String(sweet.batch), sweet.throughput.per_second]],
          z: 6,
        });
      }
      const limit = limitOf(((report.sweep || {}).slo || {}).requirement);
      if (limit) {
        series.push({
          name: "limit",
          type: "line",
          yAxisIndex: 1,
          data: [],
          markLine: limitMark(palette, { yAxis: limit }, report.sweep.slo.requirement),
        });
      }
      return {
        legend: legend(palette, {
          data: [...new Set(series.map((one) => one.name))].filter((name) => name !== "limit"),
        }),
        grid: room(46, 16),
        xAxis: axis(palette, "batch", { type: "category", data: batches.map(String) }),
        yAxis: [
          axis(palette, `${unit}/s`, { min: 0 }),
          axis(palette, "latency (ms)", {
            min: 0,
            max: (range) => (limit > range.max ? limit * 1.05 : null),
            splitLine: { show: false },
          }),
        ],
        tooltip: {
          ...tooltipLooks(palette),
          formatter: ({ data }) => (data && data.run ? runTip(report, data.run) : ""),
        },
        series,
      };
    },
    { height: 340 },
  );
  const note =
    cutNote(runs.map(throughputInterval), reaches.throughput) ||
    cutNote(runs.map(latencyInterval), reaches.latency);
  return figure("Over the batch", place, note);
}

function paretoChart(report, runs) {
  const place = chart(
    "pareto",
    "Throughput against latency, the Pareto front connected",
    (palette) => {
      const at = (run) => [latencyOf(run).p50_ms, run.throughput.per_second];
      const front = ((report.sweep || {}).pareto || [])
        .map((index) => report.measurements[index])
        .filter((run) => runs.includes(run))
        .sort((a, b) => at(a)[0] - at(b)[0]);
      const limit = limitOf(((report.sweep || {}).slo || {}).requirement);
      return {
        legend: legend(palette),
        grid: room(46, 24),
        xAxis: axis(palette, "latency p50 (ms)", {
          type: "log",
          ...around(runs.map((run) => at(run)[0])),
          axisLabel: {
            showMinLabel: false,
            showMaxLabel: false,
            formatter: (value) => significant(value, 2),
          },
        }),
        yAxis: axis(palette, `${runs[0].throughput.unit}/s`, { scale: true }),
        tooltip: {
          ...tooltipLooks(palette),
          formatter: ({ data }) => (data && data.run ? runTip(report, data.run) : ""),
        },
        series: [
          {
            name: "configurations",
            type: "scatter",
            symbolSize: 11,
            data: runs.map((run) => ({ value: at(run), run })),
            label: {
              show: runs.length <= 16,
              color: palette.ink,
              position: "top",
              formatter: ({ data }) => `batch ${data.run.batch}`,
            },
            markLine: limit ? limitMark(palette, { xAxis: limit }, report.sweep.slo.requirement) : undefined,
          },
          {
            name: "Pareto front",
            type: "line",
            symbol: "circle",
            symbolSize: 11,
            silent: true,
            lineStyle: { color: palette.series[2] },
            itemStyle: { color: palette.series[2] },
            data: front.map(at),
          },
        ],
      };
    },
    { height: 340 },
  );
  return figure("Throughput against latency", place);
}

section("trade-off", "Trade-off over batch", (report) => {
  const runs = report.measurements.filter(
    (run) => hasTimes(run) && run.throughput && isKnown(run.batch) && !run.scenario,
  );
  if (new Set(runs.map((run) => run.batch)).size < 2) {
    const tried = new Set(
      report.measurements.filter((run) => !run.scenario && isKnown(run.batch)).map((run) => run.batch),
    );
    return tried.size < 2
      ? null
      : el(
          "p",
          { class: "note" },
          `${many(tried.size, "batch")} were measured, and too few of them have a median: give them more time.`,
        );
  }
  const slo = (report.sweep || {}).slo;
  const rows = runs.map((run) => {
    const stage = latencyOf(run);
    return [
      settingsOf(runs, run) || `batch ${run.batch}`,
      `${time(stage.p50_ms)}`,
      timeInterval(stage.p50_ms, stage.p50_ci_ms),
      maybe(stage.p99_ms, time) || "?",
      rate(run.throughput.per_second),
      rateInterval(run.throughput.per_second, run.throughput.ci),
      maybe(run.memory.peak_rss_bytes, bytes) || "?",
      marksOf(report, run).map(([kind, words]) => el("div", null, badge(kind, words))),
    ];
  });
  return [
    slo &&
      el("p", null, badge(isKnown(slo.best) ? "good" : "unknown", slo.requirement), " ", sentence(slo.why)),
    el("div", { class: "pair" }, overBatchChart(report, runs), paretoChart(report, runs)),
    table(
      "configurations",
      [
        "configuration",
        ">latency p50",
        "95 % interval",
        ">p99",
        `>${runs[0].throughput.unit}/s`,
        "95 % interval",
        ">memory",
        "",
      ],
      rows,
    ),
  ];
});
