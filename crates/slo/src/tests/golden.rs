//! Events as they were written by earlier versions. A line is never changed: what is on a timeline must stay readable.

use golden::assert_every_variant;

use crate::{Document, Event};

/// One line for each shape of each event that was ever written.
const EVENTS: &str = include_str!("golden.jsonl");

#[test]
fn every_event_ever_written_can_be_read_and_is_written_the_same() {
    golden::assert_written_the_same("slo", EVENTS, Event::kind);
}

#[test]
fn every_sort_of_event_and_document_has_been_written() {
    let events: Vec<Event> = golden::events(EVENTS);
    assert_every_variant!(
        &events,
        Event {
            Defined,
            Removed,
            BurnStarted,
            BurnEnded,
            BudgetExhausted,
            BudgetRestored,
            Overridden,
            DataLost,
            DataFound
        }
    );
    let mut documents: Vec<&Document> = Vec::new();
    for event in &events {
        if let Event::Defined { document, .. } = event {
            documents.push(document);
        }
    }
    assert_every_variant!(
        documents,
        Document { Service, Slo, Sli, DataSource, AlertPolicy, AlertCondition, AlertNotificationTarget }
    );
}
