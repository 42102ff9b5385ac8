// Standard Webhooks' own libraries verify what Mainstay signs: pages, and the webhooks of pacts.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Webhook, WebhookVerificationError } from "standardwebhooks";

import { until } from "./flags.mjs";
import { noPython, python, receiver, shop } from "./shop.mjs";

let server, key, contact, pacts;

before(async () => {
  server = await shop();
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

function judged(judge, call) {
  const [good, ...bad] = judge([call, ...forged(call)]);
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
  judged(inJavaScript, call);
  const message = JSON.parse(call.text);
  assert.deepEqual([message.type, message.data.subject, message.data.id], ["mainstay.notification", "The checkout’s café page says “500” ✗", call.headers["webhook-id"]]);
  assert.equal(new Date(message.timestamp).toISOString().slice(0, 10), new Date().toISOString().slice(0, 10), "Standard Webhooks wants when it happened");
});

test("a page's webhook is verified by the library for Python, and a tampered one refused", { skip: noPython }, async () => {
  judged(inPython, await paged());
});

test("a pact's webhook is verified by both libraries", { skip: noPython }, async () => {
  const request = { method: "POST", url: `${pacts.url}/hook`, headers: { "content-type": "application/json" }, body: { pact: "${pactbroker.pactUrl}" } };
  await server.ask("POST", "/pact/webhooks", { events: [{ name: "contract_published" }], request });
  const pact = { consumer: { name: "till" }, provider: { name: "checkout" }, interactions: [] };
  await server.ask("PUT", "/pact/pacts/provider/checkout/consumer/till/version/1", pact);
  const call = await until("the webhook is called", () => pacts.received[0]);
  judged(inJavaScript, call);
  judged(inPython, call);
});
