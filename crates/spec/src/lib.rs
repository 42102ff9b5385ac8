//! Reads the `spec` of a declared document, and says everything that is wrong with it at once.
//!
//! An area that has declared things (`kind: Check`, `kind: Rotation`) opens its `spec` as [`Fields`], takes each value
//! with a reader from [`read`], and builds its definition of what came out. Whatever is wrong on the way (an unknown
//! key, a value of another form, a missing field) is collected in [`Problems`] with its place and, where one can be
//! guessed, with what was probably meant.

pub mod read;

use std::cell::RefCell;

use kernel::closest;
use serde_json::{Map, Value};

/// One thing that is wrong in a `spec`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecProblem {
    /// Where, as a JSON pointer (RFC 6901) into the document.
    pub pointer: String,
    /// What is wrong, and what is wanted.
    pub message: String,
    /// What was probably meant.
    pub suggestion: Option<String>,
}

/// Why a value can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// What is wrong, and what is wanted.
    pub message: String,
    /// What was probably meant.
    pub suggestion: Option<String>,
}

impl Wrong {
    /// Wrong in this way.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), suggestion: None }
    }

    /// The same, with what was probably meant.
    #[must_use]
    pub fn suggesting(mut self, suggestion: Option<impl Into<String>>) -> Self {
        self.suggestion = suggestion.map(Into::into);
        self
    }
}

/// Everything that is wrong in one `spec`, in the order in which it was found.
#[derive(Debug, Default)]
pub struct Problems(RefCell<Vec<SpecProblem>>);

impl Problems {
    /// Adds one.
    pub fn add(&self, pointer: impl Into<String>, wrong: Wrong) {
        let Wrong { message, suggestion } = wrong;
        self.0.borrow_mut().push(SpecProblem { pointer: pointer.into(), message, suggestion });
    }

    /// What was read, if nothing was wrong.
    ///
    /// # Errors
    /// Everything that was.
    pub fn or<T>(self, read: Option<T>) -> Result<T, Vec<SpecProblem>> {
        let problems = self.0.into_inner();
        match read {
            Some(read) if problems.is_empty() => Ok(read),
            Some(_) | None => Err(problems),
        }
    }
}

/// The fields of a `spec`, or of an object in it.
#[derive(Debug)]
pub struct Fields<'a> {
    values: &'a Map<String, Value>,
    pointer: String,
    problems: &'a Problems,
}

impl<'a> Fields<'a> {
    /// Opens a whole `spec`. Fields that aren't among `keys` are problems.
    pub fn of_spec(spec: &'a Value, keys: &[&str], problems: &'a Problems) -> Option<Self> {
        Self::open(spec, "/spec".to_owned(), keys, problems)
    }

    fn open(value: &'a Value, pointer: String, keys: &[&str], problems: &'a Problems) -> Option<Self> {
        let Some(values) = value.as_object() else {
            problems.add(pointer, Wrong::new(format!("must be an object with {}", keys.join(", "))));
            return None;
        };
        let fields = Self { values, pointer, problems };
        for unknown in values.keys().filter(|key| !keys.contains(&key.as_str())) {
            let wrong = Wrong::new(format!("is not known here; known are {}", keys.join(", ")));
            fields.wrong(unknown, wrong.suggesting(closest(unknown, keys.iter().copied())));
        }
        Some(fields)
    }

    /// The place of a field.
    #[must_use]
    pub fn pointer(&self, key: &str) -> String {
        format!("{}/{}", self.pointer, key.replace('~', "~0").replace('/', "~1"))
    }

    /// Says that a field is wrong.
    pub fn wrong(&self, key: &str, wrong: Wrong) {
        self.problems.add(self.pointer(key), wrong);
    }

    fn value(&self, key: &str) -> Option<&'a Value> {
        self.values.get(key).filter(|value| !value.is_null())
    }

    /// A field that must be there.
    pub fn required<T>(&self, key: &str, read: impl FnOnce(&Value) -> Result<T, Wrong>) -> Option<T> {
        if self.value(key).is_none() {
            self.wrong(key, Wrong::new("is missing"));
        }
        self.optional(key, read)
    }

    /// A field that may be left out.
    pub fn optional<T>(&self, key: &str, read: impl FnOnce(&Value) -> Result<T, Wrong>) -> Option<T> {
        read(self.value(key)?).map_err(|wrong| self.wrong(key, wrong)).ok()
    }

    /// A list that may be left out, of at most `max` items. Items that can't be read are problems and left out.
    pub fn list<T>(&self, key: &str, max: usize, read: impl Fn(&Value) -> Result<T, Wrong>) -> Vec<T> {
        let item = |(at, item)| read(item).map_err(|wrong| self.problems.add(self.item_pointer(key, at), wrong)).ok();
        self.items(key, max).iter().enumerate().filter_map(item).collect()
    }

    /// A list of objects that may be left out, of at most `max` items. Fields of them that aren't among `keys` are
    /// problems.
    pub fn objects(&self, key: &str, max: usize, keys: &[&str]) -> Vec<Self> {
        let items = self.items(key, max).iter().enumerate();
        items.filter_map(|(at, item)| Self::open(item, self.item_pointer(key, at), keys, self.problems)).collect()
    }

    /// An object of names and values that may be left out, of at most `max` pairs, in the order given.
    pub fn pairs<T>(&self, key: &str, max: usize, read: impl Fn(&str, &Value) -> Result<T, Wrong>) -> Vec<(String, T)> {
        let Some(at) = self.entries(key, max) else { return Vec::new() };
        let pair = |(name, value): (&String, &Value)| {
            let value = read(name, value).map_err(|wrong| at.wrong(name, wrong)).ok()?;
            Some((name.clone(), value))
        };
        at.values.iter().filter_map(pair).collect()
    }

    /// An object of names and objects that may be left out, of at most `max` pairs, in the order given. Fields of the
    /// inner objects that aren't among `keys` are problems.
    pub fn named(&self, key: &str, max: usize, keys: &[&str]) -> Vec<(&'a str, Self)> {
        let Some(at) = self.entries(key, max) else { return Vec::new() };
        let named = |(name, value): (&'a String, &'a Value)| {
            Some((name.as_str(), Self::open(value, at.pointer(name), keys, self.problems)?))
        };
        at.values.iter().filter_map(named).collect()
    }

    fn item_pointer(&self, key: &str, at: usize) -> String {
        format!("{}/{at}", self.pointer(key))
    }

    fn items(&self, key: &str, max: usize) -> &'a [Value] {
        let Some(value) = self.value(key) else { return &[] };
        let Some(items) = value.as_array() else {
            self.wrong(key, Wrong::new("must be a list"));
            return &[];
        };
        if items.len() > max {
            self.wrong(key, Wrong::new(format!("has {} items; at most {max} are allowed", items.len())));
            return &[];
        }
        items
    }

    fn entries(&self, key: &str, max: usize) -> Option<Self> {
        let Some(values) = self.value(key)?.as_object().filter(|pairs| pairs.len() <= max) else {
            self.wrong(key, Wrong::new(format!("must be an object of at most {max} names and values")));
            return None;
        };
        Some(Self { values, pointer: self.pointer(key), problems: self.problems })
    }

    /// An object in this one that may be left out. Fields of it that aren't among `keys` are problems.
    pub fn nested(&self, key: &str, keys: &[&str]) -> Option<Self> {
        Self::open(self.value(key)?, self.pointer(key), keys, self.problems)
    }

    /// An object in this one that must be there.
    pub fn required_nested(&self, key: &str, keys: &[&str]) -> Option<Self> {
        if self.value(key).is_none() {
            self.wrong(key, Wrong::new("is missing"));
        }
        self.nested(key, keys)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn everything_that_is_wrong_is_said_at_once_with_its_place() {
        let spec = json!({"nmae": "x", "wait": "soon", "count": 9, "inner": {"who": "a b"}, "list": ["ok", 3]});
        let problems = Problems::default();
        let fields = Fields::of_spec(&spec, &["name", "wait", "count", "inner", "list"], &problems).unwrap();
        assert_eq!(fields.required("name", read::text(10)), None);
        assert_eq!(fields.optional("wait", read::duration_ms(1, 1000)), None);
        assert_eq!(fields.optional("count", read::whole(1, 5)), None);
        let inner = fields.nested("inner", &["who"]).unwrap();
        assert_eq!(inner.optional("who", read::reference(Some("user"), "default")), None);
        assert_eq!(fields.list("list", 5, read::text(10)), ["ok"]);
        let found = problems.or(Some(())).unwrap_err();
        let pointers: Vec<&str> = found.iter().map(|problem| problem.pointer.as_str()).collect();
        assert_eq!(
            pointers,
            ["/spec/nmae", "/spec/name", "/spec/wait", "/spec/count", "/spec/inner/who", "/spec/list/1"]
        );
        assert_eq!(found[0].suggestion.as_deref(), Some("name"));
    }

    #[test]
    fn what_is_wrong_in_an_object_of_a_list_or_under_a_name_has_its_place() {
        let spec = json!({"list": [{"name": "ok"}, 3, {"nam": "x"}], "by": {"one": {"name": "ok"}, "two": 2}});
        let problems = Problems::default();
        let fields = Fields::of_spec(&spec, &["list", "by"], &problems).unwrap();
        let name = |fields: &Fields<'_>| fields.required("name", read::text(10));
        let listed: Vec<_> = fields.objects("list", 5, &["name"]).iter().map(name).collect();
        assert_eq!(listed, [Some("ok".to_owned()), None]);
        let named: Vec<_> = fields.named("by", 5, &["name"]).iter().map(|(key, fields)| (*key, name(fields))).collect();
        assert_eq!(named, [("one", Some("ok".to_owned()))]);
        let found = problems.or(Some(())).unwrap_err();
        let pointers: Vec<&str> = found.iter().map(|problem| problem.pointer.as_str()).collect();
        assert_eq!(pointers, ["/spec/list/1", "/spec/list/2/nam", "/spec/list/2/name", "/spec/by/two"]);
    }

    fn duration(text: &str, expected: Result<u64, &str>) {
        let actual = read::duration_ms(200, 3_600_000)(&json!(text));
        assert_eq!(actual.as_ref().map_err(|wrong| wrong.message.as_str()), expected.as_ref().map_err(|text| *text));
    }

    #[test]
    fn a_duration_is_a_number_with_a_unit_within_its_bounds() {
        duration("30s", Ok(30_000));
        duration("500ms", Ok(500));
        duration("1m 30s", Ok(90_000));
        duration("1h", Ok(3_600_000));
        duration("100ms", Err("must be from 200ms to 1h"));
        duration("2h", Err("must be from 200ms to 1h"));
        duration("-5s", Err("must be from 200ms to 1h"));
        duration("soon", Err("must be a duration with its unit, such as \"30s\""));
        let number = read::duration_ms(200, 3_600_000)(&json!(30)).unwrap_err();
        assert_eq!(number.suggestion.as_deref(), Some("30s"));
    }

    #[test]
    fn a_word_that_is_nearly_one_of_the_allowed_is_recognised() {
        let read = read::one_of(&[("high", 1), ("low", 2)]);
        assert_eq!(read(&json!("low")), Ok(2));
        assert_eq!(read(&json!("hgih")).unwrap_err().suggestion.as_deref(), Some("high"));
    }

    #[test]
    fn a_spec_that_is_no_object_is_one_problem() {
        let problems = Problems::default();
        assert!(Fields::of_spec(&json!([1]), &["name"], &problems).is_none());
        assert_eq!(problems.or(None::<()>).unwrap_err()[0].message, "must be an object with name");
    }
}
