//! What a store promises, against SQLite.

mod basics;
mod support;
