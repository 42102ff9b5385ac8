//! Configurations of other monitors, imported and run by the probe's real client against servers that are really there:
//! each verdict is the one that the original documents.

use std::{net::SocketAddr, sync::Arc};

use monitors::{Imported, Options};
use probe::{AddressPolicy, Client};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

async fn answer(mut stream: TcpStream) {
    let mut reader = BufReader::new(&mut stream);
    let mut head = String::new();
    while reader.read_line(&mut head).await.is_ok_and(|read| read > 2) {}
    let (status, headers, body) = match head.split(' ').nth(1).unwrap_or_default() {
        "/moved" => ("302 Found", "Location: /\r\n", ""),
        "/missing" => ("404 Not Found", "", "nothing"),
        "/html" => ("200 OK", "", "<p>\n<div>john</div>"),
        _ => ("200 OK", "X-Shop: open\r\n", r#"{"status": "UP", "data": [1, 2, 3], "name": "john.doe"}"#),
    };
    let length = body.len();
    let answer = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    let _ = stream.write_all(answer.as_bytes()).await;
}

async fn web() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    address
}

/// Runs the one check of an import.
async fn passes(imported: &Imported) -> bool {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let [check] = imported.checks.as_slice() else { panic!("{:?}", imported.notes) };
    let client = Client::new(AddressPolicy::default()).unwrap();
    client.run_once(&Arc::new(check.definition.clone())).await.outcome.is_good()
}

#[tokio::test]
async fn gatus_conditions_have_the_verdicts_of_its_manual() {
    let web = web().await;
    let cases = [
        ("/", "[STATUS] == 200", true),
        ("/", "[STATUS] < 300", true),
        ("/missing", "[STATUS] == any(200, 404)", true),
        ("/missing", "[STATUS] == 200", false),
        ("/moved", "[STATUS] == 200", true),
        ("/", "[BODY].status == UP", true),
        ("/", "[BODY].status != UP", false),
        ("/", "len([BODY].data) < 5", true),
        ("/", "len([BODY].data) == 2", false),
        ("/", "[BODY].name == pat(john*)", true),
        ("/", "[BODY].name == any(john.doe, jane.doe)", true),
        ("/html", "[BODY] == pat(*<div>john</div>*)", true),
        ("/", "has([BODY].errors) == false", true),
        ("/", "[CONNECTED] == true", true),
        ("/", "[RESPONSE_TIME] < 30s", true),
    ];
    for (path, condition, good) in cases {
        let yaml = format!("endpoints: [{{name: a, url: 'http://{web}{path}', conditions: ['{condition}']}}]");
        let imported = monitors::gatus(&[("gatus.yaml", yaml.as_bytes())], &Options::default()).unwrap();
        assert_eq!(passes(&imported).await, good, "{condition} of {path}");
    }
}

#[tokio::test]
async fn blackbox_exporters_modules_have_the_verdicts_of_its_manual() {
    let web = web().await;
    let cases = [
        ("/", "", true),
        ("/missing", "", false),
        ("/missing", "valid_status_codes: [404]", true),
        ("/moved", "", true),
        ("/moved", "follow_redirects: false", false),
        ("/moved", "follow_redirects: false, valid_status_codes: [302]", true),
        ("/", "fail_if_not_ssl: true", false),
        ("/", "fail_if_ssl: true", true),
        ("/", "fail_if_body_matches_regexp: ['{\"status\": \"DOWN\"']", true),
        ("/", "fail_if_body_matches_regexp: ['{\"status\": \"UP\"']", false),
        ("/", "fail_if_body_not_matches_regexp: ['\"name\": \"john\\.\\w+\"}$']", true),
        ("/html", "fail_if_body_not_matches_regexp: [jane]", false),
        ("/", "fail_if_header_matches: [{header: X-Shop, regexp: closed}]", true),
        ("/html", "fail_if_header_matches: [{header: X-Shop, regexp: closed}]", false),
        ("/html", "fail_if_header_matches: [{header: X-Shop, regexp: closed, allow_missing: true}]", true),
        ("/", "fail_if_header_not_matches: [{header: X-Shop, regexp: '^open$'}]", true),
        ("/", "valid_http_versions: ['HTTP/1.1']", true),
        ("/", "valid_http_versions: ['HTTP/2.0']", false),
        ("/", "preferred_ip_protocol: ip6, ip_protocol_fallback: false", false),
    ];
    for (path, fields, good) in cases {
        let modules = format!("modules: {{m: {{prober: http, http: {{{fields}}}}}}}");
        let jobs = format!(
            "scrape_configs: [{{job_name: j, params: {{module: [m]}}, static_configs: [{{targets: ['http://{web}{path}']}}],
            relabel_configs: [{{source_labels: [__address__], target_label: __param_target}}]}}]"
        );
        let files: [(&str, &[u8]); 2] = [("blackbox.yml", modules.as_bytes()), ("prometheus.yml", jobs.as_bytes())];
        let imported = monitors::blackbox(&files, &Options::default()).unwrap();
        assert_eq!(passes(&imported).await, good, "{fields} of {path}");
    }
}

#[tokio::test]
async fn uptime_kumas_monitors_have_the_verdicts_of_its_program() {
    let web = web().await;
    let cases = [
        ("/", r#""type": "http""#, true),
        ("/missing", r#""type": "http""#, false),
        ("/moved", r#""type": "http", "maxredirects": 0, "accepted_statuscodes": ["300-399"]"#, true),
        ("/moved", r#""type": "http", "maxredirects": 10, "accepted_statuscodes": ["200-399"]"#, true),
        ("/html", r#""type": "keyword", "keyword": "john""#, true),
        ("/html", r#""type": "keyword", "keyword": "john", "invertKeyword": true"#, false),
        ("/", r#""type": "json-query", "jsonPath": "data[1]", "expectedValue": "2""#, true),
        ("/", r#""type": "json-query", "jsonPath": "data[1]", "jsonPathOperator": ">", "expectedValue": "2""#, false),
        ("/", r#""type": "json-query", "jsonPath": "none", "jsonPathOperator": "!=", "expectedValue": "2""#, false),
    ];
    for (path, fields, good) in cases {
        let backup = format!(
            r#"{{"monitorList": [{{"id": 1, "name": "a", "interval": 60, "url": "http://{web}{path}", {fields}}}]}}"#
        );
        let document = monitors::tree("backup.json", backup.as_bytes()).unwrap();
        let imported = monitors::kuma("backup.json", &document, &Options::default()).unwrap();
        assert_eq!(passes(&imported).await, good, "{fields} of {path}");
    }
}
