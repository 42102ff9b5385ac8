//! A page in plain words.

use kernel::Timestamp;

use crate::{NoticeState, Page, Status};

/// Why a page did or did not reach anybody, and what comes next and when: a few plain sentences.
#[must_use]
pub fn explain(page: &Page, now: Timestamp) -> Vec<String> {
    let mut words = vec![stands(page)];
    words.extend(page.people.keys().map(|person| {
        let name = person.short();
        let told = page.people.get(person).into_iter().flat_map(|told| &told.by);
        let sent: Vec<&str> = told.filter(|by| by.sent).map(|by| by.method.channel.as_str()).collect();
        let of_person = page.notices.values().filter(|notice| notice.person == *person);
        let mut parts = Vec::new();
        if !sent.is_empty() {
            parts.push(format!("was told by {}", sent.join(", ")));
        }
        for notice in of_person {
            let by = notice.method.channel.as_str();
            match &notice.state {
                NoticeState::Waiting if notice.at <= now => {
                    parts.push(format!("is told by {by} as soon as the last message is long enough ago"));
                }
                NoticeState::Waiting => parts.push(format!("is told by {by} at {}", moment(notice.at))),
                NoticeState::Sending { .. } => parts.push(format!("is being told by {by}")),
                NoticeState::Retrying { error, .. } => {
                    parts.push(format!("could not be told by {by} yet, which is tried again ({error})"));
                }
                NoticeState::Failed { error } => parts.push(format!("could not be told by {by} ({error})")),
                NoticeState::Sent { .. } | NoticeState::Dropped => {}
            }
        }
        if parts.is_empty() {
            parts.push("was not told, since the page ended first".to_owned());
        }
        format!("{name} {}.", parts.join("; "))
    }));
    if page.people.is_empty() {
        words.push("It has not reached anybody.".to_owned());
    }
    let loud = page.log.iter().rev().filter(|entry| entry.loud).take(FINDINGS_MAX);
    let mut loud: Vec<String> = loud.map(|entry| format!("At {}: {}.", moment(entry.at), entry.words)).collect();
    loud.reverse();
    words.extend(loud);
    words.extend(next(page, now));
    words
}

/// The newest of what went wrong.
const FINDINGS_MAX: usize = 10;

/// A moment, to the second.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn stands(page: &Page) -> String {
    let number = page.number();
    match &page.status {
        Status::Open if page.reached.is_none() => format!("Page {number} is open and has not begun."),
        Status::Open => format!("Page {number} is open: nobody has answered."),
        Status::Acknowledged { by, at, .. } => format!("Page {number} was acknowledged by {by} at {}.", moment(*at)),
        Status::Exhausted { at } => {
            format!("Nobody answered page {number}, and since {} there is nobody else to tell.", moment(*at))
        }
        Status::Closed { why, at, .. } => format!("Page {number} was closed at {}: {}.", moment(*at), why.words()),
    }
}

fn next(page: &Page, now: Timestamp) -> Option<String> {
    if matches!(page.status, Status::Exhausted { .. }) {
        return Some("It stays here until somebody acknowledges or closes it.".to_owned());
    }
    let at = page.next_at?;
    let when = if at <= now { "now".to_owned() } else { format!("at {}", moment(at)) };
    let Some(place) = page.next else {
        return Some(format!("If nobody answers, it is at its end {when}, and everybody gets an alarm."));
    };
    let step = page.plan.step(place)?;
    let whom: Vec<String> = step.notify.iter().map(crate::Target::in_words).collect();
    let whom = whom.join(", ");
    Some(if page.reached.is_none() && at > now {
        format!("It waits for the hours of its policy: {when} it tells {whom}.")
    } else {
        format!("If nobody answers, it tells {whom} {when} ({}).", place.in_words(&page.plan))
    })
}
