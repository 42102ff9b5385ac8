//! In-memory search: Backstage's catalog queries over entities, and ranked text search over everything else.
//!
//! - [`Document`] is one entity, flattened to rows of key and value as Backstage flattens it.
//! - [`Filter`] says which entities; [`TextFilter`] which words they have; [`Query`] adds an order and a page.
//! - [`Index`] answers with a [`Page`], the references that match, or the counts of a key's values (facets).
//! - [`TextIndex`] ranks [`TextDocument`]s of any sort by the words of a query (BM25), and picks titles the way a
//!   command palette does.
//!
//! Both indexes are values: a change makes a new one, which shares nearly everything with the old one, so that readers
//! keep what they hold and nobody locks. Each is a large immutable base of sorted columns and a small layer of
//! recent documents that is searched one by one; see `layers.rs`.
//!
//! Architecture invariants: no I/O, no clock, no lock. Keys and values are folded to lower case when they enter, once,
//! in `cell.rs`; nothing below compares case.

mod bits;
mod building;
mod cell;
mod column;
mod document;
mod entities;
mod filter;
mod fuzzy;
mod index;
mod layers;
mod order;
mod query;
mod ranking;
mod text;
mod words;

pub use document::{Document, ROWS_MAX, Unreadable};
pub use filter::{CONDITIONS_MAX, DEPTH_MAX, Filter, VALUES_MAX};
pub use index::{Facet, Index, Page};
pub use query::{CURSOR_BYTES_MAX, LIMIT_MAX, ORDER_FIELDS_MAX, Order, Position, Query, Start, TextFilter, WORDS_MAX};
pub use text::{Hit, TEXT_BYTES_MAX, TITLE_WEIGHT, TextDocument, TextIndex};
