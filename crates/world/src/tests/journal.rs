//! What is left out of the journal on a long way.

use super::*;
use crate::{Journal, journal::is_change_in_any_world};

const FLAGS: u64 = 1_000;

#[test]
fn a_change_that_the_journal_will_have_forgotten_need_not_be_put_into_it() {
    let flag = |number: u64| format!("flag:many-{number}").parse::<EntityRef>().unwrap();
    let mut town = Town::new();
    for number in 0..FLAGS {
        let definition = flags::Definition {
            environments: [("production".to_owned(), false.into())].into(),
            ..flags::Definition::boolean(flag(number))
        };
        town.give(Command::Flags(flags::Command::Define { definition })).unwrap();
    }
    let mut random = 1_u64;
    let mut below = |bound: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % bound
    };
    let mut undone = 0;
    while town.log.len() < Journal::CAPACITY + 3_000 {
        if below(4) == 0 {
            let depth = usize::try_from(below(2_000)).unwrap();
            let change = town.world.journal.newest_first().nth(depth).map(|entry| entry.change.event);
            undone += usize::from(change.is_some_and(|change| town.undo(change).is_ok()));
        } else {
            let flag = flag(below(FLAGS));
            let on = !town.world.flags.flag(&flag).unwrap().is_on("production");
            town.give(Command::Flags(flags::Command::Turn { flag, environment: "production".to_owned(), on })).unwrap();
        }
    }
    assert!(undone > 500, "only {undone} changes were undone");
    let mut changes = town.log.iter().rev().filter(|recorded| is_change_in_any_world(&recorded.event));
    let kept_from = changes.nth(Journal::CAPACITY - 1).unwrap().stamp.position;
    for forgotten in [kept_from - 1, kept_from / 2] {
        let mut world = World::default();
        let (past, rest) = town.log.split_at(usize::try_from(forgotten).unwrap());
        past.iter().for_each(|recorded| world.fold_unjournalled(recorded));
        rest.iter().for_each(|recorded| world.fold(recorded));
        assert!(world.to_snapshot().unwrap() == town.world.to_snapshot().unwrap(), "{forgotten} were left out");
    }
}
