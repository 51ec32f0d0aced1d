// Charts under the mouse: tooltips come as text and name what is pointed at.

import { frame } from "../browser.mjs";

/** Charts whose marks stand for something with a name, and where those names are found. */
const NAMED = {
  roofline: (report) => report.layers.map((layer) => layer.name),
  modules: (report) => [
    ...report.modules.map((module) => module.path),
    ...report.layers.map((layer) => layer.name),
  ],
};

const TOOLTIP = ".tooltip";
const MOST_MARKS = 12;
/** What a mistake looks like. */
const NONSENSE = /undefined|NaN|\[object/;

export async function checkHover({ tally, page, entry }) {
  const charts = await page.$$eval(".chart[data-chart]", (found) =>
    found.map((chart) => chart.dataset.chart),
  );
  for (const name of charts) {
    const tooltips = await hover(page, name);
    tally.check(`${name} has tooltips`, tooltips.length > 0);
    if (name in NAMED) {
      const names = entry.reports.flatMap(NAMED[name]);
      const named = tooltips.filter((text) => names.some((name) => name && text.includes(name)));
      tally.check(`${name} names what is pointed at`, named.length > 0, tooltips.slice(0, 3).join(" | "));
    }
    const nonsense = tooltips.find((text) => NONSENSE.test(text));
    tally.check(`${name} makes sense`, !nonsense, nonsense);
  }
  await page.mouse.move(0, 0);
}

/** Point at marks of a chart and at a grid over it; the different texts that showed. */
export async function hover(page, name) {
  const chart = page.locator(`.chart[data-chart="${name}"]`);
  await chart.scrollIntoViewIfNeeded();
  await frame(page);
  const box = await chart.boundingBox();
  const marks = await page.evaluate(places, name);
  const grid = Array.from({ length: 12 }, (_, i) => [
    box.width * (((i % 4) + 0.5) / 4),
    box.height * ((Math.floor(i / 4) + 0.5) / 3),
  ]);
  const texts = new Set();
  for (const [x, y] of [...spread(marks), ...grid]) {
    if (x > 0 && y > 0 && x < box.width && y < box.height) {
      await page.mouse.move(box.x + x, box.y + y);
      texts.add(await page.evaluate(visibleText, TOOLTIP));
    }
  }
  texts.delete("");
  return [...texts];
}

/** Few of many. */
const spread = (list) => list.filter((_, i) => i % Math.ceil(list.length / MOST_MARKS) === 0);

/** Runs in the page: where the marks of series on axes are, in pixels of the chart; of a bar its middle. */
function places(name) {
  const chart = window.weigh.charts.get(name);
  const option = chart.getOption();
  const isLying = option.yAxis?.[0]?.type === "category";
  const spot = (value, at) => (Array.isArray(value) ? value : isLying ? [value / 2, at] : [at, value / 2]);
  return option.series.flatMap((series, seriesIndex) => {
    if (!["scatter", "line", "bar"].includes(series.type) || !Array.isArray(series.data)) {
      return [];
    }
    const found = series.data.map((item, at) =>
      chart.convertToPixel({ seriesIndex }, spot(item?.value ?? item, at)),
    );
    return found.filter((place) => Array.isArray(place) && place.every(Number.isFinite));
  });
}

/** Runs in the page: the text of what is visible of a kind, once the next frame is drawn. */
async function visibleText(selector) {
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const shown = [...document.querySelectorAll(selector)].filter((element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }),
  );
  return shown.map((element) => element.innerText.trim()).join("\n");
}
