//! `mainstay flag`, against a server.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::harness::{Ran, Server, home, mainstay};

fn write(home: &Path, name: &str, value: &Value) -> String {
    let path = home.join(name);
    fs::write(&path, value.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn every_flag_verb_has_an_example() {
    let home = home();
    for verb in [
        "list",
        "show",
        "on",
        "off",
        "create",
        "set",
        "explain",
        "refs",
        "import",
        "export",
        "requests",
        "request",
        "approve",
        "reject",
        "withdraw",
        "ramp",
        "ramp start",
        "ramp status",
        "ramp rollback",
        "request set",
    ] {
        let mut command = mainstay(home.path());
        command.arg("flag").args(verb.split(' ')).arg("--help");
        Ran::run(&mut command).exits(0).says(&["Example", &format!("mainstay flag {verb}")]);
    }
}

#[test]
fn who_gets_what_is_set_shown_explained_and_exported() {
    let home = home();
    let server = Server::start(home.path(), &[]);
    let blue =
        ["--variant", "blue=#00f", "--variant", "red=#f00", "--default-variant", "blue", "--off-variant", "blue"];
    server.verb(&[&["flag", "create", "button", "--on", "production"], &blue[..]].concat()).exits(0);
    let rule = json!({"if": [{"ends_with": [{"var": "email"}, "@acme.test"]}, "red"]});
    let rule = write(home.path(), "rule.json", &rule);
    server.verb(&["flag", "set", "button", "--targeting", &format!("@{rule}"), "--reason", "ours first"]).exits(0);
    server.verb(&["flag", "show", "button"]).exits(0).says(&[
        "production: ● on",
        "red",
        "@acme.test",
        "blue = \"#00f\" (default)",
    ]);
    let explain = ["flag", "explain", "button", "--user", "ada"];
    server
        .verb(&[&explain[..], &["email=ada@acme.test"]].concat())
        .exits(0)
        .says(&["button in production: red = \"#f00\"", "TARGETING_MATCH"]);
    server.verb(&explain).exits(0).says(&["button in production: blue"]);
    server.verb(&["flag", "set", "button", "--clear", "targeting", "--rollout", "red=50,blue=50"]).exits(0);
    let exported = server.verb(&["flag", "export"]).exits(0).json();
    assert_eq!(exported["flags"]["button"]["variants"]["red"], "#f00");
    server.verb(&["flag", "set", "button", "--default-variant", "green"]).exits(65).complains(&["green"]);
    server.verb(&["flag", "set", "button", "--rollout", "red"]).exits(65).complains(&["--rollout", "name=value"]);
    server.verb(&["flag", "set", "button"]).exits(64);
    server.verb(&["flag", "explain", "no-such-flag"]).exits(65).complains(&["error[not-found]"]);
}

#[test]
fn flags_are_found_by_what_is_said_of_them() {
    let home = home();
    let server = Server::start(home.path(), &[]);
    server.verb(&["flag", "create", "new-basket", "--on", "production", "--purpose", "experiment"]).exits(0);
    server.verb(&["flag", "create", "gift-wrap", "--description", "Paper and a bow.", "--off", "production"]).exits(0);
    let names = |args: &[&str]| {
        let flags = server.verb(&[&["flag", "list", "-o", "json"], args].concat()).exits(0).json();
        flags.as_array().unwrap().iter().map(|flag| flag["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&[]), ["gift-wrap", "new-basket"]);
    assert_eq!(names(&["--state", "on"]), ["new-basket"]);
    assert_eq!(names(&["--purpose", "experiment"]), ["new-basket"]);
    assert_eq!(names(&["--match", "bow"]), ["gift-wrap"]);
    server.verb(&["flag", "list", "--owner", "nobody-at-all"]).exits(0).says(&["There is no such flag."]);
}

#[test]
fn a_ramp_is_started_watched_and_steered() {
    let home = home();
    let server = Server::start(home.path(), &[]);
    server.verb(&["flag", "create", "new-basket", "--on", "production"]).exits(0);
    server.verb(&["flag", "ramp", "status", "new-basket"]).exits(65).complains(&["has no ramp in production"]);
    let start = ["flag", "ramp", "start", "new-basket", "--steps"];
    server.verb(&[&start[..], &["5:soon,100"]].concat()).exits(65).complains(&["duration"]);
    server.verb(&[&start[..], &["5:approval,25:1h,100"]].concat()).exits(0);
    server.verb(&["flag", "ramp", "status", "new-basket"]).exits(0).says(&[
        "on for 5%, else off; awaiting approval",
        "▸     5%  then waits for approval",
        "100%",
    ]);
    server.verb(&["flag", "list"]).exits(0).says(&["● on, 5%"]);
    server.verb(&["flag", "ramp", "approve", "new-basket"]).exits(0);
    server.verb(&["flag", "ramp", "status", "new-basket"]).exits(0).says(&["on for 25%", "next step in", "for "]);
    server.verb(&["flag", "ramp", "pause", "new-basket", "--reason", "overnight"]).exits(0);
    server.verb(&["flag", "ramp", "status", "new-basket"]).exits(0).says(&["paused"]);
    server.verb(&["flag", "ramp", "resume", "new-basket"]).exits(0);
    server.verb(&["flag", "ramp", "rollback", "new-basket", "--reason", "the basket is empty"]).exits(0);
    server.verb(&["flag", "ramp", "status", "new-basket"]).exits(0).says(&["on for 0%", "rolled back"]);
}

#[test]
fn a_change_is_asked_for_shown_and_withdrawn() {
    let home = home();
    let server = Server::start(home.path(), &[]);
    server.verb(&["flag", "create", "new-basket", "--off", "production"]).exits(0);
    server.verb(&["flag", "requests"]).exits(0).says(&["There is no such request."]);
    let later = ["flag", "request", "on", "new-basket", "--at", "12h", "--reason", "after the weekend"];
    server.verb(&later).exits(0);
    server.verb(&["flag", "requests"]).exits(0).says(&["new-basket", "open", "of 0", "in 1"]);
    let requests = server.verb(&["flag", "requests", "-o", "json"]).exits(0).json();
    let id = requests[0]["id"].as_str().unwrap().to_owned();
    server.verb(&["flag", "withdraw", &id]).exits(0);
    server.verb(&["flag", "requests"]).exits(0).says(&["There is no such request."]);
    server.verb(&["flag", "requests", "--state", "withdrawn"]).exits(0).says(&[&id]);
    server.verb(&["flag", "withdraw", "no-id"]).exits(65).complains(&["error[malformed]"]);
}

#[test]
fn where_changes_need_approval_a_token_can_ask_but_not_agree() {
    let home = home();
    let server = Server::start(home.path(), &[]);
    server.verb(&["flag", "create", "new-basket", "--off", "production"]).exits(0);
    server.verb(&["flag", "set", "new-basket", "--approvals", "1"]).exits(0);
    server.verb(&["flag", "on", "new-basket"]).exits(65).complains(&["fix:"]);
    server.verb(&["flag", "request", "set", "new-basket", "--rollout", "on=50,off=50"]).exits(0);
    let requests = server.verb(&["flag", "requests", "-o", "json"]).exits(0).json();
    let id = requests[0]["id"].as_str().unwrap();
    server.verb(&["flag", "approve", id]).exits(65).complains(&["--yes", "nobody to ask"]).says(&["0 of 1 approvals"]);
    server.verb(&["flag", "approve", id, "--yes"]).exits(65).complains(&["error["]);
    server.verb(&["flag", "reject", id, "--reason", "not on a Friday"]).exits(0);
    server.verb(&["flag", "on", "new-basket", "--emergency"]).exits(64);
    server.verb(&["flag", "on", "new-basket", "--emergency", "--reason", "checkout is down"]).exits(0);
}

#[test]
fn code_that_names_flags_is_found_and_reported() {
    let home = home();
    let server = Server::start(home.path(), &[]);
    server.verb(&["flag", "create", "new-basket"]).exits(0);
    server.verb(&["flag", "create", "gift-wrap"]).exits(0);
    let code = home.path().join("code");
    fs::create_dir(&code).unwrap();
    fs::write(code.join("basket.js"), "const NEW = 1;\nif (flags.newBasket || on('new-basket')) \u{1b}[31m").unwrap();
    let refs = ["flag", "refs", "code"];
    let found = server.verb(&refs).exits(0).says(&["basket.js:2:", "not named: gift-wrap", "1 files were read"]);
    assert!(!found.out.contains('\u{1b}'), "what is in a file can't steer a terminal");
    let found = server.verb(&[&refs[..], &["-o", "json"]].concat()).exits(0).json();
    assert_eq!(found["references"]["new-basket"][0]["line"], 2);
    server.verb(&[&refs[..], &["--report", "--source", "shop"]].concat()).exits(0).says(&["the server knows"]);
    server.verb(&["flag", "show", "new-basket"]).exits(0).says(&["code names it: 1 in shop"]);
    server.verb(&[&refs[..], &["--report"]].concat()).exits(64);
    server.verb(&["flag", "refs", "nowhere"]).exits(65).complains(&["DIR", "nowhere"]);
}

/// What LaunchDarkly's SDKs have, with a flag that needs another and one that can't be said.
fn launchdarkly() -> Value {
    let clause = |attribute: &str, op: &str, value: &str| json!({"attribute": attribute, "op": op, "values": [value]});
    let flag = |rule: Value, more: Value| {
        let mut flag = json!({
            "on": true, "variations": [true, false], "offVariation": 1, "fallthrough": {"variation": 1},
            "rules": [{"variation": 0, "clauses": [rule]}],
        });
        flag.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        flag
    };
    json!({
        "flags": {
            "basket": flag(clause("", "segmentMatch", "staff"), json!({"prerequisites": [{"key": "shop", "variation": 0}]})),
            "lost": flag(clause("email", "matches", "a|b"), json!({})),
            "shop": flag(clause("plan", "in", "pro"), json!({})),
        },
        "segments": {"staff": {"key": "staff", "included": ["ada"], "rules": []}},
    })
}

#[test]
fn flags_of_another_service_are_planned_made_and_left_alone_the_second_time() {
    let home = home();
    let file = write(home.path(), "flags.json", &launchdarkly());
    let import = ["flag", "import", "launchdarkly", &file, "--environment", "production"];
    // The plan needs no server.
    let plan = Ran::run(mainstay(home.path()).args(import)).exits(0);
    plan.says(&[
        "basket",
        "boolean",
        "production on",
        "segments: staff",
        "LOST",
        "lost (production, rule 1, clause 1)",
        "--apply",
    ]);

    let server = Server::start(home.path(), &[]);
    server.verb(&["flag", "create", "shop", "--on", "production"]).exits(0);
    let apply = [&import[..], &["--apply"]].concat();
    server.verb(&apply).exits(0).says(&["3 made", "left as they are", "shop"]);
    let explain = |user: &str| server.verb(&["flag", "explain", "basket", "--user", user, "plan=pro"]).exits(0);
    explain("ada").says(&["basket in production: on"]);
    explain("eve").says(&["basket in production: off"]);
    server.verb(&[&apply[..], &["--replace"]].concat()).exits(0);
    server.verb(&["flag", "show", "shop"]).exits(0).says(&["plan"]);
    let event =
        server.verb(&["timeline", "list", "--subject", "flag:basket", "--limit", "1", "-o", "json"]).exits(0).json();
    assert_eq!(event[0]["reason"], "imported from LaunchDarkly");
}

#[test]
fn what_is_exported_can_be_imported() {
    let home = home();
    let server = Server::start(home.path(), &[]);
    server.verb(&["flag", "create", "new-basket", "--on", "production"]).exits(0);
    server.verb(&["flag", "set", "new-basket", "--rollout", "on=50,off=50"]).exits(0);
    let exported = server.verb(&["flag", "export"]).exits(0).json();
    let file = write(home.path(), "all.flagd.json", &exported);
    let import = ["flag", "import", "flagd", &file, "--environment", "staging", "--apply", "--replace"];
    server.verb(&import).exits(0).says(&["1 made"]);
    let shown = server.verb(&["flag", "show", "new-basket"]).exits(0);
    shown.says(&["staging: ● on"]);
}

#[test]
fn a_file_of_another_sort_is_refused() {
    let home = home();
    let file = write(home.path(), "some.json", &json!({"name": "x"}));
    for service in ["flagd", "unleash", "launchdarkly"] {
        Ran::run(mainstay(home.path()).args(["flag", "import", service, &file]))
            .exits(65)
            .complains(&["FILE", "export: "]);
    }
    let missing = ["flag", "import", "flagd", "nowhere.json"];
    Ran::run(mainstay(home.path()).args(missing)).exits(65).complains(&["nowhere.json can't be read"]);
    let renamed = ["flag", "import", "flagd", &write(home.path(), "f.json", &json!({"flags": {}})), "--rename", "a=b"];
    Ran::run(mainstay(home.path()).args(renamed)).exits(65).complains(&["no environment \"a\""]);
}
