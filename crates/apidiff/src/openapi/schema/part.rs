//! What a schema is part of: who says what it describes, and how it is written.

/// Part of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in super::super) enum Part {
    Parameter(Given),
    RequestBody {
        /// Text and numbers are told apart: JSON.
        is_strict: bool,
    },
    ResponseBody {
        /// The same.
        is_strict: bool,
    },
    Header,
}

/// How a parameter is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in super::super) struct Given {
    pub(in super::super) in_header: bool,
    /// It may be left out, before and after.
    pub(in super::super) is_optional: bool,
    /// A list of one is written as the one is: `form`, exploded.
    pub(in super::super) is_exploded: bool,
}

impl Part {
    pub(in super::super) fn request(media_type: &str) -> Self {
        Self::RequestBody { is_strict: is_json(media_type) }
    }

    pub(in super::super) fn response(media_type: &str) -> Self {
        Self::ResponseBody { is_strict: is_json(media_type) }
    }

    /// True where the caller says it: what may be said may grow.
    pub(super) fn is_request(self) -> bool {
        match self {
            Self::Parameter(_) | Self::RequestBody { .. } => true,
            Self::ResponseBody { .. } | Self::Header => false,
        }
    }

    pub(super) fn is_header(self) -> bool {
        self == Self::Header
    }

    pub(super) fn parameter(self) -> Option<Given> {
        match self {
            Self::Parameter(given) => Some(given),
            Self::RequestBody { .. } | Self::ResponseBody { .. } | Self::Header => None,
        }
    }

    pub(super) fn has_body(self) -> bool {
        match self {
            Self::RequestBody { .. } | Self::ResponseBody { .. } => true,
            Self::Parameter(_) | Self::Header => false,
        }
    }

    /// Whether `1` and `"1"` are told apart.
    pub(super) fn is_strict(self) -> bool {
        match self {
            Self::RequestBody { is_strict } | Self::ResponseBody { is_strict } => is_strict,
            Self::Parameter(_) | Self::Header => false,
        }
    }

    /// How rules begin that are about it: about the whole, or about what is within.
    pub(super) fn prefix(self, within: bool) -> &'static str {
        match (self, within) {
            (Self::Parameter(_), false) => "request-parameter",
            (Self::Parameter(_), true) => "request-parameter-property",
            (Self::RequestBody { .. }, false) => "request-body",
            (Self::RequestBody { .. }, true) => "request-property",
            (Self::ResponseBody { .. }, false) => "response-body",
            (Self::ResponseBody { .. }, true) => "response-property",
            (Self::Header, _) => "response-header",
        }
    }
}

fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}
