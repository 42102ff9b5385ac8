//! Updates on their way to subscribers.

use kernel::{EffectId, SubscriptionId, codes};
use uuid::Uuid;

use super::{Log, affected, incident, page_ref};
use crate::{BATCH_MAX, Command, Event, Gone, Stage, Status, Tried, TriedOutcome, Way};

fn id(number: u128) -> SubscriptionId {
    SubscriptionId::from(Uuid::from_u128(number))
}

fn subscribe(log: &mut Log, number: u128, components: &[&str]) {
    let components = components.iter().map(|key| (*key).to_owned()).collect();
    let (page, subscription, way) = (page_ref(), id(number), Way::Email);
    log.give(Command::Subscribe { page, subscription, way, components }).unwrap();
}

fn begun(log: &mut Log) -> EffectId {
    log.publish(incident(vec![affected("checkout", Status::MajorOutage)]));
    log.state.broadcasts().next().unwrap().effect
}

/// Takes the next batch and reports the same of everybody in it; answers who it was.
fn deliver(log: &mut Log, effect: EffectId, outcome: TriedOutcome) -> Vec<SubscriptionId> {
    let batch = log.state.batch(effect, log.now).unwrap();
    let who: Vec<SubscriptionId> = batch.receivers.iter().map(|held| held.id).collect();
    let tried = who.iter().map(|subscription| Tried { subscription: *subscription, outcome }).collect();
    log.give(Command::Deliver { effect, through: batch.through, tried }).unwrap();
    who
}

#[test]
fn five_thousand_subscribers_are_fifty_events_and_each_is_told_once() {
    let mut log = Log::new();
    for number in 0..5_000 {
        subscribe(&mut log, number, &[]);
    }
    let before = log.position;
    let effect = begun(&mut log);
    assert_eq!(log.position - before, 1, "publishing is one event");
    let mut told = Vec::new();
    while log.state.broadcast(effect).is_some() {
        let who = deliver(&mut log, effect, TriedOutcome::Sent);
        assert!(who.len() <= BATCH_MAX);
        told.extend(who);
    }
    assert_eq!(log.position - before, 1 + 50);
    let once: std::collections::BTreeSet<_> = told.iter().collect();
    assert_eq!((told.len(), once.len()), (5_000, 5_000));
}

#[test]
fn a_batch_that_was_not_recorded_is_tried_again_as_it_was() {
    let mut log = Log::new();
    for number in 0..250 {
        subscribe(&mut log, number, &[]);
    }
    let effect = begun(&mut log);
    deliver(&mut log, effect, TriedOutcome::Sent);
    let batch = log.state.batch(effect, log.now).unwrap();
    // The process ends here; what is known then is the state.
    assert_eq!(log.state.batch(effect, log.now).unwrap(), batch);
    assert_eq!(batch.receivers[0].id, id(100));
}

#[test]
fn who_wants_other_components_is_not_told() {
    let mut log = Log::new();
    subscribe(&mut log, 1, &["refunds"]);
    subscribe(&mut log, 2, &["checkout", "refunds"]);
    subscribe(&mut log, 3, &[]);
    let effect = begun(&mut log);
    assert_eq!(deliver(&mut log, effect, TriedOutcome::Sent), [id(2), id(3)]);
    assert!(log.state.broadcast(effect).is_none(), "done");
}

#[test]
fn who_subscribes_later_does_not_hear_of_what_was_before() {
    let mut log = Log::new();
    subscribe(&mut log, 1, &[]);
    let effect = begun(&mut log);
    subscribe(&mut log, 2, &[]);
    assert_eq!(deliver(&mut log, effect, TriedOutcome::Sent), [id(1)]);
    assert!(log.state.broadcast(effect).is_none());
}

#[test]
fn who_could_not_be_reached_is_tried_again_later_and_later_for_about_a_day() {
    let mut log = Log::new();
    subscribe(&mut log, 1, &[]);
    let effect = begun(&mut log);
    let began = log.now;
    let mut tries = 0;
    while log.state.broadcast(effect).is_some() {
        tries += 1;
        deliver(&mut log, effect, TriedOutcome::Retry);
        let next = log.state.broadcast(effect).and_then(|it| it.waiting.values().map(|waiting| waiting.next).min());
        let Some(next) = next else { break };
        assert!(log.state.batch(effect, log.now).is_none(), "not yet");
        log.now = next;
    }
    assert_eq!(tries, 10);
    assert_eq!(log.now.duration_since(began).as_hours(), 23);
    assert!(log.state.broadcast(effect).is_none(), "given up");
}

#[test]
fn one_who_fails_holds_up_nobody() {
    let mut log = Log::new();
    for number in 0..150 {
        subscribe(&mut log, number, &[]);
    }
    let effect = begun(&mut log);
    deliver(&mut log, effect, TriedOutcome::Retry);
    assert_eq!(deliver(&mut log, effect, TriedOutcome::Sent).len(), 50);
    log.pass(1);
    assert_eq!(deliver(&mut log, effect, TriedOutcome::Sent).len(), 100, "those of before");
    assert!(log.state.broadcast(effect).is_none());
}

#[test]
fn who_unsubscribes_in_between_is_told_no_more() {
    let mut log = Log::new();
    subscribe(&mut log, 1, &[]);
    let effect = begun(&mut log);
    deliver(&mut log, effect, TriedOutcome::Retry);
    log.give(Command::Unsubscribe { subscription: id(1), cause: Gone::Asked }).unwrap();
    log.pass(1);
    let batch = log.state.batch(effect, log.now).unwrap();
    assert!(batch.receivers.is_empty());
    log.give(Command::Deliver { effect, through: batch.through, tried: vec![] }).unwrap();
    assert!(log.state.broadcast(effect).is_none());
    assert_eq!(log.state.subscriptions_len(), 0);
}

#[test]
fn a_retracted_report_is_broadcast_no_further() {
    let mut log = Log::new();
    subscribe(&mut log, 1, &[]);
    let report = log.publish(incident(vec![]));
    log.give(Command::Retract { report }).unwrap();
    assert_eq!(log.state.broadcasts().count(), 0);
}

#[test]
fn what_an_update_says_of_itself_decides_whether_it_is_broadcast() {
    let mut log = Log::new();
    subscribe(&mut log, 1, &[]);
    let report = log.publish(crate::Publication { notify: false, ..incident(vec![]) });
    assert_eq!(log.state.broadcasts().count(), 0);
    let events = log.post(report, Stage::Resolved).unwrap();
    assert!(matches!(&events[0], Event::Updated { effect: Some(_), .. }));
}

#[test]
fn a_subscription_names_components_of_its_page_and_all_of_them_are_none() {
    let mut log = Log::new();
    subscribe(&mut log, 1, &["checkout", "refunds", "web-site", "checkout"]);
    assert!(log.state.subscription(id(1)).unwrap().components.is_empty(), "all");
    let components = vec!["nothing".to_owned()];
    let wrong = log.give(Command::ChangeSubscription { subscription: id(1), components }).unwrap_err();
    assert_eq!(wrong.code, &codes::INVALID);
}
