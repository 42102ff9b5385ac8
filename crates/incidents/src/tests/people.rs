//! Roles, times, decisions, steps of the runbook; what is like an incident, and how often the ranking was right.

use super::*;

fn user(name: &str) -> EntityRef {
    format!("user:{name}").parse().unwrap()
}

fn refused(desk: &mut Desk, command: Command, field: &str) {
    let refusal = desk.try_do(command).unwrap_err();
    assert_eq!((refusal.code, refusal.field.as_deref()), (&codes::INVALID, Some(field)), "{refusal}");
}

#[test]
fn a_role_is_one_persons_and_no_teams() {
    let mut desk = Desk::new();
    desk.does(declared("shop"));
    let incident = desk.id(1);
    let give = |person: Option<EntityRef>| Command::AssignRole { incident, role: Role::Commander, person };
    assert_eq!(desk.does(give(Some(user("kim")))), ["role_taken"]);
    assert_eq!(desk.does(give(Some(user("kim")))), [""; 0]);
    assert_eq!(desk.does(give(Some(user("jo")))), ["role_taken"]);
    assert_eq!(desk.incident(1).holder(Role::Commander), Some(&user("jo")));
    assert_eq!(desk.incident(1).roles.len(), 1);
    refused(&mut desk, give(Some("group:money".parse().unwrap())), "person");
    assert_eq!(desk.does(give(None)), ["role_left"]);
    assert_eq!(desk.does(give(None)), [""; 0]);
}

#[test]
fn impact_lasts_until_the_mitigation_and_a_relapse_takes_that_back() {
    let mut desk = Desk::new();
    desk.does(fails("shop", "shop", ""));
    let incident = desk.id(1);
    assert_eq!(desk.after(20).does(Command::Mitigate { incident, at: None }), ["mitigated"]);
    assert_eq!(desk.incident(1).status(), Status::Mitigated);
    assert_eq!(desk.after(40).does(recovers("shop")), ["recovered", "resolved"]);
    assert_eq!(desk.incident(1).impact(desk.now), SignedDuration::from_mins(20));
    assert_eq!(desk.incident(1).lasted(desk.now), SignedDuration::from_mins(60));
    desk.after(5).does(fails("shop", "shop", ""));
    assert_eq!((desk.incident(1).mitigated, desk.incident(1).status()), (None, Status::Open));
    desk.does(Command::Mitigate { incident, at: None });
    assert_eq!(desk.does(Command::WithdrawMitigation { incident }), ["mitigation_withdrawn"]);
    assert_eq!(desk.incident(1).mitigated, None);
}

#[test]
fn what_fails_anew_or_is_merged_in_unmitigated_takes_the_mitigation_back() {
    let mut desk = Desk::new();
    desk.does(fails("shop", "shop", ""));
    desk.does(fails("app", "app shop", ""));
    let incident = desk.id(1);
    desk.does(Command::Mitigate { incident, at: None });
    assert_eq!(desk.does(recovers("app")), ["recovered"]);
    assert_eq!(desk.incident(1).status(), Status::Mitigated);
    assert_eq!(desk.does(fails("app", "app shop", "")), ["joined", "mitigation_withdrawn"], "it relapsed");
    assert_eq!(desk.incident(1).mitigated, None);

    desk.does(Command::Mitigate { incident, at: None });
    for (name, mitigated) in [("mail", true), ("bank", false)] {
        desk.does(fails(name, name, ""));
        let other = desk.state.for_check(&the_check(name)).unwrap().about.incident;
        if mitigated {
            desk.does(Command::Mitigate { incident: other, at: None });
        }
        let merged = desk.does(Command::Merge { incident: other, into: incident });
        assert_eq!(merged, if mitigated { vec!["merged"] } else { vec!["merged", "mitigation_withdrawn"] });
        assert_eq!(desk.incident(1).mitigated.is_some(), mitigated, "{name}");
    }
}

#[test]
fn pictures_are_counted_once_each_and_bounded_in_number_and_size() {
    let mut desk = Desk::new();
    desk.does(declared("shop"));
    desk.does(declared("mail"));
    let keep = |number: u64, desk: &Desk, name: &str, bytes: u32| Command::KeepPicture {
        incident: desk.id(number),
        picture: Sha256::of(name.as_bytes()),
        bytes,
    };
    let graph = keep(1, &desk, "graph", 1_000);
    assert_eq!(desk.does(graph.clone()), ["picture_kept"]);
    assert_eq!(desk.does(graph), [""; 0]);
    for at in 1..PICTURES_MAX {
        let picture = keep(1, &desk, &at.to_string(), 1_000);
        desk.does(picture);
    }
    let large = PICTURES_BYTES_MAX - 1_000;
    for (number, bytes) in [(1, 1), (2, PICTURES_BYTES_MAX + 1)] {
        let picture = keep(number, &desk, "one more", bytes);
        let refusal = desk.try_do(picture).unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_deref()), (&codes::CONFLICT, Some("picture")), "{refusal}");
    }
    let picture = keep(2, &desk, "all", large);
    assert_eq!(desk.does(picture), ["picture_kept"]);
    let picture = keep(2, &desk, "graph", 1_000);
    assert_eq!(desk.does(picture), ["picture_kept"], "just as much as is allowed");
    let picture = keep(2, &desk, "1", 1);
    assert_eq!(desk.try_do(picture).unwrap_err().code, &codes::CONFLICT);
}

#[test]
fn times_that_cannot_be_are_refused() {
    let mut desk = Desk::new();
    desk.after(60).does(fails("shop", "shop", ""));
    let (incident, now) = (desk.id(1), desk.now);
    let minutes = SignedDuration::from_mins;
    refused(&mut desk, Command::Mitigate { incident, at: Some(now + minutes(1)) }, "at");
    refused(&mut desk, Command::Mitigate { incident, at: Some(now - minutes(90)) }, "at");
    refused(&mut desk, Command::CorrectImpact { incident, at: now + minutes(1) }, "at");
    refused(&mut desk, Command::CorrectImpact { incident, at: now - minutes(100 * 24 * 60) }, "at");
    assert_eq!(desk.does(Command::CorrectImpact { incident, at: now - minutes(90) }), ["impact_corrected"]);
    assert_eq!(desk.incident(1).since, now - minutes(90));
    desk.does(Command::Mitigate { incident, at: Some(now - minutes(30)) });
    refused(&mut desk, Command::CorrectImpact { incident, at: now - minutes(10) }, "at");
    desk.does(Command::Resolve { incident });
    let late = Command::Mitigate { incident, at: Some(desk.after(10).now) };
    refused(&mut desk, late, "at");
}

#[test]
fn a_step_is_ticked_once_and_can_be_taken_back() {
    let mut desk = Desk::new();
    desk.does(declared("shop"));
    let incident = desk.id(1);
    let tick = |step: &str, done| Command::Tick {
        incident,
        step: step.to_owned(),
        words: "  look at\nthe queue ".to_owned(),
        done,
    };
    assert_eq!(desk.does(tick("0123456789abcdef", true)), ["step_ticked"]);
    assert_eq!(desk.does(tick("0123456789abcdef", true)), [""; 0]);
    assert_eq!(desk.incident(1).tick("0123456789abcdef").map(|tick| tick.words.as_str()), Some("look at the queue"));
    assert_eq!(desk.does(tick("0123456789abcdef", false)), ["step_unticked"]);
    assert_eq!(desk.incident(1).tick("0123456789abcdef"), None);
    for wrong in ["", "<script>", &"0".repeat(65)] {
        refused(&mut desk, tick(wrong, true), "step");
    }
    for at in 0..TICKS_MAX {
        desk.does(tick(&format!("{at:08x}"), true));
    }
    assert_eq!(desk.try_do(tick("ffffffff", true)).unwrap_err().code, &codes::CONFLICT);
}

#[test]
fn decisions_and_titles_are_in_the_log() {
    let mut desk = Desk::new();
    desk.does(declared("shop"));
    let incident = desk.id(1);
    assert_eq!(desk.does(Command::Decide { incident, text: "writes stay off".to_owned() }), ["decided"]);
    assert_eq!(desk.does(Command::Retitle { incident, title: " nobody\n can pay ".to_owned() }), ["retitled"]);
    assert_eq!(desk.incident(1).title, "nobody can pay");
    let decided = desk.incident(1).log.iter().find(|entry| entry.decision).unwrap();
    assert_eq!(decided.note.as_deref(), Some("writes stay off"));
    refused(&mut desk, Command::Retitle { incident, title: " ".to_owned() }, "title");
    refused(&mut desk, Command::Decide { incident, text: "x".repeat(20_001) }, "text");
}

#[test]
fn the_rankings_accuracy_is_what_people_found_against_where_it_stood() {
    let mut desk = Desk::new();
    for (at, ranks) in [&[Some(1)][..], &[Some(3)], &[Some(0), Some(4)], &[Some(0)], &[None], &[]].iter().enumerate() {
        desk.does(declared(&format!("s{at}")));
        let incident = desk.id(at as u64 + 1);
        for (which, rank) in ranks.iter().enumerate() {
            let event = EventId::from_bytes([u8::try_from(which).unwrap() + 1; 16]);
            desk.does(Command::MarkSuspect { incident, event, verdict: Verdict::Guilty, rank: *rank });
        }
    }
    let incident = desk.id(6);
    let event = EventId::from_bytes([9; 16]);
    desk.does(Command::MarkSuspect { incident, event, verdict: Verdict::Innocent, rank: Some(1) });
    let counted = accuracy(desk.state.recent());
    assert_eq!(counted, Accuracy { judged: 4, first: 1, first_three: 2, missed: 1, innocent_only: 1 });
    assert_eq!((counted.percent(counted.first), Accuracy::default().percent(0)), (Some(25), None));
}

#[test]
fn incidents_are_similar_by_cause_check_entity_and_words_in_this_order() {
    let mut desk = Desk::new();
    for name in ["shop", "shop", "mail", "queue"] {
        desk.does(fails(name, name, ""));
        desk.does(recovers(name));
        desk.after(30);
    }
    let change = EventId::from_bytes([7; 16]);
    for number in [1, 4] {
        let incident = desk.id(number);
        desk.does(Command::MarkSuspect { incident, event: change, verdict: Verdict::Guilty, rank: Some(1) });
    }
    let found = similar(desk.incident(1), desk.state.recent(), |_| Some(entity("payments")));
    let numbers: Vec<u64> = found.iter().map(|similar| similar.incident.number()).collect();
    assert_eq!(numbers, [2, 4]);
    assert_eq!(found[0].reasons, ["shop failed in it, too", "it was about shop, too"]);
    assert_eq!(found[1].reasons, ["a change of payments was it, too"]);
}
