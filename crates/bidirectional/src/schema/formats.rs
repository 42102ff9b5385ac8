//! `format`: those of JSON Schema and of OpenAPI, as strictly as the comparator's validator takes them. Others say nothing.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Whether a number is in a format.
pub(super) fn number(format: &str, number: f64) -> bool {
    match format {
        "int32" => number.fract() == 0.0 && number >= f64::from(i32::MIN) && number <= f64::from(i32::MAX),
        "int64" => number.fract() == 0.0,
        _ => true,
    }
}

/// Whether a text is in a format.
pub(super) fn text(format: &str, text: &str) -> bool {
    match format {
        "date" => date(text),
        "time" => time(text, true),
        "iso-time" => time(text, false),
        "date-time" => date_time(text, true),
        "iso-date-time" => date_time(text, false),
        "duration" => duration(text),
        "uri" => text.contains(['/', ':']) && uri(text, true),
        "uri-reference" => uri(text, false),
        "uri-template" => uri_template(text),
        "url" => url(text),
        "email" => email(text),
        "hostname" => hostname(text),
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "regex" => regex(text),
        "uuid" => uuid(text),
        "json-pointer" => json_pointer(text),
        "json-pointer-uri-fragment" => text.strip_prefix('#').is_some_and(|rest| json_pointer(rest) && all(rest, "~/")),
        "relative-json-pointer" => relative_json_pointer(text),
        "byte" => text.split(['\n', '\r', '\u{2028}', '\u{2029}']).any(base64),
        _ => true,
    }
}

/// As many ASCII digits as wanted.
fn digits(text: &str, count: usize) -> Option<u32> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// RFC 3339's `full-date`.
fn date(text: &str) -> bool {
    let mut parts = text.split('-');
    let (Some(year), Some(month), Some(day), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let (Some(year), Some(month), Some(day)) = (digits(year, 4), digits(month, 2), digits(day, 2)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// RFC 3339's `full-time`; the zone may be left out if it isn't asked for, and `+01` or `+0100` are zones too.
fn time(text: &str, zoned: bool) -> bool {
    let zone_at = text.find(['z', 'Z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = text.split_at(zone_at);
    let mut parts = clock.splitn(3, ':');
    let (Some(hour), Some(minute), Some(second)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let (whole, fraction) = second.split_once('.').map_or((second, None), |(whole, fraction)| (whole, Some(fraction)));
    if fraction.is_some_and(|fraction| fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit())) {
        return false;
    }
    let (Some(hour), Some(minute), Some(second)) = (digits(hour, 2), digits(minute, 2), digits(whole, 2)) else {
        return false;
    };
    let Some((offset_hours, offset_minutes)) = offset(zone) else { return false };
    if zoned && zone.is_empty() {
        return false;
    }
    if hour <= 23 && minute <= 59 && second < 60 {
        return true;
    }
    // A leap second is the last one of a day in UTC.
    let (hour, minute) = (i64::from(hour), i64::from(minute));
    let utc_minute = minute - offset_minutes;
    let utc_hour = hour - offset_hours - i64::from(utc_minute < 0);
    matches!(utc_hour, 23 | -1) && matches!(utc_minute, 59 | -1) && second < 61
}

/// Hours and minutes of a zone, with its sign.
fn offset(zone: &str) -> Option<(i64, i64)> {
    if zone.is_empty() || zone.eq_ignore_ascii_case("z") {
        return Some((0, 0));
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let rest = zone.strip_prefix(['+', '-'])?;
    let hours = digits(rest.get(..2)?, 2)?;
    let minutes = rest.get(2..)?;
    let minutes = if minutes.is_empty() { 0 } else { digits(minutes.strip_prefix(':').unwrap_or(minutes), 2)? };
    (hours <= 23 && minutes <= 59).then(|| (i64::from(hours) * sign, i64::from(minutes) * sign))
}

fn date_time(text: &str, zoned: bool) -> bool {
    let mut parts = text.split(|one: char| matches!(one, 't' | 'T') || one.is_whitespace());
    let (Some(day), Some(clock), None) = (parts.next(), parts.next(), parts.next()) else { return false };
    date(day) && time(clock, zoned)
}

/// RFC 3339's appendix A.
fn duration(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('P') else { return false };
    if let Some(weeks) = rest.strip_suffix('W') {
        return !weeks.is_empty() && weeks.bytes().all(|byte| byte.is_ascii_digit());
    }
    let (days, clock) = rest.split_once('T').map_or((rest, None), |(days, clock)| (days, Some(clock)));
    let days_fit = in_units(days, "YMD");
    match clock {
        Some(clock) => days_fit && !clock.is_empty() && in_units(clock, "HMS"),
        None => days_fit && !days.is_empty(),
    }
}

/// Numbers with units, each unit once and in order.
fn in_units(text: &str, units: &str) -> bool {
    let (mut text, mut units) = (text, units);
    while !text.is_empty() {
        let end = text.bytes().take_while(u8::is_ascii_digit).count();
        let Some(unit) = text.get(end..).and_then(|rest| rest.chars().next()) else { return false };
        let Some(at) = units.find(unit) else { return false };
        if end == 0 {
            return false;
        }
        units = units.get(at + 1..).unwrap_or_default();
        text = text.get(end + 1..).unwrap_or_default();
    }
    true
}

/// Only characters of RFC 3986's `pchar`, some others, and well-formed escapes.
fn all(text: &str, others: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let one = char::from(byte);
        if one == '%' {
            let hex = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_hexdigit());
            if !hex(bytes.next()) || !hex(bytes.next()) {
                return false;
            }
        } else if !one.is_ascii_alphanumeric() && !"-._~!$&'()*+,;=:@".contains(one) && !others.contains(one) {
            return false;
        }
    }
    true
}

/// RFC 3986, with quotation marks; a reference if no scheme is asked for.
fn uri(text: &str, absolute: bool) -> bool {
    let (text, fragment) = text.split_once('#').map_or((text, ""), |(text, fragment)| (text, fragment));
    let (text, query) = text.split_once('?').map_or((text, ""), |(text, query)| (text, query));
    if !all(fragment, "/?\"") || !all(query, "/?\"") {
        return false;
    }
    let rest = text.split_once(':').filter(|(scheme, _)| is_scheme(scheme)).map(|(_, rest)| rest);
    let (rest, relative) = match rest {
        Some(rest) => (rest, false),
        None if absolute => return false,
        None => (text, true),
    };
    if let Some(rest) = rest.strip_prefix("//") {
        let end = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        return is_authority(authority) && all(path, "/\"");
    }
    if relative && rest.is_empty() {
        return true;
    }
    !rest.is_empty() && all(rest, "/\"")
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|one: char| one.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn is_authority(text: &str) -> bool {
    let (user, host) = text.rsplit_once('@').map_or(("", text), |(user, host)| (user, host));
    if !all(user, "") || user.contains('@') {
        return false;
    }
    if let Some(rest) = host.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else { return false };
        let literal = address.parse::<Ipv6Addr>().is_ok() || address.starts_with(['v', 'V']) && address.contains('.');
        return literal && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port));
    }
    let (host, port) = host.split_once(':').map_or((host, ""), |(host, port)| (host, port));
    all(host, "\"") && !host.contains(['@', ':']) && is_port(port)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// RFC 6570, loosely: no forbidden characters, and braces that hold something and close.
fn uri_template(text: &str) -> bool {
    let mut open = false;
    let mut before = ' ';
    for one in text.chars() {
        match one {
            '{' if !open => open = true,
            '}' if open && before != '{' => open = false,
            '{' | '}' | '"' | '\'' | '<' | '>' | '\\' | '^' | '`' => return false,
            one if one <= ' ' => return false,
            _ => {}
        }
        before = one;
    }
    !open
}

/// A web address with a public host: no private IPv4 addresses, and names with a dot.
fn url(text: &str) -> bool {
    let lower = text.to_lowercase();
    let Some(rest) = ["https://", "http://", "ftp://"].iter().find_map(|scheme| lower.strip_prefix(scheme)) else {
        return false;
    };
    if rest.contains(char::is_whitespace) {
        return false;
    }
    let end = rest.find('/').unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = host.split_once(':').map_or((host, None), |(host, port)| (host, Some(port)));
    if port.is_some_and(|port| !(2..=5).contains(&port.len()) || !is_port(port)) {
        return false;
    }
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        let [first, .., last] = address.octets();
        let public = !address.is_private() && !address.is_loopback() && !address.is_link_local();
        return public && (1..=223).contains(&first) && (1..=254).contains(&last);
    }
    let labels: Vec<&str> = host.split('.').collect();
    let plain = |label: &&str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|one| one.is_ascii_alphanumeric() || one == '-' || one >= '\u{a1}')
    };
    let top = labels.last().is_some_and(|top| {
        top.chars().count() >= 2 && top.chars().all(|one| one.is_ascii_alphabetic() || one >= '\u{a1}')
    });
    labels.len() >= 2 && top && labels.iter().all(plain)
}

fn email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let atom = |atom: &str| {
        !atom.is_empty()
            && atom.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte))
    };
    let labels: Vec<&str> = domain.split('.').collect();
    local.split('.').all(atom) && labels.len() >= 2 && labels.iter().all(|label| is_label(label, usize::MAX))
}

fn is_label(label: &str, length_max: usize) -> bool {
    !label.is_empty()
        && label.len() <= length_max
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn hostname(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    (1..=253).contains(&name.len()) && name.split('.').all(|label| is_label(label, 63))
}

/// Whether a pattern is well-formed, however large it would be compiled. What this crate's engine can't do (look-around, back references) may be.
fn regex(text: &str) -> bool {
    match regex::RegexBuilder::new(text).size_limit(1 << 14).build() {
        Ok(_) => true,
        Err(regex::Error::Syntax(_)) => {
            ["(?=", "(?!", "(?<", "\\1", "\\2", "\\k", "\\/", "\\c"].iter().any(|sign| text.contains(sign))
        }
        Err(_) => true,
    }
}

fn uuid(text: &str) -> bool {
    let start = text.get(..9).filter(|start| start.eq_ignore_ascii_case("urn:uuid:"));
    let text = start.and_then(|start| text.get(start.len()..)).unwrap_or(text);
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    lengths == [8, 4, 4, 4, 12] && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// RFC 6901.
fn json_pointer(text: &str) -> bool {
    let escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    (text.is_empty() || text.starts_with('/')) && escapes
}

fn relative_json_pointer(text: &str) -> bool {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(end);
    !number.is_empty() && (number == "0" || !number.starts_with('0')) && (rest == "#" || json_pointer(rest))
}

fn base64(line: &str) -> bool {
    let body = line.trim_end_matches('=');
    let padding = line.len() - body.len();
    line.len().is_multiple_of(4)
        && padding <= 2
        && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}
