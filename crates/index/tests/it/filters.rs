//! What filters mean and what is refused, by the rules of `buildEntitySearch.ts`, `parseEntityFilterParams.ts` and
//! `applyPredicateEntityFilterToQuery.ts`.

use index::{Document, Filter, Index};
use kernel::{EntityRef, codes};
use serde_json::{Value, json};

use crate::model::Entity;

fn entities() -> Vec<Entity> {
    let cart = json!({
        "apiVersion": "backstage.io/v1alpha1", "kind": "Component",
        "metadata": {
            "name": "Cart", "tags": ["java", "data"], "etag": "e1", "description": "x".repeat(201), "title": null,
            "annotations": {"github.com/project-slug": "acme/Cart.Service", "flag": ""},
            "links": [{"url": "https://cart.example", "title": "Runbook"}, {"url": "https://wiki.example"}],
        },
        "spec": {"type": "service", "lifecycle": "production", "tier": 1, "public": true, "nested": [["deep"]]},
        "relations": [{"type": "ignored"}], "status": {"items": []},
    });
    let ledger = json!({
        "kind": "API", "metadata": {"name": "ledger", "namespace": "pay", "tags": ["Data"]},
        "spec": {"type": "openapi", "weights": [1, 2.5, false]},
    });
    vec![
        Entity::new("component:cart", cart).related("ownedBy", "group:shop").related("dependsOn", "api:pay/ledger"),
        Entity::new("api:pay/ledger", ledger).related("ownedBy", "group:pay/books"),
        Entity::new("group:shop", json!({"kind": "Group", "metadata": {"name": "shop"}, "spec": {"children": []}})),
    ]
}

/// The answers of an index whose documents are all in the base, and of one where they are all recent.
fn both(entities: &[Entity]) -> [Index; 2] {
    let documents = || entities.iter().map(Entity::document);
    [Index::build(documents()), Index::default().with_changes(documents(), [])]
}

fn check(filter: &Filter, expected: &[&str]) {
    for index in both(&entities()) {
        let found: Vec<&str> = index.matching(filter).into_iter().map(EntityRef::short).collect();
        assert_eq!(found, expected, "{filter:?}");
        let entities = entities();
        let nobody: EntityRef = "component:nobody".parse().unwrap();
        let holds = index.holds(filter, entities.iter().map(|entity| &entity.reference).chain([&nobody]));
        let mut expected: Vec<bool> = entities.iter().map(|entity| entity.matches(filter)).collect();
        expected.push(false);
        assert_eq!(holds, expected, "{filter:?}");
    }
}

fn parameters(parameters: &[&str], expected: &[&str]) {
    check(&Filter::parse(parameters.iter().copied()).unwrap(), expected);
}

fn predicate(predicate: Value, expected: &[&str]) {
    let filter = Filter::from_predicate(&predicate).unwrap();
    check(&filter, expected);
    check(&Filter::from_predicate(&filter.to_predicate()).unwrap(), expected);
}

#[test]
fn within_a_parameter_is_and_between_parameters_is_or() {
    parameters(&["kind=component"], &["cart"]);
    parameters(&["kind=component,spec.type=openapi"], &[]);
    parameters(&["kind=component", "spec.type=openapi"], &["pay/ledger", "cart"]);
    parameters(&["kind=component,kind=api"], &["pay/ledger", "cart"]);
    parameters(&[" KIND = Component , "], &["cart"]);
    parameters(&["kind,kind=api"], &["pay/ledger"]);
    parameters(&[], &["pay/ledger", "cart", "shop"]);
    parameters(&["", ","], &["pay/ledger", "cart", "shop"]);
}

#[test]
fn keys_are_flattened_and_keep_their_dots_and_slashes() {
    parameters(&["metadata.annotations.github.com/project-slug=acme/cart.service"], &["cart"]);
    parameters(&["metadata.annotations.github.com/project-slug"], &["cart"]);
    parameters(&["metadata.annotations.flag="], &["cart"]);
    parameters(&["metadata.annotations"], &[]);
    parameters(&["metadata.links.title=runbook"], &["cart"]);
    parameters(&["metadata.links.url=https://wiki.example"], &["cart"]);
    parameters(&["spec.tier=1,spec.public=true"], &["cart"]);
    parameters(&["spec.weights=2.5,spec.weights=9"], &["pay/ledger"]);
    parameters(&["spec.weights=false"], &["pay/ledger"]);
}

#[test]
fn a_text_in_a_list_is_a_value_and_a_key_that_is_true() {
    parameters(&["metadata.tags=data"], &["pay/ledger", "cart"]);
    parameters(&["metadata.tags.data=true,metadata.tags.java=true"], &["cart"]);
    parameters(&["metadata.tags.java"], &["cart"]);
    parameters(&["spec.nested.deep=true"], &["cart"]);
    parameters(&["spec.weights.1"], &[]);
    parameters(&["spec.children"], &[]);
}

#[test]
fn relations_namespaces_and_null_can_be_asked_for() {
    parameters(&["relations.ownedBy=group:default/shop"], &["cart"]);
    parameters(&["relations.OWNEDBY"], &["pay/ledger", "cart"]);
    parameters(&["relations.type"], &[]);
    parameters(&["metadata.namespace=default"], &["cart", "shop"]);
    parameters(&["metadata.title"], &["cart"]);
    parameters(&["metadata.title="], &[]);
    parameters(&["metadata.uid"], &["pay/ledger", "cart", "shop"]);
    parameters(&["metadata.etag"], &[]);
    parameters(&["status.items"], &[]);
}

#[test]
fn a_value_that_is_too_long_to_compare_is_there_but_equals_nothing() {
    let long = "x".repeat(201);
    parameters(&["metadata.description"], &["cart"]);
    parameters(&[&format!("metadata.description={long}")], &[]);
    predicate(json!({"metadata.description": {"$hasPrefix": ""}}), &[]);
}

#[test]
fn predicates_combine_and_compare() {
    predicate(json!({}), &["pay/ledger", "cart", "shop"]);
    predicate(json!({"kind": "component", "spec.tier": 1, "spec.public": true}), &["cart"]);
    predicate(json!({"$any": [{"kind": "api"}, {"kind": "GROUP"}]}), &["pay/ledger", "shop"]);
    predicate(json!({"$any": []}), &[]);
    predicate(json!({"$all": []}), &["pay/ledger", "cart", "shop"]);
    predicate(json!({"$all": [{"kind": "api"}, {"$not": {"spec.type": "grpc"}}]}), &["pay/ledger"]);
    predicate(json!({"$not": {"kind": "api"}}), &["cart", "shop"]);
    predicate(json!({"metadata.tags": {"$exists": true}}), &["pay/ledger", "cart"]);
    predicate(json!({"metadata.tags": {"$exists": false}}), &["shop"]);
    predicate(json!({"kind": {"$in": ["API", "group", 7]}}), &["pay/ledger", "shop"]);
    predicate(json!({"kind": {"$in": []}}), &[]);
    predicate(json!({"metadata.name": {"$hasPrefix": "C"}}), &["cart"]);
    predicate(json!({"metadata.name": {"$hasPrefix": ""}}), &["pay/ledger", "cart", "shop"]);
    predicate(json!({"metadata.annotations.github.com/project-slug": {"$hasPrefix": "acme/cart."}}), &["cart"]);
    predicate(json!({"metadata.tags": {"$contains": "java"}}), &["cart"]);
}

#[test]
fn a_relation_is_contained_by_its_type_and_target() {
    let relation = |contained: Value| json!({"relations": {"$contains": contained}});
    predicate(relation(json!({"type": "ownedBy"})), &["pay/ledger", "cart"]);
    predicate(relation(json!({"type": "ownedBy", "targetRef": "Group:default/Shop"})), &["cart"]);
    let either = json!({"$in": ["group:default/shop", "group:pay/books"]});
    predicate(relation(json!({"TYPE": "ownedBy", "targetref": either})), &["pay/ledger", "cart"]);
}

fn refused(predicate: &Value, field: &str, fix: Option<&str>) {
    let refusal = Filter::from_predicate(predicate).unwrap_err();
    assert_eq!(refusal.code, &codes::MALFORMED);
    assert_eq!((refusal.field.as_deref(), refusal.fix.as_deref()), (Some(field), fix), "{refusal}");
}

#[test]
fn a_predicate_that_is_none_is_refused_with_its_place() {
    let name_the_key = Some("name the key, as in {\"kind\": \"component\"}");
    refused(&json!("component"), "query", name_the_key);
    refused(&json!({"$all": [{"kind": "api"}, null]}), "query/$all/1", name_the_key);
    refused(&json!({"$all": {}}), "query/$all", None);
    refused(&json!({"$or": []}), "query/$or", Some("there are $all, $any, $not"));
    refused(&json!({"$an": []}), "query/$an", Some("did you mean $any?"));
    refused(&json!({"kind": {"$exist": true}}), "query/kind/$exist", Some("did you mean $exists?"));
    refused(&json!({"kind": {"$exists": "yes"}}), "query/kind/$exists", None);
    refused(&json!({"kind": {"$in": [null]}}), "query/kind/$in", None);
    refused(&json!({"kind": {"$hasPrefix": 1}}), "query/kind/$hasPrefix", None);
    refused(&json!({"a/b": {"$contains": {"type": "x"}}}), "query/a~1b/$contains", None);
    refused(&json!({"kind": null}), "query/kind", None);
    refused(&json!({"kind": {"$in": [], "$exists": true}}), "query/kind", None);
    refused(&json!({"$not": {}, "kind": "api"}), "query/$not", Some("put all of them into one $all"));
    refused(&json!({"relations": {"$contains": {}}}), "query/relations/$contains", None);
    refused(&json!({"relations": {"$contains": {"type": 1}}}), "query/relations/$contains/type", None);
    refused(&json!({"relations": {"$contains": {"kind": "x"}}}), "query/relations/$contains/kind", None);
}

#[test]
fn a_parameter_without_a_key_is_refused() {
    let refusal = Filter::parse(["kind=api,=x"]).unwrap_err();
    assert_eq!(refusal.to_string(), "filter: \"=x\" is not a filter (write key=value, key= or key)");
}

#[test]
fn filters_are_bounded_in_depth_conditions_and_values() {
    let ask_for_less = Some("ask for less at once");
    let nested = |depth| (0..depth).fold(json!({"kind": "api"}), |inner, _| json!({"$any": [inner]}));
    check(&Filter::from_predicate(&nested(index::DEPTH_MAX)).unwrap(), &["pay/ledger"]);
    refused(&nested(index::DEPTH_MAX + 1), "query", ask_for_less);
    let wide = |width| json!({"$any": vec![json!({"kind": "api"}); width]});
    check(&Filter::from_predicate(&wide(index::CONDITIONS_MAX - 1)).unwrap(), &["pay/ledger"]);
    refused(&wide(index::CONDITIONS_MAX), "query", ask_for_less);
    refused(&json!({"kind": {"$in": vec!["x"; index::VALUES_MAX * 2]}}), "query", ask_for_less);
    assert!(Filter::parse([vec!["kind=api"; index::CONDITIONS_MAX + 1].join(",").as_str()]).is_err());
}

#[test]
fn what_is_no_entity_is_not_read() {
    let reference: EntityRef = "component:cart".parse().unwrap();
    let read = |json: &str| Document::read(reference.clone(), json, [], []).map_err(|error| error.reason);
    assert!(read("[1]").unwrap_err().contains("an entity, which is a JSON object"));
    assert!(read("{\"a\": ").unwrap_err().contains("EOF"));
    assert!(read("{} {}").unwrap_err().contains("trailing"));
    assert!(read(&format!("{{\"a\": {}", "[".repeat(100_000))).unwrap_err().contains("recursion limit"));
    let many = format!("{{\"a\": [{}]}}", vec!["1"; index::ROWS_MAX + 1].join(","));
    assert!(read(&many).unwrap_err().contains("more than 10000 values"));
}
