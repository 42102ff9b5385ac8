//! Paths inside a bundle: relative, with forward slashes. Purely textual, since nothing here touches a disk.

/// `target` as seen from the folder `base`, without `.` and `..`; nothing if it leads out of the bundle or is absolute.
pub(crate) fn normal(base: &str, target: &str) -> Option<String> {
    if target.starts_with('/') || target.contains('\\') || target.contains('\0') {
        return None;
    }
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The folder that holds the file; empty for the bundle's own.
pub(crate) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The file's name without its folder.
pub(crate) fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// `path` as seen from `folder`; nothing if it is not below it.
pub(crate) fn below<'a>(folder: &str, path: &'a str) -> Option<&'a str> {
    if folder.is_empty() { Some(path) } else { path.strip_prefix(folder)?.strip_prefix('/') }
}

/// True if `path` fits the glob: `*` and `?` within one part, `**` over any number of parts.
pub(crate) fn fits(glob: &str, path: &str) -> bool {
    let glob: Vec<&str> = glob.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    wildcards(&glob, &path, |part| *part == "**", |part, name| part_fits(part, name))
}

/// True if one part of a path fits one part of a glob.
fn part_fits(glob: &str, name: &str) -> bool {
    let glob: Vec<char> = glob.chars().collect();
    let name: Vec<char> = name.chars().collect();
    wildcards(&glob, &name, |letter| *letter == '*', |letter, other| *letter == '?' || letter == other)
}

/// Matches with a wildcard that stands for any run, in at most `pattern × text` steps whatever is asked: on a mismatch
/// only the last wildcard is lengthened, for an earlier one can't do better.
fn wildcards<T>(pattern: &[T], text: &[T], is_run: impl Fn(&T) -> bool, fits: impl Fn(&T, &T) -> bool) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut last_run: Option<(usize, usize)> = None;
    while let Some(letter) = text.get(seen) {
        match pattern.get(at) {
            Some(part) if is_run(part) => {
                last_run = Some((at, seen));
                at += 1;
            }
            Some(part) if fits(part, letter) => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((run, from)) = last_run else { return false };
                last_run = Some((run, from + 1));
                (at, seen) = (run + 1, from + 1);
            }
        }
    }
    pattern.iter().skip(at).all(is_run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_resolved_from_the_folder_of_its_file_and_never_leaves_the_bundle() {
        assert_eq!(normal("a/b", "./c.yaml").as_deref(), Some("a/b/c.yaml"));
        assert_eq!(normal("a/b", "../c.yaml").as_deref(), Some("a/c.yaml"));
        assert_eq!(normal("a", "../../c.yaml"), None);
        assert_eq!(normal("", "/etc/passwd"), None);
    }

    #[test]
    fn globs_match_within_a_part_and_over_parts() {
        let check = |glob, path, expected| assert_eq!(fits(glob, path), expected, "{glob} {path}");
        check("*/catalog-info.yaml", "cart/catalog-info.yaml", true);
        check("*/catalog-info.yaml", "a/cart/catalog-info.yaml", false);
        check("**/catalog-info.yaml", "catalog-info.yaml", true);
        check("**/catalog-info.yaml", "a/b/catalog-info.yaml", true);
        check("a/**/x?.yaml", "a/b/c/x1.yaml", true);
        check("a/**", "a/b/c", true);
        check("a/*-*.yaml", "a/b-c-d.yaml", true);
        check("a/*-*.yaml", "a/bcd.yaml", false);
    }

    #[test]
    fn a_hostile_glob_is_answered_at_once() {
        assert!(!fits(&"*a".repeat(200), &"a".repeat(5_000).replace("aa", "ab")));
    }
}
