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
 * words what is to be seen.
 */
function chart(name, label, option, { height = 300, marks = 0 } = {}) {
  const place = el("div", {
    class: "chart",
    "data-chart": name,
    role: "img",
    "aria-label": shorten(label, 400),
  });
  place.style.height = `${height}px`;
  drawings.set(name, { place, option, isNear: false, renderer: marks > MOST_ELEMENTS ? "canvas" : "svg" });
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

/** Draws all charts, wherever they are: for printing. */
function drawAll() {
  for (const drawing of drawings.values()) drawing.isNear = true;
  redrawAll();
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

/** Room on both sides of a logarithmic axis, and its base. */
function around(values, binary = false) {
  return { logBase: binary ? 2 : 10, min: Math.min(...values) / 1.8, max: Math.max(...values) * 1.8 };
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

/** Whiskers: a series of [x, low, high] in the coordinates of a chart whose x axis has categories or numbers. */
function whiskers(name, data, colour, more = {}) {
  return {
    name,
    type: "custom",
    silent: true,
    z: 5,
    data,
    encode: { x: 0, y: [1, 2] },
    tooltip: { show: false },
    renderItem: (params, api) => {
      const [x, low] = api.coord([api.value(0), api.value(1)]);
      const [, high] = api.coord([api.value(0), api.value(2)]);
      const line = (x1, y1, x2, y2) => ({
        type: "line",
        shape: { x1, y1, x2, y2 },
        style: { stroke: colour, lineWidth: 1.5 },
      });
      return {
        type: "group",
        children: [line(x, low, x, high), line(x - 4, low, x + 4, low), line(x - 4, high, x + 4, high)],
      };
    },
    ...more,
  };
}

/** A chart with a title over it. */
function figure(title, place, note) {
  return el("figure", null, el("figcaption", null, title), place, note && el("p", { class: "note" }, note));
}
