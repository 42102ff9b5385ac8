//! Everything has a bound.

use kernel::codes;

use super::{Log, content, resolve, settings, tell, telling, trigger};
use crate::{
    About, Command, Content, Event, HELD_BYTES_MAX, INTEGRATIONS_MAX, KEY_CHARS_MAX, Kind, Link, OPEN_MAX,
    OPEN_OF_INTEGRATION_MAX, RESOLVED_KEPT, SIGNALS_MAX, Settings, Telling,
};

#[test]
fn settings_out_of_bounds_are_refused() {
    let mut log = Log::new();
    let mut check = |settings: Settings, field: &str| {
        let refusal = log.create(settings).unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_deref()), (&codes::INVALID, Some(field)));
    };
    check(settings(" ", Kind::Generic), "name");
    check(settings(&"x".repeat(101), Kind::Generic), "name");
    check(Settings { label: "a\nb".to_owned(), ..settings("a", Kind::Generic) }, "label");
    check(Settings { auto_resolve_after_s: Some(59), ..settings("a", Kind::Generic) }, "auto_resolve_after_s");
}

#[test]
fn an_integration_with_too_many_open_alerts_is_told_to_try_again_and_others_are_not() {
    let (mut log, id) = Log::with(Kind::EventsV2);
    let mut number = 0;
    while number < OPEN_OF_INTEGRATION_MAX {
        let signals = (number..number + 5_000).map(|number| trigger(&number.to_string(), "down")).collect();
        log.send(id, signals);
        number += 5_000;
    }
    let more = Command::Receive { integration: id, signals: vec![trigger("more", "down")] };
    let refusal = log.give(more).unwrap_err();
    assert_eq!((refusal.code, refusal.retry_after_s), (&codes::BUSY, Some(30)));
    // What makes no more of them is taken, and what makes room for itself.
    assert_eq!(log.send(id, vec![trigger("1", "worse")]), ["updated"]);
    assert_eq!(log.send(id, vec![resolve("1"), trigger("more", "down")]), ["resolved", "triggered"]);
    let other = log.create(settings("other", Kind::EventsV2)).unwrap();
    assert_eq!(log.send(other, vec![trigger("k", "down")]), ["triggered"]);
}

#[test]
fn there_is_room_up_to_each_bound() {
    let room = crate::command::room;
    let (open, own, bytes) = (OPEN_MAX, OPEN_OF_INTEGRATION_MAX, HELD_BYTES_MAX - 1);
    assert_eq!(room(open, own, bytes), Ok(()));
    assert!(room(open + 1, own, bytes).is_err() && room(open, own + 1, bytes).is_err());
    assert!(room(open, own, bytes + 1).is_err());
}

#[test]
fn there_are_only_so_many_integrations() {
    let mut log = Log::new();
    for number in 0..INTEGRATIONS_MAX {
        log.create(settings(&number.to_string(), Kind::Generic)).unwrap();
    }
    assert_eq!(log.create(settings("more", Kind::Generic)).unwrap_err().code, &codes::CONFLICT);
}

#[test]
fn too_many_signals_at_once_are_refused() {
    let (mut log, id) = Log::with(Kind::EventsV2);
    let signals = vec![resolve("k"); SIGNALS_MAX + 1];
    let refusal = log.give(Command::Receive { integration: id, signals }).unwrap_err();
    assert_eq!(refusal.code, &codes::TOO_LARGE);
}

#[test]
fn only_the_newest_resolved_alerts_are_held() {
    let (mut log, id) = Log::with(Kind::EventsV2);
    for number in 0..RESOLVED_KEPT + 3 {
        let key = number.to_string();
        log.send(id, vec![trigger(&key, "down")]);
        log.send(id, vec![resolve(&key)]);
    }
    assert_eq!(log.state.resolved().count(), RESOLVED_KEPT);
    assert_eq!(log.state.resolved().next().unwrap().about.key, (RESOLVED_KEPT + 2).to_string());
    assert!(log.state.get(&About::reference_of(id, "0").unwrap()).is_none());
}

#[test]
fn texts_are_cut_to_their_bounds_and_addresses_that_are_none_are_left_out() {
    let (mut log, id) = Log::with(Kind::EventsV2);
    let link = |href: &str| Link { href: href.to_owned(), text: "é".repeat(400) };
    let content = Content {
        summary: "ü".repeat(3_000),
        source: "s".repeat(3_000),
        labels: (0..200).map(|number| (format!("l{number:03}"), "v".repeat(2_000))).collect(),
        details: format!("\"{}\"", "\\\"".repeat(100_000)),
        links: vec![
            link("javascript:alert(1)"),
            link("https://example.com/a"),
            link("HTTP://example.com"),
            link("https://a b"),
        ],
        url: Some("data:text/html,x".to_owned()),
        ..content("x")
    };
    let signals = vec![tell("k", Telling { content, ..telling("x") })];
    let events = log.give(Command::Receive { integration: id, signals }).unwrap();
    let Event::Triggered { content, .. } = &events[0] else { panic!("{events:?}") };
    assert_eq!(content.summary.chars().count(), 1_024);
    assert_eq!((content.source.len(), content.labels.len()), (512, 15));
    let details: serde_json::Value = serde_json::from_str(&content.details).unwrap();
    assert!(details["truncated"].is_string() && content.details.len() <= 64 * 1_024);
    assert_eq!(
        content.links.iter().map(|link| link.href.as_str()).collect::<Vec<_>>(),
        ["https://example.com/a", "HTTP://example.com"]
    );
    assert!(content.links.iter().all(|link| link.text.len() <= 200) && content.url.is_none());
    assert_eq!(content.clone().bounded(), *content);
}

#[test]
fn a_dedup_key_that_is_too_long_is_shortened_to_one_as_distinct() {
    let (mut log, id) = Log::with(Kind::EventsV2);
    let (one, other) = (format!("{}1", "k".repeat(400)), format!("{}2", "k".repeat(400)));
    log.send(id, vec![trigger(&one, "down"), trigger(&other, "down")]);
    assert_eq!(log.state.open_alerts().count(), 2);
    assert_eq!(log.state.open_by_key(id, &one).unwrap().about.key.chars().count(), KEY_CHARS_MAX);
    assert_eq!(log.send(id, vec![resolve(&one)]), ["resolved"]);
    assert!(log.state.open_by_key(id, &other).is_some());
}
