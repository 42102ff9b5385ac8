//! What has a number: incidents, post-mortems, promises. They are few and change all the time, so their titles are looked
//! through one by one.

use timeline::Store;

use crate::{actions::state_of, frame::Frame};

/// A place, as the address names it, of each sort.
pub(super) const INCIDENTS: &str = "incident/";
pub(super) const POST_MORTEMS: &str = "postmortem/";
pub(super) const ACTIONS: &str = "action/";

/// One of them, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbered {
    Incident(u64),
    PostMortem(u64),
    Action(u64),
}

/// What is shown of one.
pub(super) struct Shown {
    pub(super) title: String,
    pub(super) href: String,
    pub(super) sort: &'static str,
    pub(super) note: String,
}

/// Those whose titles have all the words, the newest first: incidents, post-mortems, promises.
pub(super) fn titled<'a>(
    frame: &'a Frame,
    question: &str,
    within: &'a str,
) -> impl Iterator<Item = Numbered> + use<'a> {
    let words: Vec<String> = question.split_whitespace().map(str::to_lowercase).collect();
    let fits = move |title: &str| {
        let title = title.to_lowercase();
        !words.is_empty() && words.iter().all(|word| title.contains(word))
    };
    let world = &frame.world;
    let incidents = world.incidents.recent().map(|incident| (Numbered::Incident(incident.number()), &*incident.title));
    let written = world.postmortems.all().map(|of| (Numbered::PostMortem(of.about.incident), &*of.title));
    let promised = world.actions.actions().map(|action| (Numbered::Action(action.number), &*action.promise.what));
    let asked = incidents
        .filter(move |_| INCIDENTS.starts_with(within))
        .chain(written.filter(move |_| POST_MORTEMS.starts_with(within)))
        .chain(promised.filter(move |_| ACTIONS.starts_with(within)));
    asked.filter_map(move |(numbered, title)| fits(title).then_some(numbered))
}

impl Numbered {
    /// What is shown of it; none if it is not held any more.
    pub(super) fn shown(self, frame: &Frame) -> Option<Shown> {
        let (title, path, sort, note) = match self {
            Self::Incident(number) => {
                let incident = frame.world.incidents.by_number(number)?;
                (
                    incident.title.clone(),
                    format!("/incidents/{number}"),
                    "incident",
                    incident.status().word().to_owned(),
                )
            }
            Self::PostMortem(number) => {
                let of = frame.world.postmortems.get(number)?;
                (of.title.clone(), format!("/postmortems/{number}"), "post-mortem", of.stage().word().to_owned())
            }
            Self::Action(number) => {
                let action = frame.world.actions.get(number)?;
                let state = state_of(action, frame.now);
                (action.promise.what.clone(), format!("/actions/{number}"), "promise", state.word)
            }
        };
        Some(Shown { title, href: frame.href(path), sort, note })
    }

    /// The text that the excerpt is cut from.
    pub(super) fn text(self, frame: &Frame, store: &dyn Store) -> Option<String> {
        match self {
            Self::Incident(number) => Some(frame.world.incidents.by_number(number)?.evidence.clone()),
            Self::PostMortem(number) => {
                let of = frame.world.postmortems.get(number)?;
                let text = of.newest().map_or(of.text, |newest| newest.text);
                let bytes = store.get_blob(&text).ok()??;
                Some(prose::render(&String::from_utf8_lossy(&bytes), &prose::Links::nowhere()).text)
            }
            Self::Action(number) => Some(frame.world.actions.get(number)?.promise.why.clone()),
        }
    }
}
