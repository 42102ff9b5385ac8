//! `POST /checks/{namespace}/{name}/run` and `GET …/runs/{id}`: a check is run now, and what its locations answer.
//!
//! The screen shows each location from the start, and fills in what comes. Without a script it is asked for again by hand.

use askama::Template;
use axum::{
    extract::{Path, State as Extracted},
    response::{IntoResponse, Redirect, Response},
};
use kernel::{EntityRef, codes};
use serde::Deserialize;

use super::runs::{self, Run};
use crate::{
    App,
    api::{
        not_found,
        runs::{AnswerView, HopView},
    },
    frame::Frame,
    guard::By,
    problem::Problem,
    security::csrf::PostedForm,
    shell::{Chrome, Place, screen},
    show::{address, named, segment, verdict},
    views::{Cli, Link, Moment, Press, State, Tone},
};

/// A run that was asked for.
#[derive(Debug, Template)]
#[template(path = "checks/run.html")]
pub struct RunScreen {
    /// The frame.
    pub chrome: Chrome,
    /// What is above it.
    pub crumbs: Vec<Link>,
    /// How far it is, and what came of it.
    pub state: State,
    /// `2 of 3 locations have answered`.
    pub words: String,
    /// Who asked, and when.
    pub asked: (String, Moment),
    /// What is judged of the check now.
    pub verdict: State,
    /// True while locations are waited for.
    pub running: bool,
    /// How many have answered, and how many were asked.
    pub progress: (usize, usize),
    /// What each location saw; those that failed first.
    pub answers: Vec<Seen>,
    /// Runs it again.
    pub again: Option<Press>,
    /// The same from a terminal.
    pub command: Cli,
}

/// What was seen in one run.
#[derive(Debug, Template)]
#[template(path = "checks/seen.html")]
pub struct Seen {
    /// How it went.
    pub state: State,
    /// Where.
    pub location: String,
    /// How long it took: `214 ms`.
    pub latency: Option<String>,
    /// How long each phase took.
    pub phases: String,
    /// What was wrong.
    pub error: Option<String>,
    /// What was asked last, and the status that it was answered with.
    pub asked: Option<String>,
    /// The beginning of the answer, where something was wrong.
    pub body: Option<String>,
    /// Every exchange, where there were several.
    pub hops: Vec<String>,
}

crate::views::writes_html!(Seen);

impl Seen {
    pub(super) fn of(answer: &AnswerView) -> Self {
        let state = match answer.outcome.as_str() {
            "passed" => State::new(Tone::Good, "passed"),
            "slow" => State::new(Tone::Warn, "slow"),
            "failed" => State::new(Tone::Bad, "failed"),
            "unable" => State::new(Tone::Unknown, "can't be run"),
            "no answer" => State::new(Tone::Unknown, "no answer"),
            _ => State::new(Tone::Quiet, "waiting"),
        };
        let phases: Vec<String> =
            answer.phases.iter().map(|phase| format!("{} {} ms", phase.phase, in_ms(phase.ms))).collect();
        let asked = answer.url.as_ref().map(|url| match answer.status {
            Some(status) => format!("{url} answered {status}"),
            None => url.clone(),
        });
        Self {
            state,
            location: answer.location.clone(),
            latency: answer.latency_ms.map(|ms| format!("{ms} ms")),
            phases: phases.join(", "),
            error: answer.error.clone(),
            asked: asked.filter(|_| answer.error.is_some()),
            body: answer.body.clone().filter(|body| !body.trim().is_empty()),
            hops: if answer.hops.len() > 1 { answer.hops.iter().map(hop).collect() } else { Vec::new() },
        }
    }
}

/// A tenth counts where the whole is short.
fn in_ms(ms: f64) -> String {
    if ms < 10.0 { format!("{ms:.1}") } else { format!("{ms:.0}") }
}

fn hop(hop: &HopView) -> String {
    let step = hop.step.as_ref().map(|step| format!("{step}: ")).unwrap_or_default();
    let status = hop.status.map(|status| format!(" {status}")).unwrap_or_default();
    format!("{step}{}{status}, {} ms", hop.request, in_ms(hop.ms))
}

/// Nothing is asked for with it but the form's token.
#[derive(Debug, Deserialize)]
pub struct Nothing {}

/// Runs it now. Where that is being done already, that run is shown.
pub async fn start(
    Extracted(app): Extracted<App>,
    By(grant): By,
    Path((namespace, name)): Path<(String, String)>,
    PostedForm(Nothing {}): PostedForm<Nothing>,
) -> Result<Response, Problem> {
    let check = named("check", &namespace, &name)?;
    let run = match runs::start(&app, &check, &[], (grant.actor, None)) {
        Ok(run) => run,
        Err(refusal) => {
            let last = app.runs().last(&check).filter(|_| refusal.code == &codes::RATE_LIMITED);
            last.ok_or(refusal)?
        }
    };
    Ok(Redirect::to(&address_of(&check, &run.id)).into_response())
}

/// The screen of a run.
pub(super) fn address_of(check: &EntityRef, id: &str) -> String {
    format!("{}/runs/{}", address(check), segment(id))
}

/// Shows what has come in.
pub async fn show(
    frame: Frame,
    Path((namespace, name, id)): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    let check = named("check", &namespace, &name)?;
    let run = frame.app.runs().get(&check, &id).ok_or_else(|| not_found("run", &id))?;
    let over = run.is_over(frame.now);
    let mut answers: Vec<AnswerView> = run
        .locations
        .iter()
        .map(|(location, result)| AnswerView::of_location(location, result.as_deref(), over))
        .collect();
    answers.sort_by_key(|answer| rank(&answer.outcome));
    let judged = runs::judged(&frame.world, &check);
    let again = frame.press(format!("{}/run", address(&check)), "Run again");
    let by = frame.who(&run.by);
    Ok(screen(&RunScreen {
        chrome: frame.chrome(format!("Run of {}", check.short()), Place::Checks),
        crumbs: vec![Link::new("Checks", "/checks"), Link::new(check.short(), frame.href(address(&check)))],
        state: outcome(&answers, over),
        words: words(&run, &answers, over),
        asked: (by.name, frame.ago(run.asked)),
        verdict: verdict(judged),
        running: !over,
        progress: (run.answers(), run.locations.len()),
        answers: answers.iter().map(Seen::of).collect(),
        again: (over && frame.may_write()).then_some(again),
        command: Cli::new(format!("mainstay check run {}", check.short())),
    }))
}

/// The worst first, what has not come last.
fn rank(outcome: &str) -> u8 {
    match outcome {
        "failed" => 0,
        "slow" => 1,
        "unable" => 2,
        "no answer" => 3,
        "passed" => 4,
        _ => 5,
    }
}

fn outcome(answers: &[AnswerView], over: bool) -> State {
    let any = |outcome: &str| answers.iter().any(|answer| answer.outcome == outcome);
    match (any("failed"), over) {
        (true, _) => State::new(Tone::Bad, "failed"),
        (false, false) => State::new(Tone::Quiet, "running"),
        (false, true) if any("no answer") || any("unable") => State::new(Tone::Unknown, "incomplete"),
        (false, true) if any("slow") => State::new(Tone::Warn, "slow"),
        (false, true) => State::new(Tone::Good, "passed"),
    }
}

fn words(run: &Run, answers: &[AnswerView], over: bool) -> String {
    let (come, all) = (run.answers(), run.locations.len());
    let locations = if all == 1 { "location" } else { "locations" };
    let count = |outcome: &str| answers.iter().filter(|answer| answer.outcome == outcome).count();
    if !over {
        return format!("{come} of {all} {locations} answered so far.");
    }
    let counted = ["passed", "slow", "failed", "unable", "no answer"].map(|outcome| (count(outcome), outcome));
    let said: Vec<String> =
        counted.iter().filter(|(count, _)| *count > 0).map(|(count, outcome)| format!("{count} {outcome}")).collect();
    format!("{all} {locations}: {}.", said.join(", "))
}
