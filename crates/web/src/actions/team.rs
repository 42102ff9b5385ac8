//! A team's sprint now, how it keeps its promises, and what is open of them.

use ::actions::{Action, Knowledge as _, Turn};
use kernel::EntityRef;

use super::{list, state_of};
use crate::{
    catalog::show::Others,
    frame::Frame,
    show::segment,
    views::{Answer, Link, Row},
};

/// Items that a screen about something else lists.
const SHOWN: usize = 8;

/// The team's sprint now, and how it keeps its promises.
pub(crate) fn answers(frame: &Frame, team: &EntityRef) -> Vec<Answer> {
    [sprint(frame, team), Some(follow_through(frame, team))].into_iter().flatten().collect()
}

fn sprint(frame: &Frame, team: &EntityRef) -> Option<Answer> {
    let calendar = frame.world.calendar(team)?;
    let answer = Answer::to(if calendar.rhythm.noun() == "cycle" { "Cycle now" } else { "Sprint now" });
    let day = |at: kernel::Timestamp| at.strftime("%-d %b").to_string();
    Some(match calendar.at(frame.now) {
        Some(turn) if turn.is_cooldown(frame.now) => {
            answer.text(format!("{}, cooldown", turn.name)).note(format!("until {}", day(turn.until)))
        }
        Some(Turn { name, from, to, .. }) => answer.text(name).note(format!("{} to {}", day(from), day(to))),
        None => {
            let begins = calendar.next(frame.now).map(|turn| format!("the first begins on {}", day(turn.from)));
            answer.text("not yet").note(begins.unwrap_or_else(|| "it never begins".to_owned()))
        }
    })
}

fn follow_through(frame: &Frame, team: &EntityRef) -> Answer {
    let all = frame.world.actions.follow_through(team, frame.now);
    let open = frame.world.actions.of_team(team).filter(|action| !action.is_finished()).count();
    let answer = Answer::to("Promises kept");
    let answer = match all.percent() {
        Some(percent) => answer.text(format!("{percent} %")).note(format!(
            "{} of {} by the deadline in 90 days; {} late, {} decided against, {} not done",
            all.in_time, all.due, all.late, all.deprioritised, all.open
        )),
        None => answer.text("none was due").note("in the last 90 days"),
    };
    answer.link(format!("{open} open"), frame.href(format!("/actions?team={}", segment(team.as_str()))))
}

/// What is promised about an entity, by a person or by a team, as far as it isn't finished.
pub(crate) fn section(frame: &Frame, of: &EntityRef) -> Option<Others> {
    let state = &frame.world.actions;
    let (filter, mut open): (&str, Vec<&Action>) = match of.kind() {
        "user" => ("person", state.concerning(of).collect()),
        "group" => ("team", state.of_team(of).filter(|action| !action.is_finished()).collect()),
        _ => ("subject", state.of_subject(of).filter(|action| !action.is_finished()).collect()),
    };
    if open.is_empty() {
        return None;
    }
    open.sort_by_key(|action| (!action.is_late(frame.now), action.promise.deadline));
    let row = |action: &&Action| {
        let shown = list::row(frame, action);
        Row::new(shown.what, shown.href).state(state_of(action, frame.now)).note(shown.owner.name).at(shown.deadline)
    };
    let href = frame.href(format!("/actions?{filter}={}", segment(of.as_str())));
    Some(Others {
        title: "Promises".to_owned(),
        count: open.len(),
        rows: open.iter().take(SHOWN).map(row).collect(),
        all: (open.len() > SHOWN).then(|| Link::new(format!("All {}", open.len()), href)),
    })
}
