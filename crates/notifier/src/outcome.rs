//! What came of a delivery.

use std::time::Duration;

/// How much of an answer or an error is kept, in bytes.
pub const WORDS_BYTES_MAX: usize = 500;
/// The longest time that a provider can put off the next attempt.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(3_600);

/// A message was accepted. Whether somebody saw it is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The provider's own id of it, to ask the provider about.
    pub provider_id: Option<String>,
    /// The beginning of what was answered, without secrets.
    pub answer: String,
}

/// A message was not accepted, or it is not known whether it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct Failure {
    /// Why, in words and without secrets.
    pub error: String,
    /// What to do.
    pub class: Class,
}

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Try again.
    Retry {
        /// How long the provider asked to wait, at most an hour.
        after: Option<Duration>,
    },
    /// This message will never reach this address: take another way.
    Permanent,
    /// No message can go this way before the operator changes a setting: take another way, and tell the operator.
    Misconfigured,
}

impl Failure {
    pub(crate) fn retry(error: impl AsRef<str>) -> Self {
        Self::new(error, Class::Retry { after: None })
    }

    pub(crate) fn permanent(error: impl AsRef<str>) -> Self {
        Self::new(error, Class::Permanent)
    }

    pub(crate) fn misconfigured(error: impl AsRef<str>) -> Self {
        Self::new(error, Class::Misconfigured)
    }

    pub(crate) fn new(error: impl AsRef<str>, class: Class) -> Self {
        Self { error: words(error.as_ref(), &[]), class }
    }
}

/// The beginning of a text in one line, with an ellipsis for each secret. A provider may quote what it was sent.
pub(crate) fn words(text: &str, secrets: &[&str]) -> String {
    let mut text = text.to_owned();
    for secret in secrets {
        // Shorter ones are words that occur anyway.
        if secret.len() >= 6 {
            text = text.replace(secret, "…");
        }
    }
    crate::message::clip_bytes(&crate::message::line(&text, WORDS_BYTES_MAX), WORDS_BYTES_MAX)
}
