//! The checks' screens.

mod history;
pub mod list;
pub mod pause;
pub mod show;
mod speed;
