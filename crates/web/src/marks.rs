//! What happened while what a plot shows went on: lines in it, with numbers that a list below explains.
//!
//! `templates/marks.html` draws both.

use jiff::Timestamp;

use crate::{frame::Frame, views::Moment};

/// What a number takes of the width, in percent.
const NUMBER_WIDTH: f64 = 3.0;

/// Something that happened meanwhile.
#[derive(Debug)]
pub struct Mark {
    /// Where, in percent of the width.
    pub x: f64,
    /// When.
    pub at: Moment,
    /// What.
    pub text: String,
    /// Its own screen.
    pub href: String,
    /// Whether something broke.
    pub is_incident: bool,
    /// Whether there is room for its number beside the one before.
    pub is_numbered: bool,
}

/// The same, without a place.
#[derive(Debug)]
pub(crate) struct Happened {
    at: Timestamp,
    text: String,
    href: String,
    is_incident: bool,
}

impl Happened {
    /// A change, in these words.
    pub(crate) fn change(frame: &Frame, entry: &world::Entry, text: String) -> Self {
        let href = frame.href(format!("/timeline/{}", entry.recorded.stamp.position));
        Self { at: entry.change.at, text, href, is_incident: false }
    }

    /// An incident, from its first failure.
    pub(crate) fn incident(frame: &Frame, incident: &incidents::Incident) -> Self {
        let number = incident.number();
        let text = format!("incident {number}: {}", incident.title);
        Self { at: incident.since, text, href: frame.href(format!("/incidents/{number}")), is_incident: true }
    }
}

/// At most so many of what happened, the newest, from the left. `place` says where a moment is, in percent of the width.
pub(crate) fn marks(
    frame: &Frame,
    happened: impl Iterator<Item = Happened>,
    most: usize,
    place: impl Fn(Timestamp) -> f64,
) -> Vec<Mark> {
    let mut all: Vec<Happened> = happened.collect();
    all.sort_by_key(|happened| happened.at);
    let newest = all.split_off(all.len().saturating_sub(most));
    let mut numbered: Option<f64> = None;
    let mark = |Happened { at, text, href, is_incident }| {
        let x = place(at);
        let is_numbered = numbered.is_none_or(|before| x - before >= NUMBER_WIDTH);
        numbered = if is_numbered { Some(x) } else { numbered };
        Mark { x, at: frame.ago(at), text, href, is_incident, is_numbered }
    };
    newest.into_iter().map(mark).collect()
}
