//! Timeline, checks, on call.

use web::{
    checks::{
        list::{CheckRow, ChecksScreen},
        show::{CheckScreen, History, HistoryPiece, LocationRow, ResultRow},
    },
    oncall::{OnCallScreen, ShiftRow, TeamRow},
    shell::Place,
    timeline::{
        list::{Day, TimelineScreen},
        show::EventScreen,
    },
    views::{Answer, Choice, Cli, Empty, Field, Filters, Form, Link, Pager},
};

use super::*;

pub(crate) fn add(screens: &mut Screens) {
    draw(screens, "/timeline", &timeline());
    draw(screens, "/timeline/none", &TimelineScreen { days: vec![], ..timeline() });
    draw(screens, "/timeline/3984", &event());
    draw(screens, "/checks", &checks());
    draw(screens, "/checks/pay-by-card", &check());
    draw(screens, "/on-call", &on_call());
}

pub(super) fn pager(shown: &str) -> Pager {
    Pager { shown: shown.to_owned(), before: None, after: Some("?after=50".to_owned()) }
}

fn timeline() -> TimelineScreen {
    TimelineScreen {
        chrome: quiet("Timeline", Place::Timeline),
        filters: Filters {
            action: "/timeline".to_owned(),
            fields: vec![
                Field::select(
                    "what",
                    "What",
                    vec![Choice::new("", "Everything", "changes"), Choice::new("changes", "Changes only", "changes")],
                ),
                Field::line("about", "About", "payments"),
                Field::line("by", "By", ""),
                Field::new("until", "Until", web::views::Entry::Line { kind: "datetime-local", value: String::new() }),
            ],
            clear: Some("/timeline".to_owned()),
        },
        days: vec![
            Day {
                name: "Today".to_owned(),
                changes: vec![
                    change(11, "page", "", "paged Tomasz Reyes by e-mail", "Mainstay (on call)"),
                    change(12, "check", "", "Buyer pays by card went from up to down", "Mainstay (checks)"),
                    undoable(
                        change(16, "flag", "payments", "turned new-ledger-write on in production", "Ada Lindqvist"),
                        "turns it off",
                    ),
                    Change {
                        undo: Undo::Done,
                        ..change(21, "deploy", "recommendations", "deployed v88 to production", "token ci")
                    },
                    Change {
                        reason: Some("quotes take too long".to_owned()),
                        undo: Undo::Refused { why: "it was set again 20 min later".to_owned() },
                        ..change(47, "config", "shipping", "set quote_timeout_ms from 800 to 600", "catalog platform")
                    },
                ],
            },
            Day {
                name: "Thursday 19 November".to_owned(),
                changes: vec![change(900, "catalog", "email", "moved email to Messaging", "catalog platform")],
            },
        ],
        none: Empty::new("Nothing that happened matches these filters."),
        pager: pager("3950 to 3984"),
    }
}

fn event() -> EventScreen {
    EventScreen {
        chrome: quiet("turned new-ledger-write on", Place::Timeline),
        position: 3984,
        summary: "turned new-ledger-write on in production".to_owned(),
        at: ago(16),
        who: Who::new("Ada Lindqvist"),
        reason: Some("ledger migration step 3".to_owned()),
        subjects: vec![Entity::new("flag", "new-ledger-write", "/flags/new-ledger-write"), component("payments")],
        links: vec![("The pull request".to_owned(), "https://code.example/pull/412".to_owned())],
        undo: Undo::Offered {
            href: "/undo/3984".to_owned(),
            will: "turns new-ledger-write off in production".to_owned(),
        },
        together: vec![],
        json: "{\n  \"type\": \"turned_on\",\n  \"flag\": \"flag:default/new-ledger-write\"\n}".to_owned(),
        hash: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned(),
        before: Some(Link::new("payments as it was at 03:02:59", "/services/payments?at=2026-11-20T03:02:59Z")),
        command: Cli::new("mainstay timeline show 3984"),
    }
}

fn checks() -> ChecksScreen {
    let row = |state, name: &str, covers: &str, locations: &str| CheckRow {
        state,
        name: name.to_owned(),
        href: "/checks/pay-by-card".to_owned(),
        covers: Some(component(covers)),
        critical: covers == "payments",
        locations: locations.to_owned(),
        speed: Some("41 ms".to_owned()),
        since: Some(for_minutes(12)),
        seen: Some(ago(0)),
    };
    ChecksScreen {
        chrome: chrome("Checks", Place::Checks),
        filters: Filters { action: "/checks".to_owned(), fields: vec![Field::line("q", "Text", "")], clear: None },
        rows: vec![
            row(down(), "Buyer pays by card", "payments", "2 of 3 down"),
            CheckRow {
                seen: None,
                since: None,
                speed: None,
                ..row(unknown(), "Label is printed", "shipping", "none reports")
            },
            row(up(), "Home page", "storefront", "3 of 3 up"),
        ],
        none: Empty::with("No check runs yet. Checks stand in the catalog files.", "mainstay apply ./catalog"),
        pager: pager("1 to 3 of 3"),
    }
}

fn check() -> CheckScreen {
    let piece = |state, from, width| HistoryPiece { state, from, width };
    let result = |state, minutes, seen: &str| ResultRow {
        state,
        at: ago(minutes),
        location: "eu-west".to_owned(),
        seen: seen.to_owned(),
        phases: "DNS 2 ms, connect 9 ms, TLS 14 ms, first byte 31 ms".to_owned(),
    };
    CheckScreen {
        chrome: chrome("Buyer pays by card", Place::Checks),
        name: "Buyer pays by card".to_owned(),
        tags: vec!["HTTP".to_owned(), "critical path".to_owned()],
        description: "POST https://shop.example/checkout expects 200 within 2 s, every 10 s from 3 locations."
            .to_owned(),
        answers: vec![
            Answer::to("Verdict").state(down(), Some(for_minutes(12))).note("2 of 3 locations"),
            Answer::to("Covers").entity(component("payments")),
            Answer::to("Owner").entity(group("Payments")),
            Answer::to("Speed").text("41 ms").note("median of the last hour; 95% under 230 ms"),
        ],
        locations: vec![
            LocationRow { name: "eu-west".to_owned(), state: down(), seen: "500 after 41 ms".to_owned(), at: ago(0) },
            LocationRow {
                name: "home".to_owned(),
                state: unknown(),
                seen: "silent for 6 min; expected every 10 s".to_owned(),
                at: ago(6),
            },
        ],
        history: History {
            pieces: vec![
                piece(up(), 0, 700),
                piece(degraded(), 700, 40),
                piece(up(), 740, 170),
                piece(unknown(), 910, 20),
                piece(up(), 930, 60),
                piece(down(), 990, 10),
            ],
            period: "the last 24 h".to_owned(),
            words: "up 97.1%, degraded 58 min, unknown 28 min, down 12 min in 1 period".to_owned(),
        },
        results: vec![
            result(down(), 0, "500 after 41 ms: “ledger: unknown column batch”"),
            result(up(), 13, "200 after 230 ms"),
        ],
        no_results: Empty::new("No location has reported yet."),
        changes: vec![change(12, "check", "", "went from up to down", "Mainstay (checks)")],
        facts: [("Method", "POST"), ("Timeout", "2 s"), ("Expects", "200, body contains “thank you”")]
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .to_vec(),
        pause: Some(Form {
            action: "/checks/default/pay-by-card/pause".to_owned(),
            csrf: CSRF.to_owned(),
            fields: vec![Field::line("reason", "Reason", "")],
            hidden: vec![],
            submit: "Pause".to_owned(),
            main: false,
        }),
    }
}

fn on_call() -> OnCallScreen {
    let team = |name: &str, now: Option<&str>| TeamRow {
        team: group(name),
        schedule: "/on-call/default/payments".to_owned(),
        now: now.map(Who::new),
        until: now.map(|_| ago(-4_000)),
        next: now.map(|_| Who::new("Ada Lindqvist")),
        covers: "3 services".to_owned(),
        rotation: "weekly, Mondays 09:00 Europe/Lisbon".to_owned(),
    };
    OnCallScreen {
        chrome: chrome("On call", Place::OnCall),
        teams: vec![
            team("Logistics", None),
            team("Payments", Some("Tomasz Reyes")),
            team("Storefront", Some("Mira Okafor")),
        ],
        none: Empty::with("No team is in the catalog yet.", "mainstay apply ./catalog"),
        coming: vec![ShiftRow {
            from: "Monday 23 November, 09:00 UTC".to_owned(),
            at: ago(-4_000),
            who: Who::new("Ada Lindqvist"),
            team: group("Payments"),
            note: "payments-primary".to_owned(),
        }],
        no_coming: Empty::new("No rotation is declared."),
    }
}
