// OpenFeature's web SDK with its OFREP provider: one bulk evaluation, then whatever the event stream announces.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { OFREPWebProvider } from "@openfeature/ofrep-web-provider";
import { OpenFeature, ProviderEvents } from "@openfeature/web-sdk";
import { EventSource } from "eventsource";

import { GUEST_CONTEXT, KEEPER_CONTEXT, flagServer, next } from "./flags.mjs";

/// What the provider itself waits, so that several events make one request.
const COALESCED_MS = 50;
const SEEN_MS_MAX = 2_000;

let server;

before(async () => {
  // What a browser has and Node lacks. Like a browser's it sends no header of ours: the address alone must do.
  globalThis.EventSource = EventSource;
  server = await flagServer();
});
after(() => server?.stop());
afterEach(() => OpenFeature.clearProviders());

/**
 * A client with a provider of its own, and the queries of the requests that brought flags, and of those that found nothing
 * new. How many of the latter there are is not certain: who opens a stream soon after a change is told to look again.
 */
async function connect(context, token = server.token) {
  const [brought, unchanged] = [[], []];
  const fetchImplementation = async (request, init) => {
    const answer = await fetch(request, init);
    (answer.status === 304 ? unchanged : brought).push(new URL(request.url).searchParams);
    return answer;
  };
  const options = { baseUrl: server.url, headers: [["Authorization", `Bearer ${token}`]], cacheMode: "disabled", fetchImplementation };
  const provider = new OFREPWebProvider(options);
  const opened = streamOpened();
  await OpenFeature.setContext(context);
  await OpenFeature.setProviderAndWait(provider);
  await opened;
  return { client: OpenFeature.getClient(), provider, brought, unchanged };
}

/** Resolves when the next event stream is open. */
function streamOpened() {
  return new Promise((resolve, reject) => {
    class Watched extends EventSource {
      constructor(...args) {
        super(...args);
        this.addEventListener("open", resolve);
        this.addEventListener("error", ({ code, message }) => reject(new Error(`event stream: ${code} ${message}`)));
      }
    }
    globalThis.EventSource = Watched;
  });
}

test("one request brings all flags, each with its value, variant and reason", async () => {
  const { client, brought } = await connect(KEEPER_CONTEXT);
  const check = ({ value, variant, reason, errorCode }, ...expected) => assert.deepEqual([value, variant, reason, errorCode], [...expected, undefined]);
  check(client.getBooleanDetails("lamp-lit", false), true, "on", "STATIC");
  check(client.getStringDetails("lamp-colour", "blue"), "green", "green", "TARGETING_MATCH");
  check(client.getNumberDetails("flash-count", 0), 12, "many", "STATIC");
  check(client.getNumberDetails("beam-sweep", 0), 2.25, "fast", "STATIC");
  check(client.getObjectDetails("galley-menu", {}), { soup: ["pea"], hot: true }, "short", "STATIC");
  assert.equal(brought.length, 1);
});

test("a wrong type, an unknown flag and a rule that fails give the default, and say why", async () => {
  const { client } = await connect({ ...GUEST_CONTEXT, weather: "hail" });
  const check = ({ value, reason, errorCode }, code) => assert.deepEqual([value, reason, errorCode], ["mine", "ERROR", code]);
  check(client.getStringDetails("lamp-lit", "mine"), "TYPE_MISMATCH");
  check(client.getStringDetails("no-such-flag", "mine"), "FLAG_NOT_FOUND");
  check(client.getStringDetails("stormy", "mine"), "GENERAL");
});

test("a disabled flag gives the default, and is no error", async () => {
  const { client } = await connect(GUEST_CONTEXT);
  const { value, variant, reason, errorCode } = client.getStringDetails("dark-deck", "mine");
  assert.deepEqual([value, variant, reason, errorCode], ["mine", undefined, "DISABLED", undefined]);
});

test("a flip reaches the client by itself, which is told what changed", async (t) => {
  const { client, brought } = await connect(GUEST_CONTEXT);
  for (const on of [false, true]) {
    const changed = next(client, ProviderEvents.ConfigurationChanged);
    const begun = performance.now();
    await server.turn("lamp-lit", on);
    const answered = performance.now();
    const { flagsChanged } = await changed;
    const seen = performance.now();
    assert.deepEqual(flagsChanged, ["lamp-lit"]);
    assert.equal(client.getBooleanValue("lamp-lit", !on), on);
    t.diagnostic(`flip answered after ${(answered - begun).toFixed(1)} ms, value changed ${(seen - answered).toFixed(1)} ms later, of which the provider waits ${COALESCED_MS}`);
    assert.ok(seen - begun < SEEN_MS_MAX, `${seen - begun} ms`);
  }
  const [, ...refetched] = brought;
  assert.equal(refetched.length, 2);
  for (const query of refetched) assert.ok(query.has("flagConfigEtag") && query.has("flagConfigLastModified"), `${query}`);
});

test("what did not change is not sent again", async () => {
  const { provider, brought, unchanged } = await connect(GUEST_CONTEXT);
  await OpenFeature.setContext({ ...GUEST_CONTEXT });
  assert.equal(brought.length, 1);
  assert.ok(unchanged.some((query) => query.size === 0), "the new context was asked about");
  assert.ok(provider.flagCache["lamp-lit"]);
});

test("another attribute of the same user brings other values", async () => {
  const { client, brought } = await connect(GUEST_CONTEXT);
  assert.equal(client.getStringValue("lamp-colour", "blue"), "red");
  await OpenFeature.setContext({ ...GUEST_CONTEXT, email: KEEPER_CONTEXT.email });
  assert.equal(client.getStringValue("lamp-colour", "blue"), "green");
  assert.equal(brought.length, 2);
});

test("a token for one set of flags brings no others, and no word of their changes", async () => {
  const token = await server.evaluator({ flag_sets: ["quay"] });
  const { client, brought } = await connect(GUEST_CONTEXT, token);
  assert.equal(client.getNumberValue("quay-price", 0), 20);
  assert.equal(client.getBooleanDetails("lamp-lit", false).errorCode, "FLAG_NOT_FOUND");
  const changed = next(client, ProviderEvents.ConfigurationChanged);
  await server.turn("foghorn-muted", true);
  await server.turn("foghorn-muted", false);
  await server.turn("quay-price", false);
  assert.deepEqual((await changed).flagsChanged, ["quay-price"]);
  assert.equal(client.getNumberValue("quay-price", 0), 10);
  assert.equal(brought.length, 2);
  await server.turn("quay-price", true);
});

test("a bad token is fatal to the provider", async () => {
  const options = { baseUrl: server.url, headers: [["Authorization", "Bearer not-a-token-of-this-server"]], cacheMode: "disabled" };
  await assert.rejects(OpenFeature.setProviderAndWait(new OFREPWebProvider(options)), /Initialization failed/);
  const client = OpenFeature.getClient();
  assert.equal(client.providerStatus, "FATAL");
  assert.equal(client.getBooleanDetails("lamp-lit", false).errorCode, "PROVIDER_FATAL");
});

test("without the server the values stay, and the client knows that they are old", async () => {
  const { client } = await connect(KEEPER_CONTEXT);
  const stale = next(client, ProviderEvents.Stale);
  await server.stop();
  await stale;
  const { value, reason } = client.getStringDetails("lamp-colour", "blue");
  assert.deepEqual([value, reason], ["green", "TARGETING_MATCH"]);
});
