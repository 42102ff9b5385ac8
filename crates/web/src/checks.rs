//! The checks' screens.

pub mod evidence;
pub mod history;
pub mod intake;
pub mod list;
pub mod maintenance;
pub mod pause;
mod period;
pub mod phases;
pub mod probes;
pub mod show;
mod speed;
mod standing;
pub mod strip;
