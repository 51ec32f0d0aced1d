// What serving a workload takes.

/** The names of configurations without the words that all share, and those words. */
function planNames(plan) {
  const parts = plan.configurations.map((one) => one.name.split(" · "));
  const isShared = (word) => parts.length > 1 && parts.every((words) => words.includes(word));
  return {
    names: parts.map((words) => words.filter((word) => !isShared(word)).join(" · ") || words.join(" · ")),
    shared: (parts[0] || []).filter(isShared).join(" · "),
  };
}

const costText = (one) => `${dollars(one.cost)}${one.cost_is_daily ? " a day" : ""}`;

answer((report) => {
  const { plan } = report;
  if (!plan) return null;
  const choice = plan.configurations[plan.choice];
  if (!choice) {
    const isMissed = plan.configurations.every((one) => one.meets === "missed");
    return [isMissed ? "bad" : "unknown", plan.why];
  }
  const { title } = report.predictions.find((one) => one.device === choice.device) || {};
  const here = ["this machine", choice.engine].filter(Boolean).join(" with ");
  const where = title || (choice.device === "this" ? here : choice.device || choice.name);
  const servers = maybe(choice.servers, (value) => `${many(value, "server")} of `) || "";
  const batch = maybe(choice.batch, (value) => ` at batch ${value}`) || "";
  const cost = isKnown(choice.cost) ? `: ${costText(choice)}` : "";
  return ["good", `needs ${servers}${shorten(where, 60)}${batch}${cost}`];
});

/** What the configurations cost against how long they take. */
function costChart(plan) {
  const { names } = planNames(plan);
  const { slo } = plan.workload;
  // With a limit on latency it is that of the peak, waiting included.
  const latency = slo ? "latency_at_peak_ms" : "service_ms";
  const known = plan.configurations
    .map((one, at) => ({ one, name: names[at], isChosen: at === plan.choice }))
    .filter(({ one }) => isKnown(one.cost) && isKnown(one[latency]));
  if (known.length < 2) return null;
  const place = chart(
    "costs",
    `Cost of ${many(known.length, "configuration")} against latency`,
    (palette) => {
      const limit = limitOf(slo);
      const times = known.map(({ one }) => one[latency]);
      const colours = { met: palette.good, missed: palette.bad };
      const symbols = { met: "circle", missed: "triangle" };
      const series = (name, holds, more) => ({
        name,
        type: "scatter",
        symbolSize: 12,
        data: known.filter(holds).map((point) => ({ value: [point.one[latency], point.one.cost], point })),
        label: {
          show: known.length <= 16,
          color: palette.ink,
          position: "top",
          formatter: ({ data }) => shorten(data.point.name, 30),
        },
        labelLayout: { hideOverlap: true },
        ...more,
      });
      const statuses = ["met", "missed", "unknown"].filter((status) =>
        known.some(({ one }) => one.meets === status),
      );
      return {
        legend: legend(palette),
        grid: room(46, 40),
        xAxis: axis(palette, slo ? "latency at peak (ms)" : "time of an inference (ms)", {
          type: "log",
          ...around(limit ? [...times, limit] : times),
          axisLabel: {
            showMinLabel: false,
            showMaxLabel: false,
            formatter: (value) => significant(value, 2),
          },
        }),
        yAxis: axis(palette, known[0].one.cost_is_daily ? "cost a day ($)" : "cost ($)", { min: 0 }),
        tooltip: {
          ...tooltipLooks(palette),
          formatter: ({ data }) =>
            data && data.point
              ? tip(data.point.name, [
                  ["cost", costText(data.point.one)],
                  ["latency", time(data.point.one[latency])],
                  ["servers", maybe(data.point.one.servers, String)],
                  ["requirements", data.point.one.meets],
                ])
              : "",
        },
        series: [
          ...statuses.map((status) =>
            series(status, ({ one }) => one.meets === status, {
              symbol: symbols[status] || "diamond",
              itemStyle: { color: colours[status] || palette.warn },
            }),
          ),
          isKnown(plan.choice) &&
            series("chosen", ({ isChosen }) => isChosen, {
              silent: true,
              symbol: "circle",
              symbolSize: 22,
              label: { show: false },
              itemStyle: { color: "transparent", borderColor: palette.good, borderWidth: 2.5 },
            }),
          limit && { type: "line", data: [], markLine: limitMark(palette, { xAxis: limit }, slo) },
        ].filter(Boolean),
      };
    },
    { height: 320 },
  );
  return figure("Cost against latency", place);
}

section("plan", "Plan", (report) => {
  const { plan } = report;
  if (!plan) return null;
  const work = plan.workload;
  const hours = (value) => time(value * 3600e3);
  const { names, shared } = planNames(plan);
  const rows = plan.configurations.map((one, at) => [
    [at === plan.choice && badge("good", "chosen"), " ", sentence(names[at])],
    badge(verdictKind(one.meets), one.meets),
    maybe(one.service_ms, (value) => `${time(value)} ${timeInterval(value, one.service_ci_ms)}`) || "?",
    isKnown(one.servers)
      ? `${one.servers}${one.servers_ci && one.servers_ci[0] !== one.servers_ci[1] ? ` [${one.servers_ci.join(", ")}]` : ""}`
      : "?",
    maybe(one.hours, hours) || "",
    maybe(one.peak_utilisation ?? one.utilisation, percent) || "",
    maybe(one.latency_at_peak_ms, time) || "",
    isKnown(one.cost) ? costText(one) : "?",
    maybe(one.cost_per_million, dollars) || "?",
    maybe(one.joules_per_item, joules) || "?",
    one.basis || "",
  ]);
  return [
    facts([
      ["items", maybe(work.items, (value) => `${si(value)} ${work.unit}`)],
      ["rate", maybe(work.rate_per_second, (value) => `${rate(value)}/s`)],
      ["peak rate", maybe(work.peak_per_second, (value) => `${rate(value)}/s`)],
      ["deadline", maybe(work.deadline_h, hours)],
      ["requirement", maybe(work.slo, sentence)],
      ["utilisation at most", percent(work.utilisation)],
      ["all of", shared && sentence(shared)],
    ]),
    el("p", null, sentence(plan.why)),
    costChart(plan),
    table(
      "configurations",
      [
        "configuration",
        "",
        ">time of an inference",
        ">servers",
        ">done in",
        ">used at peak",
        ">latency at peak",
        ">cost",
        ">cost/million",
        ">energy/item",
        "basis",
      ],
      rows,
    ),
    notes([...new Set(plan.configurations.flatMap((one) => one.notes))]),
  ];
});
