//! What a check asks for, and what a good answer is.

mod assertion;
mod http;
mod network;

use std::time::Duration;

use jiff::civil::Time;
use kernel::{EntityRef, Weekday};
use serde::{Deserialize, Serialize};

pub use assertion::{Assertion, Phase, Relation, Subject};
pub use http::{Expectation, Extract, HttpCheck, JourneyCheck, Method, Source, StatusRange, Step};
pub use network::{
    DnsCheck, Exchange, ExecCheck, Expected, GrpcCheck, HeartbeatCheck, IcmpCheck, StartTls, TcpCheck, TlsCheck,
    WebSocketCheck,
};

/// One check, complete and valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckDefinition {
    /// The check itself, such as `check:default/storefront-buys`.
    pub check: EntityRef,
    /// What users reach by this path: the component that is broken when the check fails.
    pub target: EntityRef,
    /// What else lies on the path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<EntityRef>,
    /// What is asked for.
    pub kind: CheckKind,
    /// From the start of one run to the start of the next.
    pub interval_ms: u64,
    /// After how long a run has failed.
    pub timeout_ms: u64,
    /// Failing runs in a row that make the check down.
    pub failures_to_down: u32,
    /// Good runs in a row that make it up again.
    pub successes_to_up: u32,
    /// How bad it is when this path is broken.
    pub severity: Severity,
    /// The locations that run it; all if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<String>,
    /// How many locations must agree that it is down.
    #[serde(default, skip_serializing_if = "is_default")]
    pub agreement: Agreement,
    /// When a good answer is slow compared with the past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slowness: Option<Slowness>,
    /// When it isn't judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub maintenance: Vec<Maintenance>,
}

/// The sorts of check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// One HTTP request.
    Http(HttpCheck),
    /// Several, as one user makes them.
    Journey(JourneyCheck),
    /// A TCP connection.
    Tcp(TcpCheck),
    /// A TLS handshake.
    Tls(TlsCheck),
    /// A question to a name server.
    Dns(DnsCheck),
    /// Echo requests.
    Icmp(IcmpCheck),
    /// The gRPC health protocol.
    Grpc(GrpcCheck),
    /// A WebSocket.
    #[serde(rename = "websocket")]
    WebSocket(WebSocketCheck),
    /// A job that must report.
    Heartbeat(HeartbeatCheck),
    /// A program beside the probe.
    Exec(ExecCheck),
}

impl CheckKind {
    /// The sort's word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Http(_) => "HTTP",
            Self::Journey(_) => "journey",
            Self::Tcp(_) => "TCP",
            Self::Tls(_) => "TLS",
            Self::Dns(_) => "DNS",
            Self::Icmp(_) => "ping",
            Self::Grpc(_) => "gRPC",
            Self::WebSocket(_) => "WebSocket",
            Self::Heartbeat(_) => "heartbeat",
            Self::Exec(_) => "plugin",
        }
    }
}

/// What is asked of TLS.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsOptions {
    /// Take any certificate, for a machine of one's own; what it is is still seen.
    #[serde(default, skip_serializing_if = "is_default")]
    pub insecure: bool,
    /// The name that is asked for and must be in the certificate, if it isn't the address's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// Certificates in PEM that are trusted instead of the machine's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
}

/// Over which version of IP a check goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IpVersion {
    /// Whichever answers first.
    #[default]
    Any,
    /// IPv4 alone.
    V4,
    /// IPv6 alone.
    V6,
}

/// How many locations must agree before a check is down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// Two, or the only one there is.
    #[default]
    Two,
    /// So many.
    AtLeast(u32),
    /// So many of a hundred of those that report, rounded up.
    Percent(u8),
}

/// When a good answer is slow compared with the location's own recent past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slowness {
    /// It took more than so many percent of the usual time: 300 is three times as long.
    pub percent: u32,
    /// And longer than this, however short the usual time is.
    pub at_least_ms: u64,
}

/// A time, again and again, in which a check isn't judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maintenance {
    /// On these days, by the start; every day if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Weekday>,
    /// From this local time on.
    pub from: Time,
    /// For so long.
    pub duration_ms: u64,
    /// The zone's IANA name.
    pub time_zone: String,
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// How bad it is when a path is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It can wait for the morning.
    Low,
    /// It should not wait.
    High,
    /// Users can't do what they came for.
    Critical,
}

impl CheckDefinition {
    /// From the start of one run to the start of the next.
    #[must_use]
    pub fn interval(&self) -> Duration {
        Duration::from_millis(self.interval_ms)
    }

    /// After how long a run has failed.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// Everything on the critical path, the target first.
    #[must_use]
    pub fn critical_path(&self) -> Vec<EntityRef> {
        std::iter::once(&self.target).chain(&self.path).cloned().collect()
    }

    /// How long without a result is silence: three intervals, and the time that a run may take.
    #[must_use]
    pub fn silent_after(&self) -> Duration {
        self.interval().saturating_mul(3).saturating_add(self.timeout())
    }

    /// What the check asks for, in a few words: `GET https://shop.example/`.
    #[must_use]
    pub fn request(&self) -> String {
        match &self.kind {
            CheckKind::Http(http) => format!("{} {}", http.method.as_str(), crate::shown(&http.url)),
            CheckKind::Journey(journey) => match journey.steps.as_slice() {
                [only] => only.name.clone(),
                [first, .., last] => {
                    format!("a journey of {} steps, {} to {}", journey.steps.len(), first.name, last.name)
                }
                [] => "an empty journey".to_owned(),
            },
            CheckKind::Tcp(tcp) => format!("TCP {}", tcp.address),
            CheckKind::Tls(tls) => format!("TLS {}", tls.address),
            CheckKind::Dns(dns) => {
                let server = dns.server.as_ref().map_or_else(String::new, |server| format!(" at {server}"));
                format!("DNS {} {}{server}", dns.record, dns.name)
            }
            CheckKind::Icmp(icmp) => format!("ping {}", icmp.host),
            CheckKind::Grpc(grpc) if grpc.service.is_empty() => format!("gRPC health of {}", grpc.address),
            CheckKind::Grpc(grpc) => format!("gRPC health of {} at {}", grpc.service, grpc.address),
            CheckKind::WebSocket(socket) => format!("WebSocket {}", crate::shown(&socket.url)),
            CheckKind::Heartbeat(heartbeat) => match &heartbeat.expected {
                Expected::Every(ms) => format!("a report every {}", in_words(Duration::from_millis(*ms))),
                Expected::Cron { expression, time_zone } => format!("a report at \"{expression}\" in {time_zone}"),
            },
            CheckKind::Exec(exec) => format!("run {}", exec.command),
        }
    }

    /// True if probes run it: a heartbeat comes by itself.
    #[must_use]
    pub fn is_run(&self) -> bool {
        !matches!(self.kind, CheckKind::Heartbeat(_))
    }

    /// True if this location runs it.
    #[must_use]
    pub fn is_for(&self, location: &str) -> bool {
        self.is_run() && (self.locations.is_empty() || self.locations.iter().any(|wanted| wanted == location))
    }
}

fn in_words(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds > 0 && seconds % 86_400 == 0 => format!("{} d", seconds / 86_400),
        seconds if seconds > 0 && seconds % 3_600 == 0 => format!("{} h", seconds / 3_600),
        seconds if seconds > 0 && seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

impl Severity {
    /// Every severity, the worst first.
    pub const ALL: [Self; 3] = [Self::Critical, Self::High, Self::Low];

    /// The severity's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Low => "low",
        }
    }
}
