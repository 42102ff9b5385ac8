//! `entities`, `by-name`, `by-uid`, `by-refs`, `refresh`, `validate-entity`, `analyze-location`.

use super::*;

#[tokio::test]
async fn an_entity_has_what_its_file_says_and_what_a_server_adds() {
    let entity = shop().await.get("/api/catalog/entities/by-name/Component/default/Stock").await;
    assert_eq!(entity["metadata"]["x-ours"], json!({ "kept": [1, 2] }));
    assert_eq!(entity["metadata"]["namespace"], "default");
    assert_eq!(entity["metadata"]["uid"].as_str().unwrap().len(), 36);
    let location = &entity["metadata"]["annotations"]["backstage.io/managed-by-location"];
    assert_eq!(location, "file:shop/catalog-info.yaml");
    assert_eq!(
        entity["relations"],
        json!([
            { "type": "ownedBy", "targetRef": "group:default/payments" },
            { "type": "dependencyOf", "targetRef": "component:default/cart" },
        ])
    );
}

#[tokio::test]
async fn the_uid_leads_to_the_entity_until_the_entity_is_gone() {
    let server = shop().await;
    let entity = server.get("/api/catalog/entities/by-name/component/tools/ruler").await;
    let path = format!("/api/catalog/entities/by-uid/{}", entity["metadata"]["uid"].as_str().unwrap());
    assert_eq!(server.get(&path).await, entity);
    server.apply("tools", &[]).await;
    let gone = server.ask(Method::GET, &path, None).await;
    assert_eq!((gone.status, &gone.body["error"]["name"]), (StatusCode::NOT_FOUND, &json!("NotFoundError")));
}

#[tokio::test]
async fn an_entity_can_only_be_deleted_where_it_is_declared() {
    let server = shop().await;
    let entity = server.get("/api/catalog/entities/by-name/component/tools/ruler").await;
    let path = format!("/api/catalog/entities/by-uid/{}", entity["metadata"]["uid"].as_str().unwrap());
    let refused = server.ask(Method::DELETE, &path, None).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    let message = "component:tools/ruler is declared in tools/catalog-info.yaml, line 2: delete it there";
    assert_eq!(refused.body["error"]["message"], message);
}

#[tokio::test]
async fn no_entity_has_ancestors() {
    let ancestry = shop().await.get("/api/catalog/entities/by-name/component/default/cart/ancestry").await;
    assert_eq!(ancestry["rootEntityRef"], "component:default/cart");
    assert_eq!(ancestry["items"][0]["entity"]["metadata"]["name"], "cart");
    assert_eq!(ancestry["items"][0]["parentEntityRefs"], json!([]));
}

#[tokio::test]
async fn the_list_goes_on_where_its_link_leads() {
    let server = shop().await;
    assert_eq!(names(&server.get("/api/catalog/entities").await).len(), 5);
    let path = "/api/catalog/entities?filter=kind=component&order=desc:metadata.name&limit=3&fields=metadata.name";
    let first = server.ask(Method::GET, path, None).await;
    assert_eq!(names(&first.body), ["stock", "shop-window", "ruler"]);
    let link = first.headers[header::LINK].to_str().unwrap();
    let next = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
    let last = server.ask(Method::GET, next, None).await;
    assert_eq!(last.body, json!([{ "metadata": { "name": "cart" } }]));
    assert!(!last.headers.contains_key(header::LINK));
}

#[tokio::test]
async fn references_are_answered_in_their_order_with_gaps() {
    let server = shop().await;
    let references = ["component:Stock", "component:nothing", "???", "group:default/payments", "component:tools/ruler"];
    let body = json!({ "entityRefs": references, "fields": ["metadata.name"] });
    let found = server.post("/api/catalog/entities/by-refs", body.clone()).await;
    let name = |name: &str| json!({ "metadata": { "name": name } });
    assert_eq!(found["items"], json!([name("stock"), null, null, name("payments"), name("ruler")]));
    let found = server.post("/api/catalog/entities/by-refs?filter=kind=group", body).await;
    assert_eq!(found["items"], json!([null, null, null, name("payments"), null]));
}

#[tokio::test]
async fn a_refresh_needs_an_entity() {
    let server = shop().await;
    server.post("/api/catalog/refresh", json!({ "entityRef": "component:default/cart" })).await;
    let body = json!({ "entityRef": "component:default/nothing" });
    let refused = server.ask(Method::POST, "/api/catalog/refresh", Some(&body)).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn everything_that_is_wrong_with_an_entity_is_told_at_once() {
    let server = shop().await;
    let good = json!({ "apiVersion": "backstage.io/v1alpha1", "kind": "API", "metadata": { "name": "prices" },
        "spec": { "type": "openapi", "lifecycle": "production", "owner": "x", "definition": { "$text": "./a.yaml" } } });
    let body = json!({ "entity": good, "location": "url:https://git.example/acme/prices" });
    server.post("/api/catalog/validate-entity", body).await;

    let bad = json!({ "apiVersion": "backstage.io/v1alpha1", "kind": "Component",
        "metadata": { "name": "no spaces here", "tags": ["Java"] }, "spec": { "type": "service", "lifecycle": "x" } });
    let body = json!({ "entity": bad, "location": "url:https://git.example/acme/prices" });
    let refused = server.ask(Method::POST, "/api/catalog/validate-entity", Some(&body)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let errors = refused.body["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert!(errors.iter().all(|error| error["name"] == "InputError"));
    let refused = server.ask(Method::POST, "/api/catalog/validate-entity", Some(&json!({ "entity": bad }))).await;
    assert_eq!((refused.status, &refused.body["errors"][0]["name"]), (StatusCode::BAD_REQUEST, &json!("InputError")));
}

#[tokio::test]
async fn a_repository_is_known_by_its_annotation_or_a_descriptor_is_proposed() {
    let server = shop().await;
    let analyze = |target: &str| json!({ "location": { "type": "url", "target": target } });
    let known = server.post("/api/catalog/analyze-location", analyze("https://github.com/acme/cart")).await;
    assert_eq!(known["existingEntityFiles"][0]["entity"]["metadata"]["name"], "cart");
    assert_eq!(known["existingEntityFiles"][0]["location"]["target"], "shop/catalog-info.yaml");
    assert_eq!(known["generateEntities"], json!([]));
    let new = server.post("/api/catalog/analyze-location", analyze("https://git.example/acme/prices.git")).await;
    assert_eq!(new["existingEntityFiles"], json!([]));
    let proposal = &new["generateEntities"][0]["entity"]["metadata"];
    assert_eq!(*proposal, json!({ "name": "prices", "annotations": { "git.example/project-slug": "acme/prices" } }));
}
