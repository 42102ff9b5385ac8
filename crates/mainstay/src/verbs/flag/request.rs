//! `mainstay flag requests`, `request`, `approve`, `reject` and `withdraw`: changes that need more than one person, or
//! another time.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use kernel::Refusal;
use serde_json::{Map, Value, json};

use super::{Session, answers::Request, change::Setting};
use crate::{
    answers::Actor,
    output::{self, Printer, Table, add, read},
    verbs::{consent, times},
};

pub(super) const HELP: &str = "\
Where no approval is needed, a request with --at is a schedule: it is done at that time. An approval is of the change as
it was shown; if the change is amended, it needs new ones. Nobody can approve what they asked for.

Examples:
  mainstay flag request on new-basket --at 2026-11-23T09:00:00Z --reason \"after the weekend\"
  mainstay flag request set new-basket --rollout on=50,off=50 --reason \"half of all\"
  mainstay flag requests
  mainstay flag approve 01a20507-3830-7391-97f0-ed0fcf78a12b";

/// Which requests.
#[derive(Debug, Args)]
pub(super) struct List {
    /// What became of them
    #[arg(long, value_enum, default_value_t = State::Open, value_name = "STATE")]
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum State {
    /// They wait for approvals or for their time
    Open,
    /// They were done
    Applied,
    /// Somebody said no
    Rejected,
    /// Their author took them back
    Withdrawn,
    /// They could not be done
    Failed,
    /// Any of these
    All,
}

impl State {
    fn query(self) -> Option<(&'static str, &'static str)> {
        let word = match self {
            Self::Open => "open",
            Self::Applied => "applied",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Failed => "failed",
            Self::All => return None,
        };
        Some(("state", word))
    }
}

/// What to ask for.
#[derive(Debug, Args)]
pub(super) struct RequestArgs {
    #[command(subcommand)]
    change: Change,
}

#[derive(Debug, Subcommand)]
enum Change {
    /// Ask to turn a flag on
    #[command(after_help = "Example: mainstay flag request on new-basket --at 12h --reason \"after the weekend\"")]
    On(Wish),
    /// Ask to turn a flag off
    #[command(after_help = "Example: mainstay flag request off gift-wrap --at 2026-12-27T00:00:00Z")]
    Off(Wish),
    /// Ask to change who gets what
    #[command(after_help = "Example: mainstay flag request set new-basket --rollout on=50,off=50")]
    Set {
        #[command(flatten)]
        wish: Wish,
        #[command(flatten)]
        setting: Setting,
    },
    /// Ask to remove a flag
    #[command(after_help = "Example: mainstay flag request remove gift-wrap --reason \"no code names it\"")]
    Remove(Wish),
}

#[derive(Debug, Args)]
struct Wish {
    /// The flag's name
    key: String,
    /// Where
    #[arg(long, short, default_value = "production", value_name = "NAME")]
    environment: String,
    /// When: `12h`, or 2026-11-23T09:00:00Z; as soon as it is approved if left out
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Why: shown to who approves it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Which request.
#[derive(Debug, Args)]
pub(super) struct Approve {
    /// The request's id
    id: String,
    /// The hash of the change that you have read; it is refused if the change is another by now
    #[arg(long, value_name = "HASH")]
    hash: Option<String>,
    /// Don't ask
    #[arg(long, short)]
    yes: bool,
}

/// Lists requests.
///
/// # Errors
/// What the server refuses.
pub(super) async fn list(args: &List, session: &Session) -> Result<ExitCode, Refusal> {
    let query: Vec<_> = args.state.query().into_iter().collect();
    let answer = session.client.list(&["flags", "requests"], &query, usize::MAX).await?;
    session.out.show(answer, |requests: Vec<Request>| {
        let mut table = Table::new(&["id", "flag", "change", "state", "approvals", "at", "by"]);
        for request in &requests {
            let at = request.at.map_or_else(|| "at once".to_owned(), |at| session.out.ago(at));
            let approvals = format!("{} of {}", request.approvals.len(), request.needed);
            let state = match &request.why {
                Some(why) => format!("{}: {why}", request.state),
                None => request.state.clone(),
            };
            let (id, flag, summary) = (request.id.clone(), request.flag.clone(), request.summary.clone());
            table.row([id, flag, summary, state, approvals, at, author(request)]);
        }
        table.or("There is no such request.")
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Asks for a change.
///
/// # Errors
/// What the server refuses.
pub(super) async fn ask(args: &RequestArgs, session: &Session) -> Result<ExitCode, Refusal> {
    let (wish, change) = match &args.change {
        Change::On(wish) => (wish, of_turn(wish, true)),
        Change::Off(wish) => (wish, of_turn(wish, false)),
        Change::Set { wish, setting } => {
            let mut change = Map::from_iter([
                ("type".to_owned(), json!("set")),
                ("environment".to_owned(), json!(wish.environment)),
            ]);
            change.extend(setting.fields()?);
            (wish, Value::Object(change))
        }
        Change::Remove(wish) => (wish, json!({"type": "remove"})),
    };
    let at = wish.at.as_deref().map(|text| times::future("--at", text, session.out.now())).transpose()?;
    let body = json!({
        "flag": wish.key, "change": change, "at": at.map(|at| at.to_string()), "reason": wish.reason,
    });
    session.carry_out(&["flags", "requests"], &body).await
}

fn of_turn(wish: &Wish, on: bool) -> Value {
    json!({"type": "turn", "environment": wish.environment, "on": on})
}

/// Shows a request, asks, and approves what was shown.
///
/// # Errors
/// What the server refuses, or if nobody is there to be asked.
pub(super) async fn approve(args: &Approve, session: &Session) -> Result<ExitCode, Refusal> {
    let hash = match &args.hash {
        Some(hash) => hash.clone(),
        None => {
            let answer = session.client.get(&["flags", "requests", &args.id], &[]).await?;
            let request: Request = read(answer.clone())?;
            if !session.out.is_json() {
                session.out.show(answer, |request: Request| text(&session.out, &request))?;
            }
            if !args.yes && !consent::given("Approve it?", "--yes")? {
                output::line("Nothing was done.")?;
                return Ok(ExitCode::FAILURE);
            }
            request.hash
        }
    };
    session.carry_out(&["flags", "requests", &args.id, "approve"], &json!({"hash": hash})).await
}

/// Rejects a request.
///
/// # Errors
/// What the server refuses.
pub(super) async fn reject(id: &str, reason: &str, session: &Session) -> Result<ExitCode, Refusal> {
    session.carry_out(&["flags", "requests", id, "reject"], &json!({"reason": reason})).await
}

/// Withdraws a request.
///
/// # Errors
/// What the server refuses.
pub(super) async fn withdraw(id: &str, session: &Session) -> Result<ExitCode, Refusal> {
    session.carry_out(&["flags", "requests", id, "withdraw"], &json!({})).await
}

fn author(request: &Request) -> String {
    request.by.as_ref().map_or_else(|| "nobody".to_owned(), Actor::words)
}

fn text(out: &Printer, request: &Request) -> String {
    let mut text = String::new();
    add(&mut text, format!("{}, asked for by {}", out.strong(&request.flag), author(request)));
    request.change.iter().for_each(|line| add(&mut text, format!("  {line}")));
    if let Some(at) = request.at {
        add(&mut text, format!("  at {}", out.when(at)));
    }
    if let Some(reason) = &request.reason {
        add(&mut text, format!("  because: {reason}"));
    }
    let names: Vec<String> = request.approvals.iter().map(|approval| approval.by.words()).collect();
    let by = if names.is_empty() { String::new() } else { format!(", by {}", names.join(", ")) };
    add(&mut text, format!("  {} of {} approvals{by}", names.len(), request.needed));
    add(&mut text, out.faint(&format!("  hash {}", request.hash)));
    text
}
