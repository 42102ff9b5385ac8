//! Who may send alerts.

use std::{collections::BTreeMap, fmt, str::FromStr};

use jiff::SignedDuration;
use kernel::{EntityRef, RefDefaults, Refusal, Sha256, Timestamp, TypedId, codes};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Severity;

/// The integrations that there may be.
pub const INTEGRATIONS_MAX: usize = 2_000;

/// What a firing alert that names no end is granted where Prometheus sends by itself: Alertmanager's `resolve_timeout`.
pub const RESOLVE_TIMEOUT: SignedDuration = SignedDuration::from_mins(5);

/// An integration's name is one line of at most this many bytes.
const NAME_BYTES_MAX: usize = 100;

/// A label's name in [`Settings::label`].
const LABEL_BYTES_MAX: usize = 100;

/// The shortest time after which alerts may end by themselves: what is shorter ends between two repetitions.
const AUTO_RESOLVE_S_MIN: u32 = 60;

/// The longest one: 30 days.
const AUTO_RESOLVE_S_MAX: u32 = 30 * 24 * 3_600;

/// The id of one integration; not its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IntegrationId(Uuid);

impl IntegrationId {
    /// The id as its 16 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The integration as a subject of the timeline: `integration:default/<id>`.
    #[must_use]
    pub fn reference(&self) -> Option<EntityRef> {
        EntityRef::new("integration", EntityRef::DEFAULT_NAMESPACE, &self.to_string()).ok()
    }
}

impl From<Uuid> for IntegrationId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl TypedId for IntegrationId {}

impl fmt::Display for IntegrationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for IntegrationId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// The protocol that an integration speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// PagerDuty's Events API v2: most monitoring tools know it.
    EventsV2,
    /// Alertmanager's webhook.
    Alertmanager,
    /// Prometheus itself, which takes us for an Alertmanager.
    Prometheus,
    /// Grafana's webhook contact point.
    Grafana,
    /// Our own simple JSON, and GoAlert's form.
    Generic,
    /// Opsgenie's alert API.
    Opsgenie,
    /// GitHub's webhooks: they tell of deployments.
    Github,
    /// GitLab's webhooks: they tell of deployments.
    Gitlab,
    /// CDEvents: they tell of deployments and of incidents.
    Cdevents,
}

impl Kind {
    /// The name that people read.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::EventsV2 => "PagerDuty Events v2",
            Self::Alertmanager => "Alertmanager",
            Self::Prometheus => "Prometheus",
            Self::Grafana => "Grafana",
            Self::Generic => "generic",
            Self::Opsgenie => "Opsgenie",
            Self::Github => "GitHub",
            Self::Gitlab => "GitLab",
            Self::Cdevents => "CDEvents",
        }
    }

    /// True if its senders tell of deployments, at doors of their own; all others send alerts.
    #[must_use]
    pub fn deploys(self) -> bool {
        match self {
            Self::Github | Self::Gitlab | Self::Cdevents => true,
            Self::EventsV2 | Self::Alertmanager | Self::Prometheus | Self::Grafana | Self::Generic | Self::Opsgenie => {
                false
            }
        }
    }

    /// True if its senders sign what they send, so that the server must know the key itself.
    #[must_use]
    pub fn signs(self) -> bool {
        match self {
            Self::Github | Self::Gitlab => true,
            Self::EventsV2
            | Self::Alertmanager
            | Self::Prometheus
            | Self::Grafana
            | Self::Generic
            | Self::Opsgenie
            | Self::Cdevents => false,
        }
    }
}

/// What people set of an integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// What people call it; no two are called the same.
    pub name: String,
    /// What its alerts are about, unless a label says otherwise.
    pub entity: EntityRef,
    /// The protocol.
    pub kind: Kind,
    /// How bad an alert is that doesn't say.
    pub severity: Severity,
    /// After how many seconds without a repetition an alert ends by itself; none if its sender ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_resolve_after_s: Option<u32>,
    /// The label that names the component that an alert is about; empty if none does.
    #[serde(default = "Settings::default_label")]
    pub label: String,
}

impl Settings {
    /// The label that names a component if nothing else is set: `service`.
    #[must_use]
    pub fn default_label() -> String {
        "service".to_owned()
    }

    /// The same settings, with blanks around its texts taken away.
    ///
    /// # Errors
    /// `INVALID` if a text is empty, too long or not one line, or the time is out of bounds.
    pub(crate) fn sound(mut self) -> Result<Self, Refusal> {
        let invalid = |field: &str, detail: String| Err(Refusal::new(&codes::INVALID, detail).field(field));
        self.name = self.name.trim().to_owned();
        self.label = self.label.trim().to_owned();
        if self.name.is_empty() || self.name.len() > NAME_BYTES_MAX || self.name.contains(char::is_control) {
            return invalid("name", format!("An integration's name is one line of 1 to {NAME_BYTES_MAX} bytes."));
        }
        if self.label.len() > LABEL_BYTES_MAX || self.label.contains(char::is_control) {
            return invalid("label", format!("A label's name has at most {LABEL_BYTES_MAX} bytes on one line."));
        }
        let allowed = AUTO_RESOLVE_S_MIN..=AUTO_RESOLVE_S_MAX;
        if self.auto_resolve_after_s.is_some_and(|seconds| !allowed.contains(&seconds)) {
            let detail = "Alerts can end by themselves after a minute to 30 days.".to_owned();
            return invalid("auto_resolve_after_s", detail);
        }
        Ok(self)
    }
}

/// One sender of alerts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Integration {
    /// Its id.
    pub id: IntegrationId,
    /// What people set.
    pub settings: Settings,
    /// Since when it exists.
    pub created: Timestamp,
    /// Since when its key is what it is; none if the key was revoked and nothing can be sent.
    pub keyed: Option<Timestamp>,
    pub(crate) key: Option<Sha256>,
}

impl Integration {
    /// The digest of its key; none if the key was revoked.
    #[must_use]
    pub fn key(&self) -> Option<Sha256> {
        self.key
    }

    /// When an alert that is told now ends by itself if it isn't told again and says nothing of its end.
    pub(crate) fn expiry(&self, now: Timestamp) -> Option<Timestamp> {
        let set = self.settings.auto_resolve_after_s.map(|seconds| SignedDuration::from_secs(seconds.into()));
        let granted = set.or(match self.settings.kind {
            Kind::Prometheus => Some(RESOLVE_TIMEOUT),
            Kind::EventsV2
            | Kind::Alertmanager
            | Kind::Grafana
            | Kind::Generic
            | Kind::Opsgenie
            | Kind::Github
            | Kind::Gitlab
            | Kind::Cdevents => None,
        })?;
        Some(now.checked_add(granted).unwrap_or(Timestamp::MAX))
    }

    /// What these labels say that an alert is about. A name without a kind is a component, in the namespace of the
    /// integration's entity.
    #[must_use]
    pub fn entity_of(&self, labels: &BTreeMap<String, String>) -> Option<EntityRef> {
        self.entity_named(labels.get(&self.settings.label)?)
    }

    /// The entity that a sender's text names; none if it is no reference.
    #[must_use]
    pub fn entity_named(&self, text: &str) -> Option<EntityRef> {
        let namespace = self.settings.entity.namespace();
        EntityRef::parse(text, RefDefaults { kind: Some("component"), namespace }).ok()
    }
}
