//! The catalog's screens.

pub mod findings;
pub mod graph;
pub mod list;
pub mod show;

pub use show::runbooks;
