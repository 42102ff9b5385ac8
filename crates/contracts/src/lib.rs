//! Consumer-driven contracts, in the Pact Broker's words.
//!
//! **Cast.** A *pacticipant* is an application: as a *consumer* it publishes *pacts* with its *providers*, one for each of
//! its *versions*. A pact's *content* is known by what affects its verification ([`ContentSha`]), so that two versions
//! with the same expectations share it, and what one proved holds for the other. A provider's version publishes a
//! *verification* of a content; instead, or as well, it may publish a *definition* of its API, which each content either
//! *fits* or not. Versions have *branches* and *tags*, and are *deployed* or *released* to *environments*.
//!
//! **Flow.** A [`Command`] becomes [`Event`]s, which [`State`] folds. [`matrix::ask`] joins pacts with verifications and
//! judges; [`selection::for_verification`] says what a provider's build is to verify; [`webhooks::triggered`] says whom
//! an event concerns outside.
//!
//! **Invariants.**
//! - Versions are ordered by when they were made known, never by their numbers.
//! - A pact of a version never changes its content, unless the operator allows it; then the earlier one is a revision.
//! - Nothing is cut off before it is judged: the matrix is bounded in what it shows, not in what it looks at.
//! - Nothing here parses a pact: who publishes one brings its [`ContentSha`] and [`Outline`], made by [`content`].

pub mod command;
pub mod content;
pub mod event;
mod ids;
mod limits;
pub mod matrix;
pub mod selection;
mod state;
mod table;
#[cfg(test)]
mod tests;
pub mod webhooks;

pub use command::{Command, decide};
pub use content::{ContentSha, Outline};
pub use event::{Environment, Event, Failure, Gate, PactChange, Party, VerifiedBy, Via};
pub use ids::{ContentKey, DefinitionKey, PacticipantKey, PublicationKey, VerificationKey, VersionKey};
pub use state::{
    ApiHistory, Branch, BranchedVersion, Content, Definition, Fit, KnownDelivery, KnownEnvironment, KnownWebhook,
    Latest, Moment, Pacticipant, Placed, Publication, Selectable, State, Verification, Version,
};
pub use webhooks::{Delivery, Outcome, Webhook};
