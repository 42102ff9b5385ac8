// Debian's Prometheus scrapes the server's own measures, and promtool judges their names and help.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { TOKEN } from "../mainstay.mjs";
import { until } from "./flags.mjs";
import { SHOP, shop } from "./shop.mjs";

// Where they are, if they are not on the path.
const PROMETHEUS = process.env.PROMETHEUS_BIN || "prometheus";
const PROMTOOL = process.env.PROMTOOL_BIN || "promtool";
const missing = [PROMETHEUS, PROMTOOL].filter((name) => spawnSync(name, ["--version"]).error);
const skip = missing.length > 0 && `${missing.join(" and ")} not found: apt-get install prometheus`;

/** A check that never runs: nothing is promised of it yet. */
const CHECKED = `${SHOP}---
apiVersion: mainstay.dev/v1alpha1
kind: Check
metadata: { name: checkout-home }
spec: { target: "component:checkout", locations: [moon], http: { url: "https://shop.example/" } }
`;

let server, folder, prometheus;

before(async () => {
  if (skip) return;
  folder = await mkdtemp(join(tmpdir(), "mainstay-metrics-"));
  server = await shop({ catalog: CHECKED });
});
after(async () => {
  if (prometheus) {
    const ended = new Promise((resolve) => prometheus.once("close", resolve));
    prometheus.kill("SIGKILL");
    await ended;
  }
  await server?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** A port that nobody listens on. */
async function freePort() {
  const listener = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => listener.once("listening", resolve));
  const { port } = listener.address();
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

const scraped = async (headers = {}) => fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}`, ...headers } });

test("promtool finds nothing to say against the measures", { skip }, async () => {
  const text = await (await scraped()).text();
  const { status, stdout, stderr } = spawnSync(PROMTOOL, ["check", "metrics"], { input: text, encoding: "utf8" });
  assert.deepEqual([status, stdout, stderr], [0, "", ""], text);
});

test("Prometheus scrapes with a token that may read, and gets nothing without one", { skip }, async () => {
  const { token } = await server.ask("POST", "/api/v1/tokens", { name: "prometheus", scopes: ["read"] });
  const [config, port, host] = [join(folder, "prometheus.yml"), await freePort(), new URL(server.url).host];
  await writeFile(config, `global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
  - job_name: mainstay
    authorization: { credentials: ${token} }
    static_configs: [{ targets: ["${host}"] }]
  - job_name: stranger
    static_configs: [{ targets: ["${host}"] }]
`);
  prometheus = spawn(PROMETHEUS, [`--config.file=${config}`, `--storage.tsdb.path=${join(folder, "data")}`, `--web.listen-address=127.0.0.1:${port}`], { cwd: folder, stdio: "ignore" });
  const query = async (expression) => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`).catch(() => undefined);
    return answer?.ok ? (await answer.json()).data.result.map(({ metric, value }) => ({ ...metric, value: Number(value[1]) })) : [];
  };
  const targets = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/targets`).catch(() => undefined);
    const { activeTargets } = answer?.ok ? (await answer.json()).data : { activeTargets: [] };
    return activeTargets.filter(({ lastScrape, health }) => health !== "unknown" && lastScrape);
  };
  const [mine, stranger] = await until("both are scraped", async () => {
    const found = await targets();
    return found.length === 2 && found.toSorted((a, b) => a.labels.job.localeCompare(b.labels.job));
  }, 60_000);
  assert.deepEqual([mine.health, mine.lastError], ["up", ""]);
  assert.equal(stranger.health, "down");
  assert.match(stranger.lastError, /401/);
  const entities = await until("it is stored", async () => (await query("mainstay_catalog_entities"))[0], 60_000);
  assert.ok(entities.value >= 4, JSON.stringify(entities));
  const [check] = await query("mainstay_check_up");
  assert.deepEqual([check.check, check.target, check.value], ["checkout-home", "component:default/checkout", -1]);
});
