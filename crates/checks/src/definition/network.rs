//! What is asked for below HTTP, or beside it.

use serde::{Deserialize, Serialize};

use super::{Assertion, IpVersion, TlsOptions, is_default};

/// A TCP connection, and perhaps a few words on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TcpCheck {
    /// Host and port.
    pub address: String,
    /// TLS from the start, and what is asked of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsOptions>,
    /// What is said, in order; blackbox_exporter's `query_response`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dialogue: Vec<Exchange>,
    /// Over which version of IP.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ip: IpVersion,
    /// What else must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assertions: Vec<Assertion>,
}

/// One part of what is said on a TCP connection, in this order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// Lines are read until one matches this pattern.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<String>,
    /// Then this line is sent; `${1}` is the pattern's first group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send: Option<String>,
    /// Then TLS begins.
    #[serde(default, skip_serializing_if = "is_default")]
    pub starttls: bool,
}

/// A TLS handshake: the chain is valid for the name, and not about to expire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsCheck {
    /// Host and port.
    pub address: String,
    /// What is asked of it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tls: TlsOptions,
    /// What is said before TLS begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starttls: Option<StartTls>,
    /// A chain that ends sooner than in so many days has failed.
    pub days_left: u32,
    /// What else must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assertions: Vec<Assertion>,
}

/// The protocols on which TLS begins later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartTls {
    /// RFC 3207.
    Smtp,
    /// RFC 2595.
    Imap,
    /// RFC 2595.
    Pop3,
}

/// A question to a name server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsCheck {
    /// The server, with or without a port; none for those of the probe's machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The name that is asked for.
    pub name: String,
    /// The type of record, such as `A` or `MX`.
    pub record: String,
    /// Over TCP instead of UDP.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tcp: bool,
    /// The response codes that are good, such as `NOERROR`.
    pub rcodes: Vec<String>,
    /// What else must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assertions: Vec<Assertion>,
}

/// Echo requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IcmpCheck {
    /// The host.
    pub host: String,
    /// How many are sent; one answer is enough unless an assertion says otherwise.
    pub count: u8,
    /// Bytes of payload.
    pub payload_bytes: u16,
    /// Over which version of IP.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ip: IpVersion,
    /// What else must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assertions: Vec<Assertion>,
}

/// A question of the gRPC health protocol: `grpc.health.v1.Health/Check` must answer `SERVING`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrpcCheck {
    /// Host and port.
    pub address: String,
    /// The service; empty for the server itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub service: String,
    /// TLS, and what is asked of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsOptions>,
    /// Metadata, as headers are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metadata: Vec<(String, String)>,
    /// What else must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assertions: Vec<Assertion>,
}

/// A WebSocket (RFC 6455), and perhaps a message and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebSocketCheck {
    /// The address: ws or wss.
    pub url: String,
    /// Header names and values of the handshake.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// A text message to send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send: Option<String>,
    /// Whether one message is waited for, as the answer's body.
    #[serde(default, skip_serializing_if = "is_default")]
    pub receive: bool,
    /// What is asked of TLS.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tls: TlsOptions,
    /// What else must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assertions: Vec<Assertion>,
}

/// A job that must report: no probe runs it, the server waits for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartbeatCheck {
    /// When it is expected.
    pub expected: Expected,
    /// How late its report may be.
    pub grace_ms: u64,
    /// How long it may take from start to end, if it reports both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_run_ms: Option<u64>,
}

/// When a job is expected to report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// So many milliseconds after its last report.
    Every(u64),
    /// At the times of a cron expression, in a zone.
    Cron {
        /// Five fields, as in crontab(5).
        expression: String,
        /// The zone's IANA name.
        time_zone: String,
    },
}

/// A program beside the probe that keeps to the contract of Nagios' plugins: exit 0, 1, 2 or 3 for ok, warning, critical
/// and unknown, and one line of text with performance data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecCheck {
    /// The program's name in the folder that the probe's operator allows.
    pub command: String,
    /// Its arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// What else must hold, of the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assertions: Vec<Assertion>,
}
