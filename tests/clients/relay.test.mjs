// The relay in front of OpenFeature's providers: it follows the server, and goes on without it.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { FlagdProvider } from "@openfeature/flagd-provider";
import { OFREPProvider } from "@openfeature/ofrep-provider";
import { OpenFeature } from "@openfeature/server-sdk";

import { start } from "../mainstay.mjs";
import { ANY_FLAGD_PORTS, GUEST_CONTEXT, KEEPER_CONTEXT, flagServer, flagdPort, until } from "./flags.mjs";

let server, folder, relay;

/** A relay on the folder that outlives it, and a client of it. */
async function connect() {
  relay = await start(["edge-flags", "--server", server.url, "--state-dir", folder, ...ANY_FLAGD_PORTS], { MAINSTAY_TOKEN: server.token });
  await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: relay.url }));
  return OpenFeature.getClient();
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "mainstay-relay-"));
  server = await flagServer();
});
after(async () => {
  await OpenFeature.close();
  await relay?.stop();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

test("the relay answers as the server would, hears of flips, and goes on without it, even when it starts anew", async () => {
  let client = await connect();
  const lit = () => client.getBooleanValue("lamp-lit", false, GUEST_CONTEXT);
  const colour = (context) => client.getStringValue("lamp-colour", "blue", context);
  await until("the flags are there", lit);
  assert.deepEqual([await colour(KEEPER_CONTEXT), await colour(GUEST_CONTEXT)], ["green", "red"]);
  await server.turn("lamp-lit", false);
  await until("the flip is there", async () => !(await lit()));

  const port = await flagdPort(relay, "sync");
  await OpenFeature.setProviderAndWait("local", new FlagdProvider({ host: "127.0.0.1", port, resolverType: "in-process", deadlineMs: 10_000 }));
  assert.equal(await OpenFeature.getClient("local").getStringValue("lamp-colour", "blue", KEEPER_CONTEXT), "green");

  await server.stop();
  assert.deepEqual([await lit(), await colour(KEEPER_CONTEXT)], [false, "green"]);
  await relay.stop();
  client = await connect();
  assert.deepEqual([await client.getBooleanDetails("lamp-lit", true, GUEST_CONTEXT).then(({ value, reason }) => [value, reason]), await colour(KEEPER_CONTEXT)], [[false, "STATIC"], "green"]);
  const { status } = await fetch(`${relay.url}/readyz`);
  assert.equal(status, 200, "what is old is still served");
});
