use contracts::{Command, Delivery};
use kernel::EffectId;
use serde_json::{Value, json};

use super::{Desk, pact};
use crate::{Host as _, Method};

const UUID: &str = "/webhooks/696c5f93-1b7f-44bc-8d03-59440fcaa9a0";

fn webhook() -> Value {
    json!({
        "description": "a webhook",
        "events": [{"name": "contract_content_changed"}],
        "request": {
            "method": "POST",
            "url": "https://example.org/hook?of=${pactbroker.consumerName}",
            "headers": {"Accept": "text/plain", "Authorization": "Bearer abc", "X-Of": "${pactbroker.consumerName}"},
            "body": {"pact": "${pactbroker.pactUrl}"},
            "username": "ann",
            "password": "secret",
        },
    })
}

fn with(path: &str, value: Value) -> Value {
    let mut webhook = webhook();
    *webhook.pointer_mut(path).unwrap() = value;
    webhook
}

#[test]
fn a_webhook_is_shown_without_its_secrets_which_lie_sealed() {
    let desk = Desk::default();
    let (status, made) = desk.ask(Method::Put, UUID, &webhook());
    assert_eq!(status, 201, "{made}");
    let headers = json!({"accept": "text/plain", "x-of": "${pactbroker.consumerName}", "authorization": "**********"});
    assert_eq!(made["request"]["headers"], headers);
    assert_eq!(made["request"]["password"], "**********");
    assert_eq!(made["request"]["body"], json!({"pact": "${pactbroker.pactUrl}"}));
    assert_eq!(made["events"], json!([{"name": "contract_content_changed"}]));
    assert_eq!(made["_links"]["self"]["href"], format!("http://mainstay{UUID}"));
    let sealed = desk.secrets.lock().unwrap().values().next().unwrap().clone();
    let sealed: Value = serde_json::from_slice(&sealed).unwrap();
    assert_eq!(sealed, json!({"password": "secret", "headers": {"authorization": "Bearer abc"}}));
    assert_eq!(desk.get(UUID), made);
    assert_eq!(desk.get("/webhooks")["_links"]["pb:webhooks"][0]["title"], "A webhook for all pacts");
}

#[test]
fn a_header_that_bears_a_cookie_or_who_calls_is_secret() {
    for name in ["Cookie", "X-Auth", "Proxy-Authorization", "X-Session-Id", "Access_Key", "X-Credentials"] {
        let (status, made) = Desk::default().ask(Method::Put, UUID, &with("/request/headers", json!({name: "hush"})));
        assert_eq!((status, &made["request"]["headers"][name.to_lowercase()]), (201, &json!("**********")), "{name}");
    }
    let plain = with("/request/headers", json!({"X-Event": "hush"}));
    let (_, made) = Desk::default().ask(Method::Put, UUID, &plain);
    assert_eq!(made["request"]["headers"]["x-event"], "hush");
}

fn sealed(desk: &Desk) -> Value {
    let name = desk.world().contracts.webhooks().next().unwrap().webhook.request.secret.clone().unwrap();
    serde_json::from_slice(&desk.unseal(&name).unwrap().unwrap()).unwrap()
}

#[test]
fn a_secret_that_is_sent_as_it_was_shown_is_kept_unless_it_would_go_elsewhere() {
    let desk = Desk::default();
    desk.ask(Method::Put, UUID, &webhook());
    let before = sealed(&desk);
    let mut shown = desk.get(UUID);
    shown["description"] = json!("another");
    let (status, changed) = desk.ask(Method::Put, UUID, &shown);
    assert_eq!((status, &changed["description"]), (200, &json!("another")));
    assert_eq!(sealed(&desk), before);
    assert_eq!(desk.secrets.lock().unwrap().len(), 1, "nothing was sealed anew");
    shown["request"]["password"] = json!("new");
    assert_eq!(desk.ask(Method::Put, UUID, &shown).0, 200);
    assert_eq!(sealed(&desk), json!({"password": "new", "headers": {"authorization": "Bearer abc"}}));
    shown["request"]["url"] = json!("https://elsewhere.example");
    let (status, refused) = desk.ask(Method::Put, UUID, &shown);
    assert_eq!(status, 400);
    assert!(refused["errors"]["request.headers"][0].as_str().unwrap().contains("given anew"), "{refused}");
    let (status, _) = desk.ask(Method::Post, "/webhooks", &with("/request/password", json!("**********")));
    assert_eq!(status, 400, "nobody knows what that stands for");
}

#[test]
fn a_webhook_without_secrets_has_nothing_sealed_and_usual_values() {
    let desk = Desk::default();
    let bare = json!({"request": {"method": "post", "url": "https://example.org/x", "body": "<xml></xml>"}});
    let (status, made) = desk.ask(Method::Post, "/webhooks", &bare);
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["description"], "POST example.org");
    assert_eq!(made["enabled"], true);
    assert_eq!(made["request"], json!({"method": "POST", "url": "https://example.org/x", "body": "<xml></xml>"}));
    assert_eq!(made["events"], json!([{"name": "contract_content_changed"}]));
    assert!(desk.secrets.lock().unwrap().is_empty());
}

fn check(path: &str, value: Value, field: &str, expected: &str) {
    let desk = Desk::default();
    let (status, body) = desk.ask(Method::Post, "/webhooks", &with(path, value));
    let said = body["errors"][field][0].as_str().unwrap_or_default();
    assert!(status == 400 && said.starts_with(expected), "{field}: {status} {body}");
}

#[test]
fn what_is_wrong_with_a_webhook_is_said_by_field() {
    check("/request", json!({}), "request", "can't be blank");
    check("/request", json!({"method": "POST"}), "request.url", "is missing");
    check("/request", json!({"url": "https://x.org"}), "request.method", "is missing");
    check("/request/method", json!("blah"), "request.method", "is not a recognised HTTP method");
    check("/request/method", json!("Post%0d%0a"), "request.method", "is not a recognised HTTP method");
    check("/request/method", json!("DELETE"), "request.method", "must be POST. See /doc/webhooks#whitelist");
    check("/request/url", json!("https://a.org\nx"), "request.url", "cannot contain multiple lines");
    check("/request/url", json!("https://10.0.0.1"), "request.url", "host is private");
    check("/request/headers", json!({"A\nB": "c"}), "request.headers", "\"A\\nB\" is not the name of a header");
    check("/request/headers", json!({"A": "c\r\nd"}), "request.headers", "A cannot contain multiple lines");
    let templated = "X-Api-Key is secret and cannot have a template parameter";
    check("/request/headers", json!({"X-Api-Key": "k-${pactbroker.consumerName}"}), "request.headers", templated);
    check("/request/password", json!("${pactbroker.x}"), "request.password", "cannot have a template parameter");
    check("/events", json!([]), "events", "size cannot be less than 1");
    check("/events/0/name", json!("foo"), "events", "name must be one of: contract_published");
    let party = |role: &str, party: Value, field: &str, expected: &str| {
        let mut webhook = webhook();
        webhook[role] = party;
        let (status, body) = Desk::default().ask(Method::Post, "/webhooks", &webhook);
        assert!(status == 400 && body["errors"][field] == json!([expected]), "{body}");
    };
    party("consumer", json!({"name": "Nobody"}), "consumer.name", "does not match an existing pacticipant");
    party("provider", json!({"name": null}), "provider.name", "cannot be blank");
    let both = "name and label cannot be provided at the same time";
    party("consumer", json!({"name": "a", "label": "b"}), "consumer.label", both);
    party("enabled", json!("foo"), "enabled", "must be boolean");
    let desk = Desk::default();
    let (_, body) = desk.ask(Method::Put, "/webhooks/short", &webhook());
    assert!(body["errors"]["uuid"][0].as_str().unwrap().starts_with("The UUID can only contain"), "{body}");
    assert_eq!(desk.ask(Method::Post, "/webhooks", &json!({})).1["errors"], json!({"request": ["is missing"]}));
}

#[test]
fn a_webhook_for_two_is_listed_there_and_nowhere_else() {
    let desk = Desk::default();
    assert_eq!(desk.ask(Method::Post, "/webhooks/provider/Bar/consumer/Foo", &webhook()).0, 404);
    desk.publish("1", &pact("GET"));
    let (status, made) = desk.ask(Method::Post, "/webhooks/provider/Bar/consumer/Foo", &webhook());
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["consumer"], json!({"name": "Foo"}));
    assert_eq!(made["_links"]["pb:provider"]["href"], "http://mainstay/pacticipants/Bar");
    let count = |at: &str| desk.get(at)["_links"]["pb:webhooks"].as_array().unwrap().len();
    assert_eq!(count("/webhooks/provider/Bar/consumer/Foo"), 1);
    assert_eq!(count("/pacts/provider/Bar/consumer/Foo/webhooks"), 1);
    assert_eq!((count("/webhooks/provider/Bar"), count("/webhooks/consumer/Foo"), count("/webhooks")), (0, 0, 1));
    let title = &desk.get("/webhooks")["_links"]["pb:webhooks"][0]["title"];
    assert_eq!(title, "A webhook for the pact between Foo and Bar");
    assert_eq!(desk.ask(Method::Delete, "/integrations/provider/Bar/consumer/Foo", &Value::Null).0, 204);
    assert_eq!(count("/webhooks"), 0, "it went with what it was for");
}

#[test]
fn a_webhook_is_tried_with_the_newest_pact() {
    let desk = Desk::default();
    desk.publish("1", &pact("GET"));
    desk.ask(Method::Put, UUID, &webhook());
    let (status, result) = desk.ask(Method::Post, &format!("{UUID}/execute"), &Value::Null);
    assert_eq!((status, &result["success"]), (200, &json!(true)), "{result}");
    assert_eq!(result["request"]["headers"]["authorization"], "**********");
    assert_eq!(result["request"]["url"], "https://example.org/hook?of=Foo");
    let pact_url = result["request"]["body"]["pact"].as_str().unwrap();
    assert!(pact_url.starts_with("http://mainstay/pacts/provider/Bar/consumer/Foo/pact-version/"), "{pact_url}");
    assert!(result["logs"].as_str().unwrap().ends_with("200\n**********"), "an echoed secret is masked: {result}");
    let called = desk.called.lock().unwrap().pop().unwrap();
    assert!(called.secret.is_some() && called.headers.iter().all(|(name, _)| name != "authorization"));
}

#[test]
fn a_webhook_that_is_not_kept_is_tried_and_leaves_nothing_behind() {
    let desk = Desk::default();
    let mut webhook = with("/request/headers", json!({"Accept": "*/*", "x-api-key": "k"}));
    webhook["request"]["url"] = json!("https://example.org");
    let (status, result) = desk.ask(Method::Post, "/webhooks/execute", &webhook);
    assert_eq!(status, 200, "{result}");
    assert_eq!(result["request"]["headers"]["x-api-key"], "**********");
    let called = desk.called.lock().unwrap().pop().unwrap();
    assert_eq!((called.secret, called.username), (None, None));
    assert!(called.headers.contains(&("x-api-key".to_owned(), "k".to_owned())));
    assert!(called.headers.contains(&("authorization".to_owned(), "Basic YW5uOnNlY3JldA==".to_owned())));
    assert!(desk.secrets.lock().unwrap().is_empty() && desk.world().contracts.webhooks().next().is_none());
}

#[test]
fn what_was_triggered_is_shown_where_it_came_from() {
    let desk = Desk::default();
    desk.publish("1", &pact("GET"));
    let at = desk.verify("1", "9", true);
    desk.ask(Method::Put, UUID, &webhook());
    let trigger = |number: u8, event: &str, verification| {
        let delivery = Delivery {
            effect: EffectId::from_bytes([number; 16]),
            webhook: UUID.rsplit('/').next().unwrap().to_owned(),
            webhook_name: "a webhook".to_owned(),
            event: event.to_owned(),
            consumer: Some("Foo".to_owned()),
            consumer_version: Some("1".to_owned()),
            provider: Some("Bar".to_owned()),
            provider_version: None,
            verification,
            method: "POST".to_owned(),
            url: "https://example.org/x".to_owned(),
            headers: Vec::new(),
            body: None,
            username: None,
            secret: None,
        };
        desk.submit(Command::Trigger { delivery }, None).unwrap();
    };
    trigger(1, "contract_content_changed", None);
    trigger(2, "provider_verification_published", Some(1));
    let of_pact = desk.get("/pacts/provider/Bar/consumer/Foo/version/1/triggered-webhooks");
    let listed = &of_pact["_embedded"]["triggeredWebhooks"];
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!((&listed[0]["name"], &listed[0]["status"]), (&json!("POST example.org"), &json!("not_run")));
    assert_eq!(
        of_pact["_links"]["self"]["title"],
        "Webhooks triggered by the publication of the pact between Foo (1) and Bar"
    );
    let of_verification = desk.get(&format!("{at}/triggered-webhooks"));
    assert_eq!(of_verification["_embedded"]["triggeredWebhooks"][0]["eventName"], "provider_verification_published");
    let status = desk.get("/pacts/provider/Bar/consumer/Foo/webhooks/status");
    assert_eq!(status["summary"], json!({"successful": 0, "failed": 0, "notRun": 2}));
    let logs = desk.text("/triggered-webhooks/01010101-0101-0101-0101-010101010101/logs");
    assert_eq!(logs, "Webhook has not executed yet. Please retry in a few seconds.\n");
}
