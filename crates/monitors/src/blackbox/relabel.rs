//! Prometheus' relabelling (`relabel_configs`), of targets that are known.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

use super::regexp;
use crate::document::{as_text, list_of, text_of};

/// A target may have so many labels, each so long: a rule may double a value.
const LABELS_MAX: usize = 200;
const VALUE_BYTES_MAX: usize = 16 * 1024;

pub(super) type Labels = BTreeMap<String, String>;

/// One rule.
pub(super) struct Rule {
    action: Action,
    sources: Vec<String>,
    separator: String,
    pattern: Regex,
    target: String,
    replacement: String,
}

#[derive(Clone, Copy)]
enum Action {
    Replace,
    Lowercase,
    Uppercase,
    Keep,
    Drop,
    KeepEqual,
    DropEqual,
    LabelMap,
    LabelDrop,
    LabelKeep,
}

impl Rule {
    /// Reads one rule.
    ///
    /// # Errors
    /// Why it can't be followed here.
    pub(super) fn read(rule: &Value) -> Result<Self, String> {
        let action = match text_of(rule, "action").unwrap_or_default().to_lowercase().as_str() {
            "" | "replace" => Action::Replace,
            "lowercase" => Action::Lowercase,
            "uppercase" => Action::Uppercase,
            "keep" => Action::Keep,
            "drop" => Action::Drop,
            "keepequal" => Action::KeepEqual,
            "dropequal" => Action::DropEqual,
            "labelmap" => Action::LabelMap,
            "labeldrop" => Action::LabelDrop,
            "labelkeep" => Action::LabelKeep,
            other => return Err(format!("the action {other} is not followed here")),
        };
        let written = text_of(rule, "regex").unwrap_or_else(|| "(.*)".to_owned());
        // Anchored there too, and a dot is any character.
        let here = regexp::from_go(&format!("^(?s:{written})$")).map_err(|why| format!("regex \"{written}\" {why}"))?;
        let given = |key: &str, default: &str| rule.get(key).and_then(as_text).unwrap_or_else(|| default.to_owned());
        Ok(Self {
            action,
            sources: list_of(rule, "source_labels").iter().filter_map(as_text).collect(),
            separator: given("separator", ";"),
            pattern: checks::pattern(&here)?,
            target: given("target_label", ""),
            replacement: given("replacement", "$1"),
        })
    }

    /// Follows the rule; false if the target is dropped.
    pub(super) fn follow(&self, labels: &mut Labels) -> bool {
        let value = |name: &String| labels.get(name).cloned().unwrap_or_default();
        let source = self.sources.iter().map(value).collect::<Vec<_>>().join(&self.separator);
        match self.action {
            Action::Keep => return self.pattern.is_match(&source),
            Action::Drop => return !self.pattern.is_match(&source),
            Action::KeepEqual => return labels.get(&self.target).map_or("", String::as_str) == source,
            Action::DropEqual => return labels.get(&self.target).map_or("", String::as_str) != source,
            Action::Lowercase => set(labels, self.target.clone(), source.to_lowercase()),
            Action::Uppercase => set(labels, self.target.clone(), source.to_uppercase()),
            Action::Replace => {
                let Some(found) = self.pattern.captures(&source) else { return true };
                let target = filled(&self.target, &self.pattern, &found);
                let replacement = filled(&self.replacement, &self.pattern, &found);
                if replacement.is_empty() {
                    labels.remove(&target);
                } else {
                    set(labels, target, replacement);
                }
            }
            Action::LabelMap => {
                let known: Vec<(String, String)> =
                    labels.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
                for (name, value) in known {
                    if let Some(found) = self.pattern.captures(&name) {
                        set(labels, filled(&self.replacement, &self.pattern, &found), value);
                    }
                }
            }
            Action::LabelDrop => labels.retain(|name, _| !self.pattern.is_match(name)),
            Action::LabelKeep => labels.retain(|name, _| self.pattern.is_match(name)),
        }
        true
    }
}

fn set(labels: &mut Labels, name: String, mut value: String) {
    value.truncate(value.floor_char_boundary(VALUE_BYTES_MAX));
    if labels.len() < LABELS_MAX || labels.contains_key(&name) {
        labels.insert(name, value);
    }
}

/// Go's `Regexp.Expand`.
fn filled(template: &str, pattern: &Regex, found: &regex::Captures<'_>) -> String {
    let group = |name: &str| {
        let number = name.parse().ok().or_else(|| pattern.capture_names().position(|known| known == Some(name)));
        number.and_then(|number| found.get(number)).map_or("", |group| group.as_str())
    };
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let braced = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let end = after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len());
        let plain = after.split_at_checked(end).filter(|(name, _)| !name.is_empty());
        if let Some(tail) = after.strip_prefix('$') {
            out.push('$');
            rest = tail;
        } else if let Some((name, tail)) = braced.or(plain) {
            out.push_str(group(name));
            rest = tail;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}
