//! The API reference's screens: one with all operations, one per operation, one per type, so that an API of any size is
//! shown in small pages with addresses of their own.

pub mod list;
mod schema;
pub mod show;

pub use schema::SchemaView;
