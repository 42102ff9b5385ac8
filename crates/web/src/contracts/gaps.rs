//! What is missing among contracts: pacticipants without a component, deployed versions without a contract, contracts
//! that nobody tried.

use ::contracts::VersionKey;
use kernel::EntityRef;
use world::World;

use super::{
    how_to_match,
    standing::{Pair, Standing},
};

/// The rule of pacticipants that no component of the catalog is.
pub const UNMATCHED: &str = "pacticipant-without-component";
/// The rule of deployed versions of which nothing can be said.
pub const WITHOUT_CONTRACT: &str = "deployed-without-contract";
/// The rule of contracts that nobody ever tried.
pub const UNVERIFIED: &str = "contract-without-verification";

/// Something that is missing.
#[derive(Debug, Clone)]
pub struct ContractGap {
    /// Its sort.
    pub rule: &'static str,
    /// The component that has it.
    pub subject: EntityRef,
    /// The component at the other end, where it is about two.
    pub with: Option<EntityRef>,
    /// The environment in which it is missing, where it may be in several.
    pub environment: Option<String>,
    /// Who is to mend it.
    pub owner: Option<EntityRef>,
    /// What is missing, in one sentence.
    pub title: String,
    /// How to mend it.
    pub fix: String,
}

/// Everything that is missing.
#[must_use]
pub fn gaps(world: &World) -> Vec<ContractGap> {
    let state = &world.contracts;
    let mut gaps = Vec::new();
    for (_, known) in state.pacticipants().filter(|(_, known)| world.catalog.get(&known.component).is_none()) {
        gaps.push(ContractGap {
            rule: UNMATCHED,
            subject: known.component.clone(),
            with: None,
            environment: None,
            owner: None,
            title: format!("the pacticipant {} is no component of the catalog", known.name),
            fix: how_to_match(&known.name),
        });
    }
    for known in state.environments() {
        let environment = &known.environment.name;
        for placed in state.all_placed_in(known.environment.id).filter(|placed| lacks_contract(world, placed.version)) {
            let Some(party) = state.pacticipant(placed.pacticipant) else { continue };
            gaps.push(ContractGap {
                rule: WITHOUT_CONTRACT,
                subject: party.component.clone(),
                with: None,
                environment: Some(environment.clone()),
                owner: world.owner_of(&party.component),
                title: format!(
                    "{} {} runs in {environment} without a contract",
                    party.name,
                    state.number(placed.version)
                ),
                fix: "It has published neither a pact nor a verification, so that whoever it works with can’t be told \
                      whether they can be deployed. Let its build publish them before it records the deployment."
                    .to_owned(),
            });
        }
    }
    for (consumer, provider, _) in state.integrations() {
        let pair = Pair::of(state, consumer, provider);
        let Some(party) = state.pacticipant(provider).filter(|_| pair.standing == Standing::NotVerified) else {
            continue;
        };
        gaps.push(ContractGap {
            rule: UNVERIFIED,
            subject: party.component.clone(),
            with: state.pacticipant(consumer).map(|consumer| consumer.component.clone()),
            environment: None,
            owner: world.owner_of(&party.component),
            title: format!("{} was never tried against what {} expects", party.name, state.name(consumer)),
            fix: format!(
                "Verify the pact in the build of {}; a webhook for contract_requiring_verification_published starts it by \
                 itself.",
                party.name
            ),
        });
    }
    gaps
}

/// Nothing was published for it, and it was tried against nothing; though its pacticipant is integrated with somebody.
fn lacks_contract(world: &World, version: VersionKey) -> bool {
    let state = &world.contracts;
    let Some(known) = state.version(version) else { return false };
    let is_integrated = state.providers_of(known.pacticipant).next().is_some()
        || state.consumers_of(known.pacticipant).next().is_some();
    is_integrated
        && known.pacts.is_empty()
        && state.contents_tried_by(version).next().is_none()
        && state.definition_of(version).is_none()
}
