//! One thing in the catalog.

use std::sync::Arc;

use jiff::Timestamp;
use kernel::{EntityRef, RefDefaults, Sha256, Stamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Relation, kinds::Kind};

/// Where an entity was declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The catalog source: the folder as the operator named it.
    pub source: Arc<str>,
    /// The file, relative to the source.
    pub path: Arc<str>,
    /// The line on which the document begins, from 1.
    pub line: u32,
    /// Who owns that file by CODEOWNERS, as it is written there; empty if there is no such file or nobody is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub code_owners: Vec<Box<str>>,
}

impl Origin {
    /// The source of what people made on screens. No folder is applied under this name, so that what they made stays
    /// whatever folders say.
    pub const BY_HAND: &'static str = "made on the screen";
}

/// An entity as it was declared: the truth of which everything else about it is derived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Descriptor {
    /// What it is known by.
    pub reference: EntityRef,
    /// Where it was declared.
    pub origin: Origin,
    /// The whole document as compact JSON, keys in the order of the file, after `$text`, `$json` and `$yaml`.
    pub document: Arc<str>,
    /// The digest of the document. Equal digests mean that nothing changed.
    pub digest: Sha256,
}

impl Descriptor {
    /// The document as JSON. One that can't be read, which only a damaged store could hold, is `null`.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.document).unwrap_or_default()
    }
}

/// A link from `metadata.links`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Where it leads.
    pub url: Box<str>,
    /// What to call it.
    pub title: Option<Box<str>>,
    /// What sort of thing it leads to: `runbook`, `dashboard`, `chat`.
    #[serde(rename = "type")]
    pub sort: Option<Box<str>>,
}

impl Link {
    /// The title, or the URL where there is none.
    #[must_use]
    pub fn label(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.url)
    }
}

/// What became of an API's definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Definition {
    /// The entity is no API, or one that has none (`mcp-server`).
    #[default]
    None,
    /// There is a text that looks like what `spec.type` says.
    Present,
    /// It is empty.
    Empty,
    /// It names a URL, which is not fetched.
    NotFetched,
    /// It does not look like what `spec.type` says.
    Unreadable,
}

/// An API's definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiDefinition {
    /// `spec.type` in lower case: `openapi`, `asyncapi`, `graphql`, `grpc` or what else it says.
    pub format: String,
    /// The definition itself.
    pub text: String,
}

/// An entity as the catalog holds it: the descriptor, and what lists and graphs need of it at hand. Everything else
/// is read from the document when it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// As it was declared.
    pub descriptor: Descriptor,
    /// `kind` as written.
    pub kind: Box<str>,
    /// `metadata.namespace` as written, or `default`.
    pub namespace: Box<str>,
    /// `metadata.name` as written.
    pub name: Box<str>,
    /// `metadata.title`.
    pub title: Option<Box<str>>,
    /// `metadata.description`.
    pub description: Option<Box<str>>,
    /// Who answers for it.
    pub owner: Option<EntityRef>,
    /// `spec.type`.
    pub spec_type: Option<Box<str>>,
    /// `spec.lifecycle`.
    pub lifecycle: Option<Box<str>>,
    /// `spec.system`.
    pub system: Option<EntityRef>,
    /// `metadata.tags`.
    pub tags: Vec<Box<str>>,
    /// `metadata.links`.
    pub links: Vec<Link>,
    /// The relations that the entity itself declares; those that others declare are in [`State`](crate::State).
    pub relations: Vec<(Relation, EntityRef)>,
    /// What became of an API's definition.
    pub definition: Definition,
    /// The timeline's position of the event that last changed it.
    pub changed_position: u64,
    /// When that was.
    pub changed_at: Timestamp,
}

impl Entity {
    /// The entity of a descriptor, as of an event. Total: a document that today's rules would refuse still becomes an
    /// entity, without the parts that can't be read.
    pub(crate) fn new(descriptor: Descriptor, stamp: &Stamp) -> Self {
        let json = descriptor.json();
        let (metadata, spec) = (at(&json, &["metadata"]), at(&json, &["spec"]));
        let namespace = at(metadata, &["namespace"]).as_str().unwrap_or(EntityRef::DEFAULT_NAMESPACE);
        let kind = at(&json, &["kind"]).as_str().unwrap_or_else(|| descriptor.reference.kind());
        let relations = relations(kind, spec, namespace, &descriptor.reference);
        let target = |wanted: Relation| {
            relations.iter().find(|(relation, _)| *relation == wanted).map(|(_, reference)| reference.clone())
        };
        Self {
            kind: kind.into(),
            namespace: namespace.into(),
            name: at(metadata, &["name"]).as_str().unwrap_or_else(|| descriptor.reference.name()).into(),
            title: boxed(at(metadata, &["title"])),
            description: boxed(at(metadata, &["description"])),
            owner: target(Relation::OwnedBy),
            spec_type: boxed(at(spec, &["type"])),
            lifecycle: boxed(at(spec, &["lifecycle"])),
            system: at(spec, &["system"])
                .as_str()
                .and_then(|text| EntityRef::parse(text, RefDefaults { kind: Some("System"), namespace }).ok()),
            tags: items(at(metadata, &["tags"])).filter_map(boxed).collect(),
            links: items(at(metadata, &["links"])).filter_map(link).collect(),
            definition: definition(kind, spec),
            relations,
            descriptor,
            changed_position: stamp.position,
            changed_at: stamp.at,
        }
    }

    /// What it is known by.
    #[must_use]
    pub fn reference(&self) -> &EntityRef {
        &self.descriptor.reference
    }

    /// What people call it: the title, or else a person's or group's display name, or else the name.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.name)
    }

    /// One annotation.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<String> {
        at(&self.descriptor.json(), &["metadata", "annotations", key]).as_str().map(str::to_owned)
    }

    /// Links that lead to runbooks: by their type, or because title or URL say so.
    pub fn runbook_links(&self) -> impl Iterator<Item = &Link> {
        self.links.iter().filter(|link| {
            link.sort.as_deref().is_some_and(|sort| sort.eq_ignore_ascii_case("runbook"))
                || is_runbook(&link.url)
                || link.title.as_deref().is_some_and(is_runbook)
        })
    }

    /// Where its people talk: the annotation `mainstay.dev/chat` or `slack.com/channel`, or a link of type `chat` or
    /// `slack`. A channel's name or a URL.
    #[must_use]
    pub fn chat(&self) -> Option<String> {
        let json = self.descriptor.json();
        let annotations = at(&json, &["metadata", "annotations"]);
        let annotated =
            ["mainstay.dev/chat", "slack.com/channel"].iter().find_map(|key| at(annotations, &[key]).as_str());
        let linked = || {
            let is_chat = |sort: &str| sort.eq_ignore_ascii_case("chat") || sort.eq_ignore_ascii_case("slack");
            self.links.iter().find(|link| link.sort.as_deref().is_some_and(is_chat)).map(|link| &*link.url)
        };
        annotated.or_else(linked).map(str::to_owned)
    }

    /// The API's definition, if there is one at hand.
    #[must_use]
    pub fn api_definition(&self) -> Option<ApiDefinition> {
        let json = self.descriptor.json();
        let text = at(&json, &["spec", "definition"]).as_str().filter(|text| !text.trim().is_empty())?.to_owned();
        Some(ApiDefinition { format: self.spec_type.as_deref().unwrap_or_default().to_lowercase(), text })
    }
}

/// True if a title, a URL or a path says that it is a runbook.
pub(crate) fn is_runbook(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("runbook") || text.contains("playbook")
}

fn relations(kind: &str, spec: &Value, namespace: &str, own: &EntityRef) -> Vec<(Relation, EntityRef)> {
    let mut relations = Vec::new();
    for field in Kind::named(kind).map(|kind| kind.fields).unwrap_or_default() {
        let Some(target) = field.target() else { continue };
        let value = at(spec, &[field.key]);
        for text in value.as_str().into_iter().chain(items(value).filter_map(Value::as_str)) {
            let parsed = EntityRef::parse(text, RefDefaults { kind: target.kind, namespace });
            if let Some(reference) = parsed.ok().filter(|reference| reference != own) {
                relations.push((target.relation, reference));
            }
        }
    }
    relations.sort();
    relations.dedup();
    relations
}

fn definition(kind: &str, spec: &Value) -> Definition {
    let sort = at(spec, &["type"]).as_str().unwrap_or_default().to_lowercase();
    let looks_right = |text: &str| match sort.as_str() {
        "openapi" => has_key(text, "openapi") || has_key(text, "swagger"),
        "asyncapi" => has_key(text, "asyncapi"),
        _ => true,
    };
    match at(spec, &["definition"]) {
        _ if kind != "API" => Definition::None,
        Value::Null if at(spec, &["remotes"]).is_array() => Definition::None,
        Value::Null | Value::Bool(_) | Value::Number(_) => Definition::Empty,
        Value::String(text) if text.trim().is_empty() => Definition::Empty,
        Value::String(text) if looks_right(text) => Definition::Present,
        Value::Object(map) if map.len() == 1 && map.keys().all(|key| key.starts_with('$')) => Definition::NotFetched,
        Value::String(_) | Value::Object(_) | Value::Array(_) => Definition::Unreadable,
    }
}

/// True if a YAML or JSON text has the key near its beginning. A full parse would cost milliseconds for each API.
fn has_key(text: &str, key: &str) -> bool {
    text.split(['\n', ',', '{']).take(2_000).any(|part| {
        let part = part.trim_start().trim_start_matches(['"', '\'']);
        part.strip_prefix(key).is_some_and(|rest| rest.trim_start_matches(['"', '\'']).trim_start().starts_with(':'))
    })
}

fn link(value: &Value) -> Option<Link> {
    Some(Link {
        url: boxed(at(value, &["url"]))?,
        title: boxed(at(value, &["title"])),
        sort: boxed(at(value, &["type"])),
    })
}

fn boxed(value: &Value) -> Option<Box<str>> {
    value.as_str().map(Into::into)
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The value at a path of keys; `null` where there is none.
pub(crate) fn at<'a>(value: &'a Value, path: &[&str]) -> &'a Value {
    path.iter().fold(value, |value, key| value.get(key).unwrap_or(&Value::Null))
}
