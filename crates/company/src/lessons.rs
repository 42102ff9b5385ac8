//! What the company has learned of an incident: a post-mortem with three promises. One is kept, which Mainstay sees by
//! itself; one is kept until the shop breaks again; one is forgotten, and comes to whoever leads.

use std::time::Duration;

use jiff::SignedDuration;
use kernel::Timestamp;
use serde_json::{Value, json};

use crate::{ChangeError, Company, pipeline::again};

/// For how long nobody noticed.
const UNNOTICED: Duration = Duration::from_secs(25 * 60);
/// What is promised for next week, and what for soon.
const DUE: SignedDuration = SignedDuration::from_hours(14 * 24);
const DUE_SOON: SignedDuration = SignedDuration::from_mins(2);

/// The checks that were promised, as the company's engineers write them.
const PROMISED: &str = include_str!("lessons/checks.yaml");

/// What people put in place of what only they can know.
const KNOWN: [(&str, &str); 5] = [
    (
        "_What happened, in three sentences, for somebody who was not there._",
        "A change of how long baskets are kept was read as seconds, so baskets were empty as soon as they were filled. \
         The shop looked well: to the check that reads a basket, an empty one is as good as a full one. \
         A customer rang, Ada set it back, and the baskets were full again.",
    ),
    (
        "_What users could not do, how many, and what they lost._",
        "Whoever filled a basket in this time found it empty. 214 did; 31 of them never came back.",
    ),
    (
        "_No change was found guilty. Why did it break, and why did nothing stop it?_",
        "`basket_days` had no unit of its own, and no check has ever expected a jar in a basket.",
    ),
    (
        "## What went well\n\n- \n",
        "## What went well\n\n- The customer's call came through to somebody who could help.\n",
    ),
    (
        "## What went badly\n\n- \n\n## Where we were lucky\n\n- ",
        "## What went badly\n\n- For 25 minutes nobody knew.\n- What to do was in Ada's head.\n\n\
         ## Where we were lucky\n\n- Ada was awake.",
    ),
];

impl Company {
    /// The incident, as far as it can be told afterwards, and its post-mortem.
    pub(crate) async fn learn(&self) -> Result<(), ChangeError> {
        let mainstay = &self.chat;
        let now = Timestamp::now();
        let began = now.checked_sub(UNNOTICED).unwrap_or(now);
        let title = "Customers found their baskets empty";
        let evidence = "a customer rang: \"my fog has evaporated\"";
        let incident = again(|| mainstay.declare("storefront", title, evidence)).await?;
        for (verb, body) in [
            ("impact", json!({"at": began})),
            ("acknowledge", json!({})),
            ("roles", json!({"role": "commander", "person": "user:bram.squall"})),
            (
                "notes",
                json!({"text": "Baskets are empty right after they were filled. Pages are fine, checks are green."}),
            ),
            ("decisions", json!({"text": "Set `basket_days` back first, understand it afterwards."})),
            ("mitigate", json!({})),
            ("resolve", json!({})),
        ] {
            mainstay.respond(incident, verb, &body).await?;
        }
        let draft = mainstay.begin_post_mortem(incident).await?;
        let text = KNOWN.iter().fold(draft, |text, (asked, known)| text.replace(asked, known));
        mainstay.write_post_mortem(incident, &text, &promises(now)).await?;
        Ok(self.pipeline.mainstay.publish_post_mortem(incident, "user:ada.brolly").await?)
    }

    /// Does what two of the promises are about.
    pub(crate) async fn keep_promises(&self) -> Result<(), ChangeError> {
        let checks = self.localise(PROMISED);
        let why = "promised when baskets were empty";
        Ok(self.pipeline.mainstay.apply("drizzle-baskets", "checks.yaml", &checks, why).await?)
    }
}

fn promises(now: Timestamp) -> [Value; 3] {
    let promise = |what: &str, owner: &str, due: SignedDuration, done_when: &str| json!({"what": what, "owner": owner, "deadline": now.checked_add(due).unwrap_or(now), "done_when": done_when});
    [
        promise("Let a check look into a basket", "user:bram.squall", DUE, "check:basket-is-full"),
        promise("Let a check buy what is in a basket", "user:bram.squall", DUE, "check:basket-can-be-bought"),
        promise(
            "Write down what to do when baskets are empty",
            "user:ada.brolly",
            DUE_SOON,
            "the storefront's docs have a runbook for it",
        ),
    ]
}
