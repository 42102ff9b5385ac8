//! What works on a data folder: verify, doctor, backup, restore; and what a server promises about it.

use std::{fs, path::Path};

use crate::harness::{Ran, Server, home, mainstay};

fn offline(home: &Path, args: &[&str]) -> Ran {
    Ran::run(mainstay(home).args(args))
}

/// Flips a byte of the first text like this in the database.
fn damage(data: &Path, text: &str) {
    let mut damaged = 0;
    for file in fs::read_dir(data).unwrap().map(|file| file.unwrap().path()) {
        let mut bytes = fs::read(&file).unwrap();
        let places: Vec<usize> = (0..bytes.len().saturating_sub(text.len()))
            .filter(|at| bytes[*at..].starts_with(text.as_bytes()))
            .collect();
        damaged += places.len();
        places.into_iter().for_each(|at| bytes[at] ^= 1);
        fs::write(file, bytes).unwrap();
    }
    assert!(damaged > 0, "there is no {text} to damage");
}

#[test]
fn a_folder_in_use_is_verified_examined_and_backed_up_and_the_backup_is_restored() {
    let home = home();
    let server = Server::start(home.path(), &[]);
    server.verb(&["flag", "create", "new-basket", "--on", "production"]).exits(0);
    offline(home.path(), &["timeline", "verify", "--data", "data"]).exits(0).says(&["events", "head"]);
    offline(home.path(), &["doctor", "--data", "data"]).exits(0).says(&["LOOKED AT", "● ok", "a server is using"]);
    let backup = offline(home.path(), &["backup", "copy.db", "--data", "data"]).exits(0);
    let backup = backup.says(&["copy.db", "verified", "not in it: data/key"]);
    assert!(!home.path().join("copy.db").metadata().unwrap().permissions().readonly());
    offline(home.path(), &["backup", "copy.db", "--data", "data"]).exits(65).complains(&["never replaces a file"]);
    assert_eq!(server.stop().0, Some(0), "a graceful stop is no error");

    offline(home.path(), &["restore", "copy.db", "--data", "restored"]).exits(0).says(&["verified", "key"]);
    let head = |text: &str| text.lines().find_map(|line| line.split("head ").nth(1).map(str::to_owned));
    let verified = offline(home.path(), &["timeline", "verify", "--data", "restored"]).exits(0);
    assert_eq!(head(&verified.out), head(&backup.out));
    offline(home.path(), &["restore", "copy.db", "--data", "restored"]).exits(65).complains(&["is not empty"]);
    offline(home.path(), &["timeline", "verify", "--data", "nowhere"]).exits(65).complains(&["no timeline in it"]);
    assert!(!home.path().join("nowhere").exists(), "looking makes no folder");
}

#[test]
fn an_altered_event_is_found_with_its_position() {
    let home = home();
    let server = Server::start(home.path(), &[]);
    server.verb(&["flag", "create", "new-basket", "--on", "production"]).exits(0);
    server.verb(&["flag", "off", "new-basket", "--reason", "unmistakable words"]).exits(0);
    server.stop();
    damage(&home.path().join("data"), "unmistakable words");
    offline(home.path(), &["timeline", "verify", "--data", "data"])
        .exits(78)
        .complains(&["error[data-corrupt]", "at position "]);
    offline(home.path(), &["doctor", "--data", "data"]).exits(78).says(&["◆ wrong", "fix: ", "mainstay restore"]);
    offline(home.path(), &["backup", "copy.db", "--data", "data"]).exits(78).complains(&["error[data-corrupt]"]);
    assert!(!home.path().join("copy.db").exists(), "a backup of damage would be trusted");
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let home = home();
    for round in 0..5 {
        let server = Server::start(home.path(), &[]);
        let known = server.verb(&["get", "flags", "-o", "json"]).exits(0).json();
        assert_eq!(known.as_array().unwrap().len(), round, "something that was acknowledged is gone");
        server.verb(&["flag", "create", &format!("flag-{round}"), "--on", "production"]).exits(0);
        server.kill();
    }
    offline(home.path(), &["timeline", "verify", "--data", "data"]).exits(0);
}
