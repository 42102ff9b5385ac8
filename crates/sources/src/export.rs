//! Writing files back into a folder.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Write as _},
    path::{Component, Path, PathBuf},
};

use kernel::{Refusal, codes};

/// The most files that are written at once.
pub const EXPORT_FILES_MAX: usize = 100_000;

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its path within the folder.
    pub path: String,
    /// What was done.
    pub outcome: Outcome,
}

/// What was done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was not there.
    Created,
    /// It had another content.
    Replaced,
    /// It had this content already.
    Unchanged,
}

/// Writes these files into the folder, each as a whole or not at all, and leaves all other files as they are.
///
/// The folder is made if it is not there. All paths are checked before the first file is written.
///
/// # Errors
/// If a path is absolute, leads out of the folder (by `..` or by a link), stands twice, or can't be written. Files that
/// stand before it in the list are written then.
pub fn write_export(dir: &Path, files: &[(String, String)]) -> Result<Vec<Written>, Refusal> {
    if files.len() > EXPORT_FILES_MAX {
        return Err(refuse(
            &dir.display().to_string(),
            format!("more than {EXPORT_FILES_MAX} files are to be written"),
        ));
    }
    let mut seen = BTreeSet::new();
    for (path, _) in files {
        if !is_inside(path) {
            let refusal = refuse(path, format!("\"{path}\" does not name a file within the folder"));
            return Err(refusal.fix("use a relative path without `..`"));
        }
        if !seen.insert(Path::new(path).components().collect::<PathBuf>()) {
            return Err(refuse(path, format!("\"{path}\" is to be written twice")));
        }
    }
    let failed = |path: &str, error: &io::Error| {
        refuse(path, format!("{path} can't be written in {}: {error}", dir.display()))
            .fix("make room or give yourself write permission, or name another folder")
    };
    fs::create_dir_all(dir).map_err(|error| failed(".", &error))?;
    let root = dir.canonicalize().map_err(|error| failed(".", &error))?;
    let write = |(path, text): &(String, String)| {
        let outcome = write_file(&root, Path::new(path), text).map_err(|error| failed(path, &error))?;
        let outcome = outcome.ok_or_else(|| refuse(path, format!("a link in \"{path}\" leads out of the folder")))?;
        Ok(Written { path: path.clone(), outcome })
    };
    files.iter().map(write).collect()
}

fn refuse(path: &str, detail: String) -> Refusal {
    Refusal::new(&codes::INVALID, detail).field(path)
}

fn is_inside(path: &str) -> bool {
    let is_name = |part: Component<'_>| matches!(part, Component::Normal(_));
    !path.is_empty()
        && !path.ends_with('/')
        && !path.contains(['\0', '\\'])
        && Path::new(path).components().all(is_name)
}

/// Writes one file; nothing is done if a link on its way leads out of the root.
fn write_file(root: &Path, path: &Path, text: &str) -> io::Result<Option<Outcome>> {
    let Some(folder) = make_folder(root, path.parent().unwrap_or(Path::new("")))? else { return Ok(None) };
    let name = path.file_name().unwrap_or_default();
    let target = folder.join(name);
    let outcome = match fs::symlink_metadata(&target) {
        Ok(before) if before.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(before)
            if before.is_file() && before.len() == text.len() as u64 && fs::read(&target)? == text.as_bytes() =>
        {
            return Ok(Some(Outcome::Unchanged));
        }
        // What is renamed onto a link replaces the link, and not what it leads to.
        Ok(_) => Outcome::Replaced,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Outcome::Created,
        Err(error) => return Err(error),
    };
    // Hidden, so that whoever watches the folder never sees it.
    let temporary = folder.join(format!(".{}.{}.new", name.to_string_lossy(), std::process::id()));
    let replaced = write_new(&temporary, text).and_then(|()| fs::rename(&temporary, &target));
    if replaced.is_err() {
        // The first error is the one that says why.
        let _ = fs::remove_file(&temporary);
    }
    replaced.map(|()| Some(outcome))
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    // A leftover of a process that was killed; `create_new` follows no link that somebody puts in its place.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = fs::File::options().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Makes the folder part by part, and gives its real path; nothing if a link in it leads out of the root.
fn make_folder(root: &Path, path: &Path) -> io::Result<Option<PathBuf>> {
    let mut folder = root.to_owned();
    for part in path.components() {
        folder.push(part);
        match fs::create_dir(&folder) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                folder = folder.canonicalize()?;
                if !folder.starts_with(root) {
                    return Ok(None);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Some(folder))
}
