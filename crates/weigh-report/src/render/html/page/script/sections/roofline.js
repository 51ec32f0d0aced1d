// The roofline: what each layer reaches, under what the device can do at most.

/** Layers with their intensity (FLOP/B) and the rate they reach (FLOP/s), measured where that was done. */
function measuredDots(run) {
  const dots = [];
  for (const layer of run.layers) {
    const macs = number(layer.macs);
    const moved = number(layer.bytes_moved);
    if (!macs || !moved || !(layer.mean_ms > 0)) continue;
    dots.push({
      name: layer.layers[0] && layer.layers.length === 1 ? layer.layers[0] : layer.name,
      op: layer.op,
      intensity: (2 * macs) / moved,
      flops: (2 * macs) / (layer.mean_ms / 1e3),
      ms: layer.mean_ms,
      share: layer.share,
      covers: layer.layers,
    });
  }
  return dots;
}

function predictedDots(prediction) {
  const { ceilings } = prediction;
  const dots = [];
  for (const layer of prediction.layers) {
    if (!(layer.intensity > 0) || !(layer.predicted_ms > 0) || !(layer.theoretical_ms > 0)) continue;
    dots.push({
      name: layer.name,
      op: layer.op,
      intensity: layer.intensity,
      flops: (ceilings.flops_per_s * layer.theoretical_ms) / layer.predicted_ms,
      ms: layer.predicted_ms,
      share: layer.share,
      bound: layer.bound,
      covers: [],
    });
  }
  return dots;
}

/** Everything that a roofline can be drawn of: a title, ceilings, dots. */
function rooflines(report) {
  const found = [];
  const own = [
    ...report.measurements.map((run) => run.gap && run.gap.ceilings),
    ...report.predictions.filter((one) => one.device === "this").map((one) => one.ceilings),
  ].find(Boolean);
  for (const run of report.measurements) {
    const dots = measuredDots(run);
    if (dots.length > 0)
      found.push({
        title: `measured: ${settingsOf(report.measurements, run) || run.engine.name}`,
        ceilings: (run.gap && run.gap.ceilings) || own || null,
        dots,
        what: "measured",
      });
  }
  for (const prediction of report.predictions) {
    if (!prediction.ceilings) continue;
    const dots = predictedDots(prediction);
    if (dots.length > 0)
      found.push({
        title: `expected: ${prediction.title || prediction.device}, ${prediction.dtype}${isKnown(prediction.batch) ? `, batch ${prediction.batch}` : ""}`,
        ceilings: prediction.ceilings,
        dots,
        what: "expected",
      });
  }
  return found;
}

/** Words in a chart. */
function label(at, text, position, palette, offset = [0, 0]) {
  return {
    type: "scatter",
    symbolSize: 1,
    silent: true,
    itemStyle: { color: "transparent" },
    data: [at],
    z: 6,
    label: { show: true, formatter: text, position, offset, color: palette.ink, fontSize: 11 },
  };
}

/** How wide the dot of the longest layer is, and the smallest that can still be seen. */
const DOTS = [36, 4];

function rooflineOption(roofline, palette) {
  const { dots, ceilings } = roofline;
  const boundColour = { compute: palette.series[0], memory: palette.series[1], overhead: palette.series[3] };
  const intensities = dots.map((dot) => dot.intensity);
  const lines = [];
  let [left, right] = [Math.min(...intensities) / 2, Math.max(...intensities) * 2];
  if (ceilings) {
    const ridges = ceilings.bandwidths.map((one) => ceilings.flops_per_s / one.bytes_per_s);
    left = Math.min(left, ...ridges.map((ridge) => ridge / 4));
    right = Math.max(right, ...ridges.map((ridge) => ridge * 4));
    ceilings.bandwidths.forEach((one, at) => {
      const ridge = ceilings.flops_per_s / one.bytes_per_s;
      lines.push({
        name: one.level,
        type: "line",
        symbol: "none",
        silent: true,
        lineStyle: { color: palette.ink, type: at === 0 ? "solid" : "dashed", width: at === 0 ? 2 : 1 },
        data: [
          [left, left * one.bytes_per_s],
          [ridge, ceilings.flops_per_s],
          ...(at === 0 ? [[right, ceilings.flops_per_s]] : []),
        ],
      });
      lines.push(
        label(
          [left * 1.1, left * 1.1 * one.bytes_per_s],
          `${one.level} ${bytesPerSecond(one.bytes_per_s)}`,
          "right",
          palette,
        ),
      );
    });
    lines.push(
      label(
        [right, ceilings.flops_per_s],
        `${flopsPerSecond(ceilings.flops_per_s)} ${ceilings.dtype}`,
        "left",
        palette,
        [0, -10],
      ),
    );
  }
  const longest = Math.max(...dots.map((dot) => dot.ms));
  const [largest, smallest] = DOTS;
  const groups = new Map();
  for (const dot of dots) {
    const bound = dot.bound || boundUnder(dot, ceilings);
    if (!groups.has(bound)) groups.set(bound, []);
    const symbolSize = Math.max(smallest, largest * Math.sqrt(dot.ms / longest));
    groups.get(bound).push({ value: [dot.intensity, dot.flops], dot, symbolSize });
  }
  const scatters = [...groups].map(([bound, data]) => ({
    name: bound,
    type: "scatter",
    data,
    itemStyle: { color: boundColour[bound] || palette.series[7], opacity: 0.65, borderColor: palette.panel },
  }));
  return {
    title: {
      text: boundTitle(roofline),
      left: 0,
      top: 1,
      textStyle: { color: palette.dim, fontSize: 12, fontWeight: "normal" },
      padding: [4, 0],
    },
    legend: legend(palette, { data: scatters.map((one) => one.name), left: 120, right: 0 }),
    grid: room(36, 28),
    xAxis: axis(palette, "intensity (FLOP/B, log scale)", {
      type: "log",
      min: left,
      max: right,
      axisLabel: { formatter: (value) => significant(value, 2) },
    }),
    yAxis: axis(palette, "rate (FLOP/s, log scale)", {
      type: "log",
      axisLabel: { formatter: (value) => si(value) },
    }),
    dataZoom: [{ type: "inside", xAxisIndex: 0, filterMode: "none", zoomOnMouseWheel: "ctrl" }],
    tooltip: {
      ...tooltipLooks(palette),
      formatter: ({ data }) =>
        data && data.dot
          ? tip(data.dot.name, [
              ["operator", data.dot.op],
              [roofline.what, time(data.dot.ms)],
              ["share", maybe(data.dot.share, percent)],
              ["reaches", flopsPerSecond(data.dot.flops)],
              ["intensity", `${significant(data.dot.intensity, 3)} FLOP/B`],
              [boundTitle(roofline), data.dot.bound || (ceilings && boundUnder(data.dot, ceilings))],
              [
                "of the ceiling",
                ceilings && percent(data.dot.flops / ceilingAt(ceilings, data.dot.intensity)),
              ],
              ["stands for", data.dot.covers.length > 1 ? many(data.dot.covers.length, "layer") : null],
            ])
          : "",
    },
    series: [...lines, ...scatters],
  };
}

const ceilingAt = (ceilings, intensity) =>
  Math.min(ceilings.flops_per_s, intensity * ceilings.bandwidths[0].bytes_per_s);

/** What the colours of dots stand for: the prediction's own bounds, or the part of the ceiling above them. */
function boundTitle({ what, ceilings }) {
  if (what === "expected") return "bound in the model";
  return ceilings ? "under the ceiling of" : "";
}

/** Under which part of the ceiling a dot lies. */
function boundUnder(dot, ceilings) {
  if (!ceilings) return "layers";
  return dot.intensity * ceilings.bandwidths[0].bytes_per_s < ceilings.flops_per_s ? "memory" : "compute";
}

section("roofline", "Roofline", (report) => {
  const found = rooflines(report);
  if (found.length === 0) return null;
  let shown = found[0];
  const about = el("p", { class: "note" });
  const say = () => {
    const { ceilings, what } = shown;
    const size = `Each dot is a layer, its area the time that is ${what} (at least ${DOTS[1]} pixels across).`;
    const rest = ceilings
      ? `Ceilings of ${ceilings.title}: ${ceilings.rests_on}.`
      : "The ceilings of this machine are not known: `weigh hardware calibrate` measures them.";
    const bound =
      what === "expected"
        ? "Colours are what bounds a layer in the time model. A dot left of the ridge can be bound by compute all the same: a kernel that uses few of the units computes far below the peak rate, for longer than its bytes take."
        : "";
    about.replaceChildren(prose([size, rest, bound].filter(Boolean).join(" ")));
  };
  const place = chart(
    "roofline",
    `Roofline of ${many(shown.dots.length, "layer")}`,
    (palette) => rooflineOption(shown, palette),
    { height: 420, marks: Math.max(...found.map((one) => one.dots.length)) },
  );
  say();
  const picker =
    found.length > 1 &&
    choice(
      "Roofline of",
      found.map((one, at) => [at, one.title]),
      0,
      (at) => {
        shown = found[Number(at)];
        say();
        redraw("roofline");
      },
    );
  return [picker && el("div", { class: "controls" }, picker), place, about];
});
