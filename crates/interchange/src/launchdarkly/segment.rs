//! Segments.

use std::collections::{BTreeMap, BTreeSet};

use flags::Segment;
use kernel::EntityRef;
use serde_json::{Value, json};

use super::{
    WHOLE, clause,
    document::{SegmentDocument, SegmentTarget},
};
use crate::{
    imported::{About, Remarks},
    logic::{self, Bucketing, Condition},
    names,
};

/// The segments that there are, and those that rules name without their being there.
#[derive(Debug, Default)]
pub(super) struct Known {
    references: BTreeMap<String, EntityRef>,
    /// Those that are still to be read.
    documents: BTreeMap<String, SegmentDocument>,
    /// Those that are being read, each for the one before it.
    reading: Vec<String>,
    made: BTreeMap<String, Segment>,
    missing: BTreeSet<String>,
}

impl Known {
    pub(super) fn of(documents: Vec<SegmentDocument>, remarks: &mut Remarks) -> Self {
        let mut known = Self::default();
        let mut taken: BTreeSet<EntityRef> = BTreeSet::new();
        for document in documents {
            let mut general = remarks.general();
            let mut about = general.at(format!("segment {}", document.key));
            match names::segment(&document.key) {
                Some(reference) if taken.insert(reference.clone()) => {
                    known.references.insert(document.key.clone(), reference);
                    known.documents.insert(document.key.clone(), document);
                }
                Some(_) => {
                    about
                        .lost("the whole segment", "another one has this name already, perhaps in another environment");
                }
                None => about.lost("the whole segment", "its name has nothing that a name here may have"),
            }
        }
        let keys: Vec<String> = known.documents.keys().cloned().collect();
        for key in keys {
            known.make(&key, &mut remarks.general());
        }
        known
    }

    /// The members of a segment: for a flag, by its name; for another segment, as a rule, since segments stand alone here.
    pub(super) fn members(&mut self, key: &str, about: &mut About<'_>) -> Condition {
        if !self.reading.is_empty() {
            return self.rule(key, about);
        }
        if !self.references.contains_key(key) {
            let Some(reference) = names::segment(key) else { return Condition::Never };
            self.references.insert(key.to_owned(), reference);
            self.missing.insert(key.to_owned());
        }
        self.references.get(key).map_or(Condition::Never, |reference| logic::in_segment(reference.name()))
    }

    fn rule(&mut self, key: &str, about: &mut About<'_>) -> Condition {
        self.make(key, about);
        let Some(segment) = self.made.get(key) else {
            about.lost(
                format!("the segment {key}"),
                "the file doesn't have it, or it asks for itself in a circle; nobody matches",
            );
            return Condition::Never;
        };
        let rule = segment.when.clone().map_or(Condition::Never, Condition::When);
        Condition::any([logic::is_one_of(logic::TARGETING_KEY, &texts(&segment.members)), rule])
    }

    fn make(&mut self, key: &str, about: &mut About<'_>) {
        let Some(document) = self.documents.remove(key) else { return };
        let Some(reference) = self.references.get(key).cloned() else { return };
        self.reading.push(key.to_owned());
        let segment = self.segment(reference, &document, &mut about.at(format!("segment {key}")));
        self.reading.pop();
        self.made.insert(key.to_owned(), segment);
    }

    /// All of them; those that were missing have no members.
    pub(super) fn into_segments(mut self, remarks: &mut Remarks) -> Vec<Segment> {
        for key in &self.missing {
            remarks.general().at(format!("segment {key}")).lost(
                "its members and rules",
                "the file doesn't have them, so that nobody is in it yet: import again with the answer of \
                 GET /api/v2/segments/{project}/{environment}",
            );
            let segment = self.references.get(key).cloned().map(Segment::empty);
            self.made.extend(segment.map(|segment| (key.clone(), segment)));
        }
        self.made.into_values().filter_map(|segment| remarks.sound_segment(segment)).collect()
    }

    /// Who is included is a member; who is excluded isn't; else the rules decide.
    fn segment(&mut self, reference: EntityRef, document: &SegmentDocument, about: &mut About<'_>) -> Segment {
        if document.unbounded {
            about.lost("a big segment", "its members aren't in the file; only its rules are taken over");
        }
        let mut rules = Vec::new();
        for (index, rule) in document.rules.iter().enumerate() {
            let mut about = about.at(format!("rule {}", index + 1));
            let mut conditions = Vec::new();
            for (index, clause) in rule.clauses.iter().enumerate() {
                let mut about = about.at(format!("clause {}", index + 1));
                conditions.push(clause::condition(clause, self, &mut about));
            }
            if let Some(weight) = rule.weight.filter(|weight| *weight < WHOLE) {
                about.changed(
                    "a share of those who match",
                    "the same share of users, but other users: the hash is another",
                );
                let key = rule.bucket_by.as_deref().unwrap_or("key");
                let attribute = clause::attribute(&rule.rollout_context_kind, key, &mut about);
                let bucketing = Bucketing { attribute, salt: Some(document.key.clone()) };
                conditions.push(bucketing.share(weight, WHOLE));
            }
            rules.push(Condition::all(conditions));
        }
        let excluded = named(&document.excluded, &document.excluded_contexts, about);
        let by_rule = Condition::all([excluded.inverted(), Condition::any(rules)]);
        let included = named(&[], &document.included_contexts, about);
        let mut segment = Segment::empty(reference);
        segment.description = about.description(description(document));
        segment.members.clone_from(&document.included);
        segment.when = Condition::any([included, by_rule]).into_rule();
        segment
    }
}

fn description(document: &SegmentDocument) -> &str {
    let description = document.description.as_deref().filter(|text| !text.trim().is_empty());
    description.or(document.name.as_deref().filter(|name| *name != document.key)).unwrap_or_default()
}

/// Contexts that are named one by one.
fn named(users: &[String], contexts: &[SegmentTarget], about: &mut About<'_>) -> Condition {
    let mut conditions = vec![logic::is_one_of(logic::TARGETING_KEY, &texts(users))];
    for SegmentTarget { values, context_kind } in contexts {
        let attribute = clause::attribute(context_kind, "key", about);
        conditions.push(logic::is_one_of(&attribute, &texts(values)));
    }
    Condition::any(conditions)
}

fn texts(values: &[String]) -> Vec<Value> {
    values.iter().map(|value| json!(value)).collect()
}
