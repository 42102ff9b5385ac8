//! The runner that calls hooks, and what stands behind them: answers get lost, and the server dies in between.

use deploys::Outcome;
use engine::Request;
use kernel::{EntityRef, EventId};
use serde_json::Value;
use world::{Command, Effect, effects};

use crate::{
    actors::{hooks_due, run_settings, run_version},
    sim::Sim,
};

/// The runner calls the hooks that are due.
pub(crate) fn call(sim: &mut Sim) {
    let due: Vec<Effect> = hooks_due(sim).into_iter().take(4).collect();
    sim.note(format!("hooks: {} due", due.len()));
    for effect in due {
        let (outcome, retry) = match sim.dice.below(20) {
            0..=11 => {
                carry_out(sim, &effect);
                (Ok("202".to_owned()), true)
            }
            12..=14 => (Err("503".to_owned()), true),
            15 => (Err("404".to_owned()), false),
            16 | 17 => {
                carry_out(sim, &effect);
                (Err("the answer was lost".to_owned()), true)
            }
            _ => {
                carry_out(sim, &effect);
                sim.crash();
                return;
            }
        };
        report(sim, &effect, outcome, retry);
    }
}

pub(crate) fn report(sim: &mut Sim, effect: &Effect, outcome: Result<String, String>, retry: bool) {
    sim.note(format!(" {}", outcome.as_ref().unwrap_or_else(|error| error)));
    let command = effects::Command::Report { effect: effect.id, outcome, retry, not_before: None };
    sim.execute(&[Request::by_part(Command::Effects(command), "hooks")]);
}

/// What stands behind the hook does what it is asked, once for each key.
pub(crate) fn carry_out(sim: &mut Sim, effect: &Effect) {
    if !sim.carried_out.insert(effect.id) {
        return sim.note(" (known)");
    }
    let Ok(body) = serde_json::from_str::<Value>(&effect.call.body) else {
        return sim.violation(format!("a hook was sent what is no JSON: {}", effect.call.body));
    };
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let component = text("component").and_then(|component| component.parse::<EntityRef>().ok());
    let Some(at) = component.and_then(|component| sim.estate.at(&component)) else {
        return sim.violation(format!("a hook was asked for an unknown component: {body}"));
    };
    let of = text("rollback_of").and_then(|of| of.parse::<EventId>().ok());
    if let Some(version) = text("version") {
        let outcome = if sim.dice.chance(0.15) { Outcome::Failed } else { Outcome::Succeeded };
        let named = of.filter(|_| sim.dice.chance(0.5));
        run_version(sim, at, version, outcome, named);
    } else if let Some(settings) = body.get("config").and_then(Value::as_object) {
        let pair = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
        let settings = settings.iter().filter_map(pair).collect();
        run_settings(sim, at, settings);
    }
}
