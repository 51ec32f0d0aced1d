// The HTML report in a browser: every page opens, shows what it should, harms nobody, and can be used by everyone.
//
// Usage: main.mjs FOLDER [--update-docs DOCS]
//
// Pages and pictures are made anew in FOLDER. Variables: WEIGH (the binary), CHROMIUM (the browser), PYTHON (with the
// onnx package), BROWSER_PACKAGES (the folder that `npm ci` filled).

import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { start, withPage } from "./browser.mjs";
import { checkAccessibility } from "./checks/accessibility.mjs";
import { checkHover } from "./checks/charts.mjs";
import { checkData } from "./checks/data.mjs";
import { checkHeadline } from "./checks/headline.mjs";
import { checkHostility } from "./checks/hostility.mjs";
import { checkKeyboard } from "./checks/keyboard.mjs";
import { checkLibrary } from "./checks/library.mjs";
import { checkPrint, checkTheme, checkWidth } from "./checks/look.mjs";
import { checkStructure } from "./checks/structure.mjs";
import { checkSwiftness } from "./checks/swiftness.mjs";
import { checkTable } from "./checks/table.mjs";
import { document, picture } from "./pictures.mjs";
import { make, PAGES } from "./reports.mjs";
import { Tally } from "./tally.mjs";

/** Widths and themes; pages that are looked at thoroughly are seen in all of them. */
const VIEWS = [
  { width: 400, scheme: "dark", isUsual: true },
  { width: 1600, scheme: "light", isUsual: true },
  { width: 400, scheme: "light", isUsual: false },
  { width: 1600, scheme: "dark", isUsual: false },
];
/** A page with more layers than these must be swift. */
const MANY_LAYERS = 5000;

/** Everything about one page; what else there is to say about it. */
async function look({ tally, browser, folder, entry }) {
  const use = (options, what) =>
    withPage(browser, entry.file, options, async (page, complaints) => {
      await what({ tally, browser, page, entry });
      tally.equal("complaints and requests", complaints, []);
    });
  const shot = (page, view) => picture(page, join(folder, `${entry.name}${view}.png`));
  const notes = new Set();
  checkData({ tally, entry });
  await use({}, async (opened) => {
    await shot(opened.page, "");
    await checkStructure(opened);
    await checkHeadline(opened);
    await checkHover(opened);
    await checkTheme(opened);
    await checkPrint(opened);
  });
  if (entry.hasTable) {
    await use({}, checkTable);
    await use({}, checkKeyboard);
  }
  for (const { width, scheme, isUsual } of VIEWS) {
    if (isUsual || entry.isThorough) {
      await use({ width, scheme }, async (opened) => {
        await checkWidth(opened, width);
        await shot(opened.page, `-${width}-${scheme}`);
        (await checkAccessibility(opened, `${width} px, ${scheme}`)).forEach((note) => notes.add(note));
      });
    }
  }
  if (entry.isHostile) {
    await use({}, (opened) => checkHostility(opened, join(folder, `${PAGES[0].name}.html`)));
  }
  if (entry.reports[0].layers.length > MANY_LAYERS) {
    notes.add(await checkSwiftness({ tally, browser, entry }));
  }
  return [...notes].join(", ");
}

async function main([folder, ...rest]) {
  const tally = new Tally();
  const browser = await start();
  mkdirSync(folder, { recursive: true });
  const only = process.env.ONLY?.split(",");
  try {
    tally.begin("library");
    checkLibrary(tally);
    tally.line("");
    for (const page of PAGES.filter(({ name }) => !only || only.includes(name))) {
      tally.begin(page.name);
      try {
        const entry = make(page, folder);
        tally.line(await look({ tally, browser, folder, entry }));
      } catch (error) {
        tally.failed("came to no end", error);
        tally.line(error.message.split("\n")[0]);
      }
    }
    if (rest[0] === "--update-docs") {
      await document(browser, (name) => join(folder, `${name}.html`), rest[1]);
    }
  } finally {
    await browser.close();
  }
  return tally.close();
}

process.exitCode = await main(process.argv.slice(2));
