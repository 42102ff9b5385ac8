use std::{collections::BTreeMap, path::PathBuf};

use crate::*;

/// Reads a folder of real catalogs; nothing, said aloud, where they are not there.
fn corpus(folder: &str) -> Option<Bundle> {
    let root = std::env::var_os("MAINSTAY_CORPORA").map(PathBuf::from);
    let root = root.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora"));
    let root = root.join("backstage").join(folder);
    let Ok(entries) = std::fs::read_dir(&root) else {
        eprintln!("skipped: {} is not there", root.display());
        return None;
    };
    let files = entries.map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        BundleFile { path: name, bytes: std::fs::read(&path).unwrap().into() }
    });
    Some(Bundle { source: folder.to_owned(), files: files.collect(), problems: Vec::new() })
}

fn check(folder: &str, kinds: &[(&str, usize)], problems: &[(Rule, usize)]) {
    let Some(bundle) = corpus(folder) else { return };
    let reading = read(&bundle);
    let (mut by_kind, mut by_rule) = (BTreeMap::new(), BTreeMap::new());
    for entity in &reading.entities {
        *by_kind.entry(entity.reference.kind()).or_default() += 1;
    }
    for problem in &reading.problems {
        *by_rule.entry(problem.rule).or_default() += 1;
    }
    assert_eq!(by_kind.into_iter().collect::<Vec<_>>(), kinds, "{folder}");
    assert_eq!(by_rule.into_iter().collect::<Vec<_>>(), problems, "{folder}: {:#?}", reading.problems);
}

#[test]
fn the_catalog_of_giant_swarm_is_read() {
    // 75 components and 18 APIs, of which some stand twice in the same file: Backstage keeps one, and says nothing.
    check("giantswarm", &[("api", 16), ("component", 68), ("group", 12)], &[(Rule::Repeated, 9)]);
}

#[test]
fn the_catalog_of_the_backstage_demo_is_read() {
    // Backstage would fetch the definition.
    check("demo", &[("airesource", 6), ("api", 2), ("component", 1)], &[(Rule::SubstitutionRemote, 1)]);
}

#[test]
fn the_example_of_incident_io_is_read_but_for_the_api_without_a_name() {
    let problems = [(Rule::MissingField, 1), (Rule::SubstitutionRemote, 1)];
    check("incident-io", &[("component", 1), ("group", 1), ("user", 1)], &problems);
}
