//! What a probe saw, as blackbox_exporter's metrics: their names, help texts, labels, and when each is there at all.

use std::time::Duration;

use checks::{Assertion, CheckKind, HttpCheck, Phase, Relation, Subject, TcpCheck, hold};
use probe::Seen;

use crate::{ask::Asked, exposition::Exposition};

/// What Go's zero time is in seconds since 1970: there is no verified chain where none was verified.
const GO_ZERO_TIME_S: f64 = -62_135_596_800.0;
const REGEX: (&str, &str) = ("probe_failed_due_to_regex", "Indicates if probe failed due to regex");

/// The metrics of a probe that was given so much time.
pub(crate) fn metrics(asked: &Asked, within: Duration) -> Exposition {
    let mut out = Exposition::default();
    out.gauge("probe_success", "Displays whether or not the probe was a success", truth(asked.succeeded()));
    let took = asked.took.as_secs_f64();
    out.gauge("probe_duration_seconds", "Returns how long the probe took to complete in seconds", took);
    out.gauge("probe_timeout_seconds", "Returns how long the probe timeout is in seconds", within.as_secs_f64());
    let lookup = asked.lookup.as_secs_f64();
    out.gauge("probe_dns_lookup_time_seconds", "Returns the time taken for probe dns lookup in seconds", lookup);
    let (version, hash) = match asked.address {
        Some(std::net::IpAddr::V4(address)) => (4.0, fnv1a(&address.octets())),
        Some(std::net::IpAddr::V6(address)) => (6.0, fnv1a(&address.octets())),
        None => (0.0, 0),
    };
    out.gauge("probe_ip_protocol", "Specifies whether probe ip protocol is IP4 or IP6", version);
    let help = "Specifies the hash of IP address. It's useful to detect if the IP address changes.";
    out.gauge("probe_ip_addr_hash", help, f64::from(hash));
    match &asked.kind {
        CheckKind::Http(check) => http(check, asked, &mut out),
        CheckKind::Journey(journey) => {
            if let Some(step) = journey.steps.last() {
                http(&step.request, asked, &mut out);
            }
        }
        CheckKind::Tcp(check) => tcp(check, asked, &mut out),
        CheckKind::Dns(check) => dns(&check.record, asked, &mut out),
        CheckKind::Icmp(_) => icmp(asked, &mut out),
        CheckKind::Grpc(check) => grpc(check.tls.as_ref().is_some_and(|tls| tls.insecure), asked, &mut out),
        CheckKind::WebSocket(check) => websocket(&check.assertions, asked, &mut out),
        CheckKind::Tls(_) | CheckKind::Heartbeat(_) | CheckKind::Exec(_) => {}
    }
    out
}

fn truth(truth: bool) -> f64 {
    if truth { 1.0 } else { 0.0 }
}

/// FNV-1a of 32 bits, as Go's `fnv.New32a` has it.
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

fn seconds(us: u64) -> f64 {
    Duration::from_micros(us).as_secs_f64()
}

fn http(check: &HttpCheck, asked: &Asked, out: &mut Exposition) {
    let seen = &asked.seen;
    // Getting a token is not part of what is measured.
    let is_step = |step: &Option<String>| step.as_deref().is_none_or(|step| step == "ask");
    let hops: Vec<&checks::Hop> = asked.run.hops.iter().filter(|hop| is_step(&hop.step)).collect();
    let phase = |out: &mut Exposition, word: &str, time: f64| {
        let help = "Duration of http request by phase, summed over all redirects";
        out.labelled("probe_http_duration_seconds", help, &[("phase", word)], time);
    };
    let sum = |of: Phase| seconds(hops.iter().map(|hop| hop.phases.of(of)).sum());
    let later: u64 = hops.iter().skip(1).map(|hop| hop.phases.resolve_us).sum();
    phase(out, "resolve", asked.lookup.as_secs_f64() + seconds(later));
    if asked.address.is_some() {
        for of in [Phase::Connect, Phase::Tls, Phase::Processing, Phase::Transfer] {
            phase(out, of.as_str(), sum(of));
        }
    }
    let answered = seen.status.is_some();
    let length = match (answered, seen.header("content-length").and_then(|length| length.parse::<f64>().ok())) {
        (_, Some(length)) => length,
        (true, None) if matches!(seen.status, Some(204 | 304)) => 0.0,
        (true, None) => -1.0,
        (false, None) => 0.0,
    };
    out.gauge("probe_http_content_length", "Length of http content response", length);
    // A redirect that is not followed is counted too, and its body is not read there.
    let stopped = matches!(seen.status, Some(301 | 302 | 303 | 307 | 308)) && seen.header("location").is_some();
    let body = if stopped { 0.0 } else { seen.body.len() as f64 };
    out.gauge("probe_http_uncompressed_body_length", "Length of uncompressed response body", body);
    let redirects = hops.len().saturating_sub(1) + usize::from(stopped);
    out.gauge("probe_http_redirects", "The number of redirects", redirects as f64);
    out.gauge("probe_http_status_code", "Response HTTP status code", f64::from(seen.status.unwrap_or(0)));
    let version = seen.http_version.and_then(|version| version.parse().ok()).unwrap_or(0.0);
    out.gauge("probe_http_version", "Returns the version of HTTP of the probe response", version);
    let is_tls = answered && is_shaken(seen);
    out.gauge("probe_http_ssl", "Indicates if SSL was used for the final redirect", truth(is_tls));
    if is_tls {
        tls(seen, check.tls.insecure, true, out);
        let help = "Returns the TLS cipher negotiated during handshake";
        out.labelled("probe_tls_cipher_info", help, &[("cipher", cipher(seen).as_str())], 1.0);
    }
    let modified = seen.header("last-modified").and_then(|text| jiff::fmt::rfc2822::parse(text).ok());
    if let Some(modified) = modified {
        let help = "Returns the Last-Modified HTTP response header in unixtime";
        out.gauge("probe_http_last_modified_timestamp_seconds", help, modified.timestamp().as_second() as f64);
    }
    let is_valid = seen.status.is_some_and(|status| check.expect.status.iter().any(|range| range.contains(status)));
    let matches = of_patterns(&check.expect.assertions);
    let by_pattern = !asked.succeeded() && is_valid && hold(&matches, &seen.observed()).is_err();
    out.gauge(REGEX.0, REGEX.1, truth(by_pattern));
}

/// The assertions that stand for patterns in the module.
fn of_patterns(assertions: &[Assertion]) -> Vec<Assertion> {
    let is_one = |assertion: &&Assertion| {
        let about = matches!(assertion.of, Subject::Header(_) | Subject::Body);
        about && matches!(assertion.is, Relation::Matches(_) | Relation::NotMatches(_) | Relation::Exists)
    };
    assertions.iter().filter(is_one).cloned().collect()
}

fn is_shaken(seen: &Seen) -> bool {
    seen.certificate.as_ref().is_some_and(|certificate| !certificate.protocol.is_empty())
}

/// As Go calls it.
fn cipher(seen: &Seen) -> String {
    seen.cipher.as_deref().unwrap_or_default().replacen("TLS13_", "TLS_", 1)
}

fn tls(seen: &Seen, insecure: bool, with_chain: bool, out: &mut Exposition) {
    let Some(certificate) = &seen.certificate else { return };
    let ends = certificate.chain_ends.as_second() as f64;
    out.gauge("probe_ssl_earliest_cert_expiry", "Returns last SSL chain expiry in unixtime", ends);
    let version = format!("TLS {}", certificate.protocol);
    let help = "Returns the TLS version used or NaN when unknown";
    out.labelled("probe_tls_version_info", help, &[("version", version.as_str())], 1.0);
    if with_chain {
        let verified = if insecure { GO_ZERO_TIME_S } else { ends };
        let help = "Returns last SSL chain expiry in timestamp";
        out.gauge("probe_ssl_last_chain_expiry_timestamp_seconds", help, verified);
    }
    if let Some(leaf) = seen.leaf() {
        let names = leaf.names.join(",");
        let labels = [
            ("fingerprint_sha256", leaf.fingerprint.as_str()),
            ("issuer", leaf.issuer.as_str()),
            ("serialnumber", leaf.serial.as_str()),
            ("subject", leaf.subject.as_str()),
            ("subjectalternative", names.as_str()),
        ];
        out.labelled("probe_ssl_last_chain_info", "Contains SSL leaf certificate information", &labels, 1.0);
    }
}

fn tcp(check: &TcpCheck, asked: &Asked, out: &mut Exposition) {
    let seen = &asked.seen;
    let begins_later = check.dialogue.iter().any(|exchange| exchange.starttls);
    let at_once = check.tls.is_some() && !begins_later;
    // A server that said nothing fitting and hung up failed by the pattern; one that fell silent did not, there.
    let hung_up = asked.error().is_some_and(|error| error.contains("hung up before a line matched"));
    out.gauge(REGEX.0, REGEX.1, truth(hung_up));
    if seen.address.is_none() || (at_once && !is_shaken(seen)) {
        return;
    }
    if is_shaken(seen) {
        tls(seen, check.tls.as_ref().is_some_and(|tls| tls.insecure), true, out);
    }
    out.gauge("probe_failed_due_to_bytes", "Indicates if probe failed due to bytes", 0.0);
}

fn dns(record: &str, asked: &Asked, out: &mut Exposition) {
    let phases = asked.run.hops.first().map(|hop| hop.phases).unwrap_or_default();
    for (word, time) in [
        ("resolve", asked.lookup.as_secs_f64()),
        ("connect", seconds(phases.connect_us)),
        ("request", seconds(phases.processing_us)),
    ] {
        out.labelled("probe_dns_duration_seconds", "Duration of DNS request by phase", &[("phase", word)], time);
    }
    let sections = asked.seen.sections.unwrap_or_default();
    let help = "Returns number of entries in the answer resource record list";
    out.gauge("probe_dns_answer_rrs", help, sections.answer as f64);
    let help = "Returns number of entries in the authority resource record list";
    out.gauge("probe_dns_authority_rrs", help, sections.authority as f64);
    let help = "Returns number of entries in the additional resource record list";
    out.gauge("probe_dns_additional_rrs", help, sections.additional as f64);
    let help = "Displays whether or not the query was executed successfully";
    out.gauge("probe_dns_query_succeeded", help, truth(asked.seen.sections.is_some()));
    if record == "SOA" && asked.seen.sections.is_some() {
        let serial = f64::from(sections.serial.unwrap_or(0));
        out.gauge("probe_dns_serial", "Returns the serial number of the zone", serial);
    }
}

fn icmp(asked: &Asked, out: &mut Exposition) {
    let phases = asked.run.hops.first().map(|hop| hop.phases).unwrap_or_default();
    for (word, time) in [
        ("resolve", asked.lookup.as_secs_f64()),
        ("setup", seconds(phases.connect_us)),
        ("rtt", seconds(phases.processing_us)),
    ] {
        out.labelled("probe_icmp_duration_seconds", "Duration of icmp request by phase", &[("phase", word)], time);
    }
}

fn grpc(insecure: bool, asked: &Asked, out: &mut Exposition) {
    let help = "Duration of gRPC request by phase";
    out.labelled("probe_grpc_duration_seconds", help, &[("phase", "resolve")], asked.lookup.as_secs_f64());
    if asked.address.is_some() {
        let check = asked.took.saturating_sub(asked.lookup).as_secs_f64();
        out.labelled("probe_grpc_duration_seconds", help, &[("phase", "check")], check);
    }
    let good = asked.succeeded();
    out.gauge("probe_grpc_ssl", "Indicates if SSL was used for the connection", truth(good && is_shaken(&asked.seen)));
    // Of a failure it is not known here what the server said: 2 is UNKNOWN (google.rpc.Code).
    out.gauge("probe_grpc_status_code", "Response gRPC status code", if good { 0.0 } else { 2.0 });
    for status in ["NOT_SERVING", "SERVICE_UNKNOWN", "SERVING", "UNKNOWN"] {
        let help = "Response HealthCheck response";
        let value = truth(good && status == "SERVING");
        out.labelled("probe_grpc_healthcheck_response", help, &[("serving_status", status)], value);
    }
    if good && is_shaken(&asked.seen) {
        tls(&asked.seen, insecure, false, out);
    }
}

fn websocket(assertions: &[Assertion], asked: &Asked, out: &mut Exposition) {
    let phases = asked.run.hops.first().map(|hop| hop.phases).unwrap_or_default();
    for (word, time) in [
        ("resolve", asked.lookup.as_secs_f64()),
        ("connect", seconds(phases.connect_us)),
        ("processing", seconds(phases.tls_us.saturating_add(phases.processing_us))),
    ] {
        let help = "Duration of websocket request by phase";
        out.labelled("probe_websocket_duration_seconds", help, &[("phase", word)], time);
    }
    let status = asked.seen.status.unwrap_or(0);
    out.gauge("probe_websocket_status_code", "Response HTTP status code", f64::from(status));
    let upgraded = status == 101;
    let help = "Indicates if the websocket connection was successfully upgraded";
    out.gauge("probe_websocket_connection_upgraded", help, truth(upgraded));
    let by_pattern = upgraded && !asked.succeeded() && hold(&of_patterns(assertions), &asked.seen.observed()).is_err();
    out.gauge("probe_websocket_failed_due_to_regex", REGEX.1, truth(by_pattern));
}
