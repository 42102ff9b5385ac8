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
#[derive(Debug)]
pub(super) struct Known {
    references: BTreeMap<String, EntityRef>,
    segments: Vec<Segment>,
    missing: BTreeSet<String>,
}

impl Known {
    pub(super) fn of(documents: &[SegmentDocument], remarks: &mut Remarks) -> Self {
        let references =
            documents.iter().filter_map(|document| Some((document.key.clone(), names::segment(&document.key)?)));
        let mut known = Self { references: references.collect(), segments: Vec::new(), missing: BTreeSet::new() };
        let mut made: BTreeSet<EntityRef> = BTreeSet::new();
        for document in documents {
            let mut general = remarks.general();
            let mut about = general.at(format!("segment {}", document.key));
            let Some(reference) = known.references.get(&document.key).cloned() else {
                about.lost("the whole segment", "its name has nothing that a name here may have");
                continue;
            };
            if !made.insert(reference.clone()) {
                about.lost("the whole segment", "another one has this name already, perhaps in another environment");
                continue;
            }
            let segment = known.segment(reference, document, &mut about);
            known.segments.push(segment);
        }
        known
    }

    /// The members of a segment.
    pub(super) fn members(&mut self, key: &str) -> Condition {
        if !self.references.contains_key(key) {
            let Some(reference) = names::segment(key) else { return Condition::Never };
            self.references.insert(key.to_owned(), reference);
            self.missing.insert(key.to_owned());
        }
        self.references.get(key).map_or(Condition::Never, |reference| logic::in_segment(reference.name()))
    }

    /// All of them; those that were missing have no members.
    pub(super) fn into_segments(mut self, remarks: &mut Remarks) -> Vec<Segment> {
        for key in &self.missing {
            remarks.general().at(format!("segment {key}")).lost(
                "its members and rules",
                "the file doesn't have them, so that nobody is in it yet: import again with the answer of \
                 GET /api/v2/segments/{project}/{environment}",
            );
            self.segments.extend(self.references.get(key).cloned().map(Segment::empty));
        }
        self.segments
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
            for clause in &rule.clauses {
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
        segment.description = description(document);
        segment.members.clone_from(&document.included);
        segment.when = match Condition::any([included, by_rule]) {
            Condition::Always => Some(json!(true)),
            Condition::Never => None,
            Condition::When(rule) => Some(rule),
        };
        segment
    }
}

fn description(document: &SegmentDocument) -> String {
    let description = document.description.clone().filter(|text| !text.is_empty());
    let name = || document.name.clone().filter(|name| *name != document.key);
    description.or_else(name).unwrap_or_default()
}

/// Contexts that are named one by one.
fn named(users: &[String], contexts: &[SegmentTarget], about: &mut About<'_>) -> Condition {
    let texts = |values: &[String]| values.iter().map(|value| json!(value)).collect::<Vec<Value>>();
    let mut conditions = vec![logic::is_one_of(logic::TARGETING_KEY, &texts(users))];
    for SegmentTarget { values, context_kind } in contexts {
        let attribute = clause::attribute(context_kind, "key", about);
        conditions.push(logic::is_one_of(&attribute, &texts(values)));
    }
    Condition::any(conditions)
}
