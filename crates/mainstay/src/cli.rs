//! The verbs and their flags.

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, error::ErrorKind};

use crate::{client::ClientArgs, output::Format, settings::ServeArgs, verbs};

/// The exit code for a command line that can't be read (`sysexits.h`: `EX_USAGE`).
const USAGE: u8 = 64;

/// Who owns it, what changed, and the way back.
#[derive(Debug, Parser)]
#[command(name = "mainstay", bin_name = "mainstay", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(help_template = "{about}\n\nUsage: {usage}{after-help}\n\nOptions:\n{options}")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
    /// Print text for people, or JSON for programs
    #[arg(short, long, global = true, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    #[arg(help_heading = "Client options")]
    pub(crate) output: Format,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Show a living sample company, which breaks by itself
    #[command(after_help = "Example: mainstay demo --speed 4")]
    Demo(DemoArgs),
    /// Run the server
    #[command(after_help = "Example: mainstay serve --data ./data --catalog ./catalog")]
    Serve(ServeArgs),
    /// Serve flags near their callers, from a copy that outlives the server
    #[command(after_help = verbs::edge_flags::HELP)]
    EdgeFlags(verbs::edge_flags::EdgeFlagsArgs),
    /// Run checks from where this machine stands, for a server elsewhere
    #[command(after_help = verbs::probe::HELP)]
    Probe(verbs::probe::ProbeArgs),
    /// Show how everything is: what is broken, and how the checks are
    #[command(after_help = "Example: mainstay status")]
    Status,
    /// Show things: services, flags, checks, findings, or one entity
    #[command(after_help = verbs::get::HELP)]
    Get(verbs::get::GetArgs),
    /// Show who is on call and the schedule; put somebody in
    #[command(after_help = verbs::on_call::HELP, visible_alias = "oncall")]
    OnCall(verbs::on_call::OnCallArgs),
    /// Page whoever is on call
    #[command(after_help = verbs::page::PAGE_HELP)]
    Page(verbs::page::PageArgs),
    /// Show who was paged, and what became of it
    #[command(after_help = verbs::page::PAGES_HELP)]
    Pages(verbs::page::PagesArgs),
    /// Answer a page
    #[command(after_help = verbs::page::ACK_HELP)]
    Ack(verbs::page::AckArgs),
    /// Show an incident: whose it is, what changed, the way back; take it on, note, resolve
    #[command(after_help = verbs::incident::HELP)]
    Incident(verbs::incident::IncidentArgs),
    /// Promise what will be done, and show what was and what is late
    #[command(after_help = verbs::action::HELP)]
    Action(verbs::action::ActionArgs),
    /// Write down what was learnt of an incident; review and publish it
    #[command(after_help = verbs::postmortem::HELP)]
    Postmortem(verbs::postmortem::PostmortemArgs),
    /// Show what other tools report; take it on, end it
    #[command(after_help = verbs::alert::HELP)]
    Alert(verbs::alert::AlertArgs),
    /// Tell the public: publish incidents, announce maintenances, post updates
    #[command(after_help = verbs::status_page::HELP)]
    StatusPage(verbs::status_page::StatusPageArgs),
    /// Show what happened, or prove that nobody has altered it
    #[command(after_help = verbs::timeline::HELP)]
    Timeline(verbs::timeline::TimelineArgs),
    /// Take a change back
    #[command(after_help = verbs::undo::HELP)]
    Undo(verbs::undo::UndoArgs),
    /// Show flags, turn them, create them
    #[command(after_help = verbs::flag::HELP)]
    Flag(verbs::flag::FlagArgs),
    /// Say whether a version can be deployed, and if not, why and whose that is
    #[command(after_help = verbs::can_i_deploy::HELP)]
    CanIDeploy(verbs::can_i_deploy::CanIDeployArgs),
    /// Publish, list and compare contracts; take them over from a Pact Broker
    #[command(after_help = verbs::contract::HELP)]
    Contract(verbs::contract::ContractArgs),
    /// Show how well services are delivered: DORA's five measures
    #[command(after_help = verbs::dora::HELP)]
    Dora(verbs::dora::DoraArgs),
    /// Record a deployment or a configuration that has taken effect; list deployments, say which failed
    #[command(after_help = verbs::deploy::HELP)]
    Deploy(verbs::deploy::DeployArgs),
    /// Show checks, run them now, pause and resume them
    #[command(after_help = verbs::check::HELP)]
    Check(verbs::check::CheckArgs),
    /// Plan, list and end times in which checks aren't judged
    #[command(after_help = verbs::maintenance::HELP)]
    Maintenance(verbs::maintenance::MaintenanceArgs),
    /// Report what a job does, or start it and report on it
    #[command(after_help = verbs::heartbeat::HELP)]
    Heartbeat(verbs::heartbeat::HeartbeatArgs),
    /// Show service level objectives, and what is left of their budgets
    #[command(after_help = verbs::slo::HELP)]
    Slo(verbs::slo::SloArgs),
    /// Show what applying a catalog folder would change
    #[command(after_help = verbs::plan::HELP)]
    Plan(verbs::plan::PlanArgs),
    /// Apply a catalog folder: all of it or nothing
    #[command(after_help = verbs::apply::HELP)]
    Apply(verbs::apply::ApplyArgs),
    /// Write the catalog into a folder, as files to apply
    #[command(after_help = verbs::export::HELP)]
    Export(verbs::export::ExportArgs),
    /// Create, list and revoke tokens
    #[command(after_help = verbs::token::HELP)]
    Token(verbs::token::TokenArgs),
    /// Let other tools send their alerts, by keys
    #[command(after_help = verbs::integration::HELP)]
    Integration(verbs::integration::IntegrationArgs),
    /// Look for what is wrong with a data folder
    #[command(after_help = verbs::doctor::HELP)]
    Doctor(verbs::doctor::DoctorArgs),
    /// Copy a data folder into one file, also while a server uses it
    #[command(after_help = verbs::backup::HELP)]
    Backup(verbs::backup::BackupArgs),
    /// Make a data folder of a backup
    #[command(after_help = verbs::restore::HELP)]
    Restore(verbs::restore::RestoreArgs),
}

/// The verbs as `--help` groups them.
const GROUPS: &[(&str, &[&str])] = &[
    ("Run", &["demo", "serve", "edge-flags", "probe"]),
    (
        "Look",
        &[
            "status",
            "get",
            "incident",
            "postmortem",
            "alert",
            "on-call",
            "pages",
            "timeline",
            "slo",
            "dora",
            "can-i-deploy",
        ],
    ),
    (
        "Change",
        &[
            "undo",
            "page",
            "ack",
            "status-page",
            "action",
            "flag",
            "contract",
            "deploy",
            "check",
            "maintenance",
            "heartbeat",
            "plan",
            "apply",
            "export",
        ],
    ),
    ("Operate", &["token", "integration", "doctor", "backup", "restore"]),
];

const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 the answer is no; 64, 65 mend what you asked; 75 try again later;
78 the operator must change something; 70 a bug. Each error names its page in the manual.

Every verb has --help with an example. New here? Begin with: mainstay demo";

/// How the demo runs.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// The address to listen on; it must be this machine's own
    #[arg(long, default_value = crate::settings::LISTEN, value_name = "ADDR")]
    pub(crate) listen: String,
    /// How many times faster than usual things happen, from 1 to 100
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) speed: u32,
    /// What happens, and in which order, is drawn from this number; another one each time if left out
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

impl Cli {
    /// Reads the command line.
    ///
    /// # Errors
    /// The exit code, after what was wrong, or the help that was asked for, has been printed.
    pub(crate) fn read() -> Result<Self, u8> {
        let command = command();
        let read = command.try_get_matches().and_then(|matches| Self::from_arg_matches(&matches));
        read.map_err(|error| {
            // Nobody is left to tell if the output is closed.
            let _ = error.print();
            let asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            if asked_for { 0 } else { USAGE }
        })
    }
}

/// The command line, with the verbs in their groups.
fn command() -> clap::Command {
    let command = Cli::command();
    let mut text = String::new();
    for (group, names) in GROUPS {
        text.push_str(&format!("\n{group}:\n"));
        for name in *names {
            let about = command.find_subcommand(name).and_then(clap::Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            text.push_str(&format!("  {name:<12} {about}\n"));
        }
    }
    command.after_help(format!("{text}\n{EXIT_CODES}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_stands_in_one_group() {
        let verbs: Vec<String> = command().get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
        for verb in &verbs {
            let count = GROUPS.iter().flat_map(|(_, names)| *names).filter(|name| *name == verb).count();
            assert_eq!(count, 1, "{verb}");
        }
        assert_eq!(GROUPS.iter().map(|(_, names)| names.len()).sum::<usize>(), verbs.len());
    }

    #[test]
    fn every_verb_has_an_example() {
        for verb in command().get_subcommands() {
            let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains(&format!("mainstay {}", verb.get_name())), "{}", verb.get_name());
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }
}
