use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{
    ranges::{Range, listed, uncovered},
    rules::{self, Rule},
};
use crate::Level;

fn ranges(pairs: &[(i64, i64)]) -> Vec<Range> {
    pairs.iter().filter_map(|(first, last)| Range::new(*first, *last)).collect()
}

/// Asserts what is missing, as it is listed: `range: missing`.
fn check(earlier: &[(i64, i64)], later: &[(i64, i64)], expected: &[&str]) {
    let missing = uncovered(&ranges(earlier), &ranges(later));
    let missing: Vec<String> = missing.iter().map(|(range, missing)| format!("{range}: {}", listed(missing))).collect();
    assert_eq!(missing, expected);
}

#[test]
fn what_of_a_range_is_missing_is_listed() {
    check(&[(1, 9)], &[], &["1 to 9: 1 to 9"]);
    check(&[(1, 9)], &[(2, 3), (7, 7)], &["1 to 9: 1, 4 to 6, 8 to 9"]);
    check(&[(1, 1), (5, 9)], &[(0, 7), (12, 90)], &["5 to 9: 8 to 9"]);
    check(&[(-5, 5)], &[(-9, 0), (1, 9)], &[]);
    check(&[(1, i64::from(i32::MAX))], &[(1, 99)], &["1 to 2147483647: 100 to 2147483647"]);
}

#[test]
fn at_most_eight_holes_are_listed() {
    let every_second: Vec<(i64, i64)> = (0..50).map(|at| (at * 2, at * 2)).collect();
    check(&[(0, 100)], &every_second, &["0 to 100: 1, 3, 5, 7, 9, 11, 13, 15"]);
}

fn some_ranges() -> impl Strategy<Value = Vec<(i64, i64)>> {
    proptest::collection::vec((-9..9_i64, 0..4_i64).prop_map(|(first, more)| (first, first + more)), 0..6)
}

proptest! {
    #[test]
    fn a_range_is_uncovered_where_a_number_of_it_is_in_no_later_one(earlier in some_ranges(), later in some_ranges()) {
        let numbers: BTreeSet<i64> = later.iter().flat_map(|(first, last)| *first..=*last).collect();
        let naive: Vec<String> = earlier
            .iter()
            .filter(|(first, last)| (*first..=*last).any(|number| !numbers.contains(&number)))
            .flat_map(|pair| ranges(&[*pair]))
            .map(|range| range.to_string())
            .collect();
        let found = uncovered(&ranges(&earlier), &ranges(&later));
        prop_assert_eq!(found.iter().map(|(range, _)| range.to_string()).collect::<Vec<_>>(), naive);
    }
}

#[test]
fn every_rule_has_its_smallest_change_among_the_tests() {
    let here = include_str!("../../tests/protobuf/rules.rs");
    let missing: Vec<&str> = rules::ALL
        .iter()
        .map(|rule| rule.id)
        .filter(|id| !here.contains(&format!("\"{id} ")) && !here.contains(&format!("\"{id}\"")))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn bufs_category_is_whole_and_only_additions_are_compatible() {
    let (additions, bufs): (Vec<&Rule>, Vec<&Rule>) = rules::ALL.iter().partition(|rule| rule.id.ends_with("_ADDED"));
    assert_eq!((additions.len(), bufs.len()), (9, 51));
    assert!(additions.iter().all(|rule| rule.level == Level::Compatible));
    assert!(bufs.iter().all(|rule| rule.level != Level::Compatible));
}
