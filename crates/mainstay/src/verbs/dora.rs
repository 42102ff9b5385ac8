//! `mainstay dora`: DORA's five measures of a component, a team or everything.

use std::process::ExitCode;

use clap::Args;
use kernel::Refusal;
use serde::Deserialize;
use web::deploys::measured::{rate, took_if_known};

use super::Session;
use crate::output::{Table, add, short};

pub(crate) const HELP: &str = "\
Each measure is shown beside that of as long a time before. What is counted, and how, is in the manual: measures.

Examples:
  mainstay dora
  mainstay dora --team payments
  mainstay dora --component checkout --from 2026-07-01 --to 2026-10-01";

/// Whose measures, and of when.
#[derive(Debug, Args)]
pub(crate) struct DoraArgs {
    /// Of this component
    #[arg(long, value_name = "NAME", conflicts_with = "team")]
    component: Option<String>,
    /// Of what this team owns
    #[arg(long, value_name = "NAME")]
    team: Option<String>,
    /// From this day or time on; the last 90 days if left out
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Up to this day or time; until now if left out
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Measures {
    now: Window,
    before: Window,
    services: Vec<Service>,
}

#[derive(Debug, Deserialize)]
struct Service {
    component: String,
    #[serde(flatten)]
    window: Window,
}

#[derive(Debug, Deserialize)]
struct Window {
    lead_time: Distribution,
    deployments: usize,
    per_day: f64,
    recovery: Distribution,
    failed: usize,
    change_fail_rate: Option<f64>,
    unplanned: usize,
    rework_rate: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct Distribution {
    p50_s: Option<u64>,
    p90_s: Option<u64>,
}

/// Shows them.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn run(args: DoraArgs, session: &Session) -> Result<ExitCode, Refusal> {
    let asked = [("component", &args.component), ("team", &args.team), ("from", &args.from), ("to", &args.to)];
    let query: Vec<(&str, &str)> =
        asked.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect();
    let answer = session.client.get(&["measures"], &query).await?;
    session.out.show(answer, |measures: Measures| text(&measures))?;
    Ok(ExitCode::SUCCESS)
}

fn text(measures: &Measures) -> String {
    let Measures { now, before, services } = measures;
    let mut table = Table::new(&["measure", "now", "before", "of"]);
    let row = |name: &str, now: String, before: String, of: String| [name.to_owned(), now, before, of];
    table.row(row(
        "lead time, half",
        took_if_known(now.lead_time.p50_s),
        took_if_known(before.lead_time.p50_s),
        String::new(),
    ));
    table.row(row(
        "lead time, nine of ten",
        took_if_known(now.lead_time.p90_s),
        took_if_known(before.lead_time.p90_s),
        String::new(),
    ));
    let often = |window: &Window| format!("{:.2} a day", window.per_day);
    table.row(row("deployments", often(now), often(before), now.deployments.to_string()));
    table.row(row("failed", rate(now.change_fail_rate), rate(before.change_fail_rate), now.failed.to_string()));
    table.row(row(
        "recovery, half",
        took_if_known(now.recovery.p50_s),
        took_if_known(before.recovery.p50_s),
        String::new(),
    ));
    table.row(row("rework", rate(now.rework_rate), rate(before.rework_rate), now.unplanned.to_string()));
    let mut text = table.or("");
    if services.len() > 1 {
        let mut table = Table::new(&["service", "deployments", "lead time", "failed", "recovery", "rework"]);
        for Service { component, window } in services {
            table.row([
                short(component).to_owned(),
                window.deployments.to_string(),
                took_if_known(window.lead_time.p50_s),
                rate(window.change_fail_rate),
                took_if_known(window.recovery.p50_s),
                rate(window.rework_rate),
            ]);
        }
        add(&mut text, "");
        text.push_str(&table.or(""));
    }
    text
}
