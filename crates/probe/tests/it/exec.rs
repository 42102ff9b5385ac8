//! Runs of plugins that are shell scripts.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, time::Duration};

use checks::{CheckDefinition, Outcome};
use probe::{AddressPolicy, Client};
use serde_json::json;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/plugins")
}

async fn outcome(command: &str, args: &[&str]) -> Outcome {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let script = folder().join("plugin");
    fs::set_permissions(script, fs::Permissions::from_mode(0o755)).unwrap();
    let exec = json!({"command": command, "args": args});
    let spec = json!({"target": "shop", "exec": exec, "interval": "10s", "timeout": "500ms"});
    let definition = CheckDefinition::from_spec("check:shop".parse().unwrap(), &spec).unwrap();
    Client::new(AddressPolicy::default()).unwrap().with_plugins(folder()).run_once(&definition).await.outcome
}

fn error(outcome: Outcome) -> String {
    let (Outcome::Failed { evidence } | Outcome::Slow { evidence }) = outcome else { panic!("it passed") };
    evidence.error
}

#[tokio::test]
async fn exit_codes_are_what_nagios_says_and_the_text_is_kept() {
    assert_eq!(outcome("plugin", &["0"]).await, Outcome::Passed);
    let warning = outcome("plugin", &["1"]).await;
    assert!(matches!(warning, Outcome::Slow { .. }));
    assert_eq!(error(warning), "warning: code 1; no home | time=1s");
    assert_eq!(error(outcome("plugin", &["2"]).await), "critical: code 2; no home | time=1s");
    assert_eq!(error(outcome("plugin", &["3"]).await), "unknown: code 3; no home | time=1s");
    assert!(error(outcome("none", &[]).await).starts_with("none can't be run"));
}

#[tokio::test]
async fn a_program_that_hangs_is_killed_with_its_children_and_an_endless_one_is_bounded() {
    let mark = folder().join(format!("alive-{}", std::process::id()));
    assert_eq!(error(outcome("plugin", &["hang", mark.to_str().unwrap()]).await), "no answer within 500 ms");
    // A process that was killed is there until the kernel comes to it.
    let gone = async {
        while is_alive(mark.to_str().unwrap()) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), gone).await.expect("all of the group are gone");
    assert_eq!(error(outcome("plugin", &["endless"]).await), "no answer within 500 ms");
}

/// True if a process has this argument.
fn is_alive(mark: &str) -> bool {
    fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|argument| argument == mark.as_bytes())
    })
}
