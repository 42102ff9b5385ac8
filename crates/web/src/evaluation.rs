//! Flags as clients get them: what is published, the protocols by which it is evaluated, and what stands around those.
//!
//! [`Published`] lowers the flags of each environment to compiled sets whenever they change, and puts them on the board from
//! which the crate `serving` answers. [`gate`] finds out who asks and what they may see. [`tallies`] keeps who got what.

mod described;
pub mod gate;
pub mod published;
mod stream_key;
pub mod tallies;

pub(crate) use described::Ofrep;
pub use published::Published;
