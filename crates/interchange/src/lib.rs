//! Reads other flag services' exports, and finds references to flags in source code.
//!
//! [`references`] walks a folder of source code and finds where flags are named.

pub mod references;
