//! The flags' screens.

pub mod list;
pub mod ofrep;
pub mod show;
pub mod turn;

use std::collections::BTreeSet;

use world::World;

use crate::views::{State, Tone};

/// Every environment that any flag knows, `production` first.
fn environments(world: &World) -> Vec<String> {
    let all: BTreeSet<&String> = world.flags.flags().flat_map(|flag| flag.switches.keys()).collect();
    let (first, others): (Vec<&String>, Vec<&String>) = all.into_iter().partition(|name| *name == PRODUCTION);
    first.into_iter().chain(others).take(COLUMNS_MAX).cloned().collect()
}

const PRODUCTION: &str = "production";
/// A table with more columns can't be read.
const COLUMNS_MAX: usize = 6;

fn switched(on: bool) -> State {
    if on { State::new(Tone::Good, "on") } else { State::new(Tone::Quiet, "off") }
}
