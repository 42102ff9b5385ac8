//! What is live where, and how it came to be: the fold and the queries.

use std::{cmp::Ordering, sync::Arc};

use imbl::{OrdMap, Vector};
use jiff::Timestamp;
use kernel::{EffectId, EntityRef, EventId, Stamp};
use serde::{Deserialize, Serialize};

use crate::{
    Commit, Event, Outcome, Record, Settings,
    limits::HISTORY,
    pushed::Pushed,
    record::{Keys, RECORDS_MAX, told_as},
};

/// Everything known about running software.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {
    components: OrdMap<EntityRef, OrdMap<String, Place>>,
    pending: OrdMap<EffectId, Pending>,
    /// How many records all places have.
    records: usize,
    /// The deployments that were told by a name of their reporter's own.
    told: Keys,
    /// What came onto the main branches of repositories lately.
    pushed: Pushed,
}

/// One component in one environment.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) live: Option<Live>,
    pub(crate) configured: Option<Configured>,
    /// In order of their times.
    pub(crate) changes: Vector<Change>,
    /// What is counted of its deployments, in order of their times.
    pub(crate) records: Vector<Record>,
}

/// The version that is live in a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// The version.
    pub version: String,
    /// Since when this version is live without a break: a deployment of the same version again leaves it.
    pub since: Timestamp,
    /// The deployment that made it live, by its event.
    pub event: EventId,
    /// When that deployment ended: one that ended before it does not become live, however late it is told.
    pub deployed: Timestamp,
}

/// The configuration of a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configured {
    /// Every setting.
    pub settings: Arc<Settings>,
    /// Every setting before the change that made it so.
    pub before: Arc<Settings>,
    /// Since when.
    pub since: Timestamp,
    /// The change that made it so, by its event.
    pub event: EventId,
}

/// One change of a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The event.
    pub event: EventId,
    /// Its position on the timeline.
    pub position: u64,
    /// When.
    pub at: Timestamp,
    /// What was changed.
    pub what: What,
    /// Whether it was or is being taken back.
    pub undoing: Undoing,
}

/// What a change changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The version.
    Deployed(Deployed),
    /// These settings.
    Configured(Vec<String>),
}

/// A deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployed {
    /// The version.
    pub version: String,
    /// The version that was live before.
    pub previous: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// A page about it.
    pub url: Option<String>,
    /// The commit that it was built from.
    pub commit: Option<String>,
    /// The deployment that it took back, by its event.
    pub rollback_of: Option<EventId>,
    /// Whether its reporter has a name for it.
    pub keyed: bool,
}

/// Whether a change was or is being taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undoing {
    /// Neither.
    No,
    /// Asked for, and not yet done.
    Asked(EffectId),
    /// Done, by the change with this event.
    Done(EventId),
}

/// A request to go back, of which nothing has come yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// What goes back.
    pub component: EntityRef,
    /// Where.
    pub environment: String,
    /// The change to take back, by its event.
    pub of: EventId,
    /// What to go back to.
    pub to: Target,
    /// When it was asked for.
    pub asked: Timestamp,
    /// Whether the deploy hook took it.
    pub accepted: bool,
}

/// What a place is asked to go back to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A version.
    Version(String),
    /// A configuration.
    Settings(Arc<Settings>),
}

/// The two sorts of change. A newer change of one sort doesn't stand in the way of undoing one of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Deployment,
    Configuration,
}

impl What {
    pub(crate) fn sort(&self) -> Sort {
        match self {
            Self::Deployed(_) => Sort::Deployment,
            Self::Configured(_) => Sort::Configuration,
        }
    }
}

impl State {
    /// Takes in one event. Never fails: what it doesn't know is left alone.
    pub fn fold(&mut self, event: &Event, stamp: &Stamp) {
        match event {
            Event::DeploymentFinished {
                deployment: _,
                component,
                environment,
                version,
                previous,
                outcome,
                url,
                commit,
                rollback_of,
                finished: _,
                told,
            } => {
                let at = event.took_effect(stamp);
                if let Some(key) = &told.key {
                    self.told.add(told_as((component, environment), key));
                }
                let place = self.place_mut(component, environment);
                let is_newest = place.live.as_ref().is_none_or(|live| live.deployed <= at);
                if *outcome == Outcome::Succeeded && is_newest {
                    let since = match &place.live {
                        Some(live) if live.version == *version => live.since,
                        Some(_) | None => at,
                    };
                    place.live = Some(Live { version: version.clone(), since, event: stamp.event, deployed: at });
                }
                place.remember(
                    stamp,
                    at,
                    What::Deployed(Deployed {
                        version: version.clone(),
                        previous: previous.clone(),
                        outcome: *outcome,
                        url: url.clone(),
                        commit: commit.clone(),
                        rollback_of: *rollback_of,
                        keyed: told.key.is_some(),
                    }),
                );
                place.count(Record::of(stamp, at, (version, *outcome, *rollback_of), told));
                self.records += 1;
                self.forget_records();
                if let Some(of) = rollback_of {
                    let undoing = match outcome {
                        Outcome::Succeeded => Undoing::Done(stamp.event),
                        Outcome::Failed => Undoing::No,
                    };
                    self.settle(component, environment, *of, undoing);
                }
            }
            Event::ConfigApplied { component, environment, before, after, changed, restore_of, finished: _ } => {
                let place = self.place_mut(component, environment);
                place.configured = Some(Configured {
                    settings: Arc::new(after.clone()),
                    before: Arc::new(before.clone()),
                    since: event.took_effect(stamp),
                    event: stamp.event,
                });
                place.remember(stamp, event.took_effect(stamp), What::Configured(changed.clone()));
                if let Some(of) = restore_of {
                    self.settle(component, environment, *of, Undoing::Done(stamp.event));
                }
            }
            Event::RollbackRequested { component, environment, from_version: _, to_version, of, effect } => {
                let to = Target::Version(to_version.clone());
                self.ask(component, environment, *of, *effect, to, stamp);
            }
            Event::ConfigRestoreRequested { component, environment, to, of, effect } => {
                let to = Target::Settings(Arc::new(to.clone()));
                self.ask(component, environment, *of, *effect, to, stamp);
            }
            Event::UndoAccepted { component: _, environment: _, of: _, effect } => {
                if let Some(pending) = self.pending.get_mut(effect) {
                    pending.accepted = true;
                }
            }
            Event::UndoFailed { component, environment, of, effect: _, error: _ } => {
                self.settle(component, environment, *of, Undoing::No);
            }
            Event::CommitsPushed { component: _, repository, commits } => self.pushed.add(repository, commits),
            Event::Judged { component, environment, of, version: _, failed } => {
                let records = &mut self.place_mut(component, environment).records;
                let index = records.iter().rposition(|record| record.event == *of);
                if let Some(record) = index.and_then(|index| records.get_mut(index)) {
                    record.judged = *failed;
                }
            }
        }
    }

    /// Forgets a record where there are too many: the oldest of the place that has the most, so that nobody who deploys
    /// without end crowds others out.
    fn forget_records(&mut self) {
        while self.records > RECORDS_MAX
            && let Some((component, environment)) = self.most_recorded()
        {
            self.place_mut(&component, &environment).records.pop_front();
            self.records -= 1;
        }
    }

    /// The place with the most records.
    fn most_recorded(&self) -> Option<(EntityRef, String)> {
        let places = self.components.iter().flat_map(|(component, places)| {
            places.iter().map(move |(name, place)| (place.records.len(), component, name))
        });
        places.max().map(|(_, component, name)| (component.clone(), name.clone()))
    }

    fn place_mut(&mut self, component: &EntityRef, environment: &str) -> &mut Place {
        self.components.entry(component.clone()).or_default().entry(environment.to_owned()).or_default()
    }

    fn ask(
        &mut self,
        component: &EntityRef,
        environment: &str,
        of: EventId,
        effect: EffectId,
        to: Target,
        stamp: &Stamp,
    ) {
        self.place_mut(component, environment).mark(of, Undoing::Asked(effect));
        let (component, environment) = (component.clone(), environment.to_owned());
        let pending = Pending { component, environment, of, to, asked: stamp.at, accepted: false };
        self.pending.insert(effect, pending);
    }

    /// Ends a request to go back, if there is one, and marks its change.
    fn settle(&mut self, component: &EntityRef, environment: &str, of: EventId, undoing: Undoing) {
        self.place_mut(component, environment).mark(of, undoing);
        let asked = self.pending().find(|(_, pending)| pending.of == of).map(|(effect, _)| effect);
        if let Some(effect) = asked {
            self.pending.remove(&effect);
        }
    }

    pub(crate) fn place(&self, component: &EntityRef, environment: &str) -> Option<&Place> {
        self.components.get(component)?.get(environment)
    }

    /// The version that is live.
    #[must_use]
    pub fn live(&self, component: &EntityRef, environment: &str) -> Option<&Live> {
        self.place(component, environment)?.live.as_ref()
    }

    /// The version that was live at this time, and the deployment that made it so, as far as the changes that are
    /// remembered tell.
    #[must_use]
    pub fn live_at(&self, component: &EntityRef, environment: &str, at: Timestamp) -> Option<(&str, EventId)> {
        let place = self.place(component, environment)?;
        let live = place.live.as_ref()?;
        if live.deployed <= at {
            return Some((live.version.as_str(), live.event));
        }
        let (change, deployed) = place.went_live().find(|(change, _)| change.at <= at)?;
        Some((deployed.version.as_str(), change.event))
    }

    /// The version that runs again when this deployment is taken back: of the newest one before it that went live, whenever
    /// that was told; where none is remembered, what was known to be live when this one was recorded.
    #[must_use]
    pub fn version_before(&self, component: &EntityRef, environment: &str, of: EventId) -> Option<&str> {
        let place = self.place(component, environment)?;
        let change = place.change(of)?;
        let What::Deployed(taken_back) = &change.what else { return None };
        let mut before =
            place.went_live().filter(|(earlier, _)| (earlier.at, earlier.position) < (change.at, change.position));
        let before = before.next().map(|(_, deployed)| deployed.version.as_str());
        before.or(taken_back.previous.as_deref())
    }

    /// True if a deployment of this place was told by this name before.
    #[must_use]
    pub fn is_told(&self, place: (&EntityRef, &str), key: Option<&str>) -> bool {
        key.is_some_and(|key| self.told.has(told_as(place, key)))
    }

    /// True if this commit of a repository is remembered.
    pub(crate) fn has_commit(&self, repository: &str, sha: &str) -> bool {
        self.pushed.has(repository, sha)
    }

    /// The commits that a deployment of `commit` at this time brings, as far as they were told: those after the one
    /// that was deployed before.
    pub(crate) fn brought(
        &self,
        (component, environment): (&EntityRef, &str),
        at: Timestamp,
        repository: Option<&str>,
        commit: Option<&str>,
    ) -> Vec<Commit> {
        let (Some(repository), Some(commit)) = (repository, commit) else { return Vec::new() };
        let place = self.place(component, environment);
        let before = place.and_then(|place| place.went_live().find(|(change, _)| change.at <= at));
        self.pushed.between(repository, before.and_then(|(_, deployed)| deployed.commit.as_deref()), commit)
    }

    /// What is counted of a place's deployments, in order of their times.
    pub fn records(&self, component: &EntityRef, environment: &str) -> impl DoubleEndedIterator<Item = &Record> {
        self.place(component, environment).into_iter().flat_map(|place| place.records.iter())
    }

    /// What is counted of a place's deployments that ended by this time, newest first.
    pub fn records_until(
        &self,
        component: &EntityRef,
        environment: &str,
        until: Timestamp,
    ) -> impl Iterator<Item = &Record> {
        self.place(component, environment).into_iter().flat_map(move |place| {
            let (Ok(count) | Err(count)) = place.records.binary_search_by(|record| match record.at <= until {
                true => Ordering::Less,
                false => Ordering::Greater,
            });
            place.records.focus().narrow(..count).into_iter().rev()
        })
    }

    /// What is counted of one deployment.
    #[must_use]
    pub fn record(&self, component: &EntityRef, environment: &str, of: EventId) -> Option<&Record> {
        self.records(component, environment).rev().find(|record| record.event == of)
    }

    /// The configuration.
    #[must_use]
    pub fn configured(&self, component: &EntityRef, environment: &str) -> Option<&Configured> {
        self.place(component, environment)?.configured.as_ref()
    }

    /// The version to go back to: the last one that was deployed well, isn't live now, and was not taken back.
    #[must_use]
    pub fn last_good(&self, component: &EntityRef, environment: &str) -> Option<&str> {
        let place = self.place(component, environment)?;
        let live = place.live.as_ref()?;
        let taken_back = |version: &str| {
            place.changes.iter().any(|change| {
                matches!((&change.what, change.undoing), (What::Deployed(deployed), Undoing::Done(_)) if deployed.version == version)
            })
        };
        let mut good = place.went_live().map(|(_, deployed)| deployed.version.as_str());
        good.find(|version| *version != live.version && !taken_back(version))
    }

    /// The environments in which the component was seen, in order of their names.
    pub fn environments(&self, component: &EntityRef) -> impl Iterator<Item = &str> {
        self.components.get(component).into_iter().flat_map(|places| places.keys().map(String::as_str))
    }

    /// The components of which anything is known, in order of their references.
    pub fn components(&self) -> impl Iterator<Item = &EntityRef> {
        self.components.keys()
    }

    /// The last changes of a place, the newest first.
    pub fn history(&self, component: &EntityRef, environment: &str) -> impl Iterator<Item = &Change> {
        self.place(component, environment).into_iter().flat_map(|place| place.changes.iter().rev())
    }

    /// The requests to go back of which nothing has come yet, each with the effect that carries it out.
    pub fn pending(&self) -> impl Iterator<Item = (EffectId, &Pending)> {
        self.pending.iter().map(|(effect, pending)| (*effect, pending))
    }

    /// The request that this effect carries out.
    #[must_use]
    pub fn pending_effect(&self, effect: EffectId) -> Option<&Pending> {
        self.pending.get(&effect)
    }
}

impl Place {
    fn remember(&mut self, stamp: &Stamp, at: Timestamp, what: What) {
        let (event, position) = (stamp.event, stamp.position);
        let before = self.changes.iter().rev().take_while(|change| change.at > at).count();
        let index = self.changes.len() - before;
        self.changes.insert(index, Change { event, position, at, what, undoing: Undoing::No });
        if self.changes.len() > HISTORY {
            self.changes.pop_front();
        }
    }

    fn count(&mut self, record: Record) {
        let later = self.records.iter().rev().take_while(|counted| counted.at > record.at).count();
        self.records.insert(self.records.len() - later, record);
    }

    fn mark(&mut self, of: EventId, undoing: Undoing) {
        if let Some(change) = self.changes.iter_mut().find(|change| change.event == of) {
            change.undoing = undoing;
        }
    }

    /// The deployments that went live, newest first.
    fn went_live(&self) -> impl Iterator<Item = (&Change, &Deployed)> {
        self.changes.iter().rev().filter_map(|change| match &change.what {
            What::Deployed(deployed) if deployed.outcome == Outcome::Succeeded => Some((change, deployed)),
            What::Deployed(_) | What::Configured(_) => None,
        })
    }

    /// The change with this event.
    pub(crate) fn change(&self, of: EventId) -> Option<&Change> {
        self.changes.iter().find(|change| change.event == of)
    }

    /// The newest change of the same sort after `change`, if it took effect.
    pub(crate) fn later(&self, change: &Change) -> Option<&Change> {
        self.changes.iter().rev().find(|later| {
            (later.at, later.position) > (change.at, change.position)
                && later.what.sort() == change.what.sort()
                && later.what.took_effect()
        })
    }
}

impl What {
    fn took_effect(&self) -> bool {
        match self {
            Self::Deployed(deployed) => deployed.outcome == Outcome::Succeeded,
            Self::Configured(_) => true,
        }
    }
}
