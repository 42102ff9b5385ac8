//! Deadlines as a calendar that a phone subscribes to: a person's, or a team's with its sprints.

use ::actions::{Action, ActionState};
use kernel::{EntityRef, Sha256, Timestamp};
use oncall::ics;
use world::World;

/// Items and turns that a calendar has at most.
const ENTRIES_MAX: usize = 500;

/// One entry.
struct Entry {
    uid: String,
    from: Timestamp,
    to: Timestamp,
    summary: String,
    description: String,
    url: Option<String>,
}

/// The unfinished items of a person, and what was escalated to them; or a team's, with the turns of its calendar from
/// `from` to `to`. As an iCalendar document (RFC 5545), made at `now`.
pub(crate) fn calendar(
    world: &World,
    whose: &EntityRef,
    (from, to): (Timestamp, Timestamp),
    now: Timestamp,
    base_url: &str,
) -> String {
    let own: Vec<&Action> = match whose.kind() {
        "user" => world.actions.concerning(whose).take(ENTRIES_MAX).collect(),
        _ => world.actions.of_team(whose).filter(|action| !action.is_finished()).take(ENTRIES_MAX).collect(),
    };
    let mut entries: Vec<Entry> = own.into_iter().map(|action| due(action, base_url)).collect();
    let turns = (whose.kind() == "group").then(|| ::actions::Knowledge::calendar(world, whose)).flatten();
    entries.extend(turns.into_iter().flat_map(|calendar| {
        calendar.turns(from, to).into_iter().map(|turn| Entry {
            uid: format!("{}\n{}", calendar.cycle, turn.number),
            from: turn.from,
            to: turn.to,
            summary: turn.name,
            description: format!("{} by {}", whose.short(), calendar.in_words()),
            url: None,
        })
    }));
    let mut text = ics::begin("Actions", &format!("Promises: {}", whose.short()));
    for entry in entries {
        entry.write(&mut text, now);
    }
    ics::line(&mut text, "END:VCALENDAR");
    text
}

fn due(action: &Action, base_url: &str) -> Entry {
    let promise = &action.promise;
    let from = promise.deadline.checked_sub(jiff::SignedDuration::from_mins(15)).unwrap_or(promise.deadline);
    let word = if matches!(action.state, ActionState::Escalated { .. }) { "Escalated" } else { "Due" };
    Entry {
        uid: format!("action\n{}", action.number),
        from,
        to: promise.deadline,
        summary: format!("{word}: {} ({})", promise.what, promise.owner.short()),
        description: format!(
            "Done when {}. Escalates on {}.",
            promise.done_when.in_words(),
            action.clock.escalates.strftime("%F")
        ),
        url: Some(format!("{base_url}/actions/{}", action.number)),
    }
}

impl Entry {
    fn write(&self, text: &mut String, now: Timestamp) {
        let uid = Sha256::of(self.uid.as_bytes());
        ics::line(text, "BEGIN:VEVENT");
        ics::line(text, &format!("UID:{uid}@mainstay"));
        ics::line(text, &format!("DTSTAMP:{}", ics::utc(now)));
        ics::line(text, &format!("DTSTART:{}", ics::utc(self.from)));
        ics::line(text, &format!("DTEND:{}", ics::utc(self.to)));
        ics::line(text, &format!("SUMMARY:{}", ics::escaped(&self.summary)));
        ics::line(text, &format!("DESCRIPTION:{}", ics::escaped(&self.description)));
        if let Some(url) = &self.url {
            ics::line(text, &format!("URL:{url}"));
        }
        ics::line(text, "TRANSP:TRANSPARENT");
        ics::line(text, "END:VEVENT");
    }
}
