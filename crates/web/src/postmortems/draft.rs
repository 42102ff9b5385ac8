//! The template of a post-mortem, filled from what is known of the incident: its times, what burnt of error budgets, its
//! log and the change that people found guilty.

use std::{fmt::Write as _, sync::Arc};

use incidents::{Incident, Verdict};
use kernel::{EntityRef, Refusal, Timestamp};
use slo::{Budget, Ledger, Slo, minute_of, spent};
use world::{Event, World, culprits, slos};

use crate::{
    App,
    incidents::log::{self, Part},
};

/// Rows of the timeline in the draft; the log on the incident's screen has them all.
const ROWS_MAX: usize = 80;
/// Bytes of one cell.
const CELL_BYTES_MAX: usize = 300;
/// Objectives of what was broken that are looked at.
const SLOS_MAX: usize = 200;

/// The draft of an incident's post-mortem.
///
/// # Errors
/// If the store can't be read.
pub(crate) async fn of(app: &App, world: &Arc<World>, incident: &Incident) -> Result<String, Refusal> {
    let now = app.now();
    let culprits = culprits(world, incident, now);
    let (_, entries) = log::entries(app, world, incident, &culprits, Part::All, None).await?;
    let mut text = String::new();
    let number = incident.number();
    let out = &mut text;
    // Writing into a String can't fail.
    let _ = writeln!(out, "## Summary\n\n_What happened, in three sentences, for somebody who was not there._\n");
    let _ = writeln!(out, "## Impact\n\n{}", impact(app, world, incident, now));
    let _ = writeln!(out, "## Detection\n\n{}", detection(world, incident));
    let _ = writeln!(out, "## Timeline\n\nAll times are UTC. [The whole log](/incidents/{number})\n");
    let _ = writeln!(out, "| time | what | who |\n| --- | --- | --- |");
    for entry in entries.iter().take(ROWS_MAX) {
        let what = match log::written(entry) {
            Some((note, decision)) => format!("{}: {}", if decision { "Decision" } else { "Note" }, cell(&note)),
            None => cell(
                &Event::from_body(&entry.kind, &entry.body)
                    .map_or_else(|error| error.to_string(), |event| event.summary()),
            ),
        };
        let at = entry.stamp.at.strftime("%m-%d\u{a0}%H:%M");
        let _ = writeln!(out, "| {at} | {what} | {} |", cell(entry.stamp.actor.name()));
    }
    let _ = writeln!(out, "\n## Root cause\n\n{}", cause(world, incident));
    let _ = writeln!(out, "## What went well\n\n- \n\n## What went badly\n\n- \n\n## Where we were lucky\n\n- ");
    Ok(text)
}

fn clock(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

fn impact(app: &App, world: &World, incident: &Incident, now: Timestamp) -> String {
    let end = incident.mitigated.or(incident.ended.as_ref().map(|ending| ending.at)).unwrap_or(now);
    let mut text = format!(
        "- Users were hit for **{} minutes**, from {} to {} (UTC).\n- Severity: {}.\n",
        incident.impact(now).as_mins(),
        clock(incident.since),
        clock(end),
        incident.severity,
    );
    let budgets = burnt(app, world, incident, end, now);
    match &budgets {
        None => text.push_str("- Error budget: what was broken has no objective.\n"),
        Some(lines) if lines.is_empty() => {
            text.push_str("- Error budget: no objective of what was broken lost any in this time.\n");
        }
        Some(_) => {}
    }
    for line in budgets.unwrap_or_default() {
        let _ = writeln!(text, "- Error budget: {line}.");
    }
    text.push_str("- _What users could not do, how many, and what they lost._\n");
    text
}

/// What the incident burnt of the error budgets of what was broken: nothing where that has none, else a line for each that
/// lost some or of which that is not known.
fn burnt(app: &App, world: &World, incident: &Incident, end: Timestamp, now: Timestamp) -> Option<Vec<String>> {
    let (from, to) = (minute_of(incident.since), minute_of(end) + 1);
    let concerned: Vec<&EntityRef> = world
        .slos
        .slos()
        .filter(|(reference, slo)| concerns(world, incident, reference, slo))
        .map(|(of, _)| of)
        .collect();
    let mut lines = Vec::new();
    for reference in concerned.iter().take(SLOS_MAX) {
        let name = cell(reference.short());
        let look = match app.slos().look(world, reference, now) {
            Some(Ok(look)) => look,
            Some(Err(wrong)) => {
                lines.push(unknown(&name, &cell(&wrong)));
                continue;
            }
            None => continue,
        };
        let objectives = look.report.objectives.iter().enumerate();
        lines.extend(objectives.filter_map(|(index, objective)| {
            loss(&name, look.record.of(index), objective.budget.as_ref(), look.record.end(), (from, to))
        }));
    }
    (!concerned.is_empty()).then_some(lines)
}

/// Whether an objective is of what was broken, as far as its document tells even if it can't be followed.
fn concerns(world: &World, incident: &Incident, reference: &EntityRef, slo: &Slo) -> bool {
    let entity = match world.slos.resolve(reference) {
        Some(Ok(resolved)) => Some(slos::entity_of(world, &resolved)),
        Some(Err(_)) | None => {
            slo.entity.clone().or_else(|| EntityRef::new("component", reference.namespace(), &slo.service).ok())
        }
    };
    entity.is_some_and(|entity| incident.entities().any(|own| *own == entity))
}

/// What an objective lost of its budget from one minute to another, in words; nothing if it is known to have lost none.
fn loss(
    name: &str,
    ledger: &Ledger,
    budget: Option<&Budget>,
    counted_to: Option<i64>,
    (from, to): (i64, i64),
) -> Option<String> {
    let was_counted = ledger.between(from, to).total() > 0.0;
    let Some(budget) = budget.filter(|_| was_counted) else {
        return Some(unknown(name, "nothing was counted in this time"));
    };
    let share = spent(ledger, budget, from, to);
    // The last minute is counted when it is over.
    let is_whole = counted_to.is_some_and(|counted| counted >= to - 1);
    match (share > 0.0, is_whole) {
        (true, true) => Some(format!("{} of that of {name} was burnt", slo::percent(share))),
        (true, false) => {
            let share = slo::percent(share);
            Some(format!("at least {share} of that of {name} was burnt; the end of this time is not counted yet"))
        }
        (false, true) => None,
        (false, false) => Some(unknown(name, "the end of this time is not counted yet")),
    }
}

fn unknown(name: &str, why: &str) -> String {
    format!("what was burnt of that of {name} is not known: {why}")
}

fn detection(world: &World, incident: &Incident) -> String {
    let began = incident.since;
    let after = |at: Timestamp| format!("{} minutes after impact began", at.duration_since(began).as_mins().max(0));
    let seen = match incident.checks.iter().find(|check| check.since <= incident.opened) {
        _ if incident.declared => "a person, who declared it".to_owned(),
        Some(first) if world.alerts.get(&first.check).is_some() => {
            format!("an alert of another tool ({})", cell(first.check.short()))
        }
        Some(first) => format!("the check {}", cell(first.check.short())),
        None => "a check".to_owned(),
    };
    let mut text = format!("- Seen by {seen}, {}.\n", after(incident.opened));
    match &incident.acknowledged {
        Some(taken) => {
            let _ = writeln!(text, "- Taken on by {}, {}.", cell(taken.by.name()), after(taken.at));
        }
        None => text.push_str("- Nobody took it on.\n"),
    }
    if let Some(at) = incident.mitigated {
        let _ = writeln!(text, "- Mitigated {}.", after(at));
    }
    if let Some(ending) = &incident.ended {
        let _ = writeln!(text, "- Resolved {}.", after(ending.at));
    }
    for assigned in &incident.roles {
        let _ = writeln!(text, "- {} was {}.", cell(assigned.person.short()), assigned.role.word());
    }
    text
}

fn cause(world: &World, incident: &Incident) -> String {
    let guilty = incident.marks.iter().filter(|mark| mark.verdict == Verdict::Guilty);
    let known = guilty.filter_map(|mark| world.journal.get(mark.event));
    let lines: Vec<String> = known
        .map(|entry| {
            let (change, at) = (&entry.change, clock(entry.change.at));
            let address = format!("/timeline/{}", entry.recorded.stamp.position);
            format!("- [{}]({address}) of {}, by {}", cell(&change.summary), at, cell(change.actor.name()))
        })
        .collect();
    if lines.is_empty() {
        return "_No change was found guilty. Why did it break, and why did nothing stop it?_\n".to_owned();
    }
    format!("{}\n\n_Why could this change break it, and why did nothing stop it?_\n", lines.join("\n"))
}

/// Words of others as one cell of a table: nothing in it is markup.
fn cell(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut cell = String::with_capacity(line.len());
    for letter in line.get(..line.floor_char_boundary(CELL_BYTES_MAX)).unwrap_or_default().chars() {
        if matches!(letter, '|' | '*' | '_' | '`' | '[' | ']' | '<' | '>' | '\\' | '~' | '#' | '!') {
            cell.push('\\');
        }
        cell.push(letter);
    }
    cell
}

#[cfg(test)]
mod tests {
    use slo::Counts;

    use super::*;

    #[test]
    fn what_is_not_known_to_be_burnt_is_said_to_be_unknown() {
        let mut ledger = Ledger::new(60 * 24);
        for minute in 1_000..1_030 {
            ledger.add(minute, Counts::events(if minute < 1_010 { 0.0 } else { 1.0 }, 1.0));
        }
        let budget = Budget { counts: ledger.between(1_000, 1_030), error: 0.1, allowed: 100.0, left: 0.9 };
        let check = |from: i64, to: i64, known: Option<&Budget>, expected: Option<&str>| {
            assert_eq!(loss("pay", &ledger, known, ledger.end(), (from, to)).as_deref(), expected, "{from} to {to}");
        };
        check(1_000, 1_030, Some(&budget), Some("10.0% of that of pay was burnt"));
        check(1_015, 1_031, Some(&budget), None);
        let not_yet = "the end of this time is not counted yet";
        check(1_005, 1_040, Some(&budget), Some(&format!("at least 5.0% of that of pay was burnt; {not_yet}")));
        let unknown = |why: &str| format!("what was burnt of that of pay is not known: {why}");
        check(1_015, 1_040, Some(&budget), Some(&unknown(not_yet)));
        check(1_040, 1_050, Some(&budget), Some(&unknown("nothing was counted in this time")));
        check(1_000, 1_030, None, Some(&unknown("nothing was counted in this time")));
    }

    #[test]
    fn what_others_wrote_stays_in_its_cell() {
        assert_eq!(cell("a | b\n<script>"), "a \\| b \\<script\\>");
        assert!(cell(&"é".repeat(1_000)).len() <= CELL_BYTES_MAX);
    }
}
