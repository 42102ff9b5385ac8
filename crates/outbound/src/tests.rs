use std::{io, net::IpAddr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::{Allowed, Caller, Outgoing, sign};

/// A caller, as a server has it.
fn caller(hosts: &[&str]) -> Caller {
    // Another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Caller::new(allowed(hosts)).unwrap()
}

fn allowed(hosts: &[&str]) -> Allowed {
    Allowed::new(&hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>())
}

fn check(hosts: &[&str], host: &str, address: &str, expected: bool) {
    let address: IpAddr = address.parse().unwrap();
    assert_eq!(allowed(hosts).check(host, address).is_ok(), expected, "{hosts:?} {host} {address}");
}

#[test]
fn private_addresses_are_called_only_where_that_is_allowed() {
    check(&[], "hooks.example", "203.0.113.7", true);
    check(&[], "hooks.example", "10.0.0.1", false);
    check(&[], "localhost", "127.0.0.1", false);
    check(&["10.0.0.0/8"], "hooks.example", "10.9.8.7", true);
    check(&["10.0.0.0/8"], "hooks.example", "11.9.8.7", true);
    check(&["10.0.0.0/8"], "hooks.example", "192.168.1.1", false);
    check(&["127.0.0.1"], "127.0.0.1", "127.0.0.1", true);
    check(&["*.internal"], "ci.internal", "192.168.1.1", true);
    check(&["*.internal"], "internal", "192.168.1.1", false);
    check(&["localhost"], "LOCALHOST", "::1", true);
    check(&["10.0.0.0/99"], "x", "10.0.0.1", false);
}

#[test]
fn a_machines_own_credentials_are_never_asked_for() {
    check(&["169.254.0.0/16", "meta"], "meta", "169.254.169.254", false);
    check(&["::/0"], "meta", "fe80::1", false);
}

#[test]
fn the_signature_is_that_of_standard_webhooks() {
    // The example that its libraries share.
    let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let signed = sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
    assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

/// A server that answers one connection after the other with these.
async fn server(answers: Vec<String>) -> io::Result<(u16, tokio::task::JoinHandle<Vec<String>>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let served = tokio::spawn(async move {
        let mut seen = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = vec![0; 65_536];
            let read = stream.read(&mut bytes).await.unwrap();
            seen.push(String::from_utf8_lossy(&bytes[..read]).into_owned());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        seen
    });
    Ok((port, served))
}

fn answer(status: &str, headers: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: 2\r\nconnection: close\r\n\r\nok")
}

fn outgoing(url: String) -> Outgoing {
    let (id, method, body) = ("evt-1".to_owned(), "POST".to_owned(), "{}".to_owned());
    Outgoing { id, method, url, body, key: Some([1; 32]), ..Outgoing::default() }
}

#[tokio::test]
async fn a_call_bears_its_id_and_its_signature() {
    let (port, served) = server(vec![answer("200 OK", "")]).await.unwrap();
    let calling = caller(&["127.0.0.1"]);
    let answered = calling.call(&outgoing(format!("http://127.0.0.1:{port}/hook"))).await.unwrap();
    assert_eq!((answered.status, answered.body.as_str()), (200, "ok"));
    let seen = served.await.unwrap().remove(0).to_lowercase();
    for header in ["idempotency-key: evt-1", "webhook-id: evt-1", "webhook-signature: v1,", "webhook-timestamp: "] {
        assert!(seen.contains(header), "{header} is missing in {seen}");
    }
}

#[tokio::test]
async fn a_private_address_is_refused_by_number_by_name_and_behind_a_redirect() {
    let calling = caller(&[]);
    for url in ["http://127.0.0.1:1/", "http://localhost:1/", "http://[::1]:1/", "http://2130706433:1/"] {
        let failed = calling.call(&outgoing(url.to_owned())).await.unwrap_err();
        assert!(failed.error.contains("private") && !failed.may_pass, "{url}: {failed:?}");
    }
    let to = answer("307 Temporary Redirect", "location: http://10.0.0.1/\r\n");
    let (port, served) = server(vec![to]).await.unwrap();
    let calling = caller(&["127.0.0.1"]);
    let failed = calling.call(&outgoing(format!("http://127.0.0.1:{port}/"))).await.unwrap_err();
    assert!(failed.error.contains("10.0.0.1") && !failed.may_pass, "{failed:?}");
    served.await.unwrap();
}

#[tokio::test]
async fn a_redirect_is_followed_on_the_same_server_and_to_no_other() {
    let on = answer("308 Permanent Redirect", "location: /other\r\n");
    let (port, served) = server(vec![on, answer("200 OK", "")]).await.unwrap();
    let calling = caller(&["127.0.0.1"]);
    let secret = || vec![("x-api-key".to_owned(), "key-of-ann".to_owned())];
    let to = |port: u16| Outgoing { headers: secret(), ..outgoing(format!("http://127.0.0.1:{port}/hook")) };
    assert_eq!(calling.call(&to(port)).await.unwrap().status, 200);
    assert!(served.await.unwrap().iter().all(|seen| seen.contains("key-of-ann")));

    let (other, listening) = server(vec![answer("200 OK", "")]).await.unwrap();
    let away = answer("307 Temporary Redirect", &format!("location: http://127.0.0.1:{other}/?s=hush\r\n"));
    let (port, served) = server(vec![away]).await.unwrap();
    let failed = calling.call(&to(port)).await.unwrap_err();
    assert!(failed.error.contains("another server") && !failed.may_pass, "{failed:?}");
    assert!(!failed.error.contains("hush"), "{failed:?}");
    served.await.unwrap();
    assert!(!listening.is_finished(), "the other server was called");
    listening.abort();
}

#[tokio::test]
async fn what_may_pass_is_told_from_what_will_not() {
    for (status, may_pass) in [("500 Oops", true), ("429 Slow", true), ("404 None", false), ("302 Found", true)] {
        let (port, served) = server(vec![answer(status, "")]).await.unwrap();
        let calling = caller(&["127.0.0.1"]);
        let failed = calling.call(&outgoing(format!("http://127.0.0.1:{port}/"))).await.unwrap_err();
        assert_eq!(failed.may_pass, may_pass, "{failed:?}");
        served.await.unwrap();
    }
    let calling = caller(&["127.0.0.1"]);
    assert!(calling.call(&outgoing("http://127.0.0.1:9/".to_owned())).await.unwrap_err().may_pass);
}
