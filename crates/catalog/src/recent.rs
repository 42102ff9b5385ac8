//! What changed lately, so that what is derived from the catalog need not be derived anew from all of it.

use std::collections::BTreeSet;

use imbl::Vector;
use kernel::EntityRef;

/// More changes than this at once are told as "everything".
const KEPT: usize = 4_000;

/// The entities that changed lately, oldest first, each with the position of the event.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recent {
    revision: u64,
    /// Changes up to this revision are no longer known one by one.
    forgotten: u64,
    changes: Vector<(u64, EntityRef)>,
}

impl Recent {
    /// What is known after a start: the revision, and nothing of how it came to be.
    pub(crate) fn starting_at(revision: u64) -> Self {
        Self { revision, forgotten: revision, changes: Vector::new() }
    }

    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// An event at this position changed something.
    pub(crate) fn at(&mut self, position: u64) {
        self.revision = position;
    }

    /// It changed this entity, or what is related to it.
    pub(crate) fn changed(&mut self, reference: EntityRef) {
        self.changes.push_back((self.revision, reference));
        if self.changes.len() > KEPT
            && let Some((position, _)) = self.changes.pop_front()
        {
            self.forgotten = position;
        }
    }

    /// The entities that changed after `revision`; nothing if that is too long ago to tell.
    pub(crate) fn since(&self, revision: u64) -> Option<BTreeSet<EntityRef>> {
        if revision < self.forgotten {
            return None;
        }
        let later = self.changes.iter().rev().take_while(|(position, _)| *position > revision);
        Some(later.map(|(_, reference)| reference.clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(recent: &Recent, since: u64, expected: Option<&str>) {
        let names = |found: BTreeSet<EntityRef>| found.iter().map(EntityRef::name).collect::<Vec<_>>().join(" ");
        assert_eq!(recent.since(since).map(names).as_deref(), expected, "since {since}");
    }

    #[test]
    fn changes_are_told_one_by_one_until_there_were_too_many() {
        let mut recent = Recent::starting_at(10);
        let entity = |name: &str| format!("component:{name}").parse::<EntityRef>().unwrap();
        recent.at(11);
        recent.changed(entity("a"));
        recent.at(12);
        recent.changed(entity("b"));
        recent.changed(entity("a"));
        check(&recent, 9, None);
        check(&recent, 10, Some("a b"));
        check(&recent, 11, Some("a b"));
        check(&recent, 12, Some(""));
        for number in 0..KEPT {
            recent.at(13);
            recent.changed(entity(&format!("e{number}")));
        }
        check(&recent, 11, None);
        assert_eq!(recent.since(12).map(|found| found.len()), Some(KEPT));
    }
}
