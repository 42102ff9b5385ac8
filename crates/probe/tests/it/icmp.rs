//! Pings on loopback, where the machine lets its tests ping.

use std::process::Command;

use checks::{CheckDefinition, Outcome};
use probe::{AddressPolicy, Client, Run};
use serde_json::{Value, json};

/// Tells a test that it runs on a network of its own.
const ALONE: &str = "MAINSTAY_TEST_IS_ALONE";

async fn run(icmp: Value, timeout: &str) -> Run {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let spec = json!({"target": "shop", "icmp": icmp, "interval": "10s", "timeout": timeout});
    let definition = CheckDefinition::from_spec("check:shop".parse().unwrap(), &spec).unwrap();
    Client::new(AddressPolicy::default()).unwrap().run_once(&definition).await
}

/// The run, unless this machine lets nobody ping.
async fn pinged(icmp: Value, timeout: &str) -> Option<Run> {
    let run = run(icmp, timeout).await;
    if let Outcome::Unable { why } = &run.outcome {
        eprintln!("skipped: {why}");
        return None;
    }
    Some(run)
}

fn error(run: Run) -> String {
    let Outcome::Failed { evidence } = run.outcome else { panic!("it did not fail: {:?}", run.outcome) };
    evidence.error
}

#[tokio::test]
async fn a_host_that_answers_passes_over_both_versions_of_ip() {
    for (host, ip, size) in
        [("127.0.0.1", "4", 32), ("127.0.0.1", "any", 0), ("localhost", "4", 1_400), ("::1", "6", 33)]
    {
        let ip = ip.parse::<u8>().map_or(json!(ip), |ip| json!(ip));
        let assertions = json!([
            {"of": "loss", "equals": 0}, {"of": "response_time", "less_than": "900ms"},
            {"of": "address", "one_of": ["127.0.0.1", "::1"]}, {"of": "connected", "equals": true},
        ]);
        let asked = json!({"host": host, "ip": ip, "payload_bytes": size, "count": 5, "assertions": assertions});
        let Some(run) = pinged(asked, "2s").await else { return };
        if let Outcome::Failed { evidence } = &run.outcome
            && evidence.error.contains("Address not available")
        {
            eprintln!("skipped: this machine has no {host}");
            continue;
        }
        assert_eq!(run.outcome, Outcome::Passed, "{host}");
        let hop = run.hops.first().unwrap();
        assert!(hop.phases.processing_us > 0 && hop.phases.processing_us < 900_000, "{:?}", hop.phases);
        assert_eq!(hop.phases.connect_us, 0);
    }
}

#[tokio::test]
async fn what_was_sent_and_heard_is_in_the_evidence() {
    let assertions = json!([{"of": "loss", "greater_than": 0}]);
    let Some(run) = pinged(json!({"host": "127.0.0.1", "count": 3, "assertions": assertions}), "2s").await else {
        return;
    };
    let Outcome::Failed { evidence } = run.outcome else { panic!("{:?}", run.outcome) };
    assert_eq!(evidence.error, "the loss in percent is \"0\"; more than 0 is wanted");
    let said = evidence.body_excerpt.unwrap();
    assert!(said.starts_with("3 sent, 3 answered, 0 % lost; round trip min/avg/max 0."), "{said}");
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_down_before_the_timeout() {
    // RFC 5737: nobody has this address. Where there is no way to it the system says so at once.
    let Some(run) = pinged(json!({"host": "198.51.100.7", "count": 2}), "400ms").await else { return };
    assert!(run.latency_ms < 400, "{}", run.latency_ms);
    let error = error(run);
    assert!(error.starts_with("no echo request was answered") || error.starts_with("can't connect"), "{error}");
}

#[tokio::test]
async fn the_policy_is_kept_to_and_names_that_do_not_exist_are_said_to() {
    let refused = error(run(json!({"host": "169.254.169.254"}), "2s").await);
    assert_eq!(refused, "169.254.169.254 is a link-local or metadata address, which is never asked");
    let everybody = error(run(json!({"host": "255.255.255.255"}), "2s").await);
    assert!(everybody.contains("is not the address of one machine"), "{everybody}");
    let unknown = error(run(json!({"host": "shop.invalid"}), "2s").await);
    assert!(unknown.contains("can't be resolved"), "{unknown}");
}

/// The named test of these, run by itself on a network of its own where only what `sysctl` grants may ping.
fn run_alone(test: &str, ping_group_range: &str) {
    let script = format!(
        "ip link set lo up && sysctl -qw net.ipv4.ping_group_range=\"{ping_group_range}\" && \
         exec setpriv --bounding-set=-net_raw --inh-caps=-net_raw \"$0\" --exact icmp::{test}"
    );
    let itself = std::env::current_exe().unwrap();
    let alone = Command::new("unshare").args(["--net", "sh", "-c", &script]).arg(itself).env(ALONE, "1").output();
    let alone = alone.map_err(|error| error.to_string()).and_then(|output| {
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        // A test that was never begun says nothing.
        if said.contains("running 1 test") { Ok((output.status, said)) } else { Err(format!("{output:?}")) }
    });
    match alone {
        Ok((status, said)) => assert!(status.success(), "{said}"),
        Err(why) => eprintln!("skipped: this machine gives the test no network of its own: {why}"),
    }
}

#[tokio::test]
async fn where_nobody_may_ping_nothing_is_said_of_the_host() {
    if std::env::var_os(ALONE).is_none() {
        return run_alone("where_nobody_may_ping_nothing_is_said_of_the_host", "1 0");
    }
    let Outcome::Unable { why } = run(json!({"host": "127.0.0.1"}), "2s").await.outcome else { panic!("it was asked") };
    assert!(why.contains("ping_group_range") && why.contains("CAP_NET_RAW"), "{why}");
}

#[tokio::test]
async fn whoever_is_in_the_group_pings_without_any_privilege() {
    if std::env::var_os(ALONE).is_none() {
        return run_alone("whoever_is_in_the_group_pings_without_any_privilege", "0 2147483647");
    }
    for host in ["127.0.0.1", "::1"] {
        let assertions = json!([{"of": "loss", "equals": 0}]);
        let outcome = run(json!({"host": host, "count": 5, "assertions": assertions}), "2s").await.outcome;
        assert_eq!(outcome, Outcome::Passed, "{host}");
    }
}
