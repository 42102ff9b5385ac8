// A server with flags of every type, a token that may only evaluate, and the hand that flips them.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

import { TOKEN, start } from "../mainstay.mjs";

const CATALOG = fileURLToPath(new URL("catalog", import.meta.url));
const keepers = (variant, otherwise) => ({ if: [{ ends_with: [{ var: "email" }, "@lighthouse.example"] }, variant, otherwise] });
const everywhere = { "*": { enabled: true } };

/** As `POST /api/v1/flags` takes them. */
export const FLAGS = [
  { key: "lamp-lit", environments: everywhere },
  { key: "foghorn-muted", environments: { "*": { enabled: false } } },
  { key: "lamp-colour", variants: { red: "red", green: "green" }, offVariant: "red", defaultVariant: "red", targeting: keepers("green", null), environments: everywhere },
  { key: "flash-count", variants: { few: 3, many: 12 }, offVariant: "few", defaultVariant: "many", environments: everywhere },
  { key: "beam-sweep", variants: { slow: 0.5, fast: 2.25 }, offVariant: "slow", defaultVariant: "fast", environments: everywhere },
  { key: "galley-menu", variants: { short: { soup: ["pea"], hot: true }, none: {} }, offVariant: "none", defaultVariant: "short", environments: everywhere },
  { key: "new-foghorn", targeting: { fractional: [["on", 50], ["off", 50]] }, environments: everywhere },
  // Without a variant for that, a flag that is off is disabled: it has no value.
  { key: "dark-deck", variants: { lit: "lit", dim: "dim" }, defaultVariant: "lit", environments: { "*": { enabled: false } } },
  // Whoever brings the name of a variant that isn't there gets an error.
  { key: "stormy", targeting: { var: "weather" }, environments: everywhere },
  { key: "quay-price", flagSet: "quay", variants: { low: 10, high: 20 }, offVariant: "low", defaultVariant: "high", environments: everywhere },
];

export const KEEPER_CONTEXT = { targetingKey: "iris", email: "iris@lighthouse.example" };
export const GUEST_CONTEXT = { targetingKey: "gus", email: "gus@guests.example" };

/** A server that has these flags. */
export async function flagServer(...extra) {
  const server = await start(["serve", "--data", "data", "--catalog", CATALOG, ...extra], { MAINSTAY_ADMIN_TOKEN: TOKEN });
  try {
    const ask = async (method, path, body) => {
      const answer = await fetch(server.url + path, {
        method,
        headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      const text = await answer.text();
      assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
      return JSON.parse(text);
    };
    for (const flag of FLAGS) await ask("POST", "/api/v1/flags", flag);
    let issued = 0;
    const evaluator = async (restricted = {}) => {
      const name = `client-tests-${(issued += 1)}`;
      const { token } = await ask("POST", "/api/v1/tokens", { name, scopes: ["evaluate"], ...restricted });
      return token;
    };
    return {
      ...server,
      ask,
      evaluator,
      token: await evaluator(),
      turn: (key, on, environment = "production") => ask("POST", `/api/v1/flags/${key}/${on ? "on" : "off"}`, { environment, reason: "a client test" }),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Opens flagd's ports, each wherever one is free. */
export const ANY_FLAGD_PORTS = ["--flagd-listen", "127.0.0.1", "--flagd-ports", "0,0,0,0"];

/** The port on which flagd's `evaluation` or `sync` is found, as the server says. */
export const flagdPort = (server, what) =>
  until(`it says where ${what} is`, () => Number(new RegExp(`${what} at 127\\.0\\.0\\.1:(\\d+)`).exec(server.said())?.[1]));

/** Calls again and again until it gives something; for what has no event to wait for. */
export async function until(what, ask, msMax = 15_000) {
  const deadline = Date.now() + msMax;
  for (;;) {
    const found = await ask();
    if (found) return found;
    assert.ok(Date.now() < deadline, `waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Resolves with the details of the client's next event of this kind. */
export function next(client, event, msMax = 15_000) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no ${event} within ${msMax} ms`)), msMax);
    const hear = (details) => {
      clearTimeout(late);
      client.removeHandler(event, hear);
      resolve(details);
    };
    client.addHandler(event, hear);
  });
}
