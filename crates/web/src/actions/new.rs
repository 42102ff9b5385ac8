//! `GET /actions/new` and `POST /actions`: promises something. What is known already, such as a finding, is filled in.

use ::actions::{DoneWhen, Knowledge as _, SPRINTS, Source};
use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse as _, Redirect, Response},
};
use jiff::SignedDuration;
use kernel::{Refusal, codes};
use serde::Deserialize;
use world::Event;

use super::{
    show::PEOPLE_MAX,
    wish::{self, Wished},
};
use crate::{
    App,
    api::reference,
    frame::Frame,
    guard::By,
    problem::Problem,
    security::csrf::PostedForm,
    shell::{Chrome, Place, screen},
    views::{Callout, Choice, Entry, Field, Form, State as Shown, Tone},
};

/// Asks what is promised.
#[derive(Debug, Template)]
#[template(path = "actions/new.html")]
pub struct PromiseScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Why the last try was refused.
    pub trouble: Option<Callout>,
    /// When it escalates, and by what that is counted.
    pub clock: String,
    /// What, why, about what, who, until when, done when.
    pub form: Form,
}

/// What was filled in, or is known already.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Filled {
    what: String,
    why: String,
    subject: String,
    owner: String,
    team: String,
    deadline: String,
    /// The word of the condition.
    done: String,
    /// What the condition is about.
    which: String,
    /// The other side of it, or the page.
    other: String,
    /// The finding's key.
    finding: String,
    /// The incident of whose post-mortem it is.
    incident: String,
    /// The retrospective that it comes from.
    retrospective: String,
}

/// The conditions: their words, and what they are called.
const CONDITIONS: [(&str, &str); 9] = [
    ("word", "I say so, with a link"),
    ("check_up", "a check exists and is green"),
    ("check_exists", "a check exists"),
    ("flag_gone", "a flag is removed"),
    ("alert_fires", "an alert about it fires"),
    ("depends_on", "a dependency is declared"),
    ("document_changed", "a document is changed"),
    ("contract_verified", "a contract is verified"),
    ("owned", "it has an owner"),
];

/// Asks what is promised.
pub async fn ask(frame: Frame, Query(known): Query<Filled>) -> Response {
    screen(&asking(&frame, &known, None))
}

fn asking(frame: &Frame, filled: &Filled, refusal: Option<&Refusal>) -> PromiseScreen {
    let at = |refusal: &Refusal| {
        let field = refusal.field.as_deref().unwrap_or_default().trim_start_matches('/').to_owned();
        // What stands in one object of the API is several fields here.
        match field.split('/').next().unwrap_or_default() {
            "done_when" => "which".to_owned(),
            other => other.to_owned(),
        }
    };
    let wrong = |field: Field| match refusal.filter(|refusal| at(refusal) == field.name) {
        Some(refusal) => field.error(refusal.detail.clone()),
        None => field,
    };
    let own = frame.person().map(|person| person.as_str().to_owned()).unwrap_or_default();
    let owner = if filled.owner.is_empty() { own } else { filled.owner.clone() };
    let users = frame.world.catalog.of_kind("user").take(PEOPLE_MAX);
    let mut people: Vec<Choice> =
        users.map(|user| Choice::new(user.reference().as_str(), crate::show::name(user), &owner)).collect();
    people.sort_by_key(|choice| choice.label.to_lowercase());
    if !people.iter().any(|choice| choice.chosen) {
        people.insert(0, Choice::new(owner.clone(), if owner.is_empty() { "Choose a person" } else { &owner }, &owner));
    }
    let (deadline, clock) = suggested(frame, filled);
    let day = |value: String| Entry::Line { kind: "date", value };
    let conditions = CONDITIONS.map(|(word, label)| Choice::new(word, label, &filled.done)).to_vec();
    let fields = vec![
        wrong(
            Field::line("what", "What", &filled.what).required().hint("One line, as somebody else would check it off."),
        ),
        wrong(Field::select("owner", "Who does it", people).required().hint("One person.")),
        wrong(Field::new("deadline", "Until", day(deadline)).required()),
        wrong(
            Field::line("subject", "About", &filled.subject)
                .required()
                .hint("A component by its name, or anything as kind:name, such as flag:new-checkout."),
        ),
        wrong(Field::select("done", "Done when", conditions).hint("What Mainstay sees by itself, nobody has to say.")),
        wrong(
            Field::line("which", "Of what", &filled.which)
                .hint("The check, flag, entity or consumer of the condition; nothing if you say so yourself."),
        ),
        wrong(
            Field::line("other", "And what", &filled.other)
                .hint("What it is to depend on, the provider, or the page of the docs."),
        ),
        wrong(Field::new("why", "Why", Entry::Lines { value: filled.why.clone() })),
        wrong(
            Field::line("team", "Team", &filled.team)
                .hint("Whose calendar counts. Left empty: the owner’s, which answers for the subject."),
        ),
    ];
    let hidden: Vec<(String, String)> =
        [("finding", &filled.finding), ("incident", &filled.incident), ("retrospective", &filled.retrospective)]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .collect();
    PromiseScreen {
        chrome: frame.chrome("Promise something", Place::Actions),
        trouble: refusal.map(|refusal| Callout {
            state: Shown::new(Tone::Bad, "Not promised"),
            text: refusal.to_string(),
            link: None,
        }),
        clock,
        form: Form { main: true, hidden, ..frame.form("/actions", "Promise", fields) },
    }
}

/// The deadline that is offered, the end of the sprint or two weeks, and when the promise would escalate.
fn suggested(frame: &Frame, filled: &Filled) -> (String, String) {
    let team = reference("team", &filled.team, "group").ok().or_else(|| frame.own_teams().into_iter().next());
    let calendar = team.as_ref().and_then(|team| frame.world.calendar(team));
    let clock = ::actions::clock(calendar, frame.now);
    let escalates = clock.escalates.strftime("%-d %b %Y");
    let words = match (&clock.cycle, &team) {
        (Some(cycle), _) => {
            format!(
                "What isn’t done after {SPRINTS} whole sprints escalates to the owner’s lead: by {}, on {escalates}.",
                cycle.short()
            )
        }
        (None, Some(team)) => format!(
            "What isn’t done in four weeks escalates to the owner’s lead, on {escalates}: {} has no calendar of sprints.",
            frame.catalog_person(team).name
        ),
        (None, None) => "What isn’t done after two whole sprints of the team, or four weeks where it has no calendar, \
                         escalates to the owner’s lead."
            .to_owned(),
    };
    if !filled.deadline.is_empty() {
        return (filled.deadline.clone(), words);
    }
    let sprint = calendar.and_then(|calendar| calendar.next(frame.now)).map(|turn| turn.to);
    let weeks = frame.now.checked_add(SignedDuration::from_hours(14 * 24)).unwrap_or(frame.now);
    (sprint.unwrap_or(weeks).strftime("%F").to_string(), words)
}

fn wished(filled: &Filled) -> Result<Wished, Refusal> {
    let Filled { what, why, subject, owner, team, deadline, finding, incident, retrospective, .. } = filled.clone();
    let number = |field: &str, text: &str| {
        text.parse().map_err(|_| Refusal::new(&codes::INVALID, format!("\"{field}\" is no number")).field(field))
    };
    let source = match (finding.as_str(), incident.as_str(), retrospective.as_str()) {
        ("", "", "") => Source::ByHand,
        ("", "", text) => Source::Retrospective { retrospective: number("retrospective", text)? },
        ("", text, _) => Source::PostMortem { incident: number("incident", text)? },
        _ => Source::Finding { key: finding },
    };
    Ok(Wished { what, why, subject, owner, team, deadline, done_when: condition(filled)?, source })
}

fn condition(filled: &Filled) -> Result<DoneWhen, Refusal> {
    let of = |kind: &str| {
        // What it is about is what the condition is about, unless it says otherwise.
        let which = if filled.which.trim().is_empty() { &filled.subject } else { &filled.which };
        reference("which", which.trim(), kind)
    };
    let other = |kind: &str| reference("other", filled.other.trim(), kind);
    let path = filled.other.trim();
    Ok(match filled.done.as_str() {
        "" | "word" => DoneWhen::Word,
        "check_up" => DoneWhen::CheckUp { check: of("check")? },
        "check_exists" => DoneWhen::CheckExists { check: of("check")? },
        "flag_gone" => DoneWhen::FlagGone { flag: of("flag")? },
        "alert_fires" => DoneWhen::AlertFires { entity: of("component")? },
        "depends_on" => DoneWhen::DependsOn { from: of("component")?, to: other("component")? },
        "document_changed" => DoneWhen::DocumentChanged {
            entity: of("component")?,
            path: (!path.is_empty()).then(|| path.to_owned()),
            was: None,
            had: None,
        },
        "contract_verified" => DoneWhen::ContractVerified { consumer: of("component")?, provider: other("component")? },
        "owned" => DoneWhen::Owned { entity: of("component")? },
        unknown => {
            let shown: String = unknown.chars().take(40).collect();
            return Err(Refusal::new(&codes::INVALID, format!("\"{shown}\" is no condition")).field("done"));
        }
    })
}

/// Promises it and goes to its screen; what is refused is shown with what was filled in.
///
/// # Errors
/// If it is refused for another reason than its values.
pub async fn make(
    State(app): State<App>,
    frame: Frame,
    by: By,
    PostedForm(filled): PostedForm<Filled>,
) -> Result<Response, Problem> {
    let command = wished(&filled).and_then(|wished| wish::promise(&by.0, wished));
    let receipt = match command {
        Ok(command) => app.submit(by.request(command, None, None)?).await,
        Err(refusal) => Err(refusal),
    };
    match receipt {
        Ok(receipt) => {
            let number = receipt.recorded.iter().find_map(|recorded| {
                if let Event::Actions(event) = recorded.event.as_ref() { event.number() } else { None }
            });
            let number = number.ok_or_else(|| Refusal::new(&codes::INTERNAL, "nothing was promised"))?;
            Ok(Redirect::to(&format!("/actions/{number}")).into_response())
        }
        Err(refusal) if refusal.field.is_some() => {
            let status = Problem::status_of(&refusal);
            Ok((status, screen(&asking(&frame, &filled, Some(&refusal)))).into_response())
        }
        Err(refusal) => Err(refusal.into()),
    }
}
