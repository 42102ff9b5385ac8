//! `GET /people/{namespace}/{name}/contact`, and `/me/contact` for oneself: by what and when somebody is told of pages.

pub(crate) mod act;
pub(crate) mod wish;

use askama::Template;
use axum::{
    extract::Path,
    response::{IntoResponse as _, Redirect, Response},
};
use kernel::{EntityRef, Refusal, codes};
use paging::{Channel, Contacts, For, Method, Rule};

use crate::{
    frame::Frame,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show::{named, segment},
    views::{Callout, Choice, Empty, Entry, Field, Form, Press, State, Tone},
};

pub use act::act;

/// How somebody is reached.
#[derive(Debug, Template)]
#[template(path = "contacts/show.html")]
pub struct ContactScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Whose contact methods.
    pub name: String,
    /// What happens if a page comes now, in words.
    pub in_words: Vec<String>,
    /// What must be looked into: nothing is set up, nothing is verified.
    pub trouble: Option<Callout>,
    /// The methods.
    pub methods: Vec<MethodRow>,
    /// What is said where there are none.
    pub none: Empty,
    /// The rules, in their order.
    pub rules: Vec<RuleRow>,
    /// What is said where there are none.
    pub no_rules: Empty,
    /// Adds a method.
    pub add: Option<Form>,
    /// Adds a rule.
    pub add_rule: Option<Form>,
}

/// One way to reach somebody.
#[derive(Debug)]
pub struct MethodRow {
    /// Whether it is known to be theirs.
    pub state: State,
    /// `sms`.
    pub channel: &'static str,
    /// `+49 … 42`.
    pub label: String,
    /// Sends a test, removes it.
    pub presses: Vec<Press>,
    /// Takes the code of a test message.
    pub code: Option<Form>,
}

/// One rule.
#[derive(Debug)]
pub struct RuleRow {
    /// `After 5 min by sms +49 … 42, for all pages`.
    pub words: String,
    /// Moves it up, removes it.
    pub presses: Vec<Press>,
}

/// Sends one to one's own.
pub async fn own(frame: Frame) -> Result<Response, Problem> {
    let person = frame.person().ok_or_else(|| {
        Refusal::new(&codes::NOT_FOUND, "it is not known which person of the catalog you are")
            .fix("have an administrator say so, under Settings, Users")
    })?;
    Ok(Redirect::to(&address(person)).into_response())
}

/// The address of somebody's contact methods.
pub(crate) fn address(person: &EntityRef) -> String {
    format!("/people/{}/{}/contact", segment(person.namespace()), segment(person.name()))
}

/// Shows how somebody is reached.
pub async fn show(frame: Frame, Path((namespace, name)): Path<(String, String)>) -> Result<Response, Problem> {
    let person = named("user", &namespace, &name)?;
    wish::allowed(&frame.world, frame.grant.as_ref(), &person)?;
    let contacts = frame.world.paging.contacts(&person).cloned().unwrap_or_default();
    let (writes, serves) = (frame.past().is_none(), |channel: Channel| serves(&frame, channel));
    let methods = contacts.methods.iter().map(|method| method_row(&frame, &person, method, writes));
    Ok(screen(&ContactScreen {
        chrome: frame.chrome("How pages reach me", Place::OnCall),
        name: frame.catalog_person(&person).name,
        in_words: in_words(&frame, &person, &contacts),
        trouble: trouble(&frame, &person, &contacts),
        methods: methods.collect(),
        none: Empty::with(
            "No contact method is set up. Pages go to the e-mail address of the catalog, if it has one.",
            "curl -X POST …/api/v1/people/NAME/contact/methods -d '{\"channel\": \"sms\", \"address\": \"+49…\"}'",
        ),
        rules: rules(&frame, &person, &contacts, writes),
        no_rules: Empty::new("No rule is set: every page is told by all methods at once."),
        add: writes.then(|| {
            let channels = Channel::ALL.into_iter().filter(|channel| *channel != Channel::Inbox);
            let label = |channel: Channel| {
                let sent = if serves(channel) { "" } else { " (this server can’t send it yet)" };
                Choice::new(channel.as_str(), format!("{}{sent}", called(channel)), "email")
            };
            let fields = vec![
                Field::select("channel", "By", channels.map(label).collect()),
                Field::line("address", "Address", "").required().hint(
                    "An e-mail address, a number such as +49 171 1234567, an ntfy topic, a Slack or other webhook. \
                     It is sealed, and shown to nobody.",
                ),
            ];
            frame.form(format!("{}/add", address(&person)), "Add", fields)
        }),
        add_rule: (writes && !contacts.methods.is_empty()).then(|| rule_form(&frame, &person, &contacts)),
    }))
}

fn serves(frame: &Frame, channel: Channel) -> bool {
    let notifier = frame.app.settings().notifier.as_ref();
    notifier.is_some_and(|notifier| notifier.serves(channel))
}

fn called(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "e-mail",
        Channel::Slack => "Slack",
        Channel::Ntfy => "push (ntfy)",
        Channel::Sms => "text message",
        Channel::Voice => "telephone call",
        Channel::Webhook => "webhook",
        Channel::Inbox => "inbox",
    }
}

fn method_row(frame: &Frame, person: &EntityRef, method: &Method, writes: bool) -> MethodRow {
    let id = ("method".to_owned(), method.id.0.to_string());
    let press = |verb: &str, label: &str| Press {
        hidden: vec![id.clone()],
        ..frame.press(format!("{}/{verb}", address(person)), label)
    };
    let mut presses = Vec::new();
    if writes && serves(frame, method.channel) {
        presses.push(press("test", "Send a test"));
    }
    if writes {
        presses.push(press("remove", "Remove"));
    }
    let code = (writes && !method.verified).then(|| {
        let field = Field::line("code", "Code of the test", "").id(format!("code-{}", method.id.0)).required();
        let form = frame.form(format!("{}/verify", address(person)), "It is mine", vec![field]);
        Form { hidden: vec![id], ..form }
    });
    let state =
        if method.verified { State::new(Tone::Good, "verified") } else { State::new(Tone::Warn, "not verified") };
    MethodRow { state, channel: called(method.channel), label: method.label.clone(), presses, code }
}

fn rules(frame: &Frame, person: &EntityRef, contacts: &Contacts, writes: bool) -> Vec<RuleRow> {
    let row = |(place, rule): (usize, &Rule)| {
        let press = |verb: &str, label: &str| Press {
            hidden: vec![("place".to_owned(), place.to_string()), ("was".to_owned(), act::said(rule))],
            ..frame.press(format!("{}/{verb}", address(person)), label)
        };
        let mut presses = Vec::new();
        if writes && place > 0 {
            presses.push(press("earlier", "Move up"));
        }
        if writes {
            presses.push(press("drop", "Remove"));
        }
        RuleRow { words: rule_in_words(contacts, rule), presses }
    };
    contacts.rules.iter().enumerate().map(row).collect()
}

fn rule_in_words(contacts: &Contacts, rule: &Rule) -> String {
    let by = contacts.method(rule.method).map_or_else(
        || "a method that is gone".to_owned(),
        |method| format!("{} {}", called(method.channel), method.label),
    );
    let when = if rule.after_minutes == 0 { "At once".to_owned() } else { format!("After {} min", rule.after_minutes) };
    let which = match rule.urgency {
        For::High => "for urgent pages",
        For::Low => "for pages that can wait",
        For::Both => "for all pages",
    };
    format!("{when} by {by}, {which}")
}

fn rule_form(frame: &Frame, person: &EntityRef, contacts: &Contacts) -> Form {
    let method = |method: &Method| {
        Choice::new(method.id.0.to_string(), format!("{} {}", called(method.channel), method.label), "")
    };
    let urgencies = vec![
        Choice::new("both", "All pages", "both"),
        Choice::new("high", "Urgent ones", ""),
        Choice::new("low", "Those that can wait", ""),
    ];
    let minutes = Entry::Line { kind: "number", value: "0".to_owned() };
    let fields = vec![
        Field::select("method", "Tell me by", contacts.methods.iter().map(method).collect()),
        Field::new("after", "After minutes", minutes).required().hint("0 is at once; 1440 at most."),
        Field::select("urgency", "For", urgencies),
    ];
    frame.form(format!("{}/rule", address(person)), "Add the rule", fields)
}

/// What a page would do now.
fn in_words(frame: &Frame, person: &EntityRef, contacts: &Contacts) -> Vec<String> {
    let email = world::paging::email_of(&frame.world, person);
    let implied = email.map(|_| Method {
        id: paging::MethodId::IMPLIED,
        channel: Channel::Email,
        label: "of the catalog".to_owned(),
        secret: String::new(),
        verified: true,
    });
    let ways = contacts.ways(implied.as_ref(), paging::Urgency::High);
    let say = |(method, after): (Method, u32)| {
        let when = if after == 0 { "at once".to_owned() } else { format!("after {after} min") };
        format!("{when} by {} {}", called(method.channel), method.label)
    };
    ways.into_iter().map(say).collect()
}

fn trouble(frame: &Frame, person: &EntityRef, contacts: &Contacts) -> Option<Callout> {
    let callout = |tone, word: &str, text: &str| {
        Some(Callout { state: State::new(tone, word), text: text.to_owned(), link: None })
    };
    if in_words(frame, person, contacts).is_empty() {
        return callout(Tone::Bad, "Unreachable", "No page can reach this person: add a contact method.");
    }
    if !contacts.methods.is_empty() && contacts.methods.iter().all(|method| !method.verified) {
        return callout(
            Tone::Warn,
            "Not verified",
            "No method is known to be theirs. Send a test, and enter its code.",
        );
    }
    None
}
