//! What an entity's screen says of contracts: with whom it is integrated, what can be deployed, what its definition changed.

use ::contracts::{PacticipantKey, event::ApiComparison, matrix};
use kernel::EntityRef;

use super::{
    COLUMNS_MAX, environments, newest, pair_address, question_address,
    standing::{Pair, question, verdict},
};
use crate::{
    frame::Frame,
    show::segment,
    views::{Entity, Moment, Row, State, Tone},
};

/// The contracts of one component.
#[derive(Debug)]
pub struct ContractsSection {
    /// Those who expect something of it, the worst first.
    pub consumers: Vec<Row>,
    /// Those of whom it expects something, the worst first.
    pub providers: Vec<Row>,
    /// How many consumers more there are.
    pub more_consumers: usize,
    /// How many providers more there are.
    pub more_providers: usize,
    /// What can be deployed where.
    pub places: Vec<PlaceRow>,
    /// All of its integrations.
    pub all: String,
}

/// What of a component can be deployed to an environment.
#[derive(Debug)]
pub struct PlaceRow {
    /// The pacticipant, where the component is several.
    pub pacticipant: Option<String>,
    /// The environment.
    pub environment: String,
    /// What runs there, and whether it could be deployed there now.
    pub live: Option<(String, State, String)>,
    /// The newest version, where it is another, and whether it can be deployed there.
    pub newest: Option<(String, State, String)>,
}

/// What changed in an API's definition.
#[derive(Debug)]
pub struct DefinitionChange {
    /// `breaking`, `risky`, `compatible`.
    pub state: State,
    /// How many changes there are of each sort, and compared with what.
    pub summary: String,
    /// When.
    pub at: Moment,
    /// The first changes: level, operation, what it means, the rule.
    pub changes: Vec<(State, Option<String>, String, String)>,
    /// How many more there are.
    pub more: usize,
    /// Those who call what was broken, with the operations.
    pub breaks: Vec<(Entity, String)>,
}

/// No more neighbours than these are listed; the list of integrations has all.
const NEIGHBOURS_MAX: usize = 12;
/// Comparisons of a definition that are shown, and changes of each.
const COMPARISONS_MAX: usize = 5;
const CHANGES_MAX: usize = 6;
/// Pacticipants of one component that are shown.
const PARTIES_MAX: usize = 3;

/// The contracts of a component; nothing if it is no pacticipant.
#[must_use]
pub fn contracts(frame: &Frame, of: &EntityRef) -> Option<ContractsSection> {
    let state = &frame.world.contracts;
    let own: Vec<PacticipantKey> = state.pacticipants_of(of).take(PARTIES_MAX).collect();
    let first = own.first()?;
    let mut consumers: Vec<Pair> =
        own.iter().flat_map(|own| state.consumers_of(*own).map(|other| Pair::of(state, other, *own))).collect();
    let mut providers: Vec<Pair> =
        own.iter().flat_map(|own| state.providers_of(*own).map(|other| Pair::of(state, *own, other))).collect();
    let [more_consumers, more_providers] = [&mut consumers, &mut providers].map(|pairs| {
        pairs.sort_by_key(|pair| pair.standing);
        let more = pairs.len().saturating_sub(NEIGHBOURS_MAX);
        pairs.truncate(NEIGHBOURS_MAX);
        more
    });
    let row = |pair: &Pair, other: PacticipantKey| {
        let href = frame.href(pair_address(state.name(pair.consumer), state.name(pair.provider)));
        let verified = pair.verification.and_then(|key| state.verification(key));
        let row = Row::new(state.name(other), href).state(pair.standing.state());
        match verified {
            Some(verified) => row.at(frame.ago(verified.at.into())),
            None => row,
        }
    };
    let wanted: Vec<String> = environments(state).into_iter().take(COLUMNS_MAX).collect();
    let several = own.len() > 1;
    let places = own.iter().flat_map(|own| wanted.iter().filter_map(move |name| place(frame, *own, name, several)));
    Some(ContractsSection {
        consumers: consumers.iter().map(|pair| row(pair, pair.consumer)).collect(),
        providers: providers.iter().map(|pair| row(pair, pair.provider)).collect(),
        more_consumers,
        more_providers,
        places: places.collect(),
        all: frame.href(format!("/contracts?q={}", segment(state.name(*first)))),
    })
}

fn place(frame: &Frame, own: PacticipantKey, environment: &str, several: bool) -> Option<PlaceRow> {
    let state = &frame.world.contracts;
    let id = state.environment_named(environment)?.environment.id;
    let live = state.placed_in(id, own).map(|placed| placed.version).max();
    let newest = newest(state, own).filter(|newest| Some(*newest) != live);
    let name = state.name(own);
    let asked = |version| {
        let number = state.number(version);
        let answer = matrix::ask(state, &question(name, number, environment));
        let href = frame.href(question_address(name, number, Some(environment)));
        (number.to_owned(), verdict(answer.deployable()), href)
    };
    if live.is_none() && newest.is_none() {
        return None;
    }
    Some(PlaceRow {
        pacticipant: several.then(|| name.to_owned()),
        environment: environment.to_owned(),
        live: live.map(asked),
        newest: newest.map(asked),
    })
}

/// What changed in the definition of an API, the latest first.
#[must_use]
pub fn definition_changes(frame: &Frame, api: &EntityRef) -> Vec<DefinitionChange> {
    let Some(history) = frame.world.contracts.api(api) else { return Vec::new() };
    let shown = history.comparisons.iter().take(COMPARISONS_MAX).map(|(at, comparison)| {
        let of = Comparison(comparison);
        DefinitionChange {
            state: of.state(),
            summary: of.summary(),
            at: frame.ago(*at),
            changes: of.changes(),
            more: of.count().saturating_sub(comparison.changes.len().min(CHANGES_MAX)),
            breaks: comparison
                .consumers
                .iter()
                .take(NEIGHBOURS_MAX)
                .map(|consumer| {
                    let operations: Vec<&str> = consumer.operations.iter().take(3).map(String::as_str).collect();
                    (frame.entity(&consumer.component), operations.join(", "))
                })
                .collect(),
        }
    });
    shown.collect()
}

struct Comparison<'a>(&'a ApiComparison);

impl Comparison<'_> {
    fn state(&self) -> State {
        match (self.0.breaking, self.0.risky) {
            (0, 0) => State::new(Tone::Good, "compatible"),
            (0, _) => State::new(Tone::Warn, "risky"),
            (_, _) => State::new(Tone::Bad, "breaking"),
        }
    }

    fn count(&self) -> usize {
        [self.0.breaking, self.0.risky, self.0.compatible]
            .into_iter()
            .filter_map(|count| usize::try_from(count).ok())
            .sum()
    }

    fn summary(&self) -> String {
        let sorts = [(self.0.breaking, "breaking"), (self.0.risky, "risky"), (self.0.compatible, "compatible")];
        let told: Vec<String> =
            sorts.iter().filter(|(count, _)| *count > 0).map(|(count, sort)| format!("{count} {sort}")).collect();
        let told = if told.is_empty() { "no difference that matters".to_owned() } else { told.join(", ") };
        match &self.0.deployed_in {
            Some(environment) => format!("{told}, compared with what is deployed in {environment}"),
            None => format!("{told}, compared with the definition before"),
        }
    }

    fn changes(&self) -> Vec<(State, Option<String>, String, String)> {
        let shown = self.0.changes.iter().take(CHANGES_MAX).map(|change| {
            let tone = match change.level.as_str() {
                "breaking" => Tone::Bad,
                "risky" => Tone::Warn,
                _ => Tone::Good,
            };
            (State::new(tone, change.level.clone()), change.operation.clone(), change.text.clone(), change.rule.clone())
        });
        shown.collect()
    }
}
