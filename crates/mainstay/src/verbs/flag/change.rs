//! `mainstay flag on`, `off` and `set`.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use kernel::Refusal;
use serde_json::{Map, Value, json};

use super::{Session, input};

pub(super) const SET_HELP: &str = "\
Only what is given changes. Where changes need approval, it is refused: ask for it with `mainstay flag request set`.

Examples:
  mainstay flag set new-basket --rollout on=20,off=80 --reason \"a first look\"
  mainstay flag set new-basket --audience staff=on --environment staging
  mainstay flag set new-basket --targeting @rule.json
  mainstay flag set new-basket --clear rollout --clear targeting";

/// Where, and why.
#[derive(Debug, Args)]
pub(super) struct Occasion {
    /// Where
    #[arg(long, short, default_value = "production", value_name = "NAME")]
    pub(super) environment: String,
    /// Why: shown on the timeline
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
}

/// Which flag, where, and why.
#[derive(Debug, Args)]
pub(super) struct Turn {
    /// The flag's name
    key: String,
    #[command(flatten)]
    occasion: Occasion,
    /// Do it at once where changes need approval; the timeline says so loudly
    #[arg(long, requires = "reason")]
    emergency: bool,
}

/// A change of what holds in one environment.
#[derive(Debug, Args)]
pub(super) struct Set {
    /// The flag's name
    key: String,
    #[command(flatten)]
    change: Setting,
    #[command(flatten)]
    occasion: Occasion,
    /// Do it at once where changes need approval; the timeline says so loudly
    #[arg(long, requires = "reason")]
    emergency: bool,
}

/// What holds in one environment, as far as it is to change.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct Setting {
    /// What is served when no rule says otherwise
    #[arg(long, value_name = "NAME")]
    default_variant: Option<String>,
    /// The rule, in JsonLogic; @FILE reads it from a file
    #[arg(long, value_name = "JSON")]
    targeting: Option<String>,
    /// What the members of a segment get; may be given several times, the first that matches counts
    #[arg(long, value_name = "SEGMENT=VARIANT")]
    audience: Vec<String>,
    /// What all others get, by weight: on=20,off=80
    #[arg(long, value_name = "SHARES")]
    rollout: Option<String>,
    /// The attribute that keeps somebody in a share; the targeting key if left out
    #[arg(long, requires = "rollout", value_name = "ATTRIBUTE")]
    by: Option<String>,
    /// How many people must agree to a change here
    #[arg(long, value_name = "N")]
    approvals: Option<u8>,
    /// What to take away; may be given several times
    #[arg(long, value_enum, value_name = "WHAT")]
    clear: Vec<Clear>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Clear {
    DefaultVariant,
    Targeting,
    Audiences,
    Rollout,
    Ramp,
}

impl Clear {
    fn name(self) -> &'static str {
        match self {
            Self::DefaultVariant => "defaultVariant",
            Self::Targeting => "targeting",
            Self::Audiences => "audiences",
            Self::Rollout => "rollout",
            Self::Ramp => "ramp",
        }
    }
}

impl Setting {
    /// The fields of the API that change; null clears.
    ///
    /// # Errors
    /// If one of them can't be read.
    pub(super) fn fields(&self) -> Result<Map<String, Value>, Refusal> {
        let mut fields: Map<String, Value> =
            self.clear.iter().map(|clear| (clear.name().to_owned(), Value::Null)).collect();
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        if let Some(variant) = &self.default_variant {
            put("defaultVariant", json!(variant));
        }
        if let Some(rule) = &self.targeting {
            put("targeting", input::json("--targeting", rule)?);
        }
        let audiences = input::pairs("--audience", self.audience.iter().map(String::as_str))?;
        if !audiences.is_empty() {
            let audiences = audiences.iter().map(|(segment, variant)| json!({"segment": segment, "variant": variant}));
            put("audiences", audiences.collect());
        }
        if let Some(shares) = &self.rollout {
            let mut rollout = json!({"variants": input::shares("--rollout", shares)?});
            if let (Some(by), Some(rollout)) = (&self.by, rollout.as_object_mut()) {
                rollout.insert("by".to_owned(), json!(by));
            }
            put("rollout", rollout);
        }
        if let Some(approvals) = self.approvals {
            put("approvals", json!(approvals));
        }
        Ok(fields)
    }
}

/// Turns a flag `on` or `off`.
///
/// # Errors
/// What the server refuses.
pub(super) async fn turn(turn: &Turn, to: &str, session: &Session) -> Result<ExitCode, Refusal> {
    let body = occasion(&turn.occasion, turn.emergency);
    session.carry_out(&["flags", &turn.key, to], &body).await
}

/// Changes who gets what.
///
/// # Errors
/// What the server refuses.
pub(super) async fn set(set: &Set, session: &Session) -> Result<ExitCode, Refusal> {
    let mut body = occasion(&set.occasion, set.emergency);
    body.extend(set.change.fields()?);
    session.carry_out(&["flags", &set.key, "set"], &body).await
}

/// The members that every change has.
pub(super) fn occasion(occasion: &Occasion, emergency: bool) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("environment".to_owned(), json!(occasion.environment));
    body.insert("reason".to_owned(), json!(occasion.reason));
    if emergency {
        body.insert("emergency".to_owned(), json!(true));
    }
    body
}
