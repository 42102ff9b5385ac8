//! Unleash's exports.
//!
//! Three shapes are read: what `POST /api/admin/features-batch/export` gives (one environment), the older state export
//! (versions 1 to 4, all environments), and what `GET /api/client/features` gives to its SDKs (one environment, without
//! its name). The first has the names of segments only; `GET /api/admin/segments` has what they hold.
//!
//! An enabled toggle is on for whom any of its strategies admits. So each strategy becomes an [`Arm`](crate::rules::Arm), and what remains
//! is off. A toggle with variants becomes a flag whose values are the variants' payloads; who is admitted by none gets
//! the caller's default, as `getVariant` does.

mod constraint;
mod document;
#[cfg(test)]
mod specification;
mod strategy;
#[cfg(test)]
mod tests;
mod variants;

use std::collections::{BTreeMap, BTreeSet};

use flags::{Definition, Purpose, Requirement, Segment, Setting};
use kernel::EntityRef;
use serde_json::json;

use crate::{
    imported::{About, FLAGS_MAX, Imported, Problem, Remarks, read},
    logic::Condition,
    names,
    rules::{Serve, check_requirements, hoist_default, lay_out, leave_off},
};
use document::{Dependency, Export, Id, Place, SegmentDocument, Segments, Strategy, Toggle};
use strategy::Admitted;
use variants::Variants;

const SERVICE: &str = "Unleash";
const OFF: &str = "off";
const ON: &str = "on";

/// Reads an export, and the answer of `GET /api/admin/segments` if there is one.
///
/// # Errors
/// If one of them is no JSON of Unleash's, or too large.
pub fn unleash(export: &[u8], segments: Option<&[u8]>) -> Result<Imported, Problem> {
    let mut export: Export = read(SERVICE, export)?;
    if let Some(segments) = segments {
        let segments: Segments = read(SERVICE, segments)?;
        // The ones with constraints take the place of their bare names.
        export.segments = segments.into_list();
    }
    let toggles = export.toggles();
    if toggles.len() > FLAGS_MAX {
        return Err(Problem::TooMany(toggles.len()));
    }
    let mut remarks = Remarks::default();
    let known = Known::of(&export.segments, &toggles);
    let segments = known.definitions(&export.segments, &mut remarks);
    let mut taken = names::Flags::default();
    let mut definitions = Vec::new();
    for toggle in &toggles {
        if toggle.feature.archived.unwrap_or_default() {
            remarks.flag(&toggle.feature.name).note("the whole flag", "it is archived; it was left out");
        } else if let Some(flag) = taken.take(&toggle.feature.name, &mut remarks) {
            let definition = definition(flag, toggle, &known, &mut remarks);
            definitions.extend(remarks.sound(definition));
        }
    }
    Ok(Imported { definitions, segments, unmapped: remarks.all })
}

/// What toggles refer to.
#[derive(Debug)]
struct Known<'a> {
    segments: BTreeMap<&'a Id, EntityRef>,
    with_variants: BTreeSet<&'a str>,
}

impl<'a> Known<'a> {
    fn of(segments: &'a [SegmentDocument], toggles: &'a [Toggle]) -> Self {
        let mut names: BTreeSet<EntityRef> = BTreeSet::new();
        let mut known = BTreeMap::new();
        for SegmentDocument { id, name, .. } in segments {
            let name = name.clone().unwrap_or_else(|| format!("segment-{id}"));
            let free = |reference: &EntityRef| !names.contains(reference);
            let reference =
                names::segment(&name).filter(free).or_else(|| names::segment(&format!("segment-{id}")).filter(free));
            if let Some(reference) = reference {
                names.insert(reference.clone());
                known.insert(id, reference);
            }
        }
        let with_variants = toggles.iter().filter(|toggle| toggle.has_variants());
        Self { segments: known, with_variants: with_variants.map(|toggle| &*toggle.feature.name).collect() }
    }

    fn definitions(&self, documents: &[SegmentDocument], remarks: &mut Remarks) -> Vec<Segment> {
        let mut segments = Vec::new();
        for document in documents {
            let Some(reference) = self.segments.get(&document.id) else { continue };
            let mut segment = Segment::empty(reference.clone());
            let mut general = remarks.general();
            let mut about = general.at(format!("segment {}", reference.name()));
            segment.description = about.description(document.description.as_deref().unwrap_or_default());
            match &document.constraints {
                Some(constraints) => segment.when = constraint::all(constraints, &mut about).into_rule(),
                None => about.lost(
                    "its constraints",
                    "the export has only the segment's name, so that nobody is in it yet: import again with the answer \
                     of GET /api/admin/segments",
                ),
            }
            segments.extend(remarks.sound_segment(segment));
        }
        segments
    }
}

fn definition(flag: EntityRef, toggle: &Toggle, known: &Known<'_>, remarks: &mut Remarks) -> Definition {
    let feature = &toggle.feature;
    let mut about = remarks.flag(&feature.name);
    let mut definition = Definition::boolean(flag).spelled(&feature.name);
    definition.description = about.description(feature.description.as_deref().unwrap_or_default());
    definition.purpose = purpose(feature.kind.as_deref());
    if let Some(project) = feature.project.as_deref().filter(|project| *project != "default") {
        definition.metadata.insert("project".to_owned(), json!(project));
    }
    if !toggle.tags.is_empty() {
        definition.metadata.insert("tags".to_owned(), json!(toggle.tags.join(", ")));
    }
    let mut variants = Variants::of(toggle);
    for (environment, place) in &toggle.places {
        let setting = setting(place, &mut variants, known, &mut about.at(environment));
        definition.environments.insert(environment.clone(), setting);
    }
    if toggle.has_variants() {
        about.changed(
            "isEnabled and getVariant",
            "are one question here: programs ask for the value, and who is not admitted gets their own default",
        );
        // Also those of strategies that are disabled.
        toggle.variants().for_each(|variant| drop(variants.key(variant, &mut about)));
        definition.variants = variants.values();
        definition.off_variant = None;
    }
    hoist_default(&mut definition);
    require(&mut definition, &toggle.dependencies, known, &mut about);
    definition
}

fn purpose(kind: Option<&str>) -> Purpose {
    Purpose::ALL.into_iter().find(|purpose| Some(purpose.as_str()) == kind).unwrap_or_default()
}

fn setting(place: &Place, variants: &mut Variants, known: &Known<'_>, about: &mut About<'_>) -> Setting {
    let all_disabled = !place.strategies.is_empty() && place.strategies.iter().all(Strategy::is_disabled);
    if all_disabled {
        about.note("every strategy is disabled", "the flag is off");
    }
    let mut cases = Vec::new();
    for (index, strategy) in place.strategies.iter().enumerate().filter(|(_, strategy)| !strategy.is_disabled()) {
        let mut about = about.at(format!("strategy {}", index + 1));
        let admitted = strategy::admits(strategy, &known.segments, &mut about);
        let own = strategy.variants.as_deref().unwrap_or_default();
        let offered = if own.is_empty() { &place.variants } else { own };
        cases.extend(variants.cases(&admitted, offered, &mut about));
    }
    if place.strategies.is_empty() {
        // Unleash admits everybody then.
        let everybody = Admitted { who: Condition::Always, share: None };
        cases.extend(variants.cases(&everybody, &place.variants, about));
    }
    // A last case that asks for nothing but a share is a rollout.
    let rollout = cases.last_mut().and_then(|case| case.rollout.take());
    if rollout.is_some() {
        cases.pop();
    }
    let fallback = (!variants.any()).then(|| OFF.to_owned());
    let nobody = fallback.clone().map_or(Serve::Nothing, Serve::Variant);
    let arms = cases.into_iter().map(|case| case.arm).collect();
    lay_out(place.enabled && !all_disabled, arms, rollout.unwrap_or(nobody), fallback)
}

/// Adds what other flags must serve. What can't be said leaves the flag off.
fn require(definition: &mut Definition, dependencies: &[Dependency], known: &Known<'_>, about: &mut About<'_>) {
    let mut lost = false;
    for dependency in dependencies {
        let variant = match (dependency.enabled.unwrap_or(true), dependency.variants.as_deref().unwrap_or_default()) {
            (true, []) => Some(None),
            (true, [variant]) => Some(Some(variant.clone())),
            (false, _) if !known.with_variants.contains(&*dependency.feature) => Some(Some(OFF.to_owned())),
            (true, _) | (false, _) => None,
        };
        match (names::flag(&dependency.feature), variant) {
            (Some(flag), Some(variant)) => definition.requires.push(Requirement { flag, variant }),
            (None, _) | (Some(_), None) => {
                lost = true;
                about.lost(
                    format!("the dependency on {}", dependency.words()),
                    "here a flag requires one variant of another, or any; it was left off everywhere",
                );
            }
        }
    }
    if lost {
        leave_off(definition);
    }
    check_requirements(definition, about);
}
