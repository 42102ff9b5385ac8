//! Flags, segments, and requests for changes.

use flagd::Line;
use web::{
    flags::{
        chart::{Bar, Chart, Part, Series},
        edit::EditScreen,
        environment::FlagEnvironment,
        explain::{Branch, ExplainScreen},
        history::{HistoryScreen, Version},
        list::{FlagRow, FlagsScreen},
        ramp::{RampStep, RampView, StepMark},
        requests::{RequestRow, RequestScreen, RequestsScreen},
        segments::{Condition, SegmentScreen, SegmentsScreen},
        show::{FlagScreen, References, VariantRow},
    },
    marks::Mark,
    shell::Place,
    views::{
        Act, Acts, Answer, Callout, Choice, Cli, Diff, DiffLine, Empty, Entry, Field, Filters, Form, Link, Row, Tab,
        Tabs,
    },
};

use super::{operations::pager, *};

pub(crate) fn add(screens: &mut Screens) {
    draw(screens, "/flags", &flags());
    draw(screens, "/flags/none", &FlagsScreen { rows: vec![], ..flags() });
    draw(screens, "/flags/new-ledger-write", &flag());
    draw(screens, "/flags/new-ledger-write/explain", &explain());
    draw(screens, "/flags/new-ledger-write/edit", &edit());
    draw(screens, "/flags/new-ledger-write/history", &history());
    draw(screens, "/flags/requests", &requests());
    draw(screens, "/flags/requests/1", &request());
    draw(screens, "/segments", &segments());
    draw(screens, "/segments/staff", &segment());
}

fn tab(label: &str, href: &str, here: bool) -> Tab {
    Tab { label: label.to_owned(), href: href.to_owned(), here, count: None }
}

fn parts(here: &str) -> Tabs {
    let parts = [("Flags", "/flags"), ("Segments", "/segments"), ("Requests", "/flags/requests")];
    Tabs { label: "Flags".to_owned(), tabs: parts.map(|(label, href)| tab(label, href, label == here)).to_vec() }
}

fn acts(action: &str, fields: Vec<Field>, acts: Vec<Act>) -> Acts {
    Acts { action: action.to_owned(), csrf: CSRF.to_owned(), hidden: vec![], fields, acts }
}

fn flags() -> FlagsScreen {
    let row = |key: &str, states: [State; 2], owner: Option<&str>| FlagRow {
        key: key.to_owned(),
        href: format!("/flags/{key}"),
        description: "Writes movements in batches".to_owned(),
        states: states.to_vec(),
        owner: owner.map(group),
        readers: "payments, wallet and 2 more".to_owned(),
        marks: if owner.is_none() { vec!["stale", "not as declared"] } else { vec![] },
        changed: Some(ago(16)),
    };
    let off = || State::new(Tone::Quiet, "off");
    FlagsScreen {
        chrome: Chrome { requests: 2, ..quiet("Flags", Place::Flags) },
        parts: parts("Flags"),
        create: Some("/flags/new".to_owned()),
        filters: Filters {
            action: "/flags".to_owned(),
            fields: vec![
                Field::line("q", "Text", ""),
                Field::select("stale", "Stale", vec![Choice::new("", "Any", ""), Choice::new("true", "Stale", "")]),
            ],
            clear: None,
        },
        environments: vec!["production".to_owned(), "staging".to_owned()],
        rows: vec![
            row("new-ledger-write", [State::new(Tone::Good, "on for 25%"), off()], Some("Payments")),
            row("wallet-v2", [State::new(Tone::Warn, "rolled back"), off()], None),
        ],
        none: Empty::with("No flag is defined yet.", "mainstay flag create new-checkout"),
        pager: pager("1 to 2 of 2"),
    }
}

fn environment(name: &str, ramp: Option<RampView>) -> FlagEnvironment {
    let line = |text: &str, variant: &str| Line { depth: 0, text: text.to_owned(), variant: Some(variant.to_owned()) };
    let reason = Field::line("reason", "Reason", "").id(format!("reason-{name}")).key(ramp.is_some().then_some('t'));
    FlagEnvironment {
        name: name.to_owned(),
        state: State::new(Tone::Good, "on for 25%"),
        turned: Some((ago(16), Who::new("Ada Lindqvist"))),
        drifted: true,
        switch: Some(acts("/flags/new-ledger-write", vec![reason], vec![Act::new("off", "Turn off")])),
        edit: Some(format!("/flags/new-ledger-write/setting?environment={name}")),
        while_off: "off".to_owned(),
        rules: vec![
            line("members of staff", "on"),
            Line { depth: 1, text: "if email ends with @acme.test".to_owned(), variant: None },
            line("25% of everybody else, by targetingKey", "on"),
            line("the others", "off"),
        ],
        more_rules: 3,
        ramp,
        approvals: 1,
    }
}

fn ramp() -> RampView {
    let step = |share: &str, hold: &str, mark| RampStep { share: share.to_owned(), hold: hold.to_owned(), mark };
    let reason = Field::line("reason", "Reason", "").id("ramp-reason-production");
    let buttons = vec![
        Act::new("approve", "Go on to 50%").main().key(Some('a')),
        Act::new("pause", "Pause").key(Some('p')),
        Act::new("rollback", "Roll back").key(Some('b')),
    ];
    RampView {
        state: State::new(Tone::Good, "ramping"),
        variant: "on".to_owned(),
        reached: Some(("25%".to_owned(), Moment::clock(minutes_ago(4)))),
        next: Some(("50%".to_owned(), Some((Moment::clock(minutes_ago(-6)), ago(-6))))),
        waits: None,
        guards: vec![(Entity::new("check", "storefront-home", "/checks/storefront-home"), up())],
        on_failure: "rolls it back",
        steps: vec![
            step("5%", "for 10m", StepMark::Over),
            step("25%", "for 10m", StepMark::Here),
            step("50%", "until somebody approves", StepMark::Later),
            step("100%", "from then on", StepMark::Later),
        ],
        steer: Some(acts("/flags/new-ledger-write/ramp", vec![reason], buttons)),
    }
}

fn chart() -> Chart {
    let series = |name: &str, look: usize, percent: f64| Series {
        name: name.to_owned(),
        class: format!("look-{look}"),
        total: "900".to_owned(),
        percent,
    };
    let bar = |at: i64| Bar {
        at: Moment::clock(minutes_ago(60 - at)),
        x: at as f64 * 1.6,
        width: 1.4,
        parts: vec![
            Part { class: "look-0".to_owned(), y: 64.0, height: 70.0 },
            Part { class: "look-1".to_owned(), y: 64.0 - at as f64, height: at as f64 },
        ],
        counts: vec![70, 30],
    };
    Chart {
        tabs: vec![Tabs {
            label: "Period of the plot".to_owned(),
            tabs: vec![tab("1h", "?period=1h", true), tab("24h", "?period=24h", false)],
        }],
        words: "1,200 evaluations in production in the last hour.".to_owned(),
        series: vec![series("off", 0, 75.0), series("on", 1, 25.0)],
        bars: (0..60).map(bar).collect(),
        marks: vec![
            Mark {
                x: 20.0,
                at: ago(48),
                text: "turned it on".to_owned(),
                href: "/timeline/1".to_owned(),
                is_incident: false,
                is_numbered: true,
            },
            Mark {
                x: 80.0,
                at: ago(12),
                text: "incident 12".to_owned(),
                href: "/incidents/12".to_owned(),
                is_incident: true,
                is_numbered: true,
            },
        ],
        none: Empty::new("No client evaluated it."),
    }
}

fn version() -> Version {
    Version {
        at: ago(16),
        who: Who::new("Ada Lindqvist"),
        differences: vec!["production: ramp: on instead of off: 5% for 10m, 25% for 10m, 100%".to_owned()],
        undo: Undo::Offered { href: "/undo/3984".to_owned(), will: "brings back the definition before".to_owned() },
    }
}

fn row_of_request(for_you: bool) -> RequestRow {
    RequestRow {
        state: State::new(Tone::Warn, "0 of 1 agree"),
        words: "turn flag new-ledger-write on in production".to_owned(),
        href: format!("/flags/requests/{}", u8::from(for_you)),
        who: Who::new("Ada Lindqvist"),
        asked: ago(7),
        at: Some(ago(-120)),
        reason: Some("ledger migration step 3".to_owned()),
        for_you,
    }
}

fn flag() -> FlagScreen {
    FlagScreen {
        chrome: quiet("new-ledger-write", Place::Flags),
        key: "new-ledger-write".to_owned(),
        description: Some("Writes movements to the ledger in batches.".to_owned()),
        tags: vec!["boolean".to_owned(), "release".to_owned()],
        edit: Some("/flags/new-ledger-write/edit".to_owned()),
        declared_at: Some("./catalog/payments/catalog-info.yaml:54".to_owned()),
        elsewhere: Some("/flags/new-ledger-write/setting".to_owned()),
        explain: "/flags/new-ledger-write/explain".to_owned(),
        answers: vec![
            Answer::to("Owner").entity(group("Payments")),
            Answer::to("Last turned").text("16 min ago").note("on in production, by Ada Lindqvist"),
            Answer::to("To be gone by").gap("1 Oct 2026: stale").note("has not been evaluated for 20 days"),
        ],
        requests: vec![row_of_request(true)],
        environments: vec![environment("production", Some(ramp())), environment("staging", None)],
        others: vec![Link::new("load-test", "/flags/new-ledger-write?environment=load-test")],
        chart: chart(),
        variants: vec![
            VariantRow { name: "on".to_owned(), value: "true".to_owned(), roles: vec!["by default"] },
            VariantRow { name: "off".to_owned(), value: "false".to_owned(), roles: vec!["while off"] },
        ],
        requires: vec![Row::new("ledger-v2", "/flags/ledger-v2").note("must serve on")],
        required_by: vec![Row::new("ledger-report", "/flags/ledger-report")],
        readers: vec![
            Row::new("payments", "/services/payments").state(down()).note("4,210 evaluations in the last minute"),
        ],
        no_readers: Empty::new("No component has asked for this flag yet."),
        changes: vec![undoable(
            change(16, "flag", "", "turned new-ledger-write on in production", "Ada Lindqvist"),
            "turns it off",
        )],
        no_changes: Empty::new("It has not been changed."),
        history: "/flags/new-ledger-write/history".to_owned(),
        versions: vec![version()],
        references: vec![References {
            source: "payments".to_owned(),
            places: vec!["src/ledger.rs:41".to_owned()],
            more: 3,
        }],
        no_references: Empty::with("No code was searched for it.", "mainstay flag refs ."),
        metadata: vec![("Flag set".to_owned(), "payments".to_owned())],
        commands: vec![Cli::new("mainstay flag off new-ledger-write --environment production")],
    }
}

fn explain() -> ExplainScreen {
    let leaf = |rule: &str, value: &str, taken: bool| Branch {
        rule: rule.to_owned(),
        value: value.to_owned(),
        taken,
        children: vec![],
    };
    ExplainScreen {
        chrome: quiet("Explain new-ledger-write", Place::Flags),
        flag: Link::new("new-ledger-write", "/flags/new-ledger-write"),
        action: "/flags/new-ledger-write/explain".to_owned(),
        fields: vec![
            Field::select("environment", "Environment", vec![Choice::new("production", "production", "production")]),
            Field::new("context", "Context", Entry::Lines { value: "targetingKey = user-1".to_owned() }),
        ],
        answers: vec![Answer::to("Gets").text("on"), Answer::to("Because").text("a rule said so")],
        notes: vec!["The switch is off in production.".to_owned()],
        tree: Some(Branch {
            children: vec![leaf("email ends with @acme.test", "false", false), leaf("25% on", "\"on\"", true)],
            ..leaf("if", "\"on\"", true)
        }),
        command: Some(Cli::new("mainstay flag explain new-ledger-write")),
    }
}

fn edit() -> EditScreen {
    let form = |action: &str, fields: Vec<Field>| Form {
        action: action.to_owned(),
        csrf: CSRF.to_owned(),
        fields,
        hidden: vec![],
        submit: "Save".to_owned(),
        main: true,
    };
    let targeting = Field::new("targeting", "Targeting", Entry::Lines { value: "{\"iff\": []}".to_owned() });
    EditScreen {
        chrome: quiet("Edit new-ledger-write", Place::Flags),
        crumbs: vec![Link::new("Flags", "/flags")],
        title: "Edit new-ledger-write".to_owned(),
        lead: "What holds in one environment is changed on the flag’s own screen.".to_owned(),
        trouble: Some(Callout {
            state: State::new(Tone::Bad, "Not saved"),
            text: "See: Targeting.".to_owned(),
            link: None,
        }),
        form: form(
            "/flags/new-ledger-write/edit",
            vec![targeting.error("At /iff: there is no such operator.").hint("A rule.")],
        ),
        remove: Some(form("/flags/new-ledger-write/remove", vec![Field::line("reason", "Reason", "")])),
    }
}

fn history() -> HistoryScreen {
    HistoryScreen {
        chrome: quiet("History", Place::Flags),
        flag: Link::new("new-ledger-write", "/flags/new-ledger-write"),
        versions: vec![version(), version()],
        none: Empty::new("It has no definition."),
        timeline: "/timeline?about=flag:default/new-ledger-write".to_owned(),
    }
}

fn requests() -> RequestsScreen {
    RequestsScreen {
        chrome: quiet("Requests", Place::Flags),
        parts: parts("Requests"),
        tabs: Tabs { label: "Requests".to_owned(), tabs: vec![tab("Waiting", "/flags/requests", true)] },
        rows: vec![row_of_request(true), row_of_request(false)],
        none: Empty::new("Nothing waits."),
        pager: pager("1 to 2 of 2"),
    }
}

fn request() -> RequestScreen {
    RequestScreen {
        chrome: quiet("Define flag new-ledger-write", Place::Flags),
        title: "Define flag new-ledger-write".to_owned(),
        state: State::new(Tone::Warn, "0 of 1 agree"),
        trouble: Some(Callout {
            state: State::new(Tone::Bad, "Refused"),
            text: "the request is another one than you have read".to_owned(),
            link: None,
        }),
        subject: Entity::new("flag", "new-ledger-write", "/flags/new-ledger-write"),
        answers: vec![
            Answer::to("Asked by").who(Who::new("Ada Lindqvist")),
            Answer::to("Exactly this").text("405517e32c14"),
        ],
        reason: Some("step 3".to_owned()),
        differences: vec!["production: approvals needed: 1".to_owned()],
        diff: Diff {
            lines: vec![DiffLine::Removed("approvals: 0".to_owned()), DiffLine::Added("approvals: 1".to_owned())],
        },
        advice: Some("You wrote it, so somebody else must approve it.".to_owned()),
        decide: Some(acts(
            "/flags/requests/1",
            vec![Field::line("reason", "Reason", "")],
            vec![Act::new("approve", "Approve").main(), Act::new("reject", "Reject")],
        )),
        commands: vec![Cli::new("mainstay flag approve 1")],
    }
}

fn segments() -> SegmentsScreen {
    SegmentsScreen {
        chrome: quiet("Segments", Place::Flags),
        parts: parts("Segments"),
        create: Some("/segments/new".to_owned()),
        rows: vec![Row::new("staff", "/segments/staff").note("used by 2 flags").under("E-mail ends with @ acme.test")],
        none: Empty::new("No segment is defined yet."),
        pager: pager("1 to 1 of 1"),
    }
}

fn segment() -> SegmentScreen {
    SegmentScreen {
        chrome: quiet("staff", Place::Flags),
        key: "staff".to_owned(),
        description: Some("Everybody who works here.".to_owned()),
        tags: vec!["made by hand"],
        edit: Some("/segments/staff/edit".to_owned()),
        answers: vec![Answer::to("Owner").gap("No owner")],
        conditions: vec![Condition { what: "E-mail ends with @", values: vec!["acme.test".to_owned()], more: 2 }],
        no_conditions: Empty::new("Nobody is in it."),
        users: vec![Row::new("new-ledger-write", "/flags/new-ledger-write")],
        no_users: Empty::new("No flag uses it."),
        changes: vec![],
    }
}
