//! Events as they were written by earlier versions. A line is never changed: what is on a timeline must stay readable.

use golden::assert_every_variant;

use kernel::Weekday;

use crate::{Channel, Closing, Event, For, Kind, Outcome, Target, Urgency, Via};

/// One line for each shape of each event that was ever written.
const EVENTS: &str = include_str!("golden.jsonl");

fn events() -> Vec<Event> {
    golden::events(EVENTS)
}

#[test]
fn every_event_ever_written_can_be_read_and_is_written_the_same() {
    golden::assert_written_the_same("paging", EVENTS, Event::kind);
}

#[test]
fn every_sort_of_event_has_been_written() {
    assert_every_variant!(
        &events(),
        Event {
            PolicyDefined,
            PolicyRemoved,
            MethodAdded,
            MethodVerified,
            MethodRemoved,
            RulesSet,
            Opened,
            Joined,
            Left,
            Moved,
            Reached,
            Dispatched,
            Delivered,
            Acknowledged,
            Escalated,
            Reassigned,
            Renotified,
            Exhausted,
            Closed,
        }
    );
}

#[test]
fn every_word_of_an_event_has_been_written() {
    let (mut channels, mut closings, mut urgencies, mut fors) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut kinds, mut outcomes, mut targets, mut vias) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut days = Vec::new();
    for event in events() {
        if let Event::PolicyDefined { definition } = event {
            targets.extend(definition.steps.into_iter().flat_map(|step| step.notify));
            days.extend(definition.low_urgency.into_iter().flat_map(|hours| hours.days));
        } else if let Event::MethodAdded { method, .. } = event {
            channels.push(method.channel);
        } else if let Event::RulesSet { rules, .. } = event {
            fors.extend(rules.into_iter().map(|rule| rule.urgency));
        } else if let Event::Opened { about, .. } = event {
            urgencies.push(about.urgency);
        } else if let Event::Dispatched { lines, .. } = event {
            kinds.extend(lines.into_iter().map(|line| line.kind));
        } else if let Event::Delivered { outcome, .. } = event {
            outcomes.push(outcome);
        } else if let Event::Acknowledged { via, .. } = event {
            vias.push(via);
        } else if let Event::Closed { why, .. } = event {
            closings.push(why);
        }
    }
    assert_every_variant!(&channels, Channel { Email, Slack, Ntfy, Sms, Voice, Webhook, Inbox });
    assert_every_variant!(&closings, Closing { IncidentEnded, ByHand, MadeRoom });
    assert_every_variant!(&urgencies, Urgency { High, Low });
    assert_every_variant!(&fors, For { High, Low, Both });
    assert_every_variant!(&kinds, Kind { Page, Alarm, FollowUp });
    assert_every_variant!(&outcomes, Outcome { Sent, Retrying, GaveUp, Dropped });
    assert_every_variant!(&targets, Target { User, Rotation, Team, Owner });
    assert_every_variant!(&vias, Via { ByHand, Notice });
    assert_every_variant!(&days, Weekday { Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday });
}
