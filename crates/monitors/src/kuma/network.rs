//! The types `port`, `ping`, `dns`, `grpc-keyword` and `websocket-upgrade`.

use std::net::IpAddr;

use checks::{
    Assertion, CheckKind, DnsCheck, GrpcCheck, IcmpCheck, Relation, Subject, TcpCheck, TlsOptions, WebSocketCheck,
};
use serde_json::Value;

use super::{http, text, tree, truth, whole};
use crate::{imported::Import, text as texts};

fn with_port(host: &str, port: u64) -> String {
    let bare = host.contains(':') && !host.starts_with('[');
    if bare { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

pub(super) fn port(monitor: &Value) -> Result<CheckKind, String> {
    if text(monitor, "expected_tls_alert").is_some_and(|alert| alert != "none") {
        return Err("that a TLS handshake is refused is not checked here".to_owned());
    }
    let host = text(monitor, "hostname").ok_or("it has no host")?;
    let port = whole(monitor, "port").ok_or("it has no port")?;
    let address = with_port(&host, port);
    let starttls = text(monitor, "smtp_security");
    if starttls.is_some_and(|security| !matches!(security.as_str(), "" | "nostarttls")) {
        return Err("its TLS can't be said here; declare it as a tls check".to_owned());
    }
    let (ip, assertions) = (http::ip(monitor), Vec::new());
    Ok(CheckKind::Tcp(TcpCheck { address, tls: None, dialogue: Vec::new(), ip, assertions }))
}

pub(super) fn ping(monitor: &Value, place: &str, import: &mut Import<'_>) -> Result<CheckKind, String> {
    let host = text(monitor, "hostname").ok_or("it has no host")?;
    let mut bounded = |name: &str, default: u64, most: u64| {
        let given = whole(monitor, name).unwrap_or(default);
        if given > most {
            import.changed(&format!("{place}.{name}"), given.to_string(), format!("{most} are the most here"));
        }
        given.min(most)
    };
    Ok(CheckKind::Icmp(IcmpCheck {
        count: u8::try_from(bounded("ping_count", 1, 20).max(1)).unwrap_or(1),
        payload_bytes: u16::try_from(bounded("packet_size", 56, 1_400)).unwrap_or(56),
        host,
        ip: checks::IpVersion::Any,
        assertions: Vec::new(),
    }))
}

pub(super) fn dns(monitor: &Value, place: &str, import: &mut Import<'_>) -> Result<CheckKind, String> {
    let host = text(monitor, "hostname").ok_or("it has no name to ask for")?;
    let record = text(monitor, "dns_resolve_type").unwrap_or_else(|| "A".to_owned());
    let name = match (record.as_str(), host.parse::<IpAddr>()) {
        ("PTR", Ok(IpAddr::V4(address))) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        ("PTR", Ok(IpAddr::V6(address))) => {
            let nibbles = address.octets().into_iter().rev().flat_map(|byte| [byte & 15, byte >> 4]);
            format!("{}ip6.arpa", nibbles.map(|nibble| format!("{nibble:x}.")).collect::<String>())
        }
        ("PTR", Err(_)) => return Err("a PTR record is asked for by an address".to_owned()),
        (_, _) => host,
    };
    let servers = text(monitor, "dns_resolve_server").unwrap_or_default();
    let mut servers = servers.split(',').map(str::trim).filter(|server| !server.is_empty());
    let server = servers.next().map(|server| match whole(monitor, "port") {
        None | Some(53) => server.to_owned(),
        Some(port) => with_port(server, port),
    });
    let more: Vec<&str> = servers.collect();
    if !more.is_empty() {
        let why = "one server is asked by a check; make one for each";
        import.changed(&format!("{place}.dns_resolve_server"), more.join(", "), why);
    }
    if tree(monitor, "conditions").as_array().is_some_and(|conditions| !conditions.is_empty()) {
        let why = "say what the records must be as assertions on the answer";
        import.lost(&format!("{place}.conditions"), "the conditions", why);
    }
    // An answer without records is an error there.
    let some = Assertion { of: Subject::Answer, is: Relation::Matches(r"\S".to_owned()) };
    let rcodes = vec!["NOERROR".to_owned()];
    Ok(CheckKind::Dns(DnsCheck { server, name, record, tcp: false, rcodes, assertions: vec![some] }))
}

/// A call of the health protocol is one here; any other is not.
pub(super) fn grpc(monitor: &Value) -> Result<CheckKind, String> {
    let service = text(monitor, "grpc_service_name").unwrap_or_default();
    let definition = text(monitor, "grpc_protobuf").unwrap_or_default();
    let is_health =
        service == "grpc.health.v1.Health" || (service == "Health" && definition.contains("package grpc.health.v1"));
    let is_check = text(monitor, "grpc_method").is_some_and(|method| method.eq_ignore_ascii_case("check"));
    let wants_serving = text(monitor, "keyword").is_some_and(|keyword| keyword.trim_matches('"') == "SERVING");
    if !is_health || !is_check || !wants_serving || truth(monitor, "invert_keyword") {
        return Err("of gRPC the health protocol is checked here, and no other call".to_owned());
    }
    let asked = tree(monitor, "grpc_body");
    let address = text(monitor, "grpc_url").unwrap_or_default();
    let address = address.split_once("://").map_or(address.as_str(), |(_, rest)| rest).trim_end_matches('/').to_owned();
    Ok(CheckKind::Grpc(GrpcCheck {
        address,
        service: asked.get("service").and_then(Value::as_str).unwrap_or_default().to_owned(),
        tls: truth(monitor, "grpc_enable_tls").then(TlsOptions::default),
        metadata: Vec::new(),
        assertions: Vec::new(),
    }))
}

pub(super) fn websocket(
    monitor: &Value,
    title: &str,
    place: &str,
    import: &mut Import<'_>,
) -> Result<CheckKind, String> {
    let accepted = http::accepted(monitor);
    if !accepted.is_empty() && !accepted.iter().any(|(from, to)| (*from..=*to).contains(&1_000)) {
        return Err("a WebSocket that doesn't close as usual (1000) is not checked here".to_owned());
    }
    let (url, user) = texts::without_user(&text(monitor, "url").unwrap_or_default());
    let mut headers = http::headers(monitor, title, place, import);
    match text(monitor, "auth_method").as_deref() {
        Some("basic") => {
            let why = "the secret is user:password, both in one";
            import.changed(&format!("{place}.basic_auth_pass"), "the user and password", why);
            let secret = import.secret(&format!("{title}_USER_AND_PASSWORD"));
            headers.push(("Authorization".to_owned(), format!("Basic {}", secret.replace('}', " | base64}"))));
        }
        Some("bearer") => {
            headers.push(("Authorization".to_owned(), format!("Bearer {}", import.secret(&format!("{title}_TOKEN")))));
        }
        Some(other @ ("oauth2-cc" | "mtls" | "ntlm")) => {
            return Err(format!("a WebSocket is not signed in to by {other} here"));
        }
        Some(_) | None => {}
    }
    if user.is_some() {
        import.lost(&format!("{place}.url"), "the user in the address", "set a header Authorization instead");
    }
    if let Some(protocols) = text(monitor, "ws_subprotocol") {
        headers.push(("Sec-WebSocket-Protocol".to_owned(), texts::literal(&protocols)));
    }
    if truth(monitor, "ws_ignore_sec_websocket_accept_header") {
        let why = "an upgrade without the right Sec-WebSocket-Accept fails here";
        import.lost(&format!("{place}.ws_ignore_sec_websocket_accept_header"), "the check of the upgrade", why);
    }
    Ok(CheckKind::WebSocket(WebSocketCheck {
        url: texts::without_credentials(&url, |name, _| import.secret(&format!("{title}_{name}"))),
        headers,
        send: None,
        receive: false,
        tls: TlsOptions { insecure: truth(monitor, "ignore_tls"), ..TlsOptions::default() },
        assertions: Vec::new(),
    }))
}
