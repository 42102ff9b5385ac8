//! OFREP's evaluation.

use axum::{
    Router,
    body::{Body, Bytes},
    http::StatusCode,
};
use serde_json::{Value, json};
use serving::{Scope, StreamKey, ofrep};

use crate::{
    schema::validate,
    support::{Answer, everything, post, serving, set, shop},
};

const ONE: &str = "/ofrep/v1/evaluate/flags/{key}";
const ALL: &str = "/ofrep/v1/evaluate/flags";

fn router() -> Router {
    ofrep::router(serving(&shop("on")))
}

async fn one(key: &str, body: &Value) -> Answer {
    let answer = post(&router(), everything(), &ONE.replace("{key}", key), &[], body.to_string()).await;
    validate(ONE, answer.status.as_u16(), &answer.json());
    answer
}

async fn all(router: &Router, headers: &[(&str, &str)], body: &Value) -> Answer {
    post(router, everything(), ALL, headers, body.to_string()).await
}

#[tokio::test]
async fn one_flag_is_answered_with_value_variant_reason_and_metadata() {
    let check = async |key: &str, context: Value, expect: Value| {
        let answer = one(key, &json!({ "context": context })).await;
        assert_eq!((answer.status, answer.json()), (StatusCode::OK, expect), "{key}");
        assert_eq!(answer.header("content-type"), "application/json");
    };
    let user = json!({ "targetingKey": "ada" });
    check(
        "release",
        user.clone(),
        json!({
            "key": "release", "reason": "STATIC", "variant": "on", "value": true,
            "metadata": { "version": "7", "flagSetId": "web", "owner": "team-checkout" },
        }),
    )
    .await;
    let version = json!({ "version": "7" });
    check(
        "banner",
        json!({ "targetingKey": "ada", "email": "ada@acme.test" }),
        json!({
            "key": "banner", "reason": "TARGETING_MATCH", "variant": "staff", "value": "Hello, staff",
            "metadata": version,
        }),
    )
    .await;
    check(
        "banner",
        user.clone(),
        json!({
            "key": "banner", "reason": "DEFAULT", "variant": "plain", "value": "Hello \"you\"", "metadata": version,
        }),
    )
    .await;
    let theme = json!({ "ink": "white" });
    check(
        "theme",
        user.clone(),
        json!({ "key": "theme", "reason": "STATIC", "variant": "dark", "value": theme, "metadata": version }),
    )
    .await;
    check("retired", user.clone(), json!({ "key": "retired", "reason": "DISABLED", "metadata": version })).await;
    check("undecided", user, json!({ "key": "undecided", "reason": "DEFAULT", "metadata": version })).await;
}

#[tokio::test]
async fn a_flag_that_cannot_be_evaluated_says_why() {
    let check = async |key: &str, context: Value, status: StatusCode, code: &str| {
        let answer = one(key, &json!({ "context": context })).await;
        let body = answer.json();
        assert_eq!((answer.status, &body["errorCode"], &body["key"]), (status, &json!(code), &json!(key)));
        assert!(body["errorDetails"].is_string());
    };
    check("absent", json!({}), StatusCode::NOT_FOUND, "FLAG_NOT_FOUND").await;
    check("astray", json!({ "wanted": "elsewhere" }), StatusCode::BAD_REQUEST, "GENERAL").await;
    check("release", json!([1]), StatusCode::BAD_REQUEST, "INVALID_CONTEXT").await;
    check("release", json!("ada"), StatusCode::BAD_REQUEST, "INVALID_CONTEXT").await;
}

#[tokio::test]
async fn a_key_may_have_any_character_that_an_address_can_carry() {
    let flags = json!({ "flags": { "a/b \"ü\"": shop("on")["flags"]["release"] } });
    let router = ofrep::router(serving(&flags));
    let ask = async |key: &str| post(&router, everything(), &ONE.replace("{key}", key), &[], "{}").await;
    let found = ask("a%2Fb%20%22%C3%BC%22").await;
    assert_eq!((found.status, &found.json()["key"]), (StatusCode::OK, &json!("a/b \"ü\"")));
    let broken = ask("%FF").await;
    assert_eq!((broken.status, &broken.json()["errorCode"]), (StatusCode::BAD_REQUEST, &json!("PARSE_ERROR")));
    validate(ONE, 400, &broken.json());
}

#[tokio::test]
async fn a_body_or_a_context_may_be_missing() {
    let router = router();
    for body in ["", "{}", r#"{"context":null}"#, r#"{"context":{}}"#, " \n"] {
        let answer = post(&router, everything(), "/ofrep/v1/evaluate/flags/release", &[], body).await;
        assert_eq!(answer.status, StatusCode::OK, "{body:?}: {}", answer.body);
    }
    let kinds = [&[][..], &[("content-type", "text/plain")], &[("content-type", "application/json; charset=utf-8")]];
    for headers in kinds {
        let answer = all(&router, headers, &json!({})).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn bad_requests_are_refused_as_described() {
    let router = router();
    let deep = |levels: usize| format!(r#"{{"context":{{"a":{}{}}}}}"#, "[".repeat(levels), "]".repeat(levels));
    let check = async |body: String, code: &str| {
        let single = post(&router, everything(), "/ofrep/v1/evaluate/flags/release", &[], body.clone()).await;
        let bulk = post(&router, everything(), ALL, &[], body.clone()).await;
        for (path, answer) in [(ONE, single), (ALL, bulk)] {
            let shown: String = body.chars().take(40).collect();
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{shown}");
            assert_eq!(answer.json()["errorCode"], code, "{shown}");
            validate(path, 400, &answer.json());
        }
    };
    check("{".to_owned(), "PARSE_ERROR").await;
    check("[]".to_owned(), "PARSE_ERROR").await;
    check("null".to_owned(), "PARSE_ERROR").await;
    check("\u{1}".to_owned(), "PARSE_ERROR").await;
    check(r#"{"context":{"a":1},"context":{"a":2}}"#.to_owned(), "PARSE_ERROR").await;
    check(r#"{"context":7}"#.to_owned(), "INVALID_CONTEXT").await;
    check(deep(1000), "INVALID_CONTEXT").await;
    check(deep(100_000), "INVALID_CONTEXT").await;
}

#[tokio::test]
async fn a_body_of_more_than_a_megabyte_is_refused_however_it_comes() {
    let router = router();
    let texts = vec!["x".repeat(1000); 1000];
    let body = |bytes: usize| {
        let context = json!({ "context": { "texts": texts } }).to_string();
        format!("{context}{}", " ".repeat(bytes - context.len()))
    };
    let in_pieces = |body: String| {
        let pieces: Vec<_> = body
            .into_bytes()
            .chunks(1000)
            .map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)))
            .collect();
        Body::from_stream(futures::stream::iter(pieces))
    };
    for path in ["/ofrep/v1/evaluate/flags/release", ALL] {
        let check = async |body: Body, expect: StatusCode| {
            let answer = post(&router, everything(), path, &[], body).await;
            assert_eq!(answer.status, expect, "{path}");
        };
        check(Body::from(body(ofrep::BODY_BYTES_MAX)), StatusCode::OK).await;
        check(Body::from(body(ofrep::BODY_BYTES_MAX + 1)), StatusCode::PAYLOAD_TOO_LARGE).await;
        check(in_pieces(body(ofrep::BODY_BYTES_MAX)), StatusCode::OK).await;
        check(in_pieces(body(ofrep::BODY_BYTES_MAX + 1)), StatusCode::PAYLOAD_TOO_LARGE).await;
    }
}

#[tokio::test]
async fn all_flags_are_answered_with_the_stream_that_tells_of_changes() {
    for path in [ALL, "/ofrep/v1/evaluate/flags/"] {
        let body = json!({ "context": { "targetingKey": "ada", "wanted": "elsewhere" } });
        let answer = post(&router(), everything(), path, &[], body.to_string()).await;
        assert_eq!(answer.status, StatusCode::OK);
        let found = answer.json();
        validate(ALL, 200, &found);
        let keys: Vec<_> =
            found["flags"].as_array().unwrap().iter().map(|flag| flag["key"].as_str().unwrap()).collect();
        assert_eq!(keys, ["astray", "banner", "limit", "release", "retired", "theme", "undecided"]);
        assert_eq!(found["flags"][0]["errorCode"], "GENERAL");
        assert_eq!(found["metadata"], json!({ "version": "7" }));
        let stream = json!({ "type": "sse", "endpoint": { "requestUri": ofrep::EVENTS }, "inactivityDelaySec": 120 });
        assert_eq!(found["eventStreams"], json!([stream]));
    }
}

#[tokio::test]
async fn a_set_without_flags_is_a_good_answer() {
    let router = ofrep::router(serving(&json!({ "flags": {} })));
    let answer = all(&router, &[], &json!({})).await;
    validate(ALL, 200, &answer.json());
    assert_eq!(answer.json()["flags"], json!([]));
}

#[tokio::test]
async fn an_unchanged_answer_is_not_sent_again() {
    let serving = serving(&shop("on"));
    let router = ofrep::router(serving.clone());
    let ada = json!({ "context": { "targetingKey": "ada", "plan": "free" } });
    let etag = all(&router, &[], &ada).await.header("etag").to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"'));

    let again = all(&router, &[("if-none-match", &etag)], &ada).await;
    assert_eq!((again.status, &*again.body, again.header("etag")), (StatusCode::NOT_MODIFIED, "", &*etag));
    let reordered = r#"{"context":{"plan":"free","targetingKey":"ada"}}"#;
    let weak = format!("\"other\", W/{etag}");
    let again = post(&router, everything(), ALL, &[("if-none-match", &weak)], reordered).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);

    let other = json!({ "context": { "targetingKey": "ada", "plan": "pro" } });
    let context = all(&router, &[("if-none-match", &etag)], &other).await;
    assert_eq!(context.status, StatusCode::OK, "the context is part of the question");
    assert_ne!(context.header("etag"), etag);
    let web = Scope { environment: "production".to_owned(), flag_sets: Some(vec!["web".to_owned()]) };
    let scope = post(&router, Some(web), ALL, &[("if-none-match", &etag)], ada.to_string()).await;
    assert_eq!(scope.status, StatusCode::OK, "the scope is part of the question");

    serving.board().publish("production", set(&shop("off")));
    let changed = all(&router, &[("if-none-match", &etag)], &ada).await;
    assert_eq!(changed.status, StatusCode::OK);
    assert_ne!(changed.header("etag"), etag);
}

#[tokio::test]
async fn an_answer_that_the_time_changes_has_the_tag_of_what_it_says() {
    let flag = |rule: Value| {
        json!({ "flags": { "launch": {
            "state": "ENABLED", "variants": { "on": true, "off": false }, "defaultVariant": "off",
            "targeting": { "if": [rule, "on", "off"] },
        } } })
    };
    let time = json!({ "var": "$flagd.timestamp" });
    let steady = ofrep::router(serving(&flag(json!({ ">": [time, 1_000_000_000] }))));
    let etag = all(&steady, &[], &json!({})).await.header("etag").to_owned();
    let again = all(&steady, &[("if-none-match", &etag)], &json!({})).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED, "the time passed, but the answer is the same");

    let passed = all(&ofrep::router(serving(&flag(json!({ ">": [time, 1] })))), &[], &json!({})).await;
    let to_come =
        all(&ofrep::router(serving(&flag(json!({ ">": [time, 99_999_999_999_u64] })))), &[], &json!({})).await;
    assert_ne!(passed.header("etag"), to_come.header("etag"));
}

#[tokio::test]
async fn nobody_is_answered_without_a_scope_or_beyond_it() {
    let router = router();
    for path in ["/ofrep/v1/evaluate/flags/release", ALL] {
        let check = async |scope: Option<Scope>, selector: &str, expect: StatusCode| {
            let headers = [("flagd-selector", selector)];
            let answer = post(&router, scope, path, &headers, "{}").await;
            assert_eq!(answer.status, expect, "{path} {selector}");
            if matches!(expect, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
                assert_eq!(answer.body, "");
            }
        };
        let web = || Some(Scope { environment: "production".to_owned(), flag_sets: Some(vec!["web".to_owned()]) });
        check(None, "", StatusCode::UNAUTHORIZED).await;
        check(web(), "flagSetId=web", StatusCode::OK).await;
        check(web(), "flagSetId=api", StatusCode::FORBIDDEN).await;
        check(everything(), "environment=staging", StatusCode::FORBIDDEN).await;
        check(everything(), "nonsense", StatusCode::BAD_REQUEST).await;
        check(Some(Scope::all("empty")), "", StatusCode::SERVICE_UNAVAILABLE).await;
    }
    let answer =
        post(&router, everything(), "/ofrep/v1/evaluate/flags/limit", &[("flagd-selector", "flagSetId=web")], "").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND, "a flag outside of the selection is not there");
}

#[tokio::test]
async fn the_announced_stream_carries_the_callers_key() {
    let router = router().layer(axum::Extension(StreamKey("a b&c".to_owned())));
    let answer = all(&router, &[], &json!({})).await;
    validate(ALL, 200, &answer.json());
    assert_eq!(answer.json()["eventStreams"][0]["endpoint"]["requestUri"], "/ofrep/v1/events?key=a+b%26c");
}

#[tokio::test]
async fn answers_are_counted_and_repetitions_are_not() {
    let serving = serving(&shop("on"));
    let router = ofrep::router(serving.clone());
    let body = json!({ "context": { "targetingKey": "ada", "service": "checkout" } });
    post(&router, everything(), "/ofrep/v1/evaluate/flags/release", &[], body.to_string()).await;
    post(&router, everything(), "/ofrep/v1/evaluate/flags/retired", &[], body.to_string()).await;
    post(&router, everything(), "/ofrep/v1/evaluate/flags/absent", &[], body.to_string()).await;
    let etag = all(&router, &[], &body).await.header("etag").to_owned();
    all(&router, &[("if-none-match", &etag)], &body).await;
    let batch = serving.tally().drain();
    let counts: Vec<_> =
        batch.counts.iter().map(|count| (&*count.flag, count.variant.as_deref(), count.count)).collect();
    let expect = [
        ("astray", Some("on"), 1),
        ("banner", Some("plain"), 1),
        ("limit", Some("low"), 1),
        ("release", Some("on"), 2),
        ("retired", None, 2),
        ("theme", Some("dark"), 1),
        ("undecided", None, 1),
    ];
    assert_eq!(counts, expect);
    assert!(batch.callers.iter().all(|caller| caller.name == "checkout"));
    assert_eq!(batch.callers.len(), 7);
}

#[tokio::test]
async fn scripts_of_allowed_origins_may_evaluate() {
    let router = router().layer(serving::cors(&["https://app.shop.test".to_owned()]).unwrap().unwrap());
    let ask = async |origin: &str| {
        let headers = [("origin", origin)];
        let answer = post(&router, everything(), ALL, &headers, "{}").await;
        answer.headers.get("access-control-allow-origin").map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(ask("https://app.shop.test").await.as_deref(), Some("https://app.shop.test"));
    assert_eq!(ask("https://evil.test").await, None);
    let answer = post(&router, everything(), ALL, &[("origin", "https://app.shop.test")], "{}").await;
    assert!(answer.header("access-control-expose-headers").contains("etag"));
}
