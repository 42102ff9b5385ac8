//! Events as they were written by earlier versions. A line is never changed: what is on a timeline must stay readable.

use golden::assert_every_variant;

use crate::{Event, Resolution, Role, Severity, Verdict};

/// One line for each shape of each event that was ever written.
const EVENTS: &str = include_str!("golden.jsonl");

fn events() -> Vec<Event> {
    golden::events(EVENTS)
}

#[test]
fn every_event_ever_written_can_be_read_and_is_written_the_same() {
    golden::assert_written_the_same("incidents", EVENTS, Event::kind);
}

#[test]
fn every_sort_of_event_has_been_written() {
    assert_every_variant!(
        &events(),
        Event {
            Opened,
            Joined,
            SeverityChanged,
            Acknowledged,
            NoteAdded,
            SuspectMarked,
            Recovered,
            Resolved,
            Reopened,
            RoleTaken,
            RoleLeft,
            Mitigated,
            MitigationWithdrawn,
            ImpactCorrected,
            Retitled,
            Decided,
            PictureKept,
            StepTicked,
            StepUnticked,
            Merged,
            SplitOff
        }
    );
}

#[test]
fn every_severity_verdict_role_and_resolution_has_been_written() {
    let (mut severities, mut verdicts, mut resolutions, mut roles) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for event in events() {
        if let Event::Opened { severity, .. } = event {
            severities.push(severity);
        } else if let Event::SeverityChanged { from, to, .. } = event {
            severities.extend([from, to]);
        } else if let Event::SuspectMarked { verdict, .. } = event {
            verdicts.push(verdict);
        } else if let Event::Resolved { cause, .. } = event {
            resolutions.push(cause);
        } else if let Event::RoleTaken { role, .. } = event {
            roles.push(role);
        }
    }
    assert_every_variant!(&severities, Severity { Sev1, Sev2, Sev3 });
    assert_every_variant!(&verdicts, Verdict { Guilty, Innocent });
    assert_every_variant!(&roles, Role { Commander, Communications, Scribe });
    assert_every_variant!(&resolutions, Resolution { ByRecovery, ByHand });
}
