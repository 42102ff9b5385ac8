//! Which flags a token may evaluate.

use kernel::{Refusal, codes};
use serde::{Deserialize, Serialize};

use crate::Scope;

/// Which flags a token may evaluate; all of them, everywhere, where nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// In this environment alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Of these flag sets alone; of all if none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flag_sets: Vec<String>,
}

/// As long as an environment's name may be where flags are defined.
const ENVIRONMENT_BYTES_MAX: usize = 63;
const FLAG_SETS_MAX: usize = 100;
const FLAG_SET_BYTES_MAX: usize = 200;

impl Reach {
    /// True if it confines nothing.
    #[must_use]
    pub fn is_everywhere(&self) -> bool {
        self.environment.is_none() && self.flag_sets.is_empty()
    }

    /// True if flags may be evaluated in this environment.
    #[must_use]
    pub fn holds(&self, environment: &str) -> bool {
        self.environment.as_deref().is_none_or(|own| own == environment)
    }

    /// What it is confined to: `in production`, `of shop`.
    pub fn words(&self) -> impl Iterator<Item = String> {
        let environment = self.environment.iter().map(|environment| format!("in {environment}"));
        environment.chain(self.flag_sets.iter().map(|set| format!("of {set}")))
    }

    /// Refuses what can't be kept: a token that may do more than evaluate sees all flags anyway.
    pub(crate) fn check(&self, scopes: &[Scope]) -> Result<(), Refusal> {
        if self.is_everywhere() {
            return Ok(());
        }
        if scopes.iter().any(|scope| *scope != Scope::Evaluate) {
            let detail =
                "only a token that does nothing but evaluate can be confined to an environment or to flag sets";
            let refusal = Refusal::new(&codes::INVALID, detail).field("scopes");
            return Err(refusal.fix("give it the scope evaluate alone, or leave environment and flag sets out"));
        }
        let sound = |name: &str, bytes_max: usize| {
            !name.is_empty() && name.len() <= bytes_max && name.trim() == name && !name.chars().any(char::is_control)
        };
        if self.environment.as_deref().is_some_and(|name| !sound(name, ENVIRONMENT_BYTES_MAX)) {
            let detail = "an environment's name has 1 to 63 characters";
            return Err(Refusal::new(&codes::INVALID, detail).field("environment"));
        }
        if self.flag_sets.len() > FLAG_SETS_MAX || self.flag_sets.iter().any(|name| !sound(name, FLAG_SET_BYTES_MAX)) {
            let detail = "a token is confined to at most 100 flag sets, whose names have 1 to 200 characters";
            return Err(Refusal::new(&codes::INVALID, detail).field("flag_sets"));
        }
        Ok(())
    }
}
