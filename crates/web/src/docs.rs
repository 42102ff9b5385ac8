//! `GET /docs`, `GET /docs/{kind}/{namespace}/{name}/{path}`: Markdown beside the entities.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use catalog::{DocSet, NavItem, Page};
use kernel::{Refusal, Sha256, codes};

use crate::{
    frame::Frame,
    manual,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show,
    views::{Callout, Empty, Entity, Link, Row, State, Tone},
};

/// All the documents there are.
#[derive(Debug, Template)]
#[template(path = "docs/list.html")]
pub struct DocsScreen {
    /// The frame.
    pub chrome: Chrome,
    /// What entities bring along.
    pub entities: Vec<Row>,
    /// What is said where none brings any.
    pub none: Empty,
    /// Our own manual.
    pub manual: Vec<Row>,
}

/// One document.
#[derive(Debug, Template)]
#[template(path = "docs/show.html")]
pub struct DocScreen {
    /// The frame; its title is the document's.
    pub chrome: Chrome,
    /// What it is about; none for the manual.
    pub entity: Option<Entity>,
    /// The documents beside it, in their order.
    pub contents: Vec<Content>,
    /// Remarks on the document: it is old, it was cut off.
    pub remarks: Vec<Callout>,
    /// The document as HTML that has been made safe.
    pub html: String,
    /// Whether that begins with a heading of level 1; if not, the title is shown.
    pub has_heading: bool,
    /// Its headings: text, `#id`, and whether it is a heading below another.
    pub headings: Vec<(Link, bool)>,
    /// Where it comes from and how old it is.
    pub source: String,
}

/// An entry of the documents' contents.
#[derive(Debug)]
pub struct Content {
    /// What it is called.
    pub title: String,
    /// Where it is; none for a heading above others.
    pub href: Option<String>,
    /// How deep it stands, from 0.
    pub depth: usize,
    /// Whether it is the one that is shown.
    pub here: bool,
}

/// Lists all docs.
pub async fn list(frame: Frame) -> Response {
    let sets = frame.world.catalog.all_docs();
    let entities: Vec<Row> = sets
        .map(|set| {
            let named = frame.entity(&set.entity);
            let name = set.title.as_deref().map_or(named.name, str::to_owned);
            let pages =
                if set.pages.len() == 1 { "1 document".to_owned() } else { format!("{} documents", set.pages.len()) };
            let runbooks = set.pages.iter().filter(|page| page.runbook).count();
            let note = match runbooks {
                0 => pages,
                1 => format!("{pages}, 1 runbook"),
                count => format!("{pages}, {count} runbooks"),
            };
            Row::new(name, frame.href(show::docs_address(&set.entity, "")))
                .note(format!("{}, {note}", set.entity.kind()))
        })
        .collect();
    screen(&DocsScreen {
        chrome: frame.chrome("Docs", Place::Docs),
        entities,
        none: Empty::new("No entity brings documents along. Put a docs folder or a README beside its catalog file."),
        manual: manual::rows(&frame),
    })
}

type Named = (String, String, String);

/// Shows the first page of an entity's docs.
///
/// # Errors
/// `NOT_FOUND` if it has none.
pub async fn show_first(frame: Frame, Path((kind, namespace, name)): Path<Named>) -> Result<Response, Problem> {
    answer(frame, (kind, namespace, name), String::new()).await
}

/// Shows a page of an entity's docs, or an image of one.
///
/// # Errors
/// `NOT_FOUND` if there is no such page.
pub async fn show(
    frame: Frame,
    Path((kind, namespace, name, path)): Path<(String, String, String, String)>,
) -> Result<Response, Problem> {
    answer(frame, (kind, namespace, name), path).await
}

async fn answer(frame: Frame, (kind, namespace, name): Named, path: String) -> Result<Response, Problem> {
    let entity = show::named(&kind, &namespace, &name)?;
    let Some(set) = frame.world.catalog.docs(&entity).cloned() else {
        let detail = format!("{} has no docs", entity.short());
        let refusal = Refusal::new(&codes::NOT_FOUND, detail);
        return Err(Problem(refusal.fix("put a docs folder or a README beside its catalog file")));
    };
    if let Some(image) = set.images.iter().find(|image| *image.path == path) {
        return image_response(&frame, image.digest, &path).await;
    }
    let page = if path.is_empty() { set.first_page() } else { set.page(&path) };
    let Some(page) = page.cloned() else {
        let shown: String = path.chars().take(200).collect();
        return Err(Problem(Refusal::new(
            &codes::NOT_FOUND,
            format!("the docs of {} have no {shown}", entity.short()),
        )));
    };
    let app = frame.app.clone();
    let drawn = app.blocking(move |engine| {
        let rendered = rendered(&frame, engine.store().as_ref(), &set, &page)?;
        Ok(screen(&doc_screen(&frame, &set, &page, &rendered)))
    });
    Ok(drawn.await?)
}

/// The page as HTML, kept under what it was made of.
pub(crate) fn rendered(
    frame: &Frame,
    store: &dyn timeline::Store,
    set: &Arc<DocSet>,
    page: &Page,
) -> Result<Arc<prose::Page>, Refusal> {
    let revision = frame.world.catalog.revision();
    let made_of = format!("{} {} {} {revision}", set.entity, page.path, page.digest);
    frame.app.indexes().pages.get_or_make(Sha256::of(made_of.as_bytes()), || {
        let bytes = store.get_blob(&page.digest)?.ok_or_else(|| missing_blob(&page.path))?;
        let markdown = String::from_utf8_lossy(&bytes);
        let address = |path: &str| {
            let known = set.page(path).or_else(|| set.images.iter().find(|image| &*image.path == path));
            known.map(|_| show::docs_address(&set.entity, path))
        };
        Ok(prose::render(&markdown, &prose::Links::new(&page.path, &address)))
    })
}

fn missing_blob(path: &str) -> Refusal {
    Refusal::new(&codes::DATA_CORRUPT, format!("the body of {path} is not in the store"))
        .fix("`mainstay doctor` says more; applying the catalog again writes it anew")
}

fn doc_screen(frame: &Frame, set: &DocSet, page: &Page, rendered: &prose::Page) -> DocScreen {
    let mut contents = Vec::new();
    entries(frame, set, &set.nav, page, 0, &mut contents);
    let entity = frame.world.catalog.get(&set.entity);
    let source = entity.map(|entity| {
        let origin = &entity.descriptor.origin;
        let read = frame.world.catalog.source(&origin.source).map(|source| frame.ago(source.applied_at));
        let read = read.map(|at| format!(", read {}", at.text())).unwrap_or_default();
        format!("From {} beside {}/{}{read}.", page.path, origin.source.trim_end_matches('/'), origin.path)
    });
    DocScreen {
        chrome: frame.chrome(rendered.title.as_deref().unwrap_or(&page.title), Place::Docs),
        entity: Some(frame.entity(&set.entity)),
        contents,
        remarks: remarks(rendered),
        source: source.unwrap_or_default(),
        ..of_prose(rendered)
    }
}

/// What every document shows of its own text; the frame and the contents are the caller's.
pub(crate) fn of_prose(rendered: &prose::Page) -> DocScreen {
    let headings = rendered.headings.iter().filter(|heading| (2..=3).contains(&heading.level));
    DocScreen {
        chrome: Chrome::default(),
        entity: None,
        contents: Vec::new(),
        remarks: Vec::new(),
        html: rendered.html.clone(),
        has_heading: rendered.headings.first().is_some_and(|heading| heading.level == 1),
        headings: headings
            .map(|heading| (Link::new(&heading.text, format!("#{}", heading.id)), heading.level > 2))
            .collect(),
        source: String::new(),
    }
}

/// Links that lead nowhere, and an end that is missing, are said above the text.
fn remarks(rendered: &prose::Page) -> Vec<Callout> {
    let mut remarks = Vec::new();
    if !rendered.broken_links.is_empty() {
        let first: Vec<&str> = rendered.broken_links.iter().take(BROKEN_NAMED_MAX).map(String::as_str).collect();
        let more = rendered.broken_links.len() - first.len();
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let text = format!("These links of the document lead nowhere: {}{more}.", first.join(", "));
        remarks.push(Callout { state: State::new(Tone::Warn, "Broken links"), text, link: None });
    }
    if rendered.cut {
        let text = "The document is longer than is shown.".to_owned();
        remarks.push(Callout { state: State::new(Tone::Warn, "Cut"), text, link: None });
    }
    remarks
}

/// More broken links are counted, not named.
const BROKEN_NAMED_MAX: usize = 5;
/// A longer list of contents is cut.
const CONTENTS_MAX: usize = 300;

fn entries(frame: &Frame, set: &DocSet, items: &[NavItem], here: &Page, depth: usize, contents: &mut Vec<Content>) {
    for item in items {
        if contents.len() == CONTENTS_MAX {
            return;
        }
        contents.push(Content {
            title: item.title.to_string(),
            href: item.path.as_deref().map(|path| frame.href(show::docs_address(&set.entity, path))),
            depth: depth.min(3),
            here: item.path.as_deref() == Some(&*here.path),
        });
        entries(frame, set, &item.children, here, depth + 1, contents);
    }
}

/// An image, so that nothing in it can run: an SVG may hold scripts, which a sandbox without permissions stops.
async fn image_response(frame: &Frame, digest: Sha256, path: &str) -> Result<Response, Problem> {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let sort = match extension.as_deref() {
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        Some("avif") => "image/avif",
        Some("svg") => "image/svg+xml",
        Some(_) | None => "application/octet-stream",
    };
    let name = path.to_owned();
    let bytes =
        frame.app.blocking(move |engine| engine.store().get_blob(&digest)?.ok_or_else(|| missing_blob(&name))).await?;
    let headers = [
        (header::CONTENT_TYPE, sort),
        (header::CACHE_CONTROL, "private, max-age=60"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
    ];
    Ok((headers, bytes).into_response())
}
