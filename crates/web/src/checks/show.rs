//! `GET /checks/{namespace}/{name}`: one check: what it says and why, how it went, what it saw, where the time went.

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::Response,
};
use checks::{CheckKind, Phase, Severity, Watch};
use serde::Deserialize;
use timeline::Query as Search;

use super::{
    acts::{self, CheckActs},
    evidence::{self, Failure},
    history::{self, History},
    intake::RecentRun,
    list::state_of,
    maintenance::{self, MaintenanceRow},
    period::{FOR, Period},
    phases::{self, Phases},
    speed,
    standing::{Seen, seen},
};
use crate::{
    api::not_found,
    frame::Frame,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show::{address, named},
    views::{Answer, Callout, Change, Empty, Field, Form, Link, Moment, State, Tab, Tabs, Tone},
};

/// One check.
#[derive(Debug, Template)]
#[template(path = "checks/show.html")]
pub struct CheckScreen {
    /// The frame.
    pub chrome: Chrome,
    /// What it is called.
    pub name: String,
    /// `critical path`, `HTTP`.
    pub tags: Vec<String>,
    /// Why it has its verdict, in a sentence.
    pub description: String,
    /// Why it pages somebody, or does not.
    pub paging: Callout,
    /// Verdict, what it covers, whose it is, how fast.
    pub answers: Vec<Answer>,
    /// What each location sees.
    pub locations: Vec<LocationRow>,
    /// How far back the history and the plot look.
    pub periods: Tabs,
    /// The verdicts of the period.
    pub history: History,
    /// Where the time went, at one location; none for what no location runs.
    pub phases: Option<Phases>,
    /// How fast each location was.
    pub speeds: Vec<SpeedRow>,
    /// Which time that is of: `the last hour`.
    pub speeds_of: String,
    /// How long it was up: in which time, which share, and the rest in words.
    pub uptimes: Vec<(String, String, String)>,
    /// The last failing runs, with what they saw.
    pub failures: Vec<Failure>,
    /// What is said where there is none.
    pub no_failures: Empty,
    /// When the verdict changed, the latest first.
    pub changes: Vec<Change>,
    /// What it asks and expects, field by field.
    pub facts: Vec<(String, String)>,
    /// Maintenances that hold or come.
    pub maintenances: Vec<MaintenanceRow>,
    /// Plans one; none where the reader may not.
    pub plan: Option<Link>,
    /// What can be done with it.
    pub acts: CheckActs,
    /// Lets it pause, or judge again; none where the reader may not.
    pub pause: Option<Form>,
}

/// What one location sees.
#[derive(Debug)]
pub struct LocationRow {
    /// Which.
    pub name: String,
    /// What it sees.
    pub state: State,
    /// In words: `500 after 41 ms`.
    pub seen: String,
    /// How old that is.
    pub at: Moment,
}

/// How fast one location was.
#[derive(Debug)]
pub struct SpeedRow {
    /// Which.
    pub location: String,
    /// Runs that did not fail.
    pub good: u64,
    /// Runs that failed.
    pub failed: u64,
    /// What half of the runs, 95%, 99% and all were under; nothing if none was good.
    pub under: Vec<String>,
}

/// How far back, and from where.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Which {
    #[serde(rename = "for")]
    period: String,
    location: String,
}

/// Shows a check.
pub async fn show(
    frame: Frame,
    Path((namespace, name)): Path<(String, String)>,
    Query(which): Query<Which>,
) -> Result<Response, Problem> {
    let check = named("check", &namespace, &name)?;
    let watch = frame.world.checks.watch(&check).ok_or_else(|| not_found("check", check.short()))?;
    let period = Period::of(&which.period);
    let locations_known = speed::locations(&frame, watch);
    // Percentiles of all locations are of the last hour: more is too much to read for one screen.
    let hour = speed::of(&frame, watch, &locations_known, Period::HOUR).await?;
    let chosen = locations_known.iter().find(|location| **location == which.location);
    let chosen = chosen.or_else(|| busiest(&hour)).or(locations_known.first());
    let phases = match chosen {
        Some(location) => Some(plot(&frame, watch, &locations_known, location, period, &which).await?),
        None => None,
    };
    let until = frame.past().and_then(|at| at.checked_add(jiff::SignedDuration::from_nanos(1)).ok());
    let search = Search { subjects: vec![check.clone()], to: until, limit: CHANGES_MAX, ..Search::default() };
    let search = Search { kinds: CHANGES.map(str::to_owned).to_vec(), ..search };
    let events = frame.app.blocking(move |engine| Ok(engine.store().find(&search)?.entries)).await?;
    let changes = events.iter().map(|entry| frame.event(entry, Some(&check))).collect();
    Ok(screen(&CheckScreen {
        chrome: frame.chrome(check.short(), Place::Checks),
        name: frame.entity(&check).name,
        tags: tags(watch),
        description: checks::why(watch, frame.now),
        paging: paging(&frame, watch),
        answers: answers(&frame, watch, &hour),
        locations: locations(&frame, watch),
        periods: periods(&frame, watch, period, chosen.filter(|location| **location == which.location)),
        history: history::of(&frame, watch, period),
        phases,
        speeds: hour.places.iter().map(|(location, samples)| speed_row(location, samples)).collect(),
        speeds_of: Period::HOUR.words.to_owned(),
        uptimes: uptimes(&frame, watch),
        failures: evidence::last(&frame, watch, until).await?,
        no_failures: Empty::new("No run has failed yet."),
        changes,
        facts: facts(watch),
        maintenances: maintenances(&frame, watch),
        plan: frame.may_write().then(|| plan_link(&frame, watch)),
        acts: acts::of(&frame, watch),
        pause: pause(&frame, watch),
    }))
}

/// What is listed: not what single locations see.
const CHANGES: [&str; 12] = [
    "checks.defined",
    "checks.removed",
    "checks.paused",
    "checks.resumed",
    "checks.came_up",
    "checks.went_down",
    "checks.degraded",
    "checks.restored",
    "checks.recovered",
    "checks.fell_silent",
    "checks.maintenance_set",
    "checks.maintenance_ended",
];
/// So many of the newest are shown.
const CHANGES_MAX: usize = 20;
/// Maintenances that are shown.
const MAINTENANCES_MAX: usize = 5;

/// Where most was measured lately.
fn busiest(speed: &speed::Speed) -> Option<&String> {
    let runs = |samples: &[timeline::Sample]| samples.iter().map(timeline::Sample::observed).sum::<u64>();
    let first = speed.places.iter().rev().max_by_key(|(_, samples)| runs(samples))?;
    Some(&first.0)
}

async fn plot(
    frame: &Frame,
    watch: &Watch,
    locations: &[String],
    location: &str,
    period: Period,
    which: &Which,
) -> Result<Phases, Problem> {
    // A longer one would take too long to read: the plot says which one it shows.
    let period = if period.length() > speed::LONGEST.length() { speed::LONGEST } else { period };
    let speed = speed::of(frame, watch, &[location.to_owned()], period).await?;
    let tab = |one: &String| {
        let mut query = vec![("location", one.as_str())];
        if !which.period.is_empty() {
            query.push((FOR, which.period.as_str()));
        }
        let query = serde_html_form::to_string(&query).unwrap_or_default();
        let href = frame.href(format!("{}?{query}#phases", address(&watch.definition.check)));
        Tab { label: one.clone(), href, here: one == location, count: None }
    };
    let tabs = Tabs { label: "Location of the plot".to_owned(), tabs: locations.iter().map(tab).collect() };
    Ok(phases::of(frame, watch, location, &speed, period, tabs))
}

fn periods(frame: &Frame, watch: &Watch, period: Period, location: Option<&String>) -> Tabs {
    let tab = |one: Period| {
        let mut query = vec![(FOR, one.word)];
        query.extend(location.map(|location| ("location", location.as_str())));
        let query = serde_html_form::to_string(&query).unwrap_or_default();
        let href = frame.href(format!("{}?{query}", address(&watch.definition.check)));
        Tab { label: one.word.to_owned(), href, here: one == period, count: None }
    };
    Tabs { label: "Period".to_owned(), tabs: Period::ALL.map(tab).to_vec() }
}

/// Whether somebody is paged, and why: what a person asks who was woken, or who was not.
fn paging(frame: &Frame, watch: &Watch) -> Callout {
    let open = frame.world.incidents.for_check(&watch.definition.check);
    let state = match (&open, watch.verdict, watch.paused) {
        (Some(_), ..) => State::new(Tone::Bad, "Paged"),
        (None, checks::Verdict::Down, false) => State::new(Tone::Warn, "Not paged"),
        (None, ..) => State::new(Tone::Quiet, "Not paged"),
    };
    let link = open.map(|incident| {
        let number = incident.number();
        Link::new(format!("Incident {number}"), frame.href(format!("/incidents/{number}")))
    });
    Callout { state, text: checks::why_paged(&frame.world.checks, watch, frame.now), link }
}

fn speed_row(location: &str, samples: &[timeline::Sample]) -> SpeedRow {
    let all = speed::merged(samples);
    let under =
        [0.5, 0.95, 0.99, 1.0].map(|share| all.quantile(share).map_or("–".to_owned(), |ms| format!("{ms:.0} ms")));
    SpeedRow {
        location: location.to_owned(),
        good: all.count(),
        failed: samples.iter().map(|sample| sample.errors).sum(),
        under: under.to_vec(),
    }
}

/// How long it was up in each time that people ask about.
fn uptimes(frame: &Frame, watch: &Watch) -> Vec<(String, String, String)> {
    let periods = [Period::DAY, Period::WEEK, Period::MONTH, Period::QUARTER];
    let line = |period: Period| {
        let uptime = checks::uptime(watch, period.from(frame.now), frame.now);
        let share = uptime.share().map_or("not known".to_owned(), |share| {
            // Rounded down, so that an outage is never shown as 100%.
            format!("{:.3}%", (share * 100_000.0).floor() / 1_000.0)
        });
        let parts = [("down", uptime.down), ("slow", uptime.degraded), ("unknown", uptime.unknown)];
        let parts = parts.into_iter().filter(|(_, lasted)| lasted.is_positive());
        let words = parts.map(|(word, lasted)| format!("{word} {}", history::lasted_words(lasted)));
        (period.words.to_owned(), share, words.collect::<Vec<_>>().join(", "))
    };
    periods.map(line).to_vec()
}

/// What holds, and what comes next.
fn maintenances(frame: &Frame, watch: &Watch) -> Vec<MaintenanceRow> {
    let planned = frame.world.checks.maintenances();
    let ahead = planned
        .filter(|planned| planned.to > frame.now && !planned.is_called_off() && planned.concerns(&watch.definition));
    let here = address(&watch.definition.check);
    let ahead = ahead.map(|planned| (planned.from, maintenance::row(frame, planned, &here)));
    let mut all: Vec<_> = ahead.chain(maintenance::declared(frame, watch)).collect();
    all.sort_by_key(|(from, _)| *from);
    all.into_iter().map(|(_, row)| row).take(MAINTENANCES_MAX).collect()
}

fn plan_link(frame: &Frame, watch: &Watch) -> Link {
    let query = serde_html_form::to_string([("of", watch.definition.check.as_str())]).unwrap_or_default();
    Link::new("Plan maintenance", frame.href(format!("/maintenance?{query}")))
}

fn tags(watch: &Watch) -> Vec<String> {
    let critical = watch.definition.severity == Severity::Critical;
    [Some(watch.definition.kind.word()), critical.then_some("critical path"), watch.paused.then_some("paused")]
        .into_iter()
        .flatten()
        .map(str::to_owned)
        .collect()
}

fn answers(frame: &Frame, watch: &Watch, speed: &speed::Speed) -> Vec<Answer> {
    let target = &watch.definition.target;
    let owner = match frame.owner(target) {
        Some(owner) => Answer::to("Owner").entity(owner),
        None => Answer::to("Owner").gap("No owner"),
    };
    let verdict = Answer::to("Verdict").state(state_of(watch), Some(frame.elapsed(watch.since)));
    let verdict = match frame.world.incidents.for_check(&watch.definition.check) {
        Some(incident) => {
            let number = incident.number();
            verdict.link(format!("Incident {number}"), frame.href(format!("/incidents/{number}")))
        }
        None => verdict,
    };
    let all = speed.all();
    let fast = match (all.quantile(0.5), all.quantile(0.95)) {
        (Some(median), Some(most)) => Answer::to("Speed")
            .text(format!("{median:.0} ms"))
            .note(format!("median of {} runs in the last hour; 95% under {most:.0} ms", all.count())),
        _ => Answer::to("Speed").gap("Not measured").note("no run passed in the last hour"),
    };
    let certificate = evidence::certificate(watch).map(|(ends, of)| {
        let ending = Answer::to("Certificate").note(format!("{of}; ends {}", ends.strftime("%-d %b %Y %H:%M UTC")));
        match ends.duration_since(frame.now).as_hours() {
            ..0 => ending.gap("Has ended"),
            hours @ ..CERTIFICATE_SOON_H => ending.gap(format!("Ends in {} days", hours / 24)),
            hours => ending.text(format!("Ends in {} days", hours / 24)),
        }
    });
    [verdict, Answer::to("Covers").entity(frame.entity(target)), owner, fast].into_iter().chain(certificate).collect()
}

/// A certificate that ends before this is as loud as a failure.
const CERTIFICATE_SOON_H: i64 = 14 * 24;

/// Every location that runs the check, the worst first.
fn locations(frame: &Frame, watch: &Watch) -> Vec<LocationRow> {
    // What was measured lately is known of the present only.
    let recent = if frame.past().is_none() { frame.app.intake().recent(&watch.definition.check) } else { Vec::new() };
    let mut all: Vec<(&str, Seen)> = seen(&frame.world.checks, watch).into_iter().collect();
    all.sort_by_key(|(_, seen)| *seen);
    let row = |(location, seen): (&str, Seen)| {
        let newest = recent.iter().find(|run| run.location == location);
        let since = frame.world.checks.probe(location).map_or(watch.since, |probe| probe.since);
        let bad = watch.failing.get(location).map(|failing| (failing.evidence.error.clone(), failing.since));
        let bad = bad.or_else(|| watch.falters.get(location).map(|one| (one.evidence.error.clone(), one.since)));
        let (state, said, at) = match (seen, bad, newest) {
            (_, Some((error, since)), _) => (seen.state(), error, since),
            (Seen::Silent, ..) => (seen.state(), "nothing is heard of its probe".to_owned(), since),
            (_, None, Some(run)) => (state_of_run(run), taken(run), run.at),
            (_, None, None) => (seen.state(), "no run is known since the server began".to_owned(), since),
        };
        LocationRow { name: location.to_owned(), state, seen: said, at: frame.ago(at) }
    };
    all.into_iter().map(row).collect()
}

fn state_of_run(run: &RecentRun) -> State {
    match (run.good, run.slow) {
        (false, _) => State::new(Tone::Warn, "failed once"),
        (true, true) => State::new(Tone::Warn, "slow"),
        (true, false) => State::new(Tone::Good, "up"),
    }
}

/// How long a run took, and which phases took it: `answered in 214 ms: connect 61 ms, processing 150 ms`.
fn taken(run: &RecentRun) -> String {
    let phases = Phase::ALL.into_iter().map(|phase| (phase, run.phases.of(phase) / 1_000));
    let phases: Vec<String> =
        phases.filter(|(_, ms)| *ms > 0).map(|(phase, ms)| format!("{} {ms} ms", phase.as_str())).collect();
    let ended = if run.good { "answered in" } else { "failed after" };
    let whole = format!("{ended} {} ms", run.latency_ms);
    if phases.is_empty() { whole } else { format!("{whole}: {}", phases.join(", ")) }
}

fn facts(watch: &Watch) -> Vec<(String, String)> {
    let definition = &watch.definition;
    let mut facts = vec![
        ("Asks for".to_owned(), definition.request()),
        ("Every".to_owned(), format!("{} s", definition.interval().as_secs_f64())),
        ("Fails after".to_owned(), format!("{} s", definition.timeout().as_secs_f64())),
        ("Down after".to_owned(), format!("{} failing runs in a row", definition.failures_to_down)),
        ("Up after".to_owned(), format!("{} good runs in a row", definition.successes_to_up)),
        ("Severity".to_owned(), definition.severity.as_str().to_owned()),
    ];
    if let CheckKind::Http(http) = &definition.kind {
        let statuses: Vec<String> = http.expect.status.iter().map(ToString::to_string).collect();
        facts.push(("Expects".to_owned(), format!("status {}", statuses.join(", "))));
        facts.extend(http.expect.body_contains.as_ref().map(|text| ("Body contains".to_owned(), format!("“{text}”"))));
        facts.extend(http.expect.max_latency_ms.map(|most| ("Slow above".to_owned(), format!("{most} ms"))));
    }
    if !definition.path.is_empty() {
        let path: Vec<&str> = definition.path.iter().map(kernel::EntityRef::short).collect();
        facts.push(("Also on the path".to_owned(), path.join(", ")));
    }
    facts
}

fn pause(frame: &Frame, watch: &Watch) -> Option<Form> {
    let (verb, label) = if watch.paused { ("resume", "Judge again") } else { ("pause", "Pause") };
    let hint = "A paused check still stands here, but judges nothing: its state is unknown.";
    let reason = Field::line("reason", "Reason", "").hint(hint);
    let form = frame.form(format!("{}/{verb}", address(&watch.definition.check)), label, vec![reason]);
    frame.may_write().then_some(form)
}
