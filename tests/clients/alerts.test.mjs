// Debian's Prometheus and Alertmanager send their alerts here, as they send them anywhere.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { TOKEN, serve } from "../mainstay.mjs";
import { until } from "./flags.mjs";

// Where they are, if they are not on the path.
const PROMETHEUS = process.env.PROMETHEUS_BIN || "prometheus";
const ALERTMANAGER = process.env.ALERTMANAGER_BIN || "prometheus-alertmanager";
const missing = [PROMETHEUS, ALERTMANAGER].filter((name) => spawnSync(name, ["--version"]).error);
const skip = missing.length > 0 && `${missing.join(" and ")} not found: apt-get install prometheus prometheus-alertmanager`;

// Prometheus finds whom to send to some seconds after its start.
const PATIENCE_MS = 60_000;

const CATALOG = `apiVersion: backstage.io/v1alpha1
kind: Group
metadata: { name: web }
spec: { type: team, children: [] }
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: checkout }
spec: { type: service, lifecycle: production, owner: web }
`;
const RULES = (expression) => `groups:
  - name: shop
    interval: 1s
    rules:
      - alert: CheckoutDown
        expr: ${expression}
        labels: { service: checkout, severity: page }
        annotations: { summary: checkout is down }
`;

let folder, server;
const running = new Set();

/** A port that nobody listens on. */
async function freePort() {
  const listener = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => listener.once("listening", resolve));
  const { port } = listener.address();
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

function run(program, args) {
  const child = spawn(program, args, { cwd: folder, stdio: "ignore" });
  running.add(child);
  return child;
}

async function ask(path, options = {}) {
  const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
  const answer = await fetch(server.url + path, { headers, ...options });
  assert.ok(answer.ok, `${path} answers ${answer.status}: ${await answer.clone().text()}`);
  return answer.json();
}

async function keyFor(kind) {
  const body = JSON.stringify({ name: kind, kind, entity: "component:checkout" });
  return (await ask("/api/v1/integrations", { method: "POST", body })).key;
}

const alerts = async (query) => (await ask(`/api/v1/alerts?${query}`)).items;

/** A Prometheus whose rule fires at once, and which sends to these. Returns what makes the rule stop. */
async function prometheus(name, alertmanagers) {
  const [config, rules, port] = [join(folder, `${name}.yml`), join(folder, `${name}-rules.yml`), await freePort()];
  await writeFile(rules, RULES("vector(1)"));
  await writeFile(config, `global: { evaluation_interval: 1s }\nrule_files: ["${rules}"]\nalerting:\n  alertmanagers:\n${alertmanagers}`);
  const child = run(PROMETHEUS, [
    `--config.file=${config}`, `--storage.tsdb.path=${join(folder, name)}`, `--web.listen-address=127.0.0.1:${port}`,
    "--rules.alert.resend-delay=1s",
  ]);
  return async () => {
    await writeFile(rules, RULES("vector(1) > 1"));
    child.kill("SIGHUP");
  };
}

before(async () => {
  if (skip) return;
  folder = await mkdtemp(join(tmpdir(), "mainstay-alerts-"));
  await mkdir(join(folder, "catalog"));
  await writeFile(join(folder, "catalog", "catalog-info.yaml"), CATALOG);
  server = await serve(join(folder, "catalog"));
});
after(async () => {
  for (const child of running) {
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGKILL");
    await ended;
  }
  await server?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

test("Prometheus takes the server for an Alertmanager", { skip }, async () => {
  const host = new URL(server.url).host;
  const key = await keyFor("prometheus");
  const stop = await prometheus("alone", `    - authorization: { credentials: ${key} }\n      static_configs: [{ targets: ["${host}"] }]\n`);
  await until("the alert is there", async () => (await alerts("integration=prometheus")).length === 1, PATIENCE_MS);
  const [alert] = await alerts("integration=prometheus");
  assert.deepEqual([alert.entity, alert.severity, alert.summary], ["component:default/checkout", "critical", "checkout is down"]);
  assert.equal(typeof alert.incident, "number");
  await stop();
  await until("it ends when the rule is quiet", async () => (await alerts("integration=prometheus")).length === 0, PATIENCE_MS);
});

test("Alertmanager's webhook tells of the beginning and the end", { skip }, async () => {
  const key = await keyFor("alertmanager");
  const [config, port] = [join(folder, "alertmanager.yml"), await freePort()];
  await writeFile(config, `route: { receiver: mainstay, group_wait: 1s, group_interval: 1s }
receivers:
  - name: mainstay
    webhook_configs:
      - url: ${server.url}/hooks/alertmanager
        send_resolved: true
        http_config: { authorization: { credentials: ${key} } }
`);
  run(ALERTMANAGER, [
    `--config.file=${config}`, `--storage.path=${join(folder, "alertmanager")}`, `--web.listen-address=127.0.0.1:${port}`,
    "--cluster.listen-address=",
  ]);
  const stop = await prometheus("behind", `    - static_configs: [{ targets: ["127.0.0.1:${port}"] }]\n`);
  await until("the alert is there", async () => (await alerts("integration=alertmanager")).length === 1, PATIENCE_MS);
  await stop();
  await until("it is resolved", async () => (await alerts("integration=alertmanager")).length === 0, PATIENCE_MS);
  assert.equal((await alerts("integration=alertmanager&status=resolved")).length, 1);
});
