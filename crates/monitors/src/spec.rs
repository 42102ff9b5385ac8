//! A definition in the words of `kind: Check`.

use checks::{
    Assertion, CheckDefinition, CheckKind, Exchange, Expected, Extract, HttpCheck, IpVersion, JourneyCheck,
    Maintenance, Relation, Source, StartTls, StatusRange, Subject, TlsOptions,
};
use kernel::EntityRef;
use serde_json::{Map, Value, json};

type Object = Map<String, Value>;

/// The `spec` that reads as this definition.
pub(crate) fn of(definition: &CheckDefinition, owner: Option<&EntityRef>) -> Value {
    let mut spec = Object::new();
    if let Some(owner) = owner {
        put(&mut spec, "owner", owner.as_str());
    }
    put(&mut spec, "target", definition.target.as_str());
    let (word, kind) = kind(&definition.kind);
    put(&mut spec, word, kind);
    if definition.is_run() {
        put(&mut spec, "interval", duration(definition.interval_ms));
        put(&mut spec, "timeout", duration(definition.timeout_ms));
        put(&mut spec, "failures_to_down", definition.failures_to_down);
        put(&mut spec, "successes_to_up", definition.successes_to_up);
    }
    put(&mut spec, "severity", definition.severity.as_str());
    put_some(&mut spec, "maintenance", definition.maintenance.iter().map(maintenance).collect());
    Value::Object(spec)
}

fn put(object: &mut Object, key: &str, value: impl Into<Value>) {
    object.insert(key.to_owned(), value.into());
}

fn put_some(object: &mut Object, key: &str, list: Vec<Value>) {
    if !list.is_empty() {
        put(object, key, list);
    }
}

fn kind(kind: &CheckKind) -> (&'static str, Value) {
    let mut fields = Object::new();
    let word = match kind {
        CheckKind::Http(check) => return ("http", Value::Object(http(check))),
        CheckKind::Journey(check) => return ("journey", journey(check)),
        CheckKind::Tcp(check) => {
            put(&mut fields, "address", check.address.as_str());
            if let Some(options) = &check.tls {
                put(&mut fields, "tls", tls(options));
            }
            put_some(&mut fields, "dialogue", check.dialogue.iter().map(exchange).collect());
            put_ip(&mut fields, check.ip);
            put_assertions(&mut fields, &check.assertions);
            "tcp"
        }
        CheckKind::Tls(check) => {
            put(&mut fields, "address", check.address.as_str());
            put_tls(&mut fields, &check.tls);
            if let Some(protocol) = check.starttls {
                let word = match protocol {
                    StartTls::Smtp => "smtp",
                    StartTls::Imap => "imap",
                    StartTls::Pop3 => "pop3",
                };
                put(&mut fields, "starttls", word);
            }
            put(&mut fields, "days_left", check.days_left);
            put_assertions(&mut fields, &check.assertions);
            "tls"
        }
        CheckKind::Dns(check) => {
            if let Some(server) = &check.server {
                put(&mut fields, "server", server.as_str());
            }
            put(&mut fields, "name", check.name.as_str());
            put(&mut fields, "record", check.record.as_str());
            if check.tcp {
                put(&mut fields, "transport", "tcp");
            }
            put(&mut fields, "rcodes", check.rcodes.clone());
            put_assertions(&mut fields, &check.assertions);
            "dns"
        }
        CheckKind::Icmp(check) => {
            put(&mut fields, "host", check.host.as_str());
            put(&mut fields, "count", check.count);
            put(&mut fields, "payload_bytes", check.payload_bytes);
            put_ip(&mut fields, check.ip);
            put_assertions(&mut fields, &check.assertions);
            "icmp"
        }
        CheckKind::Grpc(check) => {
            put(&mut fields, "address", check.address.as_str());
            if !check.service.is_empty() {
                put(&mut fields, "service", check.service.as_str());
            }
            if let Some(options) = &check.tls {
                put(&mut fields, "tls", tls(options));
            }
            put_pairs(&mut fields, "metadata", &check.metadata);
            put_assertions(&mut fields, &check.assertions);
            "grpc"
        }
        CheckKind::WebSocket(check) => {
            put(&mut fields, "url", check.url.as_str());
            put_pairs(&mut fields, "headers", &check.headers);
            if let Some(send) = &check.send {
                put(&mut fields, "send", send.as_str());
            }
            if check.receive {
                put(&mut fields, "receive", true);
            }
            put_tls(&mut fields, &check.tls);
            put_assertions(&mut fields, &check.assertions);
            "websocket"
        }
        CheckKind::Heartbeat(check) => {
            match &check.expected {
                Expected::Every(ms) => put(&mut fields, "every", duration(*ms)),
                Expected::Cron { expression, time_zone } => {
                    put(&mut fields, "cron", expression.as_str());
                    put(&mut fields, "time_zone", time_zone.as_str());
                }
            }
            put(&mut fields, "grace", duration(check.grace_ms));
            if let Some(ms) = check.max_run_ms {
                put(&mut fields, "max_run", duration(ms));
            }
            "heartbeat"
        }
        CheckKind::Exec(check) => {
            put(&mut fields, "command", check.command.as_str());
            put(&mut fields, "args", check.args.clone());
            put_assertions(&mut fields, &check.assertions);
            "exec"
        }
    };
    (word, Value::Object(fields))
}

fn http(check: &HttpCheck) -> Object {
    let mut fields = Object::new();
    if check.method != checks::Method::Get {
        put(&mut fields, "method", check.method.as_str());
    }
    put(&mut fields, "url", check.url.as_str());
    put_pairs(&mut fields, "headers", &check.headers);
    if let Some((user, password)) = &check.basic {
        put(&mut fields, "basic", json!({"user": user, "password": password}));
    }
    if let Some(body) = &check.body {
        put(&mut fields, "body", body.as_str());
    }
    if check.redirects != HttpCheck::REDIRECTS {
        put(&mut fields, "redirects", check.redirects);
    }
    put_tls(&mut fields, &check.tls);
    put_ip(&mut fields, check.ip);
    let mut expect = Object::new();
    if check.expect.status != [StatusRange::SUCCESS] {
        put(&mut expect, "status", check.expect.status.iter().map(status).collect::<Vec<_>>());
    }
    if let Some(text) = &check.expect.body_contains {
        put(&mut expect, "body_contains", text.as_str());
    }
    if let Some(ms) = check.expect.max_latency_ms {
        put(&mut expect, "max_latency_ms", ms);
    }
    put_assertions(&mut expect, &check.expect.assertions);
    if !expect.is_empty() {
        put(&mut fields, "expect", expect);
    }
    fields
}

fn status(range: &StatusRange) -> Value {
    if range.from == range.to { range.from.into() } else { range.to_string().into() }
}

fn journey(check: &JourneyCheck) -> Value {
    let mut fields = Object::new();
    if !check.variables.is_empty() {
        let variables: Object = check.variables.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        put(&mut fields, "variables", variables);
    }
    let steps = check.steps.iter().map(|step| {
        let mut fields = Object::new();
        put(&mut fields, "name", step.name.as_str());
        fields.extend(http(&step.request));
        if !step.extract.is_empty() {
            let extracts: Object = step.extract.iter().map(extract).collect();
            put(&mut fields, "extract", extracts);
        }
        if step.always {
            put(&mut fields, "always", true);
        }
        Value::Object(fields)
    });
    put(&mut fields, "steps", steps.collect::<Vec<_>>());
    if let Some(ms) = check.max_latency_ms {
        put(&mut fields, "max_latency_ms", ms);
    }
    Value::Object(fields)
}

fn extract(extract: &Extract) -> (String, Value) {
    let from = match &extract.from {
        Source::Json(path) => json!({"json": path}),
        Source::Header(name, None) => json!({"header": name}),
        Source::Header(name, Some(pattern)) => json!({"header": name, "pattern": pattern}),
        Source::Body(pattern) => json!({"body": pattern}),
        Source::Cookie(name) => json!({"cookie": name}),
        Source::Url(pattern) => json!({"url": pattern}),
    };
    (extract.name.clone(), from)
}

fn exchange(exchange: &Exchange) -> Value {
    let mut fields = Object::new();
    if let Some(expect) = &exchange.expect {
        put(&mut fields, "expect", expect.as_str());
    }
    if let Some(send) = &exchange.send {
        put(&mut fields, "send", send.as_str());
    }
    if exchange.starttls {
        put(&mut fields, "starttls", true);
    }
    Value::Object(fields)
}

fn tls(options: &TlsOptions) -> Value {
    let mut fields = Object::new();
    if options.insecure {
        put(&mut fields, "insecure", true);
    }
    if let Some(name) = &options.server_name {
        put(&mut fields, "server_name", name.as_str());
    }
    if let Some(ca) = &options.ca {
        put(&mut fields, "ca", ca.as_str());
    }
    Value::Object(fields)
}

fn put_tls(fields: &mut Object, options: &TlsOptions) {
    if *options != TlsOptions::default() {
        put(fields, "tls", tls(options));
    }
}

fn put_ip(fields: &mut Object, ip: IpVersion) {
    match ip {
        IpVersion::Any => {}
        IpVersion::V4 => put(fields, "ip", 4),
        IpVersion::V6 => put(fields, "ip", 6),
    }
}

fn put_pairs(fields: &mut Object, key: &str, pairs: &[(String, String)]) {
    if !pairs.is_empty() {
        let pairs: Object = pairs.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        put(fields, key, pairs);
    }
}

fn put_assertions(fields: &mut Object, assertions: &[Assertion]) {
    put_some(fields, "assertions", assertions.iter().map(assertion).collect());
}

fn assertion(assertion: &Assertion) -> Value {
    let mut fields = Object::new();
    let (subject, of): (&str, Value) = match &assertion.of {
        Subject::Status => ("of", "status".into()),
        Subject::Header(name) => ("header", name.as_str().into()),
        Subject::Body => ("of", "body".into()),
        Subject::Json(path) => ("json", path.as_str().into()),
        Subject::JsonLength(path) => ("json_length", path.as_str().into()),
        Subject::BodySize => ("of", "body_size".into()),
        Subject::ResponseTime => ("of", "response_time".into()),
        Subject::PhaseTime(phase) => ("phase", phase.as_str().into()),
        Subject::CertificateDays => ("of", "certificate_days".into()),
        Subject::TlsVersion => ("of", "tls_version".into()),
        Subject::HttpVersion => ("of", "http_version".into()),
        Subject::Address => ("of", "address".into()),
        Subject::Connected => ("of", "connected".into()),
        Subject::Rcode => ("of", "rcode".into()),
        Subject::Answer => ("of", "answer".into()),
        Subject::Loss => ("of", "loss".into()),
    };
    put(&mut fields, subject, of);
    let (relation, than): (&str, Value) = match &assertion.is {
        Relation::Equals(text) => ("equals", text.as_str().into()),
        Relation::NotEquals(text) => ("not_equals", text.as_str().into()),
        Relation::OneOf(texts) => ("one_of", texts.clone().into()),
        Relation::NoneOf(texts) => ("none_of", texts.clone().into()),
        Relation::LessThan(text) => ("less_than", text.as_str().into()),
        Relation::AtMost(text) => ("at_most", text.as_str().into()),
        Relation::GreaterThan(text) => ("greater_than", text.as_str().into()),
        Relation::AtLeast(text) => ("at_least", text.as_str().into()),
        Relation::Contains(text) => ("contains", text.as_str().into()),
        Relation::NotContains(text) => ("not_contains", text.as_str().into()),
        Relation::Matches(pattern) => ("matches", pattern.as_str().into()),
        Relation::NotMatches(pattern) => ("not_matches", pattern.as_str().into()),
        Relation::Exists => ("exists", true.into()),
        Relation::Missing => ("missing", true.into()),
    };
    let timed = matches!(assertion.of, Subject::ResponseTime | Subject::PhaseTime(_));
    let than = match &than {
        Value::String(ms) if timed && ms.parse::<u64>().is_ok() => format!("{ms}ms").into(),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => than,
    };
    put(&mut fields, relation, than);
    Value::Object(fields)
}

fn maintenance(window: &Maintenance) -> Value {
    let mut fields = Object::new();
    put_some(&mut fields, "days", window.days.iter().map(|day| json!(day.as_str())).collect());
    put(&mut fields, "from", window.from.strftime("%H:%M").to_string());
    put(&mut fields, "for", duration(window.duration_ms));
    put(&mut fields, "time_zone", window.time_zone.as_str());
    Value::Object(fields)
}

/// The largest unit that says it exactly.
pub(crate) fn duration(ms: u64) -> String {
    match ms {
        ms if ms > 0 && ms % 3_600_000 == 0 => format!("{}h", ms / 3_600_000),
        ms if ms > 0 && ms % 60_000 == 0 => format!("{}m", ms / 60_000),
        ms if ms % 1_000 == 0 => format!("{}s", ms / 1_000),
        ms => format!("{ms}ms"),
    }
}
