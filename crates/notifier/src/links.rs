//! Links that acknowledge: a token says which page, for whom and until when, and only this server can have made it.
//!
//! The token is readable by whoever has it, and it is no secret beyond what it allows. That it is used once only is
//! the server's business.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::hmac;
use uuid::Uuid;

/// What a token's bytes begin with. Another form of token would have another.
const VERSION: u8 = 1;
/// How many bytes the tag has: HMAC-SHA256.
const TAG_BYTES: usize = 32;
/// How many bytes a part may have that is no UUID.
const PART_BYTES_MAX: usize = 40;
/// What stands in place of a part's length if the part is a UUID: its 16 bytes follow.
const IS_UUID: u8 = 0xff;
/// How long a token can get, in characters.
pub const TOKEN_CHARS_MAX: usize = 225;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The page to acknowledge.
    pub page: String,
    /// Who was paged.
    pub person: String,
    /// The effect that the message with the link was.
    pub effect: String,
    /// Until when it counts, in whole seconds.
    pub expires: Timestamp,
}

/// Why a token counts for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// This server didn't make it, or it was changed.
    #[error("this link is not one that this server made")]
    Forged,
    /// It was good once.
    #[error("this link has expired")]
    Expired,
}

/// A part of a claim is too long for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a part of a link's token has at most {PART_BYTES_MAX} bytes")]
pub struct TooLong;

/// The token for a claim, for use in an address. With UUIDs for page and effect it has fewer than 200 characters.
///
/// # Errors
/// If a part has more than 40 bytes.
pub fn make(key: &[u8; 32], claim: &Claim) -> Result<String, TooLong> {
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(&claim.expires.as_second().to_be_bytes());
    for part in [&claim.page, &claim.person, &claim.effect] {
        write(&mut bytes, part)?;
    }
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), &signed(&bytes));
    bytes.extend_from_slice(tag.as_ref());
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// What a token claims, if this key made it and it has not expired. The comparison takes the same time wherever the
/// first difference is.
///
/// # Errors
/// Why it counts for nothing.
pub fn read(key: &[u8; 32], token: &str, now: Timestamp) -> Result<Claim, Wrong> {
    if token.len() > TOKEN_CHARS_MAX {
        return Err(Wrong::Forged);
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| Wrong::Forged)?;
    let (said, tag) = bytes.split_at_checked(bytes.len().saturating_sub(TAG_BYTES)).ok_or(Wrong::Forged)?;
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), &signed(said), tag).map_err(|_| Wrong::Forged)?;
    let claim = claim(said).ok_or(Wrong::Forged)?;
    if now >= claim.expires { Err(Wrong::Expired) } else { Ok(claim) }
}

/// What is signed: the same key may sign other things, which never begin with these words.
fn signed(said: &[u8]) -> Vec<u8> {
    [b"mainstay acknowledge link\0", said].concat()
}

fn write(bytes: &mut Vec<u8>, part: &str) -> Result<(), TooLong> {
    match part.parse::<Uuid>() {
        // Only the usual spelling comes back as it was.
        Ok(uuid) if uuid.to_string() == part => {
            bytes.push(IS_UUID);
            bytes.extend_from_slice(uuid.as_bytes());
        }
        Ok(_) | Err(_) => {
            let length = u8::try_from(part.len()).ok().filter(|length| usize::from(*length) <= PART_BYTES_MAX);
            bytes.push(length.ok_or(TooLong)?);
            bytes.extend_from_slice(part.as_bytes());
        }
    }
    Ok(())
}

fn claim(said: &[u8]) -> Option<Claim> {
    let (version, rest) = said.split_first()?;
    let (seconds, mut rest) = rest.split_first_chunk::<8>()?;
    let expires = Timestamp::from_second(i64::from_be_bytes(*seconds)).ok()?;
    let mut part = || -> Option<String> {
        let (length, after) = rest.split_first()?;
        let uuid = *length == IS_UUID;
        let (part, after) = after.split_at_checked(if uuid { 16 } else { usize::from(*length) })?;
        rest = after;
        if uuid {
            Uuid::from_slice(part).ok().map(|uuid| uuid.to_string())
        } else {
            String::from_utf8(part.to_vec()).ok()
        }
    };
    let (page, person, effect) = (part()?, part()?, part()?);
    (*version == VERSION && rest.is_empty()).then_some(Claim { page, person, effect, expires })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn sample() -> Claim {
        Claim {
            page: "01932e4a-9c6b-7d20-8b1e-6f2f3c1d5a77".to_owned(),
            person: "anna-katharina.von-der-heide@example.com".to_owned(),
            effect: "01932e4a-9c6b-7d20-8b1e-6f2f3c1d5a78".to_owned(),
            expires: Timestamp::from_second(1_800_000_000).unwrap(),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_token_says_what_was_claimed_and_fits_into_a_text_message() {
        let token = make(&KEY, &sample()).unwrap();
        assert_eq!(read(&KEY, &token, at(1_799_999_999)), Ok(sample()));
        assert!(token.len() < 200, "{}", token.len());
        assert!(token.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_')));
    }

    #[test]
    fn parts_that_are_no_uuids_come_back_as_they_were() {
        for part in ["", "page-7", "01932E4A-9C6B-7D20-8B1E-6F2F3C1D5A77", "01932e4a9c6b7d208b1e6f2f3c1d5a77", "ümlaut"]
        {
            let claim = Claim { page: part.to_owned(), person: part.to_owned(), effect: part.to_owned(), ..sample() };
            assert_eq!(read(&KEY, &make(&KEY, &claim).unwrap(), at(0)), Ok(claim));
        }
        let longest = "x".repeat(PART_BYTES_MAX);
        let claim = Claim { page: longest.clone(), person: longest.clone(), effect: longest.clone(), ..sample() };
        let token = make(&KEY, &claim).unwrap();
        assert!(token.len() <= TOKEN_CHARS_MAX, "{}", token.len());
        assert_eq!(read(&KEY, &token, at(0)), Ok(claim.clone()));
        assert_eq!(make(&KEY, &Claim { page: format!("{longest}x"), ..claim }), Err(TooLong));
    }

    #[test]
    fn a_token_expires() {
        let token = make(&KEY, &sample()).unwrap();
        assert_eq!(read(&KEY, &token, at(1_800_000_000)), Err(Wrong::Expired));
    }

    #[test]
    fn a_token_that_was_changed_anywhere_counts_for_nothing() {
        let token = make(&KEY, &sample()).unwrap();
        assert_eq!(read(&[8; 32], &token, at(0)), Err(Wrong::Forged));
        for at_char in 0..token.len() {
            for other in ["A", "B"] {
                let mut changed = token.clone();
                changed.replace_range(at_char..=at_char, other);
                if changed != token {
                    assert_eq!(read(&KEY, &changed, at(0)), Err(Wrong::Forged), "{at_char}");
                }
            }
            assert_eq!(read(&KEY, &token[..at_char], at(0)), Err(Wrong::Forged));
        }
        for wrong in [format!("{token}A"), "=".repeat(20), "x".repeat(100_000)] {
            assert_eq!(read(&KEY, &wrong, at(0)), Err(Wrong::Forged));
        }
    }
}
