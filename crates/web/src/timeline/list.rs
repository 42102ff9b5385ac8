//! `GET /timeline`: everything that happened, the latest first, filtered by its address.

use askama::Template;
use axum::{extract::Query, response::Response};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use kernel::{EntityRef, RefDefaults, Refusal, codes};
use serde::Deserialize;
use timeline::{Entry, Query as Search};

use crate::{
    frame::Frame,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show::segment,
    views::{Change, Choice, Empty, Field, Filters, Pager},
};

/// The events that pass the filters, by day.
#[derive(Debug, Template)]
#[template(path = "timeline/list.html")]
pub struct TimelineScreen {
    /// The frame.
    pub chrome: Chrome,
    /// What, about what, by whom, from, until.
    pub filters: Filters,
    /// The days, the latest first.
    pub days: Vec<Day>,
    /// What is said where nothing passes.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
}

/// One day's events.
#[derive(Debug)]
pub struct Day {
    /// `Today`, `Yesterday`, `Thursday 19 November`.
    pub name: String,
    /// The events, the latest first.
    pub changes: Vec<Change>,
}

/// Which events.
#[derive(Debug, Default, Deserialize)]
pub struct Which {
    what: Option<String>,
    about: Option<String>,
    by: Option<String>,
    from: Option<String>,
    until: Option<String>,
    before: Option<u64>,
}

/// What can be asked for: the parameter's value, its name, and the kinds of events.
const SORTS: [(&str, &str, &[&str]); 8] = [
    (
        "changes",
        "Changes of software",
        &[
            "deploys.deployment_finished",
            "deploys.config_applied",
            "flags.turned",
            "catalog.entity_changed",
            "catalog.entity_removed",
            "alerts.change_reported",
            "journal.",
        ],
    ),
    ("deploys", "Deployments and settings", &["deploys."]),
    ("flags", "Flags", &["flags."]),
    ("checks", "Checks", &["checks."]),
    ("incidents", "Incidents", &["incidents."]),
    ("catalog", "Catalog", &["catalog."]),
    ("on-call", "On call", &["oncall."]),
    ("access", "Users and tokens", &["access."]),
];

/// Events of one page.
const EVENTS_MAX: usize = 50;

/// Lists events, the latest first.
pub async fn index(frame: Frame, Query(which): Query<Which>) -> Result<Response, Problem> {
    let search = which.search(&frame)?;
    let by = which.by.clone().filter(|by| !by.trim().is_empty());
    let page = frame.app.blocking(move |engine| find(engine.store().as_ref(), search, by.as_deref())).await?;
    let address = which.address();
    let first = page.entries.first().map(|entry| entry.stamp.position);
    let last = page.entries.last().map(|entry| entry.stamp.position);
    let joint = if address.contains('?') { '&' } else { '?' };
    let pager = Pager {
        shown: match (last, first) {
            (Some(last), Some(first)) => format!("{last} to {first} of {}", frame.world.position),
            _ => "none".to_owned(),
        },
        before: which.before.map(|_| frame.href(address.clone())),
        after: page.next.map(|next| frame.href(format!("{address}{joint}before={next}"))),
    };
    Ok(screen(&TimelineScreen {
        chrome: frame.chrome("Timeline", Place::Timeline),
        filters: which.filters(&frame),
        days: days(&frame, &page.entries),
        none: Empty::new("Nothing that happened matches these filters."),
        pager,
    }))
}

/// One page; whose name contains `by` is looked for within bounds, since the store knows whole names only.
fn find(store: &dyn timeline::Store, mut search: Search, by: Option<&str>) -> Result<timeline::Page, Refusal> {
    let Some(by) = by.map(str::to_lowercase) else { return Ok(store.find(&search)?) };
    search.limit = 500;
    let mut found = timeline::Page { entries: Vec::new(), next: None };
    for _ in 0..PAGES_MAX {
        let page = store.find(&search)?;
        for entry in page.entries {
            if !entry.stamp.actor.to_string().to_lowercase().contains(&by) {
                continue;
            }
            if found.entries.len() >= EVENTS_MAX {
                found.next = found.entries.last().map(|last| last.stamp.position);
                return Ok(found);
            }
            found.entries.push(entry);
        }
        found.next = page.next;
        match page.next {
            Some(next) => search.before = Some(next),
            None => break,
        }
    }
    Ok(found)
}

/// How many pages of the store are looked through for a name.
const PAGES_MAX: usize = 20;

impl Which {
    fn search(&self, frame: &Frame) -> Result<Search, Refusal> {
        let about = self.about.as_deref().map(str::trim).filter(|about| !about.is_empty());
        let subjects = about.map(|about| subjects(frame, about)).transpose()?.unwrap_or_default();
        let what = self.what.as_deref().unwrap_or_default();
        let kinds = SORTS.iter().find(|(value, ..)| *value == what).map_or(&[][..], |(.., kinds)| *kinds);
        let mut to = moment("until", self.until.as_deref())?;
        if let Some(at) = frame.past() {
            // Just after the moment that is shown, which is part of it.
            let end = at.checked_add(SignedDuration::from_nanos(1)).unwrap_or(at);
            to = Some(to.map_or(end, |to| to.min(end)));
        }
        Ok(Search {
            subjects,
            kinds: kinds.iter().map(|&kind| kind.to_owned()).collect(),
            from: moment("from", self.from.as_deref())?,
            to,
            before: self.before,
            limit: EVENTS_MAX,
            ..Search::default()
        })
    }

    /// The filters that are set, as they stand in the address.
    fn set(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [("what", &self.what), ("about", &self.about), ("by", &self.by), ("from", &self.from), ("until", &self.until)]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_deref().filter(|value| !value.is_empty())?)))
    }

    fn address(&self) -> String {
        let pairs: Vec<String> = self.set().map(|(name, value)| format!("{name}={}", segment(value))).collect();
        if pairs.is_empty() { "/timeline".to_owned() } else { format!("/timeline?{}", pairs.join("&")) }
    }

    fn filters(&self, frame: &Frame) -> Filters {
        let what = self.what.as_deref().unwrap_or_default();
        let mut sorts = vec![Choice::new("", "Everything", what)];
        sorts.extend(SORTS.iter().map(|(value, label, _)| Choice::new(*value, *label, what)));
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let time = |name, label, value: &Option<String>| {
            Field::new(name, label, crate::views::Entry::Line { kind: "datetime-local", value: text(value) })
        };
        Filters {
            action: "/timeline".to_owned(),
            fields: vec![
                Field::select("what", "What", sorts),
                Field::line("about", "About", text(&self.about)),
                Field::line("by", "By", text(&self.by)),
                time("from", "From (UTC)", &self.from),
                time("until", "Until (UTC)", &self.until),
            ],
            clear: self.set().next().map(|_| frame.href("/timeline")),
        }
    }
}

/// What a reader means by a name: a whole reference, or whatever the catalog has under it.
fn subjects(frame: &Frame, about: &str) -> Result<Vec<EntityRef>, Refusal> {
    if about.contains(':') {
        let defaults = RefDefaults { kind: None, namespace: EntityRef::DEFAULT_NAMESPACE };
        let refuse = |error: kernel::RefError| Refusal::new(&codes::INVALID, error.to_string()).field("about");
        return Ok(vec![EntityRef::parse(about, defaults).map_err(refuse)?]);
    }
    let number = about.strip_prefix('#').unwrap_or(about);
    if number.parse::<u64>().is_ok() {
        return Ok(EntityRef::new("incident", EntityRef::DEFAULT_NAMESPACE, number).into_iter().collect());
    }
    let wanted = about.to_lowercase();
    let named = |reference: &EntityRef| reference.name() == wanted || reference.short() == wanted;
    let world = &frame.world;
    let catalog = world
        .catalog
        .iter()
        .filter(|entity| named(entity.reference()) || entity.display_name().to_lowercase() == wanted);
    let checks = world.checks.watches().map(|watch| &watch.definition.check);
    let flags = world.flags.flags().map(|flag| &flag.definition.flag);
    let mut found: Vec<EntityRef> = catalog.map(|entity| entity.reference().clone()).collect();
    found.extend(checks.chain(flags).filter(|reference| named(reference)).cloned());
    found.sort();
    found.dedup();
    found.truncate(SUBJECTS_MAX);
    if found.is_empty() {
        // What is gone can still be asked for.
        let gone = ["component", "flag", "check"];
        found =
            gone.iter().filter_map(|kind| EntityRef::new(kind, EntityRef::DEFAULT_NAMESPACE, &wanted).ok()).collect();
    }
    Ok(found)
}

/// Things of one name that are asked about.
const SUBJECTS_MAX: usize = 20;

/// A time as browsers send it (`2026-11-20T03:07`), as a date, or as RFC 3339 has it.
pub(crate) fn moment(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let local = text.parse::<jiff::civil::DateTime>().ok().and_then(|time| time.to_zoned(TimeZone::UTC).ok());
    let read = text.parse().ok().or_else(|| local.map(|zoned| zoned.timestamp()));
    read.map(Some).ok_or_else(|| {
        let detail = "this is no time; write it as 2026-11-20T03:07";
        Refusal::new(&codes::INVALID, detail).field(field)
    })
}

fn days(frame: &Frame, entries: &[Entry]) -> Vec<Day> {
    let date = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    let today = date(frame.now);
    let mut days: Vec<(Date, Day)> = Vec::new();
    for entry in entries {
        let on = date(entry.stamp.at);
        let change = frame.event(entry, None);
        match days.last_mut() {
            Some((last, day)) if *last == on => day.changes.push(change),
            Some(_) | None => days.push((on, Day { name: name_of(on, today), changes: vec![change] })),
        }
    }
    days.into_iter().map(|(_, day)| day).collect()
}

/// `Today`, `Yesterday`, `Thursday 19 November`; with the year where it is another.
fn name_of(day: Date, today: Date) -> String {
    match today.since(day).map(|span| span.get_days()) {
        Ok(0) => "Today (UTC)".to_owned(),
        Ok(1) => "Yesterday".to_owned(),
        _ if day.year() == today.year() => day.strftime("%A %-d %B").to_string(),
        _ => day.strftime("%A %-d %B %Y").to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_browsers_and_programs_write_it() {
        let expected: Timestamp = "2026-11-20T03:07:00Z".parse().unwrap();
        for text in ["2026-11-20T03:07", "2026-11-20T03:07:00", "2026-11-20T03:07Z", "2026-11-20T04:07+01:00"] {
            assert_eq!(moment("from", Some(text)), Ok(Some(expected)), "{text}");
        }
        assert_eq!(moment("from", Some("2026-11-20")), Ok(Some("2026-11-20T00:00:00Z".parse().unwrap())));
        assert_eq!(moment("from", Some(" ")), Ok(None));
        assert_eq!(moment("from", Some("noon")).unwrap_err().field.as_deref(), Some("from"));
    }

    #[test]
    fn a_day_is_named_by_how_far_away_it_is() {
        let day = |text: &str| -> Date { text.parse().unwrap() };
        let check = |text: &str, expected: &str| assert_eq!(name_of(day(text), day("2026-11-22")), expected);
        check("2026-11-22", "Today (UTC)");
        check("2026-11-21", "Yesterday");
        check("2026-11-19", "Thursday 19 November");
        check("2025-12-31", "Wednesday 31 December 2025");
    }
}
