//! Flags and segments as catalog files declare them.

use std::collections::BTreeMap;

use flagd::Bucketing;
use jiff::SignedDuration;
use kernel::{EntityRef, Timestamp};
use serde_json::{Map, Value};
use spec::{Fields, Problems, SpecProblem, Wrong, read};

use crate::{
    Audience, Definition, Hold, OnFailure, Origin, Purpose, Ramp, Requirement, Rollout, Segment, Setting, Share, Step,
    TARGETING_KEY, ValueType, check::limits, definition::on_and_off,
};

const FLAG: [&str; 16] = [
    "key",
    "owner",
    "type",
    "usedBy",
    "environments",
    "description",
    "expires",
    "purpose",
    "variants",
    "offVariant",
    "defaultVariant",
    "targeting",
    "flagSet",
    "metadata",
    "bucketing",
    "requires",
];
const SETTING: [&str; 7] = ["enabled", "defaultVariant", "targeting", "audiences", "rollout", "ramp", "approvals"];
const RAMP: [&str; 7] = ["variant", "from", "by", "start", "steps", "guards", "onFailure"];
const SEGMENT: [&str; 6] = ["owner", "description", "members", "emailDomains", "groups", "when"];

/// A hold lasts from a second to a year.
const HOLD_MS: (u64, u64) = (1_000, 366 * 24 * 3_600 * 1_000);

impl Definition {
    /// The longest name of an environment, in bytes.
    pub const ENVIRONMENT_BYTES_MAX: usize = 63;

    /// Reads the `spec` of a `kind: Flag` document. `description` is that of its metadata, which comes first.
    ///
    /// # Errors
    /// All that is wrong, each with its place.
    pub fn from_spec(flag: EntityRef, description: Option<&str>, spec: &Value) -> Result<Self, Vec<SpecProblem>> {
        let problems = Problems::default();
        let read = Fields::of_spec(spec, &FLAG, &problems).map(|fields| {
            let is_null = |key: &str| spec.get(key).is_some_and(Value::is_null);
            let mut definition = definition(flag, description, &fields);
            // Here null is a wish, not an omission: clients get their own default.
            definition.off_variant.take_if(|_| is_null("offVariant"));
            definition.default_variant.take_if(|_| is_null("defaultVariant"));
            definition
        });
        if let Some(definition) = &read {
            let type_word = spec.get("type").and_then(Value::as_str);
            check_type(type_word, definition, &problems);
            for SpecProblem { pointer, message, suggestion } in
                definition.problems().into_iter().chain(definition.warnings())
            {
                problems.add(pointer, Wrong { message, suggestion });
            }
        }
        problems.or(read)
    }
}

fn definition(flag: EntityRef, description: Option<&str>, fields: &Fields<'_>) -> Definition {
    let namespace = flag.namespace().to_owned();
    let words = ["boolean", "string", "number", "object"].map(|word| (word, ()));
    fields.optional("type", read::one_of(&words));
    let own = fields.optional("description", read::text(limits::DESCRIPTION_BYTES));
    let purposes = Purpose::ALL.map(|purpose| (purpose.as_str(), purpose));
    let bucketings = [("v2", Bucketing::V2), ("v3", Bucketing::V3)];
    let variants = fields.optional("variants", object).unwrap_or_else(on_and_off);
    let off_variant = fields.optional("offVariant", name).or_else(|| boolean(&variants, false));
    let default_variant = fields.optional("defaultVariant", name).or_else(|| boolean(&variants, true));
    let ends = Ends { on: default_variant.as_deref(), off: off_variant.as_deref(), namespace: &namespace };
    let key = fields.optional("key", |value| {
        let same = name(value).ok().filter(|key| key.to_lowercase() == flag.short());
        same.ok_or_else(|| Wrong::new(format!("must be {} in other letters at most", flag.short())))
    });
    let read = Definition {
        spelling: None,
        description: description.map(str::to_owned).or(own).unwrap_or_default(),
        owner: fields.optional("owner", read::reference(Some("group"), &namespace)),
        used_by: fields.list("usedBy", limits::ENTRIES, read::reference(Some("component"), &namespace)),
        environments: environments(fields, ends),
        expires: fields.optional("expires", date),
        origin: Origin::Declared,
        purpose: fields.optional("purpose", read::one_of(&purposes)).unwrap_or_default(),
        targeting: fields.optional("targeting", rule).flatten(),
        flag_set: fields.optional("flagSet", name),
        metadata: fields.optional("metadata", object).unwrap_or_default(),
        bucketing: fields.optional("bucketing", read::one_of(&bucketings)).unwrap_or_default(),
        requires: fields.list("requires", limits::REQUIRES, |value| requirement(value, &namespace)),
        variants,
        off_variant,
        default_variant,
        flag,
    };
    match key {
        Some(key) => read.spelled(&key),
        None => read,
    }
}

/// What a ramp has for its ends unless it says otherwise.
#[derive(Clone, Copy)]
struct Ends<'a> {
    on: Option<&'a str>,
    off: Option<&'a str>,
    namespace: &'a str,
}

/// The one variant of a boolean flag that has this value.
fn boolean(variants: &Map<String, Value>, value: bool) -> Option<String> {
    let mut having = variants.iter().filter(|(_, variant)| variant.as_bool() == Some(value)).map(|(name, _)| name);
    having.next().filter(|_| having.next().is_none()).cloned()
}

fn check_type(word: Option<&str>, definition: &Definition, problems: &Problems) {
    let Some(actual) = definition.value_type().map(ValueType::as_str) else { return };
    if word.is_some_and(|word| word != actual) {
        problems.add(
            "/spec/type",
            Wrong::new(format!("does not fit the variants, whose type is {actual}")).suggesting(Some(actual)),
        );
    }
}

fn environments(fields: &Fields<'_>, ends: Ends<'_>) -> BTreeMap<String, Setting> {
    let named = fields.named("environments", limits::ENTRIES, &SETTING);
    named.into_iter().map(|(name, fields)| (name.to_owned(), setting(&fields, ends))).collect()
}

fn setting(fields: &Fields<'_>, ends: Ends<'_>) -> Setting {
    let audience = |fields: Fields<'_>| {
        let segment = fields.required("segment", read::reference(Some("segment"), ends.namespace));
        Some(Audience { segment: segment?, variant: fields.required("variant", name)? })
    };
    let audiences = fields.objects("audiences", limits::SHARES, &["segment", "variant"]);
    Setting {
        enabled: fields.required("enabled", truth).unwrap_or_default(),
        default_variant: fields.optional("defaultVariant", name),
        targeting: fields.optional("targeting", rule).flatten(),
        audiences: audiences.into_iter().filter_map(audience).collect(),
        rollout: fields.nested("rollout", &["by", "variants"]).map(|fields| rollout(&fields)),
        ramp: fields.nested("ramp", &RAMP).and_then(|fields| ramp(&fields, ends)),
        approvals: fields.optional("approvals", people).unwrap_or(0),
    }
}

fn rollout(fields: &Fields<'_>) -> Rollout {
    let weight = |_: &str, value: &Value| {
        let weight = value.as_u64().and_then(|weight| u32::try_from(weight).ok());
        weight.ok_or_else(|| Wrong::new("must be a whole number, 0 or more"))
    };
    let shares = fields.pairs("variants", limits::SHARES, weight).into_iter();
    Rollout {
        by: fields.optional("by", name).unwrap_or_else(|| TARGETING_KEY.to_owned()),
        shares: shares.map(|(variant, weight)| Share { variant, weight }).collect(),
    }
}

fn ramp(fields: &Fields<'_>, ends: Ends<'_>) -> Option<Ramp> {
    let end = |key: &str, default: Option<&str>| match default {
        Some(default) => Some(fields.optional(key, name).unwrap_or_else(|| default.to_owned())),
        None => fields.required(key, name),
    };
    let steps = fields.objects("steps", limits::STEPS, &["percent", "hold"]);
    let last = steps.len().saturating_sub(1);
    let (variant, from) = (end("variant", ends.on), end("from", ends.off));
    let failures = [("rollback", OnFailure::RollBack), ("pause", OnFailure::Pause)];
    Some(Ramp {
        by: fields.optional("by", name).unwrap_or_else(|| TARGETING_KEY.to_owned()),
        start: fields.optional("start", time),
        steps: steps.iter().enumerate().filter_map(|(at, fields)| step(fields, at == last)).collect(),
        guards: fields.list("guards", limits::GUARDS, read::reference(Some("check"), ends.namespace)),
        on_failure: fields.optional("onFailure", read::one_of(&failures)).unwrap_or_default(),
        variant: variant?,
        from: from?,
    })
}

fn step(fields: &Fields<'_>, is_last: bool) -> Option<Step> {
    let basis_points = fields.required("percent", percent);
    let hold = if is_last {
        fields.optional("hold", hold).unwrap_or(Hold::For(SignedDuration::ZERO))
    } else {
        fields.required("hold", hold)?
    };
    Some(Step { basis_points: basis_points?, hold })
}

fn percent(value: &Value) -> Result<u16, Wrong> {
    let wrong = || Wrong::new("must be a number above 0, at most 100, with at most two decimals");
    let points = value.as_f64().map(|percent| percent * 100.0).filter(|points| (1.0..=10_000.0).contains(points));
    let points = points.filter(|points| (points - points.round()).abs() < 1e-6).ok_or_else(wrong)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 1 to 10,000")]
    Ok(points.round() as u16)
}

fn hold(value: &Value) -> Result<Hold, Wrong> {
    if value.as_str() == Some("approval") {
        return Ok(Hold::Approval);
    }
    if let Some(samples) = value.get("samples") {
        return read::whole(1, u64::from(u32::MAX))(samples).map(Hold::Samples);
    }
    let millis = read::duration_ms(HOLD_MS.0, HOLD_MS.1)(value).map_err(|wrong| Wrong {
        message: format!("{}; or \"approval\", or {{samples: 1000}}", wrong.message),
        ..wrong
    })?;
    Ok(Hold::For(SignedDuration::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))))
}

fn requirement(value: &Value, namespace: &str) -> Result<Requirement, Wrong> {
    let reference = read::reference(Some("flag"), namespace);
    let Some(fields) = value.as_object() else {
        return Ok(Requirement { flag: reference(value)?, variant: None });
    };
    if let Some(unknown) = fields.keys().find(|key| !matches!(key.as_str(), "flag" | "variant")) {
        return Err(Wrong::new(format!("has \"{unknown}\"; known are flag, variant")));
    }
    let flag = fields.get("flag").ok_or_else(|| Wrong::new("must name a flag"))?;
    Ok(Requirement { flag: reference(flag)?, variant: fields.get("variant").map(name).transpose()? })
}

impl Segment {
    /// Reads the `spec` of a `kind: Segment` document. `description` is that of its metadata, which comes first.
    ///
    /// # Errors
    /// All that is wrong, each with its place.
    pub fn from_spec(segment: EntityRef, description: Option<&str>, spec: &Value) -> Result<Self, Vec<SpecProblem>> {
        let problems = Problems::default();
        let read = Fields::of_spec(spec, &SEGMENT, &problems).map(|fields| {
            let own = fields.optional("description", read::text(limits::DESCRIPTION_BYTES));
            let texts = |key| fields.list(key, limits::MEMBERS, name);
            Self {
                description: description.map(str::to_owned).or(own).unwrap_or_default(),
                owner: fields.optional("owner", read::reference(Some("group"), segment.namespace())),
                members: texts("members"),
                email_domains: texts("emailDomains"),
                groups: texts("groups"),
                when: fields.optional("when", rule).flatten(),
                origin: Origin::Declared,
                segment,
            }
        });
        for SpecProblem { pointer, message, suggestion } in read.iter().flat_map(Self::problems) {
            problems.add(pointer, Wrong { message, suggestion });
        }
        problems.or(read)
    }
}

fn name(value: &Value) -> Result<String, Wrong> {
    read::text(limits::NAME_BYTES)(value)
}

fn object(value: &Value) -> Result<Map<String, Value>, Wrong> {
    value.as_object().cloned().ok_or_else(|| Wrong::new("must be an object of names and values"))
}

/// A rule; an empty one is none, as in flagd.
fn rule(value: &Value) -> Result<Option<Value>, Wrong> {
    match value.as_object() {
        Some(fields) => Ok((!fields.is_empty()).then(|| value.clone())),
        None => Err(Wrong::new("must be a JsonLogic rule: an object with one operator")),
    }
}

fn truth(value: &Value) -> Result<bool, Wrong> {
    value.as_bool().ok_or_else(|| Wrong::new("must be true or false"))
}

fn people(value: &Value) -> Result<u8, Wrong> {
    read::whole(0, 20)(value).map(|people| u8::try_from(people).unwrap_or(u8::MAX))
}

fn time(value: &Value) -> Result<Timestamp, Wrong> {
    let time = value.as_str().and_then(|text| text.parse().ok());
    time.ok_or_else(|| Wrong::new(format!("{value} is no time; write it as \"2026-12-31T09:00:00Z\"")))
}

fn date(value: &Value) -> Result<String, Wrong> {
    let date = value.as_str().filter(|text| text.parse::<jiff::civil::Date>().is_ok());
    date.map(str::to_owned).ok_or_else(|| Wrong::new(format!("{value} is no date; write it as \"2026-12-31\"")))
}
