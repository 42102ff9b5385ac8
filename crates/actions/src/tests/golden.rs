//! Events as they were written by earlier versions. A line is never changed: what is on a timeline must stay readable.

use golden::assert_every_variant;

use crate::{Column, DoneWhen, Event, Evidence, Lead, Length, Outcome, Reminder, Rhythm, Source, Why};

/// One line for each shape of each event that was ever written.
const EVENTS: &str = include_str!("golden.jsonl");

fn events() -> Vec<Event> {
    golden::events(EVENTS)
}

#[test]
fn every_event_ever_written_can_be_read_and_is_written_the_same() {
    golden::assert_written_the_same("actions", EVENTS, Event::kind);
}

#[test]
fn every_sort_of_event_has_been_written() {
    assert_every_variant!(
        &events(),
        Event {
            CycleDefined,
            CycleRemoved,
            Digested,
            Promised,
            Done,
            Reopened,
            Escalated,
            Reminded,
            Deprioritised,
            Reassigned,
            Postponed,
            RetroOpened,
            RetroSaid,
            RetroTakenBack,
            RetroVoted,
            RetroClosed,
        }
    );
}

#[test]
fn every_sort_of_what_stands_in_events_has_been_written() {
    let (mut conditions, mut sources, mut evidence, mut whys) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut leads, mut reminders, mut rhythms, mut lengths) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut outcomes, mut columns) = (Vec::new(), Vec::new());
    for event in events() {
        match event {
            Event::CycleDefined { definition } => {
                rhythms.push(definition.rhythm);
                lengths.push(definition.rhythm.length());
            }
            Event::Promised { promise, .. } => {
                conditions.push(promise.done_when);
                sources.push(promise.source);
            }
            Event::Done { evidence: shown, .. } => evidence.push(shown),
            Event::Reopened { why, .. } => whys.push(why),
            Event::Escalated { lead, .. } => leads.push(lead),
            Event::Reminded { of, .. } => reminders.push(of),
            Event::RetroOpened { verdict, .. } => outcomes.extend(verdict.iter().map(|verdict| verdict.outcome)),
            Event::RetroSaid { column, .. } => columns.push(column),
            Event::CycleRemoved { .. }
            | Event::Digested { .. }
            | Event::Deprioritised { .. }
            | Event::Reassigned { .. }
            | Event::Postponed { .. }
            | Event::RetroTakenBack { .. }
            | Event::RetroVoted { .. }
            | Event::RetroClosed { .. } => {}
        }
    }
    assert_every_variant!(
        &conditions,
        DoneWhen {
            Word,
            CheckUp,
            CheckExists,
            FlagGone,
            AlertFires,
            DependsOn,
            DocumentChanged,
            ContractVerified,
            Owned,
        }
    );
    assert_every_variant!(&sources, Source { PostMortem, Retrospective, Finding, ByHand });
    assert_every_variant!(&evidence, Evidence { Word, Seen });
    assert_every_variant!(&whys, Why { Failed, ByHand });
    assert_every_variant!(&leads, Lead { Leads, Nobody });
    assert_every_variant!(&reminders, Reminder { Soon, Deadline, StillEscalated });
    assert_every_variant!(&outcomes, Outcome { InTime, Late, Open, Overdue, Escalated, Deprioritised });
    assert_every_variant!(&columns, Column { Well, Badly, Puzzle });
    assert_every_variant!(&rhythms, Rhythm { Sprints, Cycles });
    assert_every_variant!(&lengths, Length { Days, Minutes, Seconds });
}
