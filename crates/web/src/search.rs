//! `GET /search`: everything by its words. `GET /search/palette`: the few likeliest, for the palette.

mod numbered;

use askama::Template;
use axum::{
    Json,
    extract::Query,
    response::{IntoResponse, Response},
};
use catalog::Entity;
use index::TextIndex;
use kernel::EntityRef;
use serde::{Deserialize, Serialize};
use timeline::Store;

use crate::{
    docs,
    frame::Frame,
    indexes::keys,
    postmortems::texts as written,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show,
    views::{Empty, Pager, Tab, Tabs},
};
use numbered::{ACTIONS, INCIDENTS, Numbered, POST_MORTEMS, titled};

/// What was found.
#[derive(Debug, Template)]
#[template(path = "search/show.html")]
pub struct SearchScreen {
    /// The frame; its `query` is what was searched for.
    pub chrome: Chrome,
    /// All, catalog, docs, API operations, incidents, post-mortems, promises.
    pub tabs: Tabs,
    /// The hits, the best first.
    pub hits: Vec<Hit>,
    /// What is said where nothing was found.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
}

/// One hit.
#[derive(Debug)]
pub struct Hit {
    /// What it is: `service`, `doc`, `operation`, `flag`, `incident`, `post-mortem`, `promise`.
    pub sort: String,
    /// What it is called.
    pub title: String,
    /// Its screen.
    pub href: String,
    /// The words around what was found, as safe HTML with what was searched for marked.
    pub excerpt: String,
    /// Whose it is, or where it stands.
    pub note: String,
}

/// What the palette offers.
#[derive(Debug, Serialize)]
pub struct PaletteResults {
    /// The likeliest, the best first; the palette shows at most 30.
    pub results: Vec<PaletteResult>,
}

/// One place to go to.
#[derive(Debug, Serialize)]
pub struct PaletteResult {
    /// What it is called.
    pub text: String,
    /// What it is.
    pub kind: String,
    /// Its screen.
    pub href: String,
}

impl IntoResponse for PaletteResults {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    q: String,
    /// Where to search: one of [`PLACES`].
    r#in: String,
    after: usize,
}

/// Where can be searched: the word in the address, what it is called, and how the keys of its texts begin.
const PLACES: [(&str, &str, &str); 7] = [
    ("", "All", ""),
    ("catalog", "Catalog", keys::ENTITY),
    ("docs", "Docs", keys::DOCS),
    ("operations", "API operations", keys::OPERATION),
    ("incidents", "Incidents", INCIDENTS),
    ("postmortems", "Post-mortems", POST_MORTEMS),
    ("actions", "Promises", ACTIONS),
];

/// How many hits one page shows.
const PAGE: usize = 20;
/// More hits are not looked at: nobody reads on.
const HITS_MAX: usize = 500;
/// A longer question is cut.
const QUERY_CHARS_MAX: usize = 200;
const EXCERPT_CHARS_MAX: usize = 220;
/// The palette shows no more.
const PALETTE_MAX: usize = 30;

/// Searches everything by its words.
///
/// # Errors
/// If the texts can't be read.
pub async fn show(frame: Frame, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let app = frame.app.clone();
    let published = written::search(&app, &frame.world, &asked.question()).await?;
    let drawn = app.blocking(move |engine| {
        let store = engine.store().as_ref();
        let texts = frame.app.indexes().texts(&frame.world, store);
        Ok(screen(&SearchScreen::of(&frame, &asked, (&texts, &published), store)))
    });
    Ok(drawn.await?)
}

/// Offers the few likeliest places for what was typed so far.
///
/// # Errors
/// If the texts can't be read.
pub async fn palette(frame: Frame, Query(asked): Query<Asked>) -> Result<PaletteResults, Problem> {
    let app = frame.app.clone();
    let found = app.blocking(move |engine| {
        let texts = frame.app.indexes().texts(&frame.world, engine.store().as_ref());
        Ok(PaletteResults { results: picked(&frame, &asked.q, &texts) })
    });
    Ok(found.await?)
}

/// Something that was found: what has a number, or a text by its key.
enum Found {
    Numbered(Numbered),
    Text { key: String, title: String, words: Vec<String> },
}

/// All texts, and the post-mortems whose published text has what is searched for.
type Texts<'a> = (&'a TextIndex, &'a [u64]);

fn found(frame: &Frame, question: &str, within: &str, (texts, published): Texts<'_>) -> Vec<Found> {
    let mut numbered: Vec<Numbered> = titled(frame, question, within).collect();
    if POST_MORTEMS.starts_with(within) {
        let more = published.iter().map(|number| Numbered::PostMortem(*number));
        let more: Vec<Numbered> = more.filter(|found| !numbered.contains(found)).collect();
        numbered.extend(more);
    }
    let mut all: Vec<Found> = numbered.into_iter().map(Found::Numbered).collect();
    if ![INCIDENTS, POST_MORTEMS, ACTIONS].contains(&within) {
        let hits = texts.search(question, within, HITS_MAX).into_iter();
        all.extend(hits.map(|hit| Found::Text {
            key: hit.key.to_string(),
            title: hit.title.to_string(),
            words: hit.words,
        }));
    }
    all
}

/// The pacticipants whose names have what was typed in them.
fn pacticipants<'a>(frame: &'a Frame, folded: &'a str) -> impl Iterator<Item = &'a str> {
    let all = frame.world.contracts.pacticipants().map(|(_, known)| &*known.name);
    all.filter(move |name| !folded.is_empty() && name.to_lowercase().contains(folded))
}

impl Asked {
    fn question(&self) -> String {
        self.q.chars().take(QUERY_CHARS_MAX).collect()
    }

    fn href(&self, frame: &Frame, place: &str, after: usize) -> String {
        let after = if after == 0 { String::new() } else { after.to_string() };
        let all = [("q", self.q.as_str()), ("in", place), ("after", &after)];
        let set: Vec<_> = all.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        frame.href(format!("/search?{}", serde_html_form::to_string(set).unwrap_or_default()))
    }
}

impl SearchScreen {
    fn of(frame: &Frame, asked: &Asked, texts: Texts<'_>, store: &dyn Store) -> Self {
        let question = asked.question();
        let mut all = Vec::new();
        let mut tabs = Vec::new();
        for (word, label, within) in PLACES {
            let hits = found(frame, &question, within, texts);
            let here = word == asked.r#in;
            tabs.push(Tab { label: label.to_owned(), href: asked.href(frame, word, 0), here, count: Some(hits.len()) });
            if here {
                all = hits;
            }
        }
        let hits: Vec<Hit> = all
            .iter()
            .skip(asked.after)
            .take(PAGE)
            .filter_map(|found| Hit::of(frame, &question, found, store))
            .collect();
        let last = (asked.after + PAGE).min(all.len());
        let pager = Pager {
            shown: if hits.is_empty() {
                String::new()
            } else {
                format!("{} to {last} of {}", asked.after + 1, all.len())
            },
            before: (asked.after > 0).then(|| asked.href(frame, &asked.r#in, asked.after.saturating_sub(PAGE))),
            after: (last < all.len()).then(|| asked.href(frame, &asked.r#in, last)),
        };
        let none = if question.trim().is_empty() {
            "Search the catalog, its docs, the operations of its APIs, incidents, post-mortems and promises."
        } else {
            "Nothing has these words. Fewer or shorter words find more."
        };
        Self {
            chrome: Chrome { query: question, place: None, ..frame.chrome("Search", Place::Home) },
            tabs: Tabs { label: "Where to search".to_owned(), tabs },
            hits,
            none: Empty::new(none),
            pager,
        }
    }
}

impl Hit {
    fn of(frame: &Frame, question: &str, found: &Found, store: &dyn Store) -> Option<Self> {
        match found {
            Found::Numbered(numbered) => {
                let shown = numbered.shown(frame)?;
                let words: Vec<&str> = question.split_whitespace().collect();
                let text = numbered.text(frame, store).unwrap_or_default();
                Some(Self {
                    sort: shown.sort.to_owned(),
                    title: shown.title,
                    href: shown.href,
                    excerpt: prose::excerpt(&text, &words, EXCERPT_CHARS_MAX),
                    note: shown.note,
                })
            }
            Found::Text { key, title, words } => {
                let target = Target::of(frame, key)?;
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                Some(Self {
                    sort: target.sort(),
                    title: title.clone(),
                    href: frame.href(target.address()),
                    excerpt: prose::excerpt(&target.text(frame, store), &words, EXCERPT_CHARS_MAX),
                    note: target.note(frame),
                })
            }
        }
    }
}

/// What a key of the text index stands for.
enum Target<'a> {
    Entity(&'a Entity),
    Page(&'a Entity, &'a str),
    Operation(&'a Entity, &'a str),
}

impl<'a> Target<'a> {
    fn of(frame: &'a Frame, key: &'a str) -> Option<Self> {
        let get = |reference: &str| frame.world.catalog.get(&reference.parse::<EntityRef>().ok()?).map(AsRef::as_ref);
        if let Some(reference) = key.strip_prefix(keys::ENTITY) {
            return get(reference).map(Self::Entity);
        }
        if let Some((reference, path)) = key.strip_prefix(keys::DOCS).and_then(|rest| rest.split_once('#')) {
            return get(reference).map(|entity| Self::Page(entity, path));
        }
        let (reference, id) = key.strip_prefix(keys::OPERATION)?.split_once('#')?;
        get(reference).map(|entity| Self::Operation(entity, id))
    }

    fn sort(&self) -> String {
        match self {
            Self::Entity(entity) => entity.spec_type.as_deref().unwrap_or(entity.reference().kind()).to_owned(),
            Self::Page(..) => "doc".to_owned(),
            Self::Operation(..) => "operation".to_owned(),
        }
    }

    fn address(&self) -> String {
        match self {
            Self::Entity(entity) => show::address(entity.reference()),
            Self::Page(entity, path) => show::docs_address(entity.reference(), path),
            Self::Operation(entity, id) => format!("{}/operations/{id}", show::api_address(entity.reference())),
        }
    }

    fn note(&self, frame: &Frame) -> String {
        match self {
            Self::Entity(entity) => frame.owner(entity.reference()).map(|owner| owner.name).unwrap_or_default(),
            Self::Page(entity, _) | Self::Operation(entity, _) => entity.display_name().to_owned(),
        }
    }

    /// The text that the excerpt is cut from.
    fn text(&self, frame: &Frame, store: &dyn Store) -> String {
        match self {
            Self::Entity(entity) => entity.description.as_deref().unwrap_or_default().to_owned(),
            Self::Page(entity, path) => {
                let set = frame.world.catalog.docs(entity.reference());
                let page = set.and_then(|set| Some((set, set.page(path)?)));
                let rendered = page.and_then(|(set, page)| docs::rendered(frame, store, set, page).ok());
                rendered.map(|rendered| rendered.text.clone()).unwrap_or_default()
            }
            Self::Operation(entity, id) => {
                let read = frame.app.indexes().reference(entity);
                let found = read.as_deref().and_then(|read| read.as_ref().ok());
                let operation = found.and_then(|found| found.operations().find(|operation| operation.id == *id));
                operation
                    .map(|operation| format!("{} {}", operation.summary, operation.description))
                    .unwrap_or_default()
            }
        }
    }
}

fn picked(frame: &Frame, typed: &str, texts: &TextIndex) -> Vec<PaletteResult> {
    let typed: String = typed.chars().take(QUERY_CHARS_MAX).collect();
    let folded = typed.trim().to_lowercase();
    let places = Place::ALL.into_iter().filter(|place| place.label().to_lowercase().starts_with(&folded));
    let places = places.map(|place| PaletteResult {
        text: place.label().to_owned(),
        kind: "screen".to_owned(),
        href: frame.href(place.href()),
    });
    let hits = if folded.is_empty() { Vec::new() } else { texts.pick(&typed, "", PALETTE_MAX) };
    let numbered = [INCIDENTS, POST_MORTEMS, ACTIONS].into_iter().flat_map(|within| {
        titled(frame, &folded, within).take(5).filter_map(|numbered| {
            let shown = numbered.shown(frame)?;
            Some(PaletteResult { text: shown.title, kind: shown.sort.to_owned(), href: shown.href })
        })
    });
    let texts = hits.iter().filter_map(|hit| {
        let target = Target::of(frame, &hit.key)?;
        Some(PaletteResult { text: hit.title.to_string(), kind: target.sort(), href: frame.href(target.address()) })
    });
    let parties = pacticipants(frame, &folded).take(5).map(|name| PaletteResult {
        text: name.to_owned(),
        kind: "contracts".to_owned(),
        href: frame.href(format!("/contracts?q={}", show::segment(name))),
    });
    places.chain(numbered).chain(texts.take(PALETTE_MAX / 2)).chain(parties).take(PALETTE_MAX).collect()
}
