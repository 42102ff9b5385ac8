//! `mainstay contract diff`: what changed between two pacts.

use std::{collections::BTreeMap, process::ExitCode};

use clap::Args;
use kernel::Refusal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Session,
    show::{description, pact, parts, states},
};
use crate::output::{Printer, Tone, add};

/// Which pacts.
#[derive(Debug, Args)]
pub(super) struct Diff {
    /// Who expects
    consumer: String,
    /// Of whom
    provider: String,
    /// The consumer's earlier version
    before: String,
    /// The consumer's later version
    after: String,
}

/// What is different.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Differences {
    added: Vec<String>,
    removed: Vec<String>,
    changed: Vec<Changed>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Changed {
    interaction: String,
    /// The first differences.
    differences: Vec<Difference>,
    /// How many more there are.
    more: usize,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Difference {
    place: String,
    before: Option<Value>,
    after: Option<Value>,
}

/// Differences of one interaction that are told; the others are counted.
const DIFFERENCES_MAX: usize = 100;

/// Shows what changed between the pacts of two versions.
///
/// # Errors
/// What the server refuses.
pub(super) async fn diff(args: &Diff, session: &Session) -> Result<ExitCode, Refusal> {
    let between = (args.consumer.as_str(), args.provider.as_str());
    let before = pact(session, between, Some(&args.before)).await?;
    let after = pact(session, between, Some(&args.after)).await?;
    let answer = json!(differences(&before, &after));
    session.out.show(answer, |differences: Differences| text(&session.out, args, &differences))?;
    Ok(ExitCode::SUCCESS)
}

/// An interaction is the same if its description and states are; of several such, by their order.
fn named(pact: &Value) -> BTreeMap<String, &Value> {
    let mut named = BTreeMap::new();
    for part in parts(pact) {
        let states = states(part);
        let given = if states.is_empty() { String::new() } else { format!(" given {}", states.join(" and ")) };
        let name = format!("{}{given}", description(part));
        let mut unused = name.clone();
        let mut number = 1;
        while named.contains_key(&unused) {
            number += 1;
            unused = format!("{name} ({number})");
        }
        named.insert(unused, part);
    }
    named
}

fn differences(before: &Value, after: &Value) -> Differences {
    let (before, after) = (named(before), named(after));
    let missing = |from: &BTreeMap<String, &Value>, of: &BTreeMap<String, &Value>| -> Vec<String> {
        from.keys().filter(|name| !of.contains_key(*name)).cloned().collect()
    };
    let changed = before.iter().filter_map(|(name, earlier)| {
        let later = after.get(name).copied()?;
        let mut changed = Changed { interaction: name.clone(), differences: Vec::new(), more: 0 };
        compare(String::new(), Some(earlier), Some(later), &mut changed);
        (!changed.differences.is_empty()).then_some(changed)
    });
    Differences { added: missing(&after, &before), removed: missing(&before, &after), changed: changed.collect() }
}

fn compare(place: String, before: Option<&Value>, after: Option<&Value>, into: &mut Changed) {
    if before == after {
        return;
    }
    let deeper = |name: &dyn std::fmt::Display| {
        if place.is_empty() { name.to_string() } else { format!("{place}.{name}") }
    };
    match (before, after) {
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            let new = other.keys().filter(|name| !one.contains_key(*name));
            // The broker adds an id that follows from the rest.
            for name in one.keys().chain(new).filter(|name| *name != "_id") {
                compare(deeper(name), one.get(name), other.get(name), into);
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            for at in 0..one.len().max(other.len()) {
                compare(deeper(&at), one.get(at), other.get(at), into);
            }
        }
        _ if into.differences.len() >= DIFFERENCES_MAX => into.more += 1,
        _ => into.differences.push(Difference { place, before: before.cloned(), after: after.cloned() }),
    }
}

fn text(out: &Printer, args: &Diff, differences: &Differences) -> String {
    let Differences { added, removed, changed } = differences;
    let mut text = String::new();
    let Diff { consumer, provider, before, after } = args;
    add(&mut text, out.strong(&format!("what {consumer} expects of {provider}: {before} → {after}")));
    if added.is_empty() && removed.is_empty() && changed.is_empty() {
        add(&mut text, "  the same");
    }
    for name in removed {
        add(&mut text, format!("- {name}"));
    }
    for name in added {
        add(&mut text, format!("+ {name}"));
    }
    for Changed { interaction, differences, more } in changed {
        add(&mut text, out.toned(Tone::Warn, interaction));
        for Difference { place, before, after } in differences {
            let side = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), Value::to_string);
            add(&mut text, format!("    {place}: {} → {}", side(before), side(after)));
        }
        if *more > 0 {
            add(&mut text, format!("    and {more} more differences"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interactions_are_added_removed_or_changed_whatever_their_order() {
        let part =
            |name: &str, status: u16| json!({"description": name, "_id": status, "response": {"status": status}});
        let before = json!({"interactions": [part("a", 200), part("b", 200), part("c", 200)]});
        let after = json!({"interactions": [part("d", 200), part("b", 201), part("a", 200)]});
        let found = differences(&before, &after);
        assert_eq!((found.added, found.removed), (vec!["d".to_owned()], vec!["c".to_owned()]));
        let status =
            Difference { place: "response.status".to_owned(), before: Some(json!(200)), after: Some(json!(201)) };
        assert_eq!(found.changed, [Changed { interaction: "b".to_owned(), differences: vec![status], more: 0 }]);
    }

    #[test]
    fn what_is_too_much_to_be_told_is_counted() {
        let part = |value: u8| json!({"messages": [{"description": "a", "contents": vec![value; 130]}]});
        let found = differences(&part(1), &part(2));
        assert_eq!((found.changed[0].differences.len(), found.changed[0].more), (100, 30));
    }

    #[test]
    fn the_same_description_in_another_state_is_another_interaction() {
        let part = |state: &str| json!({"description": "a", "providerState": state});
        let found =
            differences(&json!({"messages": [part("x"), part("x")]}), &json!({"messages": [part("x"), part("y")]}));
        assert_eq!((found.added, found.removed), (vec!["a given y".to_owned()], vec!["a given x (2)".to_owned()]));
    }
}
