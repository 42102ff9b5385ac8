//! Where source code names flags.
//!
//! The cast: [`Spellings`] are the texts that may stand for a flag: its key, and the key as programmers spell it
//! (`newCart`, `NEW_CART`). [`Search`] holds them in one automaton and [`Search::folder`] runs it over every text file
//! of a folder: what `.gitignore` names is left out, as are binary files, large files and whatever lies behind a
//! symbolic link. What it finds are [`Reference`]s.
//!
//! A spelling counts where it stands alone: `new-cart` is not found in `new-cart-v2`, nor `newCart` in `renewCart`.
//! A key that is a single word (`search`) says nothing where it stands in a sentence, so that it counts only in quotes.

mod search;
mod spelling;
#[cfg(test)]
mod tests;

pub use search::{Found, Limits, Reference, Search, SearchError};
pub use spelling::{Likeness, Spellings};
