//! From files to entities: everything that can be known without a server.
//!
//! A file is a descriptor by its name (`catalog-info.yaml`, `backstage.yaml`, ...), because a Location points at it, or
//! because it holds a document whose `apiVersion` is one of ours. In the first two cases every document must be an
//! entity; in the third the other documents are somebody else's and left alone.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, hash_map::Entry},
    sync::Arc,
};

use kernel::{EntityRef, closest};
use serde::{Deserialize, Serialize};

use crate::{
    Blob, Bundle, BundleFile, Descriptor, DocSet, Origin, Problem, Rule,
    codeowners::Codeowners,
    docs::Docs,
    file::{Declared, FileReading},
    files::{FILE_BYTES_MAX, Files},
    kinds::OPENSLO,
    report::Report,
    yaml::{Budget, Node},
};

/// More problems of one source are not shown.
const PROBLEMS_MAX: usize = 10_000;
/// The names by which a file is a descriptor; also as the end of a name: `cart.catalog-info.yaml`.
const NAMES: &[&str] = &["catalog-info", "backstage", "mainstay"];
/// The domains of the versions that are ours to read.
const DOMAINS: &[&str] = &["backstage.io", "scaffolder.backstage.io", "mainstay.dev", OPENSLO];
/// How far into a file that is too large it is looked for what it is.
const SNIFFED_BYTES: usize = 64 * 1024;

/// What was read from a bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The source that was read.
    pub source: Arc<str>,
    /// The entities that can be used, in the order of their files. References are unique.
    pub entities: Vec<Descriptor>,
    /// Everything that is wrong, in the order of the files.
    pub problems: Vec<Problem>,
    /// The docs that lie beside the entities.
    pub docs: Vec<DocSet>,
    /// The bodies of the docs' pages, for the caller to store; they don't travel with the reading.
    #[serde(skip)]
    pub blobs: Vec<Blob>,
}

impl Reading {
    /// How many errors there are; warnings are not counted.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.problems.iter().filter(|problem| problem.is_error()).count()
    }

    /// The files and folders with an error. What was declared there is not gone, only unknown.
    pub(crate) fn broken(&self) -> BTreeSet<&str> {
        self.problems.iter().filter(|problem| problem.is_error()).map(|problem| problem.path.as_str()).collect()
    }
}

/// Reads every descriptor of the bundle. Pure and total: whatever the bytes are, the answer is a reading.
#[must_use]
pub fn read(bundle: &Bundle) -> Reading {
    let files = Files::new(&bundle.files);
    let mut problems = bundle.problems.clone();
    let owners = Codeowners::of(&files);
    let source: Arc<str> = bundle.source.as_str().into();
    let mut entities: Vec<Descriptor> = Vec::new();
    let mut known: HashMap<EntityRef, (Arc<str>, u32)> = HashMap::new();
    for (path, DescriptorFile { file, reading }) in Descriptors::find(&files).files {
        let shared_path: Arc<str> = path.into();
        let code_owners = owners.owners(path);
        let mut again = Vec::new();
        for declared in &reading.declared {
            match known.entry(declared.reference.clone()) {
                Entry::Occupied(first) => again.push((declared, first.get().clone())),
                Entry::Vacant(vacant) => {
                    let line = declared.place.line;
                    vacant.insert((shared_path.clone(), line));
                    let (source, path) = (source.clone(), shared_path.clone());
                    let origin = Origin { source, path, line, code_owners: code_owners.clone() };
                    entities.push(declared.at(origin));
                }
            }
        }
        problems.extend(reading.problems.iter().cloned());
        problems.extend(repeated(file, &again));
    }
    let docs = Docs::of(&entities, &files);
    problems.extend(docs.problems);
    problems.sort_by(|a, b| (&a.path, a.line, a.column).cmp(&(&b.path, b.line, b.column)));
    if problems.len() > PROBLEMS_MAX {
        let message = format!("{} more problems are not shown", problems.len() - PROBLEMS_MAX);
        problems.truncate(PROBLEMS_MAX);
        problems.push(Problem::of_file(Rule::MoreProblems, "", message));
    }
    let blobs = docs.blobs.into_iter().map(|(digest, bytes)| Blob { digest, bytes }).collect();
    Reading { source, entities, problems, docs: docs.sets, blobs }
}

/// The problems of what a file declares although it was declared before, there.
fn repeated(file: &BundleFile, again: &[(&Declared, (Arc<str>, u32))]) -> Vec<Problem> {
    if again.is_empty() {
        return Vec::new();
    }
    let mut report = Report::new(&file.path, file.text().unwrap_or_default());
    for (Declared { reference, place, .. }, (first_path, first_line)) in again {
        let rule = if **first_path == *file.path { Rule::Repeated } else { Rule::Duplicate };
        let message = format!("{reference} is declared already, in {first_path}:{first_line}; that one counts");
        let fix = "give one of the two another name, or remove it".to_owned();
        report.add_with(rule, *place, message, Some(fix));
    }
    report.into_problems()
}

/// The descriptor files by their paths, each with what was read of it.
struct Descriptors<'a> {
    files: BTreeMap<&'a str, DescriptorFile<'a>>,
    budget: Budget,
}

struct DescriptorFile<'a> {
    file: &'a BundleFile,
    reading: Arc<FileReading>,
}

impl<'a> Descriptors<'a> {
    /// Finds the descriptor files, and follows Locations to further ones.
    fn find(files: &Files<'a>) -> Self {
        let mut found = Self { files: BTreeMap::new(), budget: Budget::default() };
        let mut unfollowed: Vec<&'a str> = Vec::new();
        for file in files.iter().filter(|file| is_yaml(file.name())) {
            let is_named = is_descriptor_name(file.name());
            if is_named || mentions_ours(file) {
                unfollowed.extend(found.open(file, is_named, files));
            }
        }
        while let Some(target) = unfollowed.pop() {
            if found.files.get(target).is_none_or(|known| !known.reading.is_strict)
                && let Some(file) = files.get(target)
            {
                unfollowed.extend(found.open(file, true, files));
            }
        }
        found
    }

    /// Reads a file; answers the files that its Locations point at.
    fn open(&mut self, file: &'a BundleFile, is_strict: bool, files: &Files<'a>) -> Vec<&'a str> {
        let (reading, targets) = FileReading::of(file, is_strict, files, &mut self.budget);
        self.files.insert(file.path.as_str(), DescriptorFile { file, reading });
        targets
    }
}

fn is_yaml(name: &str) -> bool {
    name.ends_with(".yaml") || name.ends_with(".yml")
}

fn is_descriptor_name(name: &str) -> bool {
    let stem = name.trim_end_matches(".yaml").trim_end_matches(".yml");
    NAMES.contains(&stem) || stem.ends_with(".catalog-info") || stem.ends_with("-catalog-info")
}

/// True if a line of the file begins an entity of ours. Most YAML files of a repository are something else, some are
/// templates that can't even be parsed, so this looks at the text alone.
fn mentions_ours(file: &BundleFile) -> bool {
    let is_whole = file.bytes.len() <= FILE_BYTES_MAX;
    let bytes = if is_whole { &file.bytes } else { file.bytes.get(..SNIFFED_BYTES).unwrap_or_default() };
    let text = String::from_utf8_lossy(bytes);
    text.lines().any(|line| {
        let line = line.trim_start_matches(['-', '{', ' ', '"', '\u{feff}']);
        let value = line.strip_prefix("apiVersion").map(|rest| rest.trim_start_matches(['"', ':', ' ', '\'']));
        value.is_some_and(|value| is_our_version(value.split(['"', '\'', ',', ' ', '#']).next().unwrap_or_default()))
    })
}

pub(crate) fn is_ours(root: &Node) -> bool {
    root.get("apiVersion").and_then(Node::text).is_some_and(is_our_version) && root.get("kind").is_some()
}

/// True for the domains of [`DOMAINS`], and for slips of the finger.
fn is_our_version(version: &str) -> bool {
    version.split_once('/').is_some_and(|(domain, _)| {
        DOMAINS.contains(&domain) || (domain.contains('.') && closest(domain, DOMAINS.iter().copied()).is_some())
    })
}
