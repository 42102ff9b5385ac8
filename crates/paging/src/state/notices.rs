//! What folding does to one page's notices, and to the agenda with them.

use std::sync::Arc;

use jiff::Timestamp;
use kernel::{EntityRef, Stamp};

use crate::{
    Kind, Line, Message, Method, MethodId, Notice, NoticeState, Outcome, Page, Place, Plan, Planned, Telling,
    state::Agenda,
};

pub(super) fn move_next(page: &mut Page, agenda: &mut Agenda, to: Option<Timestamp>) {
    agenda.move_page(page.page.number, page.next_at, to);
    page.next_at = to;
}

/// Begins what a step tells its people. Done notices of a person make room for new ones; those that wait stay.
pub(super) fn reach(page: &mut Page, agenda: &mut Agenda, place: Place, people: &[Telling]) {
    page.reached = Some(place);
    page.run += 1;
    page.reached_in_round = (page.reached_in_round && place.step > 0) || !people.is_empty();
    for Telling { person, notices } in people {
        page.people.entry(person.clone()).or_default();
        let done = |notice: &Notice| notice.person == *person && notice.state.is_final();
        let done: Vec<u32> =
            page.notices.iter().filter(|(_, notice)| done(notice)).map(|(number, _)| *number).collect();
        for number in done {
            page.notices.remove(&number);
        }
        for Planned { method, rule, at } in notices {
            let same = |notice: &Notice| {
                notice.person == *person
                    && notice.method.id == method.id
                    && notice.rule == Some(*rule)
                    && notice.state == NoticeState::Waiting
            };
            // The earlier time holds: a rule's wait must not begin anew with every step.
            let waiting = page.notices.iter().find(|(_, notice)| same(notice)).map(|(number, _)| *number);
            if let Some(waiting) = waiting.and_then(|number| page.notices.get_mut(&number)) {
                waiting.run = page.run;
            } else {
                add(page, agenda, person, &Arc::new(method.clone()), Kind::Page, Some(*rule), *at);
            }
        }
    }
}

fn add(
    page: &mut Page,
    agenda: &mut Agenda,
    person: &EntityRef,
    method: &Arc<Method>,
    kind: Kind,
    rule: Option<u8>,
    at: Timestamp,
) {
    let number = page.notice_number;
    page.notice_number = number.saturating_add(1);
    agenda.add(person, method.channel, (at, page.page.number, number));
    let (person, method) = (person.clone(), Arc::clone(method));
    let state = NoticeState::Waiting;
    page.notices.insert(number, Notice { person, method, kind, rule, at, state, run: page.run, fell_through: false });
}

/// Tells everybody who was reached once more, by what they were told by; one such notice at a time for each method.
pub(super) fn tell_again(page: &mut Page, agenda: &mut Agenda, kind: Kind, at: Timestamp) {
    let people: Vec<EntityRef> = page.people.keys().cloned().collect();
    for person in people {
        for method in page.methods(&person) {
            let same = |notice: &Notice| {
                notice.person == person && notice.method.id == method.id && notice.state == NoticeState::Waiting
            };
            if !page.notices.values().any(|notice| same(notice) && notice.at <= at) {
                add(page, agenda, &person, &method, kind, None, at);
            }
        }
    }
}

pub(super) fn follow_up(page: &mut Page, agenda: &mut Agenda, at: Timestamp, whom: impl Fn(&EntityRef) -> bool) {
    let told = page.people.iter().filter(|(person, _)| whom(person));
    let told = told.flat_map(|(person, told)| told.by.iter().map(|by| (person.clone(), Arc::clone(&by.method))));
    let told: Vec<_> = told.filter(|(_, method)| method.channel.takes_follow_ups()).collect();
    for (person, method) in told {
        add(page, agenda, &person, &method, Kind::FollowUp, None, at);
    }
}

pub(super) fn drop_waiting(page: &mut Page, agenda: &mut Agenda) {
    let number = page.page.number;
    let waiting = page.notices.iter().filter(|(_, notice)| notice.state == NoticeState::Waiting);
    let waiting: Vec<u32> = waiting.map(|(of, _)| *of).collect();
    for of in waiting {
        let Some(notice) = page.notices.get_mut(&of) else { continue };
        agenda.remove(&notice.person, notice.method.channel, (notice.at, number, of));
        notice.state = NoticeState::Dropped;
    }
}

pub(super) fn reassign(page: &mut Page, policy: &EntityRef, plan: &Plan) {
    page.policy = Some(policy.clone());
    page.plan = Arc::new(plan.clone());
    page.next = Some(Place::default());
    page.reached_in_round = false;
}

/// What a message's outcome means for one of its notices.
pub(super) fn come_back(
    page: &mut Page,
    agenda: &mut Agenda,
    message: &Message,
    line: &Line,
    outcome: &Outcome,
    stamp: &Stamp,
) {
    let (person, channel) = (&message.person, message.method.channel);
    if line.kind != Kind::FollowUp {
        match outcome {
            Outcome::Sent => page.note_outcome(person, message.method.id, true),
            Outcome::GaveUp { .. } | Outcome::Dropped => page.note_outcome(person, message.method.id, false),
            Outcome::Retrying { .. } => {}
        }
    }
    let (by, whom) = (channel.as_str(), person.short());
    let (words, loud) = match outcome {
        Outcome::Sent => (format!("{whom} was told by {by}"), false),
        Outcome::Dropped => (format!("{whom} need not be told by {by} any more"), false),
        Outcome::Retrying { error } => (format!("telling {whom} by {by} failed and is tried again: {error}"), true),
        Outcome::GaveUp { error } => (format!("telling {whom} by {by} failed for good: {error}"), true),
    };
    page.note(stamp.at, &stamp.actor, words, loud);
    let Some(notice) = page.notices.get_mut(&line.notice) else { return };
    if !notice.state.is_carried_by(message.effect) {
        return;
    }
    notice.state = match outcome {
        Outcome::Sent => NoticeState::Sent { at: stamp.at },
        Outcome::Retrying { error } => NoticeState::Retrying { effect: message.effect, error: error.clone() },
        Outcome::GaveUp { error } => NoticeState::Failed { error: error.clone() },
        Outcome::Dropped => NoticeState::Dropped,
    };
    let failed = matches!(outcome, Outcome::Retrying { .. } | Outcome::GaveUp { .. });
    let failed_first = failed && !notice.fell_through;
    notice.fell_through |= failed_first;
    let (by_rule, kind) = (notice.rule.is_some(), notice.kind);
    if failed_first && by_rule {
        bring_forward(page, agenda, person, stamp.at);
    } else if failed_first && kind != Kind::FollowUp && !page.status.is_finished() {
        try_the_others(page, agenda, person, kind, stamp.at);
    }
    if page.step_is_lost() && page.next_at.is_some_and(|next| next > stamp.at) {
        page.note(stamp.at, &stamp.actor, "nobody of this step can be told: the next one is due".to_owned(), true);
        move_next(page, agenda, Some(stamp.at));
    }
}

/// An alarm that fails is tried by everything else that the person has.
fn try_the_others(page: &mut Page, agenda: &mut Agenda, person: &EntityRef, kind: Kind, now: Timestamp) {
    let of_person = || page.notices.values().filter(|notice| notice.person == *person);
    let tried = |method: MethodId| {
        of_person().any(|notice| notice.rule.is_none() && notice.kind == kind && notice.method.id == method)
    };
    let mut others: Vec<Arc<Method>> = Vec::new();
    for method in of_person().map(|notice| &notice.method) {
        if !tried(method.id) && !others.iter().any(|other| other.id == method.id) {
            others.push(Arc::clone(method));
        }
    }
    for method in others {
        add(page, agenda, person, &method, kind, None, now);
    }
}

/// Makes the next notice of a person due now.
fn bring_forward(page: &mut Page, agenda: &mut Agenda, person: &EntityRef, now: Timestamp) {
    let number = page.page.number;
    let Some((next, at)) = page.next_notice(person).map(|(next, notice)| (next, notice.at)) else { return };
    if let Some(notice) = page.notices.get_mut(&next).filter(|_| at > now) {
        agenda.remove(person, notice.method.channel, (at, number, next));
        notice.at = now;
        agenda.add(person, notice.method.channel, (now, number, next));
    }
}
