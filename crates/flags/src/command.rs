//! The wishes, and how they are decided.

use kernel::{Context, EntityRef, Refusal, Stamp, closest, codes};
use serde::{Deserialize, Serialize};

use crate::{Definition, Event, Flag, Origin, State};

/// What somebody wants of a flag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// Define it, or replace its definition.
    Define {
        /// The definition.
        definition: Definition,
    },
    /// Remove it.
    Remove {
        /// Which.
        flag: EntityRef,
    },
    /// Turn it on or off in one environment.
    Turn {
        /// Which.
        flag: EntityRef,
        /// Where.
        environment: String,
        /// What it shall be.
        on: bool,
    },
    /// Remember that a component evaluated it.
    See {
        /// Which.
        flag: EntityRef,
        /// Who asked.
        component: EntityRef,
    },
}

/// Decides what happens. An empty answer means that all is as wished already.
///
/// # Errors
/// If the flag does not exist, or the wish is not allowed for it.
pub fn decide(state: &State, command: Command, _context: &Context) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Define { definition } => define(state, definition),
        Command::Remove { flag } => {
            existing(state, &flag)?;
            Ok(vec![Event::Removed { flag }])
        }
        Command::Turn { flag, environment, on } => turn(state, flag, environment, on),
        Command::See { flag, component } => {
            let known = existing(state, &flag)?;
            let seen = known.users().any(|user| *user == component) || known.seen_from.len() >= Flag::SEEN_FROM_MAX;
            Ok(if seen { Vec::new() } else { vec![Event::Seen { flag, component }] })
        }
    }
}

fn define(state: &State, definition: Definition) -> Result<Vec<Event>, Refusal> {
    let before = state.flag(&definition.flag);
    if before.is_some_and(|flag| flag.definition == definition) {
        return Ok(Vec::new());
    }
    let declared = before.is_some_and(|flag| flag.definition.origin == Origin::Declared);
    if declared && definition.origin == Origin::ByHand {
        let detail = format!("the flag {} is declared in a file", definition.flag.short());
        return Err(Refusal::new(&codes::CONFLICT, detail).fix("change the file and apply it"));
    }
    Ok(vec![Event::Defined { definition }])
}

fn turn(state: &State, flag: EntityRef, environment: String, on: bool) -> Result<Vec<Event>, Refusal> {
    let known = existing(state, &flag)?;
    let named = environment.trim() == environment && !environment.is_empty();
    if !named || environment.len() > Definition::ENVIRONMENT_BYTES_MAX {
        return Err(Refusal::new(&codes::INVALID, "an environment's name has 1 to 63 characters").field("environment"));
    }
    let room = known.switches.contains_key(&environment) || known.switches.len() < Flag::ENVIRONMENTS_MAX;
    if !room {
        return Err(Refusal::new(&codes::INVALID, "a flag has at most 200 environments").field("environment"));
    }
    if known.is_on(&environment) == on {
        return Ok(Vec::new());
    }
    let affects = known.users().cloned().collect();
    Ok(vec![Event::Turned { flag, environment, on, affects }])
}

/// The command that reverses a change event.
///
/// # Errors
/// `MOVED_ON` if the flag was turned since, `IRREVERSIBLE` for events that are no change of behaviour.
pub fn undo(state: &State, event: &Event, stamp: &Stamp) -> Result<Command, Refusal> {
    match event {
        Event::Turned { flag, environment, on, .. } => {
            let known = existing(state, flag)?;
            let last = known.switches.get(environment);
            match last {
                Some(switch) if switch.event == stamp.event => {
                    Ok(Command::Turn { flag: flag.clone(), environment: environment.clone(), on: !on })
                }
                Some(switch) => {
                    let detail = format!(
                        "{} turned {} {} in {environment} since, at {}",
                        switch.by,
                        flag.short(),
                        if switch.on { "on" } else { "off" },
                        switch.since.strftime("%Y-%m-%d %H:%M:%SZ"),
                    );
                    Err(Refusal::new(&codes::MOVED_ON, detail))
                }
                None => Err(Refusal::new(&codes::MOVED_ON, format!("{} was defined anew since", flag.short()))),
            }
        }
        Event::Defined { definition } => {
            let detail = format!("the definition of {} is changed where it was made", definition.flag.short());
            Err(Refusal::new(&codes::IRREVERSIBLE, detail).fix("change its file and apply it, or edit the flag"))
        }
        Event::Removed { flag } => {
            let detail = format!("{} was removed where it was declared", flag.short());
            Err(Refusal::new(&codes::IRREVERSIBLE, detail).fix("declare it again"))
        }
        Event::Seen { .. } => Err(Refusal::new(&codes::IRREVERSIBLE, "an observation is no change")),
    }
}

fn existing<'a>(state: &'a State, flag: &EntityRef) -> Result<&'a Flag, Refusal> {
    state.flag(flag).ok_or_else(|| {
        let refusal = Refusal::new(&codes::NOT_FOUND, format!("there is no flag {}", flag.short()));
        match closest(flag.short(), state.flags().map(|known| known.definition.flag.short())) {
            Some(near) => refusal.fix(format!("did you mean {near}?")),
            None => refusal.fix("`mainstay get flags` lists them"),
        }
    })
}
