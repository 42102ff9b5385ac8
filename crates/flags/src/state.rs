//! The fold and the queries.

use imbl::OrdMap;
use kernel::{Actor, EntityRef, EventId, Stamp, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Definition, Event};

/// Everything known of flags.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {
    flags: OrdMap<EntityRef, Flag>,
}

/// One flag as it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Flag {
    /// What it is.
    pub definition: Definition,
    /// Its position per environment.
    pub switches: OrdMap<String, Switch>,
    /// Components that evaluated it without being declared in `used_by`.
    pub seen_from: Vec<EntityRef>,
}

/// A flag's position in one environment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Switch {
    /// On or off.
    pub on: bool,
    /// Since when.
    pub since: Timestamp,
    /// Who turned it.
    pub by: Actor,
    /// The event that turned it.
    pub event: EventId,
}

impl Flag {
    /// More undeclared users than this are not remembered.
    pub const SEEN_FROM_MAX: usize = 100;
    /// A flag has at most this many environments.
    pub const ENVIRONMENTS_MAX: usize = 200;

    /// Whether it is on in this environment; off where nothing is known.
    #[must_use]
    pub fn is_on(&self, environment: &str) -> bool {
        self.switches.get(environment).is_some_and(|switch| switch.on)
    }

    /// Every component that evaluates it: the declared ones, then the observed ones.
    pub fn users(&self) -> impl Iterator<Item = &EntityRef> {
        self.definition.used_by.iter().chain(&self.seen_from)
    }

    /// The environments in which the switch differs from the declaration.
    pub fn drift(&self) -> impl Iterator<Item = (&String, &Switch)> {
        self.switches
            .iter()
            .filter(|(name, switch)| self.definition.setting(name).is_some_and(|setting| setting.enabled) != switch.on)
    }
}

impl State {
    /// The flag of this name.
    #[must_use]
    pub fn flag(&self, flag: &EntityRef) -> Option<&Flag> {
        self.flags.get(flag)
    }

    /// All flags, by name.
    pub fn flags(&self) -> impl Iterator<Item = &Flag> {
        self.flags.values()
    }

    /// Applies one event.
    pub fn fold(&mut self, event: &Event, stamp: &Stamp) {
        match event {
            Event::Defined { definition } => self.fold_defined(definition, stamp),
            Event::Removed { flag } => {
                self.flags.remove(flag);
            }
            Event::Turned { flag, environment, on, .. } => {
                if let Some(flag) = self.flags.get_mut(flag) {
                    flag.switches.insert(environment.clone(), switch(*on, stamp));
                }
            }
            Event::Seen { flag, component } => {
                if let Some(flag) = self.flags.get_mut(flag) {
                    flag.seen_from.push(component.clone());
                }
            }
        }
    }

    fn fold_defined(&mut self, definition: &Definition, stamp: &Stamp) {
        let before = self.flags.get(&definition.flag);
        let mut switches = before.map(|flag| flag.switches.clone()).unwrap_or_default();
        for (environment, setting) in &definition.environments {
            let declared_before = before.and_then(|flag| flag.definition.environments.get(environment));
            if declared_before.map(|before| before.enabled) != Some(setting.enabled) {
                switches.insert(environment.clone(), switch(setting.enabled, stamp));
            }
        }
        let seen_from = before.map(|flag| flag.seen_from.clone()).unwrap_or_default();
        let seen_from = seen_from.into_iter().filter(|seen| !definition.used_by.contains(seen)).collect();
        let flag = Flag { definition: definition.clone(), switches, seen_from };
        self.flags.insert(definition.flag.clone(), flag);
    }
}

fn switch(on: bool, stamp: &Stamp) -> Switch {
    Switch { on, since: stamp.at, by: stamp.actor.clone(), event: stamp.event }
}
