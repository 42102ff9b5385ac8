//! The fields of the form, and the document that they make.

use kernel::EntityRef;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    checks::by_hand,
    flags::edit::{filled, owners},
    frame::Frame,
    views::{Choice, Entry, Field},
};

/// The sorts that have fields, with what they are called.
pub(super) const FORMS: [(&str, &str); 8] = [
    ("http", "HTTP"),
    ("tcp", "TCP"),
    ("tls", "TLS"),
    ("dns", "DNS"),
    ("icmp", "Ping"),
    ("grpc", "gRPC"),
    ("websocket", "WebSocket"),
    ("heartbeat", "Heartbeat"),
];
/// The form that has everything else.
pub(super) const YAML: &str = "yaml";

/// The fields as they were filled in.
#[derive(Debug, Default, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct Filled {
    pub(super) form: String,
    pub(super) name: String,
    description: String,
    owner: String,
    target: String,
    interval: String,
    timeout: String,
    severity: String,
    locations: String,
    agree: String,
    method: String,
    url: String,
    status: String,
    contains: String,
    max_latency: String,
    address: String,
    days_left: String,
    host: String,
    record: String,
    server: String,
    service: String,
    every: String,
    cron: String,
    time_zone: String,
    grace: String,
    max_run: String,
    pub(super) yaml: String,
    pub(super) reason: String,
    /// The digest of what the form was made of: who saves over somebody else's change is told.
    pub(super) was: String,
    pub(super) act: String,
}

/// Of which field each part of a document was made; the first match counts.
pub(super) const PLACES: [(&str, &str); 31] = [
    ("/spec/target", "target"),
    ("/spec/owner", "owner"),
    ("/spec/interval", "interval"),
    ("/spec/timeout", "timeout"),
    ("/spec/severity", "severity"),
    ("/spec/locations", "locations"),
    ("/spec/agree", "agree"),
    ("/spec/http/method", "method"),
    ("/spec/http/url", "url"),
    ("/spec/http/expect/status", "status"),
    ("/spec/http/expect/body_contains", "contains"),
    ("/spec/http/expect/max_latency_ms", "max_latency"),
    ("/spec/http", "url"),
    ("/spec/tcp", "address"),
    ("/spec/tls/days_left", "days_left"),
    ("/spec/tls", "address"),
    ("/spec/dns/record", "record"),
    ("/spec/dns/server", "server"),
    ("/spec/dns", "host"),
    ("/spec/icmp", "host"),
    ("/spec/grpc/service", "service"),
    ("/spec/grpc", "address"),
    ("/spec/websocket", "url"),
    ("/spec/heartbeat/every", "every"),
    ("/spec/heartbeat/cron", "cron"),
    ("/spec/heartbeat/time_zone", "time_zone"),
    ("/spec/heartbeat/grace", "grace"),
    ("/spec/heartbeat/max_run", "max_run"),
    ("/spec/heartbeat", "every"),
    ("/metadata/name", "name"),
    ("/metadata/description", "description"),
];

/// What the form for everything else begins with.
const EXAMPLE: &str = "\
apiVersion: mainstay.dev/v1alpha1
kind: Check
metadata:
  name: shop-buys
spec:
  target: component:shop
  interval: 5m
  severity: critical
  journey:
    steps:
      - name: the basket opens
        url: https://shop.example/basket
        expect: {status: 2xx}
        extract: {basket: {json: $.id}}
      - name: and can be paid
        method: POST
        url: https://shop.example/basket/${basket}/pay
        expect:
          assertions:
            - {json: $.status, equals: paid}
";

impl Filled {
    /// An empty form of this sort.
    pub(super) fn blank(form: &str) -> Self {
        let form = if form == YAML || FORMS.iter().any(|(known, _)| *known == form) { form } else { "http" };
        Self {
            form: form.to_owned(),
            yaml: if form == YAML { EXAMPLE.to_owned() } else { String::new() },
            ..Self::default()
        }
    }

    /// The form that says what a document does; the one for everything else where the fields can't.
    pub(super) fn of(check: &EntityRef, document: &Value, yaml: String) -> Self {
        let fields = Self::fields_of(document);
        let same = fields.filter(|fields| fields.document(check.name(), check.namespace()) == *document);
        same.unwrap_or_else(|| Self { form: YAML.to_owned(), yaml, ..Self::default() })
    }

    fn fields_of(document: &Value) -> Option<Self> {
        let text = |pointer: &str| written(document.pointer(pointer));
        let spec = document.get("spec")?;
        let (form, _) = FORMS.into_iter().find(|(form, _)| spec.get(*form).is_some())?;
        let of = |key: &str| text(&format!("/spec/{form}/{key}"));
        Some(Self {
            form: form.to_owned(),
            description: text("/metadata/description"),
            owner: text("/spec/owner"),
            target: text("/spec/target"),
            interval: text("/spec/interval"),
            timeout: text("/spec/timeout"),
            severity: text("/spec/severity"),
            locations: text("/spec/locations"),
            agree: text("/spec/agree"),
            method: of("method"),
            url: of("url"),
            status: of("expect/status"),
            contains: of("expect/body_contains"),
            max_latency: of("expect/max_latency_ms"),
            address: of("address"),
            days_left: of("days_left"),
            host: if form == "dns" { of("name") } else { of("host") },
            record: of("record"),
            server: of("server"),
            service: of("service"),
            every: of("every"),
            cron: of("cron"),
            time_zone: of("time_zone"),
            grace: of("grace"),
            max_run: of("max_run"),
            ..Self::default()
        })
    }

    /// The document that the fields make.
    pub(super) fn document(&self, name: &str, namespace: &str) -> Value {
        let asked = match self.form.as_str() {
            "tcp" => said([("address", filled(&self.address))]),
            "tls" => said([("address", filled(&self.address)), ("days_left", number(&self.days_left))]),
            "dns" => {
                said([("name", filled(&self.host)), ("record", filled(&self.record)), ("server", filled(&self.server))])
            }
            "icmp" => said([("host", filled(&self.host))]),
            "grpc" => said([("address", filled(&self.address)), ("service", filled(&self.service))]),
            "websocket" => said([("url", filled(&self.url))]),
            "heartbeat" => said([
                ("every", filled(&self.every)),
                ("cron", filled(&self.cron)),
                ("time_zone", filled(&self.time_zone)),
                ("grace", filled(&self.grace)),
                ("max_run", filled(&self.max_run)),
            ]),
            _ => {
                let expect = said([
                    ("status", several(&self.status)),
                    ("body_contains", filled(&self.contains)),
                    ("max_latency_ms", number(&self.max_latency)),
                ]);
                let expect = if expect.as_object().is_some_and(Map::is_empty) { Value::Null } else { expect };
                said([("method", filled(&self.method)), ("url", filled(&self.url)), ("expect", expect)])
            }
        };
        let spec = said([
            ("owner", filled(&self.owner)),
            ("target", filled(&self.target)),
            ("interval", filled(&self.interval)),
            ("timeout", filled(&self.timeout)),
            ("severity", filled(&self.severity)),
            ("locations", list(&self.locations)),
            ("agree", number(&self.agree)),
            (if self.form.is_empty() { "http" } else { &self.form }, asked),
        ]);
        let metadata = said([("description", filled(&self.description))]);
        by_hand::document(name, namespace, metadata.as_object().cloned().unwrap_or_default(), spec)
    }

    /// The form's fields.
    pub(super) fn fields(&self, frame: &Frame, is_new: bool) -> Vec<Field> {
        let line = |name: &str, label: &str, value: &str| Field::line(name, label, value);
        let reason = line("reason", "Reason", &self.reason).hint("Why: shown on the timeline.");
        if self.form == YAML {
            let yaml =
                Field::new(YAML, "The check, as a catalog file says it", Entry::Lines { value: self.yaml.clone() });
            return vec![yaml.required(), reason];
        }
        let name = is_new.then(|| {
            line("name", "Name", &self.name).required().hint("Such as payments-charge. It can’t be changed later.")
        });
        let own = [
            line("description", "What it is for", &self.description),
            line("target", "What is broken when it fails", &self.target)
                .required()
                .hint("Such as component:payments: its owner is paged."),
            Field::select("owner", "Who keeps the check", owners(frame, &self.owner)),
        ];
        let severities = ["", "critical", "high", "low"];
        let severities =
            severities.map(|it| Choice::new(it, if it.is_empty() { "high (default)" } else { it }, &self.severity));
        let mut last = vec![Field::select("severity", "Severity", severities.to_vec())];
        if self.form != "heartbeat" {
            let known: Vec<&str> = frame.world.checks.probes().map(|(location, _)| location).collect();
            let known = if known.is_empty() { "none yet".to_owned() } else { known.join(", ") };
            last.extend([
                line("interval", "Every", &self.interval).hint("Such as 30s or 5m; empty: 1m."),
                line("timeout", "Fails after", &self.timeout).hint("Empty: 10s."),
                line("locations", "From", &self.locations)
                    .hint(format!("Locations with commas between; empty: all. Probes stand at: {known}.")),
                line("agree", "How many locations must agree", &self.agree)
                    .hint("A number or a share such as 50%; empty: two, or the only one."),
            ]);
        }
        name.into_iter().chain(own).chain(self.asked(&line)).chain(last).chain([reason]).collect()
    }

    /// The fields of this sort alone.
    fn asked(&self, line: &impl Fn(&str, &str, &str) -> Field) -> Vec<Field> {
        let address = |hint: &str| line("address", "Address", &self.address).required().hint(hint);
        match self.form.as_str() {
            "tcp" => vec![address("Host and port, such as db.example:5432.")],
            "tls" => vec![
                address("Host and port, such as shop.example:443."),
                line("days_left", "Days that the certificate must last", &self.days_left).hint("Empty: 14."),
            ],
            "dns" => {
                let records = ["", "A", "AAAA", "CNAME", "MX", "NS", "TXT", "SOA", "SRV", "CAA", "PTR"];
                let records =
                    records.map(|it| Choice::new(it, if it.is_empty() { "A (default)" } else { it }, &self.record));
                vec![
                    line("host", "Name to resolve", &self.host).required().hint("Such as shop.example."),
                    Field::select("record", "Record", records.to_vec()),
                    line("server", "Server", &self.server).hint("Empty: the probe’s own resolver."),
                ]
            }
            "icmp" => vec![line("host", "Host", &self.host).required().hint("Such as db.example.")],
            "grpc" => vec![
                address("Host and port, such as api.example:443."),
                line("service", "Service", &self.service).hint("Empty: the server as a whole."),
            ],
            "websocket" => vec![line("url", "Address", &self.url).required().hint("Such as wss://shop.example/live.")],
            "heartbeat" => vec![
                line("every", "A report every", &self.every).hint("Such as 1h or 1d. Or, instead, by the clock:"),
                line("cron", "By a cron expression", &self.cron).hint("Such as 0 3 * * *."),
                line("time_zone", "In the time zone", &self.time_zone).hint("Such as Europe/Lisbon; empty: UTC."),
                line("grace", "May be late by", &self.grace).hint("Empty: 5m."),
                line("max_run", "May take", &self.max_run)
                    .hint("From its begin to its end; empty: as long as it likes."),
            ],
            _ => {
                let methods = ["", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
                let methods = methods.map(|it| Choice::new(it, if it.is_empty() { "GET" } else { it }, &self.method));
                vec![
                    line("url", "Address", &self.url).required().hint("Such as https://shop.example/cart."),
                    Field::select("method", "Method", methods.to_vec()),
                    line("status", "Expected status", &self.status).hint("Such as 200, 301-302; empty: 2xx."),
                    line("contains", "Text that the answer contains", &self.contains),
                    line("max_latency", "Slow above, in ms", &self.max_latency).hint("Empty: never."),
                ]
            }
        }
    }
}

/// An object of what was said.
fn said<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(fields.map(|(key, value)| (key.to_owned(), value)).collect())
}

/// A number where it is one; else the text, for its reader to refuse.
fn number(text: &str) -> Value {
    text.trim().parse::<u64>().map_or_else(|_| filled(text), |number| json!(number))
}

fn parts(text: &str) -> Vec<&str> {
    text.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn list(text: &str) -> Value {
    let parts = parts(text);
    if parts.is_empty() { Value::Null } else { json!(parts) }
}

/// One, or several with commas between.
fn several(text: &str) -> Value {
    match parts(text).as_slice() {
        [] => Value::Null,
        [one] => number(one),
        several => several.iter().map(|one| number(one)).collect(),
    }
}

/// A value as a field has it.
fn written(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => items.iter().map(|item| written(Some(item))).collect::<Vec<_>>().join(", "),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(spec: Value) -> Filled {
        let check: EntityRef = "check:till".parse().unwrap();
        let document = by_hand::document("till", "default", Map::new(), spec);
        Filled::of(&check, &document, "as it is".to_owned())
    }

    #[test]
    fn a_document_that_the_fields_can_say_is_edited_in_fields_and_comes_back_as_it_was() {
        let common = json!({"target": "shop", "interval": "30s", "severity": "low", "locations": ["home", "eu-west"], "agree": "50%"});
        let kinds = [
            json!({"http": {"url": "https://shop.example/", "method": "POST", "expect": {"status": [200, "3xx"], "max_latency_ms": 800}}}),
            json!({"http": {"url": "https://shop.example/"}}),
            json!({"tcp": {"address": "db.example:5432"}}),
            json!({"tls": {"address": "shop.example:443", "days_left": 30}}),
            json!({"dns": {"name": "shop.example", "record": "MX", "server": "192.0.2.1"}}),
            json!({"icmp": {"host": "db.example"}}),
            json!({"grpc": {"address": "api.example:443", "service": "shop"}}),
            json!({"websocket": {"url": "wss://shop.example/live"}}),
            json!({"heartbeat": {"cron": "0 3 * * *", "time_zone": "Europe/Lisbon", "grace": "10m", "max_run": "1h"}}),
        ];
        for kind in kinds {
            let mut spec = common.clone();
            spec.as_object_mut().unwrap().extend(kind.as_object().unwrap().clone());
            let filled = of(spec.clone());
            assert!(kind.get(&filled.form).is_some(), "{spec}");
            assert_eq!(filled.document("till", "default")["spec"], spec);
            let draft = by_hand::read_document(&filled.document("till", "default")).unwrap();
            assert_eq!(draft.entity.reference.as_str(), "check:default/till");
        }
    }

    #[test]
    fn a_document_that_says_more_than_the_fields_is_edited_as_it_is() {
        for spec in [
            json!({"target": "shop", "http": {"url": "https://shop.example/", "headers": {"accept": "*/*"}}}),
            json!({"target": "shop", "journey": {"steps": []}}),
            json!({"target": "shop", "slow": {"times": 3}, "tcp": {"address": "db.example:5432"}}),
            json!({"target": "shop", "path": ["resource:db"], "tcp": {"address": "db.example:5432"}}),
        ] {
            let filled = of(spec);
            assert_eq!((filled.form.as_str(), filled.yaml.as_str()), (YAML, "as it is"));
        }
    }

    #[test]
    fn what_is_no_number_is_refused_by_its_reader_and_named_by_its_field() {
        let filled = Filled {
            target: "shop".to_owned(),
            url: "https://shop.example/".to_owned(),
            max_latency: "fast".to_owned(),
            ..Filled::blank("http")
        };
        let faults = by_hand::read_document(&filled.document("till", "default")).unwrap_err();
        let pointer = &faults.spec.first().unwrap().pointer;
        assert_eq!(PLACES.iter().find(|(place, _)| pointer.starts_with(place)).unwrap().1, "max_latency");
    }

    #[test]
    fn the_example_of_a_journey_can_be_saved() {
        assert!(by_hand::read(EXAMPLE).is_ok(), "{:?}", by_hand::read(EXAMPLE).unwrap_err().document);
    }
}
