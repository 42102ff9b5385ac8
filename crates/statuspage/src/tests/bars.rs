//! Uptime of the past.

use jiff::SignedDuration;

use super::{Log, affected, at, component, incident, page};
use crate::{Bars, Command, DAYS, Measured, Stage, Status};

fn measured(turns: &[(&str, Status)]) -> Measured {
    let turns = turns.iter().map(|(moment, status)| (at(moment), *status)).collect();
    Measured { status: Status::Operational, since: None, turns }
}

fn bars(log: &Log, key: &str, turns: &[(&str, Status)]) -> Bars {
    Bars::of(&log.state, &page(), &component(key), &measured(turns), log.now)
}

#[test]
fn an_outage_counts_on_its_day_and_a_partial_one_for_less() {
    let log = Log::new();
    let turns = [
        ("2026-11-10T00:00:00Z", Status::Operational),
        ("2026-11-17T06:00:00Z", Status::MajorOutage),
        ("2026-11-17T12:00:00Z", Status::Operational),
        ("2026-11-18T00:00:00Z", Status::PartialOutage),
        ("2026-11-19T00:00:00Z", Status::Operational),
    ];
    let bars = bars(&log, "checkout", &turns);
    assert_eq!(bars.days.len(), DAYS);
    let day = |date: &str| bars.days.iter().find(|day| day.date.to_string() == date).unwrap();
    assert_eq!(day("2026-11-17").worst, Some(Status::MajorOutage));
    assert_eq!(day("2026-11-17").major, SignedDuration::from_hours(6));
    assert_eq!(day("2026-11-17").share(), Some(0.75));
    assert_eq!(day("2026-11-18").share(), Some(0.7), "a partial outage counts for 30 %");
    assert_eq!(day("2026-11-19").share(), Some(1.0));
    assert_eq!(day("2026-11-09").worst, None, "before anything was measured");
    assert_eq!(day("2026-11-09").share(), None, "which is not up time");
    assert_eq!(bars.days.last().unwrap().known, SignedDuration::from_hours(12), "today until now");
}

#[test]
fn time_of_which_nothing_is_known_is_neither_up_nor_down() {
    let log = Log::new();
    let turns = [
        ("2026-11-18T00:00:00Z", Status::Operational),
        ("2026-11-18T12:00:00Z", Status::NoData),
        ("2026-11-19T00:00:00Z", Status::MajorOutage),
    ];
    let bars = bars(&log, "checkout", &turns);
    let days: Vec<_> = bars.days.iter().rev().take(3).map(|day| (day.known.as_hours(), day.share())).collect();
    assert_eq!(days, [(12, Some(0.0)), (24, Some(0.0)), (12, Some(1.0))]);
    assert_eq!(bars.share(), Some(0.25));
    assert_eq!(Bars::of(&log.state, &page(), &component("refunds"), &Measured::nothing(), log.now).share(), None);
}

#[test]
fn a_published_incident_counts_where_nothing_is_measured() {
    let mut log = Log::new();
    log.now = at("2026-11-19T10:00:00Z");
    let report = log.publish(incident(vec![affected("web-site", Status::MajorOutage)]));
    log.pass(30);
    log.post(report, Stage::Resolved).unwrap();
    log.now = at("2026-11-20T12:00:00Z");
    let of = |log: &Log| bars(log, "web-site", &[]).days.iter().rev().nth(1).copied().unwrap();
    assert_eq!(of(&log).major, SignedDuration::from_mins(30));
    assert_eq!(of(&log).known, SignedDuration::from_hours(24));
    log.give(Command::Retract { report }).unwrap();
    assert_eq!(of(&log).major, SignedDuration::ZERO, "what was published by mistake never was");
}

#[test]
fn days_begin_at_midnight_of_the_page_s_zone() {
    let log = Log::new();
    let mut page = page();
    page.time_zone = "Asia/Tokyo".to_owned();
    let turns = [
        ("2026-11-01T00:00:00Z", Status::Operational),
        ("2026-11-17T14:00:00Z", Status::MajorOutage),
        ("2026-11-17T16:00:00Z", Status::Operational),
    ];
    let bars = Bars::of(&log.state, &page, &component("checkout"), &measured(&turns), log.now);
    let down = |date: &str| bars.days.iter().find(|day| day.date.to_string() == date).unwrap().major.as_hours();
    assert_eq!((down("2026-11-17"), down("2026-11-18")), (1, 1));
}
