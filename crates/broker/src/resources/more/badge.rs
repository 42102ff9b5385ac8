//! A badge: a small picture of two words, which needs nothing else to be shown.

/// The colours that a badge may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    /// It works.
    Green,
    /// It does not.
    Red,
    /// It worked before something changed.
    Orange,
    /// Nobody knows.
    Grey,
}

impl Colour {
    fn hex(self) -> &'static str {
        match self {
            Self::Green => "#4c1",
            Self::Red => "#e05d44",
            Self::Orange => "#fe7d37",
            Self::Grey => "#9f9f9f",
        }
    }
}

/// Characters of one side.
const CHARS_MAX: usize = 80;
/// Space left and right of a text, in pixels.
const PADDING: u32 = 5;

/// The picture, as SVG.
#[must_use]
pub(super) fn svg(left: &str, right: &str, colour: Colour) -> String {
    let (left, right) = (cut(left), cut(right));
    let (first, second) = (width(&left) + 2 * PADDING, width(&right) + 2 * PADDING);
    let whole = first + second;
    let (at_left, at_right) = (first / 2, first + second / 2);
    let (left, right) = (escaped(&left), escaped(&right));
    let colour = colour.hex();
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="20" role="img" aria-label="{left}: {right}">
<title>{left}: {right}</title>
<linearGradient id="s" x2="0" y2="100%"><stop offset="0" stop-color="#bbb" stop-opacity=".1"/><stop offset="1" stop-opacity=".1"/></linearGradient>
<clipPath id="r"><rect width="{whole}" height="20" rx="3" fill="#fff"/></clipPath>
<g clip-path="url(#r)"><rect width="{first}" height="20" fill="#555"/><rect x="{first}" width="{second}" height="20" fill="{colour}"/><rect width="{whole}" height="20" fill="url(#s)"/></g>
<g fill="#fff" text-anchor="middle" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11" text-rendering="geometricPrecision">
<text x="{at_left}" y="15" fill="#010101" fill-opacity=".4" aria-hidden="true">{left}</text><text x="{at_left}" y="14">{left}</text>
<text x="{at_right}" y="15" fill="#010101" fill-opacity=".4" aria-hidden="true">{right}</text><text x="{at_right}" y="14">{right}</text>
</g></svg>
"##
    )
}

fn cut(text: &str) -> String {
    let shown: String = text.chars().filter(|letter| !letter.is_control()).take(CHARS_MAX).collect();
    if text.chars().count() > CHARS_MAX { format!("{shown}…") } else { shown }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// About how wide a text is in Verdana at 11 pixels.
fn width(text: &str) -> u32 {
    let tenths: u32 = text
        .chars()
        .map(|letter| match letter {
            'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' => 36,
            ' ' | 'f' | 't' | 'r' | '(' | ')' | '/' | '-' => 45,
            'm' | 'w' | 'M' | 'W' | '%' | '@' => 102,
            'A'..='Z' => 78,
            _ if letter.is_ascii() => 67,
            _ => 105,
        })
        .sum();
    tenths.div_ceil(10)
}

/// What a badge says of who is integrated: `foo/bar pact`, or only one of the two. Each is written in its initials where that
/// is asked for and there are several words, and with the tag of the version that counts.
#[must_use]
pub(super) fn title(names: [&str; 2], tags: [Option<&str>; 2], label: Option<&str>, initials: bool) -> String {
    let short = |(name, tag): (&str, Option<&str>)| {
        let name = if initials { in_initials(name) } else { name.to_owned() };
        tag.map_or_else(|| name.clone(), |tag| format!("{name} ({tag})"))
    };
    let ([consumer, provider], [consumer_tag, provider_tag]) = (names, tags);
    let (consumer, provider) = (short((consumer, consumer_tag)), short((provider, provider_tag)));
    let title = match label.map(str::to_lowercase).as_deref() {
        Some("consumer") => consumer,
        Some("provider") => provider,
        _ => format!("{consumer}/{provider}"),
    };
    format!("{title} pact").to_lowercase()
}

fn in_initials(name: &str) -> String {
    let words: Vec<&str> = name.split([' ', '\t', '-', '_']).filter(|word| !word.is_empty()).collect();
    if words.len() > 1 {
        return words.iter().filter_map(|word| word.chars().next()).collect();
    }
    let mut initials = String::new();
    let mut before_is_small = true;
    let letters: Vec<char> = name.chars().collect();
    for (at, letter) in letters.iter().enumerate() {
        let next_is_small = letters.get(at + 1).is_some_and(|next| next.is_lowercase());
        if at == 0 || (letter.is_uppercase() && (before_is_small || next_is_small)) {
            initials.push(*letter);
        }
        before_is_small = !letter.is_uppercase();
    }
    if initials.chars().count() > 1 { initials } else { name.to_owned() }
}
