//! `mainstay can-i-deploy` and `mainstay contract`, against a server.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::harness::{Ran, Server, home, mainstay};

/// What checkout expects of payments, in a folder of its own; it expects this status.
fn pacts(home: &Path, status: u16) -> String {
    let folder = home.join(format!("pacts-{status}"));
    fs::create_dir_all(&folder).unwrap();
    let pact = json!({
        "consumer": {"name": "checkout"}, "provider": {"name": "payments"},
        "interactions": [{
            "description": "a charge", "providerState": "a valid card",
            "request": {"method": "POST", "path": "/charges", "body": {"amount": 100}},
            "response": {"status": status},
        }],
        "metadata": {"pactSpecification": {"version": "2.0.0"}},
    });
    fs::write(folder.join("checkout-payments.json"), pact.to_string()).unwrap();
    fs::write(folder.join("README.md"), "no pact").unwrap();
    folder.to_str().unwrap().to_owned()
}

/// A catalog in which the team money keeps both, and payments offers an API by protobuf.
fn catalog(home: &Path) {
    let entities = "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: money}\nspec: {type: team, children: []}\n\
        ---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: payments}\n\
        spec: {type: service, lifecycle: production, owner: money, providesApis: [ledger]}\n\
        ---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: checkout}\n\
        spec: {type: service, lifecycle: production, owner: money, consumesApis: [ledger]}\n\
        ---\napiVersion: backstage.io/v1alpha1\nkind: API\nmetadata: {name: ledger}\n\
        spec:\n  type: grpc\n  lifecycle: production\n  owner: money\n  definition: |\n    syntax = \"proto3\";\n    package ledger;\n    \
        message Entry { string id = 1; int64 amount = 2; }\n\
        ---\napiVersion: backstage.io/v1alpha1\nkind: API\nmetadata: {name: books}\n\
        spec:\n  type: grpc\n  lifecycle: production\n  owner: money\n  definition: |\n    syntax = \"proto3\";\n    package ledger;\n    \
        message Entry { string id = 1; int64 amount = 2; }\n";
    fs::create_dir_all(home.join("catalog")).unwrap();
    fs::write(home.join("catalog/catalog-info.yaml"), entities).unwrap();
}

#[test]
fn every_contract_verb_has_an_example() {
    let home = home();
    for verb in [
        "publish",
        "publish-api",
        "list",
        "show",
        "diff",
        "check-api",
        "environment list",
        "environment gate",
        "webhook list",
        "webhook deliveries",
        "webhook refire",
        "webhook signing-key",
        "cleanup",
        "import",
    ] {
        let mut command = mainstay(home.path());
        command.arg("contract").args(verb.split(' ')).arg("--help");
        Ran::run(&mut command).exits(0).says(&["Example", &format!("mainstay contract {verb}")]);
    }
}

#[test]
fn a_version_is_published_shown_compared_and_judged() {
    let home = home();
    catalog(home.path());
    let server = Server::start(home.path(), &[]);
    server.verb(&["apply", "catalog"]).exits(0);
    server.verb(&["contract", "list"]).exits(0).says(&["There is no contract yet"]);
    let (one, two) = (pacts(home.path(), 201), pacts(home.path(), 202));
    let published = ["contract", "publish", &one, "--version", "1.0.0", "--branch", "main", "--tag", "dev"];
    server.verb(&published).exits(0).says(&["● Pact successfully published for checkout version 1.0.0"]);
    server.verb(&published).exits(0);
    let changed = ["contract", "publish", &two, "--version", "1.0.0"];
    server.verb(&changed).exits(65).complains(&["error[conflict]", "Cannot change the content of the pact"]);
    server.verb(&["contract", "publish", &two, "--version", "1.1.0", "--branch", "main"]).exits(0);
    server.verb(&["contract", "list", "--consumer", "checkout"]).exits(0).says(&[
        "1.1.0",
        "1 interaction",
        "◌ unverified",
        "money",
    ]);
    server.verb(&["contract", "list", "--provider", "nobody"]).exits(0).says(&["There is no such contract."]);
    let shown = server.verb(&["contract", "show", "checkout", "payments", "--version", "1.0.0"]).exits(0);
    shown.says(&["checkout 1.0.0 expects of payments", "a charge", "given a valid card", "POST /charges", "→ 201"]);
    let diff = server.verb(&["contract", "diff", "checkout", "payments", "1.0.0", "1.1.0"]).exits(0);
    diff.says(&["a charge given a valid card", "response.status: 201 → 202"]);
    let diff =
        server.verb(&["contract", "diff", "checkout", "payments", "1.0.0", "1.1.0", "-o", "json"]).exits(0).json();
    assert_eq!(diff["changed"][0]["differences"][0], json!({"place": "response.status", "before": 201, "after": 202}));

    let asked = ["can-i-deploy", "checkout", "1.0.0", "--to-environment", "production"];
    let verdict = server.verb(&asked).exits(1);
    verdict.says(&[
        "◌ not known yet: whether checkout 1.0.0",
        "payments: money; on call: nobody",
        "do: Deploy payments first",
    ]);
    let retried = [&asked[..], &["--retry-while-unknown", "2", "--retry-interval", "0"]].concat();
    let retried = server.verb(&retried).exits(1);
    assert_eq!(retried.err.matches("Not known yet").count(), 2, "{}", retried.err);
    server.verb(&["can-i-deploy", "payments", "2.0.0", "--to-environment", "production"]).exits(1).says(&["◆ no"]);
    let json =
        server.verb(&["can-i-deploy", "checkout", "--branch", "main", "--to", "dev", "-o", "json"]).exits(1).json();
    assert_eq!((&json["version"], &json["deployable"]), (&json!("1.1.0"), &Value::Null));
}

#[test]
fn shards_of_a_version_s_pact_are_merged_where_that_is_asked() {
    let home = home();
    let server = Server::start(home.path(), &[]);
    let shard = |name: &str| {
        let pact = json!({
            "consumer": {"name": "checkout"}, "provider": {"name": "payments"},
            "interactions": [{"description": name, "request": {"method": "GET", "path": "/"}, "response": {"status": 200}}],
        });
        let file = home.path().join(format!("{name}.json"));
        fs::write(&file, pact.to_string()).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let (one, two) = (shard("one"), shard("two"));
    server.verb(&["contract", "publish", &one, "--version", "1"]).exits(0);
    server.verb(&["contract", "publish", &two, "--version", "1"]).exits(65).complains(&["error[conflict]"]);
    server.verb(&["contract", "publish", &two, "--version", "1", "--merge"]).exits(0);
    server.verb(&["contract", "show", "checkout", "payments", "--version", "1"]).exits(0).says(&["one", "two"]);
}

#[test]
fn a_version_s_pact_changes_only_where_the_server_allows_it() {
    let home = home();
    let (one, two) = (pacts(home.path(), 201), pacts(home.path(), 202));
    let server = Server::start(home.path(), &["--pacts-may-change"]);
    server.verb(&["contract", "publish", &one, "--version", "1"]).exits(0);
    server.verb(&["contract", "publish", &two, "--version", "1"]).exits(0);
    server.verb(&["contract", "show", "checkout", "payments", "--version", "1"]).exits(0).says(&["→ 202"]);
}

#[test]
fn a_gate_refuses_what_contracts_do_not_agree_to_unless_it_is_an_emergency() {
    let home = home();
    catalog(home.path());
    let server = Server::start(home.path(), &[]);
    server.verb(&["apply", "catalog"]).exits(0);
    let folder = pacts(home.path(), 201);
    server.verb(&["contract", "publish", &folder, "--version", "1.0.0"]).exits(0);
    server
        .verb(&["contract", "environment", "gate", "production", "refuse"])
        .exits(0)
        .says(&["which refuses deployments"]);
    server.verb(&["contract", "environment", "list"]).exits(0).says(&["production", "● refuse", "test", "○ off"]);
    server.verb(&["deploy", "checkout", "1.0.0"]).exits(65).complains(&["error[contract-broken]", "--emergency"]);
    server.verb(&["deploy", "checkout", "1.0.0", "--emergency"]).exits(64);
    let emergency = ["deploy", "checkout", "1.0.0", "--emergency", "--reason", "checkout is down"];
    server.verb(&emergency).exits(0).says(&["deployed checkout 1.0.0", "overrode the contracts' refusal"]);
    server.verb(&["contract", "environment", "gate", "nowhere", "off"]).exits(65).complains(&["error[not-found]"]);
    server.verb(&["contract", "environment", "gate", "production", "maybe"]).exits(64);
}

#[test]
fn a_definition_that_breaks_a_caller_is_told_before_it_is_published() {
    let home = home();
    catalog(home.path());
    let server = Server::start(home.path(), &[]);
    server.verb(&["apply", "catalog"]).exits(0);
    let write = |name: &str, text: &str| fs::write(home.path().join(name), text).unwrap();
    let message = |fields: &str| format!("syntax = \"proto3\";\npackage ledger;\nmessage Entry {{ {fields} }}\n");
    write("same.proto", &message("string id = 1; int64 amount = 2;"));
    write("more.proto", &message("string id = 1; int64 amount = 2; string note = 3;"));
    write("less.proto", &message("string id = 1;"));
    write("none.proto", "message {{{");
    let check = |file: &str| server.verb(&["contract", "check-api", file, "--api", "ledger"]);
    check("same.proto").exits(0).says(&["● yes", "nothing changes"]);
    check("more.proto").exits(0).says(&["● yes"]);
    check("less.proto").exits(1).says(&["◆ no", "FIELD_NO_DELETE", "breaks checkout (money)"]);
    check("none.proto").exits(65).complains(&["error[invalid]: definition"]);
    check("missing.proto").exits(65).complains(&["FILE", "can't be read"]);
    let deployed = ["contract", "check-api", "less.proto", "--api", "ledger", "--deployed"];
    server.verb(&deployed).exits(0).says(&["nothing to compare with"]);
    server.until(&["timeline", "list"], |found| found.to_string().contains("contracts.api"));
    server.verb(&["deploy", "payments", "1"]).exits(0);
    server.verb(&deployed).exits(1).says(&["what runs in production: 1 breaking", "breaks checkout (money)"]);
    let unused = ["contract", "check-api", "less.proto", "--api", "books"];
    server.verb(&unused).exits(0).says(&["▲ yes", "breaks something, but nobody who is known", "FIELD_NO_DELETE"]);
    server.verb(&[&unused[..], &["--strict"]].concat()).exits(1).says(&["◆ no", "FIELD_NO_DELETE"]);
    server.verb(&["contract", "check-api", "more.proto", "--api", "books", "--strict"]).exits(0);
    server
        .verb(&["contract", "check-api", "same.proto", "--api", "nothing"])
        .exits(65)
        .complains(&["error[not-found]"]);
}

#[test]
fn what_a_provider_offers_counts_beside_verifications() {
    let home = home();
    let server = Server::start(home.path(), &[]);
    let folder = pacts(home.path(), 201);
    server.verb(&["contract", "publish", &folder, "--version", "1.0.0", "--branch", "main"]).exits(0);
    let api = "openapi: 3.0.3\ninfo: {title: payments, version: '1'}\npaths:\n  /charges:\n    post:\n      \
        requestBody: {content: {application/json: {schema: {type: object, properties: {amount: {type: integer}}}}}}\n      \
        responses: {'201': {description: made}}\n";
    fs::write(home.path().join("openapi.yaml"), api).unwrap();
    let publish = ["contract", "publish-api", "payments", "openapi.yaml", "--version", "2.0.0", "--branch", "main"];
    server.verb(&[&publish[..], &["--self-verified", "true"]].concat()).exits(0).says(&["payments version 2.0.0"]);
    server.verb(&["contract", "list"]).exits(0).says(&["● verified"]);
    server
        .verb(&["contract", "publish-api", "payments", "nowhere.yaml", "--version", "3"])
        .exits(65)
        .complains(&["FILE"]);
    server.verb(&[&publish[..], &["--self-verified", "perhaps"]].concat()).exits(64);
}

#[test]
fn cleaning_up_removes_exactly_what_it_said() {
    let home = home();
    let server = Server::start(home.path(), &[]);
    for (version, status) in [("1", 201), ("2", 202), ("3", 203), ("4", 204)] {
        let folder = pacts(home.path(), status);
        server.verb(&["contract", "publish", &folder, "--version", version, "--branch", "main"]).exits(0);
    }
    server.verb(&["contract", "environment", "list"]).exits(0);
    let clean = ["contract", "cleanup", "--keep-days", "0"];
    let young = server.verb(&["contract", "cleanup", "--keep-days", "1", "--dry-run"]).exits(0);
    young.says(&["There is nothing to remove.", "4 are young"]);
    server.verb(&[&clean[..], &["--keep", "main", "--dry-run"]].concat()).exits(0).says(&["nothing to remove"]);
    let planned = server.verb(&[&clean[..], &["--dry-run", "-o", "json"]].concat()).exits(0).json();
    let done = server.verb(&[&clean[..], &["-o", "json"]].concat()).exits(0).json();
    assert_eq!(planned["removed"], done["removed"]);
    assert_eq!(done["removed"].as_array().unwrap().len(), 3);
    assert_eq!((&done["left"], &done["kept"]["heads"]), (&json!(0), &json!(1)));
    server
        .verb(&["contract", "show", "checkout", "payments", "--version", "1"])
        .exits(65)
        .complains(&["error[not-found]"]);
    server.verb(&["contract", "show", "checkout", "payments"]).exits(0).says(&["checkout 4"]);
    server.verb(&["contract", "cleanup"]).exits(64);
    server.verb(&[&clean[..], &["--keep", "everything"]].concat()).exits(64);
    server.verb(&[&clean[..], &["--pacticipant", "nobody"]].concat()).exits(65).complains(&["error[not-found]"]);
}

#[test]
fn webhooks_are_listed_and_calls_are_asked_for_again() {
    let home = home();
    let server = Server::start(home.path(), &[]);
    server.verb(&["contract", "webhook", "list"]).exits(0).says(&["There is no webhook"]);
    server
        .verb(&["contract", "webhook", "deliveries", "--state", "gave_up"])
        .exits(0)
        .says(&["There is no such call."]);
    let key = server.verb(&["contract", "webhook", "signing-key"]).exits(0);
    assert!(key.out.starts_with("whsec_"), "{}", key.out);
    assert_eq!(server.verb(&["contract", "webhook", "signing-key"]).out, key.out, "it stays the same");
    server.verb(&["contract", "webhook", "refire", "no-id"]).exits(65).complains(&["error[malformed]"]);
    let unknown = ["contract", "webhook", "refire", "01a20507-3830-7391-97f0-ed0fcf78a12b"];
    server.verb(&unknown).exits(65).complains(&["error[not-found]"]);
    server.verb(&["contract", "webhook", "deliveries", "--state", "lost"]).exits(64);
}

#[test]
fn what_is_no_pact_is_refused_before_anything_is_published() {
    let home = home();
    let server = Server::start(home.path(), &[]);
    let write = |name: &str, text: &str| fs::write(home.path().join(name), text).unwrap();
    write("text.json", "no json");
    write("other.json", "{\"name\": \"x\"}");
    fs::create_dir(home.path().join("empty")).unwrap();
    let good = pacts(home.path(), 201);
    let check = |from: &str, words: &[&str]| {
        server
            .verb(&["contract", "publish", &good, from, "--version", "1"])
            .exits(65)
            .complains(&["FILE|DIR"])
            .complains(words);
    };
    check("text.json", &["text.json is no JSON"]);
    check("other.json", &["other.json is no pact: it names no consumer"]);
    check("empty", &["no .json file in empty"]);
    check("nowhere", &["nowhere can't be read"]);
    let other = ["contract", "publish", &good, "--version", "1", "--consumer", "nobody"];
    server.verb(&other).exits(65).complains(&["no pact of the consumer nobody"]);
    server.verb(&["contract", "publish", &good]).exits(64);
    server.verb(&["contract", "list"]).exits(0).says(&["There is no contract yet"]);

    server
        .verb(&["can-i-deploy", "nobody", "1", "--to-environment", "production"])
        .exits(65)
        .complains(&["error[not-found]"]);
    server.verb(&["can-i-deploy", "checkout", "1"]).exits(64);
    server.verb(&["can-i-deploy", "checkout", "1", "--branch", "main", "--to", "prod"]).exits(64);
    server.verb(&["can-i-deploy", "checkout", "1", "--to", "prod", "--to-environment", "production"]).exits(64);
    server
        .verb_as("a-wrong-token", &["contract", "publish", &good, "--version", "1"])
        .exits(65)
        .complains(&["error[unauthenticated]"]);
}
