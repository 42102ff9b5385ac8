//! A connection on which lines are said, and on which TLS may begin later.

use checks::{Phase, TlsOptions};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::{Fault, http::BODY_BYTES, tls::Tls};
use crate::trace::Trace;

/// The longest line that is read.
const LINE_BYTES: u64 = 8 * 1024;

/// What bytes go over.
trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// A connection on which lines are said.
pub(crate) struct Lines {
    stream: BufReader<Box<dyn Duplex>>,
}

impl Lines {
    /// On this connection.
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream: BufReader::new(Box::new(stream)) }
    }

    /// Reads one line, without its end; none at the end of the connection. What is read is kept as the run's body.
    pub(crate) async fn read(&mut self, trace: &mut Trace) -> Result<Option<String>, Fault> {
        let mut line = Vec::new();
        let mut bounded = (&mut self.stream).take(LINE_BYTES);
        bounded.read_until(b'\n', &mut line).await.map_err(|error| Fault::BrokeOff(error.to_string()))?;
        if line.is_empty() {
            return Ok(None);
        }
        if trace.body.len() + line.len() > BODY_BYTES {
            return Err(Fault::BrokeOff("the server said more than 1 MiB".to_owned()));
        }
        trace.body.extend_from_slice(&line);
        Ok(Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()))
    }

    /// Says a line. Its end is CR LF, as in the protocols of lines (RFC 5321, section 2.3.8).
    pub(crate) async fn say(&mut self, line: &str) -> Result<(), Fault> {
        let sent = async {
            self.stream.write_all(line.as_bytes()).await?;
            self.stream.write_all(b"\r\n").await?;
            self.stream.flush().await
        };
        sent.await.map_err(|error: std::io::Error| Fault::Request(error.to_string()))
    }

    /// TLS begins. What came before it in clear and was not read yet would be taken for what came after it: such a
    /// connection is given up (RFC 3207, section 4.2).
    pub(crate) async fn begin_tls(
        self,
        tls: &Tls,
        host: &str,
        options: &TlsOptions,
        trace: &mut Trace,
    ) -> Result<Self, Fault> {
        if !self.stream.buffer().is_empty() {
            return Err(Fault::Connect("the server said more before TLS began".to_owned()));
        }
        let stream = tls.handshake(self.stream.into_inner(), host, options, &[], trace).await?;
        trace.begin(Phase::Transfer);
        Ok(Self { stream: BufReader::new(Box::new(stream)) })
    }
}
