// Random flags and contexts: what we answer against what flagd's JavaScript evaluator answers.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const { FlagdCore } = createRequire(import.meta.url)("@openfeature/flagd-core");

const root = fileURLToPath(new URL("../../", import.meta.url));
const count = process.env.FLAGD_DIFFERENTIAL_COUNT ?? "20000";
const seed = process.env.FLAGD_DIFFERENTIAL_SEED ?? "1";
const silent = { error() {}, warn() {}, info() {}, debug() {} };

/** What flagd-core answers, in the form of ours; nothing if its JSON Logic engine throws. */
function theirs({ document, context, now }) {
  const core = new FlagdCore(undefined, silent);
  const clock = Date.now;
  Date.now = () => now * 1000;
  try {
    core.setConfigurations(JSON.stringify(document));
    const found = core.resolveNumberEvaluation("flag", -1, context, silent);
    // The engine throws where a text is compared with a number or added to one. flagd itself goes on: no match.
    if (/^(Error evaluating targeting rule|Invalid targeting configuration)/.test(found.errorMessage)) return null;
    if (found.errorCode) return { error: found.errorCode };
    return { variant: found.variant ?? null, reason: found.reason };
  } finally {
    Date.now = clock;
  }
}

test("flagd-core gives the same variant, reason and error", () => {
  const lines = execFileSync("cargo", ["run", "-q", "-p", "flagd", "--example", "differential", "--", count, seed], {
    cwd: root,
    maxBuffer: 1 << 30,
    encoding: "utf8",
  });
  let same = 0;
  let threw = 0;
  const different = [];
  for (const line of lines.trimEnd().split("\n")) {
    const sample = JSON.parse(line);
    const { message, ...ours } = sample.answer;
    const other = theirs(sample);
    if (other === null) threw += 1;
    else if (JSON.stringify(ours) === JSON.stringify(other)) same += 1;
    else different.push({ flag: sample.document.flags.flag, context: sample.context, ours: sample.answer, theirs: other });
  }
  console.log(`flagd-core: ${same} the same, ${different.length} different, ${threw} on which it threw`);
  assert.deepEqual(different.slice(0, 5), []);
  assert.ok(same > 5 * threw, "most samples say something");
});
