//! One page of a list that is at hand as a whole.

use crate::views::Pager;

/// Items of one page.
const ITEMS_MAX: usize = 50;

/// A page of items, and the way to the rest.
#[derive(Debug)]
pub struct Paged<T> {
    /// The items.
    pub items: Vec<T>,
    /// The way to the rest.
    pub pager: Pager,
}

impl<T> Paged<T> {
    /// The page of `all` that begins with item `from`, counted from 0; `address` is the list's, with its filters.
    #[must_use]
    pub fn of(all: Vec<T>, from: Option<usize>, address: &str) -> Self {
        Self::at(all, from, address, "from")
    }

    /// The same where the address has the first item under another name.
    #[must_use]
    pub fn at(all: Vec<T>, from: Option<usize>, address: &str, name: &str) -> Self {
        let total = all.len();
        let from = from.unwrap_or(0).min(total);
        let items: Vec<T> = all.into_iter().skip(from).take(ITEMS_MAX).collect();
        let end = from.saturating_add(items.len());
        let joint = if address.contains('?') { '&' } else { '?' };
        let page = |from: usize| format!("{address}{joint}{name}={from}");
        let shown = match (total, items.len()) {
            (0, _) => "none".to_owned(),
            (_, 0) => format!("none of {total}"),
            _ => format!("{} to {end} of {total}", from.saturating_add(1)),
        };
        let before = (from > 0).then(|| page(from.saturating_sub(ITEMS_MAX)));
        let after = (end < total).then(|| page(end));
        Self { items, pager: Pager { shown, before, after } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(total: usize, from: Option<usize>, shown: &str, before: Option<&str>, after: Option<&str>) {
        let page = Paged::of((0..total).collect(), from, "/flags?q=x");
        assert_eq!(page.pager.shown, shown);
        assert_eq!((page.pager.before.as_deref(), page.pager.after.as_deref()), (before, after));
    }

    #[test]
    fn a_page_says_what_it_shows_and_where_the_rest_is() {
        check(0, None, "none", None, None);
        check(3, None, "1 to 3 of 3", None, None);
        check(120, None, "1 to 50 of 120", None, Some("/flags?q=x&from=50"));
        check(120, Some(100), "101 to 120 of 120", Some("/flags?q=x&from=50"), None);
        check(3, Some(usize::MAX), "none of 3", Some("/flags?q=x&from=0"), None);
    }
}
