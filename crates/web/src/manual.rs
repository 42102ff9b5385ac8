//! `GET /manual`, `GET /docs/errors`: our own manual, which the binary brings along, and a page for every error.

use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use include_dir::{Dir, include_dir};
use kernel::{Class, Code, Refusal, Sha256, codes};

use crate::{
    docs::{Content, DocScreen, DocsScreen, of_prose},
    frame::Frame,
    problem::Problem,
    shell::{Place, screen},
    views::{Empty, Row, State, Tone},
};

static MANUAL: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../docs");

/// The page that the manual begins with.
const FIRST: &str = "index.md";

/// The manual's pages, the first one first, with their titles.
fn pages() -> Vec<(&'static str, &'static str)> {
    let mut pages: Vec<_> = MANUAL
        .files()
        .filter_map(|file| Some((file.path().to_str()?, file.contents_utf8()?)))
        .filter(|(path, _)| path.ends_with(".md"))
        .map(|(path, text)| (path, text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or(path)))
        .collect();
    pages.sort_by_key(|(path, _)| (*path != FIRST, *path));
    pages
}

fn address(path: &str) -> String {
    if path == FIRST { "/manual".to_owned() } else { format!("/manual/{path}") }
}

/// The manual's pages as a list.
#[must_use]
pub fn rows(frame: &Frame) -> Vec<Row> {
    let pages = pages().into_iter().map(|(path, title)| Row::new(title, frame.href(address(path))));
    pages.chain([Row::new("Every error", frame.href("/docs/errors"))]).collect()
}

/// Shows the manual's first page.
///
/// # Errors
/// If it can't be drawn.
pub async fn first(frame: Frame) -> Result<Response, Problem> {
    draw(frame, FIRST).await
}

/// Shows a page of the manual, or an image of one.
///
/// # Errors
/// `NOT_FOUND` if there is no such page.
pub async fn show(frame: Frame, Path(path): Path<String>) -> Result<Response, Problem> {
    if path.ends_with(".png")
        && let Some(image) = MANUAL.get_file(&path)
    {
        return Ok(([(header::CONTENT_TYPE, "image/png")], image.contents()).into_response());
    }
    draw(frame, &path).await
}

async fn draw(frame: Frame, path: &str) -> Result<Response, Problem> {
    let known = MANUAL.get_file(path).and_then(|file| Some((file.path().to_str()?, file.contents_utf8()?)));
    let Some((path, text)) = known.filter(|(path, _)| path.ends_with(".md")) else {
        return Err(Problem(
            Refusal::new(&codes::NOT_FOUND, "the manual has no such page").fix("/manual lists all pages"),
        ));
    };
    let app = frame.app.clone();
    let drawn = app.blocking(move |_| {
        let digest = Sha256::of(format!("manual {path}").as_bytes());
        let rendered = frame.app.indexes().pages.get_or_make(digest, || {
            let served = |path: &str| MANUAL.get_file(path).map(|_| address(path));
            Ok::<_, Refusal>(prose::render(text, &prose::Links::new(path, &served)))
        })?;
        let contents = pages().into_iter().map(|(page, title)| Content {
            title: title.to_owned(),
            href: Some(frame.href(address(page))),
            depth: 0,
            here: page == path,
        });
        Ok(screen(&DocScreen {
            chrome: frame.chrome(rendered.title.as_deref().unwrap_or("Manual"), Place::Docs),
            contents: contents.collect(),
            source: format!("The manual of Mainstay {}.", env!("CARGO_PKG_VERSION")),
            ..of_prose(&rendered)
        }))
    });
    Ok(drawn.await?)
}

/// Lists every error there is.
pub async fn errors(frame: Frame) -> Response {
    let codes = codes::REGISTRY.iter().map(|code| {
        Row::new(code.name, code.type_path()).state(class(code)).note(format!("{}, {}", code.status, code.title))
    });
    screen(&DocsScreen {
        chrome: frame.chrome("Every error", Place::Docs),
        entities: codes.collect(),
        none: Empty::new("There is no error."),
        manual: rows(&frame),
    })
}

fn class(code: &Code) -> State {
    let tone = match code.class {
        Class::Retryable | Class::UserFixable => Tone::Warn,
        Class::OperatorFixable | Class::Fatal => Tone::Bad,
    };
    State::new(tone, code.class.as_str())
}

/// Shows what an error means and what to do: the address is the `type` of every problem document (RFC 9457).
///
/// # Errors
/// `NOT_FOUND` if there is no such code.
pub async fn error(frame: Frame, Path(name): Path<String>) -> Result<Response, Problem> {
    let Some(code) = Code::named(&name) else {
        return Err(Problem(Refusal::new(&codes::NOT_FOUND, "there is no such error").fix("/docs/errors lists all")));
    };
    let who = match code.class {
        Class::Retryable => "Try again: nothing is wrong with what was asked.",
        Class::UserFixable => "Whoever asked can mend it by asking for something else.",
        Class::OperatorFixable => "Whoever runs the server must change something.",
        Class::Fatal => "It is a bug in Mainstay. Please report it with the id that came with it.",
    };
    let markdown = format!(
        "{}\n\n{}\n\n{who}\n\n| Property | Value |\n| --- | --- |\n| Code | `{}` |\n| Class | {} |\n| HTTP status | {} |\n| Exit code of the command line | {} |\n",
        code.title,
        code.manual,
        code.name,
        code.class.as_str(),
        code.status,
        code.class.exit_code(),
    );
    let rendered = prose::render(&markdown, &prose::Links::nowhere());
    Ok(screen(&DocScreen {
        chrome: frame.chrome(format!("Error {}", code.name), Place::Docs),
        source: "All errors: /docs/errors".to_owned(),
        ..of_prose(&rendered)
    }))
}
