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

function stepsChart(memory, symbols, at, most, select) {
  const steps = memory.steps.map((step) => numberAt(step.live_bytes, symbols));
  const work = memory.steps.map((step) => numberAt(step.workspace_bytes, symbols));
  const scale = most >= 2 ** 30 ? [2 ** 30, "GiB"] : most >= 2 ** 20 ? [2 ** 20, "MiB"] : [1024, "KiB"];
  const drawn = outline(steps);
  const inUnits = (value) => (value === null ? null : value / scale[0]);
  const place = chart(
    "memory",
    `Activations alive over ${steps.length} steps; the peak is ${bytes(most)} in step ${at + 1}`,
    (palette) => ({
      legend: legend(palette),
      grid: room(40, 24),
      xAxis: axis(palette, "step", { min: 0, max: steps.length - 1 || 1, minInterval: 1 }),
      yAxis: axis(palette, scale[1], { nameGap: 46 }),
      dataZoom: [{ type: "inside", filterMode: "none", zoomOnMouseWheel: "ctrl" }],
      tooltip: {
        ...tooltipLooks(palette),
        trigger: "axis",
        axisPointer: { type: "line", lineStyle: { color: palette.dim } },
        formatter: (points) => {
          const step = points[0].data[0];
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
          data: drawn.map((step) => [step, inUnits(steps[step])]),
          markPoint: {
            symbol: "pin",
            symbolSize: 44,
            itemStyle: { color: palette.bad },
            label: { formatter: "peak", fontSize: 10, color: "#fff" },
            data: [{ coord: [at, inUnits(most)] }],
          },
        },
        {
          name: "with workspace",
          type: "line",
          step: "middle",
          symbol: "none",
          lineStyle: { width: 1, type: "dotted" },
          data: drawn.map((step) => [
            step,
            steps[step] === null || work[step] === null ? null : inUnits(steps[step] + work[step]),
          ]),
        },
      ],
    }),
    { height: 320 },
  );
  place.addEventListener("click", (event) => {
    const [step] =
      charts.get("memory").convertFromPixel({ gridIndex: 0 }, [event.offsetX, event.offsetY]) || [];
    if (step >= 0 && step < steps.length) select(Math.round(step));
  });
  return figure(
    "Over the steps",
    place,
    "Activations alive while each node runs, in the order of the file. A click shows the tensors of a step.",
  );
}

function aliveTable(memory, at) {
  const placements = (memory.arena || { placements: [] }).placements;
  const alive = placements
    .filter((one) => one.first <= at && at <= one.last && one.bytes > 0)
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
    table(`tensors alive in step ${at + 1}`, ["tensor", ">size", ">steps"], rows),
    rest.length > 0 &&
      el(
        "p",
        { class: "note" },
        `and ${rest.length} more, ${bytes(rest.reduce((sum, one) => sum + one.bytes, 0))}`,
      ),
  ];
}

function arenaChart(memory) {
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
      xAxis: axis(palette, "step", { min: 0, max: steps, minInterval: 1 }),
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
          encode: { x: [0, 1], y: [2, 3] },
          clip: true,
          data: placed.map((one) => [
            one.first,
            one.last + 1,
            one.offset / scale[0],
            (one.offset + one.bytes) / scale[0],
          ]),
          renderItem: (params, api) => {
            const [x, y2] = api.coord([api.value(0), api.value(2)]);
            const [x2, y] = api.coord([api.value(1), api.value(3)]);
            return {
              type: "rect",
              shape: { x, y, width: Math.max(1, x2 - x), height: Math.max(1, y2 - y) },
              style: {
                fill: palette.series[params.dataIndex % 6],
                opacity: 0.75,
                stroke: palette.panel,
                lineWidth: 0.5,
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
    `Planned ${arena.strategy.replaceAll("_", " ")}; no two live tensors overlap.`,
  );
}

section("memory", "Memory", (report) => {
  const { memory } = report;
  if (!memory) return null;
  const symbols = symbolsOf(report);
  const alive = memory.steps.map((step) => numberAt(step.live_bytes, symbols) ?? -1);
  const at = alive.reduce((best, value, step) => (value > alive[best] ? step : best), 0);
  if (!(alive[at] > 0)) return null;
  const totals = report.totals || {};
  const activations = totals.activations || {};
  const extent = (one) => one && count(one.bytes, bytes);
  const tensors = el("div");
  const heading = el("h3", { "aria-live": "polite" });
  const select = (step) => {
    const table = aliveTable(memory, step);
    heading.replaceChildren(
      table ? "Alive in" : "At",
      ` step ${step + 1}${step === at ? ", the peak" : ""}: `,
      named(memory.steps[step].node, 50),
    );
    tensors.replaceChildren(...[table].flat().filter(Boolean));
  };
  select(at);
  return [
    facts([
      ["total", extent(activations.total)],
      ["peak", extent(activations.peak)],
      ["peak in place", extent(activations.in_place_peak)],
      [
        "best-order peak",
        activations.best_order_peak &&
          `${extent(activations.best_order_peak)} (${activations.best_order}${activations.best_order_is_optimal ? ", none is better" : ""})`,
      ],
      ["arena", maybe(activations.arena_bytes, (value) => count(value, bytes))],
      ["workspace (modelled)", maybe(totals.workspace_bytes, (value) => count(value, bytes))],
      ["weights", maybe(totals.weight_bytes, (value) => count(value, bytes))],
      ["needs", maybe(totals.device_bytes, (value) => count(value, bytes))],
    ]),
    el("div", { class: "pair" }, stepsChart(memory, symbols, at, alive[at], select), arenaChart(memory)),
    nominalNote(report),
    heading,
    tensors,
  ];
});
