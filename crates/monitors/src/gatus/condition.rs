//! Gatus' conditions as what is wanted of an answer.
//!
//! Two differences are small enough to be left: Gatus cuts numbers with a fraction to whole ones before it compares
//! their size, and takes a text that is no number for 0 where an assertion here fails.

use std::collections::BTreeMap;

use checks::{Assertion, Relation, StatusRange, Subject};

use super::environment;
use crate::text;

/// What may be asked of an answer, by the sort of check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Http,
    Tcp,
    Tls,
    Dns,
    Icmp,
    Grpc,
    WebSocket,
}

/// What the conditions of an endpoint come to.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    statuses: Vec<Comparison>,
    rcodes: Vec<Comparison>,
    pub(super) assertions: Vec<Assertion>,
    pub(super) days_left: u32,
    pub(super) body: bool,
}

/// The response codes that name servers give (RFC 1035 and 2136).
const RCODES: [&str; 11] = [
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH",
    "NOTZONE",
];

impl Wanted {
    /// The statuses that meet all conditions; any if there is none.
    pub(super) fn status(&self) -> Result<Vec<StatusRange>, String> {
        let holds = |status: u16| self.statuses.iter().all(|comparison| comparison.holds(&status.to_string()));
        let ranges = text::ranges(holds).ok_or("the conditions on the status make too many ranges")?;
        if ranges.is_empty() { Err("no status meets the conditions".to_owned()) } else { Ok(ranges) }
    }

    /// The response codes that meet all conditions.
    pub(super) fn rcodes(&self) -> Vec<String> {
        let holds = |rcode: &&str| self.rcodes.iter().all(|comparison| comparison.holds(rcode));
        RCODES.into_iter().filter(holds).map(str::to_owned).collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    AtMost,
    AtLeast,
    Greater,
    Less,
}

impl Operator {
    /// In the order in which Gatus looks for them.
    const ALL: [(&str, Self); 6] = [
        (" == ", Self::Equal),
        (" != ", Self::NotEqual),
        (" <= ", Self::AtMost),
        (" >= ", Self::AtLeast),
        (" > ", Self::Greater),
        (" < ", Self::Less),
    ];

    fn turned(self) -> Self {
        match self {
            Self::Equal | Self::NotEqual => self,
            Self::AtMost => Self::AtLeast,
            Self::AtLeast => Self::AtMost,
            Self::Greater => Self::Less,
            Self::Less => Self::Greater,
        }
    }
}

#[derive(Debug)]
struct Comparison {
    operator: Operator,
    to: Operand,
}

#[derive(Debug)]
enum Operand {
    Text(String),
    Pattern(String),
    Any(Vec<String>),
}

impl Operand {
    fn of(text: &str) -> Self {
        let inner = |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(')'));
        if let Some(pattern) = inner("pat(") {
            Self::Pattern(pattern.to_owned())
        } else if let Some(options) = inner("any(") {
            Self::Any(options.split(',').map(|option| option.trim().to_owned()).collect())
        } else {
            Self::Text(text.to_owned())
        }
    }
}

impl Comparison {
    /// The verdict on a known text: a status or a response code.
    fn holds(&self, text: &str) -> bool {
        let equal = || match &self.to {
            Operand::Text(other) => text == other || number(other).is_some_and(|number| number.to_string() == text),
            Operand::Pattern(glob) => regex::Regex::new(&from_glob(glob)).is_ok_and(|pattern| pattern.is_match(text)),
            Operand::Any(options) => options.iter().any(|option| option == text),
        };
        let size = || (text.parse().unwrap_or(0), self.size());
        match self.operator {
            Operator::Equal => equal(),
            Operator::NotEqual => !equal(),
            Operator::AtMost => size().0 <= size().1,
            Operator::AtLeast => size().0 >= size().1,
            Operator::Greater => size().0 > size().1,
            Operator::Less => size().0 < size().1,
        }
    }

    /// What Gatus compares sizes with: a duration in milliseconds, a whole number, or 0.
    fn size(&self) -> i64 {
        match &self.to {
            Operand::Text(text) => size(text).unwrap_or(0),
            Operand::Pattern(_) | Operand::Any(_) => 0,
        }
    }

    /// True if a time can be compared so: with one number of milliseconds, as long as a check may take.
    fn is_of_a_time(&self) -> bool {
        let is_number = match &self.to {
            Operand::Text(to) => !matches!(self.operator, Operator::Equal | Operator::NotEqual) || number(to).is_some(),
            Operand::Any(_) | Operand::Pattern(_) => false,
        };
        is_number && (1..=600_000).contains(&self.size())
    }

    /// As what must hold of a subject's text.
    fn relation(&self) -> Result<Option<Relation>, String> {
        let text = |text: &str| number(text).map_or_else(|| text.to_owned(), |number| number.to_string());
        Ok(Some(match (self.operator, &self.to) {
            (Operator::Equal, Operand::Text(to)) => Relation::Equals(text(to)),
            (Operator::NotEqual, Operand::Text(to)) => Relation::NotEquals(text(to)),
            (Operator::Equal, Operand::Any(options)) => Relation::OneOf(options.clone()),
            (Operator::NotEqual, Operand::Any(options)) => Relation::NoneOf(options.clone()),
            (Operator::Equal, Operand::Pattern(glob)) if glob == "*" => return Ok(None),
            (Operator::Equal, Operand::Pattern(glob)) => Relation::Matches(checked(from_glob(glob))?),
            (Operator::NotEqual, Operand::Pattern(glob)) => Relation::NotMatches(checked(from_glob(glob))?),
            (Operator::AtMost, _) => Relation::AtMost(self.size().to_string()),
            (Operator::AtLeast, _) => Relation::AtLeast(self.size().to_string()),
            (Operator::Greater, _) => Relation::GreaterThan(self.size().to_string()),
            (Operator::Less, _) => Relation::LessThan(self.size().to_string()),
        }))
    }

    /// As what must hold of the body, of which Gatus looks at neither the white space before nor that behind.
    fn relation_of_body(&self) -> Result<Option<Relation>, String> {
        let exactly = |texts: &[String]| {
            let texts: Vec<String> = texts.iter().map(|text| regex::escape(text)).collect();
            checked(format!(r"\A\s*(?:{})\s*\z", texts.join("|")))
        };
        Ok(Some(match (self.operator, &self.to) {
            (Operator::Equal, Operand::Text(to)) => Relation::Matches(exactly(std::slice::from_ref(to))?),
            (Operator::NotEqual, Operand::Text(to)) => Relation::NotMatches(exactly(std::slice::from_ref(to))?),
            (Operator::Equal, Operand::Any(options)) => Relation::Matches(exactly(options)?),
            (Operator::NotEqual, Operand::Any(options)) => Relation::NotMatches(exactly(options)?),
            (_, Operand::Text(_) | Operand::Pattern(_) | Operand::Any(_)) => return self.relation(),
        }))
    }
}

/// Reads one condition and adds it to what is wanted. Gives what is changed by it, if anything is.
///
/// # Errors
/// Why it can't be said here.
pub(super) fn add(
    condition: &str,
    sort: Sort,
    context: &BTreeMap<String, String>,
    wanted: &mut Wanted,
) -> Result<Option<String>, String> {
    let condition = environment::plain(condition)
        .map_err(|name| format!("the variable {name} is not known; give its value when importing"))?;
    let found = Operator::ALL.into_iter().find_map(|(sign, operator)| {
        let (left, right) = condition.split_once(sign)?;
        Some((left.trim(), operator, right.trim()))
    });
    let (left, operator, right) = found.ok_or("it is no condition: there is no operator with a space on each side")?;
    let (left, right) = (filled(left, context)?, filled(right, context)?);
    let (subject, operator, to) = match (is_placeholder(&left), is_placeholder(&right)) {
        (true, false) => (left, operator, right),
        (false, true) => (right, operator.turned(), left),
        (true, true) => return Err("two parts of one answer can't be compared with each other here".to_owned()),
        (false, false) => return Err("it is about nothing of the answer".to_owned()),
    };
    one(&subject, Comparison { operator, to: Operand::of(&to) }, sort, wanted)
}

fn is_placeholder(text: &str) -> bool {
    let inner = unwrapped(text).1.to_uppercase();
    const WORDS: [&str; 8] = [
        "[STATUS]",
        "[RESPONSE_TIME]",
        "[IP]",
        "[CONNECTED]",
        "[CERTIFICATE_EXPIRATION]",
        "[DOMAIN_EXPIRATION]",
        "[DNS_RCODE]",
        "[BODY]",
    ];
    WORDS.contains(&inner.as_str()) || inner.starts_with("[BODY].") || inner.starts_with("[BODY][")
}

fn unwrapped(text: &str) -> (&str, &str) {
    let inner = |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(')'));
    match (inner("len("), inner("has(")) {
        (Some(inner), _) => ("len", inner.trim()),
        (None, Some(inner)) => ("has", inner.trim()),
        (None, None) => ("", text),
    }
}

/// The side of a condition with the suite's constant in its place.
fn filled(side: &str, context: &BTreeMap<String, String>) -> Result<String, String> {
    let Some(name) = side.strip_prefix("[CONTEXT].") else { return Ok(side.to_owned()) };
    context.get(name).cloned().ok_or_else(|| {
        format!("the value \"{name}\" is remembered from another step, and can't be compared with an answer here")
    })
}

fn one(subject: &str, comparison: Comparison, sort: Sort, wanted: &mut Wanted) -> Result<Option<String>, String> {
    let (function, inner) = unwrapped(subject);
    let word = inner.to_uppercase();
    if let Some(path) = inner.get(6..).filter(|_| word.starts_with("[BODY]")) {
        return body(path, function, &comparison, sort, wanted);
    }
    if !function.is_empty() {
        return Err(format!("{function}() is known of the body alone"));
    }
    let not_known = |of: &str| Err(format!("{of} is not known of this sort of check"));
    let of = match word.as_str() {
        "[STATUS]" if sort == Sort::Http => {
            wanted.statuses.push(comparison);
            return Ok(None);
        }
        "[STATUS]" => return not_known("a status"),
        "[DNS_RCODE]" if sort == Sort::Dns => {
            wanted.rcodes.push(comparison);
            return Ok(None);
        }
        "[DNS_RCODE]" => return not_known("a response code"),
        "[CONNECTED]" => return connected(&comparison),
        "[CERTIFICATE_EXPIRATION]" => return certificate(&comparison, sort, wanted),
        "[RESPONSE_TIME]" if !comparison.is_of_a_time() => {
            return Err("a time is compared with one number of milliseconds here, up to ten minutes".to_owned());
        }
        "[RESPONSE_TIME]" => Subject::ResponseTime,
        "[IP]" => Subject::Address,
        _ => return Err("when a domain's registration ends is not checked here".to_owned()),
    };
    wanted.assertions.extend(comparison.relation()?.map(|is| Assertion { of, is }));
    Ok(None)
}

/// That there is a connection is part of every check.
fn connected(comparison: &Comparison) -> Result<Option<String>, String> {
    match (comparison.operator, &comparison.to) {
        (Operator::Equal, Operand::Text(to)) if to == "true" => Ok(None),
        (Operator::NotEqual, Operand::Text(to)) if to == "false" => Ok(None),
        _ => Err("a check here wants a connection".to_owned()),
    }
}

/// A certificate's time, in whole days.
fn certificate(comparison: &Comparison, sort: Sort, wanted: &mut Wanted) -> Result<Option<String>, String> {
    const DAY_MS: i64 = 86_400_000;
    if !matches!(sort, Sort::Http | Sort::Tls) {
        return Err("a certificate is not known of this sort of check".to_owned());
    }
    let size = comparison.size();
    let days = size.div_euclid(DAY_MS) + i64::from(size.rem_euclid(DAY_MS) > 0);
    match comparison.operator {
        Operator::Greater | Operator::AtLeast if sort == Sort::Tls => {
            wanted.days_left = wanted.days_left.max(u32::try_from(days).unwrap_or(0));
        }
        Operator::Greater | Operator::AtLeast => {
            let is = Relation::AtLeast(days.to_string());
            wanted.assertions.push(Assertion { of: Subject::CertificateDays, is });
        }
        Operator::Less | Operator::AtMost | Operator::Equal | Operator::NotEqual => {
            return Err("a certificate that should end soon is not checked here".to_owned());
        }
    }
    let rounded = || format!("certificates are counted in whole days here: at least {days} must be left");
    Ok((size.rem_euclid(DAY_MS) != 0).then(rounded))
}

fn body(
    path: &str,
    function: &str,
    comparison: &Comparison,
    sort: Sort,
    wanted: &mut Wanted,
) -> Result<Option<String>, String> {
    if matches!(sort, Sort::Icmp | Sort::Grpc | Sort::Tls) {
        let serving = matches!(&comparison.to, Operand::Text(to) if to == "SERVING");
        if sort == Sort::Grpc && serving && comparison.operator == Operator::Equal {
            return Ok(None);
        }
        return Err("this sort of check has no body".to_owned());
    }
    wanted.body = true;
    let mut push = |of: Subject, is: Option<Relation>| wanted.assertions.extend(is.map(|is| Assertion { of, is }));
    if sort == Sort::Dns {
        if !path.is_empty() || !function.is_empty() {
            return Err("the answer of a name server has no parts here".to_owned());
        }
        push(Subject::Answer, comparison.relation_of_answer()?);
        return Ok(None);
    }
    match function {
        "has" => {
            let wants_it = match (comparison.operator, &comparison.to) {
                (Operator::Equal, Operand::Text(to)) if to == "true" => true,
                (Operator::NotEqual, Operand::Text(to)) if to == "false" => true,
                (Operator::Equal, Operand::Text(to)) if to == "false" => false,
                (Operator::NotEqual, Operand::Text(to)) if to == "true" => false,
                _ => return Err("has() is true or false".to_owned()),
            };
            let is = if wants_it { Relation::Exists } else { Relation::Missing };
            if path.is_empty() {
                let is = if wants_it { Relation::GreaterThan("0".into()) } else { Relation::Equals("0".into()) };
                push(Subject::BodySize, Some(is));
            } else {
                push(Subject::Json(json_path(path)?), Some(is));
            }
        }
        "len" if path.is_empty() => {
            push(Subject::JsonLength("$".to_owned()), comparison.relation()?);
            return Ok(Some("the body must be JSON here; its items, keys or characters are counted".to_owned()));
        }
        "len" => push(Subject::JsonLength(json_path(path)?), comparison.relation()?),
        _ if path.is_empty() => push(Subject::Body, comparison.relation_of_body()?),
        _ => push(Subject::Json(json_path(path)?), comparison.relation()?),
    }
    Ok(None)
}

impl Comparison {
    /// As what must hold of a name server's records, one a line: Gatus looks at the data of the first alone.
    fn relation_of_answer(&self) -> Result<Option<Relation>, String> {
        let line = |texts: &[String]| {
            let texts: Vec<String> = texts.iter().map(|text| regex::escape(text)).collect();
            checked(format!(r"(?m)(?:^|\s)(?:{})\.?$", texts.join("|")))
        };
        Ok(Some(match (self.operator, &self.to) {
            (Operator::Equal, Operand::Text(to)) => Relation::Matches(line(std::slice::from_ref(to))?),
            (Operator::NotEqual, Operand::Text(to)) => Relation::NotMatches(line(std::slice::from_ref(to))?),
            (Operator::Equal, Operand::Any(options)) => Relation::Matches(line(options)?),
            (Operator::NotEqual, Operand::Any(options)) => Relation::NotMatches(line(options)?),
            (Operator::Equal, Operand::Pattern(glob)) if glob == "*" => return Ok(None),
            (Operator::Equal, Operand::Pattern(glob)) => {
                Relation::Matches(checked(format!(r"(?m)(?:^|\s){}\.?$", glob_inside(glob, false)))?)
            }
            (Operator::NotEqual, Operand::Pattern(glob)) => {
                Relation::NotMatches(checked(format!(r"(?m)(?:^|\s){}\.?$", glob_inside(glob, false)))?)
            }
            (_, Operand::Text(_) | Operand::Pattern(_) | Operand::Any(_)) => {
                return Err("records have no size".to_owned());
            }
        }))
    }
}

/// A path of Gatus as JSONPath (RFC 9535): `.data[0].name` is `$['data'][0]['name']`, shortened where it can be.
pub(super) fn json_path(path: &str) -> Result<String, String> {
    let mut out = "$".to_owned();
    for key in path.split('.').filter(|key| !key.is_empty()) {
        let start = key.find('[').unwrap_or(key.len());
        let (name, indexes) = key.split_at_checked(start).unwrap_or((key, ""));
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii());
        if plain && !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty() {
            out.push('.');
            out.push_str(name);
        } else if name.chars().any(char::is_control) {
            return Err("the path has a control character".to_owned());
        } else if !name.is_empty() {
            out.push_str(&format!("['{}']", name.replace('\\', r"\\").replace('\'', r"\'")));
        }
        for index in indexes.split('[').skip(1) {
            let index = index.strip_suffix(']').ok_or("the path can't be read")?;
            if index == "*" {
                return Err("that something holds of every item can't be said here".to_owned());
            }
            let index: u32 = index.parse().map_err(|_| "an index of the path is no number")?;
            out.push_str(&format!("[{index}]"));
        }
    }
    Ok(out)
}

/// Go's `strconv.ParseInt` with base 0.
fn number(text: &str) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let of = |prefix: [&str; 2], radix| {
        let digits = prefix.iter().find_map(|prefix| digits.strip_prefix(prefix))?;
        i64::from_str_radix(digits, radix).ok()
    };
    let found = of(["0x", "0X"], 16).or_else(|| of(["0o", "0O"], 8)).or_else(|| of(["0b", "0B"], 2));
    found.or_else(|| digits.parse().ok()).map(|number: i64| number * sign)
}

fn size(text: &str) -> Option<i64> {
    let duration = text::duration_ms(text).filter(|ms| *ms > 0).and_then(|ms| i64::try_from(ms).ok());
    duration.or_else(|| number(text)).or_else(|| text.parse::<f64>().ok().map(|number| number as i64))
}

/// A pattern of Gatus as a regular expression. Gatus takes every `/` out of both sides before it compares.
fn from_glob(glob: &str) -> String {
    format!(r"(?s)\A\s*{}\s*\z", glob_inside(glob, true))
}

fn glob_inside(glob: &str, lines: bool) -> String {
    let mut out = String::new();
    let mut chars = glob.chars();
    while let Some(c) = chars.next() {
        match c {
            '*' if lines => out.push_str(".*"),
            '*' => out.push_str(r"\S*"),
            '?' => out.push('.'),
            '/' => out.push_str("/*"),
            '\\' => out.push_str(&regex::escape(&chars.next().unwrap_or('\\').to_string())),
            '[' => {
                let class: String = chars.by_ref().take_while(|c| *c != ']').collect();
                let (not, class) = class.strip_prefix('^').map_or(("", class.as_str()), |class| ("^", class));
                out.push_str(&format!("[{not}{}]", class.replace('\\', r"\\").replace('[', r"\[").replace('&', r"\&")));
            }
            c => out.push_str(&regex::escape(&c.to_string())),
        }
    }
    out
}

fn checked(pattern: String) -> Result<String, String> {
    checks::pattern(&pattern).map(|_| pattern)
}
