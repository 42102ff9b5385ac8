use std::collections::BTreeMap;

use checks::{CheckDefinition, CheckKind, HttpCheck, IpVersion, TcpCheck};
use serde_json::json;

use crate::{Blackbox, Credential, Imported, Note, Options, Question, Severity, blackbox};

const PROMETHEUS: &str = "
global: {scrape_interval: 30s}
scrape_configs:
- job_name: web
  metrics_path: /probe
  params: {module: [http_2xx]}
  static_configs:
  - targets: ['https://shop.example/', 'api.example']
    labels: {team: shop}
  relabel_configs:
  - {source_labels: [__address__], target_label: __param_target}
  - {source_labels: [__param_target], target_label: instance}
  - {target_label: __address__, replacement: 'blackbox:9115'}
";

fn imported(modules: &str, prometheus: &str) -> Imported {
    let files: [(&str, &[u8]); 2] = [("prometheus.yml", prometheus.as_bytes()), ("blackbox.yml", modules.as_bytes())];
    blackbox(&files, &Options::default()).unwrap()
}

/// The question that a module of these fields asks, and it reads back as what it is.
fn asked(module: &str, target: &str) -> Question {
    let file = format!("modules:\n  m: {module}\n");
    let modules = Blackbox::read("blackbox.yml", file.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    modules.module("m").unwrap().question(target, None, &BTreeMap::new()).unwrap()
}

fn http(module: &str, target: &str) -> (HttpCheck, Vec<Note>) {
    let question = asked(module, target);
    let CheckKind::Http(http) = question.kind else { panic!("{module} is {}", question.kind.word()) };
    (http, question.differences)
}

fn tcp(module: &str) -> (TcpCheck, Vec<Note>) {
    let question = asked(module, "mail.example:25");
    let CheckKind::Tcp(tcp) = question.kind else { panic!("{module} is {}", question.kind.word()) };
    (tcp, question.differences)
}

#[test]
fn a_job_and_its_module_become_a_check_of_each_target() {
    let imported = imported("modules: {http_2xx: {prober: http, timeout: 5s}}", PROMETHEUS);
    let names: Vec<&str> = imported.checks.iter().map(|check| check.definition.check.name()).collect();
    assert_eq!(names, ["https-shop-example", "api-example"]);
    let [shop, api] = imported.checks.as_slice() else { panic!() };
    assert_eq!(shop.title, "https://shop.example/");
    assert_eq!(shop.labels, BTreeMap::from([("team".to_owned(), "shop".to_owned())]));
    assert_eq!(shop.spec()["target"], "component:default/web");
    assert_eq!(shop.spec()["interval"], "30s");
    assert_eq!(shop.spec()["timeout"], "5s");
    assert_eq!(shop.spec()["http"], json!({"url": "https://shop.example/", "redirects": 10}));
    assert_eq!(api.spec()["http"]["url"], "http://api.example");
}

#[test]
fn a_scrape_that_waits_less_than_its_module_says_how_long_a_run_may_take() {
    let quick = PROMETHEUS.replace("global: {scrape_interval: 30s}", "global: {scrape_timeout: 3s}");
    let imported = imported("modules: {http_2xx: {prober: http, timeout: 5s}}", &quick);
    assert_eq!(imported.checks[0].spec()["interval"], "1m");
    assert_eq!(imported.checks[0].spec()["timeout"], "2500ms");
}

#[test]
fn relabelling_is_followed_rule_by_rule() {
    let prometheus = "
scrape_configs:
- job_name: mixed
  metrics_path: /probe
  scrape_interval: 15s
  static_configs:
  - targets: ['tcp_connect|DB.example:5432|db', 'http_2xx|shop.example|web', 'http_2xx|old.example|gone']
  relabel_configs:
  - {source_labels: [__address__], regex: '.*[|]gone', action: drop}
  - {source_labels: [__address__], regex: '([^|]+)[|](.+)[|](.+)', target_label: __param_module, replacement: '$1'}
  - {source_labels: [__address__], regex: '([^|]+)[|](.+)[|](.+)', target_label: instance, replacement: '${3}-of-$2'}
  - {source_labels: [__address__], regex: '[^|]+[|](?P<what>.+)[|].+', target_label: __param_target, replacement: '${what}'}
  - {source_labels: [__param_target], target_label: __param_target, action: lowercase}
  - {target_label: __address__, replacement: 'blackbox:9115'}
- {job_name: node, static_configs: [{targets: ['n:9100']}]}
- job_name: found
  params: {target: [x.example]}
  ec2_sd_configs: [{region: eu-west-1}]
";
    let imported = imported("modules: {http_2xx: {prober: http}, tcp_connect: {prober: tcp}}", prometheus);
    let titles: Vec<&str> = imported.checks.iter().map(|check| check.title.as_str()).collect();
    assert_eq!(titles, ["db-of-DB.example:5432", "web-of-shop.example"]);
    assert_eq!(imported.checks[0].spec()["tcp"], json!({"address": "db.example:5432"}));
    let places: Vec<&str> = imported.notes.iter().map(|note| note.place.as_str()).collect();
    for place in [
        "scrape_configs[0].static_configs[0].targets[2]",
        "scrape_configs[1]",
        "scrape_configs[2].ec2_sd_configs",
        "rule_files",
    ] {
        assert!(places.contains(&place), "{place} in {places:?}");
    }
}

#[test]
fn a_target_without_its_module_and_a_rule_that_is_not_known_are_lost_aloud() {
    let imported = imported("modules: {other: {prober: icmp}}", &format!("{PROMETHEUS}  - {{action: hashmod}}\n"));
    assert!(imported.checks.is_empty());
    let lost: Vec<&str> =
        imported.notes.iter().filter(|note| note.severity == Severity::Lost).map(|note| note.why.as_str()).collect();
    assert_eq!(lost, ["the action hashmod is not followed here; the job was left out"]);
    let imported = self::imported("modules: {other: {prober: icmp}}", PROMETHEUS);
    assert_eq!(imported.notes.iter().filter(|note| note.severity == Severity::Lost).count(), 2);
    assert!(imported.notes.iter().any(|note| note.place == "modules.other"));
}

#[test]
fn what_fails_an_http_probe_becomes_assertions() {
    let module = r#"{prober: http, http: {
        valid_status_codes: [200, 201, 204], valid_http_versions: ["HTTP/1.1", "HTTP/2.0"], fail_if_not_ssl: true,
        fail_if_body_matches_regexp: ['{"error"'], fail_if_body_not_matches_regexp: ["^ok$"], body_size_limit: 1KB,
        fail_if_header_matches: [{header: Set-Cookie, regexp: ".*", allow_missing: true}, {header: Via, regexp: proxy}],
        fail_if_header_not_matches: [{header: Server, regexp: "^nginx"}],
        preferred_ip_protocol: ip4, ip_protocol_fallback: false, follow_redirects: false, method: POST, body: "cost $5",
        headers: {Host: shop.example, X-Cost: "$5"}, tls_config: {min_version: TLS13}}}"#;
    let (check, notes) = http(module, "https://203.0.113.7/");
    let question = asked(module, "https://203.0.113.7/");
    assert!(notes.iter().all(|note| note.severity == Severity::Info), "{notes:?}");
    assert_eq!((check.ip, check.redirects, check.body.as_deref()), (IpVersion::V4, 0, Some("cost $$5")));
    assert_eq!(check.tls.server_name.as_deref(), Some("shop.example"));
    let spec = imported(&format!("modules: {{http_2xx: {module}}}"), PROMETHEUS).checks[0].spec();
    assert_eq!(spec["http"]["expect"]["status"], json!(["200-201", 204]));
    assert_eq!(
        spec["http"]["expect"]["assertions"],
        json!([
            {"header": "Set-Cookie", "not_matches": ".*"},
            {"header": "Via", "exists": true},
            {"header": "Via", "not_matches": "proxy"},
            {"header": "Server", "matches": "^nginx"},
            {"of": "body", "not_matches": r#"\{"error""#},
            {"of": "body", "matches": "^ok$"},
            {"of": "body_size", "at_most": "1024"},
            {"of": "tls_version", "exists": true},
            {"of": "tls_version", "at_least": "1.3"},
            {"of": "http_version", "one_of": ["1.1", "2"]},
        ])
    );
    assert_eq!(
        (question.host.as_str(), question.prefers.v6, question.prefers.falls_back),
        ("203.0.113.7", false, false)
    );
}

#[test]
fn where_redirects_are_followed_no_redirect_is_a_good_answer() {
    let (check, notes) = http("{prober: http, http: {valid_status_codes: [200, 301]}}", "shop.example");
    assert_eq!(check.expect.status, [checks::StatusRange { from: 200, to: 200 }]);
    assert!(notes.iter().any(|note| note.severity == Severity::Changed));
    let (check, _) =
        http("{prober: http, http: {valid_status_codes: [301], no_follow_redirects: true}}", "shop.example");
    assert_eq!((check.redirects, check.expect.status.len()), (0, 1));
    let modules = Blackbox::read("f", b"modules: {m: {prober: http, http: {valid_status_codes: [301]}}}").unwrap();
    assert!(modules.module("m").unwrap().question("x.example", None, &BTreeMap::new()).is_err());
}

#[test]
fn no_credential_is_written_down_and_each_is_found_again() {
    let module = "{prober: http, http: {basic_auth: {username: me, password: hunter2}, headers: {X-Api-Key: hunter3},
        http_headers: {X-Trace: {files: [/run/trace]}}}}";
    let prometheus = PROMETHEUS.replace("'api.example'", "'https://u:hunter4@api.example/?token=hunter5%20x&a=b'");
    let imported = imported(&format!("modules: {{http_2xx: {module}}}"), &prometheus);
    let (yaml, notes) = (imported.yaml(), format!("{:?}", imported.notes));
    assert!(!yaml.contains("hunter") && !notes.contains("hunter"), "{yaml}{notes}");
    assert!(yaml.contains("https://api.example/?token=${secret.HTTP_2XX_TOKEN | url}&a=b"), "{yaml}");
    let question = asked(module, "https://u:hunter4@api.example/?token=hunter5%20x&a=b");
    assert!(!format!("{question:?}").contains("hunter"), "{question:?}");
    let value = |text: &str| Credential::Value(text.to_owned());
    let expected = BTreeMap::from([
        ("M_PASSWORD".to_owned(), value("hunter2")),
        ("M_X_API_KEY".to_owned(), value("hunter3")),
        ("M_X_TRACE".to_owned(), Credential::File("/run/trace".to_owned())),
        ("M_TOKEN".to_owned(), value("hunter5 x")),
    ]);
    assert_eq!(question.secrets, expected);
}

#[test]
fn a_dialogue_is_said_as_blackbox_exporter_says_it() {
    let (check, notes) = tcp(
        r#"{prober: tcp, tcp: {query_response: [{expect: "^220 ([^ ]+) ESMTP (?P<what>.+)$", send: "EHLO $1 ${what} $$ ${7}\r"},
        {expect: "^250-STARTTLS", send: "STARTTLS\r"}, {expect: "^220"}, {starttls: true}, {send: "QUIT"}]}}"#,
    );
    let said: Vec<Option<&str>> = check.dialogue.iter().map(|exchange| exchange.send.as_deref()).collect();
    assert_eq!(said, [Some("EHLO ${1} ${2} $ "), Some("STARTTLS"), None, None, Some("QUIT")]);
    assert!(check.dialogue[3].starttls && check.tls.is_none());
    let changed: Vec<&str> =
        notes.iter().filter(|note| note.severity == Severity::Changed).map(|note| note.place.as_str()).collect();
    assert_eq!(changed, ["modules.m.tcp.query_response[4].send"]);
}

#[test]
fn every_other_prober_becomes_a_check_or_says_why_not() {
    let dns = asked(
        r#"{prober: dns, dns: {query_name: example.com., query_type: MX, transport_protocol: tcp, valid_rcodes: [NOERROR, NXDOMAIN],
        validate_answer_rrs: {fail_if_matches_regexp: ["\t10\t"], fail_if_none_matches_regexp: ["a.example", "b.example"]}}}"#,
        "203.0.113.53",
    );
    let CheckKind::Dns(check) = dns.kind else { panic!() };
    assert_eq!((check.server.as_deref(), check.name.as_str(), check.tcp), (Some("203.0.113.53"), "example.com", true));
    let seen = |answer: &str| {
        checks::hold(
            &check.assertions,
            &checks::Observed { answer: Some(answer.to_owned()), ..checks::Observed::default() },
        )
    };
    assert!(seen("example.com. 300 IN MX 20 a.example.").is_ok());
    assert!(seen("example.com. 300 IN MX 10 a.example.").is_err());
    assert!(seen("example.com. 300 IN MX 20 c.example.").is_err());

    let icmp = asked("{prober: icmp, icmp: {ttl: 5}}", "shop.example");
    let CheckKind::Icmp(check) = icmp.kind else { panic!() };
    assert_eq!((check.host.as_str(), check.count, check.payload_bytes), ("shop.example", 1, 28));
    assert_eq!(icmp.differences.iter().filter(|note| note.severity == Severity::Lost).count(), 1);

    let grpc = asked("{prober: grpc, grpc: {tls: true, service: s, metadata: {authorization: [Bearer t]}}}", "[::1]");
    let CheckKind::Grpc(check) = grpc.kind else { panic!() };
    assert_eq!((check.address.as_str(), check.service.as_str()), ("[::1]:443", "s"));
    assert_eq!(check.metadata[0].1, "Bearer ${secret.M_AUTHORIZATION}");

    let socket = asked(
        "{prober: websocket, websocket: {http_config: {basic_auth: {username: u, password: p}}, headers: {X-A: b},
        query_response: [{send: hi}, {expect: '^ho'}]}}",
        "wss://shop.example/live",
    );
    let CheckKind::WebSocket(check) = socket.kind else { panic!() };
    assert_eq!(check.headers[0].1, "Basic ${secret.M_USER_AND_PASSWORD | base64}");
    assert_eq!(socket.secrets["M_USER_AND_PASSWORD"], Credential::Value("u:p".to_owned()));
    assert!(check.receive && check.send.as_deref() == Some("hi"));

    let oauth = asked(
        "{prober: http, http: {oauth2: {client_id: me, client_secret: s, token_url: 'https://x.example/t', scopes: [a, b],
        endpoint_params: {audience: you}}}}",
        "https://shop.example/",
    );
    let CheckKind::Journey(journey) = oauth.kind else { panic!() };
    assert_eq!(
        journey.steps[0].request.body.as_deref(),
        Some(
            "grant_type=client_credentials&client_id=me&client_secret=${secret.M_CLIENT_SECRET | url}&scope=a+b&audience=you"
        )
    );

    for (module, target) in [
        ("{prober: unix}", "/run/x.sock"),
        ("{prober: tcp}", "no-port.example"),
        ("{prober: tcp, tcp: {query_response: [{send: !!binary AAAACATSFi8= }]}}", "db.example:5432"),
        ("{prober: tcp, tcp: {query_response: [{expect_bytes: S}]}}", "db.example:5432"),
        ("{prober: http, http: {enable_http3: true, enable_http2: false}}", "x.example"),
        ("{prober: dns, dns: {query_name: x, dns_over_tls: true, transport_protocol: tcp}}", "x.example"),
        ("{prober: dns, dns: {query_name: x, query_class: CH}}", "x.example"),
        ("{prober: websocket}", "https://x.example/"),
    ] {
        let modules = Blackbox::read("f", format!("modules: {{m: {module}}}").as_bytes());
        let modules = modules.unwrap_or_else(|error| panic!("{module}: {error}"));
        let question = modules.module("m").unwrap().question(target, None, &BTreeMap::new());
        assert!(question.is_err(), "{module}: {question:?}");
    }
}

#[test]
fn files_without_modules_or_without_targets_are_refused_with_what_is_missing() {
    let refused = |files: &[(&str, &[u8])]| blackbox(files, &Options::default()).unwrap_err().to_string();
    assert!(refused(&[("p", PROMETHEUS.as_bytes())]).contains("give the blackbox.yml"));
    assert!(refused(&[("b", b"modules: {a: {prober: icmp}}")]).contains("give the prometheus.yml"));
    assert!(refused(&[("x", b"a: 1")]).contains("neither modules nor scrape_configs"));
}

fn corpus() -> Option<std::path::PathBuf> {
    let root = std::env::var_os("MAINSTAY_CORPORA").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora"),
        std::path::PathBuf::from,
    );
    let folder = root.join("blackbox");
    if !folder.is_dir() {
        println!("skipped: there is no {}", folder.display());
        return None;
    }
    Some(folder)
}

#[test]
fn every_module_of_the_corpus_is_a_check_that_reads_or_says_why_not() {
    let Some(folder) = corpus() else { return };
    let mut asked = 0;
    for file in ["blackbox.yml", "example.yml", "config/testdata/blackbox-good.yml"] {
        let bytes = std::fs::read(folder.join(file)).unwrap();
        let modules = Blackbox::read(file, &bytes).unwrap_or_else(|error| panic!("{error}"));
        for module in modules.modules() {
            let target = match module.prober() {
                crate::Prober::WebSocket => "wss://shop.example/",
                crate::Prober::Http => "https://shop.example/",
                crate::Prober::Tcp | crate::Prober::Grpc => "shop.example:443",
                crate::Prober::Icmp | crate::Prober::Dns | crate::Prober::Unix => "shop.example",
            };
            asked += 1;
            let prometheus = PROMETHEUS.replace("'https://shop.example/', 'api.example'", &format!("'{target}'"));
            let prometheus = prometheus.replace("http_2xx", module.name());
            let files: [(&str, &[u8]); 2] = [(file, &bytes), ("prometheus.yml", prometheus.as_bytes())];
            let imported = blackbox(&files, &Options::default()).unwrap();
            match imported.checks.as_slice() {
                [check] => {
                    let read = CheckDefinition::from_spec(check.definition.check.clone(), &check.spec()).unwrap();
                    assert_eq!(read.kind, check.definition.kind, "{}", module.name());
                }
                none => {
                    assert!(none.is_empty());
                    let lost = imported.notes.iter().filter(|note| note.severity == Severity::Lost);
                    assert!(
                        lost.into_iter().any(|note| note.why.contains("left out")),
                        "{}: {:?}",
                        module.name(),
                        imported.notes
                    );
                }
            }
        }
    }
    assert!(asked > 40, "{asked}");
}

/// What blackbox_exporter's own tests say is refused, by the field that is wrong.
#[test]
fn what_blackbox_exporter_refuses_is_refused() {
    let refused = |module: &str, why: &str| {
        let file = format!("modules: {{m: {module}}}");
        let error = Blackbox::read("blackbox.yml", file.as_bytes()).expect_err(module).to_string();
        assert!(error.contains(why) && error.contains("modules.m"), "{module}: {error}");
    };
    refused("{prober: dns, dns: {query_name: x, invalid_extra_field: value}}", "invalid_extra_field");
    refused("{prober: dns, dns: {preferred_ip_protocol: ip6}}", "query_name");
    refused("{prober: dns, dns: {query_name: x, query_class: X}}", "query_class");
    refused("{prober: dns, dns: {query_name: x, query_type: X}}", "query_type");
    refused("{prober: http, http: {bearer_token: foo, bearer_token_file: foo}}", "bearer_token_file");
    refused("{prober: http, http: {bearer_token: foo, basic_auth: {username: u}}}", "exclude");
    refused("{prober: http, http: {body: b, body_file: f}}", "body_file");
    refused("{prober: http, http: {fail_if_body_matches_regexp: [':[']}}", "is no pattern");
    refused("{prober: http, http: {fail_if_body_not_matches_regexp: [':[']}}", "is no pattern");
    refused("{prober: http, http: {compression: gzip, headers: {accEpt-enCoding: deflate}}}", "compression");
    refused("{prober: http, http: {compression: gzip, headers: {Accept-Encoding: '*;q=0.0'}}}", "compression");
    refused("{prober: http, http: {fail_if_header_not_matches: [{header: A, regexp: ':['}]}}", "is no pattern");
    refused("{prober: http, http: {fail_if_header_not_matches: [{header: A}]}}", "regexp");
    refused("{prober: http, http: {enable_http3: true}}", "enable_http2");
    refused(
        "{prober: http, http: {enable_http3: true, enable_http2: false, valid_http_versions: ['HTTP/1.1']}}",
        "HTTP/3.0",
    );
    refused("{prober: http, http: {valid_http_versions: ['HTTP/3.0']}}", "enable_http3");
    refused("{prober: icmp, icmp: {ttl: -1}}", "ttl");
    refused("{prober: icmp, icmp: {ttl: 256}}", "ttl");
    refused("{prober: invalid}", "prober");
    refused("{prober: tcp, tcp: {query_response: [{expect: ':['}]}}", "is no pattern");
    refused("{prober: unix, unix: {query_response: [{send: PING, expect: ':['}]}}", "is no pattern");
    refused("{prober: websocket, websocket: {query_response: [{expect: ':['}]}}", "is no pattern");
}
