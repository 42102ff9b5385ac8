//! Flags.

use web::{
    flags::{
        list::{FlagRow, FlagsScreen},
        show::{FlagEnvironment, FlagScreen},
    },
    shell::Place,
    views::{Answer, Cli, Empty, Field, Filters, Form, Row},
};

use super::{operations::pager, *};

pub(crate) fn add(screens: &mut Screens) {
    draw(screens, "/flags", &flags());
    draw(screens, "/flags/new-ledger-write", &flag());
}

fn flags() -> FlagsScreen {
    let row = |key: &str, on: [bool; 2], owner: Option<&str>| FlagRow {
        key: key.to_owned(),
        href: format!("/flags/{key}"),
        description: "Writes movements in batches".to_owned(),
        states: on.map(switched).to_vec(),
        owner: owner.map(group),
        readers: "payments, wallet and 2 more".to_owned(),
        marks: if owner.is_none() { vec!["stale"] } else { vec![] },
        changed: Some(ago(16)),
    };
    FlagsScreen {
        chrome: quiet("Flags", Place::Flags),
        filters: Filters { action: "/flags".to_owned(), fields: vec![Field::line("q", "Text", "")], clear: None },
        environments: vec!["production".to_owned(), "staging".to_owned()],
        rows: vec![row("new-ledger-write", [true, true], Some("Payments")), row("wallet-v2", [false, true], None)],
        none: Empty::with("No flag is defined yet.", "mainstay flag create new-checkout"),
        pager: pager("1 to 2 of 2"),
    }
}

fn switched(on: bool) -> State {
    if on { State::new(Tone::Good, "on") } else { State::new(Tone::Quiet, "off") }
}

fn flag() -> FlagScreen {
    let switch = |label: &str| {
        Some(Form {
            action: "/flags/new-ledger-write".to_owned(),
            csrf: CSRF.to_owned(),
            fields: vec![],
            hidden: vec![("environment".to_owned(), "production".to_owned())],
            submit: label.to_owned(),
            main: false,
        })
    };
    FlagScreen {
        chrome: quiet("new-ledger-write", Place::Flags),
        key: "new-ledger-write".to_owned(),
        description: Some("Writes movements to the ledger in batches.".to_owned()),
        tags: vec!["boolean".to_owned()],
        answers: vec![
            Answer::to("Owner").entity(group("Payments")),
            Answer::to("Made").text("4 d ago").note("by Ada Lindqvist"),
            Answer::to("Where nothing is said").text("off"),
        ],
        environments: vec![
            FlagEnvironment {
                name: "production".to_owned(),
                state: switched(true),
                note: "for 16 min, by Ada Lindqvist".to_owned(),
                switch: switch("Turn off"),
            },
            FlagEnvironment {
                name: "staging".to_owned(),
                state: switched(false),
                note: "never switched".to_owned(),
                switch: switch("Turn on"),
            },
        ],
        readers: vec![
            Row::new("payments", "/services/payments").state(down()).note("4,210 evaluations in the last minute"),
        ],
        no_readers: Empty::new("No component has asked for this flag yet."),
        changes: vec![undoable(
            change(16, "flag", "", "turned new-ledger-write on in production", "Ada Lindqvist"),
            "turns it off",
        )],
        no_changes: Empty::new("It has not been changed."),
        commands: vec![Cli::new("mainstay flag off new-ledger-write --environment production")],
    }
}
