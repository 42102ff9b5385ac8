//! Moving about in and between lists.

use askama::Template;

use super::writes_html;

/// Views of one thing, as links.
#[derive(Debug, Clone, Template)]
#[template(path = "components/tabs.html")]
pub struct Tabs {
    /// What the tabs divide, for those who don't see them.
    pub label: String,
    /// The views.
    pub tabs: Vec<Tab>,
}

/// One view.
#[derive(Debug, Clone)]
pub struct Tab {
    /// What it is called.
    pub label: String,
    /// Its address.
    pub href: String,
    /// Whether it is the one that is shown.
    pub here: bool,
    /// How many things it holds.
    pub count: Option<usize>,
}

/// The way to the rest of a list.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "components/pager.html")]
pub struct Pager {
    /// What is shown: `1 to 50 of 214`.
    pub shown: String,
    /// The page before.
    pub before: Option<String>,
    /// The page after.
    pub after: Option<String>,
}

writes_html!(Tabs, Pager);
