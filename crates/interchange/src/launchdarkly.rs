//! LaunchDarkly's flags.
//!
//! Two shapes are read: what `GET /api/v2/flags/{project}?summary=0` gives (each flag with all its environments), and
//! what its SDKs, its Relay and flag data files have (`flags` and `segments` of one environment, without its name).
//! The first has no segments; `GET /api/v2/segments/{project}/{environment}` has them.
//!
//! While a flag is on, a context gets what it is targeted for, else what the first rule that matches says, else the
//! fallthrough; which is what [`Arm`]s are. While it is off, everybody gets the off variation.

mod clause;
mod document;
mod segment;
#[cfg(test)]
mod tests;
mod variations;

use std::collections::{BTreeMap, BTreeSet};

use flags::{Definition, Purpose, Requirement, Setting};
use kernel::EntityRef;
use serde_json::{Value, json};

use crate::{
    imported::{About, FLAGS_MAX, Imported, Problem, Remarks, read},
    logic::{self, Bucketing, Condition},
    names,
    rules::{Arm, Serve, check_requirements, hoist_default, lay_out, leave_off},
};
use document::{Config, Export, FlagDocument, Outcome, Prerequisite, Rollout, SERVICE, Segments, Target};
use variations::Variations;

/// Weights are thousandths of a percent.
const WHOLE: u32 = 100_000;

/// Reads flags, and the answer of `GET /api/v2/segments/...` if there is one.
///
/// # Errors
/// If one of them is no JSON of LaunchDarkly's, or too large.
pub fn launchdarkly(export: &[u8], segments: Option<&[u8]>) -> Result<Imported, Problem> {
    let export = Export::of(read(SERVICE, export)?)?;
    let mut remarks = Remarks::default();
    let content = export.content(&mut remarks);
    let mut listed = content.segments;
    if let Some(segments) = segments {
        listed.extend(read::<Segments>(SERVICE, segments)?.into_list());
    }
    if content.flags.len() > FLAGS_MAX {
        return Err(Problem::TooMany(content.flags.len()));
    }
    let mut known = segment::Known::of(listed, &mut remarks);
    let variations: BTreeMap<&str, Variations> =
        content.flags.iter().map(|flag| (&*flag.key, Variations::of(flag))).collect();
    let mut taken = names::Flags::default();
    let mut definitions = Vec::new();
    for document in &content.flags {
        if document.archived {
            remarks.flag(&document.key).note("the whole flag", "it is archived; it was left out");
            continue;
        }
        let Some(own) = variations.get(&*document.key) else { continue };
        if let Some(why) = own.unfit() {
            remarks.flag(&document.key).lost("the whole flag", format!("{why}; it was left out"));
            continue;
        }
        if let Some(flag) = taken.take(&document.key, &mut remarks) {
            let mut reader = Reader { about: remarks.flag(&document.key), own, all: &variations, known: &mut known };
            let definition = reader.definition(flag, document);
            definitions.extend(remarks.sound(definition));
        }
    }
    let segments = known.into_segments(&mut remarks);
    Ok(Imported { definitions, segments, unmapped: remarks.all })
}

/// Reads one flag.
struct Reader<'a> {
    about: About<'a>,
    own: &'a Variations,
    all: &'a BTreeMap<&'a str, Variations>,
    known: &'a mut segment::Known,
}

impl Reader<'_> {
    fn definition(&mut self, flag: EntityRef, document: &FlagDocument) -> Definition {
        let mut definition = Definition::boolean(flag).spelled(&document.key);
        definition.description = self.about.description(document.description());
        definition.variants = self.own.values();
        definition.default_variant = None;
        if !document.temporary {
            definition.purpose = Purpose::Permission;
        }
        if !document.tags.is_empty() {
            definition.metadata.insert("tags".to_owned(), json!(document.tags.join(", ")));
        }
        if document.is_experiment() {
            self.about.lost("an experiment", "experiments and their results aren't taken over; the shares are");
        }
        for (environment, config) in &document.environments {
            if config.is_summary() {
                self.about.at(environment).lost(
                    "its targeting",
                    "the export has only a summary: ask for ?summary=0&env=... or one flag; it was left off",
                );
                definition.environments.insert(environment.clone(), Setting::from(false));
                continue;
            }
            let setting = self.setting(environment, config);
            definition.environments.insert(environment.clone(), setting);
        }
        hoist_default(&mut definition);
        self.say_what_off_means(&mut definition, document);
        self.require(&mut definition, document);
        definition
    }

    fn setting(&mut self, environment: &str, config: &Config) -> Setting {
        let mut arms = Vec::new();
        for (kind, target) in config.targets() {
            arms.extend(self.targeted(environment, kind, target));
        }
        for (index, rule) in config.rules.iter().enumerate() {
            let place = format!("{environment}, rule {}", index + 1);
            let mut conditions = Vec::new();
            for (index, clause) in rule.clauses.iter().enumerate() {
                let mut about = self.about.at(format!("{place}, clause {}", index + 1));
                conditions.push(clause::condition(clause, self.known, &mut about));
            }
            let (serve, _) = self.serve(&place, &rule.outcome);
            arms.push(Arm { when: Condition::all(conditions), serve });
        }
        let (otherwise, fallback) = self.serve(&format!("{environment}, default rule"), &config.fallthrough);
        lay_out(config.on && !config.archived, arms, otherwise, fallback)
    }

    /// Contexts that are named one by one.
    fn targeted(&mut self, environment: &str, kind: &str, target: &Target) -> Option<Arm> {
        if target.values.is_empty() {
            return None;
        }
        let mut about = self.about.at(format!("{environment}, targets"));
        let Some(variant) = self.own.name(target.variation) else {
            about.lost(format!("the variation {}", target.variation), "the flag doesn't have it");
            return None;
        };
        let values: Vec<Value> = target.values.iter().map(|value| json!(value)).collect();
        let attribute = clause::attribute(kind, "key", &mut about);
        Some(Arm { when: logic::is_one_of(&attribute, &values), serve: Serve::Variant(variant.to_owned()) })
    }

    /// What is served, and to those for whom no share can be drawn.
    fn serve(&mut self, place: &str, outcome: &Outcome) -> (Serve, Option<String>) {
        let own = self.own;
        let mut about = self.about.at(place);
        let name = |variation: usize, about: &mut About<'_>| {
            let name = own.name(variation).map(str::to_owned);
            if name.is_none() {
                about.lost(format!("the variation {variation}"), "the flag doesn't have it: the caller's default");
            }
            name
        };
        if let Some(variation) = outcome.variation {
            let name = name(variation, &mut about);
            return (name.clone().map_or(Serve::Nothing, Serve::Variant), name);
        }
        let Some(rollout) = &outcome.rollout else { return (Serve::Nothing, None) };
        let Rollout { variations, bucket_by, context_kind, .. } = rollout;
        let attribute = clause::attribute(context_kind, bucket_by.as_deref().unwrap_or("key"), &mut about);
        let mut shares = Vec::new();
        for share in variations {
            shares.extend(name(share.variation, &mut about).map(|name| (name, share.weight.min(WHOLE))));
        }
        if rollout.is_experiment() {
            about.lost("an experiment", "experiments and their results aren't taken over; the shares are");
        }
        let first = shares.first().map(|(variant, _)| variant.clone());
        let serve = Serve::split(Bucketing::by(attribute), shares);
        if matches!(serve, Serve::Split(..)) {
            about.changed(
                "a percentage rollout",
                "LaunchDarkly's buckets come from another hash: the same shares of users, but other users; who lacks the attribute \
                 gets the default",
            );
        }
        (serve, first)
    }

    /// A flag has one off variant here; environments may have several there.
    fn say_what_off_means(&mut self, definition: &mut Definition, document: &FlagDocument) {
        let mut offs = document.environments.iter().filter(|(_, config)| !config.is_summary());
        let off_of = |config: &Config| config.off_variation.and_then(|variation| self.own.name(variation));
        let Some((first, config)) = offs.next() else {
            definition.off_variant = self.own.default_off().map(str::to_owned);
            return;
        };
        let off = off_of(config);
        definition.off_variant = off.map(str::to_owned);
        let words = |variant: Option<&str>| {
            variant.map_or_else(|| "the caller's default".to_owned(), |name| format!("\"{name}\""))
        };
        let others: Vec<_> =
            offs.filter(|(_, config)| off_of(config) != off).map(|(name, config)| (name, off_of(config))).collect();
        for (environment, other) in others {
            self.about.at(environment).changed(
                format!("what is served while it is off: {}", words(other)),
                format!("a flag has one off variant here: {}, as in {first}", words(off)),
            );
        }
    }

    /// What other flags must serve. What can't be said leaves the flag off.
    fn require(&mut self, definition: &mut Definition, document: &FlagDocument) {
        let sets: BTreeSet<Vec<&Prerequisite>> = document
            .environments
            .values()
            .filter(|config| !config.is_summary())
            .map(|config| config.prerequisites.iter().collect())
            .collect();
        if sets.len() > 1 {
            self.about.changed(
                "prerequisites that differ between environments",
                "a flag requires the same everywhere here: all of them are required in each",
            );
        }
        let all: BTreeSet<&Prerequisite> = sets.into_iter().flatten().collect();
        let mut lost = false;
        for Prerequisite { key, variation } in all {
            let variant = self.all.get(&**key).and_then(|variations| variations.name(*variation));
            match (names::flag(key), variant) {
                (Some(flag), Some(variant)) => {
                    definition.requires.push(Requirement { flag, variant: Some(variant.to_owned()) });
                }
                (None, _) | (Some(_), None) => {
                    self.about.lost(
                        format!("the prerequisite {key}, variation {variation}"),
                        "the export doesn't have it; the flag was left off everywhere",
                    );
                    lost = true;
                }
            }
        }
        if lost {
            leave_off(definition);
        }
        check_requirements(definition, &mut self.about);
    }
}
