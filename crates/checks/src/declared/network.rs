//! Reads checks below HTTP, and beside it.

use serde_json::Value;
use spec::{Fields, Wrong, read};
use url::Url;

use crate::{
    DnsCheck, Exchange, ExecCheck, GrpcCheck, IcmpCheck, StartTls, Subject, TcpCheck, TlsCheck, WebSocketCheck,
    pattern, template,
};

use super::{
    TEXT_BYTES, URL_BYTES,
    assertions::assertions,
    http::{header, ip, tls_options},
    templated,
};

pub(super) const TCP_KEYS: [&str; 5] = ["address", "tls", "dialogue", "ip", "assertions"];
pub(super) const TLS_KEYS: [&str; 5] = ["address", "tls", "starttls", "days_left", "assertions"];
pub(super) const DNS_KEYS: [&str; 6] = ["server", "name", "record", "transport", "rcodes", "assertions"];
pub(super) const ICMP_KEYS: [&str; 5] = ["host", "count", "payload_bytes", "ip", "assertions"];
pub(super) const GRPC_KEYS: [&str; 5] = ["address", "service", "tls", "metadata", "assertions"];
pub(super) const WEBSOCKET_KEYS: [&str; 6] = ["url", "headers", "send", "receive", "tls", "assertions"];
pub(super) const EXEC_KEYS: [&str; 3] = ["command", "args", "assertions"];
const OPTIONS: [&str; 3] = ["insecure", "server_name", "ca"];

/// What the opening handshake of a WebSocket says by itself.
const HANDSHAKE: [&str; 6] = [
    "connection",
    "upgrade",
    "sec-websocket-accept",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-version",
];
const EXCHANGES: usize = 20;
const ARGS: usize = 50;
const RCODES: [&str; 10] =
    ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH"];
const RECORDS: [&str; 11] = ["A", "AAAA", "CNAME", "MX", "NS", "TXT", "SOA", "SRV", "CAA", "PTR", "ANY"];

/// `host:port`; an IPv6 address stands in brackets.
fn address(value: &Value) -> Result<String, Wrong> {
    let text = read::text(300)(value)?;
    let form = || Wrong::new("must be a host and a port, such as \"db.example:5432\"");
    let (host, port) = text.rsplit_once(':').ok_or_else(form)?;
    let bracketed = host.starts_with('[') && host.ends_with(']');
    let is_host = !host.is_empty() && (bracketed || !host.contains(':')) && !host.contains(['/', '@', ' ']);
    if is_host && port.parse::<u16>().is_ok_and(|port| port > 0) { Ok(text) } else { Err(form()) }
}

fn host(value: &Value) -> Result<String, Wrong> {
    let text = read::text(253)(value)?;
    let sound = !text.contains(['/', '@', ' ', '?', '#']);
    if sound { Ok(text) } else { Err(Wrong::new("must be a host, such as \"db.example\"")) }
}

fn truth(value: &Value) -> Result<bool, Wrong> {
    value.as_bool().ok_or_else(|| Wrong::new("must be true or false"))
}

fn matching(value: &Value) -> Result<String, Wrong> {
    let text = read::text(TEXT_BYTES)(value)?;
    pattern(&text).map_err(Wrong::new)?;
    Ok(text)
}

/// A line to say; an empty one is a line too.
fn line(value: &Value) -> Result<String, Wrong> {
    if value.as_str() == Some("") { Ok(String::new()) } else { read::text(TEXT_BYTES)(value) }
}

pub(super) fn tcp(fields: &Fields<'_>) -> Option<TcpCheck> {
    let dialogue = fields.objects("dialogue", EXCHANGES, &["expect", "send", "starttls"]);
    let exchange = |fields: &Fields<'_>| Exchange {
        expect: fields.optional("expect", matching),
        // `${1}` is the pattern's first group there, and no template of ours.
        send: fields.optional("send", line),
        starttls: fields.optional("starttls", truth).unwrap_or(false),
    };
    Some(TcpCheck {
        address: fields.required("address", address)?,
        tls: fields.nested("tls", &OPTIONS).map(|tls| tls_options(&tls)),
        dialogue: dialogue.iter().map(exchange).collect(),
        ip: ip(fields),
        assertions: assertions(fields, |subject| {
            matches!(
                subject,
                Subject::Body
                    | Subject::BodySize
                    | Subject::ResponseTime
                    | Subject::PhaseTime(_)
                    | Subject::CertificateDays
                    | Subject::TlsVersion
                    | Subject::Address
                    | Subject::Connected
            )
        }),
    })
}

pub(super) fn tls(fields: &Fields<'_>) -> Option<TlsCheck> {
    let protocols = [("smtp", StartTls::Smtp), ("imap", StartTls::Imap), ("pop3", StartTls::Pop3)];
    let days_left = fields.optional("days_left", read::whole(0, 1_000)).unwrap_or(14);
    Some(TlsCheck {
        address: fields.required("address", address)?,
        tls: fields.nested("tls", &OPTIONS).map(|tls| tls_options(&tls)).unwrap_or_default(),
        starttls: fields.optional("starttls", read::one_of(&protocols)),
        days_left: u32::try_from(days_left).unwrap_or(14),
        assertions: assertions(fields, |subject| {
            matches!(
                subject,
                Subject::ResponseTime
                    | Subject::PhaseTime(_)
                    | Subject::CertificateDays
                    | Subject::TlsVersion
                    | Subject::Address
                    | Subject::Connected
            )
        }),
    })
}

pub(super) fn dns(fields: &Fields<'_>) -> Option<DnsCheck> {
    let record = fields.optional("record", read::one_of(&RECORDS.map(|record| (record, record)))).unwrap_or("A");
    let rcodes = fields.list("rcodes", RCODES.len(), read::one_of(&RCODES.map(|rcode| (rcode, rcode))));
    let rcodes: Vec<String> = rcodes.into_iter().map(str::to_owned).collect();
    Some(DnsCheck {
        server: fields.optional("server", host),
        name: fields.required("name", host)?,
        record: record.to_owned(),
        tcp: fields.optional("transport", read::one_of(&[("udp", false), ("tcp", true)])).unwrap_or(false),
        rcodes: if rcodes.is_empty() { vec!["NOERROR".to_owned()] } else { rcodes },
        assertions: assertions(fields, |subject| {
            matches!(subject, Subject::Rcode | Subject::Answer | Subject::ResponseTime | Subject::Connected)
        }),
    })
}

pub(super) fn icmp(fields: &Fields<'_>) -> Option<IcmpCheck> {
    let whole = |key, min, max, default| fields.optional(key, read::whole(min, max)).unwrap_or(default);
    Some(IcmpCheck {
        host: fields.required("host", host)?,
        count: u8::try_from(whole("count", 1, 20, 3)).unwrap_or(3),
        payload_bytes: u16::try_from(whole("payload_bytes", 0, 1_400, 32)).unwrap_or(32),
        ip: ip(fields),
        assertions: assertions(fields, |subject| {
            matches!(subject, Subject::Loss | Subject::ResponseTime | Subject::Address | Subject::Connected)
        }),
    })
}

pub(super) fn grpc(fields: &Fields<'_>) -> Option<GrpcCheck> {
    Some(GrpcCheck {
        address: fields.required("address", address)?,
        service: fields.optional("service", read::text(200)).unwrap_or_default(),
        tls: fields.nested("tls", &OPTIONS).map(|tls| tls_options(&tls)),
        metadata: fields.pairs("metadata", 50, |name, value| header(name, value, &[], &[])),
        assertions: assertions(fields, |subject| {
            matches!(
                subject,
                Subject::ResponseTime
                    | Subject::PhaseTime(_)
                    | Subject::CertificateDays
                    | Subject::TlsVersion
                    | Subject::Address
                    | Subject::Connected
            )
        }),
    })
}

pub(super) fn websocket(fields: &Fields<'_>) -> Option<WebSocketCheck> {
    let url = fields.required("url", |value| {
        let text = templated(URL_BYTES, &[])(value)?;
        // What stands in a hole is not known yet; the address is looked at again before it is asked.
        let stand_in =
            template::fill(&text, |_| Some("x".to_owned())).map_err(|error| Wrong::new(error.to_string()))?;
        let url = Url::parse(&stand_in).map_err(|error| Wrong::new(format!("is not a web address: {error}")))?;
        if !matches!(url.scheme(), "ws" | "wss") {
            return Err(Wrong::new(format!("has the scheme \"{}\"; a WebSocket has ws or wss", url.scheme())));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Wrong::new("has a user or password in it, which everybody could read"));
        }
        Ok(text)
    });
    Some(WebSocketCheck {
        url: url?,
        headers: fields.pairs("headers", 50, |name, value| {
            if HANDSHAKE.contains(&name.to_lowercase().as_str()) {
                return Err(Wrong::new("is the handshake's own header (RFC 6455, section 4.1); leave it out"));
            }
            header(name, value, &[], &[])
        }),
        send: fields.optional("send", templated(64 * 1024, &[])),
        receive: fields.optional("receive", truth).unwrap_or(false),
        tls: fields.nested("tls", &OPTIONS).map(|tls| tls_options(&tls)).unwrap_or_default(),
        assertions: assertions(fields, |subject| !matches!(subject, Subject::Rcode | Subject::Answer | Subject::Loss)),
    })
}

pub(super) fn exec(fields: &Fields<'_>) -> Option<ExecCheck> {
    let command = fields.required("command", |value| {
        let name = read::text(100)(value)?;
        let sound =
            name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) && !name.starts_with('.');
        if sound { Ok(name) } else { Err(Wrong::new("must be a program's name in the folder that the probe allows")) }
    });
    Some(ExecCheck {
        command: command?,
        args: fields.list("args", ARGS, templated(TEXT_BYTES, &[])),
        assertions: assertions(fields, |subject| {
            matches!(subject, Subject::Status | Subject::Body | Subject::BodySize | Subject::ResponseTime)
        }),
    })
}
