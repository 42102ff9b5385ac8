//! What is promised, as people write it.

use jiff::{civil::Date, tz::TimeZone};
use kernel::{Refusal, Timestamp, codes};
use postmortems::{DoneWhen, Item};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::reference;

/// What one person promises.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ItemText {
    /// What, in one line.
    pub what: String,
    /// Who: one user of the catalog.
    pub owner: String,
    /// Until when: a day, which ends in UTC, or a time.
    pub deadline: String,
    /// How one can tell: in words, or `check:NAME` (it passes), `flag:NAME` (it is removed), `alert:component:NAME` (one
    /// fires).
    pub done_when: String,
}

impl ItemText {
    /// True if nothing is said.
    pub(crate) fn is_blank(&self) -> bool {
        [&self.what, &self.owner, &self.deadline, &self.done_when].into_iter().all(|text| text.trim().is_empty())
    }

    /// An item as people write it.
    pub(crate) fn of(item: &Item) -> Self {
        let last = item.deadline.to_zoned(TimeZone::UTC);
        let whole = last.time() == jiff::civil::time(23, 59, 59, 0);
        Self {
            what: item.what.clone(),
            owner: item.owner.to_string(),
            deadline: if whole { last.date().to_string() } else { item.deadline.to_string() },
            done_when: match &item.done_when {
                DoneWhen::Word { words } => words.clone(),
                DoneWhen::CheckUp { check } => check.to_string(),
                DoneWhen::FlagGone { flag } => flag.to_string(),
                DoneWhen::AlertFires { entity } => format!("alert:{entity}"),
            },
        }
    }

    fn read(&self, at: usize) -> Result<Item, Refusal> {
        let field = |name: &str| format!("items/{at}/{name}");
        let (owner, deadline) = (self.owner.trim(), self.deadline.trim());
        if owner.is_empty() {
            let refusal = Refusal::new(&codes::INVALID, "one person must do it").field(field("owner"));
            return Err(refusal.fix("name one user of the catalog"));
        }
        let day = || deadline.parse::<Date>().ok()?.at(23, 59, 59, 0).to_zoned(TimeZone::UTC).ok();
        let read = deadline.parse::<Timestamp>().ok().or_else(|| day().map(|zoned| zoned.timestamp()));
        let deadline = read.ok_or_else(|| {
            let refusal = Refusal::new(&codes::INVALID, "the deadline is no day").field(field("deadline"));
            refusal.fix("write it as 2026-12-24")
        })?;
        Ok(Item {
            what: self.what.clone(),
            owner: reference(&field("owner"), owner, "user")?,
            deadline,
            done_when: done_when(&field("done_when"), self.done_when.trim())?,
        })
    }
}

/// Reads what people wrote.
///
/// # Errors
/// `INVALID`, naming the item and the field.
pub(crate) fn read(items: &[ItemText]) -> Result<Vec<Item>, Refusal> {
    items.iter().enumerate().map(|(at, item)| item.read(at)).collect()
}

fn done_when(field: &str, text: &str) -> Result<DoneWhen, Refusal> {
    // What has a blank in it is a sentence.
    let named = |prefix: &str| text.strip_prefix(prefix).filter(|rest| !rest.is_empty() && !text.contains(' '));
    if named("check:").is_some() {
        return Ok(DoneWhen::CheckUp { check: reference(field, text, "check")? });
    }
    if named("flag:").is_some() {
        return Ok(DoneWhen::FlagGone { flag: reference(field, text, "flag")? });
    }
    if let Some(entity) = named("alert:") {
        return Ok(DoneWhen::AlertFires { entity: reference(field, entity, "component")? });
    }
    Ok(DoneWhen::Word { words: text.to_owned() })
}

/// How one can tell, for people.
pub(crate) fn in_words(done_when: &DoneWhen) -> String {
    match done_when {
        DoneWhen::Word { words } => words.clone(),
        DoneWhen::CheckUp { check } => format!("check {} exists and passes", check.short()),
        DoneWhen::FlagGone { flag } => format!("flag {} is removed", flag.short()),
        DoneWhen::AlertFires { entity } => format!("an alert about {} fires", entity.short()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(done_when: &str) -> ItemText {
        ItemText {
            what: "x".to_owned(),
            owner: "kim".to_owned(),
            deadline: "2026-12-24".to_owned(),
            done_when: done_when.to_owned(),
        }
    }

    #[test]
    fn what_is_read_is_written_the_same() {
        for (written, words) in [
            ("check:default/pay", "check pay exists and passes"),
            ("flag:default/old", "flag old is removed"),
            ("alert:component:default/pay", "an alert about pay fires"),
            ("check: the graph", "check: the graph"),
        ] {
            let item = text(written).read(0).unwrap();
            assert_eq!((ItemText::of(&item).done_when.as_str(), in_words(&item.done_when).as_str()), (written, words));
            assert_eq!(ItemText::of(&item).deadline, "2026-12-24");
            assert_eq!(item.owner.to_string(), "user:default/kim");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let check = |item: ItemText, field: &str| assert_eq!(item.read(2).unwrap_err().field.as_deref(), Some(field));
        check(ItemText { deadline: "soon".to_owned(), ..text("x") }, "items/2/deadline");
        check(ItemText { owner: String::new(), ..text("x") }, "items/2/owner");
        check(ItemText { owner: "a b".to_owned(), ..text("x") }, "items/2/owner");
    }
}
