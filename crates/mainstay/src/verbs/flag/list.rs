//! `mainstay flag list`.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use kernel::Refusal;

use super::{
    Session,
    answers::{Flag, Setting},
};
use crate::output::{Printer, Table, Tone, short};

/// Which flags.
#[derive(Debug, Default, Args)]
pub(crate) struct ListArgs {
    /// Only those that are on, or off
    #[arg(long, value_enum, value_name = "STATE")]
    state: Option<State>,
    /// Only this one's: a group or user
    #[arg(long, value_name = "GROUP")]
    owner: Option<String>,
    /// Only those that should go
    #[arg(long)]
    stale: bool,
    /// Only as they are there
    #[arg(long, short, value_name = "NAME")]
    environment: Option<String>,
    /// Only these: release, experiment, operational, kill-switch or permission
    #[arg(long, value_name = "PURPOSE")]
    purpose: Option<String>,
    /// Only those that have this in their name or description
    #[arg(long = "match", value_name = "TEXT")]
    text: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    On,
    Off,
}

impl ListArgs {
    fn query(&self) -> Vec<(&str, &str)> {
        let state = self.state.map(|state| match state {
            State::On => "on",
            State::Off => "off",
        });
        let pairs = [
            ("state", state),
            ("owner", self.owner.as_deref()),
            ("stale", self.stale.then_some("true")),
            ("environment", self.environment.as_deref()),
            ("purpose", self.purpose.as_deref()),
            ("q", self.text.as_deref()),
        ];
        pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// Lists the flags.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn list(args: &ListArgs, session: &Session) -> Result<ExitCode, Refusal> {
    let query = args.query();
    let answer = session.client.list(&["flags"], &query, usize::MAX).await?;
    let empty = if query.is_empty() {
        "There is no flag yet: declare one in the catalog (kind: Flag), or use `mainstay flag create`."
    } else {
        "There is no such flag."
    };
    session.out.show(answer, |flags: Vec<Flag>| {
        let mut table = Table::new(&["flag", "environment", "state", "since", "by", "owner"]);
        let wanted = |name: &String| args.environment.as_ref().is_none_or(|wanted| wanted == name);
        for flag in &flags {
            for (environment, setting) in flag.environments.iter().filter(|(name, _)| wanted(name)) {
                let owner = flag.owner.as_deref().map_or("nobody", short).to_owned();
                let (state, since) = (state(&session.out, flag, setting), session.out.ago(setting.since));
                table.row([flag.key.clone(), environment.clone(), state, since, setting.by.words(), owner]);
            }
        }
        table.or(empty)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// `● on`, `▲ off, declared on`, `● on, 25%`.
pub(super) fn state(out: &Printer, flag: &Flag, setting: &Setting) -> String {
    let word = if setting.on { "on" } else { "off" };
    if flag.declared && setting.drifted {
        return out.toned(Tone::Warn, &format!("{word}, declared {}", if setting.on { "off" } else { "on" }));
    }
    let tone = if setting.on { Tone::Good } else { Tone::Quiet };
    match setting.ramp.as_ref().filter(|_| setting.on) {
        Some(ramp) => out.toned(tone, &format!("{word}, {}%", ramp.percent)),
        None => out.toned(tone, word),
    }
}
