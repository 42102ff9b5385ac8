//! Only what changes becomes an event.

use kernel::{Actor, CommandId, Context, EntityRef, EventId, IdSeed, Stamp, Timestamp};

use crate::{
    Command, Counts, Ending, Event, Record, Report, Severity, State, decide,
    tests::documents::{read, reference, slo},
};

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn context(second: i64) -> Context {
    Context::new(at(second), Actor::mainstay("slos"), IdSeed(7))
}

pub(super) fn stamp(second: i64) -> Stamp {
    let context = context(second);
    Stamp {
        event: context.id::<EventId>(),
        position: 1,
        at: context.now,
        actor: context.actor.clone(),
        reason: None,
        command: context.id::<CommandId>(),
    }
}

const BEGIN: i64 = 29_600_000;

/// One SLO of a check, and what is counted of it.
struct Story {
    state: State,
    record: Record,
    minute: i64,
    /// How many minutes events may lie apart.
    apart: i64,
}

impl Story {
    fn new() -> Self {
        let mut state = State::default();
        let document = Box::new(read("slo:shop", &slo(|_| {})).unwrap());
        let define = Command::Define { reference: reference("slo:shop"), document };
        for event in decide(&state.clone(), define.clone(), &context(0)).unwrap() {
            state.fold(&event, &stamp(0));
        }
        assert!(decide(&state, define, &context(0)).unwrap().is_empty(), "it is so already");
        let resolved = state.resolve(&reference("slo:shop")).unwrap().unwrap();
        let record = Record::new(&resolved.definition.objectives, resolved.reach());
        Self { state, record, minute: BEGIN, apart: 0 }
    }

    /// Minutes pass, each with so many good of 60 seconds; none if nothing is known.
    fn pass(&mut self, minutes: i64, good: Option<f64>) -> Vec<Event> {
        let mut events = Vec::new();
        for _ in 0..minutes {
            if let Some(good) = good {
                self.record.add(self.minute, Counts::events(good, 60.0));
            }
            self.minute += 1;
            self.record.advance(self.minute);
            events.extend(self.judge());
        }
        events
    }

    fn judge(&mut self) -> Vec<Event> {
        let resolved = self.state.resolve(&reference("slo:shop")).unwrap().unwrap();
        let judge = Command::Judge {
            slo: reference("slo:shop"),
            entity: EntityRef::new("component", "default", "shop").unwrap(),
            report: Box::new(Report::of(&resolved, &self.record, self.minute).of_events_apart(self.apart)),
            tell_no_data: resolved.no_data,
            reason: None,
        };
        let now = (self.minute - BEGIN) * 60;
        let events = decide(&self.state, judge, &context(now)).unwrap();
        for event in &events {
            self.state.fold(event, &stamp(0));
        }
        events
    }
}

fn kinds(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(Event::kind).collect()
}

#[test]
fn an_outage_burns_pages_exhausts_and_ends_with_one_event_each() {
    let mut story = Story::new();
    story.pass(10 * 1_440, Some(60.0));
    let events = story.pass(30, Some(0.0));
    assert_eq!(
        kinds(&events),
        ["slo.burn_started", "slo.burn_started", "slo.burn_started", "slo.burn_started", "slo.budget_exhausted"]
    );
    let Event::BurnStarted { burn, .. } = &events[0] else { panic!("{events:?}") };
    assert_eq!((burn.severity, burn.long_minutes), (Severity::Page, 60));
    assert_eq!(story.state.standing(&reference("slo:shop")).severity(), Some(Severity::Page));
    let events = story.pass(1_440, Some(60.0));
    assert!(events.iter().all(|event| matches!(event, Event::BurnEnded { ending: Ending::Over, .. })), "{events:?}");
    assert_eq!(events.len(), 4);
    assert!(story.state.standing(&reference("slo:shop")).firing.is_empty());
    // A month later the outage is past.
    assert_eq!(kinds(&story.pass(30 * 1_440, Some(60.0))), ["slo.budget_restored"]);
}

#[test]
fn silence_is_told_once_and_neither_ends_a_burn_nor_restores_a_budget() {
    let mut story = Story::new();
    assert!(story.pass(5, None).is_empty(), "it is new");
    assert_eq!(kinds(&story.pass(20, None)), ["slo.data_lost"]);
    assert_eq!(kinds(&story.pass(1_000, Some(60.0))), ["slo.data_found"]);
    story.pass(5, Some(0.0));
    let firing = story.state.standing(&reference("slo:shop")).firing.len();
    assert!(firing >= 2);
    assert_eq!(kinds(&story.pass(300, None)), ["slo.data_lost"]);
    assert_eq!(story.state.standing(&reference("slo:shop")).firing.len(), firing);
}

#[test]
fn what_is_not_measured_any_more_neither_uses_up_a_budget_nor_restores_one_nor_ends_a_burn() {
    let silent = |story: &mut Story, hours: i64| {
        let mut events = Vec::new();
        for _ in 0..hours {
            story.minute += 60;
            story.record.advance(story.minute);
            events.extend(story.judge());
        }
        kinds(&events)
    };
    // What is left over of a budget shrinks with the window, although nothing happened.
    let mut story = Story::new();
    story.pass(29 * 1_440, Some(60.0));
    story.pass(30, Some(0.0));
    assert!(story.state.standing(&reference("slo:shop")).exhausted.is_empty());
    assert_eq!(silent(&mut story, 29 * 24), ["slo.data_lost"]);
    // An outage leaves the window, and what follows it stays.
    let mut story = Story::new();
    story.pass(1_440, Some(60.0));
    story.pass(30, Some(0.0));
    story.pass(10 * 1_440, Some(60.0));
    assert!(story.state.standing(&reference("slo:shop")).firing.is_empty());
    assert_eq!(silent(&mut story, 22 * 24), ["slo.data_lost"]);
    assert!(!story.state.standing(&reference("slo:shop")).exhausted.is_empty());
    assert_eq!(kinds(&story.pass(1, Some(60.0))), ["slo.budget_restored", "slo.data_found"]);
    // An outage leaves the short window of an alert.
    let mut story = Story::new();
    story.pass(1_440, Some(60.0));
    story.pass(30, Some(0.0));
    story.pass(60, Some(60.0));
    let firing = story.state.standing(&reference("slo:shop")).firing.len();
    assert!(firing > 0);
    assert_eq!(kinds(&story.pass(450, None)), ["slo.data_lost"]);
    assert_eq!(story.state.standing(&reference("slo:shop")).firing.len(), firing);
}

#[test]
fn what_happens_seldom_is_not_lost_in_between() {
    let mut story = Story::new();
    story.apart = 181;
    assert!(story.pass(180, None).is_empty(), "it is new for as long");
    for _ in 0..5 {
        assert!(story.pass(1, Some(60.0)).is_empty());
        assert!(story.pass(119, None).is_empty());
    }
    assert_eq!(kinds(&story.pass(120, None)), ["slo.data_lost"]);
}

#[test]
fn what_burns_ends_when_its_slo_is_removed() {
    let mut story = Story::new();
    story.pass(1_000, Some(60.0));
    story.pass(10, Some(0.0));
    let remove = Command::Remove { reference: reference("slo:shop") };
    let events = decide(&story.state, remove.clone(), &context(0)).unwrap();
    assert!(matches!(events.first(), Some(Event::BurnEnded { ending: Ending::Withdrawn, .. })));
    assert!(matches!(events.last(), Some(Event::Removed { .. })));
    events.iter().for_each(|event| story.state.fold(event, &stamp(0)));
    assert!(story.state.is_empty());
    assert!(decide(&story.state, remove, &context(0)).is_err());
}

#[test]
fn an_alert_that_is_declared_no_more_ends() {
    let mut story = Story::new();
    story.pass(1_000, Some(60.0));
    story.pass(10, Some(0.0));
    let quiet = slo(|it| it["spec"]["alertPolicies"] = serde_json::json!([]));
    let event =
        Event::Defined { reference: reference("slo:shop"), document: Box::new(read("slo:shop", &quiet).unwrap()) };
    story.state.fold(&event, &stamp(0));
    let ended = story.judge();
    assert!(!ended.is_empty());
    assert!(ended.iter().all(|event| matches!(event, Event::BurnEnded { ending: Ending::Withdrawn, .. })), "{ended:?}");
}

#[test]
fn the_state_comes_back_from_a_snapshot_as_it_was() {
    let mut story = Story::new();
    story.pass(1_000, Some(60.0));
    story.pass(10, Some(0.0));
    let bytes = rmp_serde::to_vec_named(&story.state).unwrap();
    assert_eq!(rmp_serde::from_slice::<State>(&bytes).unwrap(), story.state);
}
