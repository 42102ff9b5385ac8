//! Rules about messages that are on both sides.

use std::collections::{BTreeMap, BTreeSet};

use prost_types::field_descriptor_proto::Label;

use super::changes::{About, Changes};
use super::fields::{self, Enums};
use super::model::{Definition, Field, Message, Syntax, first_of_each, join};
use super::{ranges, rules};

pub(super) fn compare(earlier: &Definition, later: &Definition, enums: &Enums<'_>, changes: &mut Changes<'_>) {
    let later = later.messages();
    for (name, message) in earlier.messages() {
        if let Some(later) = later.get(name) {
            Pair { name, about: About::Type(name), earlier: message, later, enums }.compare(changes);
        }
    }
}

/// The two forms of the message of a name.
struct Pair<'p> {
    name: &'p str,
    about: About<'p>,
    earlier: &'p Message,
    later: &'p Message,
    enums: &'p Enums<'p>,
}

impl Pair<'_> {
    fn compare(&self, changes: &mut Changes<'_>) {
        self.form(changes);
        self.added_and_deleted(changes);
        self.required(changes);
        self.oneofs(changes);
        self.numbers(changes);
    }

    fn form(&self, changes: &mut Changes<'_>) {
        let name = self.name;
        if (self.earlier.syntax, self.later.syntax) == (Syntax::Proto3, Syntax::Proto2) {
            let text = format!("The JSON form of the message {name} was assured and is best effort");
            changes.add(rules::MESSAGE_SAME_JSON_FORMAT, self.about, name, text);
        }
        if !self.earlier.has_no_descriptor_accessor && self.later.has_no_descriptor_accessor {
            let text = format!("The message {name} has no standard accessor of its descriptor any more");
            changes.add(rules::MESSAGE_NO_REMOVE_STANDARD_DESCRIPTOR_ACCESSOR, self.about, name, text);
        }
    }

    fn added_and_deleted(&self, changes: &mut Changes<'_>) {
        let (earlier, later) = (by_number(self.earlier), by_number(self.later));
        for (number, field) in &earlier {
            match later.get(number) {
                Some(later) => fields::compare_pair(field, later, self.enums, changes),
                None => {
                    let text = format!("The field {} = {number} of {} was deleted", field.name, self.name);
                    changes.add(rules::FIELD_NO_DELETE, self.about, field.place(), text);
                }
            }
        }
        for (number, field) in later.iter().filter(|(number, _)| !earlier.contains_key(*number)) {
            let text = format!("The field {} = {number} of {} was added", field.name, self.name);
            changes.add(rules::FIELD_ADDED, self.about, field.place(), text);
        }
    }

    fn required(&self, changes: &mut Changes<'_>) {
        let required = |message| -> BTreeMap<i32, &Field> {
            by_number(message).into_iter().filter(|(_, field)| field.label == Label::Required).collect()
        };
        let (earlier, later) = (required(self.earlier), required(self.later));
        for (number, field) in earlier.iter().filter(|(number, _)| !later.contains_key(*number)) {
            let text = format!(
                "The required field {} = {number} of {} is gone or not required any more; who knows it refuses \
                 messages without it",
                field.name, self.name
            );
            changes.add(rules::MESSAGE_SAME_REQUIRED_FIELDS, self.about, field.place(), text);
        }
        for (number, field) in later.iter().filter(|(number, _)| !earlier.contains_key(*number)) {
            let text = format!(
                "The field {} = {number} of {} is now required; messages without it are refused",
                field.name, self.name
            );
            changes.add(rules::MESSAGE_SAME_REQUIRED_FIELDS, self.about, field.place(), text);
        }
    }

    fn oneofs(&self, changes: &mut Changes<'_>) {
        let oneofs = |message: &'_ Message| -> BTreeSet<String> { message.oneofs.iter().cloned().collect() };
        let (earlier, later) = (oneofs(self.earlier), oneofs(self.later));
        for oneof in earlier.difference(&later) {
            let text = format!("The oneof {oneof} of {} was deleted", self.name);
            changes.add(rules::ONEOF_NO_DELETE, self.about, join(self.name, oneof), text);
        }
        for oneof in later.difference(&earlier) {
            let text = format!("The oneof {oneof} of {} was added", self.name);
            changes.add(rules::ONEOF_ADDED, self.about, join(self.name, oneof), text);
        }
    }

    fn numbers(&self, changes: &mut Changes<'_>) {
        let name = self.name;
        for (range, missing) in ranges::uncovered(&self.earlier.reserved, &self.later.reserved) {
            let missing = ranges::listed(&missing);
            let text = format!("Of the reserved numbers {range} of {name}, {missing} aren't reserved any more");
            changes.add(rules::RESERVED_MESSAGE_NO_DELETE, self.about, name, text);
        }
        for reserved in self.earlier.reserved_names.difference(&self.later.reserved_names) {
            let text = format!("The name {reserved} of {name} isn't reserved any more");
            changes.add(rules::RESERVED_MESSAGE_NO_DELETE, self.about, name, text);
        }
        for (range, missing) in ranges::uncovered(&self.earlier.extension_ranges, &self.later.extension_ranges) {
            let missing = ranges::listed(&missing);
            let text = format!("Of the numbers {range} of {name} for extensions, {missing} aren't open any more");
            changes.add(rules::EXTENSION_MESSAGE_NO_DELETE, self.about, name, text);
        }
    }
}

fn by_number(message: &Message) -> BTreeMap<i32, &Field> {
    first_of_each(message.fields.iter().map(|field| (field.number, field)))
}
