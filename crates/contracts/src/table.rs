//! Rows under dense keys, which are never given twice.

use std::marker::PhantomData;

use imbl::Vector;
use serde::{Deserialize, Serialize};

/// Rows of one sort. Cloning it is cheap.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent, bound(serialize = "T: Serialize + Clone", deserialize = "T: Deserialize<'de> + Clone"))]
pub(crate) struct Table<K, T: Clone> {
    rows: Vector<Option<T>>,
    #[serde(skip)]
    key: PhantomData<K>,
}

impl<K, T: Clone> Default for Table<K, T> {
    fn default() -> Self {
        Self { rows: Vector::new(), key: PhantomData }
    }
}

impl<K: From<u32> + Into<u32> + Copy, T: Clone> Table<K, T> {
    /// The key that the next row gets.
    pub(crate) fn next(&self) -> K {
        K::from(u32::try_from(self.rows.len()).unwrap_or(u32::MAX))
    }

    pub(crate) fn push(&mut self, row: T) -> K {
        let key = self.next();
        self.rows.push_back(Some(row));
        key
    }

    pub(crate) fn get(&self, key: K) -> Option<&T> {
        self.rows.get(key.into() as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, key: K) -> Option<&mut T> {
        // Looked at first: looking mutably copies what is shared.
        self.get(key)?;
        self.rows.get_mut(key.into() as usize)?.as_mut()
    }

    pub(crate) fn remove(&mut self, key: K) -> Option<T> {
        self.get(key)?;
        self.rows.get_mut(key.into() as usize)?.take()
    }

    /// All rows, in the order of their keys.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (K, &T)> {
        let numbered = self.rows.iter().enumerate();
        numbered.filter_map(|(at, row)| Some((K::from(u32::try_from(at).ok()?), row.as_ref()?)))
    }
}
