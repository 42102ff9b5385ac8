//! Moving about in and between lists.

use askama::Template;

use super::{Moment, State, writes_html};

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

/// One line of a list: anything with a name, a state and a remark.
#[derive(Debug, Clone, Template)]
#[template(path = "components/row.html")]
pub struct Row {
    /// How it is.
    pub state: Option<State>,
    /// What it is called.
    pub name: String,
    /// Its screen.
    pub href: String,
    /// A remark beside the name.
    pub note: String,
    /// A second line.
    pub under: Option<String>,
    /// Since when, or when.
    pub at: Option<Moment>,
}

impl Row {
    /// A line that is no more than a name.
    #[must_use]
    pub fn new(name: impl Into<String>, href: impl Into<String>) -> Self {
        Self { state: None, name: name.into(), href: href.into(), note: String::new(), under: None, at: None }
    }

    /// With a state.
    #[must_use]
    pub fn state(mut self, state: State) -> Self {
        self.state = Some(state);
        self
    }

    /// With a remark.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// With a second line.
    #[must_use]
    pub fn under(mut self, under: impl Into<String>) -> Self {
        self.under = Some(under.into());
        self
    }

    /// With a time.
    #[must_use]
    pub fn at(mut self, at: Moment) -> Self {
        self.at = Some(at);
        self
    }
}

writes_html!(Tabs, Pager, Row);
