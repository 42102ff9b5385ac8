//! The Pact Broker's HTTP API, as its clients know it, over our contracts.
//!
//! **Cast.** [`routes`] lists every resource: method, path, what it needs, and the function that answers. A [`Call`] is one
//! request with what the [`Host`] gives: the World, documents, a way to have commands carried out. An [`Answer`] is HAL
//! (`application/hal+json`), or what the resource is otherwise. [`links`] knows where everything is, `view` how it looks.
//!
//! **Flow.** The server finds the route, checks who asks, and runs the function where blocking is allowed. Functions read
//! one World from beginning to end; after a command they take the new one.
//!
//! **Invariants.**
//! - Nothing here knows of sockets, tokens or threads.
//! - Whatever was published comes back as it was, with HAL's links added.
//! - An error has upstream's form (`{"errors": ...}`), unless the client asks for `application/problem+json`.

mod answer;
mod call;
pub mod links;
mod query;
mod resources;
mod routes;
mod secrets;
mod text;
mod view;

pub use answer::{Answer, Failure};
pub use call::{Call, Host, Policy, TestCall};
pub use routes::{Method, Needs, Route, routes};
pub use secrets::Secrets;
