//! Consumer-driven contracts: the Pact Broker's protocol, what the server adds to decide about them, and their screens.

pub mod changes;
pub mod environments;
pub mod explain;
pub mod fits;
pub mod gaps;
pub mod list;
pub mod matrix;
mod network;
pub mod pact;
pub mod pact_broker;
pub mod pact_diff;
pub mod pair;
pub mod readable;
mod rules;
pub mod section;
pub mod signing;
pub(crate) mod standing;
mod text;
pub mod verification;
pub mod webhooks;

use ::contracts::{PacticipantKey, PublicationKey, State as Contracts, VerificationKey, VersionKey};
use engine::Engine;
use kernel::{Refusal, Sha256, Timestamp};
use serde_json::Value;

use crate::{
    frame::Frame,
    show::segment,
    views::{Entity, Tab, Tabs},
};

/// A table with more columns can't be read.
const COLUMNS_MAX: usize = 4;

/// The names of the environments, those of production first.
fn environments(state: &Contracts) -> Vec<String> {
    let (production, others): (Vec<_>, Vec<_>) = state.environments().partition(|known| known.environment.production);
    production.into_iter().chain(others).map(|known| known.environment.name.clone()).collect()
}

/// The same, only those where something is; all if nothing is anywhere.
fn used_environments(state: &Contracts) -> Vec<String> {
    let all = environments(state);
    let is_used = |name: &String| {
        let known = state.environment_named(name);
        known.is_some_and(|known| state.all_placed_in(known.environment.id).next().is_some())
    };
    let used: Vec<String> = all.iter().filter(|name| is_used(name)).cloned().collect();
    if used.is_empty() { all } else { used }
}

/// The parts of what is known of contracts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Integrations,
    Network,
    Matrix,
    Webhooks,
    Environments,
}

/// The way between the parts. `filters` is kept between the list and its drawing.
fn parts(frame: &Frame, here: Part, filters: &str) -> Tabs {
    let tab = |part: Part, label: &str, href: String| Tab {
        label: label.to_owned(),
        href: frame.href(href),
        here: part == here,
        count: None,
    };
    let (list, network) = match filters {
        "" => ("/contracts".to_owned(), "/contracts/network".to_owned()),
        set => (format!("/contracts?{set}"), format!("/contracts/network?{set}")),
    };
    Tabs {
        label: "Contracts".to_owned(),
        tabs: vec![
            tab(Part::Integrations, "Integrations", list),
            tab(Part::Network, "Network", network),
            tab(Part::Matrix, "Can I deploy?", "/contracts/matrix".to_owned()),
            tab(Part::Webhooks, "Webhooks", "/contracts/webhooks".to_owned()),
            tab(Part::Environments, "Environments", "/contracts/environments".to_owned()),
        ],
    }
}

/// The address of an integration's screen.
fn pair_address(consumer: &str, provider: &str) -> String {
    format!("/contracts/{}/{}", segment(consumer), segment(provider))
}

/// The address of a pact's screen.
fn pact_address(consumer: &str, version: &str, provider: &str) -> String {
    format!("/contracts/pacts/{}/{}/{}", segment(consumer), segment(version), segment(provider))
}

/// The address of a verification's screen.
fn verification_address(key: VerificationKey) -> String {
    format!("/contracts/verifications/{}", number(key))
}

/// The number of a verification, as people see it.
fn number(key: VerificationKey) -> u32 {
    key.0.saturating_add(1)
}

/// Where it is asked whether a version can be deployed.
fn question_address(pacticipant: &str, version: &str, environment: Option<&str>) -> String {
    let pairs = [("p1", pacticipant), ("w1", "version"), ("v1", version), ("environment", environment.unwrap_or(""))];
    let set: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    format!("/contracts/matrix?{}", serde_html_form::to_string(set).unwrap_or_default())
}

/// The same from a terminal.
fn question_command(pacticipant: &str, version: &str, environment: &str) -> String {
    format!("mainstay can-i-deploy {} {} --to-environment {}", shell(pacticipant), shell(version), shell(environment))
}

/// A word of a command line, quoted where it needs to be.
fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The newest version of a pacticipant: of its main branch, where it has one.
fn newest(state: &Contracts, pacticipant: PacticipantKey) -> Option<VersionKey> {
    let main = state.pacticipant(pacticipant)?.details.main_branch.as_deref();
    let head = main.and_then(|main| state.branch(pacticipant, main)).map(|branch| branch.head);
    head.or_else(|| state.versions_of(pacticipant).next_back())
}

/// The component that a pacticipant is taken for; nothing if the catalog has none.
fn component(frame: &Frame, pacticipant: PacticipantKey) -> Option<Entity> {
    let known = frame.world.contracts.pacticipant(pacticipant)?;
    frame.world.catalog.get(&known.component).map(|_| frame.entity(&known.component))
}

/// What to do about a pacticipant that is no component of the catalog.
fn how_to_match(name: &str) -> String {
    format!(
        "No component of the catalog is called {name}. Add the annotation {}: {name} to the component that it is, so that \
         it has an owner and somebody on call.",
        world::contracts::PACTICIPANT
    )
}

/// When a pact was published.
fn published(state: &Contracts, pact: PublicationKey) -> Option<Timestamp> {
    state.publication(pact).map(|pact| pact.at.into())
}

/// A document of the store, read as JSON. It reads the store: call it where blocking is allowed.
fn document(engine: &Engine, digest: Sha256) -> Result<Option<Value>, Refusal> {
    let bytes = engine.store().get_blob(&digest)?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}
