// Hostile texts stay text: nothing runs, nothing is added to the page, nothing leads elsewhere.

import { readFileSync } from "node:fs";

import { MARK, TEXTS } from "../hostile.mjs";
import { hover } from "./charts.mjs";

/** Texts so short that they are shown whole, and without what is shown as escapes. */
const PLAIN = TEXTS.filter((text) => text.length < 60 && /^[\x20-\x7e]*$/.test(text) && text.trim());

export async function checkHostility({ tally, page, entry }, harmless) {
  const file = readFileSync(entry.file, "utf8");
  const tags = (text) => text.match(/<\/?script\b|<!--/gi)?.length;
  tally.equal("script tags and comments in the file", tags(file), tags(readFileSync(harmless, "utf8")));

  await openEverything(page);
  for (const name of await page.evaluate(() => [...window.weigh.charts.keys()])) {
    await hover(page, name);
  }
  const found = await page.evaluate(inventory, MARK);
  tally.equal("what ran", found.ran, []);
  tally.equal("what every object inherits", found.inherited, []);
  tally.equal("foreign elements", found.foreign, []);
  tally.equal("attributes that run", found.handlers, []);
  tally.equal("addresses that lead elsewhere", found.addresses, []);
  if (await page.$("#layers-table")) {
    const text = await page.evaluate(() => document.querySelector("#layers").textContent);
    for (const hostile of PLAIN) {
      tally.check(`shown as text: ${hostile}`, text.includes(hostile));
    }
  }
}

/** Open all details that there are, within reason. */
async function openEverything(page) {
  await page.evaluate(() => {
    document.querySelectorAll("details").forEach((details) => (details.open = true));
    [...document.querySelectorAll("#layers-table tbody button[aria-expanded='false']")]
      .slice(0, 60)
      .forEach((button) => button.click());
  });
}

/** Runs in the page: everything that weigh's own pages never hold. */
function inventory(mark) {
  const all = [...document.querySelectorAll("*")];
  const foreign = all.filter((e) =>
    ["IMG", "IFRAME", "OBJECT", "EMBED", "BASE", "FORM", "LINK", "TEXTAREA"].includes(e.tagName),
  );
  const attributes = all.flatMap((element) =>
    [...element.attributes].map(({ name, value }) => ({ element, name, value })),
  );
  const leads = ({ name, value }) =>
    ["href", "src", "action", "formaction", "xlink:href", "srcdoc"].includes(name) && !value.startsWith("#");
  const told = ({ element, name, value }) => `${element.tagName} ${name}=${value.slice(0, 60)}`;
  return {
    ran: mark in window ? [mark] : [],
    inherited: Object.keys(Object.prototype),
    foreign: foreign.map((element) => element.outerHTML.slice(0, 100)),
    handlers: attributes.filter(({ name }) => /^on/i.test(name)).map(told),
    addresses: attributes.filter(leads).map(told),
  };
}
