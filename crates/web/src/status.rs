//! Public status pages: what anybody may read without signing in, and where it is managed.
//!
//! The main page is at `/status`, every other at `/status/{page}`, and what belongs to a page is below it. All that is
//! public is made of a `View`, which has declared names and published words alone: no reference of an entity, no words
//! of a check, no person. It is drawn from memory at most every few seconds, whoever asks, and never waits for the loop.
//!
//! A page that is not public is shown to those who are signed in, so that it can be looked at before.

pub mod feeds;
pub mod history;
pub mod incident;
pub mod manage;
pub mod message;
pub mod show;
pub mod subscribe;
pub mod subscriptions;
pub mod v2;
pub(crate) mod view;
pub(crate) mod wish;

use std::{collections::HashMap, sync::Arc};

use axum::{
    body::Bytes,
    extract::{FromRequestParts, Path},
    http::{HeaderMap, HeaderName, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use kernel::{Refusal, ReportId, Sha256, codes};
use statuspage::Page;
use world::World;

use self::view::View;
use crate::{App, guard::Visitor, problem::Problem};

/// For how many seconds an answer counts; what changed in between is shown after them at the latest.
const FRESH_S: i64 = 15;

/// What was drawn.
pub struct Rendered {
    body: Bytes,
    etag: String,
}

/// Drawn answers that are kept.
pub type Drawn = crate::cache::Cache<(Sha256, u64, i64), Rendered>;

/// How many there are at most.
pub const DRAWN_MAX: usize = 256;

/// A request for something of a status page.
pub struct Asked {
    app: App,
    headers: HeaderMap,
    visitor: Visitor,
    path: HashMap<String, String>,
    address: String,
}

impl FromRequestParts<App> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let path = Path::<HashMap<String, String>>::from_request_parts(parts, app).await;
        let Path(path) = path.map_err(|_| not_found())?;
        let visitor = parts.extensions.get::<Visitor>().cloned().unwrap_or_default();
        let address = parts.uri.path().to_owned();
        Ok(Self { app: app.clone(), headers: parts.headers.clone(), visitor, path, address })
    }
}

impl Asked {
    /// A part of the address.
    pub(crate) fn part(&self, name: &str) -> &str {
        self.path.get(name).map(String::as_str).unwrap_or_default()
    }

    fn page<'a>(&self, world: &'a World) -> Option<&'a Arc<Page>> {
        match self.path.get("page") {
            None => world.statuspage.main_page(),
            Some(name) => world.statuspage.page_named(name),
        }
    }

    /// True if the page has this report.
    pub(crate) fn has(&self, id: ReportId) -> bool {
        let world = self.app.world();
        let report = world.statuspage.report(id).filter(|report| !report.retracted);
        report.is_some_and(|report| self.page(&world).is_some_and(|page| page.page == report.page))
    }

    /// The page as it is now.
    ///
    /// # Errors
    /// `not-found` if there is none, or none that this visitor may see.
    pub(crate) fn view(&self) -> Result<View, Problem> {
        let world = self.app.world();
        let page = self.page(&world);
        let known = self.visitor.0.as_ref().is_some_and(|grant| grant.allows(::access::Scope::Read));
        let page = page.filter(|page| page.public || known).ok_or_else(not_found)?;
        let base = match self.path.get("page") {
            None => "/status".to_owned(),
            Some(_) => format!("/status/{}", crate::show::segment(page.name())),
        };
        Ok(View::of(&self.app, &world, page, base))
    }

    /// The same request for one of several things at this address. What else is asked makes no difference, so that nobody
    /// has it drawn again and again.
    pub(crate) fn variant(mut self, which: &str) -> Self {
        self.address.push('?');
        self.address.push_str(which);
        self
    }

    /// Answers with what `draw` makes of the page, or made a moment ago for somebody else.
    ///
    /// # Errors
    /// `not-found` if there is no such page; what `draw` refuses.
    pub(crate) fn answer(
        &self,
        content_type: &'static str,
        draw: impl FnOnce(&View) -> Result<String, Refusal>,
    ) -> Result<Response, Problem> {
        let world = self.app.world();
        let public = self.page(&world).is_some_and(|page| page.public);
        if !public {
            let view = self.view()?;
            let headers = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "private, no-store")];
            return Ok((headers, draw(&view)?).into_response());
        }
        let key = (Sha256::of(self.address.as_bytes()), world.position, self.app.now().as_second().div_euclid(FRESH_S));
        let drawn = self.app.drawn().get_or_make(key, || {
            let body = draw(&self.view()?)?;
            let digest = Sha256::of(body.as_bytes()).to_string();
            let etag = format!("\"{}\"", digest.get(..20).unwrap_or(&digest));
            Ok::<_, Problem>(Rendered { body: Bytes::from(body), etag })
        })?;
        let kept = [
            (header::ETAG, drawn.etag.as_str()),
            (header::CACHE_CONTROL, "public, max-age=15, stale-while-revalidate=30, stale-if-error=86400"),
            (header::CONTENT_TYPE, content_type),
            (header::VARY, "accept-encoding"),
            // Status is for everybody, other sites' scripts too.
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
        ];
        let known = self.headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        // A proxy that compresses makes a tag weak; a weak comparison is meant here (RFC 9110, section 13.1.2).
        let same = |tag: &str| tag.trim().trim_start_matches("W/") == drawn.etag;
        if known.is_some_and(|known| known.split(',').any(same)) {
            return Ok((StatusCode::NOT_MODIFIED, kept).into_response());
        }
        Ok((kept, drawn.body.clone()).into_response())
    }
}

pub(crate) fn not_found() -> Problem {
    Refusal::new(&codes::NOT_FOUND, "there is no such status page, or nothing of it here").into()
}
