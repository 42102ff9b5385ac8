//! Options as they are written: the parser leaves their meaning open, since it may be in an import.

use prost_types::UninterpretedOption;

/// The value of an option of protobuf's own (not of an extension), as text.
pub(super) fn value(options: &[UninterpretedOption], name: &str) -> Option<String> {
    let option = options
        .iter()
        .find(|option| matches!(option.name.as_slice(), [part] if part.name_part == name && !part.is_extension))?;
    let identifier = option.identifier_value.clone();
    identifier.or_else(|| option.string_value.as_deref().map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
}

pub(super) fn is_true(options: &[UninterpretedOption], name: &str) -> bool {
    value(options, name).is_some_and(|value| value == "true")
}
