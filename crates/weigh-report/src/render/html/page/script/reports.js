// The reports: read from the page, and what several sections ask of them.

async function readReports() {
  const element = document.getElementById("weigh-reports");
  const text = element.textContent;
  if (element.dataset.encoding !== "gzip") return JSON.parse(text);
  const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

/** The number of a count; null where it is a formula, invalid or unknown. */
function number(count) {
  return typeof count === "number" && Number.isFinite(count) ? count : null;
}

const isKnown = (value) => value !== null && value !== undefined;

/** Counts that are formulas are compared and drawn at this value of symbols that are not bound. */
const NOMINAL = 128;

/** What the symbols of a report stand for where formulas are worked out. */
function symbolsOf(report) {
  return { ...Object.fromEntries(report.unbound.map((symbol) => [symbol, NOMINAL])), ...report.bindings };
}

/** The number of a count, of a formula at these values of its symbols; null where it is invalid or unknown. */
function numberAt(value, symbols) {
  if (typeof value !== "string") return number(value);
  const formula = compile(value);
  const found = formula ? formula(symbols) : NaN;
  return Number.isFinite(found) ? found : null;
}

/** A formula with raised exponents and dots for products. */
function typeset(formula) {
  return formula
    .replace(/\*\*(\d)(?!\d)/g, (whole, power) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[power])
    .replace(/(?<!\*)\*(?!\*)/g, "·");
}

/** A formula as people read it: large numbers with few digits. The exact one stands under Scaling. */
function pretty(formula, unit) {
  const text = typeset(
    shorten(formula, 240).replace(/(?<![\w.])\d{5,}/g, (digits) => si(Number(digits)).replace(" ", "\u00a0")),
  );
  return unit && / [+-] /.test(text) ? `(${text})${unit}` : text + unit;
}

/** A count as people read it: `4.089 G`, a formula, `?`. */
function count(value, show = si) {
  if (typeof value === "number") return show(value);
  if (typeof value === "string") return pretty(value, show === bytes ? " bytes" : "");
  return value && value.invalid ? `? (${value.invalid})` : "?";
}

/** A value by a function, or nothing where it is unknown. */
const maybe = (value, show) => (isKnown(value) ? show(value) : null);

/** What a report is about, in a word. */
function modelName(report) {
  const { series = [] } = report.history || {};
  return (
    (report.model || {}).name ||
    (report.comparisons[0] || {}).b ||
    (series.length === 1 && series[0].model) ||
    (report.history && "history") ||
    (report.plan && "plan") ||
    (report.devices.length > 0 && "devices") ||
    "report"
  );
}

/** The stage that stands for one item in a measurement: all together, or inference alone. */
const itemOf = (run) => run.stages.total || run.stages.inference;

/** What a user waits for: under load from the arrival, waiting included. */
const latencyOf = (run) => (run.scenario && run.scenario.latency) || itemOf(run);

/** What tells measurements apart: only the settings that differ. */
const SETTINGS = [
  ["engine", (run) => [run.engine.name, run.engine.version].filter(Boolean).join(" ")],
  ["provider", (run) => run.provider],
  ["opt", (run) => run.optimization],
  ["threads", (run) => run.threads],
  ["streams", (run) => run.streams],
  ["batch", (run) => run.batch],
  ["scenario", (run) => run.scenario && run.scenario.name],
];

function settingsOf(runs, run, except = []) {
  const differ = SETTINGS.filter(
    ([name, of]) => !except.includes(name) && runs.some((other) => of(other) !== of(run)),
  );
  return differ
    .map(([name, of]) => (name === "engine" ? of(run) : `${name} ${isKnown(of(run)) ? of(run) : "?"}`))
    .join(", ");
}

const hasTimes = (run) => Boolean(latencyOf(run) && isKnown(latencyOf(run).p50_ms));

/** Whether anything of a measurement's latency is known: too few samples leave no median. */
const wasTimed = (run) =>
  Boolean(latencyOf(run) && (isKnown(latencyOf(run).p50_ms) || isKnown(latencyOf(run).min_ms)));

/** What disturbed a measurement; nothing where the machine was quiet. */
function disturbance(run) {
  const { verdict } = run.noise || {};
  return verdict && verdict !== "quiet" ? verdict : null;
}

/** The measurement that headlines are about: the best under a requirement, the sweet spot, or the first that worked. */
function mainRun(report) {
  const sweep = report.sweep || {};
  const wanted = [(sweep.slo || {}).best, sweep.sweet_spot]
    .filter(isKnown)
    .map((at) => report.measurements[at]);
  return [...wanted, ...report.measurements].find((run) => run && hasTimes(run)) || null;
}

const rowsOf = new WeakMap();

/** The layers of a report with what was measured and predicted of each, in the order of execution. */
function layerRows(report) {
  if (!rowsOf.has(report)) rowsOf.set(report, joinedRows(report));
  return rowsOf.get(report);
}

function joinedRows(report) {
  const symbols = symbolsOf(report);
  const rows = report.layers.map((layer, index) => ({
    ...layer,
    symbols,
    index,
    time: null,
    within: null,
    predicted: null,
    bound: null,
    why: [],
  }));
  const byName = new Map();
  rows.forEach((row) => {
    if (!byName.has(row.name)) byName.set(row.name, row);
  });
  const run = report.measurements.find((one) => one.layers.length > 0);
  if (run) addMeasured(rows, byName, run);
  const prediction = report.predictions.find((one) => one.layers.length > 0);
  if (prediction) addPredicted(byName, prediction);
  const gap = report.measurements.map((one) => one.gap).find(Boolean);
  if (gap) {
    for (const part of gap.parts) {
      for (const layer of part.layers) {
        const row = byName.get(layer.name);
        if (row) row.why.push(`${part.what}: ${time(layer.ms)}, ${layer.why}`);
      }
    }
  }
  return rows;
}

/** A row of which nothing is known. */
const NO_LAYER = {
  symbols: {},
  scope: "",
  output_shapes: [],
  inputs: [],
  outputs: [],
  parameters: null,
  flops: null,
  other_ops: null,
  live_bytes: null,
  time: null,
  within: null,
  predicted: null,
  bound: null,
};

/** Measured times go to layers that ran alone; those of fused ones stay the group's, at the layer with the most MACs. */
function addMeasured(rows, byName, run) {
  for (const measured of run.layers) {
    const names = measured.layers.length > 0 ? measured.layers : [measured.name];
    const members = names.map((name) => byName.get(name)).filter(Boolean);
    if (members.length === 0) {
      const row = {
        ...NO_LAYER,
        index: rows.length,
        name: measured.name,
        op: measured.op,
        macs: measured.macs,
        bytes_moved: measured.bytes_moved,
        detail: measured.added ? "put in by the engine" : "",
        why: [],
      };
      rows.push(row);
      members.push(row);
    }
    const weight = (row) => numberAt(row.macs, row.symbols) || 0;
    const main = members.reduce((best, row) => (weight(row) > weight(best) ? row : best));
    if (isKnown(measured.mean_ms)) main.time = (main.time || 0) + measured.mean_ms;
    main.measured = measured;
    main.covers = names.length > 1 ? names : null;
    members
      .filter((row) => row !== main)
      .forEach((row) => {
        row.within = main.name;
      });
  }
}

function addPredicted(byName, prediction) {
  for (const layer of prediction.layers) {
    const row = byName.get(layer.name);
    if (!row || !isKnown(layer.predicted_ms)) continue;
    row.predicted = (row.predicted || 0) + layer.predicted_ms;
    if (!row.predictedLayer || layer.predicted_ms > row.predictedLayer.predicted_ms) {
      row.predictedLayer = layer;
      row.bound = layer.bound;
    }
  }
}
