//! The table of rules: which there are, and how bad what each names is.
//!
//! The ids of the first four parts are buf's; together they are its category `FILE` of version 2, whole. Those of the
//! last part are ours: buf says nothing of additions.
//!
//! | what the rule guards | level | why |
//! | --- | --- | --- |
//! | what travels (buf's `WIRE` and `WIRE_JSON`) | breaking | programs that run today misread each other |
//! | what generated code has (`FILE`, `PACKAGE`, `CSR`) | breaking | what is built on it doesn't compile or behave |
//! | options that only steer a code generator | risky | it depends on whether that generator is used |
//! | `FILE_SAME_SYNTAX` | risky | each thing that it changes is named by its own rule |
//! | additions | compatible | old programs skip what they don't know |

use crate::Level;

/// A rule and how bad what it names is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) id: &'static str,
    pub(super) level: Level,
}

macro_rules! rules {
    ($($id:ident: $level:ident,)*) => {
        $(pub(super) const $id: Rule = Rule { id: stringify!($id), level: Level::$level };)*

        /// Each rule, in the table's order.
        #[cfg(test)]
        pub(super) const ALL: &[Rule] = &[$($id,)*];
    };
}

rules! {
    // What travels, as binary or as JSON.
    ENUM_SAME_JSON_FORMAT: Breaking,
    ENUM_VALUE_SAME_NAME: Breaking,
    FIELD_SAME_DEFAULT: Breaking,
    FIELD_SAME_JSON_NAME: Breaking,
    FIELD_SAME_NAME: Breaking,
    FIELD_SAME_ONEOF: Breaking,
    FILE_SAME_PACKAGE: Breaking,
    MESSAGE_SAME_JSON_FORMAT: Breaking,
    MESSAGE_SAME_REQUIRED_FIELDS: Breaking,
    RESERVED_ENUM_NO_DELETE: Breaking,
    RESERVED_MESSAGE_NO_DELETE: Breaking,
    RPC_SAME_CLIENT_STREAMING: Breaking,
    RPC_SAME_IDEMPOTENCY_LEVEL: Breaking,
    RPC_SAME_REQUEST_TYPE: Breaking,
    RPC_SAME_RESPONSE_TYPE: Breaking,
    RPC_SAME_SERVER_STREAMING: Breaking,

    // What generated code has.
    ENUM_NO_DELETE: Breaking,
    ENUM_SAME_TYPE: Breaking,
    ENUM_VALUE_NO_DELETE: Breaking,
    EXTENSION_MESSAGE_NO_DELETE: Breaking,
    EXTENSION_NO_DELETE: Breaking,
    FIELD_NO_DELETE: Breaking,
    FIELD_SAME_CARDINALITY: Breaking,
    FIELD_SAME_TYPE: Breaking,
    FILE_NO_DELETE: Breaking,
    MESSAGE_NO_DELETE: Breaking,
    ONEOF_NO_DELETE: Breaking,
    RPC_NO_DELETE: Breaking,
    SERVICE_NO_DELETE: Breaking,

    // What steers a code generator.
    FIELD_SAME_CPP_STRING_TYPE: Risky,
    FIELD_SAME_JAVA_UTF8_VALIDATION: Risky,
    FIELD_SAME_JSTYPE: Risky,
    FIELD_SAME_UTF8_VALIDATION: Risky,
    FILE_SAME_CC_ENABLE_ARENAS: Risky,
    FILE_SAME_CC_GENERIC_SERVICES: Risky,
    FILE_SAME_CSHARP_NAMESPACE: Risky,
    FILE_SAME_GO_PACKAGE: Risky,
    FILE_SAME_JAVA_GENERIC_SERVICES: Risky,
    FILE_SAME_JAVA_MULTIPLE_FILES: Risky,
    FILE_SAME_JAVA_OUTER_CLASSNAME: Risky,
    FILE_SAME_JAVA_PACKAGE: Risky,
    FILE_SAME_OBJC_CLASS_PREFIX: Risky,
    FILE_SAME_OPTIMIZE_FOR: Risky,
    FILE_SAME_PHP_CLASS_PREFIX: Risky,
    FILE_SAME_PHP_METADATA_NAMESPACE: Risky,
    FILE_SAME_PHP_NAMESPACE: Risky,
    FILE_SAME_PY_GENERIC_SERVICES: Risky,
    FILE_SAME_RUBY_PACKAGE: Risky,
    FILE_SAME_SWIFT_PREFIX: Risky,
    MESSAGE_NO_REMOVE_STANDARD_DESCRIPTOR_ACCESSOR: Risky,

    // Named by other rules, piece by piece.
    FILE_SAME_SYNTAX: Risky,

    // Ours.
    ENUM_ADDED: Compatible,
    ENUM_VALUE_ADDED: Compatible,
    EXTENSION_ADDED: Compatible,
    FIELD_ADDED: Compatible,
    FILE_ADDED: Compatible,
    MESSAGE_ADDED: Compatible,
    ONEOF_ADDED: Compatible,
    RPC_ADDED: Compatible,
    SERVICE_ADDED: Compatible,
}

/// The id of the last change where there are more than are reported; its level is that of the worst that was cut.
pub(super) const MORE_CHANGES: &str = "MORE_CHANGES";

/// What a file's option must stay the same for: the option, its value where it isn't set, and the rule.
pub(super) const FILE_OPTIONS: &[(&str, &str, Rule)] = &[
    ("cc_enable_arenas", "true", FILE_SAME_CC_ENABLE_ARENAS),
    ("cc_generic_services", "false", FILE_SAME_CC_GENERIC_SERVICES),
    ("csharp_namespace", "", FILE_SAME_CSHARP_NAMESPACE),
    ("go_package", "", FILE_SAME_GO_PACKAGE),
    ("java_generic_services", "false", FILE_SAME_JAVA_GENERIC_SERVICES),
    ("java_multiple_files", "false", FILE_SAME_JAVA_MULTIPLE_FILES),
    ("java_outer_classname", "", FILE_SAME_JAVA_OUTER_CLASSNAME),
    ("java_package", "", FILE_SAME_JAVA_PACKAGE),
    ("objc_class_prefix", "", FILE_SAME_OBJC_CLASS_PREFIX),
    ("optimize_for", "SPEED", FILE_SAME_OPTIMIZE_FOR),
    ("php_class_prefix", "", FILE_SAME_PHP_CLASS_PREFIX),
    ("php_metadata_namespace", "", FILE_SAME_PHP_METADATA_NAMESPACE),
    ("php_namespace", "", FILE_SAME_PHP_NAMESPACE),
    ("py_generic_services", "false", FILE_SAME_PY_GENERIC_SERVICES),
    ("ruby_package", "", FILE_SAME_RUBY_PACKAGE),
    ("swift_prefix", "", FILE_SAME_SWIFT_PREFIX),
];
