//! `entities/by-query` and `entity-facets`.

use super::*;

async fn check(parameters: &str, expect: &[&str]) {
    let page = shop().await.get(&format!("/api/catalog/entities/by-query?{parameters}")).await;
    assert_eq!(names(&page["items"]), expect, "{parameters}");
}

#[tokio::test]
async fn filters_fields_and_text_choose_entities() {
    check("filter=kind=component", &["cart", "shop-window", "stock", "ruler"]).await;
    check("filter=kind=component,spec.type=service", &["cart", "stock"]).await;
    check("filter=metadata.tags.java&filter=kind=GROUP", &["cart", "payments"]).await;
    check("filter=metadata.annotations.github.com/project-slug", &["cart"]).await;
    check("filter=relations.ownedBy%3Dgroup:default/payments", &["cart", "stock", "ruler"]).await;
    check("filter=kind=component&limit=2&offset=1", &["shop-window", "stock"]).await;
    check("filter=kind=component&orderField=metadata.name,desc", &["stock", "shop-window", "ruler", "cart"]).await;
    check("fullTextFilterTerm=mean+to+buy", &["cart"]).await;
    check("fullTextFilterTerm=window&fullTextFilterFields=metadata.title,metadata.name", &["shop-window"]).await;
    check("filter=kind=nothing", &[]).await;
}

#[tokio::test]
async fn a_predicate_chooses_entities() {
    let server = shop().await;
    for (query, expect) in [
        (json!({ "kind": "component", "spec.type": { "$in": ["library", "website"] } }), vec!["shop-window", "ruler"]),
        (
            json!({ "$all": [{ "kind": "component" }, { "$not": { "metadata.tags": { "$exists": true } } }] }),
            vec!["shop-window", "ruler"],
        ),
        (json!({ "metadata.name": { "$hasPrefix": "st" } }), vec!["stock"]),
        (json!({ "relations": { "$contains": { "type": "dependencyOf" } } }), vec!["stock"]),
    ] {
        let page = server.post("/api/catalog/entities/by-query", json!({ "query": query })).await;
        assert_eq!(names(&page["items"]), expect, "{query}");
    }
    let body = json!({
        "query": { "kind": "component" },
        "orderBy": [{ "field": "metadata.name", "order": "desc" }],
        "fullTextFilter": { "term": "s", "fields": ["metadata.name"] },
        "fields": ["metadata.name"],
        "limit": 1,
        "totalItems": "exclude",
    });
    let page = server.post("/api/catalog/entities/by-query", body).await;
    assert_eq!(page["items"], json!([{ "metadata": { "name": "stock" } }]));
    assert_eq!(page["totalItems"], 0);
}

#[tokio::test]
async fn cursors_lead_forth_and_back() {
    let server = shop().await;
    let path = "/api/catalog/entities/by-query?limit=2&fields=metadata.name";
    let first = server.get(&format!("{path}&filter=kind=component&orderField=metadata.name")).await;
    assert_eq!((names(&first["items"]), &first["totalItems"]), (vec!["cart", "ruler"], &json!(4)));
    assert!(first["pageInfo"].get("prevCursor").is_none());
    let cursor = first["pageInfo"]["nextCursor"].as_str().unwrap();
    let second = server.get(&format!("{path}&cursor={cursor}")).await;
    assert_eq!(names(&second["items"]), ["shop-window", "stock"]);
    assert!(second["pageInfo"].get("nextCursor").is_none());
    let cursor = &second["pageInfo"]["prevCursor"];
    let again = server.post("/api/catalog/entities/by-query", json!({ "cursor": cursor, "limit": 2 })).await;
    assert_eq!(names(&again["items"]), ["cart", "ruler"]);
}

#[tokio::test]
async fn facets_count_the_values_of_fields() {
    let server = shop().await;
    let path = "/api/catalog/entity-facets?facet=spec.type&facet=metadata.tags&filter=kind=component";
    let expect = json!({ "facets": {
        "spec.type": [{ "value": "library", "count": 1 }, { "value": "service", "count": 2 }, { "value": "website", "count": 1 }],
        "metadata.tags": [{ "value": "critical", "count": 1 }, { "value": "java", "count": 1 }, { "value": "rust", "count": 1 }],
    } });
    assert_eq!(server.get(path).await, expect);
    let body = json!({ "facets": ["kind"], "query": { "metadata.namespace": "tools" } });
    let facets = server.post("/api/catalog/entity-facets", body).await;
    assert_eq!(facets, json!({ "facets": { "kind": [{ "value": "Component", "count": 1 }] } }));
}
