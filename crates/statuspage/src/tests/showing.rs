//! What a page shows now.

use super::{Log, affected, component, incident, maintenance, page, page_ref};
use crate::{Command, Impact, Indicator, Measured, Stage, Status, indicator, shown};

fn measured(status: Status) -> Measured {
    Measured { status, since: None, turns: Vec::new() }
}

fn check(log: &Log, key: &str, by_checks: Status, expected: Status) {
    let shown = shown(&log.state, &page(), &component(key), &measured(by_checks), log.now);
    assert_eq!(shown.status, expected, "{key} when checks say {by_checks:?}");
}

#[test]
fn without_words_of_people_what_is_measured_is_shown() {
    let log = Log::new();
    for status in Status::ALL {
        check(&log, "checkout", *status, *status);
    }
}

#[test]
fn a_person_s_word_counts_until_its_end_and_needs_a_reason() {
    let mut log = Log::new();
    let set = |log: &Log, minutes: i64, status: Status| Command::SetStatus {
        page: page_ref(),
        component: "checkout".to_owned(),
        status,
        until: log.now + jiff::SignedDuration::from_mins(minutes),
    };
    let why = log.give_because(set(&log, 60, Status::Operational), None).unwrap_err();
    assert_eq!(why.field.as_deref(), Some("/reason"));
    assert_eq!(log.give(set(&log, 60, Status::NoData)).unwrap_err().field.as_deref(), Some("/status"));
    assert_eq!(log.give(set(&log, 0, Status::Operational)).unwrap_err().field.as_deref(), Some("/until"));
    log.give(set(&log, 60, Status::Operational)).unwrap();
    check(&log, "checkout", Status::MajorOutage, Status::Operational);
    check(&log, "refunds", Status::MajorOutage, Status::MajorOutage);
    log.pass(60);
    check(&log, "checkout", Status::MajorOutage, Status::MajorOutage);
    let ended = log.settle();
    assert_eq!(ended.len(), 1);
    assert!(ended[0].summary().ends_with("its time was over"), "{}", ended[0].summary());
}

#[test]
fn an_open_incident_makes_it_worse_and_never_better() {
    let mut log = Log::new();
    let report = log.publish(incident(vec![affected("checkout", Status::PartialOutage)]));
    check(&log, "checkout", Status::Operational, Status::PartialOutage);
    check(&log, "checkout", Status::NoData, Status::PartialOutage);
    check(&log, "checkout", Status::MajorOutage, Status::MajorOutage);
    check(&log, "refunds", Status::Operational, Status::Operational);
    log.pass(5);
    log.post(report, Stage::Resolved).unwrap();
    check(&log, "checkout", Status::Operational, Status::Operational);
    check(&log, "checkout", Status::NoData, Status::NoData);
}

#[test]
fn a_maintenance_in_progress_is_shown_whatever_is_measured() {
    let mut log = Log::new();
    log.publish(maintenance("2026-11-20T13:00:00Z", "2026-11-20T14:00:00Z"));
    check(&log, "checkout", Status::MajorOutage, Status::MajorOutage);
    log.pass(60);
    log.settle();
    check(&log, "checkout", Status::MajorOutage, Status::UnderMaintenance);
    check(&log, "refunds", Status::MajorOutage, Status::MajorOutage);
    let report = log.publish(incident(vec![affected("checkout", Status::PartialOutage)]));
    check(&log, "checkout", Status::Operational, Status::PartialOutage);
    log.post(report, Stage::Resolved).unwrap();
    check(&log, "checkout", Status::MajorOutage, Status::UnderMaintenance);
    log.pass(60);
    log.settle();
    check(&log, "checkout", Status::MajorOutage, Status::MajorOutage);
}

#[test]
fn the_page_in_a_word() {
    use Status::{
        DegradedPerformance as Slow, MajorOutage as Major, NoData, Operational as Good, PartialOutage as Part,
    };
    let says = |statuses: &[Status], impacts: &[Impact]| {
        let (indicator, words) = indicator(statuses, impacts);
        (indicator.as_str(), words)
    };
    assert_eq!(says(&[Good, Good], &[]), ("none", "All systems operational"));
    assert_eq!(says(&[Good, Slow], &[]), ("minor", "Partially degraded service"));
    assert_eq!(says(&[Slow, Slow], &[]), ("minor", "Degraded system service"));
    assert_eq!(says(&[Good, Part], &[]), ("minor", "Minor service outage"));
    assert_eq!(says(&[Part, Part], &[]), ("major", "Partial system outage"));
    assert_eq!(says(&[Good, Major], &[]), ("major", "Partial system outage"));
    assert_eq!(says(&[Major], &[]), ("critical", "Major system outage"));
    assert_eq!(says(&[Good, Status::UnderMaintenance], &[]), ("maintenance", "Service under maintenance"));
    assert_eq!(says(&[Good, Good], &[Impact::None, Impact::Critical]), ("critical", "Major system outage"));
    assert_eq!(says(&[Good, Major], &[Impact::Minor]), ("major", "Partial system outage"));
    for unknown in [&[NoData][..], &[Good, NoData], &[NoData, Status::UnderMaintenance]] {
        let (found, words) = indicator(unknown, &[]);
        assert_ne!(found, Indicator::None, "unknown is never healthy");
        assert!(words.contains("data"), "{words}");
    }
}

#[test]
fn no_program_takes_what_nobody_knows_for_health() {
    assert_eq!(Status::NoData.wire(), "degraded_performance");
    for status in Status::ALL {
        assert!(*status == Status::NoData || status.wire() == status.as_str());
    }
}
