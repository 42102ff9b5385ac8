//! Ranked search and picking by title.

use index::{Hit, TextDocument, TextIndex};
use proptest::prelude::*;

fn documents() -> Vec<TextDocument> {
    let document = |key, title, body| TextDocument::new(key, title).field(1, body);
    vec![
        document(
            "docs:checkout",
            "Checkout runbook",
            "What to do when the checkout fails: roll back, then call payments.",
        ),
        document("docs:payments", "Payments", "Payments takes money. The checkout calls it once; retries are safe."),
        document("docs:style", "Writing style", "Short sentences. Checkout the examples."),
        document("api:cart#getCartById", "getCartById", "Returns one cart"),
        document("entity:component:default/storefront", "Storefront", "The shop's front door. Owned by group web."),
    ]
}

/// The answers of an index where all documents are in the base, and of one where all are recent.
fn both() -> [TextIndex; 2] {
    [TextIndex::build(documents()), TextIndex::default().with_changes(documents(), [])]
}

fn keys(hits: &[Hit]) -> String {
    hits.iter().map(|hit| &*hit.key).collect::<Vec<_>>().join(" ")
}

fn check(query: &str, within: &str, expected: &str, words: &[&str]) {
    for index in both() {
        let hits = index.search(query, within, 10);
        assert_eq!(keys(&hits), expected, "{query}");
        assert!(hits.iter().all(|hit| hit.words == words), "{query} {hits:?}");
    }
}

#[test]
fn titles_weigh_more_than_bodies_and_all_words_more_than_some() {
    check("checkout", "", "docs:checkout docs:style docs:payments", &["checkout"]);
    check("Payments checkout", "", "docs:payments docs:checkout", &["payments", "checkout"]);
    check("storefront payments nowhere-to-be-seen", "entity:", "entity:component:default/storefront", &["storefront"]);
    check("", "", "", &[]);
    check("zzzzqqqq", "", "", &[]);
}

#[test]
fn beginnings_humps_and_slips_are_understood() {
    check("check", "docs:", "docs:checkout docs:style docs:payments", &["check"]);
    check("cart", "", "api:cart#getCartById", &["cart"]);
    check("getcart", "", "api:cart#getCartById", &["getcart"]);
    check("storefrnot", "", "entity:component:default/storefront", &["storefront"]);
    check("paymnets", "", "docs:payments docs:checkout", &["payments"]);
}

#[test]
fn a_changed_text_is_found_by_its_new_words_only() {
    for index in both() {
        let changed = index.with_changes([TextDocument::new("docs:style", "Tone")], ["docs:payments", "docs:none"]);
        assert_eq!(changed.len(), 4);
        assert_eq!(keys(&changed.search("tone", "", 9)), "docs:style");
        assert_eq!(keys(&changed.search("examples", "", 9)), "");
        assert_eq!(keys(&changed.search("money", "", 9)), "");
        assert_eq!(keys(&changed.pick("wrstyle", "", 9)), "");
        assert_eq!(keys(&index.search("money", "", 9)), "docs:payments");
    }
}

#[test]
fn titles_are_picked_by_a_few_of_their_letters() {
    for index in both() {
        assert_eq!(keys(&index.pick("gcbi", "", 9)), "api:cart#getCartById");
        assert_eq!(keys(&index.pick("st", "", 2)), "entity:component:default/storefront docs:style");
        assert_eq!(keys(&index.pick("c", "docs:", 1)), "docs:checkout");
        assert_eq!(index.pick("", "", 99).len(), 5);
    }
}

#[test]
fn of_a_text_only_the_beginning_is_read() {
    let long = "é".repeat(index::TEXT_BYTES_MAX);
    let document = TextDocument::new("k", "t").field(1, &long).field(1, "beyond");
    assert_eq!(TextIndex::build([document]).search("beyond", "", 9), []);
}

/// So many changes that they are merged into the base on the way.
#[test]
fn many_changes_equal_a_rebuild() {
    let document = |number: u32, word: &str| {
        TextDocument::new(&format!("k{number}"), &format!("Title {number}"))
            .field(1, &format!("{word} n{}", number % 9))
    };
    let base = TextIndex::build((0..1_500).map(|number| document(number, "old")));
    let removed: Vec<String> = (0..700).step_by(3).map(|number| format!("k{number}")).collect();
    let index =
        base.with_changes((700..3_000).map(|number| document(number, "new")), removed.iter().map(String::as_str));
    let kept = (0..700).filter(|number| number % 3 != 0).map(|number| document(number, "old"));
    let rebuilt = TextIndex::build(kept.chain((700..3_000).map(|number| document(number, "new"))));
    assert_eq!(index.len(), rebuilt.len());
    for query in ["old n3", "new n", "title 12", "tilte", "n7"] {
        assert_eq!(index.search(query, "", 50), rebuilt.search(query, "", 50), "{query}");
        assert_eq!(index.search(query, "k2", 50), rebuilt.search(query, "k2", 50), "{query}");
        assert_eq!(index.pick(query, "", 50), rebuilt.pick(query, "", 50), "{query}");
    }
}

proptest! {
    #[test]
    fn changes_equal_a_rebuild(
        base in prop::collection::vec((0..12_u8, "[ab]{1,2} [abc]{1,3}"), 0..10),
        changed in prop::collection::vec((0..12_u8, "[ab]{1,2} [abc]{1,3}"), 0..10),
        removed in prop::collection::vec(0..12_u8, 0..4),
        query in "[abc]{1,2}( [abc]{1,2})?",
    ) {
        let document = |(key, text): &(u8, String)| TextDocument::new(&format!("k{key}"), text);
        let removed: Vec<String> = removed.iter().map(|key| format!("k{key}")).collect();
        let layered = TextIndex::build(base.iter().map(document))
            .with_changes(changed.iter().map(document), removed.iter().map(String::as_str));
        let mut texts: std::collections::BTreeMap<u8, String> = base.iter().chain(&changed).cloned().collect();
        texts.retain(|key, _| !removed.contains(&format!("k{key}")));
        let rebuilt = TextIndex::build(texts.into_iter().map(|text| document(&text)));
        prop_assert_eq!(layered.pick(&query, "", 99), rebuilt.pick(&query, "", 99));
        let (layered, rebuilt) = (layered.search(&query, "", 99), rebuilt.search(&query, "", 99));
        prop_assert_eq!(&layered, &rebuilt);
    }
}
