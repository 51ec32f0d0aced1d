// What serving a workload takes.

section("plan", "Plan", (report) => {
  const { plan } = report;
  if (!plan) return null;
  const work = plan.workload;
  const hours = (value) => time(value * 3600e3);
  const rows = plan.configurations.map((one, at) => [
    [at === plan.choice && badge("good", "chosen"), " ", sentence(one.name)],
    badge(verdictKind(one.meets), one.meets),
    maybe(one.service_ms, (value) => `${time(value)} ${timeInterval(value, one.service_ci_ms)}`) || "?",
    isKnown(one.servers)
      ? `${one.servers}${one.servers_ci && one.servers_ci[0] !== one.servers_ci[1] ? ` [${one.servers_ci.join(", ")}]` : ""}`
      : "?",
    maybe(one.hours, hours) || "",
    maybe(one.peak_utilisation ?? one.utilisation, percent) || "",
    maybe(one.latency_at_peak_ms, time) || "",
    maybe(one.cost, (value) => `${dollars(value)}${one.cost_is_daily ? "/day" : ""}`) || "?",
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
    ]),
    el("p", null, sentence(plan.why)),
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
