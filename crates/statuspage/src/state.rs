//! All status pages as of one position of the timeline: the fold and the queries.

use std::sync::Arc;

use imbl::{OrdMap, Vector};
use kernel::{Actor, EffectId, EntityRef, ReportId, Stamp, SubscriptionId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    About, Affected, BATCH_MAX, Batch, Broadcast, Event, Kind, PAGE_KIND, Page, Posted, Report, Status, Subscription,
    Update,
};

/// Reports that are remembered; of more, the oldest that are over are on the timeline only.
pub(crate) const REPORTS_KEPT: usize = 2_000;
/// Statuses set by hand that are remembered.
const SETS_KEPT: usize = 500;
/// Updates of one report.
pub(crate) const UPDATES_MAX: usize = 200;

/// Everything known about status pages.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {
    pages: OrdMap<EntityRef, Arc<Page>>,
    sets: Vector<Override>,
    reports: OrdMap<ReportId, Arc<Report>>,
    subscriptions: OrdMap<u64, Arc<Subscription>>,
    numbers: OrdMap<SubscriptionId, u64>,
    newest: u64,
    broadcasts: OrdMap<EffectId, Arc<Broadcast>>,
}

/// A component's status as a person set it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// The page.
    pub page: EntityRef,
    /// The component's key.
    pub component: String,
    /// How it is.
    pub status: Status,
    /// From then on.
    pub at: Timestamp,
    /// Until then.
    pub until: Timestamp,
    /// Who said so. Not public.
    pub by: Actor,
    /// Why. Not public.
    pub reason: Option<String>,
    /// True until it is cleared.
    pub stands: bool,
}

impl State {
    /// Takes in one event. Never fails: what it doesn't know is left alone.
    pub fn fold(&mut self, event: &Event, stamp: &Stamp) {
        match event {
            Event::PageDefined { definition } => {
                self.pages.insert(definition.page.clone(), Arc::new(definition.clone()));
            }
            Event::PageRemoved { page } => {
                self.pages.remove(page);
            }
            Event::StatusSet { page, component, status, until } => {
                self.clear(page, component, stamp.at);
                self.sets.push_back(Override {
                    page: page.clone(),
                    component: component.clone(),
                    status: *status,
                    at: stamp.at,
                    until: *until,
                    by: stamp.actor.clone(),
                    reason: stamp.reason.clone(),
                    stands: true,
                });
                if self.sets.len() > SETS_KEPT {
                    // What stands still is kept as long as anything else can go.
                    let over = self.sets.iter().position(|set| !set.stands).unwrap_or_default();
                    self.sets.remove(over);
                }
            }
            Event::StatusCleared { page, component, expired: _ } => self.clear(page, component, stamp.at),
            Event::Published { about, kind, impact, components, update, automatic, effect } => {
                let report = Report {
                    id: about.report,
                    page: about.page.clone(),
                    title: about.title.clone(),
                    kind: *kind,
                    impact: *impact,
                    updates: vec![posted(update, components, stamp)],
                    incident: about.incident,
                    automatic: *automatic,
                    retracted: false,
                };
                self.reports.insert(about.report, Arc::new(report));
                self.forget_oldest();
                self.begin(*effect, about, stamp);
            }
            Event::Updated { about, window, impact, components, update, effect } => {
                self.change(about.report, |report| {
                    report.updates.push(posted(update, components, stamp));
                    report.impact = *impact;
                    report.title.clone_from(&about.title);
                    if let (Kind::Maintenance { .. }, Some((from, to))) = (report.kind, *window) {
                        report.kind = Kind::Maintenance { from, to };
                    }
                });
                self.begin(*effect, about, stamp);
            }
            Event::Retracted { about } => {
                self.change(about.report, |report| report.retracted = true);
                self.withdraw(about.report);
            }
            Event::Restored { about } => self.change(about.report, |report| report.retracted = false),
            Event::Subscribed { page, subscription, way, components } => {
                self.newest += 1;
                let held = Subscription {
                    id: *subscription,
                    number: self.newest,
                    page: page.clone(),
                    way: *way,
                    components: components.clone(),
                    since: stamp.at,
                    changed: None,
                };
                self.subscriptions.insert(self.newest, Arc::new(held));
                self.numbers.insert(*subscription, self.newest);
            }
            Event::SubscriptionChanged { page: _, subscription, components } => {
                let number = self.numbers.get(subscription);
                if let Some(held) = number.and_then(|number| self.subscriptions.get_mut(number)) {
                    let held = Arc::make_mut(held);
                    held.components.clone_from(components);
                    held.changed = Some(stamp.at);
                }
            }
            Event::Unsubscribed { page: _, subscription, cause: _ } => {
                if let Some(number) = self.numbers.remove(subscription) {
                    self.subscriptions.remove(&number);
                    self.forget_waiting(number);
                }
            }
            Event::Delivered { about: _, effect, through, tried, done } => {
                self.deliver(*effect, *through, tried, *done, stamp.at);
            }
        }
    }

    fn deliver(&mut self, effect: EffectId, through: u64, tried: &[crate::Tried], done: bool, at: Timestamp) {
        let Some(broadcast) = self.broadcasts.get_mut(&effect) else { return };
        let broadcast = Arc::make_mut(broadcast);
        broadcast.through = broadcast.through.max(through);
        for tried in tried {
            if let Some(number) = self.numbers.get(&tried.subscription) {
                broadcast.note(*number, tried.outcome, at);
            }
        }
        if done {
            self.broadcasts.remove(&effect);
        }
    }

    fn begin(&mut self, effect: Option<EffectId>, about: &About, stamp: &Stamp) {
        let Some(effect) = effect else { return };
        let broadcast = Broadcast {
            effect,
            page: about.page.clone(),
            report: about.report,
            update: stamp.event,
            begun: stamp.at,
            last: self.newest,
            through: 0,
            sent: 0,
            given_up: 0,
            waiting: OrdMap::new(),
        };
        self.broadcasts.insert(effect, Arc::new(broadcast));
    }

    fn clear(&mut self, page: &EntityRef, component: &str, at: Timestamp) {
        for set in self.sets.iter_mut().filter(|set| set.stands && set.is_of(page, component)) {
            set.until = set.until.min(at).max(set.at);
            set.stands = false;
        }
    }

    fn change(&mut self, report: ReportId, change: impl FnOnce(&mut Report)) {
        if let Some(report) = self.reports.get_mut(&report) {
            change(Arc::make_mut(report));
        }
    }

    fn forget_oldest(&mut self) {
        if self.reports.len() > REPORTS_KEPT {
            let over = self.reports.iter().find(|(_, report)| report.stage().is_over() || report.retracted);
            if let Some(id) = over.map(|(id, _)| *id) {
                self.reports.remove(&id);
                self.withdraw(id);
            }
        }
    }

    /// What is on its way of a report goes no further.
    fn withdraw(&mut self, report: ReportId) {
        let rest = self.broadcasts.iter().filter(|(_, broadcast)| broadcast.report != report);
        self.broadcasts = rest.map(|(effect, broadcast)| (*effect, Arc::clone(broadcast))).collect();
    }

    fn forget_waiting(&mut self, number: u64) {
        let concerned = self.broadcasts.iter().filter(|(_, broadcast)| broadcast.waiting.contains_key(&number));
        let concerned: Vec<EffectId> = concerned.map(|(effect, _)| *effect).collect();
        for effect in concerned {
            if let Some(broadcast) = self.broadcasts.get_mut(&effect) {
                Arc::make_mut(broadcast).waiting.remove(&number);
            }
        }
    }

    /// All pages, in order of their references.
    pub fn pages(&self) -> impl Iterator<Item = &Arc<Page>> {
        self.pages.values()
    }

    /// A page.
    #[must_use]
    pub fn page(&self, page: &EntityRef) -> Option<&Arc<Page>> {
        self.pages.get(page)
    }

    /// The page of this name, public or not: that of the default namespace, if there are several.
    #[must_use]
    pub fn page_named(&self, name: &str) -> Option<&Arc<Page>> {
        let default = EntityRef::new(PAGE_KIND, EntityRef::DEFAULT_NAMESPACE, name).ok();
        let default = default.and_then(|reference| self.pages.get(&reference));
        default.or_else(|| self.pages().find(|page| page.name() == name))
    }

    /// The page at `/status`: the public one that says so, or else the first that is public.
    #[must_use]
    pub fn main_page(&self) -> Option<&Arc<Page>> {
        let public = || self.pages().filter(|page| page.public);
        public().find(|page| page.main).or_else(|| public().next())
    }

    /// How a person set a component, if that stands. Whether its time is over is for the caller.
    #[must_use]
    pub fn set(&self, page: &EntityRef, component: &str) -> Option<&Override> {
        self.sets.iter().rev().find(|set| set.stands && set.is_of(page, component))
    }

    /// All that people set of a component that is remembered, the oldest first.
    pub fn sets<'a>(&'a self, page: &'a EntityRef, component: &'a str) -> impl Iterator<Item = &'a Override> {
        self.sets.iter().filter(move |set| set.is_of(page, component))
    }

    /// What stands although its time is over.
    pub(crate) fn expired(&self, now: Timestamp) -> impl Iterator<Item = &Override> {
        self.sets.iter().filter(move |set| set.stands && set.until <= now)
    }

    /// A report, retracted or not.
    #[must_use]
    pub fn report(&self, report: ReportId) -> Option<&Arc<Report>> {
        self.reports.get(&report)
    }

    /// The reports of a page, retracted or not, the newest first.
    pub fn reports<'a>(&'a self, page: &'a EntityRef) -> impl Iterator<Item = &'a Arc<Report>> {
        self.reports.values().rev().filter(move |report| report.page == *page)
    }

    /// The reports of a page that are neither over nor retracted, the newest first.
    pub fn open_reports<'a>(&'a self, page: &'a EntityRef) -> impl Iterator<Item = &'a Arc<Report>> {
        self.reports(page).filter(|report| !report.retracted && !report.stage().is_over())
    }

    /// The reports that tell of an internal incident, the newest first.
    pub fn of_incident(&self, number: u64) -> impl Iterator<Item = &Arc<Report>> {
        self.reports.values().rev().filter(move |report| report.incident == Some(number))
    }

    /// Open maintenances of all pages that are declared.
    pub(crate) fn maintenances(&self) -> impl Iterator<Item = &Arc<Report>> {
        let open = |report: &&Arc<Report>| report.is_maintenance() && !report.retracted && !report.stage().is_over();
        self.reports.values().filter(open).filter(|report| self.pages.contains_key(&report.page))
    }

    /// A subscription.
    #[must_use]
    pub fn subscription(&self, subscription: SubscriptionId) -> Option<&Arc<Subscription>> {
        self.subscriptions.get(self.numbers.get(&subscription)?)
    }

    /// The subscriptions of a page, the oldest first.
    pub fn subscriptions<'a>(&'a self, page: &'a EntityRef) -> impl Iterator<Item = &'a Arc<Subscription>> {
        self.subscriptions.values().filter(move |held| held.page == *page)
    }

    /// How many subscriptions there are, of all pages.
    #[must_use]
    pub fn subscriptions_len(&self) -> usize {
        self.subscriptions.len()
    }

    /// The updates that are on their way, the oldest first.
    pub fn broadcasts(&self) -> impl Iterator<Item = &Arc<Broadcast>> {
        self.broadcasts.values()
    }

    /// An update that is on its way.
    #[must_use]
    pub fn broadcast(&self, effect: EffectId) -> Option<&Arc<Broadcast>> {
        self.broadcasts.get(&effect)
    }

    /// Whom to tell next of an update: those who were never tried first, then those whose time has come again. None if
    /// nobody is to be tried now.
    #[must_use]
    pub fn batch(&self, effect: EffectId, now: Timestamp) -> Option<Batch> {
        let broadcast = self.broadcast(effect)?;
        let report = self.report(broadcast.report)?;
        let (mut receivers, mut through) = (Vec::new(), broadcast.through);
        let next = broadcast.through.saturating_add(1);
        if next <= broadcast.last {
            for (number, held) in self.subscriptions.range(next..=broadcast.last) {
                through = *number;
                if held.page == broadcast.page && held.wants(report) {
                    receivers.push(Arc::clone(held));
                }
                if receivers.len() >= BATCH_MAX {
                    return Some(Batch { receivers, through });
                }
            }
            return Some(Batch { receivers, through: broadcast.last });
        }
        let again = broadcast.waiting.iter().filter(|(_, waiting)| waiting.next <= now);
        let again = again.filter_map(|(number, _)| self.subscriptions.get(number));
        receivers.extend(again.take(BATCH_MAX).map(Arc::clone));
        (!receivers.is_empty() || broadcast.is_done()).then_some(Batch { receivers, through })
    }
}

impl Override {
    fn is_of(&self, page: &EntityRef, component: &str) -> bool {
        self.page == *page && self.component == component
    }
}

impl Report {
    /// True if any of its updates names the component.
    #[must_use]
    pub fn names(&self, component: &str) -> bool {
        self.updates.iter().flat_map(|posted| &posted.components).any(|affected| affected.component == component)
    }
}

fn posted(update: &Update, components: &[Affected], stamp: &Stamp) -> Posted {
    Posted {
        id: stamp.event,
        at: stamp.at,
        by: stamp.actor.clone(),
        update: update.clone(),
        components: components.to_vec(),
    }
}
