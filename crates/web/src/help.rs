//! `GET /help`: the keys, where to ask, and what this is.

use askama::Template;
use axum::response::Response;

use crate::{
    frame::Frame,
    shell::{Chrome, Place, screen},
};

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
    fn places(&self) -> [Place; 15] {
        Place::ALL
    }
}

/// Shows the keys and what this server is.
pub async fn show(frame: Frame) -> Response {
    let world = &frame.world;
    let facts = [
        ("Address", frame.app.settings().base_url.clone()),
        ("Events on the timeline", world.position.to_string()),
        ("Entities", world.catalog.len().to_string()),
        ("Checks", world.checks.watches().count().to_string()),
        ("Server’s time", frame.now.strftime("%-d %B %Y, %H:%M:%S UTC").to_string()),
    ];
    screen(&HelpScreen {
        chrome: Chrome { place: None, ..frame.chrome("Keys and help", Place::Home) },
        version: env!("CARGO_PKG_VERSION").to_owned(),
        facts: facts.map(|(name, value)| (name.to_owned(), value)).to_vec(),
    })
}
