//! Backstage's catalog API, under `/api/catalog`: what calls a Backstage catalog today can call this one.
//!
//! It reads the same World as every screen: entities come from [`catalog::to_backstage_json`], filters, orders, cursors
//! and facets from [`index`]. A *location* is one of the catalog's sources. What Backstage keeps in a database that its
//! clients may fill (locations by URL, orphans) we do not have: the files are the truth, and whoever tries is told which
//! folder to change instead.
//!
//! Errors have Backstage's shape; see [`error`].
//!
//! Architecture invariant: only the entities of an answer are read and written as JSON, never the whole catalog, unless
//! the whole catalog was asked for.

pub mod analyze;
pub mod by_query;
pub mod by_refs;
pub mod entities;
pub mod entity;
pub mod error;
pub mod facets;
mod fields;
mod input;
pub mod locations;
pub mod refresh;
pub mod register;
pub mod validate;

use std::sync::{Arc, OnceLock};

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use index::Index;
use kernel::{EntityRef, RefDefaults, Refusal, codes};
use serde::Serialize;
use serde_json::Value;
use world::World;

use self::fields::Fields;
use crate::{App, problem::Problem};

/// The catalog as of one moment.
struct Catalog {
    app: App,
    world: Arc<World>,
    index: OnceLock<Index>,
}

impl Catalog {
    /// The index of that moment. After a change, the first who needs it brings it up to date; who asks for an entity by
    /// its name needs none.
    fn index(&self) -> &Index {
        self.index.get_or_init(|| self.app.indexes().entities(&self.world))
    }

    /// The entity as it is answered.
    fn entity(&self, reference: &EntityRef, fields: &Fields) -> Option<Value> {
        catalog::to_backstage_json(&self.world.catalog, reference).map(|entity| fields.of(entity))
    }

    /// These entities as they are answered.
    fn entities<'a>(&self, references: impl IntoIterator<Item = &'a EntityRef>, fields: &Fields) -> Vec<Value> {
        references.into_iter().filter_map(|reference| self.entity(reference, fields)).collect()
    }
}

/// Asks the catalog, where blocking is allowed.
async fn ask<T: Send + 'static>(
    app: &App,
    question: impl FnOnce(&Catalog) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Problem> {
    let asked = app.clone();
    let answer = app.blocking(move |_| {
        let world = asked.world();
        question(&Catalog { app: asked, world, index: OnceLock::new() })
    });
    Ok(answer.await?)
}

/// Asks the catalog and answers with JSON.
async fn answer<T: Serialize>(
    app: &App,
    question: impl FnOnce(&Catalog) -> Result<T, Refusal> + Send + 'static,
) -> Result<Response, Problem> {
    let body = ask(app, |catalog| to_json(&question(catalog)?)).await?;
    Ok(json(body))
}

fn to_json(value: &impl Serialize) -> Result<Vec<u8>, Refusal> {
    serde_json::to_vec(value).map_err(|error| Refusal::new(&codes::INTERNAL, format!("no JSON: {error}")))
}

fn json(body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], body).into_response()
}

/// The parts of a path as a reference. What is no reference is not in the catalog.
fn reference((kind, namespace, name): &(String, String, String)) -> Result<EntityRef, Refusal> {
    EntityRef::new(kind, namespace, name).map_err(|_| no_entity(kind, namespace, name))
}

/// A reference as clients write it; a kind must be said.
fn parse_reference(text: &str) -> Result<EntityRef, Refusal> {
    EntityRef::parse(text, RefDefaults { kind: None, namespace: EntityRef::DEFAULT_NAMESPACE })
        .map_err(|error| Refusal::new(&codes::INVALID, error.to_string()).field("entityRef"))
}

fn no_entity(kind: &str, namespace: &str, name: &str) -> Refusal {
    let detail = format!("No entity named '{name}' found, with kind '{kind}' in namespace '{namespace}'");
    Refusal::new(&codes::NOT_FOUND, detail)
}

/// That there is no such entity.
fn unknown(reference: &EntityRef) -> Refusal {
    no_entity(reference.kind(), reference.namespace(), reference.name())
}
