//! What verbs print: JSON as the server gave it, or text for people.
//!
//! A state is a word and a shape, so that colour is never the only sign; colours come only where a terminal shows them
//! and `NO_COLOR` does not forbid it. What came from outside can't steer the terminal: see [`Printer::show`].

mod moment;
mod table;

use std::io::{IsTerminal as _, Write as _};

use clap::ValueEnum;
use jiff::Timestamp;
use kernel::{Refusal, codes};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use table::Table;

/// The form of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs: what the server's API answers
    Json,
}

/// How a state is to be taken; each has a shape of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Warn,
    Bad,
    Unknown,
    Quiet,
}

impl Tone {
    /// How a word is to be taken that the API uses for a state.
    pub(crate) fn of(word: &str) -> Self {
        match word {
            "up" | "resolved" | "succeeded" | "ok" | "recovered" => Self::Good,
            "degraded" | "acknowledged" | "warning" | "paused" => Self::Warn,
            "down" | "open" | "failed" | "error" | "wrong" => Self::Bad,
            "on" | "off" | "over" => Self::Quiet,
            _ => Self::Unknown,
        }
    }

    fn shape(self) -> char {
        match self {
            Self::Good => '●',
            Self::Warn => '▲',
            Self::Bad => '◆',
            Self::Unknown => '◌',
            Self::Quiet => '○',
        }
    }

    /// The parameter of ECMA-48's "select graphic rendition".
    fn colour(self) -> &'static str {
        match self {
            Self::Good => "32",
            Self::Warn => "33",
            Self::Bad => "1;31",
            Self::Unknown => "35",
            Self::Quiet => "2",
        }
    }
}

/// Prints what a verb has to say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    format: Format,
    colour: bool,
    now: Timestamp,
}

impl Printer {
    /// A printer on standard output.
    pub(crate) fn new(format: Format) -> Self {
        let forbidden = std::env::var_os("NO_COLOR").is_some_and(|set| !set.is_empty());
        let colour = format == Format::Text && !forbidden && std::io::stdout().is_terminal();
        Self { format, colour, now: Timestamp::now() }
    }

    /// Prints an answer: as it is, or as the text that `render` makes of it.
    ///
    /// In text, control characters of the answer's strings are replaced: what a failing service said must not be able to
    /// steer the terminal of whoever reads it.
    ///
    /// # Errors
    /// If the answer has another shape than this version knows.
    pub(crate) fn show<T: DeserializeOwned>(
        &self,
        answer: Value,
        render: impl FnOnce(T) -> String,
    ) -> Result<(), Refusal> {
        if self.format == Format::Json {
            return self.json(&answer);
        }
        let mut answer = answer;
        without_controls(&mut answer);
        line(render(read(answer)?).trim_end())
    }

    /// Prints JSON, whatever the format.
    ///
    /// # Errors
    /// If standard output is closed.
    pub(crate) fn json(&self, value: &Value) -> Result<(), Refusal> {
        line(format!("{value:#}"))
    }

    /// True where programs read what is printed.
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// A state as a shape and a word.
    pub(crate) fn state(&self, word: &str) -> String {
        self.toned(Tone::of(word), word)
    }

    /// A word with the shape and colour of `tone`.
    pub(crate) fn toned(&self, tone: Tone, word: &str) -> String {
        self.paint(tone.colour(), &format!("{} {word}", tone.shape()))
    }

    /// A text that stands out.
    pub(crate) fn strong(&self, text: &str) -> String {
        self.paint("1", text)
    }

    /// A text that steps back.
    pub(crate) fn faint(&self, text: &str) -> String {
        self.paint("2", text)
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// `4 min ago (2026-11-20 03:07:00 UTC)`.
    pub(crate) fn when(&self, at: Timestamp) -> String {
        format!("{} ({})", self.ago(at), moment::absolute(at))
    }

    /// `4 min ago`, or `in 2 h`.
    pub(crate) fn ago(&self, at: Timestamp) -> String {
        moment::relative(at, self.now)
    }

    /// Now, as of the start of the verb.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }
}

/// Reads an answer of the server.
///
/// # Errors
/// If it has another shape than this version knows.
pub(crate) fn read<T: DeserializeOwned>(answer: Value) -> Result<T, Refusal> {
    serde_json::from_value(answer).map_err(|error| {
        Refusal::new(&codes::MALFORMED, format!("the server's answer is not understood: {error}"))
            .fix("use the same version of Mainstay here as on the server")
    })
}

fn without_controls(value: &mut Value) {
    match value {
        Value::String(text) if text.contains(steers) => *text = text.replace(steers, "\u{fffd}"),
        Value::Array(items) => items.iter_mut().for_each(without_controls),
        Value::Object(members) => members.values_mut().for_each(without_controls),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// True for what a terminal might obey: controls, and what changes the direction of writing.
fn steers(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Appends a line.
pub(crate) fn add(text: &mut String, line: impl AsRef<str>) {
    text.push_str(line.as_ref());
    text.push('\n');
}

/// The text with every further line moved to the right.
pub(crate) fn indented(text: &str, by: usize) -> String {
    text.trim_end().replace('\n', &format!("\n{}", " ".repeat(by)))
}

/// The part of a reference that a person needs: the name, with the namespace unless it is the default.
pub(crate) fn short(reference: &str) -> &str {
    let rest = reference.split_once(':').map_or(reference, |(_, rest)| rest);
    rest.strip_prefix("default/").unwrap_or(rest)
}

/// A text from outside, without what a terminal might obey.
pub(crate) fn said(text: &str) -> String {
    text.replace(steers, "\u{fffd}")
}

/// Prints what people should know beside the answer, on standard error.
pub(crate) fn warn(text: &str) {
    // The answer is what counts: if standard error is closed, it goes out all the same.
    let _ = writeln!(std::io::stderr(), "{}", said(text));
}

/// Prints a line on standard output.
///
/// # Errors
/// If standard output is closed, as by `head`: the verb ends.
pub(crate) fn line(text: impl AsRef<str>) -> Result<(), Refusal> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", text.as_ref())
        .and_then(|()| out.flush())
        .map_err(|error| Refusal::new(&codes::UNREACHABLE, format!("nothing can be printed: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_can_not_steer_the_terminal() {
        let mut answer = serde_json::json!({"error": ["red\u{1b}[31m\r\u{202e}\nnext"]});
        without_controls(&mut answer);
        assert_eq!(answer, serde_json::json!({"error": ["red\u{fffd}[31m\u{fffd}\u{fffd}\nnext"]}));
    }

    #[test]
    fn a_state_is_a_shape_and_a_word() {
        let printer = Printer { format: Format::Text, colour: false, now: Timestamp::UNIX_EPOCH };
        let shown: Vec<_> = ["up", "degraded", "down", "unknown", "off"].map(|word| printer.state(word)).into();
        assert_eq!(shown, ["● up", "▲ degraded", "◆ down", "◌ unknown", "○ off"]);
        let printer = Printer { colour: true, ..printer };
        assert_eq!(printer.state("up"), "\u{1b}[32m● up\u{1b}[0m");
    }
}
