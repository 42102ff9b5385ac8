//! `GET /search`: everything by its words. `GET /search/palette`: the few likeliest, for the palette.

use askama::Template;
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{
    shell::Chrome,
    views::{Empty, Pager, Tabs},
};

/// What was found.
#[derive(Debug, Template)]
#[template(path = "search/show.html")]
pub struct SearchScreen {
    /// The frame; its `query` is what was searched for.
    pub chrome: Chrome,
    /// All, services, docs, API operations, flags, incidents.
    pub tabs: Tabs,
    /// The hits, the best first.
    pub hits: Vec<Hit>,
    /// What is said where nothing was found.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
}

/// One hit.
#[derive(Debug)]
pub struct Hit {
    /// What it is: `service`, `doc`, `operation`, `flag`, `incident`.
    pub sort: String,
    /// What it is called.
    pub title: String,
    /// Its screen.
    pub href: String,
    /// The words around what was found, cut where the found words begin and end.
    pub excerpt: Vec<Fragment>,
    /// Whose it is, or where it stands.
    pub note: String,
}

/// A piece of an excerpt.
#[derive(Debug)]
pub struct Fragment {
    /// The words.
    pub text: String,
    /// Whether they are what was searched for.
    pub found: bool,
}

/// What the palette offers.
#[derive(Debug, Serialize)]
pub struct PaletteResults {
    /// The likeliest, the best first; the palette shows at most 30.
    pub results: Vec<PaletteResult>,
}

/// One place to go to.
#[derive(Debug, Serialize)]
pub struct PaletteResult {
    /// What it is called.
    pub text: String,
    /// What it is.
    pub kind: String,
    /// Its screen.
    pub href: String,
}

impl IntoResponse for PaletteResults {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}
