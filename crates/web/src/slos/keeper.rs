//! What was counted for each SLO, held in memory, and who looks at it every few seconds.
//!
//! The record of an SLO of a check is made of the check's history in the World, so a restart loses nothing, and a change
//! that reaches back is in it. What a Prometheus was asked for is in the samples, from which the record is made anew, as is
//! that of a check's runs.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use engine::Request;
use kernel::{Context, EntityRef, IdSeed, Refusal, Timestamp};
use slo::{Command as SloCommand, Counts, Input, LATE_MAX, Record, Report, Resolved, judged, minute_of};
use timeline::{SampleBatch, SampleRange, Sketch, Store};
use world::{Command, World, slos};

use crate::App;

/// Samples are read in pieces of so many minutes.
const PIECE_MINUTES: i64 = 1_000;
/// A check's runs are counted when their minute has been over for so many minutes: a probe needs time to hand them in.
pub const RUNS_LAG_MINUTES: i64 = 2;
/// Samples older than this are not kept by the server: 90 days.
const SAMPLES_KEPT_MINUTES: i64 = 90 * 24 * 60;

/// What was counted for each SLO.
#[derive(Debug, Default)]
pub struct Keeper {
    kept: Mutex<HashMap<EntityRef, Kept>>,
}

/// What is kept of one SLO.
#[derive(Debug)]
struct Kept {
    /// For what it was counted. Whatever else an SLO says later, it begins anew.
    resolved: Resolved,
    record: Arc<Record>,
    /// The check's history of which the record was made.
    turns: Vec<(Timestamp, Option<bool>)>,
    /// The minutes of which something came in after they had been counted.
    late: BTreeSet<i64>,
    /// Why nothing could be asked for the last time.
    trouble: Option<String>,
}

/// An SLO, with everything that it names, and what was counted for it.
#[derive(Debug, Clone)]
pub struct Look {
    /// The SLO.
    pub resolved: Resolved,
    /// The entity that it is about.
    pub entity: EntityRef,
    /// What was counted.
    pub record: Arc<Record>,
    /// How it stands.
    pub report: Report,
    /// Why nothing could be asked for the last time.
    pub trouble: Option<String>,
    /// True if its Prometheus was not asked yet for what was lately, so that nothing can be said of now.
    pub behind: bool,
}

impl Keeper {
    fn kept(&self) -> MutexGuard<'_, HashMap<EntityRef, Kept>> {
        // What a panic left behind is records, each of which is made anew when its history changes.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How an SLO stands at a moment, as of a World of that moment; none if there is no such SLO.
    ///
    /// # Errors
    /// What is missing or does not fit, in words.
    #[must_use]
    pub fn look(&self, world: &World, slo: &EntityRef, now: Timestamp) -> Option<Result<Look, String>> {
        let resolved = match world.slos.resolve(slo)? {
            Ok(resolved) => resolved,
            Err(wrong) => return Some(Err(wrong)),
        };
        let at = minute_of(now);
        let entity = slos::entity_of(world, &resolved);
        // A check that runs seldom is no check of which nothing is known.
        let apart = match &resolved.input {
            Input::Runs { check, .. } => world.checks.watch(check).map_or(0, |watch| minutes_apart(&watch.definition)),
            Input::Check { .. } | Input::Prometheus { .. } => 0,
        };
        let (record, trouble) = match &resolved.input {
            Input::Check { check, degraded_is_bad } => {
                let Some(turns) = slos::turns(world, check, *degraded_is_bad) else {
                    return Some(Err(format!("there is no check \"{}\"", check.short())));
                };
                (self.of_check(&resolved, turns, at), None)
            }
            Input::Runs { check, .. } if world.checks.watch(check).is_none() => {
                return Some(Err(format!("there is no check \"{}\"", check.short())));
            }
            Input::Runs { .. } | Input::Prometheus { .. } => {
                let kept = self.kept();
                let known = kept.get(slo).filter(|kept| kept.resolved == resolved);
                known.map_or_else(
                    || (Arc::new(new(&resolved)), None),
                    |known| (Arc::clone(&known.record), known.trouble.clone()),
                )
            }
        };
        let end = record.end().map_or(at, |end| end.min(at));
        let behind = record.end().is_none_or(|end| at - end > BEHIND_MAX);
        let mut report = Report::of(&resolved, &record, end).of_events_apart(apart);
        report.silent |= behind;
        Some(Ok(Look { resolved, entity, record, report, trouble, behind }))
    }

    /// The record of an SLO of a check up to a minute.
    fn of_check(&self, resolved: &Resolved, turns: Vec<(Timestamp, Option<bool>)>, at: i64) -> Arc<Record> {
        let mut all = self.kept();
        if let Some(kept) = all.get_mut(&resolved.slo)
            && kept.resolved == *resolved
            && kept.turns == turns
        {
            let end = kept.record.end().unwrap_or(at);
            // A moment of the past that is looked at is within the record.
            if end < at {
                let record = Arc::make_mut(&mut kept.record);
                count(record, judged(turns, end, at), at);
            }
            return Arc::clone(&kept.record);
        }
        let mut record = new(resolved);
        count(&mut record, judged(turns.iter().copied(), at - i64::from(resolved.reach()), at), at);
        let record = Arc::new(record);
        let newer = all.get(&resolved.slo).is_none_or(|kept| kept.record.end() <= record.end());
        if newer {
            let kept = Kept { turns, ..Kept::of(resolved, Arc::clone(&record)) };
            all.insert(resolved.slo.clone(), kept);
        }
        record
    }

    /// From which minute on an SLO of a Prometheus is to be asked for; none if its samples were not read yet.
    #[must_use]
    pub fn asked_up_to(&self, resolved: &Resolved) -> Option<i64> {
        self.kept().get(&resolved.slo).filter(|kept| kept.resolved == *resolved)?.record.end()
    }

    /// Why nothing could be asked for, or nothing of it read or stored. It is to be tried again.
    pub fn fail(&self, resolved: &Resolved, trouble: String) {
        self.change(resolved, |kept| kept.trouble = Some(trouble));
    }

    fn put(&self, resolved: &Resolved, minutes: Vec<(i64, Counts)>, end: i64) {
        self.change(resolved, |kept| {
            kept.trouble = None;
            count(Arc::make_mut(&mut kept.record), minutes, end);
        });
    }

    fn change(&self, resolved: &Resolved, change: impl FnOnce(&mut Kept)) {
        let mut all = self.kept();
        let known = all.get(&resolved.slo).is_some_and(|kept| kept.resolved == *resolved);
        if !known {
            all.insert(resolved.slo.clone(), Kept::of(resolved, Arc::new(new(resolved))));
        }
        if let Some(kept) = all.get_mut(&resolved.slo) {
            change(kept);
        }
    }

    /// Runs of a check came in, whose samples are stored, when their minutes may have been counted already. They are
    /// counted with the next ones.
    pub(crate) fn note_late(&self, check: &EntityRef, minutes: &BTreeSet<i64>) {
        for kept in self.kept().values_mut() {
            if matches!(&kept.resolved.input, Input::Runs { check: counted, .. } if counted == check) {
                kept.late.extend(minutes);
            }
        }
    }

    fn take_late(&self, resolved: &Resolved) -> BTreeSet<i64> {
        let mut all = self.kept();
        let kept = all.get_mut(&resolved.slo).filter(|kept| kept.resolved == *resolved);
        kept.map(|kept| std::mem::take(&mut kept.late)).unwrap_or_default()
    }
}

impl Kept {
    fn of(resolved: &Resolved, record: Arc<Record>) -> Self {
        Self { resolved: resolved.clone(), record, turns: Vec::new(), late: BTreeSet::new(), trouble: None }
    }
}

/// How many minutes a check's runs may lie apart before it is silent.
fn minutes_apart(definition: &checks::CheckDefinition) -> i64 {
    i64::try_from(definition.silent_after().as_secs().div_ceil(60)).unwrap_or(i64::MAX)
}

/// A Prometheus that could not be asked for so many minutes tells nothing of now.
const BEHIND_MAX: i64 = 15;

fn new(resolved: &Resolved) -> Record {
    Record::new(&resolved.definition.objectives, resolved.reach())
}

fn count(record: &mut Record, minutes: impl IntoIterator<Item = (i64, Counts)>, end: i64) {
    for (minute, counts) in minutes {
        record.add(minute, counts);
    }
    record.advance(end);
}

/// The names of the two series in which an SLO's good events and all its events are kept. What is asked for is in them, so
/// that other queries begin anew.
fn series(resolved: &Resolved) -> (String, String) {
    let asked = kernel::Sha256::of(format!("{:?}", resolved.input).as_bytes()).to_string();
    let asked: String = asked.chars().take(16).collect();
    let name = |of: &str| format!("slo:{}:{asked}:{of}", resolved.slo.short());
    (name("good"), name("total"))
}

/// Reads what was stored of an SLO of a Prometheus, unless that was done before.
///
/// # Errors
/// If the store can't be read.
pub async fn recall(app: &App, resolved: &Resolved) -> Result<(), Refusal> {
    if app.slos().asked_up_to(resolved).is_some() {
        return Ok(());
    }
    let now = minute_of(app.now());
    let begin = now - i64::from(resolved.reach()).min(SAMPLES_KEPT_MINUTES);
    if let Input::Runs { .. } = resolved.input {
        // What is counted is in the check's own samples.
        app.slos().put(resolved, Vec::new(), begin);
        return Ok(());
    }
    let (good, total) = series(resolved);
    let minutes = app
        .blocking(move |engine| {
            let mut minutes = Vec::new();
            let mut from = begin;
            while from < now {
                let range = |series: &str| SampleRange {
                    series: series.to_owned(),
                    from_minute: from,
                    to_minute: (from + PIECE_MINUTES).min(now),
                    step_minutes: 1,
                };
                let good: HashMap<i64, f64> =
                    engine.store().samples(&range(&good))?.iter().map(|it| (it.minute, it.measured.sum())).collect();
                for sample in engine.store().samples(&range(&total))? {
                    let good = good.get(&sample.minute).copied().unwrap_or(0.0);
                    minutes.push((sample.minute, Counts::events(good, sample.measured.sum())));
                }
                from += PIECE_MINUTES;
            }
            Ok(minutes)
        })
        .await?;
    let end = minutes.last().map_or(begin, |(minute, _)| minute + 1);
    app.slos().put(resolved, minutes, end);
    Ok(())
}

/// Counts the runs of a check from one minute to another, which is not included, of an SLO that is about them; and what
/// came in late of the day before.
///
/// # Errors
/// If the store can't be read; it is to be tried again.
pub async fn count_runs(app: &App, resolved: &Resolved, from: i64, to: i64) -> Result<(), Refusal> {
    let Input::Runs { check, ms_max } = &resolved.input else { return Ok(()) };
    let world = app.world();
    let Some(watch) = world.checks.watch(check) else { return Ok(()) };
    let probes = world.checks.probes().map(|(location, _)| location);
    let locations: BTreeSet<&str> =
        probes.filter(|location| watch.definition.is_for(location)).chain(watch.location.as_deref()).collect();
    let series: Vec<String> = locations.into_iter().map(|location| checks::series(check, location)).collect();
    // What isn't counted yet is read below, or later.
    let mut late = app.slos().take_late(resolved);
    late.retain(|minute| (from - LATE_MAX..from).contains(minute));
    let span = late.first().zip(late.last()).map(|(first, last)| (*first, last + 1));
    let ms_max = *ms_max;
    let read = app.blocking(move |engine| {
        let counted = |span| runs(engine.store().as_ref(), &series, span, ms_max);
        Ok((span.map(counted).transpose()?.unwrap_or_default(), counted((from, to))?))
    });
    let (known, new) = read.await.inspect_err(|_| app.slos().note_late(check, &late))?;
    app.slos().change(resolved, |kept| {
        let record = Arc::make_mut(&mut kept.record);
        for (minute, counts) in known.into_iter().filter(|(minute, _)| late.contains(minute)) {
            record.complete(minute, counts);
        }
        kept.trouble = None;
        count(record, new, to);
    });
    Ok(())
}

/// The runs of a check in these series from one minute to another, which is not included. Good are those that took no
/// longer than so many milliseconds.
fn runs(
    store: &dyn Store,
    series: &[String],
    (from, to): (i64, i64),
    ms_max: f64,
) -> Result<BTreeMap<i64, Counts>, Refusal> {
    let mut minutes: BTreeMap<i64, Counts> = BTreeMap::new();
    for series in series {
        let range = SampleRange { series: series.clone(), from_minute: from, to_minute: to, step_minutes: 1 };
        for sample in store.samples(&range)? {
            let (good, all) = (sample.measured.at_most(ms_max), sample.measured.count() + sample.errors);
            if all > 0 {
                *minutes.entry(sample.minute).or_default() += Counts::events(good as f64, all as f64);
            }
        }
    }
    Ok(minutes)
}

/// Takes what a Prometheus told of an SLO, up to a minute. It is on disk when this returns.
///
/// # Errors
/// If the store can't take it; it is to be asked for again.
pub async fn take(app: &App, resolved: &Resolved, minutes: Vec<(i64, Counts)>, end: i64) -> Result<(), Refusal> {
    let (good, total) = series(resolved);
    let sample = |series: &str, minute: i64, value: f64| SampleBatch {
        series: series.to_owned(),
        minute,
        measured: Sketch::of(&[value]).unwrap_or_default(),
        errors: 0,
        parts: Vec::new(),
    };
    let batches: Vec<SampleBatch> = minutes
        .iter()
        .flat_map(|(minute, counts)| [sample(&good, *minute, counts.good()), sample(&total, *minute, counts.total())])
        .collect();
    if !batches.is_empty() {
        app.blocking(move |engine| engine.store().add_samples(batches).map_err(Refusal::from)).await?;
    }
    app.slos().put(resolved, minutes, end);
    Ok(())
}

/// Looks at every SLO, takes note of what changed, and forgets what is gone. To be called every few seconds.
pub async fn keep(app: &App) {
    let (world, now) = (app.world(), app.now());
    let known: BTreeSet<&EntityRef> = world.slos.slos().map(|(slo, _)| slo).collect();
    app.slos().kept().retain(|slo, _| known.contains(slo));
    for slo in known {
        let Some(Ok(look)) = app.slos().look(&world, slo, now) else { continue };
        // What is being asked for will be known soon; what is stored of it already could not be read yet.
        if look.behind && (look.trouble.is_none() || look.record.end().is_none()) {
            continue;
        }
        let judge = SloCommand::Judge {
            slo: slo.clone(),
            entity: look.entity,
            tell_no_data: look.resolved.no_data,
            report: Box::new(look.report),
            reason: look.trouble,
        };
        // Most of the time nothing changes, and the loop need not hear of it.
        let context = Context::new(now, kernel::Actor::mainstay("slos"), IdSeed(0));
        if !slo::decide(&world.slos, judge.clone(), &context).is_ok_and(|events| !events.is_empty()) {
            continue;
        }
        if let Err(refusal) = app.submit(Request::by_part(Command::Slo(judge), "slos")).await {
            tracing::warn!(error.code = refusal.code.name, "how {slo} stands was not noted: {refusal}");
        }
    }
}
