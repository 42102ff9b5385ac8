// Backstage's own catalog client, against our catalog API.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { CATALOG_FILTER_EXISTS, CatalogClient } from "@backstage/catalog-client";

import { TOKEN, serve } from "../mainstay.mjs";

const COMPONENTS = ["foghorn", "lamp", "logbook"];
const APPLIED_MS_MAX = 30_000;
const ASK_AGAIN_MS = 100;

let server, catalog;

before(async () => {
  server = await serve(fileURLToPath(new URL("catalog", import.meta.url)));
  const fetchWithToken = (input, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${TOKEN}`);
    return fetch(input, { ...init, headers });
  };
  catalog = new CatalogClient({
    discoveryApi: { getBaseUrl: async () => `${server.url}/api/catalog` },
    fetchApi: { fetch: fetchWithToken },
  });
  await applied();
});
after(() => server?.stop());

/** The folder is read while the server already answers. */
async function applied() {
  const deadline = Date.now() + APPLIED_MS_MAX;
  while (!(await catalog.getEntityByRef("component:default/lamp"))) {
    assert.ok(Date.now() < deadline, "the catalog was not applied");
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}

const names = (items) => items.map((entity) => entity.metadata.name);
const sorted = (items) => names(items).sort();

test("entities are filtered by kind, by several values, and by what exists", async () => {
  const found = async (filter) => sorted((await catalog.getEntities({ filter })).items);
  assert.deepEqual(await found({ kind: "component" }), COMPONENTS);
  assert.deepEqual(await found({ kind: "Component", "spec.type": "website" }), ["logbook"]);
  assert.deepEqual(await found({ kind: ["api", "resource"] }), ["beam", "oil"]);
  assert.deepEqual(await found([{ kind: "group" }, { kind: "component", "spec.lifecycle": "experimental" }]), ["foghorn", "keepers"]);
  assert.deepEqual(await found({ kind: "component", "metadata.tags": ["rust"] }), ["lamp", "logbook"]);
  assert.deepEqual(await found({ "metadata.annotations.example.com/beam": CATALOG_FILTER_EXISTS }), ["lamp"]);
  assert.deepEqual(await found({ "relations.dependsOn": "resource:default/oil" }), ["lamp"]);
  assert.deepEqual(await found({ kind: "component", "metadata.name": "no-such" }), []);
});

test("entities come in the order that was asked for, a part at a time", async () => {
  const order = [{ field: "metadata.name", order: "desc" }];
  const filter = { kind: "component" };
  assert.deepEqual(names((await catalog.getEntities({ filter, order })).items), COMPONENTS.toReversed());
  assert.deepEqual(names((await catalog.getEntities({ filter, order, offset: 1, limit: 1 })).items), ["lamp"]);
});

test("fields leave out what was not asked for", async () => {
  const { items } = await catalog.getEntities({ filter: { "metadata.name": "lamp" }, fields: ["kind", "metadata.name"] });
  assert.deepEqual(items, [{ kind: "Component", metadata: { name: "lamp" } }]);
});

test("an entity has what Backstage adds: namespace, uid, etag, where it came from, relations", async () => {
  const lamp = await catalog.getEntityByRef("component:lamp");
  assert.equal(lamp.metadata.namespace, "default");
  assert.match(lamp.metadata.uid, /^[0-9a-f-]{36}$/);
  assert.ok(lamp.metadata.etag);
  assert.ok(lamp.metadata.annotations["backstage.io/managed-by-location"]);
  const relations = lamp.relations.map(({ type, targetRef }) => `${type} ${targetRef}`).sort();
  assert.deepEqual(relations, [
    "dependsOn resource:default/oil",
    "ownedBy group:default/keepers",
    "partOf system:default/lighthouse",
    "providesApi api:default/beam",
  ]);
});

test("an entity is found by its name, and a name that nobody has is nothing", async () => {
  const found = await catalog.getEntityByName({ kind: "User", name: "iris.beacon" });
  assert.equal(found.spec.profile.displayName, "Iris Beacon");
  assert.equal(await catalog.getEntityByRef("component:default/no-such"), undefined);
});

test("entities are found by their references, in that order, with gaps", async () => {
  const { items } = await catalog.getEntitiesByRefs({
    entityRefs: ["resource:default/oil", "component:default/no-such", "component:default/lamp"],
    fields: ["metadata.name"],
  });
  assert.deepEqual(items.map((entity) => entity?.metadata.name), ["oil", undefined, "lamp"]);
  const filtered = await catalog.getEntitiesByRefs({
    entityRefs: ["resource:default/oil", "component:default/lamp"],
    filter: { kind: "component" },
  });
  assert.deepEqual(filtered.items.map((entity) => entity?.metadata.name), [undefined, "lamp"]);
});

test("a query pages forwards and backwards by cursor", async () => {
  const query = { filter: { kind: "component" }, orderFields: { field: "metadata.name", order: "asc" }, limit: 2 };
  const first = await catalog.queryEntities(query);
  assert.deepEqual(names(first.items), ["foghorn", "lamp"]);
  assert.equal(first.totalItems, 3);
  assert.equal(first.pageInfo.prevCursor, undefined);
  const second = await catalog.queryEntities({ cursor: first.pageInfo.nextCursor, limit: 2 });
  assert.deepEqual(names(second.items), ["logbook"]);
  assert.equal(second.totalItems, 3);
  assert.equal(second.pageInfo.nextCursor, undefined);
  const back = await catalog.queryEntities({ cursor: second.pageInfo.prevCursor, limit: 2 });
  assert.deepEqual(names(back.items), ["foghorn", "lamp"]);
});

test("a query keeps to its fields on every page", async () => {
  const fields = ["metadata.name"];
  const first = await catalog.queryEntities({ filter: { kind: "component" }, orderFields: { field: "metadata.name", order: "asc" }, fields, limit: 1 });
  assert.deepEqual(first.items, [{ metadata: { name: "foghorn" } }]);
  const second = await catalog.queryEntities({ cursor: first.pageInfo.nextCursor, fields, limit: 1 });
  assert.deepEqual(second.items, [{ metadata: { name: "lamp" } }]);
});

test("full text is searched everywhere, or in the fields that are named", async () => {
  const found = async (term, fields) => {
    const { items, totalItems } = await catalog.queryEntities({ filter: { kind: "component" }, fullTextFilter: { term, fields } });
    assert.equal(totalItems, items.length);
    return sorted(items);
  };
  assert.deepEqual(await found("WILD harbour"), ["lamp"]);
  assert.deepEqual(await found("lamp"), ["foghorn", "lamp"]);
  assert.deepEqual(await found("lamp", ["metadata.name", "metadata.title"]), ["lamp"]);
  assert.deepEqual(await found("submarine"), []);
});

test("a predicate combines $all, $any, $not, $in and $exists", async () => {
  const found = async (query) => sorted((await catalog.queryEntities({ query })).items);
  const component = { kind: "component" };
  assert.deepEqual(await found({ $all: [component, { $not: { "spec.type": "website" } }] }), ["foghorn", "lamp"]);
  assert.deepEqual(await found({ $all: [component, { "spec.lifecycle": { $in: ["experimental"] } }] }), ["foghorn"]);
  assert.deepEqual(await found({ $any: [{ kind: "domain" }, { kind: "system" }] }), ["harbour", "lighthouse"]);
  assert.deepEqual(await found({ $all: [component, { "spec.system": { $exists: false } }] }), ["logbook"]);
  const paged = await catalog.queryEntities({ query: component, orderFields: { field: "metadata.name", order: "asc" }, limit: 2 });
  const rest = await catalog.queryEntities({ cursor: paged.pageInfo.nextCursor });
  assert.deepEqual([...names(paged.items), ...names(rest.items)], COMPONENTS);
});

test("every entity comes once from a stream", async () => {
  const streamed = [];
  for await (const page of catalog.streamEntities({ filter: { kind: "component" }, pageSize: 2 })) streamed.push(...names(page));
  assert.deepEqual(streamed.sort(), COMPONENTS);
});

test("facets count values, under a filter and under a predicate", async () => {
  const counts = ({ facets }, key) => Object.fromEntries(facets[key].map(({ value, count }) => [value, count]));
  const facets = ["spec.lifecycle", "metadata.tags"];
  const filtered = await catalog.getEntityFacets({ facets, filter: { kind: "component" } });
  assert.deepEqual(counts(filtered, "spec.lifecycle"), { production: 2, experimental: 1 });
  assert.deepEqual(counts(filtered, "metadata.tags"), { rust: 2, "tier-1": 1, brass: 1 });
  const asked = await catalog.getEntityFacets({ facets, query: { "spec.type": "service" } });
  assert.deepEqual(counts(asked, "metadata.tags"), { rust: 1, "tier-1": 1, brass: 1 });
});

test("the ancestors of an entity lead to where it came from", async () => {
  const { rootEntityRef, items } = await catalog.getEntityAncestors({ entityRef: "component:default/lamp" });
  assert.equal(rootEntityRef, "component:default/lamp");
  assert.ok(items.some(({ entity }) => entity.metadata.name === "lamp"));
});

test("the folder is a location, which leads from the entity to its source and back", async () => {
  const { items: [location, ...others] } = await catalog.getLocations();
  assert.deepEqual(others, []);
  assert.equal(location.type, "file");
  assert.deepEqual(await catalog.getLocationById(location.id), location);
  assert.deepEqual(await catalog.getLocationByEntity("component:default/lamp"), location);
  assert.deepEqual(await catalog.getLocationByRef(`file:${location.target}`), location);
  assert.equal(await catalog.getLocationById("no-such"), undefined);
  const found = await catalog.queryLocations({ query: { type: "file" } });
  assert.deepEqual([found.items, found.totalItems], [[location], 1]);
});

test("what is read already can be looked at again, and what is not is refused with the way to have it read", async () => {
  const { items: [{ target }] } = await catalog.getLocations();
  const { entities, exists } = await catalog.addLocation({ type: "file", target, dryRun: true });
  assert.ok(exists);
  assert.ok(sorted(entities).includes("lamp"));
  await assert.rejects(catalog.addLocation({ type: "file", target }), (error) => error.body.error.name === "ConflictError");
  const elsewhere = { type: "url", target: "https://catalogs.example/harbour/catalog-info.yaml" };
  await assert.rejects(catalog.addLocation(elsewhere), (error) => {
    const { name, message } = error.body.error;
    return error.statusCode === 400 && name === "InputError" && /--catalog DIR/.test(message);
  });
});

test("a repository that nothing is known of gets a first descriptor", async () => {
  const location = { type: "url", target: "https://catalogs.example/harbour/buoy" };
  const { existingEntityFiles, generateEntities } = await catalog.analyzeLocation({ location });
  assert.deepEqual(existingEntityFiles, []);
  assert.equal(generateEntities[0].entity.metadata.name, "buoy");
});

test("an entity is validated before anybody commits it", async () => {
  const entity = {
    apiVersion: "backstage.io/v1alpha1",
    kind: "Component",
    metadata: { name: "buoy" },
    spec: { type: "service", lifecycle: "production", owner: "keepers" },
  };
  const where = "url:https://catalogs.example/catalog-info.yaml";
  assert.deepEqual(await catalog.validateEntity(entity, where), { valid: true });
  const { valid, errors } = await catalog.validateEntity({ ...entity, spec: { type: "service" } }, where);
  assert.equal(valid, false);
  assert.match(errors.map(({ message }) => message).join("\n"), /owner|lifecycle/);
});

test("an entity is read again when asked", async () => {
  await catalog.refreshEntity("component:default/lamp");
});

test("whoever has no token is refused in the way that the client understands", async () => {
  const stranger = new CatalogClient({ discoveryApi: { getBaseUrl: async () => `${server.url}/api/catalog` } });
  await assert.rejects(stranger.getEntities(), (error) => {
    return error.statusCode === 401 && error.cause.name === "AuthenticationError";
  });
});
