//! What is heard of flags: where source code names them, and what relays counted.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use flags::CodeReference;
use kernel::{EntityRef, Refusal, codes};
use serde::{Deserialize, Serialize};
use serving::tally::{Batch, Caller, Count};
use utoipa::ToSchema;
use world::Command;

use crate::{
    App,
    api::{Asked, Done, carry_out, reference},
    problem::Problem,
};

/// Where the code of one source names flags. All that was reported of this source before is forgotten.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct References {
    /// What was searched, such as a repository.
    #[schema(min_length = 1, max_length = 200)]
    pub source: String,
    /// The places, by flag. Flags that don't exist are left out.
    pub references: BTreeMap<String, Vec<PlaceView>>,
}

/// A place in source code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceView {
    /// The file, relative to what was searched.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
}

/// Reports where source code names flags.
#[utoipa::path(post, path = "/api/v1/flags/references", tag = "flags", request_body = References,
    responses((status = 200, body = Done)))]
pub async fn references(State(app): State<App>, asked: Asked<References>) -> Result<Json<Done>, Problem> {
    let (asked, References { source, references }) = asked.split();
    let mut found: BTreeMap<EntityRef, Vec<CodeReference>> = BTreeMap::new();
    for (key, places) in references {
        let places = places.into_iter().map(|PlaceView { path, line }| CodeReference { path, line });
        found.entry(reference("references", &key, "flag")?).or_default().extend(places);
    }
    let command = flags::Command::ReportReferences { source, references: found };
    carry_out(&app, &asked, Command::Flags(command), None).await
}

/// What a relay counted since it last reported.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tallies {
    /// Who got what.
    #[schema(max_items = 50_000)]
    pub counts: Vec<CountReport>,
    /// Who asked.
    #[serde(default)]
    #[schema(max_items = 50_000)]
    pub callers: Vec<CallerReport>,
}

/// How often a variant was given.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CountReport {
    /// The environment.
    #[schema(max_length = 63)]
    pub environment: String,
    /// The flag.
    pub flag: String,
    /// The variant; absent if it was the client's own default.
    pub variant: Option<String>,
    /// How often.
    pub count: u64,
    /// When for the last time, in seconds since 1970.
    pub last: u64,
}

/// How often a program asked.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CallerReport {
    /// The environment.
    #[schema(max_length = 63)]
    pub environment: String,
    /// The flag.
    pub flag: String,
    /// What the context has as `service` or `app`.
    pub name: String,
    /// How often.
    pub count: u64,
}

/// How many of the counts were taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct Taken {
    /// Counts of environments that the token may not see are not among them.
    pub counts: usize,
}

const TALLIES_MAX: usize = 50_000;

/// Takes in what a relay counted; once, if it is sent again with the same `Idempotency-Key`.
#[utoipa::path(post, path = "/api/v1/flags/tallies", tag = "flags", request_body = Tallies,
    responses((status = 200, body = Taken)))]
pub async fn tallies(State(app): State<App>, asked: Asked<Tallies>) -> Result<Json<Taken>, Problem> {
    let (asked, Tallies { counts, callers }) = asked.split();
    if counts.len() > TALLIES_MAX || callers.len() > TALLIES_MAX {
        let detail = format!("at most {TALLIES_MAX} counts at once");
        return Err(Refusal::new(&codes::INVALID, detail).field("counts").into());
    }
    let (reach, published) = (&asked.by.0.reach, app.published());
    let environments = published.serving().board().environments();
    let is_known =
        |environment: &str| reach.holds(environment) && environments.iter().any(|known| known == environment);
    let now = u64::try_from(app.now().as_second()).unwrap_or_default();
    let counts: Vec<Count> = counts
        .into_iter()
        .filter(|count| is_known(&count.environment))
        .map(|CountReport { environment, flag, variant, count, last }| Count {
            environment,
            flag,
            variant,
            count,
            last: last.min(now),
        })
        .collect();
    let callers = callers
        .into_iter()
        .filter(|caller| is_known(&caller.environment))
        .map(|CallerReport { environment, flag, name, count }| Caller { environment, flag, name, count })
        .collect();
    let taken = counts.len();
    published.hand_in(asked.id(), &Batch { counts, callers });
    Ok(Json(Taken { counts: taken }))
}
