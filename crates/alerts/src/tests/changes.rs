//! Changes that senders report.

use jiff::SignedDuration;
use kernel::{Refusal, codes};

use super::{Log, entity, settings};
use crate::{CHANGES_PER_DAY_MAX, Command, Event, IntegrationId, Kind, Link, Reported, SAME_CHANGE};

fn said(summary: &str) -> Reported {
    Reported { summary: summary.to_owned(), source: "ci".to_owned(), at: None, details: String::new(), links: vec![] }
}

fn report(log: &mut Log, integration: IntegrationId, change: Reported) -> Result<Vec<Event>, Refusal> {
    log.give(Command::ReportChange { integration, entity: None, change })
}

#[test]
fn a_change_is_told_of_the_integrations_component_unless_it_names_another() {
    let (mut log, id) = Log::with(Kind::EventsV2);
    let events = report(&mut log, id, said("deployed 4.2.0")).unwrap();
    let Event::ChangeReported { entity: about, .. } = &events[0] else { panic!("{events:?}") };
    assert_eq!(*about, settings("main", Kind::EventsV2).entity);
    assert!(events[0].summary().ends_with(": deployed 4.2.0 (ci)"), "{}", events[0].summary());
    let other = Some(entity("component:other"));
    let change = said("deployed 4.2.0");
    let events = log.give(Command::ReportChange { integration: id, entity: other.clone(), change }).unwrap();
    assert_eq!(events[0].subjects(), Vec::from_iter(other));
}

#[test]
fn a_change_that_is_sent_again_is_recorded_once() {
    let (mut log, id) = Log::with(Kind::EventsV2);
    let dated = Reported { at: Some(log.now - SignedDuration::from_mins(3)), ..said("merged") };
    assert_eq!(report(&mut log, id, dated.clone()).unwrap().len(), 1);
    assert_eq!(report(&mut log, id, said("merged")).unwrap().len(), 1, "without its time it is another");
    log.pass(60);
    assert!(report(&mut log, id, dated.clone()).unwrap().is_empty());
    assert!(report(&mut log, id, said("merged")).unwrap().is_empty());
    log.pass(SAME_CHANGE.as_secs());
    assert!(report(&mut log, id, dated.clone()).unwrap().is_empty(), "it says when it was: it is the same still");
    assert_eq!(report(&mut log, id, said("merged")).unwrap().len(), 1, "this may be another of the same");
    let other = log.create(settings("other", Kind::EventsV2)).unwrap();
    assert_eq!(report(&mut log, other, dated).unwrap().len(), 1, "another sender's is another");
}

#[test]
fn a_change_of_the_future_happened_when_it_was_told_and_what_is_too_long_is_cut() {
    let (mut log, id) = Log::with(Kind::EventsV2);
    let link = |href: &str| Link { href: href.to_owned(), text: "t".repeat(999) };
    let change = Reported {
        summary: "a\r\nb".repeat(1_000),
        source: "s".repeat(9_000),
        at: Some(log.now + SignedDuration::from_mins(1)),
        details: format!("\"{}\"", "\u{1}".repeat(60_000)),
        links: vec![vec![link("https://ci.example/2"), link("javascript:alert(1)")]; 50].concat(),
    };
    let events = report(&mut log, id, change).unwrap();
    let Event::ChangeReported { change, .. } = &events[0] else { panic!("{events:?}") };
    assert_eq!(change.at, None);
    assert!(change.summary.chars().count() <= 1_024 && !change.summary.contains(['\r', '\n']), "{}", change.summary);
    assert!(change.links.len() <= 16 && change.links.iter().all(|link| link.href.starts_with("https:")));
    let size = serde_json::to_string(&events[0]).unwrap().len();
    assert!(size < 16_000, "{size}");
}

#[test]
fn one_sender_gone_wild_does_not_crowd_out_the_others() {
    let (mut log, id) = Log::with(Kind::EventsV2);
    for number in 0..CHANGES_PER_DAY_MAX {
        assert_eq!(report(&mut log, id, said(&format!("merged {number}"))).unwrap().len(), 1);
        log.pass(1);
    }
    let refusal = report(&mut log, id, said("one more")).unwrap_err();
    assert_eq!((refusal.code, refusal.retry_after_s), (&codes::RATE_LIMITED, Some(3_600)));
    assert!(report(&mut log, id, said(&format!("merged {}", CHANGES_PER_DAY_MAX - 1))).unwrap().is_empty());
    let other = log.create(settings("other", Kind::EventsV2)).unwrap();
    assert_eq!(report(&mut log, other, said("one more")).unwrap().len(), 1);
    log.pass(24 * 3_600);
    assert_eq!(report(&mut log, id, said("one more")).unwrap().len(), 1);
}
