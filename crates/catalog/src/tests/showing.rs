use proptest::prelude::*;
use serde_json::json;

use super::{Catalog, bundle, component, reference};
use crate::*;

#[test]
fn a_plan_shows_what_would_be_added_changed_and_removed() {
    let catalog = Catalog::of(&[("a.yaml", &component("cart", "")), ("b.yaml", &component("old", ""))]);
    let cart = component("cart", "  dependsOn: ['resource:db']\n").replace("production", "deprecated");
    let db = "apiVersion: backstage.io/v1alpha1\nkind: Resource\nmetadata:\n  name: db\n  annotations: {a.io/b: c}\nspec: \
              {type: database, owner: pay}\n";
    let reading = read(&bundle(&[("a.yaml", &cart), ("c.yaml", db)]));
    let plan = plan(&catalog.state, &Apply { reading, partial: false });
    let expected = "\
~ component:default/cart  (a.yaml:1)
    ~ spec.lifecycle  \"production\" -> \"deprecated\"
    + spec.dependsOn  [\"resource:db\"]

- component:default/old  (b.yaml:1)
    - apiVersion  \"backstage.io/v1alpha1\"
    - kind        \"Component\"
    - metadata    {\"name\":\"old\"}
    - spec        {\"type\":\"service\",\"lifecycle\":\"production\",\"owner\":\"pay\"}

+ resource:default/db  (c.yaml:1)
    + apiVersion  \"backstage.io/v1alpha1\"
    + kind        \"Resource\"
    + metadata    {\"name\":\"db\",\"annotations\":{\"a.io/b\":\"c\"}}
    + spec        {\"type\":\"database\",\"owner\":\"pay\"}

Plan: 1 to add, 1 to change, 1 to remove.
";
    assert_eq!(plan.to_text(), expected);
    assert_eq!(serde_json::from_str::<Plan>(&serde_json::to_string(&plan).unwrap()).unwrap(), plan);
    let same = read(&bundle(&[("a.yaml", &component("cart", "")), ("b.yaml", &component("old", ""))]));
    let nothing = super::super::plan(&catalog.state, &Apply { reading: same, partial: false });
    assert_eq!(nothing.to_text(), "Nothing to do: the catalog says what shop says.\n");
}

#[test]
fn the_graph_is_asked_from_both_ends() {
    let front = component("front", "  consumesApis: [cart]\n  system: shop\n");
    let cart = component("cart", "  providesApis: [cart]\n  dependsOn: ['resource:db']\n");
    let part = component("part", "  subcomponentOf: cart\n  dependencyOf: ['component:front']\n");
    let check_file =
        "apiVersion: mainstay.dev/v1alpha1\nkind: Check\nmetadata: {name: home}\nspec: {target: front, owner: pay}\n";
    let catalog = Catalog::of(&[("a.yaml", &front), ("b.yaml", &cart), ("c.yaml", &part), ("d.yaml", check_file)]);
    let shown = |reached: Vec<Reached>| -> Vec<String> {
        let shown =
            |step: Reached| format!("{} {} {} {}", step.distance, step.from.short(), step.relation, step.entity);
        reached.into_iter().map(shown).collect()
    };
    assert_eq!(
        shown(catalog.state.upstream(&reference("check:home"))),
        [
            "1 home checks component:default/front",
            "2 front consumesApi api:default/cart",
            "2 front dependsOn component:default/part",
            "3 cart apiProvidedBy component:default/cart",
            "4 cart dependsOn resource:default/db",
        ]
    );
    assert_eq!(
        shown(catalog.state.downstream(&reference("resource:db"))),
        [
            "1 db dependencyOf component:default/cart",
            "2 cart providesApi api:default/cart",
            "3 cart apiConsumedBy component:default/front",
            "4 front partOf system:default/shop",
            "4 front checkedBy check:default/home",
        ]
    );
    let names: Vec<_> = catalog.state.of_kind("Component").map(|entity| &*entity.name).collect();
    assert_eq!(names, ["cart", "front", "part"]);
    assert_eq!(catalog.state.related(&reference("group:pay"), Relation::OwnerOf).len(), 4);
    assert_eq!(catalog.state.owner_of(&reference("check:home")), Some(reference("group:pay")));
}

#[test]
fn members_are_known_whoever_declares_them() {
    let text = "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: pay}\nspec: {type: team, children: [], \
                members: [jo, al]}\n---\napiVersion: backstage.io/v1alpha1\nkind: User\nmetadata: {name: jo}\nspec: {memberOf: \
                [pay]}\n---\napiVersion: backstage.io/v1alpha1\nkind: User\nmetadata: {name: zoe}\nspec: {memberOf: [pay]}\n";
    let catalog = Catalog::of(&[("catalog-info.yaml", text)]);
    let members: Vec<_> = catalog.state.members(&reference("group:pay"));
    assert_eq!(members.iter().map(|member| member.name()).collect::<Vec<_>>(), ["al", "jo", "zoe"]);
}

#[test]
fn an_entity_is_shown_as_backstage_shows_it() {
    let cart =
        component("Cart", "  system: shop\n  ours: {kept: true}\n").replace("  name", "  labels: {a: b}\n  name");
    let catalog = Catalog::of(&[("svc/catalog-info.yaml", &cart)]);
    let shown = to_backstage_json(&catalog.state, &reference("component:cart")).unwrap();
    let etag = shown["metadata"]["etag"].as_str().unwrap().to_owned();
    assert_eq!(etag.len(), 40);
    let expected = json!({
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {
            "labels": {"a": "b"},
            "name": "Cart",
            "namespace": "default",
            "uid": "74e88031-2982-8a16-a605-1d7191862408",
            "etag": etag,
            "annotations": {
                "backstage.io/managed-by-location": "file:shop/svc/catalog-info.yaml",
                "backstage.io/managed-by-origin-location": "file:shop/svc/catalog-info.yaml",
            },
        },
        "spec": {"type": "service", "lifecycle": "production", "owner": "pay", "system": "shop", "ours": {"kept": true}},
        "relations": [
            {"type": "ownedBy", "targetRef": "group:default/pay"},
            {"type": "partOf", "targetRef": "system:default/shop"},
        ],
    });
    assert_eq!(shown, expected);
    assert_eq!(to_backstage_json(&catalog.state, &reference("component:none")), None);
}

#[test]
fn people_are_led_to_the_runbook_the_chat_and_the_definition() {
    let metadata = "  links:\n    - {url: 'https://a.example/x', type: Runbook}\n    - {url: 'https://a.example/Playbook'}\n    \
                    - {url: 'https://a.example/chat', type: slack}\n";
    let cart = component("cart", "").replace("spec:", &format!("{metadata}spec:"));
    let annotated =
        cart.replace("  links:", "  annotations: {slack.com/channel: '#cart'}\n  links:").replace("cart", "pay");
    let catalog = Catalog::of(&[("a.yaml", &cart), ("b.yaml", &annotated)]);
    let cart = catalog.get("component:cart");
    assert_eq!(
        cart.runbook_links().map(|link| link.label()).collect::<Vec<_>>(),
        ["https://a.example/x", "https://a.example/Playbook"]
    );
    let docs = DocSet {
        pages: read(&bundle(&[("catalog-info.yaml", &component("x", "")), ("docs/runbooks/r.md", "# R")])).docs[0]
            .pages
            .clone(),
        ..DocSet::none(cart.reference().clone())
    };
    let mut catalog = catalog;
    catalog.fold(&[Event::DocsPublished { docs }]);
    let runbooks: Vec<_> = catalog.state.runbooks(cart.reference()).into_iter().map(|runbook| runbook.target).collect();
    assert_eq!(
        runbooks,
        [
            RunbookTarget::Docs("docs/runbooks/r.md".to_owned()),
            RunbookTarget::Url("https://a.example/x".to_owned()),
            RunbookTarget::Url("https://a.example/Playbook".to_owned()),
        ]
    );
    assert_eq!(cart.chat().as_deref(), Some("https://a.example/chat"));
    assert_eq!(catalog.get("component:pay").chat().as_deref(), Some("#pay"));
    assert_eq!(cart.api_definition(), None);
    let api = "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata: {name: x}\nspec: {type: GraphQL, lifecycle: x, owner: \
               pay, definition: 'type Query { a: Int }'}\n";
    let definition = Catalog::of(&[("a.yaml", api)]).get("api:x").api_definition().unwrap();
    assert_eq!((definition.format.as_str(), definition.text.as_str()), ("graphql", "type Query { a: Int }"));
}

#[test]
fn mkdocs_declares_where_the_docs_are_and_in_which_order() {
    let mkdocs = "site_name: Cart\ndocs_dir: manual\nnav:\n  - Start: index.md\n  - Run it:\n      - runbooks/a.md\n      - gone.md\n  \
                  - Elsewhere: https://acme.example\n";
    let files = [
        ("catalog-info.yaml", component("cart", "")),
        ("mkdocs.yml", mkdocs.to_owned()),
        ("manual/index.md", "# Welcome\n".to_owned()),
        ("manual/runbooks/a.md", "text\n# How to restart #\n".to_owned()),
        ("manual/unlisted.md", "x".to_owned()),
        ("manual/logo.svg", "<svg/>".to_owned()),
        ("README.md", "# not of the docs".to_owned()),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let reading = read(&bundle(&files));
    let docs = &reading.docs[0];
    assert_eq!(docs.title.as_deref(), Some("Cart"));
    assert_eq!(
        docs.pages.iter().map(|page| (&*page.path, &*page.title)).collect::<Vec<_>>(),
        [("index.md", "Start"), ("runbooks/a.md", "How to restart"), ("unlisted.md", "unlisted.md")]
    );
    assert_eq!(
        serde_json::to_value(&docs.nav).unwrap(),
        json!([
            {"title": "Start", "path": "index.md"},
            {"title": "Run it", "children": [{"title": "How to restart", "path": "runbooks/a.md"}]},
        ])
    );
    assert_eq!(docs.first_page().unwrap().path, "index.md".into());
    assert_eq!(docs.images.len(), 1);
    assert_eq!(reading.blobs.len(), 4);
    assert_eq!(reading.problems[0].message, "the navigation names \"gone.md\", but there is no such page");
}

#[test]
fn docs_are_found_by_annotation_even_from_afar() {
    let cart =
        component("cart", "").replace("spec:", "  annotations: {backstage.io/techdocs-ref: 'dir:../cart'}\nspec:");
    let files = [("catalog/a.yaml", cart.as_str()), ("catalog/b.yaml", &component("pay", "")), ("cart/docs/x.md", "x")];
    let docs = read(&bundle(&files)).docs;
    assert_eq!(docs.iter().map(|docs| docs.entity.name()).collect::<Vec<_>>(), ["cart"]);
}

#[test]
fn an_export_goes_back_to_the_files_of_each_source() {
    let mut catalog = Catalog::of(&[("a/x.yaml", &format!("{}---\n{}", component("b", ""), component("a", "")))]);
    let files = export(&catalog.state).unwrap();
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].0, "a/x.yaml");
    assert_eq!(files[0].1, format!("{}---\n{}", component("b", ""), component("a", "")));
    let mut other = bundle(&[("x.yaml", &component("c", ""))]);
    other.source = "/srv/shop".to_owned();
    catalog.apply(read(&other));
    let paths: Vec<String> = export(&catalog.state).unwrap().into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["shop-2/a/x.yaml", "shop/x.yaml"]);
}

/// Any JSON that a descriptor may carry.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let text = prop_oneof![
        "[ -~éß\u{1F600}]{0,20}",
        "(true|no|~|null|1|0x1|1e3|-|---|\\.\\.\\.|#|: |a: b|\\[|\\{|&a|\\*a|!t|%|@|`|\\| |> |- x|\\?|<<|=|2026-01-01|.inf)",
        "[ \ta-c\n:#-]{0,30}",
    ];
    let scalar = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        text.clone().prop_map(Into::into),
    ];
    scalar.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::vec((text.clone(), inner), 0..4)
                .prop_map(|pairs| serde_json::Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn reading_an_export_gives_the_same_documents(extra in any_json(), more in any_json()) {
        let document = json!({
            "apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": {"name": "cart", "x-extra": more},
            "spec": {"type": "service", "lifecycle": "production", "owner": "pay", "x-extra": extra},
        });
        let text = yaml::write(&document).unwrap();
        let first = read(&bundle(&[("a.yaml", &text)]));
        prop_assert_eq!(first.errors(), 0, "{:#?}\n{}", first.problems, text);
        prop_assert_eq!(first.entities[0].json(), document, "{}", text);
        let mut catalog = Catalog::default();
        catalog.apply(first.clone());
        let exported = export(&catalog.state).unwrap();
        let files: Vec<(&str, &str)> = exported.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        prop_assert_eq!(read(&bundle(&files)).entities, first.entities);
    }
}
