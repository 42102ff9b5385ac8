//! The flags' screens.

pub mod list;
pub mod ofrep;
pub mod show;
