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
            {"certificate_days": true, "at_least": "2"},
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
        "endpoints:\n- {name: a, url: 'udp://x:1'}\n- {name: b, enabled: false, url: 'https://x'}\n\
         - {name: c, url: 'https://$HOST/'}\n- {name: c, url: 'tcp://x:1'}\n- {name: c, url: 'icmp://x'}\n",
    );
    let names: Vec<&str> = imported.checks.iter().map(|check| check.definition.check.name()).collect();
    assert_eq!(names, ["c", "c-2"]);
    assert_eq!(imported.notes.len(), 3);
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
        read += 1;
    }
    assert!(read > 0);
}
