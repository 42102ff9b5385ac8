//! The checks' screens.

pub mod acts;
pub mod beat;
pub(crate) mod by_hand;
pub mod edit;
pub mod evidence;
pub mod history;
pub mod intake;
pub mod list;
pub mod maintenance;
pub mod pause;
mod period;
pub mod phases;
pub mod probes;
pub mod run;
pub mod runs;
pub mod show;
mod speed;
mod standing;
pub mod strip;
pub mod trial;
