//! Flags as clients get them: the protocols by which they are evaluated, and what stands around those.

pub mod gate;
