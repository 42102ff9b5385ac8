//! How an SLO stands at one moment.

use crate::{Alert, Budget, Period, Reading, Record, Resolved, budget, burn, exhausted_in};

/// The window by which is told how fast a budget burns now.
const NOW_MINUTES: u32 = 60;
/// Without anything counted for so many minutes an SLO has no data.
const SILENT_AFTER: i64 = 60;
/// The same, where somebody wants to be told.
const SILENT_AFTER_IF_TOLD: i64 = 15;

/// How an SLO stands at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The minute, since 1970, before which everything is counted.
    pub at: i64,
    /// The period of the budget.
    pub period: Period,
    /// The newest minute in which something was counted.
    pub last: Option<i64>,
    /// True if nothing was counted for so long that nothing can be said of now.
    pub silent: bool,
    /// For so many minutes nothing need be counted, since that is how seldom something happens; 0 where that is unknown.
    pub apart: i64,
    /// How each objective stands, in the order of the document.
    pub objectives: Vec<Standing>,
}

/// How one objective stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Its budget; none if nothing was counted in the period.
    pub budget: Option<Budget>,
    /// How fast it burnt in the last hour.
    pub burn: Option<f64>,
    /// After how many minutes it is used up if that goes on.
    pub exhausted_in: Option<f64>,
    /// What each alert sees.
    pub alerts: Vec<(Alert, Reading)>,
}

impl Report {
    /// How an SLO stands at a minute, by what was counted.
    #[must_use]
    pub fn of(resolved: &Resolved, record: &Record, at: i64) -> Self {
        let definition = &resolved.definition;
        let period = definition.window.period(at);
        let objectives = definition.objectives.iter().enumerate().map(|(index, objective)| {
            let ledger = record.of(index);
            let budget = budget(ledger, objective, period, at);
            let burn = burn(ledger.between(at - i64::from(NOW_MINUTES), at), objective);
            let exhausted_in = budget.and_then(|it| exhausted_in(&it, ledger, objective, period, at, NOW_MINUTES));
            let read = |alert: &Alert| alert.read(ledger, objective, at, f64::from(definition.events_min));
            let alerts = resolved.alerts.iter().map(|alert| (alert.clone(), read(alert))).collect();
            Standing { budget, burn, exhausted_in, alerts }
        });
        let objectives = objectives.collect();
        let last = record.events().last_known();
        let patience = if resolved.no_data { SILENT_AFTER_IF_TOLD } else { SILENT_AFTER };
        let silent = last.is_none_or(|last| last < at - patience);
        Self { at, period, last, silent, apart: 0, objectives }
    }

    /// The same where what is counted may lie so many minutes apart, as a check's runs do: only what lasts longer is
    /// silence.
    #[must_use]
    pub fn of_events_apart(self, minutes: i64) -> Self {
        let silent = self.silent && self.last.is_none_or(|last| last < self.at - minutes);
        Self { silent, apart: minutes, ..self }
    }

    /// The worst budget of all its objectives.
    #[must_use]
    pub fn left(&self) -> Option<f64> {
        let left = self.objectives.iter().filter_map(|standing| Some(standing.budget?.left));
        left.min_by(f64::total_cmp)
    }

    /// The fastest burn rate of all its objectives.
    #[must_use]
    pub fn burn(&self) -> Option<f64> {
        self.objectives.iter().filter_map(|standing| standing.burn).max_by(f64::total_cmp)
    }
}
