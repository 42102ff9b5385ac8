//! CODEOWNERS, by GitHub's rules: the last rule that matches wins, one without owners clears, and there is neither
//! negation nor a set of letters.

use crate::{files::Files, path};

/// Where GitHub looks for the file, in its order, relative to the repository's root.
const PLACES: &[&str] = &[".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];
/// GitHub reads no more of the file.
const FILE_BYTES_MAX: usize = 3 * 1024 * 1024;

/// The rules of all CODEOWNERS files of a bundle.
pub(crate) struct Codeowners<'a> {
    /// A repository's root folder and the rules that hold in it; the deepest folder first.
    roots: Vec<(&'a str, Vec<OwnersRule<'a>>)>,
}

struct OwnersRule<'a> {
    globs: Vec<String>,
    owners: Vec<&'a str>,
}

impl<'a> Codeowners<'a> {
    pub(crate) fn of(files: &Files<'a>) -> Self {
        let mut roots: Vec<(&str, usize, &str)> = Vec::new();
        for file in files.iter().filter(|file| file.name() == "CODEOWNERS" && file.bytes.len() <= FILE_BYTES_MAX) {
            let Some(text) = file.text() else { continue };
            for (rank, place) in PLACES.iter().enumerate() {
                let root = file.path.strip_suffix(place).map(|root| root.trim_end_matches('/'));
                let is_whole = root.is_some_and(|root| path::below(root, &file.path) == Some(place));
                if let Some(root) = root.filter(|_| is_whole) {
                    roots.push((root, rank, text));
                    break;
                }
            }
        }
        // Of several files for one root the first place wins; of several roots the deepest one.
        roots.sort_by_key(|(root, rank, _)| (std::cmp::Reverse(root.len()), *root, *rank));
        roots.dedup_by_key(|(root, _, _)| *root);
        Self { roots: roots.into_iter().map(|(root, _, text)| (root, rules(text))).collect() }
    }

    /// Who owns the file by the rules of the repository that it lies in; empty if nobody does.
    pub(crate) fn owners(&self, file: &str) -> Vec<Box<str>> {
        let root = self.roots.iter().find_map(|(root, rules)| Some((path::below(root, file)?, rules)));
        let Some((inside, rules)) = root else { return Vec::new() };
        let rule = rules.iter().rev().find(|rule| rule.globs.iter().any(|glob| path::fits(glob, inside)));
        rule.map(|rule| rule.owners.iter().map(|owner| (*owner).into()).collect()).unwrap_or_default()
    }
}

fn rules(text: &str) -> Vec<OwnersRule<'_>> {
    let lines = text.lines().map(|line| line.split(" #").next().unwrap_or_default().trim());
    lines.filter(|line| !line.is_empty() && !line.starts_with(['#', '!', '['])).filter_map(rule).collect()
}

fn rule(line: &str) -> Option<OwnersRule<'_>> {
    let mut words = line.split_whitespace();
    let pattern = words.next()?;
    let is_folder = pattern.ends_with('/');
    let bare = pattern.trim_matches('/');
    let is_anchored = pattern.trim_end_matches('/').contains('/');
    let glob = if is_anchored { bare.to_owned() } else { format!("**/{bare}") };
    let mut globs = Vec::new();
    if !is_folder {
        globs.push(glob.clone());
    }
    // `docs/*` stands for the files right in `docs`, and not for those in its folders.
    if !(is_anchored && bare.ends_with("/*")) {
        globs.push(format!("{glob}/**"));
    }
    Some(OwnersRule { globs, owners: words.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BundleFile;

    fn check(rules: &[(&str, &str)], file: &str, expected: &[&str]) {
        let bundle: Vec<BundleFile> = rules
            .iter()
            .map(|(path, text)| BundleFile { path: (*path).into(), bytes: text.as_bytes().into() })
            .collect();
        let owners = Codeowners::of(&Files::new(&bundle)).owners(file);
        assert_eq!(owners.iter().map(|owner| &**owner).collect::<Vec<_>>(), expected, "{file}");
    }

    #[test]
    fn the_last_rule_that_matches_wins_and_one_without_owners_clears() {
        let rules = &[("CODEOWNERS", "* @acme/all # everybody\n/cart/ @acme/cart\n/cart/legacy\n*.md @docs @writers")];
        check(rules, "README.yaml", &["@acme/all"]);
        check(rules, "cart/catalog-info.yaml", &["@acme/cart"]);
        check(rules, "cart/legacy/x.yaml", &[]);
        check(rules, "cart/a.md", &["@docs", "@writers"]);
        check(rules, "other/cart/x.yaml", &["@acme/all"]);
    }

    #[test]
    fn a_star_after_a_slash_is_not_recursive() {
        let rules = &[(".github/CODEOWNERS", "docs/* @one\napps/ @two\n/build/logs/ @three")];
        check(rules, "docs/a.md", &["@one"]);
        check(rules, "docs/sub/a.md", &[]);
        check(rules, "deep/apps/x", &["@two"]);
        check(rules, "build/logs/x", &["@three"]);
        check(rules, "deep/build/logs/x", &[]);
    }

    #[test]
    fn the_repository_is_the_nearest_folder_with_rules_and_githubs_order_holds_in_it() {
        let rules = &[("CODEOWNERS", "* @top"), ("a/docs/CODEOWNERS", "* @late"), ("a/.github/CODEOWNERS", "* @early")];
        check(rules, "a/x.yaml", &["@early"]);
        check(rules, "b/x.yaml", &["@top"]);
    }
}
