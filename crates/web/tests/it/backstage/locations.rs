//! `locations`.

use super::*;

async fn location(server: &Server, target: &str) -> Value {
    let all = server.get("/api/catalog/locations").await;
    let found = all.as_array().unwrap().iter().find(|item| item["data"]["target"] == target);
    found.unwrap_or_else(|| panic!("{target} in {all}"))["data"].clone()
}

#[tokio::test]
async fn each_source_is_a_location() {
    let server = shop().await;
    let tools = location(&server, "tools").await;
    assert_eq!(tools["type"], "file");
    let path = format!("/api/catalog/locations/{}", tools["id"].as_str().unwrap());
    assert_eq!(server.get(&path).await, tools);
    assert_eq!(server.get("/api/catalog/locations/by-entity/component/tools/ruler").await, tools);
    let nothing = server.ask(Method::GET, "/api/catalog/locations/nothing", None).await;
    assert_eq!((nothing.status, &nothing.body["error"]["name"]), (StatusCode::NOT_FOUND, &json!("NotFoundError")));
}

#[tokio::test]
async fn locations_are_found_page_by_page() {
    let server = shop().await;
    let first = server.post("/api/catalog/locations/by-query", json!({ "limit": 1 })).await;
    assert_eq!((&first["items"][0]["target"], &first["totalItems"]), (&json!("shop"), &json!(2)));
    let body = json!({ "cursor": first["pageInfo"]["nextCursor"], "limit": 1 });
    let second = server.post("/api/catalog/locations/by-query", body).await;
    assert_eq!(second["items"][0]["target"], "tools");
    let body = json!({ "query": { "target": { "$hasPrefix": "to" } } });
    let found = server.post("/api/catalog/locations/by-query", body).await;
    assert_eq!(found["totalItems"], 1);
}

#[tokio::test]
async fn only_what_is_read_already_can_be_registered() {
    let server = shop().await;
    let known = json!({ "type": "file", "target": "shop/catalog-info.yaml" });
    let dry = server.post("/api/catalog/locations?dryRun=true", known.clone()).await;
    assert_eq!((names(&dry["entities"]).len(), &dry["exists"]), (4, &json!(true)));
    let again = server.ask(Method::POST, "/api/catalog/locations", Some(&known)).await;
    assert_eq!((again.status, &again.body["error"]["name"]), (StatusCode::CONFLICT, &json!("ConflictError")));
    let again = server.ask(Method::POST, "/api/catalog/locations?onConflict=refresh", Some(&known)).await;
    assert_eq!(again.status, StatusCode::CREATED);

    let new = json!({ "type": "url", "target": "https://git.example/acme/prices/blob/main/catalog-info.yaml" });
    let refused = server.ask(Method::POST, "/api/catalog/locations?dryRun=true", Some(&new)).await;
    assert_eq!((refused.status, &refused.body["error"]["name"]), (StatusCode::BAD_REQUEST, &json!("InputError")));
    assert!(refused.body["error"]["message"].as_str().unwrap().contains("mainstay apply DIR"));
}

#[tokio::test]
async fn a_deleted_location_takes_its_entities_along() {
    let server = shop().await;
    let id = location(&server, "tools").await["id"].as_str().unwrap().to_owned();
    let deleted = server.ask(Method::DELETE, &format!("/api/catalog/locations/{id}"), None).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    assert_eq!(server.get("/api/catalog/locations").await.as_array().unwrap().len(), 1);
    let gone = server.ask(Method::GET, "/api/catalog/entities/by-name/component/tools/ruler", None).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    server.apply("tools", &[("catalog-info.yaml", TOOLS)]).await;
    assert_eq!(location(&server, "tools").await["id"], id.as_str());
}
