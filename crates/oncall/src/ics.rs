//! The grammar of iCalendar documents (RFC 5545), for every feed that is written here.

use jiff::Timestamp;

/// Bytes of a line without its end (RFC 5545, section 3.1).
const LINE_BYTES: usize = 75;

/// The beginning of a calendar by this part of Mainstay, which is looked at again each hour (RFC 7986, section 5.7).
#[must_use]
pub fn begin(part: &str, name: &str) -> String {
    let (product, name) = (format!("PRODID:-//Mainstay//{part}//EN"), escaped(name));
    // RFC 7986's name, and the older one that more calendars read.
    let (by_rfc, by_habit) = (format!("NAME:{name}"), format!("X-WR-CALNAME:{name}"));
    let mut calendar = String::new();
    for content in
        ["BEGIN:VCALENDAR", "VERSION:2.0", &product, "CALSCALE:GREGORIAN", "METHOD:PUBLISH", &by_rfc, &by_habit]
    {
        line(&mut calendar, content);
    }
    line(&mut calendar, "REFRESH-INTERVAL;VALUE=DURATION:PT1H");
    line(&mut calendar, "X-PUBLISHED-TTL:PT1H");
    calendar
}

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
