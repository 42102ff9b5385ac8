//! How much is taken, and what is refused.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kernel::{EntityRef, Refusal, codes};

use crate::{Settings, Told};

/// The same deployment recorded again within this time (the same place, version, commit and outcome, with nothing
/// between) is a repeated request and not a new deployment: CI steps are retried, and hooks are delivered twice.
pub const SAME_DEPLOYMENT: Duration = Duration::from_secs(60);

/// How long after a request to go back its deployment or configuration must have been recorded.
pub const UNDO_PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Changes that are remembered for each place; the timeline has the older ones.
pub(crate) const HISTORY: usize = 100;
/// Environments of one component.
pub(crate) const ENVIRONMENTS: usize = 64;
/// Bytes of an error that a hook answered.
pub(crate) const ERROR_BYTES: usize = 500;

const VERSION_BYTES: usize = 128;
const ENVIRONMENT_BYTES: usize = 63;
const COMMIT_BYTES: usize = 128;
pub(crate) const URL_BYTES: usize = 2048;
const SETTINGS: usize = 500;
const SETTING_NAME_BYTES: usize = 253;
const SETTING_VALUE_BYTES: usize = 4096;

/// Refuses a text that is empty, longer than `max` bytes, or has control characters.
fn text(field: &str, text: &str, max: usize) -> Result<(), Refusal> {
    let refuse = |detail: String| Err(Refusal::new(&codes::INVALID, detail).field(field));
    if text.trim().is_empty() {
        return refuse("must not be empty".to_owned());
    }
    if text.len() > max {
        return refuse(format!("has {} bytes; at most {max} are allowed", text.len()));
    }
    if text.chars().any(char::is_control) {
        return refuse("has a control character".to_owned());
    }
    Ok(())
}

pub(crate) fn place(component: &EntityRef, environment: &str) -> Result<(), Refusal> {
    if component.kind() != "component" {
        return Err(Refusal::new(&codes::INVALID, format!("{component} is not a component"))
            .field("/component")
            .fix("name what is deployed as component:NAME"));
    }
    text("/environment", environment, ENVIRONMENT_BYTES)
}

pub(crate) fn version(version: &str) -> Result<(), Refusal> {
    text("/version", version, VERSION_BYTES)
}

pub(crate) fn commit(commit: Option<&str>) -> Result<(), Refusal> {
    commit.map_or(Ok(()), |commit| text("/commit", commit, COMMIT_BYTES))
}

/// Only web addresses: the text becomes a link on a screen.
pub(crate) fn url(url: Option<&str>) -> Result<(), Refusal> {
    let Some(url) = url else { return Ok(()) };
    text("/url", url, URL_BYTES)?;
    if url.starts_with("https://") || url.starts_with("http://") {
        return Ok(());
    }
    Err(Refusal::new(&codes::INVALID, "is not a web address").field("/url").fix("start it with https://"))
}

pub(crate) fn settings(settings: &Settings) -> Result<(), Refusal> {
    if settings.len() > SETTINGS {
        let detail = format!("has {} settings; at most {SETTINGS} are allowed", settings.len());
        return Err(Refusal::new(&codes::INVALID, detail).field("/settings"));
    }
    for (name, value) in settings {
        text("/settings", name, SETTING_NAME_BYTES)?;
        let field = format!("/settings/{}", name.replace('~', "~0").replace('/', "~1"));
        if value.len() > SETTING_VALUE_BYTES {
            let detail = format!("has {} bytes; at most {SETTING_VALUE_BYTES} are allowed", value.len());
            return Err(Refusal::new(&codes::INVALID, detail).field(field));
        }
        if looks_secret(name, value) {
            return Err(Refusal::new(&codes::INVALID, "looks like a secret, and everybody can read the timeline")
                .field(field)
                .fix("leave the setting out, or give a reference (ref:NAME) or a digest (sha256:...) for its value"));
        }
    }
    Ok(())
}

/// True where the name says secret and the value is no reference, or where the value is an address with a password.
fn looks_secret(name: &str, value: &str) -> bool {
    const WORDS: [&str; 8] =
        ["password", "passwd", "secret", "token", "api_key", "apikey", "private_key", "credential"];
    const REFERENCES: [&str; 2] = ["ref:", "sha256:"];
    let name = name.to_lowercase().replace(['-', '.'], "_");
    let named = WORDS.iter().any(|word| name.contains(word));
    let referred = value.is_empty() || REFERENCES.iter().any(|prefix| value.starts_with(prefix));
    (named && !referred) || has_password(value)
}

/// True for `scheme://user:password@host`.
fn has_password(value: &str) -> bool {
    value
        .split_once("://")
        .and_then(|(_, rest)| rest.split(['/', '?', '#']).next())
        .and_then(|authority| authority.rsplit_once('@'))
        .is_some_and(|(user, _)| user.split_once(':').is_some_and(|(_, password)| !password.is_empty()))
}

/// Something may be recorded this much later than it happened: what other tools remember can be brought along.
const LATE: SignedDuration = SignedDuration::from_hours(10 * 366 * 24);

/// Clocks differ by this much without anybody lying.
const AHEAD: SignedDuration = SignedDuration::from_mins(2);

/// Refuses a time in the future, or too long ago.
pub(crate) fn finished(finished: Option<Timestamp>, now: Timestamp) -> Result<(), Refusal> {
    match finished.map(|at| now.duration_since(at)) {
        Some(ago) if -ago > AHEAD => {
            Err(Refusal::new(&codes::INVALID, "this time is in the future").field("/finished"))
        }
        Some(ago) if ago > LATE => {
            Err(Refusal::new(&codes::INVALID, "this was more than ten years ago").field("/finished"))
        }
        Some(_) | None => Ok(()),
    }
}

/// The time that a forge names, as far as it can be true: one in the future becomes now, and by how many seconds it was
/// ahead is noted.
#[must_use]
pub fn not_after(named: Timestamp, now: Timestamp) -> (Timestamp, Option<u64>) {
    let ahead = named.duration_since(now);
    if ahead <= AHEAD {
        return (named.min(now), None);
    }
    (now, u64::try_from(ahead.as_secs()).ok())
}

/// Commits of one deployment.
pub const COMMITS_MAX: usize = 500;
const KEY_BYTES: usize = 512;
const REPOSITORY_BYTES: usize = 255;
const AUTHOR_BYTES: usize = 255;

pub(crate) fn told(told: &Told) -> Result<(), Refusal> {
    for (field, value, max) in [("/key", &told.key, KEY_BYTES), ("/repository", &told.repository, REPOSITORY_BYTES)] {
        value.as_deref().map_or(Ok(()), |value| text(field, value, max))?;
    }
    if told.commits.len() > COMMITS_MAX {
        let detail = format!("has {} commits; at most {COMMITS_MAX} are allowed", told.commits.len());
        return Err(Refusal::new(&codes::INVALID, detail).field("/commits").fix("leave the oldest out"));
    }
    for (number, commit) in told.commits.iter().enumerate() {
        text(&format!("/commits/{number}/sha"), &commit.sha, COMMIT_BYTES)?;
        let author = commit.author.as_deref();
        author.map_or(Ok(()), |author| text(&format!("/commits/{number}/author"), author, AUTHOR_BYTES))?;
    }
    Ok(())
}
