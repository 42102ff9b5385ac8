//! The rest of what is known of an entity, from every area.

use catalog::{Entity, Relation};
use deploys::{Outcome, What};
use kernel::EntityRef;

use crate::{
    frame::Frame,
    show,
    views::{Link, Row, State, Tab, Tabs, Tone},
};

/// No more deployments than these are listed; the timeline has all.
const DEPLOYMENTS_MAX: usize = 10;
/// No more annotations than these are shown; the file has all.
const ANNOTATIONS_MAX: usize = 30;
/// A longer value of an annotation is cut.
const VALUE_CHARS_MAX: usize = 200;

pub(super) fn tags(entity: &Entity) -> Vec<String> {
    let kind = Some(entity.kind.to_lowercase());
    let own = [kind, entity.spec_type.as_deref().map(str::to_owned), entity.lifecycle.as_deref().map(str::to_owned)];
    own.into_iter().flatten().chain(entity.tags.iter().take(10).map(|tag| tag.to_string())).collect()
}

pub(super) fn tabs(frame: &Frame, of: &EntityRef) -> Tabs {
    let tab = |label: &str, href: String, count: Option<usize>| Tab {
        label: label.to_owned(),
        here: label == "Overview",
        href: frame.href(href),
        count,
    };
    let reference = show::segment(of.as_str());
    let mut tabs = vec![tab("Overview", show::address(of), None)];
    if let Some(docs) = frame.world.catalog.docs(of) {
        tabs.push(tab("Docs", show::docs_address(of, ""), Some(docs.pages.len())));
    }
    if of.kind() == "api" {
        tabs.push(tab("API", show::api_address(of), None));
    }
    if frame.world.deploys.environments(of).next().is_some() {
        tabs.push(tab("Deployments", format!("/deployments?component={reference}"), None));
    }
    if of.kind() == "group" {
        tabs.push(tab("Dashboard", crate::dashboard::address_of(of), None));
    }
    tabs.push(tab("Timeline", format!("/timeline?entity={reference}"), None));
    tabs.push(tab("Graph", format!("/graph?root={reference}"), None));
    Tabs { label: format!("Views of {}", of.short()), tabs }
}

pub(super) fn checks(frame: &Frame, of: &EntityRef) -> Vec<Row> {
    let rows = frame.world.checks.about(of).map(|watch| {
        let check = &watch.definition.check;
        let relation = if watch.definition.target == *of { "" } else { ", it lies on the path" };
        let state = if watch.paused { State::new(Tone::Unknown, "paused") } else { show::verdict(watch.verdict) };
        Row::new(frame.entity(check).name, frame.href(show::address(check)))
            .state(state)
            .note(format!("{}{relation}", watch.definition.request()))
            .at(frame.elapsed(watch.since))
    });
    rows.collect()
}

pub(super) fn flags(frame: &Frame, of: &EntityRef) -> Vec<Row> {
    let read = frame.world.flags.flags().filter(|flag| flag.users().any(|user| user == of));
    let rows = read.map(|flag| {
        let on: Vec<&str> =
            flag.switches.iter().filter(|(_, switch)| switch.on).map(|(place, _)| place.as_str()).collect();
        let reference = &flag.definition.flag;
        let row = Row::new(reference.short(), frame.href(show::address(reference))).state(show::flag_state(flag));
        let row = if on.is_empty() { row } else { row.note(format!("in {}", on.join(", "))) };
        match flag.switches.values().map(|switch| switch.since).max() {
            Some(since) => row.at(frame.ago(since)),
            None => row,
        }
    });
    rows.collect()
}

pub(super) fn apis(frame: &Frame, of: &EntityRef) -> Vec<Row> {
    let related = frame.world.catalog.relations_of(of).into_iter().filter_map(|(relation, api)| {
        let words = [(Relation::ProvidesApi, "provided"), (Relation::ConsumesApi, "consumed")];
        let (_, word) = words.into_iter().find(|(wanted, _)| *wanted == relation)?;
        let entity = frame.world.catalog.get(&api);
        let sort = entity.and_then(|entity| entity.spec_type.as_deref()).unwrap_or("not in the catalog");
        let href = if entity.is_some() { show::api_address(&api) } else { show::address(&api) };
        Some(Row::new(api.short(), frame.href(href)).note(format!("{word}, {sort}")))
    });
    related.collect()
}

pub(super) fn deployments(frame: &Frame, of: &EntityRef) -> Vec<Row> {
    let deploys = &frame.world.deploys;
    let mut all: Vec<_> = deploys
        .environments(of)
        .flat_map(|place| deploys.history(of, place).map(move |change| (place, change)))
        .collect();
    all.sort_by_key(|(_, change)| std::cmp::Reverse((change.at, change.position)));
    let rows = all.into_iter().take(DEPLOYMENTS_MAX).map(|(place, change)| {
        let (name, state, address) = match &change.what {
            What::Deployed(deployed) => (
                format!("{} to {place}", deployed.version),
                match deployed.outcome {
                    Outcome::Succeeded => State::new(Tone::Quiet, "deployed"),
                    Outcome::Failed => State::new(Tone::Bad, "failed"),
                },
                "deployments",
            ),
            What::Configured(_) => {
                (format!("configuration in {place}"), State::new(Tone::Quiet, "applied"), "timeline")
            }
        };
        let by = frame.world.journal.get(change.event).map(|entry| frame.who(&entry.change.actor).name);
        Row::new(name, frame.href(format!("/{address}/{}", change.position)))
            .state(state)
            .note(by.map(|by| format!("by {by}")).unwrap_or_default())
            .at(frame.ago(change.at))
    });
    rows.collect()
}

/// The links that may be followed; others are no links.
pub(super) fn links(entity: &Entity) -> Vec<Link> {
    let links = entity.links.iter().filter_map(|link| Some(Link::new(link.label(), show::outside(&link.url)?)));
    links.collect()
}

pub(super) fn facts(frame: &Frame, entity: &Entity) -> Vec<(String, String)> {
    let origin = &entity.descriptor.origin;
    let mut facts = vec![
        ("Reference".to_owned(), entity.reference().to_string()),
        ("File".to_owned(), format!("{}/{}:{}", origin.source.trim_end_matches('/'), origin.path, origin.line)),
        ("Changed".to_owned(), entity.changed_at.strftime("%-d %B %Y, %H:%M UTC").to_string()),
    ];
    if let Some(source) = frame.world.catalog.source(&origin.source) {
        facts.push(("Last read".to_owned(), source.applied_at.strftime("%-d %B %Y, %H:%M UTC").to_string()));
    }
    if !origin.code_owners.is_empty() {
        let owners: Vec<&str> = origin.code_owners.iter().map(|owner| &**owner).collect();
        facts.push(("CODEOWNERS".to_owned(), owners.join(", ")));
    }
    let document = entity.descriptor.json();
    let email = document.pointer("/spec/profile/email").and_then(serde_json::Value::as_str);
    facts.extend(email.map(|email| ("E-mail".to_owned(), email.to_owned())));
    for part in ["labels", "annotations"] {
        let pairs = document.pointer(&format!("/metadata/{part}")).and_then(serde_json::Value::as_object);
        let pairs = pairs.into_iter().flatten().take(ANNOTATIONS_MAX);
        facts.extend(pairs.map(|(key, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (key.clone(), value.chars().take(VALUE_CHARS_MAX).collect())
        }));
    }
    facts
}
