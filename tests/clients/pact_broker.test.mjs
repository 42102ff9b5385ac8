// Pact's own tools against our broker: a consumer's test makes a pact, which is published, verified, deployed and asked about.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { Matchers, MatchersV3, PactV3, PactV4, Verifier } from "@pact-foundation/pact";

import { TOKEN, start } from "../mainstay.mjs";
import { run } from "./pact_tools.mjs";

const RECEIVED_MS_MAX = 30_000;
const { like } = Matchers;

let server, folder, lamp, receiver;

/** What the lamp says of itself; a later build says more. */
let lit = { lit: true };
/** The calls of webhooks that came. */
const received = [];

/** A server on a port of its own, with what it is reached by. */
async function listening(answer) {
  const listener = createServer(answer);
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address();
  return { port, url: `http://127.0.0.1:${port}`, stop: () => new Promise((resolve) => { listener.close(resolve); listener.closeAllConnections(); }) };
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "mainstay-pact-"));
  server = await start(["serve", "--data", "data"], {
    MAINSTAY_ADMIN_TOKEN: TOKEN,
    MAINSTAY_WEBHOOK_HOSTS: "127.0.0.1",
    MAINSTAY_WEBHOOK_SCHEMES: "http,https",
  });
  lamp = await listening((request, response) => {
    const body = request.url === "/lamp" ? lit : {};
    response.writeHead(request.url === "/lamp" ? 200 : 404, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  receiver = await listening(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    received.push({ method: request.method, path: request.url, headers: request.headers, text });
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
});
after(async () => {
  await Promise.all([lamp?.stop(), receiver?.stop()]);
  await server?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const BROKER = () => `${server.url}/pact`;

/** Runs one of Pact's programs, which must end with this status; gives back what it said. */
async function ends(status, program, ...args) {
  const env = { PACT_BROKER_BASE_URL: BROKER(), PACT_BROKER_TOKEN: TOKEN, HOME: folder };
  const ended = await run(program, args, { env, cwd: folder });
  assert.equal(ended.status, status, `${program} ${args.join(" ")} ended with ${ended.status}:\n${ended.said}`);
  return ended.said;
}

const broker = (...args) => ends(0, "pact-broker", ...args);
const canIDeploy = (status, name, version, ...args) => ends(status, "pact-broker", "can-i-deploy", "--pacticipant", name, "--version", version, ...args);

/** What the server answers to somebody who asks it without a tool. */
async function ask(path) {
  const answer = await fetch(BROKER() + path, { headers: { authorization: `Bearer ${TOKEN}`, accept: "application/hal+json" } });
  assert.equal(answer.status, 200, path);
  return answer.json();
}

/** A consumer's test: the logbook reads these fields of the lamp. The pact is in a folder of the version's own. */
async function consumerTest(version, fields) {
  const dir = join(folder, `pacts-${version}`);
  const pact = new PactV4({ consumer: "logbook", provider: "lamp", dir, logLevel: "error" });
  await pact
    .addInteraction()
    .given("the lamp is lit")
    .uponReceiving("a question for the lamp")
    .withRequest("GET", "/lamp")
    .willRespondWith(200, (response) => response.jsonBody(like(fields)))
    .executeTest(async ({ url }) => {
      const answer = await fetch(`${url}/lamp`);
      assert.deepEqual(await answer.json(), fields);
    });
  return dir;
}

async function publish(version, branch, fields, ...args) {
  const dir = await consumerTest(version, fields);
  return broker("publish", dir, "--consumer-app-version", version, "--branch", branch, ...args);
}

/** The lamp's build verifies what it is to verify, by Pact's library for JavaScript. */
const verifyInJavaScript = (version, options) => new Verifier({
  provider: "lamp",
  providerBaseUrl: lamp.url,
  pactBrokerUrl: BROKER(),
  pactBrokerToken: TOKEN,
  publishVerificationResult: true,
  providerVersion: version,
  stateHandlers: { "the lamp is lit": async () => {} },
  logLevel: "error",
  ...options,
}).verifyProvider();

/** The same by the command-line verifier. */
const verify = (status, version, ...args) => ends(status, "pact-verifier",
  ...["--broker-url", BROKER(), "--token", TOKEN, "--provider-name", "lamp", "--hostname", "127.0.0.1", "--port", String(lamp.port)],
  ...["--publish", "--provider-version", version, "--no-colour", ...args]);

const IN_PRODUCTION = ["--to-environment", "production"];

test("a pact is published, and its consumer can't be deployed before anybody has verified it", async () => {
  await broker("create-or-update-pacticipant", "--name", "lamp", "--main-branch", "main", "--repository-url", "https://harbour.example/lamp");
  const said = await publish("1", "main", { lit: true }, "--tag", "dev");
  assert.match(said, /logbook/);
  const version = await ask("/pacticipants/logbook/versions/1");
  assert.deepEqual(version._embedded.branchVersions.map(({ name }) => name), ["main"]);
  assert.deepEqual(version._embedded.tags.map(({ name }) => name), ["dev"]);
  await canIDeploy(1, "logbook", "1", ...IN_PRODUCTION);
  await canIDeploy(0, "logbook", "1", ...IN_PRODUCTION, "--dry-run");
});

test("a provider verifies and publishes that, is deployed, and then its consumer can be", async () => {
  const options = { providerVersionBranch: "main", consumerVersionSelectors: [{ mainBranch: true }, { deployedOrReleased: true }], enablePending: true };
  await verifyInJavaScript("1", options);
  await canIDeploy(1, "logbook", "1", ...IN_PRODUCTION);
  await canIDeploy(0, "lamp", "1", ...IN_PRODUCTION);
  await broker("record-deployment", "--pacticipant", "lamp", "--version", "1", "--environment", "production");
  assert.match(await canIDeploy(0, "logbook", "1", ...IN_PRODUCTION), /lamp/);
  await broker("record-deployment", "--pacticipant", "logbook", "--version", "1", "--environment", "production");
  await canIDeploy(0, "lamp", "1", ...IN_PRODUCTION);
});

test("what a provider does not do yet breaks no build of its own: it is pending, or work in progress", async () => {
  await publish("2", "colours", { lit: true, colour: "red" });
  const selected = (selector) => ["--consumer-version-selectors", JSON.stringify(selector)];
  const branch = ["--provider-branch", "main"];
  const pending = await verify(0, "1.1", ...branch, ...selected({ branch: "colours" }), "--enable-pending");
  assert.match(pending, /pending/i);
  assert.match(await verify(1, "1.2", ...branch, ...selected({ branch: "colours" })), /colour/);
  const work = ["--enable-pending", "--include-wip-pacts-since", "2020-01-01"];
  assert.match(await verify(0, "1.3", ...branch, ...selected({ mainBranch: true }), ...work), /colour/);
  const { _embedded } = await ask("/pacticipants/lamp/versions/1.3");
  assert.deepEqual(_embedded.branchVersions.map(({ name }) => name), ["main"]);
  assert.match(await canIDeploy(1, "logbook", "2", ...IN_PRODUCTION), /no verified pact|There is no/i);
  await canIDeploy(1, "logbook", "2", "--pacticipant", "lamp", "--version", "1.3");
});

test("a breaking build is not pending: what its branch has verified before must go on", async () => {
  lit = {};
  const selectors = ["--consumer-version-selectors", JSON.stringify({ deployed: true })];
  await verify(1, "1.4", "--provider-branch", "main", ...selectors, "--enable-pending");
  await canIDeploy(1, "lamp", "1.4", ...IN_PRODUCTION);
  lit = { lit: true };
});

test("can-i-deploy waits while a verification is under way", async () => {
  lit = { lit: true, colour: "green" };
  await broker("create-or-update-version", "--pacticipant", "lamp", "--version", "2", "--branch", "main");
  const asked = ["--pacticipant", "lamp", "--version", "2", "--retry-interval", "1", "--retry-while-unknown"];
  const begun = Date.now();
  await canIDeploy(1, "logbook", "2", ...asked, "2");
  assert.ok(Date.now() - begun > 1000, "it asks again until it is tired of it");
  const waiting = canIDeploy(0, "logbook", "2", ...asked, "30");
  const selectors = [{ branch: "colours" }, { deployedOrReleased: true }];
  await verifyInJavaScript("2", { providerVersionBranch: "main", providerVersionTags: ["shiny"], consumerVersionSelectors: selectors });
  assert.match(await waiting, /lamp/);
  await broker("record-deployment", "--pacticipant", "lamp", "--version", "2", "--environment", "production");
  await canIDeploy(0, "logbook", "2", ...IN_PRODUCTION);
  await canIDeploy(0, "logbook", "2", "--pacticipant", "lamp", "--latest", "shiny");
  await ends(0, "pact-broker", "can-i-merge", "--pacticipant", "logbook", "--version", "2");
});

test("what is not deployed or supported any more is not asked for", async () => {
  await broker("record-undeployment", "--pacticipant", "lamp", "--environment", "production");
  await canIDeploy(1, "logbook", "2", ...IN_PRODUCTION);
  const released = ["--pacticipant", "lamp", "--environment", "production", "--version"];
  await broker("record-release", ...released, "1");
  await canIDeploy(1, "logbook", "2", ...IN_PRODUCTION);
  await broker("record-release", ...released, "2");
  await broker("record-support-ended", ...released, "1");
  await canIDeploy(0, "logbook", "2", ...IN_PRODUCTION);
  await broker("record-support-ended", ...released, "2");
  await canIDeploy(1, "logbook", "2", ...IN_PRODUCTION);
  const both = ["--pacticipant", "logbook", "--environment", "test", "--application-instance"];
  for (const instance of ["blue", "green"]) await broker("record-deployment", ...both, instance, "--version", "2");
  await broker("record-undeployment", ...both, "blue");
  const { _embedded } = await ask("/pacticipants/logbook/versions/2");
  assert.equal(_embedded.branchVersions.length, 1);
});

test("environments, applications, versions and branches are made, listed and removed", async () => {
  await broker("create-environment", "--name", "uat", "--display-name", "UAT", "--contact-name", "keepers", "--contact-email-address", "keepers@harbour.example");
  const environments = await broker("list-environments", "--output", "json");
  for (const name of ["uat", "test", "production"]) assert.match(environments, new RegExp(`"${name}"`));
  const uat = (await ask("/environments"))._embedded.environments.find(({ name }) => name === "uat");
  await broker("update-environment", "--uuid", uat.uuid, "--name", "acceptance", "--display-name", "Acceptance", "--production");
  assert.match(await broker("describe-environment", "--uuid", uat.uuid, "--output", "json"), /"acceptance"/);
  await broker("delete-environment", "--uuid", uat.uuid);

  await broker("create-or-update-pacticipant", "--name", "logbook", "--display-name", "The logbook", "--main-branch", "main");
  assert.match(await broker("describe-pacticipant", "--name", "logbook", "--output", "json"), /The logbook/);
  assert.match(await broker("list-pacticipants", "--output", "json"), /"lamp"/);
  await broker("create-or-update-version", "--pacticipant", "logbook", "--version", "3", "--branch", "drafts");
  await broker("create-version-tag", "--pacticipant", "logbook", "--version", "3", "--tag", "candidate");
  await broker("create-version-tag", "--pacticipant", "logbook", "--version", "4", "--tag", "candidate", "--auto-create-version");
  assert.equal((await ask("/pacticipants/logbook/latest-version/candidate")).number, "4");
  await broker("delete-version-tag", "--pacticipant", "logbook", "--version", "4", "--tag", "candidate");
  assert.equal((await ask("/pacticipants/logbook/latest-version/candidate")).number, "3");
  await broker("describe-version", "--pacticipant", "logbook", "--version", "3");
  await broker("delete-branch", "--pacticipant", "logbook", "--branch", "drafts");
  const again = ["delete-branch", "--pacticipant", "logbook", "--branch", "drafts", "--error-when-not-found"];
  await ends(1, "pact-broker", ...again, "true");
  assert.match(await broker(...again, "false"), /not found/);
});

test("pacts and the states that they need are listed", async () => {
  assert.match(await broker("list-latest-pact-versions"), /logbook/);
  assert.match(await broker("get-pacts", "--provider", "lamp", "--branch", "colours"), /logbook/);
  assert.match(await broker("provider-states", "list", "--provider", "lamp"), /the lamp is lit/);
});

test("a version whose pact changes is refused, as is a name much like another", async () => {
  const dir = await consumerTest("1-changed", { lit: true, berth: 4 });
  const again = () => ends(1, "pact-broker", "publish", dir, "--consumer-app-version", "1", "--branch", "main");
  assert.match(await again(), /Cannot change the content of the pact/);
  const file = join(dir, "logbook-lamp.json");
  await writeFile(file, (await readFile(file, "utf8")).replace('"logbook"', '"Logbook"'));
  assert.match(await again(), /very similar to the following existing pacticipants/);
});

test("a token is taken as a token or as a password, and what is not known is refused", async () => {
  const asked = (status, ...args) => run("pact-broker", ["list-pacticipants", "--broker-base-url", BROKER(), ...args], { env: { HOME: folder } })
    .then((ended) => assert.equal(ended.status, status, ended.said));
  await asked(0, "--broker-token", TOKEN);
  await asked(0, "--broker-username", "build", "--broker-password", TOKEN);
  await asked(1, "--broker-token", "nobody-has-this-token");
  await ends(1, "pact-broker", "can-i-deploy", "--pacticipant", "nobody", "--version", "1", ...IN_PRODUCTION);
  await canIDeploy(1, "logbook", "2", "--to-environment", "nowhere");
  await ends(1, "pact-broker", "record-deployment", "--pacticipant", "logbook", "--version", "2", "--environment", "nowhere");
});

test("a webhook is called when a pact changes, and when somebody tries it", async () => {
  const data = JSON.stringify({ about: "${pactbroker.consumerName} ${pactbroker.consumerVersionNumber}", pact: "${pactbroker.pactUrl}" });
  const said = await broker("create-webhook", `${receiver.url}/build`, "--request", "POST", "--data", data,
    ...["--header", "Content-Type: application/json", "--provider", "lamp", "--contract-content-changed", "--description", "build the lamp"]);
  assert.match(said, /build the lamp|created/i);
  await publish("5", "main", { lit: true, colour: "red", height: 12 });
  const deadline = Date.now() + RECEIVED_MS_MAX;
  while (!received.length) {
    assert.ok(Date.now() < deadline, "the webhook was not called");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const [{ method, path, text }] = received;
  const { about, pact } = JSON.parse(text);
  assert.deepEqual([method, path, about], ["POST", "/build", "logbook 5"]);
  assert.ok(pact.includes("/pacts/provider/lamp/consumer/logbook/"), pact);

  const uuid = "5d0e1c1a-7b9f-4c1e-9f0a-2f6f1f0c7a11";
  const tried = ["create-or-update-webhook", `${receiver.url}/tried`, "--uuid", uuid, "--request", "POST", "--provider-verification-published"];
  for (const body of ['{"first":1}', '{"second":2}']) await broker(...tried, "--data", body);
  assert.match(await broker("test-webhook", "--uuid", uuid), /"success":true/);
  const [last] = received.filter(({ path }) => path === "/tried");
  assert.equal(last.text, '{"second":2}');
  await broker("delete-webhook", "--uuid", uuid);
  await ends(1, "pact-broker", "test-webhook", "--uuid", uuid);
});

test("a definition of the provider's API stands for a verification", async () => {
  const definition = (fields) => JSON.stringify({
    openapi: "3.0.3",
    info: { title: "tide", version: "1" },
    paths: { "/tide": { get: { responses: { 200: { description: "now", content: { "application/json": { schema: { type: "object", additionalProperties: false, properties: fields } } } } } } } },
  });
  const pacts = join(folder, "pacts-almanac");
  await new PactV3({ consumer: "almanac", provider: "tide", dir: pacts, logLevel: "error" })
    .uponReceiving("a question for the tide")
    .withRequest({ method: "GET", path: "/tide" })
    .willRespondWith({ status: 200, headers: { "Content-Type": "application/json" }, body: { metres: MatchersV3.integer(3) } })
    .executeTest(async ({ url }) => assert.deepEqual(await (await fetch(`${url}/tide`)).json(), { metres: 3 }));
  await broker("publish", pacts, "--consumer-app-version", "1", "--branch", "main");
  const define = async (version, fields, ...args) => {
    await writeFile(join(folder, "tide.json"), definition(fields));
    await writeFile(join(folder, "results.txt"), "all is well");
    await ends(0, "pactflow", "publish-provider-contract", "tide.json", "--provider", "tide", "--provider-app-version", version, "--branch", "main",
      ...["--content-type", "application/json", "--verification-results", "results.txt", "--verification-results-content-type", "text/plain"],
      ...["--verification-results-format", "text", "--verifier", "keepers", ...args]);
    await broker("record-deployment", "--pacticipant", "tide", "--version", version, "--environment", "test");
  };
  const inTest = (status) => canIDeploy(status, "almanac", "1", "--to-environment", "test");
  await inTest(1);
  await define("1", { metres: { type: "integer" } }, "--verification-success");
  await inTest(0);
  await define("2", { fathoms: { type: "integer" } }, "--verification-success");
  await inTest(1);
  await define("3", { metres: { type: "integer" } }, "--verification-exit-code", "1");
  await inTest(1);
});
