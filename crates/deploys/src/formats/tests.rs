//! What forges send, by the examples of their documentation.

use std::path::PathBuf;

use kernel::codes;
use proptest::prelude::*;

use super::{Deployed, Reading, cdevents, github, gitlab, time};
use crate::Outcome;

/// After GitHub's documentation of `deployment_status`, shortened to what is read and a field that is not.
const GITHUB: &str = r#"{"action":"created","deployment_status":{"id":1115122,"state":"success","description":"done",
  "environment":"production","target_url":"https://github.example/acme/shop/actions/runs/7","created_at":"2026-11-20T09:15:44Z",
  "log_url":"https://github.example/acme/shop/actions/runs/7/job/9"},
  "deployment":{"id":145988746,"sha":"f95f852bd8fca8fcc58a9a2d6c842781e32a215e","ref":"v2.4.1","task":"deploy","payload":{},
  "environment":"production","production_environment":true,"transient_environment":false,"created_at":"2026-11-20T09:10:00Z"},
  "repository":{"id":1,"full_name":"acme/shop"}}"#;

/// After GitLab's documentation of deployment events.
const GITLAB: &str = r#"{"object_kind":"deployment","status":"success","status_changed_at":"2021-04-28 21:50:00 +0200",
  "deployment_id":15,"deployable_id":796,"deployable_url":"http://10.126.0.2:3000/root/test-deployment-webhooks/-/jobs/796",
  "environment":"staging","environment_tier":"staging","environment_slug":"staging","environment_external_url":"https://staging.example.com",
  "project":{"id":30,"name":"test-deployment-webhooks","web_url":"http://10.126.0.2:3000/root/test-deployment-webhooks",
  "path_with_namespace":"root/test-deployment-webhooks"},"ref":"main","short_sha":"279484c0",
  "user":{"id":1,"username":"root"},"user_url":"http://10.126.0.2:3000/root",
  "commit_url":"http://10.126.0.2:3000/root/test-deployment-webhooks/-/commit/279484c09fbe69ededfced8c1bb6e6d24616b468",
  "commit_title":"Add new file"}"#;

fn only(reading: Reading) -> Deployed {
    assert!(reading.incidents.is_empty() && reading.passed_over.is_empty(), "{reading:?}");
    assert_eq!(reading.deployed.len(), 1, "{reading:?}");
    reading.deployed.into_iter().next().unwrap()
}

fn github(body: &str) -> Deployed {
    only(github::read_event("deployment_status", body.as_bytes()).unwrap())
}

#[test]
fn github_tells_that_a_deployment_succeeded() {
    let read = github(GITHUB);
    assert_eq!(
        read,
        Deployed {
            key: "github:acme/shop/deployment/145988746/success".to_owned(),
            names: vec!["acme/shop".to_owned()],
            environment: "production".to_owned(),
            version: "v2.4.1".to_owned(),
            outcome: Outcome::Succeeded,
            url: Some("https://github.example/acme/shop/actions/runs/7/job/9".to_owned()),
            commit: Some("f95f852bd8fca8fcc58a9a2d6c842781e32a215e".to_owned()),
            finished: Some("2026-11-20T09:15:44Z".parse().unwrap()),
            production: Some(true),
            repository: Some("acme/shop".to_owned()),
            commits: Vec::new(),
            goes_back: false,
        }
    );
}

#[test]
fn github_names_a_part_of_a_repository_and_a_version_in_the_payload() {
    let object = GITHUB.replace(r#""payload":{}"#, r#""payload":{"component":"cart","version":"cart-7"}"#);
    let text = GITHUB.replace(r#""payload":{}"#, r#""payload":"{\"component\":\"cart\",\"version\":\"cart-7\"}""#);
    for body in [object, text] {
        let read = github(&body);
        assert_eq!(read.names, ["acme/shop#cart", "cart"]);
        assert_eq!(read.version, "cart-7");
    }
    let branch = github(
        &GITHUB
            .replace("v2.4.1", "main")
            .replace(r#""production_environment":true"#, r#""production_environment":false"#),
    );
    assert_eq!((branch.version.as_str(), branch.production), ("f95f852bd8fc", None), "a branch is no version");
}

#[test]
fn only_the_end_of_a_deployment_counts() {
    for state in ["inactive", "in_progress", "queued", "pending"] {
        let body = GITHUB.replace(r#""state":"success""#, &format!(r#""state":"{state}""#));
        let reading = github::read_event("deployment_status", body.as_bytes()).unwrap();
        assert!(reading.deployed.is_empty() && reading.passed_over[0].contains(state), "{reading:?}");
    }
    for state in ["failure", "error"] {
        let read = github(&GITHUB.replace(r#""state":"success""#, &format!(r#""state":"{state}""#)));
        assert_eq!(
            (read.outcome, read.key.as_str()),
            (Outcome::Failed, "github:acme/shop/deployment/145988746/failure")
        );
    }
    for event in ["ping", "deployment", "workflow_run", "x\ny"] {
        let reading = github::read_event(event, b"{}").unwrap();
        assert!(reading.deployed.is_empty() && reading.passed_over.len() == 1, "{reading:?}");
    }
    let running =
        gitlab::read_event(GITLAB.replace(r#""status":"success""#, r#""status":"running""#).as_bytes()).unwrap();
    assert!(running.deployed.is_empty() && running.passed_over[0].contains("running"));
    let issue = gitlab::read_event(br#"{"object_kind":"issue"}"#).unwrap();
    assert!(issue.passed_over[0].starts_with("issue:"));
}

#[test]
fn what_goes_to_an_environment_that_is_gone_some_day_is_passed_over() {
    let transient = GITHUB.replace(r#""transient_environment":false"#, r#""transient_environment":true"#);
    let review = GITLAB.replace(r#""environment":"staging""#, r#""environment":"review/new-cart""#);
    let development = review.replace(r#""environment_tier":"staging""#, r#""environment_tier":"development""#);
    for reading in [
        github::read_event("deployment_status", transient.as_bytes()).unwrap(),
        gitlab::read_event(development.as_bytes()).unwrap(),
        gitlab::read_event(review.replace(r#""environment_tier":"staging","#, "").as_bytes()).unwrap(),
    ] {
        assert!(reading.deployed.is_empty() && reading.passed_over[0].contains("gone some day"), "{reading:?}");
    }
    let production = review.replace(r#""environment_tier":"staging""#, r#""environment_tier":"production""#);
    assert_eq!(only(gitlab::read_event(production.as_bytes()).unwrap()).production, Some(true), "its maker says so");
}

#[test]
fn gitlab_tells_that_a_deployment_succeeded() {
    let read = only(gitlab::read_event(GITLAB.as_bytes()).unwrap());
    assert_eq!(read.key, "gitlab:10.126.0.2:3000/root/test-deployment-webhooks/deployment/15/success");
    assert_eq!(read.commit.as_deref(), Some("279484c09fbe69ededfced8c1bb6e6d24616b468"), "not its first eight digits");
    assert_eq!((read.version.as_str(), read.environment.as_str()), ("279484c09fbe", "staging"));
    assert_eq!((read.production, read.finished), (Some(false), Some("2021-04-28T19:50:00Z".parse().unwrap())));
    let utc = time::parse("2021-04-28 19:50:00 UTC");
    assert_eq!(utc, read.finished);
}

#[test]
fn a_push_to_the_main_branch_tells_its_commits() {
    let commits = r#"[{"id":"f95f852bd8fca8fcc58a9a2d6c842781e32a215e","timestamp":"2026-11-20T09:15:44+01:00","author":{"name":"Kim"}},
        {"id":"not a hash","timestamp":"2026-11-20T09:15:44Z"}]"#;
    let github = |reference: &str| {
        let body = format!(
            r#"{{"ref":"{reference}","repository":{{"full_name":"acme/shop","default_branch":"trunk"}},"commits":{commits}}}"#
        );
        github::read_event("push", body.as_bytes()).unwrap()
    };
    let pushed = github("refs/heads/trunk").pushed;
    assert_eq!((pushed[0].repository.as_str(), pushed[0].commits.len()), ("acme/shop", 1));
    assert_eq!(pushed[0].commits[0].at, "2026-11-20T08:15:44Z".parse().unwrap());
    assert!(github("refs/heads/feature").pushed.is_empty());
    let gitlab = format!(
        r#"{{"object_kind":"push","ref":"refs/heads/main","project":{{"path_with_namespace":"acme/shop"}},"commits":{commits}}}"#
    );
    assert_eq!(gitlab::read_event(gitlab.as_bytes()).unwrap().pushed, pushed);
}

#[test]
fn what_is_no_hook_is_refused_in_words() {
    let refused = |result: Result<Reading, kernel::Refusal>, words: &str| {
        let refusal = result.unwrap_err();
        assert_eq!(refusal.code, &codes::MALFORMED);
        assert!(refusal.to_string().contains(words), "{refusal}");
    };
    refused(github::read_event("deployment_status", b"{"), "can't be read");
    refused(
        github::read_event(
            "deployment_status",
            GITHUB.replace("f95f852bd8fca8fcc58a9a2d6c842781e32a215e", "../x").as_bytes(),
        ),
        "sha",
    );
    refused(github::read_event("deployment_status", GITHUB.replace("\"success\"", "\"great\"").as_bytes()), "state");
    refused(gitlab::read_event(b"[]"), "can't be read");
    refused(gitlab::read_event(b"{}"), "object_kind");
    refused(cdevents::read_body(b"{}"), "event 0: has neither");
    refused(cdevents::read_body("[".repeat(5_000).as_bytes()), "can't be read");
    let many = format!("[{}]", vec!["{}"; 501].join(","));
    assert_eq!(cdevents::read_body(many.as_bytes()).unwrap_err().code, &codes::TOO_LARGE);
}

/// Where other people's files are; `None` says so aloud.
fn corpus(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("MAINSTAY_CORPORA").map_or_else(|| "../../../shared/corpora".into(), PathBuf::from);
    let folder = root.join(name);
    if !folder.is_dir() {
        eprintln!("skipped: {} is not there", folder.display());
        return None;
    }
    Some(folder)
}

#[test]
fn every_example_of_cdevents_is_read_alone_and_in_an_envelope() {
    let Some(folder) = corpus("cdevents/conformance") else { return };
    let (mut read, mut deployed, mut incidents, mut all) = (0, Vec::new(), Vec::new(), Vec::new());
    // What lies in folders below is no event.
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    for path in entries.filter(|path| path.is_file()) {
        let body = std::fs::read_to_string(&path).unwrap();
        let reading =
            cdevents::read_body(body.as_bytes()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let envelope = format!(r#"{{"specversion":"1.0","id":"1","source":"/x","type":"y","data":{body}}}"#);
        assert_eq!(cdevents::read_body(envelope.as_bytes()).unwrap(), reading);
        read += 1;
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        deployed.extend(reading.deployed.iter().map(|_| name.clone()));
        incidents.extend(reading.incidents.iter().map(|told| (name.clone(), told.resolved)));
        all.push(body);
    }
    deployed.sort();
    incidents.sort();
    assert!(read >= 45, "{read} examples");
    assert_eq!(deployed, ["service_deployed", "service_rolledback", "service_upgraded"]);
    let names = [("incident_detected", false), ("incident_reported", false), ("incident_resolved", true)];
    assert_eq!(incidents, names.map(|(name, resolved)| (name.to_owned(), resolved)));
    let batch = cdevents::read_body(format!("[{}]", all.join(",")).as_bytes()).unwrap();
    assert_eq!((batch.deployed.len(), batch.incidents.len()), (3, 3));
}

#[test]
fn a_package_url_names_the_artifact_and_its_version() {
    let read =
        cdevents::purl("pkg:oci/myapp@sha256%3A0b31b1c02ff458ad9b7b81cbdf8f028bd54699fa151f221d1e8de6817db93427");
    assert_eq!(read.base.as_deref(), Some("pkg:oci/myapp"));
    assert_eq!((read.name.as_deref(), read.version.as_deref()), (Some("myapp"), Some("sha256:0b31b1c02ff4")));
    let tagged = cdevents::purl("pkg:docker/acme/shop@sha256%3A0b31b1c02ff4?tag=v1.2&repository_url=x#y");
    assert_eq!((tagged.name.as_deref(), tagged.version.as_deref()), (Some("shop"), Some("v1.2")));
    assert_eq!(cdevents::purl("npm/left-pad@1"), cdevents::Artifact::default());
}

proptest! {
    #[test]
    fn no_body_panics(event in ".{0,20}", body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = github::read_event(&event, &body);
        let _ = gitlab::read_event(&body);
        let _ = cdevents::read_body(&body);
    }

    #[test]
    fn no_cut_or_changed_example_panics(cut in 0_usize..1_500, at in 0_usize..1_500, byte in any::<u8>()) {
        for text in [GITHUB, GITLAB] {
            let mut body = text.as_bytes().to_vec();
            let at = at % body.len();
            body[at] = byte;
            let _ = github::read_event("deployment_status", &body);
            let _ = gitlab::read_event(&body[..cut.min(body.len())]);
            let _ = cdevents::read_body(&body);
        }
    }

    #[test]
    fn no_package_url_panics(text in "pkg:.{0,60}") {
        let _ = cdevents::purl(&text);
    }
}
