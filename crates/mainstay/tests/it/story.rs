//! The whole story from the command line alone: something breaks, the incident says what changed, an undo ends it.

use crate::harness::{Server, home};

#[test]
fn the_demo_breaks_and_is_mended_from_the_command_line_alone() {
    let home = home();
    let demo = Server::demo(home.path(), 20);
    let open = demo.until(&["incident", "list", "--open"], |incidents| !incidents[0].is_null());
    let number = open[0]["number"].to_string();
    // The company works through several changes: the guilty one is the likeliest once all of them are known.
    let detail = demo.until(&["incident", "show", &number], |incident| incident["suspects"][0]["undo"].is_string());
    demo.verb(&["incident", "show", &number]).exits(0).says(&["owner", "on call", "WHAT CHANGED", "mainstay undo "]);
    let suspects = detail["suspects"].as_array().unwrap();
    let undone = suspects.iter().filter(|suspect| suspect["undo"].is_string()).take(3).find(|suspect| {
        demo.verb(&["undo", suspect["event"].as_str().unwrap(), "--yes", "--reason", "it broke the shop"]).code == 0
    });
    assert!(undone.is_some(), "no suspect could be undone: {detail:#}");
    demo.until(&["incident", "show", &number], |incident| incident["status"] == "resolved");
    demo.verb(&["timeline", "list", "--limit", "100"]).exits(0).says(&["undid"]);
    let (code, _) = demo.stop();
    assert_eq!(code, Some(0));
}
