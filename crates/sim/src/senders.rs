//! Other tools that send alerts: again and again, out of order, twice, in storms; and try again when they are refused.

use std::collections::BTreeMap;

use alerts::{Action, Content, IntegrationId, Kind, Settings, Severity, Signal, Telling};
use engine::{Clock as _, Request};
use jiff::SignedDuration;
use kernel::{Actor, Sha256};
use world::Command;

use crate::{actors::person as somebody, sim::Sim};

/// Which tools there are, and whether their alerts end by themselves.
const TOOLS: [(&str, Kind, Option<u32>); 2] =
    [("prometheus", Kind::Prometheus, Some(300)), ("events", Kind::EventsV2, None)];
/// Alerts with a name of their own that a tool has.
const RULES: usize = 25;
/// What a repetition is sure to add at least to an alert that ends by itself: half of what it is granted.
const GRANTED: SignedDuration = SignedDuration::from_secs(150);

/// A message on its way.
#[derive(Debug, Clone)]
struct Letter {
    tool: usize,
    signals: Vec<Signal>,
}

/// The tools.
#[derive(Debug, Default)]
pub(crate) struct Senders {
    queue: Vec<Letter>,
    is_calm: bool,
}

impl Senders {
    /// Nothing is wrong any more, as far as the tools know.
    pub(crate) fn calm(&mut self) {
        self.is_calm = true;
    }
}

fn integration(sim: &Sim, tool: usize) -> Option<IntegrationId> {
    let (name, _, _) = TOOLS.get(tool)?;
    let world = sim.world();
    world.alerts.integrations().find(|known| known.settings.name == *name).map(|known| known.id)
}

/// Somebody lets a tool send, if it can't yet.
fn connect(sim: &mut Sim, tool: usize) {
    let Some((name, kind, auto_resolve_after_s)) = TOOLS.get(tool).copied() else { return };
    let Some(service) = sim.estate.services.first() else { return };
    let settings = Settings {
        name: name.to_owned(),
        entity: service.entity.clone(),
        kind,
        severity: Severity::Error,
        auto_resolve_after_s,
        label: Settings::default_label(),
    };
    let command = alerts::Command::CreateIntegration { settings, key: Sha256::of(name.as_bytes()) };
    let request = somebody(sim, Command::Alerts(command));
    sim.execute(&[request]);
}

/// A tool has something to say; it arrives now, later, twice, or after what it said next.
pub(crate) fn send(sim: &mut Sim) {
    let tool = sim.dice.below(TOOLS.len());
    if integration(sim, tool).is_none() {
        sim.note("a tool is connected");
        return connect(sim, tool);
    }
    let count = sim.dice.between(1, 5);
    let signals: Vec<Signal> = (0..count).filter_map(|_| signal(sim)).collect();
    sim.senders.queue.push(Letter { tool, signals });
    for _ in 0..sim.dice.between(0, 2) {
        bring(sim);
    }
}

/// Everything breaks at once, more than one incident holds now and then.
pub(crate) fn storm(sim: &mut Sim) {
    let tool = sim.dice.below(TOOLS.len());
    let Some(id) = integration(sim, tool) else { return sim.note("no tool is connected") };
    let count = *sim.dice.pick(&[20, 40, 40, 80, 80, 120, 120, 560]).unwrap_or(&40);
    let at = sim.dice.below(sim.estate.services.len());
    let entity = sim.estate.services.get(at).map(|service| service.entity.clone());
    sim.note(format!("a storm of {count} of service {at}"));
    let telling = |number: usize| {
        let content = content(Severity::Error, format!("host {number} is gone"));
        Telling { content, since: None, ends: None, entity: entity.clone() }
    };
    let mut signals: Vec<Signal> = (0..count)
        .map(|number| Signal::new(&format!("host-{number}"), Action::Trigger(Box::new(telling(number)))))
        .collect();
    // Each is told twice at the same time, as by a pair of servers.
    signals.extend(signals.clone());
    hand_over(sim, id, Letter { tool, signals });
}

fn content(severity: Severity, summary: String) -> Content {
    Content {
        severity,
        summary,
        source: String::new(),
        labels: BTreeMap::new(),
        details: String::new(),
        links: Vec::new(),
        images: Vec::new(),
        url: None,
    }
}

fn signal(sim: &mut Sim) -> Option<Signal> {
    let rule = sim.dice.below(RULES);
    let action = match sim.dice.below(10) {
        0 => Action::Acknowledge,
        1..=3 => Action::Resolve,
        _ => {
            let severities = [Severity::Critical, Severity::Error, Severity::Error, Severity::Warning, Severity::Info];
            let content = content(*sim.dice.pick(&severities)?, format!("rule {rule}, {}", sim.dice.below(4)));
            let at = sim.dice.below(sim.estate.services.len());
            let named = sim.estate.services.get(at).map(|service| service.entity.clone());
            let entity = named.filter(|_| sim.dice.chance(0.7));
            Action::Trigger(Box::new(Telling { content, since: None, ends: None, entity }))
        }
    };
    Some(Signal::new(&format!("rule-{rule}"), action))
}

/// One of the messages arrives, mostly the oldest.
fn bring(sim: &mut Sim) {
    if sim.senders.queue.is_empty() {
        return;
    }
    let reach = if sim.dice.chance(0.7) { 1 } else { sim.senders.queue.len() };
    let at = sim.dice.below(reach);
    let letter = sim.senders.queue.remove(at);
    if sim.dice.chance(0.1) {
        sim.senders.queue.push(letter.clone());
    }
    if let Some(id) = integration(sim, letter.tool) {
        hand_over(sim, id, letter);
    }
}

fn hand_over(sim: &mut Sim, id: IntegrationId, letter: Letter) {
    let now = sim.clock.now();
    sim.note(format!(" {} signals", letter.signals.len()));
    let command = alerts::Command::Receive { integration: id, signals: letter.signals.clone() };
    let actor = Actor::Token("sender".to_owned());
    let answers = sim.execute(&[Request { command: Command::Alerts(command), actor, reason: None, id: None }]);
    let ends = TOOLS.get(letter.tool).and_then(|(_, _, ends)| *ends);
    match answers.first() {
        Some(Ok(_)) => {
            for Signal { key, action } in letter.signals {
                match action {
                    Action::Trigger(_) => sim.ledger.told(id, key, ends.map(|_| now + GRANTED)),
                    Action::Acknowledge => {}
                    Action::Resolve => sim.ledger.forget(id, &key),
                }
            }
        }
        Some(Err(refusal)) => {
            // It may have been written all the same.
            letter.signals.iter().for_each(|signal| sim.ledger.forget(id, &signal.key));
            if refusal.code.status >= 500 {
                sim.senders.queue.push(letter);
            } else {
                sim.violation(format!("alerts were refused for good: {refusal}"));
            }
        }
        None => {}
    }
}

/// Somebody looks after an alert on a screen.
pub(crate) fn tend(sim: &mut Sim) -> Option<(Request, String)> {
    let world = sim.world();
    let open: Vec<_> = world.alerts.open_alerts().take(30).map(|alert| alert.about.clone()).collect();
    let about = sim.dice.pick(&open)?.clone();
    let alert = about.alert.clone();
    let resolves = sim.dice.chance(0.4);
    let command = if resolves {
        sim.ledger.forget(about.integration, &about.key);
        alerts::Command::Resolve { alert }
    } else {
        alerts::Command::Acknowledge { alert }
    };
    let words = format!("somebody {} alert {}", if resolves { "resolves" } else { "takes on" }, about.key);
    Some((somebody(sim, Command::Alerts(command)), words))
}

/// Everything that waits arrives, and then all is well.
pub(crate) fn recover(sim: &mut Sim) {
    for letter in std::mem::take(&mut sim.senders.queue) {
        if let Some(id) = integration(sim, letter.tool) {
            hand_over(sim, id, letter);
        }
    }
    if !sim.senders.is_calm {
        return;
    }
    for (tool, _) in TOOLS.iter().enumerate() {
        let Some(id) = integration(sim, tool) else { continue };
        let world = sim.world();
        let open = world.alerts.of_integration(id).filter(|alert| alert.is_open());
        let signals: Vec<_> =
            open.map(|alert| Signal::new(&alert.about.key, Action::Resolve)).take(alerts::SIGNALS_MAX).collect();
        if !signals.is_empty() {
            hand_over(sim, id, Letter { tool, signals });
        }
    }
}
