//! What verifiers print.

use super::{Broker, verifiable::asked};
use crate::selection::{Asked, notices};

fn texts(broker: &Broker, asked: &Asked) -> Vec<(&'static str, String)> {
    let chosen = broker.chosen("Bar", asked);
    notices(&broker.state, &chosen[0], asked, "http://pact").into_iter().map(|one| (one.when, one.text)).collect()
}

/// The criteria by which the first pact was chosen.
#[track_caller]
fn check_criteria(broker: &Broker, selectors: &str, expected: &[&str]) {
    let text = texts(broker, &asked(selectors)).remove(0).1;
    let (versions, criteria) = match expected.len() {
        1 => ("the consumer version", "criterion"),
        _ => ("the consumer versions", "criteria"),
    };
    let begin = format!(
        "The pact at http://pact is being verified because the pact content belongs to {versions} matching the following \
         {criteria}:\n"
    );
    let lines = text.strip_prefix(&begin).unwrap_or_else(|| panic!("{text}"));
    assert_eq!(
        lines.lines().map(str::trim_start).collect::<Vec<_>>(),
        expected.iter().map(|line| format!("* {line}")).collect::<Vec<_>>()
    );
}

fn foo() -> Broker {
    Broker::new()
        .pacticipant("Foo", "main")
        .put("Foo", "1234", Some("main"), &["prod", "dev"])
        .publish("Foo", "1234", "Bar", "x")
}

#[test]
fn each_criterion_is_said() {
    let broker = foo();
    let check = |selectors: &str, expected: &[&str]| check_criteria(&broker, selectors, expected);
    check("latest", &["latest version of a consumer that has a pact with Bar (1234)"]);
    check("latest of:Foo", &["latest version of Foo that has a pact with Bar (1234)"]);
    check("latest tag:prod", &["latest version tagged 'prod' (1234)"]);
    check("latest tag:prod of:Foo", &["latest version of Foo tagged 'prod' (1234)"]);
    check("tag:prod", &["all consumer versions tagged 'prod' (1234)"]);
    check("tag:prod of:Foo", &["all Foo versions tagged 'prod' (1234)"]);
    check("branch:main", &["latest version from branch 'main' (1234)"]);
    check("branch:main of:Foo", &["latest version of Foo from branch 'main' (1234)"]);
    check("main", &["latest version from the main branch 'main' (1234)"]);
    check(
        "latest tag:feat-x or-tag:prod",
        &["latest version tagged 'prod' (fallback tag used as no pact was found with tag 'feat-x') (1234)"],
    );
    check(
        "branch:feat-x or-branch:main",
        &["latest version from branch 'main' (fallback branch used as no pact was found from branch 'feat-x') (1234)"],
    );
    check(
        "branch:main, latest tag:prod",
        &["latest version from branch 'main' (1234)", "latest version tagged 'prod' (1234)"],
    );
}

#[test]
fn environments_are_said_together() {
    let mut broker = foo();
    for name in ["dev", "test", "prod"] {
        broker = broker.environment(name).deploy("Foo", "1234", name);
    }
    let text = texts(&broker, &asked("deployed")).remove(0).1;
    assert!(
        text.ends_with("    * consumer version(s) currently deployed to dev (1234), test (1234) and prod (1234)"),
        "{text}"
    );
    let text = texts(&broker, &asked("deployed of:Foo env:test, deployed of:Foo env:prod")).remove(0).1;
    assert!(text.ends_with("    * version(s) of Foo currently deployed to test (1234) and prod (1234)"), "{text}");
    let broker = broker.release("Foo", "1234", "test");
    check_criteria(&broker, "released", &["consumer version(s) released and supported in test (1234)"]);
}

const END: &str = "If this verification fails, it will not cause the overall build to fail. Read more at \
                   https://docs.pact.io/go/pending";

#[test]
fn a_pending_pact_says_what_its_result_will_mean() {
    let main = Asked { branch: Some("main".to_owned()), pending: true, ..asked("latest") };
    let whom = "version of Bar from branch 'main'";
    let expected = [
        (
            "before_verification",
            format!(
                "This pact is in pending state for this version of Bar because a successful verification result for a \
                 {whom} has not yet been published. {END}"
            ),
        ),
        (
            "after_verification:success_true_published_false",
            format!(
                "This pact is still in pending state for any {whom} as the successful verification results have not yet \
                 been published."
            ),
        ),
        (
            "after_verification:success_false_published_false",
            format!(
                "This pact is still in pending state for any {whom} as a successful verification result has not yet been \
                 published"
            ),
        ),
        (
            "after_verification:success_true_published_true",
            format!(
                "This pact is no longer in pending state for any {whom}, as a successful verification result has been \
                 published. If a verification for a version of Bar fails in the future, it will fail the build. Read more \
                 at https://docs.pact.io/go/pending"
            ),
        ),
        (
            "after_verification:success_false_published_true",
            format!(
                "This pact is still in pending state for any {whom} as a successful verification result has not yet been \
                 published"
            ),
        ),
    ];
    assert_eq!(texts(&foo(), &main)[1..], expected);
}

#[test]
fn a_pact_that_was_met_says_that_the_build_will_fail() {
    let broker = foo().put("Bar", "1", Some("main"), &["dev"]).verify("Bar", "1", "Foo", "x", true);
    let said = |asked: &Asked| texts(&broker, asked).remove(1).1;
    let by = |whom: &str| {
        format!(
            "This pact has previously been successfully verified by {whom}. If this verification fails, it will fail the \
             build. Read more at https://docs.pact.io/go/pending"
        )
    };
    let base = Asked { pending: true, ..asked("latest") };
    assert_eq!(said(&base), by("Bar"));
    assert_eq!(said(&Asked { tags: vec!["dev".to_owned()], ..base.clone() }), by("a version of Bar with tag 'dev'"));
    let tags = vec!["dev".to_owned()];
    assert_eq!(
        said(&Asked { branch: Some("main".to_owned()), tags, ..base }),
        by("a version of Bar from branch 'main'")
    );
    assert_eq!(texts(&broker, &Asked { pending: true, ..asked("latest") }).len(), 2);
}

#[test]
fn pending_tags_are_listed() {
    let said = |tags: &[&str]| {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        texts(&foo(), &Asked { tags, pending: true, ..asked("latest") }).remove(1).1
    };
    assert!(said(&["dev"]).contains("result for a version of Bar with tag 'dev' has not"));
    assert!(said(&["dev", "feat-x"]).contains("result for a versions of Bar with tag 'dev' and 'feat-x' has not"));
    assert!(said(&["dev", "feat-x", "y"]).contains("'dev', 'feat-x' and 'y'"));
}

fn in_progress(broker: &Broker) -> String {
    let wip_since = Some(jiff::Timestamp::UNIX_EPOCH);
    let asked = Asked { tags: vec!["dev".to_owned()], pending: true, wip_since, ..asked("latest of:Nobody") };
    let all = texts(broker, &asked);
    assert!(all[1].1.contains("because it was included as a 'work in progress' pact. If this"), "{all:?}");
    all[0].1.clone()
}

#[test]
fn work_in_progress_says_where_it_comes_from() {
    let broker = Broker::new().publish("Foo", "1", "Bar", "x").tag("Foo", "1", "feat-x");
    let expected = "The pact at http://pact is being verified because it is a 'work in progress' pact (ie. it is the pact \
                    for the latest version of Foo tagged with 'feat-x' and it has not yet been successfully verified by a \
                    version of Bar with tag 'dev' when the pact's application version was explicitly specified in the \
                    consumer version selectors). Read more at https://docs.pact.io/go/wip";
    assert_eq!(in_progress(&broker), expected);
    let broker =
        Broker::new().publish("Foo", "1", "Bar", "x").branch("Foo", "1", "feat-x").branch("Foo", "1", "feat-y");
    let both = "for the latest versions of Foo from branches 'feat-x' and 'feat-y' (both have the same content) and";
    assert!(in_progress(&broker).contains(both));
    let broker = broker.tag("Foo", "1", "feat-w").tag("Foo", "1", "feat-z");
    let all =
        "from branches 'feat-x' and 'feat-y' and tagged with 'feat-w' and 'feat-z' (all have the same content) and";
    assert!(in_progress(&broker).contains(all));
}
