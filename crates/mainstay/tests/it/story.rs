//! The whole story from the command line alone: something breaks, the incident says what changed, an undo ends it.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use serde_json::Value;

use crate::harness::{Server, home};

const WHY: &str = "it broke the shop";
/// How many suspects are taken back at most, one after the other: as many as the incident shows.
const UNDONE_MAX: usize = 5;
/// How long the checks of the demo, at this speed, need at most to see that all is well again.
const RECOVERY: Duration = Duration::from_secs(20);

#[test]
fn the_demo_breaks_and_is_mended_from_the_command_line_alone() {
    let home = home();
    let demo = Server::demo(home.path(), 20);
    let open = demo.until(&["incident", "list", "--open"], |incidents| !incidents[0].is_null());
    let number = open[0]["number"].to_string();
    let show = ["incident", "show", &number];
    demo.until(&show, |incident| likeliest(incident, &BTreeSet::new(), Timestamp::MAX).is_some());
    demo.verb(&show).exits(0).says(&["owner", "on call", "WHAT CHANGED", "mainstay undo "]);

    // What is changed from now on is what this test takes back.
    let began = Timestamp::now();
    let mut undone = BTreeSet::new();
    let is_resolved = |incident: &Value| incident["status"] == "resolved";
    while !is_resolved(&demo.verb(&["incident", "show", &number, "-o", "json"]).exits(0).json()) {
        assert!(undone.len() < UNDONE_MAX, "it is still broken: {}", demo.verb(&show).out);
        let incident = demo.until(&show, |incident| likeliest(incident, &undone, began).is_some());
        let Some(suspect) = likeliest(&incident, &undone, began) else { break };
        // Somebody else may have been faster; then the next one is the likeliest.
        demo.verb(&["undo", &suspect, "--yes", "--reason", WHY]);
        undone.insert(suspect);
        demo.within(RECOVERY, &show, is_resolved);
    }
    let events = demo.verb(&["timeline", "list", "--limit", "200", "-o", "json"]).exits(0).json();
    assert!(events.as_array().unwrap().iter().any(|event| event["reason"] == WHY), "the undo is not on the timeline");
    assert_eq!(demo.stop().0, Some(0), "a graceful stop is no error");
}

#[test]
fn of_three_promises_of_a_post_mortem_one_is_kept_one_reopens_and_one_escalates() {
    let home = home();
    let demo = Server::demo(home.path(), 20);
    let published = |written: &Value| written["stage"] == "published";
    let written = demo.until(&["postmortem", "show", "1"], published);
    assert_eq!(written["actions"].as_array().map(Vec::len), Some(3), "{written}");
    let text = written["text"].as_str().unwrap();
    assert!(text.contains("Users were hit for **25 minutes**") && !text.contains("_What happened"), "{text}");
    let of = |all: &Value, what: &str| {
        let mut all = all.as_array().unwrap().iter();
        all.find(|action| action["what"].as_str().unwrap().contains(what)).cloned().unwrap_or_default()
    };
    let list = ["action", "list", "--team", "shopfront", "--state", "all"];
    let all = demo.until(&list, |all| {
        let (kept, broken, forgotten) = (of(all, "look into"), of(all, "buy what"), of(all, "Write down"));
        kept["state"] == "done" && broken["reopened"].as_u64() > Some(0) && forgotten["state"] == "escalated"
    });
    let kept = of(&all, "look into");
    assert_eq!(kept["evidence"]["kind"], "seen", "{kept}");
    assert_eq!(of(&all, "Write down")["escalated_to"], serde_json::json!(["user:default/bram.squall"]), "{all}");
}

/// The likeliest suspect from before `began` that can be undone and was not.
fn likeliest(incident: &Value, undone: &BTreeSet<String>, began: Timestamp) -> Option<String> {
    let suspects = incident["suspects"].as_array()?.iter().filter(|suspect| {
        let at = suspect["at"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
        suspect["undo"].is_string() && at.is_some_and(|at| at < began)
    });
    suspects.filter_map(|suspect| suspect["event"].as_str()).find(|event| !undone.contains(*event)).map(str::to_owned)
}
