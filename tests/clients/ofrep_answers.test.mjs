// Every kind of answer to an evaluation, held against OFREP's own OpenAPI document.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { GUEST_CONTEXT, KEEPER_CONTEXT, flagServer } from "./flags.mjs";
import { missing, ofrep } from "./openapi.mjs";

if (missing) console.log(`skipped: ${missing}`);

const ONE = "/ofrep/v1/evaluate/flags/{key}";
const ALL = "/ofrep/v1/evaluate/flags";
const STREAMS_TRIED_MAX = 5_000;
const STREAMS_AT_ONCE = 50;
const SITE = "https://harbour.example";
const EVENT_MS_MAX = 15_000;

let server, document;

before(async () => {
  if (missing) return;
  document = ofrep();
  server = await flagServer("--flags-cors", SITE);
});
after(() => server?.stop());

/** Posts, with the server's token unless another one or none is given; a body that is a string is sent as it is. */
async function post(path, body, { token = server.token, ...headers } = {}) {
  const shown = token ? { authorization: `Bearer ${token}` } : {};
  const answer = await fetch(server.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...shown, ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  const isJson = /^application\/json/.test(answer.headers.get("content-type") ?? "");
  return { status: answer.status, headers: answer.headers, text, body: isJson ? JSON.parse(text) : undefined };
}

const check = (name, options, run) => test(name, { skip: missing, ...options }, run);

/** Evaluates one flag, holds the answer against the document, and gives it back. */
async function one(key, body, expected) {
  const answer = await post(ONE.replace("{key}", encodeURIComponent(key)), body);
  assert.equal(answer.status, expected, answer.text);
  document.answer(ONE, answer.status, answer.body);
  return answer.body;
}

async function all(body, expected, headers) {
  const answer = await post(ALL, body, headers);
  assert.equal(answer.status, expected, answer.text);
  document.answer(ALL, answer.status, answer.body);
  return answer;
}

check("the document refuses what it should", {}, () => {
  const refused = (body) => assert.throws(() => document.answer(ONE, 200, body));
  for (const value of [true, 1, 1.5, "x", { a: 1 }, undefined]) document.answer(ONE, 200, JSON.parse(JSON.stringify({ key: "k", reason: "STATIC", value })));
  for (const value of [null, [1]]) refused({ key: "k", reason: "STATIC", value });
  refused({ key: "k", value: true });
  refused({ reason: "STATIC", value: true });
  refused({ key: "k", reason: "BECAUSE", value: true });
  assert.throws(() => document.answer(ONE, 418, {}));
});

check("a flag of every type, with and without a match, on, off and disabled", {}, async () => {
  const value = async (key, context = GUEST_CONTEXT) => {
    const { value: found, variant, reason } = await one(key, { context }, 200);
    return [found, variant, reason];
  };
  assert.deepEqual(await value("lamp-lit"), [true, "on", "STATIC"]);
  assert.deepEqual(await value("foghorn-muted"), [false, "off", "STATIC"]);
  assert.deepEqual(await value("lamp-colour", KEEPER_CONTEXT), ["green", "green", "TARGETING_MATCH"]);
  assert.deepEqual(await value("lamp-colour"), ["red", "red", "DEFAULT"]);
  assert.deepEqual(await value("flash-count"), [12, "many", "STATIC"]);
  assert.deepEqual(await value("beam-sweep"), [2.25, "fast", "STATIC"]);
  assert.deepEqual(await value("galley-menu"), [{ soup: ["pea"], hot: true }, "short", "STATIC"]);
  assert.deepEqual(await value("dark-deck"), [undefined, undefined, "DISABLED"]);
  assert.equal((await value("new-foghorn"))[2], "TARGETING_MATCH");
});

check("what can't be evaluated says why, with OpenFeature's code", {}, async () => {
  const code = async (key, body, status) => (await one(key, body, status)).errorCode;
  assert.equal(await code("no-such-flag", { context: GUEST_CONTEXT }, 404), "FLAG_NOT_FOUND");
  assert.equal(await code("no such/flag?", { context: GUEST_CONTEXT }, 404), "FLAG_NOT_FOUND");
  assert.equal(await code("stormy", { context: { ...GUEST_CONTEXT, weather: "hail" } }, 400), "GENERAL");
  assert.equal(await code("lamp-lit", "{", 400), "PARSE_ERROR");
  assert.equal(await code("lamp-lit", "[]", 400), "PARSE_ERROR");
  assert.equal(await code("lamp-lit", { context: "gus" }, 400), "INVALID_CONTEXT");
  assert.equal(await code("lamp-lit", `{"context":${'{"a":'.repeat(1000)}1${"}".repeat(1000)}}`, 400), "INVALID_CONTEXT");
});

check("without a context nobody is meant, and that is no error", {}, async () => {
  assert.equal((await one("lamp-lit", "", 200)).value, true);
  assert.equal((await one("lamp-lit", {}, 200)).value, true);
  assert.equal((await one("lamp-colour", { context: {} }, 200)).value, "red");
});

check("all flags at once: values, disabled ones and failures side by side", {}, async () => {
  const { body, headers } = await all({ context: { ...KEEPER_CONTEXT, weather: "hail" } }, 200);
  const flags = new Map(body.flags.map((flag) => [flag.key, flag]));
  assert.equal(flags.get("lamp-colour").value, "green");
  assert.equal(flags.get("dark-deck").reason, "DISABLED");
  assert.equal(flags.get("stormy").errorCode, "GENERAL");
  assert.match(headers.get("etag"), /^"[^"]+"$/);
  assert.deepEqual(body.eventStreams.map(({ type }) => type), ["sse"]);
});

check("all flags at once refuses what it can't read", {}, async () => {
  const code = async (body) => (await all(body, 400)).body.errorCode;
  assert.equal(await code("{"), "PARSE_ERROR");
  assert.equal(await code({ context: 7 }), "INVALID_CONTEXT");
});

check("an answer that the client has is not sent again; another user, another attribute and a flip are another answer", {}, async () => {
  const first = await all({ context: GUEST_CONTEXT }, 200);
  const etag = first.headers.get("etag");
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
    const { text } = await all({ context: GUEST_CONTEXT }, 304, { "if-none-match": known });
    assert.equal(text, "");
  }
  await all({ context: { email: GUEST_CONTEXT.email, targetingKey: GUEST_CONTEXT.targetingKey } }, 304, { "if-none-match": etag });
  await all({ context: { ...GUEST_CONTEXT, targetingKey: "gudrun" } }, 200, { "if-none-match": etag });
  await all({ context: { ...GUEST_CONTEXT, email: KEEPER_CONTEXT.email } }, 200, { "if-none-match": etag });
  await server.turn("lamp-lit", false);
  await all({ context: GUEST_CONTEXT }, 200, { "if-none-match": etag });
  await server.turn("lamp-lit", true);
});

check("a body of more than a megabyte is refused", {}, async () => {
  const context = { ...GUEST_CONTEXT, note: "x".repeat(1 << 20) };
  assert.equal((await post(ALL, { context })).status, 413);
  assert.equal((await post(ONE.replace("{key}", "lamp-lit"), { context })).status, 413);
});

check("who has no token, a bad one, or one that may not evaluate is told so", {}, async () => {
  for (const path of [ALL, ONE.replace("{key}", "lamp-lit")]) {
    const as = async (headers) => (await post(path, { context: GUEST_CONTEXT }, headers)).status;
    assert.equal(await as({ token: null }), 401);
    assert.equal(await as({ token: "not-a-token-of-this-server" }), 401);
    assert.equal(await as({ token: await server.evaluator({ scopes: ["report"] }) }), 403);
    assert.equal(await as({ token: null, "x-api-key": server.token }), 200);
  }
});

check("the event stream says what the document says, and who was away learns what was missed", {}, async () => {
  const { body } = await all({ context: GUEST_CONTEXT }, 200);
  const [{ endpoint }] = body.eventStreams;
  const address = new URL(endpoint.requestUri, endpoint.origin ?? server.url);
  const { id, data } = await firstEvent(address, {}, () => server.turn("lamp-lit", false));
  document.schema("sseEventData", JSON.parse(data));
  await server.turn("foghorn-muted", true);
  const missed = await firstEvent(address, { "last-event-id": id }, () => {});
  assert.notEqual(missed.id, id);
  document.schema("sseEventData", JSON.parse(missed.data));
  await server.turn("lamp-lit", true);
  await server.turn("foghorn-muted", false);
});

/** Opens the stream as a browser does, without a header of ours; then acts, and reads until an event with data. */
async function firstEvent(address, headers, act) {
  const away = new AbortController();
  const signal = AbortSignal.any([away.signal, AbortSignal.timeout(EVENT_MS_MAX)]);
  const answer = await fetch(address, { headers: { accept: "text/event-stream", ...headers }, signal });
  assert.equal(answer.status, 200, address.href);
  assert.match(answer.headers.get("content-type"), /^text\/event-stream/);
  await act();
  let text = "";
  try {
    for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (const block of text.split("\n\n").slice(0, -1)) {
        const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: ?(.*)/s, 2)));
        if (fields.data) {
          assert.ok(["message", undefined].includes(fields.event), block);
          return fields;
        }
      }
    }
  } finally {
    away.abort();
  }
  return assert.fail(`the stream ended: ${text}`);
}

check("scripts of a web site that the operator named may evaluate, and others may not", {}, async () => {
  const asked = "authorization,content-type,if-none-match,x-api-key";
  const preflight = async (origin) => {
    const headers = { origin, "access-control-request-method": "POST", "access-control-request-headers": asked };
    return (await fetch(server.url + ALL, { method: "OPTIONS", headers })).headers;
  };
  const allowed = await preflight(SITE);
  assert.equal(allowed.get("access-control-allow-origin"), SITE);
  assert.match(allowed.get("access-control-allow-methods"), /POST/);
  const headers = allowed.get("access-control-allow-headers").toLowerCase().split(/, */);
  for (const header of asked.split(",")) assert.ok(headers.includes(header), header);
  assert.equal((await preflight("https://elsewhere.example")).get("access-control-allow-origin"), null);
  const answer = await all({ context: GUEST_CONTEXT }, 200, { origin: SITE });
  assert.equal(answer.headers.get("access-control-allow-origin"), SITE);
  assert.match(answer.headers.get("access-control-expose-headers"), /etag/i);
});

check("who reconnects in a loop is told to wait", {}, async () => {
  const { body } = await all({ context: GUEST_CONTEXT }, 200);
  const [{ endpoint }] = body.eventStreams;
  const address = new URL(endpoint.requestUri, endpoint.origin ?? server.url);
  const openAndLeave = async () => {
    const away = new AbortController();
    const answer = await fetch(address, { signal: away.signal });
    away.abort();
    return answer;
  };
  for (let tried = 0; tried < STREAMS_TRIED_MAX; tried += STREAMS_AT_ONCE) {
    const answers = await Promise.all(Array.from({ length: STREAMS_AT_ONCE }, openAndLeave));
    const refused = answers.find(({ status }) => status === 429);
    if (refused) return assert.match(refused.headers.get("retry-after"), /^[1-9][0-9]*$/);
  }
  return assert.fail(`${STREAMS_TRIED_MAX} streams were opened one after the other`);
});
