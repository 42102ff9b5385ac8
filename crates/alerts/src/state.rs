//! The fold and the queries.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use kernel::{EntityRef, Sha256, Stamp, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    About, Acknowledgement, Alert, Content, Ending, Event, Integration, IntegrationId, Severity, change::Recent,
};

/// How many resolved alerts are held, the newest; older ones are on the timeline only.
pub const RESOLVED_KEPT: usize = 2_000;

/// About how much memory the texts of open alerts may take. Above it no new alert is taken.
pub const HELD_BYTES_MAX: u64 = 512 * 1_024 * 1_024;

/// How many alerts are open, by severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Open ones that are critical.
    pub critical: usize,
    /// Open ones that are errors.
    pub error: usize,
    /// Open ones that are warnings.
    pub warning: usize,
    /// Open ones that wake nobody.
    pub info: usize,
    /// Those of them that somebody has taken on.
    pub acknowledged: usize,
}

impl Counts {
    /// All that are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.critical + self.error + self.warning + self.info
    }

    fn of(&mut self, severity: Severity) -> &mut usize {
        match severity {
            Severity::Critical => &mut self.critical,
            Severity::Error => &mut self.error,
            Severity::Warning => &mut self.warning,
            Severity::Info => &mut self.info,
        }
    }
}

/// All integrations, every open alert and the newest resolved ones.
///
/// Alerts are numbered by the position of the event that opened them, which keeps the indexes small and in order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    integrations: OrdMap<IntegrationId, Arc<Integration>>,
    keys: OrdMap<Sha256, IntegrationId>,
    alerts: OrdMap<u64, Arc<Alert>>,
    /// The newest occurrence of each reference.
    newest: OrdMap<EntityRef, u64>,
    open: OrdSet<u64>,
    by_entity: OrdMap<EntityRef, OrdSet<u64>>,
    by_integration: OrdMap<IntegrationId, OrdSet<u64>>,
    expiring: OrdSet<(Timestamp, u64)>,
    /// Removed integrations that have open alerts.
    removed: OrdSet<IntegrationId>,
    /// Resolved alerts by the position of their end.
    resolved: OrdMap<u64, u64>,
    counts: Counts,
    held_bytes: u64,
    /// What integrations reported as changed of late.
    #[serde(default)]
    changes: OrdMap<IntegrationId, Recent>,
}

impl State {
    /// Takes in one event. Events about what is no longer held change nothing.
    pub fn fold(&mut self, event: &Event, stamp: &Stamp) {
        match event {
            Event::IntegrationCreated { integration, settings, key } => {
                let (id, created) = (*integration, stamp.at);
                let (keyed, key) = (Some(stamp.at), *key);
                let created = Integration { id, settings: settings.clone(), created, keyed, key: Some(key) };
                self.keys.insert(key, id);
                self.integrations.insert(id, Arc::new(created));
            }
            Event::IntegrationChanged { integration, settings } => {
                if let Some(held) = self.integrations.get_mut(integration) {
                    Arc::make_mut(held).settings.clone_from(settings);
                }
            }
            Event::KeyRenewed { integration, key, .. } => self.set_key(*integration, Some(*key), stamp.at),
            Event::KeyRevoked { integration, .. } => self.set_key(*integration, None, stamp.at),
            Event::IntegrationRemoved { integration, .. } => {
                self.set_key(*integration, None, stamp.at);
                self.integrations.remove(integration);
                self.changes.remove(integration);
                if self.by_integration.contains_key(integration) {
                    self.removed.insert(*integration);
                }
            }
            Event::Triggered { about, content, since, expires } => {
                self.open(Arc::new(triggered(about, content, *since, *expires, stamp)), stamp);
            }
            Event::Updated { about, content, expires, .. } => self.change(about, |alert| {
                alert.tell(content, stamp.event, stamp.at);
                renew(alert, *expires, stamp.at);
            }),
            Event::Renewed { about, expires } => self.change(about, |alert| renew(alert, *expires, stamp.at)),
            Event::Acknowledged { about } => self.change(about, |alert| {
                alert.acknowledged = Some(Acknowledgement { by: stamp.actor.clone(), at: stamp.at });
            }),
            Event::Resolved { about, cause } => {
                let Some(number) = self.open_number(&about.alert) else { return };
                let ended = Ending { cause: *cause, by: stamp.actor.clone(), at: stamp.at };
                self.close(number, ended, stamp.position);
            }
            Event::ChangeReported { integration, entity, change } => {
                self.changes.entry(*integration).or_default().add(entity, change, stamp.at);
            }
        }
    }

    fn set_key(&mut self, integration: IntegrationId, key: Option<Sha256>, at: Timestamp) {
        let Some(held) = self.integrations.get_mut(&integration) else { return };
        let held = Arc::make_mut(held);
        if let Some(before) = held.key.take() {
            self.keys.remove(&before);
        }
        held.key = key;
        held.keyed = key.map(|_| at);
        if let Some(key) = key {
            self.keys.insert(key, integration);
        }
    }

    fn open(&mut self, alert: Arc<Alert>, stamp: &Stamp) {
        let number = alert.position;
        // An occurrence that is open still would be lost from the indexes.
        if let Some(before) = self.open_number(alert.reference()) {
            let cause = crate::Cause::Sender;
            self.close(before, Ending { cause, by: stamp.actor.clone(), at: stamp.at }, stamp.position);
        }
        self.newest.insert(alert.reference().clone(), number);
        self.open.insert(number);
        self.by_entity.entry(alert.about.entity.clone()).or_default().insert(number);
        self.by_integration.entry(alert.about.integration).or_default().insert(number);
        self.count(&alert, true);
        self.alerts.insert(number, alert);
    }

    fn change(&mut self, about: &About, change: impl FnOnce(&mut Alert)) {
        let Some(number) = self.open_number(&about.alert) else { return };
        let Some(mut alert) = self.alerts.remove(&number) else { return };
        self.count(&alert, false);
        change(Arc::make_mut(&mut alert));
        self.count(&alert, true);
        self.alerts.insert(number, alert);
    }

    fn close(&mut self, number: u64, ended: Ending, position: u64) {
        let Some(mut alert) = self.alerts.remove(&number) else { return };
        self.count(&alert, false);
        Arc::make_mut(&mut alert).ended = Some(ended);
        self.open.remove(&number);
        let About { entity, integration, .. } = &alert.about;
        if remove_from(&mut self.by_entity, entity, number) {
            self.by_entity.remove(entity);
        }
        if remove_from(&mut self.by_integration, integration, number) {
            self.by_integration.remove(integration);
            self.removed.remove(integration);
        }
        self.alerts.insert(number, alert);
        self.resolved.insert(position, number);
        while self.resolved.len() > RESOLVED_KEPT {
            let Some((oldest, number)) = self.resolved.get_min().copied() else { return };
            self.resolved.remove(&oldest);
            self.forget(number);
        }
    }

    fn forget(&mut self, number: u64) {
        let Some(alert) = self.alerts.remove(&number) else { return };
        if self.newest.get(alert.reference()) == Some(&number) {
            self.newest.remove(alert.reference());
        }
    }

    /// Keeps the counts and the index of ends: called before and after each change of an open alert.
    fn count(&mut self, alert: &Alert, add: bool) {
        let acknowledged = usize::from(alert.acknowledged.is_some());
        let one = self.counts.of(alert.severity);
        if add {
            *one += 1;
            self.counts.acknowledged += acknowledged;
            self.held_bytes += alert.weight();
            self.expiring.extend(alert.expires.map(|expires| (expires, alert.position)));
        } else {
            *one = one.saturating_sub(1);
            self.counts.acknowledged = self.counts.acknowledged.saturating_sub(acknowledged);
            self.held_bytes = self.held_bytes.saturating_sub(alert.weight());
            if let Some(expires) = alert.expires {
                self.expiring.remove(&(expires, alert.position));
            }
        }
    }

    fn open_number(&self, alert: &EntityRef) -> Option<u64> {
        self.newest.get(alert).copied().filter(|number| self.open.contains(number))
    }

    fn numbered<'a>(&'a self, numbers: impl IntoIterator<Item = &'a u64>) -> impl Iterator<Item = &'a Alert> {
        numbers.into_iter().filter_map(|number| self.alerts.get(number)).map(Arc::as_ref)
    }

    /// All integrations, the oldest first.
    pub fn integrations(&self) -> impl Iterator<Item = &Integration> {
        self.integrations.values().map(Arc::as_ref)
    }

    /// The integration with this id.
    #[must_use]
    pub fn integration(&self, id: IntegrationId) -> Option<&Integration> {
        self.integrations.get(&id).map(Arc::as_ref)
    }

    /// The integration whose key has this digest.
    #[must_use]
    pub fn by_key(&self, key: &Sha256) -> Option<&Integration> {
        self.integration(*self.keys.get(key)?)
    }

    /// The newest occurrence of the alert with this reference, if it is held.
    #[must_use]
    pub fn get(&self, alert: &EntityRef) -> Option<&Alert> {
        self.alerts.get(self.newest.get(alert)?).map(Arc::as_ref)
    }

    /// The open alert with this reference.
    #[must_use]
    pub fn open_alert(&self, alert: &EntityRef) -> Option<&Alert> {
        self.get(alert).filter(|alert| alert.is_open())
    }

    /// The open alert of this integration with this dedup key.
    #[must_use]
    pub fn open_by_key(&self, integration: IntegrationId, key: &str) -> Option<&Alert> {
        self.open_alert(&About::reference_of(integration, &crate::signal::sound_key(key))?)
    }

    /// The open alerts, the newest first.
    pub fn open_alerts(&self) -> impl Iterator<Item = &Alert> {
        self.numbered(self.open.iter().rev())
    }

    /// The open alerts about this entity, the newest first.
    pub fn of_entity(&self, entity: &EntityRef) -> impl Iterator<Item = &Alert> {
        self.numbered(self.by_entity.get(entity).into_iter().flat_map(|numbers| numbers.iter().rev()))
    }

    /// The entities that have open alerts, with how many.
    pub fn entities(&self) -> impl Iterator<Item = (&EntityRef, usize)> {
        self.by_entity.iter().map(|(entity, numbers)| (entity, numbers.len()))
    }

    /// The open alerts of this integration, the newest first.
    pub fn of_integration(&self, integration: IntegrationId) -> impl Iterator<Item = &Alert> {
        self.numbered(self.by_integration.get(&integration).into_iter().flat_map(|numbers| numbers.iter().rev()))
    }

    /// How many alerts of this integration are open.
    #[must_use]
    pub fn open_of_integration(&self, integration: IntegrationId) -> usize {
        self.by_integration.get(&integration).map_or(0, OrdSet::len)
    }

    /// The resolved alerts that are held, the last resolved first.
    pub fn resolved(&self) -> impl Iterator<Item = &Alert> {
        self.numbered(self.resolved.values().rev())
    }

    /// How many alerts are open.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// When the next alert ends by itself unless it is told again.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.expiring.get_min().map(|(expires, _)| *expires)
    }

    /// What an integration reported as changed of late.
    pub(crate) fn recent_changes(&self, integration: IntegrationId) -> Option<&Recent> {
        self.changes.get(&integration)
    }

    /// About how many bytes the texts of open alerts take.
    pub(crate) fn held_bytes(&self) -> u64 {
        self.held_bytes
    }

    /// The open alerts whose time is over, the longest first.
    pub(crate) fn expired(&self, now: Timestamp) -> impl Iterator<Item = &Alert> {
        self.numbered(self.expiring.iter().take_while(move |(expires, _)| *expires <= now).map(|(_, number)| number))
    }

    /// The open alerts of integrations that were removed.
    pub(crate) fn orphans(&self) -> impl Iterator<Item = &Alert> {
        self.removed.iter().flat_map(|integration| self.of_integration(*integration))
    }
}

/// Takes a number out of one of the sets; true if that set is empty now.
fn remove_from<K: Ord + Clone>(sets: &mut OrdMap<K, OrdSet<u64>>, key: &K, number: u64) -> bool {
    let Some(numbers) = sets.get_mut(key) else { return false };
    numbers.remove(&number);
    numbers.is_empty()
}

fn renew(alert: &mut Alert, expires: Option<Timestamp>, at: Timestamp) {
    alert.expires = expires;
    alert.last = at;
    alert.count = alert.count.saturating_add(1);
}

fn triggered(about: &About, content: &Content, since: Timestamp, expires: Option<Timestamp>, stamp: &Stamp) -> Alert {
    Alert {
        about: about.clone(),
        severity: content.severity,
        summary: content.summary.clone(),
        source: content.source.clone(),
        labels: content.labels.clone(),
        url: content.url.clone(),
        since,
        first: stamp.at,
        last: stamp.at,
        count: 1,
        expires,
        acknowledged: None,
        ended: None,
        opened_by: stamp.event,
        position: stamp.position,
        told_by: stamp.event,
        changed: stamp.at,
        told: content.digest(),
    }
}
