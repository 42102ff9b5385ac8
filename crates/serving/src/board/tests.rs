use flagd::{Bucketing, Context, Document};
use futures::FutureExt;
use serde_json::{Value, json};

use super::*;

fn flag(default: &str, flag_set: &str) -> Value {
    json!({
        "state": "ENABLED", "variants": { "on": true, "off": false }, "defaultVariant": default,
        "metadata": { "flagSetId": flag_set },
    })
}

fn set(flags: Value) -> Arc<Set> {
    let document = json!({ "flags": flags }).to_string();
    Arc::new(Document::read(document.as_bytes()).unwrap().0.compile(Bucketing::default()))
}

fn part(flag_set: &str) -> Scope {
    Scope { environment: "production".to_owned(), flag_sets: Some(vec![flag_set.to_owned()]) }
}

fn keys(set: &Set) -> Vec<&str> {
    set.flags().map(|flag| flag.key()).collect()
}

#[test]
fn a_scope_sees_its_flag_sets_alone() {
    let board = Board::new();
    assert!(board.set(&Scope::all("production")).is_none());
    board.publish("production", set(json!({ "a": flag("on", "web"), "b": flag("on", "api") })));
    assert_eq!(keys(&board.set(&Scope::all("production")).unwrap()), ["a", "b"]);
    assert_eq!(keys(&board.set(&part("web")).unwrap()), ["a"]);
    assert_eq!(keys(&board.set(&part("none")).unwrap()), [] as [&str; 0]);
    assert!(board.set(&Scope::all("staging")).is_none());
    let context = Context::parse(b"{}", 0).unwrap();
    assert!(board.set(&part("web")).unwrap().evaluate("b", &context).is_err());
}

#[tokio::test]
async fn a_subscriber_wakes_when_what_it_sees_changes_and_only_then() {
    let board = Board::new();
    board.publish("production", set(json!({ "a": flag("on", "web"), "b": flag("on", "api") })));
    let mut web = board.subscribe(&part("web")).unwrap();
    let mut all = board.subscribe(&Scope::all("production")).unwrap();
    board.publish("production", set(json!({ "a": flag("on", "web"), "b": flag("off", "api") })));
    assert!(web.next().now_or_never().is_none());
    assert!(all.next().await.is_some());
    assert!(all.next().now_or_never().is_none());
    board.publish("production", set(json!({ "a": flag("off", "web"), "b": flag("off", "api") })));
    assert_eq!(keys(&web.next().await.unwrap()), ["a"]);
}

#[tokio::test]
async fn a_slow_subscriber_misses_the_steps_but_not_the_end() {
    let board = Board::new();
    board.publish("production", set(json!({ "a": flag("on", "web") })));
    let mut slow = board.subscribe(&Scope::all("production")).unwrap();
    for _ in 0..100 {
        board.publish("production", set(json!({ "a": flag("off", "web") })));
        board.publish("production", set(json!({ "a": flag("on", "web"), "b": flag("on", "web") })));
    }
    assert_eq!(keys(&slow.next().await.unwrap()), ["a"]);
    assert_eq!(keys(slow.seen()), ["a", "b"]);
    assert!(slow.next().now_or_never().is_none());
}

#[test]
fn publishing_the_same_content_again_is_no_news() {
    let board = Board::new();
    board.publish("production", set(json!({ "a": flag("on", "web") })));
    let mut subscription = board.subscribe(&Scope::all("production")).unwrap();
    board.publish("production", set(json!({ "a": flag("on", "web") })));
    assert!(subscription.next().now_or_never().is_none());
}

#[tokio::test]
async fn streams_end_with_their_environment_and_with_the_board() {
    let board = Board::new();
    board.publish("staging", set(json!({ "a": flag("on", "web") })));
    board.publish("production", set(json!({ "a": flag("on", "web") })));
    let mut staging = board.subscribe(&Scope::all("staging")).unwrap();
    let mut production = board.subscribe(&Scope::all("production")).unwrap();
    board.withdraw("staging");
    assert!(staging.next().await.is_none());
    assert!(production.next().now_or_never().is_none());
    assert_eq!(board.subscribers(), 2);
    board.close();
    assert!(production.next().await.is_none());
    assert!(board.subscribe(&Scope::all("production")).is_none());
    assert!(board.set(&Scope::all("production")).is_some());
}
