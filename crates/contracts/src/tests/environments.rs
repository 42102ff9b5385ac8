//! can-i-deploy to an environment.

use super::{
    Broker,
    ask::{NOTHING, WELL},
};

fn pair(success: bool) -> Broker {
    Broker::new().environment("prod").publish("Foo", "1", "Bar", "x").verify("Bar", "2", "Foo", "x", success)
}

#[test]
fn the_provider_that_is_there_decides() {
    let broker = pair(true).deploy("Bar", "2", "prod").verify("Bar", "3", "Foo", "x", false);
    broker.check("Foo 1 | cvpv env:prod", Some(true), &[WELL]);
    let broker = pair(false).deploy("Bar", "2", "prod").verify("Bar", "3", "Foo", "x", true);
    let failed =
        "The verification for the pact between version 1 of Foo and the version of Bar currently in prod (2) failed";
    broker.check("Foo 1 | cvpv env:prod", Some(false), &[failed]);
}

#[test]
fn a_provider_that_is_not_there_is_missed_and_a_consumer_is_not() {
    let broker = pair(true);
    let reason = "There is no verified pact between version 1 of Foo and a version of Bar currently in prod (no version is \
                  currently recorded as deployed/released in this environment)";
    broker.check("Foo 1 | cvpv env:prod", None, &[reason]);
    broker.check("Bar 2 | cvpv env:prod", Some(true), &[NOTHING]);
}

#[test]
fn every_instance_of_a_consumer_counts() {
    let broker = Broker::new()
        .environment("prod")
        .publish("Foo", "1", "Bar", "one")
        .deploy_to("Foo", "1", "prod", "1")
        .verify("Bar", "10", "Foo", "one", true)
        .publish("Foo", "2", "Bar", "two")
        .deploy_to("Foo", "2", "prod", "2");
    let answer = broker.ask("Bar 10 | env:prod");
    let many: Vec<bool> = answer.selectors.iter().map(|selector| selector.one_of_many).collect();
    assert_eq!(many, [false, true, true]);
    let reason =
        "There is no verified pact between one of the versions of Foo currently in prod (2) and version 10 of Bar";
    broker.check("Bar 10 | env:prod", None, &[reason]);
    let broker = broker.verify("Bar", "10", "Foo", "two", true);
    broker.check("Bar 10 | env:prod", Some(true), &[WELL]);
}

#[test]
fn a_row_is_found_for_one_of_several_providers_there_but_not_for_each_that_was_not_tried() {
    let broker = Broker::new()
        .environment("prod")
        .publish("Foo", "1", "Bar", "one")
        .verify("Bar", "10", "Foo", "one", true)
        .deploy_to("Bar", "10", "prod", "1")
        .publish("Foo", "2", "Bar", "two")
        .version("Bar", "11")
        .deploy_to("Bar", "11", "prod", "2");
    assert_eq!(broker.ask("Foo 2 | env:prod").deployable(), None);
    let broker = broker.verify("Bar", "11", "Foo", "two", true);
    broker.check("Foo 2 | env:prod", Some(true), &[WELL]);
}

#[test]
fn every_released_version_of_a_provider_counts() {
    let released = |first: bool| {
        pair(first).release("Bar", "2", "prod").verify("Bar", "11", "Foo", "x", true).release("Bar", "11", "prod")
    };
    let broker = released(false);
    let failed = "The verification for the pact between version 1 of Foo and one of the versions of Bar currently in prod (2) failed";
    broker.check("Foo 1 | cvpv env:prod", Some(false), &[failed]);
    broker.check_rows("Foo 1 | cvpv env:prod", &["Foo1 Bar11 n2", "Foo1 Bar2 n1"]);
    // That is why the thinning by consumer's version and provider is not for environments.
    assert_eq!(broker.ask("Foo 1 | cvp env:prod").deployable(), Some(true));
    released(true).check("Foo 1 | cvpv env:prod", Some(true), &[WELL]);
}

#[test]
fn every_instance_of_a_provider_counts() {
    let deployed = |first: bool| {
        pair(first)
            .deploy_to("Bar", "2", "prod", "one")
            .verify("Bar", "11", "Foo", "x", true)
            .deploy_to("Bar", "11", "prod", "two")
    };
    assert_eq!(deployed(false).ask("Foo 1 | cvpv env:prod").deployable(), Some(false));
    assert_eq!(deployed(true).ask("Foo 1 | cvpv env:prod").deployable(), Some(true));
}

#[test]
fn what_was_replaced_does_not_count() {
    let broker =
        pair(false).deploy("Bar", "2", "prod").verify("Bar", "11", "Foo", "x", true).deploy("Bar", "11", "prod");
    broker.check("Foo 1 | cvpv env:prod", Some(true), &[WELL]);
}

#[test]
fn a_version_that_is_deployed_and_released_is_one() {
    let broker = pair(true).deploy("Bar", "2", "prod").release("Bar", "2", "prod");
    let answer = broker.ask("Foo 1 | cvpv env:prod");
    assert_eq!((answer.rows.len(), answer.selectors.len()), (1, 2));
    assert!(!answer.selectors[1].one_of_many);
}

#[test]
fn an_environment_that_does_not_exist_has_nothing_in_it() {
    let broker = pair(true).deploy("Bar", "2", "prod");
    assert_eq!(broker.ask("Foo 1 | cvpv env:nowhere").deployable(), None);
    assert_eq!(broker.ask("Foo 1 | cvpv env:prod").deployable(), Some(true));
}
