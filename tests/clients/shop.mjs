// A shop with a team on call: what pages and alerts are tried with, and whatever is written in Python.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { TOKEN, start } from "../mainstay.mjs";

/** A team with two people, ada's turn first, who look after one service. */
export const SHOP = `apiVersion: backstage.io/v1alpha1
kind: Group
metadata: { name: web }
spec: { type: team, children: [], members: [ada, lee] }
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: { name: ada }
spec: { memberOf: [web], profile: { displayName: Ada Quay, email: ada@shop.example } }
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: { name: lee }
spec: { memberOf: [web], profile: { displayName: Lee Moss, email: lee@shop.example } }
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: checkout, annotations: { mainstay.dev/escalation-policy: ada-alone } }
spec: { type: service, lifecycle: production, owner: web }
---
apiVersion: mainstay.dev/v1alpha1
kind: EscalationPolicy
metadata: { name: ada-alone }
spec: { steps: [{ notify: ["user:ada"], after: 30m }] }
`;

/** Somebody who alone is paged for a desk of their own, as `component:desk-of-` and their name. */
export const clerk = (name) => `---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: { name: ${name} }
spec: { memberOf: [web], profile: { displayName: ${name}, email: ${name}@shop.example } }
---
apiVersion: mainstay.dev/v1alpha1
kind: EscalationPolicy
metadata: { name: ${name} }
spec: { steps: [{ notify: ["user:${name}"], after: 30m }] }
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: desk-of-${name}, annotations: { mainstay.dev/escalation-policy: ${name} } }
spec: { type: service, lifecycle: production, owner: web }
`;

/** A server of the shop, whose own programs may be called, with what asks it as an administrator. */
export async function shop({ catalog = SHOP, env = {} } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "mainstay-shop-"));
  await mkdir(join(folder, "catalog"));
  await writeFile(join(folder, "catalog", "catalog-info.yaml"), catalog);
  const settings = { MAINSTAY_ADMIN_TOKEN: TOKEN, MAINSTAY_WEBHOOK_HOSTS: "127.0.0.1", MAINSTAY_WEBHOOK_SCHEMES: "http,https" };
  const server = await start(["serve", "--data", "data", "--catalog", join(folder, "catalog")], { ...settings, ...env });
  const ask = async (method, path, body) => {
    const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
    const answer = await fetch(server.url + path, { method, headers, body: JSON.stringify(body) });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path} answers ${answer.status}: ${text}`);
    return JSON.parse(text);
  };
  return {
    ...server,
    ask,
    get: (path) => ask("GET", path),
    /** The key of a new integration. */
    keyFor: async (name, kind = name) => (await ask("POST", "/api/v1/integrations", { name, kind, entity: "component:checkout" })).key,
    /** Adds ways to reach somebody, and rules that use each so many minutes after a page. Gives back their ids. */
    reach: async (person, ways) => {
      for (const [channel, address] of ways) await ask("POST", `/api/v1/people/${person}/contact/methods`, { channel, address });
      const { methods } = await ask("GET", `/api/v1/people/${person}/contact`);
      const ids = methods.slice(-ways.length).map(({ id }) => id);
      const rules = ways.map(([, , after = 0], index) => ({ method: ids[index], after_minutes: after }));
      await ask("PUT", `/api/v1/people/${person}/contact/rules`, { rules });
      return ids;
    },
    /** Pages whoever looks after something, and gives back the page's number. */
    page: async (title, about = "component:checkout") => {
      const known = (await ask("GET", "/api/v1/pages")).items.map(({ number }) => number);
      await ask("POST", "/api/v1/pages", { about, title });
      const { number } = (await ask("GET", "/api/v1/pages")).items.find((page) => !known.includes(page.number));
      return number;
    },
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Somebody's program, which keeps what is posted to it; `answer` may say a status other than 200, or all of it. */
export async function receiver(answer = () => ({})) {
  const received = [];
  const listener = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const call = { method: request.method, path: request.url, headers: request.headers, text };
    received.push(call);
    const { status = 200, headers = {}, body = "{}" } = answer(call, received.length) ?? {};
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${listener.address().port}`;
  const stop = () => new Promise((resolve) => { listener.close(resolve); listener.closeAllConnections(); });
  return { url, received, stop };
}

const PYTHON = process.env.MAINSTAY_PYTHON || fileURLToPath(new URL("../../target/judges/bin/python", import.meta.url));
const script = (name) => fileURLToPath(new URL(`python/${name}.py`, import.meta.url));

/** Why what needs Python's packages can't be tried here; false if it can. */
export const noPython = (existsSync(PYTHON) ? false : `no Python with the packages of requirements.txt at ${PYTHON}: cargo xtask test installs them`);

/** What a script of `python/` says of this, JSON to JSON. */
export async function python(name, input, env = {}) {
  const child = spawn(PYTHON, [script(name)], { env: { ...process.env, ...env }, timeout: 60_000 });
  const [said, wrong] = [child.stdout, child.stderr].map((stream) => stream.setEncoding("utf8").toArray());
  child.stdin.end(JSON.stringify(input));
  const status = await new Promise((resolve) => child.once("close", resolve));
  assert.equal(status, 0, `${name}.py ended with ${status}:\n${(await wrong).join("")}`);
  return JSON.parse((await said).join(""));
}

/** A script that runs on, writes a line of JSON for each thing that happens, and reads the same; `first` is its first line. */
export async function running(name, ...args) {
  const child = spawn(PYTHON, [script(name), ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const killed = () => child.kill("SIGKILL");
  process.once("exit", killed);
  const lines = [];
  const first = new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(JSON.parse(line));
      resolve();
    });
    ended.then((status) => reject(new Error(`${name}.py ended with ${status}`)));
  });
  await first;
  const tell = (message) => child.stdin.write(`${JSON.stringify(message)}\n`);
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
    process.off("exit", killed);
  };
  return { first: lines[0], said: () => lines.slice(1), tell, stop };
}
