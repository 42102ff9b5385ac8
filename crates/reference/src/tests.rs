use super::{DefinitionKind, parse};

#[test]
fn nothing_is_refused() {
    assert!(parse(DefinitionKind::OpenApi, "").is_err());
}
