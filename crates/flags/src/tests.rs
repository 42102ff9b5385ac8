//! What flags do, told by commands and the clock.

mod dangling;
mod declared;
mod golden;
mod lowering;
mod ramps;
mod requests;
mod requirements;
mod staleness;

use kernel::{Actor, Context, EntityRef, EventId, IdSeed, Refusal, Stamp, Timestamp, codes};
use serde_json::{Value, json};

use crate::{Command, Definition, Event, Origin, Segment, State, decide, evaluate, undo};

const START_S: i64 = 1_700_000_000;

/// The state and its events, with a clock and somebody who acts.
struct Flags {
    state: State,
    log: Vec<(Event, Stamp)>,
    now: Timestamp,
    actor: Actor,
}

impl Flags {
    fn none() -> Self {
        let now = Timestamp::from_second(START_S).unwrap();
        Self { state: State::default(), log: Vec::new(), now, actor: person("jo") }
    }

    fn new(environments: &[(&str, bool)]) -> Self {
        let mut flags = Self::none();
        flags.command(Command::Define { definition: definition(environments) }).unwrap();
        flags
    }

    fn pass(&mut self, time: &str) {
        self.now += time.parse::<jiff::SignedDuration>().unwrap();
    }

    fn by(&mut self, name: &str) -> &mut Self {
        self.actor = person(name);
        self
    }

    fn command(&mut self, command: Command) -> Result<usize, Refusal> {
        self.give(command, None).map(|kinds| kinds.len())
    }

    /// The kinds of what happened.
    fn give(&mut self, command: Command, reason: Option<&str>) -> Result<Vec<&'static str>, Refusal> {
        self.now += jiff::SignedDuration::from_millis(1);
        let mut context = Context::new(self.now, self.actor.clone(), IdSeed(self.log.len() as u128));
        context.reason = reason.map(str::to_owned);
        let events = decide(&self.state, command, &context)?;
        let kinds = events.iter().map(Event::kind).collect();
        for event in events {
            let stamp = Stamp {
                position: self.log.len() as u64 + 1,
                event: context.id::<EventId>(),
                command: context.command,
                at: self.now,
                actor: context.actor.clone(),
                reason: context.reason.clone(),
            };
            self.state.fold(&event, &stamp);
            self.log.push((event, stamp));
        }
        Ok(kinds)
    }

    fn refused(&mut self, command: Command) -> &'static str {
        self.give(command, None).unwrap_err().code.name
    }

    /// Does what is due, and says what happened.
    fn wait(&mut self, time: &str) -> Vec<&'static str> {
        self.pass(time);
        let commands = crate::due(&self.state, self.now);
        let actor = std::mem::replace(&mut self.actor, Actor::mainstay("flags"));
        let kinds = commands.into_iter().flat_map(|command| self.give(command, None).unwrap()).collect();
        self.actor = actor;
        kinds
    }

    fn define(&mut self, name: &str, spec: Value) -> Result<Vec<&'static str>, Refusal> {
        self.give(Command::Define { definition: by_hand(name, spec) }, None)
    }

    fn define_segment(&mut self, name: &str, spec: Value) -> Result<Vec<&'static str>, Refusal> {
        let segment = Segment::from_spec(EntityRef::new("segment", "default", name).unwrap(), None, &spec).unwrap();
        self.give(Command::DefineSegment { segment: Segment { origin: Origin::ByHand, ..segment } }, None)
    }

    fn turn(&mut self, on: bool) -> usize {
        self.command(Command::Turn { flag: flag(), environment: "production".to_owned(), on }).unwrap()
    }

    fn undo(&self, index: usize) -> Result<Command, &'static str> {
        let (event, stamp) = &self.log[index];
        undo(&self.state, event, stamp).map_err(|refusal| refusal.code.name)
    }

    fn value(&self) -> bool {
        self.variant("new-checkout", json!({})) == "on"
    }

    /// What a client gets in production, or the error.
    fn variant(&self, name: &str, context: Value) -> String {
        let now = u64::try_from(self.now.as_second()).unwrap();
        let context = flagd::Context::from_value(&context, now).unwrap();
        match evaluate(&self.state, &named(name), "production", &context, self.now).unwrap() {
            Ok(answer) => answer.variant.unwrap_or_else(|| answer.reason.as_str().to_owned()),
            Err(failure) => failure.to_string(),
        }
    }
}

fn person(name: &str) -> Actor {
    Actor::Person(name.to_owned())
}

fn named(name: &str) -> EntityRef {
    EntityRef::new("flag", "default", name).unwrap()
}

fn flag() -> EntityRef {
    named("new-checkout")
}

fn by_hand(name: &str, spec: Value) -> Definition {
    let definition = Definition::from_spec(named(name), None, &spec).unwrap();
    Definition { origin: Origin::ByHand, ..definition }
}

fn definition(environments: &[(&str, bool)]) -> Definition {
    Definition {
        used_by: vec!["component:checkout".parse().unwrap()],
        environments: environments.iter().map(|(name, on)| ((*name).to_owned(), (*on).into())).collect(),
        origin: Origin::Declared,
        ..Definition::boolean(flag())
    }
}

#[test]
fn a_flag_is_off_until_it_is_turned_on_and_turning_it_twice_is_one_event() {
    let mut flags = Flags::new(&[]);
    assert!(!flags.value());
    assert_eq!((flags.turn(true), flags.turn(true)), (1, 0));
    assert!(flags.value());
}

#[test]
fn turning_a_flag_can_be_undone_unless_it_was_turned_since() {
    let mut flags = Flags::new(&[("production", false)]);
    flags.turn(true);
    let back = Command::Turn { flag: flag(), environment: "production".to_owned(), on: false };
    assert_eq!(flags.undo(1), Ok(back.clone()));
    flags.command(back).unwrap();
    assert_eq!(flags.undo(1), Err(codes::MOVED_ON.name));
    assert_eq!(flags.undo(0), Err(codes::IRREVERSIBLE.name));
}

#[test]
fn a_new_declaration_moves_the_switch_only_where_it_says_something_new() {
    let mut flags = Flags::new(&[("production", false)]);
    flags.turn(true);
    let mut edited = definition(&[("production", false), ("staging", true)]);
    edited.description = "edited".to_owned();
    flags.command(Command::Define { definition: edited }).unwrap();
    assert!(flags.value(), "what somebody turned on stays on");
    assert_eq!(flags.state.flag(&flag()).unwrap().drift().count(), 1);
    flags.command(Command::Define { definition: definition(&[("production", true)]) }).unwrap();
    flags.command(Command::Define { definition: definition(&[("production", false)]) }).unwrap();
    assert!(!flags.value(), "a changed declaration counts");
}

#[test]
fn a_component_is_remembered_once() {
    let mut flags = Flags::new(&[]);
    let see = |name: &str| Command::See { flag: flag(), component: name.parse().unwrap() };
    let declared = flags.command(see("component:checkout")).unwrap();
    let first = flags.command(see("component:cart")).unwrap();
    let second = flags.command(see("component:cart")).unwrap();
    assert_eq!((declared, first, second), (0, 1, 0));
}

#[test]
fn a_mistyped_flag_gets_a_suggestion() {
    let mut flags = Flags::new(&[]);
    let mistyped = "flag:default/new-chekcout".parse().unwrap();
    let refusal = flags.command(Command::Remove { flag: mistyped }).unwrap_err();
    assert_eq!(refusal.fix.as_deref(), Some("did you mean new-checkout?"));
}

#[test]
fn a_definition_by_hand_can_be_undone_unless_the_flag_was_defined_anew_since() {
    let mut flags = Flags::none();
    flags.define("x", json!({"environments": {"production": {"enabled": true}}})).unwrap();
    flags.define("x", json!({"environments": {"production": {"enabled": true}}, "defaultVariant": "off"})).unwrap();
    assert_eq!(flags.undo(0), Err(codes::MOVED_ON.name));
    let back = flags.undo(1).unwrap();
    assert_eq!(flags.variant("x", json!({})), "off");
    flags.command(back).unwrap();
    assert_eq!(flags.variant("x", json!({})), "on");
    let mut flags = Flags::none();
    flags.define("x", json!({})).unwrap();
    assert_eq!(flags.undo(0), Ok(Command::Remove { flag: named("x") }), "what was made is removed");
}

#[test]
fn a_flag_remembers_its_last_definitions_and_no_more() {
    let mut flags = Flags::none();
    for number in 0..30 {
        flags.define("x", json!({"description": format!("the {number}th")})).unwrap();
    }
    let known = flags.state.flag(&named("x")).unwrap();
    assert_eq!(known.history.len(), crate::Flag::HISTORY_MAX);
    assert_eq!(known.history.last().unwrap().definition, known.definition);
}

#[test]
fn a_flag_keeps_the_bucketing_that_it_was_made_with() {
    let mut flags = Flags::none();
    flags.define("x", json!({})).unwrap();
    let refusal = flags.define("x", json!({"bucketing": "v3"})).unwrap_err();
    assert_eq!((refusal.code, refusal.field.as_deref()), (&codes::CONFLICT, Some("/spec/bucketing")));
}

#[test]
fn a_switch_for_every_environment_holds_where_there_is_none_of_its_own() {
    let mut flags = Flags::none();
    flags.define("x", json!({"environments": {"*": {"enabled": true}, "production": {"enabled": false}}})).unwrap();
    let on = |flags: &Flags, environment| flags.state.flag(&named("x")).unwrap().is_on(environment);
    assert!(on(&flags, "staging") && !on(&flags, "production"));
    flags.command(Command::Turn { flag: named("x"), environment: "staging".to_owned(), on: false }).unwrap();
    assert!(!on(&flags, "staging") && on(&flags, "test"));
}
