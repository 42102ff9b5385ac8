//! A change that somebody filled in: done at once, asked for, or forced in an emergency.

use ::flags::{Change, Command as FlagCommand, Event as FlagEvent};
use axum::response::{IntoResponse, Redirect, Response};
use kernel::{Refusal, Timestamp, codes};
use serde::Deserialize;
use world::{Command, Event};

use crate::{
    App,
    guard::By,
    remark::{Done, back},
    views::{Entry, Field},
};

/// When, why, and whether it can wait for others.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Terms {
    pub(super) reason: String,
    /// The box is ticked.
    pub(super) emergency: Option<String>,
    /// As browsers write a time: `2026-11-23T09:00`, meant in UTC.
    pub(super) at: String,
}

impl Terms {
    fn at(&self) -> Result<Option<Timestamp>, Refusal> {
        let text = self.at.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let read = format!("{}Z", text.trim_end_matches('Z')).parse();
        read.map(Some).map_err(|_| {
            let refusal = Refusal::new(&codes::INVALID, "this is no time").field("at");
            refusal.fix("write it as 2026-11-23T09:00, in UTC")
        })
    }

    /// The fields that ask for them. `approvals` is how many others must agree.
    pub(super) fn fields(&self, approvals: u8) -> Vec<Field> {
        let when = Field::new("at", "When, if not now", Entry::Line { kind: "datetime-local", value: self.at.clone() });
        let reason =
            Field::line("reason", "Reason", self.reason.clone()).hint("Stands on the timeline beside the change.");
        let emergency = (approvals > 0).then(|| {
            let on = self.emergency.is_some();
            Field::new("emergency", "An emergency: do it without approval", Entry::Tick { on })
                .hint("Needs a reason, and is shown loudly on the timeline.")
        });
        [reason, when.hint("In UTC. It is done at that time unless the flag was changed since.")]
            .into_iter()
            .chain(emergency)
            .collect()
    }
}

/// Makes the change, or asks for it where it has to wait for others or for its time; and goes on to `screen`, or to the
/// request.
pub(super) async fn carry_out(
    app: &App,
    by: &By,
    change: Change,
    terms: &Terms,
    screen: &str,
    done: Done,
) -> Result<Response, Refusal> {
    let at = terms.at()?;
    let needed = ::flags::needed(&app.world().flags, &change);
    let command = match (terms.emergency.is_some() && needed > 0, at, needed) {
        (true, ..) => FlagCommand::Override { change },
        (false, None, 0) => change.into(),
        (false, at, _) => FlagCommand::RequestChange { change, at },
    };
    let receipt = app.submit(by.request(Command::Flags(command), Some(&terms.reason), None)?).await?;
    let asked = receipt.recorded.iter().find_map(|recorded| match recorded.event.as_ref() {
        Event::Flags(FlagEvent::Request { request, .. }) => Some(*request),
        Event::Flags(_)
        | Event::Access(_)
        | Event::Actions(_)
        | Event::Catalog(_)
        | Event::Checks(_)
        | Event::Contracts(_)
        | Event::Deploys(_)
        | Event::Effects(_)
        | Event::Incidents(_)
        | Event::Journal(_)
        | Event::Oncall(_)
        | Event::Alerts(_)
        | Event::Paging(_)
        | Event::Postmortems(_)
        | Event::Statuspage(_)
        | Event::Slo(_) => None,
    });
    Ok(match asked {
        Some(request) => Redirect::to(&format!("/flags/requests/{request}")).into_response(),
        None => back(screen, if receipt.recorded.is_empty() { Done::Nothing } else { done }),
    })
}
