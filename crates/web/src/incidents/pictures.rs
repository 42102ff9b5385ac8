//! Pictures in an incident's log. One is sent with a note and kept as a blob; the note's Markdown names it as
//! `![](pictures/<sha256>)`. What is served is a picture by its first bytes, in a sandbox, and nothing else.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use incidents::{Command as Wish, Incident};
use kernel::{Refusal, Sha256, codes};
use world::Command;

use crate::{App, guard::By, problem::Problem};

/// The largest picture.
pub const BYTES_MAX: usize = 2 << 20;

/// The media type that the first bytes of a picture tell (WHATWG MIME Sniffing, 6.1), if it is one that is shown.
#[must_use]
pub fn sort_of(bytes: &[u8]) -> Option<&'static str> {
    let is_webp = bytes.starts_with(b"RIFF") && bytes.get(8..14) == Some(b"WEBPVP");
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        _ if is_webp => Some("image/webp"),
        _ => None,
    }
}

/// Keeps a picture of an incident; the answer is the Markdown that shows it.
///
/// # Errors
/// `TOO_LARGE` beyond [`BYTES_MAX`]; `UNSUPPORTED_MEDIA_TYPE` for what is no PNG, JPEG, GIF or WebP; `CONFLICT` beyond what
/// one incident has.
pub async fn keep(app: &App, by: &By, incident: &Incident, bytes: Bytes) -> Result<String, Refusal> {
    if bytes.len() > BYTES_MAX {
        let detail = format!("The picture has {} bytes; at most {BYTES_MAX} are kept.", bytes.len());
        return Err(Refusal::new(&codes::TOO_LARGE, detail).field("picture"));
    }
    if sort_of(&bytes).is_none() {
        let detail = "This is no PNG, JPEG, GIF or WebP by its first bytes.";
        return Err(Refusal::new(&codes::UNSUPPORTED_MEDIA_TYPE, detail).field("picture"));
    }
    let (picture, size) = (Sha256::of(&bytes), u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    let keep = Wish::KeepPicture { incident: incident.about.incident, picture, bytes: size };
    // What will be refused is not kept; it is named after it is there.
    if !incident.pictures.iter().any(|known| known.digest == picture) {
        incident.room_for_picture(size)?;
    }
    app.blocking(move |engine| Ok(engine.store().put_blobs(&[bytes.to_vec()])?)).await?;
    app.submit(by.request(Command::Incidents(keep), None, None)?).await?;
    Ok(format!("![picture](pictures/{picture})"))
}

/// What somebody wrote, as HTML that is safe to write out, with the pictures where they are served.
#[must_use]
pub fn rendered(number: u64, markdown: &str) -> String {
    let address = |path: &str| {
        let digest: Sha256 = path.strip_prefix("pictures/")?.parse().ok()?;
        Some(format!("/incidents/{number}/pictures/{digest}"))
    };
    prose::render(markdown, &prose::Links::new("", &address)).html
}

/// `GET /incidents/{number}/pictures/{digest}`: a picture. Post-mortems show those of incidents that are held no more.
///
/// # Errors
/// `NOT_FOUND` for what is not kept, or no picture.
pub async fn show(State(app): State<App>, Path((number, digest)): Path<(String, String)>) -> Result<Response, Problem> {
    let missing = || Refusal::new(&codes::NOT_FOUND, "there is no such picture");
    let is_known = |number: &u64| (1..app.world().incidents.next_number()).contains(number);
    number.parse().ok().filter(is_known).ok_or_else(missing)?;
    let digest: Sha256 = digest.parse().map_err(|_| missing())?;
    let bytes = app.blocking(move |engine| Ok(engine.store().get_blob(&digest)?)).await?;
    let found = bytes.and_then(|bytes| Some((sort_of(&bytes)?, bytes)));
    let (sort, bytes) = found.ok_or_else(missing)?;
    let headers = [
        (header::CONTENT_TYPE, sort),
        (header::CACHE_CONTROL, "private, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
    ];
    Ok((headers, bytes).into_response())
}
