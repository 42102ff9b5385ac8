//! Consumer-driven contracts: the Pact Broker's protocol, and what the server adds to decide about them.

pub mod explain;
pub mod pact_broker;
