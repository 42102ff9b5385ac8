//! Faults one at a time: what the loop answers, and what is then on the timeline.

mod arrives;
mod promised;

use std::sync::Arc;

use engine::{Core, Request};
use kernel::{Actor, CommandId, Sha256, codes};
use timeline::{Store, StoreError};
use world::Command;

use crate::{
    MemoryStore,
    clock::VirtualClock,
    faulty::{Fault, FaultyStore},
};

struct Rig {
    store: Arc<FaultyStore>,
    core: Core,
    other: Core,
}

fn rig() -> Rig {
    let clock = Arc::new(VirtualClock::new(1));
    let inner: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let store = Arc::new(FaultyStore::new(Arc::clone(&inner), Arc::clone(&clock)));
    let core = Core::open(Arc::clone(&store) as Arc<dyn Store>, Arc::clone(&clock) as _).unwrap();
    Rig { store, core, other: Core::open(inner, clock).unwrap() }
}

fn define(name: &str) -> Request {
    let definition = flags::Definition::boolean(format!("flag:{name}").parse().unwrap());
    let command = Command::Flags(flags::Command::Define { definition });
    let id = Some(CommandId::keyed(&Sha256::of(name.as_bytes()), &Sha256::of(b"define")));
    Request { command, actor: Actor::Person("ada".to_owned()), reason: None, id }
}

fn disk_full() -> StoreError {
    StoreError::DiskFull
}

#[test]
fn a_repetition_in_a_batch_that_was_not_written_is_refused_as_well() {
    let Rig { store, mut core, .. } = rig();
    store.arm(Fault::Refuse(disk_full()));
    let unkeyed = Request { id: None, ..define("a") };
    let (answers, commit) = core.execute(&[define("a"), define("a"), unkeyed]);
    assert!(commit.is_none());
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap_err().code == &codes::DISK_FULL), "{answers:?}");
    assert_eq!(store.head().unwrap().position, 0);
}

#[test]
fn a_write_that_was_reported_as_failed_is_told_as_what_it_is() {
    let Rig { store, mut core, .. } = rig();
    store.arm(Fault::WriteAndFail(disk_full()));
    let (answers, commit) = core.execute(&[define("a")]);
    assert_eq!(answers[0].as_ref().map(|receipt| receipt.position), Ok(1));
    assert_eq!(commit.unwrap().recorded.len(), 1);
}

#[test]
fn a_write_of_which_nothing_can_be_learned_is_found_by_its_key_later() {
    let Rig { store, mut core, .. } = rig();
    store.arm(Fault::WriteAndGoDark(disk_full()));
    let (answers, commit) = core.execute(&[define("a")]);
    assert!(answers[0].is_err() && commit.is_none());
    let (answers, commit) = core.execute(&[define("a")]);
    assert!(answers[0].as_ref().is_ok_and(|receipt| receipt.repeated), "{answers:?}");
    assert_eq!(commit.unwrap().recorded.len(), 1, "subscribers are told now");
    assert_eq!(store.head().unwrap().position, 1);
}

#[test]
fn what_others_wrote_is_published_even_if_there_is_nothing_left_to_do() {
    let Rig { store, mut core, mut other } = rig();
    store.arm(Fault::Overtake(Box::new(move || {
        other.execute(&[Request { id: None, ..define("a") }]);
    })));
    let (answers, commit) = core.execute(&[Request { id: None, ..define("a") }]);
    assert!(answers[0].as_ref().is_ok_and(|receipt| receipt.recorded.is_empty()), "{answers:?}");
    let commit = commit.unwrap();
    assert_eq!((commit.recorded.len(), commit.world.position), (1, 1));
}
