//! Serves every screen, drawn from invented values, on <http://127.0.0.1:7099>: to look at, and for tools to check.
#![expect(clippy::unwrap_used, reason = "a sample that can't be drawn is to be seen at once")]

#[path = "../tests/it/samples/mod.rs"]
mod samples;

use std::net::SocketAddr;

use axum::{Router, response::Html, routing::get};
use web::{assets, security};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let mut router = Router::new().route("/assets/{file}", get(assets::show));
    let mut index = String::from("<!doctype html><title>Gallery</title><ul>");
    for (address, html) in samples::screens() {
        index.push_str(&format!("<li><a href=\"{address}\">{address}</a>"));
        router = router.route(address, get(move || async move { Html(html) }));
    }
    let router = router.route("/gallery", get(move || async move { Html(index) }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:7099").await?;
    let app = security::protect(router, &security::Limits::default());
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
}
