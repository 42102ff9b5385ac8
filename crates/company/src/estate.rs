//! What is deployed, and how it is configured.
//!
//! The estate is the machine room: services look up their own version and settings here on every request, so that a
//! deployment or a new configuration takes effect at once. A defect belongs to a build, so going back to an earlier
//! version really heals.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A component's settings, by name.
pub(crate) type Settings = BTreeMap<String, String>;

/// What is wrong with a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Defect {
    /// Every request fails; two answers of three say why.
    Fails(&'static str),
    /// No request is answered before its caller gives up.
    Hangs,
}

/// A version: major, minor, patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub(crate) u16, pub(crate) u16, pub(crate) u16);

impl Version {
    /// Reads `1.2.3`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(|part| part.parse().ok());
        let version = Self(parts.next()??, parts.next()??, parts.next()??);
        parts.next().is_none().then_some(version)
    }

    fn next(self) -> Self {
        Self(self.0, self.1, self.2.saturating_add(1))
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// One component as it is now.
#[derive(Debug, Clone)]
pub(crate) struct Deployed {
    pub(crate) version: Version,
    pub(crate) settings: Settings,
    builds: BTreeMap<Version, Option<Defect>>,
}

impl Deployed {
    /// What is wrong with the version that runs.
    pub(crate) fn defect(&self) -> Option<Defect> {
        self.builds.get(&self.version).copied().flatten()
    }
}

/// Every component that can be deployed, whether it really runs or not.
pub(crate) struct Estate(Mutex<BTreeMap<&'static str, Deployed>>);

/// What cannot be deployed or configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EstateError {
    /// No component has this name.
    #[error("there is no component \"{0}\"")]
    Unknown(String),
    /// There is no such version.
    #[error("{component} {version} was never built")]
    NeverBuilt {
        /// The component's name.
        component: String,
        /// What was asked for.
        version: String,
    },
}

/// The builds that are kept per component; older ones can no longer be deployed.
const BUILDS_MAX: usize = 200;

/// What runs on the first day: a component, its version, its settings.
type FirstDay = (&'static str, Version, &'static [(&'static str, &'static str)]);

const FIRST_DAY: [FirstDay; 16] = [
    ("storefront", Version(7, 12, 0), &[("recommendations_timeout_ms", "4000")]),
    ("products", Version(5, 2, 3), &[("pool_size", "20")]),
    ("recommendations", Version(3, 4, 0), &[]),
    ("cart", Version(1, 9, 4), &[("basket_days", "30")]),
    ("checkout", Version(4, 2, 0), &[("payments_timeout_ms", "1500"), ("letters", "on")]),
    ("payments", Version(2, 8, 0), &[("bank_concurrency", "8")]),
    ("currency", Version(1, 4, 1), &[("rates_source", "bank-of-puddlewick")]),
    ("shipping", Version(1, 14, 2), &[("carriers", "pigeon,packet-boat,aunt")]),
    ("email", Version(2, 2, 0), &[("paper", "cream")]),
    ("search", Version(0, 31, 0), &[]),
    ("fraud", Version(0, 7, 2), &[]),
    ("inventory", Version(2, 0, 5), &[]),
    ("accounts", Version(6, 0, 1), &[]),
    ("reviews", Version(1, 1, 7), &[]),
    ("ads", Version(0, 4, 0), &[]),
    ("pocket-app", Version(11, 3, 0), &[]),
];

impl Estate {
    /// The estate on its first day.
    pub(crate) fn new() -> Self {
        let deployed = FIRST_DAY.map(|(name, version, settings)| {
            let settings = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            (name, Deployed { version, settings, builds: BTreeMap::from([(version, None)]) })
        });
        Self(Mutex::new(BTreeMap::from(deployed)))
    }

    /// The names of all components, in order.
    pub(crate) fn components(&self) -> Vec<&'static str> {
        self.lock().keys().copied().collect()
    }

    /// One component as it is now.
    pub(crate) fn deployed(&self, component: &str) -> Result<Deployed, EstateError> {
        self.lock().get(component).cloned().ok_or_else(|| EstateError::Unknown(component.to_owned()))
    }

    /// Builds the component's next version, and answers it. It does not run yet.
    pub(crate) fn build(&self, component: &str, defect: Option<Defect>) -> Result<Version, EstateError> {
        self.change(component, |deployed| {
            let newest = deployed.builds.last_key_value().map_or(deployed.version, |(version, _)| *version);
            deployed.builds.insert(newest.next(), defect);
            while deployed.builds.len() > BUILDS_MAX {
                deployed.builds.pop_first();
            }
            newest.next()
        })
    }

    /// Makes a build the one that runs.
    pub(crate) fn switch(&self, component: &str, version: Version) -> Result<(), EstateError> {
        self.check_built(component, version)?;
        self.change(component, |deployed| deployed.version = version)
    }

    /// Refuses a version that cannot be deployed.
    pub(crate) fn check_built(&self, component: &str, version: Version) -> Result<(), EstateError> {
        if self.deployed(component)?.builds.contains_key(&version) {
            return Ok(());
        }
        Err(EstateError::NeverBuilt { component: component.to_owned(), version: version.to_string() })
    }

    /// Replaces all settings of a component.
    pub(crate) fn configure(&self, component: &str, settings: Settings) -> Result<(), EstateError> {
        self.change(component, |deployed| deployed.settings = settings)
    }

    fn change<T>(&self, component: &str, change: impl FnOnce(&mut Deployed) -> T) -> Result<T, EstateError> {
        match self.lock().get_mut(component) {
            Some(deployed) => Ok(change(deployed)),
            None => Err(EstateError::Unknown(component.to_owned())),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Deployed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_defect_comes_with_its_build_and_goes_with_it() {
        let estate = Estate::new();
        let sound = estate.deployed("payments").unwrap().version;
        let broken = estate.build("payments", Some(Defect::Hangs)).unwrap();
        assert_eq!(broken.to_string(), "2.8.1");
        assert_eq!(estate.deployed("payments").unwrap().version, sound);

        estate.switch("payments", broken).unwrap();
        assert_eq!(estate.deployed("payments").unwrap().defect(), Some(Defect::Hangs));

        estate.switch("payments", sound).unwrap();
        assert_eq!(estate.deployed("payments").unwrap().defect(), None);
        assert_eq!(estate.build("payments", None).unwrap().to_string(), "2.8.2");
    }

    #[test]
    fn what_was_never_built_cannot_be_deployed() {
        let estate = Estate::new();
        let refused = estate.switch("payments", Version(9, 9, 9)).unwrap_err();
        assert_eq!(refused.to_string(), "payments 9.9.9 was never built");
        assert_eq!(estate.configure("moon", Settings::new()), Err(EstateError::Unknown("moon".to_owned())));
    }

    #[test]
    fn versions_have_three_numbers() {
        assert_eq!(Version::parse("2.8.1"), Some(Version(2, 8, 1)));
        for other in ["", "2", "2.8", "2.8.1.0", "2.8.x", "v2.8.1"] {
            assert_eq!(Version::parse(other), None, "{other}");
        }
    }
}
