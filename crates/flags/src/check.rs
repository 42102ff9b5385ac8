//! What is wrong with a definition, whoever made it. Each problem has its place in the `spec` of a declaration.

use std::collections::BTreeSet;

use flagd::Evaluators;
use kernel::{EntityRef, closest};
use serde_json::{Value, json};
use spec::{Problems, SpecProblem, Wrong};

use crate::{Definition, Ramp, Rollout, Segment, Setting, Step, ValueType, references};

/// The bounds of what a definition holds.
pub(crate) mod limits {
    /// Environments of a flag, components that use it.
    pub(crate) const ENTRIES: usize = 200;
    /// Bytes of a description.
    pub(crate) const DESCRIPTION_BYTES: usize = 2_000;
    /// Bytes of a name: of a variant, a flag set, an attribute.
    pub(crate) const NAME_BYTES: usize = 200;
    /// Flags that one requires directly.
    pub(crate) const REQUIRES: usize = 20;
    /// Audiences and shares in one environment.
    pub(crate) const SHARES: usize = 100;
    /// Steps of a ramp.
    pub(crate) const STEPS: usize = 100;
    /// Guards of a ramp.
    pub(crate) const GUARDS: usize = 20;
    /// Members, domains and groups of a segment, each.
    pub(crate) const MEMBERS: usize = 10_000;
    /// Bytes of all of a definition, as JSON.
    pub(crate) const DEFINITION_BYTES: usize = 512 * 1024;
}

impl Definition {
    /// All that is wrong with it.
    #[must_use]
    pub fn problems(&self) -> Vec<SpecProblem> {
        let problems = Problems::default();
        self.check_variants(&problems);
        for (place, problem) in self.rule_problems().iter().filter(|(_, problem)| problem.is_error()) {
            problems.add(place.as_str(), Wrong::new(in_words(problem)));
        }
        if self.metadata.values().any(|value| value.is_object() || value.is_array() || value.is_null()) {
            problems.add("/spec/metadata", Wrong::new("holds only texts, numbers and true or false"));
        }
        if !self.requires.is_empty() && self.off_variant.is_none() {
            let wrong = Wrong::new("is missing: it is served while a required flag does not serve what it must");
            problems.add("/spec/offVariant", wrong);
        }
        if self.requires.len() > limits::REQUIRES {
            problems.add("/spec/requires", Wrong::new(format!("may be at most {} flags", limits::REQUIRES)));
        }
        if self.environments.len() > limits::ENTRIES {
            problems.add("/spec/environments", Wrong::new(format!("may be at most {}", limits::ENTRIES)));
        }
        for (name, setting) in &self.environments {
            let place = place_of(name);
            if name.trim().is_empty() || name.trim() != name || name.len() > Self::ENVIRONMENT_BYTES_MAX {
                problems.add(place.as_str(), Wrong::new("an environment's name has 1 to 63 characters"));
            }
            self.check_setting(&place, setting, &problems);
        }
        if size(self) > limits::DEFINITION_BYTES {
            let wrong = Wrong::new(format!("is larger than {} KiB", limits::DEFINITION_BYTES / 1024));
            problems.add("/spec", wrong);
        }
        problems.or(None::<()>).err().unwrap_or_default()
    }

    fn check_variants(&self, problems: &Problems) {
        let types: BTreeSet<_> = self
            .variants
            .values()
            .map(|value| ValueType::of(value).map_or("null or list", ValueType::as_str))
            .collect();
        let place = "/spec/variants";
        if self.variants.is_empty() {
            problems.add(place, Wrong::new("must name at least one variant"));
        } else if types.len() > 1 || types.contains("null or list") {
            let found: Vec<&str> = types.into_iter().collect();
            let wrong = format!("must all be boolean, string, number or object; here are {}", found.join(", "));
            problems.add(place, Wrong::new(wrong));
        }
        if self.variants.len() > flagd::VARIANTS_MAX {
            problems.add(place, Wrong::new(format!("may be at most {}", flagd::VARIANTS_MAX)));
        }
        self.check_variant("/spec/offVariant", self.off_variant.as_deref(), problems);
        self.check_variant("/spec/defaultVariant", self.default_variant.as_deref(), problems);
    }

    fn check_variant(&self, place: &str, variant: Option<&str>, problems: &Problems) {
        let Some(variant) = variant.filter(|variant| !self.variants.contains_key(*variant)) else { return };
        let names = || self.variants.keys().map(String::as_str);
        let wrong =
            Wrong::new(format!("\"{variant}\" is none of the variants {}", names().collect::<Vec<_>>().join(", ")));
        problems.add(place, wrong.suggesting(closest(variant, names())));
    }

    /// What flagd makes of the rules, each problem with its place. Segments are taken to exist: another file may declare
    /// them.
    fn rule_problems(&self) -> Vec<(String, flagd::Problem)> {
        let own = self
            .environments
            .iter()
            .filter_map(|(name, setting)| Some((format!("{}/targeting", place_of(name)), setting.targeting.as_ref()?)));
        let everywhere = self.targeting.iter().map(|rule| ("/spec/targeting".to_owned(), rule));
        let problems = |(place, rule): (String, &Value)| {
            let flag = json!({ "state": "ENABLED", "variants": self.variants, "targeting": rule });
            let found = problems_in(&flag, "/targeting", self.key(), self.bucketing);
            found.into_iter().map(move |(inside, problem)| (format!("{place}{inside}"), problem)).collect::<Vec<_>>()
        };
        everywhere.chain(own).flat_map(problems).collect()
    }

    /// What is evaluated as flagd would, but hardly as its author meant. It is no problem in what comes from flagd.
    pub(crate) fn warnings(&self) -> Vec<SpecProblem> {
        let warnings = self.rule_problems().into_iter().filter(|(_, problem)| !problem.is_error());
        let warning = |(pointer, problem)| SpecProblem { pointer, message: in_words(&problem), suggestion: None };
        warnings.map(warning).collect()
    }

    fn check_setting(&self, place: &str, setting: &Setting, problems: &Problems) {
        self.check_variant(&format!("{place}/defaultVariant"), setting.default_variant.as_deref(), problems);
        if setting.audiences.len() > limits::SHARES {
            problems.add(format!("{place}/audiences"), Wrong::new(format!("may be at most {}", limits::SHARES)));
        }
        for (at, audience) in setting.audiences.iter().enumerate() {
            let place = format!("{place}/audiences/{at}");
            self.check_variant(&format!("{place}/variant"), Some(&audience.variant), problems);
            if audience.segment.kind() != "segment" {
                problems.add(format!("{place}/segment"), Wrong::new("must be a segment"));
            }
        }
        if let Some(rollout) = &setting.rollout {
            self.check_rollout(&format!("{place}/rollout"), rollout, problems);
        }
        if let Some(ramp) = &setting.ramp {
            self.check_ramp(&format!("{place}/ramp"), ramp, problems);
        }
        if setting.rollout.is_some() && setting.ramp.is_some() {
            problems.add(format!("{place}/ramp"), Wrong::new("takes the place of a rollout: there can't be both"));
        }
    }

    fn check_rollout(&self, place: &str, rollout: &Rollout, problems: &Problems) {
        let shares = format!("{place}/variants");
        check_attribute(place, &rollout.by, problems);
        for share in &rollout.shares {
            self.check_variant(&format!("{shares}/{}", share.variant), Some(&share.variant), problems);
        }
        let sum: u64 = rollout.shares.iter().map(|share| u64::from(share.weight)).sum();
        if sum == 0 || sum > i32::MAX.unsigned_abs().into() {
            problems.add(&*shares, Wrong::new(format!("must have a sum from 1 to {}, and it is {sum}", i32::MAX)));
        }
        if rollout.shares.len() > limits::SHARES {
            problems.add(&*shares, Wrong::new(format!("may be at most {}", limits::SHARES)));
        }
    }

    fn check_ramp(&self, place: &str, ramp: &Ramp, problems: &Problems) {
        check_attribute(place, &ramp.by, problems);
        self.check_variant(&format!("{place}/variant"), Some(&ramp.variant), problems);
        self.check_variant(&format!("{place}/from"), Some(&ramp.from), problems);
        if ramp.variant == ramp.from {
            problems
                .add(format!("{place}/from"), Wrong::new("must be another variant than the one that the share gets"));
        }
        if ramp.steps.is_empty() || ramp.steps.len() > limits::STEPS {
            problems.add(format!("{place}/steps"), Wrong::new(format!("must be from 1 to {}", limits::STEPS)));
        }
        let mut before = 0;
        for (at, step) in ramp.steps.iter().enumerate() {
            if step.basis_points <= before || step.basis_points > Step::WHOLE {
                let wrong = Wrong::new("must be more than in the step before, and at most 100");
                problems.add(format!("{place}/steps/{at}/percent"), wrong);
            }
            before = step.basis_points;
        }
        if ramp.guards.len() > limits::GUARDS || ramp.guards.iter().any(|guard| guard.kind() != "check") {
            problems.add(format!("{place}/guards"), Wrong::new(format!("must be at most {} checks", limits::GUARDS)));
        }
    }

    /// The segments that it uses, in any environment.
    #[must_use]
    pub fn segments(&self) -> BTreeSet<EntityRef> {
        let settings = self.environments.values();
        let audiences =
            settings.clone().flat_map(|setting| &setting.audiences).map(|audience| audience.segment.clone());
        audiences.chain(self.rules().flat_map(references::segments)).collect()
    }

    /// Its rules, of all environments.
    pub(crate) fn rules(&self) -> impl Iterator<Item = &Value> {
        let own = self.environments.values().filter_map(|setting| setting.targeting.as_ref());
        self.targeting.iter().chain(own)
    }

    /// The environments in which the flag evaluates otherwise under another definition, by name.
    #[must_use]
    pub fn altered_environments(&self, after: &Self) -> Vec<String> {
        let everywhere = !self.evaluates_like(after);
        let names: BTreeSet<&String> = self.environments.keys().chain(after.environments.keys()).collect();
        let altered = names.into_iter().filter(|name| everywhere || self.setting(name) != after.setting(name));
        altered.cloned().collect()
    }

    /// True if both evaluate alike, apart from what differs between environments.
    fn evaluates_like(&self, other: &Self) -> bool {
        self.variants == other.variants
            && self.off_variant == other.off_variant
            && self.default_variant == other.default_variant
            && self.targeting == other.targeting
            && self.flag_set == other.flag_set
            && self.metadata == other.metadata
            && self.bucketing == other.bucketing
            && self.requires == other.requires
    }
}

fn check_attribute(place: &str, by: &str, problems: &Problems) {
    if by.trim().is_empty() || by.len() > limits::NAME_BYTES || by.starts_with('$') {
        problems.add(format!("{place}/by"), Wrong::new("must be the name of an attribute of the context"));
    }
}

fn place_of(environment: &str) -> String {
    format!("/spec/environments/{}", environment.replace('~', "~0").replace('/', "~1"))
}

/// What flagd finds wrong in one part of a flag, each with its place inside of it.
fn problems_in(flag: &Value, part: &str, key: &str, bucketing: flagd::Bucketing) -> Vec<(String, flagd::Problem)> {
    let segments = references::segments(flag.get("targeting").unwrap_or(&Value::Null));
    let anybody = segments.iter().map(|segment| (references::name(segment), json!({ "!!": [true] })));
    let compiled = flagd::Flag::compile(key, flag, &Evaluators::new(&anybody.collect()), bucketing);
    let inside = |problem: &flagd::Problem| Some((problem.pointer.strip_prefix(part)?.to_owned(), problem.clone()));
    compiled.problems().iter().filter_map(inside).collect()
}

/// flagd's words, with what was probably meant.
pub(crate) fn in_words(problem: &flagd::Problem) -> String {
    match &problem.suggestion {
        Some(suggestion) => format!("{}; {suggestion}", problem.message),
        None => problem.message.clone(),
    }
}

impl Segment {
    /// All that is wrong with it.
    #[must_use]
    pub fn problems(&self) -> Vec<SpecProblem> {
        let problems = Problems::default();
        let lists = [("members", &self.members), ("emailDomains", &self.email_domains), ("groups", &self.groups)];
        for (name, list) in lists {
            if list.len() > limits::MEMBERS {
                problems.add(format!("/spec/{name}"), Wrong::new(format!("may be at most {}", limits::MEMBERS)));
            }
            if list.iter().any(|item| item.trim().is_empty() || item.len() > limits::NAME_BYTES) {
                problems.add(format!("/spec/{name}"), Wrong::new("each has 1 to 200 bytes"));
            }
        }
        if let Some(at) = self.email_domains.iter().position(|domain| domain.contains('@')) {
            problems.add(format!("/spec/emailDomains/{at}"), Wrong::new("stands without its @"));
        }
        if let Some(rule) = &self.when {
            if references::segments(rule).is_empty() {
                let flag =
                    json!({ "state": "ENABLED", "variants": {"in": true}, "targeting": {"if": [rule, "in", null]} });
                for (inside, problem) in problems_in(&flag, "/targeting/if/0", "", flagd::Bucketing::default()) {
                    problems.add(format!("/spec/when{inside}"), Wrong::new(in_words(&problem)));
                }
            } else {
                problems.add("/spec/when", Wrong::new("can't name other segments"));
            }
        }
        if size(self) > limits::DEFINITION_BYTES {
            let wrong = Wrong::new(format!("is larger than {} KiB", limits::DEFINITION_BYTES / 1024));
            problems.add("/spec", wrong);
        }
        problems.or(None::<()>).err().unwrap_or_default()
    }
}

fn size(of: &impl serde::Serialize) -> usize {
    serde_json::to_string(of).map_or(0, |text| text.len())
}
