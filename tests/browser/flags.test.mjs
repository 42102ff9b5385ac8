// A release by keyboard alone: a flag is made, ramped, steered and explained; and the same without JavaScript.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { demo } from "../mainstay.mjs";
import { at, isSound, launch, open, press, says, tabTo, write } from "./rig.mjs";

let server, browser;

before(async () => { [server, browser] = await Promise.all([demo(), launch()]); });
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** From the list to a flag with a ramp in production, which is off. */
async function makeWithRamp(page, key) {
  await tabTo(page, 'a[href="/flags/new"]');
  await press(page, "Enter");
  await at(page, "/flags/new");
  await write(page, "#key", key);
  await write(page, "#description", "Made by keyboard.");
  await press(page, "Enter");
  await at(page, `/flags/default/${key}`);
  await tabTo(page, 'a[href$="/setting?environment=production"]');
  await press(page, "Enter");
  await at(page, `/flags/default/${key}/setting`);
  await write(page, "#steps", "5% 1h\n50% approval\n100%");
  await write(page, "#reason", "by and by");
  await press(page, "Enter");
  await at(page, `/flags/default/${key}`);
}

test("a flag is made, ramped, steered and explained by keyboard alone", async () => {
  const view = await open(browser);
  const { page } = view;
  await page.goto(`${server.url}/flags`);
  await press(page, "n");
  await at(page, "/flags/new");
  await isSound(view);
  await page.goto(`${server.url}/flags`);
  await makeWithRamp(page, "by-keyboard");
  const home = "/flags/default/by-keyboard";

  await press(page, "t");
  await page.waitForSelector("#reason-production:focus");
  await page.keyboard.type("let it begin");
  await press(page, "Enter");
  await at(page, home);
  await says(page, "on for 5%");
  await isSound(view);

  for (const [key, outcome] of [["p", "paused at 5%"], ["p", "ramping"], ["b", "rolled back"]]) {
    await press(page, key);
    await page.waitForSelector("button:focus");
    await press(page, "Enter");
    await says(page, outcome);
  }

  await press(page, "x");
  await at(page, `${home}/explain`);
  await tabTo(page, "form.code-form button");
  await press(page, "Enter");
  await says(page, "OpenFeature’s reason");
  await isSound(view);
  await page.goto(`${server.url}${home}/setting?environment=production`);
  await isSound(view);
  await view.close();
});

test("a mistake in a rule is told beside its field, with its place", async () => {
  const view = await open(browser);
  const { page } = view;
  await page.goto(`${server.url}/flags/new`);
  await write(page, "#key", "with-a-mistake");
  await write(page, "#targeting", '{"if": [{"startswith": ["a", "b"]}, "on"]}');
  await tabTo(page, "main button.btn-main");
  await press(page, "Enter");
  assert.match(await page.innerText("#targeting-error"), /if.*starts_with/s);
  assert.equal(await page.inputValue("#key"), "with-a-mistake");
  // The browser tells its console of the refusal.
  view.problems.length = 0;
  await isSound(view);
  await view.close();
});

test("all of it works without JavaScript", async () => {
  const view = await open(browser, { javaScriptEnabled: false });
  const { page } = view;
  await page.goto(`${server.url}/flags`);
  const go = async (selector) => { await page.locator(selector).first().focus(); await press(page, "Enter"); };
  await go('a[href="/flags/new"]');
  await page.locator("#key").fill("without-script");
  await go("main button.btn-main");
  await at(page, "/flags/default/without-script");
  await go('a[href$="/setting?environment=production"]');
  await page.locator("#approvals").fill("1");
  await page.locator("#shares").fill("on = 20\noff = 80");
  await go("main button.btn-main");
  await page.locator("#reason-production").fill("it is time");
  await press(page, "Enter");
  await page.waitForURL((url) => url.pathname.startsWith("/flags/requests/"));
  await says(page, "somebody else must approve it");
  await go('button[value="withdraw"]');
  await says(page, "withdrawn");
  assert.deepEqual(view.problems, []);
  await view.close();
});
