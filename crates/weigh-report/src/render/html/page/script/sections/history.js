// Measurements of other days, and where their level changed.

/** A value of the history in its unit. */
function historyText(history, value) {
  return history.unit === "bytes"
    ? bytes(value)
    : history.unit === "ms"
      ? time(value)
      : history.unit === "/s"
        ? `${rate(value)}/s`
        : `${significant(value, 4)} ${history.unit}`;
}

function historyInterval(history, value, interval) {
  if (!interval) return "";
  if (history.unit === "ms") return timeInterval(value, interval);
  if (history.unit === "/s") return rateInterval(value, interval);
  return `[${interval.map((end) => historyText(history, end)).join(", ")}]`;
}

/** How the runs of a series were made: all that tells it from another. */
function settingsText({ settings }) {
  const { threads, streams, batch } = settings;
  // The batch is there already.
  const bindings = Object.entries(settings.bindings).filter(([symbol]) => !symbol.includes("batch"));
  return [
    settings.engine,
    settings.provider,
    maybe(settings.optimization, (level) => `optimization ${level}`),
    maybe(batch, (value) => `batch ${value}`),
    maybe(threads, (value) => many(value, "thread")),
    streams > 1 && many(streams, "stream"),
    settings.scenario,
    settings.data,
    ...bindings.map(([symbol, value]) => `${symbol} = ${value}`),
  ]
    .filter(Boolean)
    .join(", ");
}

function machinesText(series) {
  const text = ({ cpu, cores, memory_gib: gib, gpus }) =>
    [cpu, maybe(cores, (value) => many(value, "core")), maybe(gib, (value) => `${value} GiB`), ...gpus]
      .filter(Boolean)
      .join(", ");
  return series.machines.map(text).join("; ");
}

/** A moment to the minute: `2026-01-03 00:00`. */
const moment = (at) => at.slice(0, 16).replace("T", " ");

/** A name for each run: its tag, else its day, or its time where all are of one day. */
function runNames(runs) {
  const day = (run) => run.at.slice(0, 10);
  const isOneDay = runs.every((run) => day(run) === day(runs[0]));
  return runs.map((run) => (run.tag ? shorten(run.tag, 16) : isOneDay ? run.at.slice(11, 16) : day(run)));
}

function historyChart(history, series, at) {
  const runs = series.runs.map((run, index) => ({ run, index })).filter(({ run }) => isKnown(run.value));
  const said =
    series.changes
      .map((change) => `${change.ratio.toFixed(2)} times from ${series.runs[change.at].at}`)
      .join(", ") || "no change of level";
  const reach = reachOf(runs.map(({ run }) => run.value));
  // Of too few runs the level says nothing.
  const levels = series.verdict === "too_short" ? [] : series.levels;
  const place = chart(
    `history-${at}`,
    `${history.metric} of ${many(runs.length, "run")}: ${said}`,
    (palette) => ({
      legend: legend(palette, { show: levels.length > 0 }),
      grid: room(46, 24),
      xAxis: axis(palette, "run, oldest first", {
        type: "category",
        data: runNames(series.runs),
        splitLine: { show: false },
      }),
      yAxis: axis(palette, `${shorten(history.metric, 40)} (${history.unit})`, {
        scale: true,
        axisLabel: {
          formatter: (value) => (history.unit === "bytes" ? bytes(value) : significant(value, 4)),
        },
      }),
      tooltip: {
        ...tooltipLooks(palette),
        formatter: ({ data }) =>
          data && data.run
            ? tip(moment(data.run.at), [
                [history.metric, historyText(history, data.run.value)],
                ["95 % interval", historyInterval(history, data.run.value, data.run.ci)],
                ["tag", data.run.tag],
                ["engine", data.run.engine_version],
                ["machine", data.run.noise],
              ])
            : "",
      },
      series: [
        {
          name: "runs",
          type: "scatter",
          symbolSize: 8,
          itemStyle: { color: palette.series[0] },
          data: runs.map(({ run, index }) => ({ value: [index, run.value], run })),
          markLine: {
            silent: true,
            symbol: "none",
            lineStyle: { color: palette.dim, type: "dotted" },
            label: { color: palette.dim, formatter: "{b}" },
            data: series.marks.map((mark) => ({ name: shorten(mark.after, 16), xAxis: mark.at })),
          },
        },
        whiskers(
          "runs",
          runs.filter(({ run }) => run.ci).map(({ run, index }) => [index, ...run.ci]),
          reach,
          palette.series[0],
        ),
        ...levels.map((level) => ({
          name: "level",
          type: "line",
          symbol: "none",
          silent: true,
          lineStyle: { color: palette.series[2], width: 2.5 },
          itemStyle: { color: palette.series[2] },
          data: [
            [level.first, level.value],
            [level.last, level.value],
          ],
        })),
        ...series.changes.map((change) => ({
          name: change.better ? "change for the better" : "change for the worse",
          type: "scatter",
          symbol: "triangle",
          symbolSize: 14,
          symbolRotate: change.ratio > 1 ? 0 : 180,
          silent: true,
          itemStyle: { color: change.better ? palette.good : palette.bad },
          data: [[change.at, change.after]],
          z: 6,
        })),
      ],
    }),
  );
  return [
    place,
    maybe(
      cutNote(
        series.runs.map((run) => run.ci),
        reach,
      ),
      (note) => el("p", { class: "note" }, note),
    ),
  ];
}

/** What is kept, where no model was asked for. */
function keptTable(history) {
  return table(
    "what is kept",
    ["model", "settings", "machine", ">runs kept", "first", "last"],
    history.series.map((series) => [
      named(series.model, 60),
      sentence(settingsText(series)),
      sentence(machinesText(series)),
      String(series.kept),
      moment(series.first_at),
      moment(series.last_at),
    ]),
  );
}

function runsTable(history, series, caption) {
  const { metric } = history;
  // The value has a column of its own where it is another than these.
  const figures = [
    [
      metric,
      (run) =>
        maybe(run.value, (value) => [historyText(history, value), historyInterval(history, value, run.ci)]),
    ],
    ["latency.p50", (run) => maybe(run.p50_ms, (value) => [time(value), timeInterval(value, run.p50_ci_ms)])],
    ["latency.p99", (run) => maybe(run.p99_ms, (value) => [time(value), timeInterval(value, run.p99_ci_ms)])],
    [
      "throughput",
      (run) => maybe(run.per_second, (value) => [`${rate(value)}/s`, rateInterval(value, run.per_second_ci)]),
    ],
  ].filter(([name], at) => at === 0 || name !== metric);
  const cell = (found) => (found ? [found[0], el("div", { class: "note" }, found[1])] : "?");
  return table(
    caption,
    [
      "when",
      "tag",
      "engine",
      ...figures.map(([name]) => `>${shorten(name.replace("latency.", "latency "), 40)}`),
      "machine",
    ],
    [...series.runs]
      .reverse()
      .slice(0, 60)
      .map((run) => [
        moment(run.at),
        run.tag ? named(run.tag, 40) : "",
        run.engine_version || "",
        ...figures.map(([, of]) => cell(of(run))),
        run.noise ? sentence(run.noise) : "",
      ]),
  );
}

section("history", "History", (report) => {
  const { history } = report;
  if (!history || history.series.length === 0) return null;
  const verdicts = {
    changed: ["warn", "the level changed"],
    steady: ["good", "no change could be told from noise"],
    too_short: ["unknown", "too few runs to tell"],
  };
  if (!history.metric) return keptTable(history);
  const machines = new Set(history.series.map(machinesText));
  return history.series.map((series, at) => {
    const [kind, words] = verdicts[series.verdict] || ["unknown", series.verdict];
    const changes = series.changes.map((change) => [
      moment(series.runs[change.at].at),
      historyText(history, change.before),
      historyText(history, change.after),
      badge(change.better ? "good" : "bad", `× ${change.ratio.toFixed(3)}`),
      `[${change.ratio_ci.map((end) => end.toFixed(3)).join(", ")}]`,
    ]);
    const unknown = series.runs.filter((run) => !isKnown(run.value)).length;
    const settings = [settingsText(series), machines.size > 1 && machinesText(series)];
    return [
      el(
        "h3",
        null,
        named(series.model, 60),
        " ",
        el("span", { class: "note" }, sentence(settings.filter(Boolean).join("; "))),
      ),
      el("p", null, badge(kind, words), isKnown(series.noise) && ` noise of runs ${percent(series.noise)}`),
      2 * unknown > series.runs.length &&
        el(
          "p",
          { class: "note" },
          `${history.metric} is unknown of ${unknown} of ${many(series.runs.length, "run")}: too few samples tell it. Measure for longer, or look at another metric.`,
        ),
      series.runs.length - unknown > 1 && historyChart(history, series, at),
      changes.length > 0 &&
        table(
          `changes of level ${at + 1}`,
          ["from", ">before", ">after", "change", "95 % interval"],
          changes,
        ),
      series.runs.length > 0 && runsTable(history, series, `runs ${at + 1}`),
      notes(series.notes),
    ];
  });
});
