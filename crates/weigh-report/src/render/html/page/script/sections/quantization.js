// What became of the weights in fewer bits.

section("quantization", "Weights in fewer bits", (report) => {
  const made = report.quantization;
  if (!made) return null;
  const tensors = [...made.tensors].sort((a, b) => (b.max_error || 0) - (a.max_error || 0));
  const rows = tensors
    .slice(0, 50)
    .map((one) => [
      named(one.tensor, 50),
      `${one.from} → ${one.to}`,
      `${bytes(one.bytes_before)} → ${bytes(one.bytes)}`,
      maybe(one.max_error, (value) => value.toExponential(1)) || "",
      maybe(one.rms_error, (value) => value.toExponential(1)) || "",
      maybe(one.sqnr_db, (value) => `${significant(value, 3)} dB`) || "",
      sentence(one.kept || one.note || ""),
    ]);
  return [
    facts([
      ["type", `${made.weights}${made.dynamic ? ", integer products" : ""}`],
      ["stored", `${bytes(made.stored_bytes_before)} → ${bytes(made.stored_bytes)}`],
      ["file", maybe(made.file_bytes ?? made.planned_bytes, bytes)],
      ["written to", maybe(made.path, sentence)],
      [
        "outputs differ by",
        maybe(
          made.output_difference,
          (value) =>
            `${value.toExponential(1)}${isKnown(made.relative_output_difference) ? `, ${made.relative_output_difference.toExponential(1)} of the largest` : ""}`,
        ),
      ],
    ]),
    table(
      "tensors",
      ["tensor", "type", ">size", ">largest error", ">rms error", ">signal/noise", "remark"],
      rows,
    ),
    notes(made.notes),
  ];
});
