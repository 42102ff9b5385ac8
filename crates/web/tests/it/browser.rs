//! A browser without a network: it keeps its cookies and posts the forms that it was shown.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use engine::{Clock, Engine, EngineOptions, Receipt};
use kernel::{Actor, IdSeed, Sha256, Timestamp};
use timeline::SqliteStore;
use tower::ServiceExt as _;
use web::{App, Settings, routes::router, security::Limits, table::Route};
use world::Command;

use crate::server::TOKEN;

/// A clock that stands still until it is moved, or the machine's.
pub(crate) struct SiteClock {
    /// None for the machine's.
    second: Option<AtomicI64>,
    seed: AtomicU64,
}

impl Clock for SiteClock {
    fn now(&self) -> Timestamp {
        let still = self.second.as_ref().map(|second| second.load(Ordering::Relaxed));
        still.map_or_else(Timestamp::now, |second| Timestamp::from_second(second).unwrap())
    }

    fn seed(&self) -> IdSeed {
        IdSeed(u128::from(self.seed.fetch_add(1, Ordering::Relaxed)))
    }
}

/// A server on a store that is deleted afterwards, at a time that tests choose.
pub(crate) struct Site {
    pub(crate) app: App,
    pub(crate) clock: Arc<SiteClock>,
    pub(crate) routes: Vec<Route>,
    pub(crate) router: Router,
}

impl Site {
    pub(crate) fn open() -> Self {
        Self::open_with(|_| {})
    }

    /// With other settings.
    pub(crate) fn open_with(choose: impl FnOnce(&mut Settings)) -> Self {
        Self::open_at(Some(AtomicI64::new(1_795_000_000)), choose)
    }

    /// By the machine's clock, for what is stamped with the system's time.
    pub(crate) fn open_now() -> Self {
        Self::open_at(None, |_| {})
    }

    fn open_at(second: Option<AtomicI64>, choose: impl FnOnce(&mut Settings)) -> Self {
        let store = Arc::new(SqliteStore::temporary().unwrap());
        let clock = Arc::new(SiteClock { second, seed: AtomicU64::new(1) });
        let engine = Engine::start(store, Arc::clone(&clock) as Arc<dyn Clock>, EngineOptions::default()).unwrap();
        let mut settings = Settings {
            admin_token: Some(Sha256::of(TOKEN.as_bytes())),
            form_secret: [7; 32],
            https: true,
            ..Settings::default()
        };
        choose(&mut settings);
        let app = App::new(engine, settings);
        let limits = Limits { requests_at_once: 1e9, requests_per_second: 1e9, ..Limits::default() };
        let (router, routes) = router(&app, &limits);
        Self { app, clock, routes, router }
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, seconds: i64) {
        // The machine's clock is not moved.
        let second = self.clock.second.as_ref().unwrap();
        second.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Carries out a command of somebody's.
    pub(crate) async fn done_by(&self, name: &str, command: impl Into<Command>) -> Receipt {
        let actor = Actor::Person(name.to_owned());
        let request = engine::Request { command: command.into(), actor, reason: None, id: None };
        self.app.submit(request).await.unwrap()
    }

    /// How many events there are.
    pub(crate) fn position(&self) -> u64 {
        self.app.world().position
    }

    /// The link by which the first administrator is created.
    pub(crate) async fn setup_link(&self) -> String {
        let secret = "the-secret-of-the-setup-link";
        let expires = self.clock.now() + jiff::SignedDuration::from_hours(24);
        let hash = Sha256::of(secret.as_bytes());
        self.done_by("operator", Command::Access(access::Command::OfferSetup { hash, expires })).await;
        format!("/start/{secret}")
    }

    /// A browser in which the first administrator, `ann`, is signed in.
    pub(crate) async fn administrator(&self) -> Browser<'_> {
        let link = self.setup_link().await;
        let mut browser = Browser::new(self);
        let page = browser.post(&link, &[("name", "ann"), ("password", PASSWORD)]).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
        browser
    }

    /// A browser in which somebody else is signed in.
    pub(crate) async fn signed_in<'a>(&'a self, by: &mut Browser<'a>, name: &str, role: &str) -> Browser<'a> {
        let user = [("name", name), ("password", PASSWORD), ("role", role), ("person", "")];
        let page = by.send("/settings/users", "/settings/users", &user).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
        let mut browser = Browser::new(self);
        let page = browser.post("/login", &[("name", name), ("password", PASSWORD)]).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
        browser
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.app.engine().stop();
    }
}

/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// One person's browser.
pub(crate) struct Browser<'a> {
    site: &'a Site,
    cookies: BTreeMap<String, String>,
}

/// What a browser was shown.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) html: String,
}

impl Page {
    /// Where the browser is sent.
    pub(crate) fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().unwrap()
    }

    /// The token that the screen's forms carry.
    pub(crate) fn csrf(&self) -> String {
        self.html.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    }

    pub(crate) fn says(&self, text: &str) -> bool {
        self.html.contains(text)
    }
}

impl<'a> Browser<'a> {
    pub(crate) fn new(site: &'a Site) -> Self {
        Self { site, cookies: BTreeMap::new() }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        self.ask(Request::get(path), Body::empty()).await
    }

    /// The same, with a header.
    pub(crate) async fn get_with(&mut self, path: &str, name: header::HeaderName, value: &str) -> Page {
        self.ask(Request::get(path).header(name, value), Body::empty()).await
    }

    /// What is shown there; it must be good.
    pub(crate) async fn see(&mut self, path: &str) -> Page {
        let page = self.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.html);
        page
    }

    /// Posts fields as they are.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body = serde_html_form::to_string(fields).unwrap();
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.ask(request, Body::from(body)).await
    }

    /// Posts a body of some sort.
    pub(crate) async fn post_body(&mut self, path: &str, sort: &'static str, body: Vec<u8>) -> Page {
        self.ask(Request::post(path).header(header::CONTENT_TYPE, sort), Body::from(body)).await
    }

    /// Posts nothing, as a program does that reads another sort of answer.
    pub(crate) async fn post_as(&mut self, path: &str, accept: &'static str) -> Page {
        let request = Request::post(path).header(header::ACCEPT, accept);
        let response = self.site.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let html = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        Page { status: parts.status, headers: parts.headers, html }
    }

    /// Opens a screen and posts one of its forms.
    pub(crate) async fn send(&mut self, screen: &str, action: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.see(screen).await;
        assert!(page.says(&format!("action=\"{action}\"")), "{screen} has no form for {action}");
        let csrf = page.csrf();
        let fields: Vec<_> = fields.iter().copied().chain([("csrf", csrf.as_str())]).collect();
        self.post(action, &fields).await
    }

    async fn ask(&mut self, request: axum::http::request::Builder, body: Body) -> Page {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header(header::ACCEPT, "text/html").header(header::COOKIE, cookies.join("; "));
        let response = self.site.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Page { status: parts.status, headers: parts.headers, html: String::from_utf8_lossy(&body).into_owned() }
    }
}
