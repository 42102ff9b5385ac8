// Every example of CDEvents' own conformance suite, sent to a real server alone, in an envelope and as one batch.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { CORPORA } from "./pact_tools.mjs";
import { SHOP, shop } from "./shop.mjs";

const FOLDER = join(CORPORA, "cdevents", "conformance");
const skip = existsSync(FOLDER) ? false : `${FOLDER} is not there; MAINSTAY_CORPORA names another folder`;
if (skip) console.log(`skipped: ${skip}`);

const APP = `---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: my-app, annotations: { mainstay.dev/deploys-as: "mySubject123, myApp, pkg:oci/myapp" } }
spec: { type: service, lifecycle: production, owner: web }
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: { name: cdevents }
spec: { type: team, children: [] }
`;

const examples = skip
  ? []
  : readdirSync(FOLDER, { withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".json"))
      .map(({ name }) => ({ name: name.replace(".json", ""), event: JSON.parse(readFileSync(join(FOLDER, name), "utf8")) }));

let server, key;

before(async () => {
  if (skip) return;
  server = await shop({ catalog: SHOP + APP });
  key = (await server.ask("POST", "/api/v1/integrations", { name: "ci", kind: "cdevents", entity: "group:cdevents" })).key;
});
after(() => server?.stop());

async function send(body, type = "application/json", headers = {}) {
  const answer = await fetch(`${server.url}/hooks/cdevents`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": type, ...headers },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

/** CloudEvents' attributes of an event, by the CloudEvents binding of CDEvents. */
const attributes = ({ context }) => ({
  specversion: "1.0",
  id: context.id,
  source: context.source,
  type: context.type,
  time: context.timestamp,
});

test("every example is taken in the binary mode", { skip }, async () => {
  assert.ok(examples.length >= 45, `${examples.length} examples`);
  for (const { name, event } of examples) {
    const ce = Object.entries(attributes(event)).map(([attribute, value]) => [`ce-${attribute}`, value]);
    const { status, body } = await send(event, "application/json", Object.fromEntries(ce));
    assert.equal(status, 200, `${name}: ${JSON.stringify(body)}`);
    const expected = /^service_(deployed|upgraded|rolledback)$/.test(name) ? "deployment" : /^incident_/.test(name) ? "incident" : "nothing";
    const found = body.recorded ? "deployment" : body.incidents ? "incident" : "nothing";
    assert.equal(found, expected, name);
  }
});

test("the deployments took effect", { skip }, async () => {
  const { items } = await server.get("/api/v1/deployments?component=my-app");
  assert.deepEqual([...new Set(items.map(({ environment }) => environment))], ["test123"]);
  assert.equal(items.length, 3);
  assert.ok(items.some(({ live }) => live));
  assert.ok(items.every(({ version }) => version.startsWith("sha256:")), JSON.stringify(items));
});

test("the incidents took effect", { skip }, async () => {
  const { items } = await server.get("/api/v1/alerts?integration=ci&status=resolved");
  assert.equal(items.length, 1, JSON.stringify(items));
  const incidents = await server.get("/api/v1/incidents");
  assert.ok(incidents.items.some(({ title }) => title.includes("Response time above threshold")), JSON.stringify(incidents));
});

test("every example is taken in the structured mode, and changes nothing more", { skip }, async () => {
  for (const { name, event } of examples) {
    const { status, body } = await send({ ...attributes(event), datacontenttype: "application/json", data: event }, "application/cloudevents+json");
    assert.equal(status, 200, `${name}: ${JSON.stringify(body)}`);
    assert.equal(body.recorded, 0, name);
  }
});

test("all of them are taken as one batch", { skip }, async () => {
  const batch = examples.map(({ event }) => ({ ...attributes(event), data: event }));
  const { status, body } = await send(batch, "application/cloudevents-batch+json");
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.repeated + body.incidents + body.passed_over.length, examples.length, JSON.stringify(body));
});
