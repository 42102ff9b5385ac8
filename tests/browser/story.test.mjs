// The main job: something breaks, the screens say whose it is and what changed, Undo mends it. By keyboard alone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { demo } from "../mainstay.mjs";
import { launch, open, press, tabTo } from "./rig.mjs";
import { BREAKS_MS_MAX, incident, until } from "./story.mjs";

const SPEED = 20;
const RECOVERS_MS_MAX = 40_000;
const UNDONE_MAX = 3;
const BROKEN = 'main a[href^="/incidents/"]:not([href="/incidents/declare"])';
const UNDO = ".suspects .do a.btn";
const CONFIRM = '[data-live="form"] button';

let browser;

before(async () => { browser = await launch(); });
after(() => browser?.close());

/** The words of the element, nothing where it is not on the screen. */
const text = async (page, selector) => (await page.locator(selector).allInnerTexts()).join("\n");

/** Who, what now, what changed: all of it must be on the incident's screen. */
async function readsWhatMatters(page) {
  const answers = await page.locator(".answers > div").allInnerTexts();
  const answer = (question) => answers.find((text) => text.startsWith(question)) ?? "";
  for (const question of ["Broken", "Whose service", "On call now", "Runbook"]) {
    assert.match(answer(question), /\n./, `${question} is answered: ${answers.join(" | ")}`);
  }
  assert.equal(await page.locator(".answers .gap-note").count(), 0, `no answer is missing: ${answers.join(" | ")}`);
  const suspects = await page.locator(".suspects > li").all();
  assert.ok(suspects.length >= 2, "an innocent change stands beside the guilty one");
  for (const suspect of suspects) assert.ok(await suspect.locator(".reasons li").count(), "a suspect has reasons");
}

/** Asks for the undo of the first suspect that can be undone, reads what it will do, and confirms. */
async function undo(page, key) {
  if (key) {
    await press(page, key);
  } else {
    await tabTo(page, UNDO);
    await press(page, "Enter");
  }
  await page.waitForSelector(CONFIRM);
  assert.match(await text(page, "main"), /What will be different/);
  await tabTo(page, CONFIRM);
  await press(page, "Enter");
  await page.waitForURL((url) => !url.pathname.startsWith("/undo/"));
}

for (const javaScriptEnabled of [true, false]) {
  test(`an incident is understood and undone by keyboard, ${javaScriptEnabled ? "live" : "without scripts"}`, async (t) => {
    const server = await demo(SPEED);
    t.after(() => server.stop());
    const { page, problems, close } = await open(browser, { javaScriptEnabled });
    t.after(close);
    await page.goto(server.url);
    if (!javaScriptEnabled) {
      await incident(server.url);
      await page.reload();
    }
    await page.waitForSelector(BROKEN, { timeout: BREAKS_MS_MAX });
    await tabTo(page, BROKEN);
    await press(page, "Enter");
    await page.waitForSelector(".suspects > li");
    await readsWhatMatters(page);

    // As somebody does who trusts the list: from the top, until it recovers.
    const screen = page.url();
    let recovered = false;
    for (let undone = 0; undone < UNDONE_MAX && !recovered; undone += 1) {
      await undo(page, javaScriptEnabled && undone === 0 ? "u" : undefined);
      if (page.url() !== screen) await page.goto(screen);
      if (javaScriptEnabled) await page.evaluate(() => { globalThis.neverLoadedAgain = true; });
      const hasEnded = async () => {
        if (!javaScriptEnabled) await page.reload();
        return /\bended\b/.test(await text(page, "main .head"));
      };
      recovered = await until("it recovers", hasEnded, RECOVERS_MS_MAX).catch(() => false);
    }
    assert.ok(recovered, `it is still broken after ${UNDONE_MAX} undone changes`);
    if (javaScriptEnabled) assert.ok(await page.evaluate(() => globalThis.neverLoadedAgain), "the screen told it by itself");
    assert.deepEqual(problems, []);
  });
}
