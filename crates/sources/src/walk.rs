//! Which files of a folder belong to the catalog, and where its links lead.

use std::{
    fs::{self, Metadata},
    io,
    path::{Path, PathBuf},
};

use catalog::{Problem, Rule};

use crate::limits::Limits;

/// Folders that hold other people's files or what was built from ours.
const SKIPPED: [&str; 2] = ["node_modules", "target"];
/// Hidden folders that hold descriptors or CODEOWNERS.
const NOT_SKIPPED: [&str; 3] = [".backstage", ".github", ".gitlab"];

const TEXTS: [&str; 14] = [
    "yaml", "yml", "json", "md", "markdown", "proto", "graphql", "graphqls", "gql", "txt", "avsc", "xsd", "wsdl",
    "smithy",
];
const IMAGES: [&str; 7] = ["png", "jpg", "jpeg", "gif", "svg", "webp", "avif"];

/// What is taken of a file's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Text,
    Image,
}

impl Sort {
    fn of(name: &str) -> Option<Self> {
        let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
        let extension = extension.as_deref().unwrap_or_default();
        if name == "CODEOWNERS" || TEXTS.contains(&extension) {
            Some(Self::Text)
        } else {
            IMAGES.contains(&extension).then_some(Self::Image)
        }
    }
}

/// A file to read.
pub(crate) struct Found {
    /// Relative to the root, with forward slashes.
    pub(crate) path: String,
    /// Where to open it.
    pub(crate) location: PathBuf,
    pub(crate) metadata: Metadata,
    pub(crate) sort: Sort,
}

/// A folder's files in the order of their paths, the folders they stand in, and what is wrong.
#[derive(Default)]
pub(crate) struct Walk {
    pub(crate) files: Vec<Found>,
    pub(crate) folders: Vec<PathBuf>,
    pub(crate) problems: Vec<Problem>,
}

impl Walk {
    /// Walks everything below `root`.
    ///
    /// # Errors
    /// If the root itself is no folder that can be read.
    pub(crate) fn of(root: &Path, limits: &Limits) -> io::Result<Self> {
        let root = root.canonicalize()?;
        let entries = fs::read_dir(&root)?;
        let mut walker = Walker { walk: Self::default(), limits, seen: 0, chain: Vec::new(), root: &root };
        walker.folder("", root.clone(), entries);
        let mut walk = walker.walk;
        walk.files.sort_by(|a, b| a.path.cmp(&b.path));
        walk.problems.sort_by(|a, b| (&a.path, a.rule).cmp(&(&b.path, b.rule)));
        Ok(walk)
    }
}

struct Walker<'a> {
    walk: Walk,
    limits: &'a Limits,
    root: &'a Path,
    seen: usize,
    /// The folders that are being walked, without links in their paths: one that comes again is a circle.
    chain: Vec<PathBuf>,
}

impl Walker<'_> {
    fn folder(&mut self, path: &str, real: PathBuf, entries: fs::ReadDir) {
        self.walk.folders.push(real.clone());
        self.chain.push(real);
        let room = self.limits.entries_max - self.seen;
        let mut relevant = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) if relevant.len() <= room => relevant.extend(is_relevant(&entry).then_some(entry)),
                Ok(_) => break,
                Err(error) => self.unreadable(path, &error),
            }
        }
        // What is left out at the bound should not depend on the file system's order.
        relevant.sort_by_cached_key(fs::DirEntry::file_name);
        for entry in relevant {
            if self.seen >= self.limits.entries_max {
                self.too_many();
                break;
            }
            self.seen += 1;
            self.entry(path, &entry);
        }
        self.chain.pop();
    }

    fn entry(&mut self, parent: &str, entry: &fs::DirEntry) {
        let name = entry.file_name();
        let path =
            if parent.is_empty() { name.to_string_lossy().into() } else { format!("{parent}/{}", name.display()) };
        let (Some(name), Ok(kind)) = (name.to_str(), entry.file_type()) else {
            let message = format!("the name of {path} is no UTF-8");
            self.problem(Rule::Unreadable, &path, message, "rename it");
            return;
        };
        if kind.is_symlink() {
            self.link(path, &entry.path(), Sort::of(name));
        } else if kind.is_dir() {
            self.descend(&path, entry.path());
        } else {
            self.file(path, entry.path(), entry.metadata(), Sort::of(name));
        }
    }

    fn link(&mut self, path: String, location: &Path, sort: Option<Sort>) {
        let target = match location.canonicalize() {
            Ok(target) => target,
            Err(error) if error.raw_os_error() == Some(libc::ELOOP) => {
                self.problem(
                    Rule::SymlinkLoop,
                    &path,
                    format!("the link {path} leads back to itself"),
                    "remove the link",
                );
                return;
            }
            // A link that leads nowhere matters only if it stands for something that would be read.
            Err(error) => {
                if sort.is_some() {
                    self.unreadable(&path, &error);
                }
                return;
            }
        };
        if !target.starts_with(self.root) {
            let message = format!("the link {path} leads out of the catalog's folder and is not followed");
            self.problem(Rule::SymlinkOutside, &path, message, "put a copy there, or serve the other folder as well");
        } else if !target.is_dir() {
            // Changes of the file are told of where it stands, which may be a folder that is not walked.
            self.walk.folders.extend(target.parent().map(Path::to_owned));
            let metadata = fs::metadata(&target);
            self.file(path, target, metadata, sort);
        } else if self.chain.contains(&target) {
            let message = format!("the link {path} leads back to a folder that contains it");
            self.problem(Rule::SymlinkLoop, &path, message, "remove the link");
        } else {
            self.descend(&path, target);
        }
    }

    fn descend(&mut self, path: &str, real: PathBuf) {
        if self.chain.len() > self.limits.depth_max {
            let message = format!("{path} is nested deeper than {} folders and is not read", self.limits.depth_max);
            self.problem(Rule::FolderTooLarge, path, message, "move it up");
            return;
        }
        match fs::read_dir(&real) {
            Ok(entries) => self.folder(path, real, entries),
            // Removed since its parent was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.unreadable(path, &error),
        }
    }

    fn file(&mut self, path: String, location: PathBuf, metadata: io::Result<Metadata>, sort: Option<Sort>) {
        let Some(sort) = sort else { return };
        match metadata {
            Ok(metadata) if metadata.is_file() => self.walk.files.push(Found { path, location, metadata, sort }),
            // A pipe would be waited for without end.
            Ok(_) => {
                let message = format!("{path} is neither a file nor a folder");
                self.problem(Rule::Unreadable, &path, message, "remove it");
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.unreadable(&path, &error),
        }
    }

    fn too_many(&mut self) {
        if !self.walk.problems.iter().any(|problem| problem.rule == Rule::FolderTooLarge && problem.path.is_empty()) {
            let message =
                format!("there are more than {} files and folders; the rest is not read", self.limits.entries_max);
            self.problem(Rule::FolderTooLarge, "", message, "serve several smaller folders");
        }
    }

    fn unreadable(&mut self, path: &str, error: &io::Error) {
        self.walk.problems.push(unreadable(path, error));
    }

    fn problem(&mut self, rule: Rule, path: &str, message: String, suggestion: &str) {
        self.walk.problems.push(Problem::of_file(rule, path, message).suggest(suggestion));
    }
}

/// False for what would not be read in any case. A link's name need not tell what it leads to, nor a name that is no
/// UTF-8 what it is.
fn is_relevant(entry: &fs::DirEntry) -> bool {
    let (name, kind) = (entry.file_name(), entry.file_type());
    let (Some(name), Ok(kind)) = (name.to_str(), kind) else { return true };
    if name.starts_with('.') {
        return NOT_SKIPPED.contains(&name);
    }
    if kind.is_file() { Sort::of(name).is_some() } else { !SKIPPED.contains(&name) }
}

/// The problem of a file or folder that the system won't open.
pub(crate) fn unreadable(path: &str, error: &io::Error) -> Problem {
    let shown = if path.is_empty() { "the folder" } else { path };
    let problem = Problem::of_file(Rule::Unreadable, path, format!("{shown} can't be read: {error}"));
    if error.kind() == io::ErrorKind::PermissionDenied {
        problem.suggest("let the user that runs Mainstay read it")
    } else {
        problem
    }
}
