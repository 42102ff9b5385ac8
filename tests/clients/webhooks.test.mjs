// Standard Webhooks' own libraries verify what Mainstay signs: pages, and the webhooks of pacts.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Webhook, WebhookVerificationError } from "standardwebhooks";

import { until } from "./flags.mjs";
import { SHOP, clerk, noPython, python, receiver, shop } from "./shop.mjs";

let server, key, contact, pacts;

before(async () => {
  server = await shop({ catalog: [SHOP, clerk("bea"), clerk("cid")].join("") });
  contact = await receiver();
  pacts = await receiver();
  ({ key } = await server.get("/api/v1/contracts/webhooks/signing-key"));
  await server.reach("ada", [["webhook", `${contact.url}/pages`]]);
});
after(async () => {
  await Promise.all([contact?.stop(), pacts?.stop()]);
  await server?.stop();
});

/** The call as it was, and in every way in which somebody between could change it. */
const forged = (call) => [
  { ...call, text: call.text.replace("{", "{ ") },
  { ...call, headers: { ...call.headers, "webhook-id": `${call.headers["webhook-id"]}0` } },
  { ...call, headers: { ...call.headers, "webhook-timestamp": String(Number(call.headers["webhook-timestamp"]) + 1) } },
  { ...call, headers: { ...call.headers, "webhook-signature": `v1,${Buffer.alloc(32, 1).toString("base64")}` } },
  { ...call, headers: { ...call.headers, "webhook-timestamp": String(Number(call.headers["webhook-timestamp"]) - 600) } },
];

const inJavaScript = (calls) => {
  const webhook = new Webhook(key);
  return calls.map(({ text, headers }) => {
    try {
      webhook.verify(text, headers);
      return "good";
    } catch (error) {
      assert.ok(error instanceof WebhookVerificationError, error.stack);
      return error.message;
    }
  });
};

async function judged(judge, call) {
  const [good, ...bad] = await judge([call, ...forged(call)]);
  assert.equal(good, "good");
  assert.equal(bad.filter((verdict) => verdict !== "good").length, forged(call).length, bad.join("; "));
}

const inPython = (calls) => python("webhooks", { key, calls });

async function paged() {
  const told = contact.received.length;
  await server.page("The checkout’s café page says “500” ✗");
  return until("the page's message comes", () => contact.received[told]);
}

test("a page's webhook is verified by the library for JavaScript, and a tampered one refused", async () => {
  const call = await paged();
  await judged(inJavaScript, call);
  const message = JSON.parse(call.text);
  assert.deepEqual([message.type, message.data.subject, message.data.id], ["mainstay.notification", "The checkout’s café page says “500” ✗", call.headers["webhook-id"]]);
  assert.equal(new Date(message.timestamp).toISOString().slice(0, 10), new Date().toISOString().slice(0, 10), "Standard Webhooks wants when it happened");
});

test("a page's webhook is verified by the library for Python, and a tampered one refused", { skip: noPython }, async () => {
  await judged(inPython, await paged());
});

test("a receiver that is busy is asked again no sooner than it wishes, under the same id", async () => {
  const busy = await receiver((_, count) => (count === 1 ? { status: 429, headers: { "retry-after": "4" } } : {}));
  try {
    await server.reach("bea", [["webhook", `${busy.url}/pages`]]);
    const began = Date.now();
    await server.page("the till is stuck", "component:desk-of-bea");
    const again = await until("it is asked again", () => busy.received[1]);
    assert.ok(Date.now() - began >= 4_000, `asked again after ${Date.now() - began} ms`);
    assert.equal(again.headers["webhook-id"], busy.received[0].headers["webhook-id"]);
    await judged(inJavaScript, again);
  } finally {
    await busy.stop();
  }
});

test("of a storm there are few messages, and the link of one answers all that it told of", async () => {
  const calls = await receiver();
  try {
    await server.reach("cid", [["webhook", `${calls.url}/pages`]]);
    const titles = Array.from({ length: 25 }, (_, shelf) => `shelf ${shelf} is empty`);
    await Promise.all(titles.map((title) => server.ask("POST", "/api/v1/pages", { about: "component:desk-of-cid", title })));
    const told = () => calls.received.map(({ text }) => JSON.parse(text).data);
    const count = ({ subject }) => Number(/^(\d+) pages: /.exec(subject)?.[1] ?? 1);
    await until("all are told of", () => told().reduce((sum, message) => sum + count(message), 0) === titles.length);
    assert.ok(told().length <= 5, `${told().length} messages: ${told().map(({ subject }) => subject)}`);
    const largest = told().toSorted((one, other) => count(other) - count(one))[0];
    const { text } = largest;
    const shown = titles.filter((title) => text.includes(title));
    assert.ok(count(largest) > 10 && shown.length === Math.min(count(largest), 20), `${largest.subject}\n${text}`);
    assert.equal((await fetch(largest.acknowledge, { method: "POST" })).status, 200);
    const { items } = await server.get("/api/v1/pages?person=user:cid");
    const answered = items.filter(({ state }) => state === "acknowledged").map(({ title }) => title);
    assert.ok(answered.length >= count(largest) && shown.every((title) => answered.includes(title)), answered.join());
  } finally {
    await calls.stop();
  }
});

test("a pact's webhook is verified by both libraries", { skip: noPython }, async () => {
  const request = { method: "POST", url: `${pacts.url}/hook`, headers: { "content-type": "application/json" }, body: { pact: "${pactbroker.pactUrl}" } };
  await server.ask("POST", "/pact/webhooks", { events: [{ name: "contract_published" }], request });
  const pact = { consumer: { name: "till" }, provider: { name: "checkout" }, interactions: [] };
  await server.ask("PUT", "/pact/pacts/provider/checkout/consumer/till/version/1", pact);
  const call = await until("the webhook is called", () => pacts.received[0]);
  await judged(inJavaScript, call);
  await judged(inPython, call);
});
