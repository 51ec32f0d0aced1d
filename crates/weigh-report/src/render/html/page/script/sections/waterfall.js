// From the theoretical to the measured time: what each cause adds.

function waterfallChart(gap) {
  const steps = [];
  let reached = 0;
  for (const part of gap.parts) {
    steps.push({ name: part.cause, what: part.what, from: reached, to: reached + part.ms, part });
    reached += part.ms;
  }
  const total = {
    name: "measured",
    what: "the median that was measured",
    from: 0,
    to: gap.measured_ms,
    part: null,
  };
  const bars = [...steps, total];
  const [size, unit] = timeUnit(gap.measured_ms);
  const label = `From ${time(gap.theoretical_ms ?? 0)} in theory to ${time(gap.measured_ms)} measured: ${gap.parts.map((part) => `${part.cause} ${time(part.ms)}`).join(", ")}`;
  return chart(
    "waterfall",
    label,
    (palette) => {
      const colourOf = (bar) => {
        if (!bar.part) return palette.series[7];
        if (bar.name === "arithmetic") return palette.series[2];
        return bar.to < bar.from ? palette.series[6] : palette.series[1];
      };
      return {
        xAxis: axis(palette, "", {
          type: "category",
          data: bars.map((bar) => bar.name),
          splitLine: { show: false },
          axisLabel: { interval: 0, rotate: 20 },
        }),
        yAxis: axis(palette, `time (${unit})`, { nameGap: 46 }),
        tooltip: {
          ...tooltipLooks(palette),
          formatter: ({ dataIndex }) => {
            const bar = bars[dataIndex];
            const layers = bar.part
              ? bar.part.layers.slice(0, 4).map((layer) => [shorten(layer.name, 34), `${time(layer.ms)}`])
              : [];
            return tip(bar.what, [
              ["adds", time(bar.to - bar.from)],
              ["share", maybe(bar.part && bar.part.share, percent)],
              ...layers,
            ]);
          },
        },
        series: [
          {
            type: "custom",
            encode: { x: 0, y: [1, 2] },
            data: bars.map((bar, at) => [at, bar.from / size, bar.to / size]),
            renderItem: (params, api) => {
              const [x, y1] = api.coord([api.value(0), api.value(1)]);
              const [, y2] = api.coord([api.value(0), api.value(2)]);
              const width = api.size([1, 0])[0] * 0.62;
              const bar = bars[params.dataIndex];
              return {
                type: "group",
                children: [
                  {
                    type: "rect",
                    shape: {
                      x: x - width / 2,
                      y: Math.min(y1, y2),
                      width,
                      height: Math.max(1.5, Math.abs(y2 - y1)),
                    },
                    style: { fill: colourOf(bar) },
                  },
                  {
                    type: "text",
                    style: {
                      text: time(bar.to - bar.from),
                      x,
                      y: Math.min(y1, y2) - 4,
                      textAlign: "center",
                      textVerticalAlign: "bottom",
                      fill: palette.ink,
                      font: "11px system-ui, sans-serif",
                    },
                  },
                ],
              };
            },
          },
        ],
      };
    },
    { height: 340 },
  );
}

section("waterfall", "From theoretical to measured", (report) => {
  const run = report.measurements.find(
    (one) => one.gap && one.gap.parts.length > 0 && isKnown(one.gap.measured_ms),
  );
  if (!run) return null;
  const { gap } = run;
  const rows = gap.parts.map((part) => [
    part.cause,
    sentence(part.what),
    time(part.ms),
    percent(part.share),
    part.layers
      .slice(0, 3)
      .map((layer) => el("div", null, named(layer.name, 40), ` ${time(layer.ms)}: `, sentence(layer.why))),
  ]);
  const where = settingsOf(report.measurements, run);
  return [
    el(
      "p",
      null,
      `FLOPs / FLOPS is ${maybe(gap.theoretical_ms, time) || "?"}, measured are ${time(gap.measured_ms)}: efficiency ${maybe(gap.efficiency, percent) || "?"}${where ? ` (${where})` : ""}.`,
    ),
    waterfallChart(gap),
    table("causes", ["cause", "what", ">adds", ">share", "layers that add most"], rows),
    notes(gap.notes),
  ];
});
