//! Reads a status page from the catalog (`kind: StatusPage`).

use std::collections::BTreeSet;

use kernel::EntityRef;
use serde_json::Value;
use spec::{Fields, Problems, SpecProblem, Wrong, read};

use crate::{
    Component, Group, Impact, Page, Stage, Template,
    page::{
        BEHIND_MAX, COMPONENTS_MAX, DESCRIPTION_BYTES_MAX, GROUPS_MAX, NAME_BYTES_MAX, TEMPLATES_MAX, TEXT_BYTES_MAX,
    },
};

const KEYS: [&str; 11] = [
    "owner",
    "title",
    "description",
    "public",
    "main",
    "time_zone",
    "support",
    "publish_after",
    "components",
    "groups",
    "templates",
];
const GROUP_KEYS: [&str; 3] = ["name", "description", "components"];
const COMPONENT_KEYS: [&str; 5] = ["id", "name", "description", "behind", "uptime"];
const TEMPLATE_KEYS: [&str; 5] = ["name", "title", "text", "stage", "impact"];
const SUPPORT_BYTES_MAX: usize = 300;
const KEY_BYTES_MAX: usize = 63;

/// Names that mean something else in public addresses.
const RESERVED: [&str; 9] = [
    "api",
    "history",
    "incidents",
    "subscribe",
    "subscriptions",
    "status",
    "history.atom",
    "history.rss",
    "maintenances.ics",
];

/// The shortest and the longest outage that publishes itself, in milliseconds: a minute and a day.
const PUBLISH_AFTER_MS: (u64, u64) = (60_000, 24 * 3_600_000);

impl Page {
    /// Reads the `spec` of a `kind: StatusPage` document. `owner` belongs to the catalog and isn't looked at here; whether
    /// what stands behind the components exists, neither.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its place.
    pub fn from_spec(page: EntityRef, spec: &Value) -> Result<Self, Vec<SpecProblem>> {
        let problems = Problems::default();
        let definition = definition(page, spec, &problems);
        problems.or(definition)
    }
}

fn definition(page: EntityRef, spec: &Value, problems: &Problems) -> Option<Page> {
    let fields = Fields::of_spec(spec, &KEYS, problems)?;
    if RESERVED.contains(&page.name()) {
        problems.add("/metadata/name", Wrong::new(format!("\"{}\" means something else under /status", page.name())));
    }
    let title = fields.required("title", read::text(NAME_BYTES_MAX));
    let description = fields.optional("description", read::text(DESCRIPTION_BYTES_MAX)).unwrap_or_default();
    let public = fields.required("public", yes_or_no);
    let main = fields.optional("main", yes_or_no).unwrap_or_default();
    let time_zone = fields.optional("time_zone", read::time_zone).unwrap_or_else(|| "UTC".to_owned());
    let support = fields.optional("support", support);
    let (min, max) = PUBLISH_AFTER_MS;
    let publish_after = fields.optional("publish_after", read::duration_ms(min, max));
    let loose = components(&fields, page.namespace());
    let mut groups: Vec<Group> = Vec::new();
    if !loose.is_empty() {
        groups.push(Group { name: String::new(), description: String::new(), components: loose });
    }
    for group in fields.objects("groups", GROUPS_MAX, &GROUP_KEYS) {
        let name = group.required("name", read::text(NAME_BYTES_MAX));
        let description = group.optional("description", read::text(DESCRIPTION_BYTES_MAX)).unwrap_or_default();
        let components = components(&group, page.namespace());
        if components.is_empty() {
            group.wrong("components", Wrong::new("must be a list of at least one component"));
        }
        groups.extend(name.map(|name| Group { name, description, components }));
    }
    if groups.is_empty() {
        fields.wrong("components", Wrong::new("must be a list of at least one component, or \"groups\" of them"));
    }
    let mut keys = BTreeSet::new();
    for component in groups.iter().flat_map(|group| &group.components) {
        if !keys.insert(component.key.as_str()) {
            let wrong = format!("has \"{}\" twice; \"id\" tells components of the same name apart", component.key);
            fields.wrong("components", Wrong::new(wrong));
        }
    }
    if keys.len() > COMPONENTS_MAX {
        fields.wrong("components", Wrong::new(format!("has more than {COMPONENTS_MAX} components in all")));
    }
    let templates = fields.objects("templates", TEMPLATES_MAX, &TEMPLATE_KEYS);
    let templates = templates.iter().filter_map(template).collect();
    let publish_after_s = publish_after.and_then(|millis| u32::try_from(millis / 1_000).ok());
    Some(Page {
        page,
        title: title?,
        description,
        public: public?,
        main,
        time_zone,
        support,
        groups,
        publish_after_s,
        templates,
    })
}

fn components(fields: &Fields<'_>, namespace: &str) -> Vec<Component> {
    let listed = fields.objects("components", COMPONENTS_MAX, &COMPONENT_KEYS);
    listed.iter().filter_map(|fields| component(fields, namespace)).collect()
}

fn component(fields: &Fields<'_>, namespace: &str) -> Option<Component> {
    let name = fields.required("name", read::text(NAME_BYTES_MAX));
    let key = match fields.optional("id", key) {
        Some(key) => Some(key),
        None => {
            let made = name.as_deref().map(slug).filter(|made| !made.is_empty());
            if name.is_some() && made.is_none() {
                fields.wrong("id", Wrong::new("is missing: none can be made of the name"));
            }
            made
        }
    };
    let description = fields.optional("description", read::text(DESCRIPTION_BYTES_MAX)).unwrap_or_default();
    let behind = fields.list("behind", BEHIND_MAX, |value| behind(value, namespace));
    let uptime = fields.optional("uptime", yes_or_no).unwrap_or(!behind.is_empty());
    Some(Component { key: key?, name: name?, description, behind, uptime })
}

fn behind(value: &Value, namespace: &str) -> Result<EntityRef, Wrong> {
    let reference = read::reference(Some("component"), namespace)(value)?;
    match reference.kind() {
        "check" | "component" | "api" | "resource" | "system" => Ok(reference),
        kind => Err(Wrong::new(format!(
            "{kind} can't stand behind a component; \"check:...\", \"component:...\" or \"system:...\" can"
        ))),
    }
}

fn template(fields: &Fields<'_>) -> Option<Template> {
    let name = fields.required("name", read::text(NAME_BYTES_MAX));
    let title = fields.required("title", read::text(NAME_BYTES_MAX));
    let text = fields.required("text", read::text(TEXT_BYTES_MAX));
    let stages: Vec<(&str, Stage)> = Stage::ALL.iter().map(|stage| (stage.as_str(), *stage)).collect();
    let impacts: Vec<(&str, Impact)> = Impact::ALL.iter().map(|impact| (impact.as_str(), *impact)).collect();
    let stage = fields.optional("stage", read::one_of(&stages));
    let impact = fields.optional("impact", read::one_of(&impacts));
    Some(Template { name: name?, title: title?, text: text?, stage, impact })
}

fn yes_or_no(value: &Value) -> Result<bool, Wrong> {
    value.as_bool().ok_or_else(|| Wrong::new("must be true or false"))
}

/// An address of the web, or of mail.
fn support(value: &Value) -> Result<String, Wrong> {
    let text = read::text(SUPPORT_BYTES_MAX)(value)?;
    let known = ["https://", "http://", "mailto:"].iter().any(|scheme| text.starts_with(scheme));
    let clean = !text.chars().any(|c| c.is_control() || c.is_whitespace());
    if known && clean { Ok(text) } else { Err(Wrong::new("must begin with https:// or mailto:")) }
}

fn key(value: &Value) -> Result<String, Wrong> {
    let text = read::text(KEY_BYTES_MAX)(value)?;
    if slug(&text) == text {
        return Ok(text);
    }
    Err(Wrong::new("may have small letters, digits and hyphens").suggesting(Some(slug(&text))))
}

/// The name in small ASCII letters, digits and hyphens.
pub(crate) fn slug(name: &str) -> String {
    let mut made = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            made.push(c.to_ascii_lowercase());
        } else if !made.is_empty() && !made.ends_with('-') {
            made.push('-');
        }
        if made.len() >= KEY_BYTES_MAX {
            break;
        }
    }
    made.trim_end_matches('-').to_owned()
}
