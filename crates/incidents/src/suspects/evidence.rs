//! Whether an error's text names something.

/// Names shorter than this are found by chance too often.
const SHORTEST_BYTES: usize = 3;

/// At most this much of the evidence is read.
const READ_BYTES_MAX: usize = 20_000;

/// The text of an error, ready to be searched.
pub(super) struct Words {
    text: String,
}

impl Words {
    pub(super) fn new(evidence: &str) -> Self {
        let end = evidence.floor_char_boundary(READ_BYTES_MAX);
        let text = evidence.get(..end).unwrap_or_default().to_lowercase();
        Self { text }
    }

    /// Whether the text has `name` as a whole word, without regard to case: `cart` is not in `cartography`, nor in
    /// `cart-worker`, which is another service's name.
    pub(super) fn name(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        if name.len() < SHORTEST_BYTES {
            return false;
        }
        let inside = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        self.text.match_indices(&name).any(|(at, found)| {
            let before = self.text.get(..at).and_then(|text| text.chars().next_back());
            let after = self.text.get(at + found.len()..).and_then(|text| text.chars().next());
            !before.is_some_and(inside) && !after.is_some_and(inside)
        })
    }
}
