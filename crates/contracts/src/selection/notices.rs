//! Why a pact is verified, and what its result will mean, in upstream's words: verifiers print them.

use serde::Serialize;

use super::{Asked, Because, Verifiable};
use crate::State;

/// One notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// When it is printed: `before_verification`, `after_verification:success_true_published_false`, ...
    pub when: &'static str,
    /// What is printed.
    pub text: String,
}

const PENDING: &str = "Read more at https://docs.pact.io/go/pending";
const WIP: &str = "Read more at https://docs.pact.io/go/wip";

/// What is printed of a pact that lies at `url`.
#[must_use]
pub fn notices(state: &State, verifiable: &Verifiable, asked: &Asked, url: &str) -> Vec<Notice> {
    let words = Words { state, verifiable, asked };
    let mut notices = vec![Notice { when: "before_verification", text: words.inclusion(url) }];
    if !asked.pending {
        return notices;
    }
    notices.push(Notice { when: "before_verification", text: words.pending() });
    if verifiable.pending == Some(true) {
        let provider = state.name(verifiable.provider);
        let (whom, tags) = (words.pending_whom("any"), words.with_these_tags());
        let failed = format!(
            "This pact is still in pending state for {whom} as a successful verification result {tags}has not yet been \
             published"
        );
        let succeeded = format!(
            "This pact is still in pending state for {whom} as the successful verification results {tags}have not yet \
             been published."
        );
        let published = format!(
            "This pact is no longer in pending state for {whom}, as a successful verification result {tags}has been \
             published. If a verification for a version of {provider} {tags}fails in the future, it will fail the build. \
             {PENDING}"
        );
        notices.push(Notice { when: "after_verification:success_true_published_false", text: succeeded });
        notices.push(Notice { when: "after_verification:success_false_published_false", text: failed.clone() });
        notices.push(Notice { when: "after_verification:success_true_published_true", text: published });
        notices.push(Notice { when: "after_verification:success_false_published_true", text: failed });
    }
    notices
}

/// Why a pact was chosen, short enough for a test's name.
#[must_use]
pub fn short_description(verifiable: &Verifiable) -> String {
    let short = |because: &Because| {
        let selector = &because.selector;
        match (&selector.branch, &selector.tag) {
            _ if selector.deployed => format!("deployed to {}", because.environment.as_deref().unwrap_or_default()),
            _ if selector.released => format!("released in {}", because.environment.as_deref().unwrap_or_default()),
            _ if selector.main_branch => "latest from main branch".to_owned(),
            (Some(branch), _) => {
                let fallback = selector.fallback_branch.as_ref().filter(|_| because.fell_back);
                format!("latest from branch {}", fallback.unwrap_or(branch))
            }
            (None, Some(tag)) if selector.latest => {
                let fallback = selector.fallback_tag.as_ref().filter(|_| because.fell_back);
                format!("latest with tag {}", fallback.unwrap_or(tag))
            }
            (None, Some(tag)) => match &selector.consumer {
                Some(consumer) => format!("one of {consumer} {tag}"),
                None => format!("one of {tag}"),
            },
            (None, None) => "latest".to_owned(),
        }
    };
    verifiable.because.iter().map(short).collect::<Vec<_>>().join(", ")
}

struct Words<'a> {
    state: &'a State,
    verifiable: &'a Verifiable,
    asked: &'a Asked,
}

impl Words<'_> {
    fn inclusion(&self, url: &str) -> String {
        let because = &self.verifiable.because;
        if self.verifiable.wip {
            let consumer = self.state.name(self.verifiable.consumer);
            let branches: Vec<&str> = because.iter().filter_map(|one| one.selector.branch.as_deref()).collect();
            let tags: Vec<&str> = because.iter().filter_map(|one| one.selector.tag.as_deref()).collect();
            let version = if tags.len() == 1 || branches.len() == 1 { "version" } else { "versions" };
            let mut heads = Vec::new();
            if !branches.is_empty() {
                let noun = if branches.len() == 1 { "branch" } else { "branches" };
                heads.push(format!("from {noun} {}", quoted(&branches)));
            }
            if !tags.is_empty() {
                heads.push(format!("tagged with {}", quoted(&tags)));
            }
            let same = match because.len() {
                0 | 1 => "",
                2 => " (both have the same content)",
                _ => " (all have the same content)",
            };
            return format!(
                "The pact at {url} is being verified because it is a 'work in progress' pact (ie. it is the pact for the \
                 latest {version} of {consumer} {}{same} and it has not yet been successfully verified by {} when the \
                 pact's application version was explicitly specified in the consumer version selectors). {WIP}",
                heads.join(" and "),
                self.pending_whom("a"),
            );
        }
        let (versions, criteria) = match because.len() {
            1 => ("the consumer version", "criterion"),
            _ => ("the consumer versions", "criteria"),
        };
        format!(
            "The pact at {url} is being verified because the pact content belongs to {versions} matching the following \
             {criteria}:\n{}",
            self.criteria(),
        )
    }

    fn criteria(&self) -> String {
        let mut lines = Vec::new();
        let (mut deployed, mut released) = (Vec::new(), Vec::new());
        for because in &self.verifiable.because {
            let number = self.state.number(because.version);
            let place = format!("{} ({number})", because.environment.as_deref().unwrap_or_default());
            if because.selector.deployed {
                deployed.push((because.selector.consumer.clone(), place));
            } else if because.selector.released {
                released.push((because.selector.consumer.clone(), place));
            } else {
                lines.push(format!("{} ({number})", self.criterion(because)));
            }
        }
        for (placed, how) in [(deployed, "currently deployed to"), (released, "released and supported in")] {
            let mut consumers: Vec<Option<String>> = placed.iter().map(|(consumer, _)| consumer.clone()).collect();
            consumers.dedup();
            for consumer in consumers {
                let places: Vec<&str> =
                    placed.iter().filter(|(of, _)| *of == consumer).map(|(_, place)| place.as_str()).collect();
                let whose = match &consumer {
                    Some(consumer) => format!("version(s) of {consumer}"),
                    None => "consumer version(s)".to_owned(),
                };
                lines.push(format!("{whose} {how} {}", listed(&places)));
            }
        }
        lines.into_iter().map(|line| format!("    * {line}")).collect::<Vec<_>>().join("\n")
    }

    fn criterion(&self, because: &Because) -> String {
        let selector = &because.selector;
        let version = match &selector.consumer {
            Some(consumer) => format!("version of {consumer}"),
            None => "version".to_owned(),
        };
        if selector.main_branch {
            let known = self.state.pacticipant(self.verifiable.consumer);
            let main = known.and_then(|known| known.details.main_branch.as_deref()).unwrap_or_default();
            return format!("latest {version} from the main branch '{main}'");
        }
        match (&selector.branch, &selector.tag) {
            (Some(branch), _) => match selector.fallback_branch.as_ref().filter(|_| because.fell_back) {
                Some(fallback) => format!(
                    "latest {version} from branch '{fallback}' (fallback branch used as no pact was found from branch \
                     '{branch}')"
                ),
                None => format!("latest {version} from branch '{branch}'"),
            },
            (None, Some(tag)) if selector.latest => {
                match selector.fallback_tag.as_ref().filter(|_| because.fell_back) {
                    Some(fallback) => format!(
                        "latest {version} tagged '{fallback}' (fallback tag used as no pact was found with tag '{tag}')"
                    ),
                    None => format!("latest {version} tagged '{tag}'"),
                }
            }
            (None, Some(tag)) => match &selector.consumer {
                Some(consumer) => format!("all {consumer} versions tagged '{tag}'"),
                None => format!("all consumer versions tagged '{tag}'"),
            },
            (None, None) => {
                let consumer = selector.consumer.as_deref().unwrap_or("a consumer");
                format!(
                    "latest version of {consumer} that has a pact with {}",
                    self.state.name(self.verifiable.provider)
                )
            }
        }
    }

    fn pending(&self) -> String {
        let provider = self.state.name(self.verifiable.provider);
        let begin = format!("This pact is in pending state for this version of {provider} because");
        let end = format!("If this verification fails, it will not cause the overall build to fail. {PENDING}");
        match self.verifiable.pending {
            Some(true) if self.verifiable.wip => {
                format!("{begin} it was included as a 'work in progress' pact. {end}")
            }
            Some(true) => format!(
                "{begin} a successful verification result for {} has not yet been published. {end}",
                self.pending_whom("a")
            ),
            Some(false) | None => format!(
                "This pact has previously been successfully verified by {}. If this verification fails, it will fail the \
                 build. {PENDING}",
                self.proven_whom()
            ),
        }
    }

    fn pending_whom(&self, any_or_a: &str) -> String {
        let provider = self.state.name(self.verifiable.provider);
        if let Some(branch) = &self.asked.branch {
            return format!("{any_or_a} version of {provider} from branch '{branch}'");
        }
        match self.verifiable.pending_tags.as_slice() {
            [] => provider.to_owned(),
            [tag] => format!("{any_or_a} version of {provider} with tag '{tag}'"),
            tags => {
                let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
                format!("{any_or_a} versions of {provider} with tag {}", quoted(&tags))
            }
        }
    }

    fn proven_whom(&self) -> String {
        let provider = self.state.name(self.verifiable.provider);
        if let Some(branch) = &self.asked.branch {
            return format!("a version of {provider} from branch '{branch}'");
        }
        match self.verifiable.proven_tags.as_slice() {
            [] => provider.to_owned(),
            tags => {
                let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
                format!("a version of {provider} with tag {}", quoted(&tags))
            }
        }
    }

    fn with_these_tags(&self) -> &'static str {
        match self.verifiable.pending_tags.len() {
            0 => "",
            1 => "with this tag ",
            _ => "with these tags ",
        }
    }
}

fn quoted(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    listed(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}
