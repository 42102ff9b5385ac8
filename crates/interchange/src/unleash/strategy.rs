//! Activation strategies as conditions.

use std::collections::BTreeMap;

use kernel::EntityRef;
use serde_json::Value;

use super::{
    constraint,
    document::{Id, Strategy},
};
use crate::{
    imported::About,
    logic::{self, Bucketing, Condition, TARGETING_KEY},
};

/// Whom a strategy admits.
#[derive(Debug)]
pub(super) struct Admitted {
    /// Who is meant, before shares are drawn.
    pub(super) who: Condition,
    /// How many percent of them, and how they are drawn.
    pub(super) share: Option<(Bucketing, u32)>,
}

impl Admitted {
    fn all(who: Condition) -> Self {
        Self { who, share: None }
    }

    /// The same as one condition.
    pub(super) fn condition(&self) -> Condition {
        let share = self.share.as_ref().map(|(bucketing, percent)| bucketing.share(*percent, 100));
        Condition::all([Some(self.who.clone()), share].into_iter().flatten())
    }
}

/// Whom a strategy admits.
pub(super) fn admits(strategy: &Strategy, segments: &BTreeMap<&Id, EntityRef>, about: &mut About<'_>) -> Admitted {
    let own = own(strategy, about);
    let constraints = constraint::all(&strategy.constraints, about);
    let segments = strategy.segments.iter().map(|id| match segments.get(id) {
        Some(segment) => logic::in_segment(segment.name()),
        None => {
            about.lost(format!("segment {id}"), "the export doesn't have it; the strategy matches nobody");
            Condition::Never
        }
    });
    let segments = Condition::all(segments.collect::<Vec<_>>());
    Admitted { who: Condition::all([segments, constraints, own.who]), share: own.share }
}

/// Whom the strategy admits by its name and parameters.
fn own(strategy: &Strategy, about: &mut About<'_>) -> Admitted {
    match strategy.name.as_str() {
        "default" => Admitted::all(Condition::Always),
        "userWithId" => Admitted::all(listed(strategy, "userIds", "userId", about)),
        "applicationHostname" => Admitted::all(listed(strategy, "hostNames", "hostname", about)),
        "remoteAddress" => Admitted::all(addresses(strategy, about)),
        "flexibleRollout" => gradual(strategy, "rollout", about),
        "gradualRolloutUserId" | "gradualRolloutSessionId" | "gradualRolloutRandom" => {
            gradual(strategy, "percentage", about)
        }
        name => {
            about.lost(
                format!("the strategy {name}"),
                "its code is in your programs; it matches nobody: say it as a rule over the context",
            );
            Admitted::all(Condition::Never)
        }
    }
}

fn list(strategy: &Strategy, parameter: &str) -> Vec<String> {
    let text = strategy.parameter(parameter).unwrap_or_default();
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn listed(strategy: &Strategy, parameter: &str, field: &str, about: &mut About<'_>) -> Condition {
    if field == "hostname" {
        about.changed(
            "the field hostname",
            "Unleash's SDK fills it in by itself; here the program must put \"hostname\" into the context",
        );
    }
    let values: Vec<Value> = list(strategy, parameter).into_iter().map(Value::String).collect();
    logic::is_one_of(constraint::attribute(field, about), &values)
}

/// Addresses are compared as text, so that ranges can't be said.
fn addresses(strategy: &Strategy, about: &mut About<'_>) -> Condition {
    let (ranges, single): (Vec<_>, Vec<_>) = list(strategy, "IPs").into_iter().partition(|ip| ip.contains('/'));
    if !ranges.is_empty() {
        about.lost(
            format!("the address ranges {}", ranges.join(", ")),
            "JsonLogic can't say it; only the single addresses match",
        );
    }
    let single: Vec<Value> = single.into_iter().map(Value::String).collect();
    logic::is_one_of(constraint::attribute("remoteAddress", about), &single)
}

fn gradual(strategy: &Strategy, parameter: &str, about: &mut About<'_>) -> Admitted {
    let percent = strategy.parameter(parameter).and_then(|text| text.trim().parse::<f64>().ok());
    let Some(percent) = percent.filter(|percent| (0.0..=100.0).contains(percent)) else {
        about.lost(format!("the parameter {parameter}"), "it is no percentage; the strategy matches nobody");
        return Admitted::all(Condition::Never);
    };
    if percent.fract() != 0.0 {
        about.changed(format!("{percent}%"), "was rounded: Unleash, too, takes whole percentages");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is within 0 and 100")]
    let percent = percent.round() as u32;
    match percent {
        0 => Admitted::all(Condition::Never),
        100 => Admitted::all(Condition::Always),
        percent => {
            about.changed(
                format!("{percent}%"),
                "Unleash's buckets come from another hash: the same share of users, but other users",
            );
            let stickiness = match strategy.name.as_str() {
                "gradualRolloutUserId" => "userId".to_owned(),
                "gradualRolloutSessionId" => "sessionId".to_owned(),
                "gradualRolloutRandom" => "random".to_owned(),
                _ => strategy.parameter("stickiness").unwrap_or_default(),
            };
            let attribute = sticky_by(&stickiness, about);
            Admitted { who: Condition::Always, share: Some((Bucketing { attribute, salt: salt(strategy) }, percent)) }
        }
    }
}

/// The group whose flags draw alike, if it isn't the flag alone.
fn salt(strategy: &Strategy) -> Option<String> {
    let group = strategy.parameter("groupId").filter(|group| !group.is_empty())?;
    (!strategy.is_of(&group)).then_some(group)
}

/// The attribute that keeps somebody in a share.
pub(super) fn sticky_by(stickiness: &str, about: &mut About<'_>) -> String {
    match stickiness {
        "userId" => TARGETING_KEY.to_owned(),
        "" | "default" => {
            about.note(
                "the stickiness default",
                "falls back to the session and then to chance; here who has no targeting key is outside of every share",
            );
            TARGETING_KEY.to_owned()
        }
        "random" => {
            about.changed("the stickiness random", "nothing is drawn anew each time here: it is sticky by user");
            TARGETING_KEY.to_owned()
        }
        field => constraint::attribute(field, about).to_owned(),
    }
}
