//! Runs against servers with certificates of an authority that only the check knows.

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use checks::{CheckDefinition, Evidence, Outcome};
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use jiff::ToSpan as _;
use probe::{AddressPolicy, Client, Run};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType,
    date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// What the server speaks.
#[derive(Clone, Copy)]
enum Speaks {
    Http2,
    Http1,
    Smtp,
    /// A mail server in front of which somebody adds words in clear.
    InjectedSmtp,
}

/// What shakes hands with a certificate for localhost that ends in so many days, offering these protocols, and its
/// authority in PEM.
pub(crate) fn acceptor(days: i64, protocols: &[&str]) -> (TlsAcceptor, String) {
    acceptor_with(protocols, |leaf| ends(leaf, days + 1))
}

/// What shakes hands with a certificate of one's own making, and its authority in PEM.
fn acceptor_with(protocols: &[&str], change: impl FnOnce(&mut CertificateParams)) -> (TlsAcceptor, String) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    change(&mut leaf);
    let leaf = leaf.signed_by(&key, &authority).unwrap();
    (presenting(leaf.der().clone(), &key, protocols), authority.pem())
}

fn presenting(leaf: CertificateDer<'static>, key: &KeyPair, protocols: &[&str]) -> TlsAcceptor {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![leaf], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

/// The day in so many days.
fn day(days: i64) -> (i32, u8, u8) {
    let day = jiff::Zoned::now().date().saturating_add(days.days());
    (day.year().into(), day.month().try_into().unwrap(), day.day().try_into().unwrap())
}

fn ends(leaf: &mut CertificateParams, days: i64) {
    let (year, month, day) = day(days);
    leaf.not_after = date_time_ymd(year, month, day);
}

fn begins(leaf: &mut CertificateParams, days: i64) {
    let (year, month, day) = day(days);
    leaf.not_before = date_time_ymd(year, month, day);
}

/// A server with such a certificate; its port, and its authority in PEM.
async fn server(days: i64, speaks: Speaks) -> (u16, String) {
    let (acceptor, authority) = acceptor(days, if matches!(speaks, Speaks::Http2) { &["h2"] } else { &[] });
    (listen(acceptor, speaks).await, authority)
}

/// A server behind the acceptor, at its port.
async fn listen(acceptor: TlsAcceptor, speaks: Speaks) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, acceptor.clone(), speaks));
        }
    });
    port
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, speaks: Speaks) {
    let stream = match speaks {
        Speaks::Http1 | Speaks::Http2 => stream,
        Speaks::Smtp => greet(stream, b"220 go on\r\n").await,
        Speaks::InjectedSmtp => greet(stream, b"220 go on\r\n250 trust me\r\n").await,
    };
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(|request: Request<Incoming>| async move {
        let body = format!("{} {:?}", request.uri(), request.version());
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(body))))
    });
    if matches!(speaks, Speaks::Http2) {
        let served = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        let _ = served.serve_connection(TokioIo::new(stream), service).await;
    } else if matches!(speaks, Speaks::Http1) {
        let served = hyper::server::conn::http1::Builder::new();
        let _ = served.serve_connection(TokioIo::new(stream), service).await;
    } else {
        let _ = stream.write_all(b"250 safe now\r\n").await;
        let _ = stream.read(&mut [0; 100]).await;
    }
}

async fn greet(stream: TcpStream, ready: &[u8]) -> TcpStream {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.write_all(b"220 mail.example ESMTP\r\n").await.unwrap();
    for answer in [b"250-mail.example\r\n250-STARTTLS\r\n250 HELP\r\n", ready] {
        stream.read_line(&mut line).await.unwrap();
        stream.write_all(answer).await.unwrap();
    }
    stream.into_inner()
}

async fn run(kind: &str, asked: Value) -> Run {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let spec = json!({"target": "shop", kind: asked, "interval": "10s", "timeout": "2s"});
    let definition = CheckDefinition::from_spec("check:shop".parse().unwrap(), &spec).unwrap();
    Client::new(AddressPolicy::default()).unwrap().run_once(&definition).await
}

fn failure(run: Run) -> Evidence {
    let Outcome::Failed { evidence } = run.outcome else { panic!("it did not fail: {:?}", run.outcome) };
    evidence
}

#[tokio::test]
async fn both_versions_of_http_are_spoken_over_tls_and_every_phase_is_timed() {
    for (speaks, version) in [(Speaks::Http1, "1.1"), (Speaks::Http2, "2")] {
        let (port, ca) = server(30, speaks).await;
        let assertions = json!([
            {"of": "http_version", "equals": version}, {"of": "tls_version", "equals": "1.3"},
            {"of": "certificate_days", "at_least": 29}
        ]);
        let url = format!("https://localhost:{port}/jar?a=1");
        let asked = json!({"url": url, "tls": {"ca": ca}, "expect": {"assertions": assertions}});
        let run = run("http", asked).await;
        assert_eq!(run.outcome, Outcome::Passed);
        let phases = run.hops.first().unwrap().phases;
        assert!(phases.resolve_us > 0 && phases.connect_us > 0 && phases.tls_us > 0 && phases.processing_us > 0);
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_in_the_evidence_and_can_be_taken_anyway() {
    let (port, ca) = server(30, Speaks::Http1).await;
    let url = format!("https://localhost:{port}/");
    let evidence = failure(run("http", json!({"url": url})).await);
    assert!(evidence.error.starts_with("can't connect: invalid peer certificate"), "{}", evidence.error);
    assert_eq!(evidence.certificate.unwrap().names, ["localhost"]);
    let other = json!({"url": url, "tls": {"ca": ca, "server_name": "shop.example"}});
    assert!(failure(run("http", other).await).error.contains("certificate"));
    let anyway = json!({"url": url, "tls": {"insecure": true}, "expect": {"status": 500}});
    let evidence = failure(run("http", anyway).await);
    assert_eq!(evidence.error, "answered 200; 500 is wanted");
    assert_eq!(evidence.certificate.unwrap().protocol, "1.3");
}

#[tokio::test]
async fn whatever_is_wrong_with_a_certificate_fails_and_is_named() {
    async fn check(expect: &str, change: impl FnOnce(&mut CertificateParams)) {
        let (acceptor, ca) = acceptor_with(&[], change);
        let port = listen(acceptor, Speaks::Http1).await;
        let asked = json!({"url": format!("https://localhost:{port}/"), "tls": {"ca": ca}});
        let evidence = failure(run("http", asked).await);
        let said = evidence.error.strip_prefix("can't connect: invalid peer certificate: ");
        assert!(said.is_some_and(|said| said.contains(expect)), "{expect}: {}", evidence.error);
        assert!(evidence.certificate.is_some(), "{expect}: no certificate");
    }
    check("expired", |leaf| ends(leaf, -1)).await;
    check("not valid yet", |leaf| begins(leaf, 2)).await;
    check("not valid for name", |leaf| {
        leaf.subject_alt_names = vec![SanType::DnsName("shop.example".try_into().unwrap())]
    })
    .await;
    check("not valid for name", |leaf| {
        leaf.subject_alt_names.clear();
        leaf.distinguished_name.push(DnType::CommonName, "localhost");
    })
    .await;
    check("server authentication", |leaf| leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]).await;
    check("CaUsedAsEndEntity", |leaf| leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)).await;
}

#[tokio::test]
async fn a_certificate_that_vouches_for_itself_fails() {
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let port = listen(presenting(leaf.der().clone(), &key, &[]), Speaks::Http1).await;
    let evidence = failure(run("tls", json!({"address": format!("localhost:{port}")})).await);
    assert!(evidence.error.contains("UnknownIssuer"), "{}", evidence.error);
}

#[tokio::test]
async fn a_chain_that_ends_too_soon_fails_though_it_is_still_good() {
    let (port, ca) = server(5, Speaks::Http1).await;
    let tls = json!({"address": format!("localhost:{port}"), "tls": {"ca": ca}, "days_left": 14});
    let evidence = failure(run("tls", tls).await);
    assert!(evidence.error.starts_with("the first certificate of the chain ends in 5 days"), "{}", evidence.error);
    let tls = json!({"address": format!("localhost:{port}"), "tls": {"ca": ca}, "days_left": 4});
    assert_eq!(run("tls", tls).await.outcome, Outcome::Passed);
}

#[tokio::test]
async fn tls_begins_on_a_mail_servers_word_and_not_after_words_in_clear() {
    let (port, ca) = server(30, Speaks::Smtp).await;
    let tls = json!({"address": format!("localhost:{port}"), "tls": {"ca": ca}, "starttls": "smtp"});
    assert_eq!(run("tls", tls.clone()).await.outcome, Outcome::Passed);
    let dialogue = json!([
        {"expect": "^220 ", "send": "EHLO me"},
        {"expect": "^250-STARTTLS"},
        {"expect": "^250 ", "send": "STARTTLS"},
        {"expect": "^220 ", "starttls": true},
        {"expect": "^250 safe (now)", "send": "QUIT ${1}"}
    ]);
    let tcp = json!({"address": format!("localhost:{port}"), "tls": {"ca": ca}, "dialogue": dialogue});
    assert_eq!(run("tcp", tcp).await.outcome, Outcome::Passed);
    let (port, ca) = server(30, Speaks::InjectedSmtp).await;
    let tls = json!({"address": format!("localhost:{port}"), "tls": {"ca": ca}, "starttls": "smtp"});
    assert_eq!(failure(run("tls", tls).await).error, "can't connect: the server said more before TLS began");
}

#[tokio::test]
async fn a_port_that_is_open_passes_and_a_line_that_never_comes_fails() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"hello\n").await;
        }
    });
    assert_eq!(run("tcp", json!({"address": address})).await.outcome, Outcome::Passed);
    let evidence = failure(run("tcp", json!({"address": address, "dialogue": [{"expect": "^bye"}]})).await);
    assert_eq!(evidence.error, "the answer broke off: the server hung up before a line matched \"^bye\"");
    assert_eq!(evidence.body_excerpt.as_deref(), Some("hello\n"));
}
