//! `GET /checks/{name}`: one check: what it asks, what each location sees, how it went.

use askama::Template;
use axum::{extract::Path, response::Response};
use checks::{CheckKind, Phase, Severity, Watch};
use timeline::Query as Search;

use super::{history, intake::RecentRun, list::state_of, speed};
use crate::{
    api::not_found,
    frame::Frame,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show::{address, named},
    views::{Answer, Change, Empty, Field, Form, Moment, State, Tone},
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
    /// What it does, in a sentence: `GET https://shop.example/cart expects 200 within 2 s`.
    pub description: String,
    /// Verdict, what it covers, whose it is, how fast.
    pub answers: Vec<Answer>,
    /// What each location sees.
    pub locations: Vec<LocationRow>,
    /// The verdicts of the last hours, oldest first.
    pub history: History,
    /// The latest results.
    pub results: Vec<ResultRow>,
    /// What is said where there is none.
    pub no_results: Empty,
    /// When the verdict changed, the latest first.
    pub changes: Vec<Change>,
    /// What it asks and expects, field by field.
    pub facts: Vec<(String, String)>,
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

/// One result.
#[derive(Debug)]
pub struct ResultRow {
    /// What was seen.
    pub state: State,
    /// When.
    pub at: Moment,
    /// From where.
    pub location: String,
    /// In words: `500 after 41 ms`.
    pub seen: String,
    /// How long each phase took: `DNS 2 ms, connect 9 ms, TLS 14 ms, first byte 31 ms`.
    pub phases: String,
}

/// Verdicts over time, as a strip of bars with the same in words.
#[derive(Debug, Template)]
#[template(path = "checks/history.html")]
pub struct History {
    /// The strip's pieces, oldest first; together they are 1000 wide.
    pub pieces: Vec<HistoryPiece>,
    /// From when to when: `the last 24 h`.
    pub period: String,
    /// The same in words: `up 99.2%, down 11 min in 2 periods`.
    pub words: String,
}

/// A period in which the verdict was the same.
#[derive(Debug)]
pub struct HistoryPiece {
    /// What the verdict was.
    pub state: State,
    /// Where it begins, of 1000.
    pub from: u16,
    /// How wide it is, of 1000.
    pub width: u16,
}

crate::views::writes_html!(History);

impl History {
    /// Worse verdicts stand higher, so that the strip reads without its colours.
    fn top(&self, piece: &HistoryPiece) -> u16 {
        match piece.state.tone {
            Tone::Good => 16,
            Tone::Warn => 9,
            Tone::Bad => 0,
            Tone::Unknown | Tone::Quiet => 19,
        }
    }
}

/// Shows a check.
pub async fn show(frame: Frame, Path((namespace, name)): Path<(String, String)>) -> Result<Response, Problem> {
    let check = named("check", &namespace, &name)?;
    let watch = frame.world.checks.watch(&check).ok_or_else(|| not_found("check", check.short()))?;
    let speed = speed::in_steps(&frame, watch).await?;
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
        answers: answers(&frame, watch, &speed),
        locations: locations(&frame, watch),
        history: history::of(watch, frame.now),
        results: results(&frame, &speed),
        no_results: Empty::new("No run was measured in the last hour."),
        changes,
        facts: facts(&frame, watch),
        pause: pause(&frame, watch),
    }))
}

/// What is listed: not what single locations see.
const CHANGES: [&str; 11] = [
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
    "checks.maintenance",
];
/// So many of the newest are shown.
const CHANGES_MAX: usize = 20;
/// So far back the uptime looks.
const UPTIME: jiff::SignedDuration = jiff::SignedDuration::from_hours(90 * 24);

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
    vec![verdict, Answer::to("Covers").entity(frame.entity(target)), owner, fast]
}

/// Every location that runs the check, the worst first.
fn locations(frame: &Frame, watch: &Watch) -> Vec<LocationRow> {
    let recent = frame.app.intake().recent(&watch.definition.check);
    let newest = |location: &str| recent.iter().find(|run| run.location == location);
    let failing = watch.failing.iter().map(|(location, failing)| LocationRow {
        name: location.clone(),
        state: if failing.down { State::new(Tone::Bad, "down") } else { State::new(Tone::Warn, "degraded") },
        seen: failing.evidence.error.clone(),
        at: frame.ago(failing.since),
    });
    let doubtful = watch.falters.iter().map(|(location, falter)| LocationRow {
        name: location.clone(),
        state: State::new(Tone::Warn, "failed once"),
        seen: falter.evidence.error.clone(),
        at: frame.ago(falter.since),
    });
    let seen_badly = |location: &str| watch.failing.contains_key(location) || watch.falters.contains_key(location);
    let probes = frame.world.checks.probes();
    let others = probes.filter(|(location, _)| watch.definition.is_for(location) && !seen_badly(location));
    let others = others.map(|(location, probe)| {
        let (state, seen, at) = match (probe.silent, newest(location)) {
            (true, _) => (State::new(Tone::Unknown, "silent"), "nothing is heard of its probe".to_owned(), probe.since),
            (false, Some(run)) => (state_of_run(run), taken(run), run.at),
            (false, None) => (State::new(Tone::Unknown, "no run yet"), String::new(), probe.since),
        };
        LocationRow { name: location.to_owned(), state, seen, at: frame.ago(at) }
    });
    failing.chain(doubtful).chain(others).collect()
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

/// The last hour's runs, in steps, the latest first.
fn results(frame: &Frame, speed: &speed::Speed) -> Vec<ResultRow> {
    let rows = speed.samples.iter().rev().filter_map(|(location, sample)| {
        let measured = &sample.measured;
        let (runs, failed) = (sample.observed(), sample.errors);
        let state = match (failed, measured.count()) {
            (0, _) => State::new(Tone::Good, "passed"),
            (_, 0) => State::new(Tone::Bad, "failed"),
            _ => State::new(Tone::Warn, "mixed"),
        };
        let seen = match (measured.quantile(0.5), measured.quantile(0.95)) {
            (Some(median), Some(most)) => format!("median {median:.0} ms, 95% under {most:.0} ms"),
            _ => "nothing measured".to_owned(),
        };
        let step = speed::step().as_mins();
        Some(ResultRow {
            state,
            at: frame.ago(speed::began(sample)?),
            location: location.clone(),
            seen,
            phases: format!("{runs} runs in {step} min, {failed} failed"),
        })
    });
    rows.collect()
}

/// How it was in the last 90 days: `99.980% of the 71.2 days that are known`.
fn uptime(frame: &Frame, watch: &Watch) -> String {
    let from = frame.now.checked_sub(UPTIME).unwrap_or(jiff::Timestamp::MIN);
    let uptime = checks::uptime(watch, from, frame.now);
    match uptime.share() {
        Some(share) => {
            // Rounded down, so that an outage is never shown as 100%.
            let percent = (share * 100_000.0).floor() / 1_000.0;
            format!("{percent:.3}% of the {} that are known", history::lasted_words(uptime.known()))
        }
        None => "nothing is known yet".to_owned(),
    }
}

fn facts(frame: &Frame, watch: &Watch) -> Vec<(String, String)> {
    let definition = &watch.definition;
    let mut facts = vec![
        ("Does it page?".to_owned(), checks::why_paged(&frame.world.checks, watch, frame.now)),
        ("Up in 90 days".to_owned(), uptime(frame, watch)),
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
