//! The base of the entity index: one column per key.

use std::{
    collections::{BTreeMap, HashMap},
    iter::once,
    ops::Range,
};

use kernel::EntityRef;

use crate::{
    bits::Bits,
    cell,
    column::{Column, Posting},
    document::Document,
    filter::Filter,
    layers::{Base, Recent, Renumbering},
    order::{Beyond, Candidate, Travel},
    query::{ORDER_FIELDS_MAX, Order, Position, TextSearch},
};

/// Entities by reference, and for each key the values that they have.
#[derive(Default)]
pub(crate) struct Entities {
    references: Vec<EntityRef>,
    /// Ascending by key; entries are [cells](cell).
    columns: Vec<(Box<str>, Column<()>)>,
    /// Where among them those stand that have text. Most keys are the names of list items, and are only ever true.
    textual: Vec<usize>,
}

impl Entities {
    /// References and keys are ascending.
    pub(crate) fn new(references: Vec<EntityRef>, columns: Vec<(Box<str>, Column<()>)>) -> Self {
        let has_text = |column: &Column<()>| {
            column.len() > 2 || (0..column.len()).any(|entry| TextSearch::is_text(column.text(entry)))
        };
        let textual = (0..).zip(&columns).filter(|(_, (_, column))| has_text(column)).map(|(at, _)| at).collect();
        Self { references, columns, textual }
    }

    pub(crate) fn reference(&self, number: u32) -> Option<&EntityRef> {
        self.references.get(number as usize)
    }

    pub(crate) fn column(&self, key: &str) -> Option<&Column<()>> {
        let at = self.columns.binary_search_by(|(other, _)| (**other).cmp(key)).ok()?;
        self.columns.get(at).map(|(_, column)| column)
    }

    pub(crate) fn bytes(&self) -> usize {
        let references: usize = self.references.iter().map(|reference| reference.as_str().len() + 32).sum();
        let columns: usize = self.columns.iter().map(|(key, column)| key.len() + 32 + column.bytes()).sum();
        references + columns
    }

    /// The entities for which the filter holds.
    pub(crate) fn matching(&self, filter: &Filter) -> Bits {
        let bound = self.references.len();
        match filter {
            Filter::All(list) => {
                list.iter().map(|filter| self.matching(filter)).fold(Bits::all(bound), |all, one| all.and(&one))
            }
            Filter::Any(list) => {
                list.iter().map(|filter| self.matching(filter)).fold(Bits::none(bound), |any, one| any.or(&one))
            }
            Filter::Not(filter) => self.matching(filter).not(),
            Filter::Has { key } => self.having(key, |column| once(0..column.len())),
            Filter::OneOf { key, values } => {
                self.having(key, |column| values.iter().map(move |value| spellings(column, value)))
            }
            Filter::Prefix { key, prefix } => self.having(key, |column| {
                let start = column.partition(|cell| cell < cell::first_of(prefix));
                once(start..column.with_prefix(prefix).end.max(start))
            }),
        }
    }

    /// The entities with any of these entries under the key.
    fn having<'a, R: IntoIterator<Item = Range<usize>>>(
        &'a self,
        key: &str,
        ranges: impl FnOnce(&'a Column<()>) -> R,
    ) -> Bits {
        let mut bits = Bits::none(self.references.len());
        if let Some(column) = self.column(key) {
            for range in ranges(column) {
                column.postings(range).iter().for_each(|(number, ())| bits.insert(*number));
            }
        }
        bits
    }

    /// The entities that have all the words.
    pub(crate) fn with_text(&self, text: &TextSearch<'_>) -> Bits {
        let mut all = Bits::all(self.references.len());
        for word in &text.words {
            let mut one = Bits::none(self.references.len());
            let mut search = |column: &Column<()>, counts: fn(&str) -> bool| {
                let extent = |cell: &str| cell::folded(cell).map_or(0, str::len);
                column.containing(word, extent, |entry| {
                    if counts(column.text(entry)) {
                        column.postings(entry..entry + 1).iter().for_each(|(number, ())| one.insert(*number));
                    }
                });
            };
            match text.fields {
                Some(keys) => {
                    keys.iter().filter_map(|key| self.column(key)).for_each(|column| search(column, |_| true))
                }
                None => {
                    let columns = self.textual.iter().filter_map(|at| self.columns.get(*at));
                    columns.for_each(|(_, column)| search(column, TextSearch::is_text));
                }
            }
            all = all.and(&one);
        }
        all
    }

    /// The first `wanted` of these entities beyond the position, in the direction of travel, and how many there are.
    pub(crate) fn beyond(&self, found: &Bits, order: &[Order], travel: Travel<'_>, wanted: usize) -> Beyond<'_> {
        let ranking = Ranking::new(self, order, found);
        let at = travel.from.map(|position| ranking.place(position));
        let mut places: Vec<Place> = found.iter().map(|number| ranking.of(number)).collect();
        if let Some(at) = at {
            places.retain(|place| if travel.back { *place < at } else { *place > at });
        }
        let count = places.len();
        let compare = |a: &Place, b: &Place| if travel.back { b.cmp(a) } else { a.cmp(b) };
        if wanted > 0 && wanted < count {
            places.select_nth_unstable_by(wanted - 1, compare);
        }
        places.truncate(wanted);
        places.sort_unstable_by(compare);
        Beyond { count, candidates: places.iter().filter_map(|place| ranking.candidate(place)).collect() }
    }
}

/// The entries that are spellings of a folded value.
fn spellings(column: &Column<()>, value: &str) -> Range<usize> {
    let start = column.partition(|cell| cell < cell::first_of(value));
    start..column.partition(|cell| cell::folded(cell).is_none_or(|folded| folded <= value)).max(start)
}

/// An entity's place in an order: the rank of its value under each field, then its number.
///
/// Ranks and numbers are odd, so that there is room between any two for a position where no entity stands.
type Place = ([u32; ORDER_FIELDS_MAX], u32);

/// The rank of entities without the field: last in either direction.
const LAST: u32 = u32::MAX;

/// The base's entities ranked by some fields.
struct Ranking<'a> {
    base: &'a Entities,
    fields: Vec<Field<'a>>,
}

struct Field<'a> {
    column: Option<&'a Column<()>>,
    descending: bool,
    /// Ascending rank by number.
    ranks: Vec<u32>,
}

impl<'a> Ranking<'a> {
    fn new(base: &'a Entities, order: &[Order], wanted: &Bits) -> Self {
        let fields = order.iter().take(ORDER_FIELDS_MAX).map(|order| {
            let column = base.column(&order.key);
            let ranks = column.map_or_else(Vec::new, |column| ranks(column, base.len(), wanted));
            Field { column, descending: order.descending, ranks }
        });
        Self { base, fields: fields.collect() }
    }

    fn of(&self, number: u32) -> Place {
        let mut place = ([0; ORDER_FIELDS_MAX], number * 2 + 1);
        for (slot, field) in place.0.iter_mut().zip(&self.fields) {
            *slot = field.directed(field.ranks.get(number as usize).copied().unwrap_or(LAST));
        }
        place
    }

    fn place(&self, position: &Position) -> Place {
        let number = match self.base.references.binary_search(&position.reference) {
            Ok(number) => number * 2 + 1,
            Err(number) => number * 2,
        };
        let mut place = ([0; ORDER_FIELDS_MAX], u32::try_from(number).unwrap_or(LAST));
        for ((slot, field), value) in place.0.iter_mut().zip(&self.fields).zip(&position.values) {
            *slot = field.directed(value.as_deref().map_or(LAST, |value| field.rank(value)));
        }
        place
    }

    fn candidate(&self, place: &Place) -> Option<Candidate<'a>> {
        let reference = self.base.reference(place.1 / 2)?;
        let values = place.0.iter().zip(&self.fields).map(|(rank, field)| field.value(*rank)).collect();
        Some(Candidate { values, reference })
    }
}

impl<'a> Field<'a> {
    /// A rank in the field's direction, or the ascending rank of such a one.
    fn directed(&self, rank: u32) -> u32 {
        if self.descending && rank != LAST { LAST - 1 - rank } else { rank }
    }

    /// The ascending rank of a value that an entity may have or not.
    fn rank(&self, value: &str) -> u32 {
        let Some(column) = self.column else { return 0 };
        let entries = spellings(column, value);
        rank_of_entry(entries.start) - u32::from(entries.is_empty())
    }

    fn value(&self, rank: u32) -> Option<&'a str> {
        let entry = self.directed(rank) / 2;
        (rank != LAST).then(|| cell::folded(self.column?.text(entry as usize)))?
    }
}

fn rank_of_entry(entry: usize) -> u32 {
    u32::try_from(entry * 2 + 1).unwrap_or(LAST - 1)
}

/// The rank of each wanted entity's smallest value; spellings of one value have one rank.
fn ranks(column: &Column<()>, entities: usize, wanted: &Bits) -> Vec<u32> {
    let mut ranks = vec![LAST; entities];
    let mut value = None;
    let mut rank = 0;
    for entry in 0..column.len() {
        let Some(folded) = cell::folded(column.text(entry)) else { continue };
        if value != Some(folded) {
            value = Some(folded);
            rank = rank_of_entry(entry);
        }
        for (number, ()) in column.postings(entry..entry + 1) {
            if wanted.contains(*number)
                && let Some(slot) = ranks.get_mut(*number as usize)
            {
                *slot = rank.min(*slot);
            }
        }
    }
    ranks
}

impl Base for Entities {
    type Key = EntityRef;
    type Document = Document;

    fn len(&self) -> usize {
        self.references.len()
    }

    fn number(&self, reference: &EntityRef) -> Option<u32> {
        self.references.binary_search(reference).ok().and_then(|number| u32::try_from(number).ok())
    }

    fn merged(&self, hidden: &Bits, recent: &Recent<Self>) -> Self {
        let renumbering = Renumbering::<Self>::of(&self.references, hidden, recent);
        let mut columns = Vec::with_capacity(self.columns.len());
        let mut add = |key: &str, old: Option<&Column<()>>, added: &[(&str, Posting<()>)]| {
            columns.extend(Column::merged(old, &renumbering.old, added).map(|column| (key.into(), column)));
        };
        let mut added = by_key(&renumbering.new).into_iter().peekable();
        for (key, old) in &self.columns {
            while let Some((earlier, rows)) = added.next_if(|(new, _)| **new < **key) {
                add(earlier, None, &rows);
            }
            let same = added.next_if(|(new, _)| **new == **key);
            add(key, Some(old), same.as_ref().map_or(&[], |(_, rows)| rows));
        }
        added.for_each(|(key, rows)| add(key, None, &rows));
        Self::new(renumbering.keys, columns)
    }
}

/// Cells with the document that has each, ascending.
type Rows<'a> = Vec<(&'a str, Posting<()>)>;

/// The rows of documents, which are in ascending order, by their keys.
fn by_key<'a>(documents: &[(u32, &'a Document)]) -> BTreeMap<&'a str, Rows<'a>> {
    let mut by_key: HashMap<&str, Rows<'a>> = HashMap::new();
    for (number, document) in documents {
        document.rows().for_each(|(key, cell)| by_key.entry(key).or_default().push((cell, (*number, ()))));
    }
    // The order of the documents stays under one cell.
    by_key.values_mut().for_each(|rows| rows.sort_by_key(|(cell, _)| *cell));
    by_key.into_iter().collect()
}
