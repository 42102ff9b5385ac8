//! The catalog written back as files.

use std::collections::BTreeMap;

use kernel::Refusal;

use crate::{Descriptor, State};

/// The files, by path. Entities go back to the files that they came from, with what `$text` and the like stood for in
/// place; where there are several sources, each gets a folder. Reading the files again gives the same documents.
///
/// # Errors
/// [`kernel::codes::INTERNAL`] if a document can't be written as YAML.
pub fn export(state: &State) -> Result<Vec<(String, String)>, Refusal> {
    let folders = folders(state);
    let mut files: BTreeMap<String, Vec<&Descriptor>> = BTreeMap::new();
    for entity in state.iter() {
        let entity = &entity.descriptor;
        let folder = folders.get(&*entity.origin.source).map(String::as_str).unwrap_or_default();
        files.entry(format!("{folder}{}", entity.origin.path)).or_default().push(entity);
    }
    files.into_iter().map(|(path, entities)| Ok((path, file(entities)?))).collect()
}

fn file(mut entities: Vec<&Descriptor>) -> Result<String, Refusal> {
    entities.sort_by_key(|entity| entity.origin.line);
    let documents: Result<Vec<String>, Refusal> = entities.into_iter().map(to_yaml).collect();
    Ok(documents?.join("---\n"))
}

/// An entity's document as YAML.
///
/// # Errors
/// [`kernel::codes::INTERNAL`] if it can't be written.
pub fn to_yaml(entity: &Descriptor) -> Result<String, Refusal> {
    crate::yaml::write(&entity.json()).map_err(|error| {
        let detail = format!("{} can't be written as YAML: {error}", entity.reference);
        Refusal::new(&kernel::codes::INTERNAL, detail)
    })
}

/// A folder for each source, with a slash at its end; none if there is one source only.
fn folders(state: &State) -> BTreeMap<&str, String> {
    let mut folders: BTreeMap<&str, String> = BTreeMap::new();
    let sources: std::collections::BTreeSet<&str> =
        state.iter().map(|entity| &*entity.descriptor.origin.source).collect();
    if sources.len() < 2 {
        return folders;
    }
    for source in sources {
        let name = source.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let name: String =
            name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' }).collect();
        let taken = |folder: &str| folders.values().any(|other| other == folder);
        let folder = (1..).map(|n| if n == 1 { format!("{name}/") } else { format!("{name}-{n}/") });
        let folder = folder.into_iter().find(|folder| !taken(folder)).unwrap_or_default();
        folders.insert(source, folder);
    }
    folders
}
