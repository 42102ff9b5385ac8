//! Findings, graph, docs, search.

use web::{
    catalog::{
        findings::FindingsScreen,
        graph::{GraphScreen, Node},
        show::Dependency,
    },
    docs::{Content, DocScreen, DocsScreen},
    search::{Hit, SearchScreen},
    shell::{Chrome, Place},
    views::{Callout, Choice, Cli, Empty, Field, Filters, Finding, Link, Pager, Row, Tab, Tabs},
};

use super::*;

pub(crate) fn add(screens: &mut Screens) {
    draw(screens, "/findings", &findings());
    draw(screens, "/findings/none", &FindingsScreen { findings: vec![], ..findings() });
    draw(screens, "/graph", &graph());
    draw(screens, "/docs", &docs());
    draw(screens, "/docs/payments/runbook", &doc());
    draw(screens, "/search", &search());
    draw(screens, "/search/none", &SearchScreen { hits: vec![], ..search() });
}

fn findings() -> FindingsScreen {
    FindingsScreen {
        chrome: quiet("Findings", Place::Findings),
        summary: "1 error, 2 gaps in 15 services from 1 catalog.".to_owned(),
        filters: Filters {
            action: "/findings".to_owned(),
            fields: vec![Field::select("rule", "Rule", vec![Choice::new("", "Any", ""), Choice::new("no-owner", "No owner", "")])],
            clear: None,
        },
        findings: vec![
            Finding {
                state: State::new(Tone::Bad, "error"),
                title: "metadata.tags[1] is “Node_JS”, but a tag is lower-case letters, digits and : + # joined by single dashes".to_owned(),
                subject: Some(component("cart")),
                place: Some("shop/cart/catalog-info.yaml:9:7".to_owned()),
                excerpt: Some(" 8 |     - cart\n 9 |     - Node_JS\n   |       ^^^^^^^".to_owned()),
                fix: Some("Write node-js.".to_owned()),
                command: None,
                promise: Some(Link::new("Promise to mend it", "/actions/new?finding=x")),
                promised: None,
                since: Some(ago(400)),
            },
            Finding {
                state: State::new(Tone::Warn, "gap"),
                title: "has no owner".to_owned(),
                subject: Some(component("image-proxy")),
                place: None,
                excerpt: None,
                fix: Some("The last to deploy it was Jun Park of Discovery.".to_owned()),
                command: Some(Cli::new("mainstay get component:image-proxy -o yaml")),
                promise: None,
                promised: Some(Link::new("Jun Park has promised it", "/actions/4")),
                since: Some(ago(90_000)),
            },
        ],
        none: Empty::new("Nothing is wrong: every file could be read, every reference leads somewhere, every service has an owner."),
        pager: Pager { shown: "1 to 2 of 2".to_owned(), ..Pager::default() },
    }
}

fn graph() -> GraphScreen {
    let dependency = |state, name: &str, relation: &str| Dependency {
        state,
        entity: component(name),
        relation: relation.to_owned(),
        owner: Some(group("Payments")),
    };
    GraphScreen {
        chrome: quiet("Graph", Place::Graph),
        heading: "Around payments, 2 steps".to_owned(),
        note: Some("4 resources are left out".to_owned()),
        filters: Filters { action: "/graph".to_owned(), fields: vec![Field::line("of", "Around", "payments")], clear: None },
        svg: "<svg width=\"420\" height=\"140\" viewBox=\"0 0 420 140\" role=\"group\" aria-label=\"storefront needs payments\"><path class=\"edge\" d=\"M180 70H240\"/><a href=\"/services/storefront\"><g class=\"node\"><rect x=\"20\" y=\"50\" width=\"160\" height=\"40\" rx=\"6\"/><text x=\"34\" y=\"74\">storefront</text></g></a><a href=\"/services/payments\"><g class=\"node here\"><rect x=\"240\" y=\"50\" width=\"160\" height=\"40\" rx=\"6\"/><text x=\"254\" y=\"74\">payments</text></g></a></svg>".to_owned(),
        nodes: vec![
            Node { entity: dependency(down(), "storefront", "service"), needs: vec![dependency(down(), "payments", "consumes payments-api")] },
            Node { entity: dependency(down(), "payments", "service"), needs: vec![] },
        ],
        none: Empty::with("The catalog is empty.", "mainstay apply ./catalog"),
    }
}

fn docs() -> DocsScreen {
    DocsScreen {
        chrome: quiet("Docs", Place::Docs),
        entities: vec![
            Row::new("payments", "/docs/payments").note("4 documents").at(ago(17_000)),
            Row::new("cart", "/docs/cart").note("README"),
        ],
        none: Empty::new("No entity brings documents along. Put a docs folder or a README beside its catalog file."),
        manual: vec![Row::new("First hour", "/docs/first-hour"), Row::new("Errors", "/docs/errors")],
    }
}

fn doc() -> DocScreen {
    DocScreen {
        chrome: quiet("Payments are failing", Place::Docs),
        entity: Some(component("payments")),
        contents: vec![
            Content { title: "Overview".to_owned(), href: Some("/docs/payments".to_owned()), depth: 0, here: false },
            Content { title: "Runbooks".to_owned(), href: None, depth: 0, here: false },
            Content { title: "Payments are failing".to_owned(), href: Some("/docs/payments/runbook".to_owned()), depth: 1, here: true },
        ],
        remarks: vec![Callout { state: State::new(Tone::Warn, "Old"), text: "Nobody has touched this for 2 years.".to_owned(), link: None }],
        html: "<h2 id=\"doc-symptoms\">Symptoms</h2><p>Buyers see <code>HTTP 500</code> on <a href=\"https://shop.example\">checkout</a>.</p><h2 id=\"doc-first\">First</h2><ol><li>Look at the <strong>suspects</strong> of the incident.</li><li>Undo the likeliest.</li></ol><pre tabindex=\"0\"><code>mainstay incident show</code></pre><div class=\"admonition warning\"><p class=\"admonition-title\">Warning</p><p>Never restart the ledger.</p></div><table><thead><tr><th>Code</th><th>Means</th></tr></thead><tbody><tr><td>500</td><td>The ledger refused</td></tr></tbody></table>".to_owned(),
        has_heading: false,
        headings: vec![(Link::new("Symptoms", "#doc-symptoms"), false), (Link::new("First", "#doc-first"), false)],
        source: "From shop/payments/docs/runbook.md, applied 4 h ago.".to_owned(),
    }
}

fn search() -> SearchScreen {
    let tab = |label: &str, here, count| Tab {
        label: label.to_owned(),
        href: format!("/search?q=ledger&in={label}"),
        here,
        count: Some(count),
    };
    SearchScreen {
        chrome: Chrome { query: "ledger".to_owned(), place: None, ..quiet("Search", Place::Services) },
        tabs: Tabs {
            label: "Where to search".to_owned(),
            tabs: vec![tab("All", true, 2), tab("Services", false, 1), tab("Docs", false, 1)],
        },
        hits: vec![Hit {
            sort: "doc".to_owned(),
            title: "Payments are failing".to_owned(),
            href: "/docs/payments/runbook".to_owned(),
            excerpt: "Never restart the <mark>ledger</mark> while a batch runs".to_owned(),
            note: "payments".to_owned(),
        }],
        none: Empty::new("Nothing has these words. Fewer or shorter words find more."),
        pager: Pager { shown: "1 to 1 of 1".to_owned(), ..Pager::default() },
    }
}
