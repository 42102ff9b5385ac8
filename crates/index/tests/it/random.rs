//! Random entities, filters and changes: the index answers as the naive model does, however its layers stand.

use std::collections::BTreeMap;

use index::{Filter, Index, Order, Query, TextFilter};
use kernel::EntityRef;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::model::Entity;

const KEYS: [&str; 8] =
    ["kind", "metadata.name", "metadata.tags", "metadata.tags.b", "spec.x", "spec.y.z", "relations.ownedby", "none"];

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..3).prop_map(Value::from),
        "[abAB\u{130}\0]{0,3}".prop_map(Value::from),
        prop::collection::vec("[abB]{1,2}", 0..3).prop_map(Value::from),
    ]
}

fn entity() -> impl Strategy<Value = Entity> {
    let owner = prop::option::of(0..3_u8);
    (0..30_u8, value(), value(), prop::collection::vec("[abB]", 0..3), owner).prop_map(|(name, x, z, tags, owner)| {
        let json = json!({
            "kind": if name % 2 == 0 { "Component" } else { "API" },
            "metadata": {"name": format!("E{name}"), "tags": tags},
            "spec": {"x": x, "y": {"z": z}},
        });
        let entity = Entity::new(&format!("thing:e{name}"), json);
        match owner {
            Some(owner) => entity.related("ownedBy", &format!("group:g{owner}")),
            None => entity,
        }
    })
}

fn filter() -> impl Strategy<Value = Filter> {
    let key = prop::sample::select(KEYS.to_vec());
    let text = "[abA\u{130}]{0,2}|true|component|1|e1|group:default/g1";
    let leaf = (key, prop::collection::vec(text, 0..3), 0..3_u8).prop_map(|(key, values, sort)| match sort {
        0 => Filter::has(key),
        1 => Filter::one_of(key, values.iter().map(String::as_str)),
        _ => Filter::Prefix { key: key.to_owned(), prefix: values.first().map_or(String::new(), |p| p.to_lowercase()) },
    });
    leaf.prop_recursive(3, 12, 3, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..3);
        prop_oneof![
            list.clone().prop_map(Filter::All),
            list.prop_map(Filter::Any),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

/// The state after some changes, as the model has it and as indexes have it whose layers stand differently.
fn histories(base: &[Entity], changed: &[Entity], removed: &[u8]) -> (BTreeMap<EntityRef, Entity>, [Index; 3]) {
    let removed: Vec<EntityRef> = removed.iter().map(|name| format!("thing:e{name}").parse().unwrap()).collect();
    let mut model: BTreeMap<_, _> =
        base.iter().chain(changed).map(|entity| (entity.reference.clone(), entity.clone())).collect();
    removed.iter().for_each(|reference| drop(model.remove(reference)));
    let documents = |entities: &[Entity]| entities.iter().map(Entity::document).collect::<Vec<_>>();
    let layered = Index::build(documents(base)).with_changes(documents(changed), removed.clone());
    let mut one_by_one = Index::build(documents(base));
    for entity in changed {
        one_by_one = one_by_one.with_changes([entity.document()], []);
    }
    for reference in removed {
        one_by_one = one_by_one.with_changes([], [reference]);
    }
    let rebuilt = Index::build(model.values().map(Entity::document));
    (model, [layered, one_by_one, rebuilt])
}

proptest! {
    #[test]
    fn the_index_answers_as_a_naive_scan_does_and_changes_equal_a_rebuild(
        base in prop::collection::vec(entity(), 0..25),
        changed in prop::collection::vec(entity(), 0..12),
        removed in prop::collection::vec(0..30_u8, 0..6),
        filter in filter(),
        facet in prop::sample::select(KEYS.to_vec()),
    ) {
        let (model, indexes) = histories(&base, &changed, &removed);
        let found: Vec<&EntityRef> =
            model.values().filter(|entity| entity.matches(&filter)).map(|entity| &entity.reference).collect();
        let mut facets: BTreeMap<(String, String), usize> = BTreeMap::new();
        for entity in model.values().filter(|entity| entity.matches(&filter)) {
            for ((key, folded), original) in entity.rows() {
                if let (true, Some(folded), Some(original)) = (key == facet, folded, original) {
                    *facets.entry((folded.replace('\0', "\u{fffd}"), original.replace('\0', "\u{fffd}"))).or_default() += 1;
                }
            }
        }
        for index in &indexes {
            prop_assert_eq!(index.len(), model.len());
            prop_assert_eq!(&index.matching(&filter), &found);
            let counted: BTreeMap<(String, String), usize> = index
                .facets(facet, &filter)
                .iter()
                .map(|facet| ((facet.value.to_lowercase(), facet.value.to_owned()), facet.count))
                .collect();
            prop_assert_eq!(&counted, &facets);
        }
    }

    #[test]
    fn walking_the_pages_either_way_gives_the_whole_order(
        base in prop::collection::vec(entity(), 0..25),
        changed in prop::collection::vec(entity(), 0..12),
        removed in prop::collection::vec(0..30_u8, 0..6),
        filter in filter(),
        order in prop::collection::vec((prop::sample::select(KEYS.to_vec()), any::<bool>()), 0..3),
        term in "[ab]{0,2}",
        limit in 1..7_usize,
    ) {
        let (model, indexes) = histories(&base, &changed, &removed);
        let mut expected: Vec<&Entity> = model
            .values()
            .filter(|entity| entity.matches(&filter))
            .filter(|entity| entity.values("metadata.tags").iter().any(|tag| tag.contains(&term)) || term.is_empty())
            .collect();
        expected.sort_by(|a, b| {
            let field = |(key, descending): &(&str, bool)| {
                let smallest = |entity: &Entity| entity.values(key).into_iter().min().map(|v| v.replace('\0', "\u{fffd}"));
                match (smallest(a), smallest(b)) {
                    (Some(a), Some(b)) if *descending => b.cmp(&a),
                    (a, b) => (a.is_none(), a).cmp(&(b.is_none(), b)),
                }
            };
            order.iter().map(field).fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
        });
        let expected: Vec<&EntityRef> = expected.iter().map(|entity| &entity.reference).collect();
        let first = Query {
            text: Some(TextFilter::new(&term, Some(["metadata.tags"]))),
            order: order.iter().map(|(key, descending)| Order::by(key, *descending)).collect(),
            ..Query::new(filter, limit)
        };
        for index in &indexes {
            let mut page = index.page(&first);
            let mut forth = page.items.clone();
            while let Some(next) = &page.next {
                prop_assert_eq!(page.total, expected.len());
                page = index.page(&Query::from_cursor(next, limit).unwrap());
                forth.extend(page.items.iter().copied());
            }
            prop_assert_eq!(&forth, &expected);
            let mut back = page.items.clone();
            while let Some(previous) = &page.previous {
                page = index.page(&Query::from_cursor(previous, limit).unwrap());
                back.splice(0..0, page.items.iter().copied());
            }
            prop_assert_eq!(&back, &expected);
        }
    }
}

/// So many changes that they are merged into the base on the way.
#[test]
fn many_changes_equal_a_rebuild() {
    let service = |number: u32, version: u32| {
        let json = json!({
            "kind": "Component",
            "metadata": {"name": format!("S{number}"), "tags": [format!("t{}", number % 5), format!("V{version}")]},
            "spec": {"version": version, "next": [format!("thing:s{}", number + version)]},
        });
        Entity::new(&format!("thing:s{number}"), json).document()
    };
    let base = Index::build((0..1_500).map(|number| service(number, 1)));
    let changed = (700..3_300).step_by(2).map(|number| service(number, 2));
    let removed = (0..1_500).step_by(7).map(|number| format!("thing:s{number}").parse().unwrap());
    let index = base.with_changes(changed, removed);
    let version =
        |number: u32| match (number.is_multiple_of(7) && number < 1_500, number >= 700 && number.is_multiple_of(2)) {
            (true, _) => None,
            (false, true) => Some(2),
            (false, false) => (number < 1_500).then_some(1),
        };
    let rebuilt = Index::build((0..3_300).filter_map(|number| Some(service(number, version(number)?))));
    assert_eq!(index.len(), rebuilt.len());
    let filters = ["kind", "spec.version=1", "metadata.tags.v2,metadata.tags=t3", "spec.next.thing:s1501"];
    for filter in filters.map(|filter| Filter::parse([filter]).unwrap()) {
        assert_eq!(index.matching(&filter), rebuilt.matching(&filter));
        for key in ["spec.version", "metadata.tags", "metadata.name", "spec.next"] {
            assert_eq!(index.facets(key, &filter), rebuilt.facets(key, &filter));
        }
        let text = Some(TextFilter::new("v2 s15", None::<[&str; 0]>));
        let order = vec![Order::by("spec.version", true), Order::by("metadata.name", false)];
        let query = Query { text, order, ..Query::new(filter, 40) };
        assert_eq!(index.page(&query), rebuilt.page(&query));
    }
}
