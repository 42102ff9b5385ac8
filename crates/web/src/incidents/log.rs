//! An incident's running log: what happened while it lasts, by itself from the timeline, with what people wrote down.

use std::sync::Arc;

use incidents::Incident;
use jiff::SignedDuration;
use kernel::{EntityRef, Refusal, Timestamp};
use serde::Deserialize;
use timeline::Query as Search;
use world::{Culprits, Event, World};

use super::{pictures, show::in_relation};
use crate::{
    App,
    frame::Frame,
    views::{Change, Empty, Tab, Tabs},
};

/// Which part of the log is wanted: the address has its word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Everything.
    #[default]
    All,
    /// What people wrote, decided and did.
    People,
    /// Changes of software and of the catalog.
    Changes,
    /// What checks and other tools saw.
    Checks,
    /// Who was paged, and what came of it.
    Pages,
    /// What the public was told.
    Public,
}

const CHANGES: &[&str] = &[
    "catalog.entity_changed",
    "catalog.entity_removed",
    "deploys.",
    "effects.gave_up",
    "flags.turned",
    "journal.",
    "alerts.change_reported",
];
const CHECKS: &[&str] = &[
    "checks.went_down",
    "checks.recovered",
    "checks.degraded",
    "checks.restored",
    "checks.fell_silent",
    "checks.paused",
    "checks.resumed",
    "alerts.triggered",
    "alerts.resolved",
    "alerts.acknowledged",
    "incidents.joined",
    "incidents.recovered",
    "incidents.reopened",
];
const PAGES: &[&str] = &[
    "paging.opened",
    "paging.joined",
    "paging.left",
    "paging.moved",
    "paging.reached",
    "paging.dispatched",
    "paging.acknowledged",
    "paging.escalated",
    "paging.reassigned",
    "paging.renotified",
    "paging.exhausted",
    "paging.closed",
];
const PUBLIC: &[&str] = &["statuspage.published", "statuspage.updated", "statuspage.retracted", "statuspage.restored"];
const PEOPLE: &[&str] = &["incidents.", "postmortems."];

impl Part {
    const ALL: [(Self, &'static str, &'static str); 6] = [
        (Self::All, "", "All"),
        (Self::People, "people", "People"),
        (Self::Changes, "changes", "Changes"),
        (Self::Checks, "checks", "Checks"),
        (Self::Pages, "pages", "Pages"),
        (Self::Public, "public", "Public"),
    ];

    fn kinds(self) -> Vec<String> {
        let kinds = match self {
            Self::All => [PEOPLE, CHANGES, CHECKS, PAGES, PUBLIC].concat(),
            Self::People => PEOPLE.to_vec(),
            Self::Changes => CHANGES.to_vec(),
            Self::Checks => CHECKS.to_vec(),
            Self::Pages => PAGES.to_vec(),
            Self::Public => PUBLIC.to_vec(),
        };
        kinds.into_iter().map(str::to_owned).collect()
    }
}

/// The log as it stands on the screen.
#[derive(Debug)]
pub struct Log {
    /// All, people, changes, checks, pages, public.
    pub tabs: Tabs,
    /// What happened, the newest last.
    pub items: Vec<Item>,
    /// What is said where nothing did.
    pub none: Empty,
    /// Where earlier entries are, if not all are shown.
    pub earlier: Option<String>,
}

/// One line of the log.
#[derive(Debug)]
pub struct Item {
    /// What happened.
    pub change: Change,
    /// What a person wrote, as HTML that is safe to write out.
    pub note: Option<String>,
    /// Whether that is a decision.
    pub decision: bool,
}

/// How many entries are shown before it began, and since.
const BEFORE_MAX: usize = 12;
const SINCE_MAX: usize = 150;
/// How many things the timeline is asked about.
const SUBJECTS_MAX: usize = 60;
/// Pages of an incident whose events are in its log.
const PAGES_MAX: usize = 20;
/// So long after the end its log goes on. What people do to the incident itself belongs to it whenever that is.
const AFTERWARDS: SignedDuration = SignedDuration::from_hours(2);

/// All whose events bear on an incident: itself and those merged into it, its path, its checks, its pages, the suspects
/// and what it needs.
fn subjects(world: &World, incident: &Incident, culprits: &Culprits) -> Vec<EntityRef> {
    let pages = world.paging.of_incident(incident.about.incident).take(PAGES_MAX);
    let mut subjects = own(incident);
    subjects.extend(pages.filter_map(|page| page.page.reference()));
    let changed = culprits.suspects.iter().filter_map(|suspect| world.journal.get(suspect.event));
    let upstream = world.catalog.upstream(incident.entity());
    let all = incident
        .entities()
        .chain(incident.checks.iter().map(|failing| &failing.check))
        .chain(changed.map(|entry| &entry.change.subject))
        .chain(upstream.iter().map(|reached| &reached.entity));
    for entity in all {
        if subjects.len() < SUBJECTS_MAX && !subjects.contains(entity) {
            subjects.push(entity.clone());
        }
    }
    subjects
}

/// The incident itself, and those merged into it.
fn own(incident: &Incident) -> Vec<EntityRef> {
    let numbered = |number: &u64| {
        let name = number.to_string();
        EntityRef::new("incident", EntityRef::DEFAULT_NAMESPACE, &name).ok()
    };
    incident.about.reference().into_iter().chain(incident.absorbed.iter().filter_map(numbered)).collect()
}

/// The newest entries of the log, oldest first; with `before`, the last changes and checks before it began as well.
pub(crate) async fn entries(
    app: &App,
    world: &Arc<World>,
    incident: &Incident,
    culprits: &Culprits,
    part: Part,
    until: Option<Timestamp>,
) -> Result<(Vec<timeline::Entry>, Vec<timeline::Entry>), Refusal> {
    let end = incident.ended.as_ref().and_then(|ending| ending.at.checked_add(AFTERWARDS).ok());
    let all = Search { subjects: subjects(world, incident, culprits), ..Search::default() };
    let kinds = [CHANGES, CHECKS].concat().into_iter().map(str::to_owned).collect();
    let before = Search { kinds, to: Some(incident.since), limit: BEFORE_MAX, ..all.clone() };
    let to = [until, end].into_iter().flatten().min();
    let since = Search { kinds: part.kinds(), from: Some(incident.since), to, limit: SINCE_MAX, ..all };
    let by_people = end.filter(|_| matches!(part, Part::All | Part::People));
    let later = by_people.map(|end| Search {
        subjects: own(incident),
        kinds: Part::People.kinds(),
        from: Some(end),
        to: until,
        limit: SINCE_MAX,
        ..Search::default()
    });
    let found = app.blocking(move |engine| {
        let store = engine.store();
        let mut newest = later.map(|later| store.find(&later)).transpose()?.map_or_else(Vec::new, |page| page.entries);
        newest.extend(store.find(&since)?.entries);
        newest.truncate(SINCE_MAX);
        Ok((store.find(&before)?.entries, newest))
    });
    let (before, mut since) = found.await?;
    since.reverse();
    Ok((before, since))
}

/// The note or decision that an entry is, if it is one.
pub(crate) fn written(entry: &timeline::Entry) -> Option<(String, bool)> {
    if !matches!(entry.kind.as_str(), "incidents.note_added" | "incidents.decided") {
        return None;
    }
    match Event::from_body(&entry.kind, &entry.body) {
        Ok(Event::Incidents(incidents::Event::NoteAdded { text, .. })) => Some((text, false)),
        Ok(Event::Incidents(incidents::Event::Decided { text, .. })) => Some((text, true)),
        Ok(_) | Err(_) => None,
    }
}

/// What changed before it began, the latest first, and the log since.
pub(super) async fn of(
    frame: &Frame,
    incident: &Incident,
    culprits: &Culprits,
    part: Part,
) -> Result<(Vec<Change>, Log), Refusal> {
    // Just after the moment that is shown, which is part of it.
    let until = frame.past().and_then(|at| at.checked_add(SignedDuration::from_nanos(1)).ok());
    let (before, since) = entries(&frame.app, &frame.world, incident, culprits, part, until).await?;
    let number = incident.number();
    let about = incident.about.reference();
    let before = before.iter().map(|entry| Change {
        relation: Some(in_relation(incident, entry.stamp.at)),
        ..frame.event(entry, about.as_ref())
    });
    let earlier = (since.len() == SINCE_MAX).then(|| frame.href(format!("/timeline?about=incident:{number}")));
    let items = since.iter().map(|entry| {
        let written = written(entry);
        Item {
            change: frame.event(entry, about.as_ref()),
            decision: written.as_ref().is_some_and(|(_, decision)| *decision),
            note: written.map(|(text, _)| pictures::rendered(number, &text)),
        }
    });
    let tab = |(of, word, label): (Part, &str, &str)| {
        let query = if word.is_empty() { String::new() } else { format!("?log={word}") };
        Tab {
            label: label.to_owned(),
            href: frame.href(format!("/incidents/{number}{query}#log")),
            here: of == part,
            count: None,
        }
    };
    let tabs = Tabs { label: "Parts of the log".to_owned(), tabs: Part::ALL.into_iter().map(tab).collect() };
    let none = Empty::new("Nothing of this sort has happened since it began.");
    Ok((before.collect(), Log { tabs, items: items.collect(), none, earlier }))
}
