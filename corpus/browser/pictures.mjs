// Screenshots: of every page for whoever looks after a failure, and the few that the documentation shows.

import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { reveal, withPage } from "./browser.mjs";

/** Pages longer than this are shown from their top. */
const MOST_PIXELS = 16_000;

/** A picture of the whole page as it is now. */
export async function picture(page, file) {
  await reveal(page);
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.screenshot({ path: file, fullPage: height < MOST_PIXELS });
}

/** The pictures of docs/images: the page, its first and last section, the name. */
const DOCUMENTED = [
  { name: "report-top", page: "resnet50", from: "headline", to: "latency" },
  { name: "report-roofline", page: "predictions", from: "roofline", to: "roofline" },
  { name: "report-memory", page: "resnet50", from: "memory", to: "modules" },
  { name: "report-comparison", page: "comparison", from: "comparison", to: "comparison" },
];

/** As wide as pages of text show pictures; laid out wider, so that there is room for what the page says. */
const LAYOUT = { width: 1000, deviceScaleFactor: 0.8 };
const MOST_HEIGHT = 1100;

/** Write the pictures of the documentation; `file` finds a page by its name. */
export async function document(browser, file, folder) {
  mkdirSync(folder, { recursive: true });
  for (const { name, page: of, from, to } of DOCUMENTED) {
    await withPage(browser, file(of), { ...LAYOUT, height: 900 }, async (page) => {
      await reveal(page);
      const [top, bottom] = await page.evaluate(edges, [from, to]);
      const clip = {
        x: 0,
        y: Math.max(0, top - 12),
        width: LAYOUT.width,
        height: Math.min(MOST_HEIGHT, bottom - top + 24),
      };
      const path = join(folder, `${name}.jpeg`);
      await page.screenshot({ path, fullPage: true, clip, type: "jpeg", quality: 82 });
      console.log(`wrote ${path}`);
    });
  }
}

/** Runs in the page: where the first section begins and the last one ends; the first of all begins with the page. */
function edges([from, to]) {
  const [first, last] = [from, to].map((id) => document.getElementById(id).getBoundingClientRect());
  return [from === "headline" ? 0 : first.top + window.scrollY, last.bottom + window.scrollY];
}
