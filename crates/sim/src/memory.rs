//! A store in memory: quick, and the same on every machine.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use kernel::{EventId, Sha256, Timestamp};
use timeline::{
    Entry, Head, NewEntry, Page, Query, Sample, SampleBatch, SampleRange, Sketch, Snapshot, Store, StoreError,
    Verified, add_parts, limits,
};

/// A [`Store`] that is gone when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryStore {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    entries: Vec<Entry>,
    events: BTreeSet<EventId>,
    snapshots: BTreeMap<(u32, u64), Vec<u8>>,
    blobs: BTreeMap<Sha256, Vec<u8>>,
    samples: BTreeMap<(String, i64), (Sketch, u64, Vec<u64>)>,
    secrets: BTreeMap<String, Vec<u8>>,
}

/// The times that a store can keep: nanoseconds in 64 bits.
fn keepable(at: Timestamp) -> bool {
    i64::try_from(at.as_nanosecond()).is_ok()
}

fn bound(what: &str, count: usize, limit: usize) -> Result<(), StoreError> {
    if count <= limit { Ok(()) } else { Err(StoreError::Unacceptable(format!("{what}: {count} of at most {limit}"))) }
}

fn admit(entries: &[NewEntry]) -> Result<(), StoreError> {
    bound("entries", entries.len(), limits::ENTRIES)?;
    bound("bytes of bodies", entries.iter().map(|entry| entry.body.len()).sum(), limits::APPEND_BYTES)?;
    for entry in entries {
        bound("bytes of a body", entry.body.len(), limits::BODY_BYTES)?;
        bound("bytes of a kind", entry.kind.len(), limits::KIND_BYTES)?;
        bound("subjects", entry.subjects.len(), limits::SUBJECTS)?;
        bound("bytes of an actor's name", entry.actor.name().len(), limits::TEXT_BYTES)?;
        bound("bytes of a reason", entry.reason.as_deref().map_or(0, str::len), limits::TEXT_BYTES)?;
        if !keepable(entry.at) {
            return Err(StoreError::Unacceptable(format!("the time {}", entry.at)));
        }
    }
    Ok(())
}

impl MemoryStore {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn head(&self) -> Head {
        self.entries.last().map_or(Head::EMPTY, Entry::head)
    }

    /// Seals the entries after the head; nothing is kept if one of them can't be.
    fn seal(&self, entries: Vec<NewEntry>) -> Result<Vec<Entry>, StoreError> {
        let mut head = self.head();
        let mut at = self.entries.last().map_or(Timestamp::MIN, |last| last.stamp.at);
        let mut sealed: Vec<Entry> = Vec::with_capacity(entries.len());
        let mut ids = BTreeSet::new();
        for new in entries {
            if new.at < at {
                return Err(StoreError::Backwards { at: new.at, previous: at });
            }
            if self.events.contains(&new.id) || !ids.insert(new.id) {
                return Err(StoreError::Unacceptable(format!("event {} was appended before", new.id)));
            }
            let entry = new.seal(head.position + 1, &head.hash);
            at = entry.stamp.at;
            head = entry.head();
            sealed.push(entry);
        }
        Ok(sealed)
    }
}

impl Store for MemoryStore {
    fn head(&self) -> Result<Head, StoreError> {
        Ok(self.kept().head())
    }

    fn append(&self, expected: u64, entries: Vec<NewEntry>) -> Result<Head, StoreError> {
        admit(&entries)?;
        let mut kept = self.kept();
        let head = kept.head();
        if head.position != expected {
            return Err(StoreError::Conflict { head });
        }
        let sealed = kept.seal(entries)?;
        kept.events.extend(sealed.iter().map(|entry| entry.stamp.event));
        kept.entries.extend(sealed);
        Ok(kept.head())
    }

    fn read(&self, after: u64, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let kept = self.kept();
        let after = usize::try_from(after).unwrap_or(usize::MAX);
        let mut bytes = 0;
        let within = |entry: &&Entry| {
            let fits = bytes < limits::READ_BYTES;
            bytes += entry.body.len();
            fits
        };
        Ok(kept.entries.iter().skip(after).take(limit.min(limits::READ_ENTRIES)).take_while(within).cloned().collect())
    }

    fn find(&self, query: &Query) -> Result<Page, StoreError> {
        let limit = if query.limit == 0 { limits::PAGE_ENTRIES } else { query.limit.min(limits::PAGE_ENTRIES) };
        let kept = self.kept();
        let before = |entry: &&Entry| query.before.is_none_or(|before| entry.stamp.position < before);
        let mut matching = kept.entries.iter().rev().filter(before).filter(|entry| query.matches(entry));
        let entries: Vec<Entry> = matching.by_ref().take(limit).cloned().collect();
        let next = matching.next().and(entries.last()).map(|last| last.stamp.position);
        Ok(Page { entries, next })
    }

    fn position_at(&self, at: Timestamp) -> Result<u64, StoreError> {
        Ok(self.kept().entries.partition_point(|entry| entry.stamp.at <= at) as u64)
    }

    fn save_snapshot(&self, snapshot: Snapshot) -> Result<(), StoreError> {
        bound("bytes of a snapshot", snapshot.body.len(), limits::SNAPSHOT_BYTES)?;
        let mut kept = self.kept();
        if snapshot.position > kept.head().position {
            return Err(StoreError::Unacceptable("a snapshot ahead of the head".to_owned()));
        }
        kept.snapshots.insert((snapshot.schema, snapshot.position), snapshot.body);
        Ok(())
    }

    fn snapshot_before(&self, schema: u32, position: u64) -> Result<Option<Snapshot>, StoreError> {
        let kept = self.kept();
        let newest = kept.snapshots.range((schema, 0)..=(schema, position)).next_back();
        Ok(newest.map(|((schema, position), body)| Snapshot {
            schema: *schema,
            position: *position,
            body: body.clone(),
        }))
    }

    fn put_blobs(&self, blobs: &[Vec<u8>]) -> Result<Vec<Sha256>, StoreError> {
        blobs.iter().try_for_each(|blob| bound("bytes of a blob", blob.len(), limits::BLOB_BYTES))?;
        let mut kept = self.kept();
        let mut put = |blob: &Vec<u8>| {
            let digest = Sha256::of(blob);
            kept.blobs.insert(digest, blob.clone());
            digest
        };
        Ok(blobs.iter().map(&mut put).collect())
    }

    fn get_blob(&self, digest: &Sha256) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.kept().blobs.get(digest).cloned())
    }

    fn add_samples(&self, batches: Vec<SampleBatch>) -> Result<(), StoreError> {
        bound("batches", batches.len(), limits::SAMPLE_BATCHES)?;
        batches.iter().try_for_each(|batch| bound("bytes of a name", batch.series.len(), limits::NAME_BYTES))?;
        batches.iter().try_for_each(|batch| bound("parts", batch.parts.len(), limits::SAMPLE_PARTS))?;
        let mut kept = self.kept();
        for SampleBatch { series, minute, measured, errors, parts } in batches {
            let (sketch, failed, known) = kept.samples.entry((series, minute)).or_default();
            add_parts(known, &parts);
            sketch.merge(&measured);
            *failed = failed.saturating_add(errors);
        }
        Ok(())
    }

    fn samples(&self, range: &SampleRange) -> Result<Vec<Sample>, StoreError> {
        let SampleRange { series, from_minute, to_minute, step_minutes } = range;
        let step = i64::from((*step_minutes).max(1));
        let steps = i128::from(*to_minute).saturating_sub(i128::from(*from_minute)) / i128::from(step);
        if steps > i128::from(limits::SAMPLE_POINTS) {
            return Err(StoreError::Unacceptable(format!("{steps} steps")));
        }
        let mut samples: BTreeMap<i64, Sample> = BTreeMap::new();
        for ((name, minute), (sketch, failed, parts)) in &self.kept().samples {
            if name == series && (*from_minute..*to_minute).contains(minute) {
                let minute = from_minute + (minute - from_minute) / step * step;
                let empty = || Sample { minute, measured: Sketch::default(), errors: 0, parts: Vec::new() };
                let sample = samples.entry(minute).or_insert_with(empty);
                sample.measured.merge(sketch);
                sample.errors = sample.errors.saturating_add(*failed);
                add_parts(&mut sample.parts, parts);
            }
        }
        Ok(samples.into_values().collect())
    }

    fn prune_samples(&self, minute: i64) -> Result<u64, StoreError> {
        let samples = &mut self.kept().samples;
        let before = samples.len();
        samples.retain(|(_, kept), _| *kept >= minute);
        Ok((before - samples.len()) as u64)
    }

    fn put_secret(&self, name: &str, sealed: Option<&[u8]>) -> Result<(), StoreError> {
        bound("bytes of a name", name.len(), limits::NAME_BYTES)?;
        bound("bytes of a value", sealed.map_or(0, <[u8]>::len), limits::SECRET_BYTES)?;
        let secrets = &mut self.kept().secrets;
        match sealed {
            Some(sealed) => secrets.insert(name.to_owned(), sealed.to_vec()),
            None => secrets.remove(name),
        };
        Ok(())
    }

    fn get_secret(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.kept().secrets.get(name).cloned())
    }

    /// Writes the log for a person to read: nothing reads it back.
    fn backup(&self, to: &Path) -> Result<Verified, StoreError> {
        let verified = self.verify(&mut |_| {})?;
        let mut file = BufWriter::new(File::create_new(to)?);
        self.for_each(0, &mut |entry| Ok(writeln!(file, "{entry:?}")?))?;
        file.flush()?;
        Ok(verified)
    }
}
