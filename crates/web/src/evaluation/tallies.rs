//! Who got what: the answers of the evaluations, counted.
//!
//! What was counted is collected every few seconds. The counts become samples, one series for each flag, environment and
//! variant; that a flag is in use, and by which components, becomes events, but rarely; and a step of a ramp that waits for
//! evaluations goes on when there were enough.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use engine::Request;
use flags::{Command as FlagCommand, Definition, Flag, RampAction, RampState};
use jiff::tz::TimeZone;
use kernel::{EntityRef, Refusal, Timestamp};
use serving::tally::Batch;
use timeline::{SampleBatch, SampleRange, Sketch};
use tokio::sync::watch;
use world::{Command, World};

use crate::{App, api::reference};

/// How often the counts are collected.
const EVERY: Duration = Duration::from_secs(10);
/// So many samples are written at once.
const SAMPLES_AT_ONCE: usize = 1_000;

/// The name of the series that the evaluations of a flag are kept under: each value is how many there were since the last.
/// Without a variant, clients took their own default.
#[must_use]
pub fn series(flag: &EntityRef, environment: &str, variant: Option<&str>) -> String {
    let variant = variant.map(|variant| format!("={variant}")).unwrap_or_default();
    format!("flags.evaluations/{flag}@{environment}{variant}")
}

/// The task that collects the counts until the server stops.
pub async fn collect(app: App, mut stopped: watch::Receiver<bool>) {
    let mut often = tokio::time::interval(EVERY);
    loop {
        let is_over = tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => true,
            _ = often.tick() => false,
        };
        take_in(&app).await;
        if is_over {
            return;
        }
    }
}

/// Takes in what was counted since the last time.
pub async fn take_in(app: &App) {
    let world = app.world();
    let batch = app.published().serving().tally().drain();
    let counted = Counted::of(&world, &batch);
    let written = counted.samples();
    let result = app
        .blocking(move |engine| {
            written.chunks(SAMPLES_AT_ONCE).try_for_each(|some| Ok(engine.store().add_samples(some.to_vec())?))
        })
        .await;
    if let Err(refusal) = result {
        tracing::warn!(error.code = refusal.code.name, "counts of evaluations were lost: {refusal}");
    }
    let mut commands: Vec<FlagCommand> = counted.in_use(&world, app.now()).into_iter().collect();
    commands.extend(callers(&world, &batch));
    match enough_samples(app, &world).await {
        Ok(passed) => commands.extend(passed),
        Err(refusal) => tracing::warn!(error.code = refusal.code.name, "evaluations were not counted: {refusal}"),
    }
    for command in commands {
        if let Err(refusal) = app.submit(Request::by_part(Command::Flags(command), "flags")).await {
            tracing::warn!(error.code = refusal.code.name, "what was seen of a flag was not noted: {refusal}");
        }
    }
}

/// The counts of flags and variants that exist. Relays hand in what they like.
struct Counted {
    /// By flag, environment, variant and minute.
    counts: BTreeMap<(EntityRef, String, Option<String>, i64), u64>,
}

impl Counted {
    fn of(world: &World, batch: &Batch) -> Self {
        let mut counts = BTreeMap::new();
        for count in &batch.counts {
            let Some(flag) = flag_of(world, &count.flag) else { continue };
            let variant = count.variant.clone().filter(|variant| flag.definition.variants.contains_key(variant));
            let minute = i64::try_from(count.last / 60).unwrap_or_default();
            let name = flag.definition.flag.clone();
            let counted: &mut u64 = counts.entry((name, count.environment.clone(), variant, minute)).or_default();
            *counted = counted.saturating_add(count.count);
        }
        Self { counts }
    }

    fn samples(&self) -> Vec<SampleBatch> {
        let sample =
            |((flag, environment, variant, minute), count): (&(EntityRef, String, Option<String>, i64), &u64)| {
                let mut measured = Sketch::default();
                // A whole number is finite.
                let _ = measured.add(*count as f64);
                let series = series(flag, environment, variant.as_deref());
                SampleBatch { series, minute: *minute, measured, errors: 0, parts: Vec::new() }
            };
        self.counts.iter().map(sample).collect()
    }

    /// That these flags were evaluated today, unless that is known.
    fn in_use(&self, world: &World, now: Timestamp) -> Option<FlagCommand> {
        let day = now.to_zoned(TimeZone::UTC).date();
        let start = day.to_zoned(TimeZone::UTC).ok()?.timestamp();
        let is_news = |flag: &&EntityRef| {
            world.flags.flag(flag).is_some_and(|flag| flag.evaluated.is_none_or(|evaluated| evaluated < start))
        };
        let flags: BTreeSet<&EntityRef> = self.counts.keys().map(|(flag, ..)| flag).filter(is_news).collect();
        let flags: Vec<EntityRef> = flags.into_iter().cloned().collect();
        (!flags.is_empty()).then_some(FlagCommand::SeeEvaluated { flags, day })
    }
}

fn flag_of<'a>(world: &'a World, key: &str) -> Option<&'a Flag> {
    world.flags.flag(&reference("flag", key, "flag").ok()?)
}

/// The components that asked, where that is new and they exist.
fn callers(world: &World, batch: &Batch) -> Vec<FlagCommand> {
    let seen = batch.callers.iter().filter_map(|caller| {
        let flag = flag_of(world, &caller.flag)?;
        let component = reference("service", &caller.name, "component").ok()?;
        let is_news = component.kind() == "component"
            && world.catalog.get(&component).is_some()
            && !flag.users().any(|user| *user == component)
            && flag.seen_from.len() < Flag::SEEN_FROM_MAX;
        is_news.then(|| (flag.definition.flag.clone(), component))
    });
    let seen: BTreeSet<_> = seen.collect();
    seen.into_iter().map(|(flag, component)| FlagCommand::See { flag, component }).collect()
}

/// The steps of ramps that waited for evaluations and have seen enough.
async fn enough_samples(app: &App, world: &World) -> Result<Vec<FlagCommand>, Refusal> {
    let now = app.now();
    let mut passed = Vec::new();
    for (flag, environment, ramp, run) in world.flags.ramps() {
        let at = flags::position(ramp, run, now);
        let RampState::AwaitingSamples { need } = at.state else { continue };
        let series = series_of(app, flag, environment);
        let from = at.since.as_second().div_euclid(60);
        let samples = app.blocking(move |engine| sum(engine, &series, from, now)).await?;
        if samples >= need {
            let action = RampAction::PassSamples { step: at.step, samples };
            let (flag, environment) = (flag.definition.flag.clone(), environment.clone());
            passed.push(FlagCommand::Ramp { flag, environment, action });
        }
    }
    Ok(passed)
}

/// All series of a flag where a switch counts: its own environment, or all that have none of their own.
fn series_of(app: &App, flag: &Flag, environment: &str) -> Vec<String> {
    let environments = if environment == Definition::EVERYWHERE {
        let mut all = app.published().serving().board().environments();
        all.retain(|name| name == Definition::EVERYWHERE || !flag.switches.contains_key(name));
        all
    } else {
        vec![environment.to_owned()]
    };
    let variants = || flag.definition.variants.keys().map(|name| Some(name.as_str())).chain([None]);
    let name = &flag.definition.flag;
    environments.iter().flat_map(|place| variants().map(move |variant| series(name, place, variant))).collect()
}

/// How many evaluations there were from this minute until now.
fn sum(engine: &engine::Engine, series: &[String], from_minute: i64, now: Timestamp) -> Result<u64, Refusal> {
    let to_minute = now.as_second().div_euclid(60).saturating_add(1);
    let step_minutes = u32::try_from(to_minute.saturating_sub(from_minute)).unwrap_or(u32::MAX);
    let mut sum = 0.0;
    for series in series {
        let range = SampleRange { series: series.clone(), from_minute, to_minute, step_minutes };
        sum += engine.store().samples(&range)?.iter().map(|sample| sample.measured.sum()).sum::<f64>();
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sum of counts")]
    Ok(sum as u64)
}
