//! Merging and splitting.

use super::*;

fn merge(desk: &Desk, number: u64, into: u64) -> Command {
    Command::Merge { incident: desk.id(number), into: desk.id(into) }
}

fn split(desk: &Desk, number: u64, checks: &[&str]) -> Command {
    let checks = checks.iter().map(|name| the_check(name)).collect();
    Command::Split { incident: desk.id(number), checks, title: None, severity: None }
}

#[test]
fn what_recovers_after_a_merge_settles_in_the_incident_that_goes_on() {
    let mut desk = Desk::new();
    desk.does(fails("shop", "shop", ""));
    desk.after(5).does(fails("mail", "mail", ""));
    desk.does(Command::AddNote { incident: desk.id(2), text: "the queue is full".to_owned() });
    let merging = merge(&desk, 2, 1);
    assert_eq!(desk.does(merging), ["merged"]);
    assert_eq!(desk.incident(2).status(), Status::Merged);
    assert_eq!(desk.incident(2).merged.as_ref().map(|into| into.number), Some(1));
    assert_eq!(desk.incident(1).absorbed, [2]);
    assert!(desk.incident(1).log.iter().any(|entry| entry.note.as_deref() == Some("the queue is full")));
    assert_eq!(desk.state.for_check(&the_check("mail")).map(Incident::number), Some(1));
    assert_eq!(desk.does(recovers("shop")), ["recovered"], "mail still fails");
    assert_eq!(desk.does(recovers("mail")), ["recovered", "resolved"]);
    assert_eq!(desk.after(2).does(fails("mail", "mail", "")), ["reopened"], "the one that went on");
    assert!(desk.incident(1).is_open() && !desk.incident(2).is_open());
}

#[test]
fn the_worse_severity_the_earlier_start_and_the_roles_of_both_go_on() {
    let mut desk = Desk::new();
    let Command::Open { title, mut failed, .. } = fails("shop", "shop", "") else { unreachable!() };
    failed.since = desk.after(9).now;
    desk.does(Command::Open { title, severity: Severity::Sev3, failed });
    desk.does(fails("mail", "mail", ""));
    let kim: EntityRef = "user:kim".parse().unwrap();
    desk.does(Command::AssignRole { incident: desk.id(2), role: Role::Scribe, person: Some(kim.clone()) });
    let merging = merge(&desk, 2, 1);
    assert_eq!(desk.does(merging), ["merged", "severity_changed"]);
    let kept = desk.incident(1);
    assert_eq!((kept.severity, kept.since), (Severity::Sev2, desk.incident(2).since));
    assert_eq!(kept.holder(Role::Scribe), Some(&kim));
}

#[test]
fn a_merged_incident_says_where_to_go_on_and_merging_again_changes_nothing() {
    let mut desk = Desk::new();
    desk.does(fails("shop", "shop", ""));
    desk.does(fails("mail", "mail", ""));
    let merging = merge(&desk, 2, 1);
    desk.does(merging.clone());
    assert_eq!(desk.does(merging), [""; 0]);
    let late = desk.try_do(Command::AddNote { incident: desk.id(2), text: "late".to_owned() }).unwrap_err();
    assert_eq!((late.code, late.fix.as_deref()), (&codes::CONFLICT, Some("use incident 1")));
    let itself = merge(&desk, 1, 1);
    assert_eq!(desk.try_do(itself).unwrap_err().field.as_deref(), Some("into"));
    let over = merge(&desk, 1, 2);
    assert_eq!(desk.try_do(over).unwrap_err().code, &codes::CONFLICT);
}

#[test]
fn a_declared_incident_stays_for_a_person_to_end_when_it_is_merged() {
    let mut desk = Desk::new();
    desk.does(fails("shop", "shop", ""));
    desk.does(declared("mail"));
    let merging = merge(&desk, 2, 1);
    desk.does(merging);
    assert_eq!(desk.does(recovers("shop")), ["recovered"], "a person declared it");
    assert_eq!(desk.does(Command::Resolve { incident: desk.id(1) }), ["resolved"]);
}

#[test]
fn checks_that_are_split_off_end_another_incident() {
    let mut desk = Desk::new();
    desk.does(fails("shop", "shop checkout", ""));
    desk.does(fails("app", "app checkout", ""));
    let splitting = split(&desk, 1, &["app"]);
    assert_eq!(desk.does(splitting), ["split_off"]);
    assert_eq!(desk.incident(2).title, "app is down (split off incident 1)");
    assert_eq!((desk.incident(2).split_off, desk.incident(2).entity()), (Some(1), &entity("app")));
    assert_eq!(desk.state.for_check(&the_check("app")).map(Incident::number), Some(2));
    assert_eq!(desk.does(recovers("shop")), ["recovered", "resolved"]);
    assert!(desk.incident(2).is_open());
    assert_eq!(desk.does(recovers("app")), ["recovered", "resolved"]);
}

#[test]
fn a_split_leaves_something_to_wait_for_in_both() {
    let mut desk = Desk::new();
    desk.does(fails("shop", "shop checkout", ""));
    desk.does(fails("app", "app checkout", ""));
    let all = split(&desk, 1, &["app", "shop"]);
    assert_eq!(desk.try_do(all).unwrap_err().code, &codes::CONFLICT);
    for wrong in [split(&desk, 1, &[]), split(&desk, 1, &["mail"])] {
        let refusal = desk.try_do(wrong).unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_deref()), (&codes::INVALID, Some("checks")));
    }
}

#[test]
fn what_is_merged_and_split_again_is_where_it_was() {
    let mut desk = Desk::new();
    desk.does(fails("shop", "shop", ""));
    desk.does(fails("mail", "mail", ""));
    let merging = merge(&desk, 2, 1);
    desk.does(merging);
    let splitting = split(&desk, 1, &["mail"]);
    desk.does(splitting);
    assert_eq!(desk.state.open().map(Incident::number).collect::<Vec<_>>(), [3, 1]);
    assert_eq!(desk.incident(3).failing().map(|one| one.check.clone()).collect::<Vec<_>>(), [the_check("mail")]);
}

#[test]
fn a_merge_that_finds_no_room_for_failing_checks_is_refused() {
    let mut desk = Desk::new();
    for at in 0..CHECKS_MAX {
        desk.does(fails(&format!("s{at}"), "shared", ""));
    }
    desk.does(fails("mail", "mail", ""));
    let merging = merge(&desk, 2, 1);
    assert_eq!(desk.try_do(merging).unwrap_err().code, &codes::CONFLICT);
    let other_way = merge(&desk, 1, 2);
    assert_eq!(desk.try_do(other_way).unwrap_err().code, &codes::CONFLICT);
}
