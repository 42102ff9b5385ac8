mod arithmetic;
mod calendar;
mod documents;
mod golden;
mod ledger;
mod transitions;

use crate::Objective;

/// An objective for events with this target.
fn objective(target: f64) -> Objective {
    Objective { display: None, target, good: None, slices: None }
}
