//! The style sheet and the script, as a browser gets them.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
    routing::get,
};
use tower::ServiceExt;
use web::assets;

async fn ask(path: &str, name: header::HeaderName, value: &str) -> axum::http::Response<Body> {
    let router = Router::new().route("/assets/{file}", get(assets::show));
    router.oneshot(Request::get(path).header(name, value).body(Body::empty()).unwrap()).await.unwrap()
}

#[tokio::test]
async fn an_asset_is_kept_for_ever_and_not_sent_twice() {
    for path in [assets::css(), assets::js(), assets::favicon()] {
        let response = ask(path, header::ACCEPT, "*/*").await;
        assert_eq!(response.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        let etag = response.headers()[header::ETAG].to_str().unwrap().to_owned();
        assert_eq!(ask(path, header::IF_NONE_MATCH, &etag).await.status(), StatusCode::NOT_MODIFIED);
    }
}

#[tokio::test]
async fn an_asset_is_sent_compressed_to_who_can_read_it() {
    let plain = ask(assets::css(), header::ACCEPT_ENCODING, "br").await;
    let gzip = ask(assets::css(), header::ACCEPT_ENCODING, "br, gzip;q=0.8").await;
    assert!(!plain.headers().contains_key(header::CONTENT_ENCODING));
    assert_eq!(gzip.headers()[header::CONTENT_ENCODING], "gzip");
    let size =
        async |response: axum::http::Response<Body>| to_bytes(response.into_body(), 1 << 20).await.unwrap().len();
    assert!(size(gzip).await * 2 < size(plain).await);
}

#[tokio::test]
async fn an_asset_of_another_version_is_not_found() {
    let response = ask("/assets/app.000000000000.css", header::ACCEPT, "*/*").await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[test]
fn the_script_is_small() {
    assert!(include_bytes!("../../assets/app.js").len() < 14 * 1024);
}
