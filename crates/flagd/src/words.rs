//! A rule in readable words.

use serde::Serialize;
use serde_json::Value;

use crate::Evaluators;

/// One branch of a rule in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// How far it is indented.
    pub depth: usize,
    /// The words that lead to the variant.
    pub text: String,
    /// The variant that the line ends in, if it names one.
    pub variant: Option<String>,
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:1$}{2}", "", self.depth * 2, self.text)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, " → {variant}"))
    }
}

/// The rule in readable words, one line for each branch. What is too long ends in an ellipsis.
pub fn words(targeting: &Value, evaluators: &Evaluators) -> Vec<Line> {
    let mut speaker = Speaker { evaluators, in_shared: false, left: VALUES_MAX };
    let mut lines = Vec::new();
    if operation(targeting).is_some() {
        speaker.branch("", targeting, 0, &mut lines);
    }
    lines
}

/// A part of a rule in words, on one line.
pub(crate) fn phrase(value: &Value, evaluators: &Evaluators) -> String {
    Speaker { evaluators, in_shared: false, left: PHRASE_VALUES_MAX }.phrase(value)
}

/// No more values than these are put into words: nobody reads further.
const VALUES_MAX: usize = 5_000;
const PHRASE_VALUES_MAX: usize = 100;

/// The operator of a rule, and its arguments as a list.
pub(crate) fn operation(value: &Value) -> Option<(&str, &[Value])> {
    let fields = value.as_object().filter(|fields| fields.len() == 1)?;
    let (name, arguments) = fields.iter().next()?;
    Some((name, arguments.as_array().map_or(std::slice::from_ref(arguments), Vec::as_slice)))
}

struct Speaker<'r> {
    evaluators: &'r Evaluators,
    /// True inside of a shared rule, where other shared rules are only named.
    in_shared: bool,
    left: usize,
}

impl Speaker<'_> {
    /// What a part of a rule gives, after the words that lead to it.
    fn branch(&mut self, lead: &str, value: &Value, depth: usize, lines: &mut Vec<Line>) {
        if self.left == 0 {
            return;
        }
        match operation(value) {
            Some(("if", arguments)) if arguments.len() > 1 => {
                let depth = if lead.is_empty() {
                    depth
                } else {
                    lines.push(Line { depth, text: format!("{lead}:"), variant: None });
                    depth + 1
                };
                self.branches(arguments, depth, lines);
            }
            Some(("fractional", arguments)) if has_inner_rules(arguments) => {
                let (by, buckets) = self.buckets(arguments);
                lines.push(Line { depth, text: joined(lead, &format!("a share of users, {by}:")), variant: None });
                for (share, variant) in buckets {
                    self.branch(&share, variant, depth + 1, lines);
                }
            }
            Some(_) => lines.push(Line { depth, text: joined(lead, &self.phrase(value)), variant: None }),
            None => {
                let lead = if lead.is_empty() { "everybody" } else { lead };
                let variant = variant(value);
                let rest = if variant.is_none() { " → the default variant" } else { "" };
                lines.push(Line { depth, text: format!("{lead}{rest}"), variant });
            }
        }
    }

    fn branches(&mut self, arguments: &[Value], depth: usize, lines: &mut Vec<Line>) {
        for pair in arguments.chunks(2) {
            match pair {
                [condition, then] => {
                    let condition = self.condition(condition);
                    self.branch(&format!("if {condition}"), then, depth, lines);
                }
                [otherwise] => self.branch("otherwise", otherwise, depth, lines),
                _ => {}
            }
        }
    }

    /// A part that is asked only whether it holds.
    fn condition(&mut self, value: &Value) -> String {
        match operation(value) {
            Some(("var", _)) => format!("{} is set", self.phrase(value)),
            Some(("!", [inner])) if matches!(operation(inner), Some(("var", _))) => {
                format!("{} is not set", self.phrase(inner))
            }
            Some(("missing", names)) => {
                let names: Vec<_> = names.iter().map(|name| self.phrase(name)).collect();
                format!("{} is missing", names.join(" or "))
            }
            _ => self.phrase(value),
        }
    }

    fn phrase(&mut self, value: &Value) -> String {
        if self.left == 0 {
            return "…".to_owned();
        }
        self.left -= 1;
        match operation(value) {
            Some((name, arguments)) => self.operation(name, arguments).unwrap_or_else(|| value.to_string()),
            None => self.literal(value),
        }
    }

    /// Nothing for what the operator's words have no place for.
    fn operation(&mut self, name: &str, arguments: &[Value]) -> Option<String> {
        Some(match (name, arguments) {
            ("var", [Value::String(name)]) => variable(name),
            ("var", [Value::String(name), default]) => format!("{} (else {})", variable(name), self.phrase(default)),
            ("$ref", [Value::String(name)]) => self.shared(name),
            ("and", arguments) => self.list(arguments, " and "),
            ("or", arguments) => self.list(arguments, " or "),
            ("!", [inner]) => format!("not ({})", self.condition(inner)),
            ("!!", [inner]) => self.condition(inner),
            ("in", [part, Value::Array(items)]) => format!("{} is one of {}", self.phrase(part), self.commas(items)),
            ("in", [part, whole]) => format!("{} contains {}", self.phrase(whole), self.phrase(part)),
            ("sem_ver", [left, Value::String(operator), right]) => {
                let (left, right) = (self.phrase(left), self.phrase(right));
                match operator.as_str() {
                    "^" => format!("{left} has the same major number as {right}"),
                    "~" => format!("{left} has the same major and minor number as {right}"),
                    _ => format!("{left} {} {right}", sign(operator)?),
                }
            }
            ("substr", [text, from]) => format!("{} from letter {}", self.phrase(text), self.phrase(from)),
            ("substr", [text, from, count]) => {
                format!("{} of {} from letter {}", self.phrase(count), self.phrase(text), self.phrase(from))
            }
            ("cat", arguments) => self.list(arguments, " + "),
            ("merge", arguments) => format!("{} together", self.commas(arguments)),
            ("min", arguments) => format!("the least of {}", self.commas(arguments)),
            ("max", arguments) => format!("the greatest of {}", self.commas(arguments)),
            ("missing", names) => format!("those missing of {}", self.commas(names)),
            ("missing_some", [count, Value::Array(names)]) => {
                format!("less than {} of {}", self.phrase(count), self.commas(names))
            }
            ("if", [value]) => self.phrase(value),
            ("if", [condition, then, rest @ ..]) => {
                let (condition, then) = (self.condition(condition), self.phrase(then));
                match rest {
                    [] => format!("({then} if {condition})"),
                    [otherwise] => format!("({then} if {condition}, else {})", self.phrase(otherwise)),
                    rest => format!("({then} if {condition}, else {})", self.operation("if", rest)?),
                }
            }
            ("fractional", arguments) => self.shares(arguments),
            ("map" | "filter" | "all" | "none" | "some", [items, body]) => {
                let (items, body) = (self.phrase(items), self.condition(body));
                match name {
                    "map" => format!("{body} for each of {items}"),
                    "filter" => format!("those of {items} where {body}"),
                    _ => format!("{name} of {items}: {body}"),
                }
            }
            ("reduce", [items, body, first]) => {
                let (items, body) = (self.phrase(items), self.phrase(body));
                format!("{items} folded by {body}, from {}", self.phrase(first))
            }
            ("starts_with", [text, affix]) => format!("{} starts with {}", self.phrase(text), self.phrase(affix)),
            ("ends_with", [text, affix]) => format!("{} ends with {}", self.phrase(text), self.phrase(affix)),
            ("-", [number]) => format!("-{}", self.phrase(number)),
            (_, arguments) if arguments.len() > 1 => self.list(arguments, &format!(" {} ", sign(name)?)),
            _ => return None,
        })
    }

    /// The arguments with the word between them; those that have such a word of their own in brackets.
    fn list(&mut self, arguments: &[Value], between: &str) -> String {
        let bracketed = |value: &Value| {
            operation(value).is_some_and(|(name, arguments)| {
                arguments.len() > 1 && (matches!(name, "and" | "or" | "cat") || sign(name).is_some())
            })
        };
        let joins_conditions = matches!(between, " and " | " or ");
        let parts = arguments.iter().map(|argument| {
            let text = if joins_conditions { self.condition(argument) } else { self.phrase(argument) };
            let is_plain = joins_conditions && !matches!(operation(argument), Some(("and" | "or", _)));
            if bracketed(argument) && !is_plain { format!("({text})") } else { text }
        });
        parts.collect::<Vec<_>>().join(between)
    }

    fn commas(&mut self, values: &[Value]) -> String {
        values.iter().map(|value| self.phrase(value)).collect::<Vec<_>>().join(", ")
    }

    fn shared(&mut self, name: &str) -> String {
        match self.evaluators.get(name) {
            Some(rule) if !self.in_shared => {
                self.in_shared = true;
                let rule = self.condition(rule);
                self.in_shared = false;
                format!("{name} ({rule})")
            }
            Some(_) | None => name.to_owned(),
        }
    }

    fn shares(&mut self, arguments: &[Value]) -> String {
        let (by, buckets) = self.buckets(arguments);
        let shares = buckets.into_iter().map(|(share, variant)| format!("{share} {}", self.phrase(variant)));
        format!("{}, {by}", shares.collect::<Vec<_>>().join(", "))
    }

    /// By what users are told apart, and each bucket's share and variant.
    fn buckets<'v>(&mut self, arguments: &'v [Value]) -> (String, Vec<(String, &'v Value)>) {
        let (by, buckets) = match arguments.split_first() {
            Some((by, buckets)) if !by.is_array() => (self.phrase(by), buckets),
            _ => ("targetingKey".to_owned(), arguments),
        };
        let weight = |bucket: &'v Value| match bucket.as_array().map(Vec::as_slice) {
            Some([_]) => Some(1.0),
            Some([_, weight]) => weight.as_f64().map(|weight| weight.max(0.0)),
            _ => None,
        };
        let total: Option<f64> = buckets.iter().map(weight).sum();
        let total = total.filter(|total| *total > 0.0);
        let shares = buckets.iter().map(|bucket| {
            let share = match (weight(bucket), total) {
                (Some(weight), Some(total)) => percent(weight / total),
                // A rule gives a weight, so that no share is known beforehand.
                _ => {
                    format!("weight {} of", bucket.get(1).map_or_else(|| "1".to_owned(), |weight| self.phrase(weight)))
                }
            };
            (share, bucket.get(0).unwrap_or(bucket))
        });
        let shares = shares.collect();
        (format!("by {by}"), shares)
    }

    fn literal(&mut self, value: &Value) -> String {
        match value {
            Value::Null => "nothing".to_owned(),
            Value::Array(items) => format!("[{}]", self.commas(items)),
            Value::String(text) if is_word(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => value.to_string(),
        }
    }
}

fn joined(lead: &str, rest: &str) -> String {
    if lead.is_empty() {
        rest.to_owned()
    } else if lead == "otherwise" {
        format!("{lead} {rest}")
    } else {
        format!("{lead} → {rest}")
    }
}

/// True if a bucket gives by a rule what others give outright.
fn has_inner_rules(arguments: &[Value]) -> bool {
    arguments.iter().any(|bucket| bucket.get(0).is_some_and(|variant| operation(variant).is_some()))
}

/// The variant that a literal names.
fn variant(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn variable(name: &str) -> String {
    match name {
        "" => "the item".to_owned(),
        "$flagd.timestamp" => "the time".to_owned(),
        "$flagd.flagKey" => "the flag's key".to_owned(),
        _ => name.to_owned(),
    }
}

/// How a reader writes the operator between two values.
fn sign(operator: &str) -> Option<&'static str> {
    Some(match operator {
        "==" | "===" | "=" => "is",
        "!=" | "!==" => "is not",
        "<" => "<",
        "<=" => "≤",
        ">" => ">",
        ">=" => "≥",
        "+" => "+",
        "-" => "-",
        "*" => "×",
        "/" => "÷",
        "%" => "modulo",
        _ => return None,
    })
}

/// True if the text can stand among words without quotes.
fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|letter| !letter.is_whitespace() && !letter.is_control() && !"\"(),".contains(letter))
}

/// A share with as many digits as tell it from none and from all.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let digits = (0..=4).find(|digits| {
        let scale = 10_f64.powi(*digits);
        ((percent * scale).round() / scale - percent).abs() < 0.000_05
    });
    format!("{percent:.*}%", usize::try_from(digits.unwrap_or(2)).unwrap_or_default())
}
