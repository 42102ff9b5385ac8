//! Timeline, checks, on call.

use web::{
    checks::{
        acts::CheckActs,
        evidence::Failure,
        history::{History, Stretch},
        list::{CheckRow, ChecksScreen},
        maintenance::{MaintenanceRow, MaintenanceScreen},
        phases::{Bar, Layer, Part, Phases},
        probes::{ProbeRow, ProbesScreen},
        show::{CheckScreen, LocationRow, SpeedRow},
        strip::{Shape, Strip},
    },
    marks::Mark,
    oncall::{GapRow, OnCallScreen, ShiftRow, TeamRow},
    shell::Place,
    slos::{
        list::{SloRow, SlosScreen},
        show::{AlertRow, Bar as BudgetBar, BurnDown, Burnt, SloScreen},
    },
    timeline::{
        list::{Day, TimelineScreen},
        show::EventScreen,
    },
    views::{Answer, Callout, Choice, Cli, Empty, Field, Filters, Form, Link, Pager, Press, Tab, Tabs},
};

use super::*;

pub(crate) fn add(screens: &mut Screens) {
    draw(screens, "/timeline", &timeline());
    draw(screens, "/timeline/none", &TimelineScreen { days: vec![], ..timeline() });
    draw(screens, "/timeline/3984", &event());
    draw(screens, "/checks", &checks());
    draw(screens, "/checks/pay-by-card", &check());
    draw(screens, "/probes", &probes());
    draw(screens, "/probes/none", &ProbesScreen { rows: vec![], ..probes() });
    draw(screens, "/maintenance", &maintenance());
    draw(screens, "/slos", &slos());
    draw(screens, "/slos/none", &SlosScreen { rows: vec![], ..slos() });
    draw(screens, "/slos/default/buyers", &slo());
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

fn strip(tones: &[(Tone, &str)], width: usize) -> Strip {
    let shape = |(tone, path): &(Tone, &str)| Shape { tone: *tone, path: (*path).to_owned() };
    Strip { width, shapes: tones.iter().map(shape).collect(), ..Strip::default() }
}

fn checks() -> ChecksScreen {
    let row = |state, name: &str, covers: &str, locations: &str| CheckRow {
        group: None,
        state,
        name: name.to_owned(),
        href: "/checks/pay-by-card".to_owned(),
        covers: Some(component(covers)),
        critical: covers == "payments",
        maintenance: None,
        strip: strip(&[(Tone::Good, "M0 16h110"), (Tone::Bad, "M110 10h10")], 120),
        places: Some(Strip { narrow: true, ..strip(&[(Tone::Good, "M0 16h4"), (Tone::Bad, "M5 10h4")], 10) }),
        history: "up 97.1% of the time that is known, down 12 min in 1 period".to_owned(),
        locations: locations.to_owned(),
        speed: Some("41 ms".to_owned()),
        since: Some(for_minutes(12)),
        seen: Some(ago(0)),
    };
    ChecksScreen {
        make: Some("/checks/new".to_owned()),
        chrome: chrome("Checks", Place::Checks),
        summary: "1 down, 1 unknown, 1 up".to_owned(),
        filters: Filters { action: "/checks".to_owned(), fields: vec![Field::line("q", "Text", "")], clear: None },
        period: "the last 24 h".to_owned(),
        rows: vec![
            row(down(), "Buyer pays by card", "payments", "down at eu-west; 1 up"),
            CheckRow {
                group: Some("Logistics".to_owned()),
                maintenance: Some(ago(-40)),
                places: None,
                seen: None,
                since: None,
                speed: None,
                ..row(unknown(), "Label is printed", "shipping", "2 silent")
            },
            row(up(), "Home page", "storefront", "all 2 up"),
        ],
        locations: vec![Link::new("eu-west", "/checks?location=eu-west"), Link::new("home", "/checks?location=home")],
        none: Empty::with("No check runs yet. Checks stand in the catalog files.", "mainstay apply ./catalog"),
        pager: pager("1 to 3 of 3"),
    }
}

fn tabs(label: &str, names: &[&str]) -> Tabs {
    let tab = |name: &&str| Tab {
        label: (*name).to_owned(),
        href: format!("/checks/pay-by-card?for={name}"),
        here: Some(name) == names.first(),
        count: None,
    };
    Tabs { label: label.to_owned(), tabs: names.iter().map(tab).collect() }
}

fn phases() -> Phases {
    let bar = |x: f64, failed: u64| Bar {
        at: ago(2),
        x,
        width: 0.8,
        parts: vec![
            Part { class: "phase-1", y: 104.0, height: 30.0 },
            Part { class: "phase-3", y: 34.0, height: 70.0 },
        ],
        failed,
        means: vec!["9.0 ms".to_owned(), "31 ms".to_owned(), "41 ms".to_owned()],
    };
    let layer = |name, class, mean: &str| Layer { name, class, mean: mean.to_owned() };
    Phases {
        tabs: tabs("Location of the plot", &["eu-west", "home"]),
        words: "From eu-west in the last 24 h; the tallest bar is 41 ms.".to_owned(),
        legend: vec![layer("connect", "phase-1", "9.0 ms"), layer("processing", "phase-3", "31 ms")],
        bars: vec![bar(10.0, 0), bar(11.0, 3)],
        marks: vec![Mark {
            x: 10.5,
            at: ago(16),
            text: "payments: deployed 4.12.1 to production".to_owned(),
            href: "/timeline/3984".to_owned(),
            is_incident: false,
            is_numbered: true,
        }],
        none: Empty::new("Nothing was measured."),
    }
}

fn maintenance_row(state: State, end: bool) -> MaintenanceRow {
    MaintenanceRow {
        state,
        of: component("payments"),
        from: ago(-60),
        to: ago(-120),
        when: "Sun 29 Nov 02:00 to 03:00 UTC".to_owned(),
        note: "new disks · 3 checks".to_owned(),
        by: Some(Who::new("Ada Lindqvist")),
        end: end.then(|| Press {
            action: "/maintenance/end".to_owned(),
            csrf: CSRF.to_owned(),
            hidden: vec![("id".to_owned(), "0194".to_owned())],
            label: "Call off".to_owned(),
            main: false,
        }),
    }
}

fn maintenance() -> MaintenanceScreen {
    MaintenanceScreen {
        chrome: quiet("Maintenance", Place::Checks),
        trouble: None,
        running: vec![],
        no_running: Empty::new("Nothing is in maintenance: every check is judged."),
        coming: vec![maintenance_row(State::new(Tone::Quiet, "planned"), true)],
        no_coming: Empty::new("None is planned."),
        over: vec![maintenance_row(State::new(Tone::Quiet, "called off"), false)],
        form: Some(Form {
            action: "/maintenance".to_owned(),
            csrf: CSRF.to_owned(),
            fields: vec![Field::line("of", "Of", "component:payments").required()],
            hidden: vec![],
            submit: "Plan".to_owned(),
            main: false,
        }),
        command: Cli::new("mainstay maintenance plan component:payments --for 1h"),
    }
}

fn probes() -> ProbesScreen {
    let row = |location: &str, silent: bool| ProbeRow {
        location: location.to_owned(),
        state: if silent { State::new(Tone::Bad, "silent") } else { State::new(Tone::Good, "reporting") },
        since: for_minutes(12),
        heard: (!silent).then(|| ago(0)),
        version: "0.4.0".to_owned(),
        clock: "true within 2 s".to_owned(),
        uplink: State::new(Tone::Quiet, "no doubt so far"),
        runs: "14 checks".to_owned(),
        runs_href: format!("/checks?location={location}"),
        missing: silent.then(|| "14 not seen from here; 2 unknown, since too few locations report".to_owned()),
        retire: None,
    };
    ProbesScreen {
        chrome: quiet("Probes", Place::Checks),
        rows: vec![row("us-east", true), row("eu-west", false)],
        none: Empty::new("No probe has reported."),
        commands: vec![Cli::new("mainstay token create probe-LOCATION --scope probe")],
    }
}

fn check() -> CheckScreen {
    CheckScreen {
        chrome: chrome("Buyer pays by card", Place::Checks),
        name: "Buyer pays by card".to_owned(),
        tags: vec!["HTTP".to_owned(), "critical path".to_owned()],
        description: "Down since 03:07: 2 failing runs of POST https://shop.example/checkout in a row.".to_owned(),
        paging: Callout {
            state: State::new(Tone::Bad, "Paged"),
            text: "2 failing runs in a row failed at 2 of 2 reporting locations, and 2 must agree.".to_owned(),
            link: Some(Link::new("Incident 12", "/incidents/12")),
        },
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
        periods: tabs("Period", &["24h", "7d"]),
        history: History {
            strip: Strip {
                maintenance: Some("M20 23h10".to_owned()),
                ..strip(&[(Tone::Good, "M0 16h480"), (Tone::Bad, "M480 10h20")], 500)
            },
            period: "the last 24 h".to_owned(),
            words: "up 97.1%, degraded 58 min, unknown 28 min, down 12 min in 1 period".to_owned(),
            stretches: vec![Stretch { state: down(), from: ago(12), lasted: "12 min".to_owned(), goes_on: true }],
        },
        phases: Some(phases()),
        speeds: vec![SpeedRow {
            location: "eu-west".to_owned(),
            good: 60,
            failed: 2,
            under: ["41 ms", "230 ms", "310 ms", "402 ms"].map(str::to_owned).to_vec(),
        }],
        speeds_of: "the last hour".to_owned(),
        uptimes: vec![("the last 24 h".to_owned(), "99.120%".to_owned(), "down 12 min".to_owned())],
        failures: [true, false]
            .map(|open| Failure {
                state: down(),
                at: ago(12),
                location: "eu-west".to_owned(),
                error: "500 from <script>alert(1)</script>".to_owned(),
                facts: vec![("Status", "500".to_owned()), ("Took", "41 ms".to_owned())],
                texts: vec![("First bytes", "“ledger: unknown column batch” </pre><img src=x>".to_owned())],
                hops: vec!["POST https://shop.example/checkout 500 from 192.0.2.1 in 41 ms".to_owned()],
                open,
            })
            .into(),
        no_failures: Empty::new("No run has failed yet."),
        changes: vec![change(12, "check", "", "went from up to down", "Mainstay (checks)")],
        facts: [("Method", "POST"), ("Timeout", "2 s"), ("Expects", "200, body contains “thank you”")]
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .to_vec(),
        maintenances: vec![maintenance_row(State::new(Tone::Unknown, "running"), true)],
        plan: Some(Link::new("Plan maintenance", "/maintenance?of=check:default/pay-by-card")),
        acts: CheckActs {
            run: Some(Press {
                action: "/checks/default/pay-by-card/run".to_owned(),
                csrf: CSRF.to_owned(),
                hidden: vec![],
                label: "Run now".to_owned(),
                main: false,
            }),
            ..CheckActs::default()
        },
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
        gaps: vec![GapRow {
            from: "Saturday 28 November, 09:00 UTC".to_owned(),
            at: ago(-9_000),
            lasts: "48 h".to_owned(),
            team: group("Logistics"),
            why: "no rotation covers it".to_owned(),
            href: "/on-call/default/logistics?from=2026-11-28&day=2026-11-28#day".to_owned(),
        }],
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

fn slos() -> SlosScreen {
    let row = |state, name: &str, left: Option<(u8, &str)>| SloRow {
        state,
        name: name.to_owned(),
        href: "/slos/default/buyers".to_owned(),
        entity: Some(component("checkout")),
        target: "99.9% in 30d rolling".to_owned(),
        left: left.map(|(width, words)| (width, words.to_owned())),
        burn: left.map(|_| "0.4x".to_owned()),
        trouble: left.is_none().then(|| "there is no check \"gone\"".to_owned()),
    };
    SlosScreen {
        chrome: quiet("Service level objectives", Place::Checks),
        filters: Filters { action: "/slos".to_owned(), fields: vec![Field::line("q", "Text", "")], clear: None },
        rows: vec![
            row(down(), "Buyers can buy", Some((12, "12.1%"))),
            row(unknown(), "Refunds arrive", None),
            row(up(), "Search is fast", Some((88, "88.0%"))),
        ],
        none: Empty::with("There is no service level objective yet.", "mainstay apply ./catalog"),
        pager: pager("1 to 3 of 3"),
    }
}

fn slo() -> SloScreen {
    let bar = |step: i64| BudgetBar {
        at: ago(10_000 - step * 100),
        x: step as f64,
        width: 0.86,
        y: 14.0 + step as f64,
        height: 120.0 - step as f64,
        left: format!("{}.0%", 100 - step),
    };
    SloScreen {
        chrome: quiet("Buyers can buy", Place::Checks),
        name: "Buyers can buy".to_owned(),
        description: "A buyer can pay for what is in the cart.".to_owned(),
        answers: vec![Answer::to("State").state(up(), None), Answer::to("Budget left").text("12.1%")],
        objectives: None,
        chart: Some(BurnDown {
            words: "What was left of the budget: 12.1% now.".to_owned(),
            bars: (0..90).map(bar).collect(),
            marks: vec![Mark {
                x: 40.0,
                at: ago(900),
                text: "incident 12: Buyers can’t check out".to_owned(),
                href: "/incidents/12".to_owned(),
                is_incident: true,
                is_numbered: true,
            }],
        }),
        none: Empty::new("Nothing was counted yet."),
        burnt: vec![Burnt {
            name: "incident 12: Buyers can’t check out".to_owned(),
            href: Some("/incidents/12".to_owned()),
            at: Some(ago(900)),
            width: 90,
            share: "79.1% of the budget".to_owned(),
        }],
        alerts: vec![AlertRow {
            state: up(),
            name: "2% in 1h (page)".to_owned(),
            seen: "0.10 in 1h, 0.00 in 5m; too much is >= 14.40".to_owned(),
        }],
        notes: vec!["the notification target \"mail\" is not followed".to_owned()],
        facts: vec![("Window".to_owned(), "30d rolling".to_owned())],
    }
}
