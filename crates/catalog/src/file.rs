//! One file: what it declares, and what is wrong with it.
//!
//! Most files speak for themselves. What was read of such a file is kept with its content, so that reading a folder of
//! which one file has changed costs about as much as that file. A file that includes others or points at them is read
//! again each time.

use std::sync::Arc;

use kernel::{EntityRef, Sha256};

use crate::{
    BundleFile, Descriptor, Origin, Problem, Rule,
    files::{FILE_BYTES_MAX, Files},
    locations,
    read::is_ours,
    report::Report,
    rules,
    substitute::substitute,
    yaml::{self, Budget, Document, Node, Place},
};

/// A larger document, with what it includes, is refused: every event about the entity holds it.
const DOCUMENT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What was read of one file.
#[derive(Debug)]
pub(crate) struct FileReading {
    path: Box<str>,
    /// Whether every document must be an entity.
    pub(crate) is_strict: bool,
    /// The entities that obey the rules, in the order of the file.
    pub(crate) declared: Vec<Declared>,
    pub(crate) problems: Vec<Problem>,
    /// How many YAML values there were.
    values: usize,
}

/// An entity that a file declares.
#[derive(Debug)]
pub(crate) struct Declared {
    pub(crate) reference: EntityRef,
    pub(crate) place: Place,
    /// Compact JSON.
    pub(crate) document: Arc<str>,
    pub(crate) digest: Sha256,
}

impl Declared {
    /// The descriptor of the entity, declared there.
    pub(crate) fn at(&self, origin: Origin) -> Descriptor {
        let Self { reference, document, digest, .. } = self;
        Descriptor { reference: reference.clone(), origin, document: Arc::clone(document), digest: *digest }
    }
}

impl FileReading {
    /// Reads the file, or finds what was read of its content before. Also answers the files that its Locations point at.
    pub(crate) fn of<'a>(
        file: &'a BundleFile,
        is_strict: bool,
        files: &Files<'a>,
        budget: &mut Budget,
    ) -> (Arc<Self>, Vec<&'a str>) {
        // Near the end of the budget, what can be read of a file depends on those before it.
        let is_ample = budget.is_ample();
        let known = file.bytes.reading().filter(|known| *known.path == *file.path && known.is_strict == is_strict);
        if let Some(known) = known.filter(|_| is_ample) {
            budget.spend(known.values);
            return (Arc::clone(known), Vec::new());
        }
        let text = match text(file) {
            Ok(text) => text,
            Err(problem) => return (Arc::new(Self::broken(file, is_strict, problem)), Vec::new()),
        };
        let mut reader = Reader {
            path: &file.path,
            is_strict,
            files,
            report: Report::new(&file.path, text),
            targets: Vec::new(),
            speaks_for_itself: true,
        };
        let left = budget.left();
        let documents = yaml::parse(text, budget);
        for fault in documents.iter().flat_map(|document| &document.faults) {
            reader.report.add(fault.rule, fault.place, fault.message.as_str());
        }
        let declared = documents.into_iter().filter_map(|document| reader.entity(document)).collect();
        let Reader { report, targets, speaks_for_itself, .. } = reader;
        let values = left - budget.left();
        let problems = report.into_problems();
        let reading = Arc::new(Self { path: file.path.as_str().into(), is_strict, declared, problems, values });
        if is_ample && speaks_for_itself {
            file.bytes.keep(&reading);
        }
        (reading, targets)
    }

    fn broken(file: &BundleFile, is_strict: bool, problem: Problem) -> Self {
        let path = file.path.as_str().into();
        Self { path, is_strict, declared: Vec::new(), problems: vec![problem], values: 0 }
    }
}

struct Reader<'a, 'f> {
    path: &'a str,
    is_strict: bool,
    files: &'f Files<'a>,
    report: Report<'a>,
    /// The files that Locations point at.
    targets: Vec<&'a str>,
    /// False once another file was looked for.
    speaks_for_itself: bool,
}

impl Reader<'_, '_> {
    /// The entity of one document, if it is one and obeys the rules.
    fn entity(&mut self, document: Document) -> Option<Declared> {
        let Document { place, root, .. } = document;
        let mut root = root?;
        let is_ours = is_ours(&root);
        if is_ours && root.get("kind").and_then(Node::text) == Some("Location") {
            self.speaks_for_itself = false;
            self.targets.extend(locations::targets(&root, self.path, self.files, &mut self.report));
        }
        if !self.is_strict && !is_ours {
            return None;
        }
        if is_template(&root) {
            let message = "this is a template with ${{ ... }} in its name, and no entity of its own";
            self.report.add(Rule::Unfilled, place, message);
            return None;
        }
        let errors = self.report.errors();
        if substitute(&mut root, self.path, self.files, &mut self.report) {
            self.speaks_for_itself = false;
        }
        if root.depth() > yaml::DEPTH_MAX {
            let message =
                format!("with what it includes, the document is nested more than {} levels deep", yaml::DEPTH_MAX);
            self.report.add(Rule::TooDeep, place, message);
            return None;
        }
        let reference = rules::check(&root, &mut self.report);
        if self.report.errors() > errors {
            return None;
        }
        // Only maps whose keys are no texts can't be written, and the tree has none.
        let json = serde_json::to_string(&root).unwrap_or_default();
        if json.len() > DOCUMENT_BYTES_MAX {
            let message = format!("with what it includes, the document has more than {DOCUMENT_BYTES_MAX} bytes");
            self.report.add(Rule::DocumentTooLarge, place, message);
            return None;
        }
        let digest = Sha256::of(json.as_bytes());
        Some(Declared { reference: reference?, place, document: json.into(), digest })
    }
}

/// The text of a descriptor file, or why it can't be had.
fn text(file: &BundleFile) -> Result<&str, Problem> {
    let path = file.path.as_str();
    if file.bytes.len() > FILE_BYTES_MAX {
        let megabytes = FILE_BYTES_MAX / 1024 / 1024;
        let message = format!("the file has {} bytes; more than {megabytes} MiB are not read", file.bytes.len());
        return Err(Problem::of_file(Rule::FileTooLarge, path, message).suggest("split it into several files"));
    }
    std::str::from_utf8(&file.bytes).map_err(|error| not_utf8(path, &file.bytes, error.valid_up_to()))
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

/// True for the skeletons that Backstage's scaffolder fills in: they lie in repositories under the usual names.
fn is_template(root: &Node) -> bool {
    let name = root.get("metadata").and_then(|metadata| metadata.get("name")).and_then(Node::text);
    name.is_some_and(|name| name.contains("${{"))
}
