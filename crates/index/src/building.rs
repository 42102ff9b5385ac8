//! The base of the entity index, made of all documents at once.
//!
//! Merging them in layer by layer would give the same; this needs less time, and no memory for documents that wait.

use std::collections::HashMap;

use kernel::EntityRef;

use crate::{
    column::{Column, Posting},
    document::Document,
    entities::Entities,
};

/// Takes documents one by one.
#[derive(Default)]
pub(crate) struct Builder {
    references: Vec<EntityRef>,
    columns: HashMap<Box<str>, Cells>,
}

/// The cells of one key, in the order in which they came.
#[derive(Default)]
struct Cells {
    texts: String,
    /// Where each cell ends in the texts, and the place of its document among all that came.
    rows: Vec<(u32, u32)>,
}

impl Builder {
    pub(crate) fn take(&mut self, document: &Document) {
        let place = bounded(self.references.len());
        for (key, cell) in document.rows() {
            if let Some(cells) = self.columns.get_mut(key) {
                cells.push(cell, place);
            } else {
                self.columns.entry(key.into()).or_default().push(cell, place);
            }
        }
        self.references.push(document.reference.clone());
    }

    /// The base of these documents; of several with one reference, the last.
    pub(crate) fn entities(self) -> Entities {
        let mut places: Vec<usize> = (0..self.references.len()).collect();
        let reference = |place: &usize| self.references.get(*place);
        places.sort_by(|a, b| reference(a).cmp(&reference(b)).then(b.cmp(a)));
        places.dedup_by(|a, b| reference(a) == reference(b));
        let mut numbers = vec![None; self.references.len()];
        for (number, place) in places.iter().enumerate() {
            if let Some(slot) = numbers.get_mut(*place) {
                *slot = Some(bounded(number));
            }
        }
        let references = places.iter().filter_map(reference).cloned().collect();
        let mut columns: Vec<(Box<str>, Column<()>)> = Vec::with_capacity(self.columns.len());
        for (key, cells) in self.columns {
            columns.extend(cells.column(&numbers).map(|column| (key, column)));
        }
        columns.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Entities::new(references, columns)
    }
}

impl Cells {
    fn push(&mut self, cell: &str, place: u32) {
        self.texts.push_str(cell);
        self.rows.push((bounded(self.texts.len()), place));
    }

    fn column(self, numbers: &[Option<u32>]) -> Option<Column<()>> {
        let mut start = 0;
        let row = |&(end, place): &(u32, u32)| {
            let cell = self.texts.get(start as usize..end as usize).unwrap_or_default();
            start = end;
            let number = numbers.get(place as usize).copied().flatten()?;
            Some((cell, (number, ())))
        };
        let mut rows: Vec<(&str, Posting<()>)> = self.rows.iter().filter_map(row).collect();
        rows.sort_unstable();
        Column::merged(None, &[], &rows)
    }
}

/// As for columns: more than four billion bytes of one key's values don't fit into the machine's memory either.
fn bounded(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
