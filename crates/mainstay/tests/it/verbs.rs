//! Each verb against a server of its own.

use crate::harness::{Ran, Server, first_event, home, mainstay, minimal};

#[test]
fn help_groups_the_verbs_and_every_verb_has_an_example() {
    let home = home();
    let help = Ran::run(mainstay(home.path()).arg("--help")).exits(0);
    let help = help.says(&["Run:", "Look:", "Change:", "Operate:", "mainstay demo", "Exit codes:"]);
    assert!(!help.out.contains("a-token"), "a setting's value is in the help");
    for verb in ["get", "flag on", "deploy config", "incident show", "timeline verify", "undo", "token create"] {
        let mut command = mainstay(home.path());
        command.env("MAINSTAY_TOKEN", "a-secret").args(verb.split(' ')).arg("--help");
        let help = Ran::run(&mut command).exits(0).says(&["Example"]);
        assert!(!help.out.contains("a-secret"), "{verb} prints the token");
    }
}

#[test]
fn a_command_line_that_can_not_be_read_is_exit_code_64() {
    let home = home();
    for args in [&["frobnicate"][..], &["flag"], &["undo"], &["deploy", "payments"], &["get", "flags", "--nope"]] {
        Ran::run(mainstay(home.path()).args(args)).exits(64);
    }
}

#[test]
fn a_server_that_is_not_there_is_exit_code_75() {
    let home = home();
    // Port 9 is "discard" (RFC 863), which nothing answers.
    Ran::run(mainstay(home.path()).args(["--url", "http://127.0.0.1:9", "status"])).exits(75).complains(&[
        "error[unreachable]",
        "fix:",
        "MAINSTAY_URL",
    ]);
    Ran::run(mainstay(home.path()).args(["--url", "nonsense", "status"])).exits(65).complains(&["error[invalid]"]);
}

#[test]
fn a_token_that_is_not_known_or_may_not_is_refused() {
    let home = home();
    let server = Server::start(home.path(), &[]);
    server.verb_as("mst_unknown", &["status"]).exits(65).complains(&[
        "error[unauthenticated]",
        "fix:",
        "MAINSTAY_TOKEN",
    ]);
    let token = server.verb(&["token", "create", "reader", "--scope", "read", "--expires", "90d"]).exits(0).out;
    let token = token.trim();
    server.verb_as(token, &["status"]).exits(0).says(&["no open incident"]);
    server.verb_as(token, &["apply", &minimal()]).exits(65).complains(&["error[forbidden]"]);
    let tokens = server.verb(&["token", "list", "-o", "json"]).exits(0).json();
    let id = tokens[0]["id"].as_str().unwrap();
    server.verb(&["token", "list"]).exits(0).says(&["reader", "read", id]);
    server.verb(&["token", "revoke", id]).exits(0);
    server.verb_as(token, &["status"]).exits(65).complains(&["error[unauthenticated]"]);
    server.verb(&["token", "create", "x", "--scope", "everything"]).exits(65).complains(&["error[invalid]: scopes"]);
    server.verb(&["token", "create", "x", "--scope", "read", "--expires", "soon"]).exits(65).complains(&["--expires"]);
}

#[test]
fn a_catalog_is_planned_applied_shown_and_exported() {
    let home = home();
    let server = Server::start(home.path(), &[]);
    let minimal = minimal();
    server.verb(&["plan", &minimal]).exits(0).says(&["+ component:default/lamp", "to add"]);
    server.verb(&["plan", &minimal, "--exit-code"]).exits(1);
    server.verb(&["apply", &minimal]).exits(0).says(&["● "]);
    server.verb(&["apply", &format!("{minimal}/")]).exits(0).says(&["Nothing to do"]);
    server.verb(&["plan", &minimal, "--exit-code"]).exits(0).says(&["Nothing to do"]);
    server.verb(&["get", "services"]).exits(0).says(&["NAME", "lamp", "lighthouse", "Turns, and shines."]);
    server.verb(&["get", "services", "--match", "nothing-like-it"]).exits(0).says(&["There is none."]);
    server.verb(&["get", "entities"]).exits(0).says(&["component:lamp", "group:lighthouse", "user:iris.beacon"]);
    server.verb(&["get", "component:lamp"]).exits(0).says(&["component:default/lamp", "ownedBy", "lighthouse"]);
    let entity = server.verb(&["get", "lamp", "-o", "json"]).exits(0).json();
    assert_eq!(entity["metadata"]["name"], "lamp");
    server.verb(&["get", "lantern"]).exits(65).complains(&["error[not-found]", "fix:"]);
    server.verb(&["get", "servces"]).exits(65).complains(&["did you mean the list \"services\"?"]);
    server.verb(&["get", "findings"]).exits(0);
    server.verb(&["get", "checks", "on-call"]).exits(0).says(&["lamp-shines", "iris.beacon"]);
    server.verb(&["on-call", "lamp"]).exits(0).says(&["iris.beacon"]);
    server.verb(&["on-call", "group:lighthouse", "--at", "12h"]).exits(0).says(&["iris.beacon"]);
    server.verb(&["oncall", "who", "lamp"]).exits(0).says(&["iris.beacon"]);
    server.verb(&["on-call", "schedule", "lighthouse", "--weeks", "2"]).exits(0).says(&["iris.beacon", "LAST 90 DAYS"]);
    server.verb(&["on-call", "schedule", "lighthouse", "--weeks", "99"]).exits(65).complains(&["weeks"]);
    server.verb(&["on-call", "override", "no-such-rotation", "--person", "iris.beacon", "--for", "8h"]).exits(65);
    server.verb(&["ack"]).exits(65).complains(&["error["]);
    server.verb(&["on-call", "nobodys-service"]).exits(1).says(&["Nobody"]);
    server.verb(&["export", "written"]).exits(0).says(&["created"]);
    // The docs beside the descriptors are not exported: they have another home.
    let planned = server.verb(&["plan", "written", "--source", "minimal", "--exit-code"]).exits(1);
    planned.says(&["~ docs of component:default/lamp", "0 to add, 0 to change, 0 to remove"]);
    server.verb(&["export", "written"]).exits(0).says(&["0 created, 0 replaced"]);
    server.verb(&["status"]).exits(0).says(&["checks", "catalog", "timeline"]);
}

#[test]
fn a_flag_is_created_turned_and_turned_back() {
    let home = home();
    let server = Server::start(home.path(), &[]);
    server.verb(&["flag", "list"]).exits(0).says(&["There is no flag yet"]);
    server.verb(&["flag", "create", "new-basket", "--description", "A larger basket.", "--off", "production"]).exits(0);
    let turned = server.verb(&["flag", "on", "new-basket", "--reason", "a trial", "-o", "json"]).exits(0).json();
    server.verb(&["flag", "list"]).exits(0).says(&["new-basket", "production", "● on"]);
    server.verb(&["flag", "on", "new-basket"]).exits(0).says(&["Nothing to do"]);
    server.verb(&["get", "flag:new-basket"]).exits(0).says(&["A larger basket.", "production: ● on"]);
    server.verb(&["flag", "on", "no-such-flag"]).exits(65).complains(&["error["]);

    let event = first_event(&turned);
    server.verb(&["timeline", "show", &event]).exits(0).says(&["why       a trial", "flags."]);
    server.verb(&["undo", &event, "--dry-run"]).exits(0).says(&["will  "]);
    server.verb(&["flag", "show", "new-basket"]).exits(0).says(&["● on"]);
    server.verb(&["undo", &event]).exits(65).complains(&["--yes", "nobody to ask"]);
    server.verb(&["undo", &event, "--yes", "--reason", "the trial is over"]).exits(0).says(&["will  "]);
    server.verb(&["flag", "show", "new-basket"]).exits(0).says(&["○ off"]);
    server.verb(&["undo", &event, "--yes"]).exits(65).complains(&["error["]);
    server
        .verb(&["timeline", "list", "--subject", "flag:new-basket", "--kind", "flags."])
        .exits(0)
        .says(&["new-basket"]);
    let events = server.verb(&["timeline", "list", "--from", "1h", "--limit", "2", "-o", "json"]).exits(0).json();
    assert_eq!(events.as_array().unwrap().len(), 2);
    server.verb(&["timeline", "list", "--from", "yesteryear"]).exits(65).complains(&["--from"]);
}

#[test]
fn an_undo_is_refused_where_the_world_has_moved_on() {
    let home = home();
    let server = Server::start(home.path(), &[]);
    server.verb(&["flag", "create", "new-basket", "--off", "production"]).exits(0);
    let on = first_event(&server.verb(&["flag", "on", "new-basket", "-o", "json"]).exits(0).json());
    server.verb(&["flag", "off", "new-basket"]).exits(0);
    server.verb(&["undo", &on, "--yes"]).exits(65).complains(&["error[moved-on]"]);
    server.verb(&["undo", "no-id", "--yes"]).exits(65).complains(&["error[malformed]"]);
}

#[test]
fn a_deployment_and_a_configuration_are_recorded() {
    let home = home();
    let server = Server::start(home.path(), &[]);
    server.verb(&["apply", &minimal()]).exits(0);
    server.verb(&["deploy", "lamp", "2.8.0", "--finished", "10min"]).exits(0).says(&["2.8.0", "mainstay undo"]);
    server.verb(&["deploy", "lamp", "2.8.1", "--commit", "4f2a91c", "--failed"]).exits(0);
    server.verb(&["deploy", "config", "lamp", "watts=40", "colour=green"]).exits(0).says(&["lamp"]);
    server.verb(&["deploy", "config", "lamp", "watts"]).exits(65).complains(&["name=value"]);
    let said =
        server.verb(&["get", "deployments"]).exits(0).says(&["2.8.0", "● live", "2.8.1", "◆ failed", "config: "]);
    assert!(said.out.find("2.8.1") < said.out.find("2.8.0"), "{}", said.out);
}

#[test]
fn whoever_tells_commits_deployed_the_one_that_is_checked_out() {
    let home = home();
    let server = Server::start(home.path(), &[]);
    server.verb(&["apply", &minimal()]).exits(0);
    let told = ["deploy", "lamp", "2.8.0", "--commits"];
    server.verb(&told).exits(65).complains(&["which commit was deployed", "in a clone", "--commit"]);
    let git = |args: &[&str]| {
        let mut command = std::process::Command::new("git");
        let author = ["-c", "user.name=Kim", "-c", "user.email=kim@lamp.example", "-c", "commit.gpgsign=false"];
        Ran::run(command.current_dir(home.path()).args(author).args(args)).exits(0).out.trim().to_owned()
    };
    git(&["init", "--quiet"]);
    for version in ["2.8.0", "2.8.1"] {
        git(&["commit", "--quiet", "--allow-empty", "--message", version]);
        server.verb(&["deploy", "lamp", version, "--commits"]).exits(0);
    }
    let list = server.verb(&["deploy", "list", "lamp", "-o", "json"]).exits(0).json();
    let (head, before) = (git(&["rev-parse", "HEAD"]), git(&["rev-parse", "HEAD^"]));
    assert_eq!((list[0]["commit"].as_str(), list[1]["commit"].as_str()), (Some(&*head), Some(&*before)), "{list}");
}

#[test]
fn a_check_is_paused_and_resumed() {
    let home = home();
    let server = Server::start(home.path(), &[]);
    server.verb(&["apply", &minimal()]).exits(0);
    server.verb(&["check", "pause", "lamp-shines", "--reason", "by day"]).exits(0);
    server.verb(&["check", "list"]).exits(0).says(&["lamp-shines", "▲ paused"]);
    server.verb(&["check", "resume", "lamp-shines"]).exits(0);
    server.verb(&["check", "show", "lamp-shines"]).exits(1).says(&["lamp-shines", "request", "GET "]);
    server.verb(&["check", "show", "no-such-check"]).exits(65).complains(&["error[not-found]"]);
}

#[test]
fn a_maintenance_is_planned_listed_and_ended_and_the_probes_are_listed() {
    let home = home();
    let server = Server::start(home.path(), &[]);
    server.verb(&["apply", &minimal()]).exits(0);
    server.verb(&["maintenance", "list"]).exits(0).says(&["No maintenance was planned yet"]);
    let plan = ["maintenance", "plan", "check:lamp-shines", "--from", "2h", "--for", "90m", "--reason", "new bulb"];
    server.verb(&plan).exits(0).says(&["set maintenance of lamp-shines"]);
    server.verb(&["maintenance", "list"]).exits(0).says(&["lamp-shines", "planned", "new bulb"]);
    let listed = server.verb(&["maintenance", "list", "-o", "json"]).exits(0).json();
    server.verb(&["maintenance", "end", listed[0]["id"].as_str().unwrap()]).exits(0);
    server.verb(&["maintenance", "list"]).exits(0).says(&["called off"]);
    server.verb(&["maintenance", "plan", "nothing", "--for", "1h"]).exits(65).complains(&["error[not-found]"]);
    server.verb(&["maintenance", "plan", "check:lamp-shines", "--for", "soon"]).exits(65).complains(&["--for"]);
    server.verb(&["maintenance", "plan", "check:lamp-shines"]).exits(64);
    server.verb(&["get", "probes"]).says(&["home", "in the server"]);
}

#[test]
fn an_incident_is_declared_taken_on_judged_and_resolved() {
    let home = home();
    let server = Server::start(home.path(), &[]);
    server.verb(&["apply", &minimal()]).exits(0);
    // It would fail, since there is no lamp, and open an incident of its own.
    server.verb(&["check", "pause", "lamp-shines"]).exits(0);
    server.verb(&["incident", "show"]).exits(65).complains(&["error[not-found]: no incident is open"]);
    let deployed = first_event(&server.verb(&["deploy", "lamp", "2.8.0", "-o", "json"]).exits(0).json());
    server.verb(&["incident", "declare", "lamp", "It is \u{1b}[31mdark", "--severity", "sev1"]).exits(0);
    let list = server.verb(&["incident", "list", "--open", "-o", "json"]).exits(0).json();
    let number = list[0]["number"].to_string();
    let shown = server.verb(&["incident", "show", "--all"]).exits(0);
    assert!(!shown.out.contains('\u{1b}'), "what people write can't steer a terminal");
    shown.says(&[
        &format!("INCIDENT {number}"),
        "SEV1",
        "broken    lamp",
        "owner     lighthouse",
        "on call   iris.beacon",
        "runbook",
        "mainstay incident ack",
        "WHAT CHANGED",
        "2.8.0",
        "WHAT HAPPENED",
    ]);
    server.verb(&["incident", "ack"]).exits(0);
    server.verb(&["incident", "note", &number, "Somebody is on the stairs."]).exits(0);
    server.verb(&["incident", "suspect", &number, &deployed]).exits(64);
    server.verb(&["incident", "suspect", &number, &deployed, "--innocent"]).exits(0);
    let shown = server.verb(&["get", &format!("incident:{number}")]).exits(0);
    shown.says(&["▲ acknowledged", "taken on  by", "Somebody is on the stairs.", "judged innocent"]);
    server.verb(&["incident", "resolve", &number, "--reason", "it shines"]).exits(0);
    server.verb(&["incident", "list", "--open"]).exits(0).says(&["No incident is open."]);
    server.verb(&["incident", "show", &number]).exits(0).says(&["● resolved", "ended"]);
    server.verb(&["incident", "show", "99"]).exits(65).complains(&["error[not-found]"]);

    // A post-mortem is written of the revision that was read.
    server.verb(&["postmortem", "start", &number]).exits(0);
    let shown = server.verb(&["postmortem", "show", &number]).exits(0).says(&["## Summary"]).complains(&["revision 1"]);
    assert!(!shown.out.contains("revision 1"), "the text can be written to a file");
    server.verb(&["postmortem", "edit", &number, "--title", "Dark", "--revision", "1"]).exits(0);
    let conflict = ["error[conflict]", "revision 2 meanwhile"];
    for late in [
        &["postmortem", "edit", &number, "--title", "Darker", "--revision", "1"][..],
        &["postmortem", "review", &number, "--approve", "--by", "iris.beacon", "--revision", "1"],
        &["postmortem", "publish", &number, "--revision", "1"],
    ] {
        server.verb(late).exits(65).complains(&conflict);
    }
    server.verb(&["postmortem", "edit", &number, "--title", "Darker"]).exits(0);
}
