//! What keeps something from being deployed, as facts.

use super::{Broker, sha, verification};
use crate::{
    Command, Failure, Moment,
    matrix::{Blocker, Why, blockers},
};

fn why(broker: &Broker, question: &str) -> Vec<Why> {
    found(broker, question).into_iter().map(|blocker| blocker.why).collect()
}

fn found(broker: &Broker, question: &str) -> Vec<Blocker> {
    blockers(&broker.state, &broker.ask(question))
}

#[test]
fn nothing_keeps_what_is_well() {
    let broker = Broker::new().publish("Foo", "1", "Bar", "x").verify("Bar", "2", "Foo", "x", true);
    assert_eq!(found(&broker, "Foo 1, Bar 2 | cvpv"), []);
}

#[test]
fn a_version_that_is_not_known_keeps_itself() {
    let broker = Broker::new().publish("Foo", "1", "Bar", "x");
    assert_eq!(why(&broker, "Foo 9, Bar | cvpv"), [Why::Missing]);
}

#[test]
fn a_failure_says_since_when_it_fails_and_what_failed() {
    let failure = Failure { interaction: "a request".to_owned(), state: None, message: None };
    let mut failed = verification("Bar", "4", "Foo", "x", false);
    if let Command::Verify { failures, .. } = &mut failed {
        failures.push(failure.clone());
    }
    let broker = Broker::new()
        .publish("Foo", "1", "Bar", "x")
        .verify("Bar", "1", "Foo", "x", false)
        .verify("Bar", "2", "Foo", "x", true)
        .verify("Bar", "3", "Foo", "x", false);
    let since = broker.now;
    let broker = broker.days(2).do_(failed);
    let [Why::Failed { at, since: found, failures, .. }] = &why(&broker, "Foo 1, Bar 4 | cvpv")[..] else { panic!() };
    assert_eq!((*at, *found, failures.as_slice()), (broker.now, since, &[failure][..]));
}

#[test]
fn what_was_not_tried_says_what_was_tried_last() {
    let broker = Broker::new().publish("Foo", "1", "Bar", "x");
    let since = broker.now;
    let broker = broker.version("Bar", "2");
    assert_eq!(why(&broker, "Foo 1, Bar 2 | cvpv"), [Why::NotVerified { since, last: None }]);
    let broker = broker.verify("Bar", "1", "Foo", "x", true);
    let blockers = found(&broker, "Foo 1, Bar 2 | cvpv");
    let last = Some((broker.state.version_named("Bar", "1").unwrap(), true));
    assert_eq!(blockers[0].why, Why::NotVerified { since, last });
    assert_eq!(blockers[0].provider_version, broker.state.version_named("Bar", "2"), "the one that was meant");
    assert_eq!(blockers[0].content, Some(sha("x")));
}

#[test]
fn a_provider_that_is_not_there_is_said_to_be_absent() {
    let broker = Broker::new().environment("prod").publish("Foo", "1", "Bar", "x").verify("Bar", "1", "Foo", "x", true);
    assert_eq!(why(&broker, "Foo 1 | cvpv env:prod"), [Why::ProviderAbsent]);
    assert_eq!(why(&broker.deploy("Bar", "1", "prod"), "Foo 1 | cvpv env:prod"), []);
}

fn define(version: &str, self_verified: Option<bool>) -> Command {
    Command::PublishDefinition {
        provider: "Bar".to_owned(),
        version: version.to_owned(),
        branch: None,
        tags: Vec::new(),
        build_url: None,
        blob: kernel::Sha256::of(b"openapi"),
        media_type: "application/yaml".to_owned(),
        specification: "oas".to_owned(),
        self_verified,
        self_results: None,
        verifier: None,
    }
}

fn judge(fits: bool) -> Command {
    Command::JudgeFit {
        consumer: "Foo".to_owned(),
        provider: "Bar".to_owned(),
        content: sha("x"),
        definition: kernel::Sha256::of(b"openapi"),
        fits,
        problems: vec![Failure { interaction: "no such path".to_owned(), state: None, message: None }],
        comparison: None,
    }
}

#[test]
fn a_definition_counts_once_it_was_compared() {
    let broker = Broker::new().publish("Foo", "1", "Bar", "x").do_(define("2", None));
    let question = "Foo 1, Bar 2 | cvpv";
    assert!(broker.ask(question).lacks_comparisons());
    assert_eq!((broker.ask(question).deployable(), why(&broker, question)), (None, vec![Why::NotCompared]));
    let fits = Broker::new().publish("Foo", "1", "Bar", "x").do_(define("2", None)).do_(judge(true));
    assert_eq!((fits.ask(question).deployable(), why(&fits, question)), (Some(true), vec![]));
    // Who is tried as well must not fail.
    let tried = fits.verify("Bar", "2", "Foo", "x", false);
    assert!(matches!(why(&tried, question)[..], [Why::Failed { .. }]));
}

#[test]
fn what_does_not_fit_says_what() {
    let broker = Broker::new().publish("Foo", "1", "Bar", "x").do_(define("2", Some(true))).do_(judge(false));
    let question = "Foo 1, Bar 2 | cvpv";
    assert_eq!(broker.ask(question).deployable(), Some(false));
    let [Why::DoesNotFit { problems, self_verification_failed: false }] = &why(&broker, question)[..] else { panic!() };
    assert_eq!(problems[0].interaction, "no such path");
    // That it was verified does not mend that.
    let broker = broker.verify("Bar", "2", "Foo", "x", true);
    assert_eq!(broker.ask(question).deployable(), Some(false));
    let broker = Broker::new().publish("Foo", "1", "Bar", "x").do_(define("2", Some(false))).do_(judge(true));
    let [Why::DoesNotFit { self_verification_failed: true, .. }] = &why(&broker, question)[..] else { panic!() };
}

#[test]
fn a_definition_counts_for_the_latest_version_and_for_one_alone() {
    let broker = Broker::new()
        .publish("Foo", "1", "Bar", "x")
        .verify("Bar", "1", "Foo", "x", false)
        .do_(define("2", Some(true)))
        .do_(judge(true));
    for question in ["Foo, Bar | cvp", "Foo 1, Bar latest | cvpv", "Foo | cp", "Bar 2 | cvpv"] {
        assert_eq!(broker.rows(question), ["Foo1 Bar2 n?"], "{question}");
        assert_eq!(broker.ask(question).deployable(), Some(true), "{question}");
    }
    assert!(Moment::from(broker.now) > Moment::from(jiff::Timestamp::UNIX_EPOCH));
}
