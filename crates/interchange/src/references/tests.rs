use std::{fs, path::Path};

use tempfile::TempDir;

use super::*;

fn check_spellings(key: &str, expect: &[&str]) {
    assert_eq!(Spellings::of(key).identifiers, expect, "{key}");
}

#[test]
fn a_key_has_the_spellings_of_the_usual_languages() {
    check_spellings("new-cart", &["newCart", "NewCart", "new_cart", "NEW_CART"]);
    check_spellings("newCart", &["NewCart", "new_cart", "NEW_CART", "new-cart"]);
    check_spellings(
        "shop.new_cart",
        &["shopNewCart", "ShopNewCart", "shop_new_cart", "SHOP_NEW_CART", "shop-new-cart"],
    );
    check_spellings("cart2Go", &["Cart2Go", "cart2_go", "CART2_GO", "cart2-go"]);
    check_spellings("search", &[]);
}

/// The flags that a text names, as `key:line:column`, with `~` in front of identifiers.
fn check(keys: &[&str], text: &str, expect: &[&str]) {
    let folder = folder(&[("code.txt", text.as_bytes())]);
    let found = find(folder.path(), keys);
    let mut lines = Vec::new();
    for (key, references) in &found.references {
        for Reference { line, column, likeness, .. } in references {
            let sign = if *likeness == Likeness::Exact { "" } else { "~" };
            lines.push(format!("{sign}{key}:{line}:{column}"));
        }
    }
    assert_eq!(lines, expect, "{text}");
}

fn find(folder: &Path, keys: &[&str]) -> Found {
    let search = Search::new(keys.iter().map(ToString::to_string)).unwrap();
    search.folder(folder, &Limits::default()).unwrap()
}

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

#[test]
fn a_key_counts_where_it_stands_alone() {
    check(&["new-cart"], "if flags.on(\"new-cart\") {", &["new-cart:1:14"]);
    check(&["new-cart"], "\n\n  new-cart: on", &["new-cart:3:3"]);
    check(&["new-cart"], "see new-cart.", &["new-cart:1:5"]);
    check(&["new-cart"], "a/new-cart,b", &["new-cart:1:3"]);
    check(&["new-cart"], "new-cart-v2 renew-cart new-carts shop.new-cart new-cart.v2 ünew-cart", &[]);
    check(&["new-cart", "new-cart-v2"], "'new-cart-v2'", &["new-cart-v2:1:2"]);
    check(&["new-cart"], "\"shop.new-cart\"", &[]);
}

#[test]
fn an_identifier_is_a_weaker_reference() {
    check(&["new-cart"], "flags.newCart.enabled", &["~new-cart:1:7"]);
    check(&["new-cart"], "const NEW_CART = 'new-cart'", &["new-cart:1:19"]);
    check(&["new-cart"], "NEW_CART\nrenewCart newCarts", &["~new-cart:1:1"]);
    check(&["new-cart", "new_cart"], "newCart", &["~new-cart:1:1", "~new_cart:1:1"]);
}

#[test]
fn a_key_of_one_word_counts_in_quotes_only() {
    check(&["search"], "search(flags, \"search\") // search", &["search:1:16"]);
    check(&["search"], "we search for `search`", &["search:1:16"]);
    check(&["search"], "search the search", &[]);
}

#[test]
fn ignored_binary_and_large_files_and_links_are_left_out() {
    let large = b"new-cart ".repeat(120_000);
    let folder = folder(&[
        (".gitignore", b"build/\n"),
        (".git/config", b"new-cart"),
        ("build/out.js", b"'new-cart'"),
        ("src/a.js", b"'new-cart'"),
        (".github/deploy.yaml", b"flag: new-cart"),
        ("binary", b"\0new-cart"),
        ("large.json", &large),
    ]);
    std::os::unix::fs::symlink(folder.path().join("src"), folder.path().join("link")).unwrap();
    let found = find(folder.path(), &["new-cart"]);
    let paths: Vec<_> = found.references["new-cart"].iter().map(|reference| &*reference.path).collect();
    assert_eq!(paths, [".github/deploy.yaml", "src/a.js"]);
    assert_eq!((found.files, found.left_out, found.cut), (3, 2, false));
}

#[test]
fn a_long_line_is_cut_between_characters() {
    let text = format!("{}new-cart {}", "é ".repeat(90), "x".repeat(10_000));
    let folder = folder(&[("min.js", text.as_bytes())]);
    let found = find(folder.path(), &["new-cart"]);
    assert!(found.references["new-cart"][0].text.len() <= 200);
}

#[test]
fn every_bound_is_told() {
    let folder = folder(&[("a", b"new-cart\nnew-cart\nnew-cart"), ("b", b""), ("c", b"")]);
    let search = Search::new(["new-cart".to_owned()]).unwrap();
    let found = search.folder(folder.path(), &Limits { references_max: 2, ..Limits::default() }).unwrap();
    assert_eq!((found.references["new-cart"].len(), found.dropped), (2, 1));
    let found = search.folder(folder.path(), &Limits { files_max: 2, ..Limits::default() }).unwrap();
    assert!(found.cut);
}

#[test]
fn what_is_no_folder_is_refused() {
    let folder = folder(&[("a", b"")]);
    let search = Search::new(["new-cart".to_owned()]).unwrap();
    let limits = Limits::default();
    assert!(matches!(search.folder(&folder.path().join("a"), &limits), Err(SearchError::NoFolder(_))));
    assert!(matches!(search.folder(&folder.path().join("none"), &limits), Err(SearchError::Folder(..))));
}
