// A browser, and pages that remember everything that went wrong in them.
import assert from "node:assert/strict";

import axe from "axe-core";
import { chromium } from "playwright-core";

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const ANSWER_MS_MAX = 10_000;

/** Starts Chromium: `$CHROMIUM`, or Debian's. */
export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ARGUMENTS });

/** How a reader may come. Each two of the settings meet in one of the four. */
export const READERS = [
  { name: "wide, light, with scripts", width: 1280, colorScheme: "light", scripts: true },
  { name: "wide, dark, without scripts", width: 1280, colorScheme: "dark", scripts: false },
  { name: "narrow, light, without scripts", width: 390, colorScheme: "light", scripts: false },
  { name: "narrow, dark, with scripts", width: 390, colorScheme: "dark", scripts: true },
];

/**
 * A page in a browser context of its own, and the list of what went wrong in it.
 * With `scripts: false` our scripts are empty; with `javaScriptEnabled: false` the browser runs none at all.
 */
export async function open(browser, { width = 1280, colorScheme = "light", scripts = true, javaScriptEnabled = true } = {}) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, javaScriptEnabled });
  context.setDefaultTimeout(ANSWER_MS_MAX);
  const page = await context.newPage();
  if (!scripts) await page.route("**/*.js", (route) => route.fulfill({ contentType: "text/javascript", body: "" }));
  const problems = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => problems.push(`script: ${error.stack ?? error}`));
  page.on("requestfailed", (request) => {
    const why = request.failure()?.errorText;
    // The live stream ends with the screen that listens to it.
    if (why !== "net::ERR_ABORTED") problems.push(`request: ${request.url()} ${why}`);
  });
  page.on("request", (request) => {
    if (!/^(http:\/\/127\.0\.0\.1:|data:|about:)/.test(request.url())) problems.push(`asks another host: ${request.url()}`);
  });
  return { page, problems, close: () => context.close() };
}

/** What axe-core finds, one line for each element. It can't run where JavaScript is off altogether. */
export async function violations(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `axe ${id}: ${help}: ${target.join(" ")}: ${failureSummary.replaceAll("\n", " ")}`));
}

/** The elements that make the page wider than its window. */
export async function overflow(page, width) {
  await page.setViewportSize({ width, height: 900 });
  return page.evaluate((width) => {
    if (document.documentElement.scrollWidth <= width) return [];
    const wide = [...document.querySelectorAll("body *")].filter((element) => element.getBoundingClientRect().right > width + 1);
    const named = wide.slice(-3).map((element) => `${element.tagName.toLowerCase()}.${element.className}`);
    return [`${document.documentElement.scrollWidth} px wide in a window of ${width}: ${named.join(", ")}`];
  }, width);
}

/** Presses keys one after the other, as a person does. */
export async function press(page, ...keys) {
  for (const key of keys) await page.keyboard.press(key);
}

/** Where the focus is: the text of that element. */
export const focused = (page) => page.evaluate(() => document.activeElement?.textContent?.trim().replace(/\s+/g, " ") ?? "");

/** Moves the focus by Tab until it is on what the selector names. */
export async function tabTo(page, selector, { presses = 200 } = {}) {
  for (let pressed = 0; pressed < presses; pressed += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((selector) => document.activeElement?.matches(selector) ?? false, selector)) return;
  }
  throw new Error(`Tab never reached ${selector}`);
}

/** The width of the narrowest phones. */
const NARROWEST = 360;

/** What is wrong with the screen as it is: nothing, for every reader. */
export async function isSound({ page, problems }) {
  const found = await violations(page);
  const { width } = page.viewportSize();
  found.push(...await overflow(page, NARROWEST));
  await page.setViewportSize({ width, height: 900 });
  assert.deepEqual([...found, ...problems], [], page.url());
}

/** Goes to a field by Tab and writes over what stands in it. */
export async function write(page, selector, text) {
  await tabTo(page, selector);
  await press(page, "Control+a");
  await page.keyboard.insertText(text);
}

/** Waits until the screen is the one at this path. */
export const at = (page, path) => page.waitForURL((url) => url.pathname === path);

/** Waits until the screen says this: a text, or what matches. */
export const says = (page, text) => page.locator("main", { hasText: text }).waitFor();
