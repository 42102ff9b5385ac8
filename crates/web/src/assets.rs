//! The style sheet, the script and the logo, inside the binary.
//!
//! Each has an address that contains a hash of its content and may be kept for ever; a new release has new addresses.
//! They are compressed once, when first asked for.

use std::{io::Write, sync::LazyLock};

use axum::{
    extract::Path,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use flate2::{Compression, write::GzEncoder};
use kernel::{Refusal, Sha256, codes};

use crate::problem::Problem;

/// One file, ready to be sent.
struct Asset {
    /// `app.3f9c01d2a4b5.css`.
    file: String,
    url: String,
    etag: String,
    content_type: &'static str,
    plain: &'static [u8],
    gzip: Vec<u8>,
}

impl Asset {
    fn new(stem: &str, extension: &str, content_type: &'static str, plain: &'static [u8]) -> Self {
        let digest = Sha256::of(plain).to_string();
        let short = digest.get(..12).unwrap_or(&digest);
        let file = format!("{stem}.{short}.{extension}");
        let url = format!("/assets/{file}");
        let etag = format!("\"{short}\"");
        Self { url, etag, content_type, plain, gzip: compress(plain).unwrap_or_default(), file }
    }
}

fn compress(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain)?;
    encoder.finish()
}

static CSS: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("app", "css", "text/css; charset=utf-8", include_bytes!("../assets/app.css")));
static JS: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("app", "js", "text/javascript; charset=utf-8", include_bytes!("../assets/app.js")));
static STATUS_CSS: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("status", "css", "text/css; charset=utf-8", include_bytes!("../assets/status.css")));
static STATUS_JS: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("status", "js", "text/javascript; charset=utf-8", include_bytes!("../assets/status.js"))
});
static FAVICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("favicon", "svg", "image/svg+xml", include_bytes!("../assets/favicon.svg")));

/// The style sheet's address.
#[must_use]
pub fn css() -> &'static str {
    &CSS.url
}

/// The script's address.
#[must_use]
pub fn js() -> &'static str {
    &JS.url
}

/// The address of the public pages' style sheet.
#[must_use]
pub fn status_css() -> &'static str {
    &STATUS_CSS.url
}

/// The address of the public pages' script.
#[must_use]
pub fn status_js() -> &'static str {
    &STATUS_JS.url
}

/// The logo's address.
#[must_use]
pub fn favicon() -> &'static str {
    &FAVICON.url
}

/// `GET /assets/{file}`.
pub async fn show(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let all = [&*CSS, &*JS, &*FAVICON, &*STATUS_CSS, &*STATUS_JS];
    let Some(asset) = all.into_iter().find(|asset| asset.file == file) else {
        let refusal = Refusal::new(&codes::NOT_FOUND, "This file belongs to another version of Mainstay.")
            .fix("Load the screen again.");
        return Problem(refusal).into_response();
    };
    let kept = [
        (header::ETAG, asset.etag.as_str()),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::CONTENT_TYPE, asset.content_type),
        (header::VARY, "accept-encoding"),
    ];
    if lists(&headers, header::IF_NONE_MATCH, &asset.etag) {
        return (StatusCode::NOT_MODIFIED, kept).into_response();
    }
    if !asset.gzip.is_empty() && lists(&headers, header::ACCEPT_ENCODING, "gzip") {
        return (kept, [(header::CONTENT_ENCODING, "gzip")], asset.gzip.as_slice()).into_response();
    }
    (kept, asset.plain).into_response()
}

/// Whether a header that is a list has this item; an item's parameters, as in `gzip;q=0.8`, are not looked at.
fn lists(headers: &HeaderMap, name: header::HeaderName, item: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|value| value.split(';').next().is_some_and(|value| value.trim() == item))
}
