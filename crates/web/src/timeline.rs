//! The timeline's screens.

pub mod list;
pub mod show;

pub use show::entry_at;
