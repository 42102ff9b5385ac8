//! The flags' screens.

pub mod list;
pub mod show;
mod standing;
pub mod turn;

use std::collections::BTreeSet;

use ::flags::{Definition, Flag};
use world::World;

use crate::views::{State, Tone};

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

fn switched(on: bool) -> State {
    if on { State::new(Tone::Good, "on") } else { State::new(Tone::Quiet, "off") }
}
