//! Events as they were written by earlier versions. A line is never changed: what is on a timeline must stay readable.

use golden::assert_every_variant;

use crate::{Event, Gate, PactChange, Via, webhooks::Whose};

/// One line for each shape of each event that was ever written.
const EVENTS: &str = include_str!("golden.jsonl");

fn events() -> Vec<Event> {
    golden::events(EVENTS)
}

#[test]
fn every_event_ever_written_can_be_read_and_is_written_the_same() {
    golden::assert_written_the_same("contracts", EVENTS, Event::kind);
}

#[test]
fn every_event_says_what_happened_in_a_sentence() {
    for event in events() {
        let summary = event.summary();
        assert!(summary.len() > 10 && !summary.contains('{'), "{summary}");
        assert!(event.subjects().len() <= 20);
    }
}

#[test]
fn every_sort_of_event_has_been_written() {
    assert_every_variant!(
        &events(),
        Event {
            PacticipantCreated,
            PacticipantChanged,
            PacticipantMatched,
            PacticipantRemoved,
            Labelled,
            Unlabelled,
            VersionCreated,
            VersionChanged,
            VersionRemoved,
            BranchSet,
            BranchUnset,
            BranchRemoved,
            Tagged,
            Untagged,
            PactPublished,
            PactRepeated,
            PactRemoved,
            IntegrationRemoved,
            VerificationPublished,
            VerificationRemoved,
            EnvironmentDefined,
            EnvironmentRemoved,
            VersionDeployed,
            VersionUndeployed,
            VersionReleased,
            SupportEnded,
            GatePassed,
            WebhookDefined,
            WebhookRemoved,
            WebhookTriggered,
            DefinitionPublished,
            FitJudged,
            ApiObserved,
            ApiChanged,
            WebhookRefired,
        }
    );
}

#[test]
fn every_value_inside_has_been_written() {
    let (mut changes, mut gates, mut ways, mut whose) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for event in events() {
        if let Event::PactPublished { change, .. } = &event {
            changes.push(*change);
        }
        if let Event::EnvironmentDefined { environment } = &event {
            gates.push(environment.gate);
        }
        if let Event::VersionDeployed { via, .. } = &event {
            ways.push(*via);
        }
        if let Event::WebhookDefined { webhook, .. } = event {
            whose.extend([webhook.consumer, webhook.provider].into_iter().flatten());
        }
    }
    assert_every_variant!(&changes, PactChange { First, Changed, Unchanged, Revised });
    assert_every_variant!(&gates, Gate { Off, Warn, Refuse });
    assert_every_variant!(&ways, Via { Contracts, Deploys, Tag });
    assert_every_variant!(&whose, Whose { Name, Label });
}

#[test]
fn lines_can_be_folded_in_order() {
    let mut broker = super::Broker::new();
    for event in events() {
        let context = broker.context();
        broker.fold(&event, &context);
    }
}
