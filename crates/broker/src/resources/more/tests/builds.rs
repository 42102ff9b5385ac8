//! What builds ask and report.

use contracts::{Command, ContentSha, Delivery};
use kernel::EffectId;
use serde_json::{Value, json};

use super::{Desk, pact};
use crate::{Host as _, Method};

#[test]
fn a_released_version_is_no_deployed_one() {
    let desk = Desk::default();
    desk.publish("1", &pact("GET"));
    let (_, environment) = desk.ask(Method::Post, "/environments", &json!({"name": "prod", "production": true}));
    let environment = environment["uuid"].as_str().unwrap();
    let made = |kind: &str| {
        let address = format!("/pacticipants/Foo/versions/1/{kind}/environment/{environment}");
        let (status, made) = desk.ask(Method::Post, &address, &json!({}));
        assert_eq!(status, 201, "{made}");
        made["uuid"].as_str().unwrap().to_owned()
    };
    let (deployed, released) = (made("deployed-versions"), made("released-versions"));
    for (kind, own, other, field) in [
        ("deployed-versions", &deployed, &released, "currentlyDeployed"),
        ("released-versions", &released, &deployed, "currentlySupported"),
    ] {
        assert_eq!(desk.ask(Method::Get, &format!("/{kind}/{other}"), &Value::Null).0, 404);
        assert_eq!(desk.ask(Method::Patch, &format!("/{kind}/{other}"), &json!({field: false})).0, 404);
        assert_eq!(desk.get(&format!("/{kind}/{own}"))[field], true);
        let (status, ended) = desk.ask(Method::Patch, &format!("/{kind}/{own}"), &json!({field: false}));
        assert_eq!((status, &ended[field]), (200, &json!(false)));
    }
}

#[test]
fn a_verification_is_answered_with_its_own_address_whoever_verifies_at_the_same_time() {
    let desk = Desk::default();
    desk.publish("1", &pact("GET"));
    let shown = desk.get("/pacts/provider/Bar/consumer/Foo/version/1");
    let at = shown["_links"]["pb:publish-verification-results"]["href"].as_str().unwrap();
    let at = at.strip_prefix("http://mainstay").unwrap();
    *desk.follower.lock().unwrap() = Some(Command::Verify {
        provider: "Bar".to_owned(),
        version: "other".to_owned(),
        consumer: "Foo".to_owned(),
        content: ContentSha::of(&pact("GET")),
        success: false,
        wip: false,
        build_url: None,
        results: None,
        verified_by: None,
        failures: Vec::new(),
        selected_for: Vec::new(),
    });
    let (_, made) = desk.ask(Method::Post, at, &json!({"success": true, "providerApplicationVersion": "mine"}));
    assert_eq!((&made["providerApplicationVersion"], &made["success"]), (&json!("mine"), &json!(true)));

    let long = json!({"implementation": "x".repeat(16 << 10)});
    let body = json!({"success": true, "providerApplicationVersion": "2", "verifiedBy": long});
    let (status, refused) = desk.ask(Method::Post, at, &body);
    assert!(status == 400 && refused["errors"]["verifiedBy"].is_array(), "{refused}");
}

#[test]
fn a_question_with_too_many_tags_is_refused() {
    let desk = Desk::default();
    desk.publish("1", &pact("GET"));
    let tags = |count: usize| json!({"providerVersionTags": vec!["t"; count]});
    assert_eq!(desk.ask(Method::Post, "/pacts/provider/Bar/for-verification", &tags(1_000)).0, 200);
    assert_eq!(desk.ask(Method::Post, "/pacts/provider/Bar/for-verification", &tags(1_001)).0, 400);
}

#[test]
fn the_next_page_is_asked_with_the_same_filter() {
    let desk = Desk::default();
    for name in ["Foo1", "Foo2", "Bar"] {
        desk.ask(Method::Put, &format!("/pacticipants/{name}"), &json!({"name": name}));
    }
    let first = desk.get("/pacticipants?q=foo&page=1&size=1&x[]=%26");
    let next = first["_links"]["next"]["href"].as_str().unwrap();
    assert_eq!(next, "http://mainstay/pacticipants?q=foo&x[]=%26&size=1&page=2");
    let next = desk.get(next.strip_prefix("http://mainstay").unwrap());
    assert_eq!((&next["pacticipants"][0]["name"], &next["page"]["totalPages"]), (&json!("Foo2"), &json!(2)));
}

#[test]
fn a_filter_that_can_not_be_read_is_not_taken_for_none() {
    let desk = Desk::default();
    let (status, refused) = desk.ask(Method::Get, "/pacticipants?q=foo&q[]=bar", &Value::Null);
    assert!(status == 400 && refused["errors"][0].as_str().unwrap().contains("expected Array"), "{refused}");
}

#[test]
fn the_calls_of_another_consumer_are_not_told_of() {
    let desk = Desk::default();
    desk.publish("1", &pact("GET"));
    let delivery = |consumer: &str, id: u8| Delivery {
        effect: EffectId::from_bytes([id; 16]),
        webhook: "hook".to_owned(),
        webhook_name: format!("of {consumer}"),
        event: "contract_published".to_owned(),
        consumer: Some(consumer.to_owned()),
        consumer_version: Some("1".to_owned()),
        provider: Some("Bar".to_owned()),
        provider_version: None,
        verification: None,
        method: "POST".to_owned(),
        url: "https://example.org/x".to_owned(),
        headers: Vec::new(),
        body: None,
        username: None,
        secret: None,
    };
    for (consumer, id) in [("Foo", 1), ("Other", 2)] {
        desk.submit(Command::Trigger { delivery: delivery(consumer, id) }, None).unwrap();
    }
    let contract = super::publishing::contract("Bar", "overwrite", &pact("GET"));
    let (status, told) = super::publishing::publish(&desk, &[contract]);
    assert_eq!(status, 200, "{told}");
    assert!(told.to_string().contains("of Foo") && !told.to_string().contains("of Other"), "{told}");
}
