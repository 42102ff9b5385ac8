//! Variants with their payloads, as a flag's values.

use serde_json::{Map, Value, json};

use super::{
    OFF, ON, constraint,
    document::{Toggle, Variant},
    strategy::{Admitted, sticky_by},
};
use crate::{
    imported::About,
    logic::{self, Bucketing, Condition},
    rules::{Arm, Serve},
};

/// One case of a toggle, and as what it may stand where it is the last one.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) arm: Arm,
    pub(super) rollout: Option<Serve>,
}

/// The type of a toggle's payloads: a flag has one type, so that payloads of several are taken as texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Object,
}

/// The values of a toggle, by name; none for a toggle that is just on or off.
#[derive(Debug)]
pub(super) struct Variants {
    toggle: String,
    offered: bool,
    kind: Kind,
    values: Map<String, Value>,
}

impl Variants {
    /// Those of a toggle, everywhere.
    pub(super) fn of(toggle: &Toggle) -> Self {
        let mut kinds = toggle.variants().map(kind);
        let first = kinds.next();
        let kind = first.filter(|first| kinds.all(|kind| kind == *first)).unwrap_or(Kind::Text);
        Self { toggle: toggle.feature.name.clone(), offered: first.is_some(), kind, values: Map::new() }
    }

    /// True unless the toggle is just on or off.
    pub(super) fn any(&self) -> bool {
        self.offered
    }

    /// The values that are served somewhere.
    pub(super) fn values(self) -> Map<String, Value> {
        self.values
    }

    /// What those get who are admitted.
    pub(super) fn cases(&mut self, admitted: &Admitted, offered: &[Variant], about: &mut About<'_>) -> Vec<Case> {
        let when = admitted.condition();
        let only_share = admitted.share.as_ref().filter(|_| admitted.who == Condition::Always);
        let Some(first) = offered.first() else {
            if self.offered {
                about.changed("on without a variant", "has no value: the caller's default stands");
                return vec![Case { arm: Arm { when, serve: Serve::Nothing }, rollout: None }];
            }
            let rollout = only_share.map(|(bucketing, percent)| {
                Serve::split(bucketing.clone(), [(ON.to_owned(), *percent), (OFF.to_owned(), 100 - percent)])
            });
            return vec![Case { arm: Arm { when, serve: Serve::Variant(ON.to_owned()) }, rollout }];
        };
        let mut cases = Vec::new();
        for (variant, special) in
            offered.iter().flat_map(|variant| variant.overrides.iter().map(move |of| (variant, of)))
        {
            let values: Vec<Value> = special.values.iter().map(|value| json!(value)).collect();
            let meant = logic::is_one_of(constraint::attribute(&special.context_name, about), &values);
            let serve = Serve::Variant(self.key(variant, about));
            cases.push(Case { arm: Arm { when: Condition::all([when.clone(), meant]), serve }, rollout: None });
        }
        let shares: Vec<(String, u32)> =
            offered.iter().map(|variant| (self.key(variant, about), weight(variant))).collect();
        // Drawn by the same hash as the share of users, the first variant would get all of them.
        let salt = admitted.share.is_some().then(|| format!("{}/variants", self.toggle));
        let several = shares.iter().filter(|(_, weight)| *weight > 0).count() > 1;
        let attribute = if several {
            about.changed("the variants' weights", "the same shares of users, but other users: the hash is another");
            sticky_by(first.stickiness.as_deref().unwrap_or_default(), about)
        } else {
            logic::TARGETING_KEY.to_owned()
        };
        let serve = Serve::split(Bucketing { attribute, salt }, shares);
        cases.push(Case { arm: Arm { when, serve }, rollout: None });
        cases
    }

    /// The name of a variant's value: its own, unless another environment gives that name to another value.
    pub(super) fn key(&mut self, variant: &Variant, about: &mut About<'_>) -> String {
        let value = self.value(variant);
        let mut key = variant.name.clone();
        let mut count = 1;
        while self.values.get(&key).is_some_and(|known| *known != value) {
            count += 1;
            key = format!("{}-{count}", variant.name);
        }
        if count > 1 {
            about.changed(
                format!("the variant {}", variant.name),
                format!("has several payloads; the one here is called {key}"),
            );
        }
        self.values.entry(key.clone()).or_insert(value);
        key
    }

    fn value(&self, variant: &Variant) -> Value {
        let parsed = parsed(variant).filter(|_| self.kind != Kind::Text);
        parsed.unwrap_or_else(|| match variant.payload.as_ref().map(|payload| &payload.value) {
            Some(Value::String(text)) => json!(text),
            Some(value) => json!(value.to_string()),
            None => json!(variant.name),
        })
    }
}

fn kind(variant: &Variant) -> Kind {
    match parsed(variant) {
        Some(Value::Number(_)) => Kind::Number,
        Some(Value::Object(_)) => Kind::Object,
        Some(Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_)) | None => Kind::Text,
    }
}

/// The value of a payload that is no plain text.
fn parsed(variant: &Variant) -> Option<Value> {
    let payload = variant.payload.as_ref().filter(|payload| matches!(&*payload.kind, "json" | "number"))?;
    match payload.value.as_str() {
        Some(text) => serde_json::from_str(text).ok(),
        None => Some(payload.value.clone()),
    }
}

/// Weights are thousandths there.
fn weight(variant: &Variant) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is within these bounds")]
    let weight = variant.weight.clamp(0.0, 1_000_000.0).round() as u32;
    weight
}
