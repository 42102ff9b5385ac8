// One incident by keyboard alone, from its declaration to the published post-mortem.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { demo } from "../mainstay.mjs";
import { at, isSound, launch, open, press, says, tabTo, write } from "./rig.mjs";

let server, browser;

before(async () => { [server, browser] = await Promise.all([demo(1), launch()]); });
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Goes to a button by Tab and presses it. */
async function push(page, selector) {
  await tabTo(page, selector);
  await press(page, "Enter");
}

/** Asks the API as a program does, with a token of its own. */
async function api(path, body, token) {
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const answer = await fetch(`${server.url}/api/v1${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  const told = await answer.json();
  assert.ok(answer.ok, JSON.stringify(told));
  return told;
}

test("an incident is declared, run, resolved and learnt from by keyboard alone", async () => {
  const view = await open(browser);
  const { page } = view;
  await page.goto(`${server.url}/incidents`);
  await push(page, 'a[href="/incidents/declare"]');
  await page.waitForURL(/declare/);
  await write(page, "#title", "Labels can’t be printed");
  await tabTo(page, "#entity");
  await page.keyboard.type("Checkout");
  await push(page, "main button.btn-main");
  await page.waitForURL(/incidents\/\d+$/);
  const home = new URL(page.url()).pathname;
  await isSound(view);

  await push(page, `form[action="${home}/acknowledge"] button`);
  await says(page, "acknowledged by");
  await push(page, `form[action="${home}/role"] button`);
  await says(page, "Bram Squall");
  await push(page, "button[name=tick]");
  await page.waitForSelector("button[name=untick]");
  await press(page, "n");
  await page.waitForSelector("#note:focus");
  await page.keyboard.type("The printer is *out of labels*.");
  await push(page, "button[name=sort]");
  await page.waitForSelector(".written em >> text=out of labels");
  await push(page, `form[action="${home}/mitigate"] button`);
  await says(page, "Not mitigated after all");
  await isSound(view);
  await push(page, `form[action="${home}/resolve"] button`);
  await says(page, "resolved");

  await push(page, 'form[action="/postmortems"] button');
  await page.waitForURL(/postmortems\/\d+\/edit$/);
  await isSound(view);
  await write(page, "#what-0", "Order labels before they run out");
  await write(page, "#owner-0", "user:bram.squall");
  await write(page, "#deadline-0", new Date(Date.now() + 14 * 86_400_000).toISOString().slice(0, 10));
  await write(page, "#done_when-0", "the shelf has a second box");
  await press(page, "Enter");
  await page.waitForURL(/draft=1/);
  await says(page, "nobody has approved what it says now");
  await isSound(view);

  const number = Number(home.split("/").at(-1));
  const { token } = await api("/tokens", { name: "reviewer", scopes: ["write"] });
  await api(`/postmortems/${number}/reviews`, { revision: 2, approve: true, by: "user:ada.brolly" }, token);
  await page.goto(`${server.url}/postmortems/${number}`);
  await push(page, `form[action="/postmortems/${number}/publish"] button`);
  await says(page, "edition 1");
  await says(page, /action \d+/);
  await isSound(view);
  await page.goto(`${server.url}/postmortems?q=labels`);
  await says(page, "Labels can’t be printed");
  await isSound(view);
  await view.close();
});

test("a picture that is pasted into a note goes along with it", async () => {
  const view = await open(browser);
  const { page } = view;
  const { events } = await api("/incidents", { title: "The graph is odd", entity: "component:currency" });
  const number = events[0].event.about.number;
  await page.goto(`${server.url}/incidents/${number}`);
  await page.locator("#note").evaluate((area) => {
    const png = Uint8Array.from(atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="), (c) => c.charCodeAt(0));
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([png], "graph.png", { type: "image/png" }));
    area.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
  });
  assert.equal(await page.locator("#picture").evaluate((input) => input.files.length), 1);
  await page.locator("button:has-text('Add note')").first().click();
  await page.waitForSelector(".written img", { state: "attached" });
  // It is loaded when it comes into view; one pixel never does.
  const shown = await page.locator(".written img").evaluate((image) => {
    image.loading = "eager";
    return image.decode().then(() => image.naturalWidth);
  });
  assert.equal(shown, 1);
  await isSound(view);
  await view.close();
});
