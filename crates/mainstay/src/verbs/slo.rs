//! `mainstay slo`: list, show, import.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use kernel::Refusal;

use super::{Session, slo_import};
use crate::{
    answers::Slo,
    output::{Printer, Table, Tone, add, short},
};

pub(crate) const HELP: &str = "\
Examples:
  mainstay slo list
  mainstay slo show shop-availability";

/// What to do with service level objectives.
#[derive(Debug, Args)]
pub(crate) struct SloArgs {
    #[command(subcommand)]
    verb: SloVerb,
}

#[derive(Debug, Subcommand)]
enum SloVerb {
    /// List the objectives, and what is left of their budgets
    #[command(after_help = "Example: mainstay slo list")]
    List,
    /// Show an objective; exit code 1 unless it is in budget
    #[command(after_help = "Example: mainstay slo show shop-availability")]
    Show {
        /// Its name
        name: String,
    },
    /// Make catalog files of Sloth's or Pyrra's
    #[command(after_help = slo_import::HELP)]
    Import(slo_import::ImportArgs),
}

/// Lists, shows or imports.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn run(args: SloArgs, session: &Session) -> Result<ExitCode, Refusal> {
    match args.verb {
        SloVerb::List => list(session).await,
        SloVerb::Show { name } => show(&name, session).await,
        SloVerb::Import(args) => slo_import::run(&args, &session.out),
    }
}

async fn list(session: &Session) -> Result<ExitCode, Refusal> {
    let answer = session.client.list(&["slos"], &[], usize::MAX).await?;
    session.out.show(answer, |slos: Vec<Slo>| {
        let mut table = Table::new(&["objective", "state", "budget left", "burns", "about"]);
        for slo in &slos {
            let left = slo.objectives.iter().filter_map(|it| it.left).min_by(f64::total_cmp);
            let burn = slo.objectives.iter().filter_map(|it| it.burn).max_by(f64::total_cmp);
            table.row([
                short(&slo.slo).to_owned(),
                state(&session.out, slo),
                percent(left),
                burn.map_or_else(|| "unknown".to_owned(), |burn| format!("{burn:.1}x")),
                slo.entity.as_deref().map(short).unwrap_or_default().to_owned(),
            ]);
        }
        table.or("There is no service level objective yet: declare one in the catalog (apiVersion: openslo/v1).")
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn show(name: &str, session: &Session) -> Result<ExitCode, Refusal> {
    let answer = session.client.get(&["slos", name], &[]).await?;
    let is_good = answer.get("state").is_some_and(|state| state == "in budget");
    session.out.show(answer, |slo: Slo| text(&session.out, &slo))?;
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn text(out: &Printer, slo: &Slo) -> String {
    let mut text = String::new();
    add(&mut text, format!("{}  {}", out.strong(short(&slo.slo)), state(out, slo)));
    add(&mut text, format!("  service  {}", slo.service));
    if let Some(entity) = &slo.entity {
        add(&mut text, format!("  about    {}", short(entity)));
    }
    if let Some(trouble) = &slo.trouble {
        add(&mut text, format!("  trouble  {trouble}"));
    }
    for objective in &slo.objectives {
        let name = objective.display.as_deref().map(|name| format!("{name}: ")).unwrap_or_default();
        let good = objective.good_percent.map_or_else(|| "unknown".to_owned(), |good| format!("{good:.3}%"));
        let burn = objective.burn.map_or_else(|| "unknown".to_owned(), |burn| format!("{burn:.1}x"));
        add(
            &mut text,
            format!(
                "  {name}{good} good, {}% wanted; {} of the budget left; burns {burn}",
                objective.target_percent,
                percent(objective.left)
            ),
        );
        for firing in &objective.firing {
            add(&mut text, format!("    {} ({}) since {}", firing.alert, firing.severity, out.when(firing.since)));
        }
    }
    slo.notes.iter().for_each(|note| add(&mut text, format!("  note     {note}")));
    text
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "unknown".to_owned(), |share| format!("{:.1}%", share * 100.0))
}

fn state(out: &Printer, slo: &Slo) -> String {
    let tone = match slo.state.as_str() {
        "in budget" => Tone::Good,
        "burning slowly" => Tone::Warn,
        "burning" | "used up" => Tone::Bad,
        _ => Tone::Unknown,
    };
    out.toned(tone, &slo.state)
}
