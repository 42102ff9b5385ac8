//! HTTP servers that answer as a test wants, well or badly.

use std::{
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// A server on a port of its own, for as long as the test runs.
pub(crate) struct Server {
    port: u16,
    requests: Arc<AtomicUsize>,
    accepting: tokio::task::JoinHandle<()>,
}

/// What the server does with a request.
pub(crate) struct Reply {
    wait: Duration,
    bytes: Vec<u8>,
    then: Then,
}

/// What follows the bytes.
enum Then {
    Close,
    Stall,
    GoOn,
}

impl Reply {
    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self::bytes(status, body.as_bytes().to_vec())
    }

    pub(crate) fn bytes(status: u16, body: Vec<u8>) -> Self {
        Self::raw(&format!("HTTP/1.1 {status} As Played\r\ncontent-length: {}\r\n\r\n", body.len()), &body, Then::Close)
    }

    pub(crate) fn with_headers(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!("HTTP/1.1 {status} As Played\r\n{headers}content-length: {}\r\n\r\n", body.len());
        Self::raw(&head, body.as_bytes(), Then::Close)
    }

    /// These bytes, whatever HTTP says to them.
    pub(crate) fn unframed(bytes: &str) -> Self {
        Self::raw(bytes, b"", Then::Close)
    }

    pub(crate) fn redirect(status: u16, to: &str) -> Self {
        let head = format!("HTTP/1.1 {status} Elsewhere\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
        Self::raw(&head, b"", Then::Close)
    }

    pub(crate) fn endless() -> Self {
        Self::raw("HTTP/1.1 200 OK\r\n\r\n", &[b'x'; 1024], Then::GoOn)
    }

    pub(crate) fn stalls_after(part: &str) -> Self {
        Self::raw("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", part.as_bytes(), Then::Stall)
    }

    pub(crate) fn nothing() -> Self {
        Self::raw("", b"", Then::Stall)
    }

    pub(crate) fn breaks_off() -> Self {
        Self::raw("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", b"half of it", Then::Close)
    }

    pub(crate) fn after_ms(mut self, millis: u64) -> Self {
        self.wait = Duration::from_millis(millis);
        self
    }

    fn raw(head: &str, body: &[u8], then: Then) -> Self {
        Self { wait: Duration::ZERO, bytes: [head.as_bytes(), body].concat(), then }
    }
}

impl Server {
    /// Answers every request with what `reply` makes of it.
    pub(crate) async fn start(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        let reply = Arc::new(reply);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (reply, counted) = (Arc::clone(&reply), Arc::clone(&counted));
                tokio::spawn(async move {
                    let mut stream = stream;
                    let request = request(&mut stream).await;
                    counted.fetch_add(1, Ordering::Relaxed);
                    let _ = answer(&mut stream, reply(&request)).await;
                });
            }
        });
        Self { port, requests, accepting }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// The address of a port on which nobody listens.
    pub(crate) async fn closed_port_url() -> String {
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        format!("http://127.0.0.1:{port}/")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// The head, and as much of the body as its length says. Whoever speaks TLS (RFC 8446, section 5.1: the first byte is
/// 22) is answered at once.
async fn request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 || bytes.first() == Some(&22) {
            return text;
        }
    }
}

async fn answer(stream: &mut TcpStream, reply: Reply) -> std::io::Result<()> {
    tokio::time::sleep(reply.wait).await;
    stream.write_all(&reply.bytes).await?;
    match reply.then {
        Then::Close => stream.shutdown().await,
        Then::Stall => std::future::pending().await,
        Then::GoOn => loop {
            stream.write_all(&[b'x'; 1024]).await?;
        },
    }
}

/// The address of a TLS server whose certificate nobody trusts; it takes one connection.
pub(crate) fn untrusted_tls() -> String {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("untrusted.cert.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("untrusted.key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let connection = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        // The client hangs up during the handshake.
        let _ = rustls::StreamOwned::new(connection, stream).write_all(b"HTTP/1.1 200 OK\r\n\r\n");
    });
    url
}
