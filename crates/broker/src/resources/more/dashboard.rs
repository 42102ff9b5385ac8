//! The dashboard: of every integration the newest pact, and the newest of each tag and environment, with what came of them.
//!
//! What is shown is found by keys; only the entries of one page are written out.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use contracts::{KnownDelivery, Latest, Moment, PacticipantKey, PublicationKey, State, VerificationKey, VersionKey};
use serde_json::{Value, json};

use super::triggered;
use crate::{
    Answer, Call, Failure,
    links::{Links, link, titled},
    query,
    view::{self, Paging, time},
};

/// Tags of one consumer that are looked at: those of the newest versions.
const TAGS_MAX: usize = 50;

/// Which tags are asked for.
enum Tags {
    All,
    None,
    Only(BTreeSet<String>),
}

impl Tags {
    fn of(call: &Call<'_>) -> Result<Self, Failure> {
        let parsed = query::parse(&call.query).map_err(|wrong| Failure::list(vec![wrong]))?;
        Ok(match parsed.get("tags") {
            None | Some(Value::Null) => Self::All,
            Some(Value::String(text)) if text == "true" => Self::All,
            Some(Value::String(text)) if text == "false" => Self::None,
            Some(Value::String(text)) => Self::Only(text.split(',').map(str::to_owned).collect()),
            Some(Value::Array(list)) => Self::Only(list.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
            Some(_) => return Err(Failure::field("tags", "must be true, false or a list of tags")),
        })
    }
}

/// What the integrations of one consumer have in common.
struct Consumer {
    /// Its tags, with the newest version of each.
    tags: Vec<(Arc<str>, VersionKey)>,
    /// What of it is in environments.
    placed: BTreeSet<VersionKey>,
}

impl Consumer {
    fn of(state: &State, key: PacticipantKey, tags: &Tags) -> Self {
        let mut heads: Vec<(Arc<str>, VersionKey)> = match tags {
            Tags::None => Vec::new(),
            Tags::All => state.tag_heads_of(key).collect(),
            Tags::Only(names) => {
                let head =
                    |name: &String| Some((Arc::from(name.as_str()), state.versions_tagged(key, name).next_back()?));
                names.iter().filter_map(head).collect()
            }
        };
        heads.sort_by_key(|(_, version)| Reverse(*version));
        heads.truncate(TAGS_MAX);
        let placed = match tags {
            Tags::All => {
                let environments = state.environments().map(|known| known.environment.id);
                environments.flat_map(|id| state.placed_in(id, key)).map(|placed| placed.version).collect()
            }
            Tags::None | Tags::Only(_) => BTreeSet::new(),
        };
        Self { tags: heads, placed }
    }
}

struct Item {
    consumer: PacticipantKey,
    provider: PacticipantKey,
    pact: PublicationKey,
    version: VersionKey,
    /// The tags of which this is the newest pact.
    tags: Vec<Arc<str>>,
}

/// What is shown of one integration.
fn items_of(state: &State, consumer: PacticipantKey, provider: PacticipantKey, common: &Consumer) -> Vec<Item> {
    let mut found: BTreeMap<PublicationKey, Vec<Arc<str>>> = BTreeMap::new();
    if let Some(newest) = state.latest_pact(consumer, provider, Latest::Overall) {
        found.insert(newest, Vec::new());
    }
    let with = |version: VersionKey| state.version(version)?.pact_with(provider);
    for (tag, head) in &common.tags {
        if let Some(pact) = with(*head).or_else(|| state.latest_pact(consumer, provider, Latest::Tagged(tag))) {
            found.entry(pact).or_default().push(Arc::clone(tag));
        }
    }
    for pact in common.placed.iter().filter_map(|version| with(*version)) {
        found.entry(pact).or_default();
    }
    let item = |(pact, tags): (PublicationKey, Vec<Arc<str>>)| {
        let version = state.publication(pact)?.version;
        Some(Item { consumer, provider, pact, version, tags })
    };
    found.into_iter().filter_map(item).collect()
}

pub(super) fn show(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (tags, state) = (Tags::of(call)?, call.state());
    let mut common: HashMap<PacticipantKey, Consumer> = HashMap::new();
    let mut items = Vec::new();
    for (consumer, provider, _) in state.integrations() {
        let common = common.entry(consumer).or_insert_with(|| Consumer::of(state, consumer, &tags));
        items.extend(items_of(state, consumer, provider, common));
    }
    shown(call, items, call.links.at(&["dashboard"]))
}

pub(super) fn show_pair(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (consumer, provider) = view::pair(call)?;
    let (tags, state) = (Tags::of(call)?, call.state());
    let items = items_of(state, consumer, provider, &Consumer::of(state, consumer, &tags));
    let here = call.links.at(&["dashboard", "provider", state.name(provider), "consumer", state.name(consumer)]);
    shown(call, items, here)
}

fn shown(call: &Call<'_>, mut items: Vec<Item>, here: String) -> Result<Answer, Failure> {
    let paging = Paging::of(call, 100)?;
    let state = call.state();
    let ranks = ranks(state);
    let rank = |key: PacticipantKey| ranks.get(&key).copied();
    items.sort_by_cached_key(|item| (rank(item.consumer), Reverse(item.version), rank(item.provider), item.pact));
    let total = items.len();
    let mut page = paging.cut(items.into_iter());
    page.sort_by_key(|item| Reverse(last_activity(state, item)));
    let calls = Calls::of(state);
    let entries: Vec<Value> = page.iter().filter_map(|item| entry(state, &call.links, item, &calls)).collect();
    let mut document = json!({"items": entries, "_links": {"self": link(here.clone())}});
    paging.note(&mut document, total, &here);
    Ok(Answer::hal(&document))
}

/// Everybody's place among the names, whatever their case.
fn ranks(state: &State) -> HashMap<PacticipantKey, usize> {
    let mut names: Vec<_> = state.pacticipants().map(|(key, known)| (known.name.to_lowercase(), key)).collect();
    names.sort_unstable();
    names.into_iter().enumerate().map(|(at, (_, key))| (key, at)).collect()
}

fn newest_verification(state: &State, item: &Item) -> Option<VerificationKey> {
    state.verifications_of(state.publication(item.pact)?.content).next_back()
}

fn last_activity(state: &State, item: &Item) -> Option<Moment> {
    let published = state.publication(item.pact).map(|pact| pact.at);
    let verified = newest_verification(state, item).and_then(|key| state.verification(key)).map(|row| row.at);
    published.max(verified)
}

/// The last calls of webhooks, by whom they were about.
struct Calls<'s> {
    between: HashMap<(&'s str, &'s str), Vec<&'s KnownDelivery>>,
}

impl<'s> Calls<'s> {
    fn of(state: &'s State) -> Self {
        let mut between: HashMap<(&str, &str), Vec<&KnownDelivery>> = HashMap::new();
        for known in state.deliveries() {
            if let (Some(consumer), Some(provider)) = (&known.delivery.consumer, &known.delivery.provider) {
                between.entry((consumer, provider)).or_default().push(known);
            }
        }
        Self { between }
    }

    fn about(&self, state: &'s State, item: &Item) -> &[&'s KnownDelivery] {
        let names = (state.name(item.consumer), state.name(item.provider));
        self.between.get(&names).map_or(&[], Vec::as_slice)
    }
}

/// What came of the last call for each event of each webhook, as one word.
fn webhook_status(state: &State, item: &Item, calls: &[&KnownDelivery]) -> &'static str {
    if !state.webhooks().any(|known| known.webhook.is_for(state, item.consumer, item.provider)) {
        return "none";
    }
    let mut seen = BTreeSet::new();
    let latest = calls.iter().filter(|known| seen.insert((&known.delivery.webhook, &known.delivery.event)));
    let states: Vec<&str> = latest.map(|known| triggered::status(&known.outcome)).collect();
    if states.iter().all(|state| *state == "not_run") {
        "not_run"
    } else if states.contains(&"retrying") {
        "retrying"
    } else if states.iter().all(|state| *state == "success") {
        "success"
    } else {
        "failure"
    }
}

/// The branches whose head a version is.
fn heads(state: &State, key: VersionKey) -> Vec<&str> {
    let Some(version) = state.version(key) else { return Vec::new() };
    let names = version.branches.iter().map(|on| &*on.branch);
    names.filter(|branch| state.is_branch_head(key, branch)).collect()
}

fn tag_links(links: &Links, name: &str, number: &str, mut tags: Vec<(&str, bool)>) -> Vec<Value> {
    tags.sort_unstable();
    let shown = |(tag, latest): (&str, bool)| json!({"name": tag, "latest": latest, "_links": {"self": link(links.tag(name, number, tag))}});
    tags.into_iter().map(shown).collect()
}

fn entry<'s>(state: &'s State, links: &Links, item: &Item, calls: &Calls<'s>) -> Option<Value> {
    let (consumer, provider) = (state.name(item.consumer), state.name(item.provider));
    let number = state.number(item.version);
    let at = links.pact(provider, consumer, number);
    let verification = newest_verification(state, item).and_then(|key| state.verification(key));
    let (mut provider_version, mut result, mut result_tags) = (Value::Null, Value::Null, Vec::new());
    if let Some(row) = verification {
        let known = state.version(row.version)?;
        let heads = heads(state, row.version);
        provider_version = json!({"number": &*known.number, "branch": heads.last(), "headBranchNames": heads});
        result = json!({
            "success": row.success,
            "verifiedAt": time(row.at),
            "_links": {"self": link(format!("{at}/verification-results/latest"))},
        });
        let tags = known.tags.iter().map(|(tag, _)| &**tag).filter(|tag| state.is_tag_head(row.version, tag));
        result_tags = tag_links(links, provider, &known.number, tags.map(|tag| (tag, true)).collect());
    }
    let status = match verification {
        None => "never",
        Some(row) if row.success => "success",
        Some(row) if row.wip => "failed_pending",
        Some(_) => "failed",
    };
    let calls = calls.about(state, item);
    let last_call = calls.first().map(|known| json!({"triggeredAt": time(known.created)}));
    let heads = heads(state, item.version);
    let tags = item.tags.iter().map(|tag| (&**tag, true)).collect();
    Some(json!({
        "consumer": {
            "name": consumer,
            "version": {
                "number": number,
                "branch": heads.last(),
                "headBranchNames": heads,
                "_links": {"self": link(links.version(consumer, number))},
            },
            "_links": {"self": link(links.pacticipant(consumer))},
        },
        "provider": {"name": provider, "version": provider_version, "_links": {"self": link(links.pacticipant(provider))}},
        "pact": {"createdAt": time(state.publication(item.pact)?.at), "_links": {"self": link(at)}},
        "pactTags": tag_links(links, consumer, number, tags),
        "latestVerificationResult": result,
        "latestVerificationResultTags": result_tags,
        "verificationStatus": status,
        "webhookStatus": webhook_status(state, item, calls),
        "latestWebhookExecution": last_call,
        "_links": {
            "pb:webhook-status": titled(
                format!("{}/webhooks/status", links.pacts(provider, consumer)),
                &format!("Status of webhooks for {consumer}/{provider} pact"),
            ),
        },
    }))
}
