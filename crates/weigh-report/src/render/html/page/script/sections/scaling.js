// How the model grows: formulas over its open dims, and their curves.

const FORMULAS = [
  ["macs", "MACs", si],
  ["flops", "FLOPs", si],
  ["other_ops", "other operations", si],
  ["bytes_moved", "bytes moved", bytes],
  ["activation_bytes", "activations, total", bytes],
  ["peak_activation_bytes", "activations, peak", bytes],
  ["parameters", "parameters", si],
];

const ORDERS = ["does not grow", "linearly", "quadratically", "cubically"];

/** The symbol with which the figures grow most. */
function steepest(scaling, figures) {
  const powers = (symbol) => {
    const growth = scaling.growth.find((one) => one.symbol === symbol) || {};
    return figures.reduce((sum, { key }) => sum + (growth[key] || 0), 0);
  };
  return scaling.symbols.reduce((most, symbol) => (powers(symbol) > powers(most) ? symbol : most));
}

section("scaling", "Scaling", (report) => {
  const { scaling } = report;
  if (!scaling || scaling.symbols.length === 0) return null;
  const usable = FORMULAS.filter(([key]) => typeof scaling[key] === "string")
    .map(([key, name, show]) => ({ key, name, show, text: scaling[key], of: compile(scaling[key]) }))
    .filter(({ of }) => of);
  if (usable.length === 0) return null;
  const bound = symbolsOf(report);
  const values = Object.fromEntries(scaling.symbols.map((symbol) => [symbol, bound[symbol] ?? NOMINAL]));
  const state = { metric: usable[0], symbol: steepest(scaling, usable) };
  const points = () => {
    const most = Math.max(64, 8 * values[state.symbol]);
    const steps = Array.from({ length: 65 }, (_, at) => Math.round(most ** (at / 64)));
    return [...new Set(steps)]
      .map((at) => [at, state.metric.of({ ...values, [state.symbol]: at })])
      .filter(([, value]) => Number.isFinite(value));
  };
  const place = chart(
    "scaling",
    `Formulas over ${scaling.symbols.join(", ")}`,
    (palette) => {
      const here = [values[state.symbol], state.metric.of(values)];
      return {
        grid: room(20, 28),
        xAxis: axis(palette, shorten(state.symbol, 40), { min: 0 }),
        yAxis: axis(palette, state.metric.name, {
          min: 0,
          axisLabel: { formatter: (value) => state.metric.show(Number(significant(value, 4))) },
        }),
        tooltip: {
          ...tooltipLooks(palette),
          trigger: "axis",
          formatter: ([point]) =>
            tip(`${shorten(state.symbol, 30)} = ${point.data[0]}`, [
              [state.metric.name, state.metric.show(point.data[1])],
            ]),
        },
        series: [
          { type: "line", symbol: "none", data: points(), lineStyle: { width: 2.5 } },
          {
            type: "scatter",
            symbolSize: 11,
            silent: true,
            tooltip: { show: false },
            itemStyle: { color: palette.series[1] },
            data: [here],
          },
        ],
      };
    },
    { height: 300 },
  );
  const note = el("p", { class: "note", "aria-live": "polite" });
  const tell = () => {
    const here = scaling.symbols.map((symbol) => {
      const isOpen = report.unbound.includes(symbol) && values[symbol] === NOMINAL;
      return `${shorten(symbol, 40)} = ${values[symbol]}${isOpen ? ", which nothing binds" : ""}`;
    });
    note.replaceChildren(
      `The dot: ${state.metric.show(state.metric.of(values))} ${state.metric.name} at ${here.join("; ")}.`,
    );
  };
  tell();
  const draw = () => {
    tell();
    redraw("scaling");
  };
  const fields =
    scaling.symbols.length > 1 &&
    scaling.symbols.map((symbol) => {
      const input = el("input", {
        type: "number",
        min: 1,
        max: 1e9,
        value: values[symbol],
        input: () => {
          if (input.valueAsNumber >= 1) {
            values[symbol] = input.valueAsNumber;
            draw();
          }
        },
      });
      return el("label", { class: "field" }, el("span", null, shorten(symbol, 24)), input);
    });
  const growth = scaling.growth.map((one) => [
    named(one.symbol, 40),
    ...usable.map(({ key }) => (isKnown(one[key]) ? ORDERS[one[key]] || `with power ${one[key]}` : "?")),
  ]);
  return [
    el(
      "div",
      { class: "controls" },
      choice(
        "Figure",
        usable.map(({ key, name }) => [key, name]),
        state.metric.key,
        (key) => {
          state.metric = usable.find((one) => one.key === key);
          draw();
        },
      ),
      scaling.symbols.length > 1 &&
        choice(
          "Over",
          scaling.symbols.map((symbol) => [symbol, symbol]),
          state.symbol,
          (symbol) => {
            state.symbol = symbol;
            draw();
          },
        ),
      fields,
    ),
    place,
    note,
    table(
      "formulas",
      ["figure", "formula"],
      usable.map(({ name, text }) => [name, el("code", { class: "formula" }, typeset(shorten(text, 600)))]),
    ),
    growth.length > 0 && table("how each grows", ["with", ...usable.map(({ name }) => name)], growth),
  ];
});
