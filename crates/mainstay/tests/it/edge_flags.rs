//! The relay, in a process of its own, while the server comes and goes.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use crate::harness::{Server, found, home};

/// What is answered to a request over HTTP.
fn ask(url: &str, method: &str, path: &str, headers: &str) -> String {
    let address = url.strip_prefix("http://").expect("it is an address");
    let mut stream = TcpStream::connect(address).expect("somebody listens");
    let request = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).expect("it listens");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

fn evaluate(url: &str) -> String {
    ask(url, "POST", "/ofrep/v1/evaluate/flags/dark-mode", "content-length: 0\r\n")
}

#[track_caller]
fn until(url: &str, wanted: &str) {
    found(&format!("{wanted} is looked for"), || evaluate(url).contains(wanted).then_some(()));
}

#[test]
fn the_relay_hears_of_flips_and_answers_while_the_server_is_away() {
    let home = home();
    let server = Server::start(home.path(), &["--flagd-listen", "127.0.0.1", "--flagd-ports", "0,0,0,0"]);
    server.verb(&["flag", "create", "dark-mode"]).exits(0);
    server.verb(&["flag", "on", "dark-mode"]).exits(0);
    let create = ["token", "create", "relay", "--scope", "evaluate", "--environment", "production"];
    let token = server.verb(&create).exits(0).out.trim().to_owned();

    let relay = Server::relay(home.path(), &server.url, &token);
    until(&relay.url, "\"value\":true");
    server.verb(&["flag", "off", "dark-mode"]).exits(0);
    until(&relay.url, "\"value\":false");
    server.verb(&["flag", "on", "dark-mode"]).exits(0);
    until(&relay.url, "\"value\":true");

    let away = server.url.clone();
    server.kill();
    assert!(evaluate(&relay.url).contains("\"value\":true"), "from memory");
    relay.stop();
    let relay = Server::relay(home.path(), &away, &token);
    until(&relay.url, "\"value\":true");
    assert!(ask(&relay.url, "GET", "/healthz", "").starts_with("HTTP/1.1 200"), "it serves what it kept");
    assert_eq!(relay.stop().0, Some(0));
}
