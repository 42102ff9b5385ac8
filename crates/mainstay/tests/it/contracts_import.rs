//! `mainstay contract import`, from one server into another.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

use crate::harness::{Server, TOKEN, home};

/// Asks a server's `/pact` with curl, as any client would.
fn pact(server: &Server, method: &str, path: &str, body: Option<&Value>) -> Value {
    let mut command = Command::new("curl");
    command.args(["-sS", "-X", method, "-H", "content-type: application/json", "-u", &format!("ci:{TOKEN}")]);
    if let Some(body) = body {
        command.args(["-d", &body.to_string()]);
    }
    let output = command.arg(format!("{}/pact{path}", server.url)).output().expect("there is curl");
    serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
}

fn publish(server: &Server, home: &Path, version: &str, status: u16, more: &[&str]) {
    let file = home.join("pact.json");
    let pact = json!({
        "consumer": {"name": "shop/web"}, "provider": {"name": "payments"},
        "interactions": [{"description": "a charge", "request": {"method": "GET", "path": "/"}, "response": {"status": status}}],
        "metadata": {"pactSpecification": {"version": "2.0.0"}},
    });
    fs::write(&file, pact.to_string()).unwrap();
    let args = ["contract", "publish", file.to_str().unwrap(), "--version", version];
    server.verb(&[&args[..], more].concat()).exits(0);
}

/// The provider's version was tried against the pact of a consumer's version.
fn verify(server: &Server, consumer_version: &str, version: &str, success: bool) {
    let at = "/pacts/provider/payments/consumer/shop%2Fweb";
    let found = pact(server, "GET", &format!("{at}/version/{consumer_version}"), None);
    let sha = found["_links"]["pb:pact-version"]["name"].as_str().unwrap();
    let body = json!({"success": success, "providerApplicationVersion": version, "buildUrl": "https://ci.example/1"});
    let made = pact(server, "POST", &format!("{at}/pact-version/{sha}/verification-results"), Some(&body));
    assert_eq!(made["success"], success, "{made}");
}

/// A broker with branches, tags, environments, deployments, releases, labels and a webhook.
fn fill(server: &Server, home: &Path) {
    for (version, status, more) in [
        ("a3", 200, &["--branch", "main", "--tag", "production"][..]),
        ("a1", 200, &["--branch", "main"]),
        ("a2", 201, &["--branch", "feature/x", "--tag", "dev", "--build-url", "https://ci.example/2"]),
        ("a9", 202, &[]),
    ] {
        publish(server, home, version, status, more);
    }
    verify(server, "a3", "p2", false);
    verify(server, "a3", "p2", true);
    verify(server, "a2", "p1", false);
    pact(server, "PUT", "/pacticipants/payments/labels/core", Some(&json!({})));
    let environment = |name: &str| {
        let found = pact(server, "GET", "/environments", None);
        let all = found["_embedded"]["environments"].as_array().unwrap().clone();
        let known =
            all.iter().find(|known| known["name"] == name).map(|known| known["uuid"].as_str().unwrap().to_owned());
        known.unwrap_or_else(|| {
            let body = json!({"name": name, "production": false, "displayName": "Stage"});
            pact(server, "POST", "/environments", Some(&body))["uuid"].as_str().unwrap().to_owned()
        })
    };
    let (production, staging) = (environment("production"), environment("staging"));
    let at = format!("/pacticipants/payments/versions/p2/deployed-versions/environment/{production}");
    pact(server, "POST", &at, Some(&json!({"applicationInstance": "blue"})));
    let at = format!("/pacticipants/shop%2Fweb/versions/a1/deployed-versions/environment/{production}");
    pact(server, "POST", &at, Some(&json!({})));
    let at = format!("/pacticipants/shop%2Fweb/versions/a2/released-versions/environment/{staging}");
    pact(server, "POST", &at, Some(&json!({})));
    let webhook = json!({
        "description": "start the build", "events": [{"name": "contract_content_changed"}], "provider": {"name": "payments"},
        "request": {"method": "POST", "url": "https://ci.example/start", "username": "u", "password": "secret"},
    });
    pact(server, "POST", "/webhooks", Some(&webhook));
}

/// What the matrix says, without what only one server can know.
fn matrix(server: &Server, query: &str) -> (Value, Vec<Value>) {
    let mut found = pact(server, "GET", &format!("/matrix?{query}"), None);
    let rows = found["matrix"].as_array_mut().unwrap().iter().map(|row| {
        let party = |role: &str| {
            let version = &row[role]["version"];
            let names = |key: &str| -> Vec<&Value> {
                version[key].as_array().into_iter().flatten().map(|one| &one["name"]).collect()
            };
            let heads: Vec<&Value> =
                version["branchVersions"].as_array().into_iter().flatten().map(|on| &on["latest"]).collect();
            json!([
                row[role]["name"],
                version["number"],
                names("branchVersions"),
                heads,
                names("tags"),
                names("environments")
            ])
        };
        json!([party("consumer"), party("provider"), row["verificationResult"]["success"]])
    });
    let rows = rows.collect();
    (found["summary"].clone(), rows)
}

const CONSUMER: &str = "q%5B%5D%5Bpacticipant%5D=shop%2Fweb";

#[test]
fn a_broker_is_taken_over_and_answers_as_before() {
    let (home, other) = (home(), home());
    let (source, target) = (Server::start(home.path(), &[]), Server::start(other.path(), &[]));
    fill(&source, home.path());
    let from = format!("{}/pact", source.url);
    let import = ["contract", "import", &from, "--broker-token", TOKEN];
    let done = target.verb(&import).exits(0);
    done.says(&["applications", "not enabled; set again what is secret: password", "can't be carried over"]);
    let both = format!("{CONSUMER}&q%5B%5D%5Bpacticipant%5D=payments");
    let versions = ["a1", "a2", "a3", "a9"]
        .map(|version| format!("{CONSUMER}&q%5B%5D%5Bversion%5D={version}&latestby=cvpv&environment=production"));
    let queries = [both, format!("{CONSUMER}&q%5B%5D%5Blatest%5D=true&latestby=cvp&latest=true")];
    assert_eq!(
        matrix(&source, &queries[0]).1.len(),
        6,
        "four pacts, two of which share a content that was tried twice"
    );
    for query in queries.iter().chain(&versions) {
        assert_eq!(matrix(&source, query), matrix(&target, query), "{query}");
    }
    let known = pact(&target, "GET", "/pacticipants/payments", None);
    assert_eq!(known["_embedded"]["labels"][0]["name"], "core");
    let version = pact(&target, "GET", "/pacticipants/shop%2Fweb/versions/a2", None);
    assert_eq!(version["buildUrl"], "https://ci.example/2");

    // Once more, nothing happens.
    let position = |server: &Server| {
        server.verb(&["timeline", "list", "--limit", "1", "-o", "json"]).json()[0]["position"].clone()
    };
    let before = position(&target);
    let again = target.verb(&[&import[..], &["-o", "json"]].concat()).exits(0).json();
    let written: u64 =
        again["counts"].as_object().unwrap().values().map(|count| count["written"].as_u64().unwrap()).sum();
    assert_eq!((written, position(&target)), (0, before), "{again:#}");

    // What came meanwhile is taken over by the next run.
    publish(&source, home.path(), "b1", 200, &["--branch", "main"]);
    verify(&source, "b1", "p3", true);
    let again = target.verb(&[&import[..], &["-o", "json"]].concat()).exits(0).json();
    let counts = |sort: &str| (again["counts"][sort]["written"].clone(), again["counts"][sort]["refused"].clone());
    assert_eq!((counts("pacts"), counts("verifications")), ((json!(1), json!(0)), (json!(1), json!(0))));
    for query in queries.iter().chain(&versions) {
        assert_eq!(matrix(&source, query), matrix(&target, query), "{query}");
    }
}

#[test]
fn an_import_that_broke_off_mends_what_it_had_left() {
    let (home, other) = (home(), home());
    let (source, target) = (Server::start(home.path(), &[]), Server::start(other.path(), &[]));
    publish(&source, home.path(), "a3", 200, &["--branch", "main", "--tag", "test"]);
    publish(&source, home.path(), "a1", 200, &["--branch", "main"]);
    let again = |server: &Server, path: &str| {
        pact(server, "DELETE", path, None);
        pact(server, "PUT", path, Some(&json!({})));
    };
    let at = |what: &str, name: &str, number: &str| match what {
        "tag" => format!("/pacticipants/shop%2Fweb/versions/{number}/tags/{name}"),
        _ => format!("/pacticipants/shop%2Fweb/branches/{name}/versions/{number}"),
    };
    let deployed = |server: &Server| {
        let found = pact(server, "GET", "/environments", None);
        let all = found["_embedded"]["environments"].as_array().unwrap().clone();
        let test = all.iter().find(|known| known["name"] == "test").unwrap()["uuid"].as_str().unwrap().to_owned();
        let path = format!("/environments/{test}/deployed-versions/currently-deployed");
        let found = pact(server, "GET", &path, None);
        found["_embedded"]["deployedVersions"].as_array().unwrap().clone()
    };
    // The older one came to the branch once more, and what the tag deployed is not there any more.
    again(&source, &at("branch", "main", "a3"));
    let placed = deployed(&source)[0]["uuid"].as_str().unwrap().to_owned();
    pact(&source, "PATCH", &format!("/deployed-versions/{placed}"), Some(&json!({"currentlyDeployed": false})));
    let from = format!("{}/pact", source.url);
    let import = ["contract", "import", &from, "--broker-token", TOKEN];
    target.verb(&import).exits(0);
    let heads = || {
        let version = |number: &str| pact(&target, "GET", &format!("/pacticipants/shop%2Fweb/versions/{number}"), None);
        ["a3", "a1"].map(|number| version(number)["_embedded"]["branchVersions"][0]["latest"].clone())
    };
    assert_eq!((heads(), deployed(&target).len()), ([json!(true), json!(false)], 0));
    // So it is if the import breaks off after it has written the versions.
    again(&target, &at("branch", "main", "a1"));
    again(&target, &at("tag", "test", "a3"));
    assert_eq!((heads(), deployed(&target).len()), ([json!(false), json!(true)], 1));
    target.verb(&import).exits(0);
    assert_eq!((heads(), deployed(&target).len()), ([json!(true), json!(false)], 0));
}

#[test]
fn an_import_that_may_not_go_on_reports_what_it_did() {
    let (home, other) = (home(), home());
    let (source, target) = (Server::start(home.path(), &[]), Server::start(other.path(), &[]));
    publish(&source, home.path(), "a1", 200, &["--branch", "main"]);
    let reader = target.verb(&["token", "create", "reader", "--scope", "read", "-o", "json"]).exits(0).json();
    let from = format!("{}/pact", source.url);
    let import = ["contract", "import", &from, "--broker-token", TOKEN];
    let stopped = target.verb_as(reader["token"].as_str().unwrap(), &import).exits(65);
    stopped.says(&["applications"]).complains(&["run it again", "error[forbidden]"]);
}

#[test]
fn what_is_no_broker_or_lets_nobody_in_is_said() {
    let (home, other) = (home(), home());
    let (source, target) = (Server::start(home.path(), &[]), Server::start(other.path(), &[]));
    let pact = format!("{}/pact", source.url);
    let import = |from: &str, more: &[&str]| target.verb(&[&["contract", "import", from][..], more].concat());
    import(&pact, &[]).exits(65).complains(&["error[unauthenticated]: BROKER", "--broker-token"]);
    import(&pact, &["--user", "ci", "--password", "wrong"]).exits(65).complains(&["error[unauthenticated]"]);
    import(&pact, &["--user", "ci", "--password", TOKEN]).exits(0).says(&["applications       0"]);
    import(&format!("{}/api/v1/status", source.url), &["--broker-token", TOKEN])
        .exits(65)
        .complains(&["is no Pact Broker"]);
    import("no address", &[]).exits(65).complains(&["error[invalid]: BROKER"]);
    import("http://127.0.0.1:1", &[]).exits(75).complains(&["error[unreachable]"]);
    import(&pact, &["--user", "ci"]).exits(64);
    import(&pact, &["--password", TOKEN]).exits(65).complains(&["error[invalid]: --password"]);
    import(&pact, &["--user", "ci", "--password", "x", "--broker-token", "y"]).exits(64);
}
