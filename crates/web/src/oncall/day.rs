//! One day of a team's schedule: who holds it, and the forms that change that. The calendar leads here, by mouse or keyboard.

use jiff::{Timestamp, civil::Date};
use kernel::EntityRef;

use super::{
    calendar::{Stretch, gaps, moved},
    team::{Preset, address, put_in_form, when},
};
use crate::{
    frame::Frame,
    views::{Form, Press, Who},
};

/// A day that was chosen.
#[derive(Debug)]
pub struct ChosenDay {
    /// As people say it: `Wednesday 25 November`.
    pub name: String,
    /// Who holds it, in order.
    pub lines: Vec<DayLine>,
    /// The schedule without a chosen day.
    pub close: String,
    /// Puts anybody in for that day.
    pub form: Option<Form>,
}

/// A shift or a gap of that day.
#[derive(Debug)]
pub struct DayLine {
    /// Who; nobody is a gap.
    pub who: Option<Who>,
    /// From when to when, as far as it lies in the day: `Wed 25 Nov 09:00 to Thu 26 Nov 00:00`.
    pub when: String,
    /// By which rotation, or why nobody.
    pub note: String,
    /// Puts the reader in: for the day, for the whole shift.
    pub takes: Vec<Press>,
}

/// A day of the stretch that is shown.
pub(super) fn of(frame: &Frame, team: &EntityRef, stretch: &Stretch, day: Date) -> ChosenDay {
    let start = |date: Date| date.to_zoned(stretch.zone.clone()).map_or(stretch.from, |zoned| zoned.timestamp());
    let (from, to) = (start(day), start(moved(day, 1)));
    let mut lines: Vec<(Timestamp, DayLine)> = Vec::new();
    let schedules = oncall::final_schedule(&frame.world.oncall, team, stretch.from, stretch.to);
    for span in schedules.into_iter().flat_map(|schedule| schedule.spans) {
        if span.to <= from || span.from >= to {
            continue;
        }
        let (first, last) = (span.from.max(from), span.to.min(to));
        let mine = frame.person() == Some(&span.person);
        let mut takes = Vec::new();
        if !mine {
            takes.extend(take(frame, team, &span.rotation, (first, last), day, "Take over this day"));
            if (first, last) != (span.from, span.to) {
                takes.extend(take(frame, team, &span.rotation, (span.from, span.to), day, "Take over the whole shift"));
            }
        }
        let instead = span.instead_of.iter().map(|person| format!("instead of {}", frame.catalog_person(person).name));
        let note: Vec<String> = [span.rotation.short().to_owned()].into_iter().chain(instead).collect();
        let who = Some(frame.catalog_person(&span.person));
        lines.push((first, DayLine { who, when: when(&stretch.zone, first, last), note: note.join(", "), takes }));
    }
    let rotation = frame.world.oncall.of_team(team).next().map(|roster| roster.rotation.rotation.clone());
    let gaps = gaps(frame, team, stretch.from, stretch.to);
    let mut gap_at = None;
    for gap in gaps.iter().filter(|gap| gap.to > from && gap.from < to) {
        let (first, last) = (gap.from.max(from), gap.to.min(to));
        gap_at = gap_at.or(Some((first, last)));
        let takes =
            rotation.iter().flat_map(|rotation| take(frame, team, rotation, (first, last), day, "Take over this day"));
        let takes = takes.collect();
        lines.push((
            first,
            DayLine { who: None, when: when(&stretch.zone, first, last), note: gap.why.in_words(), takes },
        ));
    }
    lines.sort_by_key(|(from, _)| *from);
    // A gap is what one comes to fill; else the day, as far as it isn't over.
    let (first, last) = gap_at.unwrap_or((from, to));
    let preset = Preset { from: first.max(frame.now), to: last, day: Some(day) };
    let is_over = to <= frame.now;
    ChosenDay {
        name: day.strftime("%A %-d %B").to_string(),
        lines: lines.into_iter().map(|(_, line)| line).collect(),
        close: frame.href(format!("{}?from={}", address(team), stretch.first)),
        form: (frame.may_write() && !is_over).then(|| put_in_form(frame, team, &stretch.zone, &preset)).flatten(),
    }
}

/// Puts the reader in, as far as that is still to come; none if it is not known who the reader is.
fn take(
    frame: &Frame,
    team: &EntityRef,
    rotation: &EntityRef,
    (from, to): (Timestamp, Timestamp),
    day: Date,
    label: &str,
) -> Option<Press> {
    let own = frame.person().filter(|_| frame.may_write() && to > frame.now)?;
    Some(Press {
        hidden: vec![
            ("rotation".to_owned(), rotation.to_string()),
            ("person".to_owned(), own.to_string()),
            ("from".to_owned(), from.max(frame.now).to_string()),
            ("to".to_owned(), to.to_string()),
            ("day".to_owned(), day.to_string()),
        ],
        ..frame.press(format!("{}/override", address(team)), label)
    })
}
