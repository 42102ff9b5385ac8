//! When a team is told how its week was.

use super::*;
use crate::DigestTime;

fn weekly() -> Cycle {
    Cycle { digest: DigestTime::read("Monday 08:00"), ..sprints() }
}

#[test]
fn a_digest_is_due_at_its_time_on_the_wall_on_both_sides_of_a_change_of_the_clocks() {
    let cycle = weekly();
    let next = |after: &str| cycle.next_digest(moment(after)).unwrap();
    assert_eq!(next("2026-03-18T12:00:00Z"), moment("2026-03-23T07:00:00Z"));
    assert_eq!(next("2026-03-23T06:59:59Z"), moment("2026-03-23T07:00:00Z"), "this morning");
    assert_eq!(next("2026-03-23T07:00:00Z"), moment("2026-03-30T06:00:00Z"), "in summer time");
    assert_eq!(sprints().next_digest(moment("2026-03-23T07:00:00Z")), None);
    for (text, words) in [("friday", "friday 08:00"), (" SUNDAY 23:59 ", "sunday 23:59")] {
        assert_eq!(DigestTime::read(text).unwrap().in_words(), words);
    }
    for text in ["", "someday", "monday 25:00", "monday 8", "1"] {
        assert_eq!(DigestTime::read(text), None, "{text}");
    }
}

#[test]
fn a_week_is_told_once_to_the_whole_team_and_weeks_that_were_missed_are_not_made_up_for() {
    let mut log = Log::new();
    // On a Monday, an hour after the time.
    log.give(Command::DefineCycle { definition: weekly() }).unwrap();
    assert_eq!(log.state.digests().next(&reference("cycle:money")), Some(moment("2026-03-09T07:00:00Z")));
    let digest = || Command::Digest { cycle: reference("cycle:money") };
    assert_eq!(log.give(digest()).unwrap(), [], "it is not due");
    log.now = moment("2026-03-25T10:00:00Z");
    assert_eq!(due(&log.state, log.now).collect::<Vec<_>>(), [digest()]);
    let events = log.tick();
    let [Event::Digested { from, until, to, .. }] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((*from, *until), (moment("2026-03-16T07:00:00Z"), moment("2026-03-23T07:00:00Z")));
    assert_eq!(to.iter().map(|told| &told.person).collect::<Vec<_>>(), log.town.people.iter().collect::<Vec<_>>());
    assert_eq!(log.give(digest()).unwrap(), [], "it was told");
    // Whoever has an address gets a message, which is forgotten when it has arrived.
    let messages: Vec<_> = to.iter().filter_map(|told| told.message).collect();
    assert!(!messages.is_empty() && messages.len() < to.len(), "Kim has no address");
    assert_eq!(log.state.digests().message(messages[0]).unwrap().until, *until);
    log.state.note_delivery(messages[0]);
    assert_eq!(log.state.digests().message(messages[0]), None);
    // Whoever changes the calendar while one is due does not silence it, unless by leaving it out.
    log.now = moment("2026-03-30T06:30:00Z");
    log.give(Command::DefineCycle { definition: Cycle { name: Some("S {number}".to_owned()), ..weekly() } }).unwrap();
    assert_eq!(due(&log.state, log.now).count(), 1);
    log.give(Command::DefineCycle { definition: sprints() }).unwrap();
    assert_eq!(due(&log.state, log.now).count(), 0);
}
