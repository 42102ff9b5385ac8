//! What may be asked of post-mortems, and what then happens.

use jiff::{SignedDuration, Timestamp};
use kernel::{Actor, Context, EntityRef, Refusal, Sha256, codes};
use serde::{Deserialize, Serialize};

use crate::{About, DoneWhen, Event, ITEMS_MAX, Item, Opinion, PostMortem, State};

/// The longest text.
pub const TEXT_BYTES_MAX: u32 = 200_000;
/// How many post-mortems there are at most.
pub const POST_MORTEMS_MAX: usize = 20_000;
const TITLE_BYTES_MAX: usize = 200;
/// What is promised is one line.
const WHAT_BYTES_MAX: usize = 200;
/// What shows that it is done.
const WORDS_BYTES_MAX: usize = 1_000;
const NOTE_BYTES_MAX: usize = 5_000;
const REVIEWERS_MAX: usize = 10;
/// A deadline lies in the future by so much at most.
const LONGEST: SignedDuration = SignedDuration::from_hours(2 * 366 * 24);

/// A wish about post-mortems.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// Begin the post-mortem of an incident that is over.
    Start {
        /// Which incident.
        about: About,
        /// What it is called.
        title: String,
        /// The text: a blob that is kept.
        text: Sha256,
        /// How long that is.
        bytes: u32,
    },
    /// Change the draft.
    Edit {
        /// The incident's number.
        incident: u64,
        /// The revision that the change was made of.
        base: u32,
        /// What it is called.
        title: String,
        /// The text: a blob that is kept.
        text: Sha256,
        /// How long that is.
        bytes: u32,
        /// What is promised in it.
        items: Vec<Item>,
    },
    /// Ask for a review of the draft.
    AskReview {
        /// The incident's number.
        incident: u64,
        /// Whom; anybody if it is empty.
        reviewers: Vec<EntityRef>,
    },
    /// Say what one thinks of the draft.
    Review {
        /// The incident's number.
        incident: u64,
        /// The revision that was read.
        revision: u32,
        /// Who read it, a user: whoever a program names, or a signed-in person themself; none where a signed-in person
        /// is not known to the catalog.
        by: Option<EntityRef>,
        /// What they think.
        opinion: Opinion,
        /// Why.
        note: String,
    },
    /// Publish the draft.
    Publish {
        /// The incident's number.
        incident: u64,
        /// The revision that is meant.
        revision: u32,
    },
}

/// What the command makes happen. Nothing (`Ok(vec![])`) if it is so already. `person_of` says which user of the catalog
/// an account is, by its name: one person may have written under it and be named by the catalog's name.
///
/// # Errors
/// `NOT_FOUND` where there is none; `CONFLICT` where it has changed meanwhile, is there already or is not reviewed;
/// `INVALID`, naming the field, for what is not allowed; `FORBIDDEN` for an author who approves, for a review in another
/// person's name, and where it takes a person's name and there is none.
pub fn decide(
    state: &State,
    command: Command,
    context: &Context,
    person_of: &dyn Fn(&str) -> Option<EntityRef>,
) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Start { about, title, text, bytes } => start(state, about, title, text, bytes),
        Command::Edit { incident, base, title, text, bytes, items } => {
            let held = of_revision(held(state, incident)?, base)?;
            let (title, items) = (one_line("title", &title, TITLE_BYTES_MAX)?, sound(items)?);
            not_too_long(bytes)?;
            if (&title, text, &items) == (&held.title, held.text, &held.items) {
                return Ok(vec![]);
            }
            if !held.editions.is_empty() && items != held.items {
                let detail = "its action items were promised with the first edition, and no later one promises anew";
                return Err(
                    invalid("items", detail).fix("change those actions, or promise something new, under Actions")
                );
            }
            Ok(vec![Event::Edited { about: held.about.clone(), revision: base + 1, title, text, bytes, items }])
        }
        Command::AskReview { incident, reviewers } => {
            let held = held(state, incident)?;
            let problem = match reviewers.iter().find(|person| person.kind() != "user") {
                Some(other) => Some(format!("{other} is not a person")),
                None if reviewers.len() > REVIEWERS_MAX => Some(format!("at most {REVIEWERS_MAX} people are asked")),
                None => None,
            };
            if let Some(detail) = problem {
                return Err(invalid("reviewers", detail));
            }
            let asked = Some((held.revision, reviewers.clone()));
            let is_so = held.asked == asked || held.published_revision == Some(held.revision);
            let event = Event::ReviewAsked { about: held.about.clone(), revision: held.revision, reviewers };
            Ok(if is_so { vec![] } else { vec![event] })
        }
        Command::Review { incident, revision, by, opinion, note } => {
            let held = of_revision(held(state, incident)?, revision)?;
            review(held, reviewer(&context.actor, by, person_of)?, opinion, note, &context.actor, person_of)
        }
        Command::Publish { incident, revision } => publish(of_revision(held(state, incident)?, revision)?, context.now),
    }
}

fn start(state: &State, about: About, title: String, text: Sha256, bytes: u32) -> Result<Vec<Event>, Refusal> {
    let number = about.incident;
    let full = || format!("there are {POST_MORTEMS_MAX} post-mortems, which is the most");
    if state.get(number).is_some() {
        let detail = format!("there is a post-mortem of incident {number} already");
        return Err(Refusal::new(&codes::CONFLICT, detail).field("incident").fix("edit that one"));
    }
    if state.count() >= POST_MORTEMS_MAX {
        return Err(Refusal::new(&codes::CONFLICT, full()));
    }
    not_too_long(bytes)?;
    let title = one_line("title", &title, TITLE_BYTES_MAX)?;
    Ok(vec![Event::Started { about, title, text, bytes }])
}

/// Whose opinion it is, by the catalog's name if it knows them: a signed-in person's own, or that of whom a program names.
fn reviewer(
    actor: &Actor,
    by: Option<EntityRef>,
    person_of: &dyn Fn(&str) -> Option<EntityRef>,
) -> Result<String, Refusal> {
    if let Some(other) = by.as_ref().filter(|by| by.kind() != "user") {
        return Err(invalid("by", format!("{other} is not a person")));
    }
    let own = match actor {
        Actor::Person(name) => person_of(name),
        Actor::Token(_) | Actor::Source(_) | Actor::Mainstay(_) if by.is_none() => {
            let refusal = Refusal::new(&codes::FORBIDDEN, "a review is a person's").field("by");
            return Err(refusal.fix("say whose it is"));
        }
        Actor::Token(_) | Actor::Source(_) | Actor::Mainstay(_) => None,
    };
    match (own, by) {
        (Some(own), Some(by)) if own != by => {
            let detail = format!("you are {}, and can't review in the name of {}", own.short(), by.short());
            Err(Refusal::new(&codes::FORBIDDEN, detail).field("by").fix("review in your own name"))
        }
        (own, by) => Ok(own.or(by).map_or_else(|| actor.name().to_owned(), |person| person.short().to_owned())),
    }
}

fn review(
    held: &PostMortem,
    by: String,
    opinion: Opinion,
    note: String,
    actor: &Actor,
    person_of: &dyn Fn(&str) -> Option<EntityRef>,
) -> Result<Vec<Event>, Refusal> {
    if note.len() > NOTE_BYTES_MAX {
        let detail = format!("the note has {} bytes; at most {NOTE_BYTES_MAX} are allowed", note.len());
        return Err(invalid("note", detail));
    }
    let wants = opinion == Opinion::ChangesWanted;
    if wants && note.trim().is_empty() {
        return Err(invalid("note", "say what is to be changed"));
    }
    // Whoever hands it in must not have written it either, or an author could approve in somebody's name.
    let is_by = |author: &str| person_of(author).as_ref().map_or(author, EntityRef::short) == by;
    let wrote = held.authors.iter().any(|author| author == actor.name() || is_by(author));
    if !wants && wrote {
        let detail = format!("{by} wrote a part of it, and can't approve it");
        return Err(Refusal::new(&codes::FORBIDDEN, detail).field("by").fix("let somebody else read it"));
    }
    let is_so = held.reviews.iter().rev().find(|known| known.revision == held.revision && known.by == by);
    if is_so.is_some_and(|known| known.opinion == opinion && known.note == note) {
        return Ok(vec![]);
    }
    Ok(vec![Event::Reviewed { about: held.about.clone(), revision: held.revision, by, opinion, note }])
}

fn publish(held: &PostMortem, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    if held.published_revision == Some(held.revision) {
        return Ok(vec![]);
    }
    if let Some(refusal) = missing(held, now).into_iter().next() {
        return Err(refusal);
    }
    let first = held.editions.is_empty();
    Ok(vec![Event::Published {
        about: held.about.clone(),
        edition: held.newest().map_or(1, |newest| newest.edition + 1),
        revision: held.revision,
        title: held.title.clone(),
        text: held.text,
        promised: if first { held.items.clone() } else { Vec::new() },
    }])
}

/// All that keeps a draft from being published, as the refusals that publishing would bring, as far as it can be said here:
/// whether people exist is for the caller to say.
#[must_use]
pub fn missing(held: &PostMortem, now: Timestamp) -> Vec<Refusal> {
    let mut missing = Vec::new();
    // What was promised by the first edition is kept elsewhere.
    if held.editions.is_empty() {
        if held.items.is_empty() {
            let refusal = invalid("items", "nothing is promised: a post-mortem has from one to three action items");
            missing.push(refusal.fix("say what one person will do until when, and how one can tell"));
        }
        for (at, item) in held.items.iter().enumerate() {
            let field = format!("items/{at}/deadline");
            if item.deadline <= now {
                let detail = format!("the deadline of “{}” is over already", item.what);
                missing.push(invalid(&field, detail).fix("give one in the future"));
            } else if item.deadline.duration_since(now) > LONGEST {
                missing.push(invalid(&field, format!("the deadline of “{}” is more than two years ahead", item.what)));
            }
        }
    }
    let reviewed = match held.opinion() {
        Some(Opinion::Approved) => None,
        Some(Opinion::ChangesWanted) => Some("a reviewer wants changes"),
        None => Some("nobody has approved what it says now"),
    };
    if let Some(detail) = reviewed {
        let refusal = Refusal::new(&codes::CONFLICT, detail).field("review");
        missing.push(refusal.fix("let somebody approve it who wrote nothing of it"));
    }
    missing
}

/// What was entered, as far as it can be judged without knowing who exists and when it is published.
fn sound(items: Vec<Item>) -> Result<Vec<Item>, Refusal> {
    if items.len() > ITEMS_MAX {
        let detail = format!("{} things are promised; more than {ITEMS_MAX} are not done", items.len());
        return Err(invalid("items", detail).fix("keep those that matter most"));
    }
    let sound = |(at, mut item): (usize, Item)| {
        item.what = one_line(&format!("items/{at}/what"), &item.what, WHAT_BYTES_MAX)?;
        if item.owner.kind() != "user" {
            let detail = format!("{} is a {}: what is everybody’s is nobody’s", item.owner.short(), item.owner.kind());
            return Err(invalid(&format!("items/{at}/owner"), detail).fix("name one user of the catalog"));
        }
        if let DoneWhen::Word { words } = &item.done_when {
            let field = format!("items/{at}/done_when");
            if words.trim().is_empty() {
                return Err(invalid(&field, format!("how can one tell that “{}” is done?", item.what)));
            }
            if words.len() > WORDS_BYTES_MAX {
                return Err(invalid(&field, format!("at most {WORDS_BYTES_MAX} bytes say when it is done")));
            }
        }
        Ok(item)
    };
    items.into_iter().enumerate().map(sound).collect()
}

fn held(state: &State, incident: u64) -> Result<&PostMortem, Refusal> {
    let detail = || format!("there is no post-mortem of incident {incident}");
    state.get(incident).ok_or_else(|| Refusal::new(&codes::NOT_FOUND, detail()).fix("start one"))
}

fn of_revision(held: &PostMortem, revision: u32) -> Result<&PostMortem, Refusal> {
    if held.revision == revision {
        return Ok(held);
    }
    let detail = format!("it is at revision {} meanwhile, and this was made of revision {revision}", held.revision);
    Err(Refusal::new(&codes::CONFLICT, detail).field("revision").fix("look at what was changed, then send it again"))
}

fn not_too_long(bytes: u32) -> Result<(), Refusal> {
    if bytes <= TEXT_BYTES_MAX {
        return Ok(());
    }
    let detail = format!("the text has {bytes} bytes; at most {TEXT_BYTES_MAX} are kept");
    Err(invalid("text", detail).fix("link to what is long"))
}

fn one_line(field: &str, text: &str, bytes_max: usize) -> Result<String, Refusal> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        return Err(invalid(field, "this must not be empty"));
    }
    if line.len() > bytes_max {
        return Err(invalid(field, format!("this has {} bytes; at most {bytes_max} are allowed", line.len())));
    }
    Ok(line)
}

fn invalid(field: &str, detail: impl Into<String>) -> Refusal {
    Refusal::new(&codes::INVALID, detail).field(field)
}
