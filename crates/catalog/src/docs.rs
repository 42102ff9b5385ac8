//! The Markdown docs that lie beside an entity.
//!
//! They are found by the annotation `backstage.io/techdocs-ref: dir:...`, or beside the only descriptor of a folder:
//! `mkdocs.yml` with its `docs_dir` and `nav`, else the folder `docs` and the README. Page bodies are blobs.

use std::collections::BTreeMap;

use kernel::{EntityRef, Sha256};
use serde::{Deserialize, Serialize};

use crate::{
    BundleFile, Content, Descriptor, Problem, Rule, entity,
    files::Files,
    path,
    yaml::{self, Budget, Node, Value},
};

/// More pages and images of one entity are left out.
const PAGES_MAX: usize = 2_000;
/// A larger page or image is left out.
const PAGE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Deeper navigation is flattened away.
const NAV_DEPTH_MAX: usize = 8;

/// A page, or an image that pages show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Relative to the docs' root: what links between pages use.
    pub path: Box<str>,
    /// The title: from the navigation, else the first heading, else the file's name.
    pub title: Box<str>,
    /// The digest of the body, which is a blob.
    pub digest: Sha256,
    /// True for a runbook: by its name, or because it lies in `runbooks`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub runbook: bool,
}

/// One entry of the navigation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NavItem {
    /// What it says.
    pub title: Box<str>,
    /// The page that it opens; nothing for a mere heading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Box<str>>,
    /// What stands below it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Self>,
}

/// All docs of one entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocSet {
    /// Whose docs they are.
    pub entity: EntityRef,
    /// The site's name, from `mkdocs.yml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Box<str>>,
    /// The pages, by path.
    pub pages: Vec<Page>,
    /// The images that lie among them, by path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Page>,
    /// The navigation.
    pub nav: Vec<NavItem>,
}

impl DocSet {
    /// No docs: what is published when they are gone.
    #[must_use]
    pub fn none(entity: EntityRef) -> Self {
        Self { entity, title: None, pages: Vec::new(), images: Vec::new(), nav: Vec::new() }
    }

    /// The page at this path.
    #[must_use]
    pub fn page(&self, path: &str) -> Option<&Page> {
        self.pages.iter().find(|page| &*page.path == path)
    }

    /// The page to open first: the navigation's first, or else the first.
    #[must_use]
    pub fn first_page(&self) -> Option<&Page> {
        fn first(items: &[NavItem]) -> Option<&str> {
            items.iter().find_map(|item| item.path.as_deref().or_else(|| first(&item.children)))
        }
        first(&self.nav).and_then(|path| self.page(path)).or_else(|| self.pages.first())
    }
}

/// A body that the caller stores under its digest before it applies the reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// The digest of the bytes.
    pub digest: Sha256,
    /// The bytes.
    pub bytes: Content,
}

/// The docs of one bundle.
#[derive(Default)]
pub(crate) struct Docs {
    pub(crate) sets: Vec<DocSet>,
    pub(crate) blobs: BTreeMap<Sha256, Content>,
    pub(crate) problems: Vec<Problem>,
}

impl Docs {
    /// Finds the docs of all entities; `entities` are in the order of their files.
    pub(crate) fn of(entities: &[Descriptor], files: &Files<'_>) -> Self {
        let mut descriptors_in: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for entity in entities {
            let paths = descriptors_in.entry(path::folder(&entity.origin.path)).or_default();
            if paths.last() != Some(&&*entity.origin.path) {
                paths.push(&entity.origin.path);
            }
        }
        let mut docs = Self::default();
        let mut last_file = "";
        for entity in entities {
            let folder = path::folder(&entity.origin.path);
            let is_first = last_file != &*entity.origin.path;
            last_file = &entity.origin.path;
            let is_alone = descriptors_in.get(folder).is_some_and(|paths| paths.len() == 1);
            let root = annotated_root(entity, folder).or_else(|| (is_first && is_alone).then(|| folder.to_owned()));
            if let Some(set) = root.and_then(|root| docs.set(entity.reference.clone(), &root, files)) {
                docs.sets.push(set);
            }
        }
        docs
    }

    fn set(&mut self, entity: EntityRef, root: &str, files: &Files<'_>) -> Option<DocSet> {
        let mkdocs = ["mkdocs.yml", "mkdocs.yaml"].iter().find_map(|name| files.get(&path::normal(root, name)?));
        let site = mkdocs.and_then(|file| self.site(file));
        let docs_dir = site.as_ref().and_then(|site| site.get("docs_dir")).and_then(Node::text).unwrap_or("docs");
        let (base, only_docs) =
            if site.is_some() { (path::normal(root, docs_dir)?, false) } else { (root.into(), true) };
        let mut set = DocSet::none(entity);
        for (inside, file) in files.below(&base) {
            let is_doc = !only_docs || inside.starts_with("docs/") || inside.eq_ignore_ascii_case("readme.md");
            if is_doc && file.bytes.len() <= PAGE_BYTES_MAX && set.pages.len() + set.images.len() < PAGES_MAX {
                self.take(&mut set, inside, file);
            }
        }
        if set.pages.is_empty() {
            return None;
        }
        set.title = site.as_ref().and_then(|site| site.get("site_name")).and_then(Node::text).map(Into::into);
        let declared = site.as_ref().and_then(|site| site.get("nav")).zip(mkdocs);
        set.nav = match declared {
            Some((nav, mkdocs)) => self.nav(nav, &mut set.pages, &mkdocs.path, 0),
            None => plain_nav(&set.pages),
        };
        Some(set)
    }

    fn site(&mut self, file: &BundleFile) -> Option<Node> {
        let mut documents = yaml::parse(file.text()?, &mut Budget::default());
        let document = if documents.is_empty() { return None } else { documents.swap_remove(0) };
        if let Some(fault) = document.faults.first() {
            let message = format!("the docs' settings can't be read: line {}: {}", fault.place.line, fault.message);
            self.problems.push(Problem::of_file(Rule::DocsPage, file.path.as_str(), message));
        }
        document.root
    }

    fn take(&mut self, set: &mut DocSet, inside: &str, file: &BundleFile) {
        let extension = inside.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
        let pages = match extension.as_deref() {
            Some("md" | "markdown") if file.text().is_some() => &mut set.pages,
            Some("png" | "jpg" | "jpeg" | "gif" | "svg" | "webp" | "avif") => &mut set.images,
            _ => return,
        };
        let digest = Sha256::of(&file.bytes);
        self.blobs.insert(digest, file.bytes.clone());
        let title = file.text().and_then(heading).unwrap_or_else(|| path::name(inside)).into();
        pages.push(Page { path: inside.into(), title, digest, runbook: entity::is_runbook(inside) });
    }

    /// The navigation as `mkdocs.yml` declares it; its titles become the pages' own.
    fn nav(&mut self, nav: &Node, pages: &mut [Page], file: &str, depth: usize) -> Vec<NavItem> {
        let Value::List(items) = &nav.value else { return Vec::new() };
        if depth == NAV_DEPTH_MAX {
            return Vec::new();
        }
        let mut found = Vec::new();
        for item in items {
            let (title, target) = match item.entries() {
                [entry] => (Some(entry.key.as_str()), &entry.value),
                _ => (None, item),
            };
            let Some(wanted) = target.text() else {
                let children = self.nav(target, pages, file, depth + 1);
                found.push(NavItem { title: title.unwrap_or_default().into(), path: None, children });
                continue;
            };
            let normal = path::normal("", wanted);
            let page = pages.iter_mut().find(|page| Some(&*page.path) == normal.as_deref());
            let Some(page) = page else {
                if !wanted.contains("://") {
                    let message = format!("the navigation names \"{wanted}\", but there is no such page");
                    self.problems.push(Problem::of_file(Rule::DocsPage, file, message));
                }
                continue;
            };
            if let Some(title) = title {
                page.title = title.into();
            }
            found.push(NavItem { title: page.title.clone(), path: Some(page.path.clone()), children: Vec::new() });
        }
        found
    }
}

/// The folder that the annotation names. Docs elsewhere (`url:...`) are not fetched.
fn annotated_root(entity: &Descriptor, folder: &str) -> Option<String> {
    // Looking into the text first saves reading the whole document of nearly every entity.
    if !entity.document.contains("backstage.io/techdocs-ref") {
        return None;
    }
    let json = entity.json();
    let reference = entity::at(&json, &["metadata", "annotations", "backstage.io/techdocs-ref"]).as_str()?;
    path::normal(folder, reference.strip_prefix("dir:")?)
}

/// One entry for each page, an index or README first.
fn plain_nav(pages: &[Page]) -> Vec<NavItem> {
    let mut pages: Vec<&Page> = pages.iter().collect();
    let is_index =
        |page: &Page| matches!(path::name(&page.path).to_ascii_lowercase().as_str(), "index.md" | "readme.md");
    pages.sort_by_key(|page| (page.path.matches('/').count() > 1, !is_index(page), page.path.clone()));
    let item = |page: &Page| NavItem { title: page.title.clone(), path: Some(page.path.clone()), children: Vec::new() };
    pages.into_iter().map(item).collect()
}

/// The text of the first heading of level one.
fn heading(text: &str) -> Option<&str> {
    let line = text.lines().take(100).find_map(|line| line.strip_prefix("# "))?;
    Some(line.trim().trim_end_matches('#').trim_end()).filter(|title| !title.is_empty())
}
