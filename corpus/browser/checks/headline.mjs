// The figures at a glance: those of the data, as far as their digits go.

import { shows } from "../amounts.mjs";

/** What each card shows of a report. */
const FIGURES = {
  parameters: (report) => report.totals.parameters,
  "model size": (report) => report.totals.model_size.stored_bytes,
  MACs: (report) => report.totals.macs,
  FLOPs: (report) => report.totals.flops,
  "activations, peak": (report) => report.totals.activations.peak.bytes,
  needs: (report) => report.totals.device_bytes,
  intensity: (report) => report.totals.arithmetic_intensity,
};

/** Where a model was measured once. */
const MEASURED = {
  "latency p50": ([run]) => (run.scenario?.latency ?? run.stages.total ?? run.stages.inference).p50_ms,
  throughput: ([run]) => (run.scenario ? run.scenario.rate_achieved : run.throughput.per_second),
  "memory of the process": ([run]) => run.memory.peak_rss_bytes,
};

/** What a command was run to find out, where it asks something. */
const isAsked = ({ verdicts, plan, advice, comparisons }) =>
  verdicts.length > 0 || plan || advice.length > 0 || comparisons.some((one) => one.pairs);

export async function checkHeadline({ tally, page, entry }) {
  const [report] = entry.reports;
  if (isAsked(report)) {
    const [first] = await page.$$eval("#main > *", (found) =>
      found.map((one) => [one.className, one.textContent]),
    );
    tally.check("the answer comes first", first[0] === "answer" && first[1].trim() !== "", first[1]);
  }
  const cards = await page.$$eval("#headline [data-figure]", (found) =>
    found.map((card) => [card.dataset.figure, card.querySelector(".value").textContent]),
  );
  const texts = new Map(cards);
  const check = (name, value) => {
    const text = texts.get(name);
    const right = isShown(text, value);
    tally.check(`headline ${name}`, right, `shows ${text}, the data has ${JSON.stringify(value)}`);
  };
  if (report.totals) {
    Object.entries(FIGURES).forEach(([name, of]) => check(name, of(report) ?? null));
  }
  if (report.measurements.length === 1) {
    Object.entries(MEASURED).forEach(([name, of]) => check(name, of(report.measurements) ?? null));
  }
}

/** What is unknown has no card or a question mark; a formula is shown as one, whose numbers are others' affair. */
function isShown(text, value) {
  if (value === null) {
    return text === undefined || text === "?";
  }
  return text !== undefined && (typeof value === "string" ? /[a-z]/.test(text) : shows(text, value));
}
