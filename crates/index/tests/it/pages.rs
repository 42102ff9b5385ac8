//! Pages, cursors, orders, facets and full-text filters.

use index::{Filter, Index, Order, Query, TextFilter};
use kernel::{EntityRef, codes};
use serde_json::json;

use crate::model::Entity;

fn shop(name: &str, title: Option<&str>, tier: i64) -> Entity {
    let mut json = json!({"kind": "Component", "metadata": {"name": name}, "spec": {"tier": tier}});
    if let Some(title) = title {
        json["metadata"]["title"] = json!(title);
    }
    Entity::new(&format!("component:{name}"), json)
}

/// Five entities: two in the base, two recent, and one of the base that was replaced.
fn index() -> Index {
    let base = [shop("alpha", Some("Zebra"), 2), shop("delta", None, 1), shop("beta", Some("old"), 9)];
    let recent = [shop("beta", Some("apple"), 1), shop("echo", Some("APPLE"), 2), shop("gamma", None, 2)];
    Index::build(base.iter().map(Entity::document)).with_changes(recent.iter().map(Entity::document), [])
}

fn names(items: &[&EntityRef]) -> String {
    items.iter().map(|reference| reference.name()).collect::<Vec<_>>().join(" ")
}

fn check(order: &[&str], expected: &str) {
    let index = index();
    let order = Order::parse(order.iter().copied()).unwrap();
    let whole = Query { order: order.clone(), ..Query::new(Filter::everything(), 10) };
    let page = index.page(&whole);
    assert_eq!((names(&page.items).as_str(), page.total, page.next, page.previous), (expected, 5, None, None));

    // The same, two at a time there and back again.
    let mut query = Query { limit: 2, ..whole };
    let (mut pages, mut seen) = (Vec::new(), Vec::new());
    loop {
        let page = index.page(&query);
        assert_eq!((page.total, page.previous.is_some()), (5, !pages.is_empty()));
        seen.extend(page.items.iter().copied());
        pages.push(page.items.clone());
        let Some(next) = page.next else {
            let mut previous = page.previous;
            while let Some(cursor) = previous {
                pages.pop();
                let page = index.page(&Query::from_cursor(&cursor, 2).unwrap());
                assert_eq!(Some(&page.items), pages.last());
                assert!(page.next.is_some());
                previous = page.previous;
            }
            break;
        };
        query = Query::from_cursor(&next, 2).unwrap();
    }
    assert_eq!(names(&seen), expected);
}

#[test]
fn of_several_documents_with_one_reference_the_last_counts() {
    let documents = [shop("beta", Some("old"), 9), shop("alpha", None, 1), shop("beta", Some("new"), 1)];
    let index = Index::build(documents.iter().map(Entity::document));
    let titles = index.facets("metadata.title", &Filter::everything());
    assert_eq!((index.len(), titles.len(), titles[0].value, titles[0].count), (2, 1, "new", 1));
    assert_eq!(names(&index.matching(&Filter::is("spec.tier", "1"))), "alpha beta");
}

#[test]
fn pages_follow_the_order_there_and_back_with_missing_last_and_ties_by_reference() {
    check(&[], "alpha beta delta echo gamma");
    check(&["metadata.name,desc"], "gamma echo delta beta alpha");
    check(&["metadata.title"], "beta echo alpha delta gamma");
    check(&["metadata.title,desc"], "alpha beta echo delta gamma");
    check(&["spec.tier", "metadata.name,desc"], "delta beta gamma echo alpha");
    check(&["spec.tier,desc", "metadata.title,asc"], "echo alpha gamma beta delta");
    check(&["spec.unheard"], "alpha beta delta echo gamma");
}

#[test]
fn a_cursor_stays_good_when_its_entity_goes() {
    let before = index();
    let query = Query { order: Order::parse(["metadata.title"]).unwrap(), ..Query::new(Filter::everything(), 2) };
    let next = before.page(&query).next.unwrap();
    let after = before.with_changes([], ["component:echo".parse().unwrap()]);
    for index in
        [&after, &Index::build([shop("alpha", Some("Zebra"), 2), shop("delta", None, 1)].map(|e| e.document()))]
    {
        let page = index.page(&Query::from_cursor(&next, 1).unwrap());
        assert_eq!(names(&page.items), "alpha");
        assert!(page.next.is_some());
    }
}

#[test]
fn an_offset_leaves_out_and_a_limit_of_none_only_counts() {
    let index = index();
    let query = Query { start: index::Start::Offset(3), ..Query::new(Filter::everything(), 1) };
    let page = index.page(&query);
    assert_eq!((names(&page.items).as_str(), page.total), ("echo", 5));
    assert!(page.next.is_some() && page.previous.is_some());
    let page = index.page(&Query::new(Filter::everything(), 0));
    assert_eq!((page.items.len(), page.total, page.next), (0, 5, None));
    let page = index.page(&Query { start: index::Start::Offset(99), ..Query::new(Filter::everything(), 1) });
    assert_eq!((page.items.len(), page.total, page.next, page.previous), (0, 5, None, None));
}

#[test]
fn a_cursor_that_is_none_is_refused() {
    let page = index();
    let page = page.page(&Query::new(Filter::everything(), 1));
    let good = page.next.unwrap();
    for bad in ["", "%%%", "bm90IGpzb24", "e30", &good[..good.len() - 4], &"A".repeat(index::CURSOR_BYTES_MAX + 1)] {
        let refusal = Query::from_cursor(bad, 1).unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_deref()), (&codes::MALFORMED, Some("cursor")), "{bad:.20}");
    }
    assert!(Query::from_cursor(&good, 1).is_ok());
}

#[test]
fn an_order_that_is_none_is_refused() {
    for (parameters, detail) in [
        (vec!["metadata.name,up"], "orderField: \"up\" is not a direction (write asc or desc)"),
        (vec!["a", "b", "c", "d"], "orderField: there are 4 fields to order by (name at most 3)"),
    ] {
        assert_eq!(Order::parse(parameters).unwrap_err().to_string(), detail);
    }
}

#[test]
fn facets_count_each_spelling_of_what_matches() {
    let facets = |key: &str, filter: &str| {
        let index = index();
        let facets = index.facets(key, &Filter::parse([filter]).unwrap());
        facets.iter().map(|facet| format!("{} {}", facet.value, facet.count)).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(facets("metadata.title", ""), "apple 1, APPLE 1, Zebra 1");
    assert_eq!(facets("spec.TIER", ""), "1 2, 2 3");
    assert_eq!(facets("spec.tier", "metadata.title"), "1 1, 2 2");
    assert_eq!(facets("metadata.uid", ""), "");
    assert_eq!(facets("spec.unheard", ""), "");
}

#[test]
fn each_word_must_be_somewhere_in_the_chosen_fields() {
    let check = |term: &str, fields: Option<&[&str]>, expected: &str| {
        let text = Some(TextFilter::new(term, fields.map(|fields| fields.iter().copied())));
        let index = index();
        let page = index.page(&Query { text, ..Query::new(Filter::everything(), 10) });
        assert_eq!((names(&page.items).as_str(), page.total), (expected, page.items.len()), "{term}");
    };
    check("app", None, "beta echo");
    check("PL app", Some(&["metadata.title"]), "beta echo");
    check("app beta", None, "beta");
    check("app beta", Some(&["metadata.Title"]), "");
    check("et", Some(&["metadata.name"]), "beta");
    check("  ", None, "alpha beta delta echo gamma");
    check("old", None, "");
    check("component default", None, "alpha beta delta echo gamma");
}
