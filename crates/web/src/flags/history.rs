//! `GET /flags/{namespace}/{name}/history`: what each definition of a flag changed.

use ::flags::{Flag, difference};
use askama::Template;
use axum::{extract::Path, response::Response};

use crate::{
    api::not_found,
    frame::Frame,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show::{address, named},
    views::{Empty, Link, Moment, Undo, Who, writes_html},
};

/// The definitions that a flag had.
#[derive(Debug, Template)]
#[template(path = "flags/history.html")]
pub struct HistoryScreen {
    /// The frame.
    pub chrome: Chrome,
    /// The flag.
    pub flag: Link,
    /// The definitions, the latest first.
    pub versions: Vec<Version>,
    /// What is said where there are none.
    pub none: Empty,
    /// Everything that happened to it, also before.
    pub timeline: String,
}

/// What a definition changed.
#[derive(Debug, Template)]
#[template(path = "flags/version.html")]
pub struct Version {
    /// When.
    pub at: Moment,
    /// Who.
    pub who: Who,
    /// What was different from the one before, in words.
    pub differences: Vec<String>,
    /// What can be done about it.
    pub undo: Undo,
}

writes_html!(Version);

/// Shows the definitions that a flag had.
pub async fn show(frame: Frame, Path((namespace, name)): Path<(String, String)>) -> Result<Response, Problem> {
    let reference = named("flag", &namespace, &name)?;
    let flag = frame.world.flags.flag(&reference).ok_or_else(|| not_found("flag", reference.short()))?;
    Ok(screen(&HistoryScreen {
        chrome: frame.chrome(format!("History of {}", reference.short()), Place::Flags),
        flag: Link::new(reference.short(), frame.href(address(&reference))),
        versions: versions(&frame, flag),
        none: Empty::new("It has no definition that is remembered."),
        timeline: frame.href(format!("/timeline?about={reference}")),
    }))
}

/// Differences that are told of one definition.
const LINES_MAX: usize = 40;

/// What each of its last definitions changed, the latest first.
pub(super) fn versions(frame: &Frame, flag: &Flag) -> Vec<Version> {
    let before = std::iter::once(None).chain(flag.history.iter().map(|past| Some(past.definition.as_ref())));
    let is_first = |at: usize| at == 0 && flag.history.first().is_some_and(|past| past.at == flag.created);
    let versions = flag.history.iter().zip(before).enumerate().map(|(at, (past, before))| Version {
        at: frame.ago(past.at),
        who: frame.who(&past.by),
        differences: match before {
            None if !is_first(at) => vec!["What it changed is on the timeline.".to_owned()],
            before => difference(before, &past.definition).into_iter().take(LINES_MAX).collect(),
        },
        undo: frame.undo(past.event),
    });
    let mut versions: Vec<Version> = versions.collect();
    versions.reverse();
    versions
}
