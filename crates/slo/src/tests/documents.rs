//! OpenSLO documents, good and bad.

use kernel::EntityRef;
use serde_json::{Value, json};

use crate::{Document, Event, Indicator, Input, Link, Measure, Severity, State, tests::transitions::stamp};

pub(super) fn reference(text: &str) -> EntityRef {
    let (kind, name) = text.split_once(':').unwrap();
    EntityRef::new(kind, "default", name).unwrap()
}

pub(super) fn read(name: &str, document: &Value) -> Result<Document, Vec<(String, String)>> {
    let read = Document::read(&reference(name), document).expect("a known kind");
    read.map_err(|problems| problems.into_iter().map(|it| (it.pointer, it.message)).collect())
}

pub(super) fn slo(change: impl FnOnce(&mut Value)) -> Value {
    let mut document = json!({
        "apiVersion": "openslo/v1", "kind": "SLO", "metadata": {"name": "shop", "displayName": "The shop sells"},
        "spec": {
            "service": "shop",
            "indicator": {"metadata": {"name": "up"}, "spec": {"ratioMetric": {"rawType": "success", "raw": {
                "metricSource": {"type": "mainstay/check", "spec": {"check": "shop-buys"}}}}}},
            "timeWindow": [{"duration": "30d", "isRolling": true}],
            "budgetingMethod": "Occurrences",
            "objectives": [{"target": 0.999}]
        }
    });
    change(&mut document);
    document
}

fn wrong(change: impl FnOnce(&mut Value), pointer: &str, words: &str) {
    let problems = read("slo:shop", &slo(change)).unwrap_err();
    let found = problems.iter().any(|(at, message)| at == pointer && message.contains(words));
    assert!(found, "no \"{words}\" at {pointer}: {problems:?}");
}

#[test]
fn what_is_wrong_with_an_slo_is_said_with_its_place() {
    wrong(|it| it["spec"]["objectives"][0]["target"] = json!(1), "/spec/objectives/0/target", "leaves no budget");
    wrong(|it| it["spec"]["objectives"][0]["target"] = json!(99.9), "/spec/objectives/0/target", "less than 1");
    wrong(|it| it["spec"]["objectives"][0]["targetPercent"] = json!(99), "/spec/objectives/0/targetPercent", "beside");
    wrong(|it| it["spec"]["objectives"] = json!([]), "/spec/objectives", "at least one");
    wrong(|it| it["spec"]["timeWindow"][0]["duration"] = json!("30D"), "/spec/timeWindow/0/duration", "such as");
    wrong(|it| it["spec"]["timeWindow"] = json!([]), "/spec/timeWindow", "exactly one");
    wrong(|it| it["spec"]["budgetingMethod"] = json!("Timeslices"), "/spec/objectives/0/timeSliceWindow", "needed");
    wrong(|it| it["spec"]["budgetingMethod"] = json!("occurrences"), "/spec/budgetingMethod", "one of");
    wrong(|it| it["spec"]["indicatorRef"] = json!("up"), "/spec/indicatorRef", "beside");
    wrong(|it| it["spec"]["servce"] = json!("shop"), "/spec/servce", "not known");
    let raw = "/spec/indicator/spec/ratioMetric/raw/metricSource";
    wrong(
        |it| *it.pointer_mut(raw).unwrap() = json!({"type": "mainstay/check", "spec": {}}),
        &format!("{raw}/spec"),
        "name the check",
    );
    wrong(
        |it| it["metadata"]["annotations"] = json!({"mainstay.dev/minimum-events": "many"}),
        "/metadata/annotations/mainstay.dev~1minimum-events",
        "whole number",
    );
    wrong(
        |it| it["metadata"]["annotations"] = json!({"mainstay.dev/when-exhausted": "pause-ramps, weep"}),
        "/metadata/annotations/mainstay.dev~1when-exhausted",
        "\"weep\" is not one of pause-ramps, refuse-deployments",
    );
    wrong(
        |it| {
            let annotations = json!({"mainstay.dev/when-exhausted": "pause-ramps", "mainstay.dev/environments": "a/b"});
            it["metadata"]["annotations"] = annotations;
        },
        "/metadata/annotations/mainstay.dev~1environments",
        "environments",
    );
}

/// In the shape of the specification's own examples: <https://github.com/OpenSLO/OpenSLO/tree/main/examples>.
#[test]
fn what_the_specification_s_examples_have_is_read() {
    let query = json!({"metricSource": {"type": "Any", "spec": {"query": "Any"}}});
    let search = slo(|it| {
        it["spec"]["indicator"]["spec"] = json!({"thresholdMetric": query});
        it["spec"]["timeWindow"] = json!([{"duration": "2w", "isRolling": true}]);
        it["spec"]["objectives"] =
            json!([{"displayName": "Good experience", "op": "lt", "value": 500, "target": 0.99}]);
        it["spec"]["alertPolicies"] = Value::Null;
    });
    assert!(read("slo:search", &search).is_ok());
    let slices = |duration: &str| {
        slo(|it| {
            it["spec"]["indicator"]["spec"] = json!({"ratioMetric": {"good": query, "total": query}});
            let calendar = json!({"startTime": "2022-01-01 12:00:00", "timeZone": "America/New_York"});
            it["spec"]["timeWindow"] = json!([{"duration": duration, "isRolling": false, "calendar": calendar}]);
            it["spec"]["budgetingMethod"] = json!("Timeslices");
            let objective = json!({"op": "gt", "target": 0.995, "timeSliceTarget": 0.99, "timeSliceWindow": "1m"});
            it["spec"]["objectives"] = json!([objective]);
        })
    };
    assert!(read("slo:availability", &slices("1w")).is_ok());
    assert!(read("slo:availability", &slices("1m")).is_ok());
    let mean = |it: &mut Value| {
        it["spec"]["budgetingMethod"] = json!("RatioTimeslices");
        it["spec"]["objectives"] = json!([{"op": "gt", "timeSliceWindow": "1m", "target": 0.99}]);
    };
    assert_eq!(
        noted(mean),
        ["RatioTimeslices is counted as Occurrences: each event weighs the same, in a quiet slice or not"]
    );
    let minute = |it: &mut Value| it["spec"]["timeWindow"] = json!([{"duration": "1m", "isRolling": true}]);
    assert_eq!(noted(minute), ["its period is 1m, too short for an alert to be of use; a month is written 1M"]);
}

/// What is noted of an SLO that is loaded, though not by the letter.
fn noted(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut state = State::default();
    let reference = reference("slo:shop");
    let document = Box::new(Document::read(&reference, &slo(change)).unwrap().unwrap());
    state.fold(&Event::Defined { reference: reference.clone(), document }, &stamp(0));
    state.resolve(&reference).unwrap().unwrap().notes
}

#[test]
fn a_check_s_runs_are_measured_by_how_long_they_took() {
    let runs = |objective: Value| {
        let document = slo(|it| {
            let source = json!({"type": "mainstay/check", "spec": {"check": "shop-buys"}});
            it["spec"]["indicator"]["spec"] = json!({"thresholdMetric": {"metricSource": source}});
            it["spec"]["objectives"] = json!([objective]);
        });
        let mut state = State::default();
        let reference = reference("slo:shop");
        let document = Box::new(Document::read(&reference, &document).unwrap().unwrap());
        state.fold(&Event::Defined { reference: reference.clone(), document }, &stamp(0));
        state.resolve(&reference).unwrap().map(|resolved| resolved.input)
    };
    let check = EntityRef::new("check", "default", "shop-buys").unwrap();
    let fast = runs(json!({"target": 0.99, "op": "lte", "value": 300})).unwrap();
    assert_eq!(fast, Input::Runs { check, ms_max: 300.0 });
    let slow = runs(json!({"target": 0.99, "op": "gte", "value": 300})).unwrap_err();
    assert!(slow.contains("op lte"), "{slow}");
}

#[test]
fn a_calendar_needs_a_start_without_a_zone_and_an_iana_zone() {
    let with = |start: &str, zone: &str| {
        let window =
            json!([{"duration": "1M", "calendar": {"startTime": start, "timeZone": zone}, "isRolling": false}]);
        read("slo:shop", &slo(|it| it["spec"]["timeWindow"] = window))
    };
    assert!(with("2020-01-21 12:30:00", "America/New_York").is_ok());
    assert_eq!(with("2020-01-21T12:30:00Z", "UTC").unwrap_err()[0].0, "/spec/timeWindow/0/calendar/startTime");
    assert_eq!(with("2020-01-21 12:30:00", "Atlantis/City").unwrap_err()[0].0, "/spec/timeWindow/0/calendar/timeZone");
}

#[test]
fn the_specification_s_own_examples_are_read() {
    let foo = slo(|it| {
        it["spec"]["indicator"] = json!({"metadata": {"name": "foo-error", "displayName": "Foo Error"}, "spec": {"ratioMetric": {
            "counter": true,
            "good": {"metricSource": {"metricSourceRef": "datadog-datasource", "type": "Datadog", "spec": {"query": "sum:trace"}}},
            "total": {"metricSource": {"metricSourceRef": "datadog-datasource", "type": "Datadog", "spec": {"query": "sum:all"}}}}}});
        it["spec"]["objectives"] =
            json!([{"displayName": "Foo Total Errors", "target": 0.98}, {"targetPercent": 99.99}]);
    });
    let Document::Slo(foo) = read("slo:foo", &foo).unwrap() else { panic!("no SLO") };
    assert!(matches!(foo.indicator, Link::Inline(Indicator::Ratio { counter: true, bad: false, .. })));
    assert_eq!(foo.objectives[1].percent(), 99.99);
    let policy = json!({"spec": {
        "alertWhenBreaching": true, "alertWhenResolved": false,
        "conditions": [{"kind": "AlertCondition", "metadata": {"name": "cpu-usage-breach", "displayName": "CPU Usage breaching"},
            "spec": {"description": "x", "severity": "page",
                "condition": {"kind": "burnrate", "threshold": 2, "lookbackWindow": "1h", "alertAfter": "5m"}}}],
        "notificationTargets": [{"targetRef": "OnCallDevopsMailNotification"}]}});
    let Document::AlertPolicy(policy) = read("alertpolicy:cpu", &policy).unwrap() else { panic!("no policy") };
    let Link::Inline(condition) = &policy.conditions[0] else { panic!("not inline") };
    assert_eq!((condition.threshold, condition.after, condition.severity), (Some(2.0), 5, Severity::Page));
    let cloud = json!({"spec": {"type": "CloudWatch", "connectionDetails": {"accessKeyID": "accessKey"}}});
    assert!(read("datasource:cloud", &cloud).is_ok());
    assert!(read("alertnotificationtarget:mail", &json!({"spec": {"target": "email", "description": "x"}})).is_ok());
    assert!(read("service:shop", &json!({"spec": {"description": "sells"}})).is_ok());
}

#[test]
fn a_credential_in_clear_is_refused() {
    let with =
        |details: Value| read("datasource:p", &json!({"spec": {"type": "Prometheus", "connectionDetails": details}}));
    assert!(with(json!({"url": "https://u:p@prometheus.example"})).is_err());
    let clear = json!({"url": "https://prometheus.example", "headers": {"Authorization": "Bearer 123"}});
    assert!(with(clear).unwrap_err()[0].1.contains("in clear"));
    let hole = json!({"url": "https://prometheus.example", "headers": {"Authorization": "Bearer ${secret.PROM}", "X-Scope-OrgID": "shop"}});
    assert!(with(hole).is_ok());
}

#[test]
fn an_slo_is_resolved_through_the_documents_that_it_names() {
    let mut state = State::default();
    let mut define = |name: &str, document: Value| {
        let event = Event::Defined { reference: reference(name), document: Box::new(read(name, &document).unwrap()) };
        state.fold(&event, &stamp(0));
    };
    define(
        "datasource:prom",
        json!({"spec": {"type": "Prometheus", "connectionDetails": {"url": "https://prometheus.example/"}}}),
    );
    let source = |query: &str| json!({"metricSource": {"metricSourceRef": "prom", "spec": {"query": query}}});
    define(
        "sli:errors",
        json!({"spec": {"ratioMetric": {"counter": true, "bad": source("errors"), "total": source("all")}}}),
    );
    define(
        "alertcondition:fast",
        json!({"metadata": {"name": "fast", "annotations": {"mainstay.dev/budget-percent": "2"}},
        "spec": {"severity": "page", "condition": {"lookbackWindow": "1h"}}}),
    );
    define(
        "alertpolicy:page",
        json!({"spec": {"conditions": [{"conditionRef": "fast"}], "alertWhenNoData": true,
        "notificationTargets": [{"targetRef": "slack"}]}}),
    );
    define(
        "slo:shop",
        slo(|it| {
            let spec = it["spec"].as_object_mut().unwrap();
            spec.remove("indicator");
            spec.insert("indicatorRef".to_owned(), json!("errors"));
            spec.insert("alertPolicies".to_owned(), json!([{"alertPolicyRef": "page"}]));
        }),
    );
    define("slo:lost", slo(|it| it["spec"]["alertPolicies"] = json!(["nobody"])));
    let resolved = state.resolve(&reference("slo:shop")).unwrap().unwrap();
    assert!(resolved.no_data);
    assert_eq!(resolved.alerts.len(), 1);
    assert_eq!((resolved.alerts[0].threshold, resolved.alerts[0].short), (14.4, 5));
    let Input::Prometheus { url, measure: Measure::Ratio { bad: true, counter: true, part, .. }, .. } = &resolved.input
    else {
        panic!("{:?}", resolved.input)
    };
    assert_eq!((url.as_str(), part.as_str()), ("https://prometheus.example", "errors"));
    assert!(resolved.notes.iter().any(|note| note.contains("slack")), "{:?}", resolved.notes);
    assert_eq!(state.resolve(&reference("slo:lost")).unwrap().unwrap_err(), "there is no alertpolicy \"nobody\"");
    assert_eq!(state.resolve(&reference("slo:none")), None);
}

#[test]
fn whatever_the_document_is_reading_it_ends() {
    for kind in crate::declared::KINDS {
        for document in [
            json!(null),
            json!([]),
            json!({"spec": []}),
            json!({"spec": {"conditions": [[]]}}),
            json!({"spec": {"timeWindow": [7]}}),
        ] {
            let name = format!("{kind}:x");
            let _ = read(&name, &document);
        }
    }
    assert!(Document::read(&EntityRef::new("check", "default", "x").unwrap(), &json!({})).is_none());
}
