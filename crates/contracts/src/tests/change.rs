//! How a pact relates to the one before, and whether anybody must verify it.

use super::{Broker, pact};
use crate::{Command, Event, PactChange};

/// Publishes, and says how the pact relates to the one before.
#[track_caller]
fn check(broker: Broker, branch: Option<&str>, tags: &[&str], content: &str, expected: PactChange) -> Broker {
    let version = format!("v{}", broker.state.counts()[1]);
    let broker = broker.do_(Command::Publish {
        pacticipant: "Foo".to_owned(),
        version,
        branch: branch.map(str::to_owned),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        build_url: None,
        pacts: vec![pact("Bar", content)],
        may_modify: false,
    });
    let published = broker.last.iter().find_map(|event| {
        let Event::PactPublished { change, .. } = event else { return None };
        Some(*change)
    });
    assert_eq!(published, Some(expected));
    broker
}

#[test]
fn without_branches_and_tags_the_pact_before_is_what_counts() {
    let broker = check(Broker::new(), None, &[], "x", PactChange::First);
    let broker = check(broker, None, &[], "x", PactChange::Unchanged);
    let broker = check(broker, None, &[], "y", PactChange::Changed);
    check(broker, None, &[], "x", PactChange::Changed);
}

#[test]
fn a_branch_is_compared_with_itself() {
    let broker = check(Broker::new(), Some("main"), &[], "x", PactChange::First);
    let broker = check(broker, Some("feat"), &[], "y", PactChange::Changed);
    let broker = check(broker, Some("main"), &[], "x", PactChange::Unchanged);
    let broker = check(broker, Some("feat"), &[], "y", PactChange::Unchanged);
    check(broker, Some("new"), &[], "x", PactChange::Changed);
}

#[test]
fn a_tag_is_compared_with_itself_and_all_must_be_the_same() {
    let broker = check(Broker::new(), Some("main"), &["a"], "x", PactChange::First);
    let broker = check(broker, Some("main"), &["a"], "x", PactChange::Unchanged);
    let broker = check(broker, Some("main"), &["a", "b"], "x", PactChange::Changed);
    check(broker, Some("main"), &["a", "b"], "x", PactChange::Unchanged);
}

#[test]
fn somebody_must_verify_what_the_main_branch_or_an_environment_has_not_tried() {
    let unproven = |broker: Broker, version: &str, content: &str| {
        let broker = broker.publish("Foo", version, "Bar", content);
        let unproven = matches!(broker.last.last(), Some(Event::PactPublished { unproven: true, .. }));
        (broker, unproven)
    };
    let (broker, nobody_there) = unproven(Broker::new().environment("prod"), "1", "x");
    assert!(!nobody_there, "there is no version of Bar that matters");
    let (broker, main) = unproven(broker.branch("Bar", "1", "main"), "2", "x");
    assert!(main);
    let (broker, proven) = unproven(broker.verify("Bar", "1", "Foo", "x", false), "3", "x");
    assert!(!proven, "tried, if without success");
    let (broker, new) = unproven(broker, "4", "y");
    assert!(new);
    let broker = broker.verify("Bar", "1", "Foo", "y", true).version("Bar", "2").release("Bar", "2", "prod");
    let (broker, released) = unproven(broker, "5", "y");
    assert!(released);
    let (_, all) = unproven(broker.verify("Bar", "2", "Foo", "y", true), "6", "y");
    assert!(!all);
}

#[test]
fn a_provider_without_branches_has_a_main_branch_by_its_tags() {
    let broker = Broker::new().pacticipant("Bar", "trunk").version("Bar", "1").tag("Bar", "1", "trunk");
    let broker = broker.publish("Foo", "1", "Bar", "x");
    assert!(matches!(broker.last.last(), Some(Event::PactPublished { unproven: true, .. })));
}
