//! Checks that are made on the screen or by the API, and not in a folder.
//!
//! Such a check is an entity of the catalog like any other: it is read and refused by the rules that a plan has, stands on
//! the timeline, can be undone, found wanting and exported. It belongs to [`Origin::BY_HAND`], so that no folder removes
//! it, and what a folder declares is not changed here.

use std::sync::Arc;

use catalog::{Bundle, BundleFile, Descriptor, Origin, Problem, Reading};
use checks::CheckDefinition;
use kernel::{EntityRef, Refusal, codes};
use serde_json::{Map, Value, json};
use spec::SpecProblem;
use world::{Command, World};

/// The largest document.
pub(crate) const BYTES_MAX: usize = 256 << 10;
/// The file that a document is read as.
const FILE: &str = "check.yaml";

/// A check that was read: its entity, and what it asks for.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) entity: Descriptor,
    pub(crate) definition: CheckDefinition,
}

/// What is wrong with a draft.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// In the `spec`, each with its place there.
    pub(crate) spec: Vec<SpecProblem>,
    /// In the document, as a plan says it.
    pub(crate) document: Vec<Problem>,
}

impl Faults {
    fn one(message: impl Into<String>) -> Self {
        let problem = Problem::of_file(catalog::Rule::NotAnObject, FILE, message.into());
        Self { document: vec![problem], ..Self::default() }
    }

    /// The first of them, as a refusal.
    pub(crate) fn refusal(&self) -> Refusal {
        match self.document.first() {
            Some(problem) if self.spec.is_empty() => {
                let refusal = Refusal::new(&codes::CATALOG_INVALID, problem.message.clone()).field(problem.place());
                match &problem.suggestion {
                    Some(suggestion) => refusal.fix(suggestion.clone()),
                    None => refusal,
                }
            }
            Some(_) | None => crate::api::catalog::first_problem(&self.spec),
        }
    }
}

/// Reads a check from the YAML that a catalog file would have.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn read(text: &str) -> Result<Draft, Faults> {
    if text.len() > BYTES_MAX {
        return Err(Faults::one(format!("has more than {BYTES_MAX} bytes")));
    }
    let files = vec![BundleFile { path: FILE.to_owned(), bytes: text.as_bytes().into() }];
    let bundle = Bundle { source: Origin::BY_HAND.to_owned(), files, problems: Vec::new() };
    // Whatever it is, a spec that can't be read is better told with its own places.
    let plain = catalog::read(&bundle);
    if let [entity] = plain.entities.as_slice()
        && entity.reference.kind() == "check"
        && let Err(spec) = definition(entity)
    {
        return Err(Faults { spec, document: errors(world::read_bundle(&bundle)) });
    }
    let mut reading = world::read_bundle(&bundle);
    if reading.errors() > 0 {
        return Err(Faults { document: errors(reading), ..Faults::default() });
    }
    match (reading.entities.pop(), reading.entities.is_empty()) {
        (Some(mut entity), true) if entity.reference.kind() == "check" => {
            let definition = definition(&entity).map_err(|spec| Faults { spec, ..Faults::default() })?;
            entity.origin.path = path(&entity.reference);
            Ok(Draft { entity, definition })
        }
        (Some(entity), true) => Err(Faults::one(format!("is {}; here belongs a check", entity.reference))),
        (Some(_), false) => Err(Faults::one("has several entities; here belongs one check")),
        (None, _) => Err(Faults::one("has no check in it: it begins with \"apiVersion\" and \"kind: Check\"")),
    }
}

/// Reads a check from its document.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn read_document(document: &Value) -> Result<Draft, Faults> {
    // JSON is YAML, and this way what is wrong has a line.
    read(&format!("{document:#}"))
}

fn errors(reading: Reading) -> Vec<Problem> {
    reading.problems.into_iter().filter(Problem::is_error).collect()
}

fn definition(entity: &Descriptor) -> Result<CheckDefinition, Vec<SpecProblem>> {
    let document = entity.json();
    CheckDefinition::from_spec(entity.reference.clone(), document.get("spec").unwrap_or(&Value::Null))
}

/// The file that an export puts it into.
fn path(check: &EntityRef) -> Arc<str> {
    let namespace = match check.namespace() {
        EntityRef::DEFAULT_NAMESPACE => String::new(),
        namespace => format!("{namespace}/"),
    };
    format!("checks/{namespace}{}.yaml", check.name()).into()
}

/// The document of a check of this name.
pub(crate) fn document(check: &str, namespace: &str, metadata: Map<String, Value>, spec: Value) -> Value {
    let mut named = Map::from_iter([("name".to_owned(), json!(check))]);
    if namespace != EntityRef::DEFAULT_NAMESPACE {
        named.insert("namespace".to_owned(), json!(namespace));
    }
    named.extend(metadata.into_iter().filter(|(key, _)| !matches!(key.as_str(), "name" | "namespace")));
    json!({"apiVersion": "mainstay.dev/v1alpha1", "kind": "Check", "metadata": named, "spec": spec})
}

/// The entity of a check that was made by hand.
///
/// # Errors
/// `not-found` if there is none, `conflict` if a folder declares it.
pub(crate) fn existing<'a>(world: &'a World, check: &EntityRef) -> Result<&'a Descriptor, Refusal> {
    let unknown = || Refusal::new(&codes::NOT_FOUND, format!("there is no check {}", check.short()));
    let entity = &world.catalog.get(check).ok_or_else(unknown)?.descriptor;
    match &entity.origin {
        origin if *origin.source == *Origin::BY_HAND => Ok(entity),
        Origin { source, path, line, .. } => {
            let detail = format!("{} is declared in the catalog {source}, in {path}:{line}", check.short());
            Err(Refusal::new(&codes::CONFLICT, detail).fix("change the file and apply it"))
        }
    }
}

/// The command that makes the check what the draft says, over what it is now.
pub(crate) fn declaring(world: &World, draft: Draft) -> Command {
    let from = world.catalog.get(&draft.entity.reference).map(|entity| entity.descriptor.digest);
    Command::Catalog(catalog::Command::Declare { entity: draft.entity, from })
}

/// The command that removes it.
pub(crate) fn withdrawing(check: EntityRef) -> Command {
    Command::Catalog(catalog::Command::Withdraw { entity: check })
}
