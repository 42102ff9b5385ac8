//! Post-mortems and the rest: whose incident it is, whether people exist, and the promises that publishing makes.

use ::actions::{Promise, Source};
use kernel::{Actor, Context, EntityRef, IdSeed, Refusal, Timestamp, closest, codes};
use postmortems::{Command, DoneWhen, Event, Item, PostMortem};

use crate::{Command as Wish, World, react::Reaction};

/// Decides about a post-mortem, with what only the World knows: the incident is over, people exist, and what is promised
/// can be promised now.
pub(crate) fn decide(world: &World, mut command: Command, context: &Context) -> Result<Vec<Event>, Refusal> {
    match &mut command {
        Command::Start { about, .. } => about.entity = entity(world, about.incident)?,
        Command::Edit { items, .. } => {
            if let Some(gone) = items.iter().enumerate().find_map(|(at, item)| gone(world, at, item)) {
                return Err(gone);
            }
        }
        Command::AskReview { reviewers, .. } => {
            if let Some(unknown) = reviewers.iter().find(|person| world.catalog.get(person).is_none()) {
                return Err(nobody(world, "reviewers", unknown));
            }
        }
        Command::Review { by: Some(person), .. } if world.catalog.get(person).is_none() => {
            return Err(nobody(world, "by", person));
        }
        Command::Publish { incident, revision } => {
            let held = world.postmortems.get(*incident).filter(|held| held.revision == *revision);
            if let Some(refusal) = held.and_then(|held| unkept(world, held, context).into_iter().next()) {
                return Err(refusal);
            }
        }
        Command::Review { .. } => {}
    }
    postmortems::decide(&world.postmortems, command, context)
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

fn nobody(world: &World, field: &str, person: &EntityRef) -> Refusal {
    let detail = format!("{} is not in the catalog: they left, or the name is another", person.short());
    let names = world.catalog.of_kind("user").map(|user| user.name.to_string()).collect::<Vec<_>>();
    let likely = closest(person.name(), names.iter().map(String::as_str));
    let fix = likely.map(|likely| format!("did you mean {likely}?"));
    Refusal::new(&codes::INVALID, detail)
        .field(field)
        .fix(fix.unwrap_or_else(|| "name one user of the catalog".to_owned()))
}

fn gone(world: &World, at: usize, item: &Item) -> Option<Refusal> {
    let is_missing = item.owner.kind() == "user" && world.catalog.get(&item.owner).is_none();
    is_missing.then(|| nobody(world, &format!("items/{at}/owner"), &item.owner))
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
