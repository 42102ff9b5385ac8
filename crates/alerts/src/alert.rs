//! An alert and what it says.

use std::collections::BTreeMap;

use kernel::{Actor, EntityRef, EventId, Sha256, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{IntegrationId, Severity};

/// A summary is one line, cut to this many characters (PagerDuty's bound).
const SUMMARY_CHARS_MAX: usize = 1_024;

/// A source is cut to this many bytes.
const SOURCE_BYTES_MAX: usize = 512;

/// Details are kept as JSON text of at most this many bytes.
const DETAILS_BYTES_MAX: usize = 64 * 1_024;

/// Labels beyond this many are left out, the last in their order.
const LABELS_MAX: usize = 64;

/// A label's name is cut to this many bytes.
const LABEL_NAME_BYTES_MAX: usize = 128;

/// A label's value is cut to this many bytes.
const LABEL_VALUE_BYTES_MAX: usize = 1_024;

/// Labels beyond this many bytes in all are left out.
const LABELS_BYTES_MAX: usize = 16 * 1_024;

/// Links, or images, beyond this many are left out.
const LINKS_MAX: usize = 16;

/// An address that is longer is left out: a cut one leads elsewhere.
const URL_BYTES_MAX: usize = 2_048;

/// A link's text is cut to this many bytes.
const LINK_TEXT_BYTES_MAX: usize = 200;

/// Which alert an event is about, in all the ways that people look for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The alert's reference: `alert:default/<digest of integration and dedup key>`. Occurrences share it.
    pub alert: EntityRef,
    /// Who sent it.
    pub integration: IntegrationId,
    /// The sender's name for it.
    pub key: String,
    /// What it is about.
    pub entity: EntityRef,
}

impl About {
    /// The reference of an integration's alert with this dedup key: the first half of a SHA-256 of both.
    #[must_use]
    pub fn reference_of(integration: IntegrationId, key: &str) -> Option<EntityRef> {
        let digest = Sha256::of_parts(&[integration.as_bytes(), key.as_bytes()]).to_string();
        EntityRef::new("alert", EntityRef::DEFAULT_NAMESPACE, digest.get(..32)?).ok()
    }
}

/// Where to read on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// An `http` or `https` address.
    pub href: String,
    /// What to show for it; may be empty.
    pub text: String,
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Its `http` or `https` address.
    pub src: String,
    /// Where a click on it leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
    /// What it shows, in words; may be empty.
    pub alt: String,
}

/// What a sender says of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// How bad.
    pub severity: Severity,
    /// One line for lists.
    pub summary: String,
    /// Where it comes from: a host, a job, an address; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Names and values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Everything else that it says, as JSON text; empty if there is nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub details: String,
    /// Where to read on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// Pictures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Image>,
    /// What made the alert: a rule's page or graph.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl Content {
    /// The same content within all bounds. What a sender says is the world's doing: it is cut rather than refused.
    #[must_use]
    pub(crate) fn bounded(mut self) -> Self {
        self.summary = one_line(&self.summary);
        bound_source(&mut self.source);
        self.labels = bounded_labels(self.labels);
        self.details = bounded_details(self.details, DETAILS_BYTES_MAX);
        bound_links(&mut self.links);
        self.images.retain(|image| is_web_address(&image.src));
        self.images.truncate(LINKS_MAX);
        for image in &mut self.images {
            cut(&mut image.alt, LINK_TEXT_BYTES_MAX);
            image.href = image.href.take().filter(|href| is_web_address(href));
        }
        self.url = self.url.filter(|url| is_web_address(url));
        self
    }

    /// By what a repetition is recognised.
    #[must_use]
    pub(crate) fn digest(&self) -> Sha256 {
        Sha256::of(&serde_json::to_vec(self).unwrap_or_default())
    }
}

/// A summary: one line, and never none.
pub(crate) fn one_line(summary: &str) -> String {
    let line = summary.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|c| !c.is_control()).take(SUMMARY_CHARS_MAX).collect();
    if line.is_empty() { "(no summary)".to_owned() } else { line }
}

pub(crate) fn bound_source(source: &mut String) {
    cut(source, SOURCE_BYTES_MAX);
}

pub(crate) fn bound_links(links: &mut Vec<Link>) {
    links.retain(|link| is_web_address(&link.href));
    links.truncate(LINKS_MAX);
    links.iter_mut().for_each(|link| cut(&mut link.text, LINK_TEXT_BYTES_MAX));
}

/// Only such addresses become links: others could be scripts.
fn is_web_address(text: &str) -> bool {
    let begins = |scheme: &str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    let sound = text.len() <= URL_BYTES_MAX && !text.contains(|c: char| c.is_whitespace() || c.is_control());
    sound && (begins("https://") || begins("http://"))
}

fn bounded_labels(labels: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut room = LABELS_BYTES_MAX;
    let mut kept = BTreeMap::new();
    for (mut name, mut value) in labels {
        cut(&mut name, LABEL_NAME_BYTES_MAX);
        cut(&mut value, LABEL_VALUE_BYTES_MAX);
        let Some(rest) = room.checked_sub(name.len() + value.len()) else { break };
        if kept.len() >= LABELS_MAX {
            break;
        }
        if !name.is_empty() {
            room = rest;
            kept.insert(name, value);
        }
    }
    kept
}

/// A part of JSON text is no JSON: what is too long becomes an object with its beginning.
pub(crate) fn bounded_details(mut details: String, bytes_max: usize) -> String {
    if details.len() <= bytes_max {
        return details;
    }
    // Each byte may become six where it must be escaped.
    cut(&mut details, bytes_max / 8);
    serde_json::json!({ "truncated": details }).to_string()
}

fn cut(text: &mut String, bytes_max: usize) {
    text.truncate(text.floor_char_boundary(bytes_max));
}

/// Where an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Nobody has taken it on.
    Triggered,
    /// Somebody, or the sender, says that it is being looked at.
    Acknowledged,
    /// It is over.
    Resolved,
}

impl Status {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Triggered => "triggered",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }
}

/// How an alert ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Its sender said so.
    Sender,
    /// A person said so.
    ByHand,
    /// It was not told again in time.
    Expired,
    /// Its integration was removed.
    IntegrationRemoved,
}

/// Who took an alert on, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// How and when an alert ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// How.
    pub cause: Cause,
    /// Who; Mainstay itself where time ended it.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// One occurrence of an alert. Its details, links and images are in the event that [`Alert::told_by`] names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Its reference, sender, dedup key and entity.
    pub about: About,
    /// How bad it is now.
    pub severity: Severity,
    /// One line for lists.
    pub summary: String,
    /// Where it comes from.
    pub source: String,
    /// Names and values.
    pub labels: BTreeMap<String, String>,
    /// What made it.
    pub url: Option<String>,
    /// Since when the sender says that it is so: never later than [`Alert::first`].
    pub since: Timestamp,
    /// When it was first told.
    pub first: Timestamp,
    /// When it was last recorded as told; repetitions with nothing new are not recorded.
    pub last: Timestamp,
    /// How often it was recorded as told.
    pub count: u32,
    /// When it ends by itself unless it is told again.
    pub expires: Option<Timestamp>,
    /// Who took it on.
    pub acknowledged: Option<Acknowledgement>,
    /// How it ended; none while it is open.
    pub ended: Option<Ending>,
    /// The event that opened it.
    pub opened_by: EventId,
    /// The position of that event.
    pub position: u64,
    /// The event that has what it says now.
    pub told_by: EventId,
    /// When it last said something new.
    pub(crate) changed: Timestamp,
    /// By what a repetition of that is recognised.
    pub(crate) told: Sha256,
}

impl Alert {
    /// The alert's reference, under which it fails in an incident.
    #[must_use]
    pub fn reference(&self) -> &EntityRef {
        &self.about.alert
    }

    /// What alerts are grouped by: those about one entity belong to one incident.
    #[must_use]
    pub fn group_key(&self) -> &EntityRef {
        &self.about.entity
    }

    /// True until it is resolved.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> Status {
        match (&self.ended, &self.acknowledged) {
            (Some(_), _) => Status::Resolved,
            (None, Some(_)) => Status::Acknowledged,
            (None, None) => Status::Triggered,
        }
    }

    pub(crate) fn tell(&mut self, content: &Content, event: EventId, at: Timestamp) {
        self.severity = content.severity;
        self.summary.clone_from(&content.summary);
        self.source.clone_from(&content.source);
        self.labels.clone_from(&content.labels);
        self.url.clone_from(&content.url);
        self.told = content.digest();
        self.told_by = event;
        self.changed = at;
    }

    /// About how many bytes of memory its texts take.
    pub(crate) fn weight(&self) -> u64 {
        let labels: usize = self.labels.iter().map(|(name, value)| name.len() + value.len() + 48).sum();
        let texts =
            self.summary.len() + self.source.len() + self.about.key.len() + self.url.as_ref().map_or(0, String::len);
        (labels + texts) as u64
    }
}
