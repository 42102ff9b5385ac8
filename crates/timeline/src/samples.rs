//! Measurements that are too many to be events: one mergeable sketch per series and minute.

use std::fmt;

use kernel::Sha256;
use rusqlite::{Connection, OptionalExtension as _, params};
use sketches_ddsketch::DDSketch;

use crate::{StoreError, limits};

/// How values are distributed, in a kilobyte or so: a DDSketch (Masson, Rim and Lee, VLDB 2019).
///
/// Count, sum, least and greatest are exact. Any other quantile is within 1 % of a value that was added, as long as the
/// positive values span less than 17 orders of magnitude. Merging two sketches gives what adding all the values to one gives.
#[derive(Clone, Default)]
pub struct Sketch(DDSketch);

/// The value is infinite or not a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a measured value must be a finite number")]
pub struct NotFinite;

impl Sketch {
    /// A sketch of these values.
    ///
    /// # Errors
    /// If one is not finite.
    pub fn of(values: &[f64]) -> Result<Self, NotFinite> {
        let mut sketch = Self::default();
        values.iter().try_for_each(|value| sketch.add(*value))?;
        Ok(sketch)
    }

    /// Adds a value.
    ///
    /// # Errors
    /// If it is not finite.
    pub fn add(&mut self, value: f64) -> Result<(), NotFinite> {
        if !value.is_finite() {
            return Err(NotFinite);
        }
        self.0.add(value);
        Ok(())
    }

    /// Adds all the values of another sketch.
    pub fn merge(&mut self, other: &Self) {
        // It can only fail for another accuracy, and all sketches have the same: see `unpack`.
        let _ = self.0.merge(&other.0);
    }

    /// How many values were added.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.count() as u64
    }

    /// The sum of the values.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.0.sum().unwrap_or(0.0)
    }

    /// The least and the greatest value, if there are any.
    #[must_use]
    pub fn range(&self) -> Option<(f64, f64)> {
        self.0.min().zip(self.0.max())
    }

    /// The value below which the share `q` of the values lies: 0.5 is the median. `None` if there are no values or `q` is not
    /// between 0 and 1.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        self.0.quantile(q).ok().flatten()
    }

    /// How many of the values are at most this one, to within the sketch's error: what is up to 1 % more may count too.
    #[must_use]
    pub fn at_most(&self, value: f64) -> u64 {
        let count = self.count();
        // The values in their order, of which the first ones are looked for.
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low + (high - low) / 2;
            let q = if count > 1 { middle as f64 / (count - 1) as f64 } else { 0.0 };
            if self.quantile(q).is_some_and(|found| found <= value * 1.01) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The sketch as bytes, behind a digest: the decoder must not be shown damaged ones.
    fn pack(&self) -> Vec<u8> {
        let bytes = self.0.to_java_bytes();
        let mut packed = check_of(&bytes).to_vec();
        packed.extend(bytes);
        packed
    }

    fn unpack(packed: &[u8]) -> Option<Self> {
        let (check, bytes) = packed.split_first_chunk()?;
        if *check != check_of(bytes) {
            return None;
        }
        let sketch = DDSketch::from_java_bytes(bytes).ok()?;
        DDSketch::default().merge(&sketch).ok()?;
        Some(Self(sketch))
    }
}

fn check_of(bytes: &[u8]) -> [u8; 8] {
    let Sha256([a, b, c, d, e, f, g, h, ..]) = Sha256::of(bytes);
    [a, b, c, d, e, f, g, h]
}

impl fmt::Debug for Sketch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Sketch");
        shown.field("count", &self.count()).field("sum", &self.sum()).field("range", &self.range()).finish()
    }
}

/// What was observed of one series within one minute, or a part of it.
#[derive(Debug, Clone)]
pub struct SampleBatch {
    /// Which series, in the caller's words.
    pub series: String,
    /// Minutes since 1970.
    pub minute: i64,
    /// What was measured.
    pub measured: Sketch,
    /// How many observations failed and so have no value; they are not among the measured ones.
    pub errors: u64,
    /// What the measured values are made of, each part summed over all of them, in the caller's order and unit: sixteen at
    /// most, none if that isn't known. Divided by the count they are means, which add up as the values do.
    pub parts: Vec<u64>,
}

/// Which samples are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleRange {
    /// Which series.
    pub series: String,
    /// The first minute.
    pub from_minute: i64,
    /// The minute after the last.
    pub to_minute: i64,
    /// How many minutes are merged into one sample, counted from the first; 0 means 1.
    pub step_minutes: u32,
}

/// What was observed of a series within one step of a range.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The step's first minute, since 1970.
    pub minute: i64,
    /// What was measured.
    pub measured: Sketch,
    /// How many observations failed and so have no value.
    pub errors: u64,
    /// The parts that the measured values are made of, each summed; empty if they are not known.
    pub parts: Vec<u64>,
}

impl Sample {
    /// How many observations there were, with and without a value.
    #[must_use]
    pub fn observed(&self) -> u64 {
        self.measured.count().saturating_add(self.errors)
    }
}

impl SampleRange {
    pub(crate) fn admit(&self) -> Result<(), StoreError> {
        let minutes = u64::try_from(i128::from(self.to_minute) - i128::from(self.from_minute)).unwrap_or(0);
        let points = minutes.div_ceil(u64::from(self.step_minutes.max(1)));
        if points <= limits::SAMPLE_POINTS {
            return Ok(());
        }
        let most = limits::SAMPLE_POINTS;
        Err(StoreError::Unacceptable(format!(
            "{points} samples are asked for; take longer steps to get at most {most}"
        )))
    }

    /// The first minute of the step that `minute` is in.
    fn step_of(&self, minute: i64) -> i64 {
        minute - minute.wrapping_sub(self.from_minute).rem_euclid(i64::from(self.step_minutes.max(1)))
    }
}

pub(crate) fn admit(batches: &[SampleBatch]) -> Result<(), StoreError> {
    StoreError::bound("batches of samples", batches.len(), limits::SAMPLE_BATCHES)?;
    batches.iter().try_for_each(|batch| {
        StoreError::bound("parts of a sample", batch.parts.len(), limits::SAMPLE_PARTS)?;
        StoreError::bound("bytes in a series' name", batch.series.len(), limits::NAME_BYTES)
    })
}

/// Merges a batch into its series and minute.
pub(crate) fn add(connection: &Connection, batch: &SampleBatch) -> Result<(), StoreError> {
    let series = match series(connection, &batch.series)? {
        Some(id) => id,
        None => {
            connection.prepare_cached("INSERT INTO series (name) VALUES (?1)")?.execute([&batch.series])?;
            connection.last_insert_rowid()
        }
    };
    let mut known =
        connection.prepare_cached("SELECT errors, sketch, parts FROM sample WHERE series = ?1 AND minute = ?2")?;
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let (mut errors, mut measured, mut parts) = match known.query_row(params![series, batch.minute], read).optional()? {
        Some((errors, packed, parts)) => (errors, sketch(&batch.series, batch.minute, packed)?, unpack_parts(parts)),
        None => (0, Sketch::default(), Vec::new()),
    };
    add_parts(&mut parts, &batch.parts);
    errors = batch.errors.saturating_add(errors).min(i64::MAX.unsigned_abs());
    measured.merge(&batch.measured);
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO sample (series, minute, errors, sketch, parts) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![series, batch.minute, errors, measured.pack(), pack_parts(&parts)])?;
    Ok(())
}

/// See [`Store::samples`](crate::Store::samples).
pub(crate) fn within(connection: &Connection, range: &SampleRange) -> Result<Vec<Sample>, StoreError> {
    let mut samples: Vec<Sample> = Vec::new();
    let Some(series) = series(connection, &range.series)? else { return Ok(samples) };
    let mut statement = connection.prepare_cached(
        "SELECT minute, errors, sketch, parts FROM sample WHERE series = ?1 AND minute >= ?2 AND minute < ?3 ORDER BY minute",
    )?;
    let mut found = statement.query(params![series, range.from_minute, range.to_minute])?;
    while let Some(row) = found.next()? {
        let minute = row.get(0)?;
        let (step, errors) = (range.step_of(minute), row.get(1)?);
        let measured = sketch(&range.series, minute, row.get(2)?)?;
        let parts = unpack_parts(row.get(3)?);
        match samples.last_mut() {
            Some(sample) if sample.minute == step => {
                sample.measured.merge(&measured);
                sample.errors = sample.errors.saturating_add(errors);
                add_parts(&mut sample.parts, &parts);
            }
            Some(_) | None => samples.push(Sample { minute: step, measured, errors, parts }),
        }
    }
    Ok(samples)
}

/// See [`Store::prune_samples`](crate::Store::prune_samples).
pub(crate) fn prune(connection: &Connection, minute: i64) -> Result<u64, StoreError> {
    let deleted = connection.prepare_cached("DELETE FROM sample WHERE minute < ?1")?.execute([minute])?;
    connection.prepare_cached("DELETE FROM series WHERE id NOT IN (SELECT series FROM sample)")?.execute([])?;
    Ok(deleted as u64)
}

/// Adds parts to parts, place by place. `known` may have been summed without some of them.
pub fn add_parts(known: &mut Vec<u64>, more: &[u64]) {
    known.resize(known.len().max(more.len()), 0);
    known.iter_mut().zip(more).for_each(|(sum, part)| *sum = sum.saturating_add(*part));
}

/// Each sum in the seven-bit groups of LEB128, since most are small; nothing for none.
fn pack_parts(parts: &[u64]) -> Option<Vec<u8>> {
    let mut packed = Vec::new();
    for part in parts {
        let mut rest = *part;
        while rest >= 0x80 {
            packed.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        packed.push(rest as u8);
    }
    (!packed.is_empty()).then_some(packed)
}

/// What [`pack_parts`] packed. Bytes that it never wrote give sums that mean nothing, and no error: they are beside the
/// measured values, which are checked.
fn unpack_parts(packed: Option<Vec<u8>>) -> Vec<u64> {
    let (mut parts, mut part, mut shift) = (Vec::new(), 0_u64, 0_u32);
    for byte in packed.unwrap_or_default() {
        part |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        shift = shift.saturating_add(7);
        if byte & 0x80 == 0 {
            parts.push(part);
            (part, shift) = (0, 0);
        }
    }
    parts.truncate(limits::SAMPLE_PARTS);
    parts
}

fn series(connection: &Connection, name: &str) -> Result<Option<i64>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id FROM series WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

fn sketch(series: &str, minute: i64, packed: Vec<u8>) -> Result<Sketch, StoreError> {
    Sketch::unpack(&packed)
        .ok_or_else(|| StoreError::corrupt(format!("the samples of series {series} at minute {minute} can't be read")))
}
