//! Shifts as a calendar that a phone subscribes to (RFC 5545, published by RFC 5546's `METHOD:PUBLISH`).
//!
//! Written by hand: of the format it takes nine properties, escaping and folding. The `icalendar` crate brings a second
//! library of time (chrono, with the machine's clock and zone) and a source of random numbers, and makes up what is
//! left out from both; an area has neither. The tests read what is written here with that crate's parser.

use jiff::Timestamp;
use kernel::{EntityRef, Sha256};
use serde::{Deserialize, Serialize};

use crate::{
    State,
    duty::duties,
    ics::{begin, escaped, line, utc},
    schedule::{LONGEST_VIEW, SPANS, Span},
};

/// Whose shifts a calendar has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feed {
    /// One person's, in all teams.
    Person(EntityRef),
    /// All of a team's.
    Team(EntityRef),
    /// Those in which this rotation holds, after layers.
    Rotation(EntityRef),
}

/// The shifts from `from` to `to` as an iCalendar document, made at `now`. None is cut off at the ends, so that each has
/// the same `UID` whenever it is asked for. At most 2,000, and 800 days.
#[must_use]
pub fn ical(state: &State, feed: &Feed, from: Timestamp, to: Timestamp, now: Timestamp) -> String {
    let to = to.min(from.saturating_add(LONGEST_VIEW).unwrap_or(Timestamp::MAX));
    let (Feed::Person(whose) | Feed::Team(whose) | Feed::Rotation(whose)) = feed;
    let mut calendar = begin("On call", &format!("On call: {}", whose.short()));
    for shift in shifts(state, feed, from, to) {
        shift.write(&mut calendar, feed, now);
    }
    line(&mut calendar, "END:VCALENDAR");
    calendar
}

/// A span, and whose duty it is of.
struct Event<'a> {
    span: Span,
    duty: &'a str,
    team: &'a EntityRef,
}

fn shifts<'a>(state: &'a State, feed: &'a Feed, from: Timestamp, to: Timestamp) -> Vec<Event<'a>> {
    let teams: Vec<&EntityRef> = match feed {
        Feed::Person(_) => state.teams().collect(),
        Feed::Team(team) => vec![team],
        Feed::Rotation(rotation) => state.roster(rotation).map(|roster| &roster.rotation.team).into_iter().collect(),
    };
    let mut shifts = Vec::new();
    for team in teams {
        for duty in duties(state, team) {
            let concerned = match feed {
                Feed::Person(person) => duty.people().any(|other| other == person),
                Feed::Team(_) => true,
                Feed::Rotation(rotation) => duty.rosters.iter().any(|roster| roster.rotation.rotation == *rotation),
            };
            if !concerned {
                continue;
            }
            let wanted = |span: &Span| match feed {
                Feed::Person(person) => span.person == *person,
                Feed::Team(_) => true,
                Feed::Rotation(rotation) => span.rotation == *rotation,
            };
            let spans = duty.spans(from, to).into_iter().filter(wanted);
            shifts.extend(spans.map(|span| Event { span, duty: duty.name, team }));
        }
    }
    shifts.sort_by(|one, other| (one.span.from, &one.span.rotation).cmp(&(other.span.from, &other.span.rotation)));
    shifts.truncate(SPANS);
    shifts
}

impl Event<'_> {
    fn write(&self, calendar: &mut String, feed: &Feed, now: Timestamp) {
        let Span { from, to, person, rotation, instead_of, put_in: _ } = &self.span;
        let starts = utc(*from);
        let parts = [rotation.as_str(), person.as_str(), &starts];
        let uid = Sha256::of(parts.join("\n").as_bytes());
        let summary = match feed {
            Feed::Person(_) => format!("On call: {} ({})", self.duty, self.team.short()),
            Feed::Team(_) | Feed::Rotation(_) => format!("{} on call: {}", person.short(), self.duty),
        };
        let mut description =
            format!("{} is on call for {} by {}", person.short(), self.team.short(), rotation.short());
        if let Some(other) = instead_of {
            description.push_str(", instead of ");
            description.push_str(other.short());
        }
        line(calendar, "BEGIN:VEVENT");
        line(calendar, &format!("UID:{uid}@mainstay"));
        line(calendar, &format!("DTSTAMP:{}", utc(now)));
        line(calendar, &format!("DTSTART:{starts}"));
        line(calendar, &format!("DTEND:{}", utc(*to)));
        line(calendar, &format!("SUMMARY:{}", escaped(&summary)));
        line(calendar, &format!("DESCRIPTION:{}", escaped(&description)));
        // Being on call doesn't make somebody busy for meetings.
        line(calendar, "TRANSP:TRANSPARENT");
        line(calendar, "END:VEVENT");
    }
}
