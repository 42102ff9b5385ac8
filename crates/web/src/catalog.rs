//! The catalog's screens.

pub mod list;
pub mod show;
