// What the Pact Broker's own client expects of a broker: its pacts, replayed by Pact's verifier against our server.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";

import { CORPORA, example, run } from "./pact_tools.mjs";

const START_MS_MAX = 60_000;
const pactFile = (provider) => join(CORPORA, "pact-broker", `Pact Broker Client V2-${provider}.json`);
const missing = existsSync(pactFile("Pact Broker")) ? undefined : "there are no pacts; MAINSTAY_CORPORA names another folder";

let states, ports, folder;

before(async () => {
  if (missing) return;
  folder = await mkdtemp(join(tmpdir(), "mainstay-pacts-"));
  // It ends with us, as its standard input does.
  states = spawn(example("pact_states"), { stdio: ["pipe", "pipe", "inherit"] });
  const late = setTimeout(() => states.kill("SIGKILL"), START_MS_MAX);
  for await (const line of createInterface(states.stdout)) {
    ports = /^provider (\d+) states (\d+)$/.exec(line);
    break;
  }
  clearTimeout(late);
  assert.ok(ports, "it says where it is");
});
after(async () => {
  const ended = states && new Promise((resolve) => states.once("close", resolve));
  states?.stdin.end();
  await ended;
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** Why an interaction failed, in a line for each thing that differs. */
function reasons({ interaction, mismatch }) {
  const found = mismatch.mismatches?.map((one) => [one.path, one.mismatch].filter(Boolean).join(": ")) ?? [mismatch.message];
  return `${interaction}\n${found.map((line) => `    ${line}`).join("\n")}`;
}

async function replay(provider, judge) {
  const report = join(folder, `${judge}.json`);
  const [, port, statesPort] = ports;
  const { said } = await run("pact-verifier", [
    ...["--file", pactFile(provider), "--hostname", "127.0.0.1", "--port", port],
    ...["--state-change-url", `http://127.0.0.1:${statesPort}/`, "--json", report, "--no-colour"],
  ]);
  assert.ok(existsSync(report), `there is no report:\n${said}`);
  const { interactionResults, errors = [] } = JSON.parse(await readFile(report, "utf8"));
  const { interactions } = JSON.parse(await readFile(pactFile(provider), "utf8"));
  const passed = interactionResults.filter(({ result }) => result === "OK").length;
  for (const error of errors) console.log(`  failed: ${reasons(error)}`);
  console.log(`${judge}: ${passed} of ${interactions.length}`);
  assert.equal(passed, interactions.length);
}

test("the Pact Broker's client finds all that it expects of a broker", { skip: missing }, () => replay("Pact Broker", "pact-broker-client"));

test("the Pact Broker's client finds all that it expects of PactFlow", { skip: missing }, () => replay("PactFlow", "pactflow-client"));
