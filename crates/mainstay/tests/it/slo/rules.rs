//! The rules that Sloth generates for the same objective, evaluated by a real Prometheus on the same series.
//!
//! They are written here as `sloth generate` writes them (v0.11, by its `examples/_gen`): error ratios over Google's
//! windows, the period as the mean of its five-minute ratios, and two alerts. Ours are to agree where both count events;
//! where Sloth takes a mean of ratios, ours differ by what a quiet hour weighs there.

use std::{collections::BTreeSet, fmt::Write as _, fs, process::Command, time::SystemTime};

use serde_json::Value;

use super::{Prometheus, documents, happened, known, near, openmetrics};
use crate::harness::{Server, found, home};

const ID: &str = "sloth_id=\"shop-errors\", sloth_service=\"shop\", sloth_slo=\"errors\"";
const LABELS: &str = "labels: {sloth_id: shop-errors, sloth_service: shop, sloth_slo: errors";
/// The error budget of 99%.
const BUDGET: f64 = 0.01;

/// The error ratio of each window.
fn recordings() -> String {
    let mut rules = "- name: sloth-slo-sli-recordings-shop-errors\n  rules:\n".to_owned();
    for window in ["5m", "30m", "1h", "2h", "6h", "1d", "3d"] {
        let rate = |of: &str| format!("(sum(rate(http_requests_total{of}[{window}])))");
        writeln!(
            rules,
            "  - record: slo:sli_error:ratio_rate{window}\n    expr: |\n      {}\n      /\n      {}\n    {LABELS}, sloth_window: {window}}}",
            rate("{code=\"500\"}"),
            rate("")
        )
        .unwrap();
    }
    rules
}

/// What follows from them: the period, the budget, how fast it burns, and whom that wakes.
fn rules() -> String {
    let ratio = |window: &str| format!("slo:sli_error:ratio_rate{window}{{{ID}}}");
    let over = |factor: f64, short: &str, long: &str| {
        let above = |window| format!("({} > ({factor} * {BUDGET}))", ratio(window));
        format!("({} and ignoring (sloth_window) {})", above(short), above(long))
    };
    let alert = |severity: &str, one: String, two: String| {
        format!(
            "  - alert: ShopErrors\n    expr: |\n      {one}\n      or ignoring (sloth_window)\n      {two}\n    labels: {{sloth_severity: {severity}}}\n"
        )
    };
    let record = |name: &str, expr: String| format!("  - record: {name}\n    expr: |\n      {expr}\n    {LABELS}}}\n");
    let burn = |of: &str| {
        format!("{} / on(sloth_id, sloth_slo, sloth_service) group_left slo:error_budget:ratio{{{ID}}}", ratio(of))
    };
    let mean = format!(
        "sum_over_time({five}[30d]) / ignoring (sloth_window) count_over_time({five}[30d])",
        five = ratio("5m")
    );
    [
        "groups:\n".to_owned(),
        recordings(),
        format!(
            "  - record: slo:sli_error:ratio_rate30d\n    expr: |\n      {mean}\n    {LABELS}, sloth_window: 30d}}\n"
        ),
        "- name: sloth-slo-meta-recordings-shop-errors\n  rules:\n".to_owned(),
        record("slo:error_budget:ratio", format!("vector({BUDGET})")),
        record("slo:current_burn_rate:ratio", burn("5m")),
        record("slo:period_burn_rate:ratio", burn("30d")),
        record("slo:period_error_budget_remaining:ratio", format!("1 - slo:period_burn_rate:ratio{{{ID}}}")),
        "- name: sloth-slo-alerts-shop-errors\n  rules:\n".to_owned(),
        alert("page", over(14.4, "5m", "1h"), over(6.0, "30m", "6h")),
        alert("ticket", over(3.0, "2h", "1d"), over(1.0, "6h", "3d")),
    ]
    .concat()
}

/// Runs `promtool`, which must succeed.
fn promtool(folder: &std::path::Path, args: &[&str]) {
    let ran = Command::new("promtool").args(args).current_dir(folder).output().unwrap();
    assert!(ran.status.success(), "{args:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn the_rules_that_sloth_generates_say_the_same_where_they_count_the_same() {
    let home = home();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let now = i64::try_from(now / 60).unwrap();
    fs::write(home.path().join("past.yml"), format!("groups:\n{}", recordings())).unwrap();
    let Some(prometheus) = Prometheus::with(home.path(), &openmetrics(now)) else { return };
    // The period is a mean of the five-minute ratios that were recorded all along.
    let (start, end) = (((now - super::MINUTES) * 60).to_string(), (now * 60).to_string());
    let url = format!("http://127.0.0.1:{}", prometheus.port);
    let past = ["tsdb", "create-blocks-from", "rules", "--eval-interval=1m", "--output-dir=blocks"];
    promtool(home.path(), &[&past[..], &["--start", &start, "--end", &end, "--url", &url, "past.yml"]].concat());
    drop(prometheus);
    fs::write(home.path().join("rules.yml"), rules()).unwrap();
    promtool(home.path(), &["check", "rules", "rules.yml"]);
    let prometheus = Prometheus::on_blocks(home.path(), "global: {evaluation_interval: 1s}\nrule_files: [rules.yml]\n");

    let catalog = home.path().join("catalog");
    fs::create_dir(&catalog).unwrap();
    fs::write(catalog.join("slos.yaml"), documents(prometheus.port)).unwrap();
    let server = Server::start(home.path(), &["--catalog", "catalog", "--webhook-hosts", "127.0.0.1"]);
    known(&server, "shop");
    let shop = |answer: &Value| answer.as_array()?.iter().find(|slo| slo["slo"] == "slo:default/shop").cloned();
    let fires = |slo: &Value| slo["objectives"][0]["firing"][0].is_object();
    let slo = shop(&server.until(&["slo", "list"], |all| shop(all).is_some_and(|slo| fires(&slo)))).unwrap();
    let objective = &slo["objectives"][0];
    let number = |key: &str| objective[key].as_f64().unwrap_or_else(|| panic!("{key} in {slo}"));
    let end = slo["to"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second();

    // Within rounding: both count events over the hour. Sloth's is extrapolated to the window's borders.
    let recorded = |name: &str| format!("{name}{{{ID}}}");
    found("the rules are evaluated", || {
        prometheus.get("/api/v1/rules").filter(|answer| answer.contains("\"state\":\"firing\"")).map(drop)
    });
    let at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let at = i64::try_from(at).unwrap();
    let hour = prometheus.value(&recorded("slo:sli_error:ratio_rate1h"), end);
    near("burn in an hour", number("burn"), hour / BUDGET, 0.02);
    // The same alerts fire: with windows and factors of a period of 30 days both.
    let answer = prometheus.get("/api/v1/rules?type=alert").unwrap();
    let answer: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    let rules =
        answer["data"]["groups"].as_array().unwrap().iter().flat_map(|group| group["rules"].as_array().unwrap());
    let firing = rules.filter(|rule| rule["state"] == "firing");
    let theirs: BTreeSet<&str> = firing.map(|rule| rule["labels"]["sloth_severity"].as_str().unwrap()).collect();
    let ours = objective["firing"].as_array().unwrap().iter().map(|alert| alert["severity"].as_str().unwrap());
    assert_eq!(ours.collect::<BTreeSet<&str>>(), theirs, "{slo}");
    // Explained: a mean of ratios, in which the quiet hour with nothing but errors weighs as much as any other.
    let period = prometheus.value(&recorded("slo:period_burn_rate:ratio"), at);
    let share = |back: i64| happened(back).0 as f64 / happened(back).1 as f64;
    let mean = (0..super::MINUTES).map(share).sum::<f64>() / super::MINUTES as f64;
    near("burnt in the period, by the mean of ratios", period * BUDGET, mean, 0.05);
    let event_weighted = number("bad") / number("total");
    println!("Sloth says {:.4} of all failed, which is {event_weighted:.4} of the events", period * BUDGET);
    assert!(period * BUDGET > 3.0 * event_weighted);
    let left = prometheus.value(&recorded("slo:period_error_budget_remaining:ratio"), at);
    near("left, by a mean of ratios", left, 1.0 - mean / BUDGET, 0.05);
}
