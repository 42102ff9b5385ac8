//! The checks' screens.

pub mod list;
pub mod show;
