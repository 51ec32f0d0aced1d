// How a page looks elsewhere: other widths, the other theme, on paper.

import { frame } from "../browser.mjs";

/** Nothing sticks out to the side, but for what scrolls by itself. */
export async function checkWidth({ tally, page }, width) {
  const found = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const scrolls = (element) => {
      for (let parent = element; parent && parent !== document.body; parent = parent.parentElement) {
        if (getComputedStyle(parent).overflowX !== "visible") {
          return true;
        }
      }
      return false;
    };
    const out = [...document.body.querySelectorAll("*")].filter(
      (element) =>
        element.getBoundingClientRect().right > clientWidth + 1 &&
        !scrolls(element) &&
        element.checkVisibility(),
    );
    return {
      scrollWidth,
      clientWidth,
      out: out.slice(0, 3).map((element) => element.outerHTML.slice(0, 120)),
    };
  });
  tally.check(
    `${width} px: no overflow`,
    found.scrollWidth <= found.clientWidth && !found.out.length,
    JSON.stringify(found),
  );
}

export async function checkTheme({ tally, page }) {
  const [before, charts] = [await ground(page), await ink(page)];
  await page.click("#theme");
  await frame(page);
  const after = await ground(page);
  tally.check("the theme changes", before > 0.5 !== after > 0.5, `brightness ${before}, then ${after}`);
  if (charts.length) {
    tally.check("charts follow the theme", (await ink(page)) !== charts);
  }
  await page.click("#theme");
  await frame(page);
  tally.equal("the theme changes back", await ground(page), before);
}

/** On paper: light, within its edges, without controls, and no dark left over. */
export async function checkPrint({ tally, page }) {
  await page.emulateMedia({ media: "print" });
  await frame(page);
  tally.check("paper is light", (await ground(page)) > 0.9, `brightness ${await ground(page)}`);
  const controls = await page.$$eval("#theme, nav, #layers-search, #layers-op", (found) =>
    found.filter((element) => element.checkVisibility()).map((element) => element.id || element.tagName),
  );
  tally.equal("controls on paper", controls, []);
  const pdf = await page.pdf({ format: "A4", printBackground: true });
  tally.check("prints", pdf.length > 10_000, `${pdf.length} bytes`);
  await page.emulateMedia({ media: "screen" });
}

/** Brightness of the page's ground, 0 to 1. */
const ground = (page) =>
  page.evaluate(() => {
    const transparent = "rgba(0, 0, 0, 0)";
    const colours = [document.body, document.documentElement].map((e) => getComputedStyle(e).backgroundColor);
    const colour = colours.find((found) => found !== transparent) ?? "rgb(255, 255, 255)";
    const canvas = new OffscreenCanvas(1, 1).getContext("2d");
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = canvas.getImageData(0, 0, 1, 1).data;
    return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
  });

/** What charts are drawn with. */
const ink = (page) =>
  page.evaluate(
    () =>
      [...document.querySelectorAll(".chart canvas")].map((c) => c.toDataURL()).join() +
      [...document.querySelectorAll(".chart svg")].map((s) => s.outerHTML).join(),
  );
