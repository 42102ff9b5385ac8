//! The wishes, and what becomes of them.
//!
//! A command may bring about several facts of which the later depend on the earlier (publishing a pact makes its consumer,
//! its version and its branch known). They are decided one after the other on a `Draft`, a State of their own.

mod cleanup;
mod draft;
mod environments;
mod parties;
mod publish;
mod webhooks;

use kernel::{Context, EffectId, EntityRef, EnvironmentId, PlacementId, Refusal, Sha256, codes};
use serde::{Deserialize, Serialize};

use crate::{
    ContentSha, Delivery, Event, Failure, Gate, Outline, State, VerifiedBy, Via, Webhook,
    event::{ApiComparison, Details},
};
pub use cleanup::{BATCH_MAX, Cleanup, CleanupPlan, Kept};
use draft::Draft;
pub use draft::component_named;
pub use environments::{gate_answer, is_there};
pub use parties::{similar_names, similar_to_each};
pub use publish::{CANNOT_MODIFY, is_overtaken, modification_refused};
pub(crate) use publish::{latest_of_main_branch, unproven_versions};

/// A pact that is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPact {
    /// Of whom something is expected.
    pub provider: String,
    /// What the content is known by.
    pub content: ContentSha,
    /// The document.
    pub blob: Sha256,
    /// What it asks for.
    pub outline: Outline,
    /// What it may take the place of.
    pub onto: Onto,
}

/// What a pact may take the place of, of the same version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Onto {
    /// Of any, if the publication may modify pacts at all.
    #[default]
    Any,
    /// Of none: it was made when there was none, and is refused if there is one by now.
    Nothing,
    /// Of this one: the two are merged in it, and it is refused if there is another by now.
    This(ContentSha),
}

/// What somebody wants of the contracts, or says about them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// Publish the pacts of a consumer's version.
    Publish {
        /// Who expects.
        pacticipant: String,
        /// The consumer's version.
        version: String,
        /// The branch that it is on.
        branch: Option<String>,
        /// Its tags.
        tags: Vec<String>,
        /// Where it was built.
        build_url: Option<String>,
        /// What it expects, and of whom.
        pacts: Vec<NewPact>,
        /// True if another content of the same version may be replaced.
        may_modify: bool,
    },
    /// Remove the pact of one version.
    RemovePact {
        /// Who expects.
        consumer: String,
        /// The consumer's version.
        version: String,
        /// Of whom.
        provider: String,
    },
    /// Remove pacts between two, of several versions.
    RemovePacts {
        /// Who expects.
        consumer: String,
        /// Of whom.
        provider: String,
        /// Only of versions with this tag.
        tag: Option<String>,
        /// Only of versions on this branch.
        branch: Option<String>,
    },
    /// Remove everything between two.
    RemoveIntegration {
        /// Who expects.
        consumer: String,
        /// Of whom.
        provider: String,
    },
    /// Make a pacticipant known, or change what is known of it.
    PutPacticipant {
        /// Its name.
        name: String,
        /// All that is known of it.
        details: Details,
    },
    /// Take a pacticipant for a component of the catalog.
    Match {
        /// Its name.
        name: String,
        /// The component; none for the one of the same name.
        component: Option<EntityRef>,
    },
    /// Remove a pacticipant and everything of it.
    RemovePacticipant {
        /// Its name.
        name: String,
    },
    /// Give or take a label.
    Label {
        /// Whose.
        name: String,
        /// The label.
        label: String,
        /// True to give it.
        given: bool,
    },
    /// Make a version known, or change it.
    PutVersion {
        /// Whose.
        pacticipant: String,
        /// Its number.
        version: String,
        /// Where it was built; none to leave that.
        build_url: Option<Option<String>>,
        /// A branch that it is on.
        branch: Option<String>,
        /// Tags that it has.
        tags: Vec<String>,
    },
    /// Remove a version and its contracts.
    RemoveVersion {
        /// Whose.
        pacticipant: String,
        /// Its number.
        version: String,
    },
    /// Remove old versions that nobody needs.
    CleanUp(Cleanup),
    /// Take a version off a branch.
    UnsetBranch {
        /// Whose.
        pacticipant: String,
        /// Its number.
        version: String,
        /// The branch.
        branch: String,
    },
    /// Remove branches; their versions stay.
    RemoveBranches {
        /// Whose.
        pacticipant: String,
        /// The branches.
        branches: Vec<String>,
    },
    /// Take a tag from a version.
    Untag {
        /// Whose.
        pacticipant: String,
        /// Its number.
        version: String,
        /// The tag.
        tag: String,
    },
    /// A provider's version was tried.
    Verify {
        /// Who was tried.
        provider: String,
        /// The provider's version.
        version: String,
        /// Against whose expectations.
        consumer: String,
        /// Which.
        content: ContentSha,
        /// Whether it met them.
        success: bool,
        /// True if the pact was verified as work in progress.
        wip: bool,
        /// Where it was built.
        build_url: Option<String>,
        /// The results of each interaction.
        results: Option<Sha256>,
        /// Who verified.
        verified_by: Option<VerifiedBy>,
        /// The first interactions that failed.
        failures: Vec<Failure>,
        /// The consumer's versions for which it was verified.
        selected_for: Vec<String>,
    },
    /// Remove a verification.
    RemoveVerification {
        /// Its number.
        number: u32,
    },
    /// Make the environments known that every broker begins with, unless there were ever any.
    SeedEnvironments,
    /// Make or change an environment.
    PutEnvironment {
        /// Which; none for a new one.
        id: Option<EnvironmentId>,
        /// Its name.
        name: String,
        /// Its name for people.
        display_name: Option<String>,
        /// True if it is a production environment.
        production: bool,
        /// Whom to ask, as JSON text.
        contacts: Option<String>,
    },
    /// Say whether deployments to an environment ask first.
    SetGate {
        /// The environment's name.
        environment: String,
        /// Whether they do.
        gate: Gate,
    },
    /// Remove an environment.
    RemoveEnvironment {
        /// Which.
        id: EnvironmentId,
    },
    /// A version was deployed.
    Deploy {
        /// Whose.
        pacticipant: String,
        /// Its number.
        version: String,
        /// Where.
        environment: EnvironmentId,
        /// Which instance.
        instance: Option<String>,
        /// How it became known.
        via: Via,
        /// True to do it although the environment refuses it.
        emergency: bool,
    },
    /// A component was deployed, as the deployments know it: its pacticipants follow.
    Follow {
        /// The component.
        component: EntityRef,
        /// The version.
        version: String,
        /// The environment's name.
        environment: String,
        /// True if it takes a later deployment back, which no gate refuses.
        goes_back: bool,
    },
    /// A version was released.
    Release {
        /// Whose.
        pacticipant: String,
        /// Its number.
        version: String,
        /// Where.
        environment: EnvironmentId,
        /// True to do it although the environment refuses it.
        emergency: bool,
    },
    /// A version isn't deployed or supported any more.
    Displace {
        /// Which fact ends.
        placement: PlacementId,
    },
    /// Make or change a webhook.
    PutWebhook {
        /// All of it.
        webhook: Webhook,
    },
    /// Remove a webhook.
    RemoveWebhook {
        /// Which.
        id: String,
    },
    /// Call a webhook.
    Trigger {
        /// All of it.
        delivery: Delivery,
    },
    /// Call a webhook again.
    Refire {
        /// Which call.
        delivery: EffectId,
    },
    /// Say what a provider's API is.
    PublishDefinition {
        /// Whose.
        provider: String,
        /// The provider's version.
        version: String,
        /// The branch that it is on.
        branch: Option<String>,
        /// Its tags.
        tags: Vec<String>,
        /// Where it was built.
        build_url: Option<String>,
        /// The document.
        blob: Sha256,
        /// The document's media type.
        media_type: String,
        /// What sort of definition.
        specification: String,
        /// Whether the provider was tried against it.
        self_verified: Option<bool>,
        /// What that gave.
        self_results: Option<Sha256>,
        /// With what.
        verifier: Option<String>,
    },
    /// It was found out whether a content fits a definition.
    JudgeFit {
        /// Who expects.
        consumer: String,
        /// Of whom.
        provider: String,
        /// What.
        content: ContentSha,
        /// The definition's document.
        definition: Sha256,
        /// Whether it fits.
        fits: bool,
        /// The first things that don't.
        problems: Vec<Failure>,
        /// The whole comparison.
        comparison: Option<Sha256>,
    },
    /// Take note of the catalog's definition of an API.
    ObserveApi {
        /// The API.
        api: EntityRef,
        /// The document.
        blob: Sha256,
        /// `openapi`, `grpc`.
        format: String,
        /// What changed, compared with the one before and with what is deployed.
        comparisons: Vec<ApiComparison>,
    },
}

/// Decides what becomes of a command. No events: all is as wished.
///
/// # Errors
/// `invalid` for a field that is not allowed, `not-found` for what is not there, `conflict` for a pact that would change.
pub fn decide(state: &State, command: Command, context: &Context) -> Result<Vec<Event>, Refusal> {
    let mut draft = Draft::new(state, context);
    match command {
        Command::Publish { .. } => publish::publish(&mut draft, command)?,
        Command::RemovePact { consumer, version, provider } => {
            publish::remove_pact(&mut draft, &consumer, &version, &provider)?;
        }
        Command::RemovePacts { consumer, provider, tag, branch } => {
            publish::remove_pacts(&mut draft, (&consumer, &provider), tag.as_deref(), branch.as_deref())?;
        }
        Command::RemoveIntegration { consumer, provider } => {
            let (consumer, provider) = (draft.known(&consumer)?, draft.known(&provider)?);
            webhooks::remove_between(&mut draft, &consumer.name, &provider.name);
            draft.push(Event::IntegrationRemoved { consumer, provider });
        }
        Command::Verify { .. } => publish::verify(&mut draft, command)?,
        Command::RemoveVerification { number } => publish::remove_verification(&mut draft, number)?,
        Command::PublishDefinition { .. } => publish::define(&mut draft, command)?,
        Command::JudgeFit { .. } => publish::judge_fit(&mut draft, command)?,
        Command::PutPacticipant { name, details } => parties::put(&mut draft, &name, details)?,
        Command::Match { name, component } => parties::take_for(&mut draft, &name, component)?,
        Command::RemovePacticipant { name } => {
            let pacticipant = draft.known(&name)?;
            webhooks::remove_of(&mut draft, &name);
            draft.push(Event::PacticipantRemoved { pacticipant });
        }
        Command::Label { name, label, given } => parties::label(&mut draft, &name, &label, given)?,
        Command::PutVersion { pacticipant, version, build_url, branch, tags } => {
            draft.version(&pacticipant, &version, build_url)?;
            draft.branch(&pacticipant, &version, branch.as_deref(), false)?;
            draft.tags(&pacticipant, &version, &tags)?;
            draft.deployed_by_tags(&pacticipant, &version, &tags)?;
        }
        Command::RemoveVersion { pacticipant, version } => {
            draft.known_version(&pacticipant, &version)?;
            draft.push(Event::VersionRemoved { pacticipant: draft.known(&pacticipant)?, version });
        }
        Command::CleanUp(cleanup) => cleanup::clean_up(&mut draft, &cleanup)?,
        Command::UnsetBranch { pacticipant, version, branch } => {
            parties::unset_branch(&mut draft, &pacticipant, version, branch)?;
        }
        Command::RemoveBranches { pacticipant, branches } => {
            parties::remove_branches(&mut draft, &pacticipant, branches)?;
        }
        Command::Untag { pacticipant, version, tag } => parties::untag(&mut draft, &pacticipant, version, tag)?,
        Command::SeedEnvironments => environments::seed(&mut draft),
        Command::PutEnvironment { .. } => environments::put(&mut draft, command)?,
        Command::SetGate { environment, gate } => environments::set_gate(&mut draft, &environment, gate)?,
        Command::RemoveEnvironment { id } => environments::remove(&mut draft, id)?,
        Command::Deploy { .. } => environments::deploy(&mut draft, command)?,
        Command::Follow { component, version, environment, goes_back } => {
            environments::follow(&mut draft, &component, (&version, &environment), goes_back)?;
        }
        Command::Release { pacticipant, version, environment, emergency } => {
            environments::release(&mut draft, &pacticipant, (version, environment), emergency)?;
        }
        Command::Displace { placement } => environments::displace(&mut draft, placement)?,
        Command::PutWebhook { webhook } => webhooks::put(&mut draft, webhook)?,
        Command::RemoveWebhook { id } => webhooks::remove(&mut draft, id)?,
        Command::Trigger { delivery } => webhooks::trigger(&mut draft, delivery),
        Command::Refire { delivery } => webhooks::refire(&mut draft, delivery)?,
        Command::ObserveApi { api, blob, format, comparisons } => {
            if draft.state.api(&api).and_then(crate::ApiHistory::newest) != Some(blob) {
                draft.push(Event::ApiObserved { api: api.clone(), blob, format });
                for comparison in comparisons {
                    draft.push(Event::ApiChanged { api: api.clone(), comparison });
                }
            }
        }
    }
    Ok(draft.events)
}

fn not_found(what: &str, name: &str) -> Refusal {
    Refusal::new(&codes::NOT_FOUND, format!("No {what} \"{name}\" found"))
}
