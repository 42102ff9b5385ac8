//! What is delivered.

use jiff::Timestamp;
use ring::digest;
use serde::{Deserialize, Serialize};

/// How long an id or a thread may be, in characters.
const ID_CHARS_MAX: usize = 200;
/// How long a subject may be, in characters.
pub const SUBJECT_CHARS_MAX: usize = 200;
/// How long a text may be, in characters.
pub const TEXT_CHARS_MAX: usize = 10_000;
/// How many facts a message may have.
pub const FACTS_MAX: usize = 20;
/// How long a fact's name may be, in characters.
const FACT_NAME_CHARS_MAX: usize = 60;
/// How long a fact's value may be, in characters.
const FACT_VALUE_CHARS_MAX: usize = 500;
/// How long a link may be, in bytes. A longer one is left out: half of it would be of no use.
pub const LINK_BYTES_MAX: usize = 1_000;

/// What the link is called that ends such messages.
pub(crate) const UNSUBSCRIBE: &str = "Unsubscribe";

/// How much a message is in a hurry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Urgency {
    /// It can wait until somebody looks.
    #[default]
    Low,
    /// Somebody is to look now.
    High,
}

/// A message. What is too long is cut when it is delivered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Message {
    /// What makes repetitions known to the receiver: the same at each attempt, and of no other message.
    pub id: String,
    /// What the message belongs to, such as a page or an incident. Mail programs show a thread together.
    pub thread: String,
    /// When it was made: the same at each attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// How much it is in a hurry.
    #[serde(default)]
    pub urgency: Urgency,
    /// It in one line.
    pub subject: String,
    /// It in plain text.
    pub text: String,
    /// Names and values that a reader wants at a glance.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<(String, String)>,
    /// Where to read on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Where to acknowledge. A GET shows a page with a button, and a POST acknowledges: mail scanners follow links.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledge: Option<String>,
    /// Where the receiver ends that such messages come. By mail, a POST of RFC 8058's form to it does so at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsubscribe: Option<String>,
}

impl Message {
    /// The message within all bounds.
    #[must_use]
    pub fn bounded(&self) -> Self {
        let fact =
            |(name, value): &(String, String)| (line(name, FACT_NAME_CHARS_MAX), line(value, FACT_VALUE_CHARS_MAX));
        Self {
            id: line(&self.id, ID_CHARS_MAX),
            thread: line(&self.thread, ID_CHARS_MAX),
            at: self.at,
            urgency: self.urgency,
            subject: line(&self.subject, SUBJECT_CHARS_MAX),
            text: clip(&paragraphs(&self.text), TEXT_CHARS_MAX),
            facts: self.facts.iter().take(FACTS_MAX).map(fact).collect(),
            link: self.link.as_deref().and_then(link),
            acknowledge: self.acknowledge.as_deref().and_then(link),
            unsubscribe: self.unsubscribe.as_deref().and_then(link),
        }
    }

    /// Text, facts and links, as plain text.
    pub(crate) fn plain(&self) -> String {
        let mut plain = self.text.clone();
        if !self.facts.is_empty() {
            plain.push_str("\n\n");
            plain.push_str(&self.facts_text());
        }
        let links = [("Read on", &self.link), ("Acknowledge", &self.acknowledge), (UNSUBSCRIBE, &self.unsubscribe)];
        for (what, link) in links {
            if let Some(link) = link {
                plain.push_str(&format!("\n\n{what}: {link}"));
            }
        }
        plain.trim().to_owned()
    }

    /// The facts, one in a line.
    pub(crate) fn facts_text(&self) -> String {
        let lines: Vec<String> = self.facts.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        lines.join("\n")
    }
}

/// A name of 32 hexadecimal digits for an id: what it is used in allows only few characters.
pub(crate) fn short_name(id: &str) -> String {
    let digest = digest::digest(&digest::SHA256, id.as_bytes());
    digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// At most this many characters; what was cut shows by an ellipsis.
pub(crate) fn clip(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let mut clipped: String = text.chars().take(chars_max.saturating_sub(1)).collect();
    clipped.push('…');
    clipped
}

/// At most this many bytes, at the border of a character; what was cut shows by an ellipsis.
pub(crate) fn clip_bytes(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(bytes_max.saturating_sub('…'.len_utf8()));
    format!("{}…", text.get(..end).unwrap_or_default())
}

/// The text in one line: a header or a title ends at a line's end.
pub(crate) fn line(text: &str, chars_max: usize) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clip(spaced.split_whitespace().collect::<Vec<_>>().join(" ").as_str(), chars_max)
}

/// The text without control characters other than ends of lines and tabs.
fn paragraphs(text: &str) -> String {
    let unix = text.replace("\r\n", "\n");
    unix.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

/// The link, if it is one that may be shown: `javascript:` and the like are not.
fn link(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    let shown = matches!(url.scheme(), "http" | "https") && text.len() <= LINK_BYTES_MAX;
    shown.then(|| url.to_string())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn sample() -> Message {
        Message {
            id: "01932e4a-9c6b-7d20-8b1e-6f2f3c1d5a77".to_owned(),
            thread: "page-7".to_owned(),
            at: "2026-11-20T12:01:30Z".parse().ok(),
            urgency: Urgency::High,
            subject: "checkout: 5xx above 2 %".to_owned(),
            text: "The rate of errors is 7 % since 12:01.".to_owned(),
            facts: vec![("Service".to_owned(), "checkout".to_owned())],
            link: Some("https://mainstay.example/pages/7".to_owned()),
            acknowledge: Some("https://mainstay.example/ack/abc?x=1&y=2".to_owned()),
            unsubscribe: None,
        }
    }

    #[test]
    fn a_message_is_cut_to_its_bounds() {
        let message = Message {
            subject: format!("a\r\nBcc: x@example.com\n{}", "s".repeat(999)),
            text: "t".repeat(99_999),
            facts: vec![("n".repeat(999), "v\n".repeat(9_999)); 99],
            link: Some("javascript:alert(1)".to_owned()),
            acknowledge: Some(format!("https://example.com/{}", "x".repeat(2_000))),
            ..sample()
        };
        let bounded = message.bounded();
        assert!(bounded.subject.starts_with("a Bcc: x@example.com sss"), "{}", bounded.subject);
        assert_eq!(bounded.subject.chars().count(), SUBJECT_CHARS_MAX);
        assert_eq!(bounded.text.chars().count(), TEXT_CHARS_MAX);
        assert_eq!(bounded.facts.len(), FACTS_MAX);
        assert!(!bounded.facts.iter().any(|(_, value)| value.contains('\n')));
        assert_eq!((bounded.link, bounded.acknowledge), (None, None));
    }

    #[test]
    fn what_is_within_bounds_stays_as_it_is() {
        assert_eq!(sample().bounded(), sample());
    }

    #[test]
    fn cutting_bytes_never_cuts_a_character() {
        assert_eq!(clip_bytes("üüüü", 8), "üüüü");
        assert_eq!(clip_bytes("üüüü", 7), "üü…");
        assert_eq!(clip_bytes("üüüü", 1), "…");
    }
}
