// Random pairs of protobuf definitions: what our comparison names against what `buf breaking` names.
//
// Usage: BUF=…/buf PROTODIFF=…/protodiff node buf_judge.mjs [pairs] [seed]
//
// Both judge each pair; the multisets of rule ids must be the same, and each place that we name must be one that buf names
// under that rule: by name, or by number where a field has two names. BUF is buf 1.75 (npm's @bufbuild/buf), PROTODIFF is
// the example `protodiff` of the crate `apidiff`. buf needs no network for this: the definitions import only each other.
//
// What isn't compared:
// - our rules for additions (`FIELD_ADDED`, …): buf has none;
// - buf's second and further ENUM_VALUE_SAME_NAME for one number: it repeats itself for each alias, we say it once;
// - pairs that buf doesn't compile, which are counted: a mutation may make nonsense.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const { BUF = "buf", PROTODIFF = "protodiff" } = process.env;
const PAIRS = Number(process.argv[2] ?? 500);
const SEED = Number(process.argv[3] ?? 1);
const OURS_ALONE = /_ADDED$/;
/** buf says of this that it changed, but not in which message. */
const NAMELESS = "MESSAGE_NO_REMOVE_STANDARD_DESCRIPTOR_ACCESSOR";

const SCALARS = ["int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64", "sfixed32", "sfixed64"];
const TYPES = [...SCALARS, "bool", "string", "bytes", "double", "float", "string", "string"];
const DEFAULTS = { bool: ["true", "false"], string: ['"a"', '"\\n"', '""'], bytes: ['"a"', '"\\n"'], double: ["1.5", "7", "-inf", "0.1"] };
const FILE_OPTIONS = {
  ...Object.fromEntries(["csharp_namespace", "go_package", "java_outer_classname", "java_package", "objc_class_prefix"].map((name) => [name, ['"A"', '"B"']])),
  ...Object.fromEntries(["php_class_prefix", "php_metadata_namespace", "php_namespace", "ruby_package", "swift_prefix"].map((name) => [name, ['"A"', '"B"']])),
  ...Object.fromEntries(["cc_enable_arenas", "cc_generic_services", "java_generic_services"].map((name) => [name, ["true", "false"]])),
  ...Object.fromEntries(["java_multiple_files", "py_generic_services", "java_string_check_utf8"].map((name) => [name, ["true", "false"]])),
  optimize_for: ["SPEED", "CODE_SIZE"],
};

/** mulberry32: small, seeded, good enough. */
function dice(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count) => Math.floor(next() * count);
  return { below, pick: (list) => list[below(list.length)], chance: (part) => next() < part };
}

// The model: what is rendered as text. A reference holds the id of its type, so that renaming keeps a definition valid.

const field = (name, number, type, more = {}) => ({ name, number, type, label: "", options: {}, ...more });
const message = (id, fields, more = {}) => ({ id, kind: "message", name: id, fields, oneofs: [], reserved: [], reservedNames: [], nested: [], ranges: [], ...more });
const enumeration = (id, names, more = {}) => ({ id, kind: "enum", name: id, values: names.map((name, at) => [`${id.toUpperCase()}_${name}`, at]), reserved: [], reservedNames: [], ...more });
const method = (name, request, response, more = {}) => ({ name, request, response, in: false, out: false, idempotency: "", ...more });
const to = (id) => ({ to: id });

function base() {
  const orders = {
    name: "orders/v1/orders.proto", syntax: "proto3", package: "orders.v1", options: { go_package: '"A"' }, extensions: [],
    types: [
      message("Order", [
        field("id", 1, "string"), field("placed_at", 2, "int64"), field("lines", 3, to("Line"), { label: "repeated" }),
        field("state", 4, to("State")), field("labels", 5, "string", { map: "string" }), field("money", 6, to("Money")),
        field("note", 7, "string", { label: "optional" }), field("card", 8, "string", { oneof: "payment" }),
        field("invoice", 9, to("Money"), { oneof: "payment" }), field("counts", 12, "int32", { label: "repeated" }),
      ], { oneofs: ["payment"], reserved: ["10", "20 to 30"], reservedNames: ["old", "older"], nested: [
        message("Line", [field("sku", 1, "string"), field("count", 2, "uint32"), field("kind", 3, to("Kind")), field("price", 4, to("Money"))]),
        enumeration("Kind", ["UNKNOWN", "GOOD", "GIFT"]),
      ] }),
      enumeration("State", ["UNKNOWN", "OPEN", "PAID", "SENT"], { reserved: ["10", "12 to 15"], reservedNames: ["STATE_LOST"] }),
      message("GetRequest", [field("id", 1, "string"), field("with", 2, to("State"), { label: "repeated" })]),
      message("ListResponse", [field("orders", 1, to("Order"), { map: "int64" }), field("next_page", 2, "string")]),
    ],
    services: [
      { name: "Orders", methods: [method("Get", "GetRequest", "Order", { idempotency: "NO_SIDE_EFFECTS" }), method("List", "GetRequest", "ListResponse"), method("Watch", "GetRequest", "Order", { out: true })] },
      { name: "Admin", methods: [method("Drop", "GetRequest", "Money")] },
    ],
  };
  const common = {
    name: "common.proto", syntax: "proto3", package: "common", options: {}, services: [], extensions: [],
    types: [message("Money", [field("units", 1, "int64", { options: { jstype: "JS_STRING" } }), field("nanos", 2, "int32"), field("currency", 3, to("Currency"))]), enumeration("Currency", ["NONE", "EUR", "CHF"])],
  };
  const legacy = {
    name: "legacy.proto", syntax: "proto2", package: "", options: {}, services: [],
    types: [
      message("Old", [
        field("key", 1, "string", { label: "required" }), field("rate", 2, "double", { options: { default: "1.5" } }), field("on", 3, "bool"),
        field("text", 4, "string", { options: { ctype: "CORD" } }), field("mode", 5, to("Mode")), field("raw", 6, "bytes"), field("next", 7, to("Old")),
        field("many", 8, "int32", { label: "repeated" }), field("left", 9, "int32", { oneof: "side" }), field("right", 10, "string", { oneof: "side" }),
      ], { oneofs: ["side"], ranges: ["100 to 199", "500 to max"] }),
      enumeration("Mode", ["A", "B", "C"]),
    ],
    extensions: [field("tag", 100, "string", { extends: "Old" }), field("weight", 101, "int32", { extends: "Old" })],
  };
  return [orders, common, legacy];
}

const allTypes = (files) => files.flatMap((file) => file.types.flatMap(function deep(type) { return [type, ...(type.nested ?? []).flatMap(deep)]; }));
const messages = (files) => allTypes(files).filter(({ kind }) => kind === "message");
const enums = (files) => allTypes(files).filter(({ kind }) => kind === "enum");
const methods = (files) => files.flatMap(({ services }) => services.flatMap(({ methods }) => methods));

function fullNames(files) {
  const names = new Map();
  const learn = (types, scope) => {
    for (const type of types) {
      const name = scope ? `${scope}.${type.name}` : type.name;
      names.set(type.id, name);
      learn(type.nested ?? [], name);
    }
  };
  for (const file of files) learn(file.types, file.package);
  return names;
}

/** Written in full, with or without the dot, or as short as it may be from within the scope: any of them must do. */
function reference(id, scope, names) {
  const full = names.get(id) ?? "Missing";
  const style = (full.length + scope.length) % 3;
  if (style === 0) return `.${full}`;
  const outer = full.includes(".") ? full.slice(0, full.lastIndexOf(".") + 1) : "";
  return style === 1 && outer && `${scope}.`.startsWith(outer) ? full.slice(outer.length) : full.includes(".") ? full : `.${full}`;
}

function rendered(file, files) {
  const names = fullNames(files);
  const isOld = file.syntax === "proto2";
  const typeOf = ({ type }, scope) => (type.to ? reference(type.to, scope, names) : type);
  const options = (all) => {
    const kept = Object.entries(all).filter(([name]) => name !== "default" || isOld);
    return kept.length ? ` [${kept.map(([name, value]) => `${name} = ${value}`).join(", ")}]` : "";
  };
  const written = (of, scope) => {
    const label = of.oneof || of.map ? "" : of.label === "required" && !isOld ? "" : of.label || (isOld ? "optional" : "");
    const type = of.map ? `map<${of.map}, ${typeOf(of, scope)}>` : typeOf(of, scope);
    return `${label} ${type} ${of.name} = ${of.number}${options(of.options)};`;
  };
  const reserved = ({ reserved, reservedNames }) => [
    ...reserved.map((range) => `reserved ${range};`), ...reservedNames.map((name) => `reserved "${name}";`),
  ];
  const block = (type, scope) => {
    const here = scope ? `${scope}.${type.name}` : type.name;
    if (type.kind === "enum") {
      const isAliased = new Set(type.values.map(([, number]) => number)).size < type.values.length;
      return [`enum ${type.name} {`, ...(isAliased ? ["option allow_alias = true;"] : []), ...type.values.map(([name, number]) => `${name} = ${number};`), ...reserved(type), "}"];
    }
    const oneofs = type.oneofs.filter((oneof) => type.fields.some((of) => of.oneof === oneof));
    return [
      `message ${type.name} {`, ...(type.bare ? ["option no_standard_descriptor_accessor = true;"] : []),
      ...type.fields.filter(({ oneof }) => !oneofs.includes(oneof)).map((of) => written({ ...of, oneof: undefined }, here)),
      ...oneofs.flatMap((oneof) => [`oneof ${oneof} {`, ...type.fields.filter((of) => of.oneof === oneof).map((of) => written(of, here)), "}"]),
      ...(isOld ? type.ranges.map((range) => `extensions ${range};`) : []), ...reserved(type), ...type.nested.flatMap((nested) => block(nested, here)), "}",
    ];
  };
  const rpc = (of, scope) => {
    const side = (isStream, id) => `${isStream ? "stream " : ""}${reference(id, scope, names)}`;
    const body = of.idempotency ? `{ option idempotency_level = ${of.idempotency}; }` : ";";
    return `rpc ${of.name}(${side(of.in, of.request)}) returns (${side(of.out, of.response)})${body}`;
  };
  return [
    `syntax = "${file.syntax}";`, ...(file.package ? [`package ${file.package};`] : []),
    ...files.slice(files.indexOf(file) + 1).map(({ name }) => `import "${name}";`),
    ...Object.entries(file.options).map(([name, value]) => `option ${name} = ${value};`),
    ...file.types.flatMap((type) => block(type, file.package)),
    ...file.services.flatMap(({ name, methods }) => [`service ${name} {`, ...methods.map((of) => rpc(of, file.package ? `${file.package}.${name}` : name)), "}"]),
    ...(isOld ? file.extensions.map((of) => `extend ${reference(of.extends, file.package, names)} { ${written(of, file.package)} }`) : []),
  ].join("\n");
}

const without = (list, one) => list.splice(list.indexOf(one), 1);

/** Each changes the model in place; `any` throws the dice. */
const MUTATIONS = {
  deleteField: (files, any) => { const { fields } = any.pick(messages(files)); if (fields.length > 1) without(fields, any.pick(fields)); },
  deleteAndReserve: (files, any) => {
    const of = any.pick(messages(files)); if (of.fields.length < 2) return;
    const gone = any.pick(of.fields); without(of.fields, gone); of.reserved.push(`${gone.number}`); of.reservedNames.push(gone.name);
  },
  renameField: (files, any) => { any.pick(any.pick(messages(files)).fields).name = any.pick(["amount", "new_name", "a_b_c", "x1_y2"]); },
  renumberField: (files, any) => { any.pick(any.pick(messages(files)).fields).number = 40 + any.below(9); },
  addField: (files, any) => any.pick(messages(files)).fields.push(field(`added_${any.below(99)}`, 60 + any.below(30), any.pick(TYPES), { label: any.pick(["", "repeated", "optional", "required"]) })),
  scalarType: (files, any) => { const of = any.pick(any.pick(messages(files)).fields); of.type = any.pick(TYPES); of.options = {}; },
  namedType: (files, any) => { const of = any.pick(any.pick(messages(files)).fields); of.type = to(any.pick(allTypes(files)).id); of.options = {}; },
  label: (files, any) => { const of = any.pick(any.pick(messages(files)).fields); of.label = any.pick(["", "optional", "repeated", "required"]); delete of.map; },
  map: (files, any) => { const of = any.pick(any.pick(messages(files)).fields); of.map = of.map && any.chance(0.5) ? undefined : any.pick(["string", "int32", "bool"]); },
  required: (files, any) => { const of = any.pick(messages(files.filter(({ syntax }) => syntax === "proto2"))) ?? { fields: [{}] }; any.pick(of.fields).label = any.pick(["required", "optional"]); },
  jsonName: (files, any) => { any.pick(any.pick(messages(files)).fields).options.json_name = any.pick(['"j"', '"jsonName"', '"placedAt"']); },
  jstype: (files, any) => { const all = messages(files).flatMap(({ fields }) => fields).filter(({ type }) => /64$/.test(type)); if (all.length) any.pick(all).options.jstype = any.pick(["JS_STRING", "JS_NUMBER", "JS_NORMAL"]); },
  ctype: (files, any) => { const all = messages(files).flatMap(({ fields }) => fields).filter(({ type }) => type === "string"); if (all.length) any.pick(all).options.ctype = any.pick(["CORD", "STRING_PIECE", "STRING"]); },
  default: (files, any) => {
    const all = files.filter(({ syntax }) => syntax === "proto2").flatMap((file) => messages([file]).flatMap(({ fields }) => fields)).filter(({ type, label }) => !type.to && label !== "repeated");
    if (!all.length) return;
    const of = any.pick(all); of.options.default = any.pick(DEFAULTS[of.type] ?? ["0", "1", "7"]);
  },
  enumDefault: (files, any) => { const of = any.pick(messages(files).flatMap(({ fields }) => fields).filter(({ type }) => type.to === "Mode").concat([{ options: {} }])); of.options.default = any.pick(["MODE_A", "MODE_B"]); },
  moveIntoOneof: (files, any) => { const all = messages(files).filter(({ oneofs }) => oneofs.length); if (!all.length) return; const of = any.pick(all); const one = any.pick(of.fields); one.oneof = any.pick(of.oneofs); one.label = ""; },
  moveOutOfOneof: (files, any) => { const all = messages(files).flatMap(({ fields }) => fields).filter(({ oneof }) => oneof); if (all.length) delete any.pick(all).oneof; },
  newOneof: (files, any) => { const of = any.pick(messages(files)); of.oneofs.push("fresh"); any.pick(of.fields).oneof = "fresh"; },
  renameOneof: (files, any) => { const of = any.pick(messages(files)); for (const one of of.fields) if (one.oneof) one.oneof = "renamed"; of.oneofs = ["renamed"]; },
  deleteReserved: (files, any) => { const of = any.pick(allTypes(files)); const list = any.pick([of.reserved, of.reservedNames]); if (list.length) without(list, any.pick(list)); },
  changeReserved: (files, any) => { const of = any.pick(allTypes(files)); of.reserved = any.pick([["10", "12 to 14"], ["21 to 25", "27 to 30"], ["10", "12", "13 to 15", "20 to max"], ["9 to 31"]]); },
  ranges: (files, any) => { const of = any.pick(messages(files)); of.ranges = any.pick([["100 to 150", "500 to max"], ["100 to 199", "500 to 600"], ["100 to 400", "401 to max"]]); },
  bare: (files, any) => { const of = any.pick(messages(files)); of.bare = !of.bare; },
  deleteType: (files, any) => {
    const gone = any.pick(allTypes(files)); const kept = (list) => { const at = list.indexOf(gone); if (at >= 0) list.splice(at, 1); for (const { nested } of list) if (nested) kept(nested); };
    for (const file of files) kept(file.types);
    const ids = new Set(allTypes(files).map(({ id }) => id));
    for (const of of messages(files).flatMap(({ fields }) => fields)) if (of.type.to && !ids.has(of.type.to)) of.type = "string";
    for (const of of methods(files)) for (const side of ["request", "response"]) if (!ids.has(of[side])) of[side] = messages(files)[0].id;
  },
  renameType: (files, any) => { any.pick(allTypes(files)).name = any.pick(["Renamed", "Other"]); },
  addType: (files, any) => { any.pick(files).types.push(message(`Fresh${any.below(1e6)}`, [field("x", 1, "string")])); },
  moveType: (files, any) => { const from = any.pick(files); const type = any.pick(from.types); if (!type) return; without(from.types, type); any.pick(files).types.push(type); },
  nestType: (files, any) => { const from = any.pick(files); const type = any.pick(from.types); if (!type) return; const into = any.pick(messages(files).filter((one) => !allTypes([{ types: [type] }]).includes(one))); if (!into) return; without(from.types, type); into.nested.push(type); },
  deleteValue: (files, any) => { const all = enums(files); if (!all.length) return; const { values } = any.pick(all); if (values.length > 1) without(values, any.pick(values)); },
  deleteValueAndReserve: (files, any) => { const all = enums(files); if (!all.length) return; const of = any.pick(all); if (of.values.length < 2) return; const gone = of.values.pop(); of.reserved.push(`${gone[1]}`); of.reservedNames.push(gone[0]); },
  renameValue: (files, any) => { const all = enums(files); if (all.length) any.pick(any.pick(all).values)[0] = `VALUE_${any.below(1e6)}`; },
  renumberValue: (files, any) => { const all = enums(files); if (all.length) any.pick(any.pick(all).values)[1] = 5 + any.below(4); },
  alias: (files, any) => { const all = enums(files); if (!all.length) return; const { values } = any.pick(all); values.push([`ALIAS_${any.below(1e6)}`, any.pick(values)[1]]); },
  addValue: (files, any) => { const all = enums(files); if (all.length) any.pick(all).values.push([`MORE_${any.below(1e6)}`, 50 + any.below(9)]); },
  deleteMethod: (files, any) => { const { services } = files[0]; const of = any.pick(services); if (of?.methods.length) without(of.methods, any.pick(of.methods)); },
  renameMethod: (files, any) => { const all = methods(files); if (all.length) any.pick(all).name = any.pick(["Fetch", "Do"]); },
  request: (files, any) => { const all = methods(files); if (all.length) any.pick(all).request = any.pick(messages(files)).id; },
  response: (files, any) => { const all = methods(files); if (all.length) any.pick(all).response = any.pick(messages(files)).id; },
  streaming: (files, any) => { const all = methods(files); if (!all.length) return; const of = any.pick(all); const side = any.pick(["in", "out"]); of[side] = !of[side]; },
  idempotency: (files, any) => { const all = methods(files); if (all.length) any.pick(all).idempotency = any.pick(["", "IDEMPOTENT", "NO_SIDE_EFFECTS", "IDEMPOTENCY_UNKNOWN"]); },
  addMethod: (files, any) => { const of = any.pick(files[0].services); of?.methods.push(method(`Added${any.below(99)}`, messages(files)[0].id, messages(files)[0].id)); },
  deleteService: (files, any) => { const { services } = files[0]; if (services.length) without(services, any.pick(services)); },
  renameService: (files, any) => { const of = any.pick(files[0].services); if (of) of.name = "Renamed"; },
  fileOptions: (files, any) => { for (let times = 0; times < 4; times += 1) { const name = any.pick(Object.keys(FILE_OPTIONS)); any.pick(files).options[name] = any.pick(FILE_OPTIONS[name]); } },
  package: (files, any) => { any.pick(files).package = any.pick(["orders.v2", "moved", ""]); },
  syntax: (files, any) => { const of = any.pick(files); of.syntax = of.syntax === "proto2" ? "proto3" : "proto2"; },
  renameFile: (files, any) => { any.pick(files).name = "renamed.proto"; },
  deleteExtension: (files, any) => { const of = files.find(({ extensions }) => extensions.length); if (of) without(of.extensions, any.pick(of.extensions)); },
  changeExtension: (files, any) => { const of = files.find(({ extensions }) => extensions.length); if (!of) return; Object.assign(any.pick(of.extensions), any.pick([{ name: "other" }, { number: 120 }, { type: "bytes" }, { label: "repeated" }])); },
};

/** Writes both sides; some files of the earlier one are mutated too, so that the base isn't always the same. */
function pair(seed) {
  const any = dice(seed);
  const earlier = base();
  const mutate = (files, times) => Array.from({ length: times }, () => { const name = any.pick(Object.keys(MUTATIONS)); MUTATIONS[name](files, any); return name; });
  if (any.chance(0.4)) mutate(earlier, 1 + any.below(3));
  const later = structuredClone(earlier);
  const names = mutate(later, 1 + any.below(4));
  return { earlier, later, names };
}

function write(folder, files) {
  for (const file of files) {
    mkdirSync(dirname(join(folder, file.name)), { recursive: true });
    writeFileSync(join(folder, file.name), rendered(file, files));
  }
  writeFileSync(join(folder, "buf.yaml"), "version: v2\nbreaking:\n  use:\n    - FILE\n");
}

function run(command, args, statuses, home) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 28, env: { ...process.env, HOME: home } });
  if (error) throw error;
  return statuses.includes(status) ? { lines: stdout.split("\n").filter(Boolean) } : { problem: stderr || stdout };
}

/** buf's changes, or nothing where it doesn't compile a side. */
function theirs(earlier, later, home) {
  const { lines, problem } = run(BUF, ["breaking", later, "--against", earlier, "--error-format", "json"], [0, 100], home);
  if (problem !== undefined) return undefined;
  const found = lines.map((line) => JSON.parse(line));
  if (found.some(({ type }) => type === "COMPILE")) return undefined;
  const said = new Set();
  return found
    .filter(({ type, path, message: text }) => type !== "ENUM_VALUE_SAME_NAME" || (!said.has(path + text) && said.add(path + text)))
    .map(({ type: rule, path = "", message: text }) => ({ rule, path, text }));
}

function ours(earlier, later, home) {
  const { lines, problem } = run(PROTODIFF, [earlier, later], [0], home);
  if (problem !== undefined) return [{ rule: `UNREADABLE ${problem}`, place: "", text: "" }];
  const changes = lines.map((line) => line.split("\t")).map(([, rule, place, , text]) => ({ rule, place, text }));
  return changes.filter(({ rule }) => !OURS_ALONE.test(rule));
}

/** Whether buf's change may be at our place: it quotes the last name of it, or its number, or is in that file. */
function isThere({ rule, place, text }, { path, text: theirText }) {
  if (rule === NAMELESS) return true;
  const name = place.split(/[./]/).at(-1);
  const number = / = (-?\d+)|value (-?\d+)/.exec(text);
  const tokens = [name, ...(number ? [number[1] ?? number[2]] : [])];
  return path.endsWith(place) || theirText.includes(`"${place}"`) || tokens.some((token) => theirText.includes(`"${token}"`) || theirText.includes(`.${token}"`));
}

function counted(changes) {
  const counts = new Map();
  for (const { rule } of changes) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  return counts;
}

const work = mkdtempSync(join(tmpdir(), "buf-judge-"));
const tally = { same: 0, different: 0, invalid: 0, silent: 0 };
const provoked = new Map();
for (let seed = SEED; seed < SEED + PAIRS; seed += 1) {
  const [earlier, later] = [join(work, "earlier"), join(work, "later")];
  const made = pair(seed);
  write(earlier, made.earlier);
  write(later, made.later);
  const judged = theirs(earlier, later, work);
  if (judged === undefined) {
    tally.invalid += 1;
  } else {
    const found = ours(earlier, later, work);
    const [one, another] = [counted(judged), counted(found)];
    const apart = [...new Set([...one.keys(), ...another.keys()])].sort().filter((rule) => one.get(rule) !== another.get(rule));
    const lost = found.filter((our) => !apart.includes(our.rule) && !judged.some((their) => their.rule === our.rule && isThere(our, their)));
    for (const [rule, count] of one) provoked.set(rule, (provoked.get(rule) ?? 0) + count);
    if (!judged.length) tally.silent += 1;
    tally[apart.length || lost.length ? "different" : "same"] += 1;
    if (apart.length || lost.length) {
      console.log(`seed ${seed} (${made.names.join(", ")}):`);
      for (const rule of apart) console.log(`  ${rule}: buf ${one.get(rule) ?? 0}, we ${another.get(rule) ?? 0}`);
      for (const { rule, place, text } of lost) console.log(`  ${rule}: buf names no such place as ${place} (${text})`);
    }
  }
  rmSync(earlier, { recursive: true });
  rmSync(later, { recursive: true });
}
rmSync(work, { recursive: true });

const total = [...provoked.values()].reduce((sum, count) => sum + count, 0);
console.log(`${total} changes of ${provoked.size} rules in ${PAIRS} pairs; buf had nothing to say of ${tally.silent}, and didn't compile ${tally.invalid}`);
if (process.env.VERBOSE) for (const [rule, count] of [...provoked].sort()) console.log(`  ${rule}: ${count}`);
console.log(`same: ${tally.same}, different: ${tally.different}`);
process.exit(tally.different > 0 || tally.same === 0 ? 1 : 0);
