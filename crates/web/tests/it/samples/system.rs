//! Settings, signing in, help, errors.

use kernel::{Refusal, codes};
use web::{
    access::AccessScreen,
    help::HelpScreen,
    problem::ProblemScreen,
    settings::{MadeToken, MeScreen, SessionRow, TokenRow, TokensScreen, UserRow, UsersScreen},
    shell::{Chrome, Place},
    views::{Callout, Choice, Cli, Empty, Entry, Field, Form, Press, Tab, Tabs},
};

use super::*;

pub(crate) fn add(screens: &mut Screens) {
    draw(screens, "/settings", &me());
    draw(screens, "/settings/tokens", &tokens());
    draw(screens, "/settings/users", &users());
    draw(screens, "/login", &login());
    draw(screens, "/start", &start());
    draw(screens, "/help", &help());
    draw(screens, "/error", &error());
}

fn tabs(here: &str) -> Tabs {
    let tab = |label: &str, href: &str| Tab {
        label: label.to_owned(),
        href: href.to_owned(),
        here: label == here,
        count: None,
    };
    Tabs {
        label: "Settings".to_owned(),
        tabs: vec![tab("Me", "/settings"), tab("Tokens", "/settings/tokens"), tab("Users", "/settings/users")],
    }
}

fn press(label: &str) -> Press {
    Press {
        action: "/settings/x".to_owned(),
        csrf: CSRF.to_owned(),
        hidden: vec![],
        label: label.to_owned(),
        main: false,
    }
}

fn form(fields: Vec<Field>, submit: &str) -> Form {
    Form {
        action: "/settings/x".to_owned(),
        csrf: CSRF.to_owned(),
        fields,
        hidden: vec![],
        submit: submit.to_owned(),
        main: true,
    }
}

fn me() -> MeScreen {
    MeScreen {
        chrome: quiet("Me", Place::Settings),
        tabs: tabs("Me"),
        facts: [("Name", "mira"), ("Role", "administrator"), ("Teams", "Storefront")]
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .to_vec(),
        password: Some(form(
            vec![
                Field::new("old", "Old password", Entry::Password).required().autocomplete("current-password"),
                Field::new("new", "New password", Entry::Password)
                    .required()
                    .autocomplete("new-password")
                    .hint("12 characters or more."),
            ],
            "Change it",
        )),
        sessions: vec![
            SessionRow { name: "This browser".to_owned(), used: ago(0), ends: ago(-700), end: None },
            SessionRow {
                name: "Firefox on Linux".to_owned(),
                used: ago(900),
                ends: ago(-300),
                end: Some(press("End it")),
            },
        ],
        sign_out: Some(press("Sign out")),
    }
}

fn tokens() -> TokensScreen {
    let row = |state, name: &str, revoke| TokenRow {
        state,
        name: name.to_owned(),
        scopes: "read, write deployments".to_owned(),
        made_by: "mira".to_owned(),
        expires: Some(ago(-100_000)),
        used: Some(ago(3)),
        revoke,
    };
    TokensScreen {
        chrome: quiet("Tokens", Place::Settings),
        tabs: tabs("Tokens"),
        made: Some(MadeToken {
            name: "ci".to_owned(),
            secret: "mst_example_not_a_real_secret".to_owned(),
            command: Cli::new("MAINSTAY_TOKEN=... mainstay get"),
        }),
        rows: vec![
            row(State::new(Tone::Good, "active"), "ci", Some(press("Revoke"))),
            row(State::new(Tone::Quiet, "revoked"), "old-ci", None),
        ],
        none: Empty::with(
            "Programs show a token. None has been made.",
            "mainstay token create ci --scope write-deployments",
        ),
        create: Some(form(
            vec![
                Field::line("name", "Name", "")
                    .required()
                    .error("There is a token of this name.")
                    .hint("What uses it, such as ci."),
                Field::new(
                    "scope",
                    "May",
                    Entry::Ticks(vec![
                        Choice::new("read", "Read everything", "read"),
                        Choice::new("deployments", "Record deployments", "read"),
                    ]),
                ),
                Field::select(
                    "days",
                    "Ends after",
                    vec![Choice::new("30", "30 days", "90"), Choice::new("90", "90 days", "90")],
                ),
            ],
            "Make token",
        )),
    }
}

fn users() -> UsersScreen {
    UsersScreen {
        chrome: quiet("Users", Place::Settings),
        tabs: tabs("Users"),
        rows: vec![UserRow {
            state: State::new(Tone::Good, "active"),
            name: "mira".to_owned(),
            role: "administrator".to_owned(),
            person: Some("Mira Okafor".to_owned()),
            seen: Some(ago(0)),
            button: Some(press("Disable")),
        }],
        create: Some(form(
            vec![
                Field::line("name", "Name", "").required(),
                Field::new("admin", "May change settings", Entry::Tick { on: false }),
            ],
            "Add user",
        )),
    }
}

fn login() -> AccessScreen {
    AccessScreen {
        chrome: Chrome::new("Sign in"),
        lead: "To the shop’s Mainstay.".to_owned(),
        trouble: Some(Callout {
            state: State::new(Tone::Bad, "Not signed in."),
            text: "The name or the password is wrong.".to_owned(),
            link: None,
        }),
        form: form(
            vec![
                Field::line("name", "Name", "mira").required().autocomplete("username"),
                Field::new("password", "Password", Entry::Password).required().autocomplete("current-password"),
            ],
            "Sign in",
        ),
    }
}

fn start() -> AccessScreen {
    AccessScreen {
        chrome: Chrome::new("Create the administrator"),
        lead: "This link works once. The administrator can add others, and make tokens for programs.".to_owned(),
        trouble: None,
        form: form(
            vec![
                Field::line("name", "Name", "").required().autocomplete("username"),
                Field::new("password", "Password", Entry::Password)
                    .required()
                    .autocomplete("new-password")
                    .hint("12 characters or more."),
            ],
            "Create and sign in",
        ),
    }
}

fn help() -> HelpScreen {
    HelpScreen {
        chrome: quiet("Keys and help", Place::Home),
        version: "0.1.0".to_owned(),
        facts: vec![("Events".to_owned(), "3,984".to_owned())],
    }
}

fn error() -> ProblemScreen {
    ProblemScreen {
        chrome: Chrome { path: "/error".to_owned(), ..Chrome::new("Too many requests") },
        refusal: Refusal::new(&codes::RATE_LIMITED, "More than 200 requests per second came from here.").retry_after(3),
        id: Some("4bf92f3577b34da6a3ce929d0e0e4736".to_owned()),
    }
}
