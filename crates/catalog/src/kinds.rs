//! The kinds of entities and the fields of their `spec`: the one table that checking, relating and "did you mean" share.
//!
//! Taken from the JSON schemas in Backstage's `catalog-model`; our own kinds stand below.

use crate::Relation;

/// One kind, in the versions that have these fields.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) api_versions: &'static [&'static str],
    pub(crate) fields: &'static [Field],
    /// Fields that are required or not by what `spec.type` says.
    pub(crate) by_type: &'static [ByType],
}

/// One field of `spec`.
pub(crate) struct Field {
    pub(crate) key: &'static str,
    pub(crate) required: bool,
    pub(crate) shape: Shape,
}

/// What `spec.type` changes: where it is one of `types`, `required` must be there and `optional` need not.
pub(crate) struct ByType {
    pub(crate) types: &'static [&'static str],
    pub(crate) required: &'static [&'static str],
    pub(crate) optional: &'static [&'static str],
}

/// What a field may hold.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// A text of at least one character.
    Text,
    /// A list of such texts.
    Texts,
    /// A mapping.
    Object,
    /// A list of mappings, each with at least these keys.
    Objects(&'static [&'static str]),
    /// Whatever the area that it is meant for makes of it.
    Any,
    /// One entity reference.
    Reference(Target),
    /// A list of entity references.
    References(Target),
    /// Entity references where they can be read as such; the area that the kind belongs to checks the rest.
    Loose(Target),
}

/// What a reference relates to, and the kind that it may leave out.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    pub(crate) relation: Relation,
    pub(crate) kind: Option<&'static str>,
}

impl Kind {
    /// The kind of this name. In a descriptor its case matters; in a reference it does not.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// Whether the field must be there, given what `spec.type` says.
    pub(crate) fn requires(&self, field: &Field, spec_type: Option<&str>) -> bool {
        let by_type = spec_type.and_then(|name| self.by_type.iter().find(|by_type| by_type.types.contains(&name)));
        by_type.map_or(field.required, |by_type| {
            by_type.required.contains(&field.key) || (field.required && !by_type.optional.contains(&field.key))
        })
    }
}

impl Field {
    /// The references that the field may hold.
    pub(crate) fn target(&self) -> Option<Target> {
        match self.shape {
            Shape::Reference(target) | Shape::References(target) | Shape::Loose(target) => Some(target),
            Shape::Text | Shape::Texts | Shape::Object | Shape::Objects(_) | Shape::Any => None,
        }
    }
}

const fn required(key: &'static str, shape: Shape) -> Field {
    Field { key, required: true, shape }
}

const fn optional(key: &'static str, shape: Shape) -> Field {
    Field { key, required: false, shape }
}

const fn one(relation: Relation, kind: &'static str) -> Shape {
    Shape::Reference(Target { relation, kind: Some(kind) })
}

const fn many(relation: Relation, kind: &'static str) -> Shape {
    Shape::References(Target { relation, kind: Some(kind) })
}

const fn loose(relation: Relation, kind: &'static str) -> Shape {
    Shape::Loose(Target { relation, kind: Some(kind) })
}

const OWNER: Shape = one(Relation::OwnedBy, "Group");
const SYSTEM: Shape = one(Relation::PartOf, "System");
const DEPENDS_ON: Field =
    optional("dependsOn", Shape::References(Target { relation: Relation::DependsOn, kind: None }));
const DEPENDENCY_OF: Field =
    optional("dependencyOf", Shape::References(Target { relation: Relation::DependencyOf, kind: None }));

const CORE: &[&str] = &["backstage.io/v1alpha1", "backstage.io/v1beta1"];
const OURS: &[&str] = &["mainstay.dev/v1alpha1"];
/// The domain of OpenSLO's one version.
pub(crate) const OPENSLO: &str = "openslo";
const OPENSLO_VERSIONS: &[&str] = &["openslo/v1"];

/// A kind of OpenSLO. The area that it belongs to checks its fields; an owner is what we let it have besides.
const fn openslo(name: &'static str) -> Kind {
    const FIELDS: &[Field] = &[optional("owner", loose(Relation::OwnedBy, "Group"))];
    Kind { name, api_versions: OPENSLO_VERSIONS, fields: FIELDS, by_type: &[] }
}

/// Every kind there is.
pub(crate) const KINDS: &[Kind] = &[
    Kind {
        name: "Component",
        api_versions: CORE,
        fields: &[
            required("type", Shape::Text),
            required("lifecycle", Shape::Text),
            required("owner", OWNER),
            optional("system", SYSTEM),
            optional("subcomponentOf", one(Relation::PartOf, "Component")),
            optional("providesApis", many(Relation::ProvidesApi, "API")),
            optional("consumesApis", many(Relation::ConsumesApi, "API")),
            DEPENDS_ON,
            DEPENDENCY_OF,
        ],
        by_type: &[],
    },
    Kind {
        name: "API",
        api_versions: CORE,
        fields: &[
            required("type", Shape::Text),
            required("lifecycle", Shape::Text),
            required("owner", OWNER),
            optional("system", SYSTEM),
            required("definition", Shape::Text),
            optional("remotes", Shape::Objects(&["type", "url"])),
        ],
        by_type: &[ByType {
            types: &["mcp-server", "ai-model-server"],
            required: &["remotes"],
            optional: &["definition"],
        }],
    },
    Kind {
        name: "Resource",
        api_versions: CORE,
        fields: &[
            required("type", Shape::Text),
            required("owner", OWNER),
            optional("system", SYSTEM),
            DEPENDS_ON,
            DEPENDENCY_OF,
        ],
        by_type: &[],
    },
    Kind {
        name: "System",
        api_versions: CORE,
        fields: &[
            required("owner", OWNER),
            optional("domain", one(Relation::PartOf, "Domain")),
            optional("type", Shape::Text),
        ],
        by_type: &[],
    },
    Kind {
        name: "Domain",
        api_versions: CORE,
        fields: &[
            required("owner", OWNER),
            optional("subdomainOf", one(Relation::PartOf, "Domain")),
            optional("type", Shape::Text),
        ],
        by_type: &[],
    },
    Kind {
        name: "Group",
        api_versions: CORE,
        fields: &[
            required("type", Shape::Text),
            required("children", many(Relation::ParentOf, "Group")),
            optional("parent", one(Relation::ChildOf, "Group")),
            optional("members", many(Relation::HasMember, "User")),
            optional("profile", Shape::Object),
        ],
        by_type: &[],
    },
    Kind {
        name: "User",
        api_versions: CORE,
        fields: &[
            required("memberOf", many(Relation::MemberOf, "Group")),
            optional("leaderOf", many(Relation::LeaderOf, "Group")),
            optional("profile", Shape::Object),
        ],
        by_type: &[],
    },
    Kind {
        name: "Location",
        api_versions: CORE,
        fields: &[
            optional("type", Shape::Text),
            optional("target", Shape::Text),
            optional("targets", Shape::Texts),
            optional("presence", Shape::Text),
        ],
        by_type: &[],
    },
    Kind {
        name: "Template",
        api_versions: &["scaffolder.backstage.io/v1beta3", "backstage.io/v1beta2"],
        fields: &[
            required("type", Shape::Text),
            required("steps", Shape::Objects(&["action"])),
            optional("owner", OWNER),
            optional("lifecycle", Shape::Text),
            optional("parameters", Shape::Any),
            optional("secrets", Shape::Object),
            optional("presentation", Shape::Object),
            optional("output", Shape::Object),
            optional("EXPERIMENTAL_recovery", Shape::Object),
            optional("EXPERIMENTAL_formDecorators", Shape::Objects(&[])),
        ],
        by_type: &[],
    },
    Kind {
        name: "AiResource",
        api_versions: &["backstage.io/v1alpha1"],
        fields: &[
            required("type", Shape::Text),
            required("lifecycle", Shape::Text),
            required("owner", OWNER),
            optional("system", SYSTEM),
            optional("category", Shape::Text),
            optional("rationale", Shape::Text),
            optional("activation", Shape::Objects(&["harness"])),
            optional("skills", many(Relation::HasPart, "AiResource")),
            optional("plugins", many(Relation::HasPart, "AiResource")),
            optional("version", Shape::Text),
            optional("disciplines", Shape::Texts),
            optional("categories", Shape::Texts),
            optional("agents", Shape::Texts),
            optional("dependsOn", many(Relation::DependsOn, "AiResource")),
            optional("allowedTools", Shape::Texts),
            optional("license", Shape::Text),
            optional("compatibility", Shape::Text),
        ],
        by_type: &[
            ByType { types: &["rule"], required: &["category", "rationale"], optional: &[] },
            ByType { types: &["plugin"], required: &["skills"], optional: &[] },
            ByType { types: &["marketplace"], required: &["plugins"], optional: &[] },
        ],
    },
    Kind {
        name: "Check",
        api_versions: OURS,
        fields: &[
            optional("owner", loose(Relation::OwnedBy, "Group")),
            optional("target", loose(Relation::Checks, "Component")),
            optional("dependsOn", loose(Relation::Checks, "Component")),
        ],
        by_type: &[],
    },
    Kind {
        name: "Flag",
        api_versions: OURS,
        fields: &[
            optional("owner", loose(Relation::OwnedBy, "Group")),
            optional("usedBy", loose(Relation::DependencyOf, "Component")),
        ],
        by_type: &[],
    },
    Kind {
        name: "Segment",
        api_versions: OURS,
        fields: &[optional("owner", loose(Relation::OwnedBy, "Group"))],
        by_type: &[],
    },
    Kind {
        name: "Rotation",
        api_versions: OURS,
        fields: &[
            optional("owner", loose(Relation::OwnedBy, "Group")),
            optional("team", loose(Relation::OwnedBy, "Group")),
        ],
        by_type: &[],
    },
    Kind {
        name: "EscalationPolicy",
        api_versions: OURS,
        fields: &[optional("owner", loose(Relation::OwnedBy, "Group"))],
        by_type: &[],
    },
    Kind {
        name: "StatusPage",
        api_versions: OURS,
        fields: &[optional("owner", loose(Relation::OwnedBy, "Group"))],
        by_type: &[],
    },
    Kind {
        name: "Cycle",
        api_versions: OURS,
        fields: &[
            optional("owner", loose(Relation::OwnedBy, "Group")),
            optional("team", loose(Relation::OwnedBy, "Group")),
        ],
        by_type: &[],
    },
    openslo("SLO"),
    openslo("SLI"),
    openslo("Service"),
    openslo("DataSource"),
    openslo("AlertPolicy"),
    openslo("AlertCondition"),
    openslo("AlertNotificationTarget"),
];
