//! The states that the pacts with a provider need it to be in.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use contracts::{Latest, PacticipantKey, PublicationKey, State};
use kernel::Sha256;
use serde_json::{Value, json};

use crate::{Answer, Call, Failure, view};

/// Pacts that are read.
const PACTS_MAX: usize = 1_000;
/// Bytes of documents that are read.
const BYTES_MAX: usize = 64 << 20;
/// States that are shown.
const STATES_MAX: usize = 5_000;

/// Those of the consumers' main branches.
pub(super) fn of_main_branches(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let provider = view::party(call, "provider")?;
    let state = call.state();
    let newest = |consumer| state.latest_pact(consumer, provider, Latest::OnMainBranch);
    let pacts = state.consumers_of(provider).filter_map(newest).collect();
    answered(call, pacts)
}

pub(super) fn of_branch(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let provider = view::party(call, "provider")?;
    let (state, branch) = (call.state(), call.param("branch")?);
    let newest = |consumer| state.latest_pact(consumer, provider, Latest::OnBranch(branch));
    let pacts = state.consumers_of(provider).filter_map(newest).collect();
    answered(call, pacts)
}

/// Those of what is deployed or released in an environment, which is named or given by its id.
pub(super) fn of_environment(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let provider = view::party(call, "provider")?;
    let (state, wanted) = (call.state(), call.param("environment")?);
    let by_id = wanted.parse().ok().and_then(|id| state.environment(id));
    let environment = by_id.or_else(|| state.environment_named(wanted)).ok_or(Failure::NotFound)?.environment.id;
    let there = |consumer: PacticipantKey| state.placed_in(environment, consumer).map(|placed| placed.version);
    let versions: BTreeSet<_> = state.consumers_of(provider).flat_map(there).collect();
    let pacts = versions.into_iter().filter_map(|version| state.version(version)?.pact_with(provider)).collect();
    answered(call, pacts)
}

/// A state with its parameters (as JSON), and the consumers that need it.
type Needed = BTreeMap<(String, String), BTreeSet<String>>;

fn answered(call: &Call<'_>, pacts: Vec<PublicationKey>) -> Result<Answer, Failure> {
    let state = call.state();
    let mut documents: BTreeMap<Sha256, Vec<(String, String)>> = BTreeMap::new();
    let mut needed = Needed::new();
    let (mut bytes_read, mut is_cut) = (0, pacts.len() > PACTS_MAX);
    for key in pacts.into_iter().take(PACTS_MAX) {
        let Some((blob, consumer)) = document_of(state, key) else { continue };
        let states = match documents.entry(blob) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(_) if bytes_read > BYTES_MAX => {
                is_cut = true;
                break;
            }
            Entry::Vacant(unknown) => {
                let bytes = call.host.blob(&blob)?.unwrap_or_default();
                bytes_read += bytes.len();
                let pact: Value = serde_json::from_slice(&bytes).unwrap_or_default();
                unknown.insert(states_of(&pact))
            }
        };
        for state in states.iter() {
            needed.entry(state.clone()).or_default().insert(consumer.clone());
        }
    }
    is_cut |= needed.len() > STATES_MAX;
    let shown: Vec<Value> = needed.into_iter().take(STATES_MAX).map(shown).collect();
    let mut document = json!({"providerStates": shown});
    if let (true, Value::Object(fields)) = (is_cut, &mut document) {
        fields.insert("incomplete".to_owned(), json!(true));
    }
    Ok(Answer::hal(&document))
}

fn document_of(state: &State, key: PublicationKey) -> Option<(Sha256, String)> {
    let pact = state.publication(key)?;
    let consumer = state.version(pact.version)?.pacticipant;
    Some((state.blob_of(pact)?, state.name(consumer).to_owned()))
}

fn shown(((name, parameters), consumers): ((String, String), BTreeSet<String>)) -> Value {
    let mut state = view::object(json!({"name": name}));
    if let Ok(parameters @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(&parameters) {
        state.insert("params".to_owned(), parameters);
    }
    state.insert("consumers".to_owned(), json!(consumers));
    Value::Object(state)
}

/// The states of a pact's interactions and messages, by whichever key its specification names them.
pub(super) fn states_of(pact: &Value) -> Vec<(String, String)> {
    let parts = ["interactions", "messages"].into_iter().filter_map(|key| pact.get(key)?.as_array()).flatten();
    let mut found = BTreeSet::new();
    for part in parts {
        let single = ["providerState", "provider_state"].into_iter().find_map(|key| part.get(key)?.as_str());
        found.extend(single.map(|name| (name.to_owned(), String::new())));
        let several = part.get("providerStates").and_then(Value::as_array).into_iter().flatten();
        found.extend(several.filter_map(|state| {
            let parameters = state.get("params").filter(|parameters| !parameters.is_null());
            Some((state.get("name")?.as_str()?.to_owned(), parameters.map(Value::to_string).unwrap_or_default()))
        }));
    }
    found.into_iter().filter(|(name, _)| !name.is_empty()).collect()
}
