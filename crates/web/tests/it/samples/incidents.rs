use web::{
    incidents::{
        list::{IncidentRow, IncidentsScreen},
        log::{Item, Log},
        past::PastRow,
        people::{Amendment, Milestone, RoleRow},
        runbook::{Checklist, Row, Step},
        show::{Evidence, IncidentScreen, PageNote, Reason, Suspect},
        undo::UndoScreen,
    },
    shell::{Chrome, Place},
    views::{Answer, Cli, Diff, DiffLine, Empty, Field, Form, Link, Pager, Press, Score, Tab, Tabs},
};

use super::*;

pub(crate) fn add(screens: &mut Screens) {
    draw(screens, "/incidents", &list());
    draw(screens, "/incidents/none", &IncidentsScreen { rows: vec![], ..list() });
    draw(screens, "/incidents/12", &open());
    draw(screens, "/incidents/11", &over());
    draw(screens, "/undo/3984", &undo());
}

fn list() -> IncidentsScreen {
    let row = |number, state, title: &str, began, took: Option<&str>, outcome: Option<&str>| IncidentRow {
        number,
        href: format!("/incidents/{number}"),
        state,
        title: title.to_owned(),
        owner: "Payments".to_owned(),
        severity: "critical".to_owned(),
        began: ago(began),
        took: took.map(str::to_owned),
        outcome: outcome.map(str::to_owned),
    };
    let tab = |label: &str, here, count| Tab {
        label: label.to_owned(),
        href: format!("/incidents?state={}", label.to_lowercase()),
        here,
        count: Some(count),
    };
    IncidentsScreen {
        chrome: Chrome { incident: None, ..chrome("Incidents", Place::Incidents) },
        tabs: Tabs {
            label: "Incidents by state".to_owned(),
            tabs: vec![tab("All", true, 12), tab("Open", false, 1), tab("Resolved", false, 11)],
        },
        accuracy: Some(
            "Of 9 incidents of which somebody said which change it was, the ranking had it first in 77 %.".to_owned(),
        ),
        declare: Some("/incidents/declare".to_owned()),
        rows: vec![
            row(12, State::new(Tone::Bad, "open"), "Buyers can’t check out", 12, None, None),
            row(
                11,
                State::new(Tone::Quiet, "resolved"),
                "Search answers with errors",
                3_000,
                Some("9 min"),
                Some("undone: deployed search-api v52"),
            ),
            row(10, State::new(Tone::Quiet, "resolved"), "Labels can’t be printed", 12_000, Some("1 h 14 min"), None),
        ],
        none: Empty::with(
            "No incident is open. One opens by itself when a check of a critical path goes down, or by hand.",
            "mainstay incident open --title 'Labels can’t be printed'",
        ),
        pager: Pager { shown: "1 to 3 of 3".to_owned(), ..Pager::default() },
    }
}

fn press(label: &str, verb: &str, main: bool) -> Press {
    Press {
        action: format!("/incidents/12/{verb}"),
        csrf: CSRF.to_owned(),
        hidden: vec![],
        label: label.to_owned(),
        main,
    }
}

fn suspect(minutes: i64, subject: &str, summary: &str, who: &str, score: f64, reasons: &[&str], will: &str) -> Suspect {
    Suspect {
        summary: summary.to_owned(),
        subject: component(subject),
        href: "/timeline/3984".to_owned(),
        who: Who::new(who),
        when: format!("{} min before the first failure", minutes - 12),
        at: ago(minutes),
        score: Score::of(score),
        reasons: reasons
            .iter()
            .map(|&words| Reason { words: words.to_owned(), against: words.starts_with("its effect is on") })
            .collect(),
        undo: Undo::Offered { href: "/undo/3984".to_owned(), will: will.to_owned() },
        next: score > 0.5,
        verdict: None,
        judge: vec![press("This was it", "suspects", false), press("Not it", "suspects", false)],
    }
}

fn open() -> IncidentScreen {
    IncidentScreen {
        on_pages: web::status::manage::OnPages::default(),
        chrome: Chrome {
            incident: None,
            live: Some("/live?incident=12".to_owned()),
            ..chrome("Buyers can’t check out", Place::Incidents)
        },
        number: 12,
        title: "Buyers can’t check out".to_owned(),
        state: State::new(Tone::Bad, "open"),
        severity: "critical".to_owned(),
        began: for_minutes(12),
        ended: None,
        advice: None,
        pages: vec![PageNote {
            state: State::new(Tone::Bad, "open"),
            name: "page 4".to_owned(),
            href: "/pages/4".to_owned(),
            at: ago(11),
            explained: "Page 4 is open: nobody has answered.".to_owned(),
        }],
        post_mortem: None,
        buttons: vec![press("Acknowledge", "acknowledge", false), press("Resolve", "resolve", false)],
        answers: vec![
            Answer::to("Broken").state(down(), Some(for_minutes(12))).note("Buyer pays by card"),
            Answer::to("Whose service")
                .entity(component("payments"))
                .note("Payments")
                .link("#payments", "https://chat.example.com/payments"),
            Answer::to("On call now")
                .who(Who::at("Tomasz Reyes", "/services/user:tomasz"))
                .note("paged 11 min ago, not acknowledged; Ada Lindqvist is next in 4 min"),
            Answer::to("Runbook")
                .text("Payments are failing")
                .note("verified 12 d ago")
                .link("Open", "/docs/payments/runbook"),
        ],
        suspects: vec![
            suspect(
                16,
                "payments",
                "turned new-ledger-write on in production",
                "Ada Lindqvist",
                0.91,
                &[
                    "changed the failing service itself",
                    "the failing request evaluates this flag",
                    "the last change before the failure",
                ],
                "turns new-ledger-write off in production",
            ),
            suspect(
                21,
                "recommendations",
                "deployed v88 to production",
                "token ci",
                0.34,
                &["2 steps upstream", "deployments cause most incidents here"],
                "deploys v87 to production again",
            ),
            suspect(
                47,
                "shipping",
                "set quote_timeout_ms from 800 to 600",
                "catalog platform",
                0.18,
                &["1 step upstream", "its effect is on another path"],
                "sets quote_timeout_ms to 800",
            ),
        ],
        no_suspects: Empty::new(
            "Nothing changed on the broken path in the 6 hours before the first failure. Look at what it depends on outside the catalog.",
        ),
        evidence: vec![
            Evidence {
                state: down(),
                check: "Buyer pays by card".to_owned(),
                href: "/checks/pay-by-card".to_owned(),
                seen: "eu-west: 500 after 41 ms, “ledger: unknown column batch”".to_owned(),
                at: ago(0),
            },
            Evidence {
                state: down(),
                check: "Buyer pays by card".to_owned(),
                href: "/checks/pay-by-card".to_owned(),
                seen: "us-east: 500 after 112 ms".to_owned(),
                at: ago(0),
            },
            Evidence {
                state: up(),
                check: "Buyer pays by card".to_owned(),
                href: "/checks/pay-by-card".to_owned(),
                seen: "home: 200 after 230 ms, last result 3 min old".to_owned(),
                at: ago(3),
            },
        ],
        log: log(vec![
            change(11, "page", "", "paged Tomasz Reyes by e-mail", "Mainstay (on call)"),
            change(12, "incident", "", "opened incident 12", "Mainstay (incidents)"),
        ]),
        before: vec![
            change(12, "check", "", "Buyer pays by card went from up to down", "Mainstay (checks)"),
            undoable(
                related(
                    change(16, "flag", "payments", "turned new-ledger-write on in production", "Ada Lindqvist"),
                    "4 min before",
                ),
                "turns it off",
            ),
            undoable(
                related(
                    change(21, "deploy", "recommendations", "deployed v88 to production", "token ci"),
                    "9 min before",
                ),
                "deploys v87",
            ),
            related(change(38, "catalog", "email", "moved email to Messaging", "catalog platform"), "26 min before"),
        ],
        note: Some("/incidents/12/notes".to_owned()),
        roles: vec![
            RoleRow {
                role: "commander",
                who: Some(Who::new("Ada Lindqvist")),
                buttons: vec![press("Clear", "role", false)],
            },
            RoleRow { role: "communications", who: None, buttons: vec![press("Take it", "role", false)] },
            RoleRow { role: "scribe", who: None, buttons: vec![press("Take it", "role", false)] },
        ],
        milestones: vec![
            Milestone { name: "Impact began", at: Some(ago(12)), after: None },
            Milestone { name: "Detected", at: Some(ago(11)), after: Some("after 1 min".to_owned()) },
            Milestone { name: "Mitigated", at: None, after: None },
        ],
        impact: "12 min".to_owned(),
        relations: vec![("It has taken in", Link::new("incident 13", "/incidents/13"))],
        checklist: Some(checklist()),
        past: vec![PastRow {
            state: State::new(Tone::Good, "resolved"),
            name: "4: Buyers can’t check out".to_owned(),
            href: "/incidents/4".to_owned(),
            at: ago(90_000),
            words: "Buyer pays by card failed in it, too".to_owned(),
        }],
        amendments: vec![Amendment {
            name: "Title",
            form: Form {
                action: "/incidents/12/title".to_owned(),
                csrf: CSRF.to_owned(),
                fields: vec![Field::line("title", "What is broken", "Buyers can’t check out").id("new-title")],
                hidden: vec![],
                submit: "Change it".to_owned(),
                main: false,
            },
        }],
        commands: [
            "mainstay incident show 12",
            "mainstay undo 3984 --reason 'incident 12'",
            "mainstay incident ack 12",
        ]
        .map(Cli::new)
        .to_vec(),
    }
}

fn log(changes: Vec<Change>) -> Log {
    let tab = |label: &str, here| Tab {
        label: label.to_owned(),
        href: format!("/incidents/12?log={}#log", label.to_lowercase()),
        here,
        count: None,
    };
    let mut items: Vec<Item> = changes.into_iter().map(|change| Item { change, note: None, decision: false }).collect();
    let noted = change(9, "incident", "", "wrote down a decision in incident 12", "Ada Lindqvist");
    let note = Some("<p>Writes stay <em>off</em> until the ledger is repaired.</p>".to_owned());
    items.push(Item { change: noted, note, decision: true });
    Log {
        tabs: Tabs { label: "Parts of the log".to_owned(), tabs: vec![tab("All", true), tab("People", false)] },
        items,
        none: Empty::new("Nothing of this sort has happened since it began."),
        earlier: None,
    }
}

fn checklist() -> Checklist {
    let step = |id: &str, words: &str, done| Row {
        step: Step { id: id.to_owned(), words: words.to_owned(), depth: 0, under: None },
        heading: None,
        done,
    };
    Checklist {
        runbook: Link::new("The whole runbook", "/docs/payments/runbook"),
        steps: vec![
            step("0123456789abcdef", "Look at the ledger’s queue", Some((Who::new("Ada Lindqvist"), ago(8)))),
            step("fedcba9876543210", "Turn new writes off", None),
        ],
        done: 1,
        action: Some("/incidents/12/step".to_owned()),
        csrf: CSRF.to_owned(),
        more: 0,
    }
}

fn over() -> IncidentScreen {
    let mut over = open();
    over.chrome = quiet("Search answers with errors", Place::Incidents);
    over.number = 11;
    over.title = "Search answers with errors".to_owned();
    over.state = State::new(Tone::Good, "resolved");
    over.began = ago(3_000);
    over.ended = Some(ago(2_991));
    over.buttons = vec![];
    over.post_mortem = Some(Link::new("Post-mortem (draft)", "/postmortems/11"));
    over.note = None;
    over.amendments = vec![];
    if let Some(list) = &mut over.checklist {
        list.action = None;
    }
    if let Some(first) = over.suspects.first_mut() {
        first.undo = Undo::Done;
    }
    if let Some(last) = over.suspects.last_mut() {
        last.undo =
            Undo::Refused { why: "quote_timeout_ms was set again 20 min later; undo that change first".to_owned() };
    }
    over
}

fn undo() -> UndoScreen {
    UndoScreen {
        chrome: chrome("Undo a change", Place::Timeline),
        change: Change {
            reason: Some("ledger migration step 3".to_owned()),
            ..change(16, "flag", "payments", "turned new-ledger-write on in production", "Ada Lindqvist")
        },
        refused: None,
        will: "turn new-ledger-write off in production".to_owned(),
        diff: Diff {
            lines: vec![
                DiffLine::Same("flag new-ledger-write".to_owned()),
                DiffLine::Removed("production: on".to_owned()),
                DiffLine::Added("production: off".to_owned()),
                DiffLine::Same("staging: on".to_owned()),
            ],
        },
        consequences: vec![
            "Requests that are being served keep the value that they began with.".to_owned(),
            "Rows written since stay in the new format; the old code can read them.".to_owned(),
        ],
        form: Some(Form {
            action: "/undo/3984".to_owned(),
            csrf: CSRF.to_owned(),
            fields: vec![
                Field::line("reason", "Reason", "Incident 12").hint("Stands on the timeline beside the change."),
            ],
            hidden: vec![],
            submit: "Undo it".to_owned(),
            main: true,
        }),
        command: Some(Cli::new("mainstay undo 3984 --reason 'Incident 12'")),
        back: Link::new("Incident 12", "/incidents/12"),
    }
}
