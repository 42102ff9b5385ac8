//! Messages as text messages: short, and in the characters of GSM 03.38. One other character would halve the room.

use crate::message::Message;

/// How long a message gets, in septets: two parts (3GPP TS 23.040: 153 each when joined).
pub(crate) const SEPTETS_MAX: usize = 306;
/// How long a link may be, so that room remains for words.
const LINK_SEPTETS_MAX: usize = 240;

/// The basic characters that are no ASCII letters or digits; each is one septet.
const BASIC: &str = "@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà";
/// The characters of the extension; each is two.
const EXTENSION: &str = "^{}\\[~]|€";

/// The text that is sent: the subject, the beginning of the text, and where to acknowledge.
pub(crate) fn text(message: &Message) -> String {
    let link = match (&message.acknowledge, &message.link) {
        (Some(link), _) => Some(format!("\nAck: {link}")),
        (None, Some(link)) => Some(format!("\n{link}")),
        (None, None) => None,
    };
    // A link with other characters would be broken by replacing them.
    let fits =
        |link: &String| link.chars().map(septets).sum::<Option<usize>>().is_some_and(|all| all <= LINK_SEPTETS_MAX);
    let link = link.filter(fits).unwrap_or_default();
    let mut words = plain(&message.subject);
    if !message.text.is_empty() {
        words.push('\n');
        words.push_str(&plain(&message.text));
    }
    let room = SEPTETS_MAX - link.chars().filter_map(septets).sum::<usize>();
    cut(words.trim(), room) + &link
}

/// At most this many septets; what was cut shows by three dots.
fn cut(words: &str, room: usize) -> String {
    if words.chars().filter_map(septets).sum::<usize>() <= room {
        return words.to_owned();
    }
    let mut left = room.saturating_sub(3);
    let mut short = String::new();
    for c in words.chars() {
        match left.checked_sub(septets(c).unwrap_or(1)) {
            Some(rest) => left = rest,
            None => break,
        }
        short.push(c);
    }
    short + "..."
}

/// How much room a character takes, if it is one of GSM's.
fn septets(c: char) -> Option<usize> {
    if c.is_ascii_alphanumeric() || BASIC.contains(c) { Some(1) } else { EXTENSION.contains(c).then_some(2) }
}

/// The text in GSM's characters: what isn't one becomes what looks alike, or a question mark.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars() {
        match c {
            _ if septets(c).is_some() => plain.push(c),
            '‘' | '’' | '‚' | '`' | '´' => plain.push('\''),
            '“' | '”' | '„' | '«' | '»' => plain.push('"'),
            '–' | '—' | '−' | '‐' | '‑' => plain.push('-'),
            '…' => plain.push_str("..."),
            '→' => plain.push_str("->"),
            '≥' => plain.push_str(">="),
            '≤' => plain.push_str("<="),
            'á' | 'â' | 'ã' | 'ą' => plain.push('a'),
            'ê' | 'ë' | 'ę' | 'ě' => plain.push('e'),
            'í' | 'î' | 'ï' => plain.push('i'),
            'ó' | 'ô' | 'õ' => plain.push('o'),
            'ú' | 'û' | 'ů' => plain.push('u'),
            'ç' | 'ć' | 'č' => plain.push('c'),
            'ł' => plain.push('l'),
            'ś' | 'š' => plain.push('s'),
            'ż' | 'ź' | 'ž' => plain.push('z'),
            // Joiners and marks of emoji have no width of their own.
            '\u{200d}' | '\u{fe0f}' => {}
            _ if c.is_whitespace() => plain.push(' '),
            _ => plain.push('?'),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::tests::sample;

    fn size(text: &str) -> Option<usize> {
        text.chars().map(septets).sum()
    }

    #[test]
    fn a_text_message_says_what_it_is_about_and_where_to_acknowledge() {
        let expected = "checkout: 5xx above 2 %\nThe rate of errors is 7 % since 12:01.\n\
                        Ack: https://mainstay.example/ack/abc?x=1&y=2";
        assert_eq!(text(&sample()), expected);
    }

    #[test]
    fn a_long_text_is_cut_and_its_link_is_whole() {
        let link = format!("https://mainstay.example/a/{}", "x".repeat(170));
        let words = "€uro “quoted” 🔥 ".repeat(100);
        let message = Message { text: words, acknowledge: Some(link.clone()), ..sample() };
        let sent = text(&message);
        assert!(size(&sent).is_some_and(|all| all <= SEPTETS_MAX), "{sent}");
        assert!(sent.ends_with(&format!("...\nAck: {link}")), "{sent}");
    }

    #[test]
    fn a_link_that_leaves_no_room_is_left_out() {
        let link = format!("https://mainstay.example/a/{}", "x".repeat(400));
        let sent = text(&Message { acknowledge: Some(link), ..sample() });
        assert!(!sent.contains("https"), "{sent}");
    }

    #[test]
    fn other_characters_become_what_looks_alike() {
        assert_eq!(plain("“Łódź” – naïve… 🔥 Ärger µ"), "\"?odz\" - naive... ? Ärger ?");
    }
}
