//! Serves invented flags by OFREP without asking for tokens, to be measured:
//! `cargo run --release -p serving --example serve -- --flags 350 --port 7071 --threads 1`.
//!
//! Every third flag is static, every third has a rule, every third is rolled out by percentage.
#![expect(clippy::print_stdout, reason = "it says where it listens")]

use std::{net::Ipv4Addr, sync::Arc};

use axum::{Extension, serve::ListenerExt};
use flagd::{Bucketing, Document};
use serde_json::{Map, Value, json};
use serving::{Board, Scope, Serving, ofrep, stream::Limits, tally::Tally};
use tokio::net::TcpListener;

type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    let (flags, port, threads) = (number("--flags", 5)?, number("--port", 0)?, number("--threads", 1)?);
    let runtime = if threads == 1 {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?
    } else {
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?
    };
    runtime.block_on(serve(flags, u16::try_from(port)?))
}

/// The number after an option's name.
fn number(option: &str, default: usize) -> Result<usize, Error> {
    let mut arguments = std::env::args().skip_while(|argument| argument != option);
    match arguments.nth(1) {
        None => Ok(default),
        Some(number) => Ok(number.parse().map_err(|_| format!("{option} {number} is no number"))?),
    }
}

async fn serve(flags: usize, port: u16) -> Result<(), Error> {
    let document = json!({ "flags": (0..flags).map(flag).collect::<Map<_, _>>() }).to_string();
    let (document, problems) = Document::read(document.as_bytes()).map_err(|problem| problem.to_string())?;
    if let Some(problem) = problems.first() {
        return Err(problem.to_string().into());
    }
    let board = Board::new();
    board.publish("production", Arc::new(document.compile(Bucketing::default())));
    let serving = Serving::new(board, Arc::new(Tally::default()), Limits::default());
    let router = ofrep::router(serving).layer(Extension(Scope::all("production")));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("http://{}/ofrep/v1/evaluate/flags", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        // Measuring goes on without it.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await?;
    Ok(())
}

fn flag(number: usize) -> (String, Value) {
    let targeting = match number % 3 {
        0 => json!({}),
        1 => json!({ "if": [{ "ends_with": [{ "var": "email" }, "@acme.test"] }, "on", "off"] }),
        _ => json!({ "fractional": [["on", 25], ["off", 75]] }),
    };
    let flag = json!({
        "state": "ENABLED", "variants": { "on": true, "off": false }, "defaultVariant": "off", "targeting": targeting,
    });
    (format!("flag-{number}"), flag)
}
