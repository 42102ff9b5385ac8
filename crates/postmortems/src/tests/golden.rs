//! Events as they were written by earlier versions. A line is never changed: what is on a timeline must stay readable.

use golden::assert_every_variant;

use crate::{DoneWhen, Event, Opinion};

/// One line for each shape of each event that was ever written.
const EVENTS: &str = include_str!("golden.jsonl");

#[test]
fn every_event_ever_written_can_be_read_and_is_written_the_same() {
    golden::assert_written_the_same("postmortems", EVENTS, Event::kind);
}

#[test]
fn every_sort_of_event_and_every_word_of_one_has_been_written() {
    let events: Vec<Event> = golden::events(EVENTS);
    assert_every_variant!(&events, Event { Started, Edited, ReviewAsked, Reviewed, Published });
    let (mut opinions, mut ways) = (Vec::new(), Vec::new());
    for event in events {
        if let Event::Reviewed { opinion, .. } = event {
            opinions.push(opinion);
        } else if let Event::Edited { items, .. } = event {
            ways.extend(items.into_iter().map(|item| item.done_when));
        } else if let Event::Published { promised, .. } = event {
            ways.extend(promised.into_iter().map(|item| item.done_when));
        }
    }
    assert_every_variant!(&opinions, Opinion { Approved, ChangesWanted });
    assert_every_variant!(&ways, DoneWhen { Word, CheckUp, FlagGone, AlertFires });
}
