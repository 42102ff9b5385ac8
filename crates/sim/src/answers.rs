//! People who answer their messages: by the link, late, twice, on a screen, or never; and who set up how they are
//! reached.

use engine::Request;
use kernel::{Actor, Refusal};
use paging::{Channel, For, MethodId, NewMethod, Rule, Via};
use world::Command;

use crate::{
    actors::person as somebody,
    post::Received,
    roster::{self, PEOPLE},
    sim::Sim,
};

/// Somebody looks at what they got. Eve never answers.
pub(crate) fn answer(sim: &mut Sim) {
    let reach = if sim.dice.chance(0.7) { 4 } else { usize::MAX };
    let newest = sim.post.received.len().saturating_sub(reach);
    let Some(received) = sim.dice.pick(sim.post.received.get(newest..).unwrap_or_default()).cloned() else {
        return sim.note("nobody has a message");
    };
    if received.person.name() == "eve" {
        return sim.note("eve sleeps on");
    }
    let twice = sim.dice.chance(0.15);
    let all = sim.dice.chance(0.2);
    sim.note(format!("{} answers{}", received.person.short(), if twice { " twice" } else { "" }));
    for _ in 0..if twice { 2 } else { 1 } {
        press(sim, &received, all);
    }
}

fn press(sim: &mut Sim, received: &Received, all: bool) {
    let Received { person, channel, pages } = received.clone();
    let Some(page) = sim.dice.pick(&pages).copied() else { return };
    let command = if all {
        paging::Command::AcknowledgeAll { person: person.clone(), channel }
    } else {
        paging::Command::Acknowledge { page, via: Via::Notice { person: person.clone(), channel } }
    };
    let actor = Actor::Person(person.short().to_owned());
    let request = Request { command: Command::Paging(command), actor, reason: None, id: None };
    let answers = sim.execute(&[request]);
    if let Some(Err(refusal)) = answers.first()
        && !may_refuse(refusal)
    {
        sim.violation(format!("{} was told, and can't answer: {refusal}", person.short()));
    }
}

/// A page that is over, or long gone, can't be answered; and a store may fail.
fn may_refuse(refusal: &Refusal) -> bool {
    matches!(refusal.code.name, "conflict" | "not-found") || refusal.code.status >= 500
}

/// Somebody does something with a page on a screen.
pub(crate) fn act(sim: &mut Sim) -> Option<(Request, String)> {
    let world = sim.world();
    let unfinished = world.paging.unfinished().take(8);
    let pages: Vec<_> = unfinished.chain(world.paging.pages().take(2)).map(paging::Page::id).collect();
    let page = *sim.dice.pick(&pages)?;
    let number = world.paging.page(page)?.number();
    let (command, words) = match sim.dice.below(9) {
        0..=2 => (paging::Command::Acknowledge { page, via: Via::ByHand }, "acknowledges"),
        3 => (paging::Command::Escalate { page }, "escalates"),
        4 => (paging::Command::Renotify { page }, "has everybody told again of"),
        5 => {
            let policy = "escalationpolicy:everybody".parse().ok()?;
            (paging::Command::Reassign { page, policy }, "gives everybody")
        }
        6 => (paging::Command::Close { page }, "closes"),
        _ => (paging::Command::Acknowledge { page, via: Via::ByHand }, "takes on"),
    };
    Some((somebody(sim, Command::Paging(command)), format!("somebody {words} page {number}")))
}

/// Somebody changes how they are reached. Bo leaves it to the catalog.
pub(crate) fn set_up(sim: &mut Sim) -> Option<(Request, String)> {
    let name = *sim.dice.pick(&["ada", "cleo", "dan", "eve"])?;
    let person = roster::person(name);
    let world = sim.world();
    let known = world.paging.contacts(&person).cloned().unwrap_or_default();
    let ids: Vec<MethodId> = known.methods.iter().map(|method| method.id).collect();
    let (command, words) = match sim.dice.below(8) {
        0 => (paging::Command::RemoveMethod { person, method: *sim.dice.pick(&ids)? }, "removes a method"),
        1..=3 if !ids.is_empty() => {
            let mut rules = Vec::new();
            for method in &ids {
                let after_minutes = *sim.dice.pick(&[0, 0, 1, 3, 10])?;
                let urgency = *sim.dice.pick(&[For::Both, For::Both, For::High])?;
                rules.push(Rule { method: *method, after_minutes, urgency });
            }
            (paging::Command::SetRules { person, rules }, "sets rules")
        }
        _ if ids.len() > 4 => return None,
        _ => {
            let channel = *sim.dice.pick(&Channel::ALL)?;
            let secret = format!("contacts/default/{name}/{}", sim.estate.serial());
            let method = NewMethod { channel, label: "…".to_owned(), secret, verified: sim.dice.chance(0.8) };
            (paging::Command::AddMethod { person, method }, "adds a method")
        }
    };
    Some((somebody(sim, Command::Paging(command)), format!("{name} {words}")))
}

/// At the beginning, most have set up something.
pub(crate) fn settle_in(sim: &mut Sim) {
    for _ in 0..PEOPLE.len() * 3 {
        if let Some((request, words)) = set_up(sim) {
            sim.note(format!(" {words};"));
            sim.execute(&[request]);
        }
    }
}
