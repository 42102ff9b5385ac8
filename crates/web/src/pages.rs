//! Pages: who was told of what, and the ways to answer.

pub mod ack;
pub mod message;
