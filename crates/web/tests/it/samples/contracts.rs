//! Contracts: integrations, the matrix, pacts, verifications, webhooks, environments.

use web::{
    contracts::{
        environments::{EnvironmentView, EnvironmentsScreen, PlacedRow},
        list::{ContractsScreen, NetworkScreen, NodeRow, PairRow, Unmatched},
        matrix::{BlockerView, MatrixRow, MatrixScreen},
        pact::{InteractionView, PactScreen, PartView},
        pact_diff::{InteractionDiff, PactDiffScreen},
        pair::{PairPlace, PairScreen},
        verification::{TestResult, VerificationScreen},
        webhooks::{DeliveryRow, WebhookRow, WebhookScreen, WebhooksScreen},
    },
    shell::Place,
    views::{
        Answer, Callout, Choice, Cli, Diff, DiffLine, Empty, Field, Filters, Form, Link, Pager, Press, Row, Tab, Tabs,
    },
};

use super::{operations::pager, *};

pub(crate) fn add(screens: &mut Screens) {
    draw(screens, "/contracts", &list());
    draw(screens, "/contracts/none", &ContractsScreen { rows: vec![], unmatched: None, ..list() });
    draw(screens, "/contracts/network", &network());
    draw(screens, "/contracts/checkout/payments", &pair());
    draw(screens, "/contracts/matrix", &matrix());
    draw(screens, "/contracts/matrix/none", &MatrixScreen { verdict: None, more_open: false, ..matrix() });
    draw(screens, "/contracts/pacts/checkout/1.4.2/payments", &pact());
    draw(screens, "/contracts/pacts/checkout/1.4.2/payments/diff", &pact_diff());
    draw(screens, "/contracts/verifications/17", &verification());
    draw(screens, "/contracts/webhooks", &webhooks());
    draw(screens, "/contracts/webhooks/w1", &webhook());
    draw(screens, "/contracts/environments", &environments());
}

fn parts(here: &str) -> Tabs {
    let parts = [
        ("Integrations", "/contracts"),
        ("Network", "/contracts/network"),
        ("Can I deploy?", "/contracts/matrix"),
        ("Webhooks", "/contracts/webhooks"),
        ("Environments", "/contracts/environments"),
    ];
    let tab = |(label, href): (&str, &str)| Tab {
        label: label.to_owned(),
        href: href.to_owned(),
        here: label == here,
        count: None,
    };
    Tabs { label: "Contracts".to_owned(), tabs: parts.map(tab).to_vec() }
}

fn verified() -> State {
    State::new(Tone::Good, "verified")
}

fn failed() -> State {
    State::new(Tone::Bad, "failed")
}

fn yes() -> State {
    State::new(Tone::Good, "yes")
}

fn no() -> State {
    State::new(Tone::Bad, "no")
}

fn filters(action: &str) -> Filters {
    Filters {
        action: action.to_owned(),
        fields: vec![
            Field::line("q", "Consumer or provider", ""),
            Field::select("state", "State", vec![Choice::new("", "Any", ""), Choice::new("failed", "failed", "")]),
        ],
        clear: Some(action.to_owned()),
    }
}

fn list() -> ContractsScreen {
    let row = |consumer: &str, provider: &str, state: State, deployable: State, called: Option<State>| PairRow {
        consumer: consumer.to_owned(),
        provider: provider.to_owned(),
        href: format!("/contracts/{consumer}/{provider}"),
        owners: [Some(group("Storefront")), (provider != "image-proxy").then(|| group("Payments"))],
        state,
        pact: Some(("1.4.2".to_owned(), ago(40))),
        verified: called
            .as_ref()
            .map(|_| (Link::new("17", "/contracts/verifications/17"), "2.8.1".to_owned(), ago(12))),
        deployable: vec![deployable.clone(), deployable],
        webhook: called,
    };
    let delivered = || Some(State::new(Tone::Good, "delivered"));
    ContractsScreen {
        chrome: quiet("Contracts", Place::Contracts),
        parts: parts("Integrations"),
        summary: "4 integrations: 1 failed, 1 changed since, 1 not verified, 1 verified.".to_owned(),
        filters: filters("/contracts"),
        unmatched: Some(Unmatched {
            count: 7,
            names: ["legacy-basket", "Partner Portal"].map(str::to_owned).to_vec(),
            all: Link::new("How to mend it", "/findings?rule=pacticipant-without-component"),
        }),
        environments: vec!["production".to_owned(), "staging".to_owned()],
        has_webhooks: true,
        rows: vec![
            row("checkout", "payments", failed(), no(), Some(State::new(Tone::Warn, "trying again"))),
            row(
                "checkout",
                "shipping",
                State::new(Tone::Warn, "changed since"),
                State::new(Tone::Unknown, "not known"),
                delivered(),
            ),
            row(
                "storefront",
                "image-proxy",
                State::new(Tone::Unknown, "not verified"),
                State::new(Tone::Unknown, "provider absent"),
                None,
            ),
            row("storefront", "payments-with-a-rather-long-name", verified(), yes(), delivered()),
        ],
        none: Empty::with("Nobody has published a pact yet.", "pact-broker publish ./pacts"),
        pager: pager("1 to 4 of 4"),
    }
}

fn network() -> NetworkScreen {
    let node = |name: &str, state: State, needs: &[&str]| NodeRow {
        state,
        name: name.to_owned(),
        href: format!("/contracts/network?q={name}"),
        note: if name == "shipping" { "not in the catalog".to_owned() } else { String::new() },
        needs: needs
            .iter()
            .map(|other| (Link::new(*other, "/contracts/checkout/payments"), "failed".to_owned()))
            .collect(),
    };
    let nodes = ["checkout", "payments", "shipping"].map(|name| graph::Node {
        id: name.to_owned(),
        label: name.to_owned(),
        sub: if name == "shipping" { "verified".to_owned() } else { "1 failed".to_owned() },
        class: if name == "shipping" { "tone-good".to_owned() } else { "tone-bad".to_owned() },
    });
    let edges = [("payments", "tone-bad"), ("shipping", "tone-unknown")].map(|(to, class)| graph::Edge {
        from: "checkout".to_owned(),
        to: to.to_owned(),
        label: "expects something of".to_owned(),
        class: class.to_owned(),
    });
    let graph = graph::Graph { nodes: nodes.to_vec(), edges: edges.to_vec() };
    let drawing = graph::layout(&graph, &graph::Options::default()).unwrap();
    NetworkScreen {
        chrome: quiet("Network of contracts", Place::Contracts),
        parts: parts("Network"),
        summary: "2 integrations: 1 failed, 1 not verified.".to_owned(),
        note: Some("12 integrations are left out, the worst are drawn.".to_owned()),
        filters: filters("/contracts/network"),
        svg: drawing.to_svg("Who expects something of whom", |id| Some(format!("/contracts/network?q={id}"))),
        nodes: vec![
            node("checkout", failed(), &["payments", "shipping"]),
            node("payments", failed(), &[]),
            node("shipping", State::new(Tone::Unknown, "1 not verified"), &[]),
        ],
        none: Empty::new(""),
    }
}

fn pair() -> PairScreen {
    let row = |name: &str, note: &str, state: Option<State>, at: i64| Row {
        state,
        at: Some(ago(at)),
        ..Row::new(name, "/contracts/verifications/17").note(note)
    };
    let candidate = |version: &str, state: State| Some((version.to_owned(), state, "/contracts/matrix".to_owned()));
    PairScreen {
        chrome: quiet("checkout → payments", Place::Contracts),
        parent: Link::new("Contracts", "/contracts"),
        consumer: "checkout".to_owned(),
        provider: "payments".to_owned(),
        gaps: vec![Callout {
            state: State::new(Tone::Warn, "Gap"),
            text: "No component of the catalog is called payments. Add the annotation mainstay.dev/pacticipant: payments to the component that it is, so that it has an owner and somebody on call.".to_owned(),
            link: None,
        }],
        answers: vec![
            Answer::to("State").state(failed(), None).note("the last verification failed"),
            Answer::to("Newest pact").text("1.4.2").note("on main, 40 min ago").link("Read it", "/contracts/pacts/checkout/1.4.2/payments"),
            Answer::to("Last verification").text("2.8.1").note("on main, 12 min ago").link("Verification 17", "/contracts/verifications/17"),
            Answer::to("Consumer").entity(component("checkout")).link("Owner: Storefront", "/x"),
            Answer::to("Provider").gap("payments, not in the catalog"),
        ],
        places: vec![
            PairPlace { environment: "production".to_owned(), here: ["1.4.1".to_owned(), "2.8.0".to_owned()], candidates: [candidate("1.4.2", yes()), candidate("2.8.1", no())] },
            PairPlace { environment: "staging".to_owned(), here: [String::new(), "2.8.1".to_owned()], candidates: [candidate("1.4.2", no()), None] },
        ],
        no_places: Empty::new(""),
        branches: vec![row("main", "1.4.2", Some(failed()), 40), row("one-click", "1.5.0-rc.1", Some(State::new(Tone::Unknown, "not verified")), 90)],
        tagged: vec![row("tag candidate", "1.4.1", Some(verified()), 4_000)],
        more_branches: 3,
        trials: vec![
            Row { under: Some("a refund of half the price".to_owned()), ..row("payments 2.8.1", "against 1.4.2", Some(failed()), 12) },
            row("payments 2.8.0", "against 1.4.1", Some(verified()), 900),
        ],
        no_trials: Empty::new(""),
        changes: vec![row("1.4.2", "changed since 1.4.1", None, 40)],
        calls: vec![row("Verify payments", "contract content changed", Some(State::new(Tone::Good, "delivered")), 40)],
        links: vec![Link::new("Both in the matrix", "/contracts/matrix"), Link::new("What changed last", "/contracts/pacts/checkout/1.4.2/payments/diff")],
    }
}

fn matrix() -> MatrixScreen {
    let row = |consumer: &str, state: State, ignored: bool| MatrixRow {
        consumer: (consumer.to_owned(), Link::new("1.4.2", "/contracts/pacts/checkout/1.4.2/payments")),
        provider: ("payments".to_owned(), (!ignored).then(|| "2.8.1".to_owned())),
        state,
        proof: (!ignored).then(|| Link::new("verification 17", "/contracts/verifications/17")),
        ignored,
    };
    let ways = || vec![Choice::new("", "its newest version", ""), Choice::new("version", "version", "version")];
    MatrixScreen {
        at: None,
        chrome: quiet("Can I deploy?", Place::Contracts),
        parts: parts("Can I deploy?"),
        question: vec![
            Field::line("p1", "Pacticipant", "payments"),
            Field::select("w1", "Which", ways()),
            Field::line("v1", "Version, branch or tag", "2.8.1"),
            Field::select("environment", "To environment", vec![Choice::new("production", "production", "production")]),
        ],
        more: vec![
            Field::line("p2", "Pacticipant (2)", "nobody").error("nobody is called nobody"),
            Field::select("w2", "Which (2)", ways()),
            Field::line("v2", "Version, branch or tag (2)", ""),
            Field::line("tag", "Or to tag", ""),
            Field::select("latestby", "Rows", vec![Choice::new("", "As fits the question", "")]),
            Field::select("success", "Result", vec![Choice::new("", "Any", "")]),
        ],
        more_open: true,
        clear: Some("/contracts/matrix".to_owned()),
        verdict: Some(Callout {
            state: State::new(Tone::Bad, "No"),
            text: "It must not be deployed to production: 1 verified, 1 failed, 1 not verified.".to_owned(),
            link: None,
        }),
        warnings: vec!["It is recommended to specify the version number.".to_owned()],
        blockers: vec![
            BlockerView {
                state: failed(),
                what: "payments 2.8.1 does not do what checkout 1.4.2 expects: \"a refund of half the price\" and 1 more. It was tried at 2026-11-20 03:07Z.".to_owned(),
                advice: "Mend payments and verify again, or deploy a version of it that meets this; if the expectation is wrong, change checkout and publish.".to_owned(),
                party: "payments".to_owned(),
                owner: Some(group("Payments")),
                on_call: Some(Who::at("Tomasz Reyes", "/x")),
                since: Some(for_minutes(340)),
                interactions: vec![("\"a refund of half the price\" given \"a charge exists\"".to_owned(), Some("Expected body $.state to be \"refunded\" but was \"captured\"".to_owned()))],
                more: 1,
                links: vec![Link::new("checkout and payments", "/contracts/checkout/payments"), Link::new("Verification 17", "/contracts/verifications/17")],
            },
            BlockerView {
                state: State::new(Tone::Unknown, "not known"),
                what: "payments 2.8.1 has not been tried against what wallet 3.0.1 expects; no version was ever tried.".to_owned(),
                advice: "Run the verification in the build of payments.".to_owned(),
                party: "payments".to_owned(),
                owner: None,
                on_call: None,
                since: None,
                interactions: vec![],
                more: 0,
                links: vec![],
            },
        ],
        more_blockers: 2,
        rows: vec![row("checkout", failed(), false), row("wallet", State::new(Tone::Unknown, "not verified"), true), row("storefront", verified(), false)],
        more_rows: 240,
        none: Empty::with("Name a pacticipant and where it is to go.", "mainstay can-i-deploy checkout 1.4.2 --to-environment production"),
        command: Some(Cli::new("mainstay can-i-deploy payments 2.8.1 --to-environment production")),
    }
}

fn part(title: &'static str, line: &str, body: &str, rules: &[(&str, &str)]) -> PartView {
    PartView {
        title,
        line: line.to_owned(),
        headers: vec![("Content-Type".to_owned(), "application/json; charset=utf-8".to_owned())],
        body: Some(body.to_owned()),
        more: 0,
        rules: rules.iter().map(|(place, words)| ((*place).to_owned(), (*words).to_owned())).collect(),
        more_rules: 0,
    }
}

fn pact() -> PactScreen {
    let charge = "{\n  \"id\": \"ch_1\",\n  \"amount\": 1200,\n  \"currency\": \"EUR\",\n  \"taken_at\": \"2026-11-20T03:07:00Z\"\n}";
    let one = |number, description: &str, line: &str, failed: Option<&str>, parts| InteractionView {
        number,
        description: description.to_owned(),
        line: line.to_owned(),
        failed: failed.map(|why| Some(why.to_owned())),
        pending: number == 2,
        states: vec!["a charge ch_1 exists (amount: 1200)".to_owned()],
        comments: vec![],
        parts,
        open: failed.is_some(),
        alone: "/contracts/pacts/checkout/1.4.2/payments?interaction=1".to_owned(),
    };
    let asked = |line| part("Request", line, charge, &[("path", "matches /charges/\\w+")]);
    let answered = || {
        part(
            "Response",
            "Status 200",
            charge,
            &[
                ("body.id", "matches ch_\\w+"),
                ("body.amount", "any whole number"),
                ("body.taken_at", "a date and time written as yyyy-MM-dd'T'HH:mm:ssX"),
            ],
        )
    };
    PactScreen {
        chrome: quiet("Pact of checkout 1.4.2 with payments", Place::Contracts),
        parents: vec![
            Link::new("Contracts", "/contracts"),
            Link::new("checkout → payments", "/contracts/checkout/payments"),
        ],
        title: "What checkout 1.4.2 expects of payments".to_owned(),
        tags: ["Pact 4.0", "branch main", "tag candidate"].map(str::to_owned).to_vec(),
        answers: vec![
            Answer::to("State")
                .state(failed(), None)
                .note("by payments 2.8.1")
                .link("Verification 17", "/contracts/verifications/17"),
            Answer::to("Asks for").text("3 interactions, 1 message").note("4 versions expect the same"),
            Answer::to("Published").text("40 min ago").link("The build", "https://ci.example/1"),
        ],
        links: vec![
            Link::new("What changed in it", "/contracts/pacts/checkout/1.4.2/payments/diff"),
            Link::new("As JSON", "/pact"),
        ],
        interactions: vec![
            one(1, "a charge", "POST /charges", None, vec![asked("POST /charges"), answered()]),
            one(
                2,
                "a refund of half the price",
                "POST /charges/ch_1/refunds",
                Some("Expected body $.state to be \"refunded\" but was \"captured\""),
                vec![asked("POST /charges/ch_1/refunds?notify=true"), answered()],
            ),
            one(
                3,
                "a charge was taken",
                "message",
                None,
                vec![PartView { more: 112, more_rules: 3, ..part("Message", "", charge, &[]) }],
            ),
        ],
        none: Empty::new(""),
        pager: pager("1 to 4 of 4"),
        all: None,
    }
}

fn pact_diff() -> PactDiffScreen {
    let line = |text: &str| match text.split_at(1) {
        ("+", text) => DiffLine::Added(text.to_owned()),
        ("-", text) => DiffLine::Removed(text.to_owned()),
        (_, text) => DiffLine::Same(text.to_owned()),
    };
    let change = |state: State, description: &str, lines: &[&str]| InteractionDiff {
        state,
        description: description.to_owned(),
        states: vec!["a charge exists".to_owned()],
        diff: Diff { lines: lines.iter().map(|text| line(text)).collect() },
        more: 4,
    };
    PactDiffScreen {
        chrome: quiet("What changed", Place::Contracts),
        parents: vec![
            Link::new("Contracts", "/contracts"),
            Link::new("1.4.2", "/contracts/pacts/checkout/1.4.2/payments"),
        ],
        title: "checkout with payments: 1.4.2 compared with 1.4.1".to_owned(),
        summary: "1 added, 0 removed, 1 changed, 2 the same.".to_owned(),
        filters: Filters {
            action: "/contracts/pacts/checkout/1.4.2/payments/diff".to_owned(),
            fields: vec![Field::select("with", "Compared with", vec![Choice::new("1.4.1", "1.4.1", "1.4.1")])],
            clear: None,
        },
        changes: vec![
            change(State::new(Tone::Good, "added"), "a refund of half the price", &["+{", "+  \"status\": 200", "+}"]),
            change(
                State::new(Tone::Warn, "changed"),
                "a charge",
                &["   \"body\": {", "-    \"cents\": 1200,", "+    \"amount\": 1200,", "     \"currency\": \"EUR\""],
            ),
        ],
        more: 2,
        none: Empty::new(""),
        command: Some(Cli::new("mainstay contract diff checkout payments 1.4.1 1.4.2")),
    }
}

fn verification() -> VerificationScreen {
    let result = |state: State, interaction: &str, mismatches: &[(&str, &str)]| TestResult {
        state,
        interaction: interaction.to_owned(),
        states: vec!["a charge exists".to_owned()],
        mismatches: mismatches.iter().map(|(place, what)| ((*place).to_owned(), (*what).to_owned())).collect(),
        more: mismatches.len(),
    };
    VerificationScreen {
        chrome: quiet("Verification 17", Place::Contracts),
        parents: vec![
            Link::new("Contracts", "/contracts"),
            Link::new("checkout → payments", "/contracts/checkout/payments"),
        ],
        title: "Verification 17".to_owned(),
        lead: "payments 2.8.1 does not do what checkout expects.".to_owned(),
        answers: vec![
            Answer::to("Result").state(failed(), None),
            Answer::to("Provider").text("payments 2.8.1").note("branch main").link("The build", "https://ci.example/2"),
            Answer::to("Against what is expected by")
                .text("checkout 1.4.2")
                .link("The pact", "/contracts/pacts/checkout/1.4.2/payments"),
            Answer::to("When").text("12 min ago").link("On the timeline", "/timeline/4012"),
        ],
        results: vec![
            result(
                failed(),
                "a refund of half the price",
                &[
                    ("body $.state", "Expected 'refunded' (String) but was 'captured' (String)"),
                    ("header Content-Type", "Expected 'application/json' but was 'text/html'"),
                ],
            ),
            result(State::new(Tone::Good, "met"), "a charge", &[]),
        ],
        more: 3,
        none: Empty::new(""),
        facts: [("Implementation", "pact_verifier"), ("Version", "1.4.7"), ("Asked for by", "1.4.2, 1.4.1")]
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .to_vec(),
    }
}

fn webhooks() -> WebhooksScreen {
    let row = |name: &str, enabled, last| WebhookRow {
        name: name.to_owned(),
        href: "/contracts/webhooks/w1".to_owned(),
        enabled,
        concerns: "any consumer and payments".to_owned(),
        events: "contract requiring verification published, provider verification failed".to_owned(),
        url: "POST https://ci.example.com/repos/shop/payments/dispatches?ref=main".to_owned(),
        last,
    };
    WebhooksScreen {
        chrome: quiet("Webhooks", Place::Contracts),
        parts: parts("Webhooks"),
        rows: vec![
            row("Verify payments", true, Some((State::new(Tone::Warn, "trying again"), ago(4)))),
            row("Report to the chat", false, None),
        ],
        none: Empty::new(""),
        pager: pager("1 to 4 of 4"),
    }
}

fn webhook() -> WebhookScreen {
    let call = |state: State, at: i64, tries: &[&str], again: bool| DeliveryRow {
        state,
        event: "contract requiring verification published".to_owned(),
        about: Some(Link::new("checkout 1.4.2 → payments", "/contracts/checkout/payments")),
        at: ago(at),
        next: again.then(|| ago(-2)),
        tries: tries.iter().map(|answer| (ago(at), (*answer).to_owned())).collect(),
        again: Some(Press {
            action: format!("/contracts/webhooks/w1/deliveries/{at}/again"),
            csrf: CSRF.to_owned(),
            hidden: vec![],
            label: "Call again".to_owned(),
            main: false,
        }),
    };
    WebhookScreen {
        chrome: quiet("Verify payments", Place::Contracts),
        name: "Verify payments".to_owned(),
        parents: vec![Link::new("Contracts", "/contracts"), Link::new("Webhooks", "/contracts/webhooks")],
        answers: vec![
            Answer::to("State").state(State::new(Tone::Good, "enabled"), None).note("since 3 d ago"),
            Answer::to("Concerns").text("any consumer and payments").link("payments", "/x"),
            Answer::to("Calls")
                .text("POST https://ci.example.com/repos/shop/payments/dispatches?ref=main")
                .note("as robot"),
            Answer::to("Last call").state(State::new(Tone::Warn, "trying again"), None).note("4 min ago"),
        ],
        events: vec!["contract requiring verification published".to_owned()],
        headers: vec![
            ("Accept".to_owned(), "application/json".to_owned()),
            ("Authorization".to_owned(), "(secret)".to_owned()),
        ],
        body: Some("{\n  \"event_type\": \"${pactbroker.eventName}\"\n}".to_owned()),
        deliveries: vec![
            call(State::new(Tone::Warn, "trying again"), 4, &["503 Service Unavailable", "connection refused"], true),
            call(State::new(Tone::Good, "delivered"), 400, &["204 No Content"], false),
        ],
        none: Empty::new(""),
        pager: Pager { shown: "1 to 2 of 2".to_owned(), before: None, after: None },
    }
}

fn environments() -> EnvironmentsScreen {
    let form = |name: &str| Form {
        action: format!("/contracts/environments/{name}/gate"),
        csrf: CSRF.to_owned(),
        fields: vec![
            Field::select(
                "gate",
                format!("Before deployments to {name}"),
                vec![Choice::new("refuse", "Ask, and refuse", "refuse")],
            )
            .id(format!("gate-{name}")),
            Field::line("reason", "Reason", "").id(format!("reason-{name}")),
        ],
        hidden: vec![],
        submit: "Set".to_owned(),
        main: false,
    };
    let row = |name: &str, known: bool, state: State| PlacedRow {
        pacticipant: name.to_owned(),
        component: known.then(|| component(name)),
        version: "1.4.2".to_owned(),
        verdict: (state, "/contracts/matrix".to_owned()),
        how: "deployed, instance blue".to_owned(),
        since: ago(900),
    };
    let environment = |name: &str, gate: State, placed: Vec<PlacedRow>| EnvironmentView {
        name: name.to_owned(),
        display: Some("Where buyers are".to_owned()),
        production: name != "staging",
        gate,
        meaning: "A deployment that the contracts don’t agree to is refused.",
        command: Cli::new(format!("mainstay contract environment gate {name} refuse")),
        set: Some(form(name)),
        alone: (!placed.is_empty()).then(|| Link::new("All 20", "/contracts/environments?environment=x")),
        placed,
        pager: None,
        none: Empty::with("Nothing is recorded there.", "mainstay deploy checkout 1.4.2 --environment staging"),
    };
    EnvironmentsScreen {
        chrome: quiet("Environments", Place::Contracts),
        parts: parts("Environments"),
        all: None,
        environments: vec![
            environment(
                "production",
                State::new(Tone::Good, "refuses"),
                vec![row("checkout", true, yes()), row("legacy-basket", false, no())],
            ),
            environment("staging", State::new(Tone::Quiet, "not asked"), vec![]),
        ],
        none: Empty::new(""),
    }
}
