//! What several tests need.

use kernel::{Actor, CommandId, EventId, Timestamp};
use timeline::NewEntry;
use uuid::Uuid;

/// The time of the `second`th second of the tests' history.
pub(crate) fn at(second: u64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + i64::try_from(second).unwrap()).unwrap()
}

/// An entry that is unlike that of any other `number`, decided at that second.
pub(crate) fn entry(number: u64) -> NewEntry {
    NewEntry {
        id: EventId::from(Uuid::from_u128(u128::from(number) + 1)),
        command: CommandId::from(Uuid::from_u128(u128::from(number) << 64)),
        at: at(number),
        actor: Actor::Person("jo".to_owned()),
        reason: (number % 2 == 0).then(|| format!("reason {number}")),
        kind: "flags.turned_on".to_owned(),
        version: 1,
        subjects: vec![format!("flag:default/f{}", number % 10).parse().unwrap()],
        body: format!("{{\"number\":{number}}}").into_bytes(),
    }
}
