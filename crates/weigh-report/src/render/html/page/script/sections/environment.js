// What the figures rest on: the machine, the engines and their options, what is not covered, the command line.

const SEVERITIES = { error: "bad", warning: "warn", note: "" };

section("coverage", "Coverage and remarks", (report) => {
  const { coverage } = report;
  const unknown = coverage ? coverage.unknown : [];
  const remarks = report.diagnostics.map((one) => [
    badge(SEVERITIES[one.severity], one.severity),
    sentence(one.message),
    one.node ? named(one.node, 60) : "",
  ]);
  if (!coverage && remarks.length === 0) return null;
  const whole = coverage && coverage.priced === coverage.nodes;
  return [
    coverage &&
      el(
        "p",
        null,
        badge(whole ? "good" : "unknown", `${coverage.priced} of ${many(coverage.nodes, "node")} priced`),
        " ",
        `${coverage.shaped} with known shapes`,
      ),
    unknown.length > 0 &&
      table(
        "operators without a price",
        ["operator", ">nodes"],
        unknown.map((one) => [named(one.op, 60), String(one.count)]),
      ),
    remarks.length > 0 && table("remarks", ["", "remark", "node"], remarks.slice(0, 200)),
  ];
});

section("environment", "Made by", (report) => {
  const machine = report.environment || {};
  const model = report.model || {};
  const runs = report.measurements;
  const engines = [
    ...new Set(
      runs.map((run) =>
        [
          [run.engine.name, run.engine.version].filter(Boolean).join(" "),
          run.provider && `on ${run.provider}`,
          run.optimization && `optimization ${run.optimization}`,
          run.threads && many(run.threads, "thread"),
        ]
          .filter(Boolean)
          .join(", "),
      ),
    ),
  ];
  const caches = (machine.caches || []).map((cache) => `L${cache.level} ${bytes(cache.bytes)}`).join(", ");
  const made = facts([
    ["command", report.made_by && el("code", { class: "command" }, shorten(report.made_by.command, 2000))],
    ["program", report.made_by && report.made_by.program],
    ["file", model.path && named(model.path, 200)],
    ["format", [model.format, model.format_version].filter(Boolean).join(" ")],
    ["producer", model.producer && sentence(model.producer)],
    ["on disk", maybe(model.file_bytes, bytes)],
    ["processor", machine.cpu && sentence(machine.cpu)],
    [
      "cores",
      maybe(
        machine.cores,
        (cores) => `${cores} logical${machine.physical_cores ? `, ${machine.physical_cores} physical` : ""}`,
      ),
    ],
    ["memory", maybe(machine.memory_bytes, bytes)],
    ["caches", caches],
    ["system", [machine.os, machine.arch].filter(Boolean).join(", ")],
    ["GPUs", (machine.gpus || []).map((gpu) => el("div", null, sentence(gpu.name)))],
    ["engine", engines.map((engine) => el("div", null, sentence(engine)))],
  ]);
  const tensors = (caption, list) =>
    list && list.length > 0
      ? table(
          caption,
          [caption, "type", "shape"],
          list.slice(0, 40).map((one) => [named(one.name, 60), one.dtype || "?", shapeText(one.shape)]),
        )
      : null;
  if (!made) return null;
  return [
    made,
    el("div", { class: "pair" }, tensors("inputs", model.inputs), tensors("outputs", model.outputs)),
    notes(machine.notes || []),
  ];
});
