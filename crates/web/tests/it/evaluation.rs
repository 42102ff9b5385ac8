//! Evaluating flags, as an application does it.

mod gate;
mod ofrep;
