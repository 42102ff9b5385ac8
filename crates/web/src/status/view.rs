//! What is public of a page: declared names and published words.

use std::sync::Arc;

use jiff::tz::TimeZone;
use kernel::{ReportId, Timestamp};
use statuspage::{Bars, Impact, Indicator, Page, Report, Stage, Status};
use world::World;

use crate::App;

/// Incidents and maintenances that lists have.
pub(crate) const LISTED: usize = 50;

/// A page as of a moment.
pub(crate) struct View {
    pub(crate) page: Arc<Page>,
    /// Its path, without a slash at the end.
    pub(crate) base: String,
    /// Its whole address.
    pub(crate) url: String,
    pub(crate) now: Timestamp,
    pub(crate) zone: TimeZone,
    pub(crate) indicator: Indicator,
    /// The sentence on its top.
    pub(crate) words: &'static str,
    /// Its components, in order.
    pub(crate) components: Vec<ComponentView>,
    /// Its incidents and maintenances, the newest first.
    pub(crate) reports: Vec<Arc<Report>>,
    /// When anything of it last changed.
    pub(crate) updated: Timestamp,
}

/// A component as the public sees it.
pub(crate) struct ComponentView {
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) description: String,
    /// The number of its group.
    pub(crate) group: usize,
    pub(crate) status: Status,
    pub(crate) since: Option<Timestamp>,
    pub(crate) known_since: Option<Timestamp>,
    pub(crate) bars: Option<Bars>,
}

impl View {
    pub(crate) fn of(app: &App, world: &World, page: &Arc<Page>, base: String) -> Self {
        let now = app.now();
        let mut groups =
            page.groups.iter().enumerate().flat_map(|(nth, group)| group.components.iter().map(move |_| nth));
        let components =
            world::statuspage::components(world, page, now).into_iter().map(|(component, measured, shown)| {
                let turns = if component.uptime { world::statuspage::history(world, component) } else { Vec::new() };
                let measured = statuspage::Measured { turns, ..measured };
                let bars = component.uptime.then(|| Bars::of(&world.statuspage, page, component, &measured, now));
                ComponentView {
                    key: component.key.clone(),
                    name: component.name.clone(),
                    description: component.description.clone(),
                    group: groups.next().unwrap_or_default(),
                    status: shown.status,
                    since: shown.since,
                    known_since: measured.turns.first().map(|(at, _)| *at),
                    bars,
                }
            });
        let components: Vec<ComponentView> = components.collect();
        let statuses: Vec<Status> = components.iter().map(|component| component.status).collect();
        let open = world.statuspage.open_reports(&page.page).filter(|report| !report.is_maintenance());
        let impacts: Vec<Impact> = open.map(|report| report.impact).collect();
        let (indicator, words) = statuspage::indicator(&statuses, &impacts);
        let mut reports: Vec<Arc<Report>> =
            world.statuspage.reports(&page.page).filter(|report| !report.retracted).cloned().collect();
        reports.sort_by_key(|report| std::cmp::Reverse(report.published()));
        let changed = components.iter().filter_map(|component| component.since);
        let posted = reports.iter().filter_map(|report| report.last()).map(|posted| posted.at);
        let updated = changed.chain(posted).filter(|at| *at <= now).max().unwrap_or(now);
        Self {
            zone: kernel::zone(&page.time_zone).unwrap_or(TimeZone::UTC),
            url: format!("{}{base}", app.settings().base_url),
            page: Arc::clone(page),
            base,
            now,
            indicator,
            words,
            components,
            reports,
            updated,
        }
    }

    /// The component of this key.
    pub(crate) fn component(&self, key: &str) -> Option<&ComponentView> {
        self.components.iter().find(|component| component.key == key)
    }

    /// The public name of a component; its key, if it is on the page no more.
    pub(crate) fn name_of<'a>(&'a self, key: &'a str) -> &'a str {
        self.component(key).map_or(key, |component| component.name.as_str())
    }

    pub(crate) fn report(&self, id: ReportId) -> Option<&Arc<Report>> {
        self.reports.iter().find(|report| report.id == id)
    }

    pub(crate) fn incidents(&self) -> impl Iterator<Item = &Arc<Report>> {
        self.reports.iter().filter(|report| !report.is_maintenance())
    }

    pub(crate) fn maintenances(&self) -> impl Iterator<Item = &Arc<Report>> {
        self.reports.iter().filter(|report| report.is_maintenance())
    }

    pub(crate) fn unresolved(&self) -> impl Iterator<Item = &Arc<Report>> {
        self.incidents().filter(|report| !report.stage().is_over())
    }

    pub(crate) fn upcoming(&self) -> impl Iterator<Item = &Arc<Report>> {
        self.maintenances().filter(|report| report.stage() == Stage::Scheduled)
    }

    pub(crate) fn active(&self) -> impl Iterator<Item = &Arc<Report>> {
        self.maintenances().filter(|report| matches!(report.stage(), Stage::InProgress | Stage::Verifying))
    }

    /// The address of one incident or maintenance.
    pub(crate) fn link(&self, report: ReportId) -> String {
        format!("{}/incidents/{report}", self.url)
    }

    /// A moment as the page's readers read it: `28 Nov 2026, 16:02 UTC`.
    pub(crate) fn clock(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%-d %b %Y, %H:%M %Z").to_string()
    }
}

/// A share of time as it is written: `99.98 %`. What is not whole is never rounded up to it.
pub(crate) fn percent(share: f64) -> String {
    let hundredths = (share * 10_000.0).floor();
    if hundredths >= 10_000.0 { "100 %".to_owned() } else { format!("{:.2} %", hundredths / 100.0) }
}
