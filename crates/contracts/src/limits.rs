//! How much is taken, and what is refused.

use kernel::{Refusal, codes};

/// Bytes of a pacticipant's name, a version's number, a branch, a tag or a label.
pub(crate) const NAME_BYTES: usize = 255;
/// Bytes of an address.
pub(crate) const URL_BYTES: usize = 2_048;
/// Bytes of a description.
pub(crate) const TEXT_BYTES: usize = 1_000;
/// Contracts of one publication.
pub(crate) const CONTRACTS: usize = 1_000;
/// Tags of one publication, and of one version.
pub(crate) const TAGS: usize = 1_000;
/// Branches of one version.
pub(crate) const BRANCHES: usize = 1_000;
/// Environments.
pub(crate) const ENVIRONMENTS: usize = 500;
/// Webhooks.
pub(crate) const WEBHOOKS: usize = 5_000;
/// Bytes of the name of a webhook's header.
pub(crate) const HEADER_NAME_BYTES: usize = 255;
/// Bytes of all headers of a webhook.
pub(crate) const HEADERS_BYTES: usize = 32_768;
/// By so many bytes, the address of a webhook grows when it is filled.
pub(crate) const FILLED_URL_BYTES: usize = 8_192;
/// By so many, a header or the user.
pub(crate) const FILLED_HEADER_BYTES: usize = 1_024;
/// By so many, the body.
pub(crate) const FILLED_BODY_BYTES: usize = 65_536;
/// Deliveries of webhooks that are remembered; the timeline has them all.
pub(crate) const DELIVERIES: usize = 10_000;
/// Definitions of one API that are remembered with when each came.
pub(crate) const API_HISTORY: usize = 200;

/// Refuses a text that is empty, too long, or has control characters.
pub(crate) fn name(field: &str, text: &str) -> Result<(), Refusal> {
    bounded(field, text, NAME_BYTES)?;
    if text.trim().is_empty() {
        return Err(Refusal::new(&codes::INVALID, "can't be blank").field(field));
    }
    Ok(())
}

/// Refuses a text that is too long or has control characters.
pub(crate) fn bounded(field: &str, text: &str, max: usize) -> Result<(), Refusal> {
    if text.len() > max {
        let detail = format!("has {} bytes; at most {max} are allowed", text.len());
        return Err(Refusal::new(&codes::INVALID, detail).field(field));
    }
    if text.contains(['\n', '\r']) {
        return Err(Refusal::new(&codes::INVALID, "cannot contain multiple lines").field(field));
    }
    if text.chars().any(char::is_control) {
        return Err(Refusal::new(&codes::INVALID, "has a control character").field(field));
    }
    Ok(())
}

/// Refuses what is no web address: it becomes a link on a screen.
pub(crate) fn url(field: &str, url: Option<&str>) -> Result<(), Refusal> {
    let Some(url) = url else { return Ok(()) };
    bounded(field, url, URL_BYTES)?;
    if url.starts_with("https://") || url.starts_with("http://") || url.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(&codes::INVALID, "is not a valid URL eg. http://example.org").field(field))
}
