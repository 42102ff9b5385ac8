//! flagd's own files.

use std::collections::{BTreeMap, BTreeSet};

use flags::{Definition, Segment, Setting};
use serde_json::{Map, Value, json};

use crate::{
    imported::{FLAGS_MAX, Imported, Problem, Remarks, bounded},
    logic::SEGMENT,
    names,
};

const SERVICE: &str = "flagd";
const REFERENCE: &str = "$ref";

/// Reads a file of flagd's. It knows no environments: its flags hold in all of them.
///
/// Rules say the same here, so that nothing is lost. What `$evaluators` names and rules use as a condition becomes a
/// segment; what they use otherwise is put where it is used.
///
/// # Errors
/// If it is no file of flagd's, or too large.
pub fn flagd(file: &[u8]) -> Result<Imported, Problem> {
    let (document, problems) = flagd::Document::read(bounded(file)?)
        .map_err(|problem| Problem::NotThat { service: SERVICE, why: problem.message })?;
    if document.flags.len() > FLAGS_MAX {
        return Err(Problem::TooMany(document.flags.len()));
    }
    let mut remarks = Remarks::default();
    for problem in problems {
        if !problem.is_error() {
            let why = "it works as it does in flagd, but hardly as it was meant";
            remarks.general().at(&problem.pointer).note(problem.message, why);
        }
    }
    let shared = Shared::of(&document);
    let mut taken = names::Flags::default();
    let mut definitions = Vec::new();
    for (key, flag) in &document.flags {
        if let Some(reference) = taken.take(key, &mut remarks) {
            let mut definition = Definition::boolean(reference).spelled(key);
            fill(&mut definition, flag, &document.metadata, &shared);
            if let Some(Value::String(text)) = definition.metadata.get("description") {
                definition.description = remarks.flag(key).description(text);
            }
            definitions.extend(remarks.sound(definition));
        }
    }
    let segments = shared.segments().into_iter().filter_map(|segment| remarks.sound_segment(segment)).collect();
    Ok(Imported { definitions, segments, unmapped: remarks.all })
}

fn fill(definition: &mut Definition, flag: &Value, metadata: &Map<String, Value>, shared: &Shared) {
    let text = |name: &str| flag.get(name).and_then(Value::as_str).map(str::to_owned);
    definition.variants = flag.get("variants").and_then(Value::as_object).cloned().unwrap_or_default();
    definition.default_variant = text("defaultVariant");
    // flagd's "DISABLED": the client's own default.
    definition.off_variant = None;
    let is_rule = |rule: &&Value| rule.as_object().is_some_and(|rule| !rule.is_empty());
    definition.targeting = flag.get("targeting").filter(is_rule).map(|rule| shared.resolved(rule, &shared.segments, 0));
    definition.metadata = metadata.clone();
    definition.metadata.extend(flag.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default());
    if let Some(Value::String(set)) = definition.metadata.shift_remove("flagSetId") {
        definition.flag_set = Some(set);
    }
    let enabled = flag.get("state").and_then(Value::as_str) != Some("DISABLED");
    definition.environments = BTreeMap::from([(Definition::EVERYWHERE.to_owned(), Setting::from(enabled))]);
}

/// What `$evaluators` names.
#[derive(Debug)]
struct Shared {
    rules: Map<String, Value>,
    /// Those that are only ever conditions, with the names of their segments.
    segments: BTreeMap<String, String>,
}

/// References within references that are followed; flagd refuses circles.
const DEPTH_MAX: usize = 32;

impl Shared {
    fn of(document: &flagd::Document) -> Self {
        let mut uses = Uses::default();
        let targetings = document.flags.iter().filter_map(|(_, flag)| flag.get("targeting"));
        targetings.for_each(|rule| uses.look(rule, false));
        // A segment's own rule is a condition, too.
        document.evaluators.values().for_each(|rule| uses.look(rule, true));
        let mut names = BTreeSet::new();
        let mut segments = BTreeMap::new();
        for name in document.evaluators.keys().filter(|name| !uses.as_value.contains(*name)) {
            if let Some(segment) = names::segment(name)
                && names.insert(segment.clone())
            {
                segments.insert(name.clone(), segment.name().to_owned());
            }
        }
        Self { rules: document.evaluators.clone(), segments }
    }

    fn segments(&self) -> Vec<Segment> {
        let segments = self.segments.iter().filter_map(|(name, segment)| {
            let mut segment = Segment::empty(names::segment(segment)?);
            // Segments stand alone here.
            segment.when = self.rules.get(name).map(|rule| self.resolved(rule, &BTreeMap::new(), 0));
            Some(segment)
        });
        segments.collect()
    }

    /// The rule with references to these segments, and else with what is referred to in its place.
    fn resolved(&self, rule: &Value, segments: &BTreeMap<String, String>, depth: usize) -> Value {
        if let Some(name) = reference(rule) {
            return match (segments.get(name), self.rules.get(name)) {
                (Some(segment), _) => json!({REFERENCE: format!("{SEGMENT}{segment}")}),
                (None, Some(shared)) if depth < DEPTH_MAX => self.resolved(shared, segments, depth + 1),
                (None, Some(_) | None) => rule.clone(),
            };
        }
        let inner = |inner| self.resolved(inner, segments, depth);
        match rule {
            Value::Object(members) => {
                Value::Object(members.iter().map(|(name, value)| (name.clone(), inner(value))).collect())
            }
            Value::Array(items) => Value::Array(items.iter().map(inner).collect()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => rule.clone(),
        }
    }
}

fn reference(rule: &Value) -> Option<&str> {
    rule.as_object().filter(|rule| rule.len() == 1)?.get(REFERENCE)?.as_str()
}

/// How rules use what is shared.
#[derive(Debug, Default)]
struct Uses {
    /// What gives a variant or another value somewhere, so that it must stay as it is.
    as_value: BTreeSet<String>,
}

impl Uses {
    /// Looks through a rule of which only the truth matters, or its value, too.
    fn look(&mut self, rule: &Value, condition: bool) {
        if let Some(name) = reference(rule) {
            if !condition {
                self.as_value.insert(name.to_owned());
            }
            return;
        }
        match rule {
            Value::Object(members) => {
                for (operator, arguments) in members {
                    self.look_at_arguments(operator, arguments, condition);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.look(item, false)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn look_at_arguments(&mut self, operator: &str, arguments: &Value, condition: bool) {
        let list = arguments.as_array().map_or(std::slice::from_ref(arguments), Vec::as_slice);
        for (index, argument) in list.iter().enumerate() {
            let condition = match operator {
                "if" | "?:" => condition || (index % 2 == 0 && index + 1 < list.len()),
                "and" | "or" => condition,
                "!" | "!!" => true,
                _ => false,
            };
            self.look(argument, condition);
        }
    }
}

#[cfg(test)]
mod tests;
