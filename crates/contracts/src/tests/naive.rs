//! The matrix as the Pact Broker's queries make it: tables joined row by row, no way to a row but looking at all of them.
//! It is slow and plain; on small worlds it must agree with [`crate::matrix::ask`].

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    PacticipantKey, PublicationKey, State, VerificationKey, VersionKey,
    matrix::{Counts, LatestBy, Query, Selector},
};

/// What is compared: the rows (pact and verification), whether it can be deployed, and the counts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) rows: BTreeSet<(PublicationKey, Option<VerificationKey>)>,
    pub(crate) ignored: BTreeSet<(PublicationKey, Option<VerificationKey>)>,
    pub(crate) deployable: Option<bool>,
    pub(crate) counts: Counts,
    pub(crate) integrations: BTreeSet<(PacticipantKey, PacticipantKey, bool)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    party: PacticipantKey,
    /// None for all; some of none for a version that does not exist.
    version: Option<Option<VersionKey>>,
    specified: bool,
    ignored: bool,
    name_only: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Joined {
    consumer: PacticipantKey,
    consumer_version: VersionKey,
    provider: PacticipantKey,
    publication: PublicationKey,
    by: Option<(VersionKey, VerificationKey)>,
}

struct Naive<'a> {
    state: &'a State,
    query: &'a Query,
}

pub(crate) fn ask(state: &State, query: &Query) -> Judged {
    let naive = Naive { state, query };
    let ignore: Vec<Wanted> = query.ignore.iter().flat_map(|one| naive.resolve(one, false, &[])).collect();
    let specified: Vec<Wanted> = query.selectors.iter().flat_map(|one| naive.resolve(one, true, &ignore)).collect();
    let infers = query.latest || query.tag.is_some() || query.environment.is_some() || query.main_branch;
    let integrations = naive.integrations(&specified, infers);
    let mut selectors = specified.clone();
    if infers {
        let named: BTreeSet<PacticipantKey> = specified.iter().map(|one| one.party).collect();
        let others = integrations.iter().flat_map(|(consumer, provider, _)| [*consumer, *provider]);
        for party in others.filter(|party| !named.contains(party)).collect::<BTreeSet<_>>() {
            let selector = Selector {
                pacticipant: state.name(party).to_owned(),
                latest: query.latest,
                tag: query.tag.clone(),
                environment: query.environment.clone(),
                main_branch: query.main_branch,
                ..Selector::default()
            };
            selectors.extend(naive.resolve(&selector, false, &ignore));
        }
    }
    let rows = naive.thinned(naive.rows(&selectors));
    let filtered = |row: &Joined| query.success.is_empty() || query.success.contains(&naive.success(row));
    let rows: Vec<Joined> = rows.into_iter().filter(filtered).collect();
    naive.judge(&rows, &specified, &ignore, integrations)
}

impl Naive<'_> {
    fn resolve(&self, selector: &Selector, specified: bool, ignore: &[Wanted]) -> Vec<Wanted> {
        let pacticipants = self.state.tables.pacticipants.iter();
        let Some((party, known)) = pacticipants.into_iter().find(|(_, known)| *known.name == *selector.pacticipant)
        else {
            // The worlds that are compared have everybody whom the questions name.
            return Vec::new();
        };
        let make = |version: Option<Option<VersionKey>>| {
            let ignored = ignore.iter().any(|one| {
                one.party == party && (one.name_only || (version.flatten().is_some() && one.version == version))
            });
            Wanted { party, version, specified, ignored, name_only: selector.is_name_only() }
        };
        if selector.is_name_only() {
            return vec![make(None)];
        }
        let main = known.details.main_branch.clone();
        let branch =
            if selector.main_branch { Some(main.unwrap_or_else(|| "\0".to_owned())) } else { selector.branch.clone() };
        let tables = &self.state.tables;
        let in_environment = |key: VersionKey| {
            selector.environment.as_ref().is_none_or(|name| {
                tables.placements.values().any(|placed| {
                    placed.version == key
                        && placed.until.is_none()
                        && tables.environments[&placed.environment].environment.name == *name
                })
            })
        };
        let is_meant = |(key, version): &(VersionKey, &std::sync::Arc<crate::Version>)| {
            version.pacticipant == party
                && selector.version.as_ref().is_none_or(|number| *version.number == **number)
                && selector.tag.as_ref().is_none_or(|tag| version.tags.iter().any(|(known, _)| **known == **tag))
                && branch.as_ref().is_none_or(|branch| version.branches.iter().any(|on| *on.branch == **branch))
                && in_environment(*key)
        };
        let mut versions: Vec<VersionKey> = tables.versions.iter().filter(is_meant).map(|(key, _)| key).collect();
        if selector.latest {
            match branch {
                Some(branch) => {
                    let heads = tables.branches.iter().filter(|((of, name), _)| *of == party && **name == *branch);
                    let head = heads.map(|(_, branch)| branch.head).next();
                    versions.retain(|version| Some(*version) == head);
                }
                None => versions = versions.into_iter().max().into_iter().collect(),
            }
        }
        match versions.as_slice() {
            [] => vec![make(Some(None))],
            [..] => versions.into_iter().map(|version| make(Some(Some(version)))).collect(),
        }
    }

    /// The pacts: the last revision of each version with each provider, or all.
    fn pacts(&self, every: bool) -> Vec<Joined> {
        let mut pacts = Vec::new();
        for (publication, pact) in self.state.tables.publications.iter() {
            let consumer = self.state.tables.versions.get(pact.version).unwrap().pacticipant;
            let replaced = self.state.tables.publications.iter().any(|(other, later)| {
                other > publication && later.version == pact.version && later.provider == pact.provider
            });
            if every || !replaced {
                let consumer_version = pact.version;
                pacts.push(Joined { consumer, consumer_version, provider: pact.provider, publication, by: None });
            }
        }
        pacts
    }

    /// The verifications of a pact's content: the last of each version, or all.
    fn verifications(&self, pact: &Joined, every: bool) -> Vec<(VersionKey, VerificationKey)> {
        let content = self.state.tables.publications.get(pact.publication).unwrap().content;
        let all = self.state.tables.verifications.iter().filter(|(_, row)| row.content == content);
        let all: Vec<_> = all.map(|(key, row)| (row.version, key)).collect();
        let last = |(by, key): &(VersionKey, VerificationKey)| {
            every || !all.iter().any(|(other, later)| other == by && later > key)
        };
        all.iter().copied().filter(last).collect()
    }

    fn integrations(&self, specified: &[Wanted], infers: bool) -> BTreeSet<(PacticipantKey, PacticipantKey, bool)> {
        let mut found: BTreeMap<(PacticipantKey, PacticipantKey), bool> = BTreeMap::new();
        let all = infers || specified.len() == 1;
        let named: BTreeSet<PacticipantKey> = specified.iter().map(|one| one.party).collect();
        for pact in self.pacts(true) {
            let pair = (pact.consumer, pact.provider);
            let is_consumer = specified.iter().any(|one| {
                one.party == pact.consumer && one.version.is_none_or(|version| version == Some(pact.consumer_version))
            });
            if is_consumer && (all || named.contains(&pact.provider)) {
                found.insert(pair, true);
            }
            if all && named.contains(&pact.provider) {
                found.entry(pair).or_insert(false);
            }
        }
        found.into_iter().map(|((consumer, provider), required)| (consumer, provider, required)).collect()
    }

    fn rows(&self, selectors: &[Wanted]) -> Vec<Joined> {
        let every = self.query.latest_by.is_none();
        let chosen = |party: PacticipantKey, version: VersionKey| {
            selectors.iter().any(|one| one.party == party && one.version.is_none_or(|wanted| wanted == Some(version)))
        };
        let parties: BTreeSet<PacticipantKey> = selectors.iter().map(|one| one.party).collect();
        let specified: BTreeSet<_> = selectors.iter().filter(|one| one.specified).map(|one| one.party).collect();
        let mut rows = Vec::new();
        for pact in self.pacts(every) {
            let verifications = self.verifications(&pact, every);
            let joined = verifications.iter().map(|by| Joined { by: Some(*by), ..pact });
            let is_consumer = chosen(pact.consumer, pact.consumer_version);
            if selectors.len() == 1 {
                if is_consumer {
                    rows.extend(joined.clone());
                    rows.extend(verifications.is_empty().then_some(pact));
                }
                rows.extend(joined.filter(|row| chosen(row.provider, row.by.unwrap().0)));
            } else if is_consumer
                && parties.contains(&pact.provider)
                && (specified.contains(&pact.consumer) || specified.contains(&pact.provider))
            {
                let mut joined = joined.filter(|row| chosen(row.provider, row.by.unwrap().0)).peekable();
                rows.extend(joined.peek().is_none().then_some(pact));
                rows.extend(joined);
            }
        }
        let mut distinct = Vec::new();
        for row in rows {
            if !distinct.contains(&row) {
                distinct.push(row);
            }
        }
        distinct
    }

    fn thinned(&self, mut rows: Vec<Joined>) -> Vec<Joined> {
        let Some(latest_by) = self.query.latest_by else { return rows };
        let tables = &self.state.tables;
        let acted = |row: &Joined| {
            let verified = row.by.map(|(_, key)| tables.verifications.get(key).unwrap().at);
            (
                Some(tables.publications.get(row.publication).unwrap().at).max(verified),
                row.publication,
                row.by.map(|by| by.1),
            )
        };
        rows.sort_by_key(|row| std::cmp::Reverse(acted(row)));
        let mut groups: Vec<Vec<Joined>> = Vec::new();
        let same = |a: &Joined, b: &Joined| {
            let pair = a.consumer == b.consumer && a.provider == b.provider;
            let version = a.consumer_version == b.consumer_version;
            match latest_by {
                LatestBy::ConsumerProvider => pair,
                LatestBy::ConsumerVersionProvider => pair && version,
                LatestBy::ConsumerVersionProviderVersion => {
                    pair && version && a.by.map(|by| by.0) == b.by.map(|by| by.0)
                }
            }
        };
        for row in rows {
            match groups.iter_mut().find(|group| same(&group[0], &row)) {
                Some(group) => group.push(row),
                None => groups.push(vec![row]),
            }
        }
        let latest = |group: Vec<Joined>| match group[0].by {
            None => group[0],
            // Where several pacts were verified by that version, the newest.
            Some(_) => *group.iter().max_by_key(|row| (row.by.map(|by| by.0), row.publication)).unwrap(),
        };
        groups.into_iter().map(latest).collect()
    }

    fn success(&self, row: &Joined) -> Option<bool> {
        row.by.map(|(_, key)| self.state.tables.verifications.get(key).unwrap().success)
    }

    fn judge(
        &self,
        rows: &[Joined],
        specified: &[Wanted],
        ignore: &[Wanted],
        integrations: BTreeSet<(PacticipantKey, PacticipantKey, bool)>,
    ) -> Judged {
        let is_ignored = |row: &&Joined| {
            ignore.iter().any(|one| {
                let version = one.version.flatten();
                one.party == row.consumer && (one.name_only || version == Some(row.consumer_version))
                    || one.party == row.provider
                        && (one.name_only || version.is_some() && version == row.by.map(|by| by.0))
            })
        };
        let (ignored, considered): (Vec<&Joined>, Vec<&Joined>) = rows.iter().partition(is_ignored);
        let missing = integrations.iter().filter(|(consumer, provider, required)| {
            *required && !rows.iter().any(|row| row.consumer == *consumer && row.provider == *provider)
        });
        let missing = missing.count();
        let count = |wanted| considered.iter().filter(|row| self.success(row) == wanted).count();
        let counts = Counts {
            success: count(Some(true)),
            failed: count(Some(false)),
            unknown: count(None) + missing,
            ignored: (!self.query.ignore.is_empty()).then_some(ignored.len()),
        };
        let deployable = if specified.iter().any(|one| !one.ignored && one.version == Some(None)) {
            Some(false)
        } else if counts.unknown > 0 {
            None
        } else {
            Some(counts.failed == 0)
        };
        let shown = |rows: Vec<&Joined>| rows.iter().map(|row| (row.publication, row.by.map(|by| by.1))).collect();
        Judged { rows: shown(considered), ignored: shown(ignored), deployable, counts, integrations }
    }
}
