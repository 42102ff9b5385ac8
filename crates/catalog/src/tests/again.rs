//! What is read again, and what is not.

use super::{bundle, component};
use crate::*;

const LOCATION: &str = "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: all}\nspec: {target: ";

/// The bundle with another text in place of one file's; the others keep their content.
fn with(before: &Bundle, path: &str, text: &str) -> Bundle {
    let mut after = before.clone();
    for file in after.files.iter_mut().filter(|file| file.path == path) {
        file.bytes = text.as_bytes().into();
    }
    after
}

/// The bundle with the same files, of which nothing was read before.
fn unread(bundle: &Bundle) -> Bundle {
    let file = |file: &BundleFile| BundleFile { path: file.path.clone(), bytes: (*file.bytes).into() };
    Bundle { files: bundle.files.iter().map(file).collect(), ..bundle.clone() }
}

fn is_kept(bundle: &Bundle, path: &str) -> bool {
    bundle.files.iter().any(|file| file.path == path && file.bytes.reading().is_some())
}

#[test]
fn a_folder_of_which_a_file_changed_reads_as_if_it_had_never_been_read() {
    let (cart, pay, broken) = (component("cart", ""), component("pay", ""), component("p ay", ""));
    let included = component("api", "  text: {$text: notes.txt}\n");
    let all = format!("{LOCATION}'./*/service.yaml'}}\n");
    let foreign = "kind: Deployment\nmetadata: {name: x}\n";
    let mut folder = bundle(&[
        ("a/catalog-info.yaml", &cart),
        ("b/catalog-info.yaml", &pay),
        ("c/catalog-info.yaml", &included),
        ("c/notes.txt", "old"),
        ("d/service.yaml", foreign),
        ("catalog-info.yaml", "apiVersion: backstage.io/v1alpha1\n"),
    ]);
    let changes = [
        ("c/notes.txt", "new"),
        ("b/catalog-info.yaml", broken.as_str()),
        ("b/catalog-info.yaml", cart.as_str()),
        ("a/catalog-info.yaml", pay.as_str()),
        ("catalog-info.yaml", all.as_str()),
        ("d/service.yaml", pay.as_str()),
        ("catalog-info.yaml", "a: 1\n"),
    ];
    for (path, text) in changes {
        let _ = read(&folder);
        folder = with(&folder, path, text);
        assert_eq!(read(&folder), read(&unread(&folder)), "{path}: {text}");
    }
}

#[test]
fn only_a_file_that_speaks_for_itself_is_not_read_again() {
    let folder = bundle(&[
        ("a/catalog-info.yaml", &component("cart", "")),
        ("b/catalog-info.yaml", &component("p ay", "")),
        ("c/catalog-info.yaml", &component("api", "  text: {$text: notes.txt}\n")),
        ("d/catalog-info.yaml", &format!("{LOCATION}'./x.yaml'}}\n")),
    ]);
    let _ = read(&folder);
    let kept: Vec<bool> = ["a", "b", "c", "d"].map(|dir| is_kept(&folder, &format!("{dir}/catalog-info.yaml"))).into();
    assert_eq!(kept, [true, true, false, false]);
}

#[test]
fn what_is_kept_counts_for_the_bound_on_all_files() {
    let bomb = format!("a: &a [{}]\nb: [{}]\n", "x,".repeat(600), "*a,".repeat(600));
    let files: Vec<(String, &str)> = (0..30).map(|n| (format!("{n}/catalog-info.yaml"), bomb.as_str())).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let folder = bundle(&files);
    assert_eq!(read(&folder), read(&folder));
}
