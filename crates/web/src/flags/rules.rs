//! What a flag serves in one environment, in words: one line for each branch, in the order in which they are asked.

use ::flags::{Definition, Flag, Position, Ramp, Rollout, Setting, Step};
use flagd::{Evaluators, Line};
use kernel::Timestamp;

use super::standing::{percent, share};

/// The branches while the switch is on.
#[must_use]
pub fn in_words(flag: &Flag, environment: &str, evaluators: &Evaluators, now: Timestamp) -> Vec<Line> {
    let definition = &flag.definition;
    let nothing = Setting::default();
    let setting = definition.setting(environment).unwrap_or(&nothing);
    let mut lines = required(definition);
    let audiences = setting.audiences.iter();
    lines.extend(audiences.map(|one| line(format!("members of {}", one.segment.short()), Some(&one.variant))));
    if let Some(targeting) = setting.targeting.as_ref().or(definition.targeting.as_ref()) {
        lines.extend(flagd::words(targeting, evaluators));
        // Who comes to the end of the targeting is told below what they get.
        lines.pop_if(|last| last.depth == 0 && last.variant.is_none() && last.text.starts_with("otherwise → "));
    }
    let default = setting.default_variant.as_deref().or(definition.default_variant.as_deref());
    let rest = if lines.is_empty() { "everybody" } else { "everybody else" };
    match (&setting.ramp, &setting.rollout) {
        (Some(ramp), _) => lines.extend(ramped(ramp, flag.ramp_position(environment, now).as_ref(), rest)),
        (None, Some(rollout)) => {
            lines.extend(shares(rollout, rest));
            lines.push(line(format!("whoever has no {}", rollout.by), default));
        }
        (None, None) => lines.push(line(rest, default)),
    }
    lines
}

fn ramped(ramp: &Ramp, position: Option<&Position>, rest: &str) -> Vec<Line> {
    match position.map(|position| position.basis_points) {
        Some(0) => return vec![line(rest, Some(&ramp.from))],
        Some(Step::WHOLE) => return vec![line(rest, Some(&ramp.variant))],
        Some(_) | None => {}
    }
    let reached = position.map(|position| share(f64::from(position.basis_points) / 100.0));
    let reached = reached.unwrap_or_else(|| "a growing share".to_owned());
    vec![
        line(format!("{reached} of {rest}, by {}", ramp.by), Some(&ramp.variant)),
        line(format!("the others, and whoever has no {}", ramp.by), Some(&ramp.from)),
    ]
}

fn required(definition: &Definition) -> Vec<Line> {
    let unmet = definition.requires.iter().map(|requirement| {
        let other = requirement.flag.short();
        let text = match &requirement.variant {
            Some(variant) => format!("unless {other} serves {variant}"),
            None => format!("unless {other} serves another than its off variant"),
        };
        line(text, definition.off_variant.as_deref())
    });
    unmet.collect()
}

fn shares<'a>(rollout: &'a Rollout, rest: &'a str) -> impl Iterator<Item = Line> + 'a {
    let total: u64 = rollout.shares.iter().map(|share| u64::from(share.weight)).sum();
    rollout.shares.iter().map(move |part| {
        let text = format!("{} of {rest}, by {}", share(percent(part.weight, total)), rollout.by);
        line(text, Some(&part.variant))
    })
}

/// One branch; without a variant, clients use the default of their own code.
fn line(text: impl Into<String>, variant: Option<&str>) -> Line {
    Line { depth: 0, text: text.into(), variant: variant.map(str::to_owned) }
}
