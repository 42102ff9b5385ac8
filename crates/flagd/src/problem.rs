//! What is wrong with a definition, and what goes wrong when a flag is evaluated.

use serde::{Deserialize, Serialize};

/// Something wrong with a definition, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// JSON pointer (RFC 6901) inside the flag, or inside the document if a whole one was read.
    pub pointer: String,
    /// What is wrong, in words for the author.
    pub message: String,
    /// What was probably meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    /// How bad it is.
    #[serde(default)]
    pub severity: Severity,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The flag can't be evaluated: it answers `PARSE_ERROR`.
    #[default]
    Error,
    /// The flag is evaluated as flagd would, but that is hardly what its author meant.
    Warning,
}

impl Problem {
    pub(crate) fn error(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into(), suggestion: None, severity: Severity::Error }
    }

    pub(crate) fn warning(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(pointer, message) }
    }

    /// True if the flag can't be evaluated.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The same problem with the known name that is closest to what was written, if one is close.
    pub(crate) fn did_you_mean<'n>(mut self, written: &str, known: impl IntoIterator<Item = &'n str>) -> Self {
        self.suggestion = closest(written, known).map(|name| format!("did you mean '{name}'?"));
        self
    }

    /// The same problem as seen from the thing that holds the flag at `pointer`.
    pub(crate) fn below(mut self, pointer: &str) -> Self {
        self.pointer.insert_str(0, pointer);
        self
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = if self.pointer.is_empty() { "/" } else { &self.pointer };
        write!(f, "{place}: {}", self.message)?;
        self.suggestion.as_ref().map_or(Ok(()), |suggestion| write!(f, " ({suggestion})"))
    }
}

/// A step deeper into a JSON document, as a pointer writes it.
pub(crate) fn step(pointer: &str, token: impl std::fmt::Display) -> String {
    let token = token.to_string().replace('~', "~0").replace('/', "~1");
    format!("{pointer}/{token}")
}

/// Longer names are not compared: they are no typing mistakes, and comparing costs the product of the lengths.
const COMPARED_MAX: usize = 64;

fn closest<'n>(written: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let tolerated = (written.chars().count() / 3).clamp(1, 3);
    let near = known.into_iter().filter(|name| name.len() <= COMPARED_MAX && written.len() <= COMPARED_MAX);
    let near = near.map(|name| (distance(written, name), name)).filter(|(distance, _)| *distance <= tolerated);
    near.min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// Levenshtein's distance, blind to case.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, letter) in left.to_lowercase().chars().enumerate() {
        let mut diagonal = i;
        let mut last = i + 1;
        let mut next = vec![last];
        for (other, above) in right.iter().zip(row.iter().skip(1)) {
            let changed = diagonal + usize::from(letter != *other);
            last = changed.min(last + 1).min(above + 1);
            diagonal = *above;
            next.push(last);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// Why there is no answer, in OpenFeature's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// No flag of that key.
    FlagNotFound,
    /// The definition is wrong.
    ParseError,
    /// The rule needs a targeting key, and the context has none.
    TargetingKeyMissing,
    /// The context is not what it must be.
    InvalidContext,
    /// The value is of another type than the caller asked for.
    TypeMismatch,
    /// Anything else.
    General,
}

impl ErrorCode {
    /// As the protocols write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FlagNotFound => "FLAG_NOT_FOUND",
            Self::ParseError => "PARSE_ERROR",
            Self::TargetingKeyMissing => "TARGETING_KEY_MISSING",
            Self::InvalidContext => "INVALID_CONTEXT",
            Self::TypeMismatch => "TYPE_MISMATCH",
            Self::General => "GENERAL",
        }
    }
}

/// An evaluation without an answer: the caller falls back to the default of its code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}: {message}", code.as_str())]
pub struct Failure {
    /// The class.
    pub code: ErrorCode,
    /// What happened, in words.
    pub message: String,
}

impl Failure {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}
