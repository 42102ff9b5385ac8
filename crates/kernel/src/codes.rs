//! The one registry of error codes.
//!
//! A code's name is the last part of the problem's `type` (`/docs/errors/<name>`), of the manual's page, and what the
//! CLI prints; its class is its exit code. A code that was published keeps its meaning.

/// What the reader of an error can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Try again: nothing is wrong with what was asked.
    Retryable,
    /// The asker must change what was asked.
    UserFixable,
    /// Whoever runs Mainstay must change something.
    OperatorFixable,
    /// A bug in Mainstay. The unit of work stopped; nothing acknowledged is lost.
    Fatal,
}

impl Class {
    /// The CLI's exit code (`sysexits.h`): 75, 65, 78 or 70.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Retryable => 75,
            Self::UserFixable => 65,
            Self::OperatorFixable => 78,
            Self::Fatal => 70,
        }
    }

    /// The class in words, as the problem document's `class` member has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retryable => "retryable",
            Self::UserFixable => "user-fixable",
            Self::OperatorFixable => "operator-fixable",
            Self::Fatal => "fatal",
        }
    }
}

/// One sort of error.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// Stable, lower case, with dashes.
    pub name: &'static str,
    /// Who can do something about it.
    pub class: Class,
    /// The HTTP status (RFC 9110).
    pub status: u16,
    /// The same sentence for every occurrence (RFC 9457's `title`).
    pub title: &'static str,
    /// What it means and what to do: the body of the manual's page, in Markdown.
    pub manual: &'static str,
}

impl Code {
    /// Where the manual explains the code, relative to the server: RFC 9457's `type`.
    #[must_use]
    pub fn type_path(&self) -> String {
        format!("/docs/errors/{}", self.name)
    }

    /// The code of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        REGISTRY.iter().copied().find(|code| code.name == name)
    }
}

macro_rules! codes {
    ($($name:ident = $slug:literal, $class:ident, $status:literal, $title:literal, $manual:literal;)*) => {
        $(
            #[doc = $title]
            pub static $name: Code =
                Code { name: $slug, class: Class::$class, status: $status, title: $title, manual: $manual };
        )*

        /// Every code there is.
        pub static REGISTRY: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    MALFORMED = "malformed", UserFixable, 400, "The request could not be read.",
        "The body, a parameter or a header is not of the form that the interface documents. `detail` says what was found and where.";
    INVALID = "invalid", UserFixable, 422, "The request can be read, but a value in it is not allowed.",
        "`field` names the value and `fix` says what is allowed.";
    UNAUTHENTICATED = "unauthenticated", UserFixable, 401, "Nobody is signed in, or the token is not known.",
        "Sign in, or send a token as `Authorization: Bearer <token>`. Tokens are made under Settings or with `mainstay token create`; they end at their expiry date.";
    FORBIDDEN = "forbidden", UserFixable, 403, "The token or user may not do this.",
        "`detail` names the scope that is missing. An administrator can give a token with that scope.";
    CSRF = "csrf", UserFixable, 403, "The form was not sent from a page of this server.",
        "Open the page again and repeat what you did. If it happens every time, a proxy in front of Mainstay changes the `Origin` or `Host` header: forward both unchanged.";
    NOT_FOUND = "not-found", UserFixable, 404, "There is no such thing.",
        "The address or the name is wrong, or the thing was removed. The timeline shows when.";
    METHOD_NOT_ALLOWED = "method-not-allowed", UserFixable, 405, "The address exists, but not with this method.",
        "The `Allow` header lists the methods that exist.";
    CONFLICT = "conflict", UserFixable, 409, "The thing is not in the state that this needs.",
        "Somebody else was faster, or it was done before. Look at the thing again and decide anew.";
    GONE = "gone", UserFixable, 410, "This link has been used, or its time is over.",
        "Links that create the administrator work once. Start the server again on an empty user list to get a new one, or sign in.";
    TOO_LARGE = "too-large", UserFixable, 413, "The request is larger than is allowed.",
        "`detail` gives the bound.";
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type", UserFixable, 415, "The body has a content type that is not read here.",
        "Send `Content-Type: application/json`, or what the interface documents.";
    IDEMPOTENCY_MISMATCH = "idempotency-mismatch", UserFixable, 422, "The idempotency key was used before, for another request.",
        "Use a new `Idempotency-Key` for each different request.";
    RATE_LIMITED = "rate-limited", Retryable, 429, "Too many requests.",
        "Wait for as many seconds as `Retry-After` says. Limits are per token or, where there is none, per address.";
    CATALOG_INVALID = "catalog-invalid", UserFixable, 422, "The catalog files have errors.",
        "Each error names its file, line and column and the rule. Good entities of the same files can be applied all the same with `--partial`; `serve --catalog` does so by itself.";
    IRREVERSIBLE = "irreversible", UserFixable, 409, "This can't be undone by Mainstay.",
        "`detail` says why, and what a person can do instead.";
    MOVED_ON = "moved-on", UserFixable, 409, "Something else has changed the same thing since.",
        "Undoing would throw away the later change. Undo that one first, or set the thing to what it should be.";
    NEEDS_APPROVAL = "needs-approval", UserFixable, 409, "Somebody else must agree to this change.",
        "The environment asks for approvals. Make a request for the change: others see exactly what it changes, and it is made as soon as enough of them agree, or at the time that you name. Turning a flag off needs nobody. In an emergency a change can be made at once with a reason; that is shown to everybody.";
    CONTRACT_BROKEN = "contract-broken", UserFixable, 409, "The contracts do not say that this version can be deployed.",
        "The environment refuses deployments that `can-i-deploy` does not agree to. `detail` says which consumer expects what of which provider. Publish what is missing (a verification, a provider's version that meets it), or deploy it all the same in an emergency, with a reason: `emergency: true`, or `mainstay deploy --emergency --reason ...`. That is shown to everybody.";
    BUDGET_EXHAUSTED = "budget-exhausted", UserFixable, 409, "An objective of what is deployed has no error budget left.",
        "The objective says that deployments wait until its budget is back. `detail` says which. Deploy what repairs it, or what can't wait, with a reason: `emergency: true`, or `mainstay deploy --emergency --reason ...`. That is shown to everybody. Going back is never refused.";
    FOUR_EYES = "four-eyes", UserFixable, 403, "This takes another person.",
        "Who asked for a change, or amended it, can't approve it, and only a person who is signed in can. Only its author withdraws a request; others reject it.";
    SHUTTING_DOWN = "shutting-down", Retryable, 503, "The server is stopping.",
        "It finishes what it has begun and takes nothing new. Try again when it is back.";
    BUSY = "busy", Retryable, 503, "The server has more to do than it can take.",
        "A queue is full. Nothing of this request was done. Try again after `Retry-After` seconds.";
    TIMEOUT = "timeout", Retryable, 503, "The request took longer than is allowed.",
        "Whether it took effect is not known: look, or repeat it with the same `Idempotency-Key`.";
    UNREACHABLE = "unreachable", Retryable, 503, "The server can't be reached.",
        "The CLI tried the address in `MAINSTAY_URL` (default `http://127.0.0.1:7070`). Is the server running, and is the address right?";
    STORE_WRITE = "store-write", Retryable, 503, "The timeline could not be written.",
        "Mostly nothing was done; where the store could not even be read afterwards, that is not known. Look, or repeat the request with the same `Idempotency-Key`. If it goes on, the server's log says what the disk or the database answered.";
    DISK_FULL = "disk-full", OperatorFixable, 507, "The disk with the data folder is full.",
        "Nothing acknowledged is lost, and reading goes on. Free some room; writing resumes by itself, without a restart.";
    DATA_READ_ONLY = "data-read-only", OperatorFixable, 503, "The data folder can't be written.",
        "The user that runs Mainstay needs read and write permission on the data folder and all files in it.";
    DATA_LOCKED = "data-locked", OperatorFixable, 503, "Another server uses the same data folder.",
        "One server at a time may write to a data folder. Stop the other one, or give this one a folder of its own with `--data`.";
    DATA_CORRUPT = "data-corrupt", OperatorFixable, 500, "The data folder is damaged.",
        "`mainstay doctor` says which part. Restore the newest backup with `mainstay restore`; everything up to the damaged event can be read, and `mainstay timeline verify` names its position.";
    DATA_TOO_NEW = "data-too-new", OperatorFixable, 500, "The data folder was written by a newer version of Mainstay.",
        "Start that version or a later one, or restore a backup made before the upgrade.";
    PORT_IN_USE = "port-in-use", OperatorFixable, 503, "The address to listen on is taken.",
        "Another program listens there. Stop it, or choose another address with `--listen`.";
    CONFIG_INVALID = "config-invalid", OperatorFixable, 500, "A setting is wrong.",
        "Settings come from flags, then `MAINSTAY_*` in the environment, then `mainstay.toml`. `field` names the one at fault.";
    MISSING_TOOL = "missing-tool", OperatorFixable, 500, "A program that this needs is not installed.",
        "`detail` names the program and the command that installs it.";
    INTERNAL = "internal", Fatal, 500, "Mainstay has a bug.",
        "The request stopped; nothing acknowledged is lost. Quote the id in `instance` when you report it: the server's log has the same id.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_one_name_and_a_status_of_its_class() {
        for code in REGISTRY {
            let same = REGISTRY.iter().filter(|other| other.name == code.name).count();
            assert_eq!(same, 1, "{} stands twice", code.name);
            let fits = match code.class {
                Class::UserFixable => (400..500).contains(&code.status),
                Class::Retryable => matches!(code.status, 429 | 503),
                Class::OperatorFixable | Class::Fatal => code.status >= 500,
            };
            assert!(fits, "{} answers {} but is {}", code.name, code.status, code.class.as_str());
            assert!(!code.manual.is_empty() && code.title.ends_with('.'));
            assert_eq!(Code::named(code.name), Some(*code));
        }
    }
}
