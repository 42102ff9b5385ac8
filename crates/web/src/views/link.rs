//! Links to things and people.

use askama::Template;

use super::writes_html;

/// A link.
#[derive(Debug, Clone, Template)]
#[template(source = "<a href=\"{{ href }}\">{{ text }}</a>", ext = "html")]
pub struct Link {
    /// What it says.
    pub text: String,
    /// Where it goes.
    pub href: String,
}

impl Link {
    /// A link.
    #[must_use]
    pub fn new(text: impl Into<String>, href: impl Into<String>) -> Self {
        Self { text: text.into(), href: href.into() }
    }
}

/// A catalog entity by name. One that is referred to but does not exist says so.
#[derive(Debug, Clone, Template)]
#[template(path = "components/entity.html")]
pub struct Entity {
    /// What it is called on screens.
    pub name: String,
    /// Its kind in a word, such as `component` or `api`.
    pub kind: String,
    /// Its screen; none where the reference leads nowhere.
    pub href: Option<String>,
}

impl Entity {
    /// An entity that exists.
    #[must_use]
    pub fn new(kind: impl Into<String>, name: impl Into<String>, href: impl Into<String>) -> Self {
        Self { name: name.into(), kind: kind.into(), href: Some(href.into()) }
    }

    /// An entity that something refers to, but that is not in the catalog.
    #[must_use]
    pub fn missing(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self { name: name.into(), kind: kind.into(), href: None }
    }
}

/// Who did it, or who is meant.
#[derive(Debug, Clone, Template)]
#[template(path = "components/who.html")]
pub struct Who {
    /// The name.
    pub name: String,
    /// Their screen, if they have one.
    pub href: Option<String>,
}

impl Who {
    /// Somebody without a screen.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), href: None }
    }

    /// Somebody with a screen.
    #[must_use]
    pub fn at(name: impl Into<String>, href: impl Into<String>) -> Self {
        Self { name: name.into(), href: Some(href.into()) }
    }
}

writes_html!(Link, Entity, Who);
