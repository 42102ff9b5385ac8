//! The timeline's screens.

pub mod list;
pub mod show;
