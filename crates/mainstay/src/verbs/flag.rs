//! `mainstay flag`: list, show, on, off, create.

use std::{collections::BTreeMap, process::ExitCode};

use clap::{Args, Subcommand};
use kernel::Refusal;
use serde_json::json;

use super::Session;
use crate::{
    answers::{Flag, Switch},
    output::{Printer, Table, Tone, add, short},
};

pub(crate) const HELP: &str = "\
Examples:
  mainstay flag list
  mainstay flag off gift-wrap --reason \"checkout is down\"
  mainstay flag create new-basket --owner checkout --used-by cart --on production";

/// What to do with flags.
#[derive(Debug, Args)]
pub(crate) struct FlagArgs {
    #[command(subcommand)]
    verb: FlagVerb,
}

#[derive(Debug, Subcommand)]
enum FlagVerb {
    /// List the flags by name
    #[command(after_help = "Example: mainstay flag list")]
    List,
    /// Show a flag
    #[command(after_help = "Example: mainstay flag show gift-wrap")]
    Show {
        /// Its name
        key: String,
    },
    /// Turn a flag on
    #[command(after_help = "Example: mainstay flag on gift-wrap --environment staging")]
    On(Turn),
    /// Turn a flag off
    #[command(after_help = "Example: mainstay flag off gift-wrap --reason \"checkout is down\"")]
    Off(Turn),
    /// Create a flag, or change one that was created so; flags in catalog files are changed there
    #[command(after_help = "Example: mainstay flag create new-basket --owner checkout --used-by cart --on production")]
    Create(Create),
}

#[derive(Debug, Args)]
struct Turn {
    /// The flag's name
    key: String,
    /// Where
    #[arg(long, short, default_value = "production", value_name = "NAME")]
    environment: String,
    /// Why: shown on the timeline
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(Debug, Args)]
struct Create {
    /// The flag's name: what programs ask for
    key: String,
    /// What it is for
    #[arg(long, default_value = "", value_name = "TEXT")]
    description: String,
    /// Who keeps it: a group or user
    #[arg(long, value_name = "GROUP")]
    owner: Option<String>,
    /// A component that evaluates it; may be given several times
    #[arg(long, value_name = "COMPONENT")]
    used_by: Vec<String>,
    /// An environment in which it begins on; may be given several times
    #[arg(long, value_name = "ENVIRONMENT")]
    on: Vec<String>,
    /// An environment in which it begins off; may be given several times
    #[arg(long, value_name = "ENVIRONMENT")]
    off: Vec<String>,
    /// When it should be gone
    #[arg(long, value_name = "DATE")]
    expires: Option<String>,
}

/// Lists, shows, turns or creates.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn run(args: FlagArgs, session: &Session) -> Result<ExitCode, Refusal> {
    match args.verb {
        FlagVerb::List => list(session).await,
        FlagVerb::Show { key } => show(&key, session).await,
        FlagVerb::On(turn) => self::turn(turn, "on", session).await,
        FlagVerb::Off(turn) => self::turn(turn, "off", session).await,
        FlagVerb::Create(new) => create(new, session).await,
    }
}

/// Lists the flags.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn list(session: &Session) -> Result<ExitCode, Refusal> {
    let answer = session.client.list(&["flags"], &[], usize::MAX).await?;
    session.out.show(answer, |flags: Vec<Flag>| {
        let mut table = Table::new(&["flag", "environment", "state", "since", "by", "owner"]);
        for flag in &flags {
            for (environment, switch) in &flag.environments {
                let owner = flag.owner.as_deref().map_or("nobody", short).to_owned();
                let (state, since) = (state(&session.out, flag, switch), session.out.ago(switch.since));
                table.row([flag.key.clone(), environment.clone(), state, since, switch.by.words(), owner]);
            }
        }
        table.or("There is no flag yet: declare one in the catalog (kind: Flag), or use `mainstay flag create`.")
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Shows a flag.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn show(key: &str, session: &Session) -> Result<ExitCode, Refusal> {
    let answer = session.client.get(&["flags", key], &[]).await?;
    session.out.show(answer, |flag: Flag| text(&session.out, &flag))?;
    Ok(ExitCode::SUCCESS)
}

fn text(out: &Printer, flag: &Flag) -> String {
    let mut text = String::new();
    add(&mut text, format!("{}  {}", out.strong(&flag.key), flag.description));
    for (environment, switch) in &flag.environments {
        let since = out.when(switch.since);
        add(
            &mut text,
            format!("  {environment}: {} since {since}, by {}", state(out, flag, switch), switch.by.words()),
        );
    }
    add(&mut text, format!("  owner: {}", flag.owner.as_deref().map_or("nobody", short)));
    let users: Vec<&str> = flag.used_by.iter().map(|component| short(component)).collect();
    add(&mut text, format!("  used by: {}", if users.is_empty() { "nothing".to_owned() } else { users.join(", ") }));
    if let Some(expires) = &flag.expires {
        add(&mut text, format!("  should be gone by {expires}"));
    }
    text
}

fn state(out: &Printer, flag: &Flag, switch: &Switch) -> String {
    let word = if switch.on { "on" } else { "off" };
    let tone = if switch.on { Tone::Good } else { Tone::Quiet };
    if flag.declared && switch.drifted {
        return out.toned(Tone::Warn, &format!("{word}, declared {}", if switch.on { "off" } else { "on" }));
    }
    out.toned(tone, word)
}

async fn turn(turn: Turn, to: &str, session: &Session) -> Result<ExitCode, Refusal> {
    let body = json!({"environment": turn.environment, "reason": turn.reason});
    session.carry_out(&["flags", &turn.key, to], &body).await
}

async fn create(new: Create, session: &Session) -> Result<ExitCode, Refusal> {
    let off = new.off.iter().map(|environment| (environment, false));
    let environments: BTreeMap<&String, bool> =
        off.chain(new.on.iter().map(|environment| (environment, true))).collect();
    let body = json!({
        "key": new.key, "description": new.description, "owner": new.owner, "used_by": new.used_by,
        "environments": environments, "expires": new.expires,
    });
    session.carry_out(&["flags"], &body).await
}
