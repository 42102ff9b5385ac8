use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use kernel::{Actor, CommandId, IdSeed, Sha256, Timestamp, codes};
use timeline::{SqliteStore, Store};
use world::Command;

use crate::{Clock, Core, Engine, EngineOptions, Request};

/// A clock that moves a second with every look at it.
#[derive(Default)]
struct StepClock(AtomicU64);

impl Clock for StepClock {
    fn now(&self) -> Timestamp {
        let second = 1_700_000_000 + self.0.fetch_add(1, Ordering::Relaxed);
        Timestamp::from_second(i64::try_from(second).unwrap()).unwrap()
    }

    fn seed(&self) -> IdSeed {
        IdSeed(u128::from(self.0.fetch_add(1, Ordering::Relaxed)))
    }
}

fn core(store: &Arc<dyn Store>) -> Core {
    Core::open(Arc::clone(store), Arc::new(StepClock::default())).unwrap()
}

fn in_memory() -> Arc<dyn Store> {
    Arc::new(SqliteStore::temporary().unwrap())
}

fn request(command: flags::Command) -> Request {
    Request { command: Command::Flags(command), actor: Actor::Person("jo".to_owned()), reason: None, id: None }
}

fn define(name: &str) -> Request {
    let definition = flags::Definition {
        environments: [("production".to_owned(), false.into())].into(),
        ..flags::Definition::boolean(format!("flag:{name}").parse().unwrap())
    };
    request(flags::Command::Define { definition })
}

fn turn(name: &str, on: bool) -> Request {
    let flag = format!("flag:{name}").parse().unwrap();
    request(flags::Command::Turn { flag, environment: "production".to_owned(), on })
}

#[test]
fn each_command_of_a_batch_sees_the_ones_before_and_a_refused_one_harms_none() {
    let store = in_memory();
    let mut core = core(&store);
    let (answers, commit) = core.execute(&[define("a"), turn("a", true), turn("missing", true), define("b")]);
    let counts: Vec<_> = answers.iter().map(|answer| answer.as_ref().map(|receipt| receipt.recorded.len())).collect();
    assert_eq!(counts[0], Ok(1));
    assert_eq!(counts[1], Ok(1));
    assert_eq!(counts[2].as_ref().unwrap_err().code, &codes::NOT_FOUND);
    assert_eq!(counts[3], Ok(1));
    assert_eq!(commit.unwrap().recorded.len(), 3);
    assert_eq!(store.head().unwrap().position, 3);
}

#[test]
fn a_world_that_is_loaded_again_equals_the_one_that_was_left() {
    let store = in_memory();
    let mut first = core(&store);
    first.execute(&[define("a"), turn("a", true)]);
    crate::core::save(store.as_ref(), &first.world()).unwrap();
    first.execute(&[define("b"), turn("b", true)]);
    let loaded = core(&store).world();
    assert!(loaded.to_snapshot().unwrap() == first.world().to_snapshot().unwrap());
}

#[test]
fn a_loop_that_somebody_overtook_catches_up_and_decides_again() {
    let store = in_memory();
    let (mut one, mut other) = (core(&store), core(&store));
    one.execute(&[define("a")]);
    let (answers, _) = other.execute(&[define("b"), turn("a", true)]);
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(other.world().position, 3);
}

#[test]
fn a_repeated_command_gets_the_first_answer_and_changes_nothing() {
    let store = in_memory();
    let mut core = core(&store);
    core.execute(&[define("a")]);
    let keyed = |request: Request, body: &[u8]| {
        let id = CommandId::keyed(&Sha256::of(b"key"), &Sha256::of(body));
        Request { id: Some(id), ..request }
    };
    let (first, _) = core.execute(&[keyed(turn("a", true), b"on")]);
    core.execute(&[turn("a", false)]);
    let (again, commit) = core.execute(&[keyed(turn("a", true), b"on")]);
    assert!(commit.is_none());
    let (first, again) = (first[0].as_ref().unwrap(), again[0].as_ref().unwrap());
    assert_eq!((&first.recorded, again.repeated), (&again.recorded, true));
    let (other, _) = core.execute(&[keyed(turn("a", true), b"another")]);
    assert_eq!(other[0].as_ref().unwrap_err().code, &codes::IDEMPOTENCY_MISMATCH);
}

#[test]
fn what_was_true_then_can_be_asked() {
    let store = in_memory();
    let engine = Engine::start(Arc::clone(&store), Arc::new(StepClock::default()), EngineOptions::default()).unwrap();
    engine.submit_blocking(define("a")).unwrap();
    let on = engine.submit_blocking(turn("a", true)).unwrap();
    let off = engine.submit_blocking(turn("a", false)).unwrap();
    let value = |at| {
        let world = engine.world_at(at).unwrap();
        world.flags.flag(&"flag:a".parse().unwrap()).map(|flag| flag.is_on("production"))
    };
    assert_eq!(value(on.recorded[0].stamp.at), Some(true));
    assert_eq!(value(off.recorded[0].stamp.at), Some(false));
    assert_eq!(value(Timestamp::from_second(1).unwrap()), None);
    engine.stop();
    assert_eq!(engine.submit_blocking(turn("a", true)).unwrap_err().code, &codes::SHUTTING_DOWN);
}

#[test]
fn commands_from_many_threads_are_all_recorded_once() {
    let store = in_memory();
    let engine = Engine::start(Arc::clone(&store), Arc::new(StepClock::default()), EngineOptions::default()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let engine = &engine;
            scope.spawn(move || {
                for number in 0..25 {
                    engine.submit_blocking(define(&format!("flag-{thread}-{number}"))).unwrap();
                }
            });
        }
    });
    engine.stop();
    assert_eq!(engine.world().flags.flags().count(), 200);
    assert_eq!(store.head().unwrap().position, 200);
    store.verify(&mut |_| {}).unwrap();
}
