// The module tree by parameters, arithmetic, time: areas or rings, to walk into.

const WEIGHTS = [
  ["macs", "MACs", (row) => numberAt(row.macs, row.symbols), si],
  ["parameters", "parameters", (row) => numberAt(row.parameters, row.symbols), si],
  ["time", "time", (row) => row.time, time],
  ["expected", "expected time", (row) => row.predicted, time],
  ["output", "bytes moved", (row) => numberAt(row.bytes_moved, row.symbols), bytes],
];

/** The tree of modules with layers as leaves; each has the sum of what is beneath it. */
function moduleTree(rows, weigh) {
  const root = { name: "", children: new Map(), value: 0 };
  for (const row of rows) {
    const weight = weigh(row);
    if (!(weight > 0)) continue;
    let at = root;
    at.value += weight;
    for (const part of row.scope ? row.scope.split("/") : []) {
      if (!at.children.has(part)) at.children.set(part, { name: part, children: new Map(), value: 0 });
      at = at.children.get(part);
      at.value += weight;
    }
    const leaf =
      row.scope && row.name.startsWith(`${row.scope}/`) ? row.name.slice(row.scope.length + 1) : row.name;
    at.children.set(`layer ${row.index}`, { name: leaf, op: row.op, children: new Map(), value: weight });
  }
  return root;
}

/** What is a smaller part of the whole than this is drawn together with its like. */
const SMALLEST = 0.0004;

function asNodes(tree, path, whole) {
  const children = [...tree.children.values()];
  const isSmall = (child) => child.value < SMALLEST * whole;
  const small = children.filter(isSmall);
  const nodes = children
    .filter((child) => !isSmall(child) || small.length === 1)
    .map((child) => {
      const full = path ? `${path}/${child.name}` : child.name;
      const inside = asNodes(child, full, whole);
      return {
        name: shorten(child.name, 40),
        path: full,
        op: child.op,
        value: child.value,
        ...(inside.length > 0 ? { children: inside } : {}),
      };
    });
  if (small.length > 1) {
    const name = `${small.length} smaller ones`;
    nodes.push({
      name,
      path: path ? `${path}: ${name}` : name,
      value: small.reduce((sum, child) => sum + child.value, 0),
    });
  }
  return nodes;
}

section("modules", "Modules", (report) => {
  const rows = layerRows(report);
  const usable = WEIGHTS.filter(([, , weigh]) => rows.some((row) => weigh(row) > 0));
  if (usable.length === 0) return null;
  const state = { weight: usable[0], kind: "treemap" };
  const option = (palette) => {
    const [, name, weigh, show] = state.weight;
    const tree = moduleTree(rows, weigh);
    const data = asNodes(tree, "", tree.value);
    const readable = {
      color: palette.ink,
      textBorderColor: palette.panel,
      textBorderWidth: 2.5,
      fontSize: 11,
    };
    const tooltip = {
      ...tooltipLooks(palette),
      formatter: ({ data: node }) =>
        node && node.path
          ? tip(node.path, [
              ["operator", node.op],
              [name, show(node.value)],
              ["share", percent(node.value / tree.value)],
            ])
          : "",
    };
    if (state.kind === "sunburst") {
      return {
        tooltip,
        series: [
          {
            type: "sunburst",
            data,
            radius: ["12%", "96%"],
            sort: "desc",
            nodeClick: "rootToNode",
            itemStyle: { borderColor: palette.panel, borderWidth: 1 },
            label: { minAngle: 8, ...readable, overflow: "truncate", width: 70 },
            levels: [],
          },
        ],
      };
    }
    return {
      tooltip,
      series: [
        {
          type: "treemap",
          data,
          name: "model",
          leafDepth: 3,
          roam: false,
          width: "100%",
          top: 4,
          bottom: 34,
          left: 0,
          right: 0,
          nodeClick: "zoomToNode",
          breadcrumb: {
            bottom: 2,
            itemStyle: { color: palette.line, borderColor: palette.panel, textStyle: { color: palette.ink } },
          },
          label: { ...readable, overflow: "truncate" },
          upperLabel: { show: true, height: 18, color: palette.ink, fontSize: 11, overflow: "truncate" },
          itemStyle: { borderColor: palette.panel, borderWidth: 1, gapWidth: 1 },
          levels: [
            { itemStyle: { borderWidth: 0, gapWidth: 3 }, upperLabel: { show: false } },
            { itemStyle: { borderColor: palette.line, borderWidth: 2, gapWidth: 2 } },
            {
              itemStyle: { borderColor: palette.line, borderWidth: 1, gapWidth: 1 },
              colorSaturation: [0.35, 0.6],
            },
            { colorSaturation: [0.3, 0.55] },
          ],
        },
      ],
    };
  };
  const place = chart(
    "modules",
    `Where the ${state.weight[1]} of ${many(rows.length, "layer")} are`,
    option,
    { height: 440, marks: rows.length },
  );
  const kinds = switcher(
    "Picture",
    [
      ["treemap", "Areas"],
      ["sunburst", "Rings"],
    ],
    state.kind,
    (kind) => {
      state.kind = kind;
      redraw("modules");
    },
  );
  const weights = switcher(
    "Weigh by",
    usable.map(([key, name]) => [key, name]),
    state.weight[0],
    (key) => {
      state.weight = usable.find(([one]) => one === key);
      place.setAttribute("aria-label", `Where the ${state.weight[1]} of ${many(rows.length, "layer")} are`);
      redraw("modules");
    },
  );
  const depth = report.modules.filter((module) => module.depth === 1);
  const least = (module) => (module.unpriced > 0 ? "≥ " : "");
  return [
    el("div", { class: "controls" }, weights, kinds),
    place,
    nominalNote(report),
    depth.length > 0 &&
      el(
        "details",
        null,
        el("summary", null, `${many(depth.length, "module")} at the top as a table`),
        table(
          "modules at the top",
          ["module", ">layers", ">parameters", ">MACs", ">other operations", ">outputs"],
          depth.map((module) => [
            named(module.path, 50),
            String(module.layers),
            maybe(module.parameters, (value) => count(value)) || "?",
            maybe(module.macs, (value) => least(module) + count(value)) || "?",
            maybe(module.other_ops, (value) => least(module) + count(value)) || "?",
            maybe(module.output_bytes, (value) => count(value, bytes)) || "?",
          ]),
        ),
      ),
  ];
});
