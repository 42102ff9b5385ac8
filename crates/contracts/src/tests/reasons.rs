//! Whether it can be deployed, and what is said of it: upstream's scenarios of integration.

use super::{
    Broker,
    ask::{NO_NUMBER, NO_TARGET, NOTHING, WELL},
};
use crate::matrix::ReasonKind;

fn unverified(consumer: &str, provider: &str) -> String {
    format!("There is no verified pact between {consumer} and {provider}")
}

fn failed(consumer: &str, provider: &str) -> String {
    format!("The verification for the pact between {consumer} and {provider} failed")
}

#[test]
fn a_consumer_whose_provider_in_production_met_its_pact_can_be_deployed() {
    let broker =
        Broker::new().publish("foo", "1", "bar", "x").verify("bar", "2", "foo", "x", true).tag("bar", "2", "prod");
    let answer = broker.ask("foo | latest tag:prod cvp");
    assert_eq!((answer.selectors.len(), answer.integrations.len()), (2, 1));
    broker.check("foo | latest tag:prod cvp", Some(true), &[WELL]);
}

#[test]
fn a_provider_that_one_of_several_versions_in_production_did_not_try_is_unknown() {
    let broker = Broker::new()
        .publish("Foo", "1", "Bar", "one")
        .tag("Foo", "1", "prod")
        .verify("Bar", "10", "Foo", "one", true)
        .tag("Bar", "10", "test")
        .put("Foo", "2", None, &["prod"])
        .publish("Foo", "2", "Bar", "two");
    let reason = unverified("a version of Foo with tag prod (2)", "the latest version of Bar with tag test (10)");
    broker.check("Bar latest tag:test | tag:prod cvp", None, &[NO_NUMBER, &reason]);
}

#[test]
fn a_consumer_that_nobody_verified_is_unknown() {
    let broker = Broker::new().publish("Foo", "1", "Bar", "x").publish("Foo", "1", "Baz", "y");
    let answer = broker.ask("Foo 1 | latest tag:prod cvp");
    assert_eq!((answer.integrations.len(), answer.selectors.len()), (2, 3));
    let of = |provider: &str| {
        let provider = format!("the latest version of {provider} with tag prod (no such version exists)");
        unverified("version 1 of Foo", &provider)
    };
    broker.check("Foo 1 | latest tag:prod cvp", None, &[&of("Bar"), &of("Baz")]);
    broker.check_counts("Foo 1 | latest tag:prod cvp", (0, 0, 2, None));
}

#[test]
fn a_consumer_that_one_of_two_providers_in_production_did_not_verify_is_unknown() {
    let broker = Broker::new()
        .publish("Foo", "3.0.0", "Bar", "bar3")
        .verify("Bar", "10.0.0", "Foo", "bar3", true)
        .tag("Bar", "10.0.0", "prod")
        .publish("Foo", "3.0.0", "Baz", "baz3")
        .verify("Baz", "20", "Foo", "baz3", true)
        .tag("Baz", "20", "prod")
        .publish("Foo", "2.0.0", "Bar", "bar2")
        .verify("Bar", "11.0.0", "Foo", "bar2", true)
        .tag("Bar", "11.0.0", "prod");
    let question = "Foo 3.0.0 | latest tag:prod cvp";
    assert_eq!(broker.ask(question).integrations.len(), 2);
    broker.check_rows(question, &["Foo3.0.0 Bar? n?", "Foo3.0.0 Baz20 n2"]);
    let reason = unverified("version 3.0.0 of Foo", "the latest version of Bar with tag prod (11.0.0)");
    broker.check(question, None, &[&reason]);
}

#[test]
fn only_the_provider_that_is_in_production_counts() {
    let broker = Broker::new()
        .publish("foo", "1.0.0", "bar", "bar")
        .verify("bar", "10.0.0", "foo", "bar", true)
        .tag("bar", "10.0.0", "prod")
        .publish("foo", "1.0.0", "baz", "baz")
        .verify("baz", "9.0.0", "foo", "baz", true)
        .publish("foo", "2.0.0", "baz", "baz2")
        .verify("baz", "20.0.0", "foo", "baz2", true)
        .tag("baz", "20.0.0", "prod");
    broker.check_rows("foo 1.0.0 | cvp latest tag:prod", &["foo1.0.0 bar10.0.0 n1", "foo1.0.0 baz? n?"]);
}

#[test]
fn an_old_consumer_does_not_need_the_provider_that_came_later() {
    let broker = Broker::new()
        .publish("Foo", "1", "Bar", "one")
        .verify("Bar", "2", "Foo", "one", true)
        .tag("Bar", "2", "prod")
        .publish("Foo", "2", "Bar", "two")
        .verify("Bar", "3", "Foo", "two", true)
        .publish("Foo", "2", "Wiffle", "w")
        .verify("Wiffle", "10", "Foo", "w", true);
    broker.check("Foo 1 | latest tag:prod cvp", Some(true), &[WELL]);
}

#[test]
fn a_version_that_does_not_exist_can_not_be_deployed() {
    let broker = Broker::new().publish("Foo", "1", "Bar", "x").environment("prod");
    let none = "No pacts or verifications have been published for version 5 of Bar";
    broker.check("Bar 5", Some(false), &[NO_TARGET, none]);
    broker.check("Bar 5 | env:prod cvpv", Some(false), &[none]);
    let question = |selector: &str| format!("{selector} | env:prod cvpv");
    let check = |selector: &str, reason: &str| broker.check(&question(selector), Some(false), &[NO_NUMBER, reason]);
    check("Bar latest tag:x", "No version with tag x exists for Bar");
    check("Bar latest branch:x", "No version of Bar from branch x exists");
    check("Bar latest main", "No version of Bar from the main branch exists");
    check("Bar env:prod", "No version of Bar is currently recorded as deployed or released in environment prod");
    check("Bar latest", "No pacts or verifications have been published for Bar");
}

#[test]
fn somebody_of_whom_nothing_is_known_can_not_be_deployed() {
    let broker = Broker::new().publish("Foo", "1", "Bar", "x").environment("prod");
    let reason = "No pacts or verifications have been published for version 1 of Nobody";
    broker.check("Nobody 1 | env:prod cvpv", Some(false), &[reason]);
    assert_eq!(broker.ask("Nobody").deployable(), Some(false));
}

#[test]
fn the_first_provider_in_production_waits_for_no_consumer() {
    let broker = Broker::new().publish("Foo", "1", "Bar", "x").verify("Bar", "2", "Foo", "x", true);
    broker.check("Bar 2 | latest tag:prod cvp", Some(true), &[NOTHING]);
    broker.check_counts("Bar 2 | latest tag:prod cvp", (0, 0, 0, None));
    assert_eq!(broker.ask("Bar 2 | latest tag:prod cvp").notices()[0].kind, ReasonKind::Success);
}

#[test]
fn the_first_consumer_in_production_waits_for_its_provider() {
    let broker = Broker::new().publish("Foo", "1", "Bar", "x").verify("Bar", "2", "Foo", "x", true);
    let bar = "the latest version of Bar with tag prod (no such version exists)";
    broker.check("Foo 1 | latest tag:prod cvp", None, &[&unverified("version 1 of Foo", bar)]);
    broker.check_rows("Foo 1 | latest tag:prod", &["Foo1 Bar? n?"]);
    assert!(broker.rows("Bar 2 | latest tag:prod").is_empty());
}

#[test]
fn who_is_consumer_and_provider_waits_only_for_its_own_provider() {
    let broker = Broker::new()
        .publish("Foo", "1", "Bar", "x")
        .verify("Bar", "2", "Foo", "x", true)
        .publish("Bar", "2", "Baz", "y");
    let question = "Bar 2 | latest tag:prod cvp";
    assert_eq!(broker.ask(question).deployable(), None);
    let broker = broker.verify("Baz", "4", "Bar", "y", true).tag("Baz", "4", "prod");
    broker.check(question, Some(true), &[WELL]);
}

#[test]
fn a_provider_whose_consumers_are_not_in_production_need_not_have_met_them() {
    let broker = Broker::new().publish("Foo", "1", "Bar", "x").version("Bar", "2");
    broker.check("Bar 2 | latest tag:prod cvp", Some(true), &[NOTHING]);
}

#[test]
fn a_verification_by_another_version_than_that_in_production_does_not_count() {
    let broker = Broker::new()
        .publish("Foo", "1", "Bar", "x")
        .put("Bar", "2", None, &["prod"])
        .verify("Bar", "3", "Foo", "x", true);
    let reason = unverified("version 1 of Foo", "the latest version of Bar with tag prod (2)");
    broker.check("Foo 1 | latest tag:prod cvp", None, &[&reason]);
}

#[test]
fn two_who_need_one_another_must_both_have_met_the_other() {
    let broker = Broker::new()
        .publish("ServiceB", "100", "ServiceA", "ba")
        .verify("ServiceA", "99", "ServiceB", "ba", true)
        .publish("ServiceA", "1", "ServiceB", "ab")
        .verify("ServiceB", "100", "ServiceA", "ab", true);
    let reason = unverified("version 100 of ServiceB", "version 1 of ServiceA");
    broker.check("ServiceA 1, ServiceB 100 | cvpv", None, &[&reason]);
    let reason = unverified("version 100 of ServiceB", "the latest version of ServiceA (1)");
    broker.check("ServiceB 100 | cvp latest", None, &[NO_TARGET, &reason]);
}

/// Foo 1 and 2 are in production and met by Bar 2; Foo 3 is not in production and fails; Cat 20 is in production and was
/// never tried; Dog 40 is not in production.
fn explicit_and_inferred() -> Broker {
    Broker::new()
        .publish("Foo", "1", "Bar", "1")
        .verify("Bar", "2", "Foo", "1", true)
        .tag("Foo", "1", "prod")
        .publish("Foo", "2", "Bar", "2")
        .tag("Foo", "2", "prod")
        .verify("Bar", "2", "Foo", "2", true)
        .publish("Foo", "3", "Bar", "3")
        .verify("Bar", "2", "Foo", "3", false)
        .publish("Cat", "20", "Bar", "cat")
        .tag("Cat", "20", "prod")
        .publish("Dog", "40", "Bar", "dog")
        .verify("Bar", "2", "Dog", "dog", true)
}

#[test]
fn who_was_named_is_judged_with_all_versions_and_the_others_with_the_latest() {
    let broker = explicit_and_inferred();
    let question = "Bar 2, Foo tag:prod | latest tag:prod";
    assert_eq!(broker.ask(question).integrations.len(), 3);
    broker.check_rows(question, &["Cat20 Bar? n?", "Foo2 Bar2 n2", "Foo1 Bar2 n1"]);
    broker.check(question, None, &[&unverified("the latest version of Cat with tag prod (20)", "version 2 of Bar")]);
    broker.check("Bar 2, Foo tag:prod", Some(true), &[WELL]);
}

#[test]
fn a_provider_that_was_not_named_does_not_matter_where_nobody_is_inferred() {
    let broker = Broker::new()
        .publish("Foo", "1", "Bar", "x")
        .verify("Bar", "2", "Foo", "x", true)
        .tag("Bar", "2", "prod")
        .publish("Foo", "1", "Wiffle", "y");
    broker.check("Foo 1, Bar latest tag:prod | cvpv", Some(true), &[WELL]);
}

#[test]
fn a_provider_without_results_for_a_consumer_that_is_there_is_unknown() {
    let broker = Broker::new()
        .publish("Foo", "1", "Bar", "x")
        .verify("Bar", "1", "Foo", "x", true)
        .publish("InTest", "1", "Bar", "y")
        .verify("Bar", "1", "InTest", "y", true)
        .tag("InTest", "1", "test")
        .version("Bar", "2");
    let reason = unverified("the latest version of InTest with tag test (1)", "version 2 of Bar");
    broker.check("Bar 2 | cvp tag:test latest", None, &[&reason]);
}

#[test]
fn a_new_provider_goes_first() {
    let broker = Broker::new()
        .publish("c1", "1", "p1", "1")
        .tag("c1", "1", "test")
        .verify("p1", "1", "c1", "1", true)
        .tag("p1", "1", "test")
        .publish("c1", "2", "p2", "2")
        .verify("p2", "1", "c1", "2", true);
    assert_eq!(broker.ask("c1 2 | cvp latest tag:test").deployable(), None);
    broker.check("p2 1 | cvp latest tag:test", Some(true), &[NOTHING]);
}

#[test]
fn a_consumer_in_production_that_has_no_pact_any_more_does_not_matter() {
    let broker =
        Broker::new().publish("c1", "1", "p1", "1").verify("p1", "1", "c1", "1", true).put("c1", "2", None, &["prod"]);
    broker.check("p1 1 | cvp latest tag:prod", Some(true), &[NOTHING]);
}

#[test]
fn the_version_that_fails_is_named() {
    let broker = Broker::new()
        .publish("foo", "1", "bar", "x")
        .verify("bar", "1", "foo", "x", true)
        .tag("bar", "1", "prod")
        .verify("bar", "2", "foo", "x", false)
        .tag("bar", "2", "prod");
    let reason = failed("version 1 of foo", "a version of bar with tag prod (2)");
    broker.check("foo 1 | cvp tag:prod", Some(false), &[&reason]);
}

#[test]
fn unknown_comes_before_failed() {
    let broker = Broker::new()
        .publish("Foo", "1", "Bar", "x")
        .publish("Foo", "1", "Baz", "y")
        .verify("Bar", "1", "Foo", "x", false)
        .version("Baz", "1");
    let reasons = [failed("version 1 of Foo", "version 1 of Bar"), unverified("version 1 of Foo", "version 1 of Baz")];
    broker.check("Foo 1, Bar 1, Baz 1 | cvpv", None, &[&reasons[0], &reasons[1]]);
    broker.check_counts("Foo 1, Bar 1, Baz 1 | cvpv", (0, 1, 1, None));
}

#[test]
fn the_same_reason_is_given_once() {
    let broker = Broker::new()
        .publish("Foo", "1", "Bar", "1")
        .verify("Bar", "1", "Foo", "1", true)
        .publish("Foo", "2", "Bar", "2")
        .verify("Bar", "1", "Foo", "2", false)
        .publish("Foo", "3", "Bar", "3")
        .publish("Foo", "4", "Bar", "4");
    let any = ("any version of Foo", "any version of Bar");
    broker.check("Foo, Bar | cvpv", None, &[&failed(any.0, any.1), &unverified(any.0, any.1)]);
    broker.check_counts("Foo, Bar | cvpv", (1, 1, 2, None));
}

#[test]
fn versions_that_no_selector_chose_are_named_by_the_first_row() {
    let broker = Broker::new().publish("Foo", "1", "Bar", "1").verify("Bar", "11", "Foo", "1", false);
    broker.check("Foo 1 | cvpv", Some(false), &[NO_TARGET, &failed("version 1 of Foo", "version 11 of Bar")]);
    let broker = Broker::new().publish("Foo", "1", "Bar", "1");
    broker.check("Foo 1 | cvpv", None, &[NO_TARGET, &unverified("version 1 of Foo", "any version of Bar")]);
}

#[test]
fn a_required_integration_that_the_filter_left_without_a_row_is_unknown() {
    let broker = Broker::new().publish("Foo", "1", "Bar", "1").verify("Bar", "2", "Foo", "1", false);
    let question = "Foo 1, Bar 2 | cvpv success:true";
    broker.check(question, None, &[&unverified("version 1 of Foo", "version 2 of Bar")]);
    broker.check_counts(question, (0, 0, 1, None));
}

#[test]
fn whoever_names_no_number_is_warned() {
    let broker =
        Broker::new().publish("Foo", "1", "Bar", "1").verify("Bar", "2", "Foo", "1", true).tag("Foo", "1", "dev");
    broker.check("Foo latest tag:dev, Bar 2 | cvpv", Some(true), &[WELL]);
    broker.check("Foo latest tag:dev, Bar latest | cvpv", Some(true), &[NO_NUMBER, WELL]);
    broker.check("Foo, Bar | cvpv", Some(true), &[WELL]);
    let kinds: Vec<_> = broker.ask("Foo latest tag:dev | cvpv latest").notices().iter().map(|one| one.kind).collect();
    assert_eq!(kinds, [ReasonKind::Warning, ReasonKind::Warning, ReasonKind::Success]);
}

#[test]
fn what_can_be_merged_is_what_the_main_branches_agree_to() {
    let broker = Broker::new()
        .pacticipant("A", "main_branch")
        .pacticipant("B", "main_branch")
        .publish("A", "1", "B", "x")
        .branch("B", "1", "main_branch")
        .verify("B", "1", "A", "x", false)
        .verify("B", "1", "A", "x", true)
        .branch("B", "2", "dev")
        .verify("B", "2", "A", "x", true);
    broker.check("B 1 | main latest cvp", Some(true), &[NOTHING]);
    broker.check("A 1 | main latest cvp", Some(true), &[WELL]);
    let broker = broker.publish("A", "1", "C", "y");
    let reason =
        unverified("version 1 of A", "any version of C from the main branch (no versions exist for this branch)");
    broker.check("A 1 | main cvp", None, &[&reason]);
}
