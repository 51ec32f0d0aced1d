// What the words of the page mean: from the same definitions as `weigh docs`.

const words = new Map();

/** The entries whose words occur in the page as it is now. */
const usedWords = new Set();

function readWords() {
  for (const entry of JSON.parse(document.getElementById("weigh-words").textContent)) {
    for (const name of [entry.name, ...entry.aliases, entry.title])
      words.set(name.toLowerCase().replaceAll("_", " "), entry);
  }
}

/** A label that tells what it means where the glossary has it. */
function term(label) {
  if (typeof label !== "string") return label;
  const name = label.toLowerCase();
  // `latency p50` and `activations, peak` are explained by their first words.
  const entry = words.get(name) || words.get(name.replace(/(,| p[\d.]+$).*/, ""));
  if (!entry) return label;
  usedWords.add(entry);
  return el("abbr", { title: entry.short }, label);
}
