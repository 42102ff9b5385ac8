//! Why something can't be deployed, in words: who expects what of whom, since when, whose it is, and what to do.

use contracts::{
    PacticipantKey, State, VersionKey,
    matrix::{self, Blocker, Why},
};
use kernel::{EntityRef, Timestamp};
use world::World;

/// How sure it is that something keeps from deploying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was tried and failed, or the provider does not do what it says.
    Failed,
    /// The pact asks for what the definition does not offer.
    DoesNotFit,
    /// It was not found out.
    NotKnown,
}

/// One thing that keeps from deploying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// How sure that is.
    pub verdict: Verdict,
    /// What is wrong, in one sentence.
    pub what: String,
    /// Who must do something about it: the pacticipant.
    pub party: String,
    /// The component that this pacticipant is taken for.
    pub component: EntityRef,
    /// The team that owns it.
    pub owner: Option<EntityRef>,
    /// Who of that team is on call.
    pub on_call: Option<EntityRef>,
    /// What to do, in one sentence.
    pub advice: String,
    /// Who expects.
    pub consumer: String,
    /// The consumer's version.
    pub consumer_version: Option<String>,
    /// Of whom.
    pub provider: String,
    /// The provider's version.
    pub provider_version: Option<String>,
    /// The interactions that failed, with what did not match.
    pub interactions: Vec<(String, Option<String>)>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// The number of the verification that failed.
    pub verification: Option<u32>,
}

/// Everything that keeps from deploying, in words.
#[must_use]
pub fn explain(world: &World, answer: &matrix::Answer, now: Timestamp) -> Vec<Explained> {
    let blockers = matrix::blockers(&world.contracts, answer);
    blockers.iter().map(|blocker| explained(world, blocker, now)).collect()
}

fn explained(world: &World, blocker: &Blocker, now: Timestamp) -> Explained {
    let state = &world.contracts;
    let (consumer, provider) = (state.name(blocker.consumer), state.name(blocker.provider));
    let of = |party: &str, version: Option<VersionKey>| match version {
        Some(version) => format!("{party} {}", state.number(version)),
        None => party.to_owned(),
    };
    let (by, with) = (of(consumer, blocker.consumer_version), of(provider, blocker.provider_version));
    let mut interactions = Vec::new();
    let (mut since, mut verification) = (None, None);
    let (what, party, advice) = match &blocker.why {
        Why::Missing => (
            format!("Nothing is known of the version of {consumer} that was asked about: no pact, no verification."),
            blocker.consumer,
            "Is the version spelled as the build spells it? Let the build publish its pacts or verifications first."
                .to_owned(),
        ),
        Why::Failed { verification: key, at, since: from, failures } => {
            interactions.extend(failures.iter().map(|failure| (named(failure), failure.message.clone())));
            (since, verification) = (Some(*from), Some(key.0 + 1));
            let which = match interactions.first() {
                Some((first, _)) if interactions.len() > 1 => format!("{first} and {} more", interactions.len() - 1),
                Some((first, _)) => first.clone(),
                None => "an interaction".to_owned(),
            };
            let what = format!("{with} does not do what {by} expects: {which}. It was tried at {}.", minute(*at));
            let advice = format!(
                "Mend {provider} and verify again, or deploy a version of it that meets this; if the expectation is wrong, \
                 change {consumer} and publish."
            );
            (what, blocker.provider, advice)
        }
        Why::DoesNotFit { problems, self_verification_failed } => {
            interactions.extend(problems.iter().map(|problem| (named(problem), problem.message.clone())));
            if *self_verification_failed {
                let what = format!("{with} does not do what its own API definition says.");
                (what, blocker.provider, format!("Look at the self-verification of {with}, mend it and publish again."))
            } else {
                let what = format!("{by} expects what the API definition of {with} does not offer.");
                (
                    what,
                    blocker.consumer,
                    format!("Change {consumer} to use what {provider} offers, or add it to {provider}."),
                )
            }
        }
        Why::NotCompared => (
            format!("Whether the pact of {by} fits the API definition of {with} is being found out."),
            blocker.provider,
            "Ask again in a moment.".to_owned(),
        ),
        Why::NotVerified { since: from, last } => {
            since = Some(*from);
            let last = match last {
                Some((version, true)) => format!("; {} was tried and meets it", of(provider, Some(*version))),
                Some((version, false)) => format!("; {} was tried and does not meet it", of(provider, Some(*version))),
                None => "; no version was ever tried".to_owned(),
            };
            let what = format!("{with} has not been tried against what {by} expects{last}.");
            let advice = format!(
                "Run the verification in the build of {provider}; a webhook for contract_requiring_verification_published \
                 starts it by itself."
            );
            (what, blocker.provider, advice)
        }
        Why::ProviderAbsent => (
            format!("{by} needs {provider}, and no version of it is recorded there."),
            blocker.provider,
            format!("Deploy {provider} first and record it, or record what runs there already."),
        ),
    };
    let verdict = match &blocker.why {
        Why::Failed { .. } | Why::DoesNotFit { self_verification_failed: true, .. } => Verdict::Failed,
        Why::DoesNotFit { self_verification_failed: false, .. } => Verdict::DoesNotFit,
        Why::Missing | Why::NotCompared | Why::NotVerified { .. } | Why::ProviderAbsent => Verdict::NotKnown,
    };
    let component = component_of(state, party);
    let owner = world.owner_of(&component);
    let on_call = owner.as_ref().and_then(|team| oncall::current(&world.oncall, team, now).into_iter().next());
    let number = |version: Option<VersionKey>| version.map(|version| state.number(version).to_owned());
    Explained {
        verdict,
        what,
        party: state.name(party).to_owned(),
        component,
        owner,
        on_call: on_call.map(|duty| duty.person),
        advice,
        consumer: consumer.to_owned(),
        consumer_version: number(blocker.consumer_version),
        provider: provider.to_owned(),
        provider_version: number(blocker.provider_version),
        interactions,
        since,
        verification,
    }
}

fn component_of(state: &State, party: PacticipantKey) -> EntityRef {
    let known = state.pacticipant(party).map(|known| known.component.clone());
    known.unwrap_or_else(|| contracts::command::component_named(state.name(party)))
}

fn named(failure: &contracts::Failure) -> String {
    match &failure.state {
        Some(state) if !state.is_empty() => format!("\"{}\" given \"{state}\"", failure.interaction),
        Some(_) | None => format!("\"{}\"", failure.interaction),
    }
}

fn minute(at: Timestamp) -> impl std::fmt::Display {
    at.strftime("%Y-%m-%d %H:%MZ")
}
