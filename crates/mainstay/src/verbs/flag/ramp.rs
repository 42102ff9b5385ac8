//! `mainstay flag ramp`: a share that grows by a schedule.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use kernel::Refusal;
use serde_json::{Map, Value, json};

use super::{
    Session,
    answers::{Flag, Ramp, Step},
    change::{Occasion, occasion},
    input,
};
use crate::output::{Printer, add, read, short};

pub(super) const HELP: &str = "\
Steps are PERCENT:HOLD, where the hold is a time (10m, 1h), approval, or a number of evaluations (1000samples). The last
one needs none. The ramp begins when the flag is on, or at --start. If a guard goes down, it rolls back by itself.

Examples:
  mainstay flag ramp start new-basket --steps 5:10m,25:1h,50:approval,100 --guard storefront-home
  mainstay flag ramp status new-basket
  mainstay flag ramp approve new-basket
  mainstay flag ramp rollback new-basket --reason \"the basket is empty\"";

/// What to do with a ramp.
#[derive(Debug, Args)]
pub(super) struct RampArgs {
    #[command(subcommand)]
    verb: RampVerb,
}

#[derive(Debug, Subcommand)]
enum RampVerb {
    /// Set a ramp; it begins when the flag is on
    #[command(
        after_help = "Example: mainstay flag ramp start new-basket --steps 5:10m,25:1h,100 --guard storefront-home"
    )]
    Start(Start),
    /// Show where it stands
    #[command(after_help = "Example: mainstay flag ramp status new-basket")]
    Status {
        /// The flag's name
        key: String,
        /// Where
        #[arg(long, short, default_value = "production", value_name = "NAME")]
        environment: String,
    },
    /// Keep the share as it is
    #[command(after_help = "Example: mainstay flag ramp pause new-basket --reason \"we watch it overnight\"")]
    Pause(Steer),
    /// Go on
    #[command(after_help = "Example: mainstay flag ramp resume new-basket")]
    Resume(Steer),
    /// Let it go on to the next step where that waits for somebody's word
    #[command(after_help = "Example: mainstay flag ramp approve new-basket")]
    Approve {
        #[command(flatten)]
        steer: Steer,
        /// The step that is approved, from 0; the one that it stands at if left out
        #[arg(long, value_name = "N")]
        step: Option<usize>,
    },
    /// Give everybody what they had before
    #[command(after_help = "Example: mainstay flag ramp rollback new-basket --reason \"the basket is empty\"")]
    Rollback(Steer),
    /// Begin again at the first step
    #[command(after_help = "Example: mainstay flag ramp restart new-basket --reason \"mended in 2.8.2\"")]
    Restart(Steer),
}

#[derive(Debug, Args)]
struct Steer {
    /// The flag's name
    key: String,
    #[command(flatten)]
    occasion: Occasion,
}

#[derive(Debug, Args)]
struct Start {
    /// The flag's name
    key: String,
    /// The steps: 5:10m,25:1h,100
    #[arg(long, value_name = "STEPS")]
    steps: String,
    /// What the growing share gets; what is served while the flag is on, if left out
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// What the others get; what is served while it is off, if left out
    #[arg(long, value_name = "NAME")]
    from: Option<String>,
    /// The attribute that keeps somebody in the share; the targeting key if left out
    #[arg(long, value_name = "ATTRIBUTE")]
    by: Option<String>,
    /// A check that must not go down meanwhile; may be given several times
    #[arg(long = "guard", value_name = "CHECK")]
    guards: Vec<String>,
    /// What happens if a guard goes down
    #[arg(long, value_enum, default_value_t = OnFailure::Rollback, value_name = "WHAT")]
    on_failure: OnFailure,
    /// When the first step begins: `2h`, or 2026-11-23T09:00:00Z
    #[arg(long, value_name = "TIME")]
    start: Option<String>,
    #[command(flatten)]
    occasion: Occasion,
    /// Do it at once where changes need approval; the timeline says so loudly
    #[arg(long, requires = "reason")]
    emergency: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OnFailure {
    /// Everybody gets what they had before
    Rollback,
    /// The share stays as it is
    Pause,
}

impl OnFailure {
    fn word(self) -> &'static str {
        match self {
            Self::Rollback => "rollback",
            Self::Pause => "pause",
        }
    }
}

/// Starts, shows or steers a ramp.
///
/// # Errors
/// What the server refuses.
pub(super) async fn run(args: &RampArgs, session: &Session) -> Result<ExitCode, Refusal> {
    match &args.verb {
        RampVerb::Start(start) => self::start(start, session).await,
        RampVerb::Status { key, environment } => status(key, environment, session).await,
        RampVerb::Pause(steer) => self::steer(steer, "pause", None, session).await,
        RampVerb::Resume(steer) => self::steer(steer, "resume", None, session).await,
        RampVerb::Approve { steer, step } => {
            let step = match step {
                Some(step) => *step,
                None => current(&steer.key, &steer.occasion.environment, session).await?.step.unwrap_or_default(),
            };
            self::steer(steer, "approve", Some(step), session).await
        }
        RampVerb::Rollback(steer) => self::steer(steer, "rollback", None, session).await,
        RampVerb::Restart(steer) => self::steer(steer, "restart", None, session).await,
    }
}

async fn start(start: &Start, session: &Session) -> Result<ExitCode, Refusal> {
    let now = session.out.now();
    let begins = start.start.as_deref().map(|text| super::super::times::future("--start", text, now)).transpose()?;
    let mut ramp = json!({
        "steps": steps(&start.steps)?, "guards": start.guards,
        "onFailure": start.on_failure.word(),
    });
    if let Some(ramp) = ramp.as_object_mut() {
        let begins = begins.map(|at| at.to_string());
        let given = [("variant", &start.variant), ("from", &start.from), ("by", &start.by), ("start", &begins)];
        for (name, value) in given.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
            ramp.insert(name.to_owned(), json!(value));
        }
    }
    let mut body = occasion(&start.occasion, start.emergency);
    body.insert("ramp".to_owned(), ramp);
    session.carry_out(&["flags", &start.key, "set"], &body).await
}

/// `5:10m,25:approval,50:1000samples,100`.
fn steps(text: &str) -> Result<Vec<Value>, Refusal> {
    text.split(',').map(step).collect()
}

fn step(text: &str) -> Result<Value, Refusal> {
    let wrong = |why: &str| input::wrong("--steps", format!("\"{text}\" {why}")).fix("write it as 5:10m,25:1h,100");
    let (percent, hold) = match text.split_once(':') {
        Some((percent, hold)) => (percent, Some(hold)),
        None => (text, None),
    };
    let percent = percent.trim().trim_end_matches('%');
    let percent: serde_json::Number = percent.parse().map_err(|_| wrong("does not begin with a percentage"))?;
    let mut step = Map::from_iter([("percent".to_owned(), Value::Number(percent))]);
    let hold = match hold.map(str::trim) {
        Some("") => return Err(wrong("has no hold after its colon")),
        Some(hold) => match hold.strip_suffix("samples") {
            Some(count) => {
                let count: u64 = count.trim().parse().map_err(|_| wrong("has no number of samples"))?;
                Some(json!({"samples": count}))
            }
            None => Some(json!(hold)),
        },
        None => None,
    };
    hold.map(|hold| step.insert("hold".to_owned(), hold));
    Ok(Value::Object(step))
}

async fn steer(steer: &Steer, action: &str, step: Option<usize>, session: &Session) -> Result<ExitCode, Refusal> {
    let mut body = occasion(&steer.occasion, false);
    body.insert("action".to_owned(), json!(action));
    step.map(|step| body.insert("step".to_owned(), json!(step)));
    session.carry_out(&["flags", &steer.key, "ramp"], &body).await
}

/// The ramp as it stands.
async fn current(key: &str, environment: &str, session: &Session) -> Result<Ramp, Refusal> {
    let flag: Flag = read(session.client.get(&["flags", key], &[]).await?)?;
    of(flag, environment).ok_or_else(|| none(key, environment))
}

fn of(mut flag: Flag, environment: &str) -> Option<Ramp> {
    flag.environments.remove(environment)?.ramp
}

fn none(key: &str, environment: &str) -> Refusal {
    Refusal::new(&kernel::codes::NOT_FOUND, format!("{key} has no ramp in {environment}"))
        .fix("start one: mainstay flag ramp start --help")
}

async fn status(key: &str, environment: &str, session: &Session) -> Result<ExitCode, Refusal> {
    let answer = session.client.get(&["flags", key], &[]).await?;
    let mut ramp = answer.pointer(&format!("/environments/{}/ramp", environment.replace('~', "~0").replace('/', "~1")));
    let ramp = ramp.take().filter(|ramp| !ramp.is_null()).cloned().ok_or_else(|| none(key, environment))?;
    session.out.show(ramp, |ramp: Ramp| steps_text(&session.out, &ramp))?;
    Ok(ExitCode::SUCCESS)
}

fn steps_text(out: &Printer, ramp: &Ramp) -> String {
    let mut text = String::new();
    add(&mut text, words(out, ramp));
    for (index, Step { percent, hold }) in ramp.steps.iter().enumerate() {
        let mark = if Some(index) == ramp.step { "▸" } else { " " };
        let last = index + 1 == ramp.steps.len();
        let hold = if last { String::new() } else { format!("  {}", hold_words(hold)) };
        add(&mut text, format!("  {mark} {percent:>5}%{hold}"));
    }
    text
}

fn hold_words(hold: &Value) -> String {
    match (hold.as_str(), hold.get("samples")) {
        (Some("approval"), _) => "then waits for approval".to_owned(),
        (Some(time), _) => format!("for {time}"),
        (None, Some(samples)) => format!("for {samples} evaluations"),
        (None, None) => String::new(),
    }
}

/// `ramp: on for 25%, else off; holding, next in 40 min; guarded by storefront-home`.
pub(super) fn words(out: &Printer, ramp: &Ramp) -> String {
    let Ramp { variant, from, percent, state, next, guards, .. } = ramp;
    let mut text = format!("ramp: {variant} for {percent}%, else {from}; {}", state.replace('-', " "));
    if let Some(next) = next {
        text.push_str(&format!(", next step {}", out.ago(*next)));
    }
    if !guards.is_empty() {
        let guards: Vec<&str> = guards.iter().map(|guard| short(guard)).collect();
        text.push_str(&format!("; guarded by {}", guards.join(", ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_hold_for_a_time_an_approval_or_samples() {
        let expect = json!([
            {"percent": 5, "hold": "10m"}, {"percent": 12.5, "hold": "approval"},
            {"percent": 50, "hold": {"samples": 1000}}, {"percent": 100},
        ]);
        assert_eq!(Value::Array(steps("5:10m,12.5%:approval,50:1000samples,100").unwrap()), expect);
        for wrong in ["", "5,", "ten:1h", "5:", "5:manysamples"] {
            assert_eq!(steps(wrong).unwrap_err().field.as_deref(), Some("--steps"), "{wrong}");
        }
    }
}
