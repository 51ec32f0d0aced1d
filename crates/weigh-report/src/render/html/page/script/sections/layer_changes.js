// Layers of a model beside those of the one it is compared with.

const MOST_CHANGES = 200;

function changesTable(caption, changes) {
  const cost = (costs, key, show) => maybe(costs[key], (value) => count(value, show)) || "";
  const difference = (change) => {
    const value = number(change.changes.macs);
    return value === null ? "" : `${value > 0 ? "+" : ""}${si(value)}`;
  };
  return table(
    caption,
    ["what", "layer", "operator", ">MACs before", ">MACs after", ">change", "differs in"],
    changes
      .slice(0, MOST_CHANGES)
      .map((change) => [
        change.kind,
        named(change.b || change.a || "?", 50),
        shorten(change.op, 40),
        cost(change.before, "macs", si),
        cost(change.after, "macs", si),
        difference(change),
        sentence(change.what.join("; ")),
      ]),
  );
}

section(
  "layer-changes",
  "Layers that differ",
  (reports) => {
    const differing = reports
      .map((report) => [report, report.layer_changes.filter((change) => change.kind !== "same")])
      .filter(([, changes]) => changes.length > 0);
    return differing.map(([report, changes]) => {
      const name = modelName(report);
      const rest = changes.length - MOST_CHANGES;
      return [
        el("h3", null, named(name, 60), " beside ", named(modelName(reports[0]), 60)),
        changesTable(`layers of ${shorten(name, 60)} that differ`, changes),
        rest > 0 && el("p", { class: "note" }, `and ${rest} more in the report's JSON`),
      ];
    });
  },
  { whole: true },
);
