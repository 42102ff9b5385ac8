//! `GET /probes` and `POST /probes/{location}/retire`: from where the checks are run, and what is unknown where nobody runs
//! them.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use checks::{Command as CheckCommand, Probe, Verdict};
use kernel::Timestamp;
use serde::Deserialize;
use world::Command;

use super::intake::{About, Uplink};
use crate::{
    App,
    frame::Frame,
    guard::By,
    problem::Problem,
    remark::{Done, back},
    security::csrf::PostedForm,
    shell::{Chrome, Place, screen},
    show::segment,
    views::{Cli, Empty, Moment, Press, State as Shown, Tone},
};

/// The probes.
#[derive(Debug, Template)]
#[template(path = "checks/probes.html")]
pub struct ProbesScreen {
    /// The frame.
    pub chrome: Chrome,
    /// The silent first.
    pub rows: Vec<ProbeRow>,
    /// What is said where there are none.
    pub none: Empty,
    /// How to add one.
    pub commands: Vec<Cli>,
}

/// One probe.
#[derive(Debug)]
pub struct ProbeRow {
    /// Where it stands.
    pub location: String,
    /// `reporting` or `silent`.
    pub state: Shown,
    /// Since when.
    pub since: Moment,
    /// When it was last heard, as far as is known.
    pub heard: Option<Moment>,
    /// Which version it has: `0.4.0`, `in this server`.
    pub version: String,
    /// By how much its clock differs, in words.
    pub clock: String,
    /// What its self-test says.
    pub uplink: Shown,
    /// How many checks it runs: `14 checks`.
    pub runs: String,
    /// These.
    pub runs_href: String,
    /// What its silence makes unknown, in words.
    pub missing: Option<String>,
    /// Takes it out of service.
    pub retire: Option<Press>,
}

/// What a version that is not this server's is told apart by.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Shows them.
pub async fn index(frame: Frame) -> Response {
    let mut probes: Vec<(&str, &Probe)> = frame.world.checks.probes().collect();
    probes.sort_by_key(|(_, probe)| !probe.silent);
    screen(&ProbesScreen {
        chrome: frame.chrome("Probes", Place::Checks),
        rows: probes.iter().map(|(location, probe)| row(&frame, location, probe)).collect(),
        none: Empty::new("No probe has reported. The server has one of its own, unless it was started without."),
        commands: vec![
            Cli::new("mainstay token create probe-LOCATION --scope probe"),
            Cli::new("mainstay probe --location LOCATION --server https://THIS-SERVER --token TOKEN"),
        ],
    })
}

/// Nothing but the session's token.
#[derive(Debug, Deserialize)]
pub struct Nothing {}

/// Takes one out of service: its location counts no more.
pub async fn retire(
    State(app): State<App>,
    by: By,
    Path(location): Path<String>,
    PostedForm(Nothing {}): PostedForm<Nothing>,
) -> Result<Response, Problem> {
    app.submit(by.request(Command::Checks(CheckCommand::RetireProbe { location }), None, None)?).await?;
    Ok(back("/probes", Done::Retired))
}

fn row(frame: &Frame, location: &str, probe: &Probe) -> ProbeRow {
    // What a probe says of itself is known of the present only.
    let (heard, about) = match frame.past() {
        Some(_) => (None, None),
        None => (frame.app.intake().probe_heard(location), frame.app.intake().probe_about(location)),
    };
    let about = about.as_ref();
    let runs = frame.world.checks.definitions(location).len();
    let query = serde_html_form::to_string([("location", location)]).unwrap_or_default();
    ProbeRow {
        location: location.to_owned(),
        state: if probe.silent { Shown::new(Tone::Bad, "silent") } else { Shown::new(Tone::Good, "reporting") },
        since: frame.elapsed(probe.since),
        heard: heard.or(probe.silent.then_some(probe.since)).map(|at: Timestamp| frame.ago(at)),
        version: version(about),
        clock: about.and_then(|about| about.skew_ms).map_or_else(|| "not told".to_owned(), clock),
        uplink: uplink(about),
        runs: if runs == 1 { "1 check".to_owned() } else { format!("{runs} checks") },
        runs_href: frame.href(format!("/checks?{query}")),
        missing: probe.silent.then(|| missing(frame, location)),
        retire: frame
            .may(access::Scope::Admin)
            .then(|| frame.press(format!("/probes/{}/retire", segment(location)), "Retire")),
    }
}

fn version(about: Option<&About>) -> String {
    match about {
        Some(About { inside: true, .. }) => "in this server".to_owned(),
        Some(About { version: Some(version), .. }) if version == VERSION => version.clone(),
        Some(About { version: Some(version), .. }) => format!("{version}; the server has {VERSION}"),
        Some(About { version: None, .. }) | None => "not told".to_owned(),
    }
}

/// `true within 2 s`, `4.2 s behind`. A probe stamps its runs by the server's clock, so that this harms no verdict.
fn clock(skew_ms: i64) -> String {
    let seconds = skew_ms.unsigned_abs() as f64 / 1_000.0;
    match skew_ms {
        -2_000..=2_000 => "true within 2 s".to_owned(),
        ..-2_000 => format!("{seconds:.1} s ahead, which is allowed for"),
        _ => format!("{seconds:.1} s behind, which is allowed for"),
    }
}

fn uplink(about: Option<&About>) -> Shown {
    match about.and_then(|about| about.uplink) {
        Some(Uplink::Works) => Shown::new(Tone::Good, "works"),
        Some(Uplink::Failed) => Shown::new(Tone::Warn, "failed lately"),
        None if about.is_some_and(|about| about.inside) => Shown::new(Tone::Quiet, "none needed"),
        // It tests itself only when a run fails.
        None if about.is_some_and(|about| about.version.is_some()) => Shown::new(Tone::Quiet, "no doubt so far"),
        None => Shown::new(Tone::Unknown, "not told"),
    }
}

/// `14 checks are not seen from here; 2 are unknown for that`.
fn missing(frame: &Frame, location: &str) -> String {
    let checks = &frame.world.checks;
    let theirs = || checks.watches().filter(|watch| !watch.paused && watch.definition.is_for(location));
    let unknown = theirs().filter(|watch| {
        watch.verdict == Verdict::Unknown && checks.panel(watch).verdict(watch.definition.agreement) == Verdict::Unknown
    });
    match (theirs().count(), unknown.count()) {
        (0, _) => "it ran nothing".to_owned(),
        (all, 0) => format!("{all} not seen from here; the other locations suffice for all verdicts"),
        (all, unknown) => format!("{all} not seen from here; {unknown} unknown, since too few locations report"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_differs_is_said_with_its_direction() {
        assert_eq!(clock(0), "true within 2 s");
        assert_eq!(clock(-2_000), "true within 2 s");
        assert_eq!(clock(4_200), "4.2 s behind, which is allowed for");
        assert_eq!(clock(-90_000), "90.0 s ahead, which is allowed for");
        assert_eq!(clock(i64::MIN), "9223372036854776.0 s ahead, which is allowed for");
    }
}
