//! Whose a deployment is: the names by which forges call what they deploy, and the components that claim them.
//!
//! A component claims a repository by Backstage's annotations `github.com/project-slug` and `gitlab.com/project-slug`, and
//! anything else (`acme/shop#cart`, `pkg:oci/cart`, a CDEvents service) by `mainstay.dev/deploys-as`, with commas between.
//! What two claim nobody has.

use std::collections::{HashMap, HashSet};

use kernel::{EntityRef, RefDefaults, Sha256};
use world::World;

/// Names that a component is deployed under.
const DEPLOYS_AS: &str = "mainstay.dev/deploys-as";
const ANNOTATIONS: [&str; 3] = [DEPLOYS_AS, "github.com/project-slug", "gitlab.com/project-slug"];

/// The bytes of a component's name, and the digits of a digest that are put to one.
const NAME_BYTES: usize = 63;
const DIGITS: usize = 8;

/// Which component claims which name, as of one state of the catalog.
#[derive(Debug, Default)]
pub struct Claims {
    of: HashMap<String, Claim>,
}

#[derive(Debug, PartialEq, Eq)]
enum Claim {
    Of(EntityRef),
    Several,
}

impl Claims {
    /// The claims of all components.
    #[must_use]
    pub fn of(world: &World) -> Self {
        let mut claims: HashMap<String, Claim> = HashMap::new();
        for entity in world.catalog.of_kind("component") {
            let document = &entity.descriptor.document;
            if !ANNOTATIONS.iter().any(|annotation| document.contains(annotation)) {
                continue;
            }
            let json = entity.descriptor.json();
            let annotations = json.pointer("/metadata/annotations");
            let names = ANNOTATIONS.iter().filter_map(|annotation| annotations?.get(annotation)?.as_str());
            for name in names.flat_map(|names| names.split(',')).map(|name| name.trim().to_lowercase()) {
                let own = Claim::Of(entity.reference().clone());
                claims
                    .entry(name)
                    .and_modify(|held| {
                        if *held != own {
                            *held = Claim::Several;
                        }
                    })
                    .or_insert_with(|| Claim::Of(entity.reference().clone()));
            }
        }
        Self { of: claims }
    }

    /// The component that one of these names, the most exact first, is of: who claims it, or else is called so.
    #[must_use]
    pub fn known(&self, world: &World, names: &[String]) -> Option<EntityRef> {
        names.iter().find_map(|name| {
            if let Some(Claim::Of(component)) = self.of.get(&name.to_lowercase()) {
                return Some(component.clone());
            }
            let defaults = RefDefaults { kind: Some("component"), namespace: EntityRef::DEFAULT_NAMESPACE };
            let called = EntityRef::parse(name, defaults).ok().filter(|called| called.kind() == "component");
            called.filter(|called| world.catalog.get(called).is_some())
        })
    }

    /// The component of a deployment under these names: the one that is [`Claims::known`] by them; else `fallback`; else one
    /// that the catalog doesn't have, of the whole of the most exact name. None if no component can be called so.
    #[must_use]
    pub fn component(&self, world: &World, names: &[String], fallback: Option<&EntityRef>) -> Option<EntityRef> {
        let known = self.known(world, names).or_else(|| fallback.cloned());
        known.or_else(|| made_up(names.first()?).find(|made| world.catalog.get(made).is_none()))
    }

    /// The components that something was deployed of and that the catalog doesn't have, but for what was deployed under a
    /// name that is claimed by now, in order of their references.
    #[must_use]
    pub fn unknown(&self, world: &World) -> Vec<EntityRef> {
        let claimed: HashSet<EntityRef> = {
            let names = self.of.iter().filter(|(_, claim)| matches!(claim, Claim::Of(_)));
            names.flat_map(|(name, _)| made_up(name)).collect()
        };
        let components = world.deploys.components();
        let unknown = components.filter(|one| world.catalog.get(one).is_none() && !claimed.contains(one));
        unknown.cloned().collect()
    }
}

/// What a name that nobody knows is kept under: the whole of it, in the letters that a component's name has; and, for where
/// that is too long or somebody else's, its beginning with that of its digest.
fn made_up(name: &str) -> impl Iterator<Item = EntityRef> {
    let name = name.to_lowercase();
    let plain = |char: char| if char.is_ascii_alphanumeric() || "-_.".contains(char) { char } else { '-' };
    let whole: String = name.chars().map(plain).collect();
    let whole = whole.trim_matches(|char: char| !char.is_ascii_alphanumeric()).to_owned();
    let digest: String = Sha256::of(name.as_bytes()).to_string().chars().take(DIGITS).collect();
    let beginning = whole.get(..whole.len().min(NAME_BYTES - DIGITS - 1)).unwrap_or_default();
    let with_digest = (!beginning.is_empty()).then(|| format!("{beginning}-{digest}"));
    let names = [(whole.len() <= NAME_BYTES).then_some(whole), with_digest].into_iter().flatten();
    names.filter_map(|name| EntityRef::new("component", EntityRef::DEFAULT_NAMESPACE, &name).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_nobody_knows_is_kept_whole() {
        let names = |name: &str| made_up(name).map(|made| made.name().to_owned()).collect::<Vec<_>>();
        assert_eq!(names("acme/Shop#cart")[0], "acme-shop-cart");
        assert_eq!(names("pkg:oci/my_app")[0], "pkg-oci-my_app");
        let (one, other) = (names(&format!("{}/a", "x".repeat(70))), names(&format!("{}/b", "x".repeat(70))));
        assert_eq!((one.len(), other.len(), one[0].len()), (1, 1, 63), "too long to be kept whole");
        assert_ne!(one, other, "two long names that begin alike are two");
        assert_eq!(names("///"), Vec::<String>::new());
    }
}
