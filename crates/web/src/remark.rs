//! What was just done, told on the screen that one comes back to.
//!
//! A change is posted and answered by a redirect (303), so that reloading repeats nothing. What to say there travels as
//! one word of a fixed list in the address, since whatever else it said could be anybody's words.

use axum::{
    http::Uri,
    response::{IntoResponse, Redirect, Response},
};

use crate::{
    security::own_path,
    views::{Callout, State, Tone},
};

/// The parameter that carries the word.
const DONE: &str = "done";

/// Something that was just done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// A change was undone.
    Undone,
    /// Somebody outside was asked to undo a change.
    Asked,
    /// A flag was turned.
    Turned,
    /// A password was set.
    Password,
    /// A token was revoked.
    Revoked,
    /// An integration's key was taken away.
    KeyRevoked,
    /// A user was created.
    Created,
    /// A user was disabled.
    Disabled,
    /// A ramp was steered.
    Steered,
    /// A flag or segment was made or changed.
    Saved,
    /// A flag or segment was removed.
    Removed,
    /// A request was approved.
    Approved,
    /// A request was rejected.
    Rejected,
    /// A request was withdrawn.
    Withdrawn,
    /// A webhook is called again.
    Called,
    /// Whether deployments ask the contracts first was changed.
    Gate,
    /// Who is on call was changed.
    OnCall,
    /// How somebody is reached was changed.
    Contact,
    /// A maintenance was planned or ended.
    Maintenance,
    /// A probe was retired.
    Retired,
    /// A test message went out.
    Tested,
    /// Something on a status page was changed.
    Published,
    /// A check was made or changed.
    CheckSaved,
    /// A promise was done, decided against, given to another, put off or reopened.
    Promise,
    /// All was as wished before.
    Nothing,
}

impl Done {
    const ALL: [Self; 25] = [
        Self::Undone,
        Self::Asked,
        Self::Turned,
        Self::Password,
        Self::Revoked,
        Self::KeyRevoked,
        Self::Created,
        Self::Disabled,
        Self::Steered,
        Self::Saved,
        Self::Removed,
        Self::Approved,
        Self::Rejected,
        Self::Withdrawn,
        Self::Called,
        Self::Gate,
        Self::OnCall,
        Self::Contact,
        Self::Maintenance,
        Self::Retired,
        Self::Tested,
        Self::Published,
        Self::CheckSaved,
        Self::Promise,
        Self::Nothing,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Undone => "undone",
            Self::Asked => "asked",
            Self::Turned => "turned",
            Self::Password => "password",
            Self::Revoked => "revoked",
            Self::KeyRevoked => "key-revoked",
            Self::Created => "created",
            Self::Disabled => "disabled",
            Self::Steered => "steered",
            Self::Saved => "saved",
            Self::Removed => "removed",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Called => "called",
            Self::Gate => "gate",
            Self::OnCall => "on-call",
            Self::Contact => "contact",
            Self::Maintenance => "maintenance",
            Self::Retired => "retired",
            Self::Tested => "tested",
            Self::Published => "published",
            Self::CheckSaved => "check-saved",
            Self::Promise => "promise",
            Self::Nothing => "nothing",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Undone => "The change is undone. This screen shows by itself whether that helps.",
            Self::Asked => {
                "The hook was asked to undo the change, which stands until it reports. This screen shows by itself when it has."
            }
            Self::Turned => "The flag is turned. Clients see it with their next evaluation.",
            Self::Password => "The password is set. All other sessions of this user have ended.",
            Self::Revoked => "The token is revoked. It is refused from now on.",
            Self::KeyRevoked => "The key is revoked. Nothing comes in by it from now on.",
            Self::Created => "The user is created and can sign in.",
            Self::Disabled => "The user is disabled, and all their sessions have ended.",
            Self::Steered => "The ramp does so from now on. Clients see it with their next evaluation.",
            Self::Saved => "It is saved. Clients see it with their next evaluation.",
            Self::Removed => "It is removed.",
            Self::Approved => "You have approved it. It is done as soon as enough people agree and its time has come.",
            Self::Rejected => "You have rejected it. It will not be done.",
            Self::Withdrawn => "It is withdrawn. It will not be done.",
            Self::Called => "The webhook is called again. This screen shows by itself what is answered.",
            Self::Gate => "The gate is set. It holds from the next deployment on.",
            Self::OnCall => "The schedule is changed. It holds from the next page on.",
            Self::Contact => "It is saved. It holds from the next page on.",
            Self::Maintenance => "The maintenance is set so. It holds from the next run on.",
            Self::Retired => "The probe is retired. What it saw counts no more.",
            Self::Tested => {
                "A test message is on its way. Enter the code that it has, to show that the address is yours."
            }
            Self::Published => "The public sees it within seconds. Subscribers are told if you said so.",
            Self::CheckSaved => "The check is saved. It holds from the next run on.",
            Self::Promise => "It stands so from now on, under your name.",
            Self::Nothing => "All was so already: nothing was changed.",
        }
    }
}

/// Sends the browser to a path of ours, to be told there what was done.
#[must_use]
pub fn back(path: &str, done: Done) -> Response {
    let path = own_path(path);
    let (path, fragment) = path.split_once('#').map_or((path, None), |(path, rest)| (path, Some(rest)));
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let kept = query.split('&').filter(|pair| !pair.is_empty() && pair.split('=').next() != Some(DONE));
    let word = format!("{DONE}={}", done.word());
    let query = kept.chain([word.as_str()]).collect::<Vec<_>>().join("&");
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    Redirect::to(&format!("{path}?{query}{fragment}")).into_response()
}

/// What the address says was done.
#[must_use]
pub fn told(uri: &Uri) -> Option<Callout> {
    let word = uri.query()?.split('&').find_map(|pair| pair.strip_prefix(DONE)?.strip_prefix('='))?;
    let done = Done::ALL.into_iter().find(|done| done.word() == word)?;
    let tone = if done == Done::Nothing { Tone::Quiet } else { Tone::Good };
    Some(Callout { state: State::new(tone, "Done"), text: done.text().to_owned(), link: None })
}

#[cfg(test)]
mod tests {
    use axum::http::header;

    use super::*;

    #[test]
    fn the_word_is_added_once_and_only_to_paths_of_ours() {
        let to = |path| back(path, Done::Undone).headers()[header::LOCATION].to_str().unwrap().to_owned();
        assert_eq!(to("/incidents/3"), "/incidents/3?done=undone");
        assert_eq!(to("/timeline?what=changes&done=asked#x"), "/timeline?what=changes&done=undone#x");
        assert_eq!(to("//attacker.example"), "/?done=undone");
    }

    #[test]
    fn only_known_words_are_told() {
        let said = |uri: &str| told(&uri.parse().unwrap()).is_some();
        assert!(said("/x?a=b&done=undone"));
        assert!(!said("/x?done=anything") && !said("/x?undone") && !said("/x"));
    }
}
