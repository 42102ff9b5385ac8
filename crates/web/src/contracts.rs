//! Consumer-driven contracts: the Pact Broker's protocol, and what the server adds to decide about them.

pub mod changes;
pub mod explain;
pub mod fits;
pub mod pact_broker;
pub mod signing;
