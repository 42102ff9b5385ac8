use base64::{Engine as _, engine::general_purpose::STANDARD};
use contracts::{
    Command, ContentSha, Outline,
    command::{NewPact, Onto},
};
use serde_json::{Value, json};

use super::Desk;
use crate::{Host as _, Method};

const PATH: &str = "/pacts/provider/Bar/consumer/Foo/version/1";

fn pact(interactions: &[&str]) -> Value {
    let interaction = |name: &&str| json!({"description": name, "request": {"method": "GET", "path": "/"}});
    let interactions: Vec<Value> = interactions.iter().map(interaction).collect();
    json!({"consumer": {"name": "Foo"}, "provider": {"name": "Bar"}, "interactions": interactions})
}

/// Somebody else publishes this in the moment before the next command.
fn rival(desk: &Desk, provider: &str, pact: &Value) {
    let blob = desk.keep(&[pact.to_string().into_bytes()]).unwrap().remove(0);
    let (content, outline) = (ContentSha::of(pact), Outline::of(pact));
    let pact = NewPact { provider: provider.to_owned(), content, blob, outline, onto: Onto::Any };
    let command = Command::Publish {
        pacticipant: "Foo".to_owned(),
        version: "1".to_owned(),
        branch: None,
        tags: Vec::new(),
        build_url: None,
        pacts: vec![pact],
        may_modify: true,
    };
    desk.rivals.lock().unwrap().push(command);
}

pub(super) fn contract(provider: &str, on_conflict: &str, pact: &Value) -> Value {
    json!({"consumerName": "Foo", "providerName": provider, "specification": "pact", "contentType": "application/json",
        "content": STANDARD.encode(pact.to_string()), "onConflict": on_conflict})
}

pub(super) fn publish(desk: &Desk, contracts: &[Value]) -> (u16, Value) {
    let body = json!({"pacticipantName": "Foo", "pacticipantVersionNumber": "1", "contracts": contracts});
    desk.ask(Method::Post, "/contracts/publish", &body)
}

fn interactions(desk: &Desk) -> Vec<String> {
    let known = desk.get(PATH);
    let names = known["interactions"].as_array().unwrap().iter();
    names.map(|interaction| interaction["description"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn pacts_that_are_merged_at_the_same_time_lose_nothing() {
    for may_modify in [false, true] {
        let mut desk = Desk::default();
        desk.policy.may_modify = may_modify;
        rival(&desk, "Bar", &pact(&["a"]));
        assert_eq!(publish(&desk, &[contract("Bar", "merge", &pact(&["b"]))]).0, 200);
        assert_eq!(interactions(&desk), ["a", "b"], "there was nothing to merge with at first");
        rival(&desk, "Bar", &pact(&["a", "b", "d"]));
        rival(&desk, "Bar", &pact(&["a", "b", "c"]));
        assert_eq!(publish(&desk, &[contract("Bar", "merge", &pact(&["e"]))]).0, 200);
        assert_eq!(interactions(&desk), ["a", "b", "d", "e"]);
        rival(&desk, "Bar", &pact(&["x"]));
        assert_eq!(desk.ask(Method::Patch, PATH, &pact(&["y"])).0, 200);
        assert_eq!(interactions(&desk), ["x", "y"]);
    }
}

#[test]
fn a_merged_pact_does_not_let_another_one_change() {
    let desk = Desk::default();
    assert_eq!(publish(&desk, &[contract("Qux", "merge", &qux("one"))]).0, 200);
    rival(&desk, "Bar", &pact(&["a"]));
    let both = [contract("Qux", "merge", &qux("two")), contract("Bar", "overwrite", &pact(&["b"]))];
    let (status, refused) = publish(&desk, &both);
    assert!(status == 409 && refused["errors"][0].as_str().unwrap().contains("Cannot change the content"), "{refused}");
    assert_eq!(interactions(&desk), ["a"]);
}

fn qux(interaction: &str) -> Value {
    json!({"consumer": {"name": "Foo"}, "provider": {"name": "Qux"}, "interactions": [{"description": interaction}]})
}
