//! Who expects something of whom, and whether it is met.

use axum::{
    Json,
    extract::{Query, State},
};
use contracts::{PacticipantKey, Publication, VerificationKey};
use kernel::{EntityRef, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use world::World;

use crate::{
    App,
    api::{Listed, Paging},
    contracts::standing::{Pair, Standing},
    problem::Problem,
};

/// Which integrations.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Those of this consumer.
    #[param(max_length = 255)]
    pub consumer: Option<String>,
    /// Those with this provider.
    #[param(max_length = 255)]
    pub provider: Option<String>,
}

/// One of two that are integrated.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartyView {
    /// The pacticipant's name.
    pub name: String,
    /// The component that it is taken for.
    #[schema(value_type = String)]
    pub component: EntityRef,
    /// The team that owns it.
    #[schema(value_type = Option<String>)]
    pub owner: Option<EntityRef>,
}

impl PartyView {
    /// A pacticipant.
    #[must_use]
    pub fn of(world: &World, key: PacticipantKey) -> Option<Self> {
        let known = world.contracts.pacticipant(key)?;
        let owner = world.owner_of(&known.component);
        Some(Self { name: known.name.to_string(), component: known.component.clone(), owner })
    }
}

/// A consumer and a provider that have contracts.
#[derive(Debug, Serialize, ToSchema)]
pub struct IntegrationView {
    /// Who expects.
    pub consumer: PartyView,
    /// Of whom.
    pub provider: PartyView,
    /// When the first pact came.
    #[schema(value_type = String, format = "date-time")]
    pub since: Timestamp,
    /// The newest pact: of the consumer's main branch, where it has one there.
    pub latest: Option<LatestPact>,
    /// `verified`, `failed` or `unverified`: what the last verification of the newest pact gave, and the comparison with the
    /// provider's newest API definition; where there are both, both must be good.
    pub state: IntegrationState,
    /// The last verification of the newest pact's content: by the provider's main branch, where one of the last is.
    pub verification: Option<VerificationView>,
}

/// What is known of an integration's newest pact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IntegrationState {
    /// The provider meets it.
    Verified,
    /// The provider does not meet it.
    Failed,
    /// That is not known.
    Unverified,
}

/// The newest pact between two.
#[derive(Debug, Serialize, ToSchema)]
pub struct LatestPact {
    /// The consumer's version.
    pub version: String,
    /// The branches of that version.
    pub branches: Vec<String>,
    /// When it was published.
    #[schema(value_type = String, format = "date-time")]
    pub published: Timestamp,
    /// How many interactions it has.
    pub interactions: u32,
    /// How many messages it has.
    pub messages: u32,
}

/// A verification.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerificationView {
    /// Its number.
    pub number: u32,
    /// Whether it succeeded.
    pub success: bool,
    /// The provider's version.
    pub provider_version: String,
    /// When.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
}

/// Lists who has contracts with whom, by consumer and then by provider.
#[utoipa::path(get, path = "/api/v1/contracts/integrations", tag = "contracts", params(Which, Paging),
    responses((status = 200, body = Listed<IntegrationView>)))]
pub async fn list(
    State(app): State<App>,
    Query(which): Query<Which>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<IntegrationView>>, Problem> {
    let world = app.world();
    let state = &world.contracts;
    let is = |wanted: &Option<String>, key| wanted.as_deref().is_none_or(|name| state.name(key) == name);
    let mut found: Vec<_> = state
        .integrations()
        .filter(|(consumer, provider, _)| is(&which.consumer, *consumer) && is(&which.provider, *provider))
        .filter_map(|(consumer, provider, since)| {
            let parties = (PartyView::of(&world, consumer)?, PartyView::of(&world, provider)?);
            Some((parties, (consumer, provider), Timestamp::from(since)))
        })
        .collect();
    found.sort_by(|((a, b), ..), ((c, d), ..)| (&a.name, &b.name).cmp(&(&c.name, &d.name)));
    paging.page(found, |(parties, keys, since)| view(&world, parties, keys, since))
}

fn view(
    world: &World,
    (consumer, provider): (PartyView, PartyView),
    keys: (PacticipantKey, PacticipantKey),
    since: Timestamp,
) -> IntegrationView {
    let state = &world.contracts;
    let pair = Pair::of(state, keys.0, keys.1);
    let stands = match pair.standing {
        Standing::Failed | Standing::DoesNotFit => IntegrationState::Failed,
        Standing::ChangedSince | Standing::NotVerified | Standing::NoPact => IntegrationState::Unverified,
        Standing::Verified | Standing::Fits => IntegrationState::Verified,
    };
    let latest = pair.pact.and_then(|key| latest(state, state.publication(key)?));
    let verification = pair.verification.and_then(|key| verification(state, key));
    IntegrationView { consumer, provider, since, latest, state: stands, verification }
}

fn verification(state: &contracts::State, key: VerificationKey) -> Option<VerificationView> {
    let known = state.verification(key)?;
    Some(VerificationView {
        number: key.0 + 1,
        success: known.success,
        provider_version: state.number(known.version).to_owned(),
        at: known.at.into(),
    })
}

fn latest(state: &contracts::State, pact: &Publication) -> Option<LatestPact> {
    let version = state.version(pact.version)?;
    let outline = &state.content(pact.content)?.outline;
    Some(LatestPact {
        version: version.number.to_string(),
        branches: version.branches.iter().map(|on| on.branch.to_string()).collect(),
        published: pact.at.into(),
        interactions: outline.interactions,
        messages: outline.messages,
    })
}
