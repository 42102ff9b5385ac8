//! The probers `tcp`, `dns`, `icmp`, `grpc` and `websocket`.

use checks::{
    Assertion, CheckKind, DnsCheck, Exchange, GrpcCheck, IcmpCheck, Relation, Subject, TcpCheck, TlsOptions,
    WebSocketCheck,
};

use super::{
    config::{BYTES_MARK, Dns, Grpc, Handshake, Icmp, QueryResponse, Records, Tcp, Text, WebSocket},
    http,
    question::{Asker, Credential, Preference, bracketed, host_and_port},
    regexp,
};
use crate::text;

/// The bytes that blackbox_exporter sends if nothing is said: its name.
const PAYLOAD_BYTES: u16 = 28;
/// A check sends no more.
const PAYLOAD_BYTES_MAX: u32 = 1_400;
/// What a packet's time to live is if nothing is said.
const TTL: i64 = 64;

type Made = (CheckKind, String, Preference);

pub(super) fn tcp(tcp: &Tcp, target: &str, hostname: Option<&str>, asker: &mut Asker<'_>) -> Result<Made, String> {
    let (host, port) = host_and_port(target);
    let port = port.ok_or("the target has no port, without which blackbox_exporter fails too")?;
    asker.source_address(&tcp.source_ip_address);
    let dialogue = dialogue(&tcp.query_response, asker)?;
    let begins_later = dialogue.iter().any(|exchange| exchange.starttls);
    if tcp.tls && begins_later {
        return Err("TLS within TLS is not spoken here".to_owned());
    }
    let mut options = asker.tls(&tcp.tls_config);
    options.server_name = options.server_name.or_else(|| hostname.map(str::to_owned));
    let mut assertions = Vec::new();
    if (tcp.tls || begins_later) && tcp.tls_config.min_version.given() == Some("TLS13") {
        assertions.push(Assertion { of: Subject::TlsVersion, is: Relation::AtLeast("1.3".to_owned()) });
    }
    let prefers = Preference::of(&tcp.preferred_ip_protocol, tcp.ip_protocol_fallback.0);
    asker.addresses(prefers);
    let wants_options = tcp.tls || (begins_later && options != TlsOptions::default());
    let kind = CheckKind::Tcp(TcpCheck {
        address: format!("{}:{port}", bracketed(host)),
        tls: wants_options.then_some(options),
        dialogue,
        ip: prefers.version(),
        assertions,
    });
    Ok((kind, bare(host), prefers))
}

fn bare(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').to_owned()
}

fn dialogue(said: &[QueryResponse], asker: &mut Asker<'_>) -> Result<Vec<Exchange>, String> {
    let mut dialogue = Vec::new();
    for (index, part) in said.iter().enumerate() {
        let place = format!("query_response[{index}]");
        if part.expect_bytes.given().is_some() {
            return Err(format!("{place}.expect_bytes: bytes that are not a line can't be waited for here"));
        }
        if !part.labels.is_empty() {
            let why = "what was heard is in the evidence of a failing run, and becomes no label";
            asker.info(&format!("{place}.labels"), "labels", why);
        }
        let send = match part.send.given() {
            Some(text) if text.contains(BYTES_MARK) => {
                return Err(format!("{place}.send: bytes that are no text can't be sent here"));
            }
            Some(line) => Some(sent(line, part.expect.as_ref().map(|expect| expect.here.as_str()), &place, asker)),
            None => None,
        };
        let expect = part.expect.as_ref().map(|expect| expect.here.clone());
        dialogue.push(Exchange { expect, send, starttls: part.starttls });
    }
    Ok(dialogue)
}

/// A line as it is said here: without its end, and with the groups of what was heard as `${1}`.
fn sent(line: &str, heard: Option<&str>, place: &str, asker: &mut Asker<'_>) -> String {
    let body = match line.strip_suffix('\r') {
        Some(body) => body,
        None => {
            asker.changed(&format!("{place}.send"), "the end of the line", "it is CR LF here, and LF there");
            line
        }
    };
    heard.map_or_else(|| body.to_owned(), |pattern| expanded(body, pattern))
}

/// Go's `Regexp.Expand` in the words of a dialogue: `$1`, `${1}` and `${name}` are groups, `$$` is a dollar sign, and a
/// group that isn't there is nothing.
fn expanded(line: &str, pattern: &str) -> String {
    let Ok(pattern) = checks::pattern(pattern) else { return line.to_owned() };
    let group = |name: &str| match name.parse::<usize>() {
        Ok(number) => (number < pattern.captures_len()).then_some(number),
        Err(_) => pattern.capture_names().position(|known| known == Some(name)),
    };
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let braced = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let end = after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len());
        let plain = after.split_at_checked(end).filter(|(name, _)| !name.is_empty());
        if let Some(tail) = after.strip_prefix('$') {
            out.push('$');
            rest = tail;
        } else if let Some((name, tail)) = braced.or(plain) {
            if let Some(number) = group(name) {
                out.push_str(&format!("${{{number}}}"));
            }
            rest = tail;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

pub(super) fn dns(dns: &Dns, target: &str, asker: &mut Asker<'_>) -> Result<Made, String> {
    const RECORDS: [&str; 11] = ["A", "AAAA", "CNAME", "MX", "NS", "TXT", "SOA", "SRV", "CAA", "PTR", "ANY"];
    const RCODES: [&str; 10] = [
        "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH",
    ];
    if dns.dns_over_tls {
        return Err("name servers are not asked over TLS here".to_owned());
    }
    if dns.query_class.given().is_some_and(|class| class != "IN") {
        return Err(format!("only the class IN is asked for here, not {}", dns.query_class.0));
    }
    let record = dns.query_type.given().unwrap_or("ANY");
    if !RECORDS.contains(&record) {
        return Err(format!("records of type {record} are not asked for here"));
    }
    let tcp = match dns.transport_protocol.given().unwrap_or("udp") {
        "udp" => false,
        "tcp" => true,
        other => return Err(format!("the transport protocol is udp or tcp, not {other}")),
    };
    if !dns.recursion_desired.0 {
        asker.changed("recursion_desired", "false", "recursion is always desired here");
    }
    asker.source_address(&dns.source_ip_address);
    let prefers = Preference::of(&dns.preferred_ip_protocol, dns.ip_protocol_fallback.0);
    if !prefers.falls_back {
        let why = "the server is asked over the version that its first address has";
        asker.changed("ip_protocol_fallback", "false", why);
    }
    let mut rcodes = Vec::new();
    for Text(rcode) in &dns.valid_rcodes {
        match rcode.as_str() {
            known if RCODES.contains(&known) => rcodes.push(known.to_owned()),
            other => asker.lost("valid_rcodes", other, "this response code is not known here"),
        }
    }
    match (dns.valid_rcodes.is_empty(), rcodes.is_empty()) {
        (true, _) => rcodes.push("NOERROR".to_owned()),
        (false, true) => return Err("none of the valid response codes is known here".to_owned()),
        (false, false) => {}
    }
    let assertions = records(&dns.validate_answer_rrs, asker);
    for (key, part) in [
        ("validate_authority_rrs", &dns.validate_authority_rrs),
        ("validate_additional_rrs", &dns.validate_additional_rrs),
    ] {
        let all = [
            &part.fail_if_matches_regexp,
            &part.fail_if_all_match_regexp,
            &part.fail_if_not_matches_regexp,
            &part.fail_if_none_matches_regexp,
        ];
        if all.into_iter().any(|patterns| !patterns.is_empty()) {
            asker.lost(key, "patterns", "of an answer only the section of that name is judged here");
        }
    }
    let (host, port) = host_and_port(target);
    let server = port.map_or_else(|| bare(host), |port| format!("{}:{port}", bracketed(host)));
    let name = dns.query_name.0.trim_end_matches('.');
    let kind = CheckKind::Dns(DnsCheck {
        server: Some(server),
        name: if name.is_empty() { ".".to_owned() } else { name.to_owned() },
        record: record.to_owned(),
        tcp,
        rcodes,
        assertions,
    });
    Ok((kind, bare(host), prefers))
}

/// What must hold of the records of the answer, which stand one a line here.
fn records(records: &Records, asker: &mut Asker<'_>) -> Vec<Assertion> {
    let mut assertions = Vec::new();
    let place = |key: &str, index: usize| format!("validate_answer_rrs.{key}[{index}]");
    for (index, Text(pattern)) in records.fail_if_matches_regexp.iter().enumerate() {
        match line_pattern(pattern) {
            Ok(pattern) => assertions.push(Assertion { of: Subject::Answer, is: Relation::NotMatches(pattern) }),
            Err(why) => asker.lost(&place("fail_if_matches_regexp", index), pattern.clone(), why),
        }
    }
    for (key, patterns) in [
        ("fail_if_all_match_regexp", &records.fail_if_all_match_regexp),
        ("fail_if_not_matches_regexp", &records.fail_if_not_matches_regexp),
    ] {
        for (index, Text(pattern)) in patterns.iter().enumerate() {
            asker.lost(&place(key, index), pattern.clone(), "that something holds of every record can't be said here");
        }
    }
    let any: Vec<String> = records.fail_if_none_matches_regexp.iter().map(|text| text.0.clone()).collect();
    if !any.is_empty() {
        let one: Result<Vec<String>, String> = any.iter().map(|pattern| line_pattern(pattern)).collect();
        match one.and_then(|all| joined(&all)) {
            Ok(pattern) => assertions.push(Assertion { of: Subject::Answer, is: Relation::Matches(pattern) }),
            Err(why) => asker.lost("validate_answer_rrs.fail_if_none_matches_regexp", any.join(", "), why),
        }
    }
    assertions
}

fn joined(patterns: &[String]) -> Result<String, String> {
    let pattern = patterns.iter().map(|pattern| format!("(?:{pattern})")).collect::<Vec<_>>().join("|");
    checks::pattern(&pattern).map(|_| pattern)
}

/// A pattern of one record's text, of which the parts are divided by tabs there and by spaces here.
fn line_pattern(go: &str) -> Result<String, String> {
    let here = regexp::from_go(go)?;
    let here = format!("(?m:{})", here.replace(r"\t", r"[\t ]").replace('\t', r"[\t ]"));
    checks::pattern(&here).map(|_| here)
}

pub(super) fn icmp(icmp: &Icmp, target: &str, asker: &mut Asker<'_>) -> Made {
    asker.source_address(&icmp.source_ip_address);
    if icmp.dont_fragment {
        asker.lost("dont_fragment", "true", "packets are sent as the machine sends them");
    }
    if !matches!(icmp.ttl, 0 | TTL) {
        asker.lost("ttl", icmp.ttl.to_string(), "packets live as long as the machine lets them");
    }
    let payload = if icmp.payload_size == 0 { u32::from(PAYLOAD_BYTES) } else { icmp.payload_size };
    if payload > PAYLOAD_BYTES_MAX {
        asker.changed("payload_size", payload.to_string(), format!("{PAYLOAD_BYTES_MAX} bytes are the most here"));
    }
    let prefers = Preference::of(&icmp.preferred_ip_protocol, icmp.ip_protocol_fallback.0);
    asker.addresses(prefers);
    let kind = CheckKind::Icmp(IcmpCheck {
        host: bare(target),
        count: 1,
        payload_bytes: u16::try_from(payload.min(PAYLOAD_BYTES_MAX)).unwrap_or(PAYLOAD_BYTES),
        ip: prefers.version(),
        assertions: Vec::new(),
    });
    (kind, bare(target), prefers)
}

pub(super) fn grpc(grpc: &Grpc, target: &str, asker: &mut Asker<'_>) -> Made {
    let rest = target.trim_start_matches("http://").trim_start_matches("https://");
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = host_and_port(authority);
    let port = port.unwrap_or(if grpc.tls { "443" } else { "80" });
    let options = asker.tls(&grpc.tls_config);
    let mut metadata = Vec::new();
    for (name, values) in &grpc.metadata {
        if values.len() > 1 {
            asker.lost(&format!("metadata.{name}"), "further values", "of several values of a name the last is sent");
        }
        metadata.extend(values.last().map(|Text(value)| (name.clone(), http::header(name, value, asker))));
    }
    let prefers = Preference::of(&grpc.preferred_ip_protocol, grpc.ip_protocol_fallback.0);
    if !prefers.falls_back {
        let why = "the server is asked over the version that answers first";
        asker.changed("ip_protocol_fallback", "false", why);
    }
    let mut assertions = Vec::new();
    if grpc.tls && grpc.tls_config.min_version.given() == Some("TLS13") {
        assertions.push(Assertion { of: Subject::TlsVersion, is: Relation::AtLeast("1.3".to_owned()) });
    }
    let kind = CheckKind::Grpc(GrpcCheck {
        address: format!("{}:{port}", bracketed(host)),
        service: grpc.service.0.clone(),
        tls: grpc.tls.then_some(options),
        metadata,
        assertions,
    });
    (kind, bare(host), prefers)
}

pub(super) fn websocket(socket: &WebSocket, target: &str, asker: &mut Asker<'_>) -> Result<Made, String> {
    let (url, user) = text::without_user(target);
    let parsed = url::Url::parse(&url).map_err(|error| format!("the target is no web address: {error}"))?;
    if !matches!(parsed.scheme(), "ws" | "wss") {
        return Err(
            "a WebSocket's target begins with ws:// or wss://, without which blackbox_exporter fails too".to_owned()
        );
    }
    let host = bare(parsed.host_str().unwrap_or_default());
    let url = text::without_credentials(&url, |name, value| asker.secret(name, Credential::Value(value)));
    let client = &socket.http_config;
    http::proxies(&client.proxy_url, client.proxy_from_environment, asker);
    if client.oauth2.is_some() {
        asker.lost("http_config.oauth2", "the token", "blackbox_exporter gets none for a WebSocket either");
    }
    let mut headers = Vec::new();
    let basic = client.basic_auth.as_ref().map(|auth| http::basic_auth(auth, asker));
    let in_address = user.map(|(user, password)| {
        (text::literal(&user), asker.secret(&format!("{host}_PASSWORD"), Credential::Value(password)))
    });
    if let Some((user, password)) = basic.or(in_address) {
        let Some(value) = basic_header(&user, &password, asker) else {
            return Err("a handshake with this user and password can't be said here".to_owned());
        };
        headers.push(("Authorization".to_owned(), value));
    }
    let tokens = [&client.bearer_token, &client.bearer_token_file];
    if let Some(value) = http::authorization(client.authorization.as_ref(), tokens, asker) {
        headers.push(("Authorization".to_owned(), value));
    }
    for (name, values) in &client.http_headers {
        headers.extend(http::last_of(name, values, asker).map(|value| (name.clone(), value)));
    }
    for (name, value) in &socket.headers {
        match value {
            Handshake::Value(Text(value)) => headers.push((name.clone(), http::header(name, value, asker))),
            Handshake::Values(values) => {
                headers.extend(http::last_of(name, values, asker).map(|value| (name.clone(), value)));
            }
        }
    }
    let (send, wanted) = one_exchange(&socket.query_response)?;
    let assertions = wanted.map(|pattern| Assertion { of: Subject::Body, is: Relation::Matches(pattern) });
    let prefers = Preference::of(&socket.preferred_ip_protocol, socket.ip_protocol_fallback.0);
    let tls = asker.tls(&client.tls_config);
    let kind = CheckKind::WebSocket(WebSocketCheck {
        url,
        headers,
        send,
        receive: assertions.is_some(),
        tls,
        assertions: assertions.into_iter().collect(),
    });
    Ok((kind, host, prefers))
}

/// What is sent, and what the message that is waited for must match: one of each, in this order.
fn one_exchange(said: &[QueryResponse]) -> Result<(Option<String>, Option<String>), String> {
    let mut send = None;
    let mut wanted = None;
    for part in said {
        if part.starttls || part.expect_bytes.given().is_some() {
            continue;
        }
        if let Some(expect) = &part.expect {
            if wanted.is_some() {
                return Err("only one message of a WebSocket is waited for here".to_owned());
            }
            wanted = Some(expect.here.clone());
        }
        if let Some(text) = part.send.given() {
            if send.is_some() || wanted.is_some() {
                return Err("on a WebSocket one message is sent here, before one is waited for".to_owned());
            }
            send = Some(text::literal(text));
        }
    }
    Ok((send, wanted))
}

/// Basic authentication as a header, in which the pair is one secret: it can't be encoded from a text and a secret.
fn basic_header(user: &str, password: &str, asker: &mut Asker<'_>) -> Option<String> {
    let name = password.strip_prefix("${secret.")?.strip_suffix('}')?.to_owned();
    let Some(Credential::Value(password)) = asker.secrets.get(&name) else { return None };
    let pair = format!("{}:{password}", user.replace("$$", "$"));
    asker.secrets.remove(&name);
    asker.changed("http_config.basic_auth", "the user and password", "the secret is both, as user:password");
    let reference = asker.secret("USER_AND_PASSWORD", Credential::Value(pair));
    Some(format!("Basic {}", reference.replace('}', " | base64}")))
}
