//! Overviews for other programs: who is related to whom, as a table; how much there is.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use contracts::{Content, Latest, Moment, PacticipantKey, PublicationKey, State, VerificationKey};
use serde_json::json;

use crate::{
    Answer, Call, Failure,
    view::{self, time},
};

const CSV: &str = "text/csv;charset=utf-8";
/// What stands for a number that nobody counts, because that would mean to look at everything.
const NOT_COUNTED: i64 = -1;
/// Versions that are looked at to count their tags and branches.
const VERSIONS_LOOKED_AT: usize = 200_000;

fn field(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// One line for each pacticipant, as the Pact Broker's network diagram reads it: id, name, three fixed numbers, its place,
/// and the ids of its providers, filled up with zeros.
fn table(state: &State, pairs: &[(PacticipantKey, PacticipantKey)]) -> String {
    let mut order: Vec<PacticipantKey> = Vec::new();
    let mut providers: BTreeMap<PacticipantKey, Vec<PacticipantKey>> = BTreeMap::new();
    for (consumer, provider) in pairs {
        for key in [consumer, provider] {
            providers.entry(*key).or_insert_with(|| {
                order.push(*key);
                Vec::new()
            });
        }
        providers.entry(*consumer).or_default().push(*provider);
    }
    let width = providers.values().map(Vec::len).max().unwrap_or_default();
    let mut text = String::new();
    for (at, key) in order.iter().enumerate() {
        text.push_str(&format!("{},{},1,1,0,{}", key.0 + 1, field(state.name(*key)), at + 1));
        let of = providers.get(key).map_or(&[] as &[_], Vec::as_slice);
        of.iter().for_each(|provider| text.push_str(&format!(",{}", provider.0 + 1)));
        (of.len()..width).for_each(|_| text.push_str(",0"));
        text.push('\n');
    }
    text
}

fn by_name(state: &State, mut pairs: Vec<(PacticipantKey, PacticipantKey)>) -> Vec<(PacticipantKey, PacticipantKey)> {
    pairs.sort_by_key(|(consumer, provider)| (state.name(*consumer), state.name(*provider)));
    pairs
}

pub(super) fn relationships(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let state = call.state();
    let pairs = state.integrations().map(|(consumer, provider, _)| (consumer, provider)).collect();
    Ok(Answer::text(CSV, table(state, &by_name(state, pairs))))
}

/// Everybody who is connected with a pacticipant, however far; `maxPacticipants` ends the search.
pub(super) fn group(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let key = view::party(call, "pacticipant")?;
    let most = call.query_text("maxPacticipants").and_then(|text| text.parse::<usize>().ok()).unwrap_or(usize::MAX);
    let state = call.state();
    let mut seen = BTreeSet::from([key]);
    let mut waiting = VecDeque::from([key]);
    let mut pairs = BTreeSet::new();
    while let Some(next) = waiting.pop_front() {
        let as_consumer = state.providers_of(next).map(|provider| (next, provider));
        let as_provider = state.consumers_of(next).map(|consumer| (consumer, next));
        for (consumer, provider) in as_consumer.chain(as_provider) {
            let other = if consumer == next { provider } else { consumer };
            if !seen.contains(&other) {
                if seen.len() >= most {
                    continue;
                }
                seen.insert(other);
                waiting.push_back(other);
            }
            pairs.insert((consumer, provider));
        }
    }
    Ok(Answer::text(CSV, table(state, &by_name(state, pairs.into_iter().collect()))))
}

/// What is known of the newest pacts without looking at the others.
#[derive(Default)]
struct Newest {
    integrations: usize,
    interactions: u64,
    messages: u64,
    first: Option<Moment>,
    last: Option<PublicationKey>,
    last_verification: Option<VerificationKey>,
}

fn newest(state: &State) -> Newest {
    let mut newest = Newest::default();
    for (consumer, provider, first) in state.integrations() {
        newest.integrations += 1;
        newest.first = Some(newest.first.map_or(first, |known| known.min(first)));
        newest.last = newest.last.max(state.publications_between(consumer, provider).next_back());
        let latest = state.latest_pact(consumer, provider, Latest::Overall).and_then(|key| state.publication(key));
        let Some(latest) = latest else { continue };
        if let Some(Content { outline, .. }) = state.content(latest.content) {
            newest.interactions += u64::from(outline.interactions);
            newest.messages += u64::from(outline.messages);
        }
        newest.last_verification = newest.last_verification.max(state.verifications_of(latest.content).next_back());
    }
    newest
}

/// How versions are marked; none if there are too many to look at.
struct Marks {
    with_branch: i64,
    with_own_branch: i64,
    tags: i64,
    names: i64,
    names_of_parties: i64,
}

fn marks(state: &State, versions: usize) -> Marks {
    if versions > VERSIONS_LOOKED_AT {
        return Marks {
            with_branch: NOT_COUNTED,
            with_own_branch: NOT_COUNTED,
            tags: NOT_COUNTED,
            names: NOT_COUNTED,
            names_of_parties: NOT_COUNTED,
        };
    }
    let (mut with_branch, mut with_own_branch, mut tags) = (0, 0, 0);
    let mut names = BTreeSet::new();
    let mut names_of_parties = BTreeSet::new();
    for (key, _) in state.pacticipants() {
        for version in state.versions_of(key).filter_map(|version| state.version(version)) {
            with_branch += i64::from(!version.branches.is_empty());
            with_own_branch += i64::from(version.branches.iter().any(|on| !on.automatic));
            for (tag, _) in &version.tags {
                tags += 1;
                names.insert(&**tag);
                names_of_parties.insert((key, &**tag));
            }
        }
    }
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    Marks {
        with_branch,
        with_own_branch,
        tags,
        names: count(names.len()),
        names_of_parties: count(names_of_parties.len()),
    }
}

pub(super) fn metrics(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let state = call.state();
    let [pacticipants, versions, publications, verifications] = state.counts();
    let newest = newest(state);
    let marks = marks(state, versions);
    let with_main = state.pacticipants().filter(|(_, known)| known.details.main_branch.is_some()).count();
    let environments: Vec<_> = state.environments().map(|known| known.environment.id).collect();
    let placed = environments.iter().flat_map(|id| state.all_placed_in(*id));
    let (released, deployed): (Vec<_>, Vec<_>) = placed.partition(|placed| placed.released);
    let executions: usize = state.deliveries().map(|known| known.tries.len()).sum();
    let last = newest.last.and_then(|key| state.publication(key)).map(|pact| time(pact.at));
    let last_verified = newest.last_verification.and_then(|key| state.verification(key)).map(|row| time(row.at));
    Ok(Answer::hal(&json!({
        "interactions": {
            "latestInteractionsCount": newest.interactions,
            "latestMessagesCount": newest.messages,
            "latestInteractionsAndMessagesCount": newest.interactions + newest.messages,
        },
        "pacticipants": {"count": pacticipants, "withMainBranchSetCount": with_main},
        "integrations": {"count": newest.integrations},
        "pactPublications": {"count": publications, "first": newest.first.map(time), "last": last},
        "pactVersions": {"count": NOT_COUNTED},
        "pactRevisionsPerConsumerVersion": {"distribution": {}},
        "verificationResults": {
            "count": verifications,
            "successCount": NOT_COUNTED,
            "failureCount": NOT_COUNTED,
            "distinctCount": NOT_COUNTED,
            "first": null,
            "last": last_verified,
        },
        "verificationResultsPerPactVersion": {"distribution": {}},
        "pacticipantVersions": {
            "count": versions,
            "withUserCreatedBranchCount": marks.with_own_branch,
            "withBranchCount": marks.with_branch,
            "withBranchSetCount": marks.with_branch,
        },
        "webhooks": {"count": state.webhooks().count()},
        "tags": {
            "count": marks.tags,
            "distinctCount": marks.names,
            "distinctWithPacticipantCount": marks.names_of_parties,
        },
        "triggeredWebhooks": {"count": state.deliveries().count()},
        "webhookExecutions": {"count": executions},
        "matrix": {"count": NOT_COUNTED},
        "environments": {"count": environments.len()},
        "deployedVersions": {
            "count": NOT_COUNTED,
            "userCreatedCount": NOT_COUNTED,
            "currentlyDeployedCount": deployed.len(),
        },
        "releasedVersions": {"count": NOT_COUNTED, "currentlySupportedCount": released.len()},
    })))
}
