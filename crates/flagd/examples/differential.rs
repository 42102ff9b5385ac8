//! Random flags and contexts with our answers, one JSON line each, for another implementation to compare with its own.
//!
//! `cargo run -p flagd --example differential -- COUNT SEED`

use std::io::{BufWriter, Write};

use flagd::{Bucketing, Context, Document};
use serde_json::{Value, json};

const NOW: u64 = 1_790_000_000;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>().unwrap_or_default());
    let (count, seed) = (arguments.next().unwrap_or(1000), arguments.next().unwrap_or(1));
    // `v3` as a third argument asks for the other bucketing.
    let bucketing = if std::env::args().nth(3).as_deref() == Some("v3") { Bucketing::V3 } else { Bucketing::V2 };
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut out = BufWriter::new(std::io::stdout().lock());
    for _ in 0..count {
        let document = json!({
            "flags": { "flag": dice.flag() },
            "$evaluators": { "internal": { "ends_with": [{ "var": "email" }, "@acme.test"] } },
        });
        let context = dice.context();
        writeln!(out, "{}", line(&document, &context, bucketing))?;
    }
    out.flush()
}

fn line(document: &Value, context: &Value, bucketing: Bucketing) -> Value {
    let read = Document::read(document.to_string().as_bytes());
    let answer = match (&read, Context::from_value(context, NOW)) {
        (Ok((document, _)), Ok(context)) => match document.compile(bucketing).evaluate("flag", &context) {
            Ok(found) => json!({ "variant": found.variant, "reason": found.reason }),
            Err(failure) => json!({ "error": failure.code, "message": failure.message }),
        },
        (Err(problem), _) => json!({ "error": "PARSE_ERROR", "message": problem.to_string() }),
        (_, Err(failure)) => json!({ "error": failure.code, "message": failure.message }),
    };
    json!({ "document": document, "context": context, "now": NOW, "answer": answer })
}

/// Marsaglia's xorshift.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % sides
    }

    fn one_of<T: Clone + Default>(&mut self, choices: &[T]) -> T {
        let roll = self.roll(choices.len());
        choices.get(roll).cloned().unwrap_or_default()
    }

    fn flag(&mut self) -> Value {
        let mut flag = json!({
            "state": if self.roll(20) == 0 { "DISABLED" } else { "ENABLED" },
            "variants": { "on": 1, "off": 2, "true": 3, "false": 4, "red": 5 },
        });
        if let Some(fields) = flag.as_object_mut() {
            if self.roll(5) > 0 {
                fields.insert("defaultVariant".to_owned(), json!("off"));
            }
            if self.roll(15) > 0 {
                fields.insert("targeting".to_owned(), self.variant(4));
            }
        }
        flag
    }

    /// A rule that gives a variant, or what might be one.
    fn variant(&mut self, depth: usize) -> Value {
        match self.roll(10) {
            0..=3 if depth > 0 => {
                json!({ "if": [self.condition(depth - 1), self.leaf_or_variant(depth - 1), self.leaf_or_variant(depth - 1)] })
            }
            4 if depth > 0 => json!({ "if": [
                self.condition(depth - 1), self.leaf_or_variant(depth - 1),
                self.condition(depth - 1), self.leaf_or_variant(depth - 1), self.leaf_or_variant(depth - 1)] }),
            5 if depth > 0 => json!({ "if": [self.condition(depth - 1), self.leaf_or_variant(depth - 1)] }),
            6 => self.condition(depth),
            7 => json!({ "var": self.name() }),
            _ => self.fractional(depth),
        }
    }

    fn leaf_or_variant(&mut self, depth: usize) -> Value {
        if depth > 0 && self.roll(3) == 0 { self.variant(depth) } else { self.leaf() }
    }

    fn leaf(&mut self) -> Value {
        self.one_of(&[json!("on"), json!("off"), json!("red"), json!(true), json!(false), Value::Null, json!("purple")])
    }

    fn fractional(&mut self, depth: usize) -> Value {
        let mut arguments = Vec::new();
        if self.roll(2) == 0 {
            arguments.push(if self.roll(4) == 0 {
                json!({ "cat": [{ "var": "$flagd.flagKey" }, { "var": ["email", ""] }] })
            } else {
                json!({ "var": self.name() })
            });
        }
        for _ in 0..=self.roll(3) {
            let variant = self.leaf_or_variant(depth.saturating_sub(2));
            arguments.push(match self.roll(8) {
                0 => json!([variant]),
                1 => json!([variant, { "-": [{ "var": "age" }, 30] }]),
                2 => json!([variant, self.number(1)]),
                _ => json!([variant, self.roll(100)]),
            });
        }
        json!({ "fractional": arguments })
    }

    fn condition(&mut self, depth: usize) -> Value {
        let depth = depth.saturating_sub(1);
        match self.roll(18) {
            0..=2 => {
                // flagd and its JavaScript evaluator differ on null, which to the latter equals 0 and false.
                let right = if self.roll(2) == 0 { self.scalar() } else { self.text(depth) };
                let left =
                    self.one_of(&["targetingKey", "email", "country", "age", "plan", "beta", "org.name", "version"]);
                json!({ self.one_of(&["==", "!="]): [{ "var": left }, right] })
            }
            16 => json!({ self.one_of(&["===", "!=="]): [{ "var": self.name() }, self.any(depth)] }),
            3 | 4 => {
                let operator = self.one_of(&["<", "<=", ">", ">="]);
                json!({ operator: [self.number(depth), self.number(depth)] })
            }
            5 => json!({ self.one_of(&["<", "<="]): [self.number(0), self.number(depth), self.number(0)] }),
            6 => json!({ "in": [self.text(depth), ["pt", "ada@acme.test", 7, "on"]] }),
            7 => json!({ "in": [self.text(0), { "cat": ["pt,", self.text(depth)] }] }),
            8 => json!({ self.one_of(&["starts_with", "ends_with"]): [self.any(depth), self.text(0)] }),
            9 => {
                json!({ "sem_ver": [self.version(), self.one_of(&["=", "!=", "<", "<=", ">", ">=", "^", "~"]), self.version()] })
            }
            10 | 11 if depth > 0 => {
                json!({ self.one_of(&["and", "or"]): [self.condition(depth), self.condition(depth)] })
            }
            12 if depth > 0 => json!({ self.one_of(&["!", "!!"]): [self.any(depth)] }),
            13 => json!({ "$ref": "internal" }),
            14 => {
                json!({ self.one_of(&["some", "all", "none"]): [{ "var": ["tags", []] }, { "==": [{ "var": "" }, "beta"] }] })
            }
            15 => json!({ "missing": [self.name(), self.name()] }),
            _ => json!({ "var": self.name() }),
        }
    }

    fn any(&mut self, depth: usize) -> Value {
        match self.roll(6) {
            0 => self.scalar(),
            1 | 2 => self.text(depth),
            3 | 4 => self.number(depth),
            _ if depth > 0 => self.condition(depth),
            _ => json!({ "var": self.name() }),
        }
    }

    fn text(&mut self, depth: usize) -> Value {
        match self.roll(5) {
            0 if depth > 0 => json!({ "cat": [self.text(depth - 1), self.text(depth - 1)] }),
            1 if depth > 0 => json!({ "substr": [self.text(depth - 1), self.small()] }),
            2 if depth > 0 => json!({ "substr": [self.text(depth - 1), self.small(), self.small()] }),
            0..=2 => json!({ "var": [self.one_of(&["email", "country", "targetingKey"]), ""] }),
            _ => self.one_of(&[json!("pt"), json!("ada"), json!(".test"), json!(""), json!("on"), json!("Zoë ✓")]),
        }
    }

    fn number(&mut self, depth: usize) -> Value {
        match self.roll(6) {
            0 if depth > 0 => {
                json!({ self.one_of(&["+", "-", "*", "/", "%", "min", "max"]): [self.number(depth - 1), self.number(depth - 1)] })
            }
            1 if depth > 0 => {
                json!({ "reduce": [{ "var": "scores" }, { "+": [{ "var": "current" }, { "var": "accumulator" }] }, 0] })
            }
            2 => json!({ "var": "$flagd.timestamp" }),
            3 | 4 => json!({ "var": self.one_of(&["age", "seats", "org.size"]) }),
            _ => self.one_of(&[json!(7), json!(18), json!(42), json!(-3), json!(2.5), json!("42")]),
        }
    }

    fn small(&mut self) -> Value {
        self.one_of(&[json!(0), json!(1), json!(3), json!(-2), json!(100)])
    }

    fn version(&mut self) -> Value {
        match self.roll(3) {
            0 => json!({ "var": "version" }),
            _ => self.one_of(&[
                json!("1.2.3"),
                json!("v1.2.0"),
                json!("1"),
                json!("1.2"),
                json!("2.0.0-rc.1"),
                json!("2.0.0+b"),
                json!("2.0.0.0"),
                json!("x"),
                json!(1),
                json!(1.2),
                json!("V2.0.0"),
                json!("01.0.0"),
                json!(""),
            ]),
        }
    }

    fn scalar(&mut self) -> Value {
        self.one_of(&[json!(true), json!(1), json!(42), json!("42"), json!("pt"), json!("team"), json!("")])
    }

    fn name(&mut self) -> &'static str {
        self.one_of(&[
            "targetingKey",
            "email",
            "country",
            "age",
            "plan",
            "beta",
            "missing",
            "org.size",
            "org.name",
            "tags",
            "tags.0",
            "version",
            "seats",
        ])
    }

    fn context(&mut self) -> Value {
        let mut context = serde_json::Map::new();
        let fields: [(&str, &[Value]); 9] = [
            ("targetingKey", &[json!("ada"), json!("user-17"), json!("b2"), json!("")]),
            ("email", &[json!("ada@acme.test"), json!("bob@other.test"), json!(7)]),
            ("country", &[json!("pt"), json!("de"), json!("")]),
            ("age", &[json!(17), json!(42), json!("42"), json!("old"), json!(30.5)]),
            ("plan", &[json!("team"), json!("free")]),
            ("beta", &[json!(true), json!(false), json!("true")]),
            ("version", &[json!("1.2.3"), json!("2.0.0-rc.2"), json!("1.9"), json!(2), json!("v2")]),
            ("tags", &[json!(["beta", "on"]), json!([])]),
            ("org", &[json!({ "size": 250, "name": "Acme" }), json!({}), json!("Acme")]),
        ];
        for (name, values) in fields {
            if self.roll(4) > 0 {
                context.insert(name.to_owned(), self.one_of(values));
            }
        }
        if self.roll(2) == 0 {
            context.insert("scores".to_owned(), self.one_of(&[json!([1, 2, 3]), json!([]), json!([1, "2"])]));
            context.insert("seats".to_owned(), json!(self.roll(100)));
        }
        Value::Object(context)
    }
}
