//! Runs against tonic's own health service, and against servers that aren't one.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use checks::{CheckDefinition, Evidence, Outcome};
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    service::TowerToHyperService,
};
use probe::{AddressPolicy, Client, Run, Secrets};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;
use tonic_health::{ServingStatus, server::health_reporter};

use crate::{
    server::{Reply, Server},
    tls,
};

/// What the server was asked with.
type Heads = Arc<Mutex<Vec<String>>>;

/// tonic's health service, where `pay` serves and `stock` doesn't; its address, and the heads that it got.
async fn healthy(acceptor: Option<TlsAcceptor>) -> (String, Heads) {
    let (reporter, service) = health_reporter();
    reporter.set_service_status("pay", ServingStatus::Serving).await;
    reporter.set_service_status("stock", ServingStatus::NotServing).await;
    let heads = Heads::default();
    let (listener, noted) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), Arc::clone(&heads));
    let address = format!("localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(service.clone());
            let noted = Arc::clone(&noted);
            let service = service_fn(move |request: Request<Incoming>| {
                noted.lock().unwrap().push(format!("{} {:?}", request.uri(), request.headers()));
                hyper::service::Service::call(&service, request)
            });
            match acceptor.clone() {
                Some(acceptor) => drop(tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(stream, service).await;
                    }
                })),
                None => drop(tokio::spawn(serve(stream, service))),
            }
        }
    });
    (address, heads)
}

async fn serve<S, B>(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, service: S)
where
    S: hyper::service::Service<Request<Incoming>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: std::error::Error + Send + Sync + 'static,
    B: hyper::body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

/// A server of HTTP/2 that gives everybody this answer, or none.
async fn answering(answer: Option<Response<Full<Bytes>>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            let service = service_fn(move |_: Request<Incoming>| {
                let answer = answer.clone();
                async move {
                    match answer {
                        Some(answer) => Ok::<_, Infallible>(answer),
                        None => std::future::pending().await,
                    }
                }
            });
            tokio::spawn(serve(stream, service));
        }
    });
    address
}

fn grpc(headers: &[(&str, &str)], body: &[u8]) -> Option<Response<Full<Bytes>>> {
    let answer = Response::builder().header("content-type", "application/grpc");
    let answer = headers.iter().fold(answer, |answer, (name, value)| answer.header(*name, *value));
    Some(answer.body(Full::new(Bytes::copy_from_slice(body))).unwrap())
}

async fn run(grpc: Value) -> Run {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let spec = json!({"target": "shop", "grpc": grpc, "interval": "10s", "timeout": "1s"});
    let definition = CheckDefinition::from_spec("check:shop".parse().unwrap(), &spec).unwrap();
    let secrets = Secrets::new(BTreeMap::from([("key".to_owned(), "hunter2".to_owned())]));
    Client::new(AddressPolicy::default()).unwrap().with_secrets(secrets).run_once(&definition).await
}

async fn failure(grpc: Value) -> Evidence {
    let run = run(grpc).await;
    let Outcome::Failed { evidence } = run.outcome else { panic!("it did not fail: {:?}", run.outcome) };
    evidence
}

async fn error(grpc: Value) -> String {
    failure(grpc).await.error
}

#[tokio::test]
async fn a_service_that_serves_passes_and_the_others_say_what_they_are() {
    let (address, _) = healthy(None).await;
    assert_eq!(run(json!({"address": address})).await.outcome, Outcome::Passed);
    assert_eq!(run(json!({"address": address, "service": "pay"})).await.outcome, Outcome::Passed);
    assert_eq!(error(json!({"address": address, "service": "stock"})).await, "stock answers NOT_SERVING");
    assert_eq!(error(json!({"address": address, "service": "cart"})).await, "the server knows no service \"cart\"");
}

#[tokio::test]
async fn the_server_is_told_the_deadline_and_metadata_and_no_secret_is_shown() {
    let (address, heads) = healthy(None).await;
    let metadata = json!({"authorization": "Bearer ${secret.key}", "x-tenant": "jars"});
    let evidence = failure(json!({"address": address, "service": "stock", "metadata": metadata})).await;
    let head = heads.lock().unwrap().concat();
    assert!(head.contains("/grpc.health.v1.Health/Check"), "{head}");
    assert!(head.contains("Bearer hunter2"), "{head}");
    let timeout = head.split("\"grpc-timeout\": \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    // gRPC over HTTP/2, "Timeout": at most eight digits and a unit. What connecting took is gone of it already.
    let (digits, unit) = timeout.split_at(timeout.len() - 1);
    let micros = digits.parse::<u64>().unwrap() * if unit == "m" { 1_000 } else { 1 };
    assert!(matches!(unit, "m" | "u") && digits.len() <= 8 && (500_000..1_000_000).contains(&micros), "{timeout}");
    let shown = evidence.request_head.unwrap();
    assert!(shown.contains("x-tenant: jars") && shown.contains("authorization: (hidden)"), "{shown}");
    assert_eq!(evidence.status, Some(200));
}

#[tokio::test]
async fn over_tls_every_phase_is_timed_and_the_certificate_is_judged() {
    let (acceptor, ca) = tls::acceptor(30, &["h2"]);
    let (address, _) = healthy(Some(acceptor)).await;
    let assertions = json!([{"of": "certificate_days", "at_least": 29}, {"of": "tls_version", "equals": "1.3"}]);
    let run = run(json!({"address": address, "tls": {"ca": ca}, "assertions": assertions})).await;
    assert_eq!(run.outcome, Outcome::Passed);
    let phases = run.hops.first().unwrap().phases;
    assert!(phases.resolve_us > 0 && phases.connect_us > 0 && phases.tls_us > 0 && phases.processing_us > 0);
    let evidence = failure(json!({"address": address, "tls": {}})).await;
    assert!(evidence.error.starts_with("can't connect: invalid peer certificate"), "{}", evidence.error);
    assert_eq!(evidence.certificate.unwrap().names, ["localhost"]);
}

#[tokio::test]
async fn what_is_no_grpc_server_is_said_to_be_none() {
    let web = Response::builder().status(404).header("content-type", "text/html").body(Full::default()).unwrap();
    let address = answering(Some(web)).await;
    assert_eq!(error(json!({"address": address})).await, "answered 404 with text/html: that is no gRPC server");
    let one = Server::start(|_| Reply::text(200, "plain")).await;
    let address = one.url("").replace("http://", "");
    let plain = error(json!({"address": address})).await;
    assert!(plain.starts_with("the server gave no answer over HTTP/2, over which gRPC goes: "), "{plain}");
    let (acceptor, ca) = tls::acceptor(30, &["http/1.1"]);
    let (address, _) = healthy(Some(acceptor)).await;
    let error = error(json!({"address": address, "tls": {"ca": ca}})).await;
    assert!(error.ends_with("NoApplicationProtocol"), "{error}");
    let (acceptor, ca) = tls::acceptor(30, &[]);
    let (address, _) = healthy(Some(acceptor)).await;
    let without = self::error(json!({"address": address, "tls": {"ca": ca}})).await;
    assert_eq!(without, "the server doesn't agree to HTTP/2 (ALPN), over which gRPC goes");
}

#[tokio::test]
async fn each_status_is_a_sentence() {
    let of = async |code: &str, message: &str| {
        let headers = [("grpc-status", code), ("grpc-message", message)];
        error(json!({"address": answering(grpc(&headers, b"")).await})).await
    };
    assert_eq!(
        of("12", "unknown%20service").await,
        "the server doesn't have the health protocol (UNIMPLEMENTED: unknown service)"
    );
    assert_eq!(of("16", "no").await, "the server refuses the check's credentials (UNAUTHENTICATED: no)");
    assert_eq!(of("4", "").await, "the server gave up at the check's timeout (DEADLINE_EXCEEDED)");
    assert_eq!(of("14", "draining").await, "the call failed with UNAVAILABLE: draining");
}

#[tokio::test]
async fn a_hostile_server_is_bounded_in_time_and_size() {
    let address = answering(None).await;
    assert_eq!(error(json!({"address": address})).await, "no answer within 1000 ms");
    // A message that says of itself that it has a gigabyte.
    let long = [0, 0x40, 0, 0, 0, 1, 2, 3];
    let error = error(json!({"address": answering(grpc(&[], &long)).await})).await;
    assert!(error.starts_with("the call failed with OUT_OF_RANGE"), "{error}");
    for nonsense in [&b""[..], b"\0\0\0\0\x02\xff\xff", b"\0\0\0\0\x09half", b"\0\0\0\0\x02\x08\x63"] {
        let error = self::error(json!({"address": answering(grpc(&[("grpc-status", "0")], nonsense)).await})).await;
        assert!(error.contains("the call failed") || error.contains("no health status"), "{error}");
    }
    let refused = self::error(json!({"address": "169.254.169.254:50051"})).await;
    assert!(refused.ends_with("is never asked"), "{refused}");
}
