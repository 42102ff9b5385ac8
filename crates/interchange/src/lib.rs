//! Reads other flag services' exports, and finds references to flags in source code.
