use kernel::{Actor, Context, EntityRef, EventId, IdSeed, Refusal, Stamp, Timestamp, codes};
use serde_json::json;

use crate::{Command, Definition, Event, Origin, State, decide, evaluate, undo};

struct Flags {
    state: State,
    log: Vec<(Event, Stamp)>,
}

impl Flags {
    fn new(environments: &[(&str, bool)]) -> Self {
        let mut flags = Self { state: State::default(), log: Vec::new() };
        flags.command(Command::Define { definition: definition(environments) }).unwrap();
        flags
    }

    fn command(&mut self, command: Command) -> Result<usize, Refusal> {
        let position = self.log.len() as u64 + 1;
        let now = Timestamp::from_second(1_700_000_000 + position as i64).unwrap();
        let context = Context::new(now, Actor::Person("jo".to_owned()), IdSeed(u128::from(position)));
        let events = decide(&self.state, command, &context)?;
        let count = events.len();
        for event in events {
            let stamp = Stamp {
                position,
                event: context.id::<EventId>(),
                command: context.command,
                at: now,
                actor: context.actor.clone(),
                reason: None,
            };
            self.state.fold(&event, &stamp);
            self.log.push((event, stamp));
        }
        Ok(count)
    }

    fn turn(&mut self, on: bool) -> usize {
        self.command(Command::Turn { flag: flag(), environment: "production".to_owned(), on }).unwrap()
    }

    fn undo(&self, index: usize) -> Result<Command, &'static str> {
        let (event, stamp) = &self.log[index];
        undo(&self.state, event, stamp).map_err(|refusal| refusal.code.name)
    }

    fn value(&self) -> bool {
        let context = flagd::Context::from_value(&json!({}), 0).unwrap();
        let now = Timestamp::from_second(1_700_000_100).unwrap();
        evaluate(&self.state, &flag(), "production", &context, now).unwrap().unwrap().value == Some(json!(true))
    }
}

fn flag() -> EntityRef {
    "flag:default/new-checkout".parse().unwrap()
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
fn a_spec_is_read_whole_or_refused_with_every_problem() {
    let spec = json!({
        "owner": "checkout-team", "usedBy": ["checkout"], "environments": {"production": {"enabled": true}},
        "expires": "2026-12-31",
    });
    let read = Definition::from_spec(flag(), Some("a flag"), &spec).unwrap();
    assert_eq!(read.owner.unwrap().as_str(), "group:default/checkout-team");
    assert!(read.environments["production"].enabled);

    let bad = json!({
        "ownr": "x", "type": "number", "usedBy": "checkout", "environments": {"production": true}, "expires": "soon",
    });
    let problems = Definition::from_spec(flag(), None, &bad).unwrap_err();
    let pointers: Vec<_> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        ["/spec/ownr", "/spec/usedBy", "/spec/environments/production", "/spec/expires", "/spec/type"]
    );
    assert_eq!(problems[0].suggestion.as_deref(), Some("owner"));
}
