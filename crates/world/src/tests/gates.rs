//! A deployment to an environment that refuses what its contracts do not agree to.

use kernel::{EventId, Sha256, codes};

use super::{Command, Recorded, Refusal, Town, kinds};

/// What runs where and may not: `pay` 2 after 1, where `shop` expects something that nobody verified.
fn gated() -> (Town, EventId) {
    let mut town = Town::new();
    let pact = contracts::command::NewPact {
        provider: "pay".to_owned(),
        content: contracts::ContentSha([1; 20]),
        blob: Sha256::of(b"x"),
        outline: contracts::Outline::default(),
        onto: contracts::command::Onto::Any,
    };
    let publish = contracts::Command::Publish {
        pacticipant: "shop".to_owned(),
        version: "1".to_owned(),
        branch: None,
        tags: Vec::new(),
        build_url: None,
        pacts: vec![pact],
        may_modify: false,
    };
    town.give(Command::Contracts(publish)).unwrap();
    town.deploy("component:shop", "1");
    town.deploy("component:pay", "1");
    town.pass(120);
    let bad = town.deploy("component:pay", "2");
    town.pass(120);
    let gate = contracts::Command::SetGate { environment: "production".to_owned(), gate: contracts::Gate::Refuse };
    town.give(Command::Contracts(gate)).unwrap();
    (town, bad)
}

fn deployment(environment: &str, version: &str, rollback_of: Option<EventId>) -> deploys::Command {
    deploys::Command::RecordDeployment {
        component: "component:pay".parse().unwrap(),
        environment: environment.to_owned(),
        version: version.to_owned(),
        outcome: deploys::Outcome::Succeeded,
        url: None,
        commit: None,
        rollback_of,
        finished: None,
        told: deploys::Told::default(),
    }
}

/// The same, which ended so many seconds ago and has a name.
fn told(town: &Town, version: &str, key: &str, ago_s: i64) -> Command {
    let mut command = deployment("production", version, None);
    let deploys::Command::RecordDeployment { finished, told, .. } = &mut command else { panic!() };
    *finished = Some(town.now() - jiff::SignedDuration::from_secs(ago_s));
    told.key = Some(key.to_owned());
    Command::Deploys(command)
}

fn deploy(town: &mut Town, version: &str, rollback_of: Option<EventId>) -> Result<Vec<Recorded>, Refusal> {
    town.give(Command::Deploys(deployment("production", version, rollback_of)))
}

fn was_overridden(events: &[Recorded]) -> bool {
    let passed = events.iter().find_map(|recorded| {
        let super::Event::Contracts(contracts::Event::GatePassed { overridden, .. }) = recorded.event.as_ref() else {
            return None;
        };
        Some(*overridden)
    });
    passed.unwrap_or_else(|| panic!("no gate was passed: {:?}", kinds(events)))
}

#[test]
fn a_gate_lets_a_deployment_go_back_and_that_is_no_emergency() {
    let (mut town, bad) = gated();
    assert_eq!(deploy(&mut town, "1", None).unwrap_err().code, &codes::CONTRACT_BROKEN);
    let back = deploy(&mut town, "1", Some(bad)).unwrap();
    assert!(!was_overridden(&back));

    let (mut town, bad) = gated();
    town.undo(bad).unwrap();
    assert!(!was_overridden(&deploy(&mut town, "1", None).unwrap()), "it was asked for here");
}

#[test]
fn only_what_takes_back_a_deployment_of_the_same_component_there_goes_back() {
    let (mut town, bad) = gated();
    let shop = town.world.deploys.live(&"component:shop".parse().unwrap(), "production").unwrap().event;
    let elsewhere = town.give(Command::Deploys(deployment("staging", "2", None))).unwrap()[0].stamp.event;
    for of in [shop, elsewhere, EventId::from_bytes([7; 16])] {
        assert_eq!(deploy(&mut town, "1", Some(of)).unwrap_err().code, &codes::CONTRACT_BROKEN, "{of}");
    }
    let never_there = deploy(&mut town, "3", Some(bad)).unwrap_err();
    assert_eq!(never_there.code, &codes::CONTRACT_BROKEN, "nobody goes back to what never ran there");
    let forced = town.give(Command::Emergency(deployment("production", "3", Some(bad)))).unwrap();
    assert!(was_overridden(&forced), "somebody's word is said, whatever else it claims to be");
}

#[test]
fn a_request_to_go_back_elsewhere_opens_no_gate_here() {
    let (mut town, _) = gated();
    town.give(Command::Deploys(deployment("staging", "1", None))).unwrap();
    town.pass(120);
    let bad = town.give(Command::Deploys(deployment("staging", "2", None))).unwrap()[0].stamp.event;
    town.undo(bad).unwrap();
    assert_eq!(deploy(&mut town, "1", None).unwrap_err().code, &codes::CONTRACT_BROKEN);
}

#[test]
fn what_was_told_before_is_known_whatever_the_gate_says_by_now() {
    let (mut town, _) = gated();
    let Command::Deploys(emergency) = told(&town, "3", "run-3", 0) else { panic!() };
    town.give(Command::Emergency(emergency)).unwrap();
    let again = town.give(told(&town, "3", "run-3", 0)).unwrap();
    assert_eq!(kinds(&again), Vec::<&str>::new());
    assert_eq!(town.give(told(&town, "4", "run-4", 0)).unwrap_err().code, &codes::CONTRACT_BROKEN);
}

#[test]
fn history_is_recorded_and_asks_nobody() {
    let (mut town, _) = gated();
    let late = town.give(told(&town, "1.5", "late", 180)).unwrap();
    assert_eq!(kinds(&late), ["deploys.deployment_finished"], "2 followed it already");
    assert_eq!(town.world.deploys.live(&"component:pay".parse().unwrap(), "production").unwrap().version, "2");
}

#[test]
fn a_version_that_ended_before_it_was_asked_for_goes_through_the_gate_like_any_other() {
    let (mut town, bad) = gated();
    town.undo(bad).unwrap();
    town.pass(60);
    assert_eq!(town.give(told(&town, "1", "early", 90)).unwrap_err().code, &codes::CONTRACT_BROKEN);
    assert!(!was_overridden(&town.give(told(&town, "1", "asked", 10)).unwrap()));
}

#[test]
fn undoing_goes_back_to_what_ran_before_however_late_that_was_told() {
    let mut town = Town::new();
    town.deploy("component:pay", "1");
    town.pass(600);
    let bad = town.deploy("component:pay", "3");
    town.pass(60);
    town.give(told(&town, "2", "late", 300)).unwrap();
    let will = crate::plan_undo(&town.world, bad).unwrap().will;
    assert_eq!(will, "ask the deploy hook of pay to replace 3 by 2 in production");
    let asked = town.undo(bad).unwrap();
    let super::Event::Deploys(deploys::Event::RollbackRequested { to_version, .. }) = asked[0].event.as_ref() else {
        panic!("{asked:?}")
    };
    assert_eq!(to_version, "2");
}
