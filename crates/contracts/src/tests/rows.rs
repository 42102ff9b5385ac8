//! Which rows an answer has.

use super::Broker;

/// A1 and B1 failed, then succeeded; A1 and B2 succeeded; A1 and C1 succeeded; A2 and C3 succeeded; A2 and B never tried.
fn several() -> Broker {
    Broker::new()
        .publish("A", "1", "B", "ab1")
        .verify("B", "1", "A", "ab1", false)
        .verify("B", "1", "A", "ab1", true)
        .verify("B", "2", "A", "ab1", true)
        .publish("A", "1", "C", "ac1")
        .verify("C", "1", "A", "ac1", true)
        .publish("A", "2", "C", "ac2")
        .verify("C", "3", "A", "ac2", true)
        .publish("A", "2", "B", "ab2")
}

#[test]
fn a_consumer_alone_has_all_its_pacts_with_whatever_came_of_them() {
    let broker = several();
    let a2 = ["A2 B? n?", "A2 C3 n5"];
    broker.check_rows("A", &[a2[0], a2[1], "A1 B2 n3", "A1 B1 n2", "A1 B1 n1", "A1 C1 n4"]);
    broker.check_rows("A | cvpv", &[a2[0], a2[1], "A1 B2 n3", "A1 B1 n2", "A1 C1 n4"]);
    broker.check_rows("A | cvp", &[a2[0], a2[1], "A1 B2 n3", "A1 C1 n4"]);
    broker.check_rows("A | cp", &a2);
}

#[test]
fn a_version_of_a_consumer_has_its_own_pacts_only() {
    let broker = several();
    broker.check_rows("A 1", &["A1 B2 n3", "A1 B1 n2", "A1 B1 n1", "A1 C1 n4"]);
    broker.check_rows("A 1 | cvpv", &["A1 B2 n3", "A1 B1 n2", "A1 C1 n4"]);
    broker.check_rows("A 1 | cvp", &["A1 B2 n3", "A1 C1 n4"]);
    broker.check_rows("A 1 | cp", &["A1 B2 n3", "A1 C1 n4"]);
}

#[test]
fn a_version_of_a_consumer_and_a_provider_have_what_is_between_them() {
    let broker = several();
    broker.check_rows("A 1, B", &["A1 B2 n3", "A1 B1 n2", "A1 B1 n1"]);
    broker.check_rows("A 1, B | cvpv", &["A1 B2 n3", "A1 B1 n2"]);
    broker.check_rows("A 1, B | cvp", &["A1 B2 n3"]);
    broker.check_rows("A 1, B | cp", &["A1 B2 n3"]);
    broker.check_rows("A 1, B 1", &["A1 B1 n2", "A1 B1 n1"]);
    for latest_by in ["cvpv", "cvp", "cp"] {
        broker.check_rows(&format!("B 1, A 1 | {latest_by}"), &["A1 B1 n2"]);
    }
}

#[test]
fn only_the_last_revision_counts_where_rows_are_thinned() {
    let broker = Broker::new()
        .publish("billy", "1", "bobby", "first")
        .verify("bobby", "1", "billy", "first", true)
        .revise("billy", "1", "bobby", "second")
        .revise("billy", "1", "bobby", "first");
    let revisions = |question: &str| -> Vec<u32> { broker.ask(question).rows.iter().map(|row| row.revision).collect() };
    assert_eq!(revisions("billy, bobby | cvpv"), [3]);
    assert_eq!(revisions("billy, bobby | cvp"), [3]);
    assert_eq!(revisions("billy, bobby"), [3, 2, 1]);
    assert_eq!(revisions("billy 1, bobby"), [3, 2, 1]);
}

#[test]
fn a_revised_pact_that_is_verified_has_one_row() {
    let broker = Broker::new()
        .publish("A", "1", "B", "old")
        .verify("B", "1", "A", "old", false)
        .revise("A", "1", "B", "new")
        .verify("B", "1", "A", "new", true);
    broker.check_rows("A 1, B 1 | cvpv", &["A1 B1 n2"]);
}

#[test]
fn a_version_of_a_provider_that_was_not_tried_is_not_in_the_row() {
    let broker =
        Broker::new().publish("A", "1", "B", "ab").version("B", "2").version("C", "3").publish("A", "1", "C", "ac");
    broker.check_rows("A 1, B 2, C 3", &["A1 B? n?", "A1 C? n?"]);
    broker.check_rows("A 1, B 2", &["A1 B? n?"]);
}

#[test]
fn a_provider_alone_has_what_it_verified() {
    let broker = Broker::new()
        .publish("A", "1", "B", "a")
        .verify("B", "4", "A", "a", true)
        .publish("D", "3", "B", "d")
        .verify("B", "4", "D", "d", true)
        .verify("B", "6", "D", "d", true)
        .publish("D", "4", "B", "never tried");
    broker.check_rows("B 4", &["A1 B4 n1", "D3 B4 n2"]);
    broker.check_rows("B", &["A1 B4 n1", "D3 B6 n3", "D3 B4 n2"]);
    broker.check_rows("B 9", &[]);
}

#[test]
fn a_version_that_is_consumer_and_provider_has_both() {
    let broker = Broker::new()
        .publish("A", "1", "B", "ab")
        .verify("B", "1", "A", "ab", true)
        .verify("B", "2", "A", "ab", false)
        .publish("B", "1", "C", "bc")
        .verify("C", "1", "B", "bc", false);
    broker.check_rows("B 1", &["A1 B1 n1", "B1 C1 n3"]);
}

#[test]
fn a_pact_with_oneself_has_its_rows_once() {
    let broker =
        Broker::new().publish("A", "1", "A", "aa").verify("A", "1", "A", "aa", true).verify("A", "2", "A", "aa", true);
    broker.check_rows("A 1", &["A1 A2 n2", "A1 A1 n1"]);
    broker.check_rows("A 1 | cvp", &["A1 A2 n2"]);
    broker.check_rows("A | cvpv", &["A1 A2 n2", "A1 A1 n1"]);
}

#[test]
fn a_provider_that_verified_several_versions_has_a_row_for_each() {
    let broker = Broker::new()
        .publish("Foo", "1", "Bar", "one")
        .verify("Bar", "5", "Foo", "one", true)
        .publish("Foo", "2", "Bar", "two")
        .verify("Bar", "5", "Foo", "two", true);
    broker.check_rows("Bar 5 | cvp", &["Foo2 Bar5 n2", "Foo1 Bar5 n1"]);
}

#[test]
fn the_same_content_counts_as_verified_in_another_version() {
    let broker = Broker::new()
        .publish("Foo", "1", "Bar", "same")
        .verify("Bar", "5", "Foo", "same", true)
        .publish("Foo", "2", "Bar", "same");
    broker.check_rows("Foo 2, Bar 5 | cvpv", &["Foo2 Bar5 n1"]);
    broker.check("Foo 2, Bar 5 | cvpv", Some(true), &[super::ask::WELL]);
}

#[test]
fn the_same_content_of_another_consumer_does_not_count() {
    let broker = Broker::new()
        .publish("Foo", "1", "Bar", "same")
        .verify("Bar", "5", "Foo", "same", true)
        .publish("Baz", "1", "Bar", "same");
    broker.check_rows("Baz 1, Bar 5 | cvpv", &["Baz1 Bar? n?"]);
}

#[test]
fn rows_of_three_who_depend_on_one_another_are_about_who_was_asked() {
    let broker = Broker::new()
        .publish("B", "1", "C", "bc")
        .verify("C", "10", "B", "bc", true)
        .publish("A", "2", "C", "ac")
        .verify("C", "10", "A", "ac", true)
        .publish("A", "2", "B", "ab");
    broker.check_rows("C 10 | cvp latest", &["A2 C10 n2", "B1 C10 n1"]);
}

#[test]
fn the_filter_comes_after_the_thinning() {
    let broker = Broker::new()
        .publish("Foo", "1", "Bar", "one")
        .verify("Bar", "5", "Foo", "one", true)
        .verify("Bar", "6", "Foo", "one", false);
    broker.check_rows("Foo, Bar | cvp success:true", &[]);
    broker.check_rows("Foo, Bar | cvp success:false", &["Foo1 Bar6 n2"]);
    broker.check_rows("Foo, Bar | cvpv success:true", &["Foo1 Bar5 n1"]);
}

#[test]
fn rows_are_filtered_by_how_they_came_out() {
    let broker = Broker::new()
        .publish("A", "1", "B", "1")
        .verify("B", "1", "A", "1", true)
        .publish("A", "2", "B", "2")
        .verify("B", "2", "A", "2", false)
        .publish("A", "3", "B", "3");
    let (well, failed, unknown) = ("A1 B1 n1", "A2 B2 n2", "A3 B? n?");
    broker.check_rows("A, B", &[unknown, failed, well]);
    broker.check_rows("A, B | success:true", &[well]);
    broker.check_rows("A, B | success:false", &[failed]);
    broker.check_rows("A, B | success:null", &[unknown]);
    broker.check_rows("A, B | success:false+null", &[unknown, failed]);
}

#[test]
fn of_a_pair_the_newest_deed_decides_whether_the_newest_pact_or_the_newest_verification_is_shown() {
    let broker = Broker::new()
        .version("B", "1")
        .publish("A", "1", "B", "one")
        .verify("B", "2", "A", "one", true)
        .publish("A", "2", "B", "two");
    broker.check_rows("A, B | cp", &["A2 B? n?"]);
    // An older version of the provider is tried last: the newest deed is a verification.
    let broker = broker.verify("B", "1", "A", "one", true);
    broker.check_rows("A, B | cp", &["A1 B2 n1"]);
}

#[test]
fn nothing_is_cut_off_before_it_is_judged() {
    let mut broker = Broker::new().environment("prod");
    for number in 0..130 {
        let consumer = format!("Consumer{number:03}");
        broker = broker.publish(&consumer, "1", "Hub", "same").deploy(&consumer, "1", "prod");
        // The one that fails was published first, so that a hundred newer ones come before it.
        broker = broker.verify("Hub", "7", &consumer, "same", number != 0);
    }
    let answer = broker.ask("Hub 7 | cvpv env:prod");
    assert_eq!(answer.rows.len(), 130);
    assert_eq!((answer.deployable(), answer.counts().failed), (Some(false), 1));
    assert_eq!(broker.ask("Hub 7 | cvp env:prod").deployable(), Some(false));
}
