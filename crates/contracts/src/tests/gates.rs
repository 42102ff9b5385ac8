//! Environments that ask the matrix first.

use kernel::codes;

use super::{Broker, pact, publication};
use crate::{
    Command, Event, Gate,
    command::{gate_answer, is_there},
};

/// Foo 1 expects something of Bar 1, which is in production and failed; the environment asks.
fn gated(gate: Gate) -> Broker {
    Broker::new()
        .environment("prod")
        .publish("Foo", "1", "Bar", "x")
        .verify("Bar", "1", "Foo", "x", false)
        .deploy("Bar", "1", "prod")
        .do_(Command::SetGate { environment: "prod".to_owned(), gate })
}

const ANSWER: &str =
    "The verification for the pact between version 1 of Foo and the version of Bar currently in prod (1) failed";

fn emergency(broker: &Broker) -> Command {
    let mut command = broker.deployment("Foo", "1", "prod", None);
    if let Command::Deploy { emergency, .. } = &mut command {
        *emergency = true;
    }
    command
}

#[test]
fn a_gate_that_is_off_asks_nothing() {
    assert_eq!(gated(Gate::Off).deploy("Foo", "1", "prod").kinds(), ["version_deployed"]);
}

#[test]
fn a_gate_may_warn() {
    let broker = gated(Gate::Warn).deploy("Foo", "1", "prod");
    assert_eq!(broker.kinds(), ["gate_passed", "version_deployed"]);
    let Event::GatePassed { answer, overridden: false, .. } = &broker.last[0] else { panic!() };
    assert_eq!(answer, ANSWER);
}

#[test]
fn a_gate_may_refuse_but_in_an_emergency() {
    let mut broker = gated(Gate::Refuse);
    let refusal = broker.try_(broker.deployment("Foo", "1", "prod", None)).unwrap_err();
    assert_eq!((refusal.code.name, refusal.field.as_deref()), (codes::CONTRACT_BROKEN.name, Some("environment")));
    assert_eq!(refusal.detail, format!("Foo 1 must not be deployed to prod: {ANSWER}"));
    let command = emergency(&broker);
    let broker = broker.do_(command);
    assert_eq!(broker.kinds(), ["gate_passed", "version_deployed"]);
    assert!(matches!(broker.last[0], Event::GatePassed { overridden: true, .. }));
    assert_eq!(broker.there("Foo", "prod"), ["1"]);
}

#[test]
fn a_gate_lets_through_what_is_well_and_what_is_there() {
    let broker = gated(Gate::Refuse).verify("Bar", "1", "Foo", "x", true).deploy("Foo", "1", "prod");
    assert_eq!(broker.kinds(), ["version_deployed"]);
    let mut broker = broker.verify("Bar", "1", "Foo", "x", false);
    assert_eq!(broker.try_(broker.deployment("Foo", "1", "prod", None)).unwrap(), Vec::<Event>::new());
    assert!(broker.try_(broker.deployment("Foo", "1", "prod", Some("blue"))).is_err());
}

#[test]
fn a_gate_sees_the_pacts_that_are_published_with_the_tag() {
    let tagged = |version: &str, content: &str| Command::Publish {
        pacticipant: "Foo".to_owned(),
        version: version.to_owned(),
        branch: None,
        tags: vec!["prod".to_owned()],
        build_url: None,
        pacts: vec![pact("Bar", content)],
        may_modify: false,
    };
    let mut broker = gated(Gate::Refuse);
    assert_eq!(broker.try_(tagged("2", "x")).unwrap_err().code.name, codes::CONTRACT_BROKEN.name);
    assert_eq!(broker.try_(tagged("2", "never tried")).unwrap_err().code.name, codes::CONTRACT_BROKEN.name);
    assert!(broker.state.version_named("Foo", "2").is_none());
    let broker = broker.do_(publication("Foo", "2", "Bar", "x")).verify("Bar", "1", "Foo", "x", true);
    assert_eq!(broker.do_(tagged("2", "x")).there("Foo", "prod"), ["2"]);
}

#[test]
fn a_gate_is_not_in_the_way_of_what_runs_already() {
    let component = kernel::EntityRef::new("component", "default", "foo").unwrap();
    let follow = |goes_back: bool| {
        let (component, version, environment) = (component.clone(), "1".to_owned(), "prod".to_owned());
        gated(Gate::Refuse).do_(Command::Follow { component, version, environment, goes_back })
    };
    for (goes_back, was_overridden) in [(false, true), (true, false)] {
        let broker = follow(goes_back);
        assert_eq!(broker.kinds(), ["gate_passed", "version_deployed"]);
        let Event::GatePassed { overridden, .. } = broker.last[0] else { panic!() };
        assert_eq!(overridden, was_overridden, "goes back: {goes_back}");
    }
}

#[test]
fn a_gate_is_kept_when_the_environment_is_changed_and_set_once() {
    let broker = gated(Gate::Warn);
    let id = broker.environment_id("prod");
    let broker = broker.do_(Command::PutEnvironment {
        id: Some(id),
        name: "live".to_owned(),
        display_name: None,
        production: true,
        contacts: None,
    });
    assert_eq!((broker.state.gate("live"), broker.state.gate("prod")), (Gate::Warn, Gate::Off));
    let set = |environment: &str| Command::SetGate { environment: environment.to_owned(), gate: Gate::Warn };
    let mut broker = broker.do_(set("live"));
    assert_eq!(broker.kinds(), Vec::<&str>::new());
    assert_eq!(broker.try_(set("nowhere")).unwrap_err().code.name, codes::NOT_FOUND.name);
}

#[test]
fn the_answer_of_a_gate_is_one_sentence_or_none() {
    let broker = gated(Gate::Off);
    assert_eq!(gate_answer(&broker.state, "Foo", "1", "prod").as_deref(), Some(ANSWER));
    assert_eq!(gate_answer(&broker.state, "Bar", "1", "prod"), None);
    let unknown = "No pacts or verifications have been published for version 1 of Nobody";
    assert_eq!(gate_answer(&broker.state, "Nobody", "1", "prod").as_deref(), Some(unknown));
}

#[test]
fn a_gate_is_asked_before_a_release_as_before_a_deployment() {
    let mut broker = gated(Gate::Refuse);
    let (pacticipant, version, environment) = ("Foo".to_owned(), "1".to_owned(), broker.environment_id("prod"));
    let release = |emergency: bool| {
        let (pacticipant, version) = (pacticipant.clone(), version.clone());
        Command::Release { pacticipant, version, environment, emergency }
    };
    assert_eq!(broker.try_(release(false)).unwrap_err().code.name, codes::CONTRACT_BROKEN.name);
    let forced = broker.do_(release(true));
    assert_eq!(forced.kinds(), ["gate_passed", "version_released"]);
    assert!(matches!(forced.last[0], Event::GatePassed { overridden: true, .. }));
    assert_eq!(gated(Gate::Warn).release("Foo", "1", "prod").kinds(), ["gate_passed", "version_released"]);
    let broker = gated(Gate::Refuse).verify("Bar", "1", "Foo", "x", true).release("Foo", "1", "prod");
    assert_eq!(broker.kinds(), ["version_released"]);
}

#[test]
fn what_runs_somewhere_is_there_but_not_what_runs_on_an_instance_only() {
    let broker = gated(Gate::Off).deploy_to("Foo", "1", "prod", "blue");
    assert!(is_there(&broker.state, "Bar", "1", "prod"));
    assert!(!is_there(&broker.state, "Foo", "1", "prod"));
    assert!(!is_there(&broker.state, "Bar", "1", "test"));
    assert!(!is_there(&broker.state, "Bar", "2", "prod"));
}
