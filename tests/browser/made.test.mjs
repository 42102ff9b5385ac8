// A check is tried, made, run and removed by hand; and the same without JavaScript.
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

test("a check is tried, made, run and removed by keyboard, and the screen follows the run by itself", async () => {
  const view = await open(browser);
  const { page } = view;
  await page.goto(`${server.url}/checks`);
  await tabTo(page, 'a[href="/checks/new"]');
  await press(page, "Enter");
  await at(page, "/checks/new");
  await isSound(view);
  await write(page, "#name", "by-keyboard");
  await write(page, "#target", "component:storefront");
  await write(page, "#url", `${server.url}/healthz`);
  await write(page, "#contains", "not to be found there");
  await tabTo(page, 'button[value="try"]');
  await press(page, "Enter");
  await says(page, "What one run saw from this server");
  await says(page, "failed");
  await isSound(view);
  await write(page, "#contains", "");
  await tabTo(page, 'button[value="try"]');
  await press(page, "Enter");
  await says(page, "passed");
  await tabTo(page, 'button[value="save"]');
  await press(page, "Enter");
  const home = "/checks/default/by-keyboard";
  await at(page, home);
  await says(page, "Made on the screen");
  await isSound(view);

  await tabTo(page, `form[action="${home}/run"] button`);
  await press(page, "Enter");
  await page.waitForURL((url) => url.pathname.startsWith(`${home}/runs/`));
  // Twelve locations answer one after another; nobody asks for the screen again.
  await says(page, "12 locations: 12 passed.");
  await isSound(view);

  await page.goto(`${server.url}${home}/edit`);
  await isSound(view);
  await tabTo(page, `form[action="${home}/remove"] button`);
  await press(page, "Enter");
  await at(page, "/checks");
  await says(page, "It is removed.");
  await view.close();
});

test("a heartbeat is made without JavaScript, and reports at the address that its screen shows", async () => {
  const view = await open(browser, { width: 390, javaScriptEnabled: false });
  const { page, problems } = view;
  await page.goto(`${server.url}/checks/new?form=heartbeat`);
  await page.fill("#name", "by-hand");
  await page.fill("#target", "component:storefront");
  await page.fill("#every", "1h");
  await page.click('button[value="save"]');
  const home = "/checks/default/by-hand";
  await at(page, home);
  const shown = await page.locator("#address code", { hasText: "curl" }).textContent();
  const answer = await fetch(shown.split(" ").at(-1), { method: "HEAD" });
  assert.equal(answer.status, 200);
  await page.goto(`${server.url}${home}`);
  await says(page, "is up, seen from job");
  assert.deepEqual(problems, []);
  await view.close();
});
