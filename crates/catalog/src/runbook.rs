//! What to do when something breaks: the runbooks of an entity, wherever they are.

use kernel::EntityRef;
use serde::Serialize;

use crate::State;

/// One runbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Runbook {
    /// What to call it.
    pub title: String,
    /// Where it is.
    pub target: RunbookTarget,
}

/// Where a runbook is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "in", content = "at", rename_all = "snake_case")]
pub enum RunbookTarget {
    /// A page of the entity's own docs, by its path.
    Docs(String),
    /// Elsewhere, by its URL.
    Url(String),
}

impl State {
    /// The runbooks of an entity: the pages of its docs that are one, which can be read here and now, then its links.
    #[must_use]
    pub fn runbooks(&self, of: &EntityRef) -> Vec<Runbook> {
        let docs = self.docs(of).into_iter();
        let pages = docs
            .flat_map(|docs| &docs.pages)
            .filter(|page| page.runbook)
            .map(|page| Runbook { title: page.title.to_string(), target: RunbookTarget::Docs(page.path.to_string()) });
        let links = self
            .get(of)
            .into_iter()
            .flat_map(|entity| entity.runbook_links())
            .map(|link| Runbook { title: link.label().to_owned(), target: RunbookTarget::Url(link.url.to_string()) });
        pages.chain(links).collect()
    }
}
