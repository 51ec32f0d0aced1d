// What the words of the page mean: from the same definitions as `weigh docs`.

const words = new Map();

/** The entries whose words occur in the page as it is now. */
const usedWords = new Set();

/** Words with other meanings than the glossary's: explained only where the entry is named. */
const AMBIGUOUS = new Set([
  "arithmetic",
  "backward flops",
  "computed",
  "estimate",
  "faster",
  "formulas",
  "given",
  "interval",
  "kept",
  "late",
  "load",
  "measured",
  "memory",
  "movement",
  "optimiser",
  "overhead",
  "peak rate",
  "power",
  "price",
  "process",
  "profile",
  "rate",
  "relative",
  "requirement",
  "rule",
  "server",
  "shapes",
  "size",
  "slower",
  "symbols",
  "threads",
  "total",
  "void",
  "weights",
]);

function readWords() {
  for (const entry of JSON.parse(document.getElementById("weigh-words").textContent)) {
    for (const name of [entry.name, ...entry.aliases, entry.title])
      words.set(name.toLowerCase().replaceAll("_", " "), entry);
  }
}

/** What the glossary has on a label: the entry of that name, else the one that the label itself means. */
function entryOf(label, name) {
  const plain = label.toLowerCase();
  // `activations, peak` is `activations.peak`; `latency p50` is explained by its first word.
  const readings = [plain, plain.replace(", ", "."), plain.replace(/(,| p[\d.]+$).*/, "")];
  const entry = name
    ? words.get(name.replaceAll("_", " "))
    : readings
        .filter((reading) => !AMBIGUOUS.has(reading))
        .map((reading) => words.get(reading))
        .find(Boolean);
  if (entry) usedWords.add(entry);
  return entry;
}

/** A label that tells what it means where the glossary has it; `name` is the entry of an ambiguous one. */
function term(label, name) {
  if (typeof label !== "string") return label;
  const entry = entryOf(label, name);
  return entry ? el("abbr", { title: entry.short }, label) : label;
}
