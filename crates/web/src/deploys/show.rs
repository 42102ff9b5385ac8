//! `GET /deployments/{position}`: one deployment, what speaks for its having failed, and a person's word on it.

use askama::Template;
use axum::{
    extract::{Path, State as Shared},
    response::{IntoResponse, Redirect, Response},
};
use kernel::{EntityRef, EventId, Stamp};
use serde::Deserialize;
use world::{
    Command, World,
    measures::{Deployment, Evidence, Light, Unplanned},
};

use super::{list::state, measured::took};
use crate::{
    App,
    api::not_found,
    frame::Frame,
    guard::By,
    problem::Problem,
    security::csrf::PostedForm,
    shell::{Chrome, Place, screen},
    views::{Answer, Choice, Field, Form, Moment, State, Undo},
};

/// One deployment.
#[derive(Debug, Template)]
#[template(path = "deploys/show.html")]
pub struct DeploymentScreen {
    /// The frame.
    pub chrome: Chrome,
    /// `checkout v2.4.1`.
    pub title: String,
    /// How it stands.
    pub state: State,
    /// What, where, when, who.
    pub answers: Vec<Answer>,
    /// What speaks for its having failed: in words, its address, when.
    pub evidence: Vec<(String, String, Option<Moment>)>,
    /// Whether it counts at all.
    pub counts: String,
    /// A person's word on it.
    pub judge: Option<Form>,
    /// The commits that it brought: hash, who, when, how long it took.
    pub commits: Vec<(String, String, Moment, String)>,
    /// What can be done about it.
    pub undo: Undo,
    /// Its event.
    pub event: String,
}

/// A deployment as the timeline has it.
pub(crate) struct Recorded {
    pub(crate) stamp: Stamp,
    pub(crate) component: EntityRef,
    pub(crate) environment: String,
    pub(crate) event: deploys::Event,
}

/// The deployment at this position of the timeline.
///
/// # Errors
/// `NOT_FOUND` if there is none.
pub(crate) async fn at(app: &App, position: &str) -> Result<Recorded, Problem> {
    let none = || not_found("deployment", position);
    let before = position.parse::<u64>().ok().and_then(|position| position.checked_sub(1)).ok_or_else(none)?;
    let entries = app.blocking(move |engine| Ok(engine.store().read(before, 1)?)).await?;
    let entry = entries.into_iter().next().ok_or_else(none)?;
    match world::Event::from_body(&entry.kind, &entry.body) {
        Ok(world::Event::Deploys(event @ deploys::Event::DeploymentFinished { .. })) => {
            let (component, environment) = event.place();
            let (component, environment) = (component.clone(), environment.to_owned());
            Ok(Recorded { stamp: entry.stamp, component, environment, event })
        }
        Ok(_) | Err(_) => Err(none()),
    }
}

/// What is known of a deployment in the light of incidents; none if it isn't counted.
pub(crate) fn judged(world: &World, component: &EntityRef, environment: &str, event: EventId) -> Option<Deployment> {
    let record = world.deploys.record(component, environment, event)?;
    let services = Light::since(world, record.at).services(component, record.at);
    let here = services.into_iter().find(|service| service.environment == environment)?;
    here.deployments.into_iter().find(|one| one.record.event == event)
}

/// Shows a deployment.
///
/// # Errors
/// If there is none.
pub async fn show(frame: Frame, Path(position): Path<String>) -> Result<Response, Problem> {
    let Recorded { stamp, component, environment, event } = at(&frame.app, &position).await?;
    let at = event.took_effect(&stamp);
    let deploys::Event::DeploymentFinished { version, previous, url, commit, told, .. } = event else {
        return Err(not_found("deployment", &position));
    };
    let record = frame.world.deploys.record(&component, &environment, stamp.event);
    let judged = judged(&frame.world, &component, &environment, stamp.event);
    let mut ended = Answer::to("Ended").text(frame.ago(at).text().to_owned());
    if let Some(seconds) = told.ahead_s {
        ended = ended.note(format!("as it was recorded: its reporter's clock was {} ahead", took(seconds)));
    }
    let what = Answer::to("Version").text(version.clone());
    let what = match &previous {
        Some(previous) => what.note(format!("was {previous}")),
        None => what.note("the first that is known"),
    };
    let what = url.into_iter().fold(what, |what, url| what.link("its page", url));
    let built = match (&commit, &told.repository) {
        (Some(commit), Some(repository)) => {
            Answer::to("Commit").text(commit.chars().take(12).collect::<String>()).note(format!("of {repository}"))
        }
        (Some(commit), None) => Answer::to("Commit").text(commit.chars().take(12).collect::<String>()),
        (None, _) => Answer::to("Commit").gap("not told"),
    };
    let answers = vec![
        Answer::to("Component").entity(frame.entity(&component)).note(format!("to {environment}")),
        what,
        ended,
        Answer::to("Told by").who(frame.who(&stamp.actor)),
        built,
    ];
    let evidence = judged.iter().flat_map(|judged| &judged.evidence).map(|one| in_words(&frame, one)).collect();
    let commits = told.commits.iter().map(|commit| {
        let seconds = u64::try_from(at.duration_since(commit.at).as_secs()).unwrap_or(0);
        let sha: String = commit.sha.chars().take(12).collect();
        (sha, commit.author.clone().unwrap_or_default(), frame.ago(commit.at), took(seconds))
    });
    let may_judge = judged.is_some() && frame.may_write();
    Ok(screen(&DeploymentScreen {
        chrome: frame.chrome(format!("{} {version}", component.short()), Place::Services),
        title: format!("{} {version}", component.short()),
        state: record.map_or_else(
            || State::new(crate::views::Tone::Unknown, "no longer counted"),
            |record| state(record, judged.as_ref()),
        ),
        answers,
        evidence,
        counts: counts(judged.as_ref()),
        judge: may_judge.then(|| form(&frame, stamp.position, record.and_then(|record| record.judged))),
        commits: commits.collect(),
        undo: frame.undo(stamp.event),
        event: frame.href(format!("/timeline/{}", stamp.position)),
    }))
}

/// Whether and how a deployment counts, in a sentence.
fn counts(judged: Option<&Deployment>) -> String {
    let Some(judged) = judged else {
        return "It is not counted: it did not go live, its environment is not production, or it is too long ago."
            .to_owned();
    };
    let by = match (judged.record.judged, judged.evidence.is_empty()) {
        (Some(true), _) => "It counts as failed, because a person said so.",
        (Some(false), true) => "It counts as good, because a person said so.",
        (Some(false), false) => "It counts as good, because a person said so, although something speaks against it.",
        (None, true) => "It counts as good: nothing speaks against it.",
        (None, false) => "It counts as failed, because of what speaks against it. Say so if that is wrong.",
    };
    match judged.unplanned {
        Some(why) => format!("{by} It was unplanned: {}.", why_unplanned(&why)),
        None => by.to_owned(),
    }
}

pub(super) fn why_unplanned(why: &Unplanned) -> String {
    match why {
        Unplanned::Rollback => "it took another one back".to_owned(),
        Unplanned::Incident(number) => format!("made during incident {number}"),
    }
}

/// What turned bad, for people: an alert's name is a digest.
fn what_turned(check: &EntityRef) -> String {
    match check.kind() {
        "alert" => "an alert".to_owned(),
        kind if kind.starts_with("slo") => format!("the budget of {}", check.short()),
        kind => format!("{kind} {}", check.short()),
    }
}

/// Evidence in a few words.
pub(super) fn in_short(evidence: &Evidence) -> String {
    match evidence {
        Evidence::TurnedBad { check, .. } => format!("{} turned bad", what_turned(check)),
        Evidence::Guilty { incident } => format!("guilty of incident {incident}"),
        Evidence::TakenBack { .. } => "taken back".to_owned(),
        Evidence::Hotfixed { incident, .. } => format!("the next one was made during incident {incident}"),
    }
}

fn in_words(frame: &Frame, evidence: &Evidence) -> (String, String, Option<Moment>) {
    let incident = |number: &u64| frame.href(format!("/incidents/{number}"));
    match evidence {
        Evidence::TurnedBad { incident: number, check, since } => {
            let title = frame.world.incidents.by_number(*number).map(|incident| format!(", {}", incident.title));
            let what = what_turned(check);
            let words = format!("{what} turned bad soon after it: incident {number}{}", title.unwrap_or_default());
            (words, incident(number), Some(frame.ago(*since)))
        }
        Evidence::Guilty { incident: number } => {
            (format!("a person found it guilty of incident {number}"), incident(number), None)
        }
        Evidence::TakenBack { position, at } => {
            ("it was taken back".to_owned(), frame.href(format!("/deployments/{position}")), Some(frame.ago(*at)))
        }
        Evidence::Hotfixed { incident: number, position } => (
            format!("the next deployment was made during incident {number}, which began soon after it"),
            frame.href(format!("/deployments/{position}")),
            None,
        ),
    }
}

fn form(frame: &Frame, position: u64, judged: Option<bool>) -> Form {
    let now = word(judged);
    let choices = vec![
        Choice::new("yes", "Yes, it failed", now),
        Choice::new("no", "No, it was good", now),
        Choice::new("evidence", "As the evidence says", now),
    ];
    let fields = vec![
        Field::select("failed", "Did it fail?", choices),
        Field::line("reason", "Why", "").hint("Shown on the timeline."),
    ];
    frame.form(format!("/deployments/{position}/judge"), "Say so", fields)
}

fn word(judged: Option<bool>) -> &'static str {
    match judged {
        Some(true) => "yes",
        Some(false) => "no",
        None => "evidence",
    }
}

/// A person's word.
#[derive(Debug, Deserialize)]
pub struct Said {
    failed: Word,
    #[serde(default)]
    reason: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Yes,
    No,
    Evidence,
}

/// `POST /deployments/{position}/judge`: confirms or corrects whether it failed.
///
/// # Errors
/// If there is no such deployment, or it never went live.
pub async fn judge(
    Shared(app): Shared<App>,
    by: By,
    Path(position): Path<String>,
    PostedForm(said): PostedForm<Said>,
) -> Result<Response, Problem> {
    let Recorded { stamp, component, environment, .. } = at(&app, &position).await?;
    let failed = match said.failed {
        Word::Yes => Some(true),
        Word::No => Some(false),
        Word::Evidence => None,
    };
    let command = deploys::Command::Judge { component, environment, of: stamp.event, failed };
    let reason = Some(said.reason.trim()).filter(|reason| !reason.is_empty());
    app.submit(by.request(Command::Deploys(command), reason, None)?).await?;
    Ok(Redirect::to(&format!("/deployments/{}", stamp.position)).into_response())
}
