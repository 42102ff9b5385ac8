//! `GET /help`: the keys, where to ask, and what this is.

use askama::Template;

use crate::shell::{Chrome, Place};

/// Keys and help.
#[derive(Debug, Template)]
#[template(path = "system/help.html")]
pub struct HelpScreen {
    /// The frame.
    pub chrome: Chrome,
    /// The version of Mainstay.
    pub version: String,
    /// Facts on this server: address, data, started, events.
    pub facts: Vec<(String, String)>,
}

impl HelpScreen {
    fn places(&self) -> [Place; 11] {
        Place::ALL
    }
}
