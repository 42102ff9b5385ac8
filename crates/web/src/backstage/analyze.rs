//! `POST /api/catalog/analyze-location`: what is known of a repository, and a first descriptor if nothing is.

use axum::{Json, extract::State, response::Response};
use index::Filter;
use kernel::{EntityRef, Refusal, codes};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    Catalog, answer,
    error::ErrorBody,
    fields::Fields,
    register::{NewLocation, entities_of, source_of},
};
use crate::{App, problem::Problem};

/// What is to be looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = BackstageAnalyze)]
pub struct Analyze {
    /// The repository or the folder.
    pub location: NewLocation,
}

/// What is known of a location.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackstageAnalysis)]
#[serde(rename_all = "camelCase")]
pub struct Analysis {
    /// The entities that come from there.
    pub existing_entity_files: Vec<Existing>,
    /// What could be written there, if nothing comes from there yet.
    pub generate_entities: Vec<Proposal>,
}

/// An entity that comes from the location.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackstageExisting)]
#[serde(rename_all = "camelCase")]
pub struct Existing {
    /// Its file.
    #[schema(value_type = Object)]
    pub location: Value,
    /// Always true: what is not in the catalog is not seen.
    pub is_registered: bool,
    /// The entity.
    #[schema(value_type = Object)]
    pub entity: Value,
}

/// An entity that could be written.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackstageProposal)]
pub struct Proposal {
    /// The entity, as far as it can be guessed.
    #[schema(value_type = Object)]
    pub entity: Value,
    /// The fields that somebody must fill in.
    #[schema(value_type = Vec<Object>)]
    pub fields: Vec<Value>,
}

/// Says which entities come from a repository, or proposes one. Nothing is fetched.
#[utoipa::path(post, path = "/api/catalog/analyze-location", tag = "Backstage", request_body = Analyze,
    responses((status = 200, body = Analysis), ErrorBody))]
pub async fn analyze(State(app): State<App>, Json(asked): Json<Analyze>) -> Result<Response, Problem> {
    let NewLocation { r#type: sort, target } = asked.location;
    answer(&app, move |catalog| {
        if let Some(source) = source_of(&catalog.world, &sort, &target) {
            return Ok(known(catalog, entities_of(&catalog.world, &source.target)));
        }
        let repository = Repository::of(&target)?;
        let found = catalog.index().matching(&repository.filter());
        if found.is_empty() {
            let generate_entities = vec![repository.proposal()];
            return Ok(Analysis { existing_entity_files: Vec::new(), generate_entities });
        }
        Ok(known(catalog, found))
    })
    .await
}

fn known<'a>(catalog: &Catalog, references: impl IntoIterator<Item = &'a EntityRef>) -> Analysis {
    let existing = |entity: Value| {
        let place = entity.pointer("/metadata/annotations/backstage.io~1managed-by-location").and_then(Value::as_str);
        let (sort, target) = place.and_then(|place| place.split_once(':')).unwrap_or_default();
        Existing { location: json!({ "type": sort, "target": target }), is_registered: true, entity }
    };
    let entities = catalog.entities(references, &Fields::default());
    Analysis { existing_entity_files: entities.into_iter().map(existing).collect(), generate_entities: Vec::new() }
}

/// A repository on a forge.
struct Repository<'a> {
    url: &'a str,
    host: &'a str,
    /// `owner/name`.
    slug: String,
    name: &'a str,
}

impl<'a> Repository<'a> {
    /// Reads `https://host/owner/name`, with whatever comes after it.
    fn of(target: &'a str) -> Result<Self, Refusal> {
        let refuse = || {
            let refusal =
                Refusal::new(&codes::INVALID, format!("\"{target}\" is neither a folder of the catalog nor a URL"));
            refusal.field("location.target").fix("give a repository as https://host/owner/name")
        };
        let url = target.trim_end_matches('/');
        let (_, rest) = url.split_once("://").ok_or_else(refuse)?;
        let mut parts = rest.split('/').filter(|part| !part.is_empty());
        let (Some(host), Some(owner), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(refuse());
        };
        let name = name.strip_suffix(".git").unwrap_or(name);
        Ok(Self { url, host, slug: format!("{owner}/{name}"), name })
    }

    /// The entities that say they live there.
    fn filter(&self) -> Filter {
        let annotation = |name: &str| format!("metadata.annotations.{name}");
        Filter::Any(vec![
            Filter::is(&annotation(&format!("{}/project-slug", self.host)), &self.slug),
            Filter::Prefix {
                key: annotation("backstage.io/source-location"),
                prefix: format!("url:{}", self.url).to_lowercase(),
            },
        ])
    }

    fn proposal(&self) -> Proposal {
        let entity = json!({
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Component",
            "metadata": { "name": self.name, "annotations": { format!("{}/project-slug", self.host): self.slug } },
            "spec": { "type": "other", "lifecycle": "unknown" },
        });
        let owner = json!({
            "field": "spec.owner",
            "state": "needsUserInput",
            "value": null,
            "description": "The group or user that answers for it.",
        });
        Proposal { entity, fields: vec![owner] }
    }
}
