//! Markdown that strangers wrote, as HTML that is safe to serve.
//!
//! The cast: [`render`] makes a [`Page`] of one Markdown file; [`Links`] tells it where the file's neighbours are
//! served; [`nav`] makes the tree of pages beside it, from `mkdocs.yml` or from the folder; [`excerpt`] makes the
//! line that a search result shows; [`steps`] takes the items of a runbook's lists.
//!
//! The flow: front matter is cut off → what MkDocs adds to Markdown is written as plain Markdown and HTML
//! (`extensions`) → pulldown-cmark parses it → `markup` gives headings their ids, labels diagrams and marks broken
//! links → `balance` makes the tags nest → ammonia sanitises all of it (`sanitise`); nothing before it is trusted with
//! safety → the words for search are taken from what is left (`text`).
//!
//! Architecture invariants:
//!
//! - The HTML holds no script, no style, no event handler, no inline `style`, and no URL but relative ones that
//!   [`Links`] produced and `http`, `https`, `mailto`, `tel`: it works under a strict Content-Security-Policy.
//! - Every id in it begins with [`ID_PREFIX`], so that a document can't collide with the page around it, and every
//!   class is one of a fixed list.
//! - Size, depth and the work per byte are bounded: [`MAX_BYTES`], [`MAX_DEPTH`].
//! - No I/O: files are the caller's.

mod balance;
mod extensions;
mod links;
mod markup;
mod nav;
mod sanitise;
mod steps;
#[cfg(test)]
mod tests;
mod text;

use serde::Deserialize;

pub use links::Links;
pub use nav::{Nav, NavItem, Problem, nav};
pub use steps::{Step, steps};
pub use text::excerpt;

/// The longest document that is rendered whole; of a longer one, this many bytes are.
pub const MAX_BYTES: usize = 1 << 20;

/// How deep lists, quotes and raw HTML may nest; what is deeper is shown flat.
pub const MAX_DEPTH: usize = 32;

/// What every id in the HTML begins with.
pub const ID_PREFIX: &str = "doc-";

const CUT_NOTICE: &str = r#"<div class="admonition warning"><p class="admonition-title">Cut</p><p>This document is longer than 1 MB; the rest of it isn't shown.</p></div>"#;

/// A rendered document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The body: safe to put into a page unescaped.
    pub html: String,
    /// The front matter's `title`, else the first heading of level 1.
    pub title: Option<String>,
    /// The headings in their order, for a table of contents.
    pub headings: Vec<Heading>,
    /// The words alone, one block per line, for search.
    pub text: String,
    /// Relative links and images that lead nowhere, as they were written.
    pub broken_links: Vec<String>,
    /// Whether the document was longer than [`MAX_BYTES`], so that its end is missing.
    pub cut: bool,
}

/// A heading of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// From 1 to 6.
    pub level: u8,
    /// The element's id, as it stands in the HTML: a link to it is `#` and this.
    pub id: String,
    /// Its words.
    pub text: String,
}

/// Renders one Markdown document.
#[must_use]
pub fn render(markdown: &str, links: &Links<'_>) -> Page {
    let shown = &markdown[..markdown.floor_char_boundary(MAX_BYTES)];
    let cut = shown.len() < markdown.len();
    let (front_matter, body) = split_front_matter(shown);
    let expanded = extensions::expand(body);
    let markup = markup::mark_up(&expanded, links);
    let mut html = sanitise::sanitise(&markup.html, links);
    let text = text::words(&html);
    if cut {
        html.push_str(CUT_NOTICE);
    }
    let title = front_matter
        .and_then(|it| it.title)
        .or_else(|| markup.headings.iter().find(|heading| heading.level == 1).map(|heading| heading.text.clone()));
    Page { html, title, headings: markup.headings, text, broken_links: links.take_broken(), cut }
}

#[derive(Deserialize)]
struct FrontMatter {
    title: Option<String>,
}

/// Cuts the YAML block between two `---` lines off the top. Bad YAML in it costs the title, nothing else.
fn split_front_matter(markdown: &str) -> (Option<FrontMatter>, &str) {
    let markdown = markdown.strip_prefix('\u{feff}').unwrap_or(markdown);
    let Some(after_open) = markdown.strip_prefix("---\n").or_else(|| markdown.strip_prefix("---\r\n")) else {
        return (None, markdown);
    };
    let mut end = 0;
    for line in after_open.split_inclusive('\n') {
        let fence = line.trim_end();
        if fence == "---" || fence == "..." {
            let (yaml, rest) = after_open.split_at(end);
            return (read_yaml(yaml).ok(), rest.get(line.len()..).unwrap_or_default());
        }
        end += line.len();
    }
    (None, markdown)
}

/// Reads YAML that needs no depth and no aliases.
fn read_yaml<'de, T: Deserialize<'de>>(yaml: &'de str) -> Result<T, serde_saphyr::Error> {
    let mut budget = serde_saphyr::Budget::default();
    budget.max_depth = MAX_DEPTH;
    budget.max_nodes = 20_000;
    let mut options = serde_saphyr::Options::default();
    options.budget = Some(budget);
    options.alias_limits.max_total_replayed_events = 1_000;
    serde_saphyr::from_str_with_options(yaml, options)
}
