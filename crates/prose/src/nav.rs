//! The tree of a component's documents.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;

use crate::extensions::capitalised;
use crate::read_yaml;

/// How deep the tree may be.
const MAX_DEPTH: usize = 12;

/// How many entries the tree may have.
const MAX_ITEMS: usize = 5_000;

/// The longest `mkdocs.yml` that is read.
const MAX_YAML_BYTES: usize = 256 * 1024;

/// The tree of documents, and what is wrong with its definition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Nav {
    /// `site_name` of `mkdocs.yml`.
    pub site_name: Option<String>,
    /// The folder that holds the documents, without a slash at its end; empty for the root.
    pub docs_dir: String,
    /// The entries of the first level.
    pub items: Vec<NavItem>,
    /// What `mkdocs.yml` says that can't be so.
    pub problems: Vec<Problem>,
}

/// An entry of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NavItem {
    /// A document.
    Page {
        /// Its name in the tree.
        title: String,
        /// Its path, as it was given to [`nav`].
        path: String,
    },
    /// Entries under a common name.
    Section {
        /// The name.
        title: String,
        /// The entries.
        items: Vec<NavItem>,
    },
    /// A link to elsewhere (`http` or `https`).
    Link {
        /// Its name in the tree.
        title: String,
        /// Where it leads.
        url: String,
    },
}

/// Something wrong with `mkdocs.yml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line of `mkdocs.yml`, where it is known.
    pub line: Option<u64>,
    /// What is wrong.
    pub message: String,
}

#[derive(Deserialize, Default)]
struct MkDocs {
    site_name: Option<String>,
    docs_dir: Option<String>,
    nav: Option<Vec<Entry>>,
}

/// `page.md`, `Title: page.md`, or `Title: [...]`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Path(String),
    Titled(BTreeMap<String, Option<Target>>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Target {
    Path(String),
    Entries(Vec<Entry>),
}

/// The tree of `pages`, whose paths are relative to the folder that holds `mkdocs.yml`.
///
/// It is what `mkdocs.yml` says. Where that says nothing, or nothing readable, it follows the folders: an index first,
/// then pages, then folders, by name. Where there is no `docs` folder it is the README.
#[must_use]
pub fn nav(mkdocs_yml: Option<&str>, pages: &[&str]) -> Nav {
    let mut problems = Vec::new();
    let config = mkdocs_yml.map(read).transpose().unwrap_or_else(|problem| {
        problems.push(problem);
        None
    });
    let MkDocs { site_name, docs_dir, nav } = config.unwrap_or_default();
    let docs_dir = docs_dir.unwrap_or_else(|| "docs".to_owned());
    let docs_dir = docs_dir.trim_start_matches("./").trim_end_matches('/');
    let docs_dir = if docs_dir == "." { "" } else { docs_dir };

    let mut reader = Reader {
        docs_dir,
        yaml: mkdocs_yml.unwrap_or_default(),
        pages: pages.iter().copied().collect(),
        problems,
        left: MAX_ITEMS,
    };
    let items = match nav {
        Some(entries) => reader.items(entries, 0),
        None => Vec::new(),
    };
    let items = if items.is_empty() { derive(docs_dir, pages) } else { items };
    Nav { site_name, docs_dir: docs_dir.to_owned(), items, problems: reader.problems }
}

fn read(yaml: &str) -> Result<MkDocs, Problem> {
    if yaml.len() > MAX_YAML_BYTES {
        return Err(Problem { line: None, message: format!("mkdocs.yml is longer than {} KB", MAX_YAML_BYTES / 1024) });
    }
    read_yaml(yaml).map_err(|error| Problem {
        line: error.location().map(|location| location.line()).filter(|line| *line > 0),
        message: format!("mkdocs.yml can't be read: {}", error.without_snippet()),
    })
}

struct Reader<'a> {
    docs_dir: &'a str,
    yaml: &'a str,
    pages: HashSet<&'a str>,
    problems: Vec<Problem>,
    left: usize,
}

impl Reader<'_> {
    fn items(&mut self, entries: Vec<Entry>, depth: usize) -> Vec<NavItem> {
        let mut items = Vec::new();
        for entry in entries {
            match entry {
                Entry::Path(path) => items.extend(self.leaf(None, &path)),
                Entry::Titled(titled) => {
                    for (title, target) in titled {
                        items.extend(self.titled(title, target, depth));
                    }
                }
            }
        }
        items
    }

    fn titled(&mut self, title: String, target: Option<Target>, depth: usize) -> Option<NavItem> {
        match target {
            Some(Target::Path(path)) => self.leaf(Some(title), &path),
            Some(Target::Entries(_)) if depth >= MAX_DEPTH => {
                self.problem(&title, format!("the section {title} is nested deeper than {MAX_DEPTH} levels"));
                None
            }
            Some(Target::Entries(entries)) => {
                let items = self.items(entries, depth + 1);
                (!items.is_empty()).then_some(NavItem::Section { title, items })
            }
            None => {
                self.problem(&title, format!("the entry {title} names no page"));
                None
            }
        }
    }

    fn leaf(&mut self, title: Option<String>, target: &str) -> Option<NavItem> {
        self.left = self.left.checked_sub(1)?;
        if target.starts_with("https://") || target.starts_with("http://") {
            return Some(NavItem::Link { title: title.unwrap_or_else(|| target.to_owned()), url: target.to_owned() });
        }
        let relative = target.trim_start_matches("./");
        let path = if self.docs_dir.is_empty() { relative.to_owned() } else { format!("{}/{relative}", self.docs_dir) };
        if self.pages.contains(path.as_str()) {
            return Some(NavItem::Page { title: title.unwrap_or_else(|| title_of(relative)), path });
        }
        let message = if target.starts_with("!include") {
            format!("{target}: the navigation of another folder can't be included")
        } else {
            format!("{target} is in the navigation, but there is no file {path}")
        };
        self.problem(target, message);
        None
    }

    /// Notes a problem at the line that first mentions `what`.
    fn problem(&mut self, what: &str, message: String) {
        let line = (1..).zip(self.yaml.lines()).find(|(_, line)| line.contains(what)).map(|(number, _)| number);
        self.problems.push(Problem { line, message });
    }
}

/// The tree that the folders make.
fn derive(docs_dir: &str, pages: &[&str]) -> Vec<NavItem> {
    let is_markdown = |path: &&str| path.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case("md"));
    let mut documents: Vec<(&str, &str)> = pages
        .iter()
        .copied()
        .filter(is_markdown)
        .filter_map(|path| {
            let below = if docs_dir.is_empty() { path } else { path.strip_prefix(docs_dir)?.strip_prefix('/')? };
            Some((below, path))
        })
        .take(MAX_ITEMS)
        .collect();
    if documents.is_empty() {
        let readme = pages.iter().copied().filter(|path| path.eq_ignore_ascii_case("readme.md"));
        documents = readme.map(|path| (path, path)).collect();
    }
    folder(documents, 0)
}

/// One folder's entries; each document is its path below the folder, and its whole path.
fn folder(documents: Vec<(&str, &str)>, depth: usize) -> Vec<NavItem> {
    let mut files = Vec::new();
    let mut folders: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for (below, path) in documents {
        match below.split_once('/') {
            Some((name, rest)) if depth < MAX_DEPTH => folders.entry(name).or_default().push((rest, path)),
            Some(_) | None => files.push((below, path)),
        }
    }
    files.sort_by_key(|(name, _)| (!is_index(name), *name));
    let pages = files.into_iter().map(|(name, path)| NavItem::Page { title: title_of(name), path: path.to_owned() });
    let sections = folders
        .into_iter()
        .map(|(name, documents)| NavItem::Section { title: words_of(name), items: folder(documents, depth + 1) });
    pages.chain(sections).collect()
}

fn is_index(name: &str) -> bool {
    name.eq_ignore_ascii_case("index.md") || name.eq_ignore_ascii_case("readme.md")
}

/// `guide/getting-started.md` → `Getting started`, and an index → `Home`.
fn title_of(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    if is_index(name) {
        return "Home".to_owned();
    }
    words_of(name.rsplit_once('.').map_or(name, |(stem, _)| stem))
}

fn words_of(name: &str) -> String {
    capitalised(&name.replace(['-', '_'], " "))
}
