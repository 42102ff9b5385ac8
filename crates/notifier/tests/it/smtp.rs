use std::time::Duration;

use notifier::{Class, Failure, Receipt, Settings};
use paging::Channel;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    time::Instant,
};

use crate::{RETRY, deliver};

/// At which step a server behaves how.
#[derive(Debug, Clone, Copy)]
enum Behaviour {
    /// It answers a command that begins so with this line.
    Says(&'static str, &'static str),
    /// It answers nothing to a command that begins so. From there on time is virtual.
    Hangs(&'static str),
    /// It closes the connection in the middle of the text.
    Drops,
}

/// A server for one connection. Behind `""` is the greeting, and behind `"."` the end of the text.
async fn server(behaviour: Behaviour) -> (u16, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        talk(&mut stream, behaviour).await
    });
    (port, served)
}

async fn talk(stream: &mut TcpStream, behaviour: Behaviour) -> Vec<String> {
    let (read, mut write) = stream.split();
    let mut lines = BufReader::new(read).lines();
    let (mut seen, mut text) = (Vec::new(), false);
    let mut command = String::new();
    loop {
        let usual = match command.get(..4).unwrap_or(&command) {
            "" => "220 ready",
            "EHLO" => "250-here\r\n250 AUTH PLAIN",
            "AUTH" => "235 welcome",
            "DATA" => "354 go on",
            "." => "250 2.0.0 Ok: queued as 4F1B2C",
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        let says = match behaviour {
            Behaviour::Says(at, said) if matches(&command, at) => said,
            Behaviour::Hangs(at) if matches(&command, at) => {
                tokio::time::pause();
                ""
            }
            Behaviour::Says(..) | Behaviour::Hangs(_) | Behaviour::Drops => usual,
        };
        if !says.is_empty() && write.write_all(format!("{says}\r\n").as_bytes()).await.is_err() {
            return seen;
        }
        text = says.starts_with("354") || (text && command != ".");
        loop {
            let Ok(Some(line)) = lines.next_line().await else { return seen };
            seen.push(line.clone());
            if !text || line == "." {
                command = line;
                break;
            }
            if matches!(behaviour, Behaviour::Drops) {
                return seen;
            }
        }
    }
}

fn matches(command: &str, at: &str) -> bool {
    if at.is_empty() { command.is_empty() } else { command.starts_with(at) }
}

fn settings(port: u16) -> Settings {
    let url = format!("smtp://mainstay:secret-word@127.0.0.1:{port}?tls=none");
    Settings { smtp_url: Some(url), mail_from: Some("Mainstay <m@example.com>".to_owned()), ..Settings::default() }
}

async fn mail(behaviour: Behaviour) -> (Result<Receipt, Failure>, Vec<String>) {
    let (port, served) = server(behaviour).await;
    let sent = deliver(settings(port), Channel::Email, "anna@example.org").await;
    (sent, served.await.unwrap())
}

async fn check(at: &'static str, said: &'static str, class: Class) {
    let failure = mail(Behaviour::Says(at, said)).await.0.unwrap_err();
    assert_eq!(failure.class, class, "{at} {said}: {failure:?}");
    assert!(!failure.error.contains("secret-word"), "{failure:?}");
}

#[tokio::test]
async fn mail_is_handed_over() {
    let (sent, seen) = mail(Behaviour::Says("none", "")).await;
    let receipt = sent.unwrap();
    assert_eq!(receipt.provider_id.as_deref(), Some("4F1B2C"));
    assert_eq!(receipt.answer, "250 2.0.0 Ok: queued as 4F1B2C");
    let seen = seen.join("\n");
    for line in ["MAIL FROM:<m@example.com>", "RCPT TO:<anna@example.org>", "To: anna@example.org", "QUIT"] {
        assert!(seen.contains(line), "{line} is missing in {seen}");
    }
}

#[tokio::test]
async fn a_refusal_of_this_mail_is_told_from_one_of_all_mail() {
    check("RCPT", "550 5.1.1 no such user", Class::Permanent).await;
    check(".", "554 5.7.1 looks like spam", Class::Permanent).await;
    check("DATA", "554 no", Class::Permanent).await;
    check("AUTH", "535 5.7.8 wrong password", Class::Misconfigured).await;
    check("MAIL", "550 5.7.1 not your domain", Class::Misconfigured).await;
    check("RCPT", "530 5.7.0 log in first", Class::Misconfigured).await;
    check("", "554 no service for you", Class::Misconfigured).await;
}

#[tokio::test]
async fn a_server_that_quotes_login_or_receiver_is_kept_without_them() {
    // What goes over the line of the name "mainstay" and the password "secret-word".
    for (at, said) in [
        ("AUTH", "535 5.7.8 bad login secret-word"),
        ("AUTH", "535 5.7.8 AUTH PLAIN AG1haW5zdGF5AHNlY3JldC13b3Jk is wrong"),
        ("AUTH", "535 5.7.8 c2VjcmV0LXdvcmQ= is wrong"),
        ("RCPT", "550 5.1.1 <anna@example.org>: no such user"),
    ] {
        let failure = mail(Behaviour::Says(at, said)).await.0.unwrap_err();
        for secret in ["secret-word", "AG1haW5zdGF5AHNlY3JldC13b3Jk", "c2VjcmV0LXdvcmQ=", "anna@example.org"] {
            assert!(!failure.error.contains(secret), "{failure:?}");
        }
        assert!(failure.error.contains('…'), "{failure:?}");
    }
    let receipt = mail(Behaviour::Says(".", "250 2.0.0 for anna@example.org: queued as 4F1B2C")).await.0.unwrap();
    assert_eq!(receipt.answer, "250 2.0.0 for …: queued as 4F1B2C");
    assert_eq!(receipt.provider_id.as_deref(), Some("4F1B2C"));
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    check("", "421 too many connections", RETRY).await;
    check("AUTH", "454 4.7.0 try later", RETRY).await;
    check("RCPT", "452 4.2.2 mailbox full", RETRY).await;
    check(".", "451 4.3.0 queue trouble", RETRY).await;
    let later = Class::Retry { after: Some(Duration::from_secs(60)) };
    check("RCPT", "450 4.2.0 Greylisted, see http://postgrey.example", later).await;
    check("EHLO", "what?", RETRY).await;
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_text_is_no_success() {
    let failure = mail(Behaviour::Drops).await.0.unwrap_err();
    assert_eq!(failure.class, RETRY, "{failure:?}");
}

#[tokio::test]
async fn a_server_that_hangs_at_any_step_is_given_up() {
    for at in ["", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "."] {
        let begun = Instant::now();
        let failure = mail(Behaviour::Hangs(at)).await.0.unwrap_err();
        assert_eq!(failure.class, RETRY, "{at}: {failure:?}");
        let took = begun.elapsed().as_secs();
        assert!((15..=16).contains(&took), "{at}: {took}");
        tokio::time::resume();
    }
}

#[tokio::test]
async fn a_server_that_hangs_after_it_took_the_mail_took_it() {
    mail(Behaviour::Hangs("QUIT")).await.0.unwrap();
}

#[tokio::test]
async fn without_starttls_nothing_is_sent() {
    let (port, served) = server(Behaviour::Says("none", "")).await;
    let url = format!("smtp://mainstay:secret-word@127.0.0.1:{port}");
    let failure = deliver(Settings { smtp_url: Some(url), ..settings(port) }, Channel::Email, "a@example.org").await;
    assert_eq!(failure.unwrap_err().class, Class::Misconfigured);
    let seen = served.await.unwrap();
    assert!(!seen.iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")), "{seen:?}");
}

#[tokio::test]
async fn nobody_there_is_tried_again() {
    let failure = deliver(settings(9), Channel::Email, "anna@example.org").await.unwrap_err();
    assert_eq!(failure.class, RETRY, "{failure:?}");
}
