use std::{
    ffi::OsStr,
    fs,
    io::Write as _,
    os::unix::{ffi::OsStrExt as _, fs::PermissionsExt as _, fs::symlink, net::UnixListener},
    path::Path,
};

use catalog::{Bundle, Rule};
use kernel::{Class, codes};
use sources::{Gatherer, Limits, gather};
use tempfile::tempdir;

use crate::put;

fn paths(bundle: &Bundle) -> Vec<&str> {
    bundle.files.iter().map(|file| file.path.as_str()).collect()
}

/// The problems as rule and path.
fn problems(bundle: &Bundle) -> Vec<(Rule, &str)> {
    bundle.problems.iter().map(|problem| (problem.rule, problem.path.as_str())).collect()
}

fn gathered(dir: &Path) -> Bundle {
    gather(dir, &Limits::default()).unwrap()
}

#[test]
fn files_of_a_catalog_are_taken_in_the_order_of_their_paths() {
    let dir = tempdir().unwrap();
    let taken = [
        ".backstage/catalog-info.yaml",
        ".github/CODEOWNERS",
        "CODEOWNERS",
        "a/api.proto",
        "a/b/openapi.json",
        "a.yaml",
        "docs/index.md",
        "docs/shot.PNG",
        "mkdocs.yml",
        "schema.gql",
        "schema.graphql",
        "z.svg",
    ];
    let left = [
        ".git/config.yaml",
        ".hidden/x.yaml",
        ".x.yaml.swp",
        ".#x.yaml",
        "node_modules/a/catalog-info.yaml",
        "target/doc/x.md",
        "main.rs",
        "yaml",
        "a/target/x.yaml",
    ];
    taken.iter().chain(&left).for_each(|path| put(dir.path(), path, "x"));
    let bundle = gathered(dir.path());
    let mut sorted = taken.to_vec();
    sorted.sort_unstable();
    assert_eq!(paths(&bundle), sorted);
    assert_eq!(problems(&bundle), []);
    assert_eq!(bundle.source, dir.path().display().to_string());
}

#[test]
fn links_within_the_folder_are_followed() {
    let dir = tempdir().unwrap();
    put(dir.path(), "shared/docs/index.md", "shared");
    put(dir.path(), "cart/catalog-info.yaml", "cart");
    symlink("../shared/docs", dir.path().join("cart/docs")).unwrap();
    symlink("catalog-info.yaml", dir.path().join("cart/alias.yaml")).unwrap();
    symlink("nowhere", dir.path().join("cart/dangling")).unwrap();
    let bundle = gathered(dir.path());
    assert_eq!(
        paths(&bundle),
        ["cart/alias.yaml", "cart/catalog-info.yaml", "cart/docs/index.md", "shared/docs/index.md"]
    );
    assert_eq!(problems(&bundle), []);
}

#[test]
fn circles_of_links_are_problems_and_end() {
    let dir = tempdir().unwrap();
    put(dir.path(), "a/a.yaml", "a");
    put(dir.path(), "b/b.yaml", "b");
    symlink("..", dir.path().join("a/up")).unwrap();
    symlink("../b", dir.path().join("a/b")).unwrap();
    symlink("../a", dir.path().join("b/a")).unwrap();
    symlink("self.yaml", dir.path().join("self.yaml")).unwrap();
    let bundle = gathered(dir.path());
    assert_eq!(paths(&bundle), ["a/a.yaml", "a/b/b.yaml", "b/a/a.yaml", "b/b.yaml"]);
    let circles = ["a/b/a", "a/up", "b/a/b", "b/a/up", "self.yaml"];
    assert_eq!(problems(&bundle), circles.map(|path| (Rule::SymlinkLoop, path)));
}

#[test]
fn many_folders_that_link_to_each_other_end_at_the_bound() {
    let dir = tempdir().unwrap();
    for from in 0..12 {
        fs::create_dir(dir.path().join(format!("d{from}"))).unwrap();
        for to in (0..12).filter(|to| *to != from) {
            symlink(format!("../d{to}"), dir.path().join(format!("d{from}/l{to}"))).unwrap();
        }
    }
    let limits = Limits { entries_max: 5_000, ..Limits::default() };
    let bundle = gather(dir.path(), &limits).unwrap();
    assert!(problems(&bundle).contains(&(Rule::FolderTooLarge, "")));
}

#[test]
fn links_out_of_the_folder_are_problems_and_not_followed() {
    let (dir, outside) = (tempdir().unwrap(), tempdir().unwrap());
    put(outside.path(), "secret.yaml", "secret");
    symlink(outside.path(), dir.path().join("folder")).unwrap();
    symlink(outside.path().join("secret.yaml"), dir.path().join("file.yaml")).unwrap();
    let bundle = gathered(dir.path());
    assert_eq!(paths(&bundle), [""; 0]);
    assert_eq!(problems(&bundle), [(Rule::SymlinkOutside, "file.yaml"), (Rule::SymlinkOutside, "folder")]);
}

#[test]
fn a_file_of_100_megabytes_is_a_problem_that_names_the_bound() {
    let dir = tempdir().unwrap();
    put(dir.path(), "good.yaml", "good");
    fs::File::create(dir.path().join("huge.yaml")).unwrap().set_len(100 << 20).unwrap();
    fs::File::create(dir.path().join("photo.jpg")).unwrap().set_len(3 << 20).unwrap();
    let bundle = gathered(dir.path());
    assert_eq!(paths(&bundle), ["good.yaml"]);
    let messages: Vec<&str> = bundle.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "huge.yaml has 100 MiB; files of more than 5 MiB are not read",
            "photo.jpg has 3 MiB; files of more than 2 MiB are not read",
        ]
    );
    assert!(bundle.problems.iter().all(|problem| problem.rule == Rule::FileTooLarge));
}

#[test]
fn total_size_number_and_depth_are_bounded() {
    let dir = tempdir().unwrap();
    for name in ["1.yaml", "2.yaml", "3.yaml", "a/b/c/deep.yaml"] {
        put(dir.path(), name, "0123456789");
    }
    let check = |limits: Limits, files: &[&str], problem: &str| {
        let bundle = gather(dir.path(), &limits).unwrap();
        let messages: Vec<&str> = bundle.problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!((paths(&bundle).as_slice(), messages.as_slice()), (files, [problem].as_slice()));
        assert_eq!(bundle.problems[0].rule, Rule::FolderTooLarge);
    };
    let limits = Limits::default();
    check(
        Limits { total_bytes_max: 25, ..limits },
        &["1.yaml", "2.yaml"],
        "the files have more than 25 bytes in all; nothing is read from 3.yaml on",
    );
    check(
        Limits { entries_max: 2, ..limits },
        &["1.yaml", "2.yaml"],
        "there are more than 2 files and folders; the rest is not read",
    );
    check(
        Limits { depth_max: 2, ..limits },
        &["1.yaml", "2.yaml", "3.yaml"],
        "a/b/c is nested deeper than 2 folders and is not read",
    );
}

#[test]
fn bytes_that_are_no_utf8_are_passed_on_and_names_that_are_none_are_problems() {
    let dir = tempdir().unwrap();
    put(dir.path(), "latin1.yaml", b"name: caf\xe9");
    fs::write(dir.path().join(OsStr::from_bytes(b"caf\xe9.yaml")), "x").unwrap();
    let bundle = gathered(dir.path());
    assert_eq!(paths(&bundle), ["latin1.yaml"]);
    assert_eq!(&*bundle.files[0].bytes, b"name: caf\xe9");
    assert_eq!(problems(&bundle), [(Rule::Unreadable, "caf\u{fffd}.yaml")]);
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let dir = tempdir().unwrap();
    let _socket = UnixListener::bind(dir.path().join("socket.yaml")).unwrap();
    let bundle = gathered(dir.path());
    assert_eq!(problems(&bundle), [(Rule::Unreadable, "socket.yaml")]);
}

#[test]
fn what_may_not_be_read_is_a_problem_that_says_so() {
    let dir = tempdir().unwrap();
    put(dir.path(), "good.yaml", "good");
    put(dir.path(), "shut.yaml", "shut");
    put(dir.path(), "closed/in.yaml", "in");
    for name in ["shut.yaml", "closed"] {
        fs::set_permissions(dir.path().join(name), fs::Permissions::from_mode(0o000)).unwrap();
    }
    if fs::File::open(dir.path().join("shut.yaml")).is_ok() {
        writeln!(std::io::stderr(), "SKIPPED: this user may read everything, so permissions can't be tested").unwrap();
        return;
    }
    let bundle = gathered(dir.path());
    assert_eq!(paths(&bundle), ["good.yaml"]);
    assert_eq!(problems(&bundle), [(Rule::Unreadable, "closed"), (Rule::Unreadable, "shut.yaml")]);
    fs::set_permissions(dir.path().join("closed"), fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_folder_that_is_not_there_is_for_the_operator_to_mend() {
    let dir = tempdir().unwrap();
    put(dir.path(), "file", "x");
    for name in ["missing", "file"] {
        let refusal = gather(&dir.path().join(name), &Limits::default()).unwrap_err();
        assert_eq!((refusal.code, refusal.class()), (&codes::CONFIG_INVALID, Class::OperatorFixable));
        assert!(refusal.detail.contains(name) && refusal.fix.is_some(), "{refusal}");
    }
}

#[test]
fn what_has_not_changed_is_not_read_again() {
    let dir = tempdir().unwrap();
    let settled = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
    for name in ["same.yaml", "touched.yaml", "changed.yaml", "gone.yaml"] {
        put(dir.path(), name, "old");
        fs::File::options().write(true).open(dir.path().join(name)).unwrap().set_modified(settled).unwrap();
    }
    let mut gatherer = Gatherer::new(dir.path(), Limits::default());
    let before = gatherer.gather().unwrap();
    assert_eq!(gatherer.gather().unwrap(), before);
    put(dir.path(), "touched.yaml", "old");
    put(dir.path(), "changed.yaml", "new");
    fs::remove_file(dir.path().join("gone.yaml")).unwrap();
    let after = gatherer.gather().unwrap();
    assert_eq!(paths(&after), ["changed.yaml", "same.yaml", "touched.yaml"]);
    let bytes = |bundle: &Bundle, path| bundle.files.iter().find(|file| file.path == path).unwrap().bytes.clone();
    assert!(bytes(&before, "same.yaml").is_same(&bytes(&after, "same.yaml")));
    assert!(bytes(&before, "touched.yaml").is_same(&bytes(&after, "touched.yaml")));
    assert_eq!(&*bytes(&after, "changed.yaml"), b"new");
}
