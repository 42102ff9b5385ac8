// Random definitions and pacts: what we say of a change or of a fit, against what buf and openapi-pact-comparator say.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { example, npm, run } from "./pact_tools.mjs";

const { BUF_JUDGE_COUNT = "40", OAS_JUDGE_COUNT = "200" } = process.env;
const JUDGING_MS_MAX = 600_000;
const script = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Has a judge compare, and says of how many pairs it says what we say. */
async function judged(name, args, env) {
  const { status, said } = await run(process.execPath, args, { env, timeout: JUDGING_MS_MAX });
  const [, same, different] = /same: (\d+), different: (\d+)/.exec(said) ?? assert.fail(said);
  console.log(`${name}: ${same} of ${Number(same) + Number(different)}`);
  assert.equal(status, 0, said);
}

test("buf names the same changes of protobuf definitions", () =>
  judged("buf", [script("buf_judge.mjs"), BUF_JUDGE_COUNT], { BUF: npm(".bin/buf"), PROTODIFF: example("protodiff") }));

test("openapi-pact-comparator finds the same of pacts and OpenAPI documents", () =>
  judged("openapi-pact-comparator", [script("oas_judge.mjs")], {
    COMPARATOR: npm("@pactflow/openapi-pact-comparator"),
    BIDIRECTIONAL: example("bidirectional"),
    OAS_JUDGE_COUNT,
  }));
