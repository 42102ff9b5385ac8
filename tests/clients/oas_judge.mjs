// Random OpenAPI documents and pacts: what we find against what openapi-pact-comparator finds.
//
// COMPARATOR is the folder of @pactflow/openapi-pact-comparator, BIDIRECTIONAL the path of our example
// (`cargo build -p bidirectional --example bidirectional`). OAS_JUDGE_COUNT and OAS_JUDGE_SEED say how many pairs and which.
// Compared are, of each pair, how often each code comes with its severity, its place in the pact and its place in the document.
// A pair on which the comparator throws says nothing; it counts apart.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { COMPARATOR, BIDIRECTIONAL } = process.env;
const COUNT = Number(process.env.OAS_JUDGE_COUNT ?? 600);
const SEED = Number(process.env.OAS_JUDGE_SEED ?? 1);
const SHOWN = 10;

for (const [name, path] of Object.entries({ COMPARATOR, BIDIRECTIONAL })) {
  if (!path || !existsSync(path)) {
    console.error(`${name} has to name something that is there, not ${path}`);
    process.exit(2);
  }
}

/** Chance from a seed: the same numbers each time. */
function chance(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (bound) => Math.floor(next() * bound);
  const pick = (list) => list[whole(list.length)];
  const some = (list, share) => list.filter(() => next() < share);
  return { next, whole, pick, some, often: (share) => next() < share };
}

const NAMES = ["id", "name", "berth", "tide", "crew", "lamp-id", "note", "a/b", "length", "kind"];
const FORMATS = {
  date: ["2024-02-29", "2023-02-29", "2024-1-01", "tomorrow"],
  "date-time": ["2024-05-01T10:00:00Z", "2024-05-01 10:00:00+02:00", "2024-05-01T10:00:00", "2024-05-01T25:00:00Z", "1998-12-31T23:59:60Z"],
  time: ["10:00:00Z", "10:00:00.5+01", "10:00:00", "10:61:00Z"],
  duration: ["P1D", "PT5M", "P", "P2W", "P1W2D", "PT", "P1Y2M3DT4H"],
  uuid: ["8a6e0804-2bd0-4672-b79d-d97027f9071a", "8a6e0804", "URN:UUID:8a6e0804-2bd0-4672-b79d-d97027f9071a"],
  email: ["iris@lighthouse.example", "iris", "iris@localhost", "a..b@c.example", "i.r+s@a-b.example"],
  hostname: ["quay.example", "-quay.example", "quay_1", "quay.example.", "a".repeat(64)],
  ipv4: ["10.0.0.1", "10.0.0.256", "10.0.0", "01.2.3.4"],
  ipv6: ["::1", "fe80::1", "1:2:3:4:5:6:7:8", "::ffff:10.0.0.1", "1::2::3", "g::1"],
  uri: ["https://quay.example/a?b#c", "quay", "urn:isbn:123", "https://quay.example/a b", "a:", "mailto:iris@quay.example", "//quay.example"],
  "uri-reference": ["/a/b?c", "a b", "", "../x", "https://quay.example", "#frag"],
  "json-pointer": ["/a/~0b", "a", "", "/~2"],
  byte: ["aGk=", "aGk", "", "aG=k"],
  url: ["https://quay.example/x", "ftp://quay.example", "quay.example", "http://localhost", "http://10.1.1.1", "https://8.8.8.8:443/x"],
  password: ["secret"],
  "no-such-format": ["anything"],
};
const PATTERNS = [["^[a-z]+$", ["abc", "ABC", ""]], ["^\\d{2}$", ["12", "123"]], ["x", ["axb", "b"]], ["^a|b$", ["a", "xb", "c"]]];

/** A scalar's schema. */
function scalar(r) {
  const schema = r.pick([
    () => ({ type: "string" }),
    () => ({ type: "string", format: r.pick(Object.keys(FORMATS)) }),
    () => ({ type: "string", pattern: r.pick(PATTERNS)[0] }),
    () => ({ type: "string", minLength: r.whole(3), maxLength: 3 + r.whole(4) }),
    () => ({ type: "string", enum: r.some(["low", "high", "slack", "a,b"], 0.7).concat("ebb") }),
    () => ({ type: "integer" }),
    () => ({ type: "integer", format: r.pick(["int32", "int64"]) }),
    () => ({ type: "integer", minimum: r.whole(5), maximum: 5 + r.whole(5) }),
    () => ({ type: "number", format: r.pick(["float", "double"]) }),
    () => ({ type: "number", multipleOf: r.pick([0.5, 2, 0.01]) }),
    () => ({ type: "boolean" }),
    () => ({ enum: ["low", 1, null, true] }),
  ])();
  if (r.often(0.12) && schema.type) schema.nullable = true;
  if (r.often(0.05)) schema.nullable = schema.type ? false : undefined;
  return schema;
}

/** Any schema; of OpenAPI 3.1 with that version's words. */
function schemaOf(r, depth, world) {
  const inner = () => schemaOf(r, depth - 1, world);
  if (depth <= 0) return scalar(r);
  const kinds = [
    scalar,
    scalar,
    () => object(r, depth, world),
    () => object(r, depth, world),
    () => object(r, depth, world),
    () => ({ type: "array", items: inner(), ...(r.often(0.2) && { minItems: 1 }), ...(r.often(0.2) && { maxItems: 2 }), ...(r.often(0.2) && { uniqueItems: true }) }),
    () => ({ oneOf: [inner(), inner()], ...(r.often(0.2) && { nullable: true }) }),
    () => ({ anyOf: [inner(), inner()] }),
    () => ({ allOf: [object(r, depth - 1, world), r.often(0.5) && world.refs.length ? ref(r, world) : object(r, depth - 1, world)], ...(r.often(0.3) && { properties: { own: scalar(r) } }) }),
    () => ({ type: "object", additionalProperties: inner() }),
    () => ({ not: scalar(r) }),
    () => ({}),
  ];
  if (world.refs.length) kinds.push(() => ref(r, world), () => ref(r, world));
  if (world.tagged) kinds.push(() => world.tagged(r));
  if (world.modern) {
    kinds.push(
      () => ({ type: ["string", "null"] }),
      () => ({ const: r.pick(["low", 3]) }),
      () => ({ type: "integer", exclusiveMinimum: 2, exclusiveMaximum: 9 }),
      () => ({ if: { properties: { name: { type: "string" } } }, then: { required: ["id"] }, else: { required: ["tide"] } }),
      () => ({ type: "object", patternProperties: { "^n": scalar(r) }, properties: { id: scalar(r) } }),
      () => ({ type: "object", properties: { id: inner() }, unevaluatedProperties: r.pick([false, { type: "string" }]) }),
      // Without `minContains`, its validator takes an empty list within a list for what the list before it was.
      () => ({ type: "array", contains: scalar(r), minContains: 2, ...(r.often(0.3) && { maxContains: 2 }) }),
      () => ({ type: "object", dependentRequired: { id: ["name", "tide"] }, propertyNames: { maxLength: 5 } }),
    );
  } else {
    kinds.push(() => ({ type: "number", minimum: 2, exclusiveMinimum: r.often(0.5), maximum: 9, exclusiveMaximum: r.often(0.5) }));
  }
  return r.pick(kinds)(r);
}

function ref(r, world) {
  return { $ref: `#/components/schemas/${r.pick(world.refs)}`, ...(r.often(0.08) && { nullable: true }), ...(world.modern && r.often(0.08) && { minProperties: 1 }) };
}

function object(r, depth, world) {
  const names = r.some(NAMES, 0.35);
  const schema = { type: "object", properties: Object.fromEntries(names.map((name) => [name, schemaOf(r, depth - 1, world)])) };
  if (r.often(0.6) && names.length) schema.required = r.some(names, 0.6);
  if (r.often(0.15)) schema.additionalProperties = r.pick([true, false, scalar(r)]);
  if (r.often(0.08)) schema.nullable = true;
  if (r.often(0.05)) delete schema.type;
  if (r.often(0.05)) schema.minProperties = 2;
  if (r.often(0.05)) schema.maxProperties = 2;
  return schema;
}

/** A value that a schema may have been written for; `wrong` is how often it isn't. */
function sample(r, schema, document, wrong, depth = 0) {
  const again = (inner) => sample(r, inner, document, wrong, depth + 1);
  if (r.often(wrong)) return r.pick(["low", "", 7, -1, 2.5, true, null, [], {}, ["x"], { id: 1 }, { other: "x" }]);
  if (depth > 7 || schema === undefined || typeof schema === "boolean") return r.pick(["x", 1]);
  if (schema.$ref) {
    const target = schema.$ref.slice(2).split("/").reduce((at, key) => at?.[key], document);
    return again(target);
  }
  if (schema.allOf) return Object.assign({}, ...[...schema.allOf, { type: "object", properties: schema.properties }].map(again).filter((part) => typeof part === "object"));
  if (schema.discriminator && schema.oneOf) {
    const value = again(r.pick(schema.oneOf));
    if (value && typeof value === "object" && r.often(0.1)) value.petType = r.pick(["cat", "dog", "cow", 1]);
    return value;
  }
  if (schema.oneOf ?? schema.anyOf) return again(r.pick(schema.oneOf ?? schema.anyOf));
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return r.pick(schema.enum);
  if (schema.nullable && r.often(0.2)) return null;
  switch (Array.isArray(schema.type) ? r.pick(schema.type) : schema.type) {
    case "string": {
      if (schema.format) return r.often(0.6) ? FORMATS[schema.format][0] : r.pick(FORMATS[schema.format]);
      if (schema.pattern) return r.pick(PATTERNS.find(([pattern]) => pattern === schema.pattern)[1]);
      return r.pick(["slack", "lamp", "x", "pier 🌊 end", "abcdefgh"]);
    }
    case "integer":
      return r.pick([3, 4, 6, 8, 0, 2 ** 31, 3.0]);
    case "number":
      return r.pick([2, 4, 6.5, 0.25, 9, 1e3]);
    case "boolean":
      return r.often(0.5);
    case "null":
      return null;
    case "array":
      return Array.from({ length: r.whole(4) }, () => again(schema.items ?? schema.contains ?? {}));
    default: {
      if (!schema.type && !schema.properties) return r.pick(["x", 1, null, { name: "n" }, { name: 2, tide: 1 }, [1]]);
      const value = {};
      for (const [name, inner] of Object.entries(schema.properties ?? {})) {
        if (r.often(0.8)) value[name] = again(inner);
      }
      if (schema.additionalProperties && typeof schema.additionalProperties === "object") value.extra = again(schema.additionalProperties);
      if (schema.patternProperties) value.nook = again(Object.values(schema.patternProperties)[0]);
      if (r.often(0.12)) value[r.pick(["extra", "unknown", ...NAMES])] = r.pick(["x", 1, { deep: true }]);
      return value;
    }
  }
}

const TYPES = ["application/json", "application/vnd.quay+json", "application/json; charset=utf-8", "text/plain", "application/xml", "application/*", "*/*", "application/x-www-form-urlencoded"];
const SCHEMES = {
  key: { type: "apiKey", in: "header", name: "X-Key" },
  queryKey: { type: "apiKey", in: "query", name: "key" },
  cookie: { type: "apiKey", in: "cookie", name: "sid" },
  basic: { type: "http", scheme: "basic" },
  bearer: { type: "http", scheme: "Bearer" },
  oauth: { type: "oauth2", flows: {} },
};
const PATHS = ["/orders", "/orders/{id}", "/orders/{id}/lines/{line-id}", "/orders/mine", "/files/{name}.json", "/files/{name}", "/v{major}.{minor}/x", "/tides/{when}", "/a:b/{id}", "/orders/"];

function content(r, world) {
  const types = r.often(0.75) ? ["application/json"] : r.some(TYPES, 0.3);
  return Object.fromEntries(types.map((type) => [type, r.often(0.95) ? { schema: schemaOf(r, 3, world) } : {}]));
}

function parameter(r, name, where, world) {
  const schema = r.pick([
    () => scalar(r),
    () => scalar(r),
    () => ({ type: "array", items: scalar(r), ...(r.often(0.3) && { maxItems: 2 }) }),
    () => ({ type: "object", properties: { a: { type: "integer" }, b: scalar(r) }, ...(r.often(0.5) && { required: ["a"] }) }),
    () => ({ anyOf: [{ type: "integer" }, scalar(r)] }),
    () => (world.refs.length ? ref(r, world) : scalar(r)),
  ])();
  // Most paths should lead somewhere, or nothing else would be compared.
  if (where === "path" && r.often(0.7)) return { name, in: where, required: true, schema: { type: r.pick(["string", "integer"]) } };
  return { name, in: where, required: where === "path" || r.often(0.4), schema };
}

function operation(r, path, method, world) {
  const parameters = [...path.matchAll(/{(.*?)}/g)].map(([, name]) => parameter(r, name, "path", world));
  for (const name of r.some(["page", "sort", "filter", "x-y"], 0.4)) parameters.push(parameter(r, name, "query", world));
  for (const name of r.some(["X-Trace", "x-tenant", "Accept-Language"], 0.25)) parameters.push(parameter(r, name, "header", world));
  const responses = {};
  for (const status of r.some(["200", "201", "2XX", "404", "default"], 0.5)) {
    responses[status] = { description: "", ...(r.often(0.85) && { content: content(r, world) }) };
    if (r.often(0.3)) responses[status].headers = Object.fromEntries(r.some(["X-Total", "ETag", "Location"], 0.5).map((name) => [name, { schema: scalar(r) }]));
  }
  const result = { parameters, responses };
  if (method !== "get" && r.often(0.85)) result.requestBody = { required: r.often(0.5), content: content(r, world) };
  if (r.often(0.25)) result.security = r.some(Object.keys(SCHEMES), 0.3).map((name) => ({ [name]: [] })).concat(r.often(0.2) ? [{}] : []);
  return result;
}

function documentOf(r) {
  const modern = r.often(0.4);
  const document = { openapi: modern ? "3.1.0" : "3.0.3", info: { title: "quay", version: "1" }, paths: {}, components: { schemas: {}, securitySchemes: SCHEMES } };
  const { schemas } = document.components;
  const world = { refs: [], modern };
  for (const name of ["Buoy", "Crew", "Port"].slice(0, r.whole(4))) {
    schemas[name] = r.often(0.8) ? object(r, 2, world) : schemaOf(r, 2, world);
    world.refs.push(name);
  }
  if (schemas.Buoy?.properties && r.often(0.3)) schemas.Buoy.properties.next = { $ref: "#/components/schemas/Buoy" };
  if (r.often(0.3)) {
    const pet = (kind) => ({ type: "object", required: ["petType"], properties: { petType: r.often(0.5) ? { type: "string", enum: [kind] } : { const: kind }, [`${kind}Name`]: { type: "string" } } });
    Object.assign(schemas, { Cat: pet("cat"), Dog: pet("dog") });
    const mapping = r.often(0.5) ? { mapping: { cat: "#/components/schemas/Cat", dog: "#/components/schemas/Dog" } } : {};
    world.tagged = () => ({ oneOf: [{ $ref: "#/components/schemas/Cat" }, { $ref: "#/components/schemas/Dog" }], discriminator: { propertyName: "petType", ...mapping } });
  }
  for (const path of r.some(PATHS, 0.35).concat(r.often(0.5) ? [] : ["/orders/{id}"])) {
    const item = (document.paths[path] = {});
    for (const method of r.some(["get", "post", "put", "delete"], 0.5)) item[method] = operation(r, path, method, world);
    if (r.often(0.1)) item.parameters = [parameter(r, "page", "query", world)];
  }
  if (r.often(0.3)) share(r, document);
  if (r.often(0.15)) document.info["x-opc-config-case-insensitive"] = true;
  if (r.often(0.15)) document.info["x-opc-config-ignore-trailing-slash"] = true;
  if (r.often(0.1)) document.info["x-opc-config-base-path"] = "/v0";
  if (r.often(0.15)) document.security = [{ [r.pick(Object.keys(SCHEMES))]: [] }];
  return document;
}

/** Puts some of a document's parts among its components, with references in their places. */
function share(r, document) {
  const moved = (kind, value) => {
    const known = (document.components[kind] ??= {});
    const name = `${kind}~/${Object.keys(known).length}`;
    known[name] = value;
    return { $ref: `#/components/${kind}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}` };
  };
  for (const item of Object.values(document.paths)) {
    for (const [method, called] of Object.entries(item)) {
      if (method === "parameters") continue;
      for (const one of Object.values(called.responses)) {
        for (const [name, header] of Object.entries(one.headers ?? {})) if (r.often(0.5)) one.headers[name] = moved("headers", header);
      }
      for (const [status, one] of Object.entries(called.responses)) if (r.often(0.4)) called.responses[status] = moved("responses", one);
      called.parameters = called.parameters.map((one) => (r.often(0.4) ? moved("parameters", one) : one));
      if (called.requestBody && r.often(0.5)) called.requestBody = moved("requestBodies", called.requestBody);
    }
  }
}

/** What a reference means. */
function resolved(document, value) {
  if (!value?.$ref) return value;
  return value.$ref.slice(2).split("/").reduce((at, key) => at?.[key.replaceAll("~1", "/").replaceAll("~0", "~")], document);
}

/** An OpenAPI 3 document in Swagger 2's words. */
function swagger(document) {
  const { paths, components, info } = document;
  const rename = (value) => JSON.parse(JSON.stringify(value).replaceAll("#/components/schemas/", "#/definitions/"));
  const types = (content) => Object.keys(content ?? {});
  const first = (content) => Object.values(content ?? {})[0]?.schema;
  for (const item of Object.values(paths)) {
    const plain = (one) => ({ name: one.name, in: one.in, required: one.required, ...(one.schema.type ? one.schema : { type: "string" }), ...(one.schema.type === "array" && { collectionFormat: ["csv", "ssv", "pipes", "tsv"][one.name.length % 4] }) });
    for (const [method, called] of Object.entries(item)) {
      if (method === "parameters") {
        item.parameters = called.map(plain);
        continue;
      }
      called.parameters = called.parameters.map(plain);
      const body = called.requestBody;
      if (body) called.parameters.push({ name: "body", in: "body", required: body.required, schema: first(body.content) });
      called.consumes = types(body?.content);
      called.produces = types(Object.values(called.responses)[0]?.content);
      delete called.requestBody;
      for (const one of Object.values(called.responses)) {
        one.schema = first(one.content);
        delete one.content;
        for (const [name, header] of Object.entries(one.headers ?? {})) one.headers[name] = header.schema;
      }
    }
  }
  const schemes = { ...components.securitySchemes, basic: { type: "basic" }, bearer: { type: "apiKey", in: "header", name: "Authorization" } };
  return rename({ swagger: "2.0", info, basePath: "/v2", paths, definitions: components.schemas, securityDefinitions: schemes, security: document.security });
}

/** A value as text for a path, a query or a header. */
function text(r, value) {
  if (Array.isArray(value)) return value.map((item) => text(r, item)).join(",");
  if (value && typeof value === "object") return Object.entries(value).map(([key, item]) => `${key}=${text(r, item)}`).join(",");
  return String(value ?? "").replaceAll(/[^\x21-\x7e]/g, "");
}

function interactionOf(r, document, version, wrong) {
  const places = Object.entries(document.paths).flatMap(([path, item]) => Object.keys(item).filter((method) => method !== "parameters").map((method) => [path, method, item[method], item]));
  const request = { method: "GET", path: "/nowhere", headers: {} };
  const response = { status: 200, headers: {} };
  const interaction = { description: "an interaction", request, response };
  if (!places.length || r.often(0.04)) return interaction;
  const [path, method, called, item] = r.pick(places);
  const parameters = [...called.parameters, ...(item.parameters ?? [])].map((one) => resolved(document, one));
  const value = (one) => text(r, sample(r, one.schema, document, wrong));
  request.method = r.often(0.04) ? "PATCH" : r.often(0.5) ? method : method.toUpperCase();
  request.path = path.replaceAll(/{(.*?)}/g, (_, name) => encodeURI((r.often(wrong) ? "low" : text(r, sample(r, parameters.find((one) => one.name === name).schema, document, 0))) || "1"));
  request.path = (document.info["x-opc-config-base-path"] ?? "") + request.path;
  if (document.info["x-opc-config-case-insensitive"] && r.often(0.3)) request.path = request.path.toUpperCase();
  if (r.often(0.03)) request.path += r.pick(["/", "/more", "?x=1", "%20", "%2F1"]);
  const query = [];
  for (const one of parameters) {
    if (!r.often(one.required ? 0.93 : 0.5)) continue;
    if (one.in === "header") request.headers[r.often(0.5) ? one.name : one.name.toLowerCase()] = value(one) || "x";
    if (one.in === "query") {
      const made = sample(r, one.schema, document, wrong);
      if (made && typeof made === "object" && !Array.isArray(made) && r.often(0.7)) {
        for (const [key, inner] of Object.entries(made)) query.push([r.often(0.5) ? `${one.name}[${key}]` : `${one.name}.${key}`, text(r, inner)]);
      } else if (Array.isArray(made) && r.often(0.5)) {
        made.forEach((inner) => query.push([r.often(0.2) ? `${one.name}[]` : one.name, text(r, inner)]));
      } else query.push([one.name, text(r, made)]);
    }
  }
  if (r.often(0.08)) query.push(["surprise", "1"]);
  const names = parameters.filter((one) => one.in === "query").map((one) => one.name).concat("extra");
  for (let more = r.often(0.1) ? 4 : 0; more > 0; more--) query.push([r.pick(names) + r.pick(["", "[]", "[a]", "[0]", "[2]", "[a][b]", ".a", ".a.b", "[30]", "[", "]", "[a", "[][b]", "[toString]", "."]), r.pick(["1", "", "x,y", "a=b", "é", "1,2,3"])]);
  if (r.often(0.02)) for (let many = 0; many < 22; many++) query.push([r.pick(names), String(many)]);
  if (r.often(0.05)) query.push(["key", "k"]);
  if (query.length && (version < 3 || r.often(0.2))) request.query = query.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  else if (query.length) {
    request.query = {};
    for (const [name, value] of query) (request.query[name] ??= []).push(value);
  }
  if (r.often(0.2)) request.headers.Authorization = r.pick(["Bearer x", "Basic eA==", "x"]);
  if (r.often(0.1)) request.headers["X-Key"] = "k";
  if (r.often(0.05)) request.headers["X-Surprise"] = "1";
  if (r.often(0.3)) request.headers.Accept = r.pick([...TYPES, "text/html;q=0.9, application/json;q=0.5", "application/problem+json", "text/*", "application/*;q=0.1, text/plain", "text/plain;q=0, */*", "APPLICATION/JSON", ""]);
  const responses = Object.fromEntries(Object.entries(called.responses).map(([status, one]) => [status, resolved(document, one)]));
  const statuses = Object.keys(responses).map((status) => (/^\d+$/.test(status) ? Number(status) : status === "2XX" ? 204 : 500));
  response.status = statuses.length && r.often(0.92) ? r.pick(statuses) : r.pick([200, 404, 418, 500]);
  const wrap = (body, type) => (version < 4 ? body : { content: body, contentType: type, encoded: typeof body === "string" && r.often(0.2) ? r.pick(["base64", "json", "nonsense"]) : false });
  const offered = Object.entries(resolved(document, called.requestBody)?.content ?? {});
  if ((offered.length && r.often(0.9)) || r.often(0.03)) {
    const [type, { schema }] = offered.length ? r.pick(offered) : ["application/json", {}];
    const sent = r.often(0.9) ? type : r.pick(TYPES);
    if (r.often(0.92)) request.headers["Content-Type"] = sent;
    let body = sample(r, schema, document, wrong);
    if (sent.includes("urlencoded")) body = new URLSearchParams(text(r, body).replaceAll(",", "&")).toString();
    request.body = wrap(body, sent);
  }
  const status = responses[response.status] ?? responses[`${Math.floor(response.status / 100)}XX`] ?? responses.default;
  const answers = Object.entries(status?.content ?? {});
  if ((answers.length && r.often(0.9)) || r.often(0.04)) {
    const [type, { schema }] = answers.length ? r.pick(answers) : ["application/json", {}];
    if (r.often(0.7)) response.headers["Content-Type"] = r.often(0.93) ? type : r.pick(TYPES);
    response.body = wrap(sample(r, schema, document, wrong), type);
  }
  for (const [name, header] of Object.entries(status?.headers ?? {})) if (r.often(0.7)) response.headers[name] = text(r, sample(r, resolved(document, header).schema, document, wrong)) || "x";
  if (r.often(0.06)) response.headers["X-Surprise"] = "1";
  if (r.often(0.06)) response.headers["Cache-Control"] = "no-store";
  if (version >= 3) for (const side of [request, response]) for (const name of Object.keys(side.headers)) side.headers[name] = [side.headers[name]];
  if (version >= 4) interaction.type = "Synchronous/HTTP";
  return interaction;
}

function pairOf(seed) {
  const r = chance(seed);
  const document = documentOf(r);
  const version = r.pick([2, 3, 4]);
  const wrong = r.pick([0, 0.03, 0.1]);
  const interactions = Array.from({ length: 4 + r.whole(8) }, () => interactionOf(r, document, version, wrong));
  const old = !document.openapi.startsWith("3.1") && r.often(0.15);
  if (old && !interactions.some(({ request }) => document.info["x-opc-config-base-path"])) interactions.forEach(({ request }) => (request.path = `/v2${request.path}`));
  const pact = { consumer: { name: "c" }, provider: { name: "p" }, interactions, metadata: { pactSpecification: { version: `${version}.0.0` } } };
  const shared = JSON.stringify(document).includes("#/components/parameters/") || document.components.responses || document.components.headers || document.components.requestBodies;
  return [old && !shared ? swagger(document) : document, pact].map((value) => JSON.parse(JSON.stringify(value)));
}

/** Which results there are, each with its count. */
function tally(results) {
  const counts = new Map();
  for (const { code, type, mockDetails, specDetails } of results) {
    const key = `${type} ${code} ${mockDetails?.location} <- ${specDetails?.location}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

function differences(ours, theirs) {
  const [own, other] = [tally(ours), tally(theirs)];
  const keys = [...new Set([...own.keys(), ...other.keys()])].sort();
  return keys.filter((key) => own.get(key) !== other.get(key)).map((key) => `${key}: ours ${own.get(key) ?? 0}, theirs ${other.get(key) ?? 0}`);
}

const manifest = JSON.parse(readFileSync(join(COMPARATOR, "package.json"), "utf8"));
const { Comparator } = await import(pathToFileURL(join(COMPARATOR, manifest.module ?? "dist/index.mjs")));
const folder = mkdtempSync(join(tmpdir(), "oas-judge-"));
const pairs = Array.from({ length: COUNT }, (_, index) => pairOf(SEED * 1_000_003 + index));
const lines = pairs.map((pair, index) => {
  const files = ["oas", "pact"].map((name) => join(folder, `${index}.${name}.json`));
  files.forEach((file, at) => writeFileSync(file, JSON.stringify(pair[at])));
  return files.join("\t");
});
const list = join(folder, "pairs.tsv");
writeFileSync(list, lines.join("\n"));
const answers = execFileSync(BIDIRECTIONAL, ["--pairs", list], { encoding: "utf8", maxBuffer: 1 << 30 }).trimEnd().split("\n");

let same = 0;
let found = 0;
const threw = new Map();
const different = [];
const codes = new Map();
for (const [index, [oas, pact]] of pairs.entries()) {
  const theirs = [];
  try {
    for await (const result of new Comparator({ oas }).compare(pact)) theirs.push(result);
  } catch (error) {
    const reason = error.message.slice(0, 60);
    threw.set(reason, (threw.get(reason) ?? 0) + 1);
    continue;
  }
  found += theirs.length;
  theirs.forEach(({ code }) => codes.set(code, (codes.get(code) ?? 0) + 1));
  const ours = JSON.parse(answers[index]);
  const differing = ours.unreadable ? [`ours can't be read: ${ours.unreadable}`] : differences(ours, theirs);
  if (differing.length) different.push({ index, differing });
  else same += 1;
}
for (const { index, differing } of different.slice(0, SHOWN)) console.log(`pair ${index}: ${lines[index]}\n  ${differing.slice(0, 12).join("\n  ")}`);
for (const [reason, count] of threw) console.log(`the comparator threw ${count} times: ${reason}`);
console.log(`${found} results of the comparator: ${[...codes].sort().map(([code, count]) => `${code} ${count}`).join(", ")}`);
console.log(`openapi-pact-comparator ${manifest.version}: same: ${same}, different: ${different.length}`);
if (!different.length) rmSync(folder, { recursive: true });
process.exit(different.length || same < COUNT / 2 ? 1 : 0);
