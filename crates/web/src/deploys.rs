//! Deployments: what forges tell of them, whose they are, which failed.

pub mod claims;
pub mod door;
pub mod hooks;
pub mod list;
pub mod measured;
pub mod show;
