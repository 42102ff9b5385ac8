//! Sloth's and Pyrra's files, as their manuals have them.

use kernel::EntityRef;
use serde_json::Value;
use slo::{Document, Event, Input, Measure, Severity as Urgency, State};

use crate::{Objectives, Severity, objectives};

const SLOTH: &str = r#"
version: "prometheus/v1"
service: "myservice"
labels: {owner: "myteam"}
slos:
  - name: "requests-availability"
    objective: 99.9
    description: "Common SLO based on availability for HTTP request responses."
    sli:
      events:
        error_query: sum(rate(http_request_duration_seconds_count{job="myservice",code=~"(5..|429)"}[{{.window}}]))
        total_query: sum(rate(http_request_duration_seconds_count{job="myservice"}[{{.window}}]))
    alerting:
      name: MyServiceHighErrorRate
      page_alert: {labels: {severity: pageteam}}
      ticket_alert: {disable: true}
  - name: "raw"
    objective: 99
    sli: {raw: {error_ratio_query: 'my:ratio'}}
    alerting: {page_alert: {disable: true}, ticket_alert: {disable: true}}
  - name: "plugged"
    objective: 99
    sli: {plugin: {id: "sloth-common/kubernetes"}}
  - name: "perfect"
    objective: 100
    sli: {raw: {error_ratio_query: 'my:ratio'}}
"#;

const KUBERNETES: &str = r#"
apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata: {name: sloth-slo-my-service, namespace: monitoring}
spec:
  service: "myservice"
  slos:
    - name: "requests-availability"
      objective: 99.9
      sli:
        events:
          errorQuery: sum(rate(errors[{{.window}}]))
          totalQuery: sum(rate(total[{{.window}}]))
      alerting: {name: X, pageAlert: {disable: true}, ticketAlert: {labels: {severity: slack}}}
"#;

const PYRRA: &str = r#"
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: nginx-api-errors, namespace: monitoring}
spec:
  target: '99.9'
  window: 4w
  indicator:
    ratio:
      errors: {metric: 'nginx_requests{status=~"5.."}'}
      total: {metric: 'nginx_requests{}'}
      grouping: [ingress]
---
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: nginx-api-latency, namespace: monitoring}
spec:
  target: '90'
  window: 2w
  indicator:
    latency:
      success: {metric: 'seconds_bucket{le="1"}'}
      total: {metric: 'seconds_count{}'}
  alerting: {disabled: true}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: other}
"#;

/// What was read, and the same as the server will have it.
fn read(yaml: &str) -> (Objectives, State) {
    let read = objectives(&[("file.yaml", yaml.as_bytes())], "https://prometheus.example").unwrap();
    let mut state = State::default();
    for document in &read.documents {
        let kind = document["kind"].as_str().unwrap();
        let reference = EntityRef::new(kind, "default", document["metadata"]["name"].as_str().unwrap()).unwrap();
        let known = Document::read(&reference, document).expect("a kind of OpenSLO");
        let document = Box::new(known.unwrap_or_else(|problems| panic!("{problems:?} in {document}")));
        let context =
            kernel::Context::new(jiff::Timestamp::UNIX_EPOCH, kernel::Actor::mainstay("test"), kernel::IdSeed(1));
        let stamp = kernel::Stamp {
            position: 1,
            event: context.id(),
            command: context.command,
            at: context.now,
            actor: context.actor.clone(),
            reason: None,
        };
        state.fold(&Event::Defined { reference, document }, &stamp);
    }
    (read, state)
}

fn resolved(state: &State, name: &str) -> slo::Resolved {
    state.resolve(&EntityRef::new("slo", "default", name).unwrap()).expect(name).unwrap()
}

fn lost(read: &Objectives) -> Vec<&str> {
    read.notes.iter().filter(|note| note.severity == Severity::Lost).map(|note| note.what.as_str()).collect()
}

#[test]
fn sloth_s_own_files_become_objectives_with_the_same_queries_targets_and_alerts() {
    let (read, state) = read(SLOTH);
    assert_eq!((read.slos, lost(&read)), (2, vec!["plugged", "perfect"]));
    let availability = resolved(&state, "myservice-requests-availability");
    assert_eq!(availability.definition.objectives[0].percent(), 99.9);
    let Input::Prometheus { url, measure: Measure::Ratio { bad: true, part, .. }, .. } = &availability.input else {
        panic!("{:?}", availability.input)
    };
    assert!(url == "https://prometheus.example" && part.contains("(5..|429)") && part.contains("{{.window}}"));
    // The ticket is disabled; what stays are Sloth's two pages.
    let alerts: Vec<_> = availability.alerts.iter().map(|it| (it.severity, it.long, it.short, it.threshold)).collect();
    assert_eq!(alerts, [(Urgency::Page, 60, 5, 14.4), (Urgency::Page, 360, 30, 6.0)]);
    let raw = resolved(&state, "myservice-raw");
    assert!(raw.alerts.is_empty());
    assert!(matches!(raw.input, Input::Prometheus { measure: Measure::Raw { failure: true, .. }, .. }));
    let yaml = read.yaml();
    assert!(yaml.contains("# changed: file.yaml.slos[0]: alerting:"), "{yaml}");
}

#[test]
fn sloth_s_kubernetes_resource_is_the_same_in_other_words() {
    let (read, state) = read(KUBERNETES);
    assert!(lost(&read).is_empty());
    let alerts = resolved(&state, "myservice-requests-availability").alerts;
    assert!(alerts.len() == 2 && alerts.iter().all(|alert| alert.severity == Urgency::Ticket), "{alerts:?}");
}

#[test]
fn pyrra_s_resources_become_objectives_of_counters_and_what_differs_is_said() {
    let (read, state) = read(PYRRA);
    assert_eq!((read.slos, lost(&read)), (2, vec!["a document"]));
    let errors = resolved(&state, "nginx-api-errors");
    assert!(errors.no_data, "Pyrra tells of missing data");
    assert!((errors.alerts[0].threshold - 13.44).abs() < 1e-9);
    assert!(matches!(
        &errors.input,
        Input::Prometheus { measure: Measure::Ratio { counter: true, bad: true, .. }, .. }
    ));
    assert!(read.notes.iter().any(|note| note.what == "grouping ingress" && note.severity == Severity::Changed));
    let latency = resolved(&state, "nginx-api-latency");
    assert!(latency.alerts.is_empty() && !latency.no_data);
    assert!(matches!(&latency.input, Input::Prometheus { measure: Measure::Ratio { bad: false, .. }, .. }));
}

#[test]
fn whatever_a_file_holds_reading_it_ends_and_what_is_written_can_be_read() {
    for yaml in [
        "",
        "---\n---\n",
        "version: prometheus/v1",
        "[1, 2]",
        "version: prometheus/v1\nslos: [7, {name: a}, {objective: x}]",
    ] {
        let (read, _) = read(yaml);
        assert_eq!(read.slos, 0, "{yaml}");
    }
    assert!(objectives(&[("a", b"\xff")], "https://x.example").is_err());
    let (read, _) = read(PYRRA);
    let again: Vec<Value> = crate::document::yamls("again", read.yaml().as_bytes()).unwrap();
    assert_eq!(again.iter().filter(|document| !document.is_null()).count(), read.documents.len());
}
