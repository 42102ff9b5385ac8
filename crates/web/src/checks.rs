//! The checks' screens.

mod history;
pub mod intake;
pub mod list;
pub mod pause;
pub mod show;
mod speed;
