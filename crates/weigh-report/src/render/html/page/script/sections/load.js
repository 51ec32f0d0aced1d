// Latency under load: queries that arrive as they do at a service, and the highest rate that keeps a limit.

function scenarioFacts(scenario) {
  const queries = (value) => `${rate(value)} queries/s`;
  return facts([
    ["scenario", scenario.name],
    ["queries", String(scenario.queries)],
    ["not started when time was up", scenario.unstarted ? String(scenario.unstarted) : null],
    ["rate asked for", maybe(scenario.rate_asked, queries)],
    [
      "rate achieved",
      maybe(scenario.rate_achieved, (value) => `${queries(value)} ${rateInterval(value, scenario.rate_ci)}`),
    ],
    ["mean batch", maybe(scenario.mean_batch, (value) => significant(value, 3))],
    [
      "early-stopping estimate",
      scenario.estimate &&
        maybe(
          scenario.estimate.ms,
          (value) => `${scenario.estimate.percentile} ≤ ${time(value)}, 99 % confidence`,
        ),
    ],
    ["issued late by at most", maybe(scenario.lag_max_ms, time)],
  ]);
}

function probesChart(slo) {
  const probes = slo.probes.filter((probe) => isKnown(probe.value_ms));
  if (probes.length < 2) return null;
  const place = chart(
    "rates",
    `Latency at ${probes.length} rates against the limit ${slo.requirement}`,
    (palette) => {
      const of = (status) =>
        probes
          .filter((probe) => probe.status === status && !probe.void)
          .map((probe) => ({ value: [probe.rate, probe.value_ms], probe }));
      const series = (name, status, colour, symbol) => ({
        name,
        type: "scatter",
        symbol,
        symbolSize: 11,
        itemStyle: { color: colour },
        data: of(status),
      });
      const limit = limitOf(slo.requirement);
      return {
        legend: legend(palette),
        xAxis: axis(palette, "queries/s", { scale: true }),
        yAxis: axis(palette, "latency (ms)", { type: "log" }),
        tooltip: {
          ...tooltipLooks(palette),
          formatter: ({ data }) =>
            data && data.probe
              ? tip(`${rate(data.probe.rate)} queries/s`, [
                  ["found", time(data.probe.value_ms)],
                  ["requirement", data.probe.status],
                  ["queries", String(data.probe.queries)],
                ])
              : "",
        },
        series: [
          {
            ...series("met", "met", palette.good, "circle"),
            markLine: limit ? limitMark(palette, { yAxis: limit }, slo.requirement) : undefined,
          },
          series("missed", "missed", palette.bad, "triangle"),
          series("unknown", "unknown", palette.warn, "diamond"),
        ],
      };
    },
  );
  return figure(`Rates tried for ${shorten(slo.requirement, 40)}`, place);
}

/** What the search for the highest rate came to, and every rate it tried. */
function rateSearch(slo) {
  const isFound = isKnown(slo.highest_rate);
  const kind = isFound ? "good" : isKnown(slo.lowest_missed) ? "bad" : "unknown";
  const found = isFound ? `up to ${rate(slo.highest_rate)} queries/s` : "at no rate tried";
  const status = (probe) =>
    probe.void
      ? [badge("unknown", "void"), " ", sentence(probe.void)]
      : badge(verdictKind(probe.status), probe.status);
  return [
    el(
      "p",
      null,
      badge(kind, `${shorten(slo.requirement, 60)}: ${found}`),
      slo.ended && [" The search ended: ", sentence(slo.ended), "."],
    ),
    probesChart(slo),
    slo.probes.length > 0 &&
      table(
        "rates tried",
        [">rate tried", ">achieved", ">queries", ">over the limit", ">found", "95 % interval", ""],
        slo.probes.map((probe) => [
          `${rate(probe.rate)}/s`,
          maybe(probe.rate_achieved, (value) => `${rate(value)}/s`) || "?",
          String(probe.queries),
          maybe(probe.over, String) || "?",
          maybe(probe.value_ms, time) || "?",
          maybe(probe.value_ms, (value) => timeInterval(value, probe.value_ci_ms)) || "",
          status(probe),
        ]),
      ),
  ];
}

section("load", "Under load", (report) => {
  const loaded = report.measurements.filter((run) => run.scenario);
  if (loaded.length === 0) return null;
  return loaded.map(({ scenario }) => [
    scenario.void && el("p", null, badge("bad", ["proves nothing: ", sentence(scenario.void)])),
    scenarioFacts(scenario),
    table(
      "latency from arrival",
      ["", ...PERCENTILES.map(([name]) => `>${name}`)],
      [
        ["from arrival", scenario.latency],
        ["waiting", scenario.queue],
        ["being served", scenario.service],
      ]
        .filter(([, stage]) => stage)
        .map(([name, stage]) => [name, ...PERCENTILES.map(([, key]) => maybe(stage[key], time) || "?")]),
    ),
    scenario.slo && rateSearch(scenario.slo),
  ]);
});
