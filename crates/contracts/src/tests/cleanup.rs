//! Old versions go; what anybody needs stays.

use super::Broker;
use crate::{
    Command,
    command::{Cleanup, Kept},
};

fn cleanup(keep_days: u32) -> Cleanup {
    Cleanup { keep_days, keep_main: false, keep_deployed: false, pacticipant: None, at_most: 100 }
}

/// What would be removed, as `name number`, and what stays.
fn plan(broker: &Broker, cleanup: &Cleanup) -> (Vec<String>, Kept) {
    let plan = cleanup.plan(&broker.state, broker.now).unwrap();
    let shown = plan.remove.iter().map(|key| {
        let version = broker.state.version(*key).unwrap();
        format!("{} {}", broker.state.name(version.pacticipant), version.number)
    });
    (shown.collect(), plan.kept)
}

/// Versions that each stay for another reason, and three that nobody needs.
fn broker() -> Broker {
    Broker::new()
        .environment("production")
        .pacticipant("shop", "main")
        .publish_on("main", "shop", "1", "pay", "a")
        .publish_on("main", "shop", "2", "pay", "a")
        .publish_on("feature", "shop", "3", "pay", "b")
        .publish("shop", "4", "pay", "c")
        .tag("shop", "4", "kept")
        .publish("shop", "5", "pay", "d")
        .deploy("shop", "1", "production")
        .deploy("shop", "5", "production")
        .publish_on("main", "shop", "6", "pay", "e")
        .publish("shop", "7", "pay", "f")
        .publish("shop", "8", "pay", "g")
        .version("shop", "9")
        .verify("pay", "1", "shop", "d", true)
        .verify("pay", "2", "shop", "d", true)
        .days(40)
        .version("shop", "10")
}

#[test]
fn what_is_deployed_or_a_head_or_the_newest_or_young_stays() {
    let (removed, kept) = plan(&broker(), &cleanup(30));
    assert_eq!(removed, ["shop 1", "shop 2", "shop 7", "shop 9", "pay 1"]);
    // 10 is young; 5 is in production; 3, 4 and 6 are heads; 8 has the newest pact, and pay 2 is the newest.
    assert_eq!(kept, Kept { young: 1, deployed: 1, heads: 3, newest: 2, main: 0 });
}

#[test]
fn more_stays_where_that_is_asked_for() {
    let broker = broker();
    let keeps = |keep_main, keep_deployed| plan(&broker, &Cleanup { keep_main, keep_deployed, ..cleanup(30) }).0;
    assert_eq!(keeps(true, false), ["shop 7", "shop 9", "pay 1"]);
    assert_eq!(keeps(false, true), ["shop 2", "shop 7", "shop 9", "pay 1"]);
    let only = Cleanup { pacticipant: Some("pay".to_owned()), ..cleanup(30) };
    assert_eq!(plan(&broker, &only).0, ["pay 1"]);
    assert!(plan(&broker, &cleanup(60)).0.is_empty(), "nothing is as old as that");
}

#[test]
fn it_is_done_in_batches_and_then_there_is_nothing_to_do() {
    let mut broker = broker();
    let batch = Cleanup { at_most: 3, ..cleanup(30) };
    let answer = |broker: &Broker| {
        let asked =
            crate::matrix::Query { environment: Some("production".to_owned()), ..crate::matrix::Query::default() };
        crate::matrix::ask(&broker.state, &asked).deployable()
    };
    let before = answer(&broker);
    assert_eq!(batch.plan(&broker.state, broker.now).unwrap().left, 2);
    for expected in [3, 2, 0] {
        assert_eq!(broker.at_once(Command::CleanUp(batch.clone())).unwrap().len(), expected);
    }
    assert_eq!(answer(&broker), before);
    assert!(broker.state.version_named("shop", "1").is_none());
}

#[test]
fn what_is_out_of_bounds_is_refused() {
    let broker = broker();
    let refused = |cleanup: Cleanup| cleanup.plan(&broker.state, broker.now).unwrap_err();
    assert_eq!(refused(Cleanup { at_most: 0, ..cleanup(1) }).field.as_deref(), Some("at_most"));
    assert_eq!(refused(Cleanup { at_most: 501, ..cleanup(1) }).field.as_deref(), Some("at_most"));
    assert_eq!(refused(cleanup(u32::MAX)).field.as_deref(), Some("keep_days"));
    let nobody = Cleanup { pacticipant: Some("nobody".to_owned()), ..cleanup(1) };
    assert_eq!(refused(nobody).code.name, "not-found");
}
