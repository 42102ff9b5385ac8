//! `mainstay contract import`: everything of a Pact Broker that can be read is written into this server.
//!
//! Source and target speak the same protocol, so that both are read by [`read`]. What is there already is left alone; what
//! is missing is written in the order in which it came about: versions oldest first, each with its branches and tags
//! ([`versions`]), then pacts and verifications ([`pacts`]), then what is where, and webhooks ([`places`]). So an import that
//! broke off goes on where it was, and one that is repeated changes nothing.

mod pacts;
mod places;
mod read;
mod report;
mod versions;

use std::{collections::BTreeMap, process::ExitCode};

use clap::Args;
use kernel::{Class, Refusal, codes};
use reqwest::{Method, Url};
use serde_json::Value;

use super::Session;
use crate::{
    client,
    hal::{Broker, Credentials},
    output::warn,
};
use read::Version;
use report::{Report, Sort};

pub(super) const HELP: &str = "\
It may be broken off and started again, also while the old broker is still used: what is here already is left alone. The
order of versions is kept; the times at which things happened in the old broker can't be. Webhooks are made, but not
enabled, unless --enable-webhooks is given; secrets can't be read and must be set again. The manual's page \"Moving from
the Pact Broker\" has the rest.

Examples:
  mainstay contract import https://broker.example.com --user reader --password \"$BROKER_PASSWORD\"
  mainstay contract import https://acme.pactflow.io --broker-token \"$BROKER_TOKEN\" -o json";

/// From where.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// The address of the other broker's index
    broker: String,
    /// The token to show there
    #[arg(long, env = "MAINSTAY_BROKER_TOKEN", hide_env_values = true, value_name = "TOKEN", conflicts_with = "user")]
    broker_token: Option<String>,
    /// The user to be there
    #[arg(long, env = "MAINSTAY_BROKER_USER", value_name = "USER", requires = "password")]
    user: Option<String>,
    /// The user's password
    #[arg(long, env = "MAINSTAY_BROKER_PASSWORD", hide_env_values = true, value_name = "PASSWORD")]
    password: Option<String>,
    /// Enable the webhooks that are enabled there and need no secret
    #[arg(long)]
    enable_webhooks: bool,
}

/// An import that is under way.
struct Importing {
    source: Broker,
    target: Broker,
    enable_webhooks: bool,
    report: Report,
    /// The versions of each pacticipant of the source, the oldest first.
    versions: BTreeMap<String, Vec<Version>>,
}

/// Reads the other broker and writes what is missing here.
///
/// # Errors
/// If one of the two can't be reached or does not let us in; all that was written until then stays, and is reported.
pub(super) async fn import(args: &Import, session: &Session) -> Result<ExitCode, Refusal> {
    let source = args.source()?;
    let mut importing = Importing {
        report: Report::of(&source.place()),
        source,
        target: session.client.broker()?,
        enable_webhooks: args.enable_webhooks,
        versions: BTreeMap::new(),
    };
    let done = importing.run().await;
    if done.is_ok() || !importing.report.is_empty() {
        let report = serde_json::to_value(&importing.report)
            .map_err(|error| Refusal::new(&codes::INTERNAL, format!("the report: {error}")))?;
        session.out.show(report, |report: Report| report.text(&session.out))?;
    }
    if let Err(refusal) = done {
        warn("It stopped before the end; run it again to go on.");
        return Err(refusal);
    }
    let whole = importing.report.is_whole();
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(codes::INVALID.class.exit_code()) })
}

impl Import {
    fn source(&self) -> Result<Broker, Refusal> {
        let wrong = |why: &str| {
            let detail = format!("\"{}\" is no address of a broker: {why}", self.broker);
            Refusal::new(&codes::INVALID, detail).field("BROKER").fix("write it as https://broker.example.com")
        };
        let base = Url::parse(&self.broker).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") || base.cannot_be_a_base() {
            return Err(wrong("it does not begin with http:// or https://"));
        }
        let credentials = match (&self.broker_token, &self.user) {
            (Some(token), None) => Credentials::Token(token.clone()),
            (None, Some(user)) => {
                Credentials::Password { user: user.clone(), password: self.password.clone().unwrap_or_default() }
            }
            (None, None) if self.password.is_some() => {
                let detail = "a password is of no use without a user";
                return Err(Refusal::new(&codes::INVALID, detail).field("--password").fix("give --user, too"));
            }
            (None | Some(_), _) => Credentials::None,
        };
        Ok(Broker::new(client::http(&base)?, base, credentials))
    }
}

impl Importing {
    async fn run(&mut self) -> Result<(), Refusal> {
        let index = self.source.get(&[], &[]).await.map_err(|refusal| {
            let denied = refusal.code == &codes::UNAUTHENTICATED || refusal.code == &codes::FORBIDDEN;
            let fix = if denied { "give --broker-token, or --user and --password" } else { "check the address" };
            refusal.field("BROKER").fix(fix)
        })?;
        if index.pointer("/_links/pb:pacticipants").is_none() {
            let detail = format!("{} is no Pact Broker: its index has no pb:pacticipants", self.source.place());
            return Err(Refusal::new(&codes::MALFORMED, detail)
                .field("BROKER")
                .fix("give the address of the broker's index"));
        }
        // Whoever may not write here learns it before anything is read.
        self.target.get(&[], &[]).await?;
        self.pacticipants().await?;
        self.pacts().await?;
        self.places().await?;
        self.webhooks().await
    }

    /// Writes something here. What is refused because of what it is, is noted; then nothing is returned.
    async fn write(
        &mut self,
        (sort, name): (Sort, &str),
        method: Method,
        path: &[&str],
        body: &Value,
    ) -> Result<Option<Value>, Refusal> {
        match self.target.send(method, path, body).await {
            Ok(answer) => {
                self.report.written(sort);
                Ok(Some(answer))
            }
            Err(refusal) => self.refused(sort, name, refusal).map(|()| None),
        }
    }

    /// Notes what can't be written; passes on what would hold for everything that follows.
    fn refused(&mut self, sort: Sort, name: &str, refusal: Refusal) -> Result<(), Refusal> {
        let holds_for_all = refusal.code == &codes::UNAUTHENTICATED || refusal.code == &codes::FORBIDDEN;
        if refusal.class() != Class::UserFixable || holds_for_all {
            return Err(refusal);
        }
        let field = refusal.field.map_or_else(String::new, |field| format!("{field} "));
        self.report.refused(sort, format!("{name}: {field}{}", refusal.detail));
        Ok(())
    }
}

/// Says on standard error how far it is.
fn progress(text: &str) {
    warn(text);
}
