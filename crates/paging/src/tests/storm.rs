use kernel::EntityRef;
use serde_json::json;

use super::{Sim, failing, incident, opening, policy, reference, user};
use crate::{
    Channel, Command, Event, FINISHED_KEPT, Kind, LOG_MAX, NewMethod, Opening, Outcome, Policy, Reached, State, Status,
    Step, Target, Urgency,
    command::{LINES_MAX, PEOPLE_OF_PAGE_MAX, PEOPLE_OF_STEP_MAX},
    due::DUE_MAX,
};

#[test]
fn a_thousand_pages_at_once_are_one_message() {
    let mut sim = Sim::with_jo();
    for number in 0..1_000 {
        sim.open(&format!("check {number} fails"));
    }
    let from = sim.now;
    sim.minutes(4);
    assert_eq!(sim.told(from), ["0s jo ntfy Page 1000", "180s jo sms Page 1000"]);
}

#[test]
fn the_first_message_goes_at_once_and_what_falls_due_in_the_gap_goes_as_one() {
    let mut sim = Sim::new();
    sim.on_call(&["jo"]);
    sim.contact("jo", &[(Channel::Sms, 0)]);
    let from = sim.now;
    for _ in 0..30 {
        sim.open("another");
        sim.seconds(3);
    }
    sim.seconds(60);
    assert_eq!(sim.told(from), ["0s jo sms Page 1", "60s jo sms Page 19", "120s jo sms Page 10"]);
}

#[test]
fn a_page_that_ends_while_its_notice_waits_for_the_gap_is_left_out() {
    let mut sim = Sim::new();
    sim.on_call(&["jo"]);
    sim.contact("jo", &[(Channel::Sms, 0)]);
    let from = sim.now;
    let first = sim.open("one");
    sim.seconds(1);
    let (second, _third) = (sim.open("two"), sim.open("three"));
    sim.seconds(1);
    sim.ok(Command::Close { page: second });
    sim.acknowledge(first);
    sim.seconds(100);
    // The follow-up of the first goes with the page of the third, and nothing is said of the second.
    assert_eq!(sim.told(from), ["0s jo sms Page 1", "60s jo sms Page 2"]);
}

#[test]
fn two_addresses_on_one_channel_keep_the_gap_between_them() {
    let mut sim = Sim::new();
    sim.on_call(&["jo"]);
    sim.contact("jo", &[(Channel::Email, 0), (Channel::Email, 0)]);
    sim.open("one");
    let from = sim.now;
    sim.minutes(3);
    assert_eq!(sim.told(from), ["0s jo email Page 1", "60s jo email Page 1"]);
}

#[test]
fn a_failing_message_of_many_pages_falls_through_for_all_of_them() {
    let mut sim = Sim::with_jo();
    for _ in 0..100 {
        sim.open("one of many");
    }
    let from = sim.now;
    sim.seconds(1);
    let effect = sim.last_effect();
    sim.deliver(effect, failing());
    sim.seconds(1);
    assert_eq!(sim.told(from), ["0s jo ntfy Page 100", "1s jo sms Page 100"]);
}

#[test]
fn a_message_is_bounded_and_the_rest_goes_with_the_next() {
    let mut sim = Sim::new();
    sim.on_call(&["jo"]);
    sim.contact("jo", &[(Channel::Ntfy, 0)]);
    for _ in 0..LINES_MAX + 5 {
        sim.open("one of many");
    }
    let from = sim.now;
    sim.seconds(5);
    assert_eq!(sim.told(from), ["0s jo ntfy Page 2000", "2s jo ntfy Page 5"]);
}

#[test]
fn one_page_too_many_is_put_into_an_open_one_which_tells_everybody_and_ends_with_the_last_incident() {
    let mut sim = Sim::with_jo();
    let page = sim.open("the first");
    let from = sim.now;
    sim.seconds(10);
    assert_eq!(sim.open_among(opening(2, "the second"), 1), ["paging.joined"]);
    assert_eq!(sim.open_among(opening(2, "the second"), 1), [""; 0], "it is in it already");
    sim.seconds(10);
    assert_eq!(sim.told(from), ["0s jo ntfy Page 1", "10s jo ntfy Page 1"]);
    assert_eq!(sim.state.of_incident(incident(2)).map(crate::Page::id).collect::<Vec<_>>(), [page]);
    sim.ok(Command::EndIncident { incident: incident(1) });
    assert_eq!(sim.page(page).status, Status::Open);
    sim.ok(Command::EndIncident { incident: incident(2) });
    assert!(matches!(sim.page(page).status, Status::Closed { .. }));
}

#[test]
fn an_incident_that_comes_back_is_put_into_the_page_again_and_what_is_urgent_not_into_what_waits() {
    let mut sim = Sim::with_jo();
    sim.open("the first");
    sim.open_among(opening(2, "the second"), 1);
    sim.ok(Command::EndIncident { incident: incident(2) });
    assert_eq!(sim.open_among(opening(2, "the second"), 1), ["paging.joined"]);
    sim.ok(Command::EndIncident { incident: incident(1) });
    assert_eq!(sim.state.numbered(1).unwrap().status, Status::Open);

    let mut sim = Sim::with_jo();
    sim.open_by(None, Urgency::Low, "the disk fills");
    assert_eq!(sim.open_among(opening(2, "checkout is down"), 1), ["paging.opened"]);
    let low = Opening { urgency: Urgency::Low, ..opening(3, "the disk fills") };
    assert_eq!(sim.open_among(low, 1), ["paging.joined"]);
}

#[test]
fn a_page_without_an_incident_does_not_end_with_one_that_was_put_into_it() {
    let mut sim = Sim::with_jo();
    let by_hand = Opening { incident: None, ..opening(1, "please look") };
    sim.ok(Command::Open { about: by_hand });
    let page = sim.state.numbered(1).unwrap().id();
    sim.open_among(opening(2, "the second"), 1);
    assert_eq!(sim.ok(Command::EndIncident { incident: incident(2) }), 1);
    assert_eq!(sim.page(page).status, Status::Open);
}

#[test]
fn a_team_without_an_open_page_gets_its_own_and_the_oldest_unanswered_one_makes_room() {
    let mut sim = Sim::with_jo();
    let other = |number| Opening { team: Some(reference("group:other")), ..opening(number, "theirs") };
    sim.open("the first");
    assert_eq!(sim.open_among(other(2), 1), ["paging.opened"], "nobody's page is lost");
    sim.minutes(60);
    assert_eq!(sim.state.exhausted().count(), 2);
    assert_eq!(sim.open_among(other(3), 2), ["paging.closed", "paging.opened"]);
    assert!(matches!(sim.state.numbered(1).unwrap().status, Status::Closed { .. }));
    assert_eq!(sim.state.unfinished_count(), 2);
    sim.sent.clear();
    sim.minutes(3);
    let follows = sim.sent.iter().flat_map(|(_, message)| &message.lines).any(|line| line.kind == Kind::FollowUp);
    assert!(!follows, "nobody is told that a page which made room is over");
}

#[test]
fn the_newest_finished_pages_are_held_and_all_others() {
    let mut sim = Sim::with_jo();
    let open = sim.open("this one stays");
    for number in 0..FINISHED_KEPT + 10 {
        let page = sim.open(&format!("number {number}"));
        sim.ok(Command::Close { page });
    }
    assert_eq!(sim.state.pages().count(), FINISHED_KEPT + 1);
    assert!(sim.state.page(open).is_some());
    assert!(sim.state.numbered(2).is_none() && sim.state.of_incident(incident(2)).next().is_none());
    assert_eq!(sim.state.of_team(&reference("group:money")).count(), FINISHED_KEPT + 1);
    assert_eq!(sim.state.next_number(), FINISHED_KEPT as u64 + 12);
}

#[test]
fn finished_pages_are_held_until_their_follow_ups_are_out() {
    let mut sim = Sim::with_jo();
    let pages: Vec<_> = (0..FINISHED_KEPT + 10).map(|_| sim.open("one of many")).collect();
    sim.seconds(10);
    sim.sent.clear();
    for page in pages {
        sim.ok(Command::Close { page });
    }
    sim.seconds(10);
    let lines: usize = sim.sent.iter().map(|(_, message)| message.lines.len()).sum();
    assert_eq!(lines, FINISHED_KEPT + 10);
    assert_eq!(sim.state.pages().count(), FINISHED_KEPT);
}

#[test]
fn a_step_tells_a_bounded_number_of_people_and_says_how_many_it_left_out() {
    let mut sim = Sim::new();
    let page = sim.open("checkout is down");
    let everybody = 0..PEOPLE_OF_STEP_MAX + 3;
    let implied = |number: usize| Some(super::implied(&number.to_string()));
    let person = |number: usize| Reached { person: user(&format!("p{number}")), implied: implied(number) };
    let people = everybody.map(person).collect();
    sim.ok(Command::Reach { page, at: crate::Place::default(), people, unresolved: Vec::new() });
    assert_eq!(sim.page(page).people.len(), PEOPLE_OF_STEP_MAX);
    assert!(sim.log(page).contains("3 people are not told"));
    const { assert!(PEOPLE_OF_STEP_MAX < PEOPLE_OF_PAGE_MAX) };
}

#[test]
fn what_is_due_is_handed_out_in_bounded_portions_until_all_is_done() {
    let mut sim = Sim::with_jo();
    for _ in 0..DUE_MAX + 1 {
        sim.open("one of many");
    }
    assert_eq!(crate::due(&sim.state, sim.now).len(), DUE_MAX);
    sim.settle();
    assert!(sim.state.pages().all(|page| page.reached.is_some()));
}

#[test]
fn texts_from_outside_are_cut_and_a_title_is_one_line() {
    let mut sim = Sim::with_jo();
    let long = "ü".repeat(1_000);
    let page = sim.open(&format!("checkout\n is   down {long}"));
    assert!(sim.page(page).about.title.starts_with("checkout is down ü"));
    assert!(sim.page(page).about.title.len() <= 300);
    let unresolved = vec![long.clone(); 80];
    let people = vec![Reached { person: user("jo"), implied: None }];
    sim.ok(Command::Reach { page, at: crate::Place::default(), people, unresolved });
    assert_eq!(sim.page(page).log.iter().filter(|entry| entry.loud).count(), 50);
    sim.settle();
    let effect = sim.last_effect();
    sim.deliver(effect, Outcome::GaveUp { error: long });
    assert!(sim.page(page).log.iter().all(|entry| entry.words.len() < 400));
    let empty = Command::Open { about: opening(9, " \n ") };
    super::refused(sim.give(empty), &kernel::codes::INVALID, "title is empty");
}

/// What a store takes as one event.
const EVENT_BYTES_MAX: usize = 1 << 20;

#[test]
fn the_largest_events_fit_into_a_store() {
    let mut sim = Sim::new();
    let long = |name: String| EntityRef::new("user", "default", &format!("{name}{}", "x".repeat(450))).unwrap();
    // The longest plan: policies of as many targets as there may be, one after the other.
    for name in ["first", "second"] {
        let targets = || (0..50).map(|number| Target::User(long(format!("{number}-")))).collect();
        let steps = (0..20).map(|_| Step { notify: targets(), after_s: 60 }).collect();
        let then = (name == "first").then(|| reference("escalationpolicy:second"));
        let policy = reference(&format!("escalationpolicy:{name}"));
        let definition = Policy { policy, steps, repeat: 9, then, low_urgency: None, urgency: None };
        sim.ok(Command::DefinePolicy { definition });
    }
    let page = sim.open_by(Some("first"), Urgency::High, "checkout is down");
    // The largest step: as many people as there may be, each with as many long methods as they may have.
    let people: Vec<_> = (0..PEOPLE_OF_STEP_MAX).map(|number| long(format!("p{number}-"))).collect();
    for person in &people {
        for _ in 0..20 {
            let method = NewMethod {
                channel: Channel::Webhook,
                label: "\"".repeat(100),
                secret: "\"".repeat(200),
                verified: true,
            };
            sim.ok(Command::AddMethod { person: person.clone(), method });
        }
    }
    let people = people.into_iter().map(|person| Reached { person, implied: None }).collect();
    sim.ok(Command::Reach { page, at: crate::Place::default(), people, unresolved: vec!["\u{1}".repeat(300); 60] });
    assert_eq!(sim.page(page).people.len(), PEOPLE_OF_STEP_MAX);
    let largest = sim.events.iter().map(|(event, _)| serde_json::to_string(event).unwrap().len()).max().unwrap();
    assert!((EVENT_BYTES_MAX / 2..EVENT_BYTES_MAX).contains(&largest), "{largest} bytes");
}

#[test]
fn the_log_of_a_page_is_bounded() {
    let mut sim = Sim::with_jo();
    let page = sim.open("checkout is down");
    sim.seconds(1);
    for _ in 0..LOG_MAX + 10 {
        sim.ok(Command::Renotify { page });
    }
    assert_eq!(sim.page(page).log.len(), LOG_MAX);
}

#[test]
fn a_snapshot_is_read_back_as_it_was() {
    let mut sim = Sim::with_jo();
    let spec = json!({"steps": [{"notify": ["owner"], "after": "1h"}]});
    sim.ok(Command::DefinePolicy { definition: policy("p", &spec) });
    let pages = [sim.open("one"), sim.open_by(Some("p"), Urgency::High, "two"), sim.open("three")];
    sim.seconds(1);
    sim.acknowledge(pages[2]);
    let bytes = rmp_serde::to_vec_named(&sim.state).unwrap();
    let read: State = rmp_serde::from_slice(&bytes).unwrap();
    assert!(read.pages().eq(sim.state.pages()));
    assert!(read.messages().eq(sim.state.messages()));
    assert_eq!(read.next_due(), sim.state.next_due());
    assert_eq!(crate::due(&read, sim.now + jiff::SignedDuration::from_hours(2)).len(), 4);
    for (event, _) in &sim.events {
        let json = serde_json::to_string(event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), *event);
        assert!(!event.summary().is_empty() && !event.subjects().is_empty());
    }
}

#[test]
fn a_page_that_goes_on_for_another_incident_ends_with_that_one_alone() {
    let mut sim = Sim::with_jo();
    sim.open("checkout is down");
    let page = sim.state.numbered(1).unwrap().id();
    let from = sim.state.numbered(1).unwrap().about.incident.unwrap().incident;
    let into = crate::IncidentRef { incident: incident(77), number: 77 };
    assert_eq!(sim.ok(Command::Move { page, from, into }), 1);
    assert_eq!(sim.ok(Command::Move { page, from, into }), 0, "it is for that already");
    assert_eq!(sim.state.numbered(1).unwrap().about.incident, Some(into));
    assert_eq!(sim.ok(Command::EndIncident { incident: from }), 0);
    assert_eq!(sim.state.numbered(1).unwrap().status, Status::Open, "nothing was lost");
    assert_eq!(sim.ok(Command::EndIncident { incident: incident(77) }), 1);
    assert_eq!(sim.ok(Command::Move { page, from: incident(77), into }), 0, "it is over");
}
