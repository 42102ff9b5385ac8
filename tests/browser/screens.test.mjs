// Every screen that links lead to, as each sort of reader sees it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { demo } from "../mainstay.mjs";
import { crawl } from "./crawl.mjs";
import { READERS, launch, open, overflow, violations } from "./rig.mjs";
import { incident } from "./story.mjs";

const SCREEN_BYTES_MAX = 100_000;
const NARROWEST = 360;

let server, browser, screens;

before(async () => {
  [server, browser] = await Promise.all([demo(100), launch()]);
  await incident(server.url);
  screens = await crawl(server.url);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("the links lead to every part of the navigation, and none leads nowhere", () => {
  const dead = screens.filter(({ status }) => status !== 200).map(({ address, from, status }) => `${status} ${address}, linked from ${from}`);
  assert.deepEqual(dead, []);
  const reached = new Set(screens.map(({ address }) => address));
  const navigation = ["/incidents", "/services", "/timeline", "/checks", "/flags", "/contracts", "/on-call", "/graph", "/docs", "/findings", "/settings", "/help"];
  assert.deepEqual(navigation.filter((address) => !reached.has(address)), []);
});

test("no screen weighs more than 100 KB", () => {
  const heavy = screens.filter(({ bytes, type }) => type.startsWith("text/html") && bytes > SCREEN_BYTES_MAX);
  assert.deepEqual(heavy.map(({ address, bytes }) => `${address}: ${bytes} bytes`), []);
});

for (const reader of READERS) {
  test(`each screen is sound: ${reader.name}`, async (t) => {
    const { page, problems, close } = await open(browser, reader);
    for (const { address } of screens.filter(({ type, status }) => status === 200 && type.startsWith("text/html"))) {
      await t.test(address, async () => {
        problems.length = 0;
        await page.setViewportSize({ width: reader.width, height: 900 });
        await page.goto(server.url + address);
        const found = await violations(page);
        if (reader.width < 500) found.push(...await overflow(page, NARROWEST));
        assert.deepEqual([...found, ...problems], []);
      });
    }
    await close();
  });
}
