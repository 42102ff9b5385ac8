// OpenFeature's server SDK with its OFREP provider: a request per evaluation.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { OFREPProvider } from "@openfeature/ofrep-provider";
import { OpenFeature } from "@openfeature/server-sdk";

import { GUEST_CONTEXT, KEEPER_CONTEXT, flagServer } from "./flags.mjs";

let server, client;

const provider = (token) => new OFREPProvider({ baseUrl: server.url, headers: [["Authorization", `Bearer ${token}`]] });

before(async () => {
  server = await flagServer();
  await OpenFeature.setProviderAndWait(provider(server.token));
  client = OpenFeature.getClient();
});
after(async () => {
  await OpenFeature.close();
  await server?.stop();
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

test("a share of the users has the new variant, and keeps it", async () => {
  const ask = async () => {
    const answers = [];
    for (let user = 0; user < 60; user += 1) answers.push(await client.getBooleanValue("new-foghorn", false, { targetingKey: `user-${user}` }));
    return answers;
  };
  const answers = await ask();
  const on = answers.filter(Boolean).length;
  assert.ok(on > 15 && on < 45, `${on} of 60`);
  assert.deepEqual(await ask(), answers);
});

test("a wrong type, an unknown flag and a rule that fails give the default, and say why", async () => {
  const check = async (details, code) => {
    const { value, reason, errorCode } = await details;
    assert.deepEqual([value, reason, errorCode], ["mine", "ERROR", code]);
  };
  await check(client.getStringDetails("lamp-lit", "mine", GUEST_CONTEXT), "TYPE_MISMATCH");
  await check(client.getStringDetails("no-such-flag", "mine", GUEST_CONTEXT), "FLAG_NOT_FOUND");
  await check(client.getStringDetails("stormy", "mine", { ...GUEST_CONTEXT, weather: "hail" }), "GENERAL");
});

test("a disabled flag has no value, which this provider takes for an error; the default is used all the same", async () => {
  const { value, reason, errorCode, errorMessage } = await client.getStringDetails("dark-deck", "mine", GUEST_CONTEXT);
  assert.deepEqual([value, reason, errorCode], ["mine", "ERROR", "GENERAL"]);
  assert.match(errorMessage, /does not match the expected format/);
});

test("a flip is in the next answer", async () => {
  const lit = () => client.getBooleanValue("lamp-lit", false, GUEST_CONTEXT);
  assert.equal(await lit(), true);
  await server.turn("lamp-lit", false);
  assert.equal(await lit(), false);
  await server.turn("lamp-lit", true);
  assert.equal(await lit(), true);
});

test("a bad token gives the default, and says so", async () => {
  await OpenFeature.setProviderAndWait("stranger", provider("not-a-token-of-this-server"));
  const { value, reason, errorCode } = await OpenFeature.getClient("stranger").getBooleanDetails("lamp-lit", false, GUEST_CONTEXT);
  assert.deepEqual([value, reason, errorCode], [false, "ERROR", "GENERAL"]);
});

test("without the server each evaluation gives the default, and says so", async () => {
  await server.stop();
  const { value, reason, errorCode } = await client.getBooleanDetails("lamp-lit", false, GUEST_CONTEXT);
  assert.deepEqual([value, reason, errorCode], [false, "ERROR", "GENERAL"]);
});
