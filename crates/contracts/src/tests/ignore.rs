//! What is shown but not judged.

use super::{
    Broker,
    ask::{NOTHING, WELL},
};

const MISSING: &str = "There is no verified pact between version 1 of Foo and the latest version of Bar with tag prod";

/// A question about Foo 1 in production, without and with Bar ignored.
#[track_caller]
fn check_ignored(broker: &Broker, without: Option<bool>) {
    assert_eq!(broker.ask("Foo 1 | latest tag:prod cvp").deployable(), without);
    broker.check("Foo 1 | latest tag:prod cvp ignore:Bar", Some(true), &[NOTHING]);
    broker.check_counts("Foo 1 | latest tag:prod cvp ignore:Bar", (0, 0, 0, Some(1)));
}

#[test]
fn a_provider_that_is_ignored_may_be_missing_or_fail() {
    let missing = Broker::new().publish("Foo", "1", "Bar", "x").put("Bar", "2", None, &["prod"]);
    check_ignored(&missing, None);
    check_ignored(&Broker::new().publish("Foo", "1", "Bar", "x").verify("Bar", "2", "Foo", "x", true), None);
    check_ignored(&failing(), Some(false));
}

/// Bar 2, which is in production, fails.
fn failing() -> Broker {
    Broker::new().publish("Foo", "1", "Bar", "x").verify("Bar", "2", "Foo", "x", false).tag("Bar", "2", "prod")
}

#[test]
fn a_version_of_a_provider_can_be_ignored_alone() {
    let failed =
        "The verification for the pact between version 1 of Foo and the latest version of Bar with tag prod (2) failed";
    let broker = failing();
    broker.check("Foo 1 | latest tag:prod cvp ignore:Bar@2", Some(true), &[NOTHING]);
    let unknown = "WARN: Cannot ignore version 999 of Bar (no such version exists)";
    broker.check("Foo 1 | latest tag:prod cvp ignore:Bar@999", Some(false), &[unknown, failed]);
    broker.check_counts("Foo 1 | latest tag:prod cvp ignore:Bar@999", (0, 1, 0, Some(0)));
}

#[test]
fn what_was_named_and_is_ignored_need_not_exist() {
    let broker = Broker::new().publish("Foo", "1", "Bar", "x").verify("Bar", "2", "Foo", "x", true);
    let question = "Foo 1, Bar latest tag:prod | latest tag:prod cvp";
    broker.check(question, Some(false), &["No version with tag prod exists for Bar"]);
    broker.check(&format!("{question} ignore:Bar"), Some(true), &[NOTHING]);
    let broker = failing();
    assert_eq!(broker.ask(question).deployable(), Some(false));
    broker.check(&format!("{question} ignore:Bar"), Some(true), &[NOTHING]);
}

#[test]
fn who_is_to_be_ignored_and_does_not_exist_is_a_warning() {
    let broker = Broker::new().publish("Foo", "1", "NotBar", "x").verify("NotBar", "2", "Foo", "x", true);
    let reason = "There is no verified pact between version 1 of Foo and the latest version of NotBar with tag prod (no \
                  such version exists)";
    let warning = "WARN: Cannot ignore any version of Bar (no such pacticipant exists)";
    broker.check("Foo 1 | latest tag:prod cvp ignore:Bar", None, &[warning, reason]);
    let broker = Broker::new().publish("Foo", "1", "Bar", "x").verify("Bar", "2", "Foo", "x", true);
    let warning = "WARN: Cannot ignore version 999 of Bar (no such version exists)";
    let missing = format!("{MISSING} (no such version exists)");
    broker.check("Foo 1 | latest tag:prod cvp ignore:Bar@999", None, &[warning, &missing]);
}

#[test]
fn a_consumer_can_be_ignored() {
    let broker = Broker::new().publish("Foo", "1", "Bar", "x").tag("Foo", "1", "prod").version("Bar", "2");
    let reason = "There is no verified pact between the latest version of Foo with tag prod (1) and version 2 of Bar";
    broker.check("Bar 2 | latest tag:prod cvp", None, &[reason]);
    let broker = broker.verify("Bar", "2", "Foo", "x", false);
    assert_eq!(broker.ask("Bar 2 | latest tag:prod cvp").deployable(), Some(false));
    for ignored in ["Foo", "Foo@1"] {
        broker.check(&format!("Bar 2 | latest tag:prod cvp ignore:{ignored}"), Some(true), &[NOTHING]);
    }
    assert_eq!(broker.ask("Bar 2 | latest tag:prod cvp ignore:Foo@wrong").deployable(), Some(false));
}

#[test]
fn the_others_are_still_judged() {
    let broker = failing().publish("Foo", "1", "Baz", "y").verify("Baz", "3", "Foo", "y", true).tag("Baz", "3", "prod");
    let question = "Foo 1 | latest tag:prod cvp ignore:Bar";
    broker.check(question, Some(true), &[WELL]);
    broker.check_counts(question, (1, 0, 0, Some(1)));
    let shown: Vec<String> = broker.ask(question).ignored.iter().map(|row| broker.show(row)).collect();
    assert_eq!(shown, ["Foo1 Bar2 n1"]);
}
