use web::{
    catalog::{
        list::{ServiceRow, ServicesScreen},
        show::{Dependency, EntityScreen, LastGood, Others, Runbook},
    },
    contracts::section::{ContractsSection, DefinitionChange, PlaceRow},
    shell::{Chrome, Past, Place},
    views::{Answer, Choice, Cli, Empty, Entity, Field, Filters, Finding, Link, Pager, Row, State, Tab, Tabs, Tone},
};

use super::*;

pub(crate) fn add(screens: &mut Screens) {
    draw(screens, "/services", &services());
    draw(screens, "/services/none", &ServicesScreen { rows: Vec::new(), ..services() });
    draw(screens, "/services/payments", &entity());
    draw(screens, "/services/bare", &bare());
}

fn services() -> ServicesScreen {
    let row =
        |state, name: &str, description: &str, owner: Option<&str>, on_call: Option<&str>, minutes: i64| ServiceRow {
            state,
            entity: component(name),
            description: description.to_owned(),
            sort: "service".to_owned(),
            owner: owner.map(group),
            on_call: on_call.map(Who::new),
            changed: (minutes > 0).then(|| ago(minutes)),
        };
    ServicesScreen {
        chrome: chrome("Services", Place::Services),
        filters: Filters {
            action: "/services".to_owned(),
            fields: vec![
                Field::line("q", "Text", "").autocomplete("off"),
                Field::select(
                    "kind",
                    "Kind",
                    vec![
                        Choice::new("component", "Components", "component"),
                        Choice::new("api", "APIs", "component"),
                        Choice::new("resource", "Resources", "component"),
                    ],
                ),
                Field::select(
                    "owner",
                    "Owner",
                    vec![
                        Choice::new("", "Anybody", ""),
                        Choice::new("payments", "Payments", ""),
                        Choice::new("storefront", "Storefront", ""),
                    ],
                ),
                Field::select(
                    "state",
                    "State",
                    vec![
                        Choice::new("", "Any", ""),
                        Choice::new("down", "Down", ""),
                        Choice::new("unknown", "Unknown", ""),
                    ],
                ),
            ],
            clear: Some("/services".to_owned()),
        },
        rows: vec![
            row(down(), "payments", "Takes money: cards, wallets, refunds", Some("Payments"), Some("Tomasz Reyes"), 16),
            row(down(), "storefront", "What buyers see", Some("Storefront"), Some("Mira Okafor"), 1_500),
            row(degraded(), "recommendations", "Others also bought", Some("Discovery"), Some("Jun Park"), 21),
            row(up(), "cart", "What buyers mean to buy", Some("Storefront"), Some("Mira Okafor"), 4_400),
            row(up(), "shipping", "Quotes and labels", Some("Logistics"), None, 47),
            row(unknown(), "image-proxy", "Resizes pictures", None, None, 0),
        ],
        none: Empty::with(
            "No component matches these filters. Services come from the catalog files that you apply.",
            "mainstay apply ./catalog",
        ),
        pager: Pager { shown: "1 to 6 of 6".to_owned(), before: None, after: Some("/services?after=6".to_owned()) },
    }
}

fn tabs() -> Tabs {
    let tab = |label: &str, here, count| Tab {
        label: label.to_owned(),
        href: format!("/services/payments/{}", label.to_lowercase()),
        here,
        count,
    };
    Tabs {
        label: "Views of payments".to_owned(),
        tabs: vec![
            tab("Overview", true, None),
            tab("Docs", false, Some(4)),
            tab("API", false, Some(2)),
            tab("Timeline", false, None),
            tab("Graph", false, None),
        ],
    }
}

fn entity() -> EntityScreen {
    let line = |state, name: &str, note: &str, at| Row { state, at, ..Row::new(name, "/x").note(note) };
    EntityScreen {
        chrome: Chrome { live: Some("/live?entity=payments".to_owned()), incident: None, ..chrome("payments", Place::Services) },
        parents: vec![Link::new("Commerce", "/services/domain:commerce"), Link::new("checkout", "/services/system:checkout")],
        name: "payments".to_owned(),
        tags: ["service", "production", "tier 1"].map(str::to_owned).to_vec(),
        description: Some("Takes money: cards, wallets, refunds. Writes every movement to the ledger.".to_owned()),
        tabs: tabs(),
        answers: vec![
            Answer::to("State").state(down(), Some(for_minutes(12))).note("2 of 3 locations").link("Incident 12", "/incidents/12"),
            Answer::to("Owner").entity(group("Payments")).link("#payments", "https://chat.example.com/payments").link("pay@shop.example", "mailto:pay@shop.example"),
            Answer::to("On call now").who(Who::at("Tomasz Reyes", "/services/user:tomasz")).note("until Monday 09:00, then Ada Lindqvist").link("Page", "/on-call/page?team=payments"),
        ],
        changes: vec![
            undoable(related(change(16, "flag", "", "turned new-ledger-write on in production", "Ada Lindqvist"), "4 min before"), "turns new-ledger-write off"),
            undoable(related(change(47, "config", "shipping", "set quote_timeout_ms from 800 to 600", "catalog platform"), "upstream"), "sets it to 800"),
            undoable(related(change(122, "deploy", "ledger", "deployed v31 to production", "token ci"), "upstream"), "deploys v30 again"),
            undoable(change(9_000, "deploy", "", "deployed v207 to production", "token ci"), "deploys v206 again"),
        ],
        no_changes: Empty::new("Nothing has changed here or upstream in the last 7 days."),
        runbooks: vec![
            Runbook { title: "Payments are failing".to_owned(), href: "/docs/payments/runbook".to_owned(), note: "verified 12 d ago".to_owned() },
            Runbook { title: "Switching the card processor".to_owned(), href: "/docs/payments/processor".to_owned(), note: "not touched for 2 years".to_owned() },
        ],
        no_runbook: Some(Empty::new("")),
        upstream: vec![
            dependency(up(), component("ledger"), "consumes ledger-api"),
            dependency(up(), component("shipping"), "seen in traffic, not declared"),
            dependency(unknown(), Entity::missing("resource", "payments-db-old"), "depends on"),
        ],
        downstream: vec![dependency(down(), component("storefront"), "consumes payments-api"), dependency(up(), component("invoicing"), "depends on")],
        no_dependencies: Some(Empty::new("")),
        graph_href: "/graph?of=payments".to_owned(),
        last_good: vec![LastGood {
            environment: "production".to_owned(),
            version: "v207".to_owned(),
            at: Some(ago(9_000)),
            why: "now v208".to_owned(),
            back: Some(Link::new("Go back to v207", "/undo/3984")),
        }],
        findings: vec![Finding {
            state: State::new(Tone::Warn, "warning"),
            title: "dependsOn refers to resource:default/payments-db-old, which is not in the catalog".to_owned(),
            subject: None,
            place: Some("shop/payments/catalog-info.yaml:21:7".to_owned()),
            excerpt: Some("19 |   dependsOn:\n20 |     - component:ledger\n21 |     - resource:payments-db-old\n   |       ^^^^^^^^^^^^^^^^^^^^^^^^ no such entity".to_owned()),
            fix: Some("Did you mean resource:payments-db?".to_owned()),
            command: Some(Cli::new("mainstay plan ./shop")),
            promise: None,
            promised: None,
            since: Some(ago(5_000)),
        }],
        checks: vec![line(Some(down()), "Buyer pays by card", "every 10 s from 3 locations", Some(ago(0))), line(Some(up()), "GET /healthz", "41 ms at the 95th percentile", Some(ago(0)))],
        flags: vec![line(Some(State::new(Tone::Good, "on")), "new-ledger-write", "production", Some(ago(16))), line(Some(State::new(Tone::Quiet, "off")), "wallet-v2", "production", Some(ago(40_000)))],
        apis: vec![line(None, "payments-api", "OpenAPI, 14 operations", None), line(None, "ledger-api", "gRPC, consumed", None)],
        deployments: vec![line(None, "v207 to production", "by token ci, took 3 min", Some(ago(9_000))), line(None, "v206 to production", "by token ci", Some(ago(19_000)))],
        contracts: Some(ContractsSection {
            consumers: vec![line(Some(State::new(Tone::Bad, "failed")), "checkout", "", Some(ago(12)))],
            providers: vec![line(Some(State::new(Tone::Good, "verified")), "ledger", "", Some(ago(1_200)))],
            more_consumers: 3,
            more_providers: 0,
            places: vec![
                PlaceRow { pacticipant: None, environment: "production".to_owned(), live: Some(("v207".to_owned(), State::new(Tone::Good, "yes"), "/contracts/matrix".to_owned())), newest: Some(("v208".to_owned(), State::new(Tone::Bad, "no"), "/contracts/matrix".to_owned())) },
                PlaceRow { pacticipant: Some("payments-worker".to_owned()), environment: "staging".to_owned(), live: None, newest: None },
            ],
            all: "/contracts?q=payments".to_owned(),
        }),
        definition_changes: vec![DefinitionChange {
            state: State::new(Tone::Bad, "breaking"),
            summary: "1 breaking, 2 compatible, compared with what is deployed in production".to_owned(),
            at: ago(40),
            changes: vec![(State::new(Tone::Bad, "breaking"), Some("GET /charges/{id}".to_owned()), "the required property amount was removed from the response".to_owned(), "response-required-property-removed".to_owned())],
            more: 2,
            breaks: vec![(component("checkout"), "GET /charges/{id}".to_owned()), (component("wallet"), String::new())],
        }],
        others: vec![Others {
            title: "Incidents".to_owned(),
            count: 1,
            rows: vec![line(Some(down()), "Buyers can’t check out", "open", Some(ago(12)))],
            all: Some(Link::new("All incidents", "/incidents")),
        }],
        links: vec![Link::new("Dashboard", "https://grafana.example.com/d/payments"), Link::new("Repository", "https://git.example.com/shop/payments")],
        facts: [("Lifecycle", "production"), ("System", "checkout"), ("Source", "shop/payments/catalog-info.yaml"), ("Applied", "20 November 2026, 02:58 UTC")].map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec(),
    }
}

fn dependency(state: State, entity: Entity, relation: &str) -> Dependency {
    Dependency { state, entity, relation: relation.to_owned(), owner: Some(group("Payments")) }
}

/// An entity of which nearly nothing is known, as it was a day ago.
fn bare() -> EntityScreen {
    EntityScreen {
        chrome: Chrome {
            past: Some(Past { at: "2026-11-19 03:07 UTC".to_owned(), now_href: "/services/image-proxy".to_owned() }),
            ..quiet("image-proxy", Place::Services)
        },
        parents: vec![],
        name: "image-proxy".to_owned(),
        tags: vec!["service".to_owned()],
        description: None,
        answers: vec![
            Answer::to("State").state(unknown(), None).note("No check covers it."),
            Answer::to("Owner").gap("No owner").link("Set one", "/findings?rule=no-owner"),
            Answer::to("On call now").gap("Nobody").note("It has no owner whose rotation would count."),
        ],
        changes: vec![],
        runbooks: vec![],
        no_runbook: Some(Empty::with(
            "No runbook. Add a link of type runbook to the catalog file, or docs/runbooks/*.md beside it.",
            "mainstay apply ./catalog",
        )),
        upstream: vec![],
        downstream: vec![],
        no_dependencies: Some(Empty::new(
            "It declares no dependency, nothing depends on it, and no traffic has been seen.",
        )),
        last_good: vec![],
        others: vec![],
        findings: vec![],
        checks: vec![],
        flags: vec![],
        apis: vec![],
        contracts: None,
        definition_changes: vec![],
        deployments: vec![],
        links: vec![],
        ..entity()
    }
}
