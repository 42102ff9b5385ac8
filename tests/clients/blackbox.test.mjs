// Debian's blackbox_exporter and ours are asked about the same targets with the same modules, and must say the same;
// then Debian's Prometheus scrapes ours with the configuration that it has for the other.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer as createHttp } from "node:http";
import { createServer as createHttps } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { start } from "../mainstay.mjs";
import { until } from "./flags.mjs";

// Where they are, if they are not on the path.
const EXPORTER = process.env.BLACKBOX_EXPORTER_BIN || "prometheus-blackbox-exporter";
const PROMETHEUS = process.env.PROMETHEUS_BIN || "prometheus";
const missing = [EXPORTER, PROMETHEUS].filter((name) => spawnSync(name, ["--version"]).error);
const skip = missing.length > 0 && `${missing.join(" and ")} not found: apt-get install prometheus prometheus-blackbox-exporter`;

const PATIENCE_MS = 60_000;
const KEYS = new URL("../../crates/probe/tests/it/", import.meta.url);

const MODULES = `modules:
  http_2xx: { prober: http, timeout: 5s, http: { preferred_ip_protocol: ip4 } }
  http_post: { prober: http, http: { method: POST, headers: { Content-Type: application/json }, body: '{"a": 1}' } }
  http_404: { prober: http, http: { valid_status_codes: [404] } }
  http_stays: { prober: http, http: { follow_redirects: false, valid_status_codes: [302] } }
  http_stays_2xx: { prober: http, http: { follow_redirects: false } }
  http_11: { prober: http, http: { valid_http_versions: ["HTTP/1.1"] } }
  http_2: { prober: http, http: { valid_http_versions: ["HTTP/2.0"] } }
  http_ssl: { prober: http, http: { fail_if_not_ssl: true, tls_config: { insecure_skip_verify: true } } }
  http_no_ssl: { prober: http, http: { fail_if_ssl: true, tls_config: { insecure_skip_verify: true } } }
  http_ca: { prober: http, http: { tls_config: { ca_file: CA, server_name: "localhost" } } }
  http_body: { prober: http, http: { fail_if_body_matches_regexp: ['{"bad"'], fail_if_body_not_matches_regexp: ['^{"status":"ok"}$'] } }
  http_header: { prober: http, http: { fail_if_header_not_matches: [{ header: X-Shop, regexp: "^open$" }] } }
  http_no_header: { prober: http, http: { fail_if_header_matches: [{ header: X-Shop, regexp: ".*", allow_missing: true }] } }
  http_basic: { prober: http, http: { basic_auth: { username: ada, password: s3cret-of-ada } } }
  http_bearer: { prober: http, http: { authorization: { credentials: s3cret-token } } }
  http_v6: { prober: http, http: { preferred_ip_protocol: ip6, ip_protocol_fallback: false } }
  http_quick: { prober: http, timeout: 300ms }
  tcp_connect: { prober: tcp, timeout: 5s }
  tcp_banner: { prober: tcp, timeout: 5s, tcp: { query_response: [{ expect: "^220 ([^ ]+) ESMTP" }, { send: "EHLO prober\\r" }, { expect: "^250-STARTTLS" }, { send: "QUIT\\r" }] } }
  tcp_other: { prober: tcp, timeout: 5s, tcp: { query_response: [{ expect: "^SSH-2.0-" }] } }
  tcp_tls: { prober: tcp, timeout: 5s, tcp: { tls: true, tls_config: { insecure_skip_verify: true } } }
  dns_a: { prober: dns, timeout: 5s, dns: { query_name: shop.example, query_type: A, preferred_ip_protocol: ip4 } }
  dns_match: { prober: dns, timeout: 5s, dns: { query_name: shop.example, query_type: A, validate_answer_rrs: { fail_if_none_matches_regexp: ["\\tA\\t192.0.2.7$"] } } }
  dns_none: { prober: dns, timeout: 5s, dns: { query_name: shop.example, query_type: A, validate_answer_rrs: { fail_if_matches_regexp: ["192.0.2"] } } }
  dns_missing: { prober: dns, timeout: 5s, dns: { query_name: none.example, query_type: A } }
  dns_nxdomain: { prober: dns, timeout: 5s, dns: { query_name: none.example, query_type: A, valid_rcodes: [NXDOMAIN] } }
`;

/** What is told only by versions of blackbox_exporter after Debian's. */
const NEWER = ["probe_timeout_seconds", "probe_tls_cipher_info", "probe_failed_due_to_bytes"];
/** How long something took differs. */
const TIMES = /_duration_seconds|_lookup_time_seconds/;

let folder, ours, theirs, web, secure, smtp, dns, silent;
const running = new Set();
const servers = [];

async function listening(server) {
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return server.address().port;
}

function answer(request, response) {
  const { authorization } = request.headers;
  const json = (status, headers = {}) => {
    const body = '{"status":"ok"}';
    response.writeHead(status, { "Content-Length": body.length, "X-Shop": "open", ...headers }).end(body);
  };
  switch (new URL(request.url, "http://x").pathname) {
    case "/moved": return json(302, { Location: "/" });
    case "/twice": return json(301, { Location: "/moved" });
    case "/around": return json(302, { Location: "/around" });
    case "/missing": return json(404);
    case "/broken": return json(500);
    case "/chunked": return response.writeHead(200).write("a", () => response.end("b"));
    case "/dated": return json(200, { "Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT" });
    case "/basic": return json(authorization === `Basic ${btoa("ada:s3cret-of-ada")}` ? 200 : 401);
    case "/bearer": return json(authorization === "Bearer s3cret-token" ? 200 : 401);
    case "/posted": return json(request.method === "POST" ? 200 : 405);
    case "/empty": return response.writeHead(204).end();
    case "/hangs": return undefined;
    default: return json(200);
  }
}

/** One A record for shop.example, and NXDOMAIN for all else (RFC 1035, section 4). */
function named(question) {
  const end = question.indexOf(0, 12) + 5;
  const known = question.subarray(12, end).includes("shop");
  const head = Buffer.from(question.subarray(0, 12));
  head.writeUInt16BE(known ? 0x8180 : 0x8183, 2);
  head.writeUInt16BE(known ? 1 : 0, 6);
  head.writeUInt16BE(0, 10);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 7]);
  return Buffer.concat([head, question.subarray(12, end), ...(known ? [record] : [])]);
}

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
}

before(async () => {
  if (skip) return;
  folder = await mkdtemp(join(tmpdir(), "mainstay-blackbox-"));
  const [cert, key] = await Promise.all(["untrusted.cert.pem", "untrusted.key.pem"].map((name) => readFile(new URL(name, KEYS))));
  web = await listening(createHttp(answer));
  secure = await listening(createHttps({ cert, key }, answer));
  smtp = await listening(createServer((socket) => {
    socket.on("error", () => {});
    socket.write("220 mail.example ESMTP ready\r\n");
    socket.on("data", (said) => socket.end(`${said}` === "EHLO prober\r\n" ? "250-mail.example\r\n250-STARTTLS\r\n250 OK\r\n" : "500 what\r\n"));
  }));
  silent = await freePort();
  const names = createSocket("udp4");
  names.on("message", (question, peer) => names.send(named(question), peer.port, peer.address));
  servers.push(names);
  await new Promise((resolve) => names.bind(0, "127.0.0.1", resolve));
  dns = names.address().port;

  const config = join(folder, "blackbox.yml");
  await writeFile(config, MODULES.replaceAll("CA,", `'${fileURLToPath(new URL("untrusted.cert.pem", KEYS))}',`));
  const port = await freePort();
  theirs = `http://127.0.0.1:${port}`;
  run(EXPORTER, [`--config.file=${config}`, `--web.listen-address=127.0.0.1:${port}`]);
  ours = await start(["probe", "--blackbox-config", config]);
  await until("blackbox_exporter is there", async () => (await fetch(`${theirs}/-/healthy`).catch(() => ({}))).ok, PATIENCE_MS);
});
after(async () => {
  for (const child of running) {
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGKILL");
    await ended;
  }
  for (const server of servers) {
    server.closeAllConnections?.();
    server.close();
  }
  await ours?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** The samples of a text, and the lines that say what they are. */
function read(text) {
  const samples = new Map();
  const heads = new Map();
  for (const line of text.split("\n").filter(Boolean)) {
    const [, sort, name, rest] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (sort) heads.set(`${sort} ${name}`, rest);
    // The serial number is a label since 0.25.
    else samples.set(line.slice(0, line.lastIndexOf(" ")).replace(/serialnumber="[^"]*",/, ""), Number(line.slice(line.lastIndexOf(" ") + 1)));
  }
  return { samples, heads };
}

async function probe(url, module, target, extra = "") {
  const answer = await fetch(`${url}/probe?module=${module}&target=${encodeURIComponent(target)}${extra}`);
  return { status: answer.status, type: answer.headers.get("content-type"), text: await answer.text() };
}

const http = (path) => `http://127.0.0.1:${web}${path}`;
const https = (path) => `https://127.0.0.1:${secure}${path}`;
const cases = () => [
  ["http_2xx", http("/"), 1], ["http_2xx", `127.0.0.1:${web}`, 1], ["http_2xx", http("/twice"), 1],
  ["http_2xx", http("/around"), 0], ["http_2xx", http("/broken"), 0], ["http_2xx", http("/chunked"), 1],
  ["http_2xx", http("/dated"), 1], ["http_2xx", http("/empty"), 1], ["http_2xx", `http://127.0.0.1:${silent}/`, 0],
  ["http_2xx", "http://none.invalid/", 0], ["http_2xx", https("/"), 0], ["http_post", http("/posted"), 1],
  ["http_404", http("/missing"), 1], ["http_404", http("/"), 0], ["http_stays", http("/moved"), 1],
  ["http_stays_2xx", http("/moved"), 0], ["http_11", http("/"), 1], ["http_2", http("/"), 0],
  ["http_ssl", https("/"), 1], ["http_ssl", http("/"), 0], ["http_no_ssl", https("/"), 0], ["http_no_ssl", http("/"), 1],
  ["http_body", http("/"), 1], ["http_body", http("/chunked"), 0], ["http_body", http("/broken"), 0],
  ["http_header", http("/"), 1], ["http_header", http("/chunked"), 0],
  ["http_no_header", http("/"), 0], ["http_no_header", http("/chunked"), 1],
  ["http_basic", http("/basic"), 1], ["http_2xx", http("/basic"), 0], ["http_bearer", http("/bearer"), 1],
  ["http_v6", http("/"), 0], ["http_quick", http("/hangs"), 0],
  ["tcp_connect", `127.0.0.1:${smtp}`, 1], ["tcp_connect", `127.0.0.1:${silent}`, 0],
  ["tcp_banner", `127.0.0.1:${smtp}`, 1], ["tcp_tls", `127.0.0.1:${secure}`, 1],
  ["dns_a", `127.0.0.1:${dns}`, 1], ["dns_match", `127.0.0.1:${dns}`, 1], ["dns_none", `127.0.0.1:${dns}`, 0],
  ["dns_missing", `127.0.0.1:${dns}`, 0], ["dns_nxdomain", `127.0.0.1:${dns}`, 1],
];

test("blackbox_exporter and the probe say the same of the same targets", { skip }, async () => {
  const differing = [];
  for (const [module, target, success] of cases()) {
    const [one, other] = await Promise.all([probe(theirs, module, target), probe(ours.url, module, target)]);
    const where = `${module} of ${target}`;
    assert.deepEqual([one.status, other.status], [200, 200], `${where}: ${one.text}${other.text}`);
    assert.match(other.type, /^text\/plain; version=0\.0\.4/);
    const [known, found] = [read(one.text), read(other.text)];
    assert.equal(known.samples.get("probe_success"), success, `${where}: the case itself\n${one.text}`);
    for (const [head, said] of known.heads) {
      if (found.heads.get(head) !== said) differing.push(`${where}: ${head}: "${said}", here "${found.heads.get(head)}"`);
    }
    for (const [sample, value] of known.samples) {
      const here = found.samples.get(sample);
      if (here === undefined || (!TIMES.test(sample) && here !== value)) differing.push(`${where}: ${sample} ${value}, here ${here}`);
    }
    for (const sample of found.samples.keys()) {
      const newer = NEWER.some((name) => sample === name || sample.startsWith(`${name}{`));
      if (!newer && !known.samples.has(sample)) differing.push(`${where}: ${sample} is only here`);
    }
  }
  assert.deepEqual(differing, []);
});

test("what can't be asked is refused with the same status", { skip }, async () => {
  const same = async (query, headers = {}) => {
    const ask = async (url) => (await fetch(`${url}/probe${query}`, { headers })).status;
    const [one, other] = await Promise.all([ask(theirs), ask(ours.url)]);
    assert.equal(other, one, query);
    return one;
  };
  assert.equal(await same("?module=none&target=x"), 400);
  assert.equal(await same(""), 400);
  assert.equal(await same(`?target=127.0.0.1:${web}`, { "X-Prometheus-Scrape-Timeout-Seconds": "soon" }), 500);
  assert.equal(await same(`?target=127.0.0.1:${web}`, { "X-Prometheus-Scrape-Timeout-Seconds": "2.5" }), 200);
  const host = `?module=http_2xx&target=127.0.0.1:${web}&hostname=shop.example`;
  assert.equal(await same(host), 200);
});

test("no credential is in the answer for people", { skip }, async () => {
  const { text } = await probe(ours.url, "http_basic", http("/basic"), "&debug=true");
  assert.match(text, /Probe succeeded/);
  assert.ok(!text.includes("s3cret"), text);
});

test("Prometheus scrapes it with the configuration that it has for blackbox_exporter", { skip }, async () => {
  const [config, port] = [join(folder, "prometheus.yml"), await freePort()];
  await writeFile(config, `scrape_configs:
- job_name: blackbox
  scrape_interval: 1s
  metrics_path: /probe
  params: { module: [http_2xx] }
  static_configs: [{ targets: ["${http("/")}", "${http("/broken")}"] }]
  relabel_configs:
  - { source_labels: [__address__], target_label: __param_target }
  - { source_labels: [__param_target], target_label: instance }
  - { target_label: __address__, replacement: "${new URL(ours.url).host}" }
- job_name: exporter
  scrape_interval: 1s
  static_configs: [{ targets: ["${new URL(ours.url).host}"] }]
`);
  run(PROMETHEUS, [`--config.file=${config}`, `--storage.tsdb.path=${join(folder, "data")}`, `--web.listen-address=127.0.0.1:${port}`]);
  const value = async (query) => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`).catch(() => undefined);
    return answer?.ok ? (await answer.json()).data.result[0]?.value[1] : undefined;
  };
  await until("both are scraped", async () => (await value("count(probe_success)")) === "2", PATIENCE_MS);
  assert.equal(await value(`probe_success{instance="${http("/")}"}`), "1");
  assert.equal(await value(`probe_http_status_code{instance="${http("/broken")}"}`), "500");
  assert.equal(await value('count(up{job="blackbox"} == 1)'), "2");
  await until("so is the exporter", async () => (await value("blackbox_exporter_config_last_reload_successful")) === "1", PATIENCE_MS);
});
