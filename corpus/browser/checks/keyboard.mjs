// A page without a mouse: a link past the navigation, every control in the tab order, Enter does what a click does.

/** As many stops as a page has at most before its first layer. */
const MOST_STOPS = 400;

/** What keys must reach. */
const CONTROLS = [
  "#theme",
  "#layers-search",
  "#layers-op",
  "button[data-sort]",
  "button[aria-expanded]",
  "nav a",
];

/** What keys must reach where a page has it: what is otherwise chosen by a click in a chart. */
const CHOICES = ["#memory-step", "#modules .controls select"];

export async function checkKeyboard({ tally, page }) {
  await checkSkipLink(tally, page);
  const choices = await page.evaluate(
    (kinds) => kinds.filter((kind) => document.querySelector(kind)),
    CHOICES,
  );
  const controls = [...CONTROLS, ...choices];
  const reached = await walk(page, controls);
  for (const control of controls) {
    tally.check(`tab reaches ${control}`, reached.has(control), [...reached].join(" "));
  }
  await checkFocusRing(tally, page);
  await checkEnter(tally, page);
}

async function checkSkipLink(tally, page) {
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("Tab");
  const first = await page.evaluate(() => {
    const { tagName, hash } = document.activeElement;
    const box = document.activeElement.getBoundingClientRect();
    return {
      tagName,
      hash,
      target: hash ? Boolean(document.querySelector(hash)) : false,
      visible: box.width > 1 && box.top >= 0 && box.left >= 0,
    };
  });
  tally.check(
    "first stop is a visible link past the navigation",
    first.tagName === "A" && first.target && first.visible,
    JSON.stringify(first),
  );
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  const inside = await page.evaluate(
    () => Boolean(document.activeElement.closest("main")) && !document.activeElement.closest("nav"),
  );
  tally.check("the link leads past the navigation", inside);
}

/** Press Tab from the top until a layer is reached; which of the controls were passed. */
async function walk(page, controls) {
  const reached = new Set();
  await page.evaluate(() => {
    window.getSelection().removeAllRanges();
    document.activeElement?.blur();
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
  });
  for (let stop = 0; stop < MOST_STOPS && !reached.has("button[aria-expanded]"); stop += 1) {
    await page.keyboard.press("Tab");
    const selectors = await page.evaluate((kinds) => {
      const within = (kind) => (kind.includes("aria-expanded") ? `#layers-table ${kind}` : kind);
      return kinds.filter(
        (kind) =>
          document.activeElement.matches(within(kind)) ||
          (document.activeElement.closest("#theme") && kind === "#theme"),
      );
    }, controls);
    selectors.forEach((selector) => reached.add(selector));
  }
  return reached;
}

/** Whoever goes by keyboard sees where they are. */
async function checkFocusRing(tally, page) {
  const ring = await page.evaluate(() => {
    const style = getComputedStyle(document.activeElement);
    return { outline: style.outlineStyle, width: parseFloat(style.outlineWidth), shadow: style.boxShadow };
  });
  const visible = (ring.outline !== "none" && ring.width >= 1) || ring.shadow !== "none";
  tally.check("focus is visible", visible, JSON.stringify(ring));
}

async function checkEnter(tally, page) {
  const sorted = () =>
    page.$$eval("#layers-table th[aria-sort]", (cells) =>
      cells.map((cell) => cell.getAttribute("aria-sort")).join(),
    );
  const before = await sorted();
  await page.focus("#layers-table button[data-sort='name']");
  await page.keyboard.press("Enter");
  tally.check("Enter sorts", (await sorted()) !== before, before);
  const button = page.locator("#layers-table tbody button[aria-expanded]").first();
  await button.focus();
  await page.keyboard.press("Enter");
  tally.equal("Enter opens details", await button.getAttribute("aria-expanded"), "true");
  tally.check("focus stays", await button.evaluate((element) => element === document.activeElement));
  await page.keyboard.press("Enter");
  tally.equal("Enter closes details", await button.getAttribute("aria-expanded"), "false");
}
