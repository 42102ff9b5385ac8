mod golden;
mod parting;
mod people;

use jiff::{SignedDuration, Timestamp};
use kernel::{Actor, Context, EntityRef, EventId, IdSeed, Refusal, Sha256, Stamp, codes};
use proptest::prelude::*;

use super::*;

/// A timeline of incidents alone, at a time that only moves when told.
struct Desk {
    state: State,
    now: Timestamp,
    position: u64,
    /// The checks that fail now, whatever incidents make of that.
    down: std::collections::BTreeSet<&'static str>,
}

impl Desk {
    fn new() -> Self {
        Self {
            state: State::default(),
            now: Timestamp::from_second(1_790_000_000).unwrap(),
            position: 0,
            down: std::collections::BTreeSet::new(),
        }
    }

    fn after(&mut self, minutes: i64) -> &mut Self {
        self.now += SignedDuration::from_mins(minutes);
        self
    }

    fn try_do(&mut self, command: Command) -> Result<Vec<Event>, Refusal> {
        let seed = IdSeed(u128::from(self.position) + 1);
        let context = Context::new(self.now, Actor::Person("ada".to_owned()), seed);
        let events = decide(&self.state, command, &context)?;
        for event in &events {
            self.position += 1;
            let stamp = Stamp {
                position: self.position,
                event: EventId::from_bytes(u128::from(self.position).to_be_bytes()),
                command: context.command,
                at: self.now,
                actor: context.actor.clone(),
                reason: None,
            };
            self.state.fold(event, &stamp);
        }
        Ok(events)
    }

    /// The kinds of the events that the command makes, without the area's name.
    fn does(&mut self, command: Command) -> Vec<&'static str> {
        let events = self.try_do(command).unwrap();
        events.iter().map(|event| event.kind().trim_start_matches("incidents.")).collect()
    }

    fn incident(&self, number: u64) -> &Incident {
        self.state.by_number(number).unwrap()
    }

    fn id(&self, number: u64) -> kernel::IncidentId {
        self.incident(number).about.incident
    }
}

fn entity(name: &str) -> EntityRef {
    format!("component:{name}").parse().unwrap()
}

fn the_check(name: &str) -> EntityRef {
    format!("check:{name}").parse().unwrap()
}

/// The check of an entity fails; `path` and `upstream` are names separated by spaces.
fn fails(name: &str, path: &str, upstream: &str) -> Command {
    let entities = |names: &str| names.split_whitespace().map(entity).collect();
    let failed = Failed {
        check: Some(the_check(name)),
        entity: entity(name),
        since: Timestamp::from_second(1_790_000_000).unwrap(),
        last_good: None,
        path: entities(path),
        upstream: entities(upstream),
        evidence: "answered 502".to_owned(),
    };
    Command::Open { title: format!("{name} is down"), severity: Severity::Sev2, failed }
}

fn declared(name: &str) -> Command {
    let Command::Open { title, severity, mut failed } = fails(name, "", "") else { unreachable!() };
    failed.check = None;
    Command::Open { title, severity, failed }
}

fn recovers(name: &str) -> Command {
    Command::Recover { check: the_check(name) }
}

#[test]
fn a_failing_check_opens_an_incident_and_its_recovery_resolves_it() {
    let mut desk = Desk::new();
    assert_eq!(desk.does(fails("shop", "shop checkout", "")), ["opened"]);
    assert_eq!(desk.does(fails("shop", "shop checkout", "")), [""; 0], "it fails already");
    assert_eq!(desk.incident(1).status(), Status::Open);
    assert_eq!(desk.state.for_check(&the_check("shop")).map(Incident::number), Some(1));
    assert_eq!(desk.after(5).does(recovers("shop")), ["recovered", "resolved"]);
    assert_eq!(desk.incident(1).status(), Status::Resolved);
    assert_eq!(desk.incident(1).lasted(desk.now), SignedDuration::from_mins(5));
    assert_eq!(desk.does(recovers("shop")), [""; 0], "nobody waits for it");
}

#[test]
fn a_check_on_an_overlapping_path_joins_and_another_opens() {
    let mut desk = Desk::new();
    desk.does(fails("shop", "shop checkout", ""));
    assert_eq!(desk.does(fails("app", "app checkout", "")), ["joined"], "they share checkout");
    assert_eq!(desk.does(fails("mail", "mail", "shop")), ["joined"], "shop is directly upstream");
    assert_eq!(desk.does(fails("stats", "stats", "")), ["opened"]);
    assert_eq!(desk.state.open().map(Incident::number).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(desk.state.by_entity(&entity("app")).map(Incident::number).collect::<Vec<_>>(), [1]);
}

#[test]
fn an_incident_ends_with_the_last_of_its_checks() {
    let mut desk = Desk::new();
    desk.does(fails("shop", "shop checkout", ""));
    desk.does(fails("app", "app checkout", ""));
    assert_eq!(desk.does(recovers("shop")), ["recovered"]);
    assert_eq!(desk.incident(1).failing().count(), 1);
    assert_eq!(desk.does(fails("shop", "shop checkout", "")), ["joined"], "it relapses");
    assert_eq!(desk.does(recovers("app")), ["recovered"]);
    assert_eq!(desk.does(recovers("shop")), ["recovered", "resolved"]);
}

#[test]
fn a_relapse_within_a_quarter_of_an_hour_reopens_and_a_later_one_opens() {
    for (minutes, expected) in [(15, "reopened"), (16, "opened")] {
        let mut desk = Desk::new();
        desk.does(fails("shop", "shop", ""));
        desk.does(Command::Acknowledge { incident: desk.id(1) });
        desk.does(recovers("shop"));
        assert_eq!(desk.after(minutes).does(fails("shop", "shop", "")), [expected]);
    }
}

#[test]
fn a_reopened_incident_must_be_acknowledged_again() {
    let mut desk = Desk::new();
    desk.does(fails("shop", "shop", ""));
    assert_eq!(desk.does(Command::Acknowledge { incident: desk.id(1) }), ["acknowledged"]);
    assert_eq!(desk.does(Command::Acknowledge { incident: desk.id(1) }), [""; 0]);
    assert_eq!(desk.incident(1).status(), Status::Acknowledged);
    desk.does(recovers("shop"));
    let Command::Open { title, severity, mut failed } = fails("shop", "shop", "") else { unreachable!() };
    (failed.since, failed.last_good) = (desk.after(9).now, Some(desk.now - SignedDuration::from_mins(1)));
    let relapse = (failed.since, failed.last_good);
    desk.does(Command::Open { title, severity, failed });
    assert_eq!((desk.incident(1).status(), desk.incident(1).reopened), (Status::Open, 1));
    assert_eq!(desk.incident(1).onset(), relapse, "a change between the two failures may be the cause");
    assert!(desk.incident(1).since < relapse.0);
}

#[test]
fn a_declared_incident_is_ended_by_hand_alone() {
    let mut desk = Desk::new();
    assert_eq!(desk.does(declared("shop")), ["opened"]);
    assert_eq!(desk.try_do(declared("shop")).unwrap_err().code, &codes::CONFLICT);
    assert_eq!(desk.does(fails("shop", "shop", "")), ["joined"]);
    assert_eq!(desk.does(recovers("shop")), ["recovered"]);
    assert_eq!(desk.does(Command::Resolve { incident: desk.id(1) }), ["resolved"]);
    assert_eq!(desk.does(Command::Resolve { incident: desk.id(1) }), [""; 0]);
    let late = Command::Acknowledge { incident: desk.id(1) };
    assert_eq!(desk.try_do(late).unwrap_err().code, &codes::CONFLICT);
}

#[test]
fn a_check_that_recovers_after_the_end_does_not_hold_up_a_relapse() {
    let mut desk = Desk::new();
    desk.does(fails("shop", "checkout", ""));
    desk.does(fails("app", "checkout", ""));
    desk.does(Command::Resolve { incident: desk.id(1) });
    assert_eq!(desk.does(recovers("app")), ["recovered"]);
    assert_eq!(desk.does(recovers("shop")), ["recovered"]);
    assert_eq!(desk.does(fails("shop", "checkout", "")), ["reopened"]);
    assert_eq!(desk.does(recovers("shop")), ["recovered", "resolved"]);
}

#[test]
fn a_check_that_failed_on_in_another_incident_is_not_in_the_first_when_that_is_reopened() {
    let mut desk = Desk::new();
    desk.does(fails("shop", "shop", ""));
    assert_eq!(desk.does(fails("pay", "pay", "shop")), ["joined"]);
    let incident = desk.id(1);
    desk.does(Command::Resolve { incident });
    desk.does(declared("pay"));
    assert_eq!(desk.does(fails("pay", "pay", "")), ["joined"]);
    assert_eq!(desk.does(fails("shop", "shop", "")), ["reopened"]);
    let open = desk.state.open().filter(|open| open.failing().any(|failing| failing.check == the_check("pay")));
    assert_eq!(open.map(Incident::number).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_worse_check_raises_the_severity_and_a_milder_one_does_not_lower_it() {
    let with = |name: &str, worse: Severity| {
        let Command::Open { title, failed, .. } = fails(name, "checkout", "") else { unreachable!() };
        Command::Open { title, severity: worse, failed }
    };
    let mut desk = Desk::new();
    desk.does(with("shop", Severity::Sev2));
    assert_eq!(desk.does(with("mail", Severity::Sev3)), ["joined"]);
    assert_eq!(desk.does(with("app", Severity::Sev1)), ["joined", "severity_changed"]);
    assert_eq!(desk.incident(1).severity.to_string(), "SEV1 (critical)");
    let milder = Command::SetSeverity { incident: desk.id(1), severity: Severity::Sev3 };
    assert_eq!(desk.does(milder), ["severity_changed"]);
}

#[test]
fn a_check_can_be_joined_by_hand_and_notes_and_judgements_are_kept() {
    let mut desk = Desk::new();
    desk.does(fails("shop", "shop", ""));
    let Command::Open { failed, .. } = fails("mail", "mail", "") else { unreachable!() };
    let incident = desk.id(1);
    assert_eq!(desk.does(Command::Join { incident, failed }), ["joined"]);
    assert_eq!(desk.does(Command::AddNote { incident, text: "looks like DNS".to_owned() }), ["note_added"]);
    let change = EventId::from_bytes([9; 16]);
    for (verdict, expected) in [(Verdict::Guilty, 1), (Verdict::Guilty, 0), (Verdict::Innocent, 1)] {
        let mark = Command::MarkSuspect { incident, event: change, verdict, rank: None };
        assert_eq!(desk.does(mark).len(), expected);
    }
    assert_eq!(desk.incident(1).verdict_on(change), Some(Verdict::Innocent));
    assert_eq!(
        desk.incident(1).log.iter().filter_map(|entry| entry.note.as_deref()).collect::<Vec<_>>(),
        ["looks like DNS"]
    );
}

#[test]
fn what_a_person_writes_is_refused_beyond_its_bound_and_what_a_check_says_is_cut() {
    let mut desk = Desk::new();
    let Command::Open { mut failed, .. } = fails("shop", "shop", "") else { unreachable!() };
    failed.evidence = "é".repeat(5_000);
    failed.path = (0..200).map(|at| entity(&format!("hop{at}"))).collect();
    failed.since = desk.now + SignedDuration::from_hours(1);
    let title = "down ".repeat(100);
    desk.does(Command::Open { title, severity: Severity::Sev1, failed });
    let opened = desk.incident(1);
    assert!(opened.title.len() <= 200 && opened.evidence.len() == 2_000 && opened.path.len() == 100);
    assert_eq!(opened.since, desk.now, "a failure is not in the future");
    let incident = desk.id(1);
    for text in [" ".to_owned(), "x".repeat(20_001)] {
        let refusal = desk.try_do(Command::AddNote { incident, text }).unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_deref()), (&codes::INVALID, Some("text")));
    }
    let unknown = Command::Resolve { incident: kernel::IncidentId::from_bytes([7; 16]) };
    assert_eq!(desk.try_do(unknown).unwrap_err().code, &codes::NOT_FOUND);
}

#[test]
fn the_oldest_resolved_incidents_and_log_entries_are_let_go() {
    let mut desk = Desk::new();
    desk.does(fails("forever", "forever", ""));
    for at in 0..KEPT + 5 {
        let name = format!("s{at}");
        desk.does(fails(&name, &name, ""));
        desk.does(recovers(&name));
    }
    assert_eq!(desk.state.recent().count(), KEPT + 1);
    assert!(desk.state.by_number(1).is_some_and(Incident::is_open), "open ones are kept");
    assert!(desk.state.by_number(6).is_none() && desk.state.by_number(7).is_some());
    let incident = desk.id(1);
    for at in 0..300 {
        desk.does(Command::AddNote { incident, text: at.to_string() });
    }
    assert_eq!(desk.incident(1).log.len(), 200);
    assert_eq!(desk.incident(1).log.last().and_then(|entry| entry.note.clone()), Some("299".to_owned()));
}

#[test]
fn what_finds_no_room_in_a_full_incident_opens_another_and_no_check_is_in_none() {
    let mut desk = Desk::new();
    for at in 0..510 {
        desk.does(fails(&format!("s{at}"), "shared", ""));
    }
    assert_eq!((desk.incident(1).checks.len(), desk.incident(2).checks.len()), (500, 10));
    assert_eq!(desk.state.recent().count(), 2);
    // What recovers in a full one and fails again goes where there is room.
    desk.does(recovers("s7"));
    desk.does(fails("s7", "shared", ""));
    let number_of =
        |desk: &Desk, name: &str| desk.state.for_check(&format!("check:{name}").parse().unwrap()).map(Incident::number);
    assert_eq!(number_of(&desk, "s7"), Some(2));
    for at in 0..510 {
        assert!(number_of(&desk, &format!("s{at}")).is_some(), "s{at} fails in no incident");
    }
    // Each ends with its own checks.
    for at in (0..500).filter(|at| *at != 7) {
        desk.does(recovers(&format!("s{at}")));
    }
    assert!(!desk.incident(1).is_open() && desk.incident(2).is_open());
    for at in (500..510).chain([7]) {
        desk.does(recovers(&format!("s{at}")));
    }
    assert_eq!(desk.state.open().count(), 0);
}

#[test]
fn events_name_their_subjects_and_read_as_sentences() {
    let mut desk = Desk::new();
    let events = desk.try_do(fails("shop", "shop", "")).unwrap();
    let subjects: Vec<_> = events[0].subjects().iter().map(ToString::to_string).collect();
    assert_eq!(subjects, ["incident:default/1", "component:default/shop", "check:default/shop"]);
    assert_eq!(events[0].summary(), "opened incident 1, SEV2: shop is down (shop)");
    let json = serde_json::to_value(&events[0]).unwrap();
    assert_eq!((json["type"].as_str(), json["severity"].as_str()), (Some("opened"), Some("sev2")));
    assert_eq!(serde_json::from_value::<Event>(json).unwrap(), events[0]);
}

proptest! {
    #[test]
    fn whatever_happens_a_check_is_in_one_incident_and_a_snapshot_is_the_state(
        steps in prop::collection::vec((0_usize..9, 0_usize..5, 0_i64..20), 0..60),
    ) {
        let names = ["a", "b", "c", "d", "e"];
        let mut desk = Desk::new();
        for (what, which, minutes) in steps {
            let (name, next) = (names[which], names[(which + 1) % 5]);
            let incident = desk.state.recent().nth(which).map(|incident| incident.about.incident);
            let command = match (what, incident) {
                (0, _) => fails(name, name, next),
                // What the check covers was changed.
                (1, _) => fails(name, &format!("{name} {next}"), ""),
                (2, _) => recovers(name),
                (3, Some(incident)) => Command::Acknowledge { incident },
                (4, Some(incident)) => Command::Resolve { incident },
                (6, Some(incident)) => {
                    let other = desk.state.recent().nth((which + 1) % 5).map(|other| other.about.incident);
                    Command::Merge { incident, into: other.unwrap_or(incident) }
                }
                (7, Some(incident)) => {
                    let one = desk.state.get(incident).and_then(|open| open.failing().nth(which % 2));
                    let checks = one.map(|one| one.check.clone()).into_iter().collect();
                    Command::Split { incident, checks, title: None, severity: None }
                }
                (8, Some(incident)) => Command::Mitigate { incident, at: None },
                _ => declared(name),
            };
            if let Command::Open { failed: Failed { check: Some(_), .. }, .. } = &command {
                desk.down.insert(name);
            }
            if let Command::Recover { .. } = &command {
                desk.down.remove(name);
            }
            let _ = desk.after(minutes).try_do(command);
            for name in names {
                let check = the_check(name);
                let within = desk.state.open().filter(|open| open.failing().any(|failing| failing.check == check));
                let within: Vec<u64> = within.map(Incident::number).collect();
                prop_assert!(within.len() <= 1);
                let found = desk.state.for_check(&check).map(Incident::number);
                prop_assert_eq!(found, within.first().copied(), "the index of checks");
                let ended = desk.state.recent().filter(|incident| !incident.is_open());
                let left = ended.filter(|ended| ended.failing().any(|failing| failing.check == check));
                let found = desk.state.abandoned(&check).map(Incident::number);
                prop_assert_eq!(found, left.map(Incident::number).next(), "the index of what was left behind");
                let (path, upstream) = ([entity(next)], [entity(name)]);
                let touches = |open: &&Incident| open.has_room() && open.overlaps(&entity(name), &path, &upstream);
                let found = desk.state.overlapping(&entity(name), &path, &upstream).map(Incident::number);
                prop_assert_eq!(found, desk.state.open().find(touches).map(Incident::number), "the index of entities");
            }
            prop_assert!(desk.state.touches_only_what_is_open());
            for merged in desk.state.recent().filter(|incident| incident.merged.is_some()) {
                prop_assert!(!merged.is_open() && merged.failing().next().is_none(), "what still fails went on");
            }
            let failing = desk.state.open().flat_map(|open| open.failing().map(|one| one.check.clone()));
            let failing: std::collections::BTreeSet<_> = failing.collect();
            for name in names {
                prop_assert!(!desk.down.contains(name) || failing.contains(&the_check(name))
                    || desk.state.abandoned(&the_check(name)).is_some(), "{} is down and in no incident", name);
            }
            let (open, done): (Vec<_>, Vec<_>) = desk.state.recent().partition(|incident| incident.is_open());
            prop_assert!(open.iter().all(|incident| incident.declared || incident.failing().next().is_some()));
            prop_assert_eq!(open.len() + done.len(), usize::try_from(desk.state.next_number() - 1).unwrap());
        }
        let bytes = rmp_serde::to_vec_named(&desk.state).unwrap();
        prop_assert_eq!(rmp_serde::from_slice::<State>(&bytes).unwrap(), desk.state.clone());
        let json = serde_json::to_string(&desk.state).unwrap();
        prop_assert_eq!(serde_json::from_str::<State>(&json).unwrap(), desk.state);
    }
}
