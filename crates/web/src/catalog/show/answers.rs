//! The strip of answers above the fold, and the way back.

use catalog::{Entity, Relation, RunbookTarget};
use deploys::What;
use kernel::EntityRef;

use super::{LastGood, Runbook};
use crate::{
    frame::Frame,
    show,
    views::{Answer, Link, State, Tone, Undo},
};

/// State, owner, who is on call, what runs: in this order, as far as they can be asked of the entity.
pub(super) fn answers(frame: &Frame, of: &EntityRef, entity: &Entity) -> Vec<Answer> {
    let answers = match of.kind() {
        "group" => {
            let promises = crate::actions::team::answers(frame, of);
            [team_on_call(frame, of), chat_of_team(entity)].into_iter().chain(promises.into_iter().map(Some)).collect()
        }
        "user" => vec![teams_of(frame, of), duties_of(frame, of)],
        _ => vec![Some(state(frame, of)), Some(owner(frame, of)), Some(on_call(frame, of)), live(frame, of)],
    };
    answers.into_iter().flatten().collect()
}

fn state(frame: &Frame, of: &EntityRef) -> Answer {
    let answer = Answer::to("State");
    let Some(health) = show::health(&frame.world, of) else {
        return answer.state(State::new(Tone::Quiet, "has none"), None);
    };
    let answer = answer.state(health.state(), health.since.map(|since| frame.elapsed(since)));
    let incident = frame.world.incidents.by_entity(of).find(|incident| incident.is_open());
    match incident {
        Some(incident) => answer
            .note(health.source)
            .link(format!("Incident {}", incident.number()), frame.href(format!("/incidents/{}", incident.number()))),
        None => answer.note(health.source),
    }
}

fn owner(frame: &Frame, of: &EntityRef) -> Answer {
    let answer = Answer::to("Owner");
    let Some(owner) = frame.world.owner_of(of) else {
        return answer.gap("No owner").link("How to set one", frame.href("/findings?rule=no-owner"));
    };
    let entity = frame.world.catalog.get(&owner);
    let own_chat = frame.world.catalog.get(of).and_then(|entity| entity.chat());
    let chat = own_chat.or_else(|| entity.and_then(|entity| entity.chat()));
    let answer = answer.entity(frame.entity(&owner));
    match (entity, chat) {
        (None, _) => answer.note("Nobody of this name is in the catalog"),
        (Some(_), Some(chat)) => with_chat(answer, &chat),
        (Some(_), None) => answer.note("No chat is known"),
    }
}

/// A chat is a link, or the name of a channel.
fn with_chat(answer: Answer, chat: &str) -> Answer {
    match show::outside(chat) {
        Some(url) => answer.link("Chat", url),
        None => answer.note(format!("Chat: {chat}")),
    }
}

fn on_call(frame: &Frame, of: &EntityRef) -> Answer {
    match frame.world.owner_of(of) {
        Some(team) => on_call_by(frame, &team),
        None => Answer::to("On call now").gap("Nobody").note("it has no owner whose rotation could say"),
    }
}

/// Who of a team is on call, until when, and who comes then; or why nobody is.
fn on_call_by(frame: &Frame, team: &EntityRef) -> Answer {
    let answer = Answer::to("On call now");
    let duties = oncall::current(&frame.world.oncall, team, frame.now);
    let Some((first, others)) = duties.split_first() else {
        let gap = oncall::gap(&frame.world.oncall, team, frame.now);
        let why = gap.as_ref().map(crate::api::oncall::gap_in_words).unwrap_or_default();
        return answer.gap("Nobody").note(why).link("Rotations", frame.href("/on-call"));
    };
    let mut note = format!("until {}", first.until.strftime("%A %H:%M UTC"));
    if let Some(next) = &first.next {
        note = format!("{note}, then {}", frame.catalog_person(next).name);
    }
    for duty in others {
        note = format!("{note}, also {}", frame.catalog_person(&duty.person).name);
    }
    answer.who(frame.catalog_person(&first.person)).note(note).link("Rotation", frame.href("/on-call"))
}

fn live(frame: &Frame, of: &EntityRef) -> Option<Answer> {
    let deploys = &frame.world.deploys;
    let mut live = deploys.environments(of).filter_map(|place| Some((place, deploys.live(of, place)?)));
    let (environment, first) = live.next()?;
    let others: Vec<String> = live.map(|(place, live)| format!("{} in {place}", live.version)).collect();
    let since = frame.ago(first.since);
    let mut note = format!("in {environment}, deployed {}", since.text());
    if !others.is_empty() {
        note = format!("{note}; {}", others.join(", "));
    }
    Some(Answer::to("Runs").text(first.version.clone()).note(note))
}

fn team_on_call(frame: &Frame, of: &EntityRef) -> Option<Answer> {
    Some(on_call_by(frame, of))
}

fn chat_of_team(entity: &Entity) -> Option<Answer> {
    let answer = Answer::to("Chat");
    Some(match entity.chat() {
        Some(chat) => match show::outside(&chat) {
            Some(url) => answer.link(chat, url),
            None => answer.text(chat),
        },
        None => answer.gap("Not known").note("set the annotation mainstay.dev/chat"),
    })
}

fn teams_of(frame: &Frame, of: &EntityRef) -> Option<Answer> {
    let teams = frame.world.catalog.related(of, Relation::MemberOf);
    let answer = Answer::to("Teams");
    let Some(first) = teams.first() else { return Some(answer.gap("None").note("nobody's member owns nothing")) };
    let answer = answer.entity(frame.entity(first));
    Some(
        teams
            .iter()
            .skip(1)
            .fold(answer, |answer, team| answer.link(frame.entity(team).name, frame.href(show::address(team)))),
    )
}

fn duties_of(frame: &Frame, of: &EntityRef) -> Option<Answer> {
    let duties: Vec<String> = frame
        .world
        .oncall
        .rosters()
        .flat_map(|roster| oncall::current(&frame.world.oncall, &roster.rotation.team, frame.now))
        .filter(|duty| duty.person == *of)
        .map(|duty| format!("{}, until {}", duty.rotation.short(), duty.until.strftime("%A %H:%M UTC")))
        .collect();
    let answer = Answer::to("On call now");
    Some(match duties.first() {
        Some(first) => answer.state(State::new(Tone::Good, "on call"), None).note(first.clone()),
        None => answer.state(State::new(Tone::Quiet, "not on call"), None),
    })
}

/// The runbooks of an entity, or of what it is part of where it has none itself.
#[must_use]
pub fn runbooks(frame: &Frame, of: &EntityRef) -> Vec<Runbook> {
    let own = frame.world.catalog.runbooks(of);
    let shown = own.into_iter().filter_map(|runbook| {
        let (href, note) = match runbook.target {
            RunbookTarget::Docs(path) => (frame.href(show::docs_address(of, &path)), "in its docs".to_owned()),
            RunbookTarget::Url(url) => {
                let host = url.split('/').nth(2).unwrap_or_default().to_owned();
                (show::outside(&url)?, host)
            }
        };
        Some(Runbook { title: runbook.title, href, note })
    });
    shown.collect()
}

/// The version to go back to in each environment, and the way there.
pub(super) fn last_good(frame: &Frame, of: &EntityRef) -> Vec<LastGood> {
    let deploys = &frame.world.deploys;
    let good = deploys.environments(of).filter_map(|environment| {
        let (live, version) = (deploys.live(of, environment)?, deploys.last_good(of, environment)?);
        let deployed = deploys.history(of, environment).find_map(|change| match &change.what {
            What::Deployed(deployed) if deployed.version == version => Some(change.at),
            What::Deployed(_) | What::Configured(_) => None,
        });
        let back = match frame.undo(live.event) {
            Undo::Offered { href, .. } => Some(Link::new(format!("Undo {}", live.version), href)),
            Undo::Nothing | Undo::Asked { .. } | Undo::Done | Undo::Refused { .. } => None,
        };
        Some(LastGood {
            environment: environment.to_owned(),
            version: version.to_owned(),
            at: deployed.map(|at| frame.ago(at)),
            why: format!("ran before {}", live.version),
            back,
        })
    });
    good.collect()
}
