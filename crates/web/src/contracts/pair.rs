//! `GET /contracts/{consumer}/{provider}`: what one expects of the other: newest pacts, trials, and what can be deployed.

use std::{cmp::Reverse, collections::BTreeSet};

use ::contracts::{
    Latest, PacticipantKey, Publication, PublicationKey, State as Contracts, VerificationKey, VersionKey,
};
use askama::Template;
use axum::{extract::Path, response::Response};

use super::{
    COLUMNS_MAX, component, environments, how_to_match, newest, number, pact_address, question_address,
    standing::{self, Pair, Standing, consumer_to, last_verification, provider_to},
    verification_address, webhooks,
};
use crate::{
    api::not_found,
    frame::Frame,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show::segment,
    views::{Answer, Callout, Empty, Link, Row, State, Tone},
};

/// An integration.
#[derive(Debug, Template)]
#[template(path = "contracts/pair.html")]
pub struct PairScreen {
    /// The frame.
    pub chrome: Chrome,
    /// All contracts.
    pub parent: Link,
    /// Who expects.
    pub consumer: String,
    /// Of whom.
    pub provider: String,
    /// Those that no component of the catalog is.
    pub gaps: Vec<Callout>,
    /// How it stands, the newest pact, the last trial, whose they are.
    pub answers: Vec<Answer>,
    /// What can be deployed to each environment.
    pub places: Vec<PairPlace>,
    /// What is said where there are no environments.
    pub no_places: Empty,
    /// The newest pact of each branch.
    pub branches: Vec<Row>,
    /// The newest pact of each tag.
    pub tagged: Vec<Row>,
    /// How many more branches and tags there are.
    pub more_branches: usize,
    /// The last trials, the latest first.
    pub trials: Vec<Row>,
    /// What is said where there were none.
    pub no_trials: Empty,
    /// When the expectations changed, the latest first.
    pub changes: Vec<Row>,
    /// The last calls of webhooks about the two.
    pub calls: Vec<Row>,
    /// Where to go from here.
    pub links: Vec<Link>,
}

/// What can be deployed to one environment.
#[derive(Debug)]
pub struct PairPlace {
    /// The environment.
    pub environment: String,
    /// What of the consumer and of the provider is there.
    pub here: [String; 2],
    /// The versions that might go there, each with whether it can as far as the other is concerned, and where that is asked
    /// of everybody.
    pub candidates: [Option<(String, State, String)>; 2],
}

const BRANCHES_MAX: usize = 15;
const TAGS_MAX: usize = 10;
const TRIALS_MAX: usize = 15;
const CHANGES_MAX: usize = 10;
const CALLS_MAX: usize = 5;
/// Contents whose trials are looked for.
const CONTENTS_MAX: usize = 10;
/// Pacts that are looked at for changes.
const PACTS_MAX: usize = 300;

/// Shows an integration.
///
/// # Errors
/// `NOT_FOUND` if there is no pact between the two.
pub async fn show(frame: Frame, Path((consumer, provider)): Path<(String, String)>) -> Result<Response, Problem> {
    let app = frame.app.clone();
    // What can be deployed where looks at all that is there.
    let drawn = app.blocking(move |_| {
        let state = &frame.world.contracts;
        let keys = state.pacticipant_named(&consumer).zip(state.pacticipant_named(&provider));
        match keys.filter(|(consumer, provider)| state.are_integrated(*consumer, *provider)) {
            Some((consumer, provider)) => Ok(screen(&Between { frame: &frame, state, consumer, provider }.screen())),
            None => Err(not_found("pact", &format!("{consumer} with {provider}")).0),
        }
    });
    Ok(drawn.await?)
}

struct Between<'a> {
    frame: &'a Frame,
    state: &'a Contracts,
    consumer: PacticipantKey,
    provider: PacticipantKey,
}

impl Between<'_> {
    fn screen(&self) -> PairScreen {
        let Self { frame, state, .. } = *self;
        let (consumer, provider) = (state.name(self.consumer), state.name(self.provider));
        let pair = Pair::of(state, self.consumer, self.provider);
        let ((branches, more_branches), (tagged, more_tags)) = (self.branches(), self.tagged());
        PairScreen {
            chrome: frame.chrome(format!("{consumer} → {provider}"), Place::Contracts),
            parent: Link::new("Contracts", frame.href("/contracts")),
            consumer: consumer.to_owned(),
            provider: provider.to_owned(),
            gaps: [self.consumer, self.provider].into_iter().filter_map(|key| self.gap(key)).collect(),
            answers: self.answers(&pair),
            places: environments(state).iter().take(COLUMNS_MAX).map(|place| self.place(&pair, place)).collect(),
            no_places: Empty::new("There are no environments: nothing can be said of deployments."),
            branches,
            tagged,
            more_branches: more_branches + more_tags,
            trials: self.trials(),
            no_trials: Empty::new(format!(
                "{provider} was never tried against it. Its build verifies pacts with any Pact library, and publishes the \
                 results."
            )),
            changes: self.changes(),
            calls: self.calls(),
            links: self.links(&pair),
        }
    }

    fn gap(&self, key: PacticipantKey) -> Option<Callout> {
        let state = State::new(Tone::Warn, "Gap");
        component(self.frame, key).is_none().then(|| Callout {
            state,
            text: how_to_match(self.state.name(key)),
            link: None,
        })
    }

    fn answers(&self, pair: &Pair) -> Vec<Answer> {
        let Self { frame, state, .. } = *self;
        let meaning = match pair.standing {
            Standing::Failed => "the last verification failed",
            Standing::DoesNotFit => {
                "it asks for what the API’s definition doesn’t offer, or the provider doesn’t do what that says"
            }
            Standing::ChangedSince => "an earlier pact was verified, this one was not",
            Standing::NotVerified => "it was never tried",
            Standing::NoPact => "all pacts were removed",
            Standing::Verified => "the last verification succeeded",
            Standing::Fits => "it asks for what the API’s definition offers",
        };
        let mut pact = Answer::to("Newest pact");
        if let Some(publication) = pair.pact.and_then(|pact| state.publication(pact)) {
            let at = frame.ago(publication.at.into());
            pact = pact
                .text(state.number(publication.version))
                .note(format!("{}{}", branch_of(state, publication.version), at.text()))
                .link("Read it", frame.href(self.pact(publication)));
        }
        let mut trial = Answer::to("Last verification");
        trial = match pair.verification.and_then(|key| Some((key, state.verification(key)?))) {
            Some((key, row)) => trial
                .text(state.number(row.version))
                .note(format!("{}{}", branch_of(state, row.version), frame.ago(row.at.into()).text()))
                .link(format!("Verification {}", number(key)), frame.href(verification_address(key))),
            None => trial.gap("Never"),
        };
        vec![
            Answer::to("State").state(pair.standing.state(), None).note(meaning),
            pact,
            trial,
            self.party("Consumer", self.consumer),
            self.party("Provider", self.provider),
        ]
    }

    fn party(&self, role: &str, key: PacticipantKey) -> Answer {
        let name = self.state.name(key);
        let answer = Answer::to(role);
        let Some(entity) = component(self.frame, key) else { return answer.gap(format!("{name}, not in the catalog")) };
        let owner = self.state.pacticipant(key).and_then(|known| self.frame.owner(&known.component));
        let answer = answer.entity(entity);
        match owner.and_then(|owner| Some((owner.name, owner.href?))) {
            Some((owner, href)) => answer.link(format!("Owner: {owner}"), href),
            None => answer.note("nobody owns it"),
        }
    }

    fn pact(&self, publication: &Publication) -> String {
        let version = self.state.number(publication.version);
        pact_address(self.state.name(self.consumer), version, self.state.name(self.provider))
    }

    fn place(&self, pair: &Pair, environment: &str) -> PairPlace {
        let state = self.state;
        let here = |key: PacticipantKey| {
            let Some(known) = state.environment_named(environment) else { return String::new() };
            let versions: BTreeSet<VersionKey> =
                state.placed_in(known.environment.id, key).map(|placed| placed.version).collect();
            versions.iter().rev().take(3).map(|version| state.number(*version)).collect::<Vec<_>>().join(", ")
        };
        let asked = |key: PacticipantKey, version: Option<VersionKey>, verdict: State| {
            let version = state.number(version?).to_owned();
            let href = question_address(state.name(key), &version, Some(environment));
            Some((version, verdict, self.frame.href(href)))
        };
        let expecting = pair.pact.and_then(|pact| state.publication(pact)).map(|pact| pact.version);
        PairPlace {
            environment: environment.to_owned(),
            here: [here(self.consumer), here(self.provider)],
            candidates: [
                asked(self.consumer, expecting, consumer_to(state, pair, environment)),
                asked(self.provider, newest(state, self.provider), provider_to(state, pair, environment)),
            ],
        }
    }

    /// The newest pacts of branches, and how many more there are.
    fn branches(&self) -> (Vec<Row>, usize) {
        let state = self.state;
        let main = state.pacticipant(self.consumer).and_then(|known| known.details.main_branch.as_deref());
        let mut all: Vec<_> = state.branches_of(self.consumer).collect();
        all.sort_by_key(|(name, branch)| (main != Some(&***name), Reverse(branch.updated)));
        let mut with_pact = all.into_iter().filter_map(|(name, _)| {
            let pact = state.latest_pact(self.consumer, self.provider, Latest::OnBranch(name))?;
            Some((name, pact))
        });
        let rows = with_pact.by_ref().take(BRANCHES_MAX).map(|(name, pact)| self.pact_row(name, pact)).collect();
        (rows, with_pact.count())
    }

    /// The newest pacts of tags, and how many more there are.
    fn tagged(&self) -> (Vec<Row>, usize) {
        let state = self.state;
        let mut with_pact = state.tag_heads_of(self.consumer).filter_map(|(tag, _)| {
            let pact = state.latest_pact(self.consumer, self.provider, Latest::Tagged(&tag))?;
            Some((tag, pact))
        });
        let rows = with_pact.by_ref().take(TAGS_MAX);
        let rows = rows.map(|(tag, pact)| self.pact_row(&format!("tag {tag}"), pact)).collect();
        (rows, with_pact.count())
    }

    fn pact_row(&self, name: &str, key: PublicationKey) -> Row {
        let Some(publication) = self.state.publication(key) else { return Row::new(name, "") };
        let trial = last_verification(self.state, self.provider, publication.content);
        let stands = standing::standing(self.state, self.provider, publication.content, trial);
        let stands = stands.unwrap_or(Standing::NotVerified);
        Row::new(name, self.frame.href(self.pact(publication)))
            .state(stands.state())
            .note(self.state.number(publication.version))
            .at(self.frame.ago(publication.at.into()))
    }

    /// The last pacts with another content than the one before, the latest first.
    fn distinct(&self) -> Vec<&Publication> {
        let state = self.state;
        let current =
            state.publications_between(self.consumer, self.provider).rev().filter(|key| state.is_current(*key));
        let mut distinct: Vec<&Publication> = Vec::new();
        for publication in current.take(PACTS_MAX).filter_map(|key| state.publication(key)) {
            let full = distinct.len() > CHANGES_MAX;
            match distinct.last_mut() {
                // Of a row with the same content, the first one changed it.
                Some(last) if last.content == publication.content => *last = publication,
                Some(_) if full => break,
                Some(_) | None => distinct.push(publication),
            }
        }
        distinct
    }

    fn trials(&self) -> Vec<Row> {
        let state = self.state;
        let distinct = self.distinct();
        let contents: BTreeSet<_> = distinct.iter().take(CONTENTS_MAX).map(|pact| pact.content).collect();
        let mut trials: Vec<VerificationKey> =
            contents.iter().flat_map(|content| state.verifications_of(*content).rev().take(TRIALS_MAX)).collect();
        trials.sort_unstable_by_key(|key| Reverse(*key));
        let rows = trials.into_iter().take(TRIALS_MAX).filter_map(|key| {
            let row = state.verification(key)?;
            let result = if row.success { State::new(Tone::Good, "verified") } else { State::new(Tone::Bad, "failed") };
            let expecting = state.publications_of(row.content).rev().find(|pact| state.is_current(*pact));
            let expecting = expecting.and_then(|pact| state.publication(pact)).map(|pact| state.number(pact.version));
            let shown = Row::new(
                format!("{} {}", state.name(self.provider), state.number(row.version)),
                self.frame.href(verification_address(key)),
            );
            let shown = match expecting {
                Some(expecting) => shown.note(format!("against {expecting}")),
                None => shown,
            };
            let failures = row.failures.iter().flat_map(|failures| failures.iter()).next();
            let shown = match failures {
                Some(failure) => shown.under(failure.interaction.chars().take(200).collect::<String>()),
                None => shown,
            };
            Some(shown.state(result).at(self.frame.ago(row.at.into())))
        });
        rows.collect()
    }

    fn changes(&self) -> Vec<Row> {
        let distinct = self.distinct();
        let earlier = distinct.iter().skip(1).map(Some).chain([None]);
        let rows = distinct.iter().zip(earlier).take(CHANGES_MAX).map(|(publication, before)| {
            let version = self.state.number(publication.version);
            let (href, note) = match before {
                Some(before) => {
                    let with = self.state.number(before.version);
                    let query = format!("{}/diff?with={}", self.pact(publication), segment(with));
                    (query, format!("changed since {with}"))
                }
                None => (self.pact(publication), "the first that is at hand".to_owned()),
            };
            Row::new(version, self.frame.href(href)).note(note).at(self.frame.ago(publication.at.into()))
        });
        rows.collect()
    }

    fn calls(&self) -> Vec<Row> {
        let (consumer, provider) = (self.state.name(self.consumer), self.state.name(self.provider));
        let about = self.state.deliveries().filter(|known| {
            known.delivery.consumer.as_deref() == Some(consumer) && known.delivery.provider.as_deref() == Some(provider)
        });
        let rows = about.take(CALLS_MAX).map(|known| {
            let href = format!("/contracts/webhooks/{}", segment(&known.delivery.webhook));
            Row::new(&known.delivery.webhook_name, self.frame.href(href))
                .state(webhooks::outcome(&known.outcome))
                .note(known.delivery.event.replace('_', " "))
                .at(self.frame.ago(known.created))
        });
        rows.collect()
    }

    fn links(&self, pair: &Pair) -> Vec<Link> {
        let (consumer, provider) = (self.state.name(self.consumer), self.state.name(self.provider));
        let query = serde_html_form::to_string([("p1", consumer), ("p2", provider)]).unwrap_or_default();
        let mut links = vec![Link::new("Both in the matrix", self.frame.href(format!("/contracts/matrix?{query}")))];
        if let Some(publication) = pair.pact.and_then(|pact| self.state.publication(pact)) {
            links.push(Link::new("What changed last", self.frame.href(format!("{}/diff", self.pact(publication)))));
        }
        if let Some(known) = self.state.pacticipant(self.provider) {
            let about = segment(known.component.as_str());
            links.push(Link::new("Timeline of the provider", self.frame.href(format!("/timeline?entity={about}"))));
        }
        links
    }
}

/// `on main, `, where a version is on a branch.
fn branch_of(state: &Contracts, version: VersionKey) -> String {
    let branch = state.version(version).and_then(|version| version.branches.last());
    branch.map(|on| format!("on {}, ", on.branch)).unwrap_or_default()
}
