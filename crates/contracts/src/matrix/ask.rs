//! Who is integrated, which rows there are, and which of them count.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Answer, Integration, LatestBy, Query, Row, reasons,
    resolve::{Chosen, Kind, Resolved, ignores, infer, resolve},
};
use crate::{ContentKey, PacticipantKey, PublicationKey, State, VerificationKey, VersionKey, state::Moment};

/// Answers a question. Nothing is cut off.
#[must_use]
pub fn ask(state: &State, query: &Query) -> Answer {
    let ignore = resolve(state, &query.ignore, Kind::Ignored, &[]);
    let specified = resolve(state, &query.selectors, Kind::Specified, &ignore);
    let mut integrations =
        if query.infers() || specified.len() == 1 { involving(state, &specified) } else { between(state, &specified) };
    integrations.sort_by(|a, b| {
        let names = |both: &Integration| (state.name(both.consumer), state.name(both.provider));
        names(a).cmp(&names(b))
    });
    let inferred = if query.infers() { infer(state, query, &specified, &integrations, &ignore) } else { Vec::new() };
    let selectors: Vec<Resolved> = specified.into_iter().chain(inferred).collect();
    let join = Join { state, every: query.latest_by.is_none(), latest_by: query.latest_by };
    let mut rows = if selectors.len() == 1 { join.one(&selectors) } else { join.several(&selectors) };
    if query.latest_by == Some(LatestBy::ConsumerProvider) {
        rows = latest_of_pairs(state, rows);
    }
    if !query.success.is_empty() {
        rows.retain(|row| query.success.contains(&row.success));
    }
    sort(state, &mut rows);
    let missing = integrations.iter().filter(|both| both.required && !rows.iter().any(|row| both.is_of(row)));
    let missing: Vec<Integration> = missing.copied().collect();
    let is_ignored = |row: &Row| {
        ignores(&ignore, row.consumer, Some(row.consumer_version))
            || ignores(&ignore, row.provider, row.provider_version)
    };
    let (ignored, rows) = rows.into_iter().partition(is_ignored);
    let mut answer = Answer { rows, ignored, selectors, ignore, integrations, missing, judged: Vec::new() };
    answer.judged = reasons::of(state, query, &answer);
    answer
}

impl Integration {
    fn is_of(&self, row: &Row) -> bool {
        self.consumer == row.consumer && self.provider == row.provider
    }
}

/// The integrations of what was asked about, with anybody.
fn involving(state: &State, specified: &[Resolved]) -> Vec<Integration> {
    let mut found: BTreeMap<(PacticipantKey, PacticipantKey), bool> = BTreeMap::new();
    for selector in specified {
        let Some(consumer) = selector.pacticipant else { continue };
        for provider in providers_of(state, consumer, selector.chosen) {
            found.insert((consumer, provider), true);
        }
    }
    for provider in specified.iter().filter_map(|selector| selector.pacticipant) {
        for consumer in state.consumers_of(provider) {
            found.entry((consumer, provider)).or_insert(false);
        }
    }
    integrations_of(found)
}

/// The integrations of what was asked about with one another.
fn between(state: &State, specified: &[Resolved]) -> Vec<Integration> {
    let asked: BTreeSet<PacticipantKey> = specified.iter().filter_map(|selector| selector.pacticipant).collect();
    let mut found = BTreeMap::new();
    for selector in specified {
        let Some(consumer) = selector.pacticipant else { continue };
        for provider in providers_of(state, consumer, selector.chosen) {
            if asked.contains(&provider) {
                found.insert((consumer, provider), true);
            }
        }
    }
    integrations_of(found)
}

fn integrations_of(found: BTreeMap<(PacticipantKey, PacticipantKey), bool>) -> Vec<Integration> {
    let all = found.into_iter().map(|((consumer, provider), required)| Integration { consumer, provider, required });
    all.collect()
}

fn providers_of(state: &State, consumer: PacticipantKey, chosen: Chosen) -> Vec<PacticipantKey> {
    match chosen {
        Chosen::All => state.providers_of(consumer).collect(),
        Chosen::Missing => Vec::new(),
        Chosen::Version(version) => {
            let pacts = state.version(version).map(|version| version.pacts.as_slice()).unwrap_or_default();
            pacts.iter().map(|(provider, _)| *provider).collect()
        }
    }
}

/// Which of a provider's versions are looked at.
enum Wanted {
    All,
    Only(BTreeSet<VersionKey>),
}

struct Join<'a> {
    state: &'a State,
    /// Revisions that were replaced and verifications that were repeated count too.
    every: bool,
    latest_by: Option<LatestBy>,
}

impl Join<'_> {
    /// One selector, and nobody else is meant: its pacts with whatever came of them, and what it verified.
    fn one(&self, selectors: &[Resolved]) -> Vec<Row> {
        let Some((selector, party)) = selectors.first().and_then(|one| Some((one, one.pacticipant?))) else {
            return Vec::new();
        };
        let mut rows = Vec::new();
        let own: BTreeSet<PublicationKey> = self.pacts_of(party, selector.chosen).into_iter().collect();
        for publication in &own {
            self.join(*publication, &Wanted::All, true, &mut rows);
        }
        let wanted = match selector.chosen {
            Chosen::All => Wanted::All,
            Chosen::Missing => return rows,
            Chosen::Version(version) => Wanted::Only(BTreeSet::from([version])),
        };
        let contents: BTreeSet<ContentKey> = match selector.chosen {
            Chosen::Version(version) => {
                let mut contents: BTreeSet<ContentKey> = self.state.contents_tried_by(version).collect();
                if let Some(definition) = self.state.definition_of(version) {
                    let judged = |content: &ContentKey| self.state.fit(*content, definition.blob).is_some();
                    contents.extend(self.contents_of(party).into_iter().filter(judged));
                }
                contents
            }
            Chosen::All | Chosen::Missing => self.contents_of(party),
        };
        for content in contents {
            for publication in self.state.publications_of(content) {
                // Who has a pact with itself has its rows already.
                if (self.every || self.state.is_current(publication)) && !own.contains(&publication) {
                    self.join(publication, &wanted, false, &mut rows);
                }
            }
        }
        rows
    }

    fn contents_of(&self, provider: PacticipantKey) -> BTreeSet<ContentKey> {
        let pacts = self.state.consumers_of(provider);
        let pacts = pacts.flat_map(|consumer| self.state.publications_between(consumer, provider));
        pacts.filter_map(|pact| self.state.publication(pact)).map(|pact| pact.content).collect()
    }

    /// The pacts of the chosen consumers' versions with the chosen providers; each has a row at least.
    fn several(&self, selectors: &[Resolved]) -> Vec<Row> {
        let mut wanted: BTreeMap<PacticipantKey, Wanted> = BTreeMap::new();
        for selector in selectors {
            let Some(party) = selector.pacticipant else { continue };
            let of_party = wanted.entry(party).or_insert_with(|| Wanted::Only(BTreeSet::new()));
            match (selector.chosen, &mut *of_party) {
                (Chosen::All, _) => *of_party = Wanted::All,
                (Chosen::Version(version), Wanted::Only(versions)) => drop(versions.insert(version)),
                (Chosen::Version(_), Wanted::All) | (Chosen::Missing, _) => {}
            }
        }
        let specified = selectors.iter().filter(|selector| selector.is_specified());
        let specified: BTreeSet<PacticipantKey> = specified.filter_map(|selector| selector.pacticipant).collect();
        let mut pacts: BTreeSet<PublicationKey> = BTreeSet::new();
        for selector in selectors {
            let Some(consumer) = selector.pacticipant else { continue };
            for publication in self.pacts_of(consumer, selector.chosen) {
                let Some(provider) = self.state.publication(publication).map(|pact| pact.provider) else { continue };
                let is_asked = specified.contains(&consumer) || specified.contains(&provider);
                if is_asked && wanted.contains_key(&provider) {
                    pacts.insert(publication);
                }
            }
        }
        let mut rows = Vec::new();
        for publication in pacts {
            let Some(provider) = self.state.publication(publication).map(|pact| pact.provider) else { continue };
            if let Some(wanted) = wanted.get(&provider) {
                self.join(publication, wanted, true, &mut rows);
            }
        }
        rows
    }

    fn pacts_of(&self, consumer: PacticipantKey, chosen: Chosen) -> Vec<PublicationKey> {
        let state = self.state;
        let all = |provider| state.publications_between(consumer, provider);
        let replaced = |pact: &PublicationKey| self.every || state.is_current(*pact);
        match chosen {
            Chosen::Missing => Vec::new(),
            Chosen::All => state.providers_of(consumer).flat_map(all).filter(replaced).collect(),
            Chosen::Version(version) => {
                let Some(known) = state.version(version) else { return Vec::new() };
                if !self.every {
                    return known.pacts.iter().map(|(_, pact)| *pact).collect();
                }
                let of_version = |pact: &PublicationKey| state.publication(*pact).is_some_and(|p| p.version == version);
                known.pacts.iter().flat_map(|(provider, _)| all(*provider)).filter(of_version).collect()
            }
        }
    }

    /// The rows of one pact. `outer`: if nothing came of it, it has a row all the same.
    fn join(&self, key: PublicationKey, wanted: &Wanted, outer: bool, rows: &mut Vec<Row>) {
        let state = self.state;
        let Some(pact) = state.publication(key) else { return };
        let Some(version) = state.version(pact.version) else { return };
        let blank = Row {
            consumer: version.pacticipant,
            consumer_version: pact.version,
            provider: pact.provider,
            provider_version: None,
            publication: key,
            revision: pact.revision,
            content: pact.content,
            verification: None,
            fit: None,
            success: None,
        };
        let tried = |version: VersionKey, verification: Option<VerificationKey>| {
            let (fit, success) = judge(state, pact.content, version, verification);
            Row { provider_version: Some(version), verification, fit, success, ..blank }
        };
        if self.latest_by == Some(LatestBy::ConsumerVersionProvider) {
            // Only the newest provider's version counts.
            let newest = self.newest(pact.content, pact.provider, wanted);
            let newest = newest.map(|version| tried(version, state.verified(pact.content, version)));
            rows.extend(newest.or(outer.then_some(blank)));
            return;
        }
        let before = rows.len();
        let is_wanted = |version: &VersionKey| match wanted {
            Wanted::All => true,
            Wanted::Only(versions) => versions.contains(version),
        };
        if self.every {
            for verification in state.verifications_of(pact.content) {
                let Some(version) = state.verification(verification).map(|row| row.version) else { continue };
                if is_wanted(&version) {
                    rows.push(tried(version, Some(verification)));
                }
            }
        } else if let Wanted::Only(versions) = wanted {
            let verified =
                versions.iter().filter_map(|version| Some((*version, state.verified(pact.content, *version)?)));
            rows.extend(verified.map(|(version, verification)| tried(version, Some(verification))));
        } else {
            let verified = state.verified_versions(pact.content);
            rows.extend(verified.map(|(version, verification)| tried(version, Some(verification))));
        }
        let only_defined = |version: &VersionKey| state.verified(pact.content, *version).is_none();
        let defined = state.defined_versions(pact.provider).filter(is_wanted).filter(only_defined);
        rows.extend(defined.map(|version| tried(version, None)));
        if outer && rows.len() == before {
            rows.push(blank);
        }
        if self.latest_by == Some(LatestBy::ConsumerProvider) {
            // Of many rows of one pact, only these two can be the pair's.
            let of_pact = rows.split_off(before);
            let last = of_pact.iter().max_by_key(|row| acted(state, row)).copied();
            let newest = of_pact.iter().max_by_key(|row| row.provider_version).copied();
            rows.extend(last);
            rows.extend(newest.filter(|newest| last != Some(*newest)));
        }
    }

    fn newest(&self, content: ContentKey, provider: PacticipantKey, wanted: &Wanted) -> Option<VersionKey> {
        let state = self.state;
        match wanted {
            Wanted::All => {
                let verified = state.verified_versions(content).map(|(version, _)| version).max();
                verified.max(state.defined_versions(provider).next_back())
            }
            Wanted::Only(versions) => {
                versions.iter().rev().copied().find(|version| {
                    state.verified(content, *version).is_some() || state.definition_of(*version).is_some()
                })
            }
        }
    }
}

/// Whether a provider's version meets a content: by verification, and by its definition where it has one.
fn judge(
    state: &State,
    content: ContentKey,
    version: VersionKey,
    verification: Option<VerificationKey>,
) -> (Option<Option<bool>>, Option<bool>) {
    let verified = verification.and_then(|key| state.verification(key)).map(|row| row.success);
    let Some(definition) = state.definition_of(version) else { return (None, verified) };
    let fits = state.fit(content, definition.blob).map(|fit| fit.fits);
    let fit = fits.map(|fits| fits && definition.self_verified != Some(false));
    let success = match (verified, fit) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (_, None) => None,
        (Some(true) | None, Some(true)) => Some(true),
    };
    (Some(fit), success)
}

/// When something last happened to a row, and what comes last of what happened then.
fn acted(state: &State, row: &Row) -> (Option<Moment>, PublicationKey, Option<VerificationKey>) {
    let published = state.publication(row.publication).map(|pact| pact.at);
    let verified = row.verification.and_then(|key| state.verification(key)).map(|row| row.at);
    (published.max(verified), row.publication, row.verification)
}

/// Of each consumer and provider: the pact that was published last, if nothing was verified since; else the row with the
/// newest version of the provider.
fn latest_of_pairs(state: &State, rows: Vec<Row>) -> Vec<Row> {
    let mut pairs: BTreeMap<(PacticipantKey, PacticipantKey), Vec<Row>> = BTreeMap::new();
    for row in rows {
        pairs.entry((row.consumer, row.provider)).or_default().push(row);
    }
    let latest = |rows: Vec<Row>| {
        let last = rows.iter().max_by_key(|row| acted(state, row)).copied()?;
        match last.provider_version {
            None => Some(last),
            Some(_) => rows.into_iter().max_by_key(|row| (row.provider_version, row.publication)),
        }
    };
    pairs.into_values().filter_map(latest).collect()
}

/// By consumer and provider; of each, the newest versions first.
fn sort(state: &State, rows: &mut Vec<Row>) {
    use std::cmp::Reverse;
    rows.sort_by(|a, b| {
        let order = |row: &Row| (Reverse(row.consumer_version), Reverse(row.revision));
        let rest = |row: &Row| (Reverse(row.provider_version), Reverse(row.verification));
        state
            .name(a.consumer)
            .cmp(state.name(b.consumer))
            .then_with(|| order(a).cmp(&order(b)))
            .then_with(|| state.name(a.provider).cmp(state.name(b.provider)))
            .then_with(|| rest(a).cmp(&rest(b)))
    });
    rows.dedup();
}
