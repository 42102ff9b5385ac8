//! What a message about a promise says, or about a team's week, made when it is sent.

use ::actions::{ActionState, Notice, Reminder};
use kernel::{EffectId, Refusal};
use notifier::{Address, Urgency};
use paging::Method;
use world::World;

use crate::{App, dashboard::week, pages::message::address_of};

/// By which method a message of this id goes, if it is one about a promise, or a team's week.
#[must_use]
pub fn method(world: &World, effect: EffectId) -> Option<Method> {
    let promise = world.actions.message(effect).map(|notice| &notice.person);
    let person = promise.or_else(|| Some(&world.actions.digests().message(effect)?.person))?;
    world::actions::method_of(world, person)
}

/// The message of this id, and to whom it goes; nothing if nobody needs to hear of it any more.
///
/// # Errors
/// If the address can't be had.
pub fn ready(app: &App, world: &World, effect: EffectId) -> Result<Option<(Address, notifier::Message)>, Refusal> {
    if let Some(notice) = world.actions.digests().message(effect) {
        return week::ready(app, world, effect, notice);
    }
    let Some(notice) = world.actions.message(effect) else { return Ok(None) };
    let Some(action) = world.actions.get(notice.number).filter(|action| !action.is_finished()) else { return Ok(None) };
    let Some(method) = world::actions::method_of(world, &notice.person) else { return Ok(None) };
    let address = address_of(app, world, &method)?;
    let promise = &action.promise;
    let mut facts = vec![
        ("Owner".to_owned(), promise.owner.short().to_owned()),
        ("Deadline".to_owned(), promise.deadline.strftime("%Y-%m-%d").to_string()),
        ("About".to_owned(), promise.subject.short().to_owned()),
        ("Done when".to_owned(), promise.done_when.in_words()),
    ];
    facts.extend(promise.team.as_ref().map(|team| ("Team".to_owned(), team.short().to_owned())));
    let message = notifier::Message {
        id: effect.to_string(),
        thread: format!("action-{}", action.number),
        at: world.effects.get(effect).map(|effect| effect.requested),
        urgency: Urgency::Low,
        subject: subject(notice, &promise.what),
        text: text(notice, action),
        facts,
        link: Some(format!("{}/actions/{}", app.settings().base_url, action.number)),
        acknowledge: None,
        unsubscribe: None,
    };
    Ok(Some((address, message)))
}

fn subject(notice: &Notice, what: &str) -> String {
    match notice.of {
        Some(Reminder::Soon) => format!("Due in two days: {what}"),
        Some(Reminder::Deadline) => format!("Due now: {what}"),
        Some(Reminder::StillEscalated) => format!("Still not done: {what}"),
        None => format!("Escalated to you: {what}"),
    }
}

fn text(notice: &Notice, action: &::actions::Action) -> String {
    let (number, promise) = (action.number, &action.promise);
    let is_own = notice.person == promise.owner;
    let whose = if is_own { "You promised".to_owned() } else { format!("{} promised", promise.owner.short()) };
    let begins = format!("{whose}: {} (action {number}).", promise.what);
    let state = match &action.state {
        ActionState::Escalated { at } => {
            format!("It was not done in time, and is escalated since {}.", at.strftime("%Y-%m-%d"))
        }
        ActionState::Open | ActionState::Done { .. } | ActionState::Deprioritised { .. } => format!(
            "The deadline is {}. If it is not done by {}, it escalates to the owner's lead.",
            promise.deadline.strftime("%Y-%m-%d"),
            action.clock.escalates.strftime("%Y-%m-%d")
        ),
    };
    let what = "Do it, or decide against it with a reason, under your name. It does not go away by itself.";
    let why = if promise.why.trim().is_empty() { String::new() } else { format!("\n\nWhy: {}", promise.why.trim()) };
    format!("{begins}\n{state}\n{what}{why}")
}
