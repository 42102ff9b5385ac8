//! `GET /checks/{name}`: one check: what it asks, what each location sees, how it went.

use askama::Template;

use crate::{
    shell::Chrome,
    views::{Answer, Change, Empty, Moment, State, Tone},
};

/// One check.
#[derive(Debug, Template)]
#[template(path = "checks/show.html")]
pub struct CheckScreen {
    /// The frame.
    pub chrome: Chrome,
    /// What it is called.
    pub name: String,
    /// `critical path`, `HTTP`.
    pub tags: Vec<String>,
    /// What it does, in a sentence: `GET https://shop.example/cart expects 200 within 2 s`.
    pub description: String,
    /// Verdict, what it covers, whose it is, how fast.
    pub answers: Vec<Answer>,
    /// What each location sees.
    pub locations: Vec<LocationRow>,
    /// The verdicts of the last hours, oldest first.
    pub history: History,
    /// The latest results.
    pub results: Vec<ResultRow>,
    /// What is said where there is none.
    pub no_results: Empty,
    /// When the verdict changed, the latest first.
    pub changes: Vec<Change>,
    /// What it asks and expects, field by field.
    pub facts: Vec<(String, String)>,
}

/// What one location sees.
#[derive(Debug)]
pub struct LocationRow {
    /// Which.
    pub name: String,
    /// What it sees.
    pub state: State,
    /// In words: `500 after 41 ms`.
    pub seen: String,
    /// How old that is.
    pub at: Moment,
}

/// One result.
#[derive(Debug)]
pub struct ResultRow {
    /// What was seen.
    pub state: State,
    /// When.
    pub at: Moment,
    /// From where.
    pub location: String,
    /// In words: `500 after 41 ms`.
    pub seen: String,
    /// How long each phase took: `DNS 2 ms, connect 9 ms, TLS 14 ms, first byte 31 ms`.
    pub phases: String,
}

/// Verdicts over time, as a strip of bars with the same in words.
#[derive(Debug, Template)]
#[template(path = "checks/history.html")]
pub struct History {
    /// The strip's pieces, oldest first; together they are 1000 wide.
    pub pieces: Vec<HistoryPiece>,
    /// From when to when: `the last 24 h`.
    pub period: String,
    /// The same in words: `up 99.2%, down 11 min in 2 periods`.
    pub words: String,
}

/// A period in which the verdict was the same.
#[derive(Debug)]
pub struct HistoryPiece {
    /// What the verdict was.
    pub state: State,
    /// Where it begins, of 1000.
    pub from: u16,
    /// How wide it is, of 1000.
    pub width: u16,
}

crate::views::writes_html!(History);

impl History {
    /// Worse verdicts stand higher, so that the strip reads without its colours.
    fn top(&self, piece: &HistoryPiece) -> u16 {
        match piece.state.tone {
            Tone::Good => 16,
            Tone::Warn => 9,
            Tone::Bad => 0,
            Tone::Unknown | Tone::Quiet => 19,
        }
    }
}
