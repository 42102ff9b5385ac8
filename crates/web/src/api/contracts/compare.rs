//! A definition that is not published yet, compared with what the catalog has and with what runs.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use catalog::Relation;
use contracts::event::{ApiChange, ApiComparison};
use kernel::{EntityRef, Refusal, Sha256, codes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use world::World;

use crate::{
    App,
    api::{Asked, not_found, reference},
    contracts::changes,
    problem::Problem,
};

/// A definition.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewComparison {
    /// The API of the catalog.
    pub api: String,
    /// Its definition as it is to be.
    pub definition: String,
    /// `openapi` or `grpc`; what the catalog says if left out.
    pub format: Option<String>,
    /// True to compare only with what is deployed.
    #[serde(default)]
    pub deployed: bool,
}

/// What a definition changes.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompareView {
    /// The API.
    #[schema(value_type = String)]
    pub api: EntityRef,
    /// `openapi` or `grpc`.
    pub format: String,
    /// True if something breaks callers.
    pub breaking: bool,
    /// True if it breaks somebody who is known.
    pub breaks_somebody: bool,
    /// What it was compared with, each with what changed. Where nothing changed at all, there are no changes.
    pub comparisons: Vec<ComparisonView>,
}

/// What changed, compared with one definition.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComparisonView {
    /// True if it is the catalog's current one.
    pub current: bool,
    /// The environments where it is what runs.
    pub deployed_in: Vec<String>,
    /// How many changes break callers.
    pub breaking: u32,
    /// How many may.
    pub risky: u32,
    /// How many do not.
    pub compatible: u32,
    /// The first changes, the worst first.
    pub changes: Vec<ChangeView>,
    /// Those who call an operation that is broken.
    pub consumers: Vec<CallerView>,
}

/// One difference.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeView {
    /// The rule, in oasdiff's or buf's words.
    pub rule: String,
    /// `breaking`, `risky` or `compatible`.
    pub level: String,
    /// The operation.
    pub operation: Option<String>,
    /// What it means.
    pub text: String,
}

/// Somebody who calls a broken operation.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallerView {
    /// Who.
    #[schema(value_type = String)]
    pub component: EntityRef,
    /// The team that owns it.
    #[schema(value_type = Option<String>)]
    pub owner: Option<EntityRef>,
    /// The operations that it is known to call; empty if it only says that it consumes the API.
    pub operations: Vec<String>,
}

/// What is compared with: whether it is the current one, and where it runs.
type Baseline = (bool, Vec<String>);

/// Compares a definition with the catalog's current one and with what is deployed, and names whom a change breaks. Nothing
/// is kept.
#[utoipa::path(post, path = "/api/v1/contracts/compare", tag = "contracts", request_body = NewComparison,
    responses((status = 200, body = CompareView)))]
pub async fn compare(State(app): State<App>, asked: Asked<NewComparison>) -> Result<Json<CompareView>, Problem> {
    let (_, asked) = asked.split();
    let worker = app.clone();
    Ok(Json(app.blocking(move |_| compared(&worker, &asked).map_err(|problem| problem.0)).await?))
}

fn compared(app: &App, asked: &NewComparison) -> Result<CompareView, Problem> {
    let world = app.world();
    let api = reference("api", &asked.api, "api")?;
    let entity = world.catalog.get(&api).ok_or_else(|| not_found("API", &asked.api))?;
    let definition = entity.api_definition().ok_or_else(|| {
        let detail = format!("the catalog has no definition of {}", api.short());
        Refusal::new(&codes::NOT_FOUND, detail).field("api")
    })?;
    let format = match asked.format.as_deref().unwrap_or(&definition.format) {
        "openapi" => "openapi",
        "grpc" | "protobuf" => "grpc",
        other => {
            let detail = format!("definitions of the format \"{other}\" are not compared; openapi and grpc are");
            return Err(Refusal::new(&codes::INVALID, detail).field("format").into());
        }
    };
    let mut comparisons = Vec::new();
    for (document, (current, deployed_in)) in baselines(&world, &api, &definition.text) {
        if asked.deployed && deployed_in.is_empty() {
            continue;
        }
        let earlier = if current {
            Some(definition.text.as_bytes().to_vec())
        } else {
            app.engine().store().get_blob(&document).map_err(Refusal::from)?
        };
        let Some(earlier) = earlier else { continue };
        let changes = changes::compare(format, &earlier, asked.definition.as_bytes()).map_err(|unreadable| {
            Refusal::new(&codes::INVALID, format!("the definition can't be compared: {unreadable}")).field("definition")
        })?;
        let to = Sha256::of(asked.definition.as_bytes());
        let compared = changes::comparison(&world, &api, (None, document, to), changes);
        comparisons.push(view(&world, compared, (current, deployed_in)));
    }
    comparisons.sort_by_key(|comparison| !comparison.current);
    Ok(CompareView {
        format: format.to_owned(),
        breaking: comparisons.iter().any(|comparison| comparison.breaking > 0),
        breaks_somebody: comparisons.iter().any(|comparison| !comparison.consumers.is_empty()),
        api,
        comparisons,
    })
}

/// The catalog's current definition, and what runs in each environment.
fn baselines(world: &World, api: &EntityRef, text: &str) -> BTreeMap<Sha256, Baseline> {
    let mut baselines = BTreeMap::from([(Sha256::of(text.as_bytes()), (true, Vec::new()))]);
    let Some(history) = world.contracts.api(api) else { return baselines };
    for component in world.catalog.related(api, Relation::ApiProvidedBy) {
        for environment in world.deploys.environments(&component) {
            let live = world.deploys.live(&component, environment);
            let Some(document) = live.and_then(|live| history.at(live.since)) else { continue };
            let (_, deployed_in) = baselines.entry(document).or_default();
            if !deployed_in.iter().any(|known| known == environment) {
                deployed_in.push(environment.to_owned());
            }
        }
    }
    baselines
}

fn view(world: &World, compared: ApiComparison, (current, deployed_in): Baseline) -> ComparisonView {
    let change = |ApiChange { rule, level, operation, text }: ApiChange| ChangeView { rule, level, operation, text };
    let callers = compared.consumers.into_iter().map(|consumer| CallerView {
        owner: world.owner_of(&consumer.component),
        component: consumer.component,
        operations: consumer.operations,
    });
    ComparisonView {
        current,
        deployed_in,
        breaking: compared.breaking,
        risky: compared.risky,
        compatible: compared.compatible,
        consumers: callers.collect(),
        changes: compared.changes.into_iter().map(change).collect(),
    }
}
