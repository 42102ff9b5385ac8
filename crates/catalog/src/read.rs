//! From files to entities: everything that can be known without a server.
//!
//! A file is a descriptor by its name (`catalog-info.yaml`, `backstage.yaml`, ...), because a Location points at it, or
//! because it holds a document whose `apiVersion` is one of ours. In the first two cases every document must be an
//! entity; in the third the other documents are somebody else's and left alone.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    sync::Arc,
};

use kernel::{EntityRef, closest};
use serde::{Deserialize, Serialize};

use crate::{
    Blob, Bundle, BundleFile, Descriptor, DocSet, Origin, Problem, Rule,
    codeowners::Codeowners,
    docs::Docs,
    files::{FILE_BYTES_MAX, Files},
    locations,
    report::Report,
    rules,
    substitute::substitute,
    yaml::{self, Budget, Document, Node, Place},
};

/// More problems of one source are not shown.
const PROBLEMS_MAX: usize = 10_000;
/// The names by which a file is a descriptor; also as the end of a name: `cart.catalog-info.yaml`.
const NAMES: &[&str] = &["catalog-info", "backstage", "mainstay"];
/// The domains of the versions that are ours to read.
const DOMAINS: &[&str] = &["backstage.io", "scaffolder.backstage.io", "mainstay.dev"];
/// A larger document, with what it includes, is refused: every event about the entity holds it.
const DOCUMENT_BYTES_MAX: usize = 8 * 1024 * 1024;
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
    let descriptors = Descriptors::find(&files, &mut problems);
    let owners = Codeowners::of(&files);
    let source: Arc<str> = bundle.source.as_str().into();
    let mut entities: Vec<Descriptor> = Vec::new();
    let mut known: BTreeMap<EntityRef, (Arc<str>, u32)> = BTreeMap::new();
    for (path, file) in descriptors.files {
        let shared_path: Arc<str> = path.into();
        let code_owners = owners.owners(path);
        let mut report = file.report;
        for document in file.documents {
            let Some((reference, place, json)) = entity(document, path, file.is_strict, &files, &mut report) else {
                continue;
            };
            match known.entry(reference.clone()) {
                Entry::Occupied(first) => report_again(&reference, place, path, first.get(), &mut report),
                Entry::Vacant(vacant) => {
                    vacant.insert((shared_path.clone(), place.line));
                    let (source, path) = (source.clone(), shared_path.clone());
                    let origin = Origin { source, path, line: place.line, code_owners: code_owners.clone() };
                    entities.push(Descriptor::new(reference, origin, json));
                }
            }
        }
        problems.extend(report.into_problems());
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

/// The entity of one document, if it is one and obeys the rules.
fn entity(
    document: Document,
    path: &str,
    is_strict: bool,
    files: &Files<'_>,
    report: &mut Report<'_>,
) -> Option<(EntityRef, Place, String)> {
    let mut root = document.root?;
    if !is_strict && !is_ours(&root) {
        return None;
    }
    if is_template(&root) {
        let message = "this is a template with ${{ ... }} in its name, and no entity of its own";
        report.add(Rule::Unfilled, document.place, message);
        return None;
    }
    let errors = report.errors();
    substitute(&mut root, path, files, report);
    if root.depth() > yaml::DEPTH_MAX {
        let message =
            format!("with what it includes, the document is nested more than {} levels deep", yaml::DEPTH_MAX);
        report.add(Rule::TooDeep, document.place, message);
        return None;
    }
    let reference = rules::check(&root, report);
    if report.errors() > errors {
        return None;
    }
    // Only maps whose keys are no texts can't be written, and the tree has none.
    let json = serde_json::to_string(&root).unwrap_or_default();
    if json.len() > DOCUMENT_BYTES_MAX {
        let message = format!("with what it includes, the document has more than {DOCUMENT_BYTES_MAX} bytes");
        report.add(Rule::DocumentTooLarge, document.place, message);
        return None;
    }
    Some((reference?, document.place, json))
}

fn report_again(reference: &EntityRef, place: Place, path: &str, first: &(Arc<str>, u32), report: &mut Report<'_>) {
    let (first_path, first_line) = first;
    let rule = if **first_path == *path { Rule::Repeated } else { Rule::Duplicate };
    let message = format!("{reference} is declared already, in {first_path}:{first_line}; that one counts");
    report.add_with(rule, place, message, Some("give one of the two another name, or remove it".to_owned()));
}

/// A file that is read as descriptors.
struct DescriptorFile<'a> {
    documents: Vec<Document>,
    report: Report<'a>,
    /// Every document must be an entity.
    is_strict: bool,
}

struct Descriptors<'a> {
    files: BTreeMap<&'a str, DescriptorFile<'a>>,
    budget: Budget,
}

impl<'a> Descriptors<'a> {
    /// Finds the descriptor files, and follows Locations to further ones.
    fn find(files: &Files<'a>, problems: &mut Vec<Problem>) -> Self {
        let mut found = Self { files: BTreeMap::new(), budget: Budget::default() };
        for file in files.iter().filter(|file| is_yaml(file.name())) {
            let is_named = is_descriptor_name(file.name());
            if is_named || mentions_ours(file) {
                found.open(file, is_named, problems);
            }
        }
        let mut unfollowed: Vec<&str> = found.files.keys().copied().collect();
        while let Some(path) = unfollowed.pop() {
            for target in found.targets(path, files) {
                match found.files.get_mut(target) {
                    Some(file) => file.is_strict = true,
                    None => {
                        let Some(file) = files.get(target) else { continue };
                        found.open(file, true, problems);
                        unfollowed.extend(found.files.contains_key(target).then_some(target));
                    }
                }
            }
        }
        found
    }

    /// The files that the Locations in a file point at.
    fn targets(&mut self, path: &str, files: &Files<'a>) -> Vec<&'a str> {
        let Some(file) = self.files.get_mut(path) else { return Vec::new() };
        let roots = file.documents.iter().filter_map(|document| document.root.as_ref());
        let is_location = |root: &&Node| root.get("kind").and_then(Node::text) == Some("Location") && is_ours(root);
        let report = &mut file.report;
        roots.filter(is_location).flat_map(|root| locations::targets(root, path, files, report)).collect()
    }

    fn open(&mut self, file: &'a BundleFile, is_strict: bool, problems: &mut Vec<Problem>) {
        let path = file.path.as_str();
        if file.bytes.len() > FILE_BYTES_MAX {
            let megabytes = FILE_BYTES_MAX / 1024 / 1024;
            let message = format!("the file has {} bytes; more than {megabytes} MiB are not read", file.bytes.len());
            problems.push(Problem::of_file(Rule::FileTooLarge, path, message).suggest("split it into several files"));
            return;
        }
        let text = match std::str::from_utf8(&file.bytes) {
            Ok(text) => text,
            Err(error) => {
                problems.push(not_utf8(path, &file.bytes, error.valid_up_to()));
                return;
            }
        };
        let mut report = Report::new(path, text);
        let documents = yaml::parse(text, &mut self.budget);
        for document in &documents {
            for fault in &document.faults {
                report.add(fault.rule, fault.place, fault.message.as_str());
            }
        }
        self.files.insert(path, DescriptorFile { documents, report, is_strict });
    }
}

fn not_utf8(path: &str, bytes: &[u8], offset: usize) -> Problem {
    let before = bytes.get(..offset).unwrap_or_default();
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let rest = bytes.get(line_start..).unwrap_or_default();
    let source_line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let source_line = String::from_utf8_lossy(source_line.get(..Problem::LONGEST_LINE).unwrap_or(source_line));
    let column = String::from_utf8_lossy(before.get(line_start..).unwrap_or_default()).chars().count() + 1;
    let clamp = |number| u32::try_from(number).unwrap_or(u32::MAX);
    Problem::of_file(Rule::NotUtf8, path, format!("the file is no UTF-8 text: byte {offset} can't be read"))
        .at(clamp(line), clamp(column), &source_line)
        .suggest("save the file as UTF-8")
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

/// True for the skeletons that Backstage's scaffolder fills in: they lie in repositories under the usual names.
fn is_template(root: &Node) -> bool {
    let name = root.get("metadata").and_then(|metadata| metadata.get("name")).and_then(Node::text);
    name.is_some_and(|name| name.contains("${{"))
}

fn is_ours(root: &Node) -> bool {
    root.get("apiVersion").and_then(Node::text).is_some_and(is_our_version) && root.get("kind").is_some()
}

/// True for the domains of [`DOMAINS`], and for slips of the finger.
fn is_our_version(version: &str) -> bool {
    version.split_once('/').is_some_and(|(domain, _)| {
        DOMAINS.contains(&domain) || (domain.contains('.') && closest(domain, DOMAINS.iter().copied()).is_some())
    })
}
