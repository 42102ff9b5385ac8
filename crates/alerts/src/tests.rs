//! The life of alerts, with a clock in the test's hand.

mod bounds;
mod changes;
mod golden;
mod hostile;
mod model;
mod reading;
mod real;

use std::collections::BTreeMap;

use jiff::SignedDuration;
use kernel::{Actor, Context, EntityRef, IdSeed, Refusal, Sha256, Stamp, Timestamp, codes};

use crate::{
    About, Action, Alert, Cause, Command, Content, DUE_MAX, Event, Integration, IntegrationId, Kind, Settings,
    Severity, Signal, State, Status, Telling, Upshot, decide, due,
};

struct Log {
    state: State,
    position: u64,
    now: Timestamp,
}

impl Log {
    fn new() -> Self {
        Self { state: State::default(), position: 0, now: "2026-03-01T12:00:00Z".parse().unwrap() }
    }

    /// A log with one integration of this kind.
    fn with(kind: Kind) -> (Self, IntegrationId) {
        let mut log = Self::new();
        let id = log.create(settings("main", kind)).unwrap();
        (log, id)
    }

    fn create(&mut self, settings: Settings) -> Result<IntegrationId, Refusal> {
        let key = Sha256::of(settings.name.as_bytes());
        let events = self.give(Command::CreateIntegration { settings, key })?;
        Ok(events[0].integration())
    }

    fn give(&mut self, command: Command) -> Result<Vec<Event>, Refusal> {
        let actor = Actor::Person("jo".to_owned());
        let context = Context::new(self.now, actor, IdSeed(self.position.into()));
        let events = decide(&self.state, command, &context)?;
        for event in &events {
            self.position += 1;
            let (position, event_id, command) = (self.position, context.id(), context.command);
            let actor = context.actor.clone();
            let stamp = Stamp { position, event: event_id, command, at: self.now, actor, reason: None };
            self.state.fold(event, &stamp);
        }
        Ok(events)
    }

    /// Gives the signals, and says what sorts of events came of them.
    fn send(&mut self, integration: IntegrationId, signals: Vec<Signal>) -> Vec<&'static str> {
        kinds(&self.give(Command::Receive { integration, signals }).unwrap())
    }

    /// Waits, and does what is due.
    fn pass(&mut self, seconds: i64) -> Vec<Event> {
        self.now += SignedDuration::from_secs(seconds);
        let mut events = Vec::new();
        loop {
            let commands = due(&self.state, self.now);
            if commands.is_empty() {
                return events;
            }
            commands.into_iter().for_each(|command| events.extend(self.give(command).unwrap()));
        }
    }

    fn alert(&self, integration: IntegrationId, key: &str) -> &Alert {
        self.state.get(&About::reference_of(integration, key).unwrap()).unwrap()
    }
}

fn kinds(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(|event| event.kind().strip_prefix("alerts.").unwrap()).collect()
}

fn settings(name: &str, kind: Kind) -> Settings {
    Settings {
        name: name.to_owned(),
        entity: entity("component:shop"),
        kind,
        severity: Severity::Error,
        auto_resolve_after_s: None,
        label: Settings::default_label(),
    }
}

fn integration(kind: Kind) -> Integration {
    let (log, id) = Log::with(kind);
    log.state.integration(id).unwrap().clone()
}

fn entity(text: &str) -> EntityRef {
    text.parse().unwrap()
}

fn content(summary: &str) -> Content {
    Content {
        severity: Severity::Error,
        summary: summary.to_owned(),
        source: String::new(),
        labels: BTreeMap::new(),
        details: String::new(),
        links: Vec::new(),
        images: Vec::new(),
        url: None,
    }
}

fn telling(summary: &str) -> Telling {
    Telling { content: content(summary), since: None, ends: None, entity: None }
}

fn tell(key: &str, telling: Telling) -> Signal {
    Signal::new(key, Action::Trigger(Box::new(telling)))
}

fn trigger(key: &str, summary: &str) -> Signal {
    tell(key, telling(summary))
}

fn resolve(key: &str) -> Signal {
    Signal::new(key, Action::Resolve)
}

fn acknowledge(key: &str) -> Signal {
    Signal::new(key, Action::Acknowledge)
}

#[test]
fn an_alert_is_triggered_acknowledged_and_resolved() {
    let (mut log, id) = Log::with(Kind::EventsV2);
    assert_eq!(log.send(id, vec![trigger("k", "disk full")]), ["triggered"]);
    assert_eq!(log.alert(id, "k").status(), Status::Triggered);
    assert_eq!(log.alert(id, "k").group_key(), &entity("component:shop"));
    assert_eq!(log.send(id, vec![acknowledge("k")]), ["acknowledged"]);
    assert_eq!(log.send(id, vec![acknowledge("k")]), [""; 0]);
    assert_eq!(log.alert(id, "k").status(), Status::Acknowledged);
    assert_eq!((log.state.counts().open(), log.state.counts().acknowledged), (1, 1));
    assert_eq!(log.send(id, vec![resolve("k")]), ["resolved"]);
    let alert = log.alert(id, "k");
    assert_eq!((alert.status(), alert.ended.as_ref().unwrap().cause), (Status::Resolved, Cause::Sender));
    assert_eq!(log.state.counts(), crate::Counts::default());
    assert_eq!(log.state.resolved().count(), 1);
}

#[test]
fn what_is_not_open_can_be_resolved_and_acknowledged_to_no_effect() {
    let (mut log, id) = Log::with(Kind::EventsV2);
    assert_eq!(log.send(id, vec![resolve("k"), acknowledge("j")]), [""; 0]);
}

#[test]
fn a_repetition_with_nothing_new_makes_no_event_and_one_with_something_new_does() {
    let (mut log, id) = Log::with(Kind::EventsV2);
    log.send(id, vec![trigger("k", "disk 90% full")]);
    assert_eq!(log.send(id, vec![trigger("k", "disk 90% full")]), [""; 0]);
    assert_eq!(log.send(id, vec![trigger("k", "disk 95% full")]), ["updated"]);
    let alert = log.alert(id, "k");
    assert_eq!((alert.summary.as_str(), alert.count), ("disk 95% full", 2));
    assert_ne!(alert.told_by, alert.opened_by);
}

#[test]
fn a_trigger_after_the_end_opens_a_new_occurrence_under_the_same_reference() {
    let (mut log, id) = Log::with(Kind::EventsV2);
    log.send(id, vec![trigger("k", "down")]);
    let first = log.alert(id, "k").clone();
    log.send(id, vec![resolve("k")]);
    assert_eq!(log.send(id, vec![trigger("k", "down")]), ["triggered"]);
    let second = log.alert(id, "k");
    assert_eq!(first.reference(), second.reference());
    assert!(second.is_open() && second.position > first.position);
    assert_eq!((log.state.open_alerts().count(), log.state.resolved().count()), (1, 1));
}

#[test]
fn of_several_signals_with_one_key_in_one_message_the_last_counts() {
    let (mut log, id) = Log::with(Kind::EventsV2);
    assert_eq!(log.send(id, vec![trigger("k", "a"), resolve("k"), trigger("k", "b")]), ["triggered"]);
    assert_eq!(log.alert(id, "k").summary, "b");
    assert_eq!(log.send(id, vec![trigger("k", "c"), resolve("k")]), ["resolved"]);
}

#[test]
fn an_acknowledgement_in_one_message_with_its_trigger_takes_nothing_away() {
    let acknowledge = || Signal::new("k", Action::Acknowledge);
    let (mut log, id) = Log::with(Kind::EventsV2);
    assert_eq!(log.send(id, vec![acknowledge(), trigger("k", "a")]), ["triggered"]);
    assert_eq!(log.send(id, vec![trigger("k", "b"), acknowledge()]), ["updated", "acknowledged"]);
    assert_eq!(log.send(id, vec![resolve("k"), acknowledge()]), ["resolved"]);
    assert_eq!(log.send(id, vec![acknowledge(), trigger("k", "c"), acknowledge()]), ["triggered", "acknowledged"]);
    assert!(log.alert(id, "k").is_open() && log.alert(id, "k").acknowledged.is_some());
    assert_eq!(log.send(id, vec![trigger("k", "c"), acknowledge()]), [""; 0], "it is so already");
}

#[test]
fn an_alert_of_prometheus_that_is_told_again_in_time_never_ends_and_makes_few_events() {
    let (mut log, id) = Log::with(Kind::Prometheus);
    let mut events = Vec::new();
    for _ in 0..60 {
        // Prometheus tells it each minute with an end four minutes ahead.
        let ends = Some(log.now + SignedDuration::from_mins(4));
        events.extend(log.send(id, vec![tell("k", Telling { ends, ..telling("down") })]));
        events.extend(kinds(&log.pass(60)));
    }
    assert!(log.alert(id, "k").is_open());
    let renewed = events.iter().filter(|kind| **kind == "renewed").count();
    assert_eq!((events.len(), events[0]), (renewed + 1, "triggered"));
    assert_eq!(renewed, 29);
}

#[test]
fn an_alert_that_may_miss_one_repetition_is_still_renewed_in_time() {
    let (mut log, id) = Log::with(Kind::Prometheus);
    for minute in 0..60 {
        if minute % 2 == 0 {
            let ends = Some(log.now + SignedDuration::from_mins(4));
            log.send(id, vec![tell("k", Telling { ends, ..telling("down") })]);
        }
        assert_eq!(log.pass(60), []);
    }
}

#[test]
fn an_alert_that_is_not_told_again_ends_when_it_said_that_it_would() {
    let (mut log, id) = Log::with(Kind::Prometheus);
    let ends = Some(log.now + SignedDuration::from_mins(4));
    log.send(id, vec![tell("k", Telling { ends, ..telling("down") })]);
    assert_eq!(log.state.next_expiry(), ends);
    assert_eq!(log.pass(239), []);
    assert_eq!(kinds(&log.pass(1)), ["resolved"]);
    assert_eq!(log.alert(id, "k").ended.as_ref().unwrap().cause, Cause::Expired);
    assert_eq!(log.state.next_expiry(), None);
}

#[test]
fn an_alert_of_prometheus_without_an_end_is_granted_five_minutes() {
    let (mut log, id) = Log::with(Kind::Prometheus);
    log.send(id, vec![trigger("k", "down")]);
    assert_eq!(log.pass(299), []);
    assert_eq!(kinds(&log.pass(1)), ["resolved"]);
}

#[test]
fn an_end_that_is_nearer_than_a_minute_is_put_off_to_one() {
    let (mut log, id) = Log::with(Kind::Prometheus);
    let ends = Some(log.now + SignedDuration::from_secs(1));
    log.send(id, vec![tell("k", Telling { ends, ..telling("down") })]);
    assert_eq!(log.pass(59), []);
    assert_eq!(kinds(&log.pass(1)), ["resolved"]);
}

#[test]
fn the_later_end_of_two_servers_counts() {
    let (mut log, id) = Log::with(Kind::Prometheus);
    let at = |minutes| Some(Log::new().now + SignedDuration::from_mins(minutes));
    log.send(id, vec![tell("k", Telling { ends: at(10), ..telling("down") })]);
    assert_eq!(log.send(id, vec![tell("k", Telling { ends: at(2), ..telling("down") })]), [""; 0]);
    assert_eq!(log.alert(id, "k").expires, at(10));
}

#[test]
fn an_alert_that_is_told_each_few_seconds_is_updated_once_a_minute_unless_it_gets_worse() {
    let (mut log, id) = Log::with(Kind::Prometheus);
    let mut updated = 0;
    for second in 0..600 {
        let ends = Some(log.now + SignedDuration::from_mins(4));
        let kinds = log.send(id, vec![tell("k", Telling { ends, ..telling(&format!("{second} errors")) })]);
        updated += kinds.iter().filter(|kind| **kind == "updated").count();
        log.pass(1);
    }
    assert_eq!(updated, 9);
    let mut worse = telling("600 errors");
    worse.content.severity = Severity::Critical;
    assert_eq!(log.send(id, vec![tell("k", worse)]), ["updated"]);
    assert_eq!(log.state.counts().critical, 1);
}

#[test]
fn an_integration_can_end_alerts_that_nobody_repeats() {
    let mut log = Log::new();
    let set = Settings { auto_resolve_after_s: Some(3_600), ..settings("main", Kind::EventsV2) };
    let id = log.create(set).unwrap();
    log.send(id, vec![trigger("k", "down")]);
    log.pass(1_800);
    assert_eq!(log.send(id, vec![trigger("k", "down")]), ["renewed"]);
    assert_eq!(log.pass(3_599), []);
    assert_eq!(kinds(&log.pass(1)), ["resolved"]);
}

#[test]
fn a_beginning_in_the_future_is_now() {
    let (mut log, id) = Log::with(Kind::Alertmanager);
    let (before, after) = (log.now - SignedDuration::from_mins(3), log.now + SignedDuration::from_mins(3));
    log.send(id, vec![tell("past", Telling { since: Some(before), ..telling("down") })]);
    log.send(id, vec![tell("future", Telling { since: Some(after), ..telling("down") })]);
    assert_eq!(log.alert(id, "past").since, before);
    assert_eq!(log.alert(id, "future").since, log.now);
}

#[test]
fn what_an_alert_is_about_is_settled_when_it_opens() {
    let (mut log, id) = Log::with(Kind::EventsV2);
    let about = |name: &str| Telling { entity: Some(entity(name)), ..telling(name) };
    log.send(id, vec![tell("k", about("component:cart"))]);
    log.send(id, vec![tell("k", about("component:pay"))]);
    assert_eq!(log.state.of_entity(&entity("component:cart")).count(), 1);
    assert_eq!(log.state.of_entity(&entity("component:pay")).count(), 0);
    assert_eq!(log.state.entities().collect::<Vec<_>>(), [(&entity("component:cart"), 1)]);
    log.send(id, vec![resolve("k")]);
    assert_eq!(log.state.entities().count(), 0);
}

#[test]
fn an_entity_that_the_catalog_does_not_have_is_left_out() {
    let mut signal = tell("k", Telling { entity: Some(entity("component:kubelet")), ..telling("down") });
    signal.keep_entity_if(|entity| entity.name() == "shop");
    assert_eq!(signal, trigger("k", "down"));
}

#[test]
fn an_alert_fails_recovers_and_wakes_nobody_while_it_is_only_for_information() {
    let (mut log, id) = Log::with(Kind::EventsV2);
    let mut send = |severity: Option<Severity>| {
        let signal = severity.map_or_else(
            || resolve("k"),
            |severity| tell("k", Telling { content: Content { severity, ..content("x") }, ..telling("x") }),
        );
        let events = log.give(Command::Receive { integration: id, signals: vec![signal] }).unwrap();
        events[0].upshot().map(|upshot| matches!(upshot, Upshot::Fails { .. }))
    };
    assert_eq!(send(Some(Severity::Info)), None);
    assert_eq!(send(Some(Severity::Warning)), Some(true));
    assert_eq!(send(Some(Severity::Critical)), None);
    assert_eq!(send(Some(Severity::Info)), Some(false));
    assert_eq!(send(None), Some(false));
}

#[test]
fn a_person_can_acknowledge_and_resolve_an_alert_and_it_opens_again_when_it_is_told_again() {
    let (mut log, id) = Log::with(Kind::EventsV2);
    log.send(id, vec![trigger("k", "down")]);
    let alert = log.alert(id, "k").reference().clone();
    assert_eq!(kinds(&log.give(Command::Acknowledge { alert: alert.clone() }).unwrap()), ["acknowledged"]);
    assert_eq!(kinds(&log.give(Command::Resolve { alert: alert.clone() }).unwrap()), ["resolved"]);
    assert_eq!(log.alert(id, "k").ended.as_ref().unwrap().cause, Cause::ByHand);
    assert_eq!(log.give(Command::Resolve { alert: alert.clone() }), Ok(vec![]));
    let refused = log.give(Command::Acknowledge { alert }).unwrap_err();
    assert_eq!(refused.code, &codes::CONFLICT);
    let unknown = log.give(Command::Resolve { alert: entity("alert:none") }).unwrap_err();
    assert_eq!(unknown.code, &codes::NOT_FOUND);
    assert_eq!(log.send(id, vec![trigger("k", "down")]), ["triggered"]);
}

#[test]
fn a_key_is_found_by_its_digest_until_it_is_renewed_or_revoked() {
    let (mut log, id) = Log::with(Kind::EventsV2);
    let (first, second) = (Sha256::of(b"main"), Sha256::of(b"second"));
    assert_eq!(log.state.by_key(&first).unwrap().id, id);
    assert_eq!(kinds(&log.give(Command::RenewKey { integration: id, key: second }).unwrap()), ["key_renewed"]);
    assert!(log.state.by_key(&first).is_none());
    assert_eq!(log.state.by_key(&second).unwrap().id, id);
    assert_eq!(kinds(&log.give(Command::RevokeKey { integration: id }).unwrap()), ["key_revoked"]);
    assert!(log.state.by_key(&second).is_none() && log.state.integration(id).unwrap().keyed.is_none());
    assert_eq!(log.give(Command::RevokeKey { integration: id }), Ok(vec![]));
}

#[test]
fn names_and_keys_of_integrations_are_their_own() {
    let (mut log, id) = Log::with(Kind::EventsV2);
    let same_name = log.create(settings("main", Kind::Generic)).unwrap_err();
    assert_eq!((same_name.code, same_name.field.as_deref()), (&codes::CONFLICT, Some("name")));
    let key = Sha256::of(b"main");
    let same_key =
        log.give(Command::CreateIntegration { settings: settings("other", Kind::Generic), key }).unwrap_err();
    assert_eq!((same_key.code, same_key.field.as_deref()), (&codes::CONFLICT, Some("key")));
    let unchanged = settings("main", Kind::EventsV2);
    assert_eq!(log.give(Command::ChangeIntegration { integration: id, settings: unchanged }), Ok(vec![]));
    let renamed = settings("new name", Kind::EventsV2);
    assert!(log.give(Command::ChangeIntegration { integration: id, settings: renamed }).is_ok());
    assert_eq!(log.state.integration(id).unwrap().settings.name, "new name");
}

#[test]
fn the_alerts_of_a_removed_integration_end_in_portions() {
    let (mut log, id) = Log::with(Kind::EventsV2);
    let other = log.create(settings("other", Kind::EventsV2)).unwrap();
    log.send(other, vec![trigger("k", "down")]);
    let signals = (0..DUE_MAX + 5).map(|number| trigger(&number.to_string(), "down")).collect();
    log.send(id, signals);
    log.give(Command::RemoveIntegration { integration: id }).unwrap();
    let refused = log.give(Command::Receive { integration: id, signals: vec![trigger("k", "x")] }).unwrap_err();
    assert_eq!(refused.code, &codes::NOT_FOUND);
    let Some(Command::Expire { alerts }) = due(&log.state, log.now).pop() else { panic!("nothing is due") };
    assert_eq!(alerts.len(), DUE_MAX);
    let events = log.pass(0);
    assert_eq!(events.len(), DUE_MAX + 5);
    assert!(events.iter().all(|event| matches!(event, Event::Resolved { cause: Cause::IntegrationRemoved, .. })));
    assert_eq!(log.state.open_alerts().count(), 1);
}

#[test]
fn a_state_is_the_same_after_being_written_and_read() {
    let (mut log, id) = Log::with(Kind::Prometheus);
    log.send(id, vec![trigger("a", "down"), trigger("b", "down"), acknowledge("b")]);
    log.send(id, vec![resolve("a")]);
    let written = serde_json::to_string(&log.state).unwrap();
    let read: State = serde_json::from_str(&written).unwrap();
    assert_eq!(read, log.state);
}
