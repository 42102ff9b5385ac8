//! The grammar of iCalendar documents (RFC 5545), for every feed that is written here.

use jiff::Timestamp;

/// Bytes of a line without its end (RFC 5545, section 3.1).
const LINE_BYTES: usize = 75;

/// A moment by RFC 5545, section 3.3.5, form 2.
#[must_use]
pub fn utc(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// A text by RFC 5545, section 3.3.11. Control characters are not allowed in one.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | ';' | ',' => escaped.extend(['\\', letter]),
            '\n' => escaped.push_str("\\n"),
            letter if letter.is_control() => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// One content line, folded between characters (RFC 5545, section 3.1).
pub fn line(calendar: &mut String, content: &str) {
    let mut bytes = 0;
    for letter in content.chars() {
        if bytes + letter.len_utf8() > LINE_BYTES {
            calendar.push_str("\r\n ");
            bytes = 1;
        }
        calendar.push(letter);
        bytes += letter.len_utf8();
    }
    calendar.push_str("\r\n");
}
