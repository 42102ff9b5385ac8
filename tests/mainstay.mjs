// Starts the binary under test, `$MAINSTAY_BIN` or the one that Cargo built last, on a port of its own.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BINARY = process.env.MAINSTAY_BIN || fileURLToPath(new URL("../target/debug/mainstay", import.meta.url));
const START_MS_MAX = 60_000;
const STOP_MS_MAX = 10_000;

/// An administrator's token, for servers that are started with it.
export const TOKEN = "an-administrators-token-for-tests-only";

/** Runs `mainstay` with these arguments until `stop` is called; resolves as soon as it says where it is. */
export async function start(args, env = {}) {
  const folder = await mkdtemp(join(tmpdir(), "mainstay-test-"));
  const child = spawn(BINARY, [...args, "--listen", "127.0.0.1:0"], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const ended = new Promise((resolve) => child.once("close", resolve));
  const killed = () => child.kill("SIGKILL");
  process.once("exit", killed);
  const stop = async (signal = "SIGTERM") => {
    child.kill(signal);
    const late = setTimeout(killed, STOP_MS_MAX);
    const status = await ended;
    clearTimeout(late);
    process.off("exit", killed);
    await rm(folder, { recursive: true, force: true });
    return status;
  };
  try {
    const url = await new Promise((resolve, reject) => {
      const hear = (chunk) => {
        said = (said + chunk).slice(-100_000);
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
        if (found) resolve(found[0]);
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", (chunk) => { said = (said + chunk).slice(-100_000); });
      child.once("error", reject);
      ended.then((status) => reject(new Error(`${BINARY} ${args.join(" ")} ended with ${status}:\n${said}`)));
      setTimeout(() => reject(new Error(`it did not say where it is:\n${said}`)), START_MS_MAX).unref();
    });
    return { url, stop, said: () => said };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The sample company, open to anyone on this machine, as soon as its past is told: an incident, and what was learned of it. */
export async function demo(speed = 20) {
  const server = await start(["demo", "--speed", String(speed), "--seed", "1"]);
  const deadline = Date.now() + START_MS_MAX;
  for (;;) {
    const told = await fetch(`${server.url}/api/v1/postmortems`).then((answer) => answer.json());
    if (told.items?.[0]?.stage === "published") return server;
    if (Date.now() > deadline) {
      await server.stop();
      throw new Error(`the demo does not tell its past:\n${server.said()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** A server with an administrator's token and a catalog. */
export const serve = (catalog) => start(["serve", "--data", "data", "--catalog", catalog], { MAINSTAY_ADMIN_TOKEN: TOKEN });
