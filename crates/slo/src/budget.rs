//! How much of a budget is left.

use crate::{Counts, Ledger, Objective, Period, burn};

/// What is left of a budget, and how long it lasts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// What was counted in the period: events, or slices.
    pub counts: Counts,
    /// The share of bad ones.
    pub error: f64,
    /// How many bad ones the period allows, as far as that can be told now: of the slices that it has, or of the events
    /// that there were.
    pub allowed: f64,
    /// The share of the budget that is left: 1 is all, 0 none, and below it was overspent.
    pub left: f64,
}

/// What is left of the budget of a period at a minute within it; none if nothing was counted.
///
/// Every event counts the same, whenever it was: the error is bad events by all events of the period, and not a mean of
/// ratios. Time slices are held against all slices that the period has, known or not.
#[must_use]
pub fn budget(ledger: &Ledger, objective: &Objective, period: Period, at: i64) -> Option<Budget> {
    let counts = ledger.between(period.from, at.min(period.to));
    let error = counts.error()?;
    let whole = match objective.slices {
        Some(rule) => f64::from(period.minutes()) / f64::from(rule.minutes.max(1)),
        None => counts.total(),
    };
    let allowed = whole * objective.allowed();
    Some(Budget { counts, error, allowed, left: 1.0 - counts.bad() / allowed })
}

/// After how many minutes nothing of the budget is left if it goes on burning as in the last so many; none if it
/// doesn't burn, or nothing is known, or nothing is left now.
#[must_use]
pub fn exhausted_in(
    budget: &Budget,
    ledger: &Ledger,
    objective: &Objective,
    period: Period,
    at: i64,
    minutes: u32,
) -> Option<f64> {
    let rate = burn(ledger.between(at - i64::from(minutes), at), objective)?;
    (rate > 0.0 && budget.left > 0.0).then(|| budget.left * f64::from(period.minutes()) / rate)
}

/// The share of the whole budget that was left at each of these minutes, counted from the beginning of the period on: it
/// begins at 1 and ends with what is left now.
#[must_use]
pub fn burn_down(ledger: &Ledger, budget: &Budget, period: Period, minutes: &[i64]) -> Vec<(i64, f64)> {
    let left = |at: i64| 1.0 - ledger.between(period.from, at).bad() / budget.allowed;
    minutes.iter().map(|at| (*at, left(*at))).collect()
}

/// The share of the whole budget that was spent from one minute to another.
#[must_use]
pub fn spent(ledger: &Ledger, budget: &Budget, from: i64, to: i64) -> f64 {
    ledger.between(from, to).bad() / budget.allowed
}
