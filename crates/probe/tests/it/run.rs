//! Runs against servers on loopback that misbehave in every way that matters.

use crate::server::{self, Reply, Server};
use checks::{CheckDefinition, Evidence, Outcome};
use probe::{AddressPolicy, Client};
use serde_json::{Value, json};

fn client() -> Client {
    // Another test of this process may have installed it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new(AddressPolicy::default()).unwrap()
}

fn check(http: Value) -> CheckDefinition {
    let spec = json!({"target": "shop", "http": http, "interval": "10s", "timeout": "500ms"});
    CheckDefinition::from_spec("check:shop".parse().unwrap(), &spec).unwrap()
}

async fn outcome(http: Value) -> Outcome {
    client().run_once(&check(http)).await.outcome
}

async fn failure(http: Value) -> Evidence {
    let outcome = outcome(http).await;
    let Outcome::Failed { evidence } = outcome else { panic!("it did not fail: {outcome:?}") };
    evidence
}

#[tokio::test]
async fn the_expected_answer_passes() {
    let server = Server::start(|_| Reply::text(200, "fog, in a jar")).await;
    let expect = json!({"status": "2xx", "body_contains": "in a jar"});
    assert_eq!(outcome(json!({"url": server.url("/"), "expect": expect})).await, Outcome::Passed);
}

#[tokio::test]
async fn method_headers_and_body_are_sent_and_no_proxy_is_asked() {
    let server = Server::start(|request| {
        let lower = request.to_lowercase();
        let sent = request.starts_with("POST /quotes?jars=1 HTTP/1.1")
            && lower.contains("content-type: application/json")
            && request.ends_with("{\"jars\": 1}");
        Reply::text(if sent { 201 } else { 400 }, "")
    })
    .await;
    let http = json!({
        "method": "POST",
        "url": server.url("/quotes?jars=1"),
        "headers": {"content-type": "application/json"},
        "body": "{\"jars\": 1}",
        "expect": {"status": 201},
    });
    assert_eq!(outcome(http).await, Outcome::Passed);
}

#[tokio::test]
async fn another_status_fails_and_is_kept_with_the_body() {
    let server = Server::start(|_| Reply::text(503, "the kettle is off")).await;
    let evidence = failure(json!({"url": server.url("/kettle?token=hunter2")})).await;
    assert_eq!(evidence.error, "answered 503; 2xx is wanted");
    assert_eq!(evidence.status, Some(503));
    assert_eq!(evidence.body_excerpt.as_deref(), Some("the kettle is off"));
    assert_eq!(evidence.url, server.url("/kettle?token=hidden"));
}

#[tokio::test]
async fn a_missing_text_fails() {
    let server = Server::start(|_| Reply::text(200, "sun")).await;
    let evidence = failure(json!({"url": server.url("/"), "expect": {"body_contains": "fog"}})).await;
    assert_eq!(evidence.error, "the answer does not contain \"fog\"");
}

#[tokio::test]
async fn a_body_that_is_no_text_is_shown_as_far_as_it_can_be() {
    let server = Server::start(|_| Reply::bytes(500, b"\xff\xfeoh no\0".to_vec())).await;
    let evidence = failure(json!({"url": server.url("/")})).await;
    assert_eq!(evidence.body_excerpt.as_deref(), Some("\u{fffd}\u{fffd}oh no\0"));
}

#[tokio::test]
async fn an_endless_body_is_read_only_to_its_bound() {
    let server = Server::start(|_| Reply::endless()).await;
    assert_eq!(outcome(json!({"url": server.url("/")})).await, Outcome::Passed);
    let evidence = failure(json!({"url": server.url("/"), "expect": {"body_contains": "fog"}})).await;
    assert_eq!(evidence.error, "the first 1 MiB of the answer does not contain \"fog\"");
    assert!(evidence.body_excerpt.unwrap().len() <= Evidence::EXCERPT_BYTES);
}

#[tokio::test]
async fn an_answer_that_never_ends_fails_by_the_timeout_with_what_was_seen() {
    let server = Server::start(|_| Reply::stalls_after("half of it")).await;
    let evidence = failure(json!({"url": server.url("/")})).await;
    assert_eq!(evidence.error, "no complete answer within 500 ms");
    assert_eq!((evidence.status, evidence.body_excerpt.as_deref()), (Some(200), Some("half of it")));
    assert!(evidence.latency_ms >= 500);
}

#[tokio::test]
async fn a_server_that_says_nothing_fails_by_the_timeout() {
    let server = Server::start(|_| Reply::nothing()).await;
    let evidence = failure(json!({"url": server.url("/")})).await;
    assert_eq!((evidence.error.as_str(), evidence.status), ("no answer within 500 ms", None));
}

#[tokio::test]
async fn an_answer_that_breaks_off_fails() {
    let server = Server::start(|_| Reply::breaks_off()).await;
    let evidence = failure(json!({"url": server.url("/")})).await;
    assert!(evidence.error.starts_with("the answer broke off"), "{}", evidence.error);
}

#[tokio::test]
async fn a_slow_answer_is_slow_and_not_down() {
    let server = Server::start(|_| Reply::text(200, "ok").after_ms(50)).await;
    let outcome = outcome(json!({"url": server.url("/"), "expect": {"max_latency_ms": 10}})).await;
    let Outcome::Slow { evidence } = outcome else { panic!("{outcome:?}") };
    assert!(evidence.error.ends_with("ms; at most 10 ms are wanted"), "{}", evidence.error);
}

#[tokio::test]
async fn a_closed_port_refuses_the_connection() {
    let url = Server::closed_port_url().await;
    let evidence = failure(json!({"url": url})).await;
    assert!(evidence.error.starts_with("can't connect: Connection refused"), "{}", evidence.error);
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_said_to() {
    let evidence = failure(json!({"url": "http://shop.invalid/"})).await;
    assert!(evidence.error.contains("the name shop.invalid can't be resolved"), "{}", evidence.error);
}

#[tokio::test]
async fn five_redirects_are_followed_and_no_more() {
    let server = Server::start(|request| {
        let hop: u32 = request.split(['/', ' ']).nth(2).and_then(|hop| hop.parse().ok()).unwrap_or(0);
        if hop == 0 { Reply::text(200, "there") } else { Reply::redirect(302, &format!("/{}", hop - 1)) }
    })
    .await;
    assert_eq!(outcome(json!({"url": server.url("/5")})).await, Outcome::Passed);
    let evidence = failure(json!({"url": server.url("/6")})).await;
    assert_eq!(evidence.error, "redirected more than 5 times");
    assert_eq!(evidence.status, Some(302));
}

#[tokio::test]
async fn a_redirect_that_is_what_the_check_wants_is_not_followed() {
    let server = Server::start(|_| Reply::redirect(302, "/login")).await;
    assert_eq!(outcome(json!({"url": server.url("/"), "expect": {"status": 302}})).await, Outcome::Passed);
}

#[tokio::test]
async fn a_posted_form_is_fetched_after_its_redirect() {
    let server = Server::start(|request| match request.split(' ').next() {
        Some("POST") => Reply::redirect(303, "/thanks"),
        Some("GET") if request.ends_with("\r\n\r\n") => Reply::text(200, "thanks"),
        _ => Reply::text(400, ""),
    })
    .await;
    assert_eq!(outcome(json!({"method": "POST", "url": server.url("/"), "body": "jars=1"})).await, Outcome::Passed);
}

#[tokio::test]
async fn metadata_addresses_are_refused_directly_and_behind_a_redirect() {
    let evidence = failure(json!({"url": "http://169.254.169.254/latest/meta-data/"})).await;
    assert_eq!(evidence.error, "169.254.169.254 is a link-local or metadata address, which is never asked");
    let server = Server::start(|_| Reply::redirect(302, "http://[::ffff:169.254.169.254]/latest/")).await;
    let evidence = failure(json!({"url": server.url("/")})).await;
    assert!(evidence.error.ends_with("is a link-local or metadata address, which is never asked"));
    let server = Server::start(|_| Reply::redirect(302, "file:///etc/passwd")).await;
    let evidence = failure(json!({"url": server.url("/")})).await;
    assert!(evidence.error.starts_with("redirected to file:///etc/passwd"), "{}", evidence.error);
}

#[tokio::test]
async fn a_name_of_a_private_address_is_refused_where_only_public_ones_are_allowed() {
    let server = Server::start(|_| Reply::text(200, "private")).await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let public_only = Client::new(AddressPolicy { private: false }).unwrap();
    for url in [server.url("/"), server.url("/").replace("127.0.0.1", "localhost")] {
        let Outcome::Failed { evidence } = public_only.run_once(&check(json!({"url": url}))).await.outcome else {
            panic!("{url} was asked")
        };
        assert!(evidence.error.contains("is a private address"), "{}", evidence.error);
    }
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn credentials_in_a_redirect_are_neither_used_nor_shown() {
    let server = Server::start(|request| {
        if request.starts_with("GET /in") {
            Reply::text(if request.to_lowercase().contains("authorization") { 200 } else { 401 }, "")
        } else {
            let host = request.lines().find_map(|line| line.to_lowercase().strip_prefix("host: ").map(str::to_owned));
            Reply::redirect(302, &format!("http://jo:hunter2@{}/in", host.unwrap()))
        }
    })
    .await;
    let evidence = failure(json!({"url": server.url("/")})).await;
    assert_eq!((evidence.status, evidence.url), (Some(401), server.url("/in")));
}

#[tokio::test]
async fn a_certificate_that_nobody_trusts_fails() {
    let url = server::untrusted_tls();
    let evidence = failure(json!({"url": url})).await;
    assert!(evidence.error.starts_with("can't connect: invalid peer certificate"), "{}", evidence.error);
}

#[tokio::test]
async fn a_server_without_tls_fails_when_asked_by_https() {
    let server = Server::start(|_| Reply::text(200, "plain")).await;
    let evidence = failure(json!({"url": server.url("/").replace("http:", "https:")})).await;
    assert!(evidence.error.starts_with("can't connect"), "{}", evidence.error);
}
