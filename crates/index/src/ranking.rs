//! What a text is worth to a query.
//!
//! Words are weighed by BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009) with the weight of
//! the field that they stand in as their frequency (BM25F with one normalisation for all fields). The last stretch of
//! a word may be missing, and a word that nothing has is read as the closest one that something has.

use std::{ops::Range, sync::Arc};

use crate::text::{TextDocument, TextIndex, Texts, first};

/// How many words with the same beginning a word of the query may stand for.
const COMPLETIONS_MAX: usize = 2_000;

/// BM25's saturation of frequency and its normalisation by length, at their usual values.
const K1: f32 = 1.2;
const B: f32 = 0.75;
/// What a word counts that only begins with what was asked for, and one that is only close to it.
const COMPLETED: f32 = 0.6;
const CORRECTED: f32 = 0.5;

/// One word of the query.
pub(crate) struct Reading {
    pub(crate) word: String,
    pub(crate) corrected: bool,
}

impl Reading {
    /// How often a word that begins with this one counts, per occurrence.
    fn worth(&self, word: &str) -> f32 {
        match (self.corrected, word.len() == self.word.len()) {
            (true, true) => CORRECTED,
            (true, false) => 0.0,
            (false, true) => 1.0,
            (false, false) => COMPLETED,
        }
    }
}

/// The scores of all documents for one query.
pub(crate) struct Scores<'a> {
    index: &'a TextIndex,
    base: &'a Texts,
    recent: Vec<(&'a Arc<str>, &'a TextDocument)>,
    documents: f32,
    average_length: f32,
    /// The base's documents, then the recent ones: the score, and a bit for each word that was found.
    sums: Vec<(f32, u16)>,
    within: Range<usize>,
}

pub(crate) struct Found<'a> {
    pub(crate) key: &'a Arc<str>,
    pub(crate) title: &'a str,
    pub(crate) score: f32,
    /// A bit for each word of the query, in its order.
    pub(crate) words: u16,
}

impl<'a> Scores<'a> {
    pub(crate) fn new(index: &'a TextIndex, within: &str) -> Self {
        let base = &*index.layers.base;
        let hidden = &*index.layers.hidden;
        let recent: Vec<_> = index.layers.recent().filter(|(key, _)| key.starts_with(within)).collect();
        let in_base =
            base.within(within).filter(|(number, _)| !hidden.contains(*number)).map(|(_, title)| title.length);
        let lengths = in_base.chain(recent.iter().map(|(_, document)| document.length));
        let (documents, length) = lengths.fold((0_u32, 0), |(count, sum), length| (count + 1, sum + u64::from(length)));
        let documents = documents.max(1) as f32;
        Self {
            index,
            base,
            documents,
            average_length: (length as f32 / documents).max(1.0),
            sums: vec![(0.0, 0); base.titles.len() + recent.len()],
            recent,
            within: base.range(within),
        }
    }

    /// Adds what one word of the query is worth to the documents that have it.
    pub(crate) fn add(&mut self, reading: &Reading, place: u32) {
        let mut frequencies = vec![0.0_f32; self.sums.len()];
        let mut count = |at: usize, word: &str, weight: u16| {
            if let Some(frequency) = frequencies.get_mut(at) {
                *frequency = frequency.max(reading.worth(word) * f32::from(weight));
            }
        };
        for (word, postings) in self.index.words_of_base(&reading.word).take(COMPLETIONS_MAX) {
            for (number, weight) in postings {
                if self.within.contains(&(number as usize)) {
                    count(number as usize, word, weight);
                }
            }
        }
        for (at, (_, document)) in (self.base.titles.len()..).zip(&self.recent) {
            document.completions(&reading.word).for_each(|(word, weight)| count(at, word, weight));
        }
        let found = frequencies.iter().filter(|frequency| **frequency > 0.0).count() as f32;
        let rarity = (1.0 + (self.documents - found + 0.5) / (found + 0.5)).ln();
        let base = self.base.titles.iter().map(|title| title.length);
        let lengths = base.chain(self.recent.iter().map(|(_, document)| document.length));
        for ((sum, frequency), length) in self.sums.iter_mut().zip(&frequencies).zip(lengths) {
            if *frequency > 0.0 {
                let norm = K1 * (1.0 - B + B * length as f32 / self.average_length);
                sum.0 += rarity * frequency * (K1 + 1.0) / (frequency + norm);
                sum.1 |= 1 << place;
            }
        }
    }

    pub(crate) fn best(&self, limit: usize) -> Vec<Found<'a>> {
        let most = self.sums.iter().map(|(_, words)| words.count_ones()).max().unwrap_or(0);
        let base = self.base.titles.iter().map(|title| (&title.key, &*title.title));
        let recent = self.recent.iter().map(|(key, document)| (*key, &*document.title));
        let all = base.chain(recent).zip(&self.sums);
        let mut found: Vec<Found<'_>> = all
            .filter(|(_, (_, words))| *words != 0 && words.count_ones() == most)
            .map(|((key, title), (score, words))| Found { key, title, score: *score, words: *words })
            .collect();
        first(&mut found, limit, |a, b| b.score.total_cmp(&a.score).then_with(|| a.key.cmp(b.key)));
        found
    }
}
