//! `GET /flags`: every flag, and where it is on.

use askama::Template;
use axum::{extract::Query, response::Response};
use flags::Flag;
use serde::Deserialize;

use super::{environments, switched};
use crate::{
    frame::Frame,
    paging::Paged,
    shell::{Chrome, Place, screen},
    show::address,
    views::{Choice, Empty, Entity, Field, Filters, Moment, Pager, State, Tone},
};

/// The flags that pass the filters.
#[derive(Debug, Template)]
#[template(path = "flags/list.html")]
pub struct FlagsScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Text, owner, state, environment.
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
    /// Its state in each environment, in the columns' order.
    pub states: Vec<State>,
    /// Whose it is; none is a gap.
    pub owner: Option<Entity>,
    /// When it was last changed.
    pub changed: Option<Moment>,
}

/// Which flags, and from which on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Which {
    q: String,
    state: String,
    from: Option<usize>,
}

/// Lists the flags by name.
pub async fn index(frame: Frame, Query(which): Query<Which>) -> Response {
    let environments = environments(&frame.world);
    let wanted: Vec<&Flag> = frame.world.flags.flags().filter(|flag| which.wants(flag)).collect();
    let pairs = [("q", which.q.as_str()), ("state", which.state.as_str())];
    let set: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let query = serde_html_form::to_string(&set).unwrap_or_default();
    let page = Paged::of(wanted, which.from, &frame.href(format!("/flags?{query}")));
    screen(&FlagsScreen {
        chrome: frame.chrome("Flags", Place::Flags),
        filters: Filters {
            action: "/flags".to_owned(),
            fields: vec![
                Field::line("q", "Text", which.q.clone()),
                Field::select(
                    "state",
                    "State",
                    vec![
                        Choice::new("", "Any", &which.state),
                        Choice::new("on", "On somewhere", &which.state),
                        Choice::new("off", "Off everywhere", &which.state),
                        Choice::new("drifted", "Not as declared", &which.state),
                    ],
                ),
            ],
            clear: (!set.is_empty()).then(|| frame.href("/flags")),
        },
        rows: page.items.into_iter().map(|flag| row(&frame, flag, &environments)).collect(),
        environments,
        none: match set.is_empty() {
            true => Empty::with("No flag is defined yet.", "mainstay flag create new-checkout"),
            false => Empty::new("No flag passes these filters."),
        },
        pager: page.pager,
    })
}

impl Which {
    fn wants(&self, flag: &Flag) -> bool {
        let text = self.q.to_lowercase();
        let definition = &flag.definition;
        let named = definition.flag.short().contains(&text) || definition.description.to_lowercase().contains(&text);
        named
            && match self.state.as_str() {
                "on" => flag.switches.values().any(|switch| switch.on),
                "off" => !flag.switches.values().any(|switch| switch.on),
                "drifted" => flag.drift().next().is_some(),
                _ => true,
            }
    }
}

fn row(frame: &Frame, flag: &Flag, environments: &[String]) -> FlagRow {
    let definition = &flag.definition;
    let changed = flag.switches.values().map(|switch| switch.since).max();
    FlagRow {
        key: definition.flag.short().to_owned(),
        href: frame.href(address(&definition.flag)),
        description: definition.description.clone(),
        states: environments
            .iter()
            .map(|environment| match flag.switches.get(environment) {
                Some(switch) => switched(switch.on),
                None => State::new(Tone::Quiet, "off, never set"),
            })
            .collect(),
        owner: definition.owner.as_ref().map(|owner| frame.entity(owner)),
        changed: changed.map(|at| frame.ago(at)),
    }
}
