//! Who may do what.
//!
//! The cast: a [`User`] signs in with a password and gets a session; a program shows a [`Token`]. Either way the
//! server ends up with a [`Grant`]: an actor and the [`Scope`]s it has. A one-time setup link makes the first user.
//! A token that only evaluates flags may be confined to some of them: that is its [`Reach`].
//!
//! Invariants:
//! - No secret is in an event. Tokens, sessions and setup links are 256 random bits of which only the SHA-256 is
//!   known here; a password's argon2 verifier is kept by the store's vault under the user's id, and an event says
//!   merely that it was set.
//! - Whatever has an end is checked against the time that the caller gives: expiry needs no event.
//! - There is always an enabled administrator once there is a user at all.

mod command;
mod event;
mod reach;
mod scope;
mod state;
#[cfg(test)]
mod tests;

pub use command::{Command, decide};
pub use event::Event;
pub use reach::Reach;
pub use scope::{NoSuchScope, Role, Scope};
pub use state::{Grant, Session, State, Token, User};
