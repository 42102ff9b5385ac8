//! The example catalogs: they load, and what is wrong with them is what is meant to be.

use std::{
    fs,
    path::{Path, PathBuf},
};

use catalog::{Bundle, BundleFile, FindingRule, Reading, State};
use company::Service;
use kernel::{Actor, Context, EntityRef, IdSeed, Stamp, Timestamp};

use crate::Stage;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}

fn gather(root: &Path, folder: &Path, files: &mut Vec<BundleFile>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(root, &path, files);
        } else {
            let bytes = fs::read(&path).unwrap().into();
            files.push(BundleFile { path: path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), bytes });
        }
    }
}

fn read(name: &str) -> Reading {
    let mut bundle = Bundle { source: name.to_owned(), ..Bundle::default() };
    gather(&folder(name), &folder(name), &mut bundle.files);
    catalog::read(&bundle)
}

/// The catalog after these files were applied.
fn applied(reading: Reading) -> State {
    let context = Context::new(Timestamp::UNIX_EPOCH, Actor::mainstay("test"), IdSeed(1));
    let apply = catalog::Apply { reading, partial: false };
    let events = catalog::decide(&State::default(), catalog::Command::Apply(apply), &context).unwrap();
    let mut state = State::default();
    for (position, event) in (1..).zip(&events) {
        state.fold(event, &stamp(position, &context));
    }
    state
}

fn stamp(position: u64, context: &Context) -> Stamp {
    let Context { now: at, actor, command, .. } = context.clone();
    Stamp { position, event: context.id(), command, at, actor, reason: None }
}

fn check_reads_without_a_problem(name: &str) {
    let reading = read(name);
    assert_eq!(reading.problems, []);
    for entity in &reading.entities {
        let (reference, spec) = (entity.reference.clone(), entity.json()["spec"].clone());
        let problems = match reference.kind() {
            "check" => checks::CheckDefinition::from_spec(reference, &spec).err(),
            "rotation" => oncall::Rotation::from_spec(reference, &spec).err(),
            "flag" => flags::Definition::from_spec(reference, None, &spec).err(),
            _ => None,
        };
        assert_eq!(problems, None, "{}:{}", entity.origin.path, entity.origin.line);
    }
}

#[test]
fn the_demo_reads_without_a_problem() {
    check_reads_without_a_problem("demo");
}

#[test]
fn every_api_of_the_demo_can_be_read_as_a_reference() {
    let state = applied(read("demo"));
    for api in state.of_kind("api") {
        let definition = api.api_definition().unwrap();
        let kind = reference::detect(&definition.format, &definition.text).unwrap();
        let reference = reference::parse(kind, &definition.text).unwrap();
        assert_eq!(reference.warnings, Vec::<String>::new(), "{}", api.name);
    }
    assert_eq!(state.of_kind("api").count(), 15);
}

#[test]
fn the_minimal_catalog_reads_without_a_problem_and_lacks_nothing() {
    check_reads_without_a_problem("minimal");
    assert_eq!(catalog::findings(&applied(read("minimal"))), []);
}

#[test]
fn what_is_wrong_with_the_demo_is_what_its_readme_says() {
    let state = applied(read("demo"));
    let mut found: Vec<(FindingRule, String)> = catalog::findings(&state)
        .into_iter()
        .map(|finding| (finding.rule, finding.subject.map_or_else(String::new, |subject| subject.to_string())))
        .collect();
    found.sort();
    let listed: Vec<(&str, &str)> = found.iter().map(|(rule, subject)| (rule.id(), subject.as_str())).collect();
    assert_eq!(
        listed,
        [
            ("owner-unknown", "api:default/reviews-api"),
            ("owner-unknown", "component:default/reviews"),
            ("dangling-reference", "component:default/ads"),
            ("codeowners-conflict", "api:default/letters-api"),
            ("codeowners-conflict", "component:default/email"),
            ("codeowners-conflict", "flag:default/paperless-letters"),
            ("no-runbook", "component:default/cart"),
            ("no-runbook", "component:default/email"),
            ("no-runbook", "component:default/recommendations"),
            ("no-runbook", "component:default/reviews"),
            ("no-runbook", "component:default/search"),
            ("deprecated-in-use", "api:default/shipping-quotes-v1"),
        ]
    );
}

#[test]
fn every_running_service_is_in_the_catalog_with_its_hooks() {
    let state = applied(read("demo"));
    for service in Service::ALL {
        let reference = EntityRef::new("component", "default", service.name()).unwrap();
        let component = state.get(&reference).unwrap();
        assert!(component.annotation("mainstay.dev/deploy-hook").is_some(), "{reference}");
        assert!(component.annotation("mainstay.dev/config-hook").is_some(), "{reference}");
    }
}

#[tokio::test]
async fn localised_files_name_no_placeholder_any_more() {
    let stage = Stage::new().await;
    let mut files = Vec::new();
    gather(&folder("demo/services"), &folder("demo/services"), &mut files);
    for file in files {
        let text = stage.company.localise(file.text().unwrap());
        assert!(!text.contains(".shop.invalid"), "{}", file.path);
    }
}
