//! Columns that stand below each other.

/// Rows under headings. Each column is as wide as its widest cell; colours don't count.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

/// Between two columns.
const GAP: usize = 2;

impl Table {
    /// A table with these headings.
    pub(crate) fn new(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(|heading| heading.to_uppercase()).collect()] }
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    /// The table as text, or `empty` if it has no rows.
    pub(crate) fn or(self, empty: &str) -> String {
        if self.rows.len() == 1 {
            return empty.to_owned();
        }
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let widest = |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max();
        let widths: Vec<usize> = (0..columns).map(|column| widest(column).unwrap_or_default()).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, wide) in row.iter().zip(&widths) {
                line.push_str(cell);
                line.push_str(&" ".repeat(wide + GAP - width(cell)));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// How many columns of a terminal a text takes, without its colours.
fn width(text: &str) -> usize {
    let mut count = 0;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            chars.by_ref().find(|c| c.is_ascii_alphabetic());
        } else {
            count += 1;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other_whatever_their_colours() {
        let mut table = Table::new(&["name", "state", "why"]);
        table.row(["a".to_owned(), "\u{1b}[32m● up\u{1b}[0m".to_owned(), "it answers".to_owned()]);
        table.row(["longer".to_owned(), "◆ down".to_owned(), String::new()]);
        let text = table.or("none");
        let expect =
            ["NAME    STATE   WHY", "a       \u{1b}[32m● up\u{1b}[0m    it answers", "longer  ◆ down", ""].join("\n");
        assert_eq!(text, expect);
    }

    #[test]
    fn an_empty_table_says_so() {
        assert_eq!(Table::new(&["name"]).or("There are no flags."), "There are no flags.");
    }
}
