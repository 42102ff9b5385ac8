use web::{
    home::{BrokenRow, GapRow, HomeScreen, ServiceLine},
    shell::{Chrome, Place},
    views::{Change, Empty, State, Tone},
};

use super::*;

pub(crate) fn add(screens: &mut Screens) {
    draw(screens, "/", &broken());
    draw(screens, "/home/quiet", &calm());
}

fn broken() -> HomeScreen {
    HomeScreen {
        chrome: Chrome { incident: None, live: Some("/live?screen=home".to_owned()), ..chrome("Home", Place::Home) },
        overall: State::new(Tone::Bad, "1 critical path is down"),
        overall_note: "22 of 24 checks up, 1 down, 1 unknown. Newest result 4 s ago, from 3 locations.".to_owned(),
        paged: Vec::new(),
        on_call: Vec::new(),
        broken: vec![BrokenRow {
            state: State::new(Tone::Bad, "open"),
            title: "Buyers can’t check out".to_owned(),
            href: "/incidents/12".to_owned(),
            since: for_minutes(12),
            owner: "Payments".to_owned(),
            on_call: "Tomasz Reyes is on call, paged 11 min ago, not acknowledged".to_owned(),
            suspect: Some("turned new-ledger-write on in production, 4 min before the first failure".to_owned()),
        }],
        changes: changes(),
        no_changes: no_changes(),
        duty: Some("You are on call for Storefront until Monday 09:00.".to_owned()),
        mine: vec![
            ServiceLine { state: down(), entity: component("storefront"), note: "since 12 min".to_owned() },
            ServiceLine { state: up(), entity: component("product-catalog"), note: "deployed 3 h ago".to_owned() },
            ServiceLine { state: up(), entity: component("search-api"), note: "deployed 2 d ago".to_owned() },
            ServiceLine { state: unknown(), entity: component("image-proxy"), note: "no check".to_owned() },
        ],
        no_mine: no_mine(),
        gaps: vec![
            GapRow {
                state: State::new(Tone::Bad, "error"),
                text: "1 service refers to an owner that is not there".to_owned(),
                href: "/findings?rule=owner-missing".to_owned(),
            },
            GapRow {
                state: State::new(Tone::Warn, "gap"),
                text: "2 services have no owner".to_owned(),
                href: "/findings?rule=no-owner".to_owned(),
            },
            GapRow {
                state: State::new(Tone::Warn, "gap"),
                text: "1 team has nobody on call".to_owned(),
                href: "/findings?rule=no-on-call".to_owned(),
            },
            GapRow {
                state: State::new(Tone::Warn, "gap"),
                text: "3 services have no runbook".to_owned(),
                href: "/findings?rule=no-runbook".to_owned(),
            },
        ],
        no_gaps: Empty::new("Nothing is missing: every service has an owner, somebody on call, and a runbook."),
    }
}

fn calm() -> HomeScreen {
    HomeScreen {
        chrome: quiet("Home", Place::Home),
        overall: State::new(Tone::Good, "Everything that is checked is up"),
        overall_note: "24 checks from 3 locations. Newest result 2 s ago.".to_owned(),
        broken: Vec::new(),
        changes: Vec::new(),
        duty: None,
        mine: Vec::new(),
        gaps: Vec::new(),
        ..broken()
    }
}

fn changes() -> Vec<Change> {
    vec![
        undoable(
            change(16, "flag", "payments", "turned new-ledger-write on in production", "Ada Lindqvist"),
            "turns new-ledger-write off in production",
        ),
        undoable(
            change(21, "deploy", "recommendations", "deployed v88 to production", "token ci"),
            "deploys v87 to production again",
        ),
        undoable(
            change(47, "config", "shipping", "set quote_timeout_ms from 800 to 600", "catalog platform"),
            "sets quote_timeout_ms to 800",
        ),
        undoable(
            change(190, "deploy", "product-catalog", "deployed v412 to production", "token ci"),
            "deploys v411 to production again",
        ),
        change(260, "catalog", "email", "moved email to Messaging", "catalog platform"),
    ]
}

fn no_changes() -> Empty {
    Empty::with(
        "Deployments, flag flips and config changes of the last day appear here.",
        "mainstay deploy record --component storefront --version v1 --environment production",
    )
}

fn no_mine() -> Empty {
    Empty::with("The services of your teams appear here. You are in no team yet.", "mainstay get group --member mira")
}
