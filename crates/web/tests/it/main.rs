//! What the crate does as a whole.

mod samples;
mod screens;
