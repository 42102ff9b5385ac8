//! Calendars, read by somebody else's parser.

use icalendar::parser::{read_calendar, unfold};
use serde_json::json;

use super::{
    layers::{log_of, named},
    *,
};
use crate::{Feed, ical};

const NOW: &str = "2026-01-01T12:00:00Z";

/// The events of a calendar, each with the values of these properties.
fn events(calendar: &str, properties: &[&str]) -> Vec<Vec<String>> {
    let unfolded = unfold(calendar);
    let calendar = read_calendar(&unfolded).unwrap();
    let value = |name: &str| calendar.properties.iter().find(|property| property.name == name).unwrap().val.to_string();
    assert_eq!((value("VERSION"), value("METHOD")), ("2.0".to_owned(), "PUBLISH".to_owned()));
    assert!(calendar.components.iter().all(|component| component.name == "VEVENT"));
    let event = |component: &icalendar::parser::Component<'_>| {
        let value = |name: &&str| component.find_prop(*name).unwrap().val.to_string();
        properties.iter().map(value).collect()
    };
    calendar.components.iter().map(event).collect()
}

fn weeks(log: &Log, feed: &Feed, from: &str, to: &str) -> String {
    ical(&log.state, feed, moment(from), moment(to), moment(NOW))
}

#[test]
fn a_persons_calendar_has_their_shifts_in_all_teams() {
    let mut other = named("other", json!({"team": "ads", "people": ["kim", "jo"], "schedule": "everything; always"}));
    other.handover.time = Time::new(10, 0, 0, 0).unwrap();
    let log = log_of([named("first", json!({"people": ["jo", "kim"]})), other]);
    let calendar = weeks(&log, &Feed::Person(reference("user:jo")), "2026-01-06T00:00:00Z", "2026-01-14T00:00:00Z");
    assert_eq!(
        events(&calendar, &["DTSTAMP", "DTSTART", "DTEND", "SUMMARY"]),
        [
            ["20260101T120000Z", "20260105T090000Z", "20260112T090000Z", "On call: first (money)"],
            ["20260101T120000Z", "20260112T100000Z", "20260119T100000Z", "On call: everything; always (ads)"],
        ]
    );
}

#[test]
fn a_shift_has_the_same_uid_whenever_it_is_asked_for_and_no_other_has_it() {
    let log = log_of([
        named("base", json!({"schedule": "all", "people": ["jo", "kim"]})),
        named(
            "weekend",
            json!({"schedule": "all", "layer": 1, "people": ["lee"], "restrict": [{"days": ["saturday", "sunday"]}]}),
        ),
    ]);
    let feed = Feed::Team(team());
    let uids = |from: &str| -> Vec<Vec<String>> {
        events(&weeks(&log, &feed, from, "2026-03-01T00:00:00Z"), &["UID", "DTSTART", "DTEND"])
    };
    let (early, late) = (uids("2026-01-05T12:00:00Z"), uids("2026-01-14T00:00:00Z"));
    assert!(early.ends_with(&late) && early.len() > late.len());
    let different: std::collections::BTreeSet<&str> = early.iter().map(|event| event[0].as_str()).collect();
    assert_eq!(different.len(), early.len());
    let of_rotation =
        weeks(&log, &Feed::Rotation(reference("rotation:weekend")), "2026-01-05T12:00:00Z", "2026-01-20T00:00:00Z");
    assert_eq!(
        events(&of_rotation, &["DTSTART", "SUMMARY"]),
        [["20260110T000000Z", "lee on call: all"], ["20260117T000000Z", "lee on call: all"]]
    );
    assert!(early.iter().any(|event| events(&of_rotation, &["UID"])[0][0] == event[0]), "in each calendar the same");
}

#[test]
fn lines_end_with_crlf_and_are_folded_between_characters() {
    let name = "Bereitschaft für Zahlungen – größere Störungen außerhalb der üblichen Bürozeiten";
    let log = log_of([named("first", json!({"schedule": name}))]);
    let calendar = weeks(&log, &Feed::Team(team()), "2026-01-06T00:00:00Z", "2026-01-07T00:00:00Z");
    assert!(calendar.ends_with("END:VCALENDAR\r\n"));
    let lines: Vec<&str> = calendar.split("\r\n").collect();
    assert!(lines.iter().all(|line| line.len() <= 75 && !line.contains('\n')), "{calendar}");
    assert!(lines.iter().any(|line| line.starts_with(' ')));
    assert_eq!(events(&calendar, &["SUMMARY"]), [[format!("jo on call: {name}")]]);
}

#[test]
fn a_calendar_has_2_000_shifts_at_most_and_may_have_none() {
    let log = log_of([named("first", json!({"length": "1 hour", "handover": "00:00", "people": ["jo", "kim"]}))]);
    let all = weeks(&log, &Feed::Team(team()), "2026-01-06T00:00:00Z", "2029-01-07T00:00:00Z");
    assert_eq!(events(&all, &["UID"]).len(), 2_000);
    let none = weeks(&log, &Feed::Person(reference("user:idle")), "2026-01-06T00:00:00Z", "2029-01-07T00:00:00Z");
    assert!(none.contains("BEGIN:VCALENDAR") && !none.contains("VEVENT"));
}

#[test]
fn who_was_put_in_sees_for_whom() {
    let mut log = Log::with(weekly());
    log.put_in("user:max", "2026-03-18T00:00:00Z", "2026-03-19T00:00:00Z").unwrap();
    let calendar = weeks(&log, &Feed::Person(reference("user:max")), "2026-03-10T00:00:00Z", "2026-04-10T00:00:00Z");
    assert!(
        calendar.replace("\r\n ", "").contains("DESCRIPTION:max is on call for money by money\\, instead of jo\r\n")
    );
    assert_eq!(
        events(&calendar, &["DTSTART", "DESCRIPTION"]),
        [["20260318T000000Z", "max is on call for money by money, instead of jo"]]
    );
}
