//! The faces as their clients see them.

mod ofrep;
mod schema;
mod stream;
mod support;
