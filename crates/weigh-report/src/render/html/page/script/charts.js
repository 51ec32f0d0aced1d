// Charts: where one stands, what it is drawn from, and the looks that all of them share.

// The chart library keeps texts that it has measured as keys of plain objects. A layer may be called `__proto__`.
delete Object.prototype.__proto__;

/** The charts of the page by name. */
const charts = new Map();
const drawings = new Map();

/** More marks than this are painted and not made of elements. */
const MOST_ELEMENTS = 1500;

/**
 * A place for a chart. `option` makes what ECharts draws from the page's colours, anew when these change; `label` says in
 * words what is to be seen. `press` is told of clicks on marks.
 */
function chart(name, label, option, { height = 300, marks = 0, press = null } = {}) {
  const place = el("div", {
    class: "chart",
    "data-chart": name,
    role: "img",
    "aria-label": shorten(label, 400),
  });
  place.style.height = `${height}px`;
  const renderer = marks > MOST_ELEMENTS ? "canvas" : "svg";
  drawings.set(name, { place, option, press, isNear: false, renderer });
  return place;
}

/** Draws a chart from what it is drawn from now, or once it comes near to what is seen. */
function redraw(name) {
  const drawing = drawings.get(name);
  if (!drawing || !drawing.place.isConnected) return;
  if (drawing.isNear) draw(name, drawing);
  else nearness.observe(drawing.place);
}

function draw(name, drawing) {
  let drawn = charts.get(name);
  if (!drawn || drawn.getDom() !== drawing.place) {
    if (drawn) drawn.dispose();
    drawn = echarts.init(drawing.place, null, { renderer: drawing.renderer });
    charts.set(name, drawn);
    if (drawing.press) drawn.on("click", drawing.press);
    sizes.observe(drawing.place);
  }
  const palette = colours();
  drawn.setOption({ ...looks(palette), ...drawing.option(palette) }, { notMerge: true });
}

/** Forgets charts that are gone from the page and draws the others anew. */
function redrawAll() {
  for (const [name, drawing] of drawings) {
    if (drawing.place.isConnected) {
      redraw(name);
      continue;
    }
    if (charts.has(name)) charts.get(name).dispose();
    charts.delete(name);
    drawings.delete(name);
  }
}

/** Draws all charts, wherever they are. */
function drawAll() {
  for (const drawing of drawings.values()) drawing.isNear = true;
  redrawAll();
}

/** As wide as the text on A4 and letter paper, in CSS pixels. */
const PAPER_WIDTH = 680;

function drawForPaper() {
  drawAll();
  setWidths(`${PAPER_WIDTH}px`);
}

function drawForScreen() {
  redrawAll();
  setWidths("");
}

function setWidths(width) {
  for (const [name, { place }] of drawings) {
    const drawn = charts.get(name);
    place.style.width = width;
    drawn.resize();
    // Paper does not wait for the next frame.
    drawn.getZr().flush();
  }
}

const nearness = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      const drawing = drawings.get(target.dataset.chart);
      if (!isIntersecting || !drawing || drawing.place !== target) continue;
      drawing.isNear = true;
      nearness.unobserve(target);
      draw(target.dataset.chart, drawing);
    }
  },
  { rootMargin: "400px" },
);

const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const drawn = charts.get(target.dataset.chart);
    if (
      drawn &&
      drawn.getDom() === target &&
      (target.clientWidth !== drawn.getWidth() || target.clientHeight !== drawn.getHeight())
    ) {
      drawn.resize();
    }
  }
});

/** What the boxes that follow the pointer look like. */
function tooltipLooks(palette) {
  return {
    confine: true,
    className: "tooltip-box",
    backgroundColor: palette.panel,
    borderColor: palette.line,
    textStyle: { color: palette.ink },
    padding: 0,
  };
}

function looks(palette) {
  return {
    animation: false,
    color: palette.series,
    backgroundColor: "transparent",
    textStyle: { color: palette.ink, fontFamily: "system-ui, sans-serif", fontSize: 12 },
    grid: room(36, 24),
    tooltip: tooltipLooks(palette),
  };
}

/** Room on both sides of a logarithmic axis, and the base that has at least two ticks there. */
function around(values, binary = false) {
  const [min, max] = [Math.min(...values) / 2, Math.max(...values) * 2];
  const decades = Math.floor(Math.log10(max)) - Math.ceil(Math.log10(min));
  return { logBase: binary || decades < 1 ? 2 : 10, min, max };
}

/** Round numbers for a logarithmic axis: the wider it is the fewer; powers of two for bytes. */
function roundSteps({ min, max }, binary) {
  const base = binary ? 2 : 10;
  const power = (value) => Math.log(value) / Math.log(base);
  const stride = binary ? Math.ceil((power(max) - power(min)) / 7) : 1;
  const factors = binary || max / min > 300 ? [1] : max / min > 20 ? [1, 2, 5] : [1, 2, 3, 5, 7];
  const steps = [];
  for (let at = Math.floor(power(min)); at <= power(max); at += stride)
    steps.push(...factors.map((factor) => factor * base ** at));
  return steps.filter((step) => step >= min && step <= max);
}

/** Where a chart's axes are: so much is left free over and beside them; labels and names have their room. */
function room(top, right) {
  return { left: 8, right, top, bottom: 6, outerBoundsMode: "same", outerBoundsContain: "all" };
}

/** What a pointer tells: a title and lines of label and value, as an element. */
function tip(title, lines) {
  const rows = lines.filter(([, value]) => isKnown(value) && value !== "");
  return el(
    "div",
    { class: "tooltip" },
    el("strong", null, shorten(title, 120)),
    el(
      "dl",
      null,
      rows.map(([label, value]) => [
        el("dt", null, label),
        el("dd", null, typeof value === "string" ? shorten(value, 200) : value),
      ]),
    ),
  );
}

/** An axis of the page's looks; `more` may format numbers, not names. */
function axis(palette, name, more = {}) {
  const { axisLabel = {}, ...rest } = more;
  const { formatter } = axisLabel;
  const formatted = formatter && { formatter: (value) => withoutZeros(formatter(value)) };
  return {
    type: "value",
    name,
    nameLocation: "middle",
    nameGap: 24,
    nameTextStyle: { color: palette.dim },
    axisLine: { show: true, lineStyle: { color: palette.line } },
    axisTick: { lineStyle: { color: palette.line } },
    splitLine: { lineStyle: { color: palette.line, opacity: 0.5 } },
    axisLabel: { color: palette.dim, hideOverlap: true, ...axisLabel, ...formatted },
    ...rest,
  };
}

function legend(palette, more = {}) {
  return {
    type: "scroll",
    top: 0,
    textStyle: { color: palette.ink },
    pageTextStyle: { color: palette.dim },
    ...more,
  };
}

/** The lowest and highest that whiskers may reach, so that one wide interval leaves room for the points. */
function reachOf(values) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const reach = 1.5 * Math.max(most - least, most / 2);
  return [Math.max(0, least - reach), most + reach];
}

/**
 * Whiskers: a series of [x, low, high] in the coordinates of a chart whose x axis has categories or numbers. An end that
 * lies beyond `reach` is drawn there, as an arrow.
 */
function whiskers(name, intervals, reach, colour, more = {}) {
  const within = (end) => Math.min(Math.max(end, reach[0]), reach[1]);
  return {
    name,
    type: "custom",
    silent: true,
    z: 5,
    data: intervals.map(([x, low, high]) => [x, within(low), within(high)]),
    encode: { x: 0, y: [1, 2] },
    tooltip: { show: false },
    renderItem: (params, api) => {
      const style = { stroke: colour, lineWidth: 1.5, fill: "none" };
      const path = (...points) => ({ type: "polyline", shape: { points }, style });
      const [x, low] = api.coord([api.value(0), api.value(1)]);
      const [, high] = api.coord([api.value(0), api.value(2)]);
      const end = (at, y, back) => {
        const value = intervals[params.dataIndex][at];
        return value === within(value)
          ? path([x - 4, y], [x + 4, y])
          : path([x - 4, y + back], [x, y], [x + 4, y + back]);
      };
      return { type: "group", children: [path([x, low], [x, high]), end(1, low, -6), end(2, high, 6)] };
    },
    ...more,
  };
}

/** What to say under a chart some of whose whiskers are cut. */
function cutNote(intervals, reach) {
  const isCut = ([low, high]) => low < reach[0] || high > reach[1];
  return intervals.filter(Boolean).some(isCut) ? "Arrows: the interval goes on beyond the chart." : null;
}

/** A ratio in words: `3.8 × faster`. `less` and `more` are what one below and above 1 is called. */
function inWords(ratio, [less, more]) {
  if (ratio === 0) return "none";
  const factor = ratio < 1 ? 1 / ratio : ratio;
  const text = significant(factor, factor < 1.1 ? 3 : 2);
  return Number(text) === 1 ? "the same" : `${text} × ${ratio < 1 ? less : more}`;
}

/** What ratios of a metric are called. */
const wordsFor = (metric) => (metric === "latency" ? ["faster", "slower"] : ["less", "more"]);

/** Bars of ratios and a line at 1. A bar: `{ name, ratio, text, colour(palette), lines }`, the ratio null where unknown. */
function ratioBars(name, label, title, bars) {
  const isLong = bars.some((bar) => bar.name.length > 18);
  return chart(
    name,
    label,
    (palette) => ({
      grid: room(12, 96),
      xAxis: axis(palette, title, { min: 0 }),
      yAxis: axis(palette, "", {
        type: "category",
        inverse: true,
        data: bars.map((bar) => shorten(bar.name, 34)),
        splitLine: { show: false },
        axisLabel: {
          interval: 0,
          hideOverlap: false,
          ...(isLong && { width: 130, overflow: "break", lineHeight: 13 }),
        },
      }),
      tooltip: {
        ...tooltipLooks(palette),
        formatter: ({ dataIndex }) => tip(bars[dataIndex].name, bars[dataIndex].lines),
      },
      series: [
        {
          type: "bar",
          barMaxWidth: 22,
          z: 6,
          // What is not known has no bar, and its label says so.
          data: bars.map((bar) => ({ value: bar.ratio ?? 0, itemStyle: { color: bar.colour(palette) } })),
          label: {
            show: true,
            position: "right",
            color: palette.ink,
            textBorderColor: palette.panel,
            textBorderWidth: 3,
            formatter: ({ dataIndex }) => bars[dataIndex].text,
          },
          markLine: {
            silent: true,
            symbol: "none",
            label: { show: false },
            lineStyle: { color: palette.dim, type: "dashed" },
            data: [{ xAxis: 1 }],
          },
        },
      ],
    }),
    { height: 60 + (isLong ? 44 : 34) * bars.length },
  );
}

/** A chart with a title over it. */
function figure(title, place, note) {
  return el("figure", null, el("figcaption", null, title), place, note && el("p", { class: "note" }, note));
}
