//! `mainstay token`: create, list, revoke.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use kernel::Refusal;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Session, times};
use crate::{
    answers::Token,
    output::{Table, Tone},
};

pub(crate) const HELP: &str = "\
Examples:
  mainstay token create ci --scope report --expires 90d
  mainstay token create shop --scope evaluate --environment production --flag-set shop
  mainstay token list
  mainstay token revoke 01a20507-3830-7391-97f0-ed0fcf78a12b";

/// What to do with tokens.
#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    verb: TokenVerb,
}

#[derive(Debug, Subcommand)]
enum TokenVerb {
    /// Create a token; its text is shown this once
    #[command(after_help = "Example: mainstay token create ci --scope report --expires 90d")]
    Create {
        /// What to call it: who will use it
        name: String,
        /// What it may do: evaluate, report, read, write or admin; may be given several times
        #[arg(long = "scope", required = true, value_name = "SCOPE", value_delimiter = ',')]
        scopes: Vec<String>,
        /// Let it evaluate flags in this environment alone
        #[arg(long, value_name = "NAME")]
        environment: Option<String>,
        /// Let it evaluate the flags of this flag set alone; may be given several times
        #[arg(long = "flag-set", value_name = "NAME", value_delimiter = ',')]
        flag_sets: Vec<String>,
        /// When it ends: `90d`, or 2027-01-31T00:00:00Z; never if left out
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
    },
    /// List the tokens in force
    #[command(after_help = "Example: mainstay token list")]
    List,
    /// End a token now
    #[command(after_help = "Example: mainstay token revoke 01a20507-3830-7391-97f0-ed0fcf78a12b")]
    Revoke {
        /// The token's id
        id: String,
        /// Why: shown on the timeline
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

/// Creates, lists or revokes.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn run(args: TokenArgs, session: &Session) -> Result<ExitCode, Refusal> {
    match args.verb {
        TokenVerb::Create { name, scopes, environment, flag_sets, expires } => {
            let expires = expires.map(|text| times::future("--expires", &text, session.out.now())).transpose()?;
            let expires = expires.map(|at| at.to_string());
            let body = json!({
                "name": name, "scopes": scopes, "environment": environment, "flag_sets": flag_sets, "expires": expires,
            });
            create(&body, session).await
        }
        TokenVerb::List => list(session).await,
        TokenVerb::Revoke { id, reason } => {
            let answer = session.client.delete(&["tokens", &id], &json!({"reason": reason})).await?;
            session.show_done(answer)
        }
    }
}

#[derive(Deserialize)]
struct Issued {
    token: String,
}

async fn create(token: &Value, session: &Session) -> Result<ExitCode, Refusal> {
    let answer = session.client.post(&["tokens"], token).await?;
    // The text alone, so that a script can take it as it is.
    session.out.show(answer, |issued: Issued| issued.token)?;
    Ok(ExitCode::SUCCESS)
}

/// Lists the tokens.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn list(session: &Session) -> Result<ExitCode, Refusal> {
    let answer = session.client.list(&["tokens"], &[], usize::MAX).await?;
    session.out.show(answer, |tokens: Vec<Token>| {
        let mut table = Table::new(&["name", "scopes", "expires", "last used", "by", "id"]);
        for token in &tokens {
            let Token { id, name, expires, by, last_used, .. } = token;
            let expires = expires.map_or_else(|| session.out.toned(Tone::Warn, "never"), |at| session.out.when(at));
            let last_used = last_used.map_or_else(|| "never".to_owned(), |at| session.out.ago(at));
            table.row([name.clone(), token.may(), expires, last_used, by.words(), id.clone()]);
        }
        table.or("There is no token yet: mainstay token create NAME --scope SCOPE --expires 90d")
    })?;
    Ok(ExitCode::SUCCESS)
}
