//! `mainstay flag create`.

use std::process::ExitCode;

use clap::Args;
use kernel::Refusal;
use serde_json::{Map, Value, json};

use super::{Session, input};

pub(super) const HELP: &str = "\
--from takes all of the flag from a file: JSON, as the spec of `kind: Flag` has it; what else is given comes on top.

Examples:
  mainstay flag create new-basket --owner checkout --used-by cart --on production
  mainstay flag create button --variant blue=#00f --variant red=#f00 --default-variant blue --off-variant blue
  mainstay flag create new-basket --from new-basket.json";

/// A flag.
#[derive(Debug, Args)]
pub(super) struct Create {
    /// The flag's name: what programs ask for
    key: String,
    /// A file with its spec, as JSON
    #[arg(long, value_name = "FILE")]
    from: Option<std::path::PathBuf>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Who keeps it: a group or user
    #[arg(long, value_name = "GROUP")]
    owner: Option<String>,
    /// A component that evaluates it; may be given several times
    #[arg(long, value_name = "COMPONENT")]
    used_by: Vec<String>,
    /// release, experiment, operational, kill-switch or permission
    #[arg(long, value_name = "PURPOSE")]
    purpose: Option<String>,
    /// A value that it can have, JSON or text; may be given several times. Without any, it is on or off
    #[arg(long, value_name = "NAME=VALUE")]
    variant: Vec<String>,
    /// What is served while it is on and no rule says otherwise
    #[arg(long, value_name = "NAME")]
    default_variant: Option<String>,
    /// What is served while it is off; without one the caller's own default is
    #[arg(long, value_name = "NAME")]
    off_variant: Option<String>,
    /// Its rule, in JsonLogic; @FILE reads it from a file
    #[arg(long, value_name = "JSON")]
    targeting: Option<String>,
    /// Another flag that it requires; may be given several times
    #[arg(long, value_name = "FLAG")]
    requires: Vec<String>,
    /// The flag set that it belongs to
    #[arg(long, value_name = "NAME")]
    flag_set: Option<String>,
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

/// Creates a flag.
///
/// # Errors
/// What the server refuses.
pub(super) async fn create(new: &Create, session: &Session) -> Result<ExitCode, Refusal> {
    session.carry_out(&["flags"], &body(new)?).await
}

fn body(new: &Create) -> Result<Value, Refusal> {
    let from = new.from.as_ref().map(|path| input::object("--from", &format!("@{}", path.display())));
    let mut spec = from.transpose()?.unwrap_or_default();
    let mut put = |name: &str, value: Value| spec.insert(name.to_owned(), value);
    put("key", json!(new.key));
    let texts = [
        ("description", &new.description),
        ("owner", &new.owner),
        ("purpose", &new.purpose),
        ("defaultVariant", &new.default_variant),
        ("offVariant", &new.off_variant),
        ("flagSet", &new.flag_set),
        ("expires", &new.expires),
    ];
    for (name, text) in texts {
        text.as_ref().map(|text| put(name, json!(text)));
    }
    for (name, list) in [("usedBy", &new.used_by), ("requires", &new.requires)] {
        (!list.is_empty()).then(|| put(name, json!(list)));
    }
    if let Some(rule) = &new.targeting {
        put("targeting", input::json("--targeting", rule)?);
    }
    let variants = input::pairs("--variant", new.variant.iter().map(String::as_str))?;
    if !variants.is_empty() {
        let variants: Map<String, Value> =
            variants.into_iter().map(|(name, value)| (name.to_owned(), input::value(value))).collect();
        put("variants", Value::Object(variants));
    }
    let off = new.off.iter().map(|environment| (environment.clone(), json!({"enabled": false})));
    let on = new.on.iter().map(|environment| (environment.clone(), json!({"enabled": true})));
    let environments: Map<String, Value> = off.chain(on).collect();
    if !environments.is_empty() {
        put("environments", Value::Object(environments));
    }
    Ok(Value::Object(spec))
}
