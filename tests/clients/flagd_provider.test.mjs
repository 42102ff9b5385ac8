// OpenFeature's server SDK with flagd's provider, in both of its modes: each flag is asked for over gRPC (`rpc`), or the
// whole set comes over gRPC and the provider evaluates by itself (`in-process`).
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { FlagdProvider } from "@openfeature/flagd-provider";
import { OpenFeature, ProviderEvents } from "@openfeature/server-sdk";

import { ANY_FLAGD_PORTS, GUEST_CONTEXT, KEEPER_CONTEXT, flagServer, flagdPort, next } from "./flags.mjs";

const SEEN_MS_MAX = 2_000;
/// flagd's own default of half a second is too short where two cores do all the work.
const DEADLINE_MS = 10_000;

let server;

before(async () => {
  server = await flagServer(...ANY_FLAGD_PORTS);
});
after(async () => {
  await OpenFeature.close();
  await server?.stop();
});

async function connect(resolverType, options = {}) {
  const domain = `${resolverType} ${options.selector ?? ""}`;
  const provider = new FlagdProvider({
    host: "127.0.0.1",
    port: await flagdPort(server, resolverType === "rpc" ? "evaluation" : "sync"),
    resolverType,
    deadlineMs: DEADLINE_MS,
    ...options,
  });
  await OpenFeature.setProviderAndWait(domain, provider);
  return OpenFeature.getClient(domain);
}

for (const mode of ["rpc", "in-process"]) {
  describe(mode, () => {
    let client;
    before(async () => {
      client = await connect(mode);
    });

    test("each type of value comes with its variant and reason", async () => {
      const check = async (details, value, variant, reason) => {
        const { value: found, variant: name, reason: why, errorCode } = await details;
        assert.deepEqual([found, name, why, errorCode], [value, variant, reason, undefined]);
      };
      await check(client.getBooleanDetails("lamp-lit", false, GUEST_CONTEXT), true, "on", "STATIC");
      await check(client.getBooleanDetails("foghorn-muted", true, GUEST_CONTEXT), false, "off", "STATIC");
      await check(client.getStringDetails("lamp-colour", "blue", KEEPER_CONTEXT), "green", "green", "TARGETING_MATCH");
      await check(client.getStringDetails("lamp-colour", "blue", GUEST_CONTEXT), "red", "red", "DEFAULT");
      await check(client.getNumberDetails("flash-count", 0, GUEST_CONTEXT), 12, "many", "STATIC");
      await check(client.getNumberDetails("beam-sweep", 0, GUEST_CONTEXT), 2.25, "fast", "STATIC");
      await check(client.getObjectDetails("galley-menu", {}, GUEST_CONTEXT), { soup: ["pea"], hot: true }, "short", "STATIC");
    });

    test("a wrong type, an unknown flag and a rule that fails give the default, and say why", async () => {
      const check = async (details, code) => {
        const { value, reason, errorCode } = await details;
        assert.deepEqual([value, reason, errorCode], ["mine", "ERROR", code]);
      };
      // Not a flag that always has the same value: that would come from the cache in `rpc` mode, whatever its type.
      await check(client.getStringDetails("new-foghorn", "mine", GUEST_CONTEXT), "TYPE_MISMATCH");
      await check(client.getStringDetails("no-such-flag", "mine", GUEST_CONTEXT), "FLAG_NOT_FOUND");
      await check(client.getStringDetails("stormy", "mine", { ...GUEST_CONTEXT, weather: "hail" }), "GENERAL");
    });

    test("a disabled flag gives the default, and is no error", async () => {
      const { value, variant, reason, errorCode } = await client.getStringDetails("dark-deck", "mine", GUEST_CONTEXT);
      assert.deepEqual([value, variant || undefined, reason, errorCode], ["mine", undefined, "DISABLED", undefined]);
    });

    test("a flip reaches the client by itself, which is told what changed", async (t) => {
      for (const on of [false, true]) {
        // In `rpc` mode this puts the value into the provider's cache, which the flip has to empty.
        assert.equal(await client.getBooleanValue("lamp-lit", on, GUEST_CONTEXT), !on);
        const changed = next(client, ProviderEvents.ConfigurationChanged);
        const begun = performance.now();
        await server.turn("lamp-lit", on);
        const answered = performance.now();
        const { flagsChanged } = await changed;
        const seen = performance.now();
        assert.ok(flagsChanged.includes("lamp-lit"), `${flagsChanged}`);
        assert.equal(await client.getBooleanValue("lamp-lit", !on, GUEST_CONTEXT), on);
        t.diagnostic(`flip answered after ${(answered - begun).toFixed(1)} ms, event ${(seen - answered).toFixed(1)} ms after that`);
        assert.ok(seen - begun < SEEN_MS_MAX, `${seen - begun} ms`);
      }
    });

    test("a selector narrows the flags to one set", async () => {
      const quay = await connect(mode, { selector: "flagSetId=quay" });
      assert.equal(await quay.getNumberValue("quay-price", 0, GUEST_CONTEXT), 20);
      assert.equal((await quay.getBooleanDetails("lamp-lit", false, GUEST_CONTEXT)).errorCode, "FLAG_NOT_FOUND");
    });
  });
}

test("both modes give every user the same", async () => {
  const [remote, local] = [await connect("rpc", { cache: "disabled", selector: "environment=production" }), await connect("in-process")];
  for (let user = 0; user < 200; user += 1) {
    const context = { targetingKey: `user-${user}`, email: user % 3 ? `user-${user}@guests.example` : `user-${user}@lighthouse.example` };
    for (const [key, type, otherwise] of [["new-foghorn", "Boolean", false], ["lamp-colour", "String", "blue"]]) {
      const ask = async (client) => {
        const { value, variant, reason } = await client[`get${type}Details`](key, otherwise, context);
        return { value, variant, reason };
      };
      assert.deepEqual(await ask(remote), await ask(local), `${key} of ${context.targetingKey}`);
    }
  }
});

test("the same port answers HTTP and JSON", async () => {
  const ask = async (method, body) => {
    const answer = await fetch(`http://127.0.0.1:${await flagdPort(server, "evaluation")}/flagd.evaluation.v1.Service/${method}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return [answer.status, await answer.json()];
  };
  const [status, { value, variant, reason }] = await ask("ResolveString", { flagKey: "lamp-colour", context: KEEPER_CONTEXT });
  assert.deepEqual([status, value, variant, reason], [200, "green", "green", "TARGETING_MATCH"]);
  const [missing, { code }] = await ask("ResolveBoolean", { flagKey: "no-such-flag", context: {} });
  assert.deepEqual([missing, code], [404, "not_found"]);
  const [mismatch, { code: why }] = await ask("ResolveBoolean", { flagKey: "lamp-colour", context: {} });
  assert.deepEqual([mismatch, why], [400, "invalid_argument"]);
});

test("without the server `rpc` gives defaults and `in-process` goes on; both know that they are cut off", async () => {
  const [remote, local] = [await connect("rpc"), await connect("in-process")];
  const stale = Promise.all([remote, local].map((client) => next(client, ProviderEvents.Stale)));
  await server.stop();
  await stale;
  const { value, errorCode } = await remote.getStringDetails("lamp-colour", "blue", KEEPER_CONTEXT);
  assert.deepEqual([value, errorCode], ["blue", "FLAG_NOT_FOUND"]);
  assert.equal(await local.getStringValue("lamp-colour", "blue", KEEPER_CONTEXT), "green");
});
