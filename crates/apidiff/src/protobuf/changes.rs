//! Gathers the changes: levels, operations, bounds, order.

use super::model::{Definition, Method, Service};
use super::rules::{MORE_CHANGES, Rule};
use super::usage::Usage;
use crate::{Change, Level};

const CHANGES_MAX: usize = 5_000;
/// Characters of a quoted value, such as an option's or a default.
const VALUE_CHARS_MAX: usize = 120;

/// What a change is about, which decides the operation that it names.
#[derive(Debug, Clone, Copy)]
pub(super) enum About<'a> {
    Nothing,
    Method(&'a Method),
    Service(&'a Service),
    /// A type's full name.
    Type(&'a str),
}

/// Up to [`CHANGES_MAX`] of each level, since which are cut is known only in the end.
#[derive(Debug)]
pub(super) struct Changes<'d> {
    earlier: Usage<'d>,
    later: Usage<'d>,
    breaking: Vec<Change>,
    risky: Vec<Change>,
    compatible: Vec<Change>,
    /// How many weren't even kept, and the worst level of them.
    dropped: usize,
    worst_dropped: Level,
}

impl<'d> Changes<'d> {
    pub(super) fn between(earlier: &'d Definition, later: &'d Definition) -> Self {
        Self {
            earlier: Usage::of(earlier),
            later: Usage::of(later),
            breaking: Vec::new(),
            risky: Vec::new(),
            compatible: Vec::new(),
            dropped: 0,
            worst_dropped: Level::Compatible,
        }
    }

    /// `text` is the sentence without its full stop, to which other methods may be added.
    pub(super) fn add(&mut self, rule: Rule, about: About<'_>, place: impl Into<String>, text: impl Into<String>) {
        let kept = match rule.level {
            Level::Breaking => &self.breaking,
            Level::Risky => &self.risky,
            Level::Compatible => &self.compatible,
        };
        if kept.len() >= CHANGES_MAX {
            self.dropped += 1;
            self.worst_dropped = self.worst_dropped.max(rule.level);
            return;
        }
        let (operation, others) = self.operation(rule, about);
        let others = match others {
            0 => String::new(),
            1 => "; one other method carries it too".to_owned(),
            many => format!("; {many} other methods carry it too"),
        };
        let text = format!("{}{others}.", text.into());
        let change = Change { rule: rule.id.to_owned(), level: rule.level, operation, place: place.into(), text };
        match rule.level {
            Level::Breaking => self.breaking.push(change),
            Level::Risky => self.risky.push(change),
            Level::Compatible => self.compatible.push(change),
        }
    }

    /// The operation that is named, and how many more there are that the text doesn't name.
    fn operation(&mut self, rule: Rule, about: About<'_>) -> (Option<String>, usize) {
        match about {
            About::Nothing => (None, 0),
            About::Method(method) => (Some(method.operation.clone()), 0),
            About::Service(service) => (service.methods.first().map(|method| method.operation.clone()), 0),
            About::Type(name) => {
                // Whoever is broken calls the earlier methods; whoever gains calls the later ones.
                let (one, another) = match rule.level {
                    Level::Breaking | Level::Risky => (&mut self.earlier, &mut self.later),
                    Level::Compatible => (&mut self.later, &mut self.earlier),
                };
                let carriers = one.carriers(name).or_else(|| another.carriers(name));
                carriers.map_or((None, 0), |carriers| (Some(carriers.first.to_owned()), carriers.others))
            }
        }
    }

    /// By place, then rule, then text; the mildest are cut first, and a last change says so.
    pub(super) fn into_list(self) -> Vec<Change> {
        let mut list = self.breaking;
        list.extend(self.risky);
        list.extend(self.compatible);
        let cut = list.split_off(list.len().min(CHANGES_MAX));
        list.sort_by(|one, another| {
            (&one.place, &one.rule, &one.text).cmp(&(&another.place, &another.rule, &another.text))
        });
        let count = self.dropped + cut.len();
        if count > 0 {
            list.push(Change {
                rule: MORE_CHANGES.to_owned(),
                level: cut.iter().map(|change| change.level).fold(self.worst_dropped, Level::max),
                operation: None,
                place: String::new(),
                text: format!("There are {count} more changes, which are not listed."),
            });
        }
        list
    }
}

/// A value as it is quoted in a sentence: on one line, and not too long.
pub(super) fn quoted(value: &str) -> String {
    if value.is_empty() {
        return "nothing".to_owned();
    }
    let mut quoted = String::from('"');
    for letter in value.chars().take(VALUE_CHARS_MAX) {
        match letter.is_control() {
            true => quoted.extend(letter.escape_default()),
            false => quoted.push(letter),
        }
    }
    let ellipsis = if value.chars().nth(VALUE_CHARS_MAX).is_some() { "…" } else { "" };
    quoted + ellipsis + "\""
}
