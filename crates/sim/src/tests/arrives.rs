//! Each invariant of pages that arrive can fail: it is kept by what is right, and names what is wrong.

use std::collections::{BTreeMap, BTreeSet};

use alerts::{Action, Content, Kind, Settings, Signal, Telling};
use jiff::SignedDuration;
use kernel::{Actor, Context, EffectId, EntityRef, IdSeed, PageId, Sha256, Stamp, Timestamp};
use paging::{Closing, Line, Opening, Outcome, PageRef, Plan, Urgency};
use serde_json::json;
use timeline::{SampleBatch, Sketch, Store as _};
use world::{Event, Recorded, World};

use crate::{
    MemoryStore,
    arrival::{self, Ledger, Lives},
    clock,
};

/// A timeline that nobody decided, and what went in and out beside it.
struct Story {
    world: World,
    lives: Lives,
    ledger: Ledger,
    now: Timestamp,
    wrong: Vec<String>,
}

fn named(name: &str) -> EntityRef {
    name.parse().unwrap()
}

fn seeded(number: u128) -> Context {
    Context::new(clock::begin(), Actor::mainstay("paging"), IdSeed(number))
}

fn effect(number: u128) -> EffectId {
    seeded(1_000 + number).id()
}

impl Story {
    fn new() -> Self {
        Self {
            world: World::default(),
            lives: Lives::default(),
            ledger: Ledger::default(),
            now: clock::begin(),
            wrong: Vec::new(),
        }
    }

    fn then(&mut self, event: impl Into<Event>) -> &mut Self {
        let event = event.into();
        self.now += SignedDuration::from_secs(1);
        let context = seeded(u128::from(self.world.position) + 1);
        let stamp = Stamp {
            position: self.world.position + 1,
            event: context.id(),
            command: context.command,
            at: self.now,
            actor: context.actor.clone(),
            reason: None,
        };
        self.lives.see(&event, &stamp, &mut self.wrong);
        self.world.fold(&Recorded { stamp, event: event.into() });
        self
    }

    /// Page 1 is open.
    fn paged() -> (Self, PageRef) {
        let mut story = Self::new();
        let page = PageRef { page: seeded(7).id::<PageId>(), number: 1 };
        let about = Opening {
            incident: None,
            subject: named("component:shop"),
            team: None,
            policy: None,
            urgency: Urgency::High,
            title: "down".to_owned(),
        };
        let (plan, next) = (Plan::without_policy(None), story.now);
        story.then(paging::Event::Opened { page, about, plan, next, findings: Vec::new() });
        (story, page)
    }

    fn told(&mut self, page: PageRef, kind: paging::Kind, number: u128) -> &mut Self {
        let method = paging::Method {
            id: paging::MethodId(1),
            channel: paging::Channel::Ntfy,
            label: "…".to_owned(),
            secret: "contacts/default/ada/1".to_owned(),
            verified: true,
        };
        let lines = vec![Line { page, notice: 0, kind }];
        self.then(paging::Event::Dispatched { effect: effect(number), person: named("user:ada"), method, lines })
    }

    fn delivered(&mut self, number: u128, outcome: Outcome) -> &mut Self {
        self.then(paging::Event::Delivered { effect: effect(number), person: named("user:ada"), outcome })
    }

    /// What is wrong by this invariant.
    fn by(&mut self, check: impl FnOnce(&Ledger, &Lives, &World, Timestamp, &mut Vec<String>)) -> Vec<String> {
        let mut wrong = std::mem::take(&mut self.wrong);
        check(&self.ledger, &self.lives, &self.world, self.now, &mut wrong);
        wrong
    }
}

fn is_seen(wrong: &[String], words: &str) {
    assert!(wrong.iter().any(|text| text.contains(words)), "{words:?} is not among {wrong:?}");
}

#[test]
fn a_message_that_comes_twice_without_a_reason_is_seen() {
    let told_twice = |story: &mut Story| {
        story.by(|ledger, _, _, _, wrong| arrival::nobody_is_told_twice_without_a_reason(ledger, wrong))
    };
    let mut story = Story::new();
    story.ledger.arrived(effect(1));
    assert!(told_twice(&mut story).is_empty());
    story.ledger.arrived(effect(1));
    is_seen(&told_twice(&mut story), "came 2 times");
    story.ledger.excuse(effect(1));
    assert!(told_twice(&mut story).is_empty());
}

#[test]
fn a_page_that_is_left_open_or_ends_without_an_alarm_is_seen() {
    let ended =
        |story: &mut Story| story.by(|_, lives, world, _, wrong| arrival::every_page_has_ended(lives, world, wrong));
    let (mut story, page) = Story::paged();
    is_seen(&ended(&mut story), "page 1 is neither answered nor escalated to its end");
    story.then(paging::Event::Reached {
        page,
        at: paging::Place::default(),
        people: vec![paging::Telling { person: named("user:ada"), notices: Vec::new() }],
        findings: Vec::new(),
        then: None,
        next: story.now,
    });
    story.then(paging::Event::Exhausted { page });
    is_seen(&ended(&mut story), "ada was never told that nobody answers page 1");
    story.told(page, paging::Kind::Alarm, 1);
    is_seen(&ended(&mut story), "a message to ada is still on its way");
    story.delivered(1, Outcome::Sent);
    assert_eq!(ended(&mut story), [""; 0]);
    let (mut closed, page) = Story::paged();
    closed.then(paging::Event::Closed { page, why: Closing::ByHand });
    assert_eq!(ended(&mut closed), [""; 0]);
}

#[test]
fn a_page_that_lives_otherwise_than_a_page_can_is_seen() {
    type Tell = fn(&mut Story, PageRef);
    let nothing = |story: &mut Story| story.by(|_, _, _, _, _| {});
    let cases: [(&str, Tell); 8] = [
        ("a page ended twice", |story, page| {
            story.then(paging::Event::Closed { page, why: Closing::ByHand });
            story.then(paging::Event::Closed { page, why: Closing::ByHand });
        }),
        ("for the end of an incident that goes on", |story, page| {
            story.then(paging::Event::Closed { page, why: Closing::IncidentEnded });
        }),
        ("an open page made room", |story, page| {
            story.then(paging::Event::Closed { page, why: Closing::MadeRoom });
        }),
        ("came to its end twice", |story, page| {
            story.then(paging::Event::Exhausted { page });
            story.then(paging::Event::Exhausted { page });
        }),
        ("an alarm is told of a page that is none", |story, page| {
            story.told(page, paging::Kind::Alarm, 1);
        }),
        ("a page is told that is over", |story, page| {
            story.then(paging::Event::Closed { page, why: Closing::ByHand });
            story.told(page, paging::Kind::Page, 1);
        }),
        ("a message went out twice", |story, page| {
            story.told(page, paging::Kind::Page, 1);
            story.told(page, paging::Kind::Page, 1);
        }),
        ("that was not on its way", |story, page| {
            story.told(page, paging::Kind::Page, 1).delivered(1, Outcome::Sent).delivered(1, Outcome::Sent);
        }),
    ];
    for (words, tell) in cases {
        let (mut story, page) = Story::paged();
        tell(&mut story, page);
        is_seen(&nothing(&mut story), words);
    }
}

#[test]
fn a_message_that_was_taken_and_not_recorded_is_seen() {
    let recorded = |story: &mut Story| {
        story.by(|ledger, lives, _, _, wrong| arrival::what_was_taken_is_recorded(ledger, lives, wrong))
    };
    let (mut story, page) = Story::paged();
    story.told(page, paging::Kind::Page, 1);
    story.ledger.accepted(effect(1));
    is_seen(&recorded(&mut story), "is not recorded as sent");
    // It isn't an effect any more, but still a message.
    story.ledger.recorded(&story.world, effect(1));
    let over = story.by(|ledger, _, world, _, wrong| arrival::what_was_recorded_as_taken_is_over(ledger, world, wrong));
    is_seen(&over, "was taken, and is still on its way");
    story.delivered(1, Outcome::Sent);
    assert_eq!(recorded(&mut story), [""; 0]);
}

#[test]
fn an_alert_that_is_gone_or_in_no_incident_is_seen() {
    let mut story = Story::new();
    let integration = seeded(3).id::<alerts::IntegrationId>();
    let settings = Settings {
        name: "prometheus".to_owned(),
        entity: named("component:shop"),
        kind: Kind::EventsV2,
        severity: alerts::Severity::Error,
        auto_resolve_after_s: None,
        label: Settings::default_label(),
    };
    story.then(alerts::Event::IntegrationCreated { integration, settings, key: Sha256::ZERO });
    story.ledger.told(integration, "disk".to_owned(), None);
    let found = |story: &mut Story| {
        story.by(|ledger, _, world, now, wrong| arrival::every_alert_that_was_taken_is_found(ledger, world, now, wrong))
    };
    is_seen(&found(&mut story), "alert disk was taken, and is not open");
    let content: Content = serde_json::from_value(json!({"severity": "error", "summary": "the disk is full"})).unwrap();
    let telling = Telling { content, since: None, ends: None, entity: None };
    let signal = Signal::new("disk", Action::Trigger(Box::new(telling)));
    let command = alerts::Command::Receive { integration, signals: vec![signal] };
    let context = seeded(9);
    for event in alerts::decide(&story.world.alerts, command, &context).unwrap() {
        story.then(event);
    }
    assert_eq!(found(&mut story), [""; 0]);
    let within = story.by(|_, _, world, _, wrong| arrival::every_open_alert_is_in_an_incident(world, wrong));
    is_seen(&within, "alert disk is open and in no incident");
}

/// A check that is run every fifteen seconds, and was up a moment ago.
fn watched() -> Story {
    let mut story = Story::new();
    let spec = json!({"owner": "group:web", "target": "component:shop", "interval": "15s", "http": {"url": "http://shop.invalid/"}});
    let definition = checks::CheckDefinition::from_spec(named("check:buy"), &spec).unwrap();
    let (check, path) = (named("check:buy"), definition.critical_path());
    story.then(checks::Event::Defined { definition });
    let at = story.now;
    story.then(checks::Event::CameUp { check, path, location: "place-0".to_owned(), at });
    story
}

fn goes_down(story: &mut Story) {
    let at = story.now;
    story.then(checks::Event::WentDown {
        check: named("check:buy"),
        path: vec![named("component:shop")],
        location: "place-0".to_owned(),
        since: at,
        last_good: None,
        evidence: checks::Evidence::of("502"),
        agreeing: Vec::new(),
    });
}

#[test]
fn a_check_that_is_down_for_silence_or_for_one_place_is_seen() {
    let mut story = watched();
    goes_down(&mut story);
    story.now += SignedDuration::from_mins(5);
    let silent =
        |story: &mut Story| story.by(|ledger, lives, _, _, wrong| arrival::silence_is_never_down(ledger, lives, wrong));
    let alone = |story: &mut Story, failed: BTreeSet<EntityRef>| {
        story.by(|_, _, world, now, wrong| {
            arrival::one_bad_location_pages_nobody(world, &failed, clock::begin(), now, wrong);
        })
    };
    is_seen(&silent(&mut story), "went down at place-0, where nothing was reported");
    is_seen(&alone(&mut story, BTreeSet::new()), "as one place alone saw it");
    story.ledger.reported(&named("check:buy"), "place-0");
    assert_eq!(silent(&mut story), [""; 0]);
    assert_eq!(alone(&mut story, [named("check:buy")].into()), [""; 0]);
    assert_eq!(alone(&mut watched(), BTreeSet::new()), [""; 0]);
}

#[test]
fn a_verdict_on_what_nobody_has_heard_of_is_seen() {
    let mut story = watched();
    let heard = story.now;
    let unheard = |story: &mut Story| {
        story.by(|_, _, world, now, wrong| {
            arrival::what_is_not_heard_is_unknown(world, |_, _| heard, now, wrong);
        })
    };
    story.now += SignedDuration::from_secs(10);
    assert_eq!(unheard(&mut story), [""; 0]);
    story.now += SignedDuration::from_mins(5);
    is_seen(&unheard(&mut story), "buy is up, and nothing was heard of it");
    let path = vec![named("component:shop")];
    story.then(checks::Event::FellSilent { check: named("check:buy"), path, last: None });
    assert_eq!(unheard(&mut story), [""; 0]);
}

#[test]
fn a_result_that_was_taken_and_is_not_kept_is_seen() {
    let store = MemoryStore::default();
    let mut story = Story::new();
    story.ledger.results_taken(BTreeMap::from([("series".to_owned(), 2)]));
    let lost =
        |story: &mut Story| story.by(|ledger, _, _, now, wrong| arrival::no_result_is_lost(ledger, &store, now, wrong));
    is_seen(&lost(&mut story), "2 results of series were taken, and 0 are kept");
    let measured = Sketch::of(&[40.0]).unwrap();
    let minute = story.now.as_second().div_euclid(60);
    store
        .add_samples(vec![SampleBatch { series: "series".to_owned(), minute, measured, errors: 1, parts: Vec::new() }])
        .unwrap();
    assert_eq!(lost(&mut story), [""; 0]);
}

#[test]
fn what_of_pages_is_due_and_not_done_is_seen() {
    let (mut story, _) = Story::paged();
    let due = story.by(|_, _, world, now, wrong| arrival::nothing_waits_beyond_its_time(world, now, wrong));
    is_seen(&due, "something of pages is due since");
    let next = story.by(|_, _, world, _, wrong| arrival::an_open_page_has_a_next_time(world, wrong));
    assert_eq!(next, [""; 0]);
}
