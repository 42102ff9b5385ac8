use std::time::Instant;

use super::{Catalog, bundle, component};
use crate::*;

/// Thirty thousand components in files of a hundred, in a graph with teams and dependencies. One in ten has no runbook.
fn many() -> Vec<(String, String)> {
    let entity = |n: usize| match n % 100 {
        0 => format!(
            "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata:\n  name: team-{}\nspec:\n  type: team\n  children: \
             []\n  members: [jo]\n",
            n / 100
        ),
        _ => {
            let more =
                format!("  dependsOn: ['component:c{}', 'component:c{}']\n", n / 200 * 100 + 1, n / 300 * 100 + 2);
            let runbook = "  links:\n    - {url: 'https://acme.example/runbook'}\nspec:";
            let text = component(&format!("c{n}"), &more).replace("owner: pay", &format!("owner: team-{}", n / 100));
            if n % 10 == 5 { text } else { text.replace("spec:", runbook) }
        }
    };
    let file = |at: usize| {
        let entities: Vec<String> = (at * 100..(at + 1) * 100).map(entity).collect();
        (format!("{at}/catalog-info.yaml"), entities.join("---\n"))
    };
    (0..300).map(file).collect()
}

#[test]
fn thirty_thousand_entities_are_read_applied_searched_and_stored() {
    let files = many();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let mut took = Vec::new();
    let mut start = Instant::now();
    let mut lap = |what: &'static str| {
        took.push((what, start.elapsed().as_millis()));
        start = Instant::now();
    };
    let reading = read(&bundle(&files));
    lap("read");
    assert_eq!((reading.entities.len(), reading.errors()), (30_000, 0));
    let mut catalog = Catalog::default();
    let events = catalog.apply(reading.clone());
    lap("decide and fold");
    assert_eq!(events.len(), 30_001);
    assert_eq!(catalog.apply(reading), []);
    lap("apply again");
    let found = findings(&catalog.state);
    lap("findings");
    let count = |rule| found.iter().filter(|finding| finding.rule == rule).count();
    assert_eq!((count(FindingRule::NoRunbook), count(FindingRule::DanglingReference)), (3_000, 300));
    let packed = rmp_serde::to_vec_named(&catalog.state).unwrap();
    lap("pack");
    let unpacked: State = rmp_serde::from_slice(&packed).unwrap();
    lap("unpack");
    assert_eq!(unpacked.len(), 30_000);
    let snapshot = catalog.state.clone();
    lap("clone");
    assert_eq!(snapshot.upstream(&"component:c29999".parse().unwrap()).len(), 32);
    lap("upstream");
    // Unoptimised and on a busy machine; the real figures are the benchmark's.
    eprintln!("{took:?}, {} bytes packed", packed.len());
    assert!(took.iter().map(|(_, millis)| millis).sum::<u128>() < 120_000, "{took:?}");
}
