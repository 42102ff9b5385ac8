//! `/flags/{namespace}/{name}/setting`: what holds of a flag in one environment: audiences, shares, a ramp, approvals.

use ::flags::{Change, Definition, OnFailure, Setting, TARGETING_KEY};
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use kernel::{EntityRef, codes};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    edit::{EditScreen, Wrong, definition, filled},
    text,
    wish::{self, Terms},
};
use crate::{
    App,
    frame::Frame,
    guard::By,
    problem::Problem,
    remark::Done,
    security::csrf::PostedForm,
    shell::{Place, screen},
    show::address,
    views::{Choice, Entry, Field, Form, Link},
};

/// Where.
#[derive(Debug, Default, Deserialize)]
pub struct Where {
    environment: Option<String>,
}

/// The fields of a setting as they were filled in.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Filled {
    environment: String,
    /// Set where the environment itself was asked for.
    new: Option<String>,
    default: String,
    audiences: String,
    targeting: String,
    shares: String,
    by: String,
    ramp_variant: String,
    ramp_from: String,
    steps: String,
    start: String,
    guards: String,
    on_failure: String,
    approvals: String,
    reason: String,
    at: String,
    emergency: Option<String>,
}

/// Of which field each part of a setting was made; the longest match comes first.
const PLACES: [(&str, &str); 11] = [
    ("/defaultVariant", "default"),
    ("/audiences", "audiences"),
    ("/targeting", "targeting"),
    ("/rollout", "shares"),
    ("/ramp/variant", "ramp_variant"),
    ("/ramp/from", "ramp_from"),
    ("/ramp/start", "start"),
    ("/ramp/guards", "guards"),
    ("/ramp/by", "by"),
    ("/ramp", "steps"),
    ("/approvals", "approvals"),
];

impl Filled {
    fn of(environment: &str, definition: &Definition) -> Self {
        let setting = definition.environments.get(environment).cloned().unwrap_or_default();
        let audiences = setting.audiences.iter().map(|one| format!("{} = {}", one.segment.short(), one.variant));
        let shares = setting.rollout.iter().flat_map(|rollout| &rollout.shares);
        let ramp = setting.ramp.as_ref();
        let by = setting.rollout.as_ref().map(|rollout| &rollout.by).or(ramp.map(|ramp| &ramp.by));
        let or = |variant: Option<&String>, default: &Option<String>| variant.or(default.as_ref()).cloned();
        Self {
            environment: environment.to_owned(),
            default: setting.default_variant.clone().unwrap_or_default(),
            audiences: text::joined(audiences),
            targeting: text::of_json(setting.targeting.as_ref()),
            shares: text::joined(shares.map(|share| format!("{} = {}", share.variant, share.weight))),
            by: by.cloned().unwrap_or_else(|| TARGETING_KEY.to_owned()),
            ramp_variant: or(ramp.map(|ramp| &ramp.variant), &definition.default_variant).unwrap_or_default(),
            ramp_from: or(ramp.map(|ramp| &ramp.from), &definition.off_variant).unwrap_or_default(),
            steps: ramp.map(|ramp| text::of_steps(&ramp.steps)).unwrap_or_default(),
            start: ramp.and_then(|ramp| ramp.start).map(|at| at.to_string()).unwrap_or_default(),
            guards: text::joined(ramp.iter().flat_map(|ramp| &ramp.guards).map(EntityRef::short)),
            on_failure: match ramp.map(|ramp| ramp.on_failure).unwrap_or_default() {
                OnFailure::RollBack => "rollback".to_owned(),
                OnFailure::Pause => "pause".to_owned(),
            },
            approvals: setting.approvals.to_string(),
            ..Self::default()
        }
    }

    fn terms(&self) -> Terms {
        Terms { reason: self.reason.clone(), emergency: self.emergency.clone(), at: self.at.clone() }
    }

    /// The flag with this setting in this environment, and all else as before.
    fn read(&self, before: &Definition) -> Result<Definition, Wrong> {
        let environment = self.environment.trim();
        let mut wrong = Wrong::default();
        let spec = json!({
            "variants": before.variants, "offVariant": before.off_variant, "defaultVariant": before.default_variant,
            "environments": { environment: self.setting(before, &mut wrong) },
        });
        let place = format!("/spec/environments/{}", environment.replace('~', "~0").replace('/', "~1"));
        let places = places(&place);
        let places: Vec<(&str, &str)> = places.iter().map(|(place, field)| (place.as_str(), *field)).collect();
        let read = Definition::from_spec(before.flag.clone(), None, &spec);
        let setting = match read {
            Ok(mut read) if wrong.is_empty() => read.environments.remove(environment),
            Ok(_) => return Err(wrong),
            Err(problems) => return Err(wrong.and(&problems, &places)),
        };
        let mut definition = before.clone();
        definition.environments.insert(environment.to_owned(), setting.unwrap_or_default());
        Ok(definition)
    }

    /// As a declaration has it.
    fn setting(&self, before: &Definition, wrong: &mut Wrong) -> Value {
        let audiences = wrong.of("audiences", text::pairs(&self.audiences)).into_iter();
        let audiences: Vec<Value> =
            audiences.map(|(segment, variant)| json!({ "segment": segment, "variant": variant })).collect();
        let shares = wrong.of("shares", text::values(&self.shares));
        let steps = wrong.of("steps", text::steps(&self.steps));
        let ramp = (!steps.is_empty()).then(|| {
            json!({
                "variant": filled(&self.ramp_variant), "from": filled(&self.ramp_from), "by": filled(&self.by),
                "start": filled(&self.start), "steps": steps, "onFailure": filled(&self.on_failure),
                "guards": text::lines(&self.guards).collect::<Vec<_>>(),
            })
        });
        let rollout = (!shares.is_empty()).then(|| json!({ "by": filled(&self.by), "variants": shares }));
        let enabled = before.environments.get(self.environment.trim()).is_some_and(|setting| setting.enabled);
        let approvals = wrong.of("approvals", count(&self.approvals));
        let mut setting = Map::new();
        setting.insert("enabled".to_owned(), json!(enabled));
        let parts = [
            ("defaultVariant", filled(&self.default)),
            ("targeting", wrong.of("targeting", text::json(&self.targeting)).unwrap_or(Value::Null)),
            ("audiences", json!(audiences)),
            ("rollout", json!(rollout)),
            ("ramp", json!(ramp)),
            ("approvals", json!(approvals)),
        ];
        setting.extend(parts.map(|(name, value)| (name.to_owned(), value)));
        Value::Object(setting)
    }

    fn fields(&self, is_new: bool, definition: &Definition, approvals: u8) -> Vec<Field> {
        let line = |name: &str, label: &str, value: &String| Field::line(name, label, value.clone());
        let lines =
            |name: &str, label: &str, value: &String| Field::new(name, label, Entry::Lines { value: value.clone() });
        let variant = |name: &str, label: &str, value: &str, none: Option<&str>| {
            let none = none.map(|label| Choice::new("", label, value));
            let named = definition.variants.keys().map(|name| Choice::new(name, name, value));
            Field::select(name, label, none.into_iter().chain(named).collect())
        };
        let failures = [("rollback", "Roll the ramp back"), ("pause", "Pause the ramp")];
        let place = is_new.then(|| {
            line("environment", "Environment", &self.environment)
                .required()
                .hint("Such as staging; * is for every environment that has no setting of its own.")
        });
        let own = [
            lines("audiences", "Audiences", &self.audiences)
                .hint("One “segment = variant” per line. The first that somebody is in counts, before any other rule."),
            lines("targeting", "Targeting", &self.targeting)
                .hint("A JsonLogic rule instead of the flag’s own; it gives a variant, or null for no opinion."),
            lines("shares", "Shares of everybody else", &self.shares)
                .hint("One “variant = weight” per line, such as “on = 20” and “off = 80”. Not together with a ramp."),
            lines("steps", "Steps of the ramp", &self.steps)
                .hint("Such as “5% 10m / 25% approval / 50% 1000 samples / 100%”. Each holds for a time, until somebody approves, or for a number of evaluations."),
            variant("ramp_variant", "The growing share gets", &self.ramp_variant, None),
            variant("ramp_from", "The others get", &self.ramp_from, None),
            lines("guards", "Checks that hold the ramp", &self.guards).hint("One per line. If one fails, nobody has to be awake."),
            Field::select("on_failure", "If one of them fails", failures.map(|(word, label)| Choice::new(word, label, &self.on_failure)).to_vec()),
            line("start", "The ramp begins", &self.start).hint("Empty: when the flag is turned on. Else as 2026-11-23T09:00:00Z."),
            line("by", "Shares go by", &self.by).hint("The attribute that decides who is in a share, so that everybody keeps their variant."),
            variant("default", "Whom no rule concerns gets", &self.default, Some("as the flag has it")),
            line("approvals", "Others who must agree to a change here", &self.approvals).hint("0: nobody. Turning off never waits."),
        ];
        place.into_iter().chain(own).chain(self.terms().fields(approvals)).collect()
    }
}

fn places(environment: &str) -> Vec<(String, &'static str)> {
    PLACES
        .iter()
        .map(|(place, field)| (format!("{environment}{place}"), *field))
        .chain([(environment.to_owned(), "environment")])
        .collect()
}

fn count(text: &str) -> Result<u8, String> {
    let text = text.trim();
    if text.is_empty() { Ok(0) } else { text.parse().map_err(|_| "This is no number from 0 to 20.".to_owned()) }
}

/// Asks what shall hold.
pub async fn ask(
    frame: Frame,
    Path((namespace, name)): Path<(String, String)>,
    Query(Where { environment }): Query<Where>,
) -> Result<Response, Problem> {
    let definition = definition(&frame, &namespace, &name)?;
    let filled = Filled::of(environment.as_deref().unwrap_or_default(), &definition);
    Ok(screen(&asking(&frame, &definition, environment.is_none(), &filled, &Wrong::default())))
}

fn asking(frame: &Frame, definition: &Definition, is_new: bool, filled: &Filled, wrong: &Wrong) -> EditScreen {
    let home = address(&definition.flag);
    let approvals = definition.setting(&filled.environment).map_or(0, |setting: &Setting| setting.approvals);
    let (fields, trouble) = wrong.told(filled.fields(is_new, definition, approvals));
    let title = if is_new {
        format!("{} in another environment", definition.key())
    } else {
        format!("{} in {}", definition.key(), filled.environment)
    };
    let hidden = (!is_new).then(|| ("environment".to_owned(), filled.environment.clone()));
    let hidden = hidden.into_iter().chain(is_new.then(|| ("new".to_owned(), "yes".to_owned()))).collect();
    let form = frame.form(format!("{home}/setting"), "Save", fields);
    EditScreen {
        chrome: frame.chrome(&title, Place::Flags),
        crumbs: vec![Link::new("Flags", "/flags"), Link::new(definition.key(), home)],
        title,
        lead:
            "What is served while the switch is on. The rules are asked from the top: audiences, targeting, then the \
               ramp or the shares."
                .to_owned(),
        trouble,
        form: Form { hidden, main: true, ..form },
        remove: None,
    }
}

/// Changes what holds.
pub async fn change(
    State(app): State<App>,
    frame: Frame,
    by: By,
    Path((namespace, name)): Path<(String, String)>,
    PostedForm(filled): PostedForm<Filled>,
) -> Result<Response, Problem> {
    let before = definition(&frame, &namespace, &name)?;
    let home = address(&before.flag);
    let wrong = match filled.read(&before) {
        Ok(definition) => {
            match wish::carry_out(&app, &by, Change::Define { definition }, &filled.terms(), &home, Done::Saved).await {
                Ok(response) => return Ok(response),
                Err(refusal) => Wrong::refused(&refusal, &[]),
            }
        }
        Err(wrong) => wrong,
    };
    let is_new = filled.new.is_some();
    let status = axum::http::StatusCode::from_u16(codes::INVALID.status).unwrap_or_default();
    Ok((status, screen(&asking(&frame, &before, is_new, &filled, &wrong))).into_response())
}
