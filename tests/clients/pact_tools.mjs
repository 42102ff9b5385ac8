// The programs that a contract's test needs: ours from Cargo, other people's from npm.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const TIME_MS_MAX = 120_000;
const SAID_MAX = 1 << 20;
const BUILT = process.env.MAINSTAY_BIN ? dirname(process.env.MAINSTAY_BIN) : fileURLToPath(new URL("../../target/debug", import.meta.url));
const MODULES = fileURLToPath(new URL("node_modules", import.meta.url));

// Pact's libraries would tell their makers what was run.
const PRIVATE = { PACT_DO_NOT_TRACK: "true" };
Object.assign(process.env, PRIVATE);

/** Other people's data files. */
export const CORPORA = process.env.MAINSTAY_CORPORA || fileURLToPath(new URL("../../../shared/corpora", import.meta.url));

/** A folder of npm's. */
export const npm = (name) => join(MODULES, name);

/** An example that `cargo build --example NAME` has built. */
export function example(name) {
  const path = join(BUILT, "examples", name);
  if (!existsSync(path)) throw new Error(`an example is missing: cargo build --workspace --example ${name}`);
  return path;
}

/**
 * Runs a program to its end, with nothing in its environment but what is given: resolves to its status and what it said.
 * A program of npm's is named by what it is called there.
 */
export function run(name, args, { env = {}, cwd, timeout = TIME_MS_MAX } = {}) {
  const script = join(MODULES, ".bin", name);
  const [program, ...before] = existsSync(script) ? [process.execPath, script] : [name];
  const child = spawn(program, [...before, ...args], {
    cwd,
    timeout,
    killSignal: "SIGKILL",
    env: { PATH: process.env.PATH, NO_COLOR: "1", ...PRIVATE, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const hear = (chunk) => { said = (said + chunk).slice(-SAID_MAX); };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => resolve({ status, said }));
  });
}
