//! Whether pacts fit the API definitions that providers publish: found out when it is asked for, and remembered.
//!
//! The comparison is work of milliseconds to seconds, so that no decision waits for it in the loop: whoever asks the matrix
//! finds out what is missing, hands it in as a fact, and asks again. What was found out for a content and a document never
//! changes.

use std::collections::BTreeSet;

use bidirectional::Kind;
use contracts::{
    Command as Wish, ContentKey, Failure, Gate, Latest, PacticipantKey, State, VersionKey,
    matrix::{Answer, Query, ask},
};
use engine::Request;
use kernel::{EntityRef, Refusal, Sha256};
use world::Command;

use super::standing::question;
use crate::App;

/// Comparisons of one question; the rest is found out when it is asked again.
const AT_ONCE: usize = 200;
/// Problems that are remembered in the fact itself; the whole comparison is a document.
const PROBLEMS_MAX: usize = 5;

/// A content, and the document that it is to fit.
type Pair = (ContentKey, Sha256);

/// Answers a question to the matrix, after finding out what is missing for it. It may read and write the store: call it
/// where blocking is allowed.
///
/// # Errors
/// If the store can't be read, or a fact is refused.
pub fn ask_settled(app: &App, query: &Query) -> Result<Answer, Refusal> {
    let mut answer = ask(&app.world().contracts, query);
    // What is found out may bring another version's row to the front, which is missing in its turn.
    for _ in 0..4 {
        if !settle(app, &answer)? {
            break;
        }
        answer = ask(&app.world().contracts, query);
    }
    Ok(answer)
}

/// Finds out what an answer lacks; true if there was anything.
///
/// # Errors
/// If the store can't be read, or a fact is refused.
pub fn settle(app: &App, answer: &Answer) -> Result<bool, Refusal> {
    let world = app.world();
    let state = &world.contracts;
    let lacking = answer.rows.iter().chain(&answer.ignored).filter(|row| row.fit == Some(None));
    let pairs: BTreeSet<Pair> = lacking
        .filter_map(|row| Some((row.content, state.definition_of(row.provider_version?)?.blob)))
        .take(AT_ONCE)
        .collect();
    find_out(app, state, &pairs)?;
    Ok(!pairs.is_empty())
}

/// Finds out what the gate of an environment will ask before a component is deployed there.
///
/// # Errors
/// If the store can't be read, or a fact is refused.
pub fn settle_gate(app: &App, component: &EntityRef, version: &str, environment: &str) -> Result<(), Refusal> {
    let world = app.world();
    let state = &world.contracts;
    if state.gate(environment) == Gate::Off {
        return Ok(());
    }
    for key in state.pacticipants_of(component) {
        ask_settled(app, &question(state.name(key), version, environment))?;
    }
    Ok(())
}

/// Finds out what will be asked of a provider soon: whether the pacts that matter fit the definitions that matter.
///
/// # Errors
/// If the store can't be read, or a fact is refused.
pub fn settle_provider(app: &App, provider: &str) -> Result<(), Refusal> {
    let world = app.world();
    let state = &world.contracts;
    let Some(provider) = state.pacticipant_named(provider) else { return Ok(()) };
    let mut documents: BTreeSet<Sha256> = BTreeSet::new();
    for version in versions_that_matter(state, provider) {
        documents.extend(state.definition_of(version).map(|definition| definition.blob));
    }
    documents.extend(newest_definition(state, provider));
    if documents.is_empty() {
        return Ok(());
    }
    let contents = contents_that_matter(state, provider);
    let pairs = contents.iter().flat_map(|content| documents.iter().map(move |document| (*content, *document)));
    let pairs: BTreeSet<Pair> =
        pairs.filter(|(content, document)| state.fit(*content, *document).is_none()).take(AT_ONCE).collect();
    find_out(app, state, &pairs)
}

fn newest_definition(state: &State, provider: PacticipantKey) -> Option<Sha256> {
    let newest = state.defined_versions(provider).next_back()?;
    state.definition_of(newest).map(|definition| definition.blob)
}

/// The heads of the branches, and what is in an environment.
fn versions_that_matter(state: &State, party: PacticipantKey) -> BTreeSet<VersionKey> {
    let mut versions: BTreeSet<VersionKey> =
        state.branches_of(party).map(|(_, branch)| branch.head).take(100).collect();
    for environment in state.environments() {
        versions.extend(state.placed_in(environment.environment.id, party).map(|placed| placed.version));
    }
    versions
}

/// What those versions of the consumers expect, and the newest of all.
pub(super) fn contents_that_matter(state: &State, provider: PacticipantKey) -> BTreeSet<ContentKey> {
    let mut contents = BTreeSet::new();
    let content = |key| state.publication(key).map(|pact| pact.content);
    for consumer in state.consumers_of(provider) {
        contents.extend(state.latest_pact(consumer, provider, Latest::Overall).and_then(content));
        for version in versions_that_matter(state, consumer) {
            let pact = state.version(version).and_then(|version| version.pact_with(provider));
            contents.extend(pact.and_then(content));
        }
    }
    contents
}

fn find_out(app: &App, state: &State, pairs: &BTreeSet<Pair>) -> Result<(), Refusal> {
    for (content, document) in pairs {
        let Some(command) = compared(app, state, *content, *document)? else { continue };
        app.engine().submit_blocking(Request::by_part(Command::Contracts(command), "contracts"))?;
    }
    Ok(())
}

fn compared(app: &App, state: &State, content: ContentKey, document: Sha256) -> Result<Option<Wish>, Refusal> {
    let Some(known) = state.content(content) else { return Ok(None) };
    let store = app.engine().store();
    let (Some(definition), Some(pact)) = (store.get_blob(&document)?, store.get_blob(&known.blob)?) else {
        return Ok(None);
    };
    let (fits, problems, comparison) = match bidirectional::compare(&definition, &pact) {
        Ok(judgement) => {
            let errors =
                judgement.findings.iter().filter(|finding| finding.kind == Kind::Error).map(|finding| Failure {
                    interaction: finding.interaction.clone().unwrap_or_else(|| "the pact".to_owned()),
                    state: None,
                    message: Some(format!("{} ({})", finding.message, finding.code)),
                });
            // What was not compared in full is not known to fit.
            let cut = (!judgement.complete).then(|| Failure {
                interaction: "the whole comparison".to_owned(),
                state: None,
                message: Some("there was too much to compare, so that it is not known to fit".to_owned()),
            });
            let problems = errors.chain(cut).take(PROBLEMS_MAX).collect();
            let written = serde_json::to_vec(&judgement.findings).unwrap_or_default();
            (judgement.fits(), problems, store.put_blobs(&[written])?.first().copied())
        }
        // What can't be read is not known to fit.
        Err(unreadable) => {
            let interaction = "the whole comparison".to_owned();
            (false, vec![Failure { interaction, state: None, message: Some(unreadable.to_string()) }], None)
        }
    };
    Ok(Some(Wish::JudgeFit {
        consumer: state.name(known.consumer).to_owned(),
        provider: state.name(known.provider).to_owned(),
        content: known.sha,
        definition: document,
        fits,
        problems,
        comparison,
    }))
}
