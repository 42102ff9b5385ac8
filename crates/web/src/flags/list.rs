//! `GET /flags`: every flag, and how it stands where.

use std::collections::BTreeSet;

use ::flags::{Flag, Purpose};
use askama::Template;
use axum::{extract::Query, response::Response};
use kernel::EntityRef;
use serde::Deserialize;

use super::{Part, drifts, environments, parts, standing::Standing};
use crate::{
    frame::Frame,
    paging::Paged,
    shell::{Chrome, Place, screen},
    show::address,
    views::{Choice, Empty, Entity, Field, Filters, Moment, Pager, State, Tabs},
};

/// The flags that pass the filters.
#[derive(Debug, Template)]
#[template(path = "flags/list.html")]
pub struct FlagsScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Flags, segments, requests.
    pub parts: Tabs,
    /// Where a flag is made; none where the reader may not.
    pub create: Option<String>,
    /// Text, state, environment, owner, purpose, stale.
    pub filters: Filters,
    /// The environments, as columns.
    pub environments: Vec<String>,
    /// The flags.
    pub rows: Vec<FlagRow>,
    /// What is said where there are none.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
}

/// One flag.
#[derive(Debug)]
pub struct FlagRow {
    /// Its key.
    pub key: String,
    /// Its screen.
    pub href: String,
    /// What it is for.
    pub description: String,
    /// How it stands in each environment, in the columns' order.
    pub states: Vec<State>,
    /// Whose it is; none is a gap.
    pub owner: Option<Entity>,
    /// Who evaluates it: `cart, checkout and 2 more`.
    pub readers: String,
    /// Why it should be looked at: `stale`, `not as declared`.
    pub marks: Vec<&'static str>,
    /// When it was last turned.
    pub changed: Option<Moment>,
}

/// Which flags, and from which on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Which {
    q: String,
    state: String,
    environment: String,
    owner: String,
    purpose: String,
    stale: String,
    from: Option<usize>,
}

/// Lists the flags by name.
pub async fn index(frame: Frame, Query(which): Query<Which>) -> Response {
    let known = environments(&frame.world);
    let columns: Vec<String> = match known.contains(&which.environment) {
        true => vec![which.environment.clone()],
        false => known.clone(),
    };
    let stale = frame.app.indexes().stale(&frame.world, frame.now);
    let stale: BTreeSet<&EntityRef> = stale.iter().map(|stale| &stale.flag).collect();
    let wanted: Vec<&Flag> =
        frame.world.flags.flags().filter(|flag| which.wants(&frame, flag, &columns, &stale)).collect();
    let is_filtered = !which.query().is_empty();
    let page = Paged::of(wanted, which.from, &frame.href(format!("/flags?{}", which.query())));
    screen(&FlagsScreen {
        chrome: frame.chrome("Flags", Place::Flags),
        parts: parts(&frame, Part::Flags),
        create: frame.may_write().then(|| "/flags/new".to_owned()),
        filters: which.filters(&frame, &known),
        rows: page.items.into_iter().map(|flag| row(&frame, flag, &columns, &stale)).collect(),
        environments: columns,
        none: match is_filtered {
            true => Empty::new("No flag passes these filters."),
            false => Empty::with(
                "No flag is defined yet. Make one here, by the command, or as `kind: Flag` in a catalog file.",
                "mainstay flag create new-checkout",
            ),
        },
        pager: page.pager,
    })
}

impl Which {
    fn wants(&self, frame: &Frame, flag: &Flag, environments: &[String], stale: &BTreeSet<&EntityRef>) -> bool {
        let definition = &flag.definition;
        let text = self.q.to_lowercase();
        let named = || definition.key().contains(&text) || definition.description.to_lowercase().contains(&text);
        let owned = || definition.owner.as_ref().is_some_and(|owner| owner.as_str() == self.owner);
        let is_on = || environments.iter().any(|environment| flag.is_on(environment));
        let state = || match self.state.as_str() {
            "on" => is_on(),
            "off" => !is_on(),
            "partly" => environments.iter().any(|environment| Standing::of(flag, environment, frame.now).is_partial()),
            "drifted" => drifts(flag, environments.iter().map(String::as_str)),
            _ => true,
        };
        (self.owner.is_empty() || (self.owner == NOBODY && definition.owner.is_none()) || owned())
            && (self.purpose.is_empty() || definition.purpose.as_str() == self.purpose)
            && (self.stale.is_empty() || (self.stale == "true") == stale.contains(&definition.flag))
            && state()
            && (text.is_empty() || named())
    }

    /// The filters that are set, as the address has them.
    fn query(&self) -> String {
        let all = [
            ("q", &self.q),
            ("state", &self.state),
            ("environment", &self.environment),
            ("owner", &self.owner),
            ("purpose", &self.purpose),
            ("stale", &self.stale),
        ];
        let set: Vec<_> = all.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        serde_html_form::to_string(&set).unwrap_or_default()
    }

    fn filters(&self, frame: &Frame, environments: &[String]) -> Filters {
        let one_of = |current: &str, choices: &[(&str, &str)]| -> Vec<Choice> {
            choices.iter().map(|(value, label)| Choice::new(*value, *label, current)).collect()
        };
        let states =
            [("", "Any"), ("on", "On"), ("partly", "On for a share"), ("off", "Off"), ("drifted", "Not as declared")];
        let all: Vec<(&str, &str)> = environments.iter().map(|name| (name.as_str(), name.as_str())).collect();
        let purposes: Vec<_> = Purpose::ALL.map(|purpose| (purpose.as_str(), purpose.as_str())).to_vec();
        let stale = [("", "Any"), ("true", "Stale"), ("false", "Not stale")];
        let any = |label: &'static str, more: Vec<(&str, &str)>, current: &str| {
            one_of(current, &[&[("", label)], more.as_slice()].concat())
        };
        Filters {
            action: "/flags".to_owned(),
            fields: vec![
                Field::line("q", "Text", self.q.clone()),
                Field::select("state", "State", one_of(&self.state, &states)),
                Field::select("environment", "Environment", any("All", all, &self.environment)),
                Field::select("owner", "Owner", owners(frame, &self.owner)),
                Field::select("purpose", "Purpose", any("Any", purposes, &self.purpose)),
                Field::select("stale", "Stale", one_of(&self.stale, &stale)),
            ],
            clear: (!self.query().is_empty()).then(|| frame.href("/flags")),
        }
    }
}

/// The owner filter's value for flags that nobody owns.
const NOBODY: &str = "nobody";
/// No more owners than these are offered.
const OWNERS_MAX: usize = 200;

fn owners(frame: &Frame, current: &str) -> Vec<Choice> {
    let known: BTreeSet<&EntityRef> =
        frame.world.flags.flags().filter_map(|flag| flag.definition.owner.as_ref()).collect();
    let named = known.into_iter().take(OWNERS_MAX);
    let mut choices = vec![Choice::new("", "Anybody", current), Choice::new(NOBODY, "Nobody", current)];
    choices.extend(named.map(|owner| Choice::new(owner.as_str(), frame.entity(owner).name, current)));
    choices
}

fn row(frame: &Frame, flag: &Flag, environments: &[String], stale: &BTreeSet<&EntityRef>) -> FlagRow {
    let definition = &flag.definition;
    let changed = flag.switches.values().map(|switch| switch.since).max();
    let marks = [
        stale.contains(&definition.flag).then_some("stale"),
        drifts(flag, environments.iter().map(String::as_str)).then_some("not as declared"),
    ];
    FlagRow {
        key: definition.key().to_owned(),
        href: frame.href(address(&definition.flag)),
        description: definition.description.clone(),
        states: environments.iter().map(|environment| Standing::of(flag, environment, frame.now).state()).collect(),
        owner: definition.owner.as_ref().map(|owner| frame.entity(owner)),
        readers: readers(flag),
        marks: marks.into_iter().flatten().collect(),
        changed: changed.map(|at| frame.ago(at)),
    }
}

/// `cart, checkout and 2 more`.
fn readers(flag: &Flag) -> String {
    const NAMED: usize = 2;
    let names: Vec<&str> = flag.users().map(EntityRef::short).collect();
    let shown = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(NAMED) {
        Some(more @ 1..) => format!("{shown} and {more} more"),
        Some(0) | None => shown,
    }
}
