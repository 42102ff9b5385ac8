//! What a configuration became, and what it did not.

use std::collections::{BTreeMap, BTreeSet};

use checks::{Agreement, CheckDefinition, CheckKind, Maintenance};
use kernel::EntityRef;
use serde::Serialize;
use serde_json::Value;

/// An import has at most this many checks.
pub(crate) const CHECKS_MAX: usize = 10_000;
/// An import has at most this many notes.
const NOTES_MAX: usize = 50_000;
/// What Backstage allows.
const NAME_CHARS_MAX: usize = 63;
const INTERVAL_MS_MIN: u64 = 1_000;
const INTERVAL_MS_MAX: u64 = 24 * 60 * 60 * 1_000;
const TIMEOUT_MS_MIN: u64 = 10;
const TIMEOUT_MS_MAX: u64 = 120_000;
/// The most runs in a row that a check may wait for.
const RUNS_MAX: u32 = 100;

/// What the files don't say.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Who keeps the checks.
    pub owner: Option<EntityRef>,
    /// What all of them are checks of; else it is the component of the check's group, or of its own name.
    pub target: Option<EntityRef>,
    /// Values of environment variables that the configuration names. One that isn't here becomes a secret.
    pub environment: BTreeMap<String, String>,
}

/// What a configuration became.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Imported {
    /// The checks, in the order of the file.
    pub checks: Vec<Check>,
    /// What is not the same here.
    pub notes: Vec<Note>,
    /// The names of the secrets to set before the checks can run.
    pub secrets: BTreeSet<String>,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// The name as it was.
    pub title: String,
    /// The group it was in.
    pub group: Option<String>,
    /// What else was written on it.
    pub labels: BTreeMap<String, String>,
    /// Who keeps it.
    pub owner: Option<EntityRef>,
    /// The check.
    pub definition: CheckDefinition,
}

impl Check {
    /// The `spec` of its `kind: Check` document.
    #[must_use]
    pub fn spec(&self) -> Value {
        crate::spec::of(&self.definition, self.owner.as_ref())
    }
}

/// Something that is not the same here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Of which check, by its name here; none if of all, or of one that was left out.
    pub check: Option<String>,
    /// Where it stood: `endpoints[2].conditions[0]`.
    pub place: String,
    /// What it was.
    pub what: String,
    /// Why it is not the same, and what became of it.
    pub why: String,
    /// How much it matters.
    pub severity: Severity,
}

/// How much something matters that is not the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It is not checked here.
    Lost,
    /// It is checked in another way.
    Changed,
    /// It is as it was, or belongs elsewhere.
    Info,
}

impl Severity {
    /// The severity's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Changed => "changed",
            Self::Info => "info",
        }
    }
}

/// A check before it has a name.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) title: String,
    pub(crate) group: Option<String>,
    pub(crate) kind: CheckKind,
    pub(crate) interval_ms: u64,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) failures_to_down: u32,
    pub(crate) successes_to_up: u32,
    pub(crate) maintenance: Vec<Maintenance>,
    pub(crate) labels: BTreeMap<String, String>,
}

/// An import under way.
pub(crate) struct Import<'a> {
    pub(crate) options: &'a Options,
    names: BTreeSet<String>,
    imported: Imported,
    /// From here on notes are on the check that comes next.
    notes_of_next: usize,
}

impl<'a> Import<'a> {
    pub(crate) fn new(options: &'a Options) -> Self {
        Self { options, names: BTreeSet::new(), imported: Imported::default(), notes_of_next: 0 }
    }

    pub(crate) fn note(&mut self, severity: Severity, place: &str, what: impl Into<String>, why: impl Into<String>) {
        if self.imported.notes.len() < NOTES_MAX {
            let note = Note { check: None, place: place.to_owned(), what: what.into(), why: why.into(), severity };
            self.imported.notes.push(note);
        }
    }

    pub(crate) fn lost(&mut self, place: &str, what: impl Into<String>, why: impl Into<String>) {
        self.note(Severity::Lost, place, what, why);
    }

    pub(crate) fn changed(&mut self, place: &str, what: impl Into<String>, why: impl Into<String>) {
        self.note(Severity::Changed, place, what, why);
    }

    pub(crate) fn info(&mut self, place: &str, what: impl Into<String>, why: impl Into<String>) {
        self.note(Severity::Info, place, what, why);
    }

    /// What comes now is about another check.
    pub(crate) fn begin(&mut self) {
        self.notes_of_next = self.imported.notes.len();
    }

    /// A reference to a secret of this name, which is listed.
    pub(crate) fn secret(&mut self, name: &str) -> String {
        let name = secret_name(name);
        let reference = format!("${{secret.{name}}}");
        self.imported.secrets.insert(name);
        reference
    }

    /// True if there is room for one more; says so once if not.
    pub(crate) fn has_room(&mut self, place: &str) -> bool {
        if self.imported.checks.len() < CHECKS_MAX {
            return true;
        }
        self.lost(place, "everything from here on", format!("one import has at most {CHECKS_MAX} checks"));
        false
    }

    /// Takes a check in; its name becomes a valid one that no other has.
    pub(crate) fn add(&mut self, place: &str, draft: Draft) {
        let name = self.name(draft.group.as_deref(), &draft.title);
        let Ok(check) = EntityRef::new("check", EntityRef::DEFAULT_NAMESPACE, &name) else { return };
        let target = self.options.target.clone().or_else(|| {
            let of = draft.group.as_deref().map(slug).filter(|slug| !slug.is_empty());
            EntityRef::new("component", EntityRef::DEFAULT_NAMESPACE, &of.unwrap_or_else(|| name.clone())).ok()
        });
        let Some(target) = target else { return };
        let interval_ms = self.within(place, "interval", draft.interval_ms, INTERVAL_MS_MIN, INTERVAL_MS_MAX);
        let wanted = draft.timeout_ms.unwrap_or(10_000.min(interval_ms));
        let timeout_ms = self.within(place, "timeout", wanted, TIMEOUT_MS_MIN, TIMEOUT_MS_MAX.min(interval_ms));
        let definition = CheckDefinition {
            check,
            target,
            path: Vec::new(),
            kind: draft.kind,
            interval_ms,
            timeout_ms,
            failures_to_down: draft.failures_to_down.clamp(1, RUNS_MAX),
            successes_to_up: draft.successes_to_up.clamp(1, RUNS_MAX),
            severity: checks::Severity::High,
            locations: Vec::new(),
            agreement: Agreement::default(),
            slowness: None,
            maintenance: draft.maintenance,
        };
        let (title, group, labels) = (draft.title, draft.group, draft.labels);
        let check = Check { title, group, labels, owner: self.options.owner.clone(), definition };
        if let Err(problems) = CheckDefinition::from_spec(check.definition.check.clone(), &check.spec()) {
            let problems: Vec<String> =
                problems.into_iter().map(|problem| format!("{} {}", problem.pointer, problem.message)).collect();
            let why = format!("it can't be a check here ({}); it was left out", problems.join("; "));
            self.lost(place, check.title, why);
            self.names.remove(&name);
            return self.begin();
        }
        for note in self.imported.notes.iter_mut().skip(self.notes_of_next) {
            note.check = Some(name.clone());
        }
        self.begin();
        self.imported.checks.push(check);
    }

    fn within(&mut self, place: &str, what: &str, ms: u64, min: u64, max: u64) -> u64 {
        let kept = ms.clamp(min, max);
        if kept != ms {
            let why = format!("it must be from {min} ms to {max} ms here; {kept} ms is used");
            self.changed(place, format!("{what} of {ms} ms"), why);
        }
        kept
    }

    fn name(&mut self, group: Option<&str>, title: &str) -> String {
        let plain = slug(title);
        let grouped = slug(&format!("{} {title}", group.unwrap_or_default()));
        let base = [plain, grouped].into_iter().find(|name| !name.is_empty() && !self.names.contains(name));
        let base = base.unwrap_or_else(|| {
            let base = Some(slug(title)).filter(|slug| !slug.is_empty()).unwrap_or_else(|| "check".to_owned());
            let free = (2..).map(|number| numbered(&base, number)).find(|name| !self.names.contains(name));
            free.unwrap_or(base)
        });
        self.names.insert(base.clone());
        base
    }

    pub(crate) fn done(self) -> Imported {
        self.imported
    }
}

fn numbered(base: &str, number: u32) -> String {
    let tail = format!("-{number}");
    let head: String = base.chars().take(NAME_CHARS_MAX - tail.len()).collect();
    format!("{}{tail}", head.trim_end_matches('-'))
}

/// A free text as a name: its ASCII letters and digits in lower case, the rest as hyphens.
pub(crate) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        if slug.len() >= NAME_CHARS_MAX {
            break;
        }
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// A free text as a secret's name: letters, digits and underscores.
pub(crate) fn secret_name(text: &str) -> String {
    let name: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(100).collect();
    name.to_uppercase()
}
