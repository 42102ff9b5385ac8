//! How often a flag's variants were served, and what happened meanwhile.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, Query, State},
};
use engine::Engine;
use flags::Event as FlagEvent;
use kernel::{EntityRef, EventId, Refusal, Timestamp, codes};
use serde::{Deserialize, Serialize};
use timeline::{Query as Search, SampleRange};
use utoipa::ToSchema;
use world::Event;

use super::{existing, production};
use crate::{App, evaluation::tallies::series, problem::Problem};

/// Where, and for how long.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// The environment; `production` if left out.
    #[serde(default = "production")]
    #[param(max_length = 63)]
    pub environment: String,
    /// How many hours until now: 1 to 2160; 24 if left out.
    #[param(minimum = 1, maximum = 2160)]
    pub hours: Option<i64>,
}

/// How often each variant was served.
#[derive(Debug, Serialize, ToSchema)]
pub struct Counts {
    /// By variant, how often it was served, in steps; steps without an evaluation are left out. The variant `""` is the
    /// client's own default.
    pub series: BTreeMap<String, Vec<CountView>>,
    /// How long a step is, in minutes.
    pub step_minutes: u32,
    /// What happened to the flag meanwhile, oldest first.
    pub marks: Vec<Mark>,
}

/// How often a variant was served in one step.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountView {
    /// When the step began.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
    /// How often.
    pub count: u64,
}

/// Something that changed what the flag serves.
#[derive(Debug, Serialize, ToSchema)]
pub struct Mark {
    /// When.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
    /// What, in a sentence.
    pub text: String,
    /// The event's id.
    #[schema(value_type = String, format = "uuid")]
    pub event: EventId,
}

const HOURS_MAX: i64 = 90 * 24;
/// About so many steps are shown.
const STEPS: i64 = 144;
/// More marks than this can't be told apart.
const MARKS_MAX: usize = 200;

/// Shows how often a flag's variants were served.
#[utoipa::path(get, path = "/api/v1/flags/{key}/counts", tag = "flags", params(Which,
    ("key", description = "the flag's name")), responses((status = 200, body = Counts)))]
pub async fn show(
    State(app): State<App>,
    Path(key): Path<String>,
    Query(which): Query<Which>,
) -> Result<Json<Counts>, Problem> {
    let hours = which.hours.unwrap_or(24);
    if !(1..=HOURS_MAX).contains(&hours) {
        return Err(Refusal::new(&codes::INVALID, format!("hours are from 1 to {HOURS_MAX}")).field("hours").into());
    }
    let world = app.world();
    let definition = &existing(&world, &key)?.definition;
    let (flag, environment) = (definition.flag.clone(), which.environment);
    let variants: Vec<Option<String>> = definition.variants.keys().cloned().map(Some).chain([None]).collect();
    let now = app.now();
    let counts = app.blocking(move |engine| counts(engine, &flag, &environment, &variants, hours, now)).await?;
    Ok(Json(counts))
}

fn counts(
    engine: &Engine,
    flag: &EntityRef,
    environment: &str,
    variants: &[Option<String>],
    hours: i64,
    now: Timestamp,
) -> Result<Counts, Refusal> {
    let step_minutes = u32::try_from((hours * 60 / STEPS).max(1)).unwrap_or(1);
    let to_minute = now.as_second().div_euclid(60).saturating_add(1);
    let step = i64::from(step_minutes);
    // Steps begin at the same minutes whenever they are looked at.
    let from_minute = (to_minute - hours * 60).div_euclid(step) * step;
    let mut counts = BTreeMap::new();
    for variant in variants {
        let series = series(flag, environment, variant.as_deref());
        let samples = engine.store().samples(&SampleRange { series, from_minute, to_minute, step_minutes })?;
        let served: Vec<CountView> = samples
            .iter()
            .filter_map(|sample| {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sum of counts")]
                let count = sample.measured.sum() as u64;
                let at = Timestamp::from_second(sample.minute.checked_mul(60)?).ok()?;
                Some(CountView { at, count })
            })
            .collect();
        if variant.is_some() || !served.is_empty() {
            counts.insert(variant.clone().unwrap_or_default(), served);
        }
    }
    let from = Timestamp::from_second(from_minute.saturating_mul(60)).ok();
    Ok(Counts { series: counts, step_minutes, marks: marks(engine, flag, environment, from)? })
}

fn marks(engine: &Engine, flag: &EntityRef, environment: &str, from: Option<Timestamp>) -> Result<Vec<Mark>, Refusal> {
    let (subjects, kinds) = (vec![flag.clone()], vec!["flags.".to_owned()]);
    let search = Search { subjects, kinds, from, limit: MARKS_MAX, ..Search::default() };
    let page = engine.store().find(&search)?;
    let mark = |entry: &timeline::Entry| {
        let event = Event::from_body(&entry.kind, &entry.body).ok()?;
        let Event::Flags(changed) = &event else { return None };
        let mark = || Mark { at: entry.stamp.at, text: event.summary(), event: entry.stamp.event };
        changes(changed, environment).then(mark)
    };
    Ok(page.entries.iter().rev().filter_map(mark).collect())
}

/// True if the event may have changed what is served there.
fn changes(event: &FlagEvent, place: &str) -> bool {
    match event {
        FlagEvent::Turned { environment, .. } | FlagEvent::Ramp { environment, .. } => {
            environment == place || environment == flags::Definition::EVERYWHERE
        }
        FlagEvent::Defined { .. }
        | FlagEvent::Removed { .. }
        | FlagEvent::SegmentDefined { .. }
        | FlagEvent::SegmentRemoved { .. } => true,
        FlagEvent::Seen { .. }
        | FlagEvent::Evaluated { .. }
        | FlagEvent::ReferencesReported { .. }
        | FlagEvent::Request { .. }
        | FlagEvent::Overridden { .. } => false,
    }
}
