//! The texts: blobs that events name by their hash, as Markdown, as HTML, and as what is searched.

use std::{collections::BTreeMap, sync::Arc};

use index::{TextDocument, TextIndex};
use kernel::{Refusal, Sha256, codes};
use postmortems::{Edition, PostMortem, TEXT_BYTES_MAX};
use timeline::{Store, StoreError};
use world::World;

use crate::App;

/// What a text's key begins with.
const KEY: &str = "postmortem/";
/// How much of a text is indexed, in bytes.
const BODY_BYTES_MAX: usize = 200_000;
/// Hits of one search.
const HITS_MAX: usize = 100;

/// The Markdown behind a hash.
///
/// # Errors
/// `DATA_CORRUPT` if the store does not have it.
pub(crate) async fn read(app: &App, text: Sha256) -> Result<String, Refusal> {
    let bytes = app.blocking(move |engine| Ok(engine.store().get_blob(&text)?)).await?;
    let bytes = bytes.ok_or_else(|| {
        Refusal::new(&codes::DATA_CORRUPT, format!("the text {text} is not in the store"))
            .fix("`mainstay doctor` says more")
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Keeps a Markdown text; the answer is its hash and its length.
///
/// # Errors
/// `INVALID` if it is too long: then nothing is kept.
pub(crate) async fn keep(app: &App, text: String) -> Result<(Sha256, u32), Refusal> {
    let bytes = u32::try_from(text.len()).unwrap_or(u32::MAX);
    if bytes > TEXT_BYTES_MAX {
        let detail = format!("The text has {} bytes; at most {TEXT_BYTES_MAX} are kept.", text.len());
        return Err(Refusal::new(&codes::INVALID, detail).field("text").fix("link to what is long"));
    }
    let digest = Sha256::of(text.as_bytes());
    app.blocking(move |engine| Ok(engine.store().put_blobs(&[text.into_bytes()])?)).await?;
    Ok((digest, bytes))
}

/// A text as HTML that is safe to write out; pictures of the incident's log are shown in it.
pub(crate) fn rendered(of: &PostMortem, markdown: &str) -> prose::Page {
    let number = of.about.incident;
    let address = |path: &str| {
        // What the template links to: other things of ours that have a number.
        if let Some(("actions" | "incidents" | "postmortems" | "timeline", at)) = path.split_once('/') {
            return at.parse::<u64>().is_ok().then(|| format!("/{path}"));
        }
        let digest: Sha256 = path.strip_prefix("pictures/")?.parse().ok()?;
        Some(format!("/incidents/{number}/pictures/{digest}"))
    };
    prose::render(markdown, &prose::Links::new("", &address))
}

/// An index of what is published, as of one count of publications.
pub(crate) struct Published {
    pub(crate) publications: u64,
    /// Which edition of each post-mortem is in it, by its incident's number.
    editions: BTreeMap<u64, u32>,
    index: TextIndex,
}

/// The incidents' numbers whose published post-mortems match, the best first.
///
/// # Errors
/// If the store can't be read.
pub(crate) async fn search(app: &App, world: &Arc<World>, query: &str) -> Result<Vec<u64>, Refusal> {
    let index = index(app, world).await?;
    let hits = index.search(query, KEY, HITS_MAX);
    Ok(hits.into_iter().filter_map(|hit| hit.key.strip_prefix(KEY)?.parse().ok()).collect())
}

async fn index(app: &App, world: &Arc<World>) -> Result<TextIndex, Refusal> {
    let publications = world.postmortems.publications();
    let known = app.indexes().post_mortems();
    if let Some(known) = known.as_ref().filter(|known| known.publications == publications) {
        return Ok(known.index.clone());
    }
    let world = Arc::clone(world);
    let made = app.blocking(move |engine| Ok(Published::of(&world, known.as_deref(), engine.store().as_ref())?));
    let made = Arc::new(made.await?);
    app.indexes().keep_post_mortems(&made);
    Ok(made.index.clone())
}

impl Published {
    /// What is published in a World, made of a known index by reading only what is another edition there.
    fn of(world: &World, known: Option<&Self>, store: &dyn Store) -> Result<Self, StoreError> {
        let nothing = BTreeMap::new();
        let before = known.map_or(&nothing, |known| &known.editions);
        let (mut editions, mut documents) = (BTreeMap::new(), Vec::new());
        for of in world.postmortems.all() {
            let (number, Some(newest)) = (of.about.incident, of.newest()) else { continue };
            editions.insert(number, newest.edition);
            if before.get(&number) != Some(&newest.edition) {
                documents.push(document(number, newest, store)?);
            }
        }
        let gone: Vec<String> =
            before.keys().filter(|number| !editions.contains_key(number)).map(|number| key(*number)).collect();
        let index = match known {
            Some(known) => known.index.with_changes(documents, gone.iter().map(String::as_str)),
            None => TextIndex::build(documents),
        };
        Ok(Self { publications: world.postmortems.publications(), editions, index })
    }
}

fn key(number: u64) -> String {
    format!("{KEY}{number}")
}

fn document(number: u64, newest: &Edition, store: &dyn Store) -> Result<TextDocument, StoreError> {
    let bytes = store.get_blob(&newest.text)?.unwrap_or_default();
    let words = prose::render(&String::from_utf8_lossy(&bytes), &prose::Links::nowhere()).text;
    let body = words.get(..words.floor_char_boundary(BODY_BYTES_MAX)).unwrap_or_default();
    Ok(TextDocument::new(&key(number), &newest.title).field(1, body))
}

#[cfg(test)]
mod tests {
    use kernel::{Actor, EventId, IdSeed, Stamp, Timestamp};
    use postmortems::{About, Event};
    use timeline::SqliteStore;

    use super::*;

    /// Publishes an edition, and keeps its text.
    fn publish(world: &mut World, store: &SqliteStore, incident: u64, edition: u32, words: &str) {
        let about = About { incident, entity: "component:shop".parse().unwrap() };
        let text = store.put_blobs(&[words.as_bytes().to_vec()]).unwrap()[0];
        let stamp = Stamp {
            position: 1,
            event: EventId::from_bytes([1; 16]),
            command: kernel::Context::new(Timestamp::UNIX_EPOCH, Actor::mainstay("tests"), IdSeed(1)).command,
            at: Timestamp::UNIX_EPOCH,
            actor: Actor::mainstay("tests"),
            reason: None,
        };
        if edition == 1 {
            let started = Event::Started { about: about.clone(), title: "odd".to_owned(), text, bytes: 1 };
            world.postmortems.fold(&started, &stamp);
        }
        let (title, promised) = ("odd".to_owned(), Vec::new());
        world.postmortems.fold(&Event::Published { about, edition, revision: edition, title, text, promised }, &stamp);
    }

    #[test]
    fn only_what_is_another_edition_is_read_for_the_index() {
        let found = |of: &Published, word: &str| of.index.search(word, KEY, 9).len();
        let (mut world, first) = (World::default(), SqliteStore::temporary().unwrap());
        publish(&mut world, &first, 1, 1, "the zeppelin");
        publish(&mut world, &first, 2, 1, "the submarine");
        let old = Published::of(&world, None, &first).unwrap();
        assert_eq!((found(&old, "zeppelin"), found(&old, "submarine")), (1, 1));

        // This store has nothing but what is new: what was read before would be missing.
        let (past, second) = (world.clone(), SqliteStore::temporary().unwrap());
        publish(&mut world, &second, 2, 2, "the balloon");
        publish(&mut world, &second, 3, 1, "the train");
        let new = Published::of(&world, Some(&old), &second).unwrap();
        let all = ["zeppelin", "submarine", "balloon", "train"].map(|word| found(&new, word));
        assert_eq!((all, new.publications), ([1, 0, 1, 1], 4));

        let back = Published::of(&past, Some(&new), &first).unwrap();
        let all = ["zeppelin", "submarine", "balloon", "train"].map(|word| found(&back, word));
        assert_eq!(all, [1, 1, 0, 0], "a moment of the past is searched as it was");
    }
}
