//! Events as they were written by earlier versions. A line is never changed: what is on a timeline must stay readable.

use golden::assert_every_variant;

use crate::{Event, Role, Scope};

/// One line for each shape of each event that was ever written.
const EVENTS: &str = include_str!("golden.jsonl");

fn events() -> Vec<Event> {
    golden::events(EVENTS)
}

#[test]
fn every_event_ever_written_can_be_read_and_is_written_the_same() {
    golden::assert_written_the_same("access", EVENTS, Event::kind);
}

#[test]
fn every_sort_of_event_has_been_written() {
    assert_every_variant!(
        &events(),
        Event {
            SetupOffered,
            UserCreated,
            RoleChanged,
            PasswordSet,
            UserDisabled,
            TokenIssued,
            TokenUsed,
            TokenRevoked,
            SessionStarted,
            SessionSeen,
            SessionEnded
        }
    );
}

#[test]
fn every_role_and_every_scope_has_been_written() {
    let (mut roles, mut scopes) = (Vec::new(), Vec::new());
    for event in events() {
        if let Event::UserCreated { role, .. } | Event::RoleChanged { role, .. } = event {
            roles.push(role);
        } else if let Event::TokenIssued { scopes: of_token, .. } = event {
            scopes.extend(of_token);
        }
    }
    assert_every_variant!(&roles, Role { Viewer, Editor, Administrator });
    assert_every_variant!(&scopes, Scope { Evaluate, Report, Probe, Read, Write, Admin });
}
