//! What is wrong with a file: the rule, the place, the line, and how to mend it.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde::{Deserialize, Serialize};

/// Whether the entity, or the file, can be used all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// What has it is left out; Backstage would refuse it too.
    Error,
    /// It is used, but probably not what was meant.
    Warning,
}

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $severity:ident;)*) => {
        /// Which rule is broken. The id is stable: people filter by it and look it up.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Rule {
            $($(#[$doc])* #[serde(rename = $id)] $name,)*
        }

        impl Rule {
            /// Every rule there is.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable id, lower case with dashes.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)*
                }
            }

            /// How bad it is to break the rule.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self {
                    $(Self::$name => Severity::$severity,)*
                }
            }
        }
    };
}

rules! {
    /// A file or folder can't be opened or read.
    Unreadable = "unreadable", Error;
    /// A symbolic link leads back to a folder that contains it.
    SymlinkLoop = "symlink-loop", Error;
    /// A symbolic link leads out of the catalog's folder.
    SymlinkOutside = "symlink-outside", Error;
    /// A file has more bytes than are read.
    FileTooLarge = "file-too-large", Error;
    /// A folder has more files, or more bytes in all, than are read.
    FolderTooLarge = "folder-too-large", Error;
    /// The bytes are no UTF-8.
    NotUtf8 = "not-utf8", Error;
    /// The text is no YAML.
    Syntax = "yaml-syntax", Error;
    /// Collections are nested deeper than is read.
    TooDeep = "yaml-too-deep", Error;
    /// A document has more values than are read, counting what its aliases stand for.
    TooManyValues = "yaml-too-many-values", Error;
    /// A file has more documents than are read.
    TooManyDocuments = "yaml-too-many-documents", Error;
    /// A document has more bytes than are kept, counting what it includes.
    DocumentTooLarge = "document-too-large", Error;
    /// A key stands twice in one mapping.
    DuplicateKey = "duplicate-key", Error;
    /// A mapping's key is itself a list or a mapping.
    KeyNotText = "key-not-text", Error;
    /// `<<` is an ordinary key here, as it is in Backstage.
    MergeKey = "merge-key", Warning;
    /// The document is no mapping.
    NotAnObject = "not-an-object", Error;
    /// The document is a template that a scaffolder fills in.
    Unfilled = "unfilled-template", Warning;
    /// A root key that the format does not have.
    RootKey = "root-key", Error;
    /// A field that must be there is not.
    MissingField = "missing-field", Error;
    /// A value has another type than its field.
    WrongType = "wrong-type", Error;
    /// `apiVersion` names no version that is known for the kind.
    ApiVersion = "api-version", Error;
    /// `kind` names no kind that is known.
    UnknownKind = "unknown-kind", Error;
    /// `metadata.name` breaks the rule for names.
    Name = "name", Error;
    /// `metadata.namespace` breaks the rule for namespaces.
    Namespace = "namespace", Error;
    /// A label's key breaks the rule for keys.
    LabelKey = "label-key", Error;
    /// A label's value breaks the rule for names.
    LabelValue = "label-value", Error;
    /// An annotation's key breaks the rule for keys.
    AnnotationKey = "annotation-key", Error;
    /// An annotation's value is no text.
    AnnotationValue = "annotation-value", Error;
    /// A tag breaks the rule for tags.
    Tag = "tag", Error;
    /// A link's `url` is no URL.
    LinkUrl = "link-url", Error;
    /// A link's `icon` breaks the rule for names.
    LinkIcon = "link-icon", Error;
    /// A text is no entity reference.
    Reference = "reference", Error;
    /// A key is not one of the kind's, but nearly.
    UnknownKey = "unknown-key", Warning;
    /// `$text`, `$json` or `$yaml` names a file that is not there.
    SubstitutionMissing = "substitution-missing", Error;
    /// `$text`, `$json` or `$yaml` names a file outside of the catalog's folder.
    SubstitutionOutside = "substitution-outside", Error;
    /// `$text`, `$json` or `$yaml` names a URL, which is not fetched.
    SubstitutionRemote = "substitution-remote", Warning;
    /// The file that `$json` or `$yaml` names does not hold that.
    SubstitutionContent = "substitution-content", Error;
    /// A Location's target matches no file.
    LocationNoMatch = "location-no-match", Error;
    /// A Location's target is a URL or lies outside of the catalog's folder, and is not read.
    LocationRemote = "location-remote", Warning;
    /// A declared check, flag or rotation can't be used as it is.
    Spec = "spec", Error;
    /// Another file declares the same entity.
    Duplicate = "duplicate-entity", Error;
    /// The same file declares the same entity again.
    Repeated = "repeated-entity", Warning;
    /// Another catalog source declares the same entity.
    OtherSource = "other-source", Error;
    /// There are more problems than are shown.
    MoreProblems = "more-problems", Warning;
    /// A docs navigation names a page that is not there.
    DocsPage = "docs-page", Warning;
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The rule that is broken.
    pub rule: Rule,
    /// Whether what has it is left out.
    pub severity: Severity,
    /// The file, relative to its source, with forward slashes.
    pub path: String,
    /// The line, from 1; 0 where the whole file is meant.
    pub line: u32,
    /// The column in characters, from 1; 0 where the whole line or file is meant.
    pub column: u32,
    /// The source line, cut at [`Problem::LONGEST_LINE`] characters; empty where the whole file is meant.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source_line: String,
    /// What is wrong: one sentence that names the value.
    pub message: String,
    /// How to mend it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

impl Problem {
    /// Longer source lines are cut: a line may be as long as the file.
    pub const LONGEST_LINE: usize = 240;

    /// A problem of a whole file or folder.
    #[must_use]
    pub fn of_file(rule: Rule, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            rule,
            severity: rule.severity(),
            path: path.into(),
            line: 0,
            column: 0,
            source_line: String::new(),
            message: message.into(),
            suggestion: None,
        }
    }

    /// The same problem, saying how to mend it.
    #[must_use]
    pub fn suggest(mut self, suggestion: impl Into<String>) -> Self {
        self.suggestion = Some(suggestion.into());
        self
    }

    /// The same problem, at a line and column; `source_line` is the text of that line.
    #[must_use]
    pub fn at(mut self, line: u32, column: u32, source_line: &str) -> Self {
        self.source_line = source_line.chars().take(Self::LONGEST_LINE).collect();
        (self.line, self.column) = (line, column);
        self
    }

    /// True where what has the problem is left out.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// `path:line:column`, as editors and terminals link it; `path` alone for a whole file.
    #[must_use]
    pub fn place(&self) -> String {
        if self.line == 0 { self.path.clone() } else { format!("{}:{}:{}", self.path, self.line, self.column) }
    }
}

/// The problem as a terminal shows it: the message, the place, the source line with the spot underlined, the fix.
#[must_use]
pub fn render(problem: &Problem) -> String {
    let level = if problem.is_error() { Level::ERROR } else { Level::WARNING };
    let title = level.primary_title(problem.message.as_str()).id(problem.rule.id());
    let start = char_offset(&problem.source_line, problem.column);
    let end = start + underlined(problem.source_line.get(start..).unwrap_or_default());
    let mut group = if problem.source_line.is_empty() {
        title.element(Level::NOTE.message(format!("in {}", problem.place())))
    } else {
        let snippet = Snippet::source(problem.source_line.as_str())
            .line_start(problem.line as usize)
            .path(problem.path.as_str())
            .annotation(AnnotationKind::Primary.span(start..end));
        title.element(snippet)
    };
    if let Some(suggestion) = &problem.suggestion {
        group = group.element(Level::HELP.message(suggestion.as_str()));
    }
    Renderer::plain().render(&[group])
}

/// The byte at which the column (from 1) begins; the line's end if it is shorter.
fn char_offset(line: &str, column: u32) -> usize {
    line.char_indices().nth(column.saturating_sub(1) as usize).map_or(line.len(), |(offset, _)| offset)
}

/// How many bytes to underline: up to the end of the key or of the value without its comment.
fn underlined(rest: &str) -> usize {
    let value = rest.split(" #").next().unwrap_or_default().trim_end();
    value.split_once(": ").map_or(value, |(key, _)| key).len()
}
