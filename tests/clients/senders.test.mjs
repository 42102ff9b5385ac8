// Clients that other paging services give away send their alerts and changes here.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { Agent, createServer } from "node:https";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import pdjs from "@pagerduty/pdjs";

import { noPython, python, shop } from "./shop.mjs";

const skip = spawnSync("openssl", ["version"]).error ? "openssl not found: install it" : false;

let server, tls;

before(async () => {
  if (skip) return;
  server = await shop();
  tls = await behindTls();
});
after(async () => {
  await tls?.stop();
  await server?.stop();
});

/** The server behind a proxy that speaks TLS, as in production: PagerDuty's clients take no other. */
async function behindTls() {
  const folder = await mkdtemp(join(tmpdir(), "mainstay-tls-"));
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const made = spawnSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]);
  assert.equal(made.status, 0, String(made.stderr));
  const [certificate, secret] = await Promise.all([readFile(cert), readFile(key)]);
  const proxy = createServer({ cert: certificate, key: secret }, (asked, answer) => {
    const onward = request(server.url + asked.url, { method: asked.method, headers: asked.headers }, (answered) => {
      answer.writeHead(answered.statusCode, answered.headers);
      answered.pipe(answer);
    });
    asked.pipe(onward);
  });
  await new Promise((resolve) => proxy.listen(0, "localhost", resolve));
  const stop = async () => {
    await new Promise((resolve) => { proxy.close(resolve); proxy.closeAllConnections(); });
    await rm(folder, { recursive: true, force: true });
  };
  return { host: `localhost:${proxy.address().port}`, cert, agent: new Agent({ ca: certificate }), stop };
}

const alerts = async (name, status = "") => (await server.get(`/api/v1/alerts?integration=${name}${status && `&status=${status}`}`)).items;
const sends = (key, steps) => python("senders", { url: server.url, tls: `https://${tls.host}`, key, steps }, { SSL_CERT_FILE: tls.cert });
const changes = async () => (await server.get("/api/v1/timeline?kind=alerts.change_reported")).items;

test("PagerDuty's client for Python triggers, acknowledges and resolves", { skip: skip || noPython }, async () => {
  const key = await server.keyFor("pd-python", "events_v2");
  const about = { summary: "Platten voll: /var ✗", source: "db-7", severity: "error", custom_details: { free: "0 %", service: "checkout" }, links: [{ href: "https://graphs.shop.example/db-7", text: "Graph" }] };
  const trigger = ["pagerduty", "trigger", about];
  const [fresh, named, again] = await sends(key, [trigger, ["pagerduty", "trigger", { ...about, dedup_key: "disk" }], ["pagerduty", "trigger", { ...about, dedup_key: "disk" }]]);
  assert.equal(typeof fresh, "string");
  assert.deepEqual([named, again], ["disk", "disk"]);
  const open = await alerts("pd-python");
  assert.deepEqual(open.map((alert) => alert.key).sort(), ["disk", fresh].sort());
  assert.deepEqual([open[0].summary, open[0].severity, open[0].entity], [about.summary, "error", "component:default/checkout"]);

  assert.deepEqual(await sends(key, [["pagerduty", "acknowledge", { dedup_key: "disk" }]]), ["disk"]);
  assert.deepEqual((await alerts("pd-python", "acknowledged")).map((alert) => alert.key), ["disk"]);
  assert.deepEqual(await sends(key, [["pagerduty", "resolve", { dedup_key: "disk" }], ["pagerduty", "resolve", { dedup_key: fresh }], ["pagerduty", "resolve", { dedup_key: "nothing" }]]), ["disk", fresh, "nothing"]);
  assert.deepEqual(await alerts("pd-python"), []);
});

test("PagerDuty's client for Python hears what is wrong, as from PagerDuty", { skip: skip || noPython }, async () => {
  const key = await server.keyFor("pd-wrong", "events_v2");
  const [short] = await sends("short", [["pagerduty", "trigger", { summary: "x", source: "y" }]]);
  const [bad, nameless] = await sends(key, [["pagerduty", "trigger", { summary: "x", source: "y", severity: "dreadful" }], ["pagerduty", "trigger", { summary: "", source: "y" }]]);
  for (const [said, words] of [[short, /400.*Length of 'routing_key'/s], [bad, /400.*'payload\.severity' is inv/s], [nameless, /400.*'payload\.summary' is mi/s]]) {
    assert.match(said.error, /Error$/);
    assert.match(said.says, words);
  }
});

test("PagerDuty's change events are suspects of the incident that follows", { skip: skip || noPython }, async () => {
  const key = await server.keyFor("pd-changes", "events_v2");
  const links = [{ href: "https://ci.shop.example/build/42", text: "Build 42" }];
  // As the client itself writes the time, with an offset and a `Z`.
  const timestamp = new Date().toISOString().replace("Z", "000+00:00Z");
  const submit = ["pagerduty", "submit", { summary: "Deployed checkout 4.2.0", source: "pipeline", timestamp, custom_details: { version: "4.2.0" }, links }];
  const dated = ["pagerduty", "send_change_event", { payload: { summary: "Merged #7", source: "forge", timestamp: new Date(Date.now() - 60_000).toISOString() } }];
  assert.deepEqual(await sends(key, [submit, dated, dated]), [null, null, null]);
  const known = await changes();
  assert.deepEqual(known.map(({ summary }) => summary).sort(), ["changed checkout: Deployed checkout 4.2.0 (pipeline)", "changed checkout: Merged #7 (forge)"]);
  const [deployed] = known.filter(({ summary }) => summary.includes("4.2.0"));
  assert.deepEqual([deployed.event.change.links, deployed.actor], [links, { by: "token", name: "pd-changes" }]);
  assert.ok(Math.abs(Date.now() - new Date(deployed.event.change.at)) < 60_000, `the client says when: ${deployed.event.change.at}`);

  await sends(key, [["pagerduty", "trigger", { summary: "checkout fails", source: "db-7", dedup_key: "fails" }]]);
  const [{ incident: number }] = await alerts("pd-changes");
  const incident = await server.get(`/api/v1/incidents/${number}`);
  assert.deepEqual(incident.suspects.map(({ summary }) => summary).sort(), known.map(({ summary }) => summary).sort());
  assert.match(incident.suspects[0].no_undo, /another tool reported it/);
  const [wrong] = await sends(key, [["pagerduty", "send_change_event", { payload: { source: "nobody" } }]]);
  assert.match(wrong.says, /400.*'payload\.summary' is mi/s);
});

test("PagerDuty's client for JavaScript triggers, acknowledges, resolves and reports a change", { skip }, async () => {
  const key = await server.keyFor("pd-js", "events_v2");
  const event = (call, data) => call({ server: tls.host, agent: tls.agent, data: { routing_key: key, ...data } });
  const payload = { summary: "the queue is long", source: "worker-3", severity: "critical", timestamp: new Date().toISOString(), component: "queue", group: "prod", class: "depth" };
  const triggered = await event(pdjs.trigger, { dedup_key: "queue", payload });
  assert.deepEqual([triggered.status, triggered.data], [202, { status: "success", message: "Event processed", dedup_key: "queue" }]);
  const [alert] = await alerts("pd-js");
  assert.deepEqual([alert.severity, alert.summary], ["critical", "the queue is long"]);
  assert.equal((await event(pdjs.acknowledge, { dedup_key: "queue" })).status, 202);
  assert.equal((await alerts("pd-js", "acknowledged")).length, 1);
  assert.equal((await event(pdjs.resolve, { dedup_key: "queue" })).status, 202);
  assert.deepEqual(await alerts("pd-js"), []);
  const changed = await event(pdjs.change, { payload: { summary: "Raised the limit", source: "ops", timestamp: new Date().toISOString() } });
  assert.deepEqual([changed.status, changed.data], [202, { status: "success", message: "Change event processed" }]);
  assert.ok((await changes()).some(({ summary }) => summary.endsWith("Raised the limit (ops)")));
  const refused = await event(pdjs.trigger, { payload: { ...payload, severity: "bad" } });
  assert.deepEqual([refused.status, refused.data.status], [400, "invalid event"]);
});

test("Opsgenie's client for Python creates, acknowledges and closes an alert by its alias", { skip: skip || noPython }, async () => {
  const key = await server.keyFor("og-python", "opsgenie");
  const alert = { message: "the lift is stuck", alias: "lift", priority: "P2", description: "between two floors", tags: ["lift", "urgent"], details: { service: "checkout", floor: "3½" }, entity: "lift-1", source: "sensor", user: "ada", note: "second time today" };
  const [made] = await sends(key, [["opsgenie", "create_alert", alert]]);
  assert.equal(made.result, "Request will be processed");
  assert.ok(made.request, JSON.stringify(made));
  const [open] = await alerts("og-python");
  assert.deepEqual([open.key, open.summary, open.severity, open.entity], ["lift", "the lift is stuck", "error", "component:default/checkout"]);
  const by = { identifier: "lift", identifier_type: "alias" };
  await sends(key, [["opsgenie", "acknowledge_alert", by]]);
  assert.equal((await alerts("og-python", "acknowledged")).length, 1);
  await sends(key, [["opsgenie", "close_alert", by]]);
  assert.deepEqual(await alerts("og-python"), []);
  const [stranger] = await sends("00000000-0000-0000-0000-000000000000", [["opsgenie", "create_alert", alert]]);
  assert.match(stranger.error, /Exception$/);
  assert.match(stranger.says, /401/);
});

// What senders without a library post; each as its own documentation or source has it.
const POSTED = [
  {
    // Grafana's manual, "Configure webhook notifications".
    name: "grafana", path: "/hooks/grafana",
    fires: { receiver: "mainstay", status: "firing", orgId: 1, version: "1", groupKey: "{}:{}", truncatedAlerts: 0, externalURL: "https://grafana.shop.example/", title: "[FIRING:1]", state: "alerting", message: "**Firing**",
      groupLabels: {}, commonLabels: {}, commonAnnotations: {},
      alerts: [{ status: "firing", labels: { alertname: "High memory usage", service: "checkout" }, annotations: { summary: "memory is short", runbook_url: "https://wiki.shop.example/memory" },
        startsAt: "2026-10-12T09:51:03.157076+02:00", endsAt: "0001-01-01T00:00:00Z", generatorURL: "https://grafana.shop.example/alerting/1/edit", fingerprint: "c6eadffa33fcdf37",
        silenceURL: "https://grafana.shop.example/silence", dashboardURL: "", panelURL: "", values: { B: 44.23943737541908, C: 1 } }] },
    ends: (fired) => ({ ...fired, status: "resolved", state: "ok", alerts: fired.alerts.map((alert) => ({ ...alert, status: "resolved", endsAt: "2026-10-12T10:00:00+02:00" })) }),
    summary: "memory is short",
  },
  {
    // Uptime Kuma's PagerDuty notification, with its integration URL set: server/notification-providers/pagerduty.js.
    name: "uptime-kuma", kind: "events_v2", path: "/v2/enqueue",
    fires: (key) => ({ payload: { summary: "[Uptime Kuma Alert] [Shop] timeout of 48000ms exceeded", severity: "warning", source: "https://shop.example" }, routing_key: key, event_action: "trigger", dedup_key: "Uptime Kuma/7", client: "Uptime Kuma", client_url: "https://kuma.shop.example/dashboard/7" }),
    ends: (fired) => ({ ...fired, payload: { ...fired.payload, summary: "[Uptime Kuma Monitor ✅ Up] [Shop] 200 - OK" }, event_action: "resolve" }),
    summary: "[Uptime Kuma Alert] [Shop] timeout of 48000ms exceeded",
  },
  {
    // Gatus' custom provider, whose body is the operator's own with [ALERT_TRIGGERED_OR_RESOLVED] in it.
    name: "gatus", kind: "generic", path: "/hooks/alerts",
    fires: { summary: "shop/front: healthcheck failed", dedup: "shop_front", action: "TRIGGERED", details: "[CONNECTED] == true" },
    ends: (fired) => ({ ...fired, action: "RESOLVED" }),
    summary: "shop/front: healthcheck failed",
  },
];

for (const { name, kind = name, path, fires, ends, summary } of POSTED) {
  test(`${name} tells of the beginning and the end`, { skip }, async () => {
    const key = await server.keyFor(name, kind);
    const fired = typeof fires === "function" ? fires(key) : fires;
    const post = async (body) => {
      const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
      const answer = await fetch(server.url + path, { method: "POST", headers, body: JSON.stringify(body) });
      assert.ok(answer.ok, `${answer.status}: ${await answer.text()}`);
    };
    await post(fired);
    await post(fired);
    const open = await alerts(name);
    assert.deepEqual(open.map((alert) => [alert.summary, alert.entity]), [[summary, "component:default/checkout"]]);
    await post(ends(fired));
    assert.deepEqual(await alerts(name), []);
    assert.equal((await alerts(name, "resolved")).length, 1);
  });
}
