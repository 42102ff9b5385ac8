//! Journeys, secrets and assertions.

use std::collections::BTreeMap;

use crate::server::{Reply, Server};
use checks::{CheckDefinition, Outcome};
use probe::{AddressPolicy, Client, Run, Secrets};
use serde_json::{Value, json};

async fn run(spec: Value) -> Run {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let secrets = Secrets::new(BTreeMap::from([("key".to_owned(), "hunter2".to_owned())]));
    let client = Client::new(AddressPolicy::default()).unwrap().with_secrets(secrets);
    let definition = CheckDefinition::from_spec("check:shop".parse().unwrap(), &spec).unwrap();
    client.run_once(&definition).await
}

fn spec(kind: &str, asked: Value) -> Value {
    json!({"target": "shop", kind: asked, "interval": "10s", "timeout": "2s"})
}

fn shop(request: &str) -> Reply {
    let lower = request.to_lowercase();
    let line = request.lines().next().unwrap_or_default();
    if line.starts_with("POST /login") {
        let signed_in = request.ends_with("password=hunter2");
        let cookie = if signed_in { "session=s1; Path=/; HttpOnly" } else { "session=; Max-Age=0" };
        return Reply::with_headers(200, &[("set-cookie", cookie)], "{\"token\": \"t-77\"}");
    }
    if line.starts_with("GET /cart/t-77") && lower.contains("cookie: session=s1") {
        return Reply::text(200, "one jar");
    }
    if line.starts_with("POST /logout") {
        return Reply::text(204, "");
    }
    Reply::text(403, &format!("not you: {request}"))
}

#[tokio::test]
async fn a_journey_carries_cookies_and_values_from_step_to_step_and_times_each() {
    let server = Server::start(shop).await;
    let run = run(spec(
        "journey",
        json!({"steps": [
            {"name": "sign in", "method": "POST", "url": server.url("/login"), "body": "password=${secret.key}",
             "extract": {"token": {"json": "$.token"}}},
            {"name": "cart", "url": server.url("/cart/${token}"), "expect": {"body_contains": "jar"}},
        ]}),
    ))
    .await;
    assert_eq!(run.outcome, Outcome::Passed);
    let steps: Vec<_> = run.hops.iter().map(|hop| (hop.step.as_deref(), hop.status)).collect();
    assert_eq!(steps, [(Some("sign in"), Some(200)), (Some("cart"), Some(200))]);
    assert!(run.hops.iter().all(|hop| hop.phases.connect_us > 0 && hop.phases.processing_us > 0));
    assert!(run.hops.iter().all(|hop| hop.phases.resolve_us == 0 && hop.phases.tls_us == 0));
}

#[tokio::test]
async fn after_a_failed_step_only_those_run_that_always_do() {
    let server = Server::start(shop).await;
    let run = run(spec(
        "journey",
        json!({"steps": [
            {"name": "cart", "url": server.url("/cart/none")},
            {"name": "pay", "url": server.url("/pay")},
            {"name": "sign out", "method": "POST", "url": server.url("/logout"), "always": true},
        ]}),
    ))
    .await;
    let Outcome::Failed { evidence } = run.outcome else { panic!("{:?}", run.outcome) };
    assert_eq!(evidence.error, "cart: answered 403; 2xx is wanted");
    assert_eq!(evidence.status, Some(403));
    let steps: Vec<_> = run.hops.iter().map(|hop| hop.step.as_deref()).collect();
    assert_eq!(steps, [Some("cart"), Some("sign out")]);
}

#[tokio::test]
async fn a_secret_that_the_server_repeats_is_masked_everywhere() {
    let server = Server::start(|request| {
        if request.starts_with("GET /in?") {
            Reply::text(500, &format!("you said {request}"))
        } else {
            Reply::redirect(302, "/in?jar=hunter2")
        }
    })
    .await;
    let http = json!({"url": server.url("/"), "headers": {"x-jar": "${secret.key}"}});
    let run = run(spec("http", http)).await;
    let Outcome::Failed { evidence } = &run.outcome else { panic!("{:?}", run.outcome) };
    assert!(evidence.body_excerpt.as_ref().unwrap().contains("•••"));
    assert!(evidence.request_head.as_ref().unwrap().contains("x-jar: (hidden)"));
    let all = format!("{}{}", serde_json::to_string(evidence).unwrap(), serde_json::to_string(&run.hops).unwrap());
    assert!(!all.contains("hunter2"), "{all}");
}

#[tokio::test]
async fn a_token_that_a_step_took_is_masked_in_what_follows() {
    let server = Server::start(|request| match request.starts_with("GET /token") {
        true => Reply::text(200, r#"{"token": "eyJhbGciOiJIUzI1NiJ9"}"#),
        false => Reply::text(500, &format!("you said {request}")),
    })
    .await;
    let run = run(spec(
        "journey",
        json!({"steps": [
            {"name": "token", "url": server.url("/token"), "extract": {"token": {"json": "$.token"}}},
            {"name": "cart", "url": server.url("/cart?jar=${token}")},
        ]}),
    ))
    .await;
    let Outcome::Failed { evidence } = &run.outcome else { panic!("{:?}", run.outcome) };
    assert!(evidence.body_excerpt.as_ref().unwrap().contains("•••"));
    let all = format!("{}{}", serde_json::to_string(evidence).unwrap(), serde_json::to_string(&run.hops).unwrap());
    assert!(!all.contains("eyJhbGci"), "{all}");
}

#[tokio::test]
async fn another_site_gets_neither_secrets_nor_credentials() {
    let there = Server::start(|request| {
        let lower = request.to_lowercase();
        let got = ["authorization", "x-jar", "cookie", "hunter2"].iter().any(|name| lower.contains(name));
        Reply::text(if got { 500 } else { 200 }, "")
    })
    .await;
    let to = there.url("/");
    let here = Server::start(move |_| Reply::redirect(307, &to)).await;
    let headers = json!({"x-jar": "${secret.key}", "accept-language": "en"});
    let basic = json!({"user": "jo", "password": "${secret.key}"});
    let asked = json!({"url": here.url("/"), "headers": headers, "basic": basic});
    assert_eq!(run(spec("http", asked)).await.outcome, Outcome::Passed);
    let asked = json!({"method": "POST", "url": here.url("/"), "body": "${secret.key}"});
    let Outcome::Failed { evidence } = run(spec("http", asked)).await.outcome else { panic!("it was sent") };
    assert!(evidence.error.ends_with("to which the secret in the body is not sent"), "{}", evidence.error);
}

#[tokio::test]
async fn endless_headers_and_broken_chunks_fail_and_nothing_is_unpacked() {
    let server = Server::start(|request| match request.split(' ').nth(1) {
        Some("/headers") => Reply::unframed(&format!("HTTP/1.1 200 OK\r\n{}", "x-y: z\r\n".repeat(100_000))),
        Some("/chunks") => Reply::unframed("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n"),
        _ if request.to_lowercase().contains("accept-encoding: identity") => Reply::text(200, ""),
        _ => Reply::text(500, ""),
    })
    .await;
    for path in ["/headers", "/chunks"] {
        let outcome = run(spec("http", json!({"url": server.url(path)}))).await.outcome;
        assert!(matches!(outcome, Outcome::Failed { .. }), "{path}: {outcome:?}");
    }
    assert_eq!(run(spec("http", json!({"url": server.url("/")}))).await.outcome, Outcome::Passed);
}
