//! The company: 300 pacticipants, 1,000 integrations, 100,000 versions, 250,000 pacts of 30,000 contents, 1,000,000
//! verifications and three environments; and three special cases: a provider with 500 deployed consumers, a content with
//! 15,000 verifications, and a provider whose consumer has 2,000 open branches.

use std::collections::BTreeMap;

use contracts::{
    ContentSha, Environment, Event, Gate, Outline, PactChange, Party, Via, command::component_named, event::Details,
};
use kernel::{Actor, CommandId, EnvironmentId, EventId, PlacementId, Sha256, Timestamp};
use serde_json::json;
use timeline::{NewEntry, Store};

use crate::Failed;

pub(crate) const PACTICIPANTS: usize = 300;
const INTEGRATIONS: usize = 1_000;
const CONTENTS_EACH: usize = 30;
const CONSUMERS_OF_HUB: usize = 500;
const STEADY_VERIFICATIONS: usize = 15_000;
const BRANCHES: usize = 2_000;
const AT_ONCE: usize = 50_000;

/// Versions of each pacticipant.
pub(crate) fn versions(divisor: usize) -> usize {
    (334 / divisor).max(20)
}

/// A pacticipant's name.
pub(crate) fn name(at: usize) -> String {
    format!("service-{at:03}")
}

fn party(name: &str) -> Party {
    Party { name: name.to_owned(), component: component_named(name) }
}

struct Writer<'s> {
    store: &'s dyn Store,
    entries: Vec<NewEntry>,
    position: u64,
    number: u128,
    counts: BTreeMap<&'static str, usize>,
    known: std::collections::BTreeSet<ContentSha>,
}

impl Writer<'_> {
    fn id(&mut self) -> [u8; 16] {
        self.number += 1;
        self.number.to_be_bytes()
    }

    fn put(&mut self, event: Event) -> Result<(), Failed> {
        *self.counts.entry(event.kind()).or_default() += 1;
        let (id, command) = (EventId::from_bytes(self.id()), CommandId::from_bytes(self.id()));
        let event = world::Event::Contracts(event);
        // A second for each event, so that the end is about now.
        let at = Timestamp::now() - jiff::SignedDuration::from_hours(24 * 20);
        self.entries.push(NewEntry {
            id,
            command,
            at: self.entries.last().map_or(at, |last| last.at),
            actor: Actor::Token("ci".to_owned()),
            reason: None,
            kind: event.kind().to_owned(),
            version: 1,
            subjects: event.subjects(),
            body: event.to_body(),
        });
        if self.entries.len() >= AT_ONCE { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Failed> {
        let entries = std::mem::take(&mut self.entries);
        if !entries.is_empty() {
            self.position = self.store.append(self.position, entries)?.position;
        }
        Ok(())
    }

    fn pacticipant(&mut self, name: &str) -> Result<(), Failed> {
        let details = Details { main_branch: Some("main".to_owned()), ..Details::default() };
        self.put(Event::PacticipantCreated { pacticipant: party(name), details })
    }

    fn version(&mut self, name: &str, version: usize, branch: &str) -> Result<(), Failed> {
        let (pacticipant, version) = (party(name), version.to_string());
        let build_url = Some(format!("https://ci.example/{name}/{version}"));
        self.put(Event::VersionCreated { pacticipant: pacticipant.clone(), version: version.clone(), build_url })?;
        self.put(Event::BranchSet { pacticipant, version, branch: branch.to_owned(), automatic: false })
    }

    fn pact(&mut self, consumer: &str, version: usize, provider: &str, content: usize) -> Result<ContentSha, Failed> {
        let pact = json!({"consumer": {"name": consumer}, "provider": {"name": provider},
            "interactions": [{"description": format!("request {content} of {consumer} to {provider}"),
                "request": {"method": "GET", "path": format!("/things/{content}")}, "response": {"status": 200}}]});
        let sha = ContentSha::of(&pact);
        let is_new = self.known.insert(sha);
        let bytes = pact.to_string().into_bytes();
        let blob = Sha256::of(&bytes);
        if is_new {
            self.store.put_blobs(&[bytes])?;
        }
        self.put(Event::PactPublished {
            consumer: party(consumer),
            version: version.to_string(),
            provider: party(provider),
            content: sha,
            blob,
            outline: is_new.then(|| Outline::of(&pact)),
            change: if is_new { PactChange::Changed } else { PactChange::Unchanged },
            unproven: false,
        })?;
        Ok(sha)
    }

    fn verification(
        &mut self,
        (provider, version): (&str, usize),
        consumer: &str,
        content: ContentSha,
        success: bool,
    ) -> Result<(), Failed> {
        self.put(Event::VerificationPublished {
            provider: party(provider),
            version: version.to_string(),
            consumer: party(consumer),
            content,
            success,
            wip: false,
            build_url: Some(format!("https://ci.example/{provider}/{version}")),
            results: None,
            verified_by: None,
            failures: Vec::new(),
            selected_for: Vec::new(),
        })
    }

    fn deployed(&mut self, name: &str, version: usize, environment: &Environment) -> Result<(), Failed> {
        let placement = PlacementId::from_bytes(self.id());
        self.put(Event::VersionDeployed {
            placement,
            pacticipant: party(name),
            version: version.to_string(),
            environment: environment.id,
            environment_name: environment.name.clone(),
            instance: None,
            via: Via::Contracts,
            without_contract: false,
        })
    }
}

/// Writes it all; answers what there is, in words.
pub(crate) fn seed(store: &dyn Store, divisor: usize) -> Result<String, Failed> {
    let mut writer = Writer {
        store,
        entries: Vec::new(),
        position: 0,
        number: 1 << 64,
        counts: BTreeMap::new(),
        known: std::collections::BTreeSet::new(),
    };
    let mut environments = Vec::new();
    for name in ["test", "staging", "production"] {
        let id = EnvironmentId::from_bytes(writer.id());
        let (name, production) = (name.to_owned(), name == "production");
        let environment = Environment { id, name, display_name: None, production, contacts: None, gate: Gate::Off };
        writer.put(Event::EnvironmentDefined { environment: environment.clone() })?;
        environments.push(environment);
    }
    company(&mut writer, divisor, &environments)?;
    special(&mut writer, &environments)?;
    writer.flush()?;
    let counts = writer.counts.iter().map(|(kind, count)| format!("{count} {}", kind.trim_start_matches("contracts.")));
    Ok(counts.collect::<Vec<_>>().join(", "))
}

fn company(writer: &mut Writer<'_>, divisor: usize, environments: &[Environment]) -> Result<(), Failed> {
    let mut providers: Vec<Vec<usize>> = vec![Vec::new(); PACTICIPANTS];
    let mut consumers: Vec<Vec<usize>> = vec![Vec::new(); PACTICIPANTS];
    for i in 0..INTEGRATIONS {
        let (consumer, provider) = (i % PACTICIPANTS, (i * 7 + i / PACTICIPANTS * 31 + 1) % PACTICIPANTS);
        let Some(list) = providers.get_mut(consumer).filter(|list| !list.contains(&provider)) else { continue };
        list.push(provider);
        if let Some(list) = consumers.get_mut(provider) {
            list.push(consumer);
        }
    }
    for at in 0..PACTICIPANTS {
        writer.pacticipant(&name(at))?;
    }
    let mut contents: BTreeMap<(usize, usize), Vec<ContentSha>> = BTreeMap::new();
    let versions = versions(divisor);
    for version in 0..versions {
        for (at, with) in providers.iter().enumerate() {
            let consumer = name(at);
            let branch = if version % 10 == 3 { format!("feature-{version}") } else { "main".to_owned() };
            writer.version(&consumer, version, &branch)?;
            for provider in with {
                if (version * 31 + provider) % 4 != 0 {
                    let content = version * CONTENTS_EACH / versions;
                    let sha = writer.pact(&consumer, version, &name(*provider), content)?;
                    let known = contents.entry((at, *provider)).or_default();
                    if known.last() != Some(&sha) {
                        known.push(sha);
                    }
                }
            }
        }
        for (at, of) in consumers.iter().enumerate() {
            for consumer in of {
                let known = contents.get(&(*consumer, at)).map(|known| known.as_slice()).unwrap_or_default();
                for sha in known.iter().rev().take(3).copied().collect::<Vec<_>>() {
                    let success = (version + at + consumer) % 40 != 0;
                    writer.verification((&name(at), version), &name(*consumer), sha, success)?;
                }
            }
        }
        for (environment, lag) in environments.iter().zip([1, 5, 9]) {
            if version + lag == versions {
                for at in 0..PACTICIPANTS {
                    writer.deployed(&name(at), version, environment)?;
                }
            }
        }
    }
    Ok(())
}

fn special(writer: &mut Writer<'_>, environments: &[Environment]) -> Result<(), Failed> {
    let Some(production) = environments.last() else { return Ok(()) };
    writer.pacticipant("hub")?;
    writer.version("hub", 1, "main")?;
    for at in 0..CONSUMERS_OF_HUB {
        let consumer = format!("spoke-{at}");
        writer.pacticipant(&consumer)?;
        writer.version(&consumer, 1, "main")?;
        let sha = writer.pact(&consumer, 1, "hub", at)?;
        writer.verification(("hub", 1), &consumer, sha, true)?;
        writer.deployed(&consumer, 1, production)?;
    }
    for name in ["steady-consumer", "steady-provider"] {
        writer.pacticipant(name)?;
    }
    writer.version("steady-consumer", 0, "main")?;
    let sha = writer.pact("steady-consumer", 0, "steady-provider", 0)?;
    for version in 0..STEADY_VERIFICATIONS {
        writer.version("steady-provider", version, "main")?;
        writer.verification(("steady-provider", version), "steady-consumer", sha, true)?;
    }
    writer.deployed("steady-provider", STEADY_VERIFICATIONS - 1, production)?;
    for name in ["wip-consumer", "wip-provider"] {
        writer.pacticipant(name)?;
    }
    writer.version("wip-provider", 0, "main")?;
    for branch in 0..BRANCHES {
        writer.version("wip-consumer", branch, &format!("branch-{branch}"))?;
        let sha = writer.pact("wip-consumer", branch, "wip-provider", branch)?;
        if branch % 2 == 0 {
            writer.verification(("wip-provider", 0), "wip-consumer", sha, true)?;
        }
    }
    Ok(())
}
