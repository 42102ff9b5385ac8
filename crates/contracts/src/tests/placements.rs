//! What is deployed and released.

use kernel::codes;

use super::{Broker, ask::owned};
use crate::{Command, Event, Via};

fn broker() -> Broker {
    Broker::new().environment("prod").version("Foo", "1").version("Foo", "2")
}

#[test]
fn a_deployment_replaces_the_one_before_in_the_same_place() {
    let broker = broker().deploy("Foo", "1", "prod").deploy("Foo", "2", "prod");
    assert_eq!(broker.there("Foo", "prod"), ["2"]);
    assert_eq!(broker.kinds(), ["version_deployed"]);
    let one = broker.state.placed(broker.placement("Foo", "1")).unwrap();
    assert_eq!(one.until, Some(broker.now));
}

#[test]
fn without_an_instance_is_a_place_of_its_own() {
    let broker = broker()
        .deploy("Foo", "1", "prod")
        .deploy_to("Foo", "1", "prod", "blue")
        .deploy_to("Foo", "1", "prod", "green")
        .deploy_to("Foo", "2", "prod", "blue");
    assert_eq!(broker.there("Foo", "prod"), ["1", "1@green", "2@blue"]);
    let broker = broker.deploy("Foo", "2", "prod");
    assert_eq!(broker.there("Foo", "prod"), ["1@green", "2@blue", "2"]);
}

#[test]
fn what_is_deployed_already_stays_as_it_is() {
    let mut broker = broker().deploy("Foo", "1", "prod").deploy_to("Foo", "1", "prod", "blue");
    let placement = broker.placement("Foo", "1");
    for instance in [None, Some("blue")] {
        let again = broker.deployment("Foo", "1", "prod", instance);
        assert_eq!(broker.try_(again).unwrap(), Vec::<Event>::new());
    }
    assert_eq!(broker.placement("Foo", "1"), placement);
    // After it was replaced, it is deployed anew.
    let broker = broker.deploy("Foo", "2", "prod").deploy("Foo", "1", "prod");
    assert_ne!(broker.placement("Foo", "1"), placement);
}

#[test]
fn other_environments_and_pacticipants_are_not_concerned() {
    let broker = broker().environment("test").version("Bar", "1").deploy("Foo", "1", "prod").deploy("Bar", "1", "prod");
    let broker = broker.deploy("Foo", "2", "test");
    assert_eq!((broker.there("Foo", "prod"), broker.there("Bar", "prod")), (owned(&["1"]), owned(&["1"])));
    assert_eq!(broker.there("Foo", "test"), ["2"]);
}

#[test]
fn releases_stand_side_by_side_and_beside_deployments() {
    let mut broker = broker().release("Foo", "1", "prod").release("Foo", "2", "prod").deploy("Foo", "2", "prod");
    assert_eq!(broker.there("Foo", "prod"), ["1", "2", "2"]);
    let environment = broker.environment_id("prod");
    let (pacticipant, version) = ("Foo".to_owned(), "1".to_owned());
    assert_eq!(
        broker.try_(Command::Release { pacticipant, version, environment, emergency: false }).unwrap(),
        Vec::<Event>::new()
    );
}

#[test]
fn what_ends_ends_once() {
    let mut broker = broker().release("Foo", "1", "prod").deploy("Foo", "2", "prod");
    let (released, deployed) = (broker.placement("Foo", "1"), broker.placement("Foo", "2"));
    let kinds = |events: Vec<Event>| events.iter().map(Event::kind).collect::<Vec<_>>();
    assert_eq!(kinds(broker.try_(Command::Displace { placement: released }).unwrap()), ["contracts.support_ended"]);
    assert_eq!(
        kinds(broker.try_(Command::Displace { placement: deployed }).unwrap()),
        ["contracts.version_undeployed"]
    );
    let ended = broker.state.placed(deployed).unwrap().until;
    assert_eq!(broker.try_(Command::Displace { placement: deployed }).unwrap(), Vec::<Event>::new());
    assert_eq!((broker.there("Foo", "prod"), broker.state.placed(deployed).unwrap().until), (Vec::new(), ended));
}

#[test]
fn what_is_not_there_can_not_be_deployed() {
    let mut broker = broker();
    let environment = broker.environment_id("prod");
    let nowhere = broker.context().id();
    for command in [
        broker.deployment("Foo", "9", "prod", None),
        broker.deployment("Nobody", "1", "prod", None),
        Command::Release { pacticipant: "Foo".to_owned(), version: "9".to_owned(), environment, emergency: false },
        Command::Release {
            pacticipant: "Foo".to_owned(),
            version: "1".to_owned(),
            environment: nowhere,
            emergency: false,
        },
        Command::Displace { placement: broker.context().id() },
        Command::RemoveEnvironment { id: nowhere },
    ] {
        assert_eq!(broker.try_(command).unwrap_err().code.name, codes::NOT_FOUND.name);
    }
    let blank = broker.deployment("Foo", "1", "prod", Some(""));
    assert_eq!(broker.try_(blank).unwrap_err().field.as_deref(), Some("applicationInstance"));
}

#[test]
fn a_version_of_which_nothing_can_be_said_is_noted() {
    let without = |broker: Broker, party: &str| {
        let broker = broker.deploy(party, "1", "prod");
        matches!(broker.last.last(), Some(Event::VersionDeployed { without_contract: true, .. }))
    };
    assert!(without(broker(), "Foo"));
    let broker = || broker().publish("Foo", "1", "Bar", "x").verify("Bar", "1", "Foo", "x", true);
    assert!(!without(broker(), "Foo") && !without(broker(), "Bar"));
}

#[test]
fn a_deployment_of_the_component_is_one_of_its_pacticipants() {
    let follow = |version: &str, environment: &str| Command::Follow {
        component: "component:default/foo".parse_component(),
        version: version.to_owned(),
        environment: environment.to_owned(),
        goes_back: false,
    };
    let broker = broker().do_(follow("3", "staging"));
    assert_eq!(broker.kinds(), ["environment_defined", "version_created", "version_deployed"]);
    assert_eq!(broker.there("Foo", "staging"), ["3"]);
    let Some(Event::VersionDeployed { via: Via::Deploys, .. }) = broker.last.last() else { panic!() };
    assert!(!broker.state.environment_named("staging").unwrap().environment.production);
    let broker = broker.do_(follow("3", "staging"));
    assert_eq!(broker.kinds(), Vec::<&str>::new());
    let broker = broker.do_(follow("3", "no such")).do_(Command::Follow {
        component: "component:default/nobody".parse_component(),
        version: "1".to_owned(),
        environment: "prod".to_owned(),
        goes_back: false,
    });
    assert_eq!(broker.kinds(), Vec::<&str>::new());
    assert!(
        broker.do_(follow("4", "production")).state.environment_named("production").unwrap().environment.production
    );
}

#[test]
fn following_a_deployment_to_an_instance_does_not_deploy_it_beside() {
    let broker = broker().deploy_to("Foo", "1", "prod", "blue").do_(Command::Follow {
        component: "component:default/foo".parse_component(),
        version: "1".to_owned(),
        environment: "prod".to_owned(),
        goes_back: false,
    });
    assert_eq!(broker.there("Foo", "prod"), ["1@blue"]);
}

trait ParseComponent {
    fn parse_component(&self) -> kernel::EntityRef;
}

impl ParseComponent for str {
    fn parse_component(&self) -> kernel::EntityRef {
        kernel::EntityRef::new("component", "default", self.rsplit('/').next().unwrap()).unwrap()
    }
}

#[test]
fn every_broker_begins_with_test_and_production() {
    let broker = Broker::new().do_(Command::SeedEnvironments);
    let names = |broker: &Broker| -> Vec<(String, bool)> {
        broker
            .state
            .environments()
            .map(|known| (known.environment.name.clone(), known.environment.production))
            .collect()
    };
    assert_eq!(names(&broker), [("test".to_owned(), false), ("production".to_owned(), true)]);
    assert_eq!(broker.do_(Command::SeedEnvironments).kinds(), Vec::<&str>::new());
    assert_eq!(names(&Broker::new().version("Foo", "1").do_(Command::SeedEnvironments)), []);
}

#[test]
fn an_environment_is_changed_and_keeps_what_is_there() {
    let put = |id, name: &str| Command::PutEnvironment {
        id,
        name: name.to_owned(),
        display_name: Some("Prod".to_owned()),
        production: true,
        contacts: None,
    };
    let mut broker = broker().deploy("Foo", "1", "prod").environment("test");
    let id = broker.environment_id("prod");
    for (command, field) in [
        (put(None, "prod"), "name"),
        (put(Some(id), "test"), "name"),
        (put(None, "a b"), "name"),
        (put(None, ""), "name"),
    ] {
        assert_eq!(broker.try_(command).unwrap_err().field.as_deref(), Some(field));
    }
    let unknown = broker.context().id();
    assert_eq!(broker.try_(put(Some(unknown), "new")).unwrap_err().code.name, codes::NOT_FOUND.name);
    let broker = broker.do_(put(Some(id), "live"));
    assert_eq!(broker.there("Foo", "live"), ["1"]);
    assert!(broker.state.environment_named("prod").is_none());
    assert_eq!(broker.do_(put(Some(id), "live")).kinds(), Vec::<&str>::new());
}
