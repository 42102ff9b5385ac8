//! What incidents need to know of other areas, and what becomes of their pages when they are merged or split.

use ::actions::is_known;
use incidents::{Command, Event as Happened, Incident};
use kernel::{Context, EntityRef, EventId, Refusal};
use paging::{IncidentRef, Page, Status, Urgency};

use crate::{Command as Wish, World, culprits, react::Reaction};

/// Decides about an incident, after what only the World knows is filled in: whether a person exists, and where the
/// ranking has a change that is judged.
pub(crate) fn decide(world: &World, mut command: Command, context: &Context) -> Result<Vec<Happened>, Refusal> {
    match &mut command {
        Command::AssignRole { person: Some(person), .. } => is_known("person", person, world)?,
        Command::MarkSuspect { incident, event, rank, .. } => {
            *rank = world.incidents.get(*incident).and_then(|incident| rank_of(world, incident, *event, context));
        }
        Command::Open { .. }
        | Command::Join { .. }
        | Command::Acknowledge { .. }
        | Command::SetSeverity { .. }
        | Command::AddNote { .. }
        | Command::Recover { .. }
        | Command::Resolve { .. }
        | Command::AssignRole { person: None, .. }
        | Command::Mitigate { .. }
        | Command::WithdrawMitigation { .. }
        | Command::CorrectImpact { .. }
        | Command::Retitle { .. }
        | Command::Decide { .. }
        | Command::KeepPicture { .. }
        | Command::Tick { .. }
        | Command::Merge { .. }
        | Command::Split { .. } => {}
    }
    incidents::decide(&world.incidents, command, context)
}

/// Where the ranking has a change now, from 1; 0 if nowhere. None for what is no change: it can't be ranked, so that says
/// nothing of the ranking. What was judged before doesn't count: the ranking is measured, not what people told it.
fn rank_of(world: &World, incident: &Incident, event: EventId, context: &Context) -> Option<u16> {
    world.journal.get(event)?;
    let mut unjudged = incident.clone();
    unjudged.marks = imbl::Vector::new();
    let suspects = culprits(world, &unjudged, context.now).suspects;
    let at = suspects.iter().position(|suspect| suspect.event == event);
    Some(at.map_or(0, |at| u16::try_from(at + 1).unwrap_or(u16::MAX)))
}

/// The pages of an incident that became a part of another: those that tell somebody new go on for the other, and the
/// rest are over with the first.
pub(crate) fn follow_merge(world: &World, event: &Happened) -> Vec<paging::Command> {
    let Happened::Merged { about, into } = event else { return Vec::new() };
    let is_taken_on = world.incidents.get(into.incident).is_some_and(|kept| kept.acknowledged.is_some());
    let told = |page: &Page| {
        world.paging.of_incident(into.incident).any(|other| {
            let same = other.about.team == page.about.team && other.policy == page.policy;
            let as_urgent = other.about.urgency == Urgency::High || page.about.urgency == Urgency::Low;
            let answered = is_taken_on && matches!(other.status, Status::Acknowledged { .. });
            same && as_urgent && (answered || !other.status.is_finished())
        })
    };
    let unfinished = world.paging.of_incident(about.incident).filter(|page| !page.status.is_finished());
    let other = IncidentRef { incident: into.incident, number: into.number };
    let moved = unfinished.filter(|page| !told(page)).map(|page| {
        let page = page.id();
        paging::Command::Move { page, from: about.incident, into: other }
    });
    moved.chain([paging::Command::EndIncident { incident: about.incident }]).collect()
}

/// What a split means for pages: those about nothing but what left go on for the new incident, and its owners are told
/// as of any other. If the first incident was taken on and the same team owns both, whoever split it has the new one too.
pub(crate) fn follow_split(
    world: &World,
    event: &Happened,
    open: impl Fn(&EntityRef, &Incident) -> paging::Command,
) -> Vec<Reaction> {
    let Happened::SplitOff { about, from, .. } = event else { return Vec::new() };
    let held = world.incidents.get(from.incident).zip(world.incidents.get(about.incident));
    let Some((origin, new)) = held else { return Vec::new() };
    let part = Some(crate::paging::PART);
    let into = IncidentRef { incident: about.incident, number: about.number };
    let left = |subject: &EntityRef| {
        let in_new = new.failing().any(|failing| failing.entity == *subject);
        in_new && subject != origin.entity() && !origin.failing().any(|failing| failing.entity == *subject)
    };
    let pages = world.paging.of_incident(from.incident).filter(|page| !page.status.is_finished());
    let moved = pages.filter(|page| left(&page.about.subject)).map(|page| Reaction {
        command: Wish::Paging(paging::Command::Move { page: page.id(), from: from.incident, into }),
        part,
    });
    let mut reactions: Vec<Reaction> = moved.collect();
    if !reactions.is_empty() && origin.acknowledged.is_none() {
        // What it goes on with must go on telling somebody. Nothing happens if a page does.
        reactions.push(Reaction { command: Wish::Paging(open(origin.entity(), origin)), part });
    }
    let owner = world.owner_of(new.entity());
    if origin.acknowledged.is_some() && owner == world.owner_of(origin.entity()) {
        let command = Wish::Incidents(Command::Acknowledge { incident: about.incident });
        reactions.push(Reaction { command, part: None });
        return reactions;
    }
    let mut told = Vec::new();
    for entity in [new.entity()].into_iter().chain(new.failing().map(|failing| &failing.entity)) {
        let owner = world.owner_of(entity);
        if !told.contains(&owner) {
            reactions.push(Reaction { command: Wish::Paging(open(entity, new)), part });
            told.push(owner);
        }
    }
    reactions
}
