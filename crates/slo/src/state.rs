//! Everything known of objectives.

use std::{collections::BTreeMap, sync::Arc};

use imbl::OrdMap;
use kernel::{EntityRef, Stamp, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{About, Consequences, Document, Event, Resolved, Severity, Slo, resolve};

/// The documents, and how each SLO stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    documents: OrdMap<EntityRef, Arc<Document>>,
    /// Since when each is declared.
    since: OrdMap<EntityRef, Timestamp>,
    standings: OrdMap<EntityRef, Arc<Held>>,
}

/// What was told of an SLO and has not ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// The alerts that fire.
    pub firing: Vec<Firing>,
    /// The places of the objectives without a budget, each with since when.
    pub exhausted: BTreeMap<u8, Timestamp>,
    /// True if there are no data.
    pub lost: bool,
    /// True if somebody was told of that.
    pub told: bool,
    /// Whose it is, as the last event said.
    pub about: Option<About>,
}

/// An alert that fires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firing {
    /// Whose.
    pub about: About,
    /// Its name.
    pub alert: String,
    /// How urgent.
    pub severity: Severity,
    /// Since when.
    pub since: Timestamp,
}

impl Held {
    /// How urgent the most urgent alert is that fires.
    #[must_use]
    pub fn severity(&self) -> Option<Severity> {
        self.firing.iter().map(|firing| firing.severity).max()
    }
}

impl State {
    /// Takes in one event. Never fails: what it doesn't know is left alone.
    pub fn fold(&mut self, event: &Event, stamp: &Stamp) {
        match event {
            Event::Defined { reference, document } => {
                self.since.entry(reference.clone()).or_insert(stamp.at);
                self.documents.insert(reference.clone(), Arc::new(document.as_ref().clone()));
            }
            Event::Removed { reference } => {
                self.documents.remove(reference);
                self.since.remove(reference);
                self.standings.remove(reference);
            }
            Event::BurnStarted { about, burn } => self.change(about, |held| {
                held.firing.retain(|it| it.about.objective != about.objective || it.alert != burn.alert);
                let (alert, severity) = (burn.alert.clone(), burn.severity);
                held.firing.push(Firing { about: about.clone(), alert, severity, since: stamp.at });
            }),
            Event::BurnEnded { about, alert, .. } => self.change(about, |held| {
                held.firing.retain(|it| it.about.objective != about.objective || it.alert != *alert);
            }),
            Event::BudgetExhausted { about, .. } => self.change(about, |held| {
                held.exhausted.insert(about.objective, stamp.at);
            }),
            Event::BudgetRestored { about, .. } => self.change(about, |held| {
                held.exhausted.remove(&about.objective);
            }),
            // What was deployed all the same is for people to read.
            Event::Overridden { .. } => {}
            Event::DataLost { about, told, .. } => self.change(about, |held| {
                (held.lost, held.told) = (true, *told);
            }),
            Event::DataFound { about } => self.change(about, |held| {
                (held.lost, held.told) = (false, false);
            }),
        }
    }

    fn change(&mut self, about: &About, change: impl FnOnce(&mut Held)) {
        if !self.documents.contains_key(&about.slo) {
            return;
        }
        let held = Arc::make_mut(self.standings.entry(about.slo.clone()).or_default());
        held.about = Some(about.clone());
        change(held);
    }

    /// How many documents there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// The document of this name.
    #[must_use]
    pub fn document(&self, reference: &EntityRef) -> Option<&Document> {
        self.documents.get(reference).map(Arc::as_ref)
    }

    /// Since when a document is declared, however it changed meanwhile.
    #[must_use]
    pub fn since(&self, reference: &EntityRef) -> Option<Timestamp> {
        self.since.get(reference).copied()
    }

    /// The SLOs, by name.
    pub fn slos(&self) -> impl Iterator<Item = (&EntityRef, &Slo)> {
        self.documents.iter().filter_map(|(reference, document)| match document.as_ref() {
            Document::Slo(slo) => Some((reference, slo)),
            Document::Service(_)
            | Document::Sli(_)
            | Document::DataSource(_)
            | Document::AlertPolicy(_)
            | Document::AlertCondition(_)
            | Document::AlertNotificationTarget(_) => None,
        })
    }

    /// The SLO of this name.
    #[must_use]
    pub fn slo(&self, reference: &EntityRef) -> Option<&Slo> {
        match self.document(reference)? {
            Document::Slo(slo) => Some(slo),
            Document::Service(_)
            | Document::Sli(_)
            | Document::DataSource(_)
            | Document::AlertPolicy(_)
            | Document::AlertCondition(_)
            | Document::AlertNotificationTarget(_) => None,
        }
    }

    /// The SLO with everything that it names; none if there is no such SLO.
    ///
    /// # Errors
    /// What is missing or does not fit, in words.
    #[must_use]
    pub fn resolve(&self, reference: &EntityRef) -> Option<Result<Resolved, String>> {
        Some(resolve::resolve(self, reference, self.slo(reference)?))
    }

    /// The SLOs of which a budget is gone, with what that has for consequences, whose it is, and since when.
    pub fn exhausted(&self) -> impl Iterator<Item = (&Consequences, &About, Timestamp)> {
        self.standings.iter().filter_map(|(slo, held)| {
            let since = held.exhausted.values().min()?;
            Some((self.slo(slo)?.consequences.as_ref()?, held.about.as_ref()?, *since))
        })
    }

    /// What was told of an SLO and has not ended.
    #[must_use]
    pub fn standing(&self, slo: &EntityRef) -> Held {
        self.standings.get(slo).map(|held| held.as_ref().clone()).unwrap_or_default()
    }
}
