//! Work in progress.

use jiff::SignedDuration;

use super::{Broker, START_S, verifiable::asked};
use crate::selection::Asked;

/// Work in progress since the beginning, for a branch of the provider; nothing is chosen explicitly.
fn wip(branch: Option<&str>, tags: &[&str]) -> Asked {
    Asked {
        branch: branch.map(str::to_owned),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        pending: true,
        wip_since: Some(jiff::Timestamp::from_second(START_S).unwrap()),
        ..asked("latest of:Nobody")
    }
}

fn found(broker: &Broker, branch: &str) -> Vec<String> {
    broker.described(&wip(Some(branch), &[]))
}

fn tagged(tag: &str) -> Broker {
    Broker::new().branch("Bar", "333", "dev").publish("foo", "1", "Bar", "x").tag("foo", "1", tag)
}

#[test]
fn the_heads_of_branches_and_tags_that_nobody_met_are_in_progress() {
    let broker = Broker::new()
        .branch("Bar", "333", "dev")
        .publish("foo", "1", "Bar", "f1")
        .tag("foo", "1", "feat-1")
        .publish_on("branch-1", "foo", "2", "Bar", "f2")
        .publish("meep", "2", "Bar", "m2")
        .tag("meep", "2", "feat-2")
        .publish("foo", "3", "Bar", "f3")
        .tag("foo", "3", "feat-2")
        .publish("meep", "1", "Bar", "m1")
        .tag("meep", "1", "feat-1");
    let expected = [
        "wip foo 1: latest with tag feat-1 (1)",
        "wip foo 2: latest from branch branch-1 (2)",
        "wip foo 3: latest with tag feat-2 (3)",
        "wip meep 2: latest with tag feat-2 (2)",
        "wip meep 1: latest with tag feat-1 (1)",
    ];
    assert_eq!(found(&broker, "dev"), expected);
    assert!(broker.chosen("Bar", &wip(Some("dev"), &[])).iter().all(|one| one.pending == Some(true)));
}

#[test]
fn without_branch_and_tags_of_the_provider_nothing_is_in_progress() {
    assert_eq!(tagged("prod").described(&wip(None, &[])), Vec::<String>::new());
    assert_eq!(found(&Broker::new().publish("foo", "1", "Bar", "x"), "dev"), Vec::<String>::new(), "no tag, no branch");
}

#[test]
fn a_head_of_a_branch_and_of_a_tag_is_one() {
    let broker = Broker::new()
        .branch("Bar", "333", "dev")
        .put("foo", "1", Some("branch-1"), &["feat-1"])
        .put("foo", "2", Some("branch-1"), &["feat-1"])
        .publish("foo", "2", "Bar", "x");
    assert_eq!(found(&broker, "dev"), ["wip foo 2: latest from branch branch-1 (2), latest with tag feat-1 (2)"]);
}

#[test]
fn what_the_branch_met_is_not_in_progress_unless_it_was_met_as_such() {
    let broker = tagged("prod").branch("Bar", "3", "dev");
    assert_eq!(found(&broker, "dev").len(), 1);
    let broker = broker.verify("Bar", "3", "foo", "x", false);
    assert_eq!(found(&broker, "dev").len(), 1);
    let broker = broker.verify_wip("Bar", "3", "foo", "x");
    assert_eq!(found(&broker, "dev").len(), 1);
    let broker = broker.verify("Bar", "3", "foo", "x", true).verify("Bar", "5", "foo", "x", false);
    assert_eq!(found(&broker, "dev").len(), 0);
}

#[test]
fn what_was_chosen_explicitly_is_not_in_progress() {
    let broker = tagged("feat");
    let explicit = Asked { selectors: asked("latest").selectors, ..wip(Some("dev"), &[]) };
    assert_eq!(broker.described(&explicit), ["foo 1: latest (1)"]);
}

#[test]
fn only_what_was_published_since_then_is_in_progress() {
    let broker = tagged("feat");
    let since = |seconds: i64| {
        let wip_since = Some(broker.now + SignedDuration::from_secs(seconds));
        broker.described(&Asked { wip_since, ..wip(Some("dev"), &[]) }).len()
    };
    assert_eq!((since(-61), since(-60), since(3 * 86_400)), (1, 0, 0), "published a minute ago, then tagged");
}

#[test]
fn what_another_branch_met_before_this_ones_first_version_is_not_in_progress() {
    let met = |success| {
        let broker = Broker::new().publish("foo", "1", "Bar", "x").tag("foo", "1", "main").branch("Bar", "20", "dev");
        broker.verify("Bar", "20", "foo", "x", success)
    };
    assert_eq!(found(&met(true), "feat-new").len(), 0, "a branch that is yet to begin");
    assert_eq!(found(&met(false), "feat-new").len(), 1);
    let before = met(true).days(1).branch("Bar", "21", "feat-new").verify("Bar", "21", "foo", "x", false);
    assert_eq!(found(&before, "feat-new").len(), 0);
    let after = Broker::new()
        .publish("foo", "1", "Bar", "x")
        .tag("foo", "1", "main")
        .branch("Bar", "21", "feat-new")
        .days(1)
        .branch("Bar", "20", "dev")
        .verify("Bar", "20", "foo", "x", true);
    assert_eq!(found(&after, "feat-new").len(), 1);
}

#[test]
fn the_first_version_of_a_branch_is_the_one_that_came_to_it_first() {
    // Version 1 is older than all, but comes to the branch last: the branch began with version 2.
    let broker = Broker::new()
        .publish("foo", "1", "Bar", "x")
        .tag("foo", "1", "main")
        .version("Bar", "1")
        .branch("Bar", "20", "dev")
        .verify("Bar", "20", "foo", "x", true)
        .branch("Bar", "2", "feat");
    assert_eq!(found(&broker, "feat").len(), 0);
    let broker = broker.branch("Bar", "1", "feat");
    assert_eq!(found(&broker, "feat").len(), 0);
    let removed = broker.do_(crate::Command::RemoveVersion { pacticipant: "Bar".to_owned(), version: "2".to_owned() });
    assert_eq!(found(&removed, "feat").len(), 1, "now it began with version 1, before anybody met the pact");
}

#[test]
fn verifications_are_forgotten_after_thirty_days() {
    let own = tagged("main").branch("Bar", "3", "dev").verify("Bar", "3", "foo", "x", true);
    assert_eq!(found(&own, "dev").len(), 0);
    assert_eq!(found(&own.days(29), "dev").len(), 0);
    let own = tagged("main").branch("Bar", "3", "dev").verify("Bar", "3", "foo", "x", true).days(31);
    assert_eq!(found(&own, "dev").len(), 1);
    let other = tagged("main").branch("Bar", "3", "old").verify("Bar", "3", "foo", "x", true).days(35);
    assert_eq!(found(&other, "new").len(), 1);
    // One of many counts, if it lies between the thirty days and the branch's beginning.
    let between = tagged("main")
        .branch("Bar", "3", "old")
        .verify("Bar", "3", "foo", "x", true)
        .days(40)
        .verify("Bar", "3", "foo", "x", true)
        .branch("Bar", "4", "new")
        .verify("Bar", "3", "foo", "x", true);
    assert_eq!(found(&between, "new").len(), 0);
}

#[test]
fn tags_of_consumers_of_somebody_else_do_not_matter() {
    let broker = tagged("main").publish("other", "1", "different", "y").tag("other", "1", "main");
    assert_eq!(found(&broker, "dev"), ["wip foo 1: latest with tag main (1)"]);
}

#[test]
fn a_branch_whose_head_has_no_pact_any_more_is_not_in_progress() {
    let broker =
        Broker::new().branch("Bar", "333", "dev").publish_on("feat", "foo", "1", "Bar", "x").branch("foo", "2", "feat");
    assert_eq!(found(&broker, "dev"), Vec::<String>::new());
}

#[test]
fn with_tags_of_the_provider_each_tag_must_have_met_it() {
    let broker = Broker::new()
        .put("Bar", "1", None, &["prod"])
        .put("Bar", "2", None, &["dev"])
        .publish("foo", "1", "Bar", "x")
        .tag("foo", "1", "feat")
        .verify("Bar", "2", "foo", "x", true);
    let both = broker.chosen("Bar", &wip(None, &["dev", "prod"]));
    assert_eq!(both[0].pending_tags, ["prod"]);
    assert_eq!(broker.described(&wip(None, &["dev"])), Vec::<String>::new());
    // However long ago.
    let broker = broker.days(50);
    assert_eq!(broker.described(&wip(None, &["dev"])), Vec::<String>::new());
    assert_eq!(broker.described(&wip(None, &["prod"])), ["wip foo 1: latest with tag feat (1)"]);
    // A tag that was never given is as far as any other.
    assert_eq!(broker.described(&wip(None, &["new"])), Vec::<String>::new());
}
