//! What a message says, made when it is sent: what it says is true then.

use jiff::{SignedDuration, Timestamp};
use kernel::{EffectId, EntityRef, Refusal, codes};
use notifier::{Address, Urgency, links};
use paging::{Kind, Line, Message, Page};
use world::World;

use crate::{App, actions::message as about_promise, vault};

/// For how long the link in a message acknowledges.
pub(super) const LINK_HOURS: i64 = 12;
/// Pages that one message lists.
const LISTED: usize = 20;
/// How much of what a check said is in a message.
const EVIDENCE_CHARS: usize = 400;

/// By which method a message goes: a page's, or one about a promise. None if it is not on its way any more.
#[must_use]
pub fn method(world: &World, effect: EffectId) -> Option<paging::Method> {
    let page = world.paging.message(effect).map(|message| paging::Method::clone(&message.method));
    page.or_else(|| about_promise::method(world, effect))
}

/// The message of this id as it is to be delivered: a page's, or one about a promise. Nothing if nobody needs to hear of
/// it any more.
///
/// # Errors
/// If the address can't be had.
pub fn made(app: &App, world: &World, effect: EffectId) -> Result<Option<(Address, notifier::Message)>, Refusal> {
    match world.paging.message(effect) {
        Some(message) => ready(app, world, message),
        None => about_promise::ready(app, world, effect),
    }
}

/// A message as it is to be delivered: to whom, and what.
///
/// # Errors
/// If the address can't be had: its secret is gone, or the catalog has it no more.
pub fn ready(app: &App, world: &World, message: &Message) -> Result<Option<(Address, notifier::Message)>, Refusal> {
    let lines = world.paging.lines(message);
    let pages: Vec<(&Line, &Page)> =
        lines.iter().filter_map(|line| Some((line, world.paging.page(line.page.page)?))).collect();
    let Some((first, page)) = pages.first() else { return Ok(None) };
    let address = address_of(app, world, &message.method)?;
    let base = &app.settings().base_url;
    let kind = message.kind();
    let answers = kind != Kind::FollowUp;
    let link = match pages.as_slice() {
        [_] => page.about.incident.map_or_else(
            || format!("{base}/pages/{}", page.page.number),
            |incident| format!("{base}/incidents/{}", incident.number),
        ),
        _ => format!("{base}/pages"),
    };
    let which = if pages.len() == 1 { first.page.page.to_string() } else { ALL.to_owned() };
    let expires = app.now().checked_add(SignedDuration::from_hours(LINK_HOURS)).unwrap_or_else(|_| app.now());
    let claim =
        links::Claim { page: which, person: named(&message.person), effect: message.effect.to_string(), expires };
    let token = answers.then(|| links::make(&key(app), &claim).ok()).flatten();
    let high = pages.iter().any(|(_, page)| page.about.urgency == paging::Urgency::High);
    Ok(Some((
        address,
        notifier::Message {
            id: message.effect.to_string(),
            thread: format!("page-{}", page.page.number),
            at: world.effects.get(message.effect).map(|effect| effect.requested),
            urgency: if high && answers { Urgency::High } else { Urgency::Low },
            subject: subject(kind, &pages),
            text: text(world, kind, &pages, app.now()),
            facts: if pages.len() == 1 { facts(world, page) } else { Vec::new() },
            link: Some(link),
            acknowledge: token.map(|token| format!("{base}/ack/{token}")),
            unsubscribe: None,
        },
    )))
}

/// What stands for every page that a person was told of.
pub(super) const ALL: &str = "all";

/// The key that links are signed with.
pub(super) fn key(app: &App) -> vault::Key {
    vault::derive(&app.settings().vault_key, "ack-links")
}

/// A person, as short as it is clear.
fn named(person: &EntityRef) -> String {
    format!("{}/{}", person.namespace(), person.name())
}

/// Where a contact method leads.
///
/// # Errors
/// If its address can't be had.
pub fn address_of(app: &App, world: &World, method: &paging::Method) -> Result<Address, Refusal> {
    let missing = |detail: String| {
        Refusal::new(&codes::INVALID, detail).fix("add the contact method anew: its address is not kept any more")
    };
    let text = match world::paging::catalog_user(&method.secret) {
        Some(user) => world::paging::email_of(world, &user)
            .ok_or_else(|| missing(format!("the catalog has no e-mail address of {}", user.short())))?,
        None => {
            let sealed = app.engine().store().get_secret(&method.secret)?;
            let sealed = sealed.ok_or_else(|| missing(format!("the address {} is gone", method.label)))?;
            let opened = vault::open(&app.settings().vault_key, &method.secret, &sealed)?;
            String::from_utf8(opened).map_err(|_| missing(format!("the address {} is no text", method.label)))?
        }
    };
    Address::parse(method.channel, &text).map_err(|error| missing(format!("the address {}: {error}", method.label)))
}

fn subject(kind: Kind, pages: &[(&Line, &Page)]) -> String {
    let Some((_, first)) = pages.first() else { return String::new() };
    let title = &first.about.title;
    let what = match pages.len() {
        1 => title.clone(),
        more => format!("{more} pages: {title}, and others"),
    };
    match kind {
        Kind::Page => what,
        Kind::Alarm => format!("NOBODY ANSWERED: {what}"),
        Kind::FollowUp => match (pages.len(), &first.status) {
            (1, paging::Status::Acknowledged { by, .. }) => format!("Acknowledged by {}: {title}", who(by)),
            (1, paging::Status::Closed { .. }) => format!("Over: {title}"),
            _ => format!("No longer open: {what}"),
        },
    }
}

/// Who did something, in a word.
pub(super) fn who(actor: &kernel::Actor) -> String {
    actor.to_string()
}

fn text(world: &World, kind: Kind, pages: &[(&Line, &Page)], now: Timestamp) -> String {
    if let [(_, page)] = pages {
        return one(world, kind, page, now);
    }
    let mut text = String::new();
    for (line, page) in pages.iter().take(LISTED) {
        let state = match line.kind {
            Kind::Page => "open",
            Kind::Alarm => "nobody answered",
            Kind::FollowUp => page.status.word(),
        };
        text.push_str(&format!("#{} {} ({state})\n", page.page.number, page.about.title));
    }
    if pages.len() > LISTED {
        text.push_str(&format!("and {} more\n", pages.len() - LISTED));
    }
    text
}

fn one(world: &World, kind: Kind, page: &Page, now: Timestamp) -> String {
    let incident = page.about.incident.and_then(|of| world.incidents.get(of.incident));
    let mut parts = vec![page.about.title.clone()];
    if let Some(incident) = incident.filter(|_| kind != Kind::FollowUp) {
        let evidence: String = incident.evidence.chars().take(EVIDENCE_CHARS).collect();
        if !evidence.trim().is_empty() && !page.about.title.contains(evidence.trim()) {
            parts.push(evidence);
        }
        // The likeliest culprit is what whoever wakes up wants to know first.
        let ranked = world::culprits(world, incident, now);
        if let Some(suspect) = ranked.suspects.first().filter(|suspect| suspect.score >= 30)
            && let Some(entry) = world.journal.get(suspect.event)
        {
            let (what, score) = (entry.recorded.event.summary(), suspect.score);
            parts.push(format!("Likeliest culprit ({score}%): {what}, by {}", who(&entry.recorded.stamp.actor)));
        }
    }
    if kind == Kind::Alarm {
        parts.push("Everybody whom the policy names was told, and nobody answered.".to_owned());
    }
    parts.push(paging::explain(page, now).join(" "));
    parts.join("\n\n")
}

fn facts(world: &World, page: &Page) -> Vec<(String, String)> {
    let incident = page.about.incident.and_then(|of| world.incidents.get(of.incident));
    let mut facts = vec![("Service".to_owned(), page.about.subject.short().to_owned())];
    if let Some(team) = &page.about.team {
        facts.push(("Owner".to_owned(), team.short().to_owned()));
    }
    if let Some(incident) = incident {
        facts.push(("Severity".to_owned(), incident.severity.to_string()));
        facts.push(("Since".to_owned(), incident.since.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()));
        facts.push(("Incident".to_owned(), format!("#{}", incident.number())));
    }
    facts.push(("Page".to_owned(), format!("#{}", page.page.number)));
    facts
}
