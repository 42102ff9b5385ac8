// The keys that the help screen lists.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { demo } from "../mainstay.mjs";
import { focused, launch, open, press } from "./rig.mjs";

let server, browser, view;

before(async () => {
  [server, browser] = await Promise.all([demo(), launch()]);
  view = await open(browser);
});
beforeEach(async () => {
  assert.deepEqual(view.problems, []);
  await view.page.goto(server.url);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const at = (path) => view.page.waitForURL((url) => url.pathname === path);

test("? lists the keys", async () => {
  await press(view.page, "?");
  await at("/help");
  assert.match(await view.page.innerText("main"), /palette|Ctrl/i);
});

test("g and a letter go to each part of the navigation", async () => {
  const parts = await view.page.locator("[data-go]").evaluateAll((links) => links.map((link) => [link.dataset.go, link.getAttribute("href")]));
  assert.ok(parts.length > 8);
  for (const [key, href] of parts) {
    await view.page.goto(`${server.url}/help`);
    await press(view.page, "g", key);
    await at(href);
    assert.equal(await view.page.locator(`[data-go="${key}"][aria-current]`).count(), 1, `g ${key} leads to ${href}`);
  }
});

test("/ searches", async () => {
  await press(view.page, "/");
  assert.equal(await view.page.evaluate(() => document.activeElement.id), "search");
  await view.page.keyboard.type("checkout");
  await press(view.page, "Enter");
  await at("/search");
  assert.match(await view.page.innerText("main .rows"), /checkout/i);
});

test("the palette finds a service by a few of its letters, and Enter opens it", async () => {
  const { page } = view;
  await press(page, "Control+k");
  await page.waitForSelector("dialog[open] [role=combobox]:focus");
  await page.keyboard.type("chkout");
  await page.waitForSelector('[role=option][aria-selected="true"] >> text=/checkout/i');
  await press(page, "Enter");
  await page.waitForURL((url) => /checkout/.test(url.pathname));
  assert.match(await page.innerText("h1"), /checkout/i);
});

test("the palette closes by Escape and gives the focus back", async () => {
  const { page } = view;
  await page.locator('[data-go="s"]').focus();
  await press(page, "Control+k");
  await page.waitForSelector("dialog[open]");
  await press(page, "Escape");
  await page.waitForSelector("dialog", { state: "hidden" });
  assert.match(await focused(page), /Services/);
});

test("j and k walk through a list, and Enter opens what is chosen", async () => {
  const { page } = view;
  await page.goto(`${server.url}/services`);
  await press(page, "j");
  const first = await focused(page);
  await press(page, "j");
  const second = await focused(page);
  assert.notEqual(first, second);
  await press(page, "k");
  assert.equal(await focused(page), first);
  const href = await page.evaluate(() => document.activeElement.getAttribute("href"));
  await press(page, "Enter");
  await at(new URL(href, server.url).pathname);
});

test("letters that are typed into a field are only letters", async () => {
  const { page } = view;
  await press(page, "/");
  await page.keyboard.type("gs?u");
  assert.equal(await page.inputValue("#search"), "gs?u");
  await at("/");
});

test("the first Tab offers to skip the navigation", async () => {
  await press(view.page, "Tab");
  assert.match(await focused(view.page), /Skip to the content/);
  await press(view.page, "Enter");
  assert.equal(await view.page.evaluate(() => document.activeElement.id), "main");
});
