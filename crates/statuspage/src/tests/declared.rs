//! What a page may say in the catalog.

use serde_json::{Value, json};

use super::page_ref;
use crate::{Group, Page};

fn wrong(spec: Value) -> Vec<String> {
    let problems = Page::from_spec(page_ref(), &spec).unwrap_err();
    problems.into_iter().map(|problem| format!("{} {}", problem.pointer, problem.message)).collect()
}

#[test]
fn a_page_is_read_with_its_groups_and_what_stands_behind() {
    let spec = json!({
        "title": "Shop status", "description": "How the shop is.", "public": true, "main": true,
        "time_zone": "Europe/Lisbon", "support": "https://shop.example/help", "publish_after": "10m",
        "components": [{"name": "Web site & app", "behind": ["storefront"]}],
        "groups": [{"name": "Pay", "components": [{"id": "card", "name": "Cards", "uptime": false,
            "behind": ["check:cards", "system:pay"]}, {"name": "Refunds"}]}],
        "templates": [{"name": "down", "title": "It is down", "text": "We look.", "impact": "critical"}],
    });
    let page = Page::from_spec(page_ref(), &spec).unwrap();
    let keys: Vec<&str> = page.components().map(|component| component.key.as_str()).collect();
    assert_eq!(keys, ["web-site-app", "card", "refunds"]);
    let behind: Vec<String> = page.components().flat_map(|it| &it.behind).map(ToString::to_string).collect();
    assert_eq!(behind, ["component:default/storefront", "check:default/cards", "system:default/pay"]);
    let uptime: Vec<bool> = page.components().map(|component| component.uptime).collect();
    assert_eq!(uptime, [true, false, false], "what is set by hand has no measured uptime unless it says so");
    assert_eq!((page.publish_after_s, page.groups.len(), page.main), (Some(600), 2, true));
}

#[test]
fn whether_a_page_is_public_must_be_said() {
    let found = wrong(json!({"title": "x", "components": [{"name": "a"}]}));
    assert_eq!(found, ["/spec/public is missing"]);
}

#[test]
fn everything_that_is_wrong_is_said_with_its_place() {
    let found = wrong(json!({
        "title": "", "public": "yes", "support": "javascript:alert(1)", "publish_after": "1s", "colour": "red",
        "components": [{"name": "a", "behind": ["user:ann"]}, {"name": "A"}, {"name": "日本"}, {"id": "A B", "name": "x"}],
        "groups": [{"name": "empty", "components": []}],
    }));
    let places: Vec<&str> = found.iter().map(|line| line.split(' ').next().unwrap()).collect();
    for place in [
        "/spec/colour",
        "/spec/title",
        "/spec/public",
        "/spec/support",
        "/spec/publish_after",
        "/spec/components/0/behind/0",
        "/spec/components/2/id",
        "/spec/components/3/id",
        "/spec/groups/0/components",
        "/spec/components",
    ] {
        assert!(places.contains(&place), "{place} is not among {found:?}");
    }
}

#[test]
fn groups_in_other_alphabets_are_kept_apart_in_addresses() {
    let key = |name: &str| Group { name: name.to_owned(), description: String::new(), components: Vec::new() }.key();
    assert_eq!(key("Pay & refunds"), "group.pay-refunds");
    let keys = ["日本", "中国", "Søk", "Sök", "!"].map(key);
    let apart: std::collections::BTreeSet<&String> = keys.iter().collect();
    assert_eq!(apart.len(), keys.len(), "{keys:?}");
}

#[test]
fn a_page_has_no_name_that_means_something_else_in_addresses() {
    let spec = json!({"title": "x", "public": true, "components": [{"name": "a"}]});
    for name in ["api", "history", "incidents", "subscribe"] {
        let page = format!("statuspage:default/{name}").parse().unwrap();
        assert_eq!(Page::from_spec(page, &spec).unwrap_err()[0].pointer, "/metadata/name");
    }
}
