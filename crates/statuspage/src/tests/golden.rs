//! Events as they were written by earlier versions. A line is never changed: what is on a timeline must stay readable.

use golden::assert_every_variant;

use crate::{Event, Gone, Impact, Kind, Stage, Status, TriedOutcome, Way};

/// One line for each shape of each event that was ever written.
const EVENTS: &str = include_str!("golden.jsonl");

fn events() -> Vec<Event> {
    golden::events(EVENTS)
}

#[test]
fn every_event_ever_written_can_be_read_and_is_written_the_same() {
    golden::assert_written_the_same("statuspage", EVENTS, Event::kind);
}

#[test]
fn every_sort_of_event_has_been_written() {
    assert_every_variant!(
        &events(),
        Event {
            PageDefined,
            PageRemoved,
            StatusSet,
            StatusCleared,
            Published,
            Updated,
            Retracted,
            Restored,
            Subscribed,
            SubscriptionChanged,
            Unsubscribed,
            Delivered
        }
    );
}

#[test]
fn every_word_has_been_written() {
    let (mut kinds, mut impacts, mut stages, mut statuses) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut ways, mut gone, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
    for event in events() {
        if let Event::Published { kind, .. } = &event {
            kinds.push(*kind);
        }
        if let Event::Published { impact, update, components, .. } | Event::Updated { impact, update, components, .. } =
            &event
        {
            impacts.push(*impact);
            stages.push(update.stage);
            statuses.extend(components.iter().map(|affected| affected.status));
        }
        if let Event::StatusSet { status, .. } = &event {
            statuses.push(*status);
        }
        if let Event::Subscribed { way, .. } = &event {
            ways.push(*way);
        }
        if let Event::Unsubscribed { cause, .. } = &event {
            gone.push(*cause);
        }
        if let Event::Delivered { tried, .. } = &event {
            outcomes.extend(tried.iter().map(|tried| tried.outcome));
        }
    }
    // What nobody knows is in no event.
    statuses.push(Status::NoData);
    assert_every_variant!(&kinds, Kind { Incident, Maintenance });
    assert_every_variant!(&impacts, Impact { None, Minor, Major, Critical });
    assert_every_variant!(
        &stages,
        Stage {
            Investigating,
            Identified,
            Monitoring,
            Resolved,
            Postmortem,
            Scheduled,
            InProgress,
            Verifying,
            Completed
        }
    );
    assert_every_variant!(
        &statuses,
        Status { Operational, UnderMaintenance, NoData, DegradedPerformance, PartialOutage, MajorOutage }
    );
    assert_every_variant!(&ways, Way { Email, Slack, Webhook });
    assert_every_variant!(&gone, Gone { Asked, Removed, Lost });
    assert_every_variant!(&outcomes, TriedOutcome { Sent, Retry, GaveUp });
}

#[test]
fn every_event_says_in_words_what_happened_and_to_what() {
    for event in events() {
        assert!(!event.summary().is_empty() && !event.subjects().is_empty(), "{event:?}");
    }
}
