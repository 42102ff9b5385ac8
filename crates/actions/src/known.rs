//! What a decision about a promise must know of the rest of the world.

use jiff::Timestamp;
use kernel::{EntityRef, Refusal, codes};

use crate::{Cycle, DoneWhen, Lead};

/// What the rest of the world knows. It is asked while a command is decided, and answers for that moment.
pub trait Knowledge {
    /// True if the catalog has this person.
    fn is_person(&self, person: &EntityRef) -> bool;

    /// The person of the catalog whose name is nearly this.
    fn likely_person(&self, person: &EntityRef) -> Option<EntityRef>;

    /// True if the catalog has this group.
    fn is_team(&self, team: &EntityRef) -> bool;

    /// True if this incident has a post-mortem.
    fn is_post_mortem(&self, incident: u64) -> bool;

    /// The team that answers for what this person promises about this subject.
    fn team_of(&self, owner: &EntityRef, subject: &EntityRef) -> Option<EntityRef>;

    /// The calendar that a team goes by: its own, or that of a team which it is a part of.
    fn calendar(&self, team: &EntityRef) -> Option<&Cycle>;

    /// The condition with what must be remembered of the moment when it is promised: what a document was.
    fn pin(&self, condition: DoneWhen) -> DoneWhen;

    /// Whether a condition holds, of a promise that was made at this time.
    fn look(&self, condition: &DoneWhen, promised: Timestamp) -> Look;

    /// To whom an item of this owner and team escalates, and why to them. Never to the owner alone, if anybody else can
    /// be found.
    fn leads(&self, owner: &EntityRef, team: Option<&EntityRef>) -> (Vec<EntityRef>, Lead);

    /// The people of a team.
    fn members(&self, team: &EntityRef) -> Vec<EntityRef>;

    /// True if there is an address at which this person can be told something.
    fn can_be_told(&self, person: &EntityRef) -> bool;
}

/// That somebody who is named is a person of the catalog.
///
/// # Errors
/// `INVALID`, naming the field and whom may be meant, if they are not.
pub fn is_known(field: &str, person: &EntityRef, known: &dyn Knowledge) -> Result<(), Refusal> {
    let invalid = |detail: String| Refusal::new(&codes::INVALID, detail).field(field);
    if person.kind() != "user" {
        return Err(invalid(format!("{person} is not a person")).fix("name one user of the catalog"));
    }
    if known.is_person(person) {
        return Ok(());
    }
    let detail = format!("{} is not in the catalog: they left, or the name is another", person.short());
    let fix = known.likely_person(person).map(|likely| format!("did you mean {}?", likely.short()));
    Err(invalid(detail).fix(fix.unwrap_or_else(|| "name one user of the catalog".to_owned())))
}

/// What can be seen of a condition, in words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// It holds.
    Holds(String),
    /// It does not.
    Fails(String),
    /// That can't be said: nothing follows from it.
    Unsure(String),
}
