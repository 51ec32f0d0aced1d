// What a page consists of: the sections it should have, each with a heading and a link, and charts that are drawn.

import { reveal } from "../browser.mjs";

export async function checkStructure({ tally, page, entry }) {
  await reveal(page);
  const found = await page.evaluate(outline);
  tally.equal(
    "sections",
    found.sections.map((section) => section.id),
    entry.sections,
  );
  tally.equal(
    "sections without heading",
    found.sections.filter((section) => !section.heading).map((s) => s.id),
    [],
  );
  tally.equal(
    "links",
    found.links,
    found.sections.map((section) => section.id),
  );
  tally.equal("reports", found.reports, entry.reports.length);
  tally.equal("charts by name", found.known, found.charts.map((chart) => chart.name).sort());
  for (const chart of found.charts) {
    const about = `chart ${chart.name}`;
    tally.check(`${about} has a label`, chart.role === "img" && chart.label.trim().length > 10, chart.label);
    tally.check(`${about} is drawn`, chart.inked > 50, `${chart.inked} pixels differ from the ground`);
  }
  tally.check(
    "language and title",
    found.lang === "en" && found.title.trim() !== "",
    `${found.lang}, ${found.title}`,
  );
}

/** Runs in the page. */
function outline() {
  const sections = [...document.querySelectorAll("section[id]")];
  const inked = (element) => {
    const svg = element.querySelector("svg");
    if (svg) {
      return svg.querySelectorAll("path, text, rect, circle").length * 10;
    }
    const colours = new Map();
    for (const canvas of element.querySelectorAll("canvas")) {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      for (const pixel of new Uint32Array(data.buffer)) {
        colours.set(pixel, (colours.get(pixel) ?? 0) + 1);
      }
    }
    const counts = [...colours.values()];
    return counts.reduce((sum, count) => sum + count, 0) - Math.max(0, ...counts);
  };
  return {
    lang: document.documentElement.lang,
    title: document.title,
    reports: window.weigh.reports.length,
    known: [...window.weigh.charts.keys()].sort(),
    sections: sections.map((s) => ({ id: s.id, heading: s.querySelector("h2")?.textContent.trim() })),
    links: [...document.querySelectorAll("nav a[href^='#']")].map((link) =>
      link.getAttribute("href").slice(1),
    ),
    charts: [...document.querySelectorAll(".chart[data-chart]")].map((element) => ({
      name: element.dataset.chart,
      role: element.getAttribute("role"),
      label: element.getAttribute("aria-label") ?? "",
      inked: inked(element),
    })),
  };
}
