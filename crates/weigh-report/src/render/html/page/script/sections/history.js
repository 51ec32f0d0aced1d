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

function settingsText(settings) {
  const named = [
    ["batch", settings.batch],
    ["threads", settings.threads],
    ["streams", settings.streams > 1 ? settings.streams : null],
  ];
  return [
    settings.engine,
    settings.provider,
    ...named.filter(([, value]) => isKnown(value)).map(([name, value]) => `${name} ${value}`),
    settings.scenario,
    settings.data,
  ]
    .filter(Boolean)
    .join(", ");
}

/** A moment to the minute: `2026-01-03 00:00`. */
const moment = (at) => at.slice(0, 16).replace("T", " ");

function historyChart(history, series, at) {
  const runs = series.runs.map((run, index) => ({ run, index })).filter(({ run }) => isKnown(run.value));
  const said =
    series.changes
      .map((change) => `${change.ratio.toFixed(2)} times from ${series.runs[change.at].at}`)
      .join(", ") || "no change of level";
  return chart(`history-${at}`, `${history.metric} of ${many(runs.length, "run")}: ${said}`, (palette) => ({
    grid: room(20, 24),
    xAxis: axis(palette, "run, oldest first", {
      type: "category",
      data: series.runs.map((run) => run.at.slice(0, 10)),
      splitLine: { show: false },
    }),
    yAxis: axis(palette, `${history.metric} (${history.unit})`, {
      scale: true,
      axisLabel: { formatter: (value) => (history.unit === "bytes" ? bytes(value) : significant(value, 4)) },
    }),
    tooltip: {
      ...tooltipLooks(palette),
      formatter: ({ data }) =>
        data && data.run
          ? tip(moment(data.run.at), [
              [history.metric, historyText(history, data.run.value)],
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
        palette.series[0],
      ),
      ...series.levels.map((level) => ({
        name: "level",
        type: "line",
        symbol: "none",
        silent: true,
        lineStyle: { color: palette.series[2], width: 2.5 },
        data: [
          [level.first, level.value],
          [level.last, level.value],
        ],
      })),
      ...series.changes.map((change) => ({
        name: "change",
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
  }));
}

section("history", "History", (report) => {
  const { history } = report;
  if (!history || history.series.length === 0) return null;
  const verdicts = {
    changed: ["warn", "the level changed"],
    steady: ["good", "no change could be told from noise"],
    too_short: ["unknown", "too few runs to tell"],
  };
  return history.series.map((series, at) => {
    const [kind, words] = verdicts[series.verdict] || ["unknown", series.verdict];
    const changes = series.changes.map((change) => [
      moment(series.runs[change.at].at),
      historyText(history, change.before),
      historyText(history, change.after),
      badge(change.better ? "good" : "bad", `× ${change.ratio.toFixed(3)}`),
      `[${change.ratio_ci.map((end) => end.toFixed(3)).join(", ")}]`,
    ]);
    const runs = [...series.runs]
      .reverse()
      .slice(0, 60)
      .map((run) => [
        moment(run.at),
        sentence(run.tag || ""),
        run.engine_version || "",
        maybe(run.value, (value) => historyText(history, value)) || "?",
        maybe(run.p50_ms, (value) => `${time(value)} ${timeInterval(value, run.p50_ci_ms)}`) || "?",
        maybe(run.p99_ms, time) || "?",
        maybe(run.per_second, (value) => `${rate(value)}/s`) || "?",
        sentence(run.noise || ""),
      ]);
    return [
      el(
        "h3",
        null,
        named(series.model, 60),
        " ",
        el("span", { class: "note" }, sentence(settingsText(series.settings))),
      ),
      el("p", null, badge(kind, words), isKnown(series.noise) && ` noise of runs ${percent(series.noise)}`),
      series.runs.length > 1 && historyChart(history, series, at),
      changes.length > 0 &&
        table(
          `changes of level ${at + 1}`,
          ["from", ">before", ">after", "change", "95 % interval"],
          changes,
        ),
      runs.length > 0 &&
        table(
          `runs ${at + 1}`,
          [
            "when",
            "tag",
            "engine",
            `>${history.metric || "value"}`,
            ">p50",
            ">p99",
            ">throughput",
            "machine",
          ],
          runs,
        ),
      notes(series.notes),
    ];
  });
});
