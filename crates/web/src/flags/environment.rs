//! A flag in one environment: the switch, the rules, the ramp.

use ::flags::{Flag, Setting};
use flagd::{Evaluators, Line};
use serde_json::Value;

use super::{drifts, ramp::RampView, rules, standing::Standing};
use crate::{
    frame::Frame,
    show::address,
    views::{Act, Acts, Entry, Field, Moment, State, Who},
};

/// A flag in one environment.
#[derive(Debug)]
pub struct FlagEnvironment {
    /// Which.
    pub name: String,
    /// How it stands.
    pub state: State,
    /// Since when, and by whom; none where it was never turned.
    pub turned: Option<(Moment, Who)>,
    /// Whether its file says otherwise.
    pub drifted: bool,
    /// Asks for the reason, and switches; none where the reader may not.
    pub switch: Option<Acts>,
    /// Where its setting is changed; none where the reader may not, or where a file says it.
    pub edit: Option<String>,
    /// What everybody gets while it is off.
    pub while_off: String,
    /// What is served while it is on, branch by branch.
    pub rules: Vec<Line>,
    /// How many more branches there are.
    pub more_rules: usize,
    /// The ramp, if it has one that runs.
    pub ramp: Option<RampView>,
    /// How many others must agree to a change.
    pub approvals: u8,
}

impl FlagEnvironment {
    /// How the flag is in this environment. `key` says whether keys act on it.
    pub(super) fn of(frame: &Frame, flag: &Flag, name: &str, evaluators: &Evaluators, keys: bool) -> Self {
        let definition = &flag.definition;
        let setting = definition.setting(name);
        let mut rules = rules::in_words(flag, name, evaluators, frame.now);
        let more_rules = rules.len().saturating_sub(RULES_MAX);
        rules.truncate(RULES_MAX);
        rules.iter_mut().for_each(|line| line.text = cut(&line.text, RULE_CHARS_MAX));
        let editable = frame.may_write() && definition.origin == ::flags::Origin::ByHand;
        Self {
            name: name.to_owned(),
            state: Standing::of(flag, name, frame.now).state(),
            turned: flag.switch(name).map(|switch| (frame.ago(switch.since), frame.who(&switch.by))),
            drifted: drifts(flag, [name]),
            switch: frame.may_write().then(|| switch(frame, flag, name, keys)),
            edit: editable.then(|| {
                let query = serde_html_form::to_string([("environment", name)]).unwrap_or_default();
                format!("{}/setting?{query}", address(&definition.flag))
            }),
            while_off: while_off(flag),
            rules,
            more_rules,
            ramp: RampView::of(frame, flag, name, keys),
            approvals: setting.map_or(0, |setting: &Setting| setting.approvals),
        }
    }
}

/// `off: false`, or that clients use their own default.
fn while_off(flag: &Flag) -> String {
    let variant = flag.definition.off_variant.as_ref();
    match variant.map(|name| (name, flag.definition.variants.get(name))) {
        Some((name, Some(value))) => served(name, value),
        Some((name, None)) => name.clone(),
        None => "the default in each client’s code".to_owned(),
    }
}

/// Branches of a rule that are shown.
const RULES_MAX: usize = 25;
/// A longer branch is cut.
const RULE_CHARS_MAX: usize = 300;
/// A longer value is cut where it stands beside others.
const VALUE_CHARS_MAX: usize = 60;

/// A variant and its value, unless the name says it already: `on`, `blue: "#00f"`.
pub(super) fn served(name: &str, value: &Value) -> String {
    match (name, value) {
        ("on" | "true", Value::Bool(true)) | ("off" | "false", Value::Bool(false)) => name.to_owned(),
        _ => format!("{name} ({})", short(value)),
    }
}

pub(super) fn short(value: &Value) -> String {
    cut(&value.to_string(), VALUE_CHARS_MAX)
}

/// A text of at most so many characters.
pub(super) fn cut(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", text.split_at(end).0),
        None => text.to_owned(),
    }
}

/// The kill switch, or the way back on. Turning off never waits for anybody's approval.
fn switch(frame: &Frame, flag: &Flag, environment: &str, keys: bool) -> Acts {
    let approvals = flag.definition.setting(environment).map_or(0, |setting| setting.approvals);
    let is_on = flag.is_on(environment);
    let reason = Field::line("reason", "Reason", "").id(format!("reason-{environment}")).key(keys.then_some('t'));
    let asks = !is_on && approvals > 0;
    let emergency = Field::new("emergency", "An emergency: do it without approval", Entry::Tick { on: false });
    let emergency = asks.then(|| emergency.id(format!("emergency-{environment}")));
    let act = match (is_on, asks) {
        (true, _) => Act::new("off", "Turn off"),
        (false, false) => Act::new("on", "Turn on"),
        (false, true) => Act::new("on", "Ask to turn on"),
    };
    let fields = std::iter::once(reason).chain(emergency).collect();
    let hidden = vec![("environment".to_owned(), environment.to_owned())];
    Acts { hidden, ..frame.acts(address(&flag.definition.flag), fields, vec![act]) }
}
