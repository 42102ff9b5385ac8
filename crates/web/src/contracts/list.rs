//! `GET /contracts`: who expects something of whom, and whether that was proven; as a list, or drawn
//! (`GET /contracts/network`).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ::contracts::{Outcome, PacticipantKey};
use askama::Template;
use axum::{extract::Query, response::Response};
use kernel::EntityRef;
use serde::Deserialize;

use super::{
    COLUMNS_MAX, Part, network,
    network::Drawn,
    number, pair_address, parts, published,
    standing::{Pair, Standing, consumer_to},
    used_environments, verification_address, webhooks,
};
use crate::{
    frame::Frame,
    paging::Paged,
    problem::Problem,
    shell::{Chrome, Place, screen},
    views::{Choice, Empty, Entity, Field, Filters, Link, Moment, Pager, State, Tabs},
};

/// The integrations that pass the filters.
#[derive(Debug, Template)]
#[template(path = "contracts/list.html")]
pub struct ContractsScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Integrations, network, matrix, webhooks, environments.
    pub parts: Tabs,
    /// How many there are of each sort, in a sentence.
    pub summary: String,
    /// Name, owner, label, state.
    pub filters: Filters,
    /// Those that no component of the catalog is, with how to mend that.
    pub unmatched: Option<Unmatched>,
    /// The environments where something is, as columns.
    pub environments: Vec<String>,
    /// True if there is a column for webhooks.
    pub has_webhooks: bool,
    /// The integrations, the worst first.
    pub rows: Vec<PairRow>,
    /// What is said where there are none.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
}

/// Pacticipants that no component of the catalog is.
#[derive(Debug)]
pub struct Unmatched {
    /// How many.
    pub count: usize,
    /// The first of them.
    pub names: Vec<String>,
    /// All of them among the findings.
    pub all: Link,
}

/// Two that are integrated.
#[derive(Debug)]
pub struct PairRow {
    /// Who expects.
    pub consumer: String,
    /// Of whom.
    pub provider: String,
    /// Its screen.
    pub href: String,
    /// Who owns the consumer and the provider; none is a gap.
    pub owners: [Option<Entity>; 2],
    /// How it stands.
    pub state: State,
    /// The newest pact's version, and when it was published.
    pub pact: Option<(String, Moment)>,
    /// The last verification: its number, the provider's version, and when.
    pub verified: Option<(Link, String, Moment)>,
    /// Whether the newest pact's version can be deployed to each environment, as far as this provider is concerned.
    pub deployable: Vec<State>,
    /// What came of the last call of a webhook about the two.
    pub webhook: Option<State>,
}

/// The network, drawn.
#[derive(Debug, Template)]
#[template(path = "contracts/network.html")]
pub struct NetworkScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Integrations, network, matrix, webhooks, environments.
    pub parts: Tabs,
    /// How many there are of each sort, in a sentence.
    pub summary: String,
    /// What was joined or left out to keep it legible.
    pub note: Option<String>,
    /// Name, owner, label, state.
    pub filters: Filters,
    /// The drawing: a complete `<svg>` element that was made from escaped text.
    pub svg: String,
    /// The same in words.
    pub nodes: Vec<NodeRow>,
    /// What is said where there is nothing to draw.
    pub none: Empty,
}

/// A pacticipant or a team of the drawing, with those of whom it expects something.
#[derive(Debug)]
pub struct NodeRow {
    /// How it stands.
    pub state: State,
    /// What it is called.
    pub name: String,
    /// Where it leads.
    pub href: String,
    /// What it is.
    pub note: String,
    /// Those of whom it expects something, with how that stands.
    pub needs: Vec<(Link, String)>,
}

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Which {
    q: String,
    owner: String,
    label: String,
    state: String,
    from: Option<usize>,
}

/// What is known of a pacticipant besides its name.
pub(super) struct Known {
    pub(super) name: Arc<str>,
    /// True if the catalog has its component.
    pub(super) matched: bool,
    pub(super) owner: Option<EntityRef>,
    labels: Vec<String>,
}

pub(super) type Parties = BTreeMap<PacticipantKey, Known>;

/// Lists the integrations.
///
/// # Errors
/// If a task ends by a panic.
pub async fn index(frame: Frame, Query(which): Query<Which>) -> Result<Response, Problem> {
    let app = frame.app.clone();
    let listed = app.blocking(move |_| Ok(which.list(&frame)));
    Ok(listed.await?)
}

/// Draws the integrations.
///
/// # Errors
/// If the drawing can't be made.
pub async fn network(frame: Frame, Query(which): Query<Which>) -> Result<Response, Problem> {
    let app = frame.app.clone();
    let drawn = app.blocking(move |_| which.draw(&frame));
    Ok(drawn.await?)
}

fn parties(frame: &Frame) -> Parties {
    let known = frame.world.contracts.pacticipants().map(|(key, known)| {
        let party = Known {
            name: Arc::clone(&known.name),
            matched: frame.world.catalog.get(&known.component).is_some(),
            owner: frame.world.owner_of(&known.component),
            labels: known.labels.keys().cloned().collect(),
        };
        (key, party)
    });
    known.collect()
}

/// The owner filter's value for those that nobody owns.
const NOBODY: &str = "nobody";
/// No more values than these are offered by a filter.
const CHOICES_MAX: usize = 200;
/// No more names than these are told of those without a component.
const NAMED_MAX: usize = 5;

impl Which {
    fn draw(&self, frame: &Frame) -> Result<Response, kernel::Refusal> {
        let parties = parties(frame);
        let pairs = self.pairs(frame, &parties);
        let Drawn { svg, note, nodes } = network::draw(frame, &parties, &pairs, &self.query())?;
        Ok(screen(&NetworkScreen {
            chrome: frame.chrome("Network of contracts", Place::Contracts),
            parts: parts(frame, Part::Network, &self.query()),
            summary: summary(&pairs),
            note,
            filters: self.filters(frame, &parties, "/contracts/network"),
            svg,
            nodes,
            none: self.none(frame),
        }))
    }

    fn list(&self, frame: &Frame) -> Response {
        let state = &frame.world.contracts;
        let parties = parties(frame);
        let pairs = self.pairs(frame, &parties);
        let summary = summary(&pairs);
        let page = Paged::of(pairs, self.from, &frame.href(format!("/contracts?{}", self.query())));
        let environments: Vec<String> = used_environments(state).into_iter().take(COLUMNS_MAX).collect();
        let called = webhooks::last_outcomes(state);
        let row = |pair: &Pair| {
            let names = (state.name(pair.consumer).to_owned(), state.name(pair.provider).to_owned());
            row(frame, pair, &environments, &parties, called.get(&names).copied())
        };
        screen(&ContractsScreen {
            chrome: frame.chrome("Contracts", Place::Contracts),
            parts: parts(frame, Part::Integrations, &self.query()),
            summary,
            filters: self.filters(frame, &parties, "/contracts"),
            unmatched: self.unmatched(frame, &parties),
            rows: page.items.iter().map(row).collect(),
            has_webhooks: state.webhooks().next().is_some() || !called.is_empty(),
            environments,
            none: self.none(frame),
            pager: page.pager,
        })
    }

    /// The integrations that are wanted, the worst first.
    fn pairs(&self, frame: &Frame, parties: &Parties) -> Vec<Pair> {
        let state = &frame.world.contracts;
        let wanted =
            |(consumer, provider): &(PacticipantKey, PacticipantKey)| self.wants(parties, *consumer, *provider);
        let pairs = state.integrations().map(|(consumer, provider, _)| (consumer, provider)).filter(wanted);
        let mut pairs: Vec<Pair> = pairs.map(|(consumer, provider)| Pair::of(state, consumer, provider)).collect();
        pairs.retain(|pair| self.state.is_empty() || pair.standing.word() == self.state);
        pairs.sort_by(|a, b| {
            let names = |pair: &Pair| (state.name(pair.consumer), state.name(pair.provider));
            a.standing.cmp(&b.standing).then_with(|| names(a).cmp(&names(b)))
        });
        pairs
    }

    fn none(&self, frame: &Frame) -> Empty {
        if !self.query().is_empty() {
            return Empty::new("No integration passes these filters.");
        }
        let broker = format!("{}/pact", frame.app.settings().base_url);
        Empty::with(
            format!(
                "Nobody has published a pact yet. Any Pact client can, with {broker} as its broker; or the command:"
            ),
            "mainstay contract publish pacts/ --version 1.4.2 --branch main",
        )
    }

    fn wants(&self, parties: &Parties, consumer: PacticipantKey, provider: PacticipantKey) -> bool {
        let text = self.q.to_lowercase();
        let fits = |key: PacticipantKey| {
            let Some(known) = parties.get(&key) else { return [false; 3] };
            let owned = match self.owner.as_str() {
                NOBODY => known.owner.is_none(),
                owner => known.owner.as_ref().is_some_and(|known| known.as_str() == owner),
            };
            [known.name.to_lowercase().contains(&text), owned, known.labels.contains(&self.label)]
        };
        let (one, other) = (fits(consumer), fits(provider));
        let [named, owned, labelled] = [0, 1, 2].map(|at| one.get(at) == Some(&true) || other.get(at) == Some(&true));
        (text.is_empty() || named) && (self.owner.is_empty() || owned) && (self.label.is_empty() || labelled)
    }

    /// The filters that are set, as the address has them.
    fn query(&self) -> String {
        let all = [("q", &self.q), ("owner", &self.owner), ("label", &self.label), ("state", &self.state)];
        let set: Vec<_> = all.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        serde_html_form::to_string(&set).unwrap_or_default()
    }

    fn filters(&self, frame: &Frame, parties: &Parties, action: &str) -> Filters {
        let owners: BTreeSet<&EntityRef> = parties.values().filter_map(|known| known.owner.as_ref()).collect();
        let labels: BTreeSet<&String> = parties.values().flat_map(|known| &known.labels).collect();
        let mut owned = vec![Choice::new("", "Anybody", &self.owner), Choice::new(NOBODY, "Nobody", &self.owner)];
        let named = |owner: &EntityRef| Choice::new(owner.as_str(), frame.entity(owner).name, &self.owner);
        owned.extend(owners.into_iter().take(CHOICES_MAX).map(named));
        let mut labelled = vec![Choice::new("", "Any", &self.label)];
        labelled.extend(labels.into_iter().take(CHOICES_MAX).map(|label| Choice::new(label, label, &self.label)));
        let mut states = vec![Choice::new("", "Any", &self.state)];
        states.extend(Standing::ALL.map(|standing| Choice::new(standing.word(), standing.word(), &self.state)));
        let mut fields = vec![
            Field::line("q", "Consumer or provider", &self.q).autocomplete("off"),
            Field::select("owner", "Owner", owned),
            Field::select("state", "State", states),
        ];
        if labelled.len() > 1 {
            fields.push(Field::select("label", "Label", labelled));
        }
        Filters { action: action.to_owned(), fields, clear: (!self.query().is_empty()).then(|| frame.href(action)) }
    }

    /// Those without a component, where nothing else is asked for.
    fn unmatched(&self, frame: &Frame, parties: &Parties) -> Option<Unmatched> {
        let names: Vec<&Known> = parties.values().filter(|known| !known.matched).collect();
        if names.is_empty() || self.from.is_some() || !self.query().is_empty() {
            return None;
        }
        Some(Unmatched {
            count: names.len(),
            names: names.iter().take(NAMED_MAX).map(|known| known.name.to_string()).collect(),
            all: Link::new("How to mend it", frame.href(format!("/findings?rule={}", super::gaps::UNMATCHED))),
        })
    }
}

/// `24 integrations: 1 failed, 2 not verified, 21 verified.`
fn summary(pairs: &[Pair]) -> String {
    let mut counts: BTreeMap<Standing, usize> = BTreeMap::new();
    pairs.iter().for_each(|pair| *counts.entry(pair.standing).or_default() += 1);
    let sorts: Vec<String> = counts.iter().map(|(standing, count)| format!("{count} {}", standing.word())).collect();
    match pairs.len() {
        0 => "No integrations.".to_owned(),
        1 => format!("1 integration: {}.", sorts.join(", ")),
        many => format!("{many} integrations: {}.", sorts.join(", ")),
    }
}

fn row(frame: &Frame, pair: &Pair, environments: &[String], parties: &Parties, called: Option<&Outcome>) -> PairRow {
    let state = &frame.world.contracts;
    let (consumer, provider) = (state.name(pair.consumer), state.name(pair.provider));
    let owner = |of: PacticipantKey| {
        let owner = parties.get(&of)?.owner.as_ref()?;
        Some(frame.entity(owner))
    };
    let version = pair.pact.and_then(|pact| state.publication(pact)).map(|pact| state.number(pact.version).to_owned());
    let at = pair.pact.and_then(|pact| published(state, pact));
    let verified = pair.verification.and_then(|key| {
        let row = state.verification(key)?;
        let link = Link::new(number(key).to_string(), frame.href(verification_address(key)));
        Some((link, state.number(row.version).to_owned(), frame.ago(row.at.into())))
    });
    PairRow {
        href: frame.href(pair_address(consumer, provider)),
        consumer: consumer.to_owned(),
        provider: provider.to_owned(),
        owners: [owner(pair.consumer), owner(pair.provider)],
        state: pair.standing.state(),
        pact: version.zip(at).map(|(version, at)| (version, frame.ago(at))),
        verified,
        deployable: environments.iter().map(|environment| consumer_to(state, pair, environment)).collect(),
        webhook: called.map(webhooks::outcome),
    }
}
