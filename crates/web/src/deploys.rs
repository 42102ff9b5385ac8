//! Deployments: what forges tell of them, whose they are, which failed.

pub mod claims;
pub mod door;
pub mod hooks;
