//! An incident as a few lines of Markdown, to be pasted into a chat.

use crate::{
    answers::IncidentDetail,
    output::{add, short},
    verbs::on_call::person,
};

/// Suspects that are named.
const SUSPECTS: usize = 3;

/// The state of things: what is broken, for how long, who is on it, what changed.
pub(super) fn text(detail: &IncidentDetail) -> String {
    let (incident, times) = (&detail.incident, &detail.times);
    let mut text = String::new();
    add(&mut text, format!("**Incident {}: {}**", incident.number, plain(&incident.title)));
    let status = format!("{}, {}", incident.status, incident.severity);
    add(
        &mut text,
        format!("{status}; {} has been hit for {} min", plain(short(&incident.entity)), times.impact_minutes),
    );
    if let Some(into) = detail.merged_into {
        add(&mut text, format!("- it goes on as incident {into}"));
    }
    for role in &detail.roles {
        add(&mut text, format!("- {}: {}", role.role, plain(short(&role.person))));
    }
    if let Some(duty) = detail.on_call.first().filter(|_| detail.roles.is_empty()) {
        add(&mut text, format!("- on call: {}", plain(&person(duty))));
    }
    for suspect in detail.suspects.iter().take(SUSPECTS).filter(|_| incident.ended.is_none()) {
        let verdict = match suspect.verdict.as_deref() {
            Some("guilty") => ", this was it",
            Some(_) => ", not it",
            None => "",
        };
        add(&mut text, format!("- {} %: {}{verdict}", suspect.score, plain(&suspect.summary)));
    }
    let done = detail.steps.iter().filter(|step| step.done_at.is_some()).count();
    if done > 0 {
        add(&mut text, format!("- runbook: {done} of {} steps done", detail.steps.len()));
    }
    let written = detail.log.iter().rev().find_map(|entry| entry.note.as_ref().map(|note| (entry, note)));
    if let Some((entry, note)) = written {
        let line = note.lines().next().unwrap_or_default();
        let sort = if entry.decision { "decided" } else { "last note" };
        add(&mut text, format!("- {sort}, {} UTC: {}", entry.at.strftime("%H:%M"), plain(line)));
    }
    text
}

/// Text in which nothing is markup, and nobody is called by `@`.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars().filter(|letter| !letter.is_control()) {
        if matches!(letter, '*' | '_' | '`' | '[' | ']' | '<' | '>' | '\\' | '~' | '|') {
            plain.push('\\');
        }
        plain.push(letter);
        if letter == '@' {
            // A word joiner: it can't be seen, and no chat takes what follows for a name.
            plain.push('\u{2060}');
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_wrote_is_no_markup_and_calls_nobody() {
        assert_eq!(plain("*all* of <!here>"), "\\*all\\* of \\<!here\\>");
        assert_eq!(plain("@channel"), "@\u{2060}channel");
    }
}
