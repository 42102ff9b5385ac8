//! Lists.

use serde_json::Value;

use super::check::{Check, Seen, Site, is, types_of};
use super::place::Key;
use crate::value::same;

impl<'s> Check<'s> {
    pub(super) fn list(&mut self, site: Site<'_, 's>, value: &mut Value, seen: &mut Seen) {
        let Value::Array(data) = value else { return };
        if !self.budget.spend(u64::try_from(data.len()).unwrap_or(u64::MAX)) {
            self.stopped = true;
            return;
        }
        self.size(site, ["maxItems", "minItems"], data.len(), "items");
        match site.map.get("items") {
            Some(Value::Array(schemas)) => self.tuple(site, schemas, data, seen),
            Some(schema) => {
                seen.all_items = true;
                self.rest(site, "items", schema, data, 0);
            }
            None => {}
        }
        self.contains(site, data, seen);
        self.unique(site, data);
        self.unevaluated_items(site, data, seen);
    }

    fn tuple(&mut self, site: Site<'_, 's>, schemas: &'s [Value], data: &mut [Value], seen: &mut Seen) {
        let place = site.place.keyword("items");
        for (index, (schema, item)) in schemas.iter().zip(data.iter_mut()).enumerate() {
            self.part(site, &place.below(Key::Index(index)), schema, Key::Index(index), item);
        }
        seen.items = seen.items.max(schemas.len());
        if let Some(schema) = site.map.get("additionalItems") {
            seen.all_items = true;
            self.rest_or_none(site, "additionalItems", schema, data, schemas.len());
        }
    }

    /// Applies a schema to the items from a position on.
    fn rest(&mut self, site: Site<'_, 's>, keyword: &str, schema: &'s Value, data: &mut [Value], from: usize) {
        let place = site.place.keyword(keyword);
        for (index, item) in data.iter_mut().enumerate().skip(from) {
            self.part(site, &place, schema, Key::Index(index), item);
        }
    }

    fn rest_or_none(&mut self, site: Site<'_, 's>, keyword: &str, schema: &'s Value, data: &mut [Value], from: usize) {
        if *schema != Value::Bool(false) {
            self.rest(site, keyword, schema, data, from);
        } else if data.len() > from {
            self.fault(site, keyword, format!("must NOT have more than {from} items"));
        }
    }

    fn unique(&mut self, site: Site<'_, 's>, data: &[Value]) {
        if site.map.get("uniqueItems") != Some(&Value::Bool(true)) {
            return;
        }
        // Where all items should be scalars, the validator doesn't count those that aren't.
        let types = site.map.get("items").and_then(Value::as_object).map(types_of).unwrap_or_default();
        let scalars = !types.is_empty() && !types.iter().any(|name| matches!(*name, "object" | "array"));
        let counts = |item: &Value| {
            let kind = self.kind(item, &site.spot.below(Key::Index(0)));
            !scalars || types.iter().any(|name| is(name, kind, item))
        };
        let data: Vec<(usize, &Value)> = data.iter().enumerate().filter(|(_, item)| counts(item)).collect();
        for (later, item) in data.iter().copied() {
            if !self.budget.spend(u64::try_from(later).unwrap_or(u64::MAX)) {
                self.stopped = true;
                return;
            }
            let before = data.iter().take_while(|(index, _)| *index < later);
            if let Some((earlier, _)) = before.copied().find(|(_, earlier)| same(earlier, item)) {
                let message = format!("must NOT have duplicate items (items ## {earlier} and {later} are identical)");
                return self.fault(site, "uniqueItems", message);
            }
        }
    }

    fn contains(&mut self, site: Site<'_, 's>, data: &mut [Value], seen: &mut Seen) {
        let Some(schema) = site.map.get("contains") else { return };
        seen.all_items = true;
        let bound =
            |keyword: &str| site.map.get(keyword).and_then(Value::as_u64).and_then(|bound| usize::try_from(bound).ok());
        let (least, most) = (bound("minContains").unwrap_or(1), bound("maxContains"));
        if least == 0 && most.is_none() {
            return;
        }
        let before = self.faults.len();
        let place = site.place.keyword("contains");
        let mut count = 0;
        for (index, item) in data.iter_mut().enumerate() {
            let faults = self.faults.len();
            self.part(site, &place, schema, Key::Index(index), item);
            count += usize::from(self.faults.len() == faults);
            let decided = most.map_or(count >= least, |most| count > most);
            if decided {
                break;
            }
        }
        // What a limit ended counts as fitting.
        if self.stopped || (count >= least && most.is_none_or(|most| count <= most)) {
            self.faults.truncate(before);
        } else {
            let message = match most {
                Some(most) => format!("must contain at least {least} and no more than {most} valid item(s)"),
                None => format!("must contain at least {least} valid item(s)"),
            };
            self.fault(site, "contains", message);
        }
    }

    fn unevaluated_items(&mut self, site: Site<'_, 's>, data: &mut [Value], seen: &mut Seen) {
        if let Some(schema) = site.map.get("unevaluatedItems") {
            // Where a limit ended what came before, nobody knows what it would have looked at.
            if !seen.all_items && !self.stopped {
                self.rest_or_none(site, "unevaluatedItems", schema, data, seen.items);
            }
            seen.all_items = true;
        }
    }
}
