//! An incident as text: what somebody needs who is woken by it, in the order in which it is needed.

use crate::{
    answers::{Evidence, IncidentDetail, LogEntry, Suspect},
    output::{Printer, Tone, add, indented, short},
    verbs::on_call::person,
};

/// How many suspects are shown unless all are asked for.
const SUSPECTS: usize = 5;
/// How many reasons of each.
const REASONS: usize = 4;

/// The whole of it.
pub(super) fn text(out: &Printer, detail: &IncidentDetail, all: bool) -> String {
    let mut text = String::new();
    head(&mut text, out, detail);
    suspects(&mut text, out, &detail.suspects, all);
    if !detail.steps.is_empty() {
        add(&mut text, format!("\n{}", out.strong("RUNBOOK")));
        text.push_str(&steps(out, detail));
    }
    if !detail.evidence.is_empty() {
        add(&mut text, format!("\n{}", out.strong("EVIDENCE")));
        detail.evidence.iter().for_each(|evidence| self::evidence(&mut text, out, evidence));
    }
    if !detail.similar.is_empty() {
        add(&mut text, format!("\n{}", out.strong("LIKE IT IN THE PAST")));
    }
    for similar in &detail.similar {
        add(&mut text, format!("  {}  {}, {}", similar.number, indented(&similar.title, 6), out.ago(similar.since)));
        add(&mut text, out.faint(&format!("      {}", similar.reasons.join("; "))));
    }
    add(&mut text, format!("\n{}", out.strong("WHAT HAPPENED")));
    detail.log.iter().for_each(|entry| happened(&mut text, out, entry));
    text
}

fn head(text: &mut String, out: &Printer, detail: &IncidentDetail) {
    let incident = &detail.incident;
    let number = incident.number;
    let title = out.strong(&format!("INCIDENT {number}"));
    add(text, format!("{title}  {}  {}", out.state(&incident.status), incident.severity));
    add(text, indented(&incident.title, 0));
    add(text, "");
    add(text, format!("  broken    {}, since {}", short(&incident.entity), out.when(incident.since)));
    let times = &detail.times;
    add(text, format!("  detected  {}", out.when(times.detected)));
    if let Some(mitigated) = times.mitigated {
        add(text, format!("  mitigated {}", out.when(mitigated)));
    }
    if let Some(ended) = incident.ended {
        add(text, format!("  ended     {}", out.when(ended)));
    }
    add(text, format!("  users hit {} min", times.impact_minutes));
    if let Some(into) = detail.merged_into {
        add(text, format!("  goes on   in incident {into}: mainstay incident show {into}"));
    }
    for other in &detail.absorbed {
        add(text, format!("  with      incident {other}"));
    }
    for role in &detail.roles {
        add(text, format!("  {:<9} {}", role.role, short(&role.person)));
    }
    let gap = |words: &str| out.toned(Tone::Bad, words);
    add(
        text,
        format!("  owner     {}", detail.owner.as_deref().map_or_else(|| gap("nobody"), |o| short(o).to_owned())),
    );
    if detail.on_call.is_empty() {
        add(text, format!("  on call   {}", gap("nobody")));
    }
    for duty in &detail.on_call {
        let rotation = short(&duty.rotation);
        add(text, format!("  on call   {}, until {} (rotation {rotation})", person(duty), out.when(duty.until)));
    }
    if detail.runbooks.is_empty() {
        add(text, format!("  runbook   {}", gap("none")));
    }
    detail.runbooks.iter().for_each(|runbook| add(text, format!("  runbook   {runbook}")));
    match &incident.acknowledged_by {
        Some(who) => add(text, format!("  taken on  by {}", who.words())),
        None if incident.ended.is_none() => {
            add(text, format!("  taken on  by nobody yet: mainstay incident ack {number}"));
        }
        None => {}
    }
}

/// The steps of the runbook, with the numbers by which they are ticked.
pub(super) fn steps(out: &Printer, detail: &IncidentDetail) -> String {
    let mut text = String::new();
    if detail.steps.is_empty() {
        add(&mut text, "There is no runbook with a list in the docs of what is broken.");
    }
    for (at, step) in detail.steps.iter().enumerate() {
        let nested = "  ".repeat(step.depth);
        let (box_, by) = match (&step.done_by, step.done_at) {
            (Some(by), Some(at)) => ("[x]", out.faint(&format!("  {}, {}", by.words(), out.ago(at)))),
            _ => ("[ ]", String::new()),
        };
        add(&mut text, format!("{:>4}. {nested}{box_} {}{by}", at + 1, step.words));
    }
    text
}

fn suspects(text: &mut String, out: &Printer, suspects: &[Suspect], all: bool) {
    add(text, format!("\n{}", out.strong("WHAT CHANGED, the likeliest cause first")));
    if suspects.is_empty() {
        add(text, "  nothing that is known here, on the broken path or upstream of it");
    }
    let shown = if all { suspects.len() } else { SUSPECTS };
    for (place, suspect) in suspects.iter().take(shown).enumerate() {
        self::suspect(text, out, place + 1, suspect);
    }
    if let Some(more) = suspects.len().checked_sub(shown).filter(|more| *more > 0) {
        add(text, out.faint(&format!("  and {more} less likely: mainstay incident show --all")));
    }
}

fn suspect(text: &mut String, out: &Printer, place: usize, suspect: &Suspect) {
    let percent = format!("{:>3}%", suspect.score);
    let verdict = match suspect.verdict.as_deref() {
        Some("guilty") => format!("  {}", out.toned(Tone::Bad, "judged guilty")),
        Some(verdict) => format!("  {}", out.toned(Tone::Quiet, &format!("judged {verdict}"))),
        None => String::new(),
    };
    add(text, format!("{place:>3}. {percent}  {}{verdict}", out.strong(&suspect.summary)));
    add(text, format!("           {}, by {}", out.when(suspect.at), suspect.actor.words()));
    for reason in suspect.reasons.iter().take(REASONS) {
        let sign = if reason.points < 0 { '-' } else { '+' };
        add(text, out.faint(&format!("           {sign} {}", reason.words)));
    }
    match (&suspect.undo, &suspect.no_undo) {
        (Some(will), _) => {
            add(text, format!("           {}", out.strong(&format!("mainstay undo {}", suspect.event))));
            add(text, out.faint(&format!("           will {will}")));
        }
        (None, Some(why)) => add(text, format!("           can't be undone: {}", indented(why, 11))),
        (None, None) => {}
    }
}

fn evidence(text: &mut String, out: &Printer, evidence: &Evidence) {
    let state = match evidence.recovered {
        Some(at) => format!("{} {}", out.state("recovered"), out.when(at)),
        None => format!("{} since {}", out.toned(Tone::Bad, "failing"), out.when(evidence.since)),
    };
    add(text, format!("  {}  {state}", short(&evidence.check)));
    add(text, format!("      {}", indented(&evidence.error, 6)));
}

fn happened(text: &mut String, out: &Printer, entry: &LogEntry) {
    let at = entry.at.strftime("%H:%M:%S");
    add(text, format!("  {at}  {}  {}", indented(&entry.words, 12), out.faint(&entry.by.words())));
    if let Some(note) = &entry.note {
        let note = &if entry.decision { format!("decision: {note}") } else { note.clone() };
        add(text, format!("            {}", indented(note, 12)));
    }
}
