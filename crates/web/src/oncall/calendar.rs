//! Four weeks of one team as days: who holds each, and where nobody does.

use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};
use kernel::EntityRef;

use crate::{frame::Frame, views::Who};

/// Weeks that are shown at once.
pub(crate) const WEEKS: i64 = 4;

/// One week, from Monday on.
#[derive(Debug)]
pub struct Week {
    /// Its seven days.
    pub days: Vec<Day>,
}

/// One day in the team's zone.
#[derive(Debug)]
pub struct Day {
    /// As people say it: `Mon 23 Nov`.
    pub name: String,
    /// The schedule with this day chosen.
    pub href: String,
    /// What the day has, for who doesn't see it: `Mon 23 Nov: Kim Park, nobody from 17:00`.
    pub label: String,
    /// Whether it is the chosen one.
    pub chosen: bool,
    /// Whether nobody is on call in a part of it.
    pub gap: bool,
    /// Whether it is today.
    pub today: bool,
    /// Who is on call in it, in order.
    pub turns: Vec<Turn>,
}

/// What of a shift or a gap lies in one day.
#[derive(Debug)]
pub struct Turn {
    /// Who; nobody is a gap.
    pub who: Option<Who>,
    /// Which hours, unless it is the whole day: `09:00–24:00`.
    pub hours: Option<String>,
    /// Of which duty, where the team has several.
    pub duty: Option<String>,
    /// Whose turn it would have been.
    pub instead: Option<String>,
    /// Whether it is the reader's.
    pub mine: bool,
}

/// The stretch of time that is shown.
#[derive(Debug, Clone)]
pub(crate) struct Stretch {
    pub(crate) zone: TimeZone,
    pub(crate) first: Date,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

/// The zone in which a team's days begin: its first rotation's.
pub(crate) fn zone_of(frame: &Frame, team: &EntityRef) -> TimeZone {
    let first = frame.world.oncall.of_team(team).next();
    first.and_then(|roster| kernel::zone(&roster.rotation.time_zone)).unwrap_or(TimeZone::UTC)
}

impl Stretch {
    /// Four weeks from the Monday of `day` on; of today, if none is given.
    pub(crate) fn of(frame: &Frame, zone: TimeZone, day: Option<Date>) -> Self {
        let day = day.unwrap_or_else(|| frame.now.to_zoned(zone.clone()).date());
        let first = moved(day, -i64::from(day.weekday().to_monday_zero_offset()));
        let at = |date: Date| date.to_zoned(zone.clone()).map_or(frame.now, |zoned| zoned.timestamp());
        let (from, to) = (at(first), at(moved(first, WEEKS * 7)));
        Self { zone, first, from, to }
    }
}

/// A date some days later, or earlier; the same where the calendar ends.
pub(crate) fn moved(date: Date, days: i64) -> Date {
    Span::new().try_days(days).and_then(|span| date.checked_add(span)).unwrap_or(date)
}

/// The weeks of a team.
pub(crate) fn weeks(frame: &Frame, team: &EntityRef, stretch: &Stretch, chosen: Option<Date>) -> Vec<Week> {
    let state = &frame.world.oncall;
    let schedules = oncall::final_schedule(state, team, stretch.from, stretch.to);
    let gaps = gaps(frame, team, stretch.from, stretch.to);
    let today = frame.now.to_zoned(stretch.zone.clone()).date();
    let start = |date: Date| date.to_zoned(stretch.zone.clone()).map_or(stretch.from, |zoned| zoned.timestamp());
    let day = |date: Date| {
        let (from, to) = (start(date), start(moved(date, 1)));
        let within = |a: Timestamp, b: Timestamp| a < to && b > from;
        let mut turns: Vec<(Timestamp, Turn)> = Vec::new();
        for schedule in &schedules {
            for span in schedule.spans.iter().filter(|span| within(span.from, span.to)) {
                let turn = Turn {
                    who: Some(frame.catalog_person(&span.person)),
                    hours: hours(&stretch.zone, (span.from, span.to), (from, to)),
                    duty: (schedules.len() > 1).then(|| schedule.name.clone()),
                    instead: span.instead_of.as_ref().map(|person| frame.catalog_person(person).name),
                    mine: frame.person() == Some(&span.person),
                };
                turns.push((span.from, turn));
            }
        }
        for gap in gaps.iter().filter(|gap| within(gap.from, gap.to)) {
            let hours = hours(&stretch.zone, (gap.from, gap.to), (from, to));
            turns.push((gap.from, Turn { who: None, hours, duty: None, instead: None, mine: false }));
        }
        turns.sort_by_key(|(from, _)| *from);
        let turns: Vec<Turn> = turns.into_iter().map(|(_, turn)| turn).collect();
        let name = date.strftime("%a %-d %b").to_string();
        let said = turns.iter().map(|turn| {
            let who = turn.who.as_ref().map_or("nobody", |who| who.name.as_str());
            turn.hours.as_ref().map_or_else(|| who.to_owned(), |hours| format!("{who} {hours}"))
        });
        let label = format!("{name}: {}", said.collect::<Vec<_>>().join(", "));
        Day {
            href: frame.href(format!("{}?from={}&day={date}#day", super::team::address(team), stretch.first)),
            label,
            chosen: chosen == Some(date),
            gap: turns.iter().any(|turn| turn.who.is_none()),
            today: date == today,
            name,
            turns,
        }
    };
    let week = |week: i64| Week { days: (0..7).map(|nth| day(moved(stretch.first, week * 7 + nth))).collect() };
    (0..WEEKS).map(week).collect()
}

/// When nobody is on call, or somebody who doesn't exist.
pub(crate) fn gaps(frame: &Frame, team: &EntityRef, from: Timestamp, to: Timestamp) -> Vec<oncall::GapSpan> {
    oncall::gaps(&frame.world.oncall, team, from, to, |person| frame.world.catalog.get(person).is_some())
}

/// What of a span lies in a day, unless it is all of it.
fn hours(zone: &TimeZone, span: (Timestamp, Timestamp), day: (Timestamp, Timestamp)) -> Option<String> {
    let clock = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%H:%M").to_string();
    match (span.0 > day.0, span.1 < day.1) {
        (false, false) => None,
        (true, false) => Some(format!("from {}", clock(span.0))),
        (false, true) => Some(format!("until {}", clock(span.1))),
        (true, true) => Some(format!("{}–{}", clock(span.0), clock(span.1))),
    }
}
