use std::time::Instant;

use proptest::prelude::*;

use super::{bundle, component, read_one};
use crate::*;

fn check(text: &str, rule: Rule) -> Problem {
    let reading = read_one(text);
    let problem = reading.problems.iter().find(|problem| problem.rule == rule);
    problem.unwrap_or_else(|| panic!("{rule:?} is not among {:#?}", reading.problems)).clone()
}

#[test]
fn an_alias_bomb_of_ten_thousand_steps_is_refused_in_a_moment() {
    let mut wide = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    let mut deep = "a0: &a0 [x]\n".to_owned();
    for step in 1..=10_000 {
        let before = step - 1;
        wide.push_str(&format!("a{step}: &a{step} [*a{before}, *a{before}]\n"));
        deep.push_str(&format!("a{step}: &a{step} [*a{before}]\n"));
    }
    let start = Instant::now();
    check(&wide, Rule::TooManyValues);
    check(&deep, Rule::TooDeep);
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

#[test]
fn nesting_is_bounded_in_both_styles() {
    check(&format!("a: {}x{}", "[".repeat(10_000), "]".repeat(10_000)), Rule::TooDeep);
    let block: String = (0..500).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    check(&block, Rule::TooDeep);
}

#[test]
fn a_file_of_a_hundred_megabytes_is_refused_without_being_parsed() {
    let mut text = component("cart", "  x: |\n");
    text.push_str(&"    0123456789abcdef\n".repeat(5_000_000));
    let problem = check(&text, Rule::FileTooLarge);
    assert_eq!(problem.place(), "catalog-info.yaml");
    let elsewhere = read(&bundle(&[("other.yaml", &text)]));
    assert_eq!(elsewhere.problems.len(), 1);
    assert_eq!(read(&bundle(&[("dump.yaml", &text.replace("backstage.io", "apps"))])).problems, []);
}

#[test]
fn invalid_utf_8_is_named_by_its_byte_and_line() {
    let bytes = [component("cart", "").as_bytes(), b"  note: caf\xe9\n"].concat();
    let at = bytes.len() - 2;
    let files = vec![BundleFile { path: "catalog-info.yaml".to_owned(), bytes: bytes.into() }];
    let reading = read(&Bundle { source: "shop".to_owned(), files, problems: Vec::new() });
    let [problem] = reading.problems.as_slice() else { panic!("{:#?}", reading.problems) };
    assert_eq!((problem.rule, problem.place().as_str()), (Rule::NotUtf8, "catalog-info.yaml:9:12"));
    assert!(problem.message.contains(&format!("byte {at} ")), "{}", problem.message);
}

#[test]
fn a_broken_document_does_not_take_the_others_with_it() {
    let text = format!("{}---\nkind: [\n---\n{}", component("cart", ""), component("pay", ""));
    let reading = read_one(&text);
    let names: Vec<_> = reading.entities.iter().map(|entity| entity.reference.name()).collect();
    assert_eq!(names, ["cart", "pay"]);
    assert_eq!(reading.problems.iter().map(|problem| problem.rule).collect::<Vec<_>>(), [Rule::Syntax]);
}

#[test]
fn a_document_with_a_key_twice_is_left_out_alone() {
    let twice = component("cart", "  type: library\n");
    let text = format!("{}---\n{twice}---\n{}---\n{}", component("a", ""), component("b", ""), component("c", ""));
    let reading = read_one(&text);
    let names: Vec<_> = reading.entities.iter().map(|entity| entity.reference.name()).collect();
    assert_eq!(names, ["a", "b", "c"]);
}

#[test]
fn a_file_with_endless_problems_shows_some_and_accepts_nothing_unseen() {
    let text: Vec<String> = (0..2_000).map(|n| component(&format!("c {n}"), "")).collect();
    let reading = read_one(&text.join("---\n"));
    assert_eq!((reading.entities.len(), reading.problems.len()), (0, 501));
    assert_eq!(reading.problems[0].message, "1500 more problems of this file are not shown");
}

#[test]
fn aliases_of_many_files_are_counted_together() {
    let bomb = format!("a: &a [{}]\nb: [{}]\n", "x,".repeat(600), "*a,".repeat(600));
    let files: Vec<(String, &str)> = (0..30).map(|n| (format!("{n}/catalog-info.yaml"), bomb.as_str())).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let reading = read(&bundle(&files));
    let refused = reading.problems.iter().filter(|problem| problem.rule == Rule::TooManyValues).count();
    assert!((1..20).contains(&refused), "{refused}");
}

#[test]
fn what_is_included_is_bounded_as_well() {
    let deep = format!("{}1{}", "[".repeat(70), "]".repeat(70));
    let text = component("cart", "  x: {$json: deep.json}\n");
    let reading = read(&bundle(&[("catalog-info.yaml", &text), ("deep.json", &deep)]));
    assert_eq!((reading.entities.len(), reading.problems[0].rule), (0, Rule::TooDeep));

    let large = "x".repeat(3_000_000);
    let text = component("cart", "  x: [{$text: l}, {$text: l}, {$text: l}]\n");
    let reading = read(&bundle(&[("catalog-info.yaml", &text), ("l", &large)]));
    assert_eq!((reading.entities.len(), reading.problems[0].rule), (0, Rule::DocumentTooLarge));
    let many: Vec<String> = (0..50).map(|n| component(&format!("c{n}"), "  x: {$text: l}\n")).collect();
    let reading = read(&bundle(&[("catalog-info.yaml", &many.join("---\n")), ("l", &large)]));
    assert_eq!((reading.entities.len(), reading.problems[0].rule), (44, Rule::SubstitutionContent));
}

proptest! {
    #[test]
    fn no_bytes_make_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let files = ["catalog-info.yaml", "mkdocs.yml", "CODEOWNERS", "docs/a.md"];
        let file = |path: &&str| BundleFile { path: (*path).to_owned(), bytes: bytes.clone().into() };
        let _ = read(&Bundle { source: String::new(), files: files.iter().map(file).collect(), problems: Vec::new() });
    }

    #[test]
    fn no_yaml_makes_reading_panic(text in "(apiVersion: backstage.io/v1alpha1\n)?(kind: (Component|API|Location)\n)?([a-z&*!|>'\"{}\\[\\]:,# \n-]{0,60}\n(metadata|spec|  name|  tags|  target|  \\$text): ?){0,8}") {
        let _ = read_one(&text);
    }
}
