//! `GET /contracts/pacts/{consumer}/{version}/{provider}/diff?with=VERSION`: what differs between two pacts.

use std::collections::BTreeMap;

use ::contracts::{State as Contracts, VersionKey};
use askama::Template;
use axum::{
    extract::{Path, Query},
    response::Response,
};
use engine::Engine;
use kernel::Refusal;
use serde::Deserialize;
use serde_json::Value;

use super::{
    document, pact,
    pact::Named,
    pact_address, pair_address,
    readable::{Interaction, interactions},
    shell,
    text::{Budget, difference, line},
};
use crate::{
    api::not_found,
    frame::Frame,
    problem::Problem,
    shell::{Chrome, Place, screen},
    views::{Choice, Cli, Diff, DiffLine, Empty, Field, Filters, Link, State, Tone},
};

/// What differs between two pacts.
#[derive(Debug, Template)]
#[template(path = "contracts/pact_diff.html")]
pub struct PactDiffScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Contracts, the integration, the pact.
    pub parents: Vec<Link>,
    /// What is compared with what.
    pub title: String,
    /// How much differs, in a sentence.
    pub summary: String,
    /// The other version.
    pub filters: Filters,
    /// What was added, removed and changed.
    pub changes: Vec<InteractionDiff>,
    /// How many more there are.
    pub more: usize,
    /// What is said where nothing differs.
    pub none: Empty,
    /// The same from a terminal.
    pub command: Option<Cli>,
}

/// An interaction that differs.
#[derive(Debug)]
pub struct InteractionDiff {
    /// Added, removed or changed.
    pub state: State,
    /// Its description.
    pub description: String,
    /// The states that it is for.
    pub states: Vec<String>,
    /// Line by line.
    pub diff: Diff,
    /// How many lines are not shown.
    pub more: usize,
}

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    with: String,
}

/// So much of a screen is for lines.
const BYTES_MAX: usize = 62_000;
/// Lines of one interaction.
const LINES_MAX: usize = 200;
const CHANGES_MAX: usize = 60;
/// Versions that are offered.
const VERSIONS_MAX: usize = 50;

/// Compares a pact with that of another version: of the one that is asked for, or the last that differs.
///
/// # Errors
/// `NOT_FOUND` if one of them is not there.
pub async fn show(
    frame: Frame,
    Path((consumer, version, provider)): Path<(String, String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let app = frame.app.clone();
    // Long pacts take a while to compare.
    let drawn = app.blocking(move |engine| {
        let state = &frame.world.contracts;
        let of = pact::named(state, &consumer, &version, &provider)?;
        let other = match asked.with.as_str() {
            "" => previous_distinct(state, &of),
            with => Some(pact::named(state, &consumer, with, &provider)?),
        };
        let after = read(engine, state, &of)?;
        let before = match &other {
            Some(other) => read(engine, state, other)?,
            None => Value::Null,
        };
        Ok(screen(&PactDiffScreen::of(&frame, &of, other.as_ref(), &before, &after)))
    });
    Ok(drawn.await?)
}

fn read(engine: &Engine, state: &Contracts, of: &Named<'_>) -> Result<Value, Refusal> {
    let digest = state.blob_of(of.pact).ok_or_else(|| not_found("pact", "of this version").0)?;
    document(engine, digest)?.ok_or_else(|| not_found("document of the pact", &digest.to_string()).0)
}

/// The last pact before this one whose content differs.
fn previous_distinct<'a>(state: &'a Contracts, of: &Named<'_>) -> Option<Named<'a>> {
    let all = state.publications_between(of.consumer, of.provider).rev();
    let mut before = all.filter(|key| state.is_current(*key)).filter_map(|key| state.publication(key));
    let found = before.find(|pact| pact.version < of.version && pact.content != of.pact.content)?;
    Some(Named { consumer: of.consumer, provider: of.provider, version: found.version, pact: found })
}

impl PactDiffScreen {
    fn of(frame: &Frame, of: &Named<'_>, other: Option<&Named<'_>>, before: &Value, after: &Value) -> Self {
        let state = &frame.world.contracts;
        let (consumer, provider) = (state.name(of.consumer), state.name(of.provider));
        let version = state.number(of.version);
        let with = other.map(|other| state.number(other.version));
        let (old, new) = (interactions(before), interactions(after));
        let all = differing(&old, &new);
        let count = |tone: Tone| all.iter().filter(|change| change.state.tone == tone).count();
        let summary = match with {
            None => "There is no earlier pact to compare it with: all of it is new.".to_owned(),
            Some(_) => format!(
                "{} added, {} removed, {} changed, {} the same.",
                count(Tone::Good),
                count(Tone::Bad),
                count(Tone::Warn),
                new.len().saturating_sub(count(Tone::Good) + count(Tone::Warn))
            ),
        };
        let mut budget = Budget::new(BYTES_MAX);
        let more = all.len().saturating_sub(CHANGES_MAX);
        let changes = all.into_iter().take(CHANGES_MAX).map(|change| bounded(change, &mut budget));
        let here = pact_address(consumer, version, provider);
        let title = match with {
            Some(with) => format!("{consumer} with {provider}: {version} compared with {with}"),
            None => format!("{consumer} with {provider}: {version}"),
        };
        Self {
            chrome: frame.chrome(format!("What changed: {title}"), Place::Contracts),
            parents: vec![
                Link::new("Contracts", frame.href("/contracts")),
                Link::new(format!("{consumer} → {provider}"), frame.href(pair_address(consumer, provider))),
                Link::new(version, frame.href(here.clone())),
            ],
            title,
            summary,
            filters: filters(state, of, other, &here),
            changes: changes.collect(),
            more,
            none: Empty::new("They expect the same: no interaction differs."),
            command: with.map(|with| {
                let words = [consumer, provider, with, version].map(shell).join(" ");
                Cli::new(format!("mainstay contract diff {words}"))
            }),
        }
    }
}

/// What identifies an interaction in both pacts: its sort, description, states, and how many like it came before.
type Key<'a> = (&'static str, &'a str, &'a [String], usize);

fn keyed<'p>(all: &'p [Interaction<'_>]) -> Vec<(Key<'p>, &'p Interaction<'p>)> {
    let mut seen: BTreeMap<(&str, &str, &[String]), usize> = BTreeMap::new();
    let keys = all.iter().map(|one| {
        let count = seen.entry((one.sort, one.description, &one.states)).or_default();
        let key = (one.sort, one.description, one.states.as_slice(), *count);
        *count += 1;
        (key, one)
    });
    keys.collect()
}

fn text(of: &Interaction<'_>) -> String {
    let mut json = of.json.clone();
    if let Value::Object(fields) = &mut json {
        fields.shift_remove("_id");
    }
    json.sort_all_objects();
    format!("{json:#}")
}

/// An interaction that differs, as it was and as it is.
struct Differing<'p> {
    state: State,
    of: &'p Interaction<'p>,
    before: String,
    after: String,
}

/// What was removed, changed and added, in the order of the pacts.
fn differing<'p>(old: &'p [Interaction<'_>], new: &'p [Interaction<'_>]) -> Vec<Differing<'p>> {
    let (old, new) = (keyed(old), keyed(new));
    let before: BTreeMap<Key<'_>, &Interaction<'_>> = old.iter().copied().collect();
    let after: BTreeMap<Key<'_>, &Interaction<'_>> = new.iter().copied().collect();
    let removed = old.iter().filter(|(key, _)| !after.contains_key(key)).map(|(_, one)| Differing {
        state: State::new(Tone::Bad, "removed"),
        of: one,
        before: text(one),
        after: String::new(),
    });
    let others = new.iter().filter_map(|(key, one)| {
        let (earlier, now) = (before.get(key).map(|earlier| text(earlier)), text(one));
        let state = match &earlier {
            None => State::new(Tone::Good, "added"),
            Some(earlier) if *earlier == now => return None,
            Some(_) => State::new(Tone::Warn, "changed"),
        };
        Some(Differing { state, of: one, before: earlier.unwrap_or_default(), after: now })
    });
    removed.chain(others).collect()
}

fn bounded(Differing { state, of, before, after }: Differing<'_>, budget: &mut Budget) -> InteractionDiff {
    let lines = difference(&before, &after);
    let total = lines.len();
    let fits = |shown: &DiffLine| {
        let (DiffLine::Same(text) | DiffLine::Added(text) | DiffLine::Removed(text)) = shown;
        // The element around it weighs as well.
        budget.fits(text) && budget.fits("<code class=add></code>")
    };
    let shown: Vec<DiffLine> = lines.into_iter().take(LINES_MAX).take_while(fits).collect();
    InteractionDiff {
        state,
        description: line(of.description),
        states: of.states.iter().take(5).map(|state| line(state)).collect(),
        more: total - shown.len(),
        diff: Diff { lines: shown },
    }
}

fn filters(state: &Contracts, of: &Named<'_>, other: Option<&Named<'_>>, here: &str) -> Filters {
    let current = other.map(|other| state.number(other.version)).unwrap_or_default();
    let own = |version: &VersionKey| *version == of.version;
    let pacts = state.publications_between(of.consumer, of.provider).rev().filter(|key| state.is_current(*key));
    let versions =
        pacts.filter_map(|key| state.publication(key)).map(|pact| pact.version).filter(|version| !own(version));
    let mut choices: Vec<Choice> = versions
        .take(VERSIONS_MAX)
        .map(|version| Choice::new(state.number(version), state.number(version), current))
        .collect();
    if !current.is_empty() && !choices.iter().any(|choice| choice.chosen) {
        choices.insert(0, Choice::new(current, current, current));
    }
    Filters {
        action: format!("{here}/diff"),
        fields: vec![Field::select("with", "Compared with", choices)],
        clear: None,
    }
}
