//! Reads an escalation policy from the catalog (`kind: EscalationPolicy`).

use jiff::civil::Time;
use kernel::{EntityRef, RefDefaults, Weekday, closest};
use serde_json::Value;
use spec::{Fields, Problems, SpecProblem, Wrong, read};

use crate::{
    Hours, Policy, Step, Target, Urgency,
    policy::{AFTER_S_MAX, AFTER_S_MIN, POLICY_KIND, REPEAT_MAX, STEPS_MAX, TARGETS_MAX},
};

const KEYS: [&str; 6] = ["owner", "steps", "repeat", "then", "low_urgency", "urgency"];
const STEP_KEYS: [&str; 2] = ["notify", "after"];
const HOURS_KEYS: [&str; 4] = ["time_zone", "from", "to", "days"];
const TEXT_BYTES: usize = 100;

impl Policy {
    /// Reads the `spec` of a `kind: EscalationPolicy` document. `owner` belongs to the catalog and isn't looked at here;
    /// whether the people, teams, rotations and policies exist, neither.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its place.
    pub fn from_spec(policy: EntityRef, spec: &Value) -> Result<Self, Vec<SpecProblem>> {
        let problems = Problems::default();
        let definition = definition(policy, spec, &problems);
        problems.or(definition)
    }
}

fn definition(policy: EntityRef, spec: &Value, problems: &Problems) -> Option<Policy> {
    let fields = Fields::of_spec(spec, &KEYS, problems)?;
    let steps = fields.objects("steps", STEPS_MAX, &STEP_KEYS);
    if steps.is_empty() {
        fields.wrong("steps", Wrong::new("must be a list of at least one step"));
    }
    let steps = steps.iter().filter_map(|fields| step(fields, policy.namespace())).collect();
    let repeat = fields.optional("repeat", read::whole(0, u64::from(REPEAT_MAX))).unwrap_or(0);
    let then = fields.optional("then", |value| then(&policy, value));
    let hours = fields.nested("low_urgency", &HOURS_KEYS);
    let low_urgency = hours.and_then(|fields| self::hours(&fields));
    let urgency = fields.optional("urgency", read::one_of(&[("high", Urgency::High), ("low", Urgency::Low)]));
    let repeat = u8::try_from(repeat).unwrap_or(REPEAT_MAX);
    Some(Policy { policy, steps, repeat, then, low_urgency, urgency })
}

fn step(fields: &Fields<'_>, namespace: &str) -> Option<Step> {
    let notify = fields.list("notify", TARGETS_MAX, |value| target(value, namespace));
    if notify.is_empty() {
        fields.wrong("notify", Wrong::new("must name whom to tell, such as \"owner\" or \"rotation:payments\""));
    }
    for (at, target) in notify.iter().enumerate() {
        if notify.iter().take(at).any(|earlier| earlier == target) {
            fields.wrong("notify", Wrong::new(format!("names {} twice", target.in_words())));
        }
    }
    let (min, max) = (u64::from(AFTER_S_MIN) * 1_000, u64::from(AFTER_S_MAX) * 1_000);
    let after_ms = fields.required("after", read::duration_ms(min, max))?;
    Some(Step { notify, after_s: u32::try_from(after_ms / 1_000).unwrap_or(AFTER_S_MAX) })
}

/// `owner`, or a reference that says its kind.
fn target(value: &Value, namespace: &str) -> Result<Target, Wrong> {
    let text = read::text(EntityRef::LONGEST_BYTES)(value)?;
    if text == "owner" {
        return Ok(Target::Owner);
    }
    let form = || Wrong::new("must be \"owner\", \"user:...\", \"rotation:...\" or \"group:...\"");
    let reference = EntityRef::parse(&text, RefDefaults { kind: None, namespace }).map_err(|_| {
        form().suggesting(closest(&text, ["owner"]).map(str::to_owned).or_else(|| Some(format!("user:{text}"))))
    })?;
    match reference.kind() {
        "user" => Ok(Target::User(reference)),
        "rotation" => Ok(Target::Rotation(reference)),
        "group" => Ok(Target::Team(reference)),
        kind => {
            let meant = if kind == "team" { Some("group") } else { closest(kind, ["user", "rotation", "group"]) };
            Err(form().suggesting(meant.map(|kind| format!("{kind}:{}", reference.short()))))
        }
    }
}

/// Another policy; people also write its kind as `escalation_policy`.
fn then(policy: &EntityRef, value: &Value) -> Result<EntityRef, Wrong> {
    let then = read::reference(Some(POLICY_KIND), policy.namespace())(value)?;
    let then = if then.kind() == "escalation_policy" {
        EntityRef::new(POLICY_KIND, then.namespace(), then.name()).map_err(|error| Wrong::new(error.to_string()))?
    } else {
        then
    };
    if then.kind() != POLICY_KIND {
        return Err(Wrong::new(format!("{then} is not an escalation policy")));
    }
    if then == *policy {
        return Err(Wrong::new("is this policy itself; \"repeat\" says how often it is repeated"));
    }
    Ok(then)
}

fn hours(fields: &Fields<'_>) -> Option<Hours> {
    let time_zone = fields.required("time_zone", read::time_zone);
    let from = fields.required("from", time);
    let to = fields.required("to", time);
    if let (Some(from), Some(to)) = (from, to)
        && from == to
    {
        fields.wrong("to", Wrong::new("must not be the time at which the hours begin"));
    }
    let mut days = fields.list("days", Weekday::ALL.len(), read::weekday);
    if days.is_empty() {
        fields.wrong("days", Wrong::new("must name at least one day, such as \"monday\""));
    }
    days.sort_unstable();
    days.dedup();
    Some(Hours { time_zone: time_zone?, from: from?, to: to?, days })
}

fn time(value: &Value) -> Result<Time, Wrong> {
    let text = read::text(TEXT_BYTES)(value)?;
    Time::strptime("%H:%M", text.trim()).map_err(|_| Wrong::new("must be a local time, such as \"09:00\""))
}
