//! What is decided about pages.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use kernel::{Actor, Context, EffectId, EntityRef, IncidentId, PageId, Refusal, codes};

use super::setup;
use crate::{
    Channel, Closing, Concern, Contacts, Event, IncidentRef, Line, Opening, Outcome, Page, PageRef, Place, Plan,
    Planned, Reached, State, Status, Telling, Urgency, Via, page::allowed,
};

/// Unfinished pages, beyond which new ones are put into those that are open.
pub const OPEN_MAX: usize = 100_000;
/// Incidents that are put into one page.
const JOINED_MAX: u32 = 10_000;
/// People whom one step tells.
pub(crate) const PEOPLE_OF_STEP_MAX: usize = 200;
/// Notices of one step, beyond which everybody else has only their first: an event is at most a mebibyte.
const NOTICES_OF_STEP: usize = 800;
/// People whom one page tells.
pub(crate) const PEOPLE_OF_PAGE_MAX: usize = 1_000;
/// Pages in one message; the others go with the next.
pub(crate) const LINES_MAX: usize = 2_000;
/// Pages that are acknowledged by one answer.
const ACKNOWLEDGED_MAX: usize = 2_000;
/// What the caller could not find is cut to this many texts.
const UNRESOLVED_MAX: usize = 50;
/// A text from outside is cut to this length.
const TEXT_BYTES_MAX: usize = 300;

/// Opens a page, or puts what it is about into an open one if `open_max` pages are unfinished.
pub(crate) fn open(
    state: &State,
    mut about: Opening,
    context: &Context,
    open_max: usize,
) -> Result<Vec<Event>, Refusal> {
    about.title = cut(about.title.split_whitespace().collect::<Vec<_>>().join(" "));
    if about.title.is_empty() {
        return Err(Refusal::new(&codes::INVALID, "the title is empty").field("/title"));
    }
    if let Some(urgency) = about.policy.as_ref().and_then(|policy| state.policy(policy)?.urgency) {
        about.urgency = urgency;
    }
    if about.incident.is_some_and(|incident| is_paged(state, incident.incident, &about)) {
        return Ok(Vec::new());
    }
    let mut events = Vec::new();
    if state.unfinished_count() >= open_max {
        let mut open = state.escalating(about.team.as_ref(), about.policy.as_ref());
        // What is urgent isn't put into what waits for the morning.
        let as_urgent = |page: &Page| page.about.urgency == Urgency::High || about.urgency == Urgency::Low;
        if let Some(page) = open.find(|page| page.joined < JOINED_MAX && as_urgent(page)) {
            let Opening { incident, subject, title, .. } = about;
            return Ok(vec![Event::Joined { page: page.page, incident, subject, title }]);
        }
        let oldest = state.oldest_exhausted();
        events.extend(oldest.map(|page| Event::Closed { page: page.page, why: Closing::MadeRoom }));
    }
    let mut findings = Vec::new();
    let plan = plan(state, &about, &mut findings);
    let next = allowed(&plan, about.urgency, Some(Place::default()), context.now);
    let page = PageRef { page: context.id(), number: state.next_number() };
    events.push(Event::Opened { page, about, plan, next, findings });
    Ok(events)
}

/// True if an unfinished page of the same team and policy is about an incident, which has not ended for it.
fn is_paged(state: &State, incident: IncidentId, about: &Opening) -> bool {
    let concerned = |of: &Concern| of.incident.incident == incident && !of.ended;
    state.of_incident(incident).any(|page| {
        let same = page.about.policy == about.policy && page.about.team == about.team;
        same && !page.status.is_finished() && page.concerns.iter().any(concerned)
    })
}

/// What a page will do. A page is rather told in a way that nobody chose than not at all.
fn plan(state: &State, about: &Opening, findings: &mut Vec<String>) -> Plan {
    let Some(name) = &about.policy else { return Plan::without_policy(about.team.as_ref()) };
    let Some(policy) = state.policy(name) else {
        findings.push(format!("there is no policy {}: the default one is used instead", name.short()));
        return Plan::without_policy(about.team.as_ref());
    };
    let plan = Plan::of(policy, |then| state.policy(then));
    let last = plan.legs.last().and_then(|leg| leg.policy.as_ref()).and_then(|last| state.policy(last));
    if let Some(then) = last.and_then(|last| last.then.as_ref()) {
        let why =
            if state.policy(then).is_none() { "it is not there" } else { "the policies are too many or too long" };
        findings.push(format!("policy {} does not follow: {why}", then.short()));
    }
    plan
}

pub(super) fn reach(
    state: &State,
    page: PageId,
    at: Place,
    people: Vec<Reached>,
    unresolved: Vec<String>,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let page = held(state, page)?;
    let its_turn = page.status == Status::Open && page.next == Some(at) && page.next_at.is_some_and(|next| next <= now);
    let Some(step) = page.plan.step(at).filter(|_| its_turn) else { return Ok(Vec::new()) };
    let mut findings: Vec<String> = unresolved.into_iter().take(UNRESOLVED_MAX).map(cut).collect();
    let people = tellings(state, page, at, people, now, &mut findings);
    if people.is_empty() {
        findings.push(format!("nobody can be reached by {}", at.in_words(&page.plan)));
    }
    let reached = !people.is_empty() || (page.reached_in_round && at.step > 0);
    let then = page.plan.after(at, reached);
    let next = if people.is_empty() {
        now
    } else {
        page.allowed(then.or(Some(at)), later(now, SignedDuration::from_secs(i64::from(step.after_s))))
    };
    Ok(vec![Event::Reached { page: page.page, at, people, findings, then, next }])
}

fn tellings(
    state: &State,
    page: &Page,
    at: Place,
    people: Vec<Reached>,
    now: Timestamp,
    findings: &mut Vec<String>,
) -> Vec<Telling> {
    let (nothing, mut seen) = (Contacts::default(), BTreeSet::new());
    let (mut tellings, mut new, mut left_out, mut count) = (Vec::new(), 0, 0_usize, 0_usize);
    for Reached { person, implied } in people {
        if !seen.insert(person.clone()) {
            continue;
        }
        let is_new = !page.people.contains_key(&person);
        if tellings.len() >= PEOPLE_OF_STEP_MAX || (is_new && page.people.len() + new >= PEOPLE_OF_PAGE_MAX) {
            left_out += 1;
            continue;
        }
        let implied = implied.filter(|method| setup::is_sound(&method.label, &method.secret));
        let mut ways = state.contacts(&person).unwrap_or(&nothing).ways(implied.as_ref(), page.about.urgency);
        if count >= NOTICES_OF_STEP {
            ways.truncate(1);
        }
        count += ways.len();
        if ways.is_empty() {
            if findings.len() < UNRESOLVED_MAX * 2 {
                findings.push(format!("{} can't be reached: there is no contact method", person.short()));
            }
            continue;
        }
        new += usize::from(is_new);
        let planned = |(rule, (method, minutes)): (usize, (_, u32))| Planned {
            method,
            rule: u8::try_from(rule).unwrap_or(u8::MAX),
            at: page.allowed(Some(at), later(now, SignedDuration::from_mins(i64::from(minutes)))),
        };
        let notices = ways.into_iter().enumerate().map(planned).collect();
        tellings.push(Telling { person, notices });
    }
    if left_out > 0 {
        findings.push(format!("{left_out} people are not told: a step tells {PEOPLE_OF_STEP_MAX} at most"));
    }
    tellings
}

pub(super) fn send(state: &State, person: EntityRef, channel: Channel, context: &Context) -> Vec<Event> {
    let ready = state.agenda().ready(&person, channel, context.now);
    let mut notices = ready.filter_map(|(_, page, number)| {
        let page = state.numbered(page)?;
        Some((page.page, number, page.notices.get(&number)?))
    });
    let Some((page, number, first)) = notices.next() else { return Vec::new() };
    let line = |page, notice, kind| Line { page, notice, kind };
    let same = notices.filter(|(_, _, notice)| notice.method.id == first.method.id);
    let rest = same.map(|(page, number, notice)| line(page, number, notice.kind));
    let lines = [line(page, number, first.kind)].into_iter().chain(rest).take(LINES_MAX).collect();
    let method = first.method.as_ref().clone();
    vec![Event::Dispatched { effect: context.id(), person, method, lines }]
}

pub(super) fn deliver(state: &State, effect: EffectId, outcome: Outcome) -> Vec<Event> {
    let Some(message) = state.message(effect) else { return Vec::new() };
    let outcome = match outcome {
        // Whoever drops what is still needed has failed to send it.
        Outcome::Dropped if !state.lines(message).is_empty() => Outcome::GaveUp { error: "it was dropped".to_owned() },
        Outcome::Sent | Outcome::Dropped => outcome,
        Outcome::Retrying { error } => Outcome::Retrying { error: cut(error) },
        Outcome::GaveUp { error } => Outcome::GaveUp { error: cut(error) },
    };
    vec![Event::Delivered { effect, person: message.person.clone(), outcome }]
}

pub(super) fn acknowledge(state: &State, page: PageId, via: Via, context: &Context) -> Result<Vec<Event>, Refusal> {
    let page = held(state, page)?;
    match page.status {
        Status::Acknowledged { .. } => return Ok(Vec::new()),
        Status::Closed { .. } => return Err(conflict(page)),
        Status::Open | Status::Exhausted { .. } => {}
    }
    let by = match &via {
        Via::ByHand => context.actor.clone(),
        Via::Notice { person, .. } if page.people.contains_key(person) => Actor::Person(person.short().to_owned()),
        Via::Notice { person, .. } => {
            let detail = format!("{} was not told of page {}", person.short(), page.number());
            return Err(Refusal::new(&codes::INVALID, detail).field("/via/person"));
        }
    };
    Ok(vec![Event::Acknowledged { page: page.page, by, via }])
}

pub(super) fn acknowledge_all(state: &State, person: &EntityRef, channel: Channel) -> Vec<Event> {
    let told = |page: &&Page| {
        let told = page.people.get(person).is_some_and(|told| !told.by.is_empty());
        told && !page.status.is_finished()
    };
    let acknowledged = |page: &Page| Event::Acknowledged {
        page: page.page,
        by: Actor::Person(person.short().to_owned()),
        via: Via::Notice { person: person.clone(), channel },
    };
    state.of_person(person).filter(told).take(ACKNOWLEDGED_MAX).map(acknowledged).collect()
}

pub(super) fn escalate(state: &State, page: PageId, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let page = open_page(state, page)?;
    let due = page.next_at.is_some_and(|next| next <= now);
    Ok(if due { Vec::new() } else { vec![Event::Escalated { page: page.page }] })
}

pub(super) fn reassign(state: &State, page: PageId, policy: EntityRef, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let page = open_page(state, page)?;
    let Some(definition) = state.policy(&policy) else {
        let detail = format!("there is no policy {}", policy.short());
        return Err(Refusal::new(&codes::NOT_FOUND, detail).field("/policy"));
    };
    if page.policy.as_ref() == Some(&policy) {
        return Err(Refusal::new(&codes::CONFLICT, format!("page {} is that policy's already", page.number())));
    }
    let plan = Plan::of(definition, |then| state.policy(then));
    let hours_hold = if page.pressed { now } else { allowed(&plan, page.about.urgency, Some(Place::default()), now) };
    Ok(vec![Event::Reassigned { page: page.page, policy, plan, next: hours_hold }])
}

pub(super) fn renotify(state: &State, page: PageId) -> Result<Vec<Event>, Refusal> {
    let page = held(state, page)?;
    if page.status.is_finished() {
        return Err(conflict(page));
    }
    if page.people.is_empty() {
        let detail = format!("page {} has not reached anybody yet", page.number());
        return Err(Refusal::new(&codes::CONFLICT, detail).fix("escalate it"));
    }
    Ok(vec![Event::Renotified { page: page.page }])
}

pub(super) fn exhaust(state: &State, page: PageId, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let page = held(state, page)?;
    let at_the_end = page.status == Status::Open && page.next.is_none();
    let due = at_the_end && page.next_at.is_some_and(|next| next <= now);
    Ok(if due { vec![Event::Exhausted { page: page.page }] } else { Vec::new() })
}

pub(super) fn end_incident(state: &State, incident: IncidentId) -> Vec<Event> {
    let unfinished = state.of_incident(incident).filter(|page| !page.status.is_finished());
    let ended = |page: &Page| {
        let goes_on = |of: &Concern| !of.ended && of.incident.incident != incident;
        // A page that somebody opened for no incident is not over with one that was put into it.
        if page.about.incident.is_none() || page.concerns.iter().any(goes_on) {
            let known = page.concerns.iter().any(|of| !of.ended && of.incident.incident == incident);
            return known.then_some(Event::Left { page: page.page, incident });
        }
        Some(Event::Closed { page: page.page, why: Closing::IncidentEnded })
    };
    unfinished.filter_map(ended).collect()
}

pub(super) fn go_on_for(
    state: &State,
    page: PageId,
    from: IncidentId,
    into: IncidentRef,
) -> Result<Vec<Event>, Refusal> {
    let page = held(state, page)?;
    let is_for = page.concerns.iter().any(|of| !of.ended && of.incident.incident == from);
    let moves = is_for && !page.status.is_finished() && from != into.incident;
    Ok(if moves { vec![Event::Moved { page: page.page, from, into }] } else { Vec::new() })
}

pub(super) fn close(state: &State, page: PageId) -> Result<Vec<Event>, Refusal> {
    let page = held(state, page)?;
    let close = || Event::Closed { page: page.page, why: Closing::ByHand };
    Ok(if page.status.is_finished() { Vec::new() } else { vec![close()] })
}

fn held(state: &State, page: PageId) -> Result<&Page, Refusal> {
    state.page(page).ok_or_else(|| Refusal::new(&codes::NOT_FOUND, "there is no page with this id"))
}

fn open_page(state: &State, page: PageId) -> Result<&Page, Refusal> {
    let page = held(state, page)?;
    if page.status == Status::Open { Ok(page) } else { Err(conflict(page)) }
}

fn conflict(page: &Page) -> Refusal {
    Refusal::new(&codes::CONFLICT, format!("page {} is {}", page.number(), page.status.word()))
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(at)
}

fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
    text
}
