//! From flip to the client's event: opens streams over loopback, flips a flag, and tells when the clients hear of it,
//! and what a stream costs. `cargo run --release -p serving --example flip_bench -- [STREAMS] [FLIPS]`.
//!
//! Clients and server share the machine and, with them, its cores.
#![expect(clippy::print_stdout, reason = "it tells what it measured")]

use std::{
    fs,
    net::Ipv4Addr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Extension, serve::ListenerExt};
use flagd::{Bucketing, Document, Set};
use serde_json::json;
use serving::{Board, Scope, Serving, ofrep, stream::Limits, tally::Tally};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let streams = arguments.next().transpose()?.unwrap_or(1000);
    let flips = arguments.next().transpose()?.unwrap_or(100);

    let board = Board::new();
    board.publish("production", set("on")?);
    let limits = Limits { burst: u32::MAX, ..Limits::default() };
    let serving = Serving::new(Arc::clone(&board), Arc::new(Tally::default()), limits);
    let router = ofrep::router(serving).layer(Extension(Scope::all("production")));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let listener = listener.tap_io(|stream| {
        // Measuring goes on without it.
        let _ = stream.set_nodelay(true);
    });
    tokio::spawn(async move { axum::serve(listener, router).await });

    let before = resident_bytes()?;
    let (told, mut heard) = mpsc::unbounded_channel();
    for _ in 0..streams {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"GET /ofrep/v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
        let told = told.clone();
        tokio::spawn(async move { listen(stream, told).await });
    }
    // Each stream begins with a message, since the set is new.
    for _ in 0..streams {
        heard.recv().await.ok_or("all streams ended")?;
    }
    let after = resident_bytes()?;

    let mut times = Vec::with_capacity(streams * flips);
    for flip in 0..flips {
        let flags = set(if flip % 2 == 0 { "off" } else { "on" })?;
        let start = Instant::now();
        board.publish("production", flags);
        for _ in 0..streams {
            let at: Instant = heard.recv().await.ok_or("all streams ended")?;
            times.push(at.duration_since(start));
        }
        // Messages to one client keep a distance; the next flip is a flip of its own.
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    times.sort_unstable();
    let at = |share: usize| times.get((times.len() - 1) * share / 1000).copied().unwrap_or_default();
    println!("{streams} streams, {flips} flips: p50 {:?}, p99 {:?}, longest {:?}", at(500), at(990), at(1000));
    println!("{} bytes of memory per stream, both ends of it", after.saturating_sub(before) / streams.max(1));
    Ok(())
}

fn set(release: &str) -> Result<Arc<Set>, Error> {
    let document = json!({ "flags": {
        "release": { "state": "ENABLED", "variants": { "on": true, "off": false }, "defaultVariant": release },
    } });
    let (document, _) = Document::read(document.to_string().as_bytes()).map_err(|problem| problem.to_string())?;
    Ok(Arc::new(document.compile(Bucketing::default())))
}

/// Tells when a message comes.
async fn listen(mut stream: TcpStream, told: mpsc::UnboundedSender<Instant>) {
    let mut piece = vec![0; 1024];
    while let Ok(length @ 1..) = stream.read(&mut piece).await {
        let at = Instant::now();
        let news = piece.get(..length).is_some_and(|piece| piece.windows(17).any(|text| text == b"refetchEvaluation"));
        if news && told.send(at).is_err() {
            return;
        }
    }
}

/// What the process has in memory.
fn resident_bytes() -> Result<usize, Error> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kib: usize = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024)
}
