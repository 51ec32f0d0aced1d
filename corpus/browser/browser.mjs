// Chromium without a window: pages opened from files, and everything they say or ask for that they should not.

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Where `npm ci` put the packages: not beside this file, but where everything lives that is made. */
const require = createRequire(join(process.env.BROWSER_PACKAGES ?? process.cwd(), "package.json"));

const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Long enough for a loaded machine; how fast pages are is a check of its own. */
const PATIENCE_MS = 60_000;

/** Where a file of an installed package is. */
export const packaged = (path) => require.resolve(path);

/** Start the browser. */
export function start() {
  const { chromium } = require("playwright-core");
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGUMENTS });
}

/** Keeps the time at which the page was drawn, in milliseconds since it was asked for. Runs in the page. */
function clock() {
  const drawn = () => {
    window.testReadyMs ??= performance.now();
  };
  const look = () => {
    if (["true", "error"].includes(document.documentElement?.dataset.ready)) {
      requestAnimationFrame(() => setTimeout(drawn));
    }
  };
  const options = { subtree: true, childList: true, attributes: true, attributeFilter: ["data-ready"] };
  new MutationObserver(look).observe(document, options);
}

/**
 * Open a page and wait until it is drawn. `complaints` fills with messages of the console, errors, dialogs, windows
 * and requests beyond the file itself for as long as the page is open.
 */
export async function open(browser, file, { width = 1280, height = 900, scheme = "light", ...more } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, ...more });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const complaints = listen(context, page, pathToFileURL(file).href);
  await page.addInitScript(clock);
  await page.route("**/*", (route) => (isLocal(route.request().url()) ? route.continue() : route.abort()));
  await page.goto(pathToFileURL(file).href);
  await page.waitForFunction(() => window.testReadyMs || window.weigh?.error);
  const state = await page.evaluate(() => document.documentElement.dataset.ready);
  if (state !== "true") {
    throw new Error(
      `ready is ${state}: ${await page.evaluate(() => String(window.weigh?.error?.stack ?? window.weigh?.error))}`,
    );
  }
  return { page, complaints, close: () => context.close() };
}

const isLocal = (url) => /^(file|data|blob|about):/.test(url);

function listen(context, page, self) {
  const complaints = [];
  const complain = (kind, text) => complaints.push(`${kind}: ${String(text).slice(0, 300)}`);
  let loads = 0;
  page.on("console", (message) => complain(`console ${message.type()}`, message.text()));
  page.on("pageerror", (error) => complain("error", error.stack ?? error));
  page.on("crash", () => complain("crash", "the page"));
  page.on("websocket", (socket) => complain("websocket", socket.url()));
  page.on("dialog", (dialog) => {
    complain("dialog", dialog.message());
    dialog.dismiss().catch(() => {});
  });
  context.on("page", (other) => other !== page && complain("window", other.url()));
  page.on("request", (request) => {
    const url = request.url();
    loads += url.split("#")[0] === self ? 1 : 0;
    if (!/^(data|blob):/.test(url) && (url.split("#")[0] !== self || loads > 1)) {
      complain("request", url);
    }
  });
  return complaints;
}

/** Open a page, let `use` look at it, and close it whatever happens. */
export async function withPage(browser, file, options, use) {
  const opened = await open(browser, file, options);
  try {
    return await use(opened.page, opened.complaints);
  } finally {
    await opened.close();
  }
}

/** Wait for the next frame to be on the screen. */
export const frame = (page) =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));

/** Scroll through a page, so that charts are drawn that wait to be looked at, and back to its top. */
export async function reveal(page) {
  for (const chart of await page.$$(".chart[data-chart]")) {
    await chart.scrollIntoViewIfNeeded();
    await frame(page);
  }
  await page.evaluate(() => window.scrollTo({ top: 0, behavior: "instant" }));
  await frame(page);
}
