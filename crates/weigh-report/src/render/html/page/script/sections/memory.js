// Memory over the steps, what is alive at the peak, and where everything lies in one block.

/** More steps than this are drawn in groups of neighbours, each by the one with the most memory. */
const MOST_STEPS = 1500;

/** The steps to draw. */
function outline(steps) {
  const group = Math.ceil(steps.length / MOST_STEPS);
  const chosen = [];
  for (let first = 0; first < steps.length; first += group) {
    let most = first;
    for (let at = first; at < Math.min(first + group, steps.length); at += 1)
      if ((steps[at] ?? -1) > (steps[most] ?? -1)) most = at;
    chosen.push(most);
  }
  return chosen;
}

/** The axis of steps, counted from 1: a step is as wide as one of its units. */
function stepAxis(palette, steps) {
  return axis(palette, "step", {
    min: 0.5,
    max: steps + 0.5,
    minInterval: 1,
    axisLabel: { showMinLabel: false, showMaxLabel: false },
  });
}

/** Where the chosen step is. */
function stepLine(palette, step) {
  return {
    silent: true,
    symbol: "none",
    label: { show: false },
    lineStyle: { color: palette.series[1], type: "solid" },
    data: [{ xAxis: step + 1 }],
  };
}

function stepsChart(memory, symbols, peak, most, state, select) {
  const steps = memory.steps.map((step) => numberAt(step.live_bytes, symbols));
  const work = memory.steps.map((step) => numberAt(step.workspace_bytes, symbols));
  const scale = most >= 2 ** 30 ? [2 ** 30, "GiB"] : most >= 2 ** 20 ? [2 ** 20, "MiB"] : [1024, "KiB"];
  const drawn = outline(steps);
  const inUnits = (value) => (value === null ? null : value / scale[0]);
  const worked = work.some((value) => value > 0);
  const place = chart(
    "memory",
    `Activations alive over ${steps.length} steps; the peak is ${bytes(most)} in step ${peak + 1}`,
    (palette) => ({
      legend: worked ? legend(palette) : undefined,
      grid: room(44, 24),
      xAxis: stepAxis(palette, steps.length),
      yAxis: axis(palette, scale[1], { nameGap: 46 }),
      dataZoom: [{ type: "inside", filterMode: "none", zoomOnMouseWheel: "ctrl" }],
      tooltip: {
        ...tooltipLooks(palette),
        trigger: "axis",
        axisPointer: { type: "line", lineStyle: { color: palette.dim } },
        formatter: (points) => {
          const step = points[0].data[0] - 1;
          return tip(memory.steps[step].node, [
            ["step", `${step + 1} of ${steps.length}`],
            ["alive", maybe(steps[step], bytes)],
            ["in place", count(memory.steps[step].in_place_bytes, bytes)],
            ["workspace", maybe(work[step], bytes)],
          ]);
        },
      },
      series: [
        {
          name: "activations",
          type: "line",
          step: "middle",
          symbol: "none",
          areaStyle: { opacity: 0.35 },
          lineStyle: { width: 1.5 },
          data: drawn.map((step) => [step + 1, inUnits(steps[step])]),
          markPoint: {
            symbol: "circle",
            symbolSize: 8,
            itemStyle: { color: palette.bad },
            label: {
              formatter: "peak",
              position: peak < steps.length / 10 ? "right" : "top",
              color: palette.ink,
            },
            data: [{ coord: [peak + 1, inUnits(most)] }],
          },
          markLine: stepLine(palette, state.step),
        },
        ...(worked
          ? [
              {
                name: "with workspace",
                type: "line",
                step: "middle",
                symbol: "none",
                lineStyle: { width: 1, type: "dotted" },
                data: drawn.map((step) => [
                  step + 1,
                  steps[step] === null || work[step] === null ? null : inUnits(steps[step] + work[step]),
                ]),
              },
            ]
          : []),
      ],
    }),
    { height: 320 },
  );
  place.addEventListener("click", (event) => {
    const [at] =
      charts.get("memory").convertFromPixel({ gridIndex: 0 }, [event.offsetX, event.offsetY]) || [];
    const step = Math.round(at) - 1;
    if (step >= 0 && step < steps.length) select(step);
  });
  return figure(
    "Over the steps",
    place,
    "Activations alive while each node runs, in the order of the file. A click chooses a step, as the field below does.",
  );
}

const isAlive = (placement, step) => placement.first <= step && step <= placement.last;

function aliveTable(memory, at) {
  const placements = (memory.arena || { placements: [] }).placements;
  const alive = placements
    .filter((one) => isAlive(one, at) && one.bytes > 0)
    .sort((a, b) => b.bytes - a.bytes);
  if (alive.length === 0) return null;
  const rows = alive
    .slice(0, 12)
    .map((one) => [
      named(one.tensor || "(in the bodies of the node)", 50),
      bytes(one.bytes),
      `${one.first + 1} to ${one.last + 1}`,
    ]);
  const rest = alive.slice(12);
  return [
    table(`tensors alive in step ${at + 1}`, ["tensor", ">bytes", ">steps"], rows),
    rest.length > 0 &&
      el(
        "p",
        { class: "note" },
        `and ${rest.length} more, ${bytes(rest.reduce((sum, one) => sum + one.bytes, 0))}`,
      ),
  ];
}

function arenaChart(memory, state) {
  const { arena } = memory;
  if (!arena || arena.placements.length === 0) return null;
  const placed = arena.placements.filter((one) => one.bytes > 0);
  const steps = memory.steps.length;
  const scale = arena.bytes >= 2 ** 20 ? [2 ** 20, "MiB"] : [1024, "KiB"];
  const place = chart(
    "arena",
    `A block of ${bytes(arena.bytes)} that holds ${many(placed.length, "tensor")}`,
    (palette) => ({
      grid: room(16, 24),
      xAxis: stepAxis(palette, steps),
      yAxis: axis(palette, `offset (${scale[1]})`, {
        min: 0,
        max: arena.bytes / scale[0],
        axisLabel: { formatter: (value) => significant(value, 3) },
      }),
      tooltip: {
        ...tooltipLooks(palette),
        formatter: ({ dataIndex }) => {
          const one = placed[dataIndex];
          return tip(one.tensor || "(in the bodies of the node)", [
            ["size", bytes(one.bytes)],
            ["offset", bytes(one.offset)],
            ["alive", `steps ${one.first + 1} to ${one.last + 1}`],
          ]);
        },
      },
      series: [
        {
          type: "custom",
          progressive: 0,
          encode: { x: [0, 1], y: [2, 3] },
          clip: true,
          data: placed.map((one) => [
            one.first + 0.5,
            one.last + 1.5,
            one.offset / scale[0],
            (one.offset + one.bytes) / scale[0],
          ]),
          markLine: stepLine(palette, state.step),
          renderItem: (params, api) => {
            const [x, y2] = api.coord([api.value(0), api.value(2)]);
            const [x2, y] = api.coord([api.value(1), api.value(3)]);
            const width = Math.max(1, x2 - x);
            return {
              type: "rect",
              shape: { x, y, width, height: Math.max(1, y2 - y) },
              style: {
                fill: palette.series[isAlive(placed[params.dataIndex], state.step) ? 1 : 0],
                opacity: 0.75,
                stroke: palette.panel,
                lineWidth: width > 3 ? 0.5 : 0,
              },
            };
          },
        },
      ],
    }),
    { height: 320, marks: placed.length },
  );
  return figure(
    "One block for all activations",
    place,
    `Planned ${arena.strategy.replaceAll("_", " ")}; no two live tensors overlap. Orange ones are alive in the chosen step.`,
  );
}

section("memory", "Memory", (report) => {
  const { memory } = report;
  if (!memory) return null;
  const symbols = symbolsOf(report);
  const alive = memory.steps.map((step) => numberAt(step.live_bytes, symbols) ?? -1);
  const peak = alive.reduce((best, value, step) => (value > alive[best] ? step : best), 0);
  if (!(alive[peak] > 0)) return null;
  const totals = report.totals || {};
  const activations = totals.activations || {};
  const extent = (one) => one && count(one.bytes, bytes);
  const state = { step: peak };
  const tensors = el("div");
  const heading = el("h3", { "aria-live": "polite" });
  const field = el("input", {
    id: "memory-step",
    type: "number",
    min: 1,
    max: alive.length,
    input: () => {
      if (alive[field.valueAsNumber - 1] !== undefined) show(field.valueAsNumber - 1);
    },
  });
  const show = (step) => {
    const { node, live_bytes, in_place_bytes, workspace_bytes } = memory.steps[step];
    state.step = step;
    heading.replaceChildren(`Step ${step + 1}${step === peak ? ", the peak" : ""}: `, named(node, 50));
    const bytesOf = (value) => maybe(value, (known) => count(known, bytes));
    const known = facts([
      ["alive", bytesOf(live_bytes)],
      ["in place", bytesOf(in_place_bytes)],
      ["workspace of the node", bytesOf(workspace_bytes)],
    ]);
    tensors.replaceChildren(...[known, aliveTable(memory, step)].flat().filter(Boolean));
    redraw("memory");
    redraw("arena");
  };
  const select = (step) => {
    field.value = step + 1;
    show(step);
  };
  select(peak);
  return [
    facts([
      [term("total", "activations"), extent(activations.total)],
      ["peak", extent(activations.peak)],
      [term("peak in place", "in_place"), extent(activations.in_place_peak)],
      [
        term("best-order peak", "activations.best_order"),
        activations.best_order_peak &&
          `${extent(activations.best_order_peak)} (${activations.best_order}${activations.best_order_is_optimal ? ", none is better" : ""})`,
      ],
      ["arena", maybe(activations.arena_bytes, (value) => count(value, bytes))],
      [
        term("workspace (modelled)", "workspace"),
        maybe(totals.workspace_bytes, (value) => count(value, bytes)),
      ],
      [term("weights", "weight_bytes"), maybe(totals.weight_bytes, (value) => count(value, bytes))],
      ["needs", maybe(totals.device_bytes, (value) => count(value, bytes))],
    ]),
    el(
      "div",
      { class: "pair" },
      stepsChart(memory, symbols, peak, alive[peak], state, select),
      arenaChart(memory, state),
    ),
    nominalNote(report),
    el("div", { class: "controls" }, el("label", { class: "field" }, el("span", null, "Step"), field)),
    heading,
    tensors,
  ];
});
