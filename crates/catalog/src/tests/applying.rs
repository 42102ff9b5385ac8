use super::{Catalog, bundle, component, context, kinds, reference, stamp};
use crate::*;

fn reading(files: &[(&str, &str)]) -> Reading {
    read(&bundle(files))
}

fn from_source(source: &str, text: &str) -> Reading {
    let mut bundle = bundle(&[("catalog-info.yaml", text)]);
    bundle.source = source.to_owned();
    read(&bundle)
}

#[test]
fn applying_adds_changes_and_removes_and_then_there_is_nothing_to_do() {
    let mut catalog = Catalog::default();
    let (cart, pay) = (component("cart", ""), component("pay", ""));
    let first = reading(&[("a.yaml", &cart), ("b.yaml", &pay)]);
    assert_eq!(kinds(&catalog.apply(first.clone())), ["entity_declared", "entity_declared", "source_applied"]);
    assert_eq!(kinds(&catalog.apply(first)), [""; 0]);

    let changed = component("cart", "  system: shop\n").replace("production", "deprecated");
    let events = catalog.apply(reading(&[("a.yaml", &changed)]));
    assert_eq!(kinds(&events), ["entity_changed", "entity_removed", "source_applied"]);
    assert_eq!(events[0].summary(), "changed spec.lifecycle and spec.system of the component cart");
    assert_eq!(events[1].summary(), "removed the component pay");
    assert_eq!(events[2].summary(), "applied the catalog shop: 0 added, 1 changed, 1 removed");
    assert_eq!(events[0].subjects(), [reference("component:default/cart")]);
    assert_eq!(catalog.state.len(), 1);
}

#[test]
fn errors_refuse_the_whole_unless_what_is_right_is_asked_for() {
    let good = component("cart", "");
    let both = reading(&[("a.yaml", &good), ("b.yaml", &component("my pay", ""))]);
    let apply = |partial| Command::Apply(Apply { reading: both.clone(), partial });
    let refusal = decide(&State::default(), apply(false), &context()).unwrap_err();
    assert_eq!(refusal.code.name, "catalog-invalid");
    assert_eq!(refusal.field.as_deref(), Some("b.yaml:4:9"));
    let events = decide(&State::default(), apply(true), &context()).unwrap();
    assert_eq!(kinds(&events), ["entity_declared", "source_applied"]);
    assert_eq!(events[1].summary(), "applied the catalog shop: 1 added, 0 changed, 0 removed, with 1 problem");
}

#[test]
fn what_a_broken_file_declared_stays_until_it_can_be_read_again() {
    let (cart, pay) = (component("cart", ""), component("pay", ""));
    let mut catalog = Catalog::of(&[("a.yaml", &cart), ("b.yaml", &pay)]);
    assert_eq!(
        kinds(&catalog.apply(reading(&[("a.yaml", &cart.replace("spec:", "spec: [")), ("b.yaml", &pay)]))),
        ["source_applied"]
    );
    let mut unreadable = bundle(&[("b.yaml", &pay)]);
    unreadable.problems.push(Problem::of_file(Rule::Unreadable, "a.yaml", "permission denied"));
    catalog.apply(read(&unreadable));
    assert_eq!(catalog.state.len(), 2);
    unreadable.problems = vec![Problem::of_file(Rule::Unreadable, "", "permission denied")];
    unreadable.files.clear();
    catalog.apply(read(&unreadable));
    assert_eq!(catalog.state.len(), 2, "a folder that can't be read takes nothing away");
    assert_eq!(kinds(&catalog.apply(reading(&[("b.yaml", &pay)]))), ["entity_removed", "source_applied"]);
}

#[test]
fn an_entity_belongs_to_the_source_that_declared_it_first() {
    let mut catalog = Catalog::default();
    catalog.apply(from_source("one", &component("cart", "")));
    let other = from_source("two", &component("cart", "  system: other\n"));
    assert_eq!(kinds(&catalog.apply(other.clone())), ["source_applied"]);
    assert_eq!(kinds(&catalog.apply(other.clone())), [""; 0]);
    let problem = &catalog.state.source("two").unwrap().problems[0];
    assert_eq!(problem.rule, Rule::OtherSource);
    let message = "component:default/cart belongs to the catalog one, in catalog-info.yaml:1";
    assert_eq!((problem.place().as_str(), problem.message.as_str()), ("catalog-info.yaml:1:1", message));

    catalog.apply(Reading { source: "one".into(), ..Reading::default() });
    assert_eq!(kinds(&catalog.apply(other)), ["entity_declared", "source_applied"]);
    assert_eq!(&*catalog.get("component:default/cart").descriptor.origin.source, "two");
}

#[test]
fn an_entity_that_only_moves_in_the_files_is_followed_without_noise() {
    let (cart, pay) = (component("cart", ""), component("pay", ""));
    let mut catalog = Catalog::of(&[("a.yaml", &pay)]);
    let events = catalog.apply(reading(&[("a.yaml", &format!("{cart}---\n{pay}"))]));
    assert_eq!(kinds(&events), ["entity_declared", "source_applied"]);
    assert_eq!(catalog.get("component:default/pay").descriptor.origin.line, 10);
}

#[test]
fn a_change_is_undone_and_stays_so_until_its_file_says_something_new() {
    let (old, new) = (component("cart", ""), component("cart", "  system: shop\n"));
    let mut catalog = Catalog::of(&[("a.yaml", &old)]);
    let change = catalog.apply(reading(&[("a.yaml", &new)])).remove(0);
    let undone = catalog.undo(&change).unwrap();
    assert_eq!(undone[0].summary(), "put back spec.system of the component cart");
    assert_eq!(catalog.get("component:default/cart").system, None);
    assert_eq!(catalog.undo(&change).unwrap_err().code.name, "conflict");

    // The file is as it was: the undo stands, and shows as drift.
    assert_eq!(kinds(&catalog.apply(reading(&[("a.yaml", &new)]))), [""; 0]);
    let drift: Vec<FindingRule> = findings(&catalog.state).iter().map(|finding| finding.rule).collect();
    assert!(drift.contains(&FindingRule::Drift));
    let plan = plan(&catalog.state, &Apply { reading: reading(&[("a.yaml", &new)]), partial: false });
    assert_eq!(plan.left_alone, [reference("component:default/cart")]);

    // The file is corrected to what is: nothing changes, and the drift is over.
    assert_eq!(kinds(&catalog.apply(reading(&[("a.yaml", &old)]))), ["source_applied"]);
    assert_eq!(catalog.state.drift().count(), 0);
    assert_eq!(kinds(&catalog.apply(reading(&[("a.yaml", &new)]))), ["entity_changed", "source_applied"]);
    assert_eq!(catalog.undo(&change).unwrap()[0].kind(), "catalog.entity_changed", "the same change, made again");
}

#[test]
fn additions_and_removals_are_undone_and_stay_so() {
    let (cart, pay) = (component("cart", ""), component("pay", ""));
    let mut catalog = Catalog::of(&[("a.yaml", &cart)]);
    let both = [("a.yaml", cart.as_str()), ("b.yaml", pay.as_str())];
    let added = catalog.apply(reading(&both)).remove(0);
    assert_eq!(catalog.undo(&added).unwrap()[0].summary(), "took the component pay out again");
    assert_eq!(kinds(&catalog.apply(reading(&both))), [""; 0]);
    assert_eq!(kinds(&catalog.apply(reading(&[("a.yaml", &cart)]))), ["source_applied"], "the file agrees now");
    assert_eq!(catalog.state.drift().count(), 0);

    let removed = catalog.apply(reading(&[])).remove(0);
    assert_eq!(catalog.undo(&removed).unwrap()[0].summary(), "put the component cart back");
    assert_eq!(kinds(&catalog.apply(reading(&[]))), [""; 0]);
    assert_eq!(catalog.state.len(), 1);
}

#[test]
fn undoing_refuses_where_the_world_has_moved_on_or_there_is_nothing_to_reverse() {
    let mut catalog = Catalog::of(&[("a.yaml", &component("cart", ""))]);
    let change = catalog.apply(reading(&[("a.yaml", &component("cart", "  system: a\n"))])).remove(0);
    let applied = catalog.apply(reading(&[("a.yaml", &component("cart", "  system: b\n"))])).remove(1);
    let refusal = catalog.undo(&change).unwrap_err();
    assert_eq!(refusal.code.name, "moved-on");
    assert!(refusal.detail.contains("component:default/cart was changed since"), "{refusal}");
    assert_eq!(catalog.undo(&applied).unwrap_err().code.name, "irreversible");
    catalog.apply(reading(&[]));
    assert_eq!(catalog.undo(&change).unwrap_err().detail, "component:default/cart was removed since");
}

#[test]
fn a_command_to_restore_is_checked_against_the_moment() {
    let catalog = Catalog::of(&[("a.yaml", &component("cart", ""))]);
    let entity = reference("component:default/cart");
    let current = catalog.state.get(&entity).unwrap().descriptor.clone();
    let refused = |from, to| decide(&catalog.state, Command::Restore { entity: entity.clone(), from, to }, &context());
    assert_eq!(refused(None, None).unwrap_err().code.name, "moved-on");
    let other = Descriptor { reference: reference("component:default/pay"), ..current.clone() };
    assert_eq!(refused(Some(current.digest), Some(other)).unwrap_err().code.name, "invalid");
    assert_eq!(refused(Some(current.digest), Some(current.clone())).unwrap(), []);
}

#[test]
fn docs_are_published_with_their_entity_and_go_with_it() {
    let cart = component("cart", "");
    let files =
        [("a/catalog-info.yaml", cart.as_str()), ("a/README.md", "# The cart"), ("a/docs/runbooks/full.md", "x")];
    let mut catalog = Catalog::default();
    assert_eq!(kinds(&catalog.apply(reading(&files))), ["entity_declared", "docs_published", "source_applied"]);
    let docs = catalog.state.docs(&reference("component:default/cart")).unwrap().clone();
    assert_eq!(
        docs.pages.iter().map(|page| (&*page.path, &*page.title, page.runbook)).collect::<Vec<_>>(),
        [("README.md", "The cart", false), ("docs/runbooks/full.md", "full.md", true)]
    );
    assert_eq!(kinds(&catalog.apply(reading(&files))), [""; 0]);
    let gone = catalog.apply(reading(&files[..1]));
    assert_eq!(kinds(&gone), ["docs_published", "source_applied"]);
    assert_eq!(gone[0].summary(), "removed the docs of cart");
    catalog.apply(reading(&files));
    catalog.apply(reading(&[]));
    assert_eq!(catalog.state.all_docs().count(), 0);
}

#[test]
fn events_and_the_state_survive_being_written_and_read() {
    let mut catalog = Catalog::of(&[("a.yaml", &component("cart", "")), ("README.md", "# Shop")]);
    let mut events = catalog.apply(reading(&[("a.yaml", &component("cart", "  dependsOn: ['resource:db']\n"))]));
    events.extend(catalog.undo(&events[0].clone()).unwrap());
    for event in &events {
        let json = serde_json::to_string(event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), *event);
        let packed = rmp_serde::to_vec_named(event).unwrap();
        assert_eq!(rmp_serde::from_slice::<Event>(&packed).unwrap(), *event);
    }
    let packed = rmp_serde::to_vec_named(&catalog.state).unwrap();
    let mut unpacked: State = rmp_serde::from_slice(&packed).unwrap();
    assert_eq!(rmp_serde::to_vec_named(&unpacked).unwrap(), packed);
    assert_eq!(unpacked.drift().count(), 1);
    let again = Command::Apply(Apply { reading: reading(&[("b.yaml", &component("cart", ""))]), partial: true });
    for event in decide(&unpacked, again.clone(), &context()).unwrap() {
        unpacked.fold(&event, &stamp(9));
    }
    assert_eq!(serde_json::from_str::<Command>(&serde_json::to_string(&again).unwrap()).unwrap(), again);
}

#[test]
fn a_bundle_survives_being_sent_as_json_and_can_not_lead_out_of_its_folder() {
    let mut sent = bundle(&[("a.yaml", "é")]);
    sent.files.push(BundleFile { path: "logo.png".to_owned(), bytes: vec![0xff, 0].into() });
    let json = serde_json::to_string(&sent).unwrap();
    assert!(json.contains(r#""text":"é""#) && json.contains(r#""base64":"/wA=""#), "{json}");
    assert_eq!(serde_json::from_str::<Bundle>(&json).unwrap(), sent);
    for bad in [r#"{"path":"../a","text":""}"#, r#"{"path":"a"}"#, r#"{"path":"a","base64":"%"}"#] {
        assert!(serde_json::from_str::<BundleFile>(bad).is_err(), "{bad}");
    }
}

fn by_hand(extra: &str) -> Descriptor {
    from_source(Origin::BY_HAND, &component("till", extra)).entities.remove(0)
}

#[test]
fn what_is_made_by_hand_outlives_every_folder_and_is_changed_removed_and_undone_like_the_rest() {
    let mut catalog = Catalog::of(&[("a.yaml", &component("cart", ""))]);
    let (first, second) = (by_hand(""), by_hand("  system: shop\n"));
    let declare = |entity: &Descriptor, from| Command::Declare { entity: entity.clone(), from };
    let made = catalog.ask(declare(&first, None)).unwrap();
    assert_eq!(kinds(&made), ["entity_declared"]);
    assert_eq!(catalog.ask(declare(&second, None)).unwrap_err().code.name, "moved-on", "it is there already");
    assert_eq!(kinds(&catalog.ask(declare(&second, Some(first.digest))).unwrap()), ["entity_changed"]);
    assert_eq!(kinds(&catalog.ask(declare(&second, Some(second.digest))).unwrap()), [""; 0]);
    assert_eq!(
        catalog.ask(declare(&first, Some(first.digest))).unwrap_err().code.name,
        "moved-on",
        "somebody was faster"
    );

    assert_eq!(kinds(&catalog.apply(reading(&[]))), ["entity_removed", "source_applied"], "the folder's own is gone");
    assert_eq!(catalog.state.len(), 1, "and what was made by hand stays");
    catalog.apply(from_source("two", &component("till", "")));
    assert_eq!(catalog.state.source("two").unwrap().problems[0].rule, Rule::OtherSource, "it is nobody else's");

    let till = reference("component:default/till");
    let gone = catalog.ask(Command::Withdraw { entity: till.clone() }).unwrap();
    assert_eq!((kinds(&gone), catalog.state.len()), (vec!["entity_removed"], 0));
    assert_eq!(catalog.ask(Command::Withdraw { entity: till }).unwrap_err().code.name, "not-found");
    assert_eq!(kinds(&catalog.undo(&gone[0]).unwrap()), ["entity_declared"]);
    assert_eq!(catalog.state.drift().count(), 0, "no file says otherwise");
}

#[test]
fn what_a_folder_declares_is_not_changed_by_hand_nor_a_folder_taken_for_hands() {
    let mut catalog = Catalog::of(&[("a.yaml", &component("till", ""))]);
    let till = reference("component:default/till");
    let refusal = catalog.ask(Command::Withdraw { entity: till.clone() }).unwrap_err();
    assert_eq!(
        (refusal.code.name, refusal.detail.as_str()),
        ("conflict", "till is declared in the catalog shop, in a.yaml:1")
    );
    let current = catalog.state.get(&till).unwrap().descriptor.digest;
    let declare = Command::Declare { entity: by_hand("  system: shop\n"), from: Some(current) };
    assert_eq!(catalog.ask(declare).unwrap_err().code.name, "conflict");
    let foreign = from_source("two", &component("pay", "")).entities.remove(0);
    assert_eq!(catalog.ask(Command::Declare { entity: foreign, from: None }).unwrap_err().code.name, "invalid");
    let folder = from_source(Origin::BY_HAND, "");
    let apply = Command::Apply(Apply { reading: folder, partial: true });
    assert_eq!(catalog.ask(apply).unwrap_err().field.as_deref(), Some("source"));
}
