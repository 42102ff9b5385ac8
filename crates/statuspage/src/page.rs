//! What is declared.

use kernel::EntityRef;
use serde::{Deserialize, Serialize};

use crate::{Impact, Stage};

/// The kind of a page's reference: `statuspage:default/main`.
pub const PAGE_KIND: &str = "statuspage";

/// Groups of one page.
pub(crate) const GROUPS_MAX: usize = 50;
/// Components of one group, and of one page.
pub(crate) const COMPONENTS_MAX: usize = 200;
/// What may stand behind one component.
pub(crate) const BEHIND_MAX: usize = 20;
/// Templates of one page.
pub(crate) const TEMPLATES_MAX: usize = 30;
/// Bytes of a name or title.
pub(crate) const NAME_BYTES_MAX: usize = 120;
/// Bytes of a description.
pub(crate) const DESCRIPTION_BYTES_MAX: usize = 1_000;
/// Bytes of an update's text.
pub(crate) const TEXT_BYTES_MAX: usize = 10_000;

/// A status page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The page itself. Its name is its public address, unless it is the main one.
    pub page: EntityRef,
    /// Its public title.
    pub title: String,
    /// What it is about, for the public.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// True if everybody may read it. Else it is shown to nobody who isn't signed in.
    pub public: bool,
    /// True if it is at `/status` itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub main: bool,
    /// The IANA zone in which its days begin.
    pub time_zone: String,
    /// Where the public gets help: an address of the web or of mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub support: Option<String>,
    /// What it shows, in groups.
    pub groups: Vec<Group>,
    /// After how many seconds of an outage it is published without anybody, with neutral words; never, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish_after_s: Option<u32>,
    /// Words at hand for whoever publishes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub templates: Vec<Template>,
}

/// Components under one heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its public name; components without a group stand in one without a name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What it is, for the public.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Its components. Not empty.
    pub components: Vec<Component>,
}

/// What the public sees as one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// What it is known by on its page, in public addresses too.
    pub key: String,
    /// Its public name.
    pub name: String,
    /// What it is, for the public.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The checks, components and systems that stand behind it. Of a component, the checks that target it; of a system,
    /// those of its parts. Without any, its status is set by hand alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub behind: Vec<EntityRef>,
    /// True if its uptime of the last 90 days is shown.
    pub uptime: bool,
}

/// Words at hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// What it is chosen by.
    pub name: String,
    /// The title of the report.
    pub title: String,
    /// The text of the update.
    pub text: String,
    /// The stage of the update; [`Stage::Investigating`] if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// The impact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact: Option<Impact>,
}

impl Group {
    /// What it is known by in public addresses, made of its name. No component's key has a dot. What is left of names in
    /// other alphabets may be alike: a few digits of the name's digest keep them apart.
    #[must_use]
    pub fn key(&self) -> String {
        let slug = crate::declared::slug(&self.name);
        if self.name.is_ascii() && !slug.is_empty() {
            return format!("group.{slug}");
        }
        let digest = kernel::Sha256::of(self.name.as_bytes()).to_string();
        format!("group.{slug}{}", digest.get(..8).unwrap_or_default())
    }
}

impl Page {
    /// All components, in the order of the page.
    pub fn components(&self) -> impl Iterator<Item = &Component> {
        self.groups.iter().flat_map(|group| &group.components)
    }

    /// The component of this key.
    #[must_use]
    pub fn component(&self, key: &str) -> Option<&Component> {
        self.components().find(|component| component.key == key)
    }

    /// Its name in public addresses.
    #[must_use]
    pub fn name(&self) -> &str {
        self.page.name()
    }
}
