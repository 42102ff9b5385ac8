//! Whether a consumer's pact fits a provider's OpenAPI document: bi-directional contract testing without a run.
//!
//! **Cast.** `read` makes JSON values of bytes, within bounds. `pact` is the consumer's side: interactions, of
//! specification 1 to 4. `document` is the provider's: operations, references, switches. `router` finds the operation
//! that an interaction talks to. `request` and `response` compare one part each. `schema` prepares the document's
//! schemas for that and checks values against them. `findings` collects what doesn't fit, and ends before it is too much.
//!
//! **Flow.** [`compare`] reads both, then takes the interactions in order. One without a route has one finding; one with a
//! route goes through path, security, headers, query and body of the request, then status, headers and body of the response.
//!
//! **What "fits" means** is what `openapi-pact-comparator` (PactFlow's, MIT) says, since its codes and its judgement are what
//! people who come from there know: a request has to satisfy the provider's schema, and a response of the pact, as it names
//! only what the consumer uses, may lack what the schema requires but must not have what the schema doesn't know.
//! That is why the schemas are checked here by hand and not by a JSON Schema library: `allOf` is merged first, `required` goes
//! and objects close in responses, texts of a query are coerced, and each failing branch of a choice is a finding of its own.
//! A library would have none of that and no bound on its work. Where that comparator gives up with an exception (a
//! schema that its validator refuses, a discriminator without constants, a reference in a circle of `allOf`), this one goes on
//! with what the document most likely means.
//!
//! **Invariants.**
//! - No input makes it panic, and none takes more than a bounded number of steps; what was left out for that is a finding,
//!   and a comparison that wasn't complete never says that a pact fits ([`Judgement::fits`]).
//! - Nothing is fetched. A reference that isn't resolved within the document is a warning with a code of our own, because a
//!   schema that isn't known fits everything.
//! - The findings' order depends on the two documents alone.
//! - Codes that the comparator doesn't have are listed in `findings` and are warnings ([`Finding::is_own`]).

mod compare;
mod document;
mod findings;
mod headers;
mod media;
mod multipart;
mod pact;
mod query;
mod read;
mod request;
mod response;
mod router;
mod schema;
mod value;

#[cfg(test)]
mod tests;

pub use compare::compare;
pub use findings::{Finding, Judgement, Kind};
pub use read::Unreadable;

/// How many bytes an OpenAPI document may have.
const OPENAPI_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How many bytes a pact may have: more than is published at once, since pacts of one version may be merged.
const PACT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How many interactions a pact may have.
const INTERACTIONS_MAX: usize = 10_000;
/// How many findings are given, of which warnings are at most half; if there are more, the last one says so.
const FINDINGS_MAX: usize = 1_000;
/// How many bytes a text of a finding may have; a longer one ends in `…`.
const TEXT_BYTES_MAX: usize = 2_000;
