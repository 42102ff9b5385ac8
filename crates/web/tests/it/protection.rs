//! What stands between a stranger and a handler, tried from outside.

use std::time::Duration;

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    http::{Request, Response, StatusCode, header},
    response::sse::{Event, Sse},
    routing::{get, post},
};
use kernel::{Refusal, codes};
use serde_json::Value;
use tower::ServiceExt;
use web::{
    problem::Problem,
    security::{Limits, protect},
    shell::Theme,
};

fn app(limits: &Limits) -> Router {
    let router = Router::new()
        .route("/fine", get(async || "x".repeat(4096)).post(async |body: Bytes| body.len().to_string()))
        .route("/panic", get(async || -> &'static str { panic!("secret words") }))
        .route("/slow", get(async || tokio::time::sleep(Duration::from_secs(3600)).await))
        .route("/refused", get(async || Problem(Refusal::new(&codes::BUSY, "The queue is full.").retry_after(7))))
        .route("/stream", get(async || Sse::new(tokio_stream(Event::default().data("x".repeat(4096))))))
        .route("/change", post(async || "changed"));
    protect(router, limits)
}

fn tokio_stream(event: Event) -> impl futures::Stream<Item = Result<Event, std::convert::Infallible>> {
    futures::stream::iter([Ok(event)])
}

async fn ask(request: Request<Body>) -> Response<Body> {
    app(&Limits::default()).oneshot(request).await.unwrap()
}

fn get_request(path: &str) -> axum::http::request::Builder {
    Request::get(path)
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap()
}

async fn json(response: Response<Body>) -> Value {
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    serde_json::from_str(&text(response).await).unwrap()
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_close_a_browser_s_doors() {
    for path in ["/fine", "/nowhere", "/panic"] {
        let response = ask(get_request(path).body(Body::empty()).unwrap()).await;
        let headers = response.headers();
        assert!(
            headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'; script-src 'self';")
        );
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["x-frame-options"], "DENY");
        assert!(!headers.contains_key("strict-transport-security"), "plain HTTP promises nothing");
    }
    let https = app(&Limits { https: true, ..Limits::default() });
    let response = https.oneshot(get_request("/fine").body(Body::empty()).unwrap()).await.unwrap();
    assert!(response.headers().contains_key("strict-transport-security"));
}

#[tokio::test]
async fn a_refusal_is_a_problem_document_with_everything_that_its_reader_needs() {
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request = get_request("/refused").header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    let response = ask(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()[header::RETRY_AFTER], "7");
    assert_eq!(response.headers()["x-request-id"], trace);
    let problem = json(response).await;
    let expected = serde_json::json!({
        "type": "/docs/errors/busy",
        "title": "The server has more to do than it can take.",
        "status": 503,
        "detail": "The queue is full.",
        "instance": format!("urn:mainstay:request:{trace}"),
        "class": "retryable",
        "retry_after": 7,
    });
    assert_eq!(problem, expected);
}

#[tokio::test]
async fn a_person_gets_the_same_refusal_as_a_screen() {
    let request = get_request("/refused").header(header::ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8");
    let response = ask(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
    let html = text(response).await;
    assert!(html.contains("The queue is full.") && html.contains("/docs/errors/busy"));
}

#[tokio::test]
async fn a_panic_ends_one_request_and_says_nothing_of_the_inside() {
    let response = ask(get_request("/panic").body(Body::empty()).unwrap()).await;
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let problem = json(response).await;
    assert_eq!(problem["type"], "/docs/errors/internal");
    assert_eq!(problem["class"], "fatal");
    assert_eq!(problem["instance"], format!("urn:mainstay:request:{id}"));
    assert!(!problem.to_string().contains("secret words"));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_takes_too_long_is_given_up() {
    let problem = json(ask(get_request("/slow").body(Body::empty()).unwrap()).await).await;
    assert_eq!(problem["type"], "/docs/errors/timeout");
}

#[tokio::test]
async fn what_the_router_refuses_has_the_same_form() {
    let problem = json(ask(get_request("/nowhere").body(Body::empty()).unwrap()).await).await;
    assert_eq!(
        (&problem["type"], &problem["detail"]),
        (&"/docs/errors/not-found".into(), &"There is nothing at /nowhere.".into())
    );

    let response = ask(Request::delete("/fine").body(Body::empty()).unwrap()).await;
    assert_eq!(response.headers()[header::ALLOW], "GET,HEAD,POST");
    assert_eq!(json(response).await["type"], "/docs/errors/method-not-allowed");

    let large = Body::from(vec![b'x'; (1 << 20) + 1]);
    let problem = json(ask(Request::post("/fine").body(large).unwrap()).await).await;
    assert_eq!(problem["type"], "/docs/errors/too-large");
}

#[tokio::test]
async fn head_and_options_are_answered_for_every_route() {
    let response = ask(Request::head("/fine").body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(text(response).await.is_empty());
    let response = ask(Request::options("/fine").body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(response.headers()[header::ALLOW], "GET,HEAD,POST");
}

#[tokio::test]
async fn a_change_that_another_site_asked_for_is_turned_away() {
    let from =
        |site: &'static str| Request::post("/change").header("sec-fetch-site", site).body(Body::empty()).unwrap();
    assert_eq!(ask(from("same-origin")).await.status(), StatusCode::OK);
    let problem = json(ask(from("cross-site")).await).await;
    assert_eq!(problem["type"], "/docs/errors/csrf");
}

#[tokio::test]
async fn screens_are_compressed_and_streams_are_not() {
    let gzip = |path: &str| get_request(path).header(header::ACCEPT_ENCODING, "gzip").body(Body::empty()).unwrap();
    assert_eq!(ask(gzip("/fine")).await.headers()[header::CONTENT_ENCODING], "gzip");
    assert!(!ask(gzip("/stream")).await.headers().contains_key(header::CONTENT_ENCODING));
}

#[tokio::test]
async fn too_many_requests_are_told_when_to_come_back() {
    let app = app(&Limits { requests_per_second: 0.5, requests_at_once: 1.0, ..Limits::default() });
    let request = || get_request("/fine").body(Body::empty()).unwrap();
    assert_eq!(app.clone().oneshot(request()).await.unwrap().status(), StatusCode::OK);
    let response = app.oneshot(request()).await.unwrap();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(response.headers()[header::RETRY_AFTER], "2");
}

#[test]
fn the_theme_is_kept_in_a_cookie() {
    for (cookie, expected) in
        [("a=b; theme=dark", Theme::Dark), ("theme=light", Theme::Light), ("theme=pink", Theme::System)]
    {
        let headers = [(header::COOKIE, cookie.parse().unwrap())].into_iter().collect();
        assert_eq!(Theme::of(&headers), expected);
    }
}
