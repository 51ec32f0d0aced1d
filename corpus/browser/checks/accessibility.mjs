// What axe finds: nothing of serious or critical impact.

import { readFileSync } from "node:fs";

import { packaged } from "../browser.mjs";

const GRAVE = ["serious", "critical"];

export async function checkAccessibility({ tally, page }, what) {
  await page.evaluate(readFileSync(packaged("axe-core/axe.min.js"), "utf8"));
  const violations = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
    return violations.map(({ id, impact, help, nodes }) => ({
      id,
      impact,
      help,
      nodes: nodes.slice(0, 3).map((n) => `${n.target} ${n.failureSummary}`),
      many: nodes.length,
    }));
  });
  const grave = violations.filter((violation) => GRAVE.includes(violation.impact));
  tally.check(`accessible, ${what}`, grave.length === 0, JSON.stringify(grave));
  return violations.filter((violation) => !GRAVE.includes(violation.impact)).map((violation) => violation.id);
}
