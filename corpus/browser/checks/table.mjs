// The table of layers: sorting by every column and both ways, filter, search, details.

import { amount, shows } from "../amounts.mjs";

const TABLE = "#layers-table";

/** What columns of text are sorted by; those of numbers are read from what they show. */
const TEXTS = {
  name: (layer) => layer.name,
  op: (layer) => `${layer.op} ${layer.detail}`,
  shape: null,
  bound: null,
};

/** Columns whose numbers stand in the report under another key, or under none. */
const ELSEWHERE = ["index", "time", "predicted"];

export async function checkTable({ tally, page, entry }) {
  const { layers } = entry.reports[0];
  const all = await shown(page);
  tally.check("every layer once", covers(all, layers), `${all.length} rows for ${layers.length} layers`);
  const presses = await page.evaluate(pressAll);
  const keys = [...new Set(presses.map((press) => press.key))];
  tally.check("columns", keys.length >= 5, keys.join());
  for (const key of keys) {
    checkColumn(
      tally,
      layers,
      key,
      presses.filter((press) => press.key === key),
    );
  }
  await checkFilter(tally, page, layers, all.length);
  await checkSearch(tally, page, layers, all.length);
  await checkDetails(tally, page, layers);
}

/** The rows of the layers that match, in order, all of them: long tables come in parts. */
function shown(page) {
  return page.evaluate(() => {
    const more = document.querySelector("#layers button.more");
    while (more && !more.hidden) {
      more.click();
    }
    return [...document.querySelectorAll("#layers-table tbody tr[data-layer]")].map((row) =>
      Number(row.dataset.layer),
    );
  });
}

/** Runs in the page: press every heading twice; what is marked, which rows are shown, and the texts of the column. */
function pressAll() {
  const table = document.querySelector("#layers-table");
  const heads = [...table.querySelectorAll("thead th")];
  const more = document.querySelector("#layers button.more");
  const state = (head) => [head.querySelector("button").dataset.sort, head.getAttribute("aria-sort")];
  return heads.flatMap((head, at) =>
    [1, 2].map(() => {
      head.querySelector("button").click();
      while (more && !more.hidden) {
        more.click();
      }
      const rows = [...table.querySelectorAll("tbody tr[data-layer]")];
      return {
        key: head.querySelector("button").dataset.sort,
        marked: heads.map(state).filter(([, direction]) => direction !== "none"),
        rows: rows.map((row) => Number(row.dataset.layer)),
        cells: rows.map((row) => row.cells[at].textContent.trim()),
      };
    }),
  );
}

/** Rows past the layers of the model are those that the engine put in. */
function covers(rows, layers) {
  const known = new Set(rows);
  return known.size === rows.length && layers.every((_, index) => known.has(index));
}

function checkColumn(tally, layers, key, presses) {
  for (const { marked, rows, cells } of presses) {
    tally.equal(
      `columns marked as sorted by ${key}`,
      marked.map(([name]) => name),
      [key],
    );
    const values = rows.map((index, row) => valueOf(key, layers[index], cells[row]));
    const fault = disorder(values, marked[0][1]);
    const around = JSON.stringify(values.slice(Math.max(0, fault - 1), fault + 2));
    tally.check(`sorted by ${key}, ${marked[0][1]}`, fault === -1, `row ${fault}: ${around}`);
  }
  tally.equal(`directions of ${key}`, presses.map((press) => press.marked[0][1]).sort(), [
    "ascending",
    "descending",
  ]);
  if (!(key in TEXTS) && !ELSEWHERE.includes(key)) {
    const [{ rows, cells }] = presses;
    const wrong = rows.findIndex(
      (index, row) => index < layers.length && !isShown(cells[row], layers[index][key]),
    );
    tally.check(
      `${key} as in the data`,
      wrong === -1,
      `${cells[wrong]} for ${JSON.stringify(layers[rows[wrong]]?.[key])}`,
    );
  }
}

/** What a row is sorted by; null where that is unknown. */
function valueOf(key, layer, cell) {
  if (!(key in TEXTS)) {
    return amount(cell);
  }
  const whole = TEXTS[key] && layer ? TEXTS[key](layer) : cell;
  return whole || null;
}

/** The first row out of order, with unknown values at the end either way; -1 where all are in order. */
function disorder(values, direction) {
  const sign = direction === "ascending" ? 1 : -1;
  const compare = (a, b) => (a < b ? -1 : Number(a > b));
  return values.findIndex((value, row) => {
    if (row === 0 || value === null) {
      return false;
    }
    const before = values[row - 1];
    return before === null || sign * compare(before, value) > 0;
  });
}

/** Unknown is a question mark and never a number, and a number is what the data has. */
const isShown = (cell, value) => (typeof value === "number" ? shows(cell, value) : amount(cell) === null);

async function checkFilter(tally, page, layers, all) {
  const options = await page.$$eval("#layers-op option", (found) => found.map((option) => option.value));
  for (const op of new Set(layers.map((layer) => layer.op))) {
    if (!tally.check(`${op} can be chosen`, options.includes(op), options.join())) {
      continue;
    }
    await page.selectOption("#layers-op", op);
    const rows = (await shown(page)).sort((a, b) => a - b);
    const wanted = layers.flatMap((layer, index) => (layer.op === op ? [index] : []));
    tally.equal(
      `layers of ${op}`,
      rows.filter((index) => index < layers.length),
      wanted,
    );
    await checkCount(tally, page, op, rows.length);
  }
  await page.selectOption("#layers-op", "");
  tally.equal("all again without a filter", (await shown(page)).length, all);
}

async function checkCount(tally, page, what, rows) {
  const text = await page.textContent("#layers-count");
  tally.equal(`count of ${what}`, Number(text.match(/\d+/)?.[0]), rows);
}

async function checkSearch(tally, page, layers, all) {
  const { name } = layers[Math.floor(layers.length / 2)];
  const text = name.slice(0, Math.max(4, name.length - 2)).toUpperCase();
  await page.fill("#layers-search", text);
  const rows = await shown(page);
  const named = layers.flatMap((layer, index) => (layer.name.toUpperCase().includes(text) ? [index] : []));
  tally.check(
    "search finds names",
    named.every((index) => rows.includes(index)),
    `${text}: ${rows}`,
  );
  tally.check("search leaves others out", rows.length < all, `${text}: ${rows.length} rows`);
  await checkCount(tally, page, "what was found", rows.length);
  await page.fill("#layers-search", "no layer has this name");
  tally.equal("rows of a search without a hit", (await shown(page)).length, 0);
  await checkCount(tally, page, "a search without a hit", 0);
  await page.fill("#layers-search", "");
  tally.equal("all again without a search", (await shown(page)).length, all);
}

async function checkDetails(tally, page, layers) {
  await page.click(`${TABLE} button[data-sort="index"]`);
  const [first] = (await shown(page)).filter((index) => index < layers.length);
  const row = `${TABLE} tr[data-layer="${first}"]`;
  const details = `${row} + tr.details`;
  const state = async () => [
    await page.getAttribute(`${row} button`, "aria-expanded"),
    await page.isVisible(details),
  ];
  tally.equal("details closed", await state(), ["false", false]);
  await page.click(`${row} button`);
  tally.equal("details opened", await state(), ["true", true]);
  const text = await page.textContent(details);
  tally.check(
    "details name the tensors",
    layers[first].outputs.every((output) => text.includes(output)),
    text,
  );
  await page.click(`${row} button`);
  tally.equal("details closed again", await state(), ["false", false]);
}
