//! Post-mortems and the rest: whose incident it is, whether people exist, and the promises that publishing makes.

use ::actions::{Promise, Source, is_known};
use kernel::{Actor, Context, EntityRef, IdSeed, Refusal, Timestamp, codes};
use postmortems::{Command, DoneWhen, Event, Item, PostMortem};

use crate::{Command as Wish, World, react::Reaction};

/// Decides about a post-mortem, with what only the World knows: the incident is over, people exist, and what is promised
/// can be promised now.
pub(crate) fn decide(world: &World, mut command: Command, context: &Context) -> Result<Vec<Event>, Refusal> {
    let person_of = |account: &str| world.access.user_named(account)?.1.person.clone();
    match &mut command {
        Command::Start { about, .. } => about.entity = entity(world, about.incident)?,
        Command::Edit { incident, items, .. } => {
            // What was promised by the first edition goes on elsewhere, whoever left since.
            let is_promised = world.postmortems.get(*incident).is_some_and(|held| !held.editions.is_empty());
            let people = items.iter().enumerate().filter(|(_, item)| !is_promised && item.owner.kind() == "user");
            for (at, item) in people {
                is_known(&format!("items/{at}/owner"), &item.owner, world)?;
            }
        }
        Command::AskReview { reviewers, .. } => {
            reviewers.iter().try_for_each(|person| is_known("reviewers", person, world))?;
        }
        // Whoever left the catalog and still signs in speaks for themself.
        Command::Review { by: Some(person), .. } if person_of(context.actor.name()).as_ref() != Some(person) => {
            is_known("by", person, world)?;
        }
        Command::Publish { incident, revision } => {
            let held = world.postmortems.get(*incident).filter(|held| held.revision == *revision);
            if let Some(refusal) = held.and_then(|held| unkept(world, held, context).into_iter().next()) {
                return Err(refusal);
            }
        }
        Command::Review { .. } => {}
    }
    postmortems::decide(&world.postmortems, command, context, &person_of)
}

fn entity(world: &World, number: u64) -> Result<EntityRef, Refusal> {
    let missing = || Refusal::new(&codes::NOT_FOUND, format!("there is no incident {number}")).field("incident");
    let incident = world.incidents.by_number(number).ok_or_else(missing)?;
    if let Some(into) = &incident.merged {
        let detail = format!("incident {number} was merged into incident {}", into.number);
        let refusal = Refusal::new(&codes::CONFLICT, detail).field("incident");
        return Err(refusal.fix(format!("write that of incident {}", into.number)));
    }
    if incident.is_open() {
        let refusal = Refusal::new(&codes::CONFLICT, format!("incident {number} is not over")).field("incident");
        return Err(refusal.fix("write it when it is resolved"));
    }
    Ok(incident.entity().clone())
}

/// What of the draft's promises can't be promised now, as refusals that name the item.
fn unkept(world: &World, held: &PostMortem, context: &Context) -> Vec<Refusal> {
    if !held.editions.is_empty() {
        return Vec::new();
    }
    let refusal = |(at, item): (usize, &Item)| {
        let command = ::actions::Command::Promise { promise: promise(&held.about, item) };
        let refusal = ::actions::decide(&world.actions, command, world, context).err()?;
        let field = refusal.field.as_deref().unwrap_or_default().trim_start_matches('/').to_owned();
        Some(refusal.field(format!("items/{at}/{field}")))
    };
    held.items.iter().enumerate().filter_map(refusal).collect()
}

/// All that keeps a draft from being published now.
#[must_use]
pub fn missing(world: &World, held: &PostMortem, now: Timestamp) -> Vec<Refusal> {
    let context = Context::new(now, Actor::mainstay("post-mortems"), IdSeed(0));
    let mut missing = unkept(world, held, &context);
    for other in postmortems::missing(held, now) {
        // What both would say is said once.
        if !missing.iter().any(|known| known.field == other.field) {
            missing.push(other);
        }
    }
    missing
}

/// What is promised by an item, as the record that is kept of promises.
fn promise(about: &postmortems::About, item: &Item) -> Promise {
    let number = about.incident;
    let mut why = format!("From the [post-mortem of incident {number}](/postmortems/{number}).");
    let done_when = match &item.done_when {
        DoneWhen::Word { words } => {
            why.push_str("\n\nIt is done when: ");
            why.push_str(words);
            ::actions::DoneWhen::Word
        }
        DoneWhen::CheckUp { check } => ::actions::DoneWhen::CheckUp { check: check.clone() },
        DoneWhen::FlagGone { flag } => ::actions::DoneWhen::FlagGone { flag: flag.clone() },
        DoneWhen::AlertFires { entity } => ::actions::DoneWhen::AlertFires { entity: entity.clone() },
    };
    Promise {
        what: item.what.clone(),
        why,
        subject: about.entity.clone(),
        owner: item.owner.clone(),
        team: None,
        deadline: item.deadline,
        done_when,
        source: Source::PostMortem { incident: number },
    }
}

/// What is published is promised, in the name of who published it.
pub(crate) fn follow(event: &Event) -> Vec<Reaction> {
    let Event::Published { about, promised, .. } = event else { return Vec::new() };
    let promise = |item: &Item| {
        let command = ::actions::Command::Promise { promise: promise(about, item) };
        Reaction { command: Wish::Actions(command), part: None }
    };
    promised.iter().map(promise).collect()
}
