//! What an entity is part of, what it needs, what needs it, and what happened to all of these.

use std::collections::BTreeMap;

use catalog::{Reached, Relation};
use jiff::SignedDuration;
use kernel::EntityRef;
use world::Entry;

use super::{Dependency, Others};
use crate::{
    frame::Frame,
    show,
    views::{Change, Link, Row, State, Tone},
};

/// Changes older than this are found on the timeline.
const RECENT: SignedDuration = SignedDuration::from_hours(24);
/// No more changes than these are listed.
const CHANGES_MAX: usize = 20;
/// No more neighbours than these are listed; the graph has all.
const NEIGHBOURS_MAX: usize = 40;
/// No more than these of any other relation.
const OTHERS_MAX: usize = 25;

/// What it is part of, outermost first.
pub(super) fn parents(frame: &Frame, of: &EntityRef) -> Vec<Link> {
    let mut parents = Vec::new();
    let mut at = of.clone();
    for _ in 0..3 {
        let catalog = &frame.world.catalog;
        let above = catalog.related(&at, Relation::PartOf).into_iter().chain(catalog.related(&at, Relation::ChildOf));
        let Some(parent) = above.into_iter().find(|parent| catalog.get(parent).is_some() && *parent != *of) else {
            break;
        };
        parents.push(Link::new(frame.entity(&parent).name, frame.href(show::address(&parent))));
        at = parent;
    }
    parents.reverse();
    parents
}

/// What it needs, and what needs it: direct neighbours.
pub(super) fn dependencies(frame: &Frame, of: &EntityRef) -> (Vec<Dependency>, Vec<Dependency>) {
    let list = |neighbours: Vec<(Relation, EntityRef)>| {
        let mut shown: BTreeMap<EntityRef, Vec<&'static str>> = BTreeMap::new();
        for (relation, entity) in neighbours.into_iter().take(NEIGHBOURS_MAX) {
            shown.entry(entity).or_default().push(show::role(relation));
        }
        shown.into_iter().map(|(entity, verbs)| dependency(frame, &entity, &verbs.join(", "))).collect()
    };
    (list(frame.world.catalog.needs(of)), list(frame.world.catalog.needed_by(of)))
}

/// A neighbour with its state and its owner.
#[must_use]
pub(crate) fn dependency(frame: &Frame, entity: &EntityRef, relation: &str) -> Dependency {
    let health = show::health(&frame.world, entity).map(|health| health.state());
    let flag = || frame.world.flags.flag(entity).map(show::flag_state);
    Dependency {
        state: health.or_else(flag).unwrap_or_else(|| State::new(Tone::Quiet, entity.kind())),
        entity: frame.entity(entity),
        relation: relation.to_owned(),
        owner: frame.owner(entity),
    }
}

/// What changed in the last day, here and upstream, the latest first, each with how it is related.
pub(super) fn changes(frame: &Frame, of: &EntityRef) -> Vec<Change> {
    let scope = Scope::of(frame, of);
    let since = frame.now.checked_sub(RECENT).unwrap_or(frame.now);
    let recent = frame.world.journal.since(since).filter(|entry| entry.change.at <= frame.now);
    let mut related: Vec<(&Entry, String)> =
        recent.filter_map(|entry| Some((entry, scope.relation(frame, entry)?))).take(CHANGES_MAX).collect();
    related.sort_by_key(|(entry, _)| std::cmp::Reverse(entry.change.at));
    let shown = related.into_iter().map(|(entry, relation)| {
        let relation = (!relation.is_empty()).then_some(relation);
        Change { relation, ..frame.change(entry, Some(of)) }
    });
    shown.collect()
}

/// Where nothing changed of late, when something last did.
pub(super) fn no_changes(frame: &Frame, of: &EntityRef) -> String {
    let nothing = "Nothing has changed here or upstream in the last 24 h";
    match frame.world.journal.about(of).next() {
        Some(last) => {
            let at = frame.ago(last.change.at);
            format!("{nothing}. The last change here was {}: {}.", at.text(), last.change.summary)
        }
        None => format!("{nothing}, and no earlier change here is at hand."),
    }
}

/// What a change must touch to be of interest.
struct Scope<'a> {
    of: &'a EntityRef,
    owned: Vec<EntityRef>,
    upstream: BTreeMap<EntityRef, Reached>,
}

impl<'a> Scope<'a> {
    fn of(frame: &Frame, of: &'a EntityRef) -> Self {
        let catalog = &frame.world.catalog;
        let owned = if of.kind() == "group" { catalog.related(of, Relation::OwnerOf) } else { Vec::new() };
        let upstream = catalog.upstream(of).into_iter().map(|reached| (reached.entity.clone(), reached)).collect();
        Self { of, owned, upstream }
    }

    /// How a change is related, in words; empty if it was made right here. Nothing if it isn't.
    fn relation(&self, frame: &Frame, entry: &Entry) -> Option<String> {
        let change = &entry.change;
        if change.subject == *self.of {
            return Some(String::new());
        }
        if change.affects.contains(self.of) {
            return Some(format!("this reads it ({})", show::sort_of_change(change.kind)));
        }
        if self.owned.contains(&change.subject) {
            return Some("owned".to_owned());
        }
        let touched = std::iter::once(&change.subject).chain(&change.affects);
        let reached = touched.filter_map(|entity| self.upstream.get(entity)).min_by_key(|reached| reached.distance)?;
        Some(words(frame, reached))
    }
}

fn words(frame: &Frame, reached: &Reached) -> String {
    let from = frame.entity(&reached.from).name;
    let way = if reached.relation == Relation::ApiProvidedBy {
        format!("provides {from}")
    } else if reached.relation == Relation::HasPart {
        format!("a part of {from}")
    } else {
        format!("{from} {} it", show::verb(reached.relation))
    };
    match reached.distance {
        1 => format!("upstream: {way}"),
        steps => format!("upstream, {steps} steps away: {way}"),
    }
}

/// What else it is related to, and its incidents.
pub(super) fn others(frame: &Frame, of: &EntityRef) -> Vec<Others> {
    let titles = [
        (Relation::HasMember, "Members"),
        (Relation::LedBy, "Led by"),
        (Relation::OwnerOf, "Owns"),
        (Relation::ParentOf, "Teams within it"),
        (Relation::LeaderOf, "Leads"),
    ];
    let mut others: Vec<Others> = titles
        .into_iter()
        .filter_map(|(relation, title)| {
            let related = frame.world.catalog.related(of, relation);
            let count = related.len();
            let rows = related.iter().take(OTHERS_MAX).map(|entity| row(frame, entity)).collect();
            let owned = format!("/services?kind=&owner={}", show::segment(of.as_str()));
            let all = (relation == Relation::OwnerOf && count > OTHERS_MAX)
                .then(|| Link::new(format!("All {count}"), frame.href(owned)));
            (count > 0).then(|| Others { title: title.to_owned(), count, rows, all })
        })
        .collect();
    others.extend(crate::actions::team::section(frame, of));
    others.extend(incidents(frame, of));
    others
}

fn row(frame: &Frame, entity: &EntityRef) -> Row {
    let known = frame.world.catalog.get(entity);
    let name = known.map_or_else(|| entity.short().to_owned(), |known| show::name(known));
    let row = Row::new(name, frame.href(show::address(entity))).note(match known {
        Some(known) => known.spec_type.as_deref().unwrap_or(entity.kind()).to_owned(),
        None => "not in the catalog".to_owned(),
    });
    match show::health(&frame.world, entity) {
        Some(health) => row.state(health.state()),
        None => row,
    }
}

fn incidents(frame: &Frame, of: &EntityRef) -> Option<Others> {
    let count = frame.world.incidents.by_entity(of).count();
    let rows: Vec<Row> = frame
        .world
        .incidents
        .by_entity(of)
        .take(5)
        .map(|incident| {
            let tone = if incident.is_open() { Tone::Bad } else { Tone::Quiet };
            Row::new(&incident.title, frame.href(format!("/incidents/{}", incident.number())))
                .state(State::new(tone, incident.status().word()))
                .at(frame.ago(incident.since))
        })
        .collect();
    let all = (count > rows.len()).then(|| Link::new("All incidents", frame.href("/incidents")));
    (count > 0).then(|| Others { title: "Incidents".to_owned(), count, rows, all })
}
