// Every layer: sorted, searched, filtered, and opened for the rest that is known of it.

const shapeText = (shape) =>
  shape ? `[${shape.map((extent) => (isKnown(extent) ? count(extent, String) : "?")).join(", ")}]` : "?";

const counted = (key, title, show = si) => ({
  key,
  title,
  bar: true,
  value: (row) => numberAt(row[key], row.symbols),
  show: (row) => (isKnown(row[key]) ? count(row[key], show) : "?"),
});

const LAYER_COLUMNS = [
  { key: "name", title: "layer", text: true, value: (row) => row.name, show: (row) => named(row.name, 48) },
  { key: "index", title: "#", value: (row) => row.index, show: (row) => String(row.index + 1) },
  {
    key: "op",
    title: "operator",
    text: true,
    value: (row) => `${row.op} ${row.detail}`,
    show: (row) => [shorten(row.op, 40), " ", el("span", { class: "note" }, shorten(row.detail, 60))],
  },
  {
    key: "shape",
    title: "output",
    text: true,
    side: "shape",
    value: (row) => row.output_shapes.map(shapeText).join(" ") || null,
    show: (row) => shorten(row.output_shapes.map(shapeText).join(" "), 40),
  },
  {
    key: "time",
    title: "time",
    bar: true,
    value: (row) => row.time,
    show: (row) =>
      isKnown(row.time)
        ? [time(row.time), row.covers && " *"]
        : row.within
          ? el("span", { class: "note" }, "fused")
          : "",
  },
  {
    key: "predicted",
    title: "expected",
    bar: true,
    value: (row) => row.predicted,
    show: (row) => maybe(row.predicted, time) || "",
  },
  { key: "bound", title: "bound by", text: true, value: (row) => row.bound, show: (row) => row.bound || "" },
  counted("macs", "MACs"),
  counted("parameters", "parameters"),
  counted("other_ops", "other ops"),
  counted("bytes_moved", "bytes moved", bytes),
  counted("live_bytes", "alive", bytes),
];

/** Why a layer's time is bounded by what it is. */
function boundWords(row, ceilings) {
  const layer = row.predictedLayer;
  if (!layer || !layer.bound) return null;
  const words = { compute: "arithmetic", memory: "memory bandwidth", overhead: "starting it" };
  const ridge = ceilings && ceilings.flops_per_s / ceilings.bandwidths[0].bytes_per_s;
  const parts = [
    isKnown(layer.intensity) &&
      `${significant(layer.intensity, 3)} FLOP/B${ridge ? ` against a ridge of ${significant(ridge, 3)}` : ""}`,
    isKnown(layer.theoretical_ms) && `arithmetic alone ${time(layer.theoretical_ms)}`,
    isKnown(layer.roofline_ms) && `arithmetic or memory at best ${time(layer.roofline_ms)}`,
    isKnown(layer.start_ms) && `starting it ${time(layer.start_ms)}`,
    layer.average && "kernels of this kind were not timed: an average stands in",
  ].filter(Boolean);
  return `${words[layer.bound]}: ${parts.join("; ")}`;
}

/** Bytes with a prefix, and exactly. */
const exactBytes = (value) => (number(value) >= 1024 ? `${bytes(value)} (${value} B)` : count(value, bytes));

function layerDetails(row, ceilings) {
  const measured = row.measured || {};
  const names = (list) =>
    list.length === 0
      ? null
      : list
          .filter(Boolean)
          .slice(0, 12)
          .map((name, at) => [at > 0 && ", ", named(name, 60)]);
  const moved = numberAt(row.bytes_moved, row.symbols);
  const macs = numberAt(row.macs, row.symbols);
  return facts([
    ["name", named(row.name, 400)],
    ["operator", sentence(`${row.op} ${row.detail}`)],
    ["module", row.scope && named(row.scope, 120)],
    ["reads", names(row.inputs)],
    ["writes", names(row.outputs)],
    ["output shapes", sentence(row.output_shapes.map(shapeText).join(" "))],
    ["parameters", maybe(row.parameters, (value) => count(value, String))],
    ["MACs", maybe(row.macs, (value) => count(value, String))],
    ["MACs as a formula", row.macs_formula && el("code", null, shorten(row.macs_formula, 400))],
    ["FLOPs", maybe(row.flops, (value) => count(value, String))],
    ["other operations", maybe(row.other_ops, (value) => count(value, String))],
    ["bytes moved", maybe(row.bytes_moved, exactBytes)],
    ["alive while it runs", maybe(row.live_bytes, exactBytes)],
    ["intensity", moved > 0 && macs !== null ? `${significant((2 * macs) / moved, 3)} FLOP/B` : null],
    ["not priced", row.unpriced && sentence(row.unpriced)],
    [
      "measured",
      isKnown(row.time)
        ? `${time(row.time)}${isKnown(measured.share) ? `, ${percent(measured.share)}` : ""}`
        : row.within && ["inside the time of ", named(row.within, 60)],
    ],
    ["stands for", row.covers && names(row.covers)],
    [
      "reaches",
      maybe(
        measured.gflops_per_s,
        (value) =>
          `${flopsPerSecond(value * 1e9)}${isKnown(measured.gbytes_per_s) ? `, ${bytesPerSecond(measured.gbytes_per_s * 1e9)}` : ""}`,
      ),
    ],
    ["expected", maybe(row.predicted, time)],
    ["bound by", maybe(boundWords(row, ceilings), sentence)],
    ["why it takes longer", row.why.length > 0 ? row.why.map((why) => el("div", null, sentence(why))) : null],
  ]);
}

/** What of a row is searched. */
function searched(row) {
  row.searched ??=
    `${row.name}\n${row.op} ${row.detail}\n${row.scope}\n${row.output_shapes.map(shapeText).join(" ")}`.toLowerCase();
  return row.searched;
}

section("layers", "Layers", (report) => {
  const rows = layerRows(report);
  if (rows.length === 0) return null;
  const columns = LAYER_COLUMNS.filter(
    ({ key, value }) => key === "name" || rows.some((row) => isKnown(value(row))),
  );
  const prediction = report.predictions.find((one) => one.ceilings);
  const ceilings =
    (prediction || {}).ceilings || report.measurements.map((run) => (run.gap || {}).ceilings).find(Boolean);
  const list = sortable("layers-table", "layers", columns, rows, (row) => layerDetails(row, ceilings));
  const ops = [...new Set(rows.map((row) => row.op))].sort();
  const amount = el("output", { id: "layers-count", class: "note" });
  const search = el("input", {
    id: "layers-search",
    type: "search",
    placeholder: "name, module, shape",
    autocomplete: "off",
    input: () => filter(),
  });
  const op = el(
    "select",
    { id: "layers-op", change: () => filter() },
    el("option", { value: "" }, "all operators"),
    ops.map((name) => el("option", { value: name }, shorten(name, 60))),
  );
  function filter() {
    const wanted = search.value.trim().toLowerCase();
    const found = rows.filter(
      (row) => (!op.value || row.op === op.value) && (!wanted || searched(row).includes(wanted)),
    );
    amount.textContent =
      found.length === rows.length
        ? many(rows.length, "layer")
        : `${found.length} of ${many(rows.length, "layer")}`;
    list.shown(found);
  }
  filter();
  return [
    el(
      "div",
      { class: "controls" },
      el("label", { class: "field" }, el("span", null, "Search"), search),
      el("label", { class: "field" }, el("span", null, "Operator"), op),
      amount,
    ),
    list.element,
    rows.some((row) => row.covers) &&
      el(
        "p",
        { class: "note" },
        "* the time of several layers that the engine fused into one kernel: how much of it each takes is not known.",
      ),
  ];
});
