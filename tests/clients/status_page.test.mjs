// statuspage-prometheus-exporter, which reads Atlassian Statuspage's pages, reads ours.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { TOKEN, serve } from "../mainstay.mjs";
import { until } from "./flags.mjs";

// Where it is, if it is not on the path.
const EXPORTER = process.env.STATUSPAGE_EXPORTER_BIN || "statuspage-prometheus-exporter";
// It has no argument that only asks for its version: whether it is there is all that is looked at.
const skip = spawnSync("sh", ["-c", `command -v "${EXPORTER}"`]).status !== 0 && `${EXPORTER} not found: pip install statuspage-prometheus-exporter`;

const CATALOG = `apiVersion: mainstay.dev/v1alpha1
kind: StatusPage
metadata: { name: main }
spec: { title: Shop status, public: true, components: [{ name: Checkout }, { name: Refunds }] }
`;

let folder, server;

async function publish(body) {
  const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
  const answer = await fetch(`${server.url}/api/v1/status-pages/main/incidents`, { method: "POST", headers, body: JSON.stringify(body) });
  assert.equal(answer.status, 200, await answer.text());
}

/** The lines of what it exports that are about our page. */
async function exported() {
  const services = join(folder, "services.json");
  await writeFile(services, JSON.stringify({ shop: { url: `${server.url}/status/api/v2/summary.json`, name: "Shop" } }));
  const env = { ...process.env, SERVICES_JSON_PATH: services, RUN_MODE: "once", METRICS_TEXTFILE_PATH: join(folder, "out.prom"), CLEAR_CACHE: "true" };
  const ran = spawnSync(EXPORTER, [], { cwd: folder, env, encoding: "utf8", timeout: 60_000 });
  assert.equal(ran.status, 0, ran.stderr);
  const lines = (await readFile(join(folder, "out.prom"), "utf8")).split("\n");
  return lines.filter((line) => line.startsWith("statuspage_") && line.includes('service_name="Shop"')).join("\n");
}

before(async () => {
  if (skip) return;
  folder = await mkdtemp(join(tmpdir(), "mainstay-status-"));
  const catalog = join(folder, "catalog");
  await mkdir(catalog);
  await writeFile(join(catalog, "catalog-info.yaml"), CATALOG);
  server = await serve(catalog);
  await until("the page is there", async () => (await fetch(`${server.url}/status`)).status === 200);
});
after(async () => {
  await server?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

test("a page on which all is well is well to it", { skip }, async () => {
  assert.match(await exported(), /statuspage_service_status\{service_name="Shop"\} 1\.0/);
});

test("it sees incidents and maintenances with what they affect", { skip }, async () => {
  await publish({ title: "Payments fail", text: "We look.", components: [{ id: "checkout", status: "major_outage" }] });
  const hour = 3_600_000;
  await publish({ title: "Database move", text: "Read-only.", components: [{ id: "refunds" }], scheduled_for: new Date(Date.now() + hour), scheduled_until: new Date(Date.now() + 2 * hour) });
  const lines = await exported();
  assert.match(lines, /statuspage_service_status\{service_name="Shop"\} 0\.0/);
  assert.match(lines, /statuspage_incident_info\{affected_components="Checkout",impact="critical",[^}]*incident_name="Payments fail"/);
  assert.match(lines, /statuspage_maintenance_info\{affected_components="Refunds",[^}]*maintenance_name="Database move"/);
});
