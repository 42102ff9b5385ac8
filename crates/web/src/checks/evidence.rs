//! What failing runs saw, as people read it: the newest in full, those before it in short.

use askama::Template;
use checks::{Event as CheckEvent, Evidence, Watch};
use jiff::Timestamp;
use kernel::Refusal;
use timeline::Query as Search;
use world::Event;

use crate::{
    frame::Frame,
    views::{Moment, State, Tone},
};

/// One failing or slow run.
#[derive(Debug, Template)]
#[template(path = "checks/evidence.html")]
pub struct Failure {
    /// `down`, `slow`, `failed once`.
    pub state: State,
    /// When the first run of its kind began.
    pub at: Moment,
    /// From where.
    pub location: String,
    /// What is wrong, in one sentence.
    pub error: String,
    /// Status, time, address, names resolved, certificate.
    pub facts: Vec<(&'static str, String)>,
    /// What was asked, what came back, and its first bytes, each with what it is.
    pub texts: Vec<(&'static str, String)>,
    /// What was done on the way, one line each: `GET https://shop.example/ 302 from 192.0.2.1 in 41 ms`.
    pub hops: Vec<String>,
    /// Whether all of it is shown at once.
    pub open: bool,
}

crate::views::writes_html!(Failure);

/// Failures that are shown.
const FAILURES_MAX: usize = 5;
/// What is shown of each text of those that are not the newest: the whole is on the timeline.
const SHORT_BYTES: usize = 600;
/// What is shown of each text of the newest.
const LONG_BYTES: usize = 4_096;
/// Hops that are shown.
const HOPS_MAX: usize = 20;
/// Events that carry evidence.
const KINDS: [&str; 5] =
    ["checks.went_down", "checks.location_failed", "checks.faltered", "checks.degraded", "checks.location_slowed"];

/// The last failing runs that mattered, the newest first.
pub(super) async fn last(frame: &Frame, watch: &Watch, until: Option<Timestamp>) -> Result<Vec<Failure>, Refusal> {
    let search = Search {
        subjects: vec![watch.definition.check.clone()],
        kinds: KINDS.map(str::to_owned).to_vec(),
        to: until,
        limit: FAILURES_MAX,
        ..Search::default()
    };
    let entries = frame.app.blocking(move |engine| Ok(engine.store().find(&search)?.entries)).await?;
    let seen = entries.iter().filter_map(|entry| Event::from_body(&entry.kind, &entry.body).ok());
    let failures = seen.enumerate().filter_map(|(nth, event)| {
        let Event::Checks(event) = event else { return None };
        let (state, location, since, evidence) = read(event)?;
        Some(failure(frame, state, location, since, &evidence, nth == 0))
    });
    Ok(failures.collect())
}

fn read(event: CheckEvent) -> Option<(State, String, Timestamp, Evidence)> {
    let down = State::new(Tone::Bad, "down");
    match event {
        CheckEvent::WentDown { location, since, evidence, .. }
        | CheckEvent::LocationFailed { location, since, evidence, .. } => Some((down, location, since, evidence)),
        CheckEvent::Faltered { location, since, evidence, .. } => {
            Some((State::new(Tone::Warn, "failed once"), location, since, evidence))
        }
        CheckEvent::Degraded { location, since, evidence, .. }
        | CheckEvent::LocationSlowed { location, since, evidence, .. } => {
            Some((State::new(Tone::Warn, "slow"), location, since, evidence))
        }
        // The search asks for none of these.
        CheckEvent::Defined { .. }
        | CheckEvent::Removed { .. }
        | CheckEvent::Paused { .. }
        | CheckEvent::Resumed { .. }
        | CheckEvent::CameUp { .. }
        | CheckEvent::Steadied { .. }
        | CheckEvent::LocationRecovered { .. }
        | CheckEvent::LocationUnable { .. }
        | CheckEvent::LocationAble { .. }
        | CheckEvent::BeatAddressRenewed { .. }
        | CheckEvent::Restored { .. }
        | CheckEvent::Recovered { .. }
        | CheckEvent::FellSilent { .. }
        | CheckEvent::Beat { .. }
        | CheckEvent::MaintenanceSet { .. }
        | CheckEvent::MaintenanceEnded { .. }
        | CheckEvent::ProbeJoined { .. }
        | CheckEvent::ProbeFellSilent { .. }
        | CheckEvent::ProbeCameBack { .. }
        | CheckEvent::ProbeRetired { .. } => None,
    }
}

fn failure(
    frame: &Frame,
    state: State,
    location: String,
    since: Timestamp,
    evidence: &Evidence,
    open: bool,
) -> Failure {
    let most = if open { LONG_BYTES } else { SHORT_BYTES };
    let text = |what: &'static str, text: &Option<String>| text.as_ref().map(|text| (what, cut(text, most)));
    let mut facts = Vec::new();
    facts.extend(evidence.status.map(|status| ("Status", status.to_string())));
    facts.push(("Took", format!("{} ms", evidence.latency_ms)));
    if !evidence.url.is_empty() {
        facts.push(("Address", cut(&evidence.url, SHORT_BYTES)));
    }
    if !evidence.addresses.is_empty() {
        facts.push(("Resolved to", evidence.addresses.join(", ")));
    }
    if let Some(certificate) = &evidence.certificate {
        let ends = certificate.chain_ends;
        let left = ends.duration_since(frame.now).as_hours() / 24;
        let left = if left < 0 { format!("{} days ago", -left) } else { format!("in {left} days") };
        let what = format!(
            "{}, signed by {}; valid until {} ({left}); TLS {}",
            certificate.subject,
            certificate.issuer,
            ends.strftime("%-d %b %Y %H:%M UTC"),
            certificate.protocol
        );
        facts.push(("Certificate", cut(&what, 1_200)));
    }
    let hops = evidence.hops.iter().take(HOPS_MAX).map(|hop| {
        let step = hop.step.iter().map(|step| format!("{step}:"));
        let status = hop.status.map(|status| status.to_string());
        let from = hop.address.iter().map(|address| format!("from {address}"));
        let spent: u64 = checks::Phase::ALL.into_iter().map(|phase| hop.phases.of(phase)).sum();
        let parts = step.chain([cut(&hop.request, 300)]).chain(status).chain(from);
        parts.chain([format!("in {} ms", spent / 1_000)]).collect::<Vec<_>>().join(" ")
    });
    let texts = [
        text("Request", &evidence.request_head),
        text("Answer", &evidence.response_head),
        text("First bytes", &evidence.body_excerpt),
    ];
    Failure {
        state,
        at: frame.ago(since),
        location,
        error: cut(&evidence.error, 1_000),
        facts,
        texts: texts.into_iter().flatten().collect(),
        hops: hops.collect(),
        open,
    }
}

/// The beginning of a text, and a sign that there is more.
fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.trim_end().to_owned();
    }
    text.get(..text.floor_char_boundary(most)).map_or_else(String::new, |text| format!("{text}…"))
}

/// When a certificate that a run lately saw ends, and whose it is, if one is known.
pub(super) fn certificate(watch: &Watch) -> Option<(Timestamp, String)> {
    let bad = watch.failing.values().map(|failing| &failing.evidence);
    let seen = bad.chain(watch.falters.values().map(|falter| &falter.evidence)).chain(&watch.evidence);
    let certificate = seen.filter_map(|evidence| evidence.certificate.as_ref()).min_by_key(|one| one.chain_ends)?;
    Some((certificate.chain_ends, certificate.subject.clone()))
}
