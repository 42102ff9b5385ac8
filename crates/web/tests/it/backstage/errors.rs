//! Every error has Backstage's shape, wherever it comes from.

use super::*;

async fn check(token: Option<&str>, method: Method, path: &str, body: Option<Value>, status: u16, name: &str) {
    let path = format!("/api/catalog{path}");
    let answer = shop().await.ask_as(token, method.clone(), &path, body.as_ref()).await;
    assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.body);
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/json", "{path}");
    assert_eq!(answer.body["error"]["name"], name, "{path}: {}", answer.body);
    assert!(answer.body["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{path}");
    assert_eq!(answer.body["request"], json!({ "method": method.as_str(), "url": path }));
    assert_eq!(answer.body["response"], json!({ "statusCode": status }));
}

#[tokio::test]
async fn who_is_not_known_or_may_not_is_told_so() {
    check(None, Method::GET, "/entities", None, 401, "AuthenticationError").await;
    check(Some("wrong"), Method::GET, "/entities", None, 401, "AuthenticationError").await;
    let server = shop().await;
    let issued = server.post("/api/v1/tokens", json!({ "name": "reader", "scopes": ["read"] })).await;
    let token = issued["token"].as_str().unwrap_or_else(|| panic!("{issued}"));
    let body = json!({ "entityRef": "component:default/cart" });
    let refused = server.ask_as(Some(token), Method::POST, "/api/catalog/refresh", Some(&body)).await;
    assert_eq!((refused.status, &refused.body["error"]["name"]), (StatusCode::FORBIDDEN, &json!("NotAllowedError")));
    let read = server.ask_as(Some(token), Method::GET, "/api/catalog/entities", None).await;
    assert_eq!(read.status, StatusCode::OK);
}

#[tokio::test]
async fn what_can_t_be_read_is_an_input_error() {
    let token = Some(crate::server::TOKEN);
    for path in [
        "/entities/by-query?limit=many",
        "/entities/by-query?cursor=%21",
        "/entities/by-query?orderField=metadata.name,up",
        "/entities/by-query?fields=metadata.tags%5B0%5D",
        "/entities/by-query?totalItems=some",
        "/entities/by-query?filter==x",
        "/entities?order=metadata.name",
        "/entity-facets",
    ] {
        check(token, Method::GET, path, None, 400, "InputError").await;
    }
    for (path, body) in [
        ("/entities/by-query", json!({ "query": { "$some": [] } })),
        ("/entities/by-refs", json!({ "entityRefs": "cart" })),
        ("/refresh", json!({ "entityRef": "cart" })),
        ("/analyze-location", json!({ "location": { "type": "url", "target": "nowhere" } })),
    ] {
        check(token, Method::POST, path, Some(body), 400, "InputError").await;
    }
}

#[tokio::test]
async fn what_is_not_there_is_told_so() {
    let token = Some(crate::server::TOKEN);
    check(token, Method::GET, "/entities/by-name/component/default/nothing", None, 404, "NotFoundError").await;
    check(token, Method::GET, "/entities/by-name/b%20d/default/nothing", None, 404, "NotFoundError").await;
    check(token, Method::GET, "/nothing", None, 404, "NotFoundError").await;
    check(token, Method::DELETE, "/entities", None, 405, "Error").await;
}

#[tokio::test]
async fn the_shape_is_documented_for_every_route() {
    let document = shop().await.get("/openapi.json").await;
    assert!(document["components"]["schemas"]["BackstageError"].is_object());
    let paths = document["paths"].as_object().unwrap().iter();
    let ours: Vec<_> = paths.filter(|(path, _)| path.starts_with("/api/catalog/")).collect();
    assert!(ours.len() >= 14, "{}", ours.len());
    for (path, operations) in ours {
        for (method, operation) in operations.as_object().unwrap() {
            let schema = &operation["responses"]["default"]["content"]["application/json"]["schema"];
            assert_eq!(schema["$ref"], "#/components/schemas/BackstageError", "{method} {path}");
            assert_eq!(operation["tags"], json!(["Backstage"]), "{method} {path}");
        }
    }
}
