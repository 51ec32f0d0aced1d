// Charts under the mouse: tooltips come as text and name what is pointed at.

/** Charts whose marks stand for something with a name, and where those names are found. */
const NAMED = {
  roofline: (report) => report.layers.map((layer) => layer.name),
  modules: (report) => [...report.modules.map((module) => module.path), ...report.layers.map((layer) => layer.name)],
};

const TOOLTIP = ".tooltip";

export async function checkHover({ tally, page, entry }) {
  const charts = await page.$$eval(".chart[data-chart]", (found) => found.map((chart) => chart.dataset.chart));
  for (const name of charts) {
    const tooltips = await hover(page, name);
    tally.check(`${name} has tooltips`, tooltips.length > 0);
    if (name in NAMED) {
      const names = entry.reports.flatMap(NAMED[name]);
      const named = tooltips.filter((text) => names.some((name) => name && text.includes(name)));
      tally.check(`${name} names what is pointed at`, named.length > 0, tooltips.slice(0, 3).join(" | "));
    }
    tally.check(`${name} says nothing undefined`, !tooltips.some((text) => /undefined|NaN|\[object|null/.test(text)), tooltips.find((text) => /undefined|NaN|\[object|null/.test(text)));
  }
  await page.mouse.move(0, 0);
}

/** Point at the marks of a chart, and where those cannot be asked for, over a grid; the different texts that showed. */
export async function hover(page, name, most = 30) {
  const chart = page.locator(`.chart[data-chart="${name}"]`);
  await chart.scrollIntoViewIfNeeded();
  const box = await chart.boundingBox();
  const marks = await page.evaluate(places, name);
  const grid = Array.from({ length: 24 }, (_, i) => [((i % 6) + 0.5) * (box.width / 6), (Math.floor(i / 6) + 0.5) * (box.height / 4)]);
  const texts = new Set();
  for (const [x, y] of [...spread(marks, most), ...grid].filter(([x, y]) => x > 0 && y > 0 && x < box.width && y < box.height)) {
    await page.mouse.move(box.x + x, box.y + y);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
    const text = await page.evaluate(visibleText, TOOLTIP);
    if (text) {
      texts.add(text);
    }
  }
  return [...texts];
}

const spread = (list, most) => list.filter((_, i) => i % Math.ceil(list.length / most) === 0);

/** Runs in the page: where the marks of series on axes are, in pixels of the chart. */
function places(name) {
  const chart = window.weigh.charts.get(name);
  return chart.getOption().series.flatMap((series, seriesIndex) => {
    if (!["scatter", "effectScatter", "line", "bar"].includes(series.type) || !Array.isArray(series.data)) {
      return [];
    }
    return series.data.flatMap((item) => {
      try {
        const place = chart.convertToPixel({ seriesIndex }, item?.value ?? item);
        return Array.isArray(place) && place.every(Number.isFinite) ? [place] : [];
      } catch {
        return [];
      }
    });
  });
}

/** Runs in the page: the text of what is visible of a kind. */
function visibleText(selector) {
  const shown = [...document.querySelectorAll(selector)].filter((element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true }));
  return shown.map((element) => element.innerText.trim()).join("\n");
}
