//! Calls of other people's addresses: webhooks.
//!
//! The cast: a [`Caller`] makes one call at a time of an [`Outgoing`] and says what came of it; trying again is its user's
//! business. [`Allowed`] says which private addresses may be called; [`Judged`] and [`literal`]
//! hold an HTTP client to it, wherever one is made. `signature` signs by Standard Webhooks.
//!
//! Invariants:
//! - An address is judged after its name was resolved, and the connection goes to what was judged; so at each redirect.
//! - Addresses where clouds keep a machine's own credentials are never called.
//! - An answer is read up to a bound, and a call takes a bounded time.

mod allowed;
mod caller;
mod judged;
mod signature;
#[cfg(test)]
mod tests;

pub use allowed::{Allowed, NotAllowed};
pub use caller::{Answered, Caller, Failed, Outgoing, beginning};
pub use judged::{Judged, literal};
pub use signature::{Key, key_text, sign};
