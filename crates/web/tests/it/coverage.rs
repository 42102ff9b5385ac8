//! What holds for every route there is, found by walking the route table.

use std::collections::BTreeSet;

use axum::{
    body::{Body, to_bytes},
    http::{Method, Request, StatusCode, header},
};
use kernel::Actor;
use serde_json::Value;
use tower::ServiceExt as _;
use web::table::{Access, Route};

use crate::{browser::Site, server::TOKEN};

/// The route's path with something harmless in place of each parameter: what no server has.
fn filled(route: &Route) -> String {
    let parts = route.path.split('/').map(|part| match part {
        part if !part.starts_with('{') => part,
        "{number}" | "{position}" => "999999",
        _ => "00000000-0000-7000-8000-000000000000",
    });
    parts.collect::<Vec<_>>().join("/")
}

async fn ask(site: &Site, request: Request<Body>) -> (StatusCode, Vec<u8>, Option<String>) {
    let response = site.router.clone().oneshot(request).await.unwrap();
    let location = response.headers().get(header::LOCATION).map(|value| value.to_str().unwrap().to_owned());
    let status = response.status();
    let streams = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|sort| sort.as_bytes().starts_with(b"text/event-stream"));
    let body = if streams { Vec::new() } else { to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec() };
    (status, body, location)
}

#[tokio::test]
async fn who_is_not_known_is_refused_everywhere_but_where_the_table_says_why_not() {
    let site = Site::open();
    assert!(site.routes.len() > 60, "the table is walked");
    for route in &site.routes {
        let name = format!("{} {}", route.method, route.path);
        for accept in ["application/json", "text/html"] {
            let request = Request::builder().method(&route.method).uri(filled(route)).header(header::ACCEPT, accept);
            let (status, _, location) = ask(&site, request.body(Body::empty()).unwrap()).await;
            match route.access {
                Access::Public { because } => assert!(because.len() > 20, "{name} is public without a reason"),
                Access::Needs(_) => {
                    let sent_to_login = location.is_some_and(|to| to.starts_with("/login?next="));
                    let refused = status == StatusCode::UNAUTHORIZED || (accept == "text/html" && sent_to_login);
                    assert!(refused, "{name} answers {status} to somebody unknown");
                }
            }
        }
        let wrong = Request::builder().method(&route.method).uri(filled(route));
        let wrong = wrong.header(header::AUTHORIZATION, "Bearer mst_wrong").body(Body::empty()).unwrap();
        let (status, ..) = ask(&site, wrong).await;
        // PagerDuty's clients have the key in the body, and headers are not looked at.
        let in_body = matches!(route.path.as_str(), "/v2/enqueue" | "/v2/change/enqueue");
        let refused = if in_body { StatusCode::BAD_REQUEST } else { StatusCode::UNAUTHORIZED };
        assert_eq!(status, refused, "{name} with a wrong token");
    }
    assert_eq!(site.position(), 0, "nobody unknown wrote anything");
}

#[tokio::test]
async fn a_scope_opens_no_route_that_needs_another() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    let mut tokens = Vec::new();
    for scope in access::Scope::ALL {
        let address = "/settings/tokens";
        let made =
            ann.send(address, address, &[("name", scope.as_str()), ("scopes", scope.as_str()), ("days", "")]).await;
        let secret: String = made.html.split("mst_").nth(1).unwrap().chars().take(43).collect();
        tokens.push((scope, format!("mst_{secret}")));
    }
    for route in &site.routes {
        let Access::Needs(needed) = route.access else { continue };
        for (scope, token) in tokens.iter().filter(|(scope, _)| !scope.allows(needed)) {
            let request = Request::builder().method(&route.method).uri(filled(route));
            let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
            let (status, ..) = ask(&site, request.body(Body::empty()).unwrap()).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{} {} with the scope {scope}", route.method, route.path);
        }
    }
}

#[tokio::test]
async fn what_is_documented_exists_and_what_exists_in_the_api_is_documented() {
    let site = Site::open();
    let request = Request::get("/openapi.json").header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
    let (status, body, _) = ask(&site, request.body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    let document: Value = serde_json::from_slice(&body).unwrap();
    let methods = ["get", "put", "post", "delete", "patch"];
    let documented: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            let operations = item.as_object().unwrap().keys().filter(|key| methods.contains(&key.as_str()));
            operations.map(move |method| (method.to_uppercase(), path.clone()))
        })
        .collect();
    let routed = |route: &Route| (route.method.to_string(), route.path.clone());
    let api: BTreeSet<_> = site.routes.iter().filter(|route| route.documented).map(routed).collect();
    assert_eq!(documented, api);
    for route in site.routes.iter().filter(|route| !route.documented) {
        assert!(!route.path.starts_with("/api/"), "{} {} is not documented", route.method, route.path);
    }
}

#[tokio::test]
async fn whatever_a_token_writes_bears_its_name() {
    let site = Site::open();
    for route in site.routes.iter().filter(|route| route.method != Method::GET) {
        for body in ["{}", "null", "[]"] {
            let before = site.position();
            let request = Request::builder().method(&route.method).uri(filled(route));
            let request = request.header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
            let request = request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body)).unwrap();
            let (status, ..) = ask(&site, request).await;
            let name = format!("{} {} with {body}", route.method, route.path);
            assert!(!status.is_server_error(), "{name} answers {status}");
            let written = site.app.blocking(move |engine| Ok(engine.store().read(before, 1_000)?)).await.unwrap();
            for entry in written {
                let actor = &entry.stamp.actor;
                let named = matches!(actor, Actor::Token(name) if name == "admin");
                // What follows from a token's command is Mainstay's doing, in the same command.
                assert!(named || matches!(actor, Actor::Mainstay(_)), "{name} wrote {} as {actor}", entry.kind);
            }
        }
    }
}

#[test]
fn no_route_stands_in_the_table_twice() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let site = Site::open();
        let mut seen = BTreeSet::new();
        for route in &site.routes {
            assert!(seen.insert((route.method.to_string(), route.path.clone())), "{} {}", route.method, route.path);
        }
    });
}
