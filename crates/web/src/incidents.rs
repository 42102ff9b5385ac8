//! The incidents' screens.

pub mod list;
pub mod show;
pub mod undo;
