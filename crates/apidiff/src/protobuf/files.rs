//! Rules about files and about what is declared in them.
//!
//! What is deleted or added is told by its name within the file, as buf does it: a new package is one change, not as
//! many as there are messages.

use std::collections::BTreeMap;

use super::changes::{About, Changes, quoted};
use super::model::{Definition, Field, File, Message, Named, Syntax, first_of_each};
use super::rules::{self, Rule};

pub(super) fn compare(earlier: &Definition, later: &Definition, changes: &mut Changes<'_>) {
    for (name, file) in &earlier.files {
        match later.files.get(name) {
            Some(later) => Pair { name, earlier: file, later }.compare(changes),
            None => changes.add(rules::FILE_NO_DELETE, About::Nothing, name, format!("The file {name} was deleted")),
        }
    }
    for name in later.files.keys().filter(|name| !earlier.files.contains_key(*name)) {
        changes.add(rules::FILE_ADDED, About::Nothing, name, format!("The file {name} was added"));
    }
}

/// The two forms of the file of a name.
struct Pair<'p> {
    name: &'p str,
    earlier: &'p File,
    later: &'p File,
}

impl Pair<'_> {
    fn compare(&self, changes: &mut Changes<'_>) {
        let (earlier, later) = (self.earlier, self.later);
        self.same(rules::FILE_SAME_PACKAGE, "package", &earlier.package, &later.package, changes);
        self.same(rules::FILE_SAME_SYNTAX, "syntax", syntax(earlier), syntax(later), changes);
        for &(option, default, rule) in rules::FILE_OPTIONS {
            let value = |file: &File| file.options.get(option).cloned().unwrap_or_else(|| default.to_owned());
            self.same(rule, &format!("option {option}"), &value(earlier), &value(later), changes);
        }
        self.messages(changes);
        self.enums(changes);
        self.services(changes);
        self.extensions(changes);
    }

    fn same(&self, rule: Rule, what: &str, earlier: &str, later: &str, changes: &mut Changes<'_>) {
        if earlier != later {
            let text = format!("The {what} of {} changed from {} to {}", self.name, quoted(earlier), quoted(later));
            changes.add(rule, About::Nothing, self.name, text);
        }
    }

    fn messages(&self, changes: &mut Changes<'_>) {
        let (earlier, later) = (by_nested_name(&self.earlier.messages), by_nested_name(&self.later.messages));
        for message in only_in(&earlier, &later) {
            let name = message.full_name();
            let what = if message.is_map_entry { "The map behind" } else { "The message" };
            changes.add(rules::MESSAGE_NO_DELETE, About::Type(name), name, format!("{what} {name} was deleted"));
        }
        let written = |message: &&&Message| !message.is_map_entry;
        for message in only_in(&later, &earlier).iter().filter(written) {
            let name = message.full_name();
            changes.add(rules::MESSAGE_ADDED, About::Type(name), name, format!("The message {name} was added"));
        }
    }

    fn enums(&self, changes: &mut Changes<'_>) {
        let (earlier, later) = (by_nested_name(&self.earlier.enums), by_nested_name(&self.later.enums));
        for name in only_in(&earlier, &later).iter().map(|enumeration| enumeration.full_name()) {
            changes.add(rules::ENUM_NO_DELETE, About::Type(name), name, format!("The enum {name} was deleted"));
        }
        for name in only_in(&later, &earlier).iter().map(|enumeration| enumeration.full_name()) {
            changes.add(rules::ENUM_ADDED, About::Type(name), name, format!("The enum {name} was added"));
        }
    }

    fn services(&self, changes: &mut Changes<'_>) {
        let (earlier, later) = (by_nested_name(&self.earlier.services), by_nested_name(&self.later.services));
        let with_methods = |count: usize| match count {
            1 => "its one method".to_owned(),
            count => format!("its {count} methods"),
        };
        for service in only_in(&earlier, &later) {
            let (name, methods) = (service.full_name(), with_methods(service.methods.len()));
            let text = format!("The service {name} was deleted, with {methods}");
            changes.add(rules::SERVICE_NO_DELETE, About::Service(service), name, text);
        }
        for service in only_in(&later, &earlier) {
            let (name, methods) = (service.full_name(), with_methods(service.methods.len()));
            let text = format!("The service {name} was added, with {methods}");
            changes.add(rules::SERVICE_ADDED, About::Service(service), name, text);
        }
    }

    fn extensions(&self, changes: &mut Changes<'_>) {
        let named = |fields| -> BTreeMap<String, &Field> { extensions_by_name(fields) };
        let (earlier, later) = (named(&self.earlier.extensions), named(&self.later.extensions));
        for (_, field) in earlier.iter().filter(|(name, _)| !later.contains_key(*name)) {
            let (place, carrier) = (field.place(), field.carrier());
            let text = format!("The extension {place} of {carrier} was deleted");
            changes.add(rules::EXTENSION_NO_DELETE, About::Type(carrier), place, text);
        }
        for (_, field) in later.iter().filter(|(name, _)| !earlier.contains_key(*name)) {
            let (place, carrier) = (field.place(), field.carrier());
            let text = format!("The extension {place} of {carrier} was added");
            changes.add(rules::EXTENSION_ADDED, About::Type(carrier), place, text);
        }
    }
}

fn syntax(file: &File) -> &'static str {
    match file.syntax {
        Syntax::Proto2 => "proto2",
        Syntax::Proto3 => "proto3",
    }
}

fn by_nested_name<T: Named>(all: &[T]) -> BTreeMap<&str, &T> {
    first_of_each(all.iter().map(|one| (one.nested_name(), one)))
}

fn extensions_by_name(fields: &[Field]) -> BTreeMap<String, &Field> {
    first_of_each(fields.iter().map(|field| (field.nested_name(), field)))
}

fn only_in<'m, T>(these: &BTreeMap<&str, &'m T>, not_those: &BTreeMap<&str, &'m T>) -> Vec<&'m T> {
    these.iter().filter(|(name, _)| !not_those.contains_key(*name)).map(|(_, one)| *one).collect()
}
