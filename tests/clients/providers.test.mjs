// Slack's and Twilio's own libraries judge what they are sent.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { until } from "./flags.mjs";
import { SHOP, clerk, noPython, python, receiver, shop } from "./shop.mjs";

const ACCOUNT = "AC0123456789abcdef0123456789abcdef";
const SECRET = "0123456789abcdef0123456789abcdef";
const [NUMBER, TO] = ["+15005550006", "+14155552671"];
const TITLE = `<!channel> & <https://evil.example|click> *bold* ${"“Größe” ✗ ".repeat(20)}`;

let server, slack, twilio;

before(async () => {
  if (noPython) return;
  // An incoming webhook answers `ok`, as text.
  slack = await receiver(() => ({ headers: { "content-type": "text/html" }, body: "ok" }));
  twilio = await receiver((_, count) => ({ status: 201, body: JSON.stringify({ sid: `SM${count}`, status: "queued" }) }));
  const env = { MAINSTAY_TWILIO_ACCOUNT: ACCOUNT, MAINSTAY_TWILIO_TOKEN: SECRET, MAINSTAY_TWILIO_FROM: NUMBER, MAINSTAY_TWILIO_URL: twilio.url };
  server = await shop({ catalog: SHOP + clerk("bea"), env });
});
after(async () => {
  await Promise.all([slack?.stop(), twilio?.stop()]);
  await server?.stop();
});

test("Slack's library finds every message within Slack's limits, however long and hostile its words", { skip: noPython }, async () => {
  await server.reach("ada", [["slack", `${slack.url}/services/T000/B000/secret`]]);
  const key = await server.keyFor("hostile", "generic");
  const labels = Object.fromEntries(Array.from({ length: 60 }, (_, number) => [`label_${number}`, "&<>".repeat(150)]));
  const alert = { summary: TITLE, severity: "critical", labels, details: "<".repeat(20_000) };
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const taken = await fetch(`${server.url}/hooks/alerts`, { method: "POST", headers, body: JSON.stringify(alert) });
  assert.equal(taken.status, 202, await taken.text());
  const first = await until("the incident's message comes", () => slack.received[0]);
  await server.page("short", "component:checkout");
  await until("the page's message comes", () => slack.received[1]);
  const messages = slack.received.map(({ text }) => JSON.parse(text));
  assert.deepEqual((await python("providers", { slack: messages })).slack, messages.map(() => []));
  for (const { text, blocks } of messages) {
    // https://docs.slack.dev/reference/block-kit/blocks: at most 50 in a message;
    // https://docs.slack.dev/reference/methods/chat.postMessage#truncating: a text of more than 40,000 characters is cut.
    assert.ok(blocks.length <= 50 && text.length <= 40_000);
    // https://docs.slack.dev/messaging/formatting-message-text: `<!` calls people, `<https` is a link.
    assert.doesNotMatch(JSON.stringify({ text, blocks }), /<[!@#h]/);
  }
  assert.ok(first.text.includes("&lt;!channel&gt; &amp; "), first.text);
  const urls = messages[0].blocks.at(-1).elements.map(({ url }) => new URL(url).pathname.split("/")[1]);
  assert.deepEqual(urls, ["ack", "incidents"]);
});

test("a text message and a call are what Twilio's library itself sends, and its callback answers the page", { skip: noPython }, async () => {
  await server.reach("bea", [["sms", TO], ["voice", TO]]);
  const number = await server.page("Der Aufzug steckt fest & piept <laut>", "component:desk-of-bea");
  const kind = (name) => twilio.received.find(({ path }) => path.endsWith(name));
  const [message, call] = await until("both are sent", () => {
    const both = [kind("/Messages.json"), kind("/Calls.json")];
    return both.every(Boolean) && both;
  });
  const form = ({ text }) => Object.fromEntries(new URLSearchParams(text));
  const { Twiml: twiml } = form(call);
  const link = /action="([^"]+)"/.exec(twiml)[1].replaceAll("&amp;", "&");
  const asked = { account: ACCOUNT, token: SECRET, number: NUMBER, to: TO, text: form(message).Body, twiml, said: "This is Mainstay. Der Aufzug steckt fest & piept <laut>.", link };
  const said = await python("providers", { twilio: asked });
  const ours = [message, call].map((sent) => ({
    method: sent.method,
    url: `https://api.twilio.com${sent.path}`,
    form: form(sent),
    auth: Buffer.from(sent.headers.authorization.replace("Basic ", ""), "base64").toString().split(":"),
    content_type: sent.headers["content-type"],
  }));
  assert.deepEqual(ours, said.requests);
  assert.equal(said.ours, said.theirs, "the call is what Twilio's library writes");
  assert.ok(form(message).Body.includes("\nAck: "), form(message).Body);

  // The keypad posts to the link, as Twilio does.
  const press = async (digits) => {
    const headers = { "content-type": "application/x-www-form-urlencoded", "x-twilio-signature": said.signature };
    const answer = await fetch(link, { method: "POST", headers, body: new URLSearchParams({ Digits: digits }) });
    assert.deepEqual([answer.status, answer.headers.get("content-type")], [200, "text/xml; charset=utf-8"]);
    return answer.text();
  };
  const state = async () => (await server.get(`/api/v1/pages/${number}`)).state;
  const pocket = await press("7");
  assert.equal(await state(), "open", "any other key acknowledges nothing");
  const meant = await press("4");
  assert.equal(await state(), "acknowledged");
  const sentences = [[pocket, "Nothing was acknowledged. Goodbye."], [meant, "Acknowledged. Nobody else is called. Goodbye."]];
  for (const [spoken, theirs] of (await python("providers", { answers: sentences })).answers) assert.equal(spoken, theirs);
});
