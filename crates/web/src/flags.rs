//! The flags' screens.

pub mod chart;
pub mod edit;
pub mod environment;
pub mod explain;
pub mod history;
pub mod list;
pub mod ramp;
pub mod requests;
pub mod rules;
pub mod segments;
pub mod setting;
pub mod show;
mod standing;
mod text;
pub mod turn;
mod wish;

use std::collections::BTreeSet;

use ::flags::{Definition, Flag, Origin};
use world::World;

use crate::{
    frame::Frame,
    views::{Tab, Tabs},
};

/// Every environment that any flag knows, `production` first.
fn environments(world: &World) -> Vec<String> {
    let all: BTreeSet<&str> = world.flags.flags().flat_map(environments_of).collect();
    let (first, others): (Vec<&str>, Vec<&str>) = all.into_iter().partition(|name| *name == PRODUCTION);
    first.into_iter().chain(others).take(COLUMNS_MAX).map(str::to_owned).collect()
}

/// Every environment that a flag knows by name.
fn environments_of(flag: &Flag) -> impl Iterator<Item = &str> {
    let named = flag.switches.keys().chain(flag.definition.environments.keys());
    named.map(String::as_str).filter(|name| *name != Definition::EVERYWHERE)
}

const PRODUCTION: &str = "production";
/// A table with more columns can't be read.
const COLUMNS_MAX: usize = 6;

/// Whether a flag's file says otherwise about its switch in one of these environments. What was made by hand has no file.
fn drifts<'a>(flag: &Flag, environments: impl IntoIterator<Item = &'a str>) -> bool {
    let declared = flag.definition.origin == Origin::Declared;
    declared && environments.into_iter().any(|environment| flag.drift().any(|(name, _)| name == environment))
}

/// The parts of what is known of flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Flags,
    Segments,
    Requests,
}

/// The way between flags, segments and requests.
fn parts(frame: &Frame, here: Part) -> Tabs {
    let tab = |part: Part, label: &str, href: &str, count: Option<usize>| Tab {
        label: label.to_owned(),
        href: frame.href(href),
        here: part == here,
        count,
    };
    let waiting = frame.world.flags.requests().filter(|request| request.is_open()).count();
    Tabs {
        label: "Flags".to_owned(),
        tabs: vec![
            tab(Part::Flags, "Flags", "/flags", None),
            tab(Part::Segments, "Segments", "/segments", None),
            tab(Part::Requests, "Requests", "/flags/requests", (waiting > 0).then_some(waiting)),
        ],
    }
}
