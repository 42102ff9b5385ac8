//! What somebody gets from an imported flag, by flagd's own evaluation.

use flags::{Definition, Segment, Setting};
use serde_json::{Map, Value, json};

use crate::{Imported, Severity};

/// 2026-11-20T00:00:00Z.
const NOW: u64 = 1_795_132_800;

/// The variant that a context gets; `off` and `default` where that is left to the client.
#[track_caller]
pub(crate) fn served(imported: &Imported, flag: &str, environment: &str, context: &Value) -> String {
    let definition = definition(imported, flag);
    let Some(setting) = definition.setting(environment).filter(|setting| setting.enabled) else {
        return definition.off_variant.clone().unwrap_or_else(|| "off".to_owned());
    };
    let rules = rules(definition, setting);
    let served = rules.iter().find_map(|rule| evaluated(imported, definition, rule, context));
    let default = setting.default_variant.clone().or_else(|| definition.default_variant.clone());
    served.or(default).unwrap_or_else(|| "default".to_owned())
}

/// The import, if all of it can be declared and is then the same.
#[track_caller]
pub(crate) fn declarable(imported: Imported) -> Imported {
    for (definition, (key, spec)) in imported.definitions.iter().zip(imported.flag_specs()) {
        let declared = Definition::from_spec(definition.flag.clone(), None, &spec);
        let declared = declared.unwrap_or_else(|problems| panic!("{key}: {problems:#?} in {spec:#}"));
        assert_eq!(Definition { origin: definition.origin, ..declared }, *definition, "{key}");
    }
    for (segment, (key, spec)) in imported.segments.iter().zip(imported.segment_specs()) {
        let declared = Segment::from_spec(segment.segment.clone(), None, &spec);
        let declared = declared.unwrap_or_else(|problems| panic!("{key}: {problems:#?} in {spec:#}"));
        assert_eq!(Segment { origin: segment.origin, ..declared }, *segment, "{key}");
    }
    imported
}

#[track_caller]
pub(crate) fn definition<'a>(imported: &'a Imported, flag: &str) -> &'a Definition {
    let found = imported.definitions.iter().find(|definition| definition.key() == flag);
    found.unwrap_or_else(|| panic!("no flag {flag} in {:#?}", imported.definitions))
}

fn rules(definition: &Definition, setting: &Setting) -> Vec<Value> {
    let mut rules = Vec::new();
    for audience in &setting.audiences {
        rules.push(json!({"if": [{"$ref": format!("segment/{}", audience.segment.name())}, audience.variant]}));
    }
    rules.extend(setting.targeting.clone().or_else(|| definition.targeting.clone()));
    if let Some(rollout) = &setting.rollout {
        let shares = rollout.shares.iter().map(|share| json!([share.variant, share.weight]));
        let by = json!({"cat": [{"var": "$flagd.flagKey"}, {"var": rollout.by}]});
        let fractional: Vec<Value> = std::iter::once(by).chain(shares).collect();
        rules.push(json!({"if": [{"var": rollout.by}, {"fractional": fractional}]}));
    }
    rules
}

#[track_caller]
fn evaluated(imported: &Imported, definition: &Definition, rule: &Value, context: &Value) -> Option<String> {
    let flag = json!({"state": "ENABLED", "variants": definition.variants, "targeting": rule});
    let segments: Map<String, Value> = imported.segments.iter().map(evaluator).collect();
    let evaluators = flagd::Evaluators::new(&segments);
    let flag = flagd::Flag::compile(definition.key(), &flag, &evaluators, definition.bucketing);
    assert!(!flag.problems().iter().any(flagd::Problem::is_error), "{:?} in {rule:#}", flag.problems());
    let context = flagd::Context::from_value(context, NOW).expect("it is a context");
    flag.evaluate(&context).expect("it can be evaluated").variant.map(str::to_owned)
}

fn evaluator(segment: &Segment) -> (String, Value) {
    let mut any = vec![json!({"in": [{"var": "targetingKey"}, segment.members]})];
    any.extend(segment.when.clone());
    (format!("segment/{}", segment.segment.name()), json!({"or": any}))
}

/// What did not map, one line each: `lost cart: production, strategy 1: what: why`, up to the part that is asked for.
pub(crate) fn unmapped(imported: &Imported, severity: Severity) -> Vec<String> {
    let found = imported.unmapped.iter().filter(|unmapped| unmapped.severity == severity);
    found
        .map(|unmapped| format!("{}: {}: {}", unmapped.flag.as_deref().unwrap_or("*"), unmapped.place, unmapped.what))
        .collect()
}
