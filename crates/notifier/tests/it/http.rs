use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, Request, Response, StatusCode, header},
    routing::post,
};
use notifier::{Address, Class, Failure, Inbox, Notifier, RETRY_AFTER_MAX, Settings};
use paging::Channel;
use serde_json::{Value, json};
use tokio::{net::TcpListener, time::Instant};

use crate::{RETRY, deliver, message, settings};

type Seen = Arc<Mutex<Vec<(String, HeaderMap, String)>>>;

/// A server that answers everything so, its address, and what it has seen.
async fn server(answer: impl Fn() -> Response<Body> + Clone + Send + Sync + 'static) -> (String, Seen) {
    let seen = Seen::default();
    let sees = Arc::clone(&seen);
    let handle = move |request: Request<Body>| {
        let (sees, answer) = (Arc::clone(&sees), answer.clone());
        async move {
            let (parts, body) = request.into_parts();
            let body = axum::body::to_bytes(body, 1_000_000).await.unwrap();
            let body = String::from_utf8(body.to_vec()).unwrap();
            sees.lock().unwrap().push((parts.uri.to_string(), parts.headers, body));
            answer()
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handle)).await.unwrap() });
    (address, seen)
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response<Body> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Body::from(body.to_owned())).unwrap()
}

/// What comes of a webhook whose receiver answers so.
async fn webhook(status: u16, headers: &'static [(&'static str, &'static str)], body: &'static str) -> Failure {
    let (url, _) = server(move || answer(status, headers, body)).await;
    deliver(settings(), Channel::Webhook, &format!("{url}/in")).await.unwrap_err()
}

#[tokio::test]
async fn a_webhook_bears_its_id_and_its_signature() {
    let (url, seen) = server(|| answer(202, &[], "thanks")).await;
    let receipt = deliver(settings(), Channel::Webhook, &format!("{url}/in?x=1")).await.unwrap();
    assert_eq!(receipt.answer, "202 Accepted: thanks");
    let (uri, headers, body) = seen.lock().unwrap().remove(0);
    assert_eq!(uri, "/in?x=1");
    assert_eq!(headers["webhook-id"], message().id);
    assert_eq!(headers["idempotency-key"], message().id);
    let seconds: i64 = headers["webhook-timestamp"].to_str().unwrap().parse().unwrap();
    assert_eq!(headers["webhook-signature"], outbound::sign(&[7; 32], &message().id, seconds, &body));
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["data"]["facts"], json!([{"name": "Service", "value": "checkout"}]));
    assert_eq!(body["data"]["urgency"], "high");
    assert_eq!((&body["type"], &body["timestamp"]), (&json!("mainstay.notification"), &json!("2026-11-20T12:01:30Z")));
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_nothing_else() {
    for (status, class) in [
        (400, Class::Permanent),
        (401, Class::Permanent),
        (404, Class::Permanent),
        (409, Class::Permanent),
        (410, Class::Permanent),
        (408, RETRY),
        (425, RETRY),
        (429, RETRY),
        (500, RETRY),
        (503, RETRY),
    ] {
        let failure = webhook(status, &[], "no").await;
        assert_eq!(failure.class, class, "{failure:?}");
        assert!(failure.error.starts_with(&status.to_string()) && failure.error.ends_with("no"), "{failure:?}");
    }
}

#[tokio::test]
async fn a_receiver_says_when_to_come_back() {
    let after = |seconds| Class::Retry { after: Some(Duration::from_secs(seconds)) };
    assert_eq!(webhook(429, &[("retry-after", "7")], "").await.class, after(7));
    assert_eq!(webhook(503, &[("retry-after", "999999")], "").await.class, after(RETRY_AFTER_MAX.as_secs()));
    assert_eq!(webhook(503, &[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")], "").await.class, after(0));
    assert_eq!(webhook(503, &[("retry-after", "whenever")], "").await.class, RETRY);
}

#[tokio::test]
async fn a_success_that_says_it_is_none_is_none() {
    assert_eq!(webhook(200, &[], r#"{"ok": false, "error": "closed"}"#).await.class, RETRY);
    let (url, _) = server(|| answer(200, &[], "<html>Please log in</html>")).await;
    let failure = deliver(settings(), Channel::Slack, &format!("{url}/services/T0/B0/abcdefgh")).await.unwrap_err();
    assert!(failure.error.contains("Please log in") && failure.class == RETRY, "{failure:?}");
    let failure = deliver(settings(), Channel::Ntfy, &format!("{url}/alerts")).await.unwrap_err();
    assert!(failure.error.contains("no ntfy") && failure.class == RETRY, "{failure:?}");
}

#[tokio::test]
async fn a_redirect_is_followed_within_one_server_only() {
    let (other, at_other) = server(|| answer(200, &[], "ok")).await;
    let location = format!("{other}/stolen");
    let (url, _) = server(move || answer(307, &[("location", &location)], "")).await;
    let failure = deliver(settings(), Channel::Webhook, &format!("{url}/in")).await.unwrap_err();
    assert!(failure.error.contains("redirects") && failure.class == Class::Permanent, "{failure:?}");
    assert!(at_other.lock().unwrap().is_empty());

    let app = Router::new()
        .route("/in", post(|| async { (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, "/moved")]) }))
        .route("/loop", post(|| async { (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, "/loop")]) }))
        .route("/moved", post(|body: String| async move { body.len().to_string() }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let receipt = deliver(settings(), Channel::Webhook, &format!("{url}/in")).await.unwrap();
    assert!(receipt.answer.starts_with("200 OK: ") && receipt.answer != "200 OK: 0", "{receipt:?}");
    assert!(deliver(settings(), Channel::Webhook, &format!("{url}/loop")).await.is_err());
}

#[tokio::test]
async fn a_private_address_is_called_only_if_the_operator_allows_it() {
    let (url, seen) = server(|| answer(200, &[], "ok")).await;
    let port = url.rsplit(':').next().unwrap();
    for host in ["127.0.0.1", "localhost", "[::1]", "2130706433"] {
        for channel in [Channel::Webhook, Channel::Ntfy] {
            let address = format!("http://{host}:{port}/in");
            let failure = deliver(Settings::default(), channel, &address).await.unwrap_err();
            assert!(failure.error.contains("private") && failure.class == Class::Permanent, "{host}: {failure:?}");
        }
    }
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_receiver_that_never_answers_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/in", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let _accepted = listener.accept().await.unwrap();
        tokio::time::pause();
        std::future::pending::<()>().await;
    });
    given_up(&url).await;
}

/// A delivery fails after as long as it may take, in virtual time.
async fn given_up(url: &str) {
    let begun = Instant::now();
    let failure = deliver(settings(), Channel::Webhook, url).await.unwrap_err();
    assert_eq!(failure.class, RETRY, "{failure:?}");
    let took = begun.elapsed().as_secs();
    assert!((15..=16).contains(&took), "{took}: {failure:?}");
}

#[tokio::test]
async fn an_answer_that_drips_is_given_up() {
    let drip = || {
        tokio::time::pause();
        let drops = futures::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Some((Ok::<_, Infallible>(Bytes::from_static(b"o")), ()))
        });
        Response::new(Body::from_stream(drops))
    };
    let (url, _) = server(drip).await;
    given_up(&url).await;
}

/// What comes of a webhook whose receiver says that it answers with ten bytes, and closes after two.
async fn broken_off(status: &'static str) -> Failure {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/in", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        // The body here ends with two braces.
        while !request.ends_with(b"}}") {
            let read = stream.read_buf(&mut request).await.unwrap();
            assert!(read > 0, "{}", String::from_utf8_lossy(&request));
        }
        let answer = format!("HTTP/1.1 {status}\r\nretry-after: 7\r\ncontent-length: 10\r\n\r\nno");
        stream.write_all(answer.as_bytes()).await.unwrap();
    });
    deliver(settings(), Channel::Webhook, &url).await.unwrap_err()
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_a_refusal_if_its_status_is_and_else_not_known() {
    for (status, class) in [
        ("404 Not Found", Class::Permanent),
        ("410 Gone", Class::Permanent),
        ("429 Too Many Requests", Class::Retry { after: Some(Duration::from_secs(7)) }),
        ("503 Service Unavailable", Class::Retry { after: Some(Duration::from_secs(7)) }),
        ("200 OK", RETRY),
    ] {
        let failure = broken_off(status).await;
        assert_eq!(failure.class, class, "{failure:?}");
    }
}

#[tokio::test]
async fn a_huge_answer_is_read_only_at_its_beginning() {
    let (url, _) = server(|| Response::new(Body::from("x".repeat(10_000_000)))).await;
    let receipt = deliver(settings(), Channel::Webhook, &url).await.unwrap();
    assert!(receipt.answer.len() <= notifier::WORDS_BYTES_MAX, "{}", receipt.answer.len());
}

#[tokio::test]
async fn an_answer_that_quotes_the_secret_is_kept_without_it() {
    let quoting = || answer(404, &[], r"nothing at \/T0\/abcdefghijkl (/services/T0/abcdefghijkl, key=k1k2k3k4k5k6)");
    let (url, _) = server(quoting).await;
    let address = format!("{url}/services/T0/abcdefghijkl?key=k1k2k3k4k5k6");
    let failure = deliver(settings(), Channel::Slack, &address).await.unwrap_err();
    assert!(!failure.error.contains("abcdefgh") && !failure.error.contains("k1k2"), "{failure:?}");
    let failure = deliver(settings(), Channel::Slack, "http://127.0.0.1:9/services/abcdefgh").await.unwrap_err();
    assert!(!failure.error.contains("abcdefgh") && failure.class == RETRY, "{failure:?}");
}

#[tokio::test]
async fn slack_takes_a_message() {
    let (url, seen) = server(|| answer(200, &[], "ok")).await;
    deliver(settings(), Channel::Slack, &format!("{url}/services/T0")).await.unwrap();
    let (_, _, body) = seen.lock().unwrap().remove(0);
    let body: Value = serde_json::from_str(&body).unwrap();
    assert!(body["text"].as_str().unwrap().contains("checkout: 5xx above 2 %"), "{body}");
}

#[tokio::test]
async fn an_ntfy_token_goes_to_its_own_server_only() {
    let published = || answer(200, &[], r#"{"id": "hwQ2YpKdmg", "event": "message"}"#);
    let (usual, at_usual) = server(published).await;
    let (other, at_other) = server(published).await;
    let ntfy = Settings { ntfy_url: Some(usual.clone()), ntfy_token: Some("tk_usual".to_owned()), ..settings() };
    // The usual server is the operator's own, and may be private.
    let ntfy = Settings { private_hosts: Vec::new(), ..ntfy };
    let receipt = deliver(ntfy.clone(), Channel::Ntfy, "alerts").await.unwrap();
    assert_eq!(receipt.provider_id.as_deref(), Some("hwQ2YpKdmg"));
    let ntfy = Settings { private_hosts: vec!["127.0.0.1".to_owned()], ..ntfy };
    deliver(ntfy.clone(), Channel::Ntfy, &format!("{other}/alerts")).await.unwrap();
    let own = other.replace("http://", "http://tk_own@");
    deliver(ntfy.clone(), Channel::Ntfy, &format!("{own}/alerts")).await.unwrap();
    let named = other.replace("http://", "http://anna:secret@");
    deliver(ntfy, Channel::Ntfy, &format!("{named}/alerts")).await.unwrap();
    let shown = |seen: &Seen, at: usize| {
        let seen = seen.lock().unwrap();
        seen[at].1.get("authorization").map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(shown(&at_usual, 0).as_deref(), Some("Bearer tk_usual"));
    assert_eq!(shown(&at_other, 0), None);
    assert_eq!(shown(&at_other, 1).as_deref(), Some("Bearer tk_own"));
    assert_eq!(shown(&at_other, 2).as_deref(), Some("Basic YW5uYTpzZWNyZXQ="));
    let body: Value = serde_json::from_str(&at_usual.lock().unwrap()[0].2).unwrap();
    assert_eq!((&body["topic"], &body["priority"]), (&json!("alerts"), &json!(5)));
}

#[tokio::test]
async fn a_refused_token_is_the_operators_business_if_it_is_the_operators() {
    let (url, _) = server(|| answer(403, &[], r#"{"code": 40301, "error": "forbidden"}"#)).await;
    let ntfy = Settings { ntfy_url: Some(url.clone()), ..settings() };
    assert_eq!(deliver(ntfy, Channel::Ntfy, "alerts").await.unwrap_err().class, Class::Misconfigured);
    let own = url.replace("http://", "http://tk_own@");
    let failure = deliver(settings(), Channel::Ntfy, &format!("{own}/alerts")).await.unwrap_err();
    assert_eq!(failure.class, Class::Permanent);
}

fn twilio(url: &str) -> Settings {
    Settings {
        twilio_account: Some("AC0123456789".to_owned()),
        twilio_token: Some("secret-token".to_owned()),
        twilio_from: Some("+1 202 555 0100".to_owned()),
        twilio_url: Some(url.to_owned()),
        ..Settings::default()
    }
}

#[tokio::test]
async fn twilio_sends_and_calls() {
    let (url, seen) = server(|| answer(201, &[], r#"{"sid": "SM42", "status": "queued", "to": "+4917112345"}"#)).await;
    let receipt = deliver(twilio(&url), Channel::Sms, "+49 171 12345").await.unwrap();
    assert_eq!((receipt.provider_id.as_deref(), receipt.answer.as_str()), (Some("SM42"), "201 Created queued"));
    deliver(twilio(&url), Channel::Voice, "+49 171 12345").await.unwrap();
    let seen = seen.lock().unwrap();
    let (uri, headers, body) = &seen[0];
    assert_eq!(uri, "/2010-04-01/Accounts/AC0123456789/Messages.json");
    assert_eq!(headers["authorization"], "Basic QUMwMTIzNDU2Nzg5OnNlY3JldC10b2tlbg==");
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    assert!(body.starts_with("To=%2B4917112345&From=%2B12025550100&Body=checkout%3A+5xx"), "{body}");
    let (uri, _, body) = &seen[1];
    assert_eq!(uri, "/2010-04-01/Accounts/AC0123456789/Calls.json");
    assert!(body.contains("&Twiml=%3CResponse%3E%3CGather"), "{body}");
}

#[tokio::test]
async fn twilio_says_whose_fault_it_is() {
    let check = async |status: u16, body: &'static str, class: Class| {
        let (url, _) = server(move || answer(status, &[], body)).await;
        let failure = deliver(twilio(&url), Channel::Sms, "+4917112345").await.unwrap_err();
        assert_eq!(failure.class, class, "{failure:?}");
        assert!(!failure.error.contains("4917112345"), "{failure:?}");
    };
    check(401, r#"{"code": 20003, "message": "Authenticate"}"#, Class::Misconfigured).await;
    check(400, r#"{"code": 21211, "message": "The 'To' number +4917112345 is not valid"}"#, Class::Permanent).await;
    check(400, r#"{"code": 21606, "message": "The 'From' number is not capable"}"#, Class::Misconfigured).await;
    check(429, r#"{"code": 20429, "message": "Too Many Requests"}"#, RETRY).await;
    check(503, "oops", RETRY).await;
    check(201, r#"{"sid": "SM1", "status": "failed"}"#, Class::Permanent).await;
    check(200, "<html>", RETRY).await;
    let failure = deliver(settings(), Channel::Sms, "+4917112345").await.unwrap_err();
    assert_eq!(failure.class, Class::Misconfigured);
}

#[tokio::test]
async fn in_a_demo_everything_goes_to_the_inbox() {
    let (url, seen) = server(|| answer(200, &[], "ok")).await;
    let inbox = Inbox::new();
    let demo = Settings { all_to_inbox: true, ..settings() };
    let notifier = Notifier::new(demo, inbox.clone()).unwrap();
    for (channel, address) in [(Channel::Slack, format!("{url}/x")), (Channel::Sms, "+4917112345".to_owned())] {
        notifier.deliver(&Address::parse(channel, &address).unwrap(), &message()).await.unwrap();
    }
    let arrived = inbox.list(10);
    assert_eq!(arrived.iter().map(|one| one.channel).collect::<Vec<_>>(), [Channel::Sms, Channel::Slack]);
    assert_eq!(arrived[0].to, "+49…345");
    assert!(seen.lock().unwrap().is_empty());
}
