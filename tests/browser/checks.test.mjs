// Checks, probes, maintenance and the on-call calendar, with the keyboard alone where that is promised.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { demo } from "../mainstay.mjs";
import { focused, launch, open, overflow, press, tabTo, violations } from "./rig.mjs";
import { incident, until } from "./story.mjs";

let server, browser, view;

before(async () => {
  [server, browser] = await Promise.all([demo(), launch()]);
  view = await open(browser);
});
beforeEach(() => assert.deepEqual(view.problems, []));
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("the list of checks shows by itself what broke, and from where", async () => {
  const { page } = view;
  await page.goto(`${server.url}/checks`);
  assert.ok((await page.locator(".heat .strip-narrow").count()) > 0, "the twelve locations are drawn");
  await incident(server.url);
  await page.waitForSelector('.heat tr:has(.state.tone-bad) >> text=/down at/', { timeout: 60_000 });
});

test("a check's screen has its phases as a plot and as a table", async () => {
  const { page } = view;
  await page.goto(`${server.url}/checks`);
  await page.locator(".heat tbody a.name").first().click();
  await until("runs are measured", async () => {
    await page.reload();
    return (await page.locator("#phases .chart rect").count()) > 0;
  });
  await page.locator("#phases summary").click();
  assert.ok((await page.locator("#phases tbody tr").count()) > 0);
  await page.locator("#phases .tabs a", { hasText: "au-sydney" }).click();
  await page.waitForURL(/location=au-sydney/);
  assert.match(await page.innerText("#phases"), /From au-sydney/);
});

test("maintenance is planned from a check's screen and called off", async () => {
  const { page } = view;
  await page.locator("text=Plan maintenance").click();
  await page.waitForURL(/\/maintenance\?of=/);
  await page.fill("#from", "2030-01-01T02:00");
  await page.fill("#lasting", "90m");
  await page.fill("#reason", "new disks");
  await page.locator("main form button:has-text('Plan')").click();
  await page.waitForURL(/done=maintenance/);
  assert.match(await page.innerText("[data-live=coming]"), /new disks/);
  await page.locator("text=Call off").first().click();
  await page.waitForSelector("[data-live=over] >> text=called off");
  assert.doesNotMatch(await page.innerText("[data-live=coming]"), /new disks/);
});

test("somebody is put in for a day of the calendar with the keyboard alone", async () => {
  const { page } = view;
  await page.goto(`${server.url}/on-call`);
  await page.locator('a[aria-label^="Schedule of"][href$="/checkout"]').click();
  await page.waitForURL(/checkout/);
  await tabTo(page, ".calendar a.day");
  const today = await page.evaluate(() => document.activeElement.getAttribute("href"));
  await press(page, "ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("href")), today, "around and back");
  await press(page, "ArrowDown", "Home");
  await press(page, "Enter");
  await page.waitForURL(/day=/);
  assert.ok(await page.evaluate(() => document.activeElement.closest(".day-panel") !== null), "the focus is where one goes on");
  await tabTo(page, ".day-panel form button:not(.inline-form *)");
  assert.match(await focused(page), /Put in/);
  await press(page, "Enter");
  await page.waitForURL(/done=on-call/);
  assert.match(await page.innerText("[data-live=put-in]"), /override/);
  await tabTo(page, ".calendar a.day");
  const before = page.url();
  await press(page, "PageDown");
  await page.waitForURL((url) => url.href !== before && !url.searchParams.has("day"));
});

for (const path of ["/checks", "/checks?by=system&for=30d", "/probes", "/maintenance", "/on-call"]) {
  test(`${path} has no violation and fits a phone`, async () => {
    const { page } = view;
    await page.goto(server.url + path);
    assert.deepEqual(await violations(page), []);
    assert.deepEqual(await overflow(page, 390), []);
    await page.setViewportSize({ width: 1280, height: 900 });
  });
}
