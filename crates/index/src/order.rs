//! The order of entities, where values of the base and of recent documents meet.

use std::cmp::Ordering;

use kernel::EntityRef;

use crate::{
    document::Document,
    query::{Order, Position, Start},
};

/// Which way a page goes, and from where.
#[derive(Clone, Copy)]
pub(crate) struct Travel<'a> {
    pub(crate) from: Option<&'a Position>,
    pub(crate) back: bool,
}

impl<'a> Travel<'a> {
    pub(crate) fn of(start: &'a Start) -> Self {
        match start {
            Start::Offset(_) => Self { from: None, back: false },
            Start::After(position) => Self { from: Some(position), back: false },
            Start::Before(position) => Self { from: Some(position), back: true },
        }
    }
}

/// The beginning of what lies beyond a position, in the direction of travel.
pub(crate) struct Beyond<'a> {
    pub(crate) candidates: Vec<Candidate<'a>>,
    /// How many there are in all.
    pub(crate) count: usize,
}

/// An entity with the values that it is ordered by.
pub(crate) struct Candidate<'a> {
    pub(crate) values: Vec<Option<&'a str>>,
    pub(crate) reference: &'a EntityRef,
}

impl<'a> Candidate<'a> {
    pub(crate) fn of(document: &'a Document, order: &[Order]) -> Self {
        let values = order.iter().map(|order| document.sort_value(&order.key)).collect();
        Self { values, reference: &document.reference }
    }

    pub(crate) fn position(&self) -> Position {
        let values = self.values.iter().map(|value| value.map(str::to_owned)).collect();
        Position { values, reference: self.reference.clone() }
    }

    /// Field by field, missing last; then by reference.
    pub(crate) fn compare(&self, other: &Candidate<'_>, order: &[Order]) -> Ordering {
        let fields = order.iter().zip(self.values.iter().zip(&other.values)).map(|(order, pair)| match pair {
            (Some(a), Some(b)) if order.descending => b.cmp(a),
            (Some(a), Some(b)) => a.cmp(b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        });
        fields.fold(Ordering::Equal, Ordering::then).then_with(|| self.reference.cmp(other.reference))
    }
}

impl Position {
    pub(crate) fn as_candidate(&self) -> Candidate<'_> {
        Candidate { values: self.values.iter().map(Option::as_deref).collect(), reference: &self.reference }
    }
}
