// A training step: arithmetic, memory, and what checkpoints trade.

function checkpointChart(training) {
  const curve = (training.checkpointing || {}).curve || [];
  if (curve.length < 2) return null;
  const place = chart("checkpoints", "Peak memory of a step against what is computed twice", (palette) => ({
    xAxis: axis(palette, "recomputed, share of the step", { axisLabel: { formatter: percent } }),
    yAxis: axis(palette, "peak of a step (GiB)", { nameGap: 46 }),
    tooltip: {
      ...tooltipLooks(palette),
      formatter: ({ dataIndex }) =>
        tip(many(curve[dataIndex].segments.length, "segment"), [
          ["peak", bytes(curve[dataIndex].peak_bytes)],
          ["recomputed", percent(curve[dataIndex].overhead)],
        ]),
    },
    series: [
      {
        type: "line",
        step: "end",
        symbolSize: 8,
        data: curve.map((plan) => [plan.overhead, plan.peak_bytes / 2 ** 30]),
      },
    ],
  }));
  return figure("Checkpoints", place, "Every point is a placement of checkpoints that none beats in both.");
}

section("training", "Training step", (report) => {
  const { training } = report;
  if (!training) return null;
  const least = training.complete ? "" : "≥ ";
  const counted = (key, show) => maybe(training[key], (value) => least + count(value, show));
  return [
    facts([
      ["optimiser", training.optimizer],
      ["precision", training.precision],
      ["forward FLOPs", counted("forward_flops", si)],
      ["backward FLOPs", counted("backward_flops", si)],
      ["FLOPs of a step", counted("step_flops", si)],
      ["bytes of parameters", maybe(training.parameter_bytes, (value) => count(value, bytes))],
      ["bytes of gradients", maybe(training.gradient_bytes, (value) => count(value, bytes))],
      [
        term("optimiser state", "optimizer_state"),
        maybe(training.optimizer_bytes, (value) => count(value, bytes)),
      ],
      [term("saved activations", "saved_activations"), counted("saved_activation_bytes", bytes)],
      ["peak of a step", maybe(training.peak_bytes, bytes) || "?"],
    ]),
    checkpointChart(training),
  ];
});
