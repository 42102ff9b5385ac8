//! `GET /flags/{key}`: one flag: where it is on, who reads it, what was done to it.

use askama::Template;
use axum::{extract::Path, response::Response};
use flags::{Flag, Origin};

use super::{PRODUCTION, switched};
use crate::{
    api::not_found,
    frame::Frame,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show::{address, health, named},
    views::{Answer, Callout, Change, Cli, Empty, Field, Form, Link, Moment, Row, State, Tone},
};

/// One flag.
#[derive(Debug, Template)]
#[template(path = "flags/show.html")]
pub struct FlagScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Its key.
    pub key: String,
    /// What it is for.
    pub description: Option<String>,
    /// `boolean`, `archived`.
    pub tags: Vec<String>,
    /// Owner, age, what it does by default.
    pub answers: Vec<Answer>,
    /// Where it is on, and the switch.
    pub environments: Vec<FlagEnvironment>,
    /// The components that read it.
    pub readers: Vec<Row>,
    /// What is said where none does.
    pub no_readers: Empty,
    /// What was done to it, the latest first.
    pub changes: Vec<Change>,
    /// What is said where nothing was.
    pub no_changes: Empty,
    /// The same from a terminal.
    pub commands: Vec<Cli>,
}

/// A flag in one environment.
#[derive(Debug)]
pub struct FlagEnvironment {
    /// Which.
    pub name: String,
    /// On or off.
    pub state: State,
    /// Since when and by whom.
    pub note: String,
    /// Asks for the reason, and switches; none where the reader may not.
    pub switch: Option<Form>,
}

/// Shows a flag.
pub async fn show(frame: Frame, Path((namespace, name)): Path<(String, String)>) -> Result<Response, Problem> {
    let reference = named("flag", &namespace, &name)?;
    let flag = frame.world.flags.flag(&reference).ok_or_else(|| not_found("flag", reference.short()))?;
    Ok(screen(&of(&frame, flag)))
}

/// Changes of one flag that its screen shows.
const CHANGES_MAX: usize = 20;

fn of(frame: &Frame, flag: &Flag) -> FlagScreen {
    let definition = &flag.definition;
    let key = definition.flag.short().to_owned();
    let changes = frame.world.journal.about(&definition.flag).take(CHANGES_MAX);
    let changes: Vec<Change> = changes.map(|entry| frame.change(entry, Some(&definition.flag))).collect();
    let readers = flag.users().map(|user| {
        let entity = frame.entity(user);
        let row = Row::new(entity.name, entity.href.unwrap_or_else(|| frame.href(address(user))));
        let note = if flag.seen_from.contains(user) { "seen evaluating it" } else { "declared" };
        match health(&frame.world, user) {
            Some(health) => row.state(health.state()).note(note),
            None => row.note(note),
        }
    });
    let mut chrome = frame.chrome(&key, Place::Flags);
    chrome.remarks.extend(drift(frame, flag));
    FlagScreen {
        chrome,
        description: Some(definition.description.clone()).filter(|text| !text.is_empty()),
        tags: match definition.origin {
            Origin::Declared => vec!["boolean".to_owned(), "declared in a file".to_owned()],
            Origin::ByHand => vec!["boolean".to_owned(), "made by hand".to_owned()],
        },
        answers: answers(frame, flag),
        environments: switches(frame, flag),
        readers: readers.collect(),
        no_readers: Empty::new("No component has asked for this flag yet, and none is declared to."),
        changes,
        no_changes: Empty::new("It has not been turned yet."),
        commands: vec![
            Cli::new(format!("mainstay flag on {key} --environment {PRODUCTION} --reason 'why'")),
            Cli::new(format!("mainstay flag off {key} --environment {PRODUCTION} --reason 'why'")),
        ],
        key,
    }
}

fn answers(frame: &Frame, flag: &Flag) -> Vec<Answer> {
    let definition = &flag.definition;
    let owner = match &definition.owner {
        Some(owner) => Answer::to("Owner").entity(frame.entity(owner)),
        None => Answer::to("Owner").gap("No owner").note("Nobody will remove it when it is no longer needed"),
    };
    let last = flag.switches.iter().max_by_key(|(_, switch)| switch.since);
    let turned = match last {
        Some((environment, switch)) => {
            let who = frame.who(&switch.by).name;
            Answer::to("Last set")
                .text(Moment::ago(switch.since, frame.now).text())
                .note(format!("{} in {environment}, by {who}", if switch.on { "on" } else { "off" }))
        }
        None => Answer::to("Last set").text("never"),
    };
    let expires = Answer::to("To be gone by");
    let expires = match definition.expires.as_deref().map(|text| (text, text.parse::<jiff::civil::Date>())) {
        Some((text, Ok(date))) if date < frame.now.to_zoned(jiff::tz::TimeZone::UTC).date() => {
            expires.gap(text).note("That has passed: remove it from the code, then here")
        }
        Some((text, _)) => expires.text(text),
        None => expires.text("no date").note("A flag that stays for ever is a setting"),
    };
    vec![owner, turned, expires, Answer::to("Where nothing is set").text("off")]
}

/// That a switch is not as the file says.
fn drift(frame: &Frame, flag: &Flag) -> Option<Callout> {
    let environments: Vec<&str> = flag.drift().map(|(name, _)| name.as_str()).collect();
    let declared = flag.definition.origin == Origin::Declared && !flag.definition.environments.is_empty();
    (declared && !environments.is_empty()).then(|| Callout {
        state: State::new(Tone::Warn, "Not as declared"),
        text: format!("Its file says otherwise about {}.", environments.join(", ")),
        link: Some(Link::new(
            "Everything that happened to it",
            frame.href(format!("/timeline?about={}", flag.definition.flag)),
        )),
    })
}

fn switches(frame: &Frame, flag: &Flag) -> Vec<FlagEnvironment> {
    let switch = |environment: &str, on: bool| {
        let turn = if on { ("off", "Turn off") } else { ("on", "Turn on") };
        let hidden = vec![("environment".to_owned(), environment.to_owned()), ("to".to_owned(), turn.0.to_owned())];
        let reason = Field::line("reason", "Reason", "").id(format!("reason-{environment}"));
        let form = frame.form(address(&flag.definition.flag), turn.1, vec![reason]);
        frame.may_write().then_some(Form { hidden, ..form })
    };
    let known = flag.switches.iter().map(|(name, position)| FlagEnvironment {
        name: name.clone(),
        state: switched(position.on),
        note: format!("set {} by {}", Moment::ago(position.since, frame.now).text(), frame.who(&position.by).name),
        switch: switch(name, position.on),
    });
    let production = (!flag.switches.contains_key(PRODUCTION)).then(|| FlagEnvironment {
        name: PRODUCTION.to_owned(),
        state: switched(false),
        note: "never set".to_owned(),
        switch: switch(PRODUCTION, false),
    });
    production.into_iter().chain(known).collect()
}
