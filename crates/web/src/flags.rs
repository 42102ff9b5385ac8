//! The flags' screens.

pub mod list;
pub mod show;
