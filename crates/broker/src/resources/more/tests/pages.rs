use serde_json::{Value, json};

use super::{Desk, pact};
use crate::{Method, resources::publish::base64_decoded};

const PAIR: &str = "/pacts/provider/Bar/consumer/Foo";

/// Versions 1 and 2 of Foo expect the same, 3 something else; Bar's 9 meets the first.
fn desk() -> Desk {
    let desk = Desk::default();
    desk.publish("1", &pact("GET"));
    desk.publish("2", &pact("GET"));
    desk.publish("3", &pact("POST"));
    desk.verify("1", "9", true);
    for (version, tag) in [("1", "prod"), ("3", "dev")] {
        desk.ask(Method::Put, &format!("/pacticipants/Foo/versions/{version}/tags/{tag}"), &json!({}));
    }
    desk.ask(Method::Put, "/pacticipants/Bar/versions/9/tags/prod", &json!({}));
    desk.ask(Method::Put, "/pacticipants/Foo/branches/main/versions/3", &json!({}));
    desk.ask(Method::Patch, "/pacticipants/Foo", &json!({"mainBranch": "main"}));
    desk
}

fn says(desk: &Desk, address: &str, expected: &str) {
    for ending in ["", ".svg"] {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let picture = desk.text(&format!("{path}{ending}?{query}"));
        assert!(picture.contains(&format!("<title>{expected}</title>")), "{address}: {picture}");
    }
}

#[test]
fn badges_say_what_the_newest_verification_gave() {
    let desk = desk();
    says(&desk, &format!("{PAIR}/latest/badge"), "foo/bar pact: changed");
    says(&desk, &format!("{PAIR}/latest/prod/badge?label=consumer"), "foo pact: verified");
    says(&desk, &format!("{PAIR}/latest/dev/badge"), "foo/bar pact: unknown");
    says(&desk, &format!("{PAIR}/latest-untagged/badge"), "foo/bar pact: verified");
    says(&desk, "/pacts/provider/Bar/consumer/Nobody/latest/badge", "pact not found: unknown");
    let by_tags = "/matrix/provider/Bar/latest/prod/consumer/Foo/latest/prod/badge";
    says(&desk, by_tags, "foo (prod)/bar (prod) pact: verified");
    desk.verify("3", "10", false);
    says(&desk, &format!("{PAIR}/latest/badge"), "foo/bar pact: failed");
}

#[test]
fn badges_of_deployments_say_yes_no_or_what_is_missing() {
    let desk = desk();
    let at = "/pacticipants/Foo/latest-version/prod/can-i-deploy/to/prod/badge";
    says(&desk, at, "can-i-deploy: prod to prod: yes");
    says(
        &desk,
        "/pacticipants/Foo/latest-version/dev/can-i-deploy/to/prod/badge",
        "can-i-deploy: dev to prod: unknown",
    );
    says(&desk, "/pacticipants/Foo/latest-version/x/can-i-deploy/to/prod/badge", "version: not found");
    says(&desk, "/pacticipants/No/latest-version/x/can-i-deploy/to/prod/badge", "pacticipant: not found");
    let branch = "/pacticipants/Foo/branches/main/latest-version/can-i-deploy/to-environment/production/badge";
    says(&desk, branch, "environment: not found");
    says(&desk, "/pacticipants/Foo/main-branch/can-i-merge/badge", "can-i-merge: unknown");
    says(&desk, "/pacticipants/Bar/main-branch/can-i-merge/badge", "main branch version: not found");
}

#[test]
fn differences_are_with_the_last_version_that_expected_something_else() {
    let desk = desk();
    let text = desk.text(&format!("{PAIR}/version/3/diff/previous-distinct"));
    assert!(text.starts_with("# Diff between versions 2 and 3 of the pact between Foo and Bar\n"), "{text}");
    assert!(text.contains("-        \"method\": \"GET\"\n+        \"method\": \"POST\"\n"), "{text}");
    assert!(text.contains("less than a minute ago"), "{text}");
    let none = desk.text(&format!("{PAIR}/version/2/diff/previous-distinct"));
    assert_eq!(none, "No previous distinct version was found for Pact between Foo (2) and Bar");
    assert!(desk.text(&format!("{PAIR}/version/2/diff/version/1")).contains("They are the same."));
    let previous = desk.get(&format!("{PAIR}/version/3/previous-distinct"));
    assert_eq!(previous["_links"]["self"]["name"], "Pact between Foo (2) and Bar");
    assert_eq!(desk.ask(Method::Get, &format!("{PAIR}/version/1/previous-distinct"), &Value::Null).0, 404);
    let sha = |version: &str| {
        let pact = desk.get(&format!("{PAIR}/version/{version}"));
        pact["_links"]["pb:pact-version"]["name"].as_str().unwrap().to_owned()
    };
    let text = desk.text(&format!("{PAIR}/pact-version/{}/diff/pact-version/{}", sha("3"), sha("1")));
    assert!(text.contains("versions 2 and 3"), "{text}");
}

fn numbers(page: &Value) -> Vec<&str> {
    let pacts = page["_embedded"]["pacts"].as_array().unwrap();
    pacts.iter().map(|pact| pact["_embedded"]["consumerVersion"]["number"].as_str().unwrap()).collect()
}

#[test]
fn pacts_are_listed_and_removed_by_tag_and_branch() {
    let desk = desk();
    assert_eq!(numbers(&desk.get(&format!("{PAIR}/versions"))), ["3", "2", "1"]);
    assert_eq!(numbers(&desk.get(&format!("{PAIR}/versions?size=1&page=2"))), ["2"]);
    assert_eq!(numbers(&desk.get(&format!("{PAIR}/tag/prod"))), ["1"]);
    for main in ["/branch/versions", "/branch/main", "/branch/latest/versions", "/branch/main/latest/versions"] {
        assert_eq!(numbers(&desk.get(&format!("{PAIR}{main}"))), ["3"], "{main}");
    }
    let page = desk.get(&format!("{PAIR}/tag/prod"));
    assert_eq!(page["_links"]["pb:pact-versions"][0]["name"], "Version 1 - 28/11/2026");
    let (status, left) = desk.ask(Method::Delete, &format!("{PAIR}/branch/main"), &Value::Null);
    assert_eq!(status, 200);
    assert_eq!(left["_links"]["pb:latest-pact-version"]["href"], format!("http://mainstay{PAIR}/latest"));
    assert_eq!(numbers(&desk.get(&format!("{PAIR}/versions"))), ["2", "1"]);
    assert_eq!(desk.ask(Method::Delete, &format!("{PAIR}/branch/none"), &Value::Null).0, 404);
    assert_eq!(desk.ask(Method::Delete, &format!("{PAIR}/versions"), &Value::Null).0, 204);
    assert!(numbers(&desk.get(&format!("{PAIR}/versions"))).is_empty());
}

#[test]
fn labels_are_given_listed_and_taken() {
    let desk = desk();
    let at = "/pacticipants/Foo/labels/ios";
    assert_eq!(desk.ask(Method::Get, at, &Value::Null).0, 404);
    assert_eq!(desk.ask(Method::Put, at, &json!({})).0, 201);
    assert_eq!(desk.ask(Method::Put, at, &json!({})).0, 200);
    assert_eq!(desk.ask(Method::Put, "/pacticipants/New/labels/ios", &Value::Null).0, 201);
    assert_eq!(desk.get(at)["name"], "ios");
    assert_eq!(desk.get("/labels")["_embedded"]["labels"], json!([{"name": "ios"}]));
    let labelled = desk.get("/pacticipants/label/ios?q=fo");
    assert_eq!(labelled["_embedded"]["pacticipants"].as_array().unwrap().len(), 1);
    assert_eq!(desk.ask(Method::Delete, at, &Value::Null).0, 204);
    assert_eq!(desk.ask(Method::Delete, at, &Value::Null).0, 404);
}

#[test]
fn integrations_are_listed_drawn_and_removed() {
    let desk = desk();
    let page = desk.get("/integrations?q=ba&size=10");
    assert_eq!(page["_embedded"]["integrations"][0]["provider"]["name"], "Bar");
    assert_eq!(page["page"]["totalElements"], 1);
    assert_eq!(desk.get("/integrations?q=zzz")["_embedded"]["integrations"], json!([]));
    let drawn = desk.ask_as(Method::Get, "/integrations", &Value::Null, "text/vnd.graphviz");
    assert!(String::from_utf8(drawn.body).unwrap().contains("\"Foo\" -> \"Bar\""));
    assert_eq!(desk.text("/relationships"), "1,Foo,1,1,0,1,2\n2,Bar,1,1,0,2,0\n");
    assert_eq!(desk.text("/groups/Bar"), "1,Foo,1,1,0,1,2\n2,Bar,1,1,0,2,0\n");
    assert_eq!(desk.ask(Method::Get, "/groups/No", &Value::Null).0, 404);
    assert_eq!(desk.ask(Method::Delete, "/integrations", &Value::Null).0, 204);
    assert_eq!(desk.get("/integrations")["_embedded"]["integrations"], json!([]));
}

#[test]
fn the_dashboard_has_the_newest_pact_and_those_of_tags() {
    let desk = desk();
    let all = desk.get("/dashboard");
    let items = all["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    let of = |number: &str| items.iter().find(|item| item["consumer"]["version"]["number"] == number).unwrap();
    assert_eq!((&of("3")["verificationStatus"], &of("3")["pactTags"][0]["name"]), (&json!("never"), &json!("dev")));
    // A first tag is taken for a branch.
    assert_eq!(of("3")["consumer"]["version"]["headBranchNames"], json!(["dev", "main"]));
    assert_eq!((&of("1")["verificationStatus"], &of("1")["webhookStatus"]), (&json!("success"), &json!("none")));
    assert_eq!(of("1")["provider"]["version"]["number"], "9");
    assert_eq!(of("1")["latestVerificationResultTags"][0]["name"], "prod");
    let count = |query: &str| desk.get(&format!("/dashboard{query}"))["items"].as_array().unwrap().len();
    assert_eq!((count("?tags=false"), count("?tags[]=prod"), count("?tags=dev,prod")), (1, 2, 2));
    let pair = desk.get("/dashboard/provider/Bar/consumer/Foo?size=1&page=2");
    assert_eq!((pair["items"].as_array().unwrap().len(), &pair["page"]["totalElements"]), (1, &json!(2)));
}

#[test]
fn states_are_those_of_main_branches_a_branch_or_an_environment() {
    let desk = desk();
    let expected = json!([
        {"name": "somebody is there", "consumers": ["Foo"]},
        {"name": "somebody is there", "params": {"who": "Ann"}, "consumers": ["Foo"]},
    ]);
    let at = "/pacts/provider/Bar/provider-states";
    assert_eq!(desk.get(at)["providerStates"], expected);
    assert_eq!(desk.get(&format!("{at}/branch/main"))["providerStates"], expected);
    assert_eq!(desk.get(&format!("{at}/branch/other"))["providerStates"], json!([]));
    assert_eq!(desk.ask(Method::Get, &format!("{at}/environment/production"), &Value::Null).0, 404);
    let (_, environment) = desk.ask(Method::Post, "/environments", &json!({"name": "production", "production": true}));
    let id = environment["uuid"].as_str().unwrap();
    desk.ask(Method::Post, &format!("/pacticipants/Foo/versions/1/deployed-versions/environment/{id}"), &json!({}));
    assert_eq!(desk.get(&format!("{at}/environment/production"))["providerStates"], expected);
    assert_eq!(desk.get(&format!("{at}/environment/{id}"))["providerStates"], expected);
}

#[test]
fn metrics_count_and_relations_are_explained() {
    let desk = desk();
    let metrics = desk.get("/metrics");
    assert_eq!(metrics["pactPublications"]["count"], 3);
    assert_eq!(metrics["interactions"]["latestInteractionsCount"], 2);
    assert_eq!(metrics["tags"], json!({"count": 3, "distinctCount": 2, "distinctWithPacticipantCount": 3}));
    assert_eq!(metrics["pacticipants"], json!({"count": 2, "withMainBranchSetCount": 1}));
    assert!(desk.text("/doc/pacticipant?context=index").starts_with("# pacticipant\n\nAn application"));
    let page = desk.ask_as(Method::Get, "/doc/webhooks", &Value::Null, "text/html");
    assert_eq!(page.media_type, "text/html;charset=utf-8");
    assert_eq!(desk.ask(Method::Get, "/doc/nothing", &Value::Null).0, 404);
}

#[test]
fn every_relation_that_the_index_and_a_pact_name_is_explained() {
    let desk = desk();
    let relations = |page: Value| page["_links"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let pages = ["/", &format!("{PAIR}/version/1"), "/pacticipants/Foo", "/pacticipants/Foo/versions/1"];
    for relation in pages.into_iter().flat_map(|page| relations(desk.get(page))) {
        if relation.contains(':') {
            assert_eq!(
                desk.ask_as(Method::Get, &format!("/doc/{relation}"), &Value::Null, "*/*").status,
                200,
                "{relation}"
            );
        }
    }
}

fn contract() -> Value {
    json!({
        "content": "LS0tCnNvbWU6IGNvbnRyYWN0Cg==",
        "contentType": "application/yaml",
        "specification": "oas",
        "selfVerificationResults": {"content": "c29tZSByZXN1bHRz", "contentType": "text/plain", "format": "text",
            "success": true, "verifier": "my custom tool", "verifierVersion": "1.0"},
    })
}

#[test]
fn a_definition_is_published_with_its_branch_and_tags() {
    let desk = Desk::default();
    let body = json!({"pacticipantVersionNumber": "1", "branch": "main", "tags": ["dev"], "buildUrl": "http://build",
        "contract": contract()});
    let (status, answer) = desk.ask(Method::Post, "/provider-contracts/provider/Bar/publish", &body);
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["_embedded"]["version"]["number"], "1");
    assert!(answer["_links"]["pb:branch-version"]["href"].is_string());
    assert_eq!(answer["_links"]["pb:pacticipant-version-tags"].as_array().unwrap().len(), 1);
    assert!(answer["notices"].as_array().unwrap().iter().all(|one| one["type"].is_string() && one["text"].is_string()));
    let kept = desk.blobs.lock().unwrap();
    assert!(kept.values().any(|blob| Some(blob.clone()) == base64_decoded("c29tZSByZXN1bHRz")));
}

#[test]
fn a_definition_is_put_as_older_clients_do() {
    let desk = Desk::default();
    let body = json!({"content": "LS0tCnNvbWU6IGNvbnRyYWN0Cg==", "contentType": "application/yaml", "contractType": "oas",
        "verificationResults": contract()["selfVerificationResults"]});
    let (status, answer) = desk.ask(Method::Put, "/contracts/provider/Bar/version/1", &body);
    assert_eq!(status, 201, "{answer}");
    assert!(answer["_links"]["pf:ui"]["href"].is_string());
    assert_eq!(desk.ask(Method::Put, "/contracts/provider/Bar/version/1", &body).0, 200);
}

#[test]
fn what_is_wrong_with_a_definition_is_said_by_field_and_as_a_problem() {
    let desk = Desk::default();
    let check = |pointer: &str, value: Value, field: &str, expected: &str| {
        let mut body = json!({"pacticipantVersionNumber": "1", "contract": contract()});
        *body.pointer_mut(pointer).unwrap() = value;
        let (status, answer) = desk.ask(Method::Post, "/provider-contracts/provider/Bar/publish", &body);
        assert_eq!((status, &answer["errors"][field]), (400, &json!([expected])), "{answer}");
    };
    check("/pacticipantVersionNumber", json!(" "), "pacticipantVersionNumber", "can't be blank");
    check("/contract", json!(1), "contract", "must be a hash");
    check("/contract/content", json!("%%"), "contract.content", "is not valid Base64");
    check("/contract/content", json!("//8="), "contract.content", "is not a UTF-8 text");
    check("/contract/specification", json!("wsdl"), "contract.specification", "must be one of: oas");
    check(
        "/contract/selfVerificationResults/success",
        json!(1),
        "contract.selfVerificationResults.success",
        "must be boolean",
    );
    let accept = "application/hal+json, application/problem+json";
    let problem = desk.ask_as(Method::Post, "/provider-contracts/provider/Bar/publish", &json!({}), accept);
    assert_eq!((problem.status, problem.media_type), (400, "application/problem+json;charset=utf-8"));
}
