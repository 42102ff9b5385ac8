//! Budgets against a real Prometheus: what is counted here is what it has, and what Sloth's rules say where the two mean
//! the same.

mod rules;

use std::{
    fmt::Write as _,
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, SystemTime},
};

use serde_json::Value;

use crate::harness::{Ran, Server, found, home, mainstay};

/// So many minutes of the past are made up.
const MINUTES: i64 = 30 * 60;

/// What happened in a minute, counted back from now: the bad and all requests. Busy hours are good, one quiet hour was
/// all bad, and something is wrong now.
fn happened(back: i64) -> (u64, u64) {
    match back {
        600..660 => (2, 2),
        0..40 => (90, 300),
        _ => (u64::from(back % 90 == 0), 300),
    }
}

/// Counters as OpenMetrics, up to this minute; one of them was reset on the way.
fn openmetrics(now: i64) -> String {
    let mut text = "# HELP http_requests Requests.\n# TYPE http_requests counter\n".to_owned();
    for (code, of) in [("200", false), ("500", true)] {
        let mut sum = 1_000;
        for back in (0..=MINUTES).rev() {
            let (bad, all) = happened(back);
            sum += if of { bad } else { all - bad };
            if !of && back == 300 {
                sum = all - bad;
            }
            writeln!(text, "http_requests_total{{code=\"{code}\"}} {sum} {}", (now - back) * 60).unwrap();
        }
    }
    text + "# EOF\n"
}

struct Prometheus {
    child: Child,
    port: u16,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Prometheus {
    /// One that has all this; none where it is not installed.
    fn with(folder: &Path, text: &str) -> Option<Self> {
        fs::write(folder.join("data.txt"), text).unwrap();
        let made = Command::new("promtool")
            .args(["tsdb", "create-blocks-from", "openmetrics", "data.txt", "blocks"])
            .current_dir(folder)
            .output();
        let Ok(made) = made else {
            eprintln!("skipped: there is no promtool; install Debian's prometheus");
            return None;
        };
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Some(Self::on_blocks(folder, "global: {scrape_interval: 1h}\n"))
    }

    /// One with this configuration, that has what is in the folder's blocks.
    fn on_blocks(folder: &Path, configuration: &str) -> Self {
        fs::write(folder.join("prometheus.yml"), configuration).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new("prometheus")
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=blocks", "--storage.tsdb.retention.time=10y"])
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let prometheus = Self { child, port };
        found("Prometheus is waited for", || {
            prometheus.get("/-/ready").filter(|answer| answer.starts_with("HTTP/1.0 200"))
        });
        prometheus
    }

    fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
        write!(stream, "GET {path} HTTP/1.0\r\nhost: 127.0.0.1\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// The value of an expression at a second.
    fn value(&self, query: &str, at: i64) -> f64 {
        let query: String = query
            .bytes()
            .map(
                |byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") },
            )
            .collect();
        let answer = self.get(&format!("/api/v1/query?query={query}&time={at}")).unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        let answer: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"));
        answer["data"]["result"][0]["value"][1].as_str().unwrap_or_else(|| panic!("{answer}")).parse().unwrap()
    }
}

fn documents(port: u16) -> String {
    format!(
        "apiVersion: openslo/v1
kind: DataSource
metadata: {{name: prometheus}}
spec: {{type: Prometheus, connectionDetails: {{url: 'http://127.0.0.1:{port}'}}}}
---
apiVersion: openslo/v1
kind: SLO
metadata: {{name: shop}}
spec:
  service: shop
  indicator:
    metadata: {{name: errors}}
    spec:
      ratioMetric:
        counter: true
        bad: {{metricSource: {{metricSourceRef: prometheus, spec: {{query: 'http_requests_total{{code=\"500\"}}'}}}}}}
        total: {{metricSource: {{metricSourceRef: prometheus, spec: {{query: http_requests_total}}}}}}
  timeWindow: [{{duration: 30d, isRolling: true}}]
  budgetingMethod: Occurrences
  objectives: [{{target: 0.99}}]
---
apiVersion: openslo/v1
kind: SLO
metadata: {{name: sloth}}
spec:
  service: shop
  indicator:
    metadata: {{name: errors}}
    spec:
      ratioMetric:
        bad: {{metricSource: {{metricSourceRef: prometheus, spec: {{query: 'sum(rate(http_requests_total{{code=\"500\"}}[{{{{.window}}}}]))'}}}}}}
        total: {{metricSource: {{metricSourceRef: prometheus, spec: {{query: 'sum(rate(http_requests_total[{{{{.window}}}}]))'}}}}}}
  timeWindow: [{{duration: 30d, isRolling: true}}]
  budgetingMethod: Occurrences
  objectives: [{{target: 0.99}}]
"
    )
}

/// What the server says of an SLO, as soon as it has asked for everything.
fn known(server: &Server, name: &str) -> Value {
    let of =
        |answer: &Value| answer.as_array()?.iter().find(|slo| slo["slo"] == format!("slo:default/{name}")).cloned();
    let total = |slo: &Value| slo["objectives"][0]["total"].as_f64().unwrap_or_default();
    // All but the quiet hour is busy, and the last minutes may still be collected.
    let all = |answer: &Value| of(answer).is_some_and(|slo| total(&slo) > 300.0 * (MINUTES - 65) as f64);
    of(&server.until(&["slo", "list"], all)).unwrap()
}

#[track_caller]
fn near(what: &str, ours: f64, theirs: f64, within: f64) {
    println!("{what}: ours {ours:.6}, theirs {theirs:.6}");
    assert!((ours - theirs).abs() <= within * theirs.abs(), "{what}: {ours} is not {theirs}");
}

#[test]
fn budgets_of_a_real_prometheus_are_exact_and_burn_as_sloth_s_rules_say() {
    let home = home();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let now = i64::try_from(now / 60).unwrap();
    let Some(prometheus) = Prometheus::with(home.path(), &openmetrics(now)) else { return };
    let catalog = home.path().join("catalog");
    fs::create_dir(&catalog).unwrap();
    fs::write(catalog.join("slos.yaml"), documents(prometheus.port)).unwrap();
    let server = Server::start(home.path(), &["--catalog", "catalog", "--webhook-hosts", "127.0.0.1"]);
    let slo = known(&server, "shop");
    let objective = &slo["objectives"][0];
    let number = |key: &str| objective[key].as_f64().unwrap_or_else(|| panic!("{key} in {slo}"));
    let to: jiff::Timestamp = slo["to"].as_str().unwrap().parse().unwrap();
    let end = to.as_second() / 60;
    // Exactly what was made up: each minute from the first value to the end, over the reset.
    let minutes = (now - MINUTES..end).map(|minute| happened(now - minute - 1));
    let (bad, all) = minutes.fold((0, 0), |(bad, all), (b, a)| (bad + b, all + a));
    assert_eq!((number("bad"), number("total")), (bad as f64, all as f64));
    let error = number("bad") / number("total");
    let ratio = |window: &str| {
        let sum = |of: &str| format!("sum(rate(http_requests_total{of}[{window}]))");
        format!("{} / {}", sum("{code=\"500\"}"), sum(""))
    };
    near("error in all", error, prometheus.value(&ratio("30h"), to.as_second()), 0.01);
    // Sloth's slo:sli_error:ratio_rate1h, by the budget.
    near("burn in an hour", number("burn"), prometheus.value(&ratio("1h"), to.as_second()) / 0.01, 0.02);
    // Sloth's slo:sli_error:ratio_rate30d is a mean of five-minute ratios: the quiet hour weighs as much as any other.
    let mean = format!("avg_over_time(({})[30h:5m])", ratio("5m"));
    let mean = prometheus.value(&mean, to.as_second());
    println!("a mean of ratios calls that {mean:.6}, {:.1} times as much", mean / error);
    assert!(mean > 3.0 * error, "{mean} is a mean of ratios, {error} is what happened");
    // The queries of Sloth's own file come to the same.
    let sloth = known(&server, "sloth");
    let objective = &sloth["objectives"][0];
    let share = 1.0 - objective["good_percent"].as_f64().unwrap() / 100.0;
    near("error in all, by Sloth's queries", share, error, 0.02);
    // What it says of itself, as soon as the budget was looked at, and the exit code.
    let burns = |answer: &Value| {
        answer
            .as_array()
            .is_some_and(|all| all.iter().any(|slo| slo["slo"] == "slo:default/shop" && slo["state"] == "burning"))
    };
    server.until(&["slo", "list"], burns);
    let shown = server.verb(&["slo", "show", "shop"]);
    shown.exits(1).says(&["burning", "99% wanted"]);
    server.verb(&["slo", "list"]).exits(0).says(&["shop", "sloth", "BUDGET LEFT"]);
}

#[test]
fn a_prometheus_that_can_t_be_asked_is_why_nothing_is_known() {
    let home = home();
    let catalog = home.path().join("catalog");
    fs::create_dir(&catalog).unwrap();
    // Nobody allowed the private address.
    fs::write(catalog.join("slos.yaml"), documents(9)).unwrap();
    let server = Server::start(home.path(), &["--catalog", "catalog"]);
    let refused = |answer: &Value| answer[0]["trouble"].as_str().is_some_and(|why| why.contains("private address"));
    let answer = server.until(&["slo", "list"], refused);
    assert_eq!(answer[0]["state"], "unknown");
    server.verb(&["slo", "show", "shop"]).exits(1).says(&["unknown", "private address"]);
}

#[test]
fn files_of_sloth_become_catalog_files_and_the_exit_code_says_whether_something_was_lost() {
    let home = home();
    let sloth = "version: prometheus/v1\nservice: shop\nslos:\n- {name: a, objective: 99, sli: {raw: {error_ratio_query: x}}}\n";
    fs::write(home.path().join("sloth.yml"), sloth).unwrap();
    let import = |more: &[&str]| {
        Ran::run(
            mainstay(home.path()).args(["slo", "import", "sloth.yml", "--prometheus", "https://p.example"]).args(more),
        )
    };
    import(&[]).exits(0).says(&["kind: SLO", "apiVersion: openslo/v1"]).complains(&["1 objectives"]);
    import(&["--out", "slos.yaml"]).exits(0);
    import(&["--out", "slos.yaml"]).exits(65);
    fs::write(home.path().join("sloth.yml"), sloth.replace("raw", "plugin")).unwrap();
    import(&[]).exits(1).complains(&["lost"]);
}
