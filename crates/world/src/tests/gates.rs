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
