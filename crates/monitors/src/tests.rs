mod objectives;

use crate::{Imported, Options, gatus};

fn read(yaml: &str) -> Imported {
    gatus(&[("gatus.yaml", yaml.as_bytes())], &Options::default()).unwrap()
}

#[test]
fn an_endpoint_becomes_a_check_with_its_conditions() {
    let imported = read(
        "endpoints:\n- name: API health\n  group: core\n  url: https://x.example/h\n  interval: 5m\n  conditions:\n  \
         - '[STATUS] == any(200, 429)'\n  - '[BODY].data.id == 1'\n  - 'len([BODY].data) < 5'\n  \
         - '[BODY].name == pat(john*)'\n  - '[CERTIFICATE_EXPIRATION] > 48h'\n  - '[DOMAIN_EXPIRATION] > 720h'\n",
    );
    assert_eq!(imported.checks.len(), 1);
    let spec = imported.checks[0].spec();
    assert_eq!(spec["target"], "component:default/core");
    assert_eq!(spec["interval"], "5m");
    assert_eq!(
        spec["http"]["expect"],
        serde_json::json!({"status": [200, 429], "assertions": [
            {"json": "$.data.id", "equals": "1"},
            {"json_length": "$.data", "less_than": "5"},
            {"json": "$.name", "matches": r"(?s)\A\s*john.*\s*\z"},
            {"of": "certificate_days", "at_least": "2"},
        ]})
    );
    assert_eq!(imported.notes.len(), 1);
    assert_eq!(imported.notes[0].place, "endpoints[0].conditions[5]");
}

#[test]
fn no_secret_is_written_down() {
    let imported = read(
        "endpoints:\n- name: a\n  url: https://me:hunter2@x.example/\n  headers:\n    Authorization: Bearer hunter2\n    \
         X-Trace: $TRACE and $$5\n  conditions: ['[STATUS] == 200']\n",
    );
    let yaml = imported.yaml();
    assert!(!yaml.contains("hunter2"), "{yaml}");
    assert!(yaml.contains("Bearer ${secret.A_AUTHORIZATION}"), "{yaml}");
    assert!(yaml.contains("${secret.TRACE} and $$5"), "{yaml}");
    let secrets: Vec<&str> = imported.secrets.iter().map(String::as_str).collect();
    assert_eq!(secrets, ["A_AUTHORIZATION", "A_PASSWORD", "TRACE"]);
}

#[test]
fn what_is_switched_off_or_has_no_counterpart_is_noted_and_left_out() {
    let imported = read(
        "endpoints:\n- {name: a, url: 'udp://me:hunter2@x:1'}\n- {name: b, enabled: false, url: 'https://x'}\n\
         - {name: c, url: 'https://$HOST/'}\n- {name: c, url: 'tcp://x:1'}\n- {name: c, url: 'icmp://x'}\n",
    );
    let names: Vec<&str> = imported.checks.iter().map(|check| check.definition.check.name()).collect();
    assert_eq!(names, ["c", "c-2"]);
    assert_eq!(imported.notes.len(), 3);
    assert!(!format!("{:?}", imported.notes).contains("hunter2"));
}

#[test]
fn files_that_are_hostile_or_something_else_are_refused() {
    let refused = |bytes: &[u8]| gatus(&[("f", bytes)], &Options::default()).unwrap_err().to_string();
    assert!(refused(&vec![b' '; (4 << 20) + 1]).contains("more than 4 MB"));
    assert!(refused(b"a: 1").contains("no configuration of Gatus"));
    assert!(refused("[".repeat(100_000).as_bytes()).contains("can't be read"));
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let alias = format!("*a{}, ", level - 1).repeat(10);
        bomb.push_str(&format!("a{level}: &a{level} [{alias}]\n"));
    }
    assert!(refused(bomb.as_bytes()).contains("can't be read"));
}

#[test]
fn every_configuration_of_the_corpus_is_read() {
    let Some(root) = std::env::var_os("MAINSTAY_CORPORA").map(std::path::PathBuf::from) else {
        println!("skipped: set MAINSTAY_CORPORA");
        return;
    };
    let mut read = 0;
    for example in std::fs::read_dir(root.join("gatus")).unwrap() {
        let Ok(entries) = std::fs::read_dir(example.unwrap().path().join("config")) else { continue };
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let files: Vec<(String, Vec<u8>)> =
            paths.iter().map(|path| (path.display().to_string(), std::fs::read(path).unwrap())).collect();
        let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        let imported = gatus(&files, &Options::default()).unwrap();
        assert!(!imported.checks.is_empty(), "{paths:?}");
        imported.checks.iter().for_each(reads_back);
        read += 1;
    }
    assert!(read > 0);
}

/// What Gatus says of a condition and a body in its manual and tests.
fn verdict(condition: &str, body: &str, good: bool) {
    let imported = read(&format!("endpoints:\n- name: a\n  url: https://x.example/\n  conditions: ['{condition}']\n"));
    assert_eq!(imported.notes, [], "{condition}");
    let checks::CheckKind::Http(http) = &imported.checks[0].definition.kind else { panic!("{condition}") };
    let seen =
        checks::Observed { status: Some(200), body: body.as_bytes().into(), connected: true, ..Default::default() };
    assert_eq!(checks::hold(&http.expect.assertions, &seen).is_ok(), good, "{condition} of {body}");
}

#[test]
fn conditions_have_the_verdicts_that_gatus_documents() {
    verdict("[BODY].data.id == 1", r#"{"data": {"id": 1}}"#, true);
    verdict("[BODY].data.id == 1", r#"{"data": {"id": 2}}"#, false);
    verdict("[BODY].data == 0x1", r#"{"data": "1"}"#, true);
    verdict("[BODY].status == UP", r#"{"status": "UP"}"#, true);
    verdict("[BODY].status != UP", r#"{}"#, true);
    verdict("[BODY] == test", " test\n", true);
    verdict("[BODY] == test", "tests", false);
    verdict("[BODY] < 124", "123", true);
    verdict("[BODY][0].id == 1", r#"[{"id": 1}]"#, true);
    verdict("[BODY].items[1].a-b > 5", r#"{"items": [1, {"a-b": 6}]}"#, true);
    verdict("len([BODY].data) < 5", r#"{"data": [1, 2, 3]}"#, true);
    verdict("len([BODY].data) == 8", r#"{"data": "john.doe"}"#, true);
    verdict("[BODY].name == pat(john*)", r#"{"name": "john.doe"}"#, true);
    verdict("[BODY].name == pat(bob*)", r#"{"name": "john.doe"}"#, false);
    verdict("pat(*<div>john</div>*) == [BODY]", "<p>\n<div>john</div>", true);
    verdict("[BODY].name == any(john.doe, jane.doe)", r#"{"name": "jane.doe"}"#, true);
    verdict("[BODY].name == any(john.doe, jane.doe)", r#"{"name": "bob"}"#, false);
    verdict("has([BODY].errors) == false", r#"{}"#, true);
    verdict("has([BODY].errors) == false", r#"{"errors": ["x"]}"#, false);
    verdict("[STATUS] < 300", "", true);
}

#[test]
fn every_sort_of_endpoint_is_a_check_that_reads() {
    let imported = read(
        "endpoints:\n- {name: a, url: 'tcp://x.example:1', conditions: ['[CONNECTED] == true']}\n\
         - {name: b, url: 'ssh://x.example'}\n- {name: c, url: 'tls://x.example:443', conditions: ['[CERTIFICATE_EXPIRATION] > 48h']}\n\
         - {name: d, url: 'starttls://x.example:25'}\n- {name: e, url: 'grpc://x.example:50051'}\n\
         - {name: f, url: 'wss://x.example/', body: hi, conditions: ['[BODY] == hi']}\n- {name: g, url: 'icmp://x.example'}\n\
         - {name: h, url: '8.8.8.8', dns: {query-name: x.example, query-type: A}, conditions: ['[DNS_RCODE] == NOERROR', '[BODY] == 1.2.3.4']}\n\
         - {name: i, url: 'https://x.example/', client: {oauth2: {token-url: 'https://x.example/t', client-id: me, client-secret: s, scopes: [a]}}}\n\
         maintenance: {start: '23:00', duration: 1h, timezone: Europe/Lisbon, every: [Monday]}\n\
         suites:\n- name: j\n  context: {user: u}\n  endpoints:\n  - {name: one, url: 'https://x.example/[CONTEXT].user', store: {id: '[BODY].id'}}\n  \
         - {name: two, url: 'https://x.example/[CONTEXT].id', always-run: true}\n\
         external-endpoints:\n- {name: k, token: t, heartbeat: {interval: 1h}}\n",
    );
    let names: Vec<&str> = imported.checks.iter().map(|check| check.definition.check.name()).collect();
    assert_eq!(names, ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"], "{:#?}", imported.notes);
    imported.checks.iter().for_each(reads_back);
}

/// Asserts that a plan takes the check as it was written.
fn reads_back(check: &crate::imported::Check) {
    let read = checks::CheckDefinition::from_spec(check.definition.check.clone(), &check.spec());
    let read = read.unwrap_or_else(|problems| panic!("{problems:?} in {}", check.spec()));
    assert_eq!(read.kind, check.definition.kind);
}

#[test]
fn whatever_a_condition_compares_what_comes_of_it_is_a_check_or_a_note() {
    for side in ["[RESPONSE_TIME]", "[STATUS]", "[IP]", "[BODY]", "[BODY].a", "len([BODY])", "len([RESPONSE_TIME])"] {
        for rest in ["== abc", "== pat(1*)", "== any(1, 2)", "== any(a, b)", "!= x", "< 500", "< 2s", ">= abc", "== ''"]
        {
            let rest = rest.replace('\'', "\"");
            let imported =
                read(&format!("endpoints:\n- name: a\n  url: https://x.example/\n  conditions: ['{side} {rest}']\n"));
            imported.checks.iter().for_each(reads_back);
        }
    }
}

#[test]
fn a_file_of_several_documents_is_refused_in_words() {
    let two = "endpoints: []\n---\nendpoints: []\n";
    let error = gatus(&[("gatus.yaml", two.as_bytes())], &Options::default()).unwrap_err().to_string();
    assert!(error.contains("several documents"), "{error}");
    assert!(!error.contains("udget"), "{error}");
}

#[test]
fn what_is_written_reads_back_and_a_comment_stays_a_comment() {
    let imported = read(
        "endpoints:\n- name: \"a\\nkind: Evil\"\n  url: 'https://x.example/'\n  conditions: ['[BODY] == [BODY].x']\n\
         - name: \"b\\nkind: Evil\"\n  url: 'udp://x'\n",
    );
    let yaml = imported.yaml();
    assert!(!yaml.contains("\nkind: Evil"), "{yaml}");
    assert_eq!(yaml, imported.files()[0].1);
    let document = yaml.split("---\n").nth(1).unwrap();
    let read: serde_json::Value = serde_saphyr::from_str(document).unwrap();
    assert_eq!(read["kind"], "Check");
    assert_eq!(read["spec"], imported.checks[0].spec());
}
