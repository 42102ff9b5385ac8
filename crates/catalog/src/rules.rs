//! What a descriptor must look like. Every broken rule is reported, not only the first.

use kernel::{EntityRef, RefDefaults, closest};

use crate::{
    Rule,
    kinds::{Field, KINDS, Kind, OPENSLO, Shape, Target},
    names::{self, Form},
    report::Report,
    substitute::is_placeholder,
    yaml::{Entry, Node, Place, Value},
};

const ROOT_KEYS: &[&str] = &["apiVersion", "kind", "metadata", "spec", "relations", "status"];
const METADATA_KEYS: &[&str] = &[
    "name",
    "namespace",
    "title",
    "description",
    "labels",
    "annotations",
    "tags",
    "links",
    "uid",
    "etag",
    "generation",
];
const LINK_KEYS: &[&str] = &["url", "title", "icon", "type"];

/// Checks one document, and gives the entity's reference if it has one.
pub(crate) fn check(root: &Node, report: &mut Report<'_>) -> Option<EntityRef> {
    if !matches!(root.value, Value::Map(_)) {
        let message =
            format!("a descriptor must be a mapping with apiVersion, kind, metadata and spec, not {}", root.sort());
        report.add(Rule::NotAnObject, root.place, message);
        return None;
    }
    for entry in root.entries().iter().filter(|entry| !ROOT_KEYS.contains(&entry.key.as_str())) {
        let message = format!("\"{}\" is not allowed at the root of a descriptor", entry.key);
        let fix = did_you_mean(&entry.key, ROOT_KEYS).or_else(|| Some("move it into spec or metadata".to_owned()));
        report.add_with(Rule::RootKey, entry.key_place, message, fix);
    }
    let kind = check_kind(root, report);
    let name = check_metadata(root, report);
    let namespace = root.get("metadata").and_then(|metadata| metadata.get("namespace")).and_then(Node::text);
    let namespace = namespace.unwrap_or(EntityRef::DEFAULT_NAMESPACE);
    if let Some(kind) = kind {
        check_spec(root, kind, namespace, report);
    }
    EntityRef::new(kind?.name, namespace, name?).ok()
}

fn check_kind(root: &Node, report: &mut Report<'_>) -> Option<&'static Kind> {
    let api_version = required_text(root, root.place, "apiVersion", report);
    let name = required_text(root, root.place, "kind", report)?;
    let Some(kind) = name.text().and_then(Kind::named) else {
        let text = name.text().unwrap_or_default();
        let names = KINDS.iter().map(|kind| kind.name);
        let fix = closest(text, names.clone()).map(|kind| format!("did you mean {kind}?"));
        let fix = fix.unwrap_or_else(|| format!("the kinds are {}", names.collect::<Vec<_>>().join(", ")));
        report.add_with(Rule::UnknownKind, name.place, format!("the kind \"{text}\" is not known"), Some(fix));
        return None;
    };
    if let Some((version, text)) = api_version.and_then(|version| Some((version, version.text()?)))
        && !kind.api_versions.contains(&text)
    {
        let message = format!("the kind {} has no apiVersion \"{text}\"", kind.name);
        let fix = format!("write {}", kind.api_versions.join(" or "));
        report.add_with(Rule::ApiVersion, version.place, message, Some(fix));
    }
    Some(kind)
}

/// Checks `metadata` and gives the name, if it obeys the rule.
fn check_metadata<'a>(root: &'a Node, report: &mut Report<'_>) -> Option<&'a str> {
    let entry = required_object(root, root.place, "metadata", report)?;
    let metadata = &entry.value;
    let openslo = is_openslo(root);
    let known = METADATA_KEYS.iter().copied().chain(openslo.then_some("displayName"));
    unknown_keys(metadata, "metadata", known, report);
    for key in ["title", "description", "displayName"] {
        if let Some(value) = metadata.get(key).filter(|value| value.text().is_none() && !is_placeholder(value)) {
            wrong_type(value, &format!("metadata.{key}"), "a text", report);
        }
    }
    if let Some(value) = metadata.get("namespace") {
        check_form(value, "metadata.namespace", &names::NAMESPACE, report);
    }
    // OpenSLO's labels may be lists of any texts; nothing here reads them.
    if !openslo {
        check_pairs(metadata, "labels", report);
    }
    check_pairs(metadata, "annotations", report);
    for tag in list(metadata, "tags", report) {
        check_form(tag, "metadata.tags", &names::TAG, report);
    }
    for link in list(metadata, "links", report) {
        check_link(link, report);
    }
    let name = required_text(metadata, entry.key_place, "name", report)?;
    let is_right = check_form(name, "metadata.name", &names::NAME, report);
    name.text().filter(|_| is_right)
}

fn is_openslo(root: &Node) -> bool {
    let version = root.get("apiVersion").and_then(Node::text);
    version.and_then(|version| version.split_once('/')).is_some_and(|(domain, _)| domain == OPENSLO)
}

/// Checks a text against a rule for names; true if it obeys.
fn check_form(node: &Node, field: &str, form: &Form, report: &mut Report<'_>) -> bool {
    let Some(text) = node.text() else {
        wrong_type(node, field, "a text", report);
        return false;
    };
    if (form.is_right)(text) {
        return true;
    }
    let fix = match (form.likely)(text) {
        Some(likely) => format!("write \"{likely}\", or any other {}", form.wanted),
        None => format!("what is allowed: {}", form.wanted),
    };
    report.add_with(form.rule, node.place, format!("{field} \"{}\" is not allowed", short(text)), Some(fix));
    false
}

/// Labels or annotations: keys that obey the rule, values that are texts.
fn check_pairs(metadata: &Node, field: &str, report: &mut Report<'_>) {
    let Some(pairs) = metadata.get(field) else { return };
    if !matches!(pairs.value, Value::Map(_)) {
        wrong_type(pairs, &format!("metadata.{field}"), "a mapping", report);
        return;
    }
    let (key_rule, value_rule) = match field {
        "labels" => (Rule::LabelKey, Rule::LabelValue),
        _ => (Rule::AnnotationKey, Rule::AnnotationValue),
    };
    for Entry { key, key_place, value } in pairs.entries() {
        if !names::is_key(key) {
            let message = format!("the key \"{}\" of metadata.{field} is not allowed", short(key));
            report.add_with(key_rule, *key_place, message, Some(format!("what is allowed: {}", names::KEY_IN_WORDS)));
        }
        let Some(text) = value.text() else {
            let message = format!("metadata.{field}.{key} must be a text, not {}", value.sort());
            report.add_with(value_rule, value.place, message, as_text(value));
            continue;
        };
        if value_rule == Rule::LabelValue && !text.is_empty() && !names::is_name(text) {
            let message = format!("the value \"{}\" of the label {key} is not allowed", short(text));
            report.add_with(
                value_rule,
                value.place,
                message,
                Some(format!("what is allowed: nothing, or {}", names::NAME_IN_WORDS)),
            );
        }
    }
}

fn check_link(link: &Node, report: &mut Report<'_>) {
    if !matches!(link.value, Value::Map(_)) {
        wrong_type(link, "metadata.links", "a mapping with a url", report);
        return;
    }
    unknown_keys(link, "the link", LINK_KEYS.iter().copied(), report);
    if let Some(url) = required_text(link, link.place, "url", report)
        && let Some(Err(error)) = url.text().map(url::Url::parse)
    {
        let message = format!("the link's url \"{}\" is no URL: {error}", short(url.text().unwrap_or_default()));
        report.add_with(Rule::LinkUrl, url.place, message, Some("write it with its scheme: https://...".to_owned()));
    }
    if let Some(icon) = link.get("icon") {
        check_form(icon, "the link's icon", &names::ICON, report);
    }
    for key in ["title", "type"] {
        if let Some(value) = link.get(key).filter(|value| value.text().is_none()) {
            wrong_type(value, &format!("the link's {key}"), "a text", report);
        }
    }
}

fn check_spec(root: &Node, kind: &'static Kind, namespace: &str, report: &mut Report<'_>) {
    let Some(entry) = required_object(root, root.place, "spec", report) else { return };
    let spec = &entry.value;
    let spec_type = spec.get("type").and_then(Node::text);
    for field in kind.fields {
        match spec.get(field.key) {
            Some(value) => check_field(value, field, namespace, report),
            None if kind.requires(field, spec_type) => {
                let message = format!("{} needs spec.{}", a(kind.name), field.key);
                report.add_with(Rule::MissingField, entry.key_place, message, Some(example(field)));
            }
            None => {}
        }
    }
    let is_free = kind.fields.iter().any(|field| matches!(field.shape, Shape::Loose(_)));
    if !is_free {
        unknown_keys(spec, "spec", kind.fields.iter().map(|field| field.key), report);
    }
}

fn check_field(value: &Node, field: &Field, namespace: &str, report: &mut Report<'_>) {
    if is_placeholder(value) {
        return;
    }
    let name = format!("spec.{}", field.key);
    match field.shape {
        Shape::Any | Shape::Loose(_) => {}
        Shape::Text => is_filled_text(value, &name, report),
        Shape::Reference(target) => check_reference(value, &name, target, namespace, report),
        Shape::Object => {
            if !matches!(value.value, Value::Map(_)) {
                wrong_type(value, &name, "a mapping", report);
            }
        }
        Shape::Texts => each(value, &name, report, |item, report| is_filled_text(item, &name, report)),
        Shape::References(target) => {
            each(value, &name, report, |item, report| check_reference(item, &name, target, namespace, report));
        }
        Shape::Objects(keys) => each(value, &name, report, |item, report| {
            if !matches!(item.value, Value::Map(_)) {
                wrong_type(item, &name, "a mapping", report);
                return;
            }
            for key in keys {
                required_text(item, item.place, key, report);
            }
        }),
    }
}

fn each(value: &Node, name: &str, report: &mut Report<'_>, mut check: impl FnMut(&Node, &mut Report<'_>)) {
    match &value.value {
        Value::List(items) => items.iter().for_each(|item| check(item, report)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_) => {
            wrong_type(value, name, "a list", report);
        }
    }
}

fn is_filled_text(value: &Node, name: &str, report: &mut Report<'_>) {
    match value.text() {
        None => wrong_type(value, name, "a text", report),
        Some("") => {
            report.add(Rule::MissingField, value.place, format!("{name} must not be empty"));
        }
        Some(_) => {}
    }
}

fn check_reference(value: &Node, name: &str, target: Target, namespace: &str, report: &mut Report<'_>) {
    let Some(text) = value.text().filter(|text| !text.is_empty()) else {
        is_filled_text(value, name, report);
        return;
    };
    let parsed = EntityRef::parse(text, RefDefaults { kind: target.kind, namespace });
    match parsed {
        Err(error) => {
            report.add(Rule::Reference, value.place, format!("{name}: {error}"));
        }
        Ok(reference) => {
            let is_known = KINDS.iter().any(|kind| kind.name.eq_ignore_ascii_case(reference.kind()));
            let likely = || closest(reference.kind(), KINDS.iter().map(|kind| kind.name));
            if !is_known && let Some(likely) = likely() {
                let message = format!("{name} \"{text}\" has the unknown kind \"{}\"", reference.kind());
                let fix = format!("did you mean {}?", likely.to_lowercase());
                report.add_with(Rule::UnknownKey, value.place, message, Some(fix));
            }
        }
    }
}

/// Warns of keys that are not known but look like one that is, unless that one is there as well.
fn unknown_keys<'a>(node: &Node, of: &str, known: impl Iterator<Item = &'a str> + Clone, report: &mut Report<'_>) {
    for entry in node.entries() {
        if known.clone().any(|key| key == entry.key) {
            continue;
        }
        let likely = closest(&entry.key, known.clone()).filter(|likely| node.get(likely).is_none());
        if let Some(likely) = likely {
            let message = format!("{of} has no key \"{}\"; it is kept, but means nothing", short(&entry.key));
            report.add_with(Rule::UnknownKey, entry.key_place, message, Some(format!("did you mean {likely}?")));
        }
    }
}

/// The items of `metadata.<key>`, if it is a list.
fn list<'a>(metadata: &'a Node, key: &str, report: &mut Report<'_>) -> &'a [Node] {
    match metadata.get(key) {
        None => &[],
        Some(Node { value: Value::List(items), .. }) => items,
        Some(other) => {
            wrong_type(other, &format!("metadata.{key}"), "a list", report);
            &[]
        }
    }
}

/// The text under a key that must be there.
fn required_text<'a>(node: &'a Node, place: Place, key: &str, report: &mut Report<'_>) -> Option<&'a Node> {
    let Some(value) = node.get(key) else {
        report.add_with(Rule::MissingField, place, format!("{key} is missing"), misspelt(node, key));
        return None;
    };
    is_filled_text(value, key, report);
    value.text().is_some_and(|text| !text.is_empty()).then_some(value)
}

/// The mapping under a root key that must be there.
fn required_object<'a>(node: &'a Node, place: Place, key: &str, report: &mut Report<'_>) -> Option<&'a Entry> {
    let Some(entry) = node.entries().iter().find(|entry| entry.key == key) else {
        report.add_with(Rule::MissingField, place, format!("{key} is missing"), misspelt(node, key));
        return None;
    };
    if !matches!(entry.value.value, Value::Map(_)) {
        wrong_type(&entry.value, key, "a mapping", report);
        return None;
    }
    Some(entry)
}

/// "write X instead of Y", where another key of the mapping looks like the missing one.
fn misspelt(node: &Node, key: &str) -> Option<String> {
    let likely = closest(key, node.entries().iter().map(|entry| entry.key.as_str()))?;
    Some(format!("did you mean {key} where it says {likely}?"))
}

fn did_you_mean(word: &str, candidates: &[&str]) -> Option<String> {
    closest(word, candidates.iter().copied()).map(|likely| format!("did you mean {likely}?"))
}

fn wrong_type(node: &Node, field: &str, wanted: &str, report: &mut Report<'_>) {
    let fix = if wanted == "a text" { as_text(node) } else { None };
    report.add_with(Rule::WrongType, node.place, format!("{field} must be {wanted}, not {}", node.sort()), fix);
}

/// How to make a text of what is none.
fn as_text(node: &Node) -> Option<String> {
    match &node.value {
        Value::Bool(value) => Some(format!("put it in quotes: \"{value}\"")),
        Value::Number(number) => Some(format!("put it in quotes: \"{number}\"")),
        Value::List(_) | Value::Map(_) => Some("write it as a text, or name its file with $text".to_owned()),
        Value::Null | Value::Text(_) => None,
    }
}

fn example(field: &Field) -> String {
    let value = match (field.key, field.shape) {
        ("lifecycle", _) => "production",
        ("type", _) => "service",
        ("owner", _) => "the-team",
        (_, Shape::References(_) | Shape::Texts | Shape::Objects(_)) => "[]",
        (_, Shape::Text | Shape::Object | Shape::Any | Shape::Reference(_) | Shape::Loose(_)) => "...",
    };
    format!("add it under spec, such as `{}: {value}`", field.key)
}

/// "a Component", "an API".
fn a(noun: &str) -> String {
    let article = if noun.starts_with(['A', 'E', 'I', 'O']) { "an" } else { "a" };
    format!("{article} {noun}")
}

/// A text of any length, as a message can show it.
fn short(text: &str) -> String {
    if text.chars().count() <= 80 { text.to_owned() } else { text.chars().take(79).chain(['…']).collect() }
}
