// Devices of the table, with what each figure rests on.

section("devices", "Devices", (report) => {
  if (report.devices.length === 0) return null;
  const figureText = (figureOf, show) =>
    maybe(figureOf, (known) => [show(known.value), el("div", { class: "note" }, known.basis)]) || "?";
  const peak = (device, name) =>
    maybe(device.peak_flops[name], (known) => [
      flopsPerSecond(known.dense),
      el("div", { class: "note" }, known.basis),
    ]) || "";
  return table(
    "devices",
    ["device", "class", ">fp32", ">fp16", ">int8", ">bandwidth", ">memory", ">power", ">price"],
    report.devices.map((device) => [
      [sentence(device.title), el("div", { class: "note" }, shorten(device.name, 40))],
      device.class,
      peak(device, "fp32"),
      peak(device, "fp16"),
      peak(device, "int8"),
      figureText(device.bandwidth_bytes_per_s, bytesPerSecond),
      figureText(device.memory_bytes, bytes),
      figureText(device.watts, watts),
      figureText(device.price_usd, dollars),
    ]),
  );
});
