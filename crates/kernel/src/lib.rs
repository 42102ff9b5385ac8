//! The words that every other crate speaks.
//!
//! - [`EntityRef`] names a thing in the catalog, by Backstage's rules.
//! - Typed ids ([`EventId`], [`IncidentId`], ...) name what Mainstay itself makes.
//! - [`Weekday`] and [`zone`] are the calendar's.
//! - [`Actor`] is who did something; [`Context`] is the who, when and why that a decision is given.
//! - [`Refusal`] is every error that a person may see: a [`Code`] from the one registry in [`codes`], with its
//!   [`Class`], which fixes the HTTP status, the CLI's exit code and the manual's page.
//!
//! Architecture invariant: nothing here does I/O, reads a clock, or draws a random number.

mod actor;
mod calendar;
pub mod codes;
mod context;
mod entity_ref;
mod ids;
mod refusal;
mod sha;
mod stamp;
mod suggest;

pub use actor::Actor;
pub use calendar::{Weekday, zone, zone_names};
pub use codes::{Class, Code};
pub use context::{Context, IdSeed};
pub use entity_ref::{EntityRef, RefDefaults, RefError};
pub use ids::{
    CommandId, DeploymentId, EffectId, EnvironmentId, EventId, IncidentId, PageId, PlacementId, ReportId, RequestId,
    SessionId, SubscriptionId, TokenId, TypedId, UserId,
};
pub use jiff::Timestamp;
pub use refusal::Refusal;
pub use sha::Sha256;
pub use stamp::Stamp;
pub use suggest::closest;
