//! `GET /services`: everything in the catalog, filtered by its address.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::{extract::Query, response::Response};
use checks::Verdict;
use index::{Filter, Index, Order, Start, TextFilter};
use kernel::{EntityRef, Timestamp};
use serde::Deserialize;

use crate::{
    frame::Frame,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show,
    views::{Choice, Empty, Entity, Field, Filters, Moment, Pager, State, Tone, Who},
};

/// The entities that pass the filters.
#[derive(Debug, Template)]
#[template(path = "catalog/list.html")]
pub struct ServicesScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Text, kind, owner, state, tag.
    pub filters: Filters,
    /// The entities.
    pub rows: Vec<ServiceRow>,
    /// What is said where nothing passes.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
}

/// One entity.
#[derive(Debug)]
pub struct ServiceRow {
    /// How it is.
    pub state: State,
    /// Which.
    pub entity: Entity,
    /// What it does, in few words.
    pub description: String,
    /// Kind and type in one word: `service`, `website`, `openapi`.
    pub sort: String,
    /// Whose; none is a gap.
    pub owner: Option<Entity>,
    /// Who is on call; none is a gap.
    pub on_call: Option<Who>,
    /// The last change to it.
    pub changed: Option<Moment>,
}

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    q: String,
    /// Components where it is not said, everything where it is empty.
    kind: Option<String>,
    #[serde(rename = "type")]
    sort: String,
    owner: String,
    lifecycle: String,
    system: String,
    tag: String,
    state: String,
    order: String,
    after: usize,
}

/// How many entities one page shows.
const PAGE: usize = 50;

/// So many values of a filter are offered; the others can still be asked for by the address.
const CHOICES_MAX: usize = 60;

/// Shows the entities that pass the filters.
///
/// # Errors
/// If the index can't be made.
pub async fn show(frame: Frame, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let app = frame.app.clone();
    let drawn = app.blocking(move |_| Ok(screen(&ServicesScreen::of(&frame, &asked))));
    Ok(drawn.await?)
}

impl Asked {
    fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or("component")
    }

    /// The address of the same list from another place on.
    fn href(&self, frame: &Frame, after: usize) -> String {
        let mut pairs = vec![("kind", self.kind())];
        let others = [
            ("q", &self.q),
            ("type", &self.sort),
            ("owner", &self.owner),
            ("lifecycle", &self.lifecycle),
            ("system", &self.system),
            ("tag", &self.tag),
            ("state", &self.state),
            ("order", &self.order),
        ];
        pairs.extend(
            others.into_iter().filter(|(_, value)| !value.is_empty()).map(|(key, value)| (key, value.as_str())),
        );
        let after = after.to_string();
        if after != "0" {
            pairs.push(("after", &after));
        }
        frame.href(format!("/services?{}", serde_html_form::to_string(pairs).unwrap_or_default()))
    }

    /// Everything but the state, which is no field of the catalog.
    fn filter(&self, frame: &Frame) -> Filter {
        let mut filter = Filter::everything();
        let fields = [
            ("kind", self.kind()),
            ("spec.type", &self.sort),
            ("spec.lifecycle", &self.lifecycle),
            ("relations.partof", &self.system),
            ("metadata.tags", &self.tag),
        ];
        for (key, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
            filter = filter.and(Filter::is(key, value));
        }
        match self.owner.as_str() {
            "" => filter,
            "me" => {
                let teams = frame.own_teams();
                filter.and(Filter::one_of("relations.ownedby", teams.iter().map(EntityRef::as_str)))
            }
            "nobody" => filter.and(Filter::Not(Box::new(Filter::has("relations.ownedby")))),
            owner => filter.and(Filter::is("relations.ownedby", owner)),
        }
    }

    fn order(&self) -> Vec<Order> {
        match self.order.as_str() {
            "type" => vec![Order::by("spec.type", false), Order::by("metadata.name", false)],
            "owner" => vec![Order::by("relations.ownedby", false), Order::by("metadata.name", false)],
            "name-down" => vec![Order::by("metadata.name", true)],
            _ => vec![Order::by("metadata.name", false)],
        }
    }

    /// The entities of this page, and how many there are in all.
    fn page(&self, frame: &Frame, index: &Index) -> (Vec<EntityRef>, usize) {
        let text = (!self.q.is_empty()).then(|| TextFilter::new(&self.q, None::<[&str; 0]>));
        let query = index::Query { text, order: self.order(), ..index::Query::new(self.filter(frame), PAGE) };
        let Some(wanted) = read_verdict(&self.state) else {
            let page = index.page(&index::Query { start: Start::Offset(self.after), ..query });
            return (page.items.into_iter().cloned().collect(), page.total);
        };
        let verdicts = show::verdicts(&frame.world);
        let has_it = |reference: &&EntityRef| match verdicts.get(*reference) {
            Some(verdict) => *verdict == wanted,
            None => wanted == Verdict::Unknown,
        };
        let mut all: Vec<&EntityRef> = Vec::new();
        let mut looked_at = 0;
        loop {
            let start = Start::Offset(looked_at);
            let some = index.page(&index::Query { start, limit: index::LIMIT_MAX, ..query.clone() });
            looked_at += index::LIMIT_MAX;
            all.extend(some.items.into_iter().filter(has_it));
            if looked_at >= some.total {
                break;
            }
        }
        let total = all.len();
        (all.into_iter().skip(self.after).take(PAGE).cloned().collect(), total)
    }
}

fn read_verdict(word: &str) -> Option<Verdict> {
    [Verdict::Up, Verdict::Degraded, Verdict::Down, Verdict::Unknown].into_iter().find(|known| known.as_str() == word)
}

impl ServicesScreen {
    fn of(frame: &Frame, asked: &Asked) -> Self {
        let index = frame.app.indexes().entities(&frame.world);
        let (page, total) = asked.page(frame, &index);
        let changed = last_changes(frame, &page);
        let row = |reference| ServiceRow::of(frame, reference, changed.get(reference).copied());
        let rows: Vec<ServiceRow> = page.iter().filter_map(row).collect();
        let last = asked.after + rows.len();
        let pager = Pager {
            shown: if rows.is_empty() {
                "none".to_owned()
            } else {
                format!("{} to {last} of {total}", asked.after + 1)
            },
            before: (asked.after > 0).then(|| asked.href(frame, asked.after.saturating_sub(PAGE))),
            after: (last < total).then(|| asked.href(frame, last)),
        };
        let none = if frame.world.catalog.is_empty() {
            Empty::with(
                "The catalog is empty. Services come from the catalog files that you apply.",
                "mainstay apply ./catalog",
            )
        } else {
            Empty::new("Nothing in the catalog passes these filters.")
        };
        let chrome = Chrome { query: asked.q.clone(), ..frame.chrome("Services", Place::Services) };
        Self { chrome, filters: filters(frame, asked, &index), rows, none, pager }
    }
}

impl ServiceRow {
    fn of(frame: &Frame, reference: &EntityRef, changed: Option<Timestamp>) -> Option<Self> {
        let entity = frame.world.catalog.get(reference)?;
        let state = show::health(&frame.world, reference);
        let sort = entity.spec_type.as_deref().map_or_else(|| entity.kind.to_lowercase(), str::to_owned);
        let description = entity.description.as_deref().unwrap_or_default();
        Some(Self {
            state: state.map_or_else(|| State::new(Tone::Quiet, "no state"), |health| health.state()),
            entity: frame.entity(reference),
            description: description.lines().next().unwrap_or_default().chars().take(DESCRIPTION_CHARS_MAX).collect(),
            sort,
            owner: frame.owner(reference),
            on_call: frame.on_call(reference).map(|duty| frame.catalog_person(&duty.person)),
            changed: Some(frame.ago(changed.unwrap_or(entity.changed_at))),
        })
    }
}

/// When each of these last changed, of those whose change is at hand.
fn last_changes(frame: &Frame, page: &[EntityRef]) -> BTreeMap<EntityRef, Timestamp> {
    let shown: BTreeSet<&EntityRef> = page.iter().collect();
    let mut changed = BTreeMap::new();
    for entry in frame.world.journal.newest_first() {
        let change = &entry.change;
        for entity in std::iter::once(&change.subject).chain(&change.affects).filter(|entity| shown.contains(entity)) {
            changed.entry(entity.clone()).or_insert(change.at);
        }
    }
    changed
}

/// So much of a description fits on a line.
const DESCRIPTION_CHARS_MAX: usize = 140;

fn filters(frame: &Frame, asked: &Asked, index: &Index) -> Filters {
    let of_kind = match asked.kind() {
        "" => Filter::everything(),
        kind => Filter::is("kind", kind),
    };
    let mut kinds = vec![Choice::new("", "Every kind", asked.kind())];
    kinds.extend(index.facets("kind", &Filter::everything()).into_iter().map(|facet| {
        let value = facet.value.to_lowercase();
        Choice::new(value, format!("{} ({})", facet.value, facet.count), &asked.kind().to_lowercase())
    }));
    let facet = |key: &str, any: &str, current: &str| {
        let mut choices = vec![Choice::new("", any, current)];
        choices.extend(index.facets(key, &of_kind).into_iter().take(CHOICES_MAX).map(|facet| {
            let name = facet.value.rsplit_once('/').map_or(facet.value, |(_, name)| name);
            Choice::new(facet.value, format!("{name} ({})", facet.count), current)
        }));
        keep_current(choices, current)
    };
    let mut owners = facet("relations.ownedby", "Anybody", &asked.owner);
    owners.insert(1.min(owners.len()), Choice::new("nobody", "Nobody", &asked.owner));
    owners.insert(1.min(owners.len()), Choice::new("me", "My teams", &asked.owner));
    let states = [("", "Any"), ("down", "Down"), ("degraded", "Degraded"), ("unknown", "Unknown"), ("up", "Up")];
    let orders = [("", "Name"), ("name-down", "Name, from the end"), ("type", "Type"), ("owner", "Owner")];
    let fixed = |choices: &[(&str, &str)], current: &str| {
        choices.iter().map(|(value, label)| Choice::new(*value, *label, current)).collect()
    };
    let is_set = asked.kind.as_deref().is_some_and(|kind| kind != "component")
        || [
            &asked.q,
            &asked.sort,
            &asked.owner,
            &asked.lifecycle,
            &asked.system,
            &asked.tag,
            &asked.state,
            &asked.order,
        ]
        .into_iter()
        .any(|value| !value.is_empty());
    Filters {
        action: "/services".to_owned(),
        fields: vec![
            Field::line("q", "Text", &asked.q).autocomplete("off"),
            Field::select("kind", "Kind", kinds),
            Field::select("type", "Type", facet("spec.type", "Any", &asked.sort)),
            Field::select("owner", "Owner", dedup(owners)),
            Field::select("lifecycle", "Lifecycle", facet("spec.lifecycle", "Any", &asked.lifecycle)),
            Field::select("system", "Part of", facet("relations.partof", "Anything", &asked.system)),
            Field::select("tag", "Tag", facet("metadata.tags", "Any", &asked.tag)),
            Field::select("state", "State", fixed(&states, &asked.state)),
            Field::select("order", "Order", fixed(&orders, &asked.order)),
        ],
        clear: is_set.then(|| frame.href("/services")),
    }
}

/// What the address asks for is shown as chosen, though it be too rare to be offered.
fn keep_current(mut choices: Vec<Choice>, current: &str) -> Vec<Choice> {
    if !choices.iter().any(|choice| choice.chosen) {
        choices.push(Choice::new(current, current, current));
    }
    choices
}

/// The first choice of each value.
fn dedup(choices: Vec<Choice>) -> Vec<Choice> {
    let mut seen = BTreeSet::new();
    choices.into_iter().filter(|choice| seen.insert(choice.value.clone())).collect()
}
