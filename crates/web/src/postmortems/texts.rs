//! The texts: blobs that events name by their hash, as Markdown, as HTML, and as what is searched.

use std::sync::Arc;

use index::{TextDocument, TextIndex};
use kernel::{Refusal, Sha256, codes};
use postmortems::{PostMortem, TEXT_BYTES_MAX};
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
pub(crate) type Published = Option<(u64, Arc<TextIndex>)>;

/// The incidents' numbers whose published post-mortems match, the best first.
///
/// # Errors
/// If the store can't be read.
pub(crate) async fn search(app: &App, world: &Arc<World>, query: &str) -> Result<Vec<u64>, Refusal> {
    let index = index(app, world).await?;
    let hits = index.search(query, KEY, HITS_MAX);
    Ok(hits.into_iter().filter_map(|hit| hit.key.strip_prefix(KEY)?.parse().ok()).collect())
}

async fn index(app: &App, world: &Arc<World>) -> Result<Arc<TextIndex>, Refusal> {
    let publications = world.postmortems.publications();
    if let Some(known) = app.indexes().post_mortems(publications) {
        return Ok(known);
    }
    let world = Arc::clone(world);
    let made = app.blocking(move |engine| {
        let store = engine.store();
        let mut documents = Vec::new();
        for of in world.postmortems.all() {
            let Some(newest) = of.newest() else { continue };
            let bytes = store.get_blob(&newest.text)?.unwrap_or_default();
            let markdown = String::from_utf8_lossy(&bytes);
            let words = prose::render(&markdown, &prose::Links::nowhere()).text;
            let body = words.get(..words.floor_char_boundary(BODY_BYTES_MAX)).unwrap_or_default();
            let key = format!("{KEY}{}", of.about.incident);
            documents.push(TextDocument::new(&key, &newest.title).field(1, body));
        }
        Ok(Arc::new(TextIndex::build(documents)))
    });
    let made = made.await?;
    app.indexes().keep_post_mortems(publications, &made);
    Ok(made)
}
