//! Which versions a selector means.

use super::{Broker, ask::NO_NUMBER};

#[test]
fn all_versions_with_a_tag_are_meant_unless_only_the_latest_is() {
    let broker = Broker::new()
        .publish("android", "1", "BFF", "1")
        .tag("android", "1", "prod")
        .verify("BFF", "5", "android", "1", true)
        .put("android", "2", None, &["prod"])
        .publish("android", "2", "BFF", "2")
        .verify("BFF", "5", "android", "2", true)
        .publish("android", "3", "BFF", "3")
        .verify("BFF", "5", "android", "3", true)
        .put("ios", "20", None, &["prod"])
        .publish("ios", "20", "BFF", "20")
        .verify("BFF", "5", "ios", "20", true);
    broker.check_rows("android tag:prod, BFF 5", &["android2 BFF5 n2", "android1 BFF5 n1"]);
    broker.check_rows("android latest tag:prod, BFF 5", &["android2 BFF5 n2"]);
    broker.check_rows("BFF 5 | tag:prod", &["android2 BFF5 n2", "android1 BFF5 n1", "ios20 BFF5 n4"]);
    broker.check_rows("BFF 5 | latest tag:prod", &["android2 BFF5 n2", "ios20 BFF5 n4"]);
}

#[test]
fn the_latest_version_is_the_one_that_became_known_last_whatever_its_number() {
    let broker = Broker::new()
        .publish("A", "1", "B", "x")
        .verify("B", "9.0.0", "A", "x", true)
        .tag("B", "9.0.0", "prod")
        .verify("B", "2.0.0", "A", "x", true)
        .tag("B", "2.0.0", "prod")
        .verify("B", "3.0.0", "A", "x", true);
    broker.check_rows("A 1, B latest tag:prod", &["A1 B2.0.0 n2"]);
    broker.check_rows("A 1, B latest", &["A1 B3.0.0 n3"]);
    let broker = broker.version("B", "1.0.0");
    broker.check_rows("A 1, B latest", &["A1 B? n?"]);
}

#[test]
fn everybody_else_is_the_latest_with_the_tag() {
    let broker = Broker::new()
        .publish("A", "1", "B", "ab")
        .tag("A", "1", "dev")
        .verify("B", "1", "A", "ab", true)
        .verify("B", "2", "A", "ab", true)
        .tag("B", "1", "prod")
        .publish("A", "1", "C", "ac")
        .verify("C", "3", "A", "ac", true)
        .tag("C", "3", "prod")
        .verify("C", "4", "A", "ac", true);
    let tagged = ["A1 B1 n1", "A1 C3 n3"];
    broker.check_rows("A 1 | tag:prod latest", &tagged);
    broker.check_rows("A latest tag:dev | tag:prod latest", &tagged);
    broker.check_rows("A 1 | latest", &["A1 B2 n2", "A1 C4 n4"]);
    let broker = broker.publish("A", "2", "C", "ac2");
    broker.check_rows("A | tag:prod latest", &["A2 C? n?", "A1 B1 n1", "A1 C3 n3"]);
}

#[test]
fn who_is_consumer_and_provider_is_joined_with_both_sides() {
    let broker = Broker::new()
        .publish("A", "1", "B", "ab")
        .tag("A", "1", "prod")
        .verify("B", "1", "A", "ab", true)
        .publish("B", "1", "C", "bc")
        .verify("C", "3", "B", "bc", true)
        .tag("C", "3", "prod")
        .verify("C", "4", "B", "bc", true);
    broker.check_rows("B 1 | tag:prod latest", &["A1 B1 n1", "B1 C3 n2"]);
}

/// Bar's main branch is develop, Baz's is main; each has two versions there and one elsewhere.
fn main_branches() -> Broker {
    let mut broker = Broker::new().pacticipant("Bar", "develop").pacticipant("Baz", "main");
    for (provider, branch, first) in [("Bar", "develop", 1), ("Baz", "main", 10)] {
        broker = broker.publish("Foo", "1", provider, provider);
        for (more, on) in [(0, branch), (1, branch), (2, "other")] {
            let version = (first + more).to_string();
            broker = broker.branch(provider, &version, on).verify(provider, &version, "Foo", provider, true);
        }
    }
    broker
}

#[test]
fn everybody_else_is_on_the_main_branch() {
    let broker = main_branches();
    broker.check_rows("Foo 1 | main latest", &["Foo1 Bar2 n2", "Foo1 Baz11 n5"]);
    broker.check_rows("Foo 1 | main", &["Foo1 Bar2 n2", "Foo1 Bar1 n1", "Foo1 Baz11 n5", "Foo1 Baz10 n4"]);
    let described = |question: &str| -> Vec<String> {
        broker.ask(question).selectors.iter().skip(1).map(crate::matrix::Resolved::description).collect()
    };
    let bar = "the latest version of Bar from branch develop (2)";
    assert_eq!(described("Foo 1 | main latest"), [bar, "the latest version of Baz from branch main (11)"]);
    assert_eq!(described("Foo 1 | main")[0], "one of the versions of Bar from branch develop (2)");
}

#[test]
fn consumers_on_their_main_branches_are_asked() {
    let mut broker = Broker::new();
    for (consumer, main) in [("Foo", "develop"), ("Beep", "main")] {
        broker = broker.pacticipant(consumer, main);
        for (version, on) in [("1", main), ("2", main), ("3", "other")] {
            let content = format!("{consumer}{version}");
            broker =
                broker.publish_on(on, consumer, version, "Bar", &content).verify("Bar", "1", consumer, &content, true);
        }
    }
    broker.check_rows("Bar 1 | main latest", &["Beep2 Bar1 n5", "Foo2 Bar1 n2"]);
    broker.check_rows("Bar 1 | main", &["Beep2 Bar1 n5", "Beep1 Bar1 n4", "Foo2 Bar1 n2", "Foo1 Bar1 n1"]);
}

#[test]
fn the_head_of_a_branch_is_the_version_that_came_to_it_last() {
    let broker = Broker::new()
        .version("Foo", "1")
        .version("Foo", "2")
        .branch("Foo", "2", "feat")
        .branch("Foo", "1", "feat")
        .publish("Foo", "1", "Bar", "x")
        .publish("Foo", "2", "Bar", "y");
    broker.check_rows("Foo latest branch:feat, Bar", &["Foo1 Bar? n?"]);
    broker.check_rows("Foo branch:feat, Bar", &["Foo2 Bar? n?", "Foo1 Bar? n?"]);
    // That it comes again does not make it the head again.
    let broker = broker.branch("Foo", "2", "feat");
    broker.check_rows("Foo latest branch:feat, Bar", &["Foo1 Bar? n?"]);
}

#[test]
fn several_criteria_must_all_hold() {
    let broker = Broker::new()
        .put("Foo", "1", Some("main"), &["prod"])
        .put("Foo", "2", Some("main"), &[])
        .put("Foo", "3", Some("feat"), &["prod"])
        .publish("Foo", "1", "Bar", "1")
        .publish("Foo", "2", "Bar", "2")
        .publish("Foo", "3", "Bar", "3");
    broker.check_rows("Foo branch:main tag:prod, Bar", &["Foo1 Bar? n?"]);
    broker.check_rows("Foo 3 tag:prod, Bar", &["Foo3 Bar? n?"]);
    broker.check_rows("Foo 3 branch:main, Bar", &[]);
}

#[test]
fn a_selector_says_in_words_what_it_means() {
    let broker = Broker::new()
        .environment("prod")
        .put("Foo", "1", Some("main"), &["dev"])
        .put("Foo", "2", Some("main"), &["dev"])
        .deploy("Foo", "2", "prod");
    let check = |selector: &str, words: &str| {
        let answer = broker.ask(selector);
        assert_eq!(answer.selectors[0].description(), words, "{selector}");
    };
    check("Foo", "any version of Foo");
    check("Foo 1", "version 1 of Foo");
    check("Foo 9", "version 9 of Foo (no such version exists)");
    check("Foo latest", "the latest version of Foo (2)");
    check("Foo latest tag:dev", "the latest version of Foo with tag dev (2)");
    check("Foo tag:dev", "a version of Foo with tag dev (2)");
    check("Foo tag:x", "a version of Foo with tag x (no such version exists)");
    check("Foo latest branch:main", "the latest version of Foo from branch main (2)");
    check("Foo latest branch:x", "the latest version of Foo from branch x (no such version exists)");
    check("Foo branch:main", "one of the versions of Foo from branch main (2)");
    check("Foo branch:x", "a version of Foo from branch x (no such version exists)");
    check("Foo env:prod", "the version of Foo currently in prod (2)");
    check("Foo main", "one of the versions of Foo from branch main (2)");
    check("Bar latest", "the latest version of Bar (no such version exists)");
    assert_eq!(broker.ask("Foo tag:dev").reasons()[0], NO_NUMBER);
}
