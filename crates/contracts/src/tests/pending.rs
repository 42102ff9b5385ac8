//! What is pending: what fails without failing the provider's build.

use super::{Broker, verifiable::asked};
use crate::selection::Asked;

fn of(branch: Option<&str>, tags: &[&str]) -> Asked {
    Asked {
        branch: branch.map(str::to_owned),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        pending: true,
        ..asked("latest")
    }
}

fn pending(broker: &Broker, asked: &Asked) -> Option<bool> {
    broker.chosen("Bar", asked)[0].pending
}

#[test]
fn whether_it_is_pending_is_only_said_if_asked() {
    let broker = Broker::new().publish("Foo", "1", "Bar", "x");
    assert_eq!(pending(&broker, &asked("latest")), None);
}

#[test]
fn a_pact_is_pending_until_the_branch_has_met_it() {
    let main = of(Some("main"), &[]);
    let broker = Broker::new().publish("Foo", "1", "Bar", "x");
    assert_eq!(pending(&broker, &main), Some(true));
    let broker = broker.branch("Bar", "2", "main").verify("Bar", "2", "Foo", "x", false);
    assert_eq!(pending(&broker, &main), Some(true));
    let broker = broker.verify("Bar", "2", "Foo", "x", true);
    assert_eq!(pending(&broker, &main), Some(false));
    // The same content in another version is as far.
    let broker = broker.publish("Foo", "2", "Bar", "x");
    assert_eq!(pending(&broker, &main), Some(false));
    let broker = broker.publish("Foo", "3", "Bar", "y");
    assert_eq!(pending(&broker, &main), Some(true));
}

#[test]
fn what_another_branch_met_before_this_one_began_is_not_pending() {
    let broker =
        Broker::new().publish("Foo", "1", "Bar", "x").branch("Bar", "1", "main").verify("Bar", "1", "Foo", "x", true);
    assert_eq!(pending(&broker, &of(Some("feat"), &[])), Some(false), "a branch that is yet to begin");
    let broker = broker.branch("Bar", "2", "feat");
    assert_eq!(pending(&broker, &of(Some("feat"), &[])), Some(false));
    let late = Broker::new()
        .publish("Foo", "1", "Bar", "x")
        .branch("Bar", "2", "feat")
        .branch("Bar", "1", "main")
        .verify("Bar", "1", "Foo", "x", true);
    assert_eq!(pending(&late, &of(Some("feat"), &[])), Some(true));
}

#[test]
fn a_version_that_comes_to_the_branch_after_it_met_the_pact_counts() {
    let broker =
        Broker::new().publish("Foo", "1", "Bar", "x").verify("Bar", "1", "Foo", "x", true).branch("Bar", "1", "main");
    assert_eq!(pending(&broker, &of(Some("main"), &[])), Some(false));
}

#[test]
fn tags_are_pending_each_alone() {
    let both = of(None, &["dev", "prod"]);
    let broker = Broker::new()
        .publish("Foo", "1", "Bar", "x")
        .put("Bar", "0", None, &["prod"])
        .put("Bar", "1", None, &["dev"])
        .verify("Bar", "1", "Foo", "x", true);
    let chosen = broker.chosen("Bar", &both);
    assert_eq!(chosen[0].pending, Some(true));
    assert_eq!(
        (chosen[0].pending_tags.as_slice(), chosen[0].proven_tags.as_slice()),
        (&["prod".to_owned()][..], &["dev".to_owned()][..])
    );
    // A tag that was never given is as far as any other.
    assert_eq!(pending(&broker, &of(None, &["new"])), Some(false));
    assert_eq!(pending(&broker, &of(None, &["dev"])), Some(false));
    let untagged = Broker::new().publish("Foo", "1", "Bar", "x").verify("Bar", "1", "Foo", "x", true);
    assert_eq!(pending(&untagged, &of(None, &["new"])), Some(true));
}

#[test]
fn without_branch_and_tags_any_success_will_do() {
    let broker = Broker::new().publish("Foo", "1", "Bar", "x").verify("Bar", "1", "Foo", "x", false);
    assert_eq!(pending(&broker, &of(None, &[])), Some(true));
    let broker = broker.verify("Bar", "0", "Foo", "x", true);
    assert_eq!(pending(&broker, &of(None, &[])), Some(false));
}

#[test]
fn a_branch_that_is_removed_and_begins_again_begins_then() {
    let broker = Broker::new()
        .publish("Foo", "1", "Bar", "x")
        .branch("Bar", "1", "feat")
        .branch("Bar", "2", "main")
        .verify("Bar", "2", "Foo", "x", true);
    assert_eq!(pending(&broker, &of(Some("feat"), &[])), Some(true));
    let branches = vec!["feat".to_owned()];
    let broker = broker.do_(crate::Command::RemoveBranches { pacticipant: "Bar".to_owned(), branches });
    let broker = broker.branch("Bar", "3", "feat");
    assert_eq!(pending(&broker, &of(Some("feat"), &[])), Some(false));
}
