// What an OpenAPI document says of an answer, as JSON Schema: OFREP's document, from other people's repository.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { parse } from "yaml";

const CORPORA = process.env.MAINSTAY_CORPORA || fileURLToPath(new URL("../../../shared/corpora", import.meta.url));
const FILE = `${CORPORA}/ofrep/openapi.yaml`;
const ID = "ofrep";

/** Why nothing can be compared here; nothing where it can. */
export const missing = existsSync(FILE) ? undefined : `${FILE} is not there; MAINSTAY_CORPORA names another folder`;

/**
 * What the document says that it can't mean; each is as small as it can be.
 *
 * - `codeDefaultFlag` demands nothing, so that of `oneOf` two hold for every value (and three for a whole number).
 * - `reason` lists no DEFAULT, which OpenFeature's own list of reasons has and flagd answers.
 */
function mended(document) {
  const { codeDefaultFlag, evaluationSuccess } = document.components.schemas;
  codeDefaultFlag.not = { required: ["value"] };
  const [fields, values] = evaluationSuccess.allOf;
  fields.properties.reason.enum.push("DEFAULT");
  values.anyOf = values.oneOf;
  delete values.oneOf;
  return document;
}

const pointer = (...path) => path.map((part) => `/${part.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/** OFREP's document, ready to judge answers. */
export function ofrep() {
  const document = mended(parse(readFileSync(FILE, "utf8")));
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, ID);
  const judge = (where, body) => {
    const valid = ajv.getSchema(`${ID}#${encodeURI(where)}`);
    assert.ok(valid, `${FILE} has no ${where}`);
    assert.ok(valid(body), `${JSON.stringify(body)}\n${ajv.errorsText(valid.errors, { separator: "\n" })}`);
  };
  return {
    /** Asserts that the document lets the operation answer with this status and this body. */
    answer(path, status, body) {
      const answers = document.paths[path].post.responses;
      const described = answers[status];
      assert.ok(described, `${path} may answer ${Object.keys(answers).join(", ")}, and answered ${status}`);
      if (described.content) judge(pointer("paths", path, "post", "responses", String(status), "content", "application/json", "schema"), body);
    },
    /** Asserts that the body is one of the document's named schemas. */
    schema: (name, body) => judge(pointer("components", "schemas", name), body),
    /** The bodies that the document itself gives as examples: `[path, status, body]`. */
    examples: () =>
      Object.entries(document.paths).flatMap(([path, { post }]) =>
        Object.entries(post.responses)
          .filter(([, { content }]) => content)
          .map(([status, { content }]) => [path, status, content["application/json"].example]),
      ),
  };
}
