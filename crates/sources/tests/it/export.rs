use std::{fs, os::unix::fs::symlink, path::Path};

use kernel::codes;
use sources::{Outcome, write_export};
use tempfile::tempdir;

use crate::put;

fn files(files: &[(&str, &str)]) -> Vec<(String, String)> {
    files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn files_are_written_and_others_are_left_alone() {
    let dir = tempdir().unwrap();
    put(dir.path(), "out/other.txt", "other");
    put(dir.path(), "out/same.yaml", "same");
    put(dir.path(), "out/old.yaml", "old");
    let out = dir.path().join("out");
    let written = write_export(
        &out,
        &files(&[("same.yaml", "same"), ("old.yaml", "new"), ("a/b/new.yaml", "new"), ("c.yaml", "c")]),
    );
    let outcomes: Vec<_> = written.unwrap().into_iter().map(|written| written.outcome).collect();
    assert_eq!(outcomes, [Outcome::Unchanged, Outcome::Replaced, Outcome::Created, Outcome::Created]);
    assert_eq!(names(&out), ["a", "c.yaml", "old.yaml", "other.txt", "same.yaml"]);
    assert_eq!(fs::read_to_string(out.join("old.yaml")).unwrap(), "new");
    assert_eq!(fs::read_to_string(out.join("a/b/new.yaml")).unwrap(), "new");
}

#[test]
fn a_folder_that_is_not_there_is_made() {
    let dir = tempdir().unwrap();
    write_export(&dir.path().join("x/y"), &files(&[("a.yaml", "a")])).unwrap();
    assert_eq!(names(&dir.path().join("x/y")), ["a.yaml"]);
}

#[test]
fn a_path_that_leaves_the_folder_is_refused_before_anything_is_written() {
    let dir = tempdir().unwrap();
    let out = dir.path().join("out");
    for bad in ["", "/etc/x", "../x", "a/../../x", "a/..", "a\\b", "a\0b", "a/", "./a"] {
        let refusal = write_export(&out, &files(&[("good.yaml", "good"), (bad, "bad")])).unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_deref()), (&codes::INVALID, Some(bad)));
    }
    let twice = write_export(&out, &files(&[("d/a.yaml", "1"), ("d//a.yaml", "2")])).unwrap_err();
    assert_eq!(twice.detail, "\"d//a.yaml\" is to be written twice");
    assert_eq!(names(dir.path()), [""; 0]);
}

#[test]
fn links_do_not_lead_a_write_out_of_the_folder() {
    let (dir, outside) = (tempdir().unwrap(), tempdir().unwrap());
    put(outside.path(), "theirs.yaml", "theirs");
    symlink(outside.path(), dir.path().join("out")).unwrap();
    symlink(outside.path().join("theirs.yaml"), dir.path().join("link.yaml")).unwrap();
    let refusal = write_export(dir.path(), &files(&[("out/new.yaml", "new")])).unwrap_err();
    assert_eq!(refusal.detail, "a link in \"out/new.yaml\" leads out of the folder");
    write_export(dir.path(), &files(&[("link.yaml", "ours")])).unwrap();
    assert_eq!(fs::read_to_string(dir.path().join("link.yaml")).unwrap(), "ours");
    assert_eq!(fs::read_to_string(outside.path().join("theirs.yaml")).unwrap(), "theirs");
    assert_eq!(names(outside.path()), ["theirs.yaml"]);
}

#[test]
fn a_file_that_can_not_be_written_is_named() {
    let dir = tempdir().unwrap();
    put(dir.path(), "folder.yaml/x", "x");
    put(dir.path(), "file", "x");
    for path in ["folder.yaml", "file/a.yaml"] {
        let refusal = write_export(dir.path(), &files(&[(path, "x")])).unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_deref()), (&codes::INVALID, Some(path)), "{refusal}");
    }
    assert_eq!(names(dir.path()), ["file", "folder.yaml"]);
}
