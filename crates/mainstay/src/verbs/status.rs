//! `mainstay status`: how everything is.

use std::process::ExitCode;

use kernel::Refusal;

use super::{Session, incident};
use crate::{
    answers::Status,
    output::{Printer, Tone, add},
};

/// Prints what is broken, and how the checks are.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn run(session: &Session) -> Result<ExitCode, Refusal> {
    let answer = session.client.get(&["status"], &[]).await?;
    session.out.show(answer, |status: Status| text(&session.out, &status))?;
    Ok(ExitCode::SUCCESS)
}

fn text(out: &Printer, status: &Status) -> String {
    let mut text = String::new();
    match status.incidents.len() {
        0 => add(&mut text, out.toned(Tone::Good, "no open incident")),
        1 => add(&mut text, out.toned(Tone::Bad, "1 open incident")),
        count => add(&mut text, out.toned(Tone::Bad, &format!("{count} open incidents"))),
    }
    if !status.incidents.is_empty() {
        add(&mut text, "");
        text.push_str(&incident::table(out, &status.incidents));
        add(&mut text, out.faint("what changed, and the way back: mainstay incident show"));
    }
    let count = |verdict: &str| status.checks.get(verdict).copied().unwrap_or_default();
    let checks: Vec<String> = ["down", "degraded", "unknown", "up"]
        .iter()
        .filter(|verdict| count(verdict) > 0)
        .map(|verdict| out.toned(Tone::of(verdict), &format!("{} {verdict}", count(verdict))))
        .collect();
    let checks = if checks.is_empty() { "none is declared".to_owned() } else { checks.join("  ") };
    add(&mut text, "");
    add(&mut text, format!("checks    {checks}"));
    add(&mut text, format!("catalog   {} entities", status.entities));
    add(&mut text, format!("timeline  position {}", status.position));
    if status.pending_effects > 0 {
        add(&mut text, format!("hooks     {} calls not yet taken", status.pending_effects));
    }
    add(&mut text, format!("server    Mainstay {}", status.version));
    text
}
