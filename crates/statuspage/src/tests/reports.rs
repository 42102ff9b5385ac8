//! Incidents and maintenances on a page.

use kernel::codes;

use super::{Log, affected, at, incident, maintenance, page_ref, posting, update};
use crate::{Command, Event, Impact, Kind, Posting, Publication, Stage, Status, Update};

#[test]
fn an_incident_goes_from_investigating_to_its_postmortem() {
    let mut log = Log::new();
    let report = log.publish(incident(vec![affected("checkout", Status::MajorOutage)]));
    assert_eq!(log.state.report(report).unwrap().impact, Impact::Critical, "as bad as its worst component");
    assert_eq!(log.post(report, Stage::Postmortem).unwrap_err().code, &codes::CONFLICT);
    for stage in [Stage::Identified, Stage::Monitoring, Stage::Resolved, Stage::Postmortem] {
        log.pass(5);
        log.post(report, stage).unwrap();
    }
    let held = log.state.report(report).unwrap().clone();
    assert_eq!((held.updates.len(), held.stage()), (5, Stage::Postmortem));
    assert_eq!(held.reached(Stage::Resolved), Some(at("2026-11-20T12:15:00Z")));
    assert_eq!(held.last().unwrap().components, [affected("checkout", Status::Operational)], "it works again");
    assert_eq!(log.state.open_reports(&page_ref()).count(), 0);
    log.pass(5);
    log.post(report, Stage::Investigating).unwrap();
    assert_eq!(log.state.open_reports(&page_ref()).count(), 1, "resolved too early");
}

#[test]
fn what_does_not_fit_is_refused_with_its_place() {
    let mut log = Log::new();
    let field = |log: &mut Log, publication: Publication| {
        log.give(Command::Publish(publication)).unwrap_err().field.unwrap_or_default()
    };
    let long = "x".repeat(10_001);
    for (publication, place) in [
        (Publication { title: " ".to_owned(), ..incident(vec![]) }, "/title"),
        (Publication { title: "a\nb".to_owned(), ..incident(vec![]) }, "/title"),
        (Publication { update: update(Stage::Scheduled), ..incident(vec![]) }, "/status"),
        (Publication { update: update(Stage::Postmortem), ..incident(vec![]) }, "/status"),
        (Publication { update: Update { stage: Stage::Identified, text: long }, ..incident(vec![]) }, "/text"),
        (incident(vec![affected("nothing", Status::MajorOutage)]), "/components"),
        (incident(vec![affected("checkout", Status::NoData)]), "/components"),
        (maintenance("2026-11-20T14:00:00Z", "2026-11-20T13:00:00Z"), "/scheduled_until"),
        (maintenance("2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z"), "/scheduled_until"),
        (maintenance("2028-11-20T10:00:00Z", "2028-11-20T11:00:00Z"), "/scheduled_for"),
    ] {
        assert_eq!(field(&mut log, publication), place);
    }
    let other = Publication { page: "statuspage:default/other".parse().unwrap(), ..incident(vec![]) };
    assert_eq!(log.give(Command::Publish(other)).unwrap_err().code, &codes::NOT_FOUND);
    assert_eq!(log.state.reports(&page_ref()).count(), 0);
}

#[test]
fn a_maintenance_begins_and_ends_by_itself_and_can_be_moved() {
    let mut log = Log::new();
    let report = log.publish(maintenance("2026-11-20T13:00:00Z", "2026-11-20T14:00:00Z"));
    assert!(log.settle().is_empty());
    let window = Some((at("2026-11-20T15:00:00Z"), at("2026-11-20T16:00:00Z")));
    log.give(Command::Post(Posting { window, ..posting(report, Stage::Scheduled) })).unwrap();
    log.now = at("2026-11-20T14:30:00Z");
    assert!(log.settle().is_empty(), "it was moved");
    log.now = at("2026-11-20T15:00:00Z");
    assert_eq!(log.settle().len(), 1);
    assert_eq!(log.state.report(report).unwrap().stage(), Stage::InProgress);
    log.now = at("2026-11-20T16:00:00Z");
    assert_eq!(log.settle().len(), 1);
    assert_eq!(log.state.report(report).unwrap().stage(), Stage::Completed);
    assert!(matches!(log.state.report(report).unwrap().kind, Kind::Maintenance { .. }));
    assert_eq!(log.post(report, Stage::Resolved).unwrap_err().field.as_deref(), Some("/status"));
}

#[test]
fn what_was_published_by_mistake_is_taken_back_and_put_back() {
    let mut log = Log::new();
    let report = log.publish(incident(vec![]));
    assert_eq!(log.give(Command::Retract { report }).unwrap().len(), 1);
    assert_eq!(log.give(Command::Retract { report }).unwrap(), [], "it is so already");
    assert_eq!(log.state.open_reports(&page_ref()).count(), 0);
    assert_eq!(log.post(report, Stage::Identified).unwrap_err().code, &codes::CONFLICT);
    log.give(Command::Restore { report }).unwrap();
    assert_eq!(log.state.open_reports(&page_ref()).count(), 1);
}

#[test]
fn an_update_stands_on_the_timeline_of_its_internal_incident_too() {
    let mut log = Log::new();
    let events = log.give(Command::Publish(incident(vec![]))).unwrap();
    let subjects: Vec<String> = events[0].subjects().iter().map(ToString::to_string).collect();
    assert_eq!(subjects, ["statuspage:default/main", "incident:default/7"]);
    assert!(matches!(&events[0], Event::Published { effect: None, .. }), "nobody is subscribed");
}
