// The module tree by parameters, arithmetic, time: areas or rings, to walk into.

const WEIGHTS = [
  ["macs", "MACs", (row) => numberAt(row.macs, row.symbols), si],
  ["parameters", "parameters", (row) => numberAt(row.parameters, row.symbols), si],
  ["time", "time", (row) => row.time, time],
  ["expected", "expected time", (row) => row.predicted, time],
  ["output", "bytes moved", (row) => numberAt(row.bytes_moved, row.symbols), bytes],
];

/** Modules deeper than this are one with that which they are in: no model nests so, and a tree is walked by recursion. */
const DEEPEST = 64;

/** The tree of modules with layers as leaves; each has the sum of what is beneath it. */
function moduleTree(rows, weigh) {
  const made = (name, path, op) => ({ name, path, op, value: 0, parts: new Map() });
  const root = made("", "");
  for (const row of rows) {
    const weight = weigh(row);
    if (!(weight > 0)) continue;
    let at = root;
    at.value += weight;
    for (const part of row.scope ? row.scope.split("/", DEEPEST) : []) {
      if (!at.parts.has(part)) at.parts.set(part, made(part, at.path ? `${at.path}/${part}` : part));
      at = at.parts.get(part);
      at.value += weight;
    }
    const name =
      row.scope && row.name.startsWith(`${row.scope}/`) ? row.name.slice(row.scope.length + 1) : row.name;
    const leaf = made(name, at.path ? `${at.path}/${name}` : name, row.op);
    leaf.value = weight;
    at.parts.set(`layer ${row.index}`, leaf);
  }
  return gathered(root, null);
}

/** The tree with lists of parts and ways back, in which a module of a single part is one with it: `encoder/layer`. */
function gathered(node, parent) {
  const [only] = node.parts.size === 1 ? node.parts.values() : [];
  if (only && parent) return gathered({ ...only, name: `${node.name}/${only.name}` }, parent);
  if (only && only.parts.size > 0) return gathered(only, null);
  const one = { ...node, parent };
  one.parts = [...node.parts.values()].map((part) => gathered(part, one));
  return one;
}

const isModule = (node) => node.parts.length > 0;

/** The modules of a tree by their own paths and those of their layers. */
function modulesIn(tree, found = new Map()) {
  const inner = tree.parts.filter(isModule);
  tree.parts.forEach((part) => found.set(part.path, tree));
  inner.forEach((part) => found.set(part.path, part));
  inner.forEach((part) => modulesIn(part, found));
  return found;
}

/** A part that is more of a whole than this is nearly all of it: its own parts are told apart by colours, not it. */
const NEARLY_ALL = 0.8;

/** The colour of each part of the tree that is told apart from others; all beneath it have the same. */
function paints(tree, palette) {
  const main = tree.parts.find((part) => isModule(part) && part.value > NEARLY_ALL * tree.value);
  const found = main ? paints(main, palette) : new Map();
  tree.parts
    .filter((part) => part !== main)
    .forEach((part) => found.set(part, palette.series[found.size % 8]));
  return found;
}

/** What is a smaller part of the whole than this is drawn together with its like. */
const SMALLEST = 0.0004;

function asNodes(tree, whole, colours, inherited) {
  const isSmall = (part) => part.value < SMALLEST * whole;
  const small = tree.parts.filter(isSmall);
  const nodes = tree.parts
    .filter((part) => !isSmall(part) || small.length === 1)
    .map((part) => {
      const color = colours.get(part) || inherited;
      return {
        name: shorten(part.name, 40),
        path: part.path,
        op: part.op,
        value: part.value,
        itemStyle: { color },
        children: part.parts.every(isSmall) ? [] : asNodes(part, whole, colours, color),
      };
    });
  if (small.length > 1) {
    const name = `${small.length} smaller ones`;
    nodes.push({
      name,
      path: tree.path ? `${tree.path}: ${name}` : name,
      value: small.reduce((sum, part) => sum + part.value, 0),
      itemStyle: { color: inherited },
    });
  }
  return nodes;
}

/** Text that is narrower than this, in pixels, is an ellipsis and little else. */
const NARROWEST = 36;

/** A way through the modules: buttons back to those around the open one, a list of those in it. */
function moduleWay(open, go) {
  const trail = [];
  for (let node = open; node; node = node.parent) trail.unshift(node);
  const inside = open.parts.filter(isModule).sort((a, b) => b.value - a.value);
  const steps = trail.map((node) =>
    el(
      "button",
      { type: "button", "aria-current": node === open ? "true" : null, click: () => go(node) },
      node.parent ? named(node.name, 30) : "all modules",
    ),
  );
  const into =
    inside.length > 0 &&
    choice(
      "Open a module",
      [
        ["", "choose"],
        ...inside.map((node) => [node.path, `${node.name}, ${percent(node.value / open.value)}`]),
      ],
      "",
      (path) => go(inside.find((node) => node.path === path)),
    );
  const crumbs = el("div", { class: "crumbs", role: "group", "aria-label": "Open modules" }, steps);
  return [trail.length > 1 && crumbs, into].filter(Boolean);
}

section("modules", "Modules", (report) => {
  const rows = layerRows(report);
  const usable = WEIGHTS.filter(([, , weigh]) => rows.some((row) => weigh(row) > 0));
  if (usable.length === 0) return null;
  const state = { kind: "treemap" };
  const weighBy = (weight) => {
    state.weight = weight;
    state.open = moduleTree(rows, weight[2]);
    state.modules = modulesIn(state.open);
  };
  weighBy(usable[0]);
  const option = (palette) => {
    const [, name, , show] = state.weight;
    const { open } = state;
    const data = asNodes(open, open.value, paints(open, palette), palette.series[0]);
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
              ["share", percent(node.value / open.value)],
            ])
          : "",
    };
    if (state.kind === "sunburst") {
      return {
        tooltip,
        series: [
          {
            type: "sunburst",
            animation: false,
            data,
            radius: ["12%", "96%"],
            sort: "desc",
            nodeClick: false,
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
          // Labels would fade in, and be missing on paper.
          animation: false,
          data,
          name: "model",
          roam: false,
          width: "100%",
          top: 0,
          bottom: 0,
          left: 0,
          right: 0,
          nodeClick: false,
          visibleMin: 24,
          childrenVisibleMin: 2400,
          breadcrumb: { show: false },
          label: { ...readable, overflow: "truncate", lineOverflow: "truncate", padding: [2, 3] },
          labelLayout: ({ rect }) => (rect.width < NARROWEST ? { x: -rect.width } : {}),
          upperLabel: { show: true, height: 18, color: palette.ink, fontSize: 11, overflow: "truncate" },
          itemStyle: { borderColor: palette.line, borderWidth: 1, gapWidth: 1 },
          levels: [{ itemStyle: { borderWidth: 0, gapWidth: 3 }, upperLabel: { show: false } }],
        },
      ],
    };
  };
  const about = () => `Where the ${state.weight[1]} of ${many(rows.length, "layer")} are`;
  const place = chart("modules", about(), option, {
    height: 440,
    marks: rows.length,
    press: ({ data }) => {
      const pressed = data && state.modules.get(data.path);
      if (pressed && pressed !== state.open) go(pressed);
    },
  });
  const way = el("div", { class: "controls" });
  const showWay = () => {
    const isFocused = way.contains(document.activeElement);
    way.replaceChildren(...moduleWay(state.open, go));
    if (isFocused) way.querySelector("[aria-current], select").focus();
  };
  const go = (node) => {
    state.open = node;
    showWay();
    redraw("modules");
  };
  showWay();
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
      weighBy(usable.find(([one]) => one === key));
      place.setAttribute("aria-label", about());
      go(state.open);
    },
  );
  const depth = report.modules.filter((module) => module.depth === 1);
  const least = (module) => (module.unpriced > 0 ? "≥ " : "");
  return [
    el("div", { class: "controls" }, weights, kinds),
    way,
    place,
    el(
      "p",
      { class: "note" },
      "Areas of one colour that touch belong to one module. A click opens a module, as the list above does.",
    ),
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
