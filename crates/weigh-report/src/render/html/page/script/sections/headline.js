// What the ticket has on top: the figures that decide, and whether requirements are met.

function card(label, value, fact, { least = false, kind = "" } = {}) {
  if (!isKnown(value) || value === "") return null;
  const text = String(value);
  const isFormula = /[·(]| \+ |\/\//.test(text);
  const [amount, ...unit] = isFormula ? [el("span", { class: "formula" }, text)] : text.split(" ");
  return el(
    "div",
    { class: `card ${kind} ${isFormula ? "wide" : ""}`, "data-figure": label },
    el("div", { class: "label" }, term(label)),
    el(
      "div",
      { class: "value" },
      least ? "≥ " : "",
      amount,
      unit.length > 0 && el("small", null, ` ${unit.join(" ")}`),
    ),
    fact && el("div", { class: "fact" }, fact),
  );
}

/** Texts below each other. */
const stacked = (...texts) => texts.filter(Boolean).map((text) => el("div", null, text));

function countedCards(totals) {
  const { compute, memory } = totals.complete;
  const activations = totals.activations || {};
  const size = totals.model_size || {};
  const whole = memory && totals.complete.workspace;
  const precisions = [
    ["fp16", size.fp16_bytes],
    ["int8", size.int8_bytes],
    ["int4", size.int4_bytes],
  ]
    .filter(([, value]) => isKnown(value))
    .map(([name, value]) => `${name} ${count(value, bytes)}`)
    .join(" · ");
  return [
    card(
      "parameters",
      maybe(totals.parameters, count),
      number(totals.buffers) ? `and ${count(totals.buffers)} buffers` : null,
    ),
    card(
      "model size",
      maybe(size.stored_bytes, (value) => count(value, bytes)),
      precisions,
    ),
    card(
      "MACs",
      maybe(totals.macs, count),
      totals.complete.compute ? null : "a lower bound: operators are unknown",
      { least: !compute },
    ),
    card("FLOPs", maybe(totals.flops, count), "2 × MACs", { least: !compute }),
    card(
      "activations, peak",
      maybe(activations.peak && activations.peak.bytes, (value) => count(value, bytes)),
      activations.peak_at && named(activations.peak_at, 40),
      { least: !memory },
    ),
    card(
      "needs",
      maybe(totals.device_bytes, (value) => count(value, bytes)),
      "weights, peak, workspace",
      { least: !whole },
    ),
    card(
      "intensity",
      maybe(totals.arithmetic_intensity, (value) => `${significant(value, 3)} FLOP/B`),
      null,
      { least: false },
    ),
  ];
}

/** What a measurement got done in a second: under load, of the queries that came. */
function throughputCard(run) {
  if (run.scenario) {
    const { rate_achieved: achieved, rate_ci: interval, rate_asked: asked } = run.scenario;
    const text = maybe(achieved, (value) => `${rate(value)} queries/s`);
    const aim = maybe(asked, (value) => `asked for ${rate(value)}`);
    return card("throughput", text, stacked(rateInterval(achieved, interval), aim));
  }
  if (!run.throughput) return null;
  const { per_second: done, unit, ci } = run.throughput;
  return card(
    "throughput",
    maybe(done, (value) => `${rate(value)} ${unit}/s`),
    rateInterval(done, ci),
  );
}

function measuredCards(report) {
  const run = mainRun(report) || report.measurements.find(wasTimed);
  if (!run) return [];
  const stage = latencyOf(run);
  const samples = run.scenario ? run.scenario.queries : run.samples;
  const where = [
    run.scenario && `${run.scenario.name}, from arrival`,
    `batch ${run.batch}`,
    run.engine.name,
    run.threads && many(run.threads, "thread"),
  ]
    .filter(Boolean)
    .join(", ");
  const needed = Object.entries(stage.refused || {}).find(([name]) => name === "p99");
  const energy = (run.energy || []).find((one) => isKnown(one.joules));
  return [
    isKnown(stage.p50_ms)
      ? card("latency p50", time(stage.p50_ms), stacked(timeInterval(stage.p50_ms, stage.p50_ci_ms), where))
      : card(
          "latency, smallest",
          maybe(stage.min_ms, time),
          `too few samples for a median: ${samples}; ${where}`,
        ),
    isKnown(stage.p99_ms)
      ? card("latency p99", time(stage.p99_ms), timeInterval(stage.p99_ms, stage.p99_ci_ms))
      : needed && card("latency p99", "?", `needs ${needed[1]} samples, there are ${samples}`),
    throughputCard(run),
    card(
      "efficiency",
      maybe(run.efficiency, percent),
      run.theoretical_ms && `theoretical ${time(run.theoretical_ms)}`,
    ),
    card("memory of the process", maybe(run.memory.peak_rss_bytes, bytes), "resident, at most"),
    energy && card(`energy (${energy.basis})`, joules(energy.joules), "each sample"),
  ];
}

/** The prediction that the plan's choice rests on, then the shortest times. */
function predictedCards(report) {
  if (mainRun(report)) return [];
  const plan = report.plan || {};
  const choice = (plan.configurations || [])[plan.choice];
  const isChosen = (one) =>
    Boolean(choice) && ["device", "dtype", "batch"].every((key) => one[key] === choice[key]);
  const least = (one) => one.predicted_ms ?? one.theoretical_ms ?? Infinity;
  const first = [...report.predictions].sort(
    (a, b) => Number(isChosen(b)) - Number(isChosen(a)) || least(a) - least(b),
  );
  return first.slice(0, 4).map((one) => {
    const shown = one.predicted_ms ?? one.theoretical_ms;
    const what = isKnown(one.predicted_ms) ? "expected" : "bound";
    return card(
      `${what} on ${shorten(one.title || one.device, 40)}`,
      maybe(shown, time),
      stacked(
        timeInterval(shown, one.predicted_ci_ms),
        [one.dtype, one.batch && `batch ${one.batch}`].filter(Boolean).join(", "),
      ),
    );
  });
}

/** Why of several measurements this one is shown. */
function choiceBadge(report) {
  const run = mainRun(report);
  const [mark] = run ? marksOf(report, run) : [];
  if (!mark) return null;
  const [kind, words] = mark;
  return badge(kind, `${settingsOf(report.measurements, run) || `batch ${run.batch}`}: ${words}`);
}

/** What speaks against the measurements: that the machine was busy, that a load proves nothing. */
function warnings(report) {
  const runs = report.measurements;
  const disturbed = runs.filter(disturbance);
  const voids = runs.map((run) => run.scenario && run.scenario.void).filter(Boolean);
  const warning = (kind, what, why) => [badge(kind, what), el("span", { class: "note" }, why)];
  const busy = () => {
    const [what, ...why] = disturbance(disturbed[0]).split(": ");
    const where = runs.length > 1 ? `in ${disturbed.length} of ${many(runs.length, "measurement")}: ` : "";
    return warning("warn", sentence(what), [where, sentence(why.join(": "))]);
  };
  return [
    disturbed.length > 0 && busy(),
    ...voids.map((why) => warning("bad", "proves nothing", sentence(why))),
  ].filter(Boolean);
}

section("headline", "At a glance", (report) => {
  const cards = [
    ...(report.totals ? countedCards(report.totals) : []),
    ...measuredCards(report),
    ...predictedCards(report),
  ].filter(Boolean);
  const judged = report.verdicts.map((one) =>
    badge(verdictKind(one.status), [
      sentence(one.requirement),
      maybe(one.actual, (value) => `: ${verdictText(one, value)}`),
    ]),
  );
  const badges = [...judged, choiceBadge(report), ...warnings(report)].filter(Boolean);
  const bound = Object.entries(report.bindings).map(
    ([symbol, value]) => `${symbol} = ${value}${report.assumed.includes(symbol) ? " (assumed)" : ""}`,
  );
  const open = report.unbound.map((symbol) => `${symbol} is unbound`);
  const dims = [...bound, ...open];
  if (cards.length === 0 && badges.length === 0) return null;
  return [
    el("div", { class: "cards" }, cards),
    badges.length > 0 && el("div", { class: "badges" }, badges),
    dims.length > 0 && el("p", { class: "note" }, sentence(dims.join(", "))),
  ];
});
