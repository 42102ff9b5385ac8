//! Whose a deployment is: the names by which forges call what they deploy, and the components that claim them.
//!
//! A component claims a repository by Backstage's annotations `github.com/project-slug` and `gitlab.com/project-slug`, and
//! anything else (`acme/shop#cart`, `pkg:oci/cart`, a CDEvents service) by `mainstay.dev/deploys-as`, with commas between.
//! What two claim nobody has.

use std::collections::HashMap;

use deploys::formats::Deployed;
use kernel::{EntityRef, RefDefaults};
use world::World;

/// Names that a component is deployed under.
const DEPLOYS_AS: &str = "mainstay.dev/deploys-as";
const ANNOTATIONS: [&str; 3] = [DEPLOYS_AS, "github.com/project-slug", "gitlab.com/project-slug"];

/// Which component claims which name, as of one state of the catalog.
#[derive(Debug, Default)]
pub struct Claims(HashMap<String, Claim>);

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
        Self(claims)
    }

    /// The component that these names, the most exact first, are of: who claims one; else who is called so; else `fallback`;
    /// else one that the catalog doesn't have, of the first name's last part.
    #[must_use]
    pub fn component(&self, world: &World, names: &[String], fallback: Option<&EntityRef>) -> Option<EntityRef> {
        for name in names {
            if let Some(Claim::Of(component)) = self.0.get(&name.to_lowercase()) {
                return Some(component.clone());
            }
            let defaults = RefDefaults { kind: Some("component"), namespace: EntityRef::DEFAULT_NAMESPACE };
            let called = EntityRef::parse(name, defaults).ok().filter(|called| called.kind() == "component");
            if let Some(called) = called.filter(|called| world.catalog.get(called).is_some()) {
                return Some(called);
            }
        }
        fallback.cloned().or_else(|| {
            let name = names.first()?;
            let last = name.rsplit(['/', '#', ':']).find(|part| !part.is_empty())?;
            let plain = |char: char| if char.is_ascii_alphanumeric() || "-_.".contains(char) { char } else { '-' };
            let name: String = last.chars().map(plain).take(63).collect();
            let name = name.trim_matches(|char: char| !char.is_ascii_alphanumeric());
            EntityRef::new("component", EntityRef::DEFAULT_NAMESPACE, name).ok()
        })
    }

    /// The component of a deployment.
    #[must_use]
    pub fn of_deployment(&self, world: &World, told: &Deployed, fallback: Option<&EntityRef>) -> Option<EntityRef> {
        self.component(world, &told.names, fallback)
    }
}

/// The components that something was deployed of and that the catalog doesn't have.
pub fn unknown(world: &World) -> impl Iterator<Item = &EntityRef> {
    world.deploys.components().filter(|component| world.catalog.get(component).is_none())
}
