//! What must hold whatever happens.

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::{Broker, naive, pact, verification};
use crate::{
    Command, Event, State, Via,
    command::decide,
    event::Details,
    matrix::{self, LatestBy, Query, Selector},
    selection::{Asked, ConsumerSelector, for_verification, notices, short_description},
};

const PARTIES: [&str; 3] = ["A", "B", "C"];
const VERSIONS: [&str; 4] = ["1", "2", "3", "4"];
const CONTENTS: [&str; 3] = ["x", "y", "z"];
const BRANCHES: [&str; 3] = ["main", "feat", "dev"];
const TAGS: [&str; 3] = ["prod", "dev", "main"];
const ENVIRONMENTS: [&str; 2] = ["prod", "test"];

/// What somebody does; what exists is chosen when it is done.
#[derive(Debug, Clone)]
enum Deed {
    Do(Box<Command>),
    Deploy { party: &'static str, version: &'static str, environment: &'static str, blue: bool, release: bool },
    Displace(prop::sample::Index),
    Define { party: &'static str, version: &'static str, document: u8 },
    Fit { consumer: &'static str, provider: &'static str, content: &'static str, document: u8, fits: bool },
    RemoveEnvironment(&'static str),
    PutEnvironment(&'static str),
    Days(u8),
}

fn done(command: Command) -> Deed {
    Deed::Do(Box::new(command))
}

fn name() -> impl Strategy<Value = &'static str> + Clone {
    select(PARTIES.to_vec())
}

fn number() -> impl Strategy<Value = &'static str> + Clone {
    select(VERSIONS.to_vec())
}

fn publishing() -> impl Strategy<Value = Deed> {
    let on = (option::of(select(BRANCHES.to_vec())), vec(select(TAGS.to_vec()), 0..2));
    (name(), number(), on, vec((name(), select(CONTENTS.to_vec())), 1..3), any::<bool>()).prop_map(
        |(party, version, (branch, tags), pacts, may_modify)| {
            done(Command::Publish {
                pacticipant: party.to_owned(),
                version: version.to_owned(),
                branch: branch.map(str::to_owned),
                tags: tags.into_iter().map(str::to_owned).collect(),
                build_url: None,
                pacts: pacts.into_iter().map(|(provider, content)| pact(provider, content)).collect(),
                may_modify,
            })
        },
    )
}

fn verifying() -> impl Strategy<Value = Deed> {
    (name(), number(), name(), select(CONTENTS.to_vec()), any::<bool>(), any::<bool>()).prop_map(
        |(provider, version, consumer, content, success, is_wip)| {
            let mut command = verification(provider, version, consumer, content, success);
            if let Command::Verify { wip, .. } = &mut command {
                *wip = is_wip;
            }
            done(command)
        },
    )
}

fn putting() -> impl Strategy<Value = Deed> {
    let on = (option::of(select(BRANCHES.to_vec())), vec(select(TAGS.to_vec()), 0..2));
    (name(), number(), on).prop_map(|(party, version, (branch, tags))| {
        done(Command::PutVersion {
            pacticipant: party.to_owned(),
            version: version.to_owned(),
            build_url: None,
            branch: branch.map(str::to_owned),
            tags: tags.into_iter().map(str::to_owned).collect(),
        })
    })
}

fn removing() -> impl Strategy<Value = Deed> {
    let owned = str::to_owned;
    let party = name().prop_map(owned);
    let version = number().prop_map(owned);
    let branch = select(BRANCHES.to_vec()).prop_map(owned);
    let tag = select(TAGS.to_vec()).prop_map(owned);
    prop_oneof![
        (party.clone(), version.clone(), party.clone()).prop_map(|(consumer, version, provider)| Command::RemovePact {
            consumer,
            version,
            provider
        }),
        (party.clone(), party.clone(), option::of(tag.clone()), option::of(branch.clone()))
            .prop_map(|(consumer, provider, tag, branch)| Command::RemovePacts { consumer, provider, tag, branch }),
        (party.clone(), party.clone())
            .prop_map(|(consumer, provider)| Command::RemoveIntegration { consumer, provider }),
        party.clone().prop_map(|name| Command::RemovePacticipant { name }),
        (party.clone(), version.clone())
            .prop_map(|(pacticipant, version)| Command::RemoveVersion { pacticipant, version }),
        (party.clone(), version.clone(), branch.clone())
            .prop_map(|(pacticipant, version, branch)| Command::UnsetBranch { pacticipant, version, branch }),
        (party.clone(), vec(branch, 1..3))
            .prop_map(|(pacticipant, branches)| Command::RemoveBranches { pacticipant, branches }),
        (party, version, tag).prop_map(|(pacticipant, version, tag)| Command::Untag { pacticipant, version, tag }),
        (1_u32..20).prop_map(|number| Command::RemoveVerification { number }),
    ]
    .prop_map(done)
}

fn placing() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => (name(), number(), select(ENVIRONMENTS.to_vec()), any::<bool>(), any::<bool>()).prop_map(
            |(party, version, environment, blue, release)| Deed::Deploy { party, version, environment, blue, release }
        ),
        2 => any::<prop::sample::Index>().prop_map(Deed::Displace),
        1 => select(ENVIRONMENTS.to_vec()).prop_map(Deed::RemoveEnvironment),
        1 => select(ENVIRONMENTS.to_vec()).prop_map(Deed::PutEnvironment),
        1 => (name(), option::of(select(BRANCHES.to_vec()))).prop_map(|(party, main)| {
            let details = Details { main_branch: main.map(str::to_owned), ..Details::default() };
            done(Command::PutPacticipant { name: party.to_owned(), details })
        }),
        1 => (0_u8..40).prop_map(Deed::Days),
    ]
}

fn defining() -> impl Strategy<Value = Deed> {
    prop_oneof![
        (name(), number(), 0_u8..3).prop_map(|(party, version, document)| Deed::Define { party, version, document }),
        (name(), name(), select(CONTENTS.to_vec()), 0_u8..3, any::<bool>()).prop_map(
            |(consumer, provider, content, document, fits)| Deed::Fit { consumer, provider, content, document, fits }
        ),
    ]
}

fn deed(definitions: bool) -> impl Strategy<Value = Deed> {
    let rare = if definitions { 2 } else { 0 };
    prop_oneof![
        6 => publishing(),
        6 => verifying(),
        3 => putting(),
        3 => placing(),
        2 => removing(),
        rare => defining(),
    ]
}

fn command(broker: &Broker, deed: Deed) -> Option<Command> {
    let blob = |document: u8| kernel::Sha256::of(&[document]);
    let environment = |name: &str| broker.state.environment_named(name).map(|known| known.environment.id);
    Some(match deed {
        Deed::Do(command) => *command,
        Deed::Deploy { party, version, environment: name, blue, release } => {
            let (pacticipant, version, environment) = (party.to_owned(), version.to_owned(), environment(name)?);
            if release {
                Command::Release { pacticipant, version, environment, emergency: false }
            } else {
                let instance = blue.then(|| "blue".to_owned());
                Command::Deploy { pacticipant, version, environment, instance, via: Via::Contracts, emergency: false }
            }
        }
        Deed::Displace(which) => {
            let all: Vec<_> = broker.state.tables.placements.keys().copied().collect();
            if all.is_empty() {
                return None;
            }
            Command::Displace { placement: *which.get(&all) }
        }
        Deed::Define { party, version, document } => Command::PublishDefinition {
            provider: party.to_owned(),
            version: version.to_owned(),
            branch: None,
            tags: Vec::new(),
            build_url: None,
            blob: blob(document),
            media_type: "application/yaml".to_owned(),
            specification: "oas".to_owned(),
            self_verified: Some(document > 0),
            self_results: None,
            verifier: None,
        },
        Deed::Fit { consumer, provider, content, document, fits } => Command::JudgeFit {
            consumer: consumer.to_owned(),
            provider: provider.to_owned(),
            content: super::sha(content),
            definition: blob(document),
            fits,
            problems: Vec::new(),
            comparison: None,
        },
        Deed::RemoveEnvironment(name) => Command::RemoveEnvironment { id: environment(name)? },
        Deed::PutEnvironment(name) => Command::PutEnvironment {
            id: None,
            name: name.to_owned(),
            display_name: None,
            production: false,
            contacts: None,
        },
        Deed::Days(_) => return None,
    })
}

/// Does all that; whatever is refused is passed over. The clock stands still between most deeds, so that moments are equal.
fn live(deeds: Vec<Deed>) -> Broker {
    let mut broker = Broker::new();
    for party in PARTIES {
        broker = broker.do_(Command::PutPacticipant { name: party.to_owned(), details: Details::default() });
    }
    let mut broker = broker.environment("prod").environment("test");
    for (at, deed) in deeds.into_iter().enumerate() {
        if let Deed::Days(days) = deed {
            broker = broker.days(i64::from(days));
        } else if let Some(command) = command(&broker, deed) {
            let _ = if at % 3 == 0 { broker.try_(command) } else { broker.at_once(command) };
        }
    }
    broker
}

fn selectable() -> impl Strategy<Value = Selector> {
    let which = prop_oneof![
        2 => Just(Selector::default()),
        3 => number().prop_map(|number| Selector { version: Some(number.to_owned()), ..Selector::default() }),
        1 => any::<bool>().prop_map(|latest| Selector { latest, ..Selector::default() }),
        2 => (any::<bool>(), select(TAGS.to_vec()))
            .prop_map(|(latest, tag)| Selector { latest, tag: Some(tag.to_owned()), ..Selector::default() }),
        2 => (any::<bool>(), select(BRANCHES.to_vec()))
            .prop_map(|(latest, branch)| Selector { latest, branch: Some(branch.to_owned()), ..Selector::default() }),
        1 => any::<bool>().prop_map(|latest| Selector { latest, main_branch: true, ..Selector::default() }),
        2 => select(ENVIRONMENTS.to_vec())
            .prop_map(|name| Selector { environment: Some(name.to_owned()), ..Selector::default() }),
    ];
    (name(), which).prop_map(|(party, which)| Selector { pacticipant: party.to_owned(), ..which })
}

fn question() -> impl Strategy<Value = Query> {
    let target = prop_oneof![
        3 => Just(Query::default()),
        1 => Just(Query { latest: true, ..Query::default() }),
        2 => (any::<bool>(), select(TAGS.to_vec()))
            .prop_map(|(latest, tag)| Query { latest, tag: Some(tag.to_owned()), ..Query::default() }),
        3 => select(ENVIRONMENTS.to_vec())
            .prop_map(|name| Query { environment: Some(name.to_owned()), ..Query::default() }),
        1 => any::<bool>().prop_map(|latest| Query { latest, main_branch: true, ..Query::default() }),
    ];
    let latest_by = prop_oneof![
        Just(None),
        Just(Some(LatestBy::ConsumerVersionProviderVersion)),
        Just(Some(LatestBy::ConsumerVersionProvider)),
        Just(Some(LatestBy::ConsumerProvider)),
    ];
    let success = prop_oneof![3 => Just(Vec::new()), 1 => vec(option::of(any::<bool>()), 1..3)];
    (vec(selectable(), 1..4), vec(selectable(), 0..2), target, latest_by, success).prop_map(
        |(selectors, ignore, target, latest_by, success)| Query { selectors, ignore, latest_by, success, ..target },
    )
}

fn asked() -> impl Strategy<Value = Asked> {
    let selector = (option::of(name()), 0_u8..9, select(BRANCHES.to_vec()), select(TAGS.to_vec()), any::<bool>())
        .prop_map(|(consumer, which, branch, tag, latest)| {
            let of = ConsumerSelector { consumer: consumer.map(str::to_owned), ..ConsumerSelector::default() };
            let (branch, tag) = (Some(branch.to_owned()), Some(tag.to_owned()));
            match which {
                0 => ConsumerSelector { main_branch: true, ..of },
                1 => ConsumerSelector { matching_branch: true, ..of },
                2 => ConsumerSelector { branch, fallback_branch: Some("main".to_owned()), ..of },
                3 => ConsumerSelector { tag, latest, fallback_tag: Some("main".to_owned()), ..of },
                4 => ConsumerSelector { deployed: true, ..of },
                5 => ConsumerSelector { released: true, ..of },
                6 => ConsumerSelector { environment: Some("prod".to_owned()), ..of },
                7 => ConsumerSelector { deployed: true, environment: Some("test".to_owned()), ..of },
                _ => ConsumerSelector { latest: true, ..of },
            }
        });
    let on = (option::of(select(BRANCHES.to_vec())), vec(select(TAGS.to_vec()), 0..3));
    (vec(selector, 0..4), on, any::<bool>(), option::of(0_i64..80)).prop_map(
        |(selectors, (branch, tags), pending, since)| Asked {
            selectors,
            branch: branch.map(str::to_owned),
            tags: tags.into_iter().map(str::to_owned).collect(),
            pending,
            wip_since: since.map(|days| jiff::Timestamp::from_second(super::START_S + days * 86_400).unwrap()),
        },
    )
}

fn restored(state: &State) -> State {
    let bytes = rmp_serde::to_vec_named(state).unwrap();
    rmp_serde::from_slice(&bytes).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The ways to the rows are compared after every event, in [`Broker::fold`].
    #[test]
    fn a_snapshot_answers_as_what_it_was_made_of(
        deeds in vec(deed(true), 1..60),
        questions in vec(question(), 1..6),
        verifications in vec((name(), asked()), 1..4),
    ) {
        let broker = live(deeds);
        let copy = restored(&broker.state);
        copy.assert_indexed();
        for question in &questions {
            let (one, other) = (matrix::ask(&broker.state, question), matrix::ask(&copy, question));
            prop_assert_eq!(&one.rows, &other.rows);
            prop_assert_eq!(&one.ignored, &other.ignored);
            prop_assert_eq!(one.reasons(), other.reasons());
            let named = |selector: &Selector| broker.state.pacticipant_named(&selector.pacticipant).is_some();
            if question.success.is_empty() && question.selectors.iter().all(named) {
                prop_assert_eq!(one.deployable() == Some(true), matrix::blockers(&copy, &other).is_empty());
            }
        }
        for (provider, asked) in &verifications {
            let Some(provider) = broker.state.pacticipant_named(provider) else { continue };
            let chosen = for_verification(&broker.state, provider, asked, broker.now);
            prop_assert_eq!(&chosen, &for_verification(&copy, provider, asked, broker.now));
            let mut contents: Vec<_> = chosen.iter().map(|one| one.content).collect();
            contents.sort();
            contents.dedup();
            prop_assert_eq!(contents.len(), chosen.len(), "each content once");
            for one in &chosen {
                prop_assert!(copy.is_current(one.publication));
                prop_assert!(!one.because.is_empty() && !short_description(one).is_empty());
                prop_assert!(!one.wip || one.pending == Some(true));
                prop_assert!(!notices(&copy, one, asked, "http://pact").is_empty());
            }
        }
    }

    #[test]
    fn the_matrix_is_that_of_the_slow_and_plain_one(
        deeds in vec(deed(false), 1..50),
        questions in vec(question(), 1..12),
    ) {
        let broker = live(deeds);
        let everybody = |name: &str| broker.state.pacticipant_named(name).is_some();
        for question in &questions {
            let named = question.selectors.iter().chain(&question.ignore);
            if !named.into_iter().all(|selector| everybody(&selector.pacticipant)) {
                continue;
            }
            let answer = matrix::ask(&broker.state, question);
            let shown = |rows: &[matrix::Row]| rows.iter().map(|row| (row.publication, row.verification)).collect();
            let judged = naive::Judged {
                rows: shown(&answer.rows),
                ignored: shown(&answer.ignored),
                deployable: answer.deployable(),
                counts: answer.counts(),
                integrations: answer.integrations.iter().map(|one| (one.consumer, one.provider, one.required)).collect(),
            };
            prop_assert_eq!(judged, naive::ask(&broker.state, question), "{:?}", question);
        }
    }

    /// An event that can't be applied, because others that it needs were lost, is passed over and leaves nothing behind.
    #[test]
    fn folding_never_fails(deeds in vec(deed(true), 1..40), kept in vec(any::<bool>(), 200)) {
        let mut original = Broker::new().environment("prod").environment("test");
        let mut events: Vec<Event> = Vec::new();
        for deed in deeds {
            if let Some(command) = command(&original, deed)
                && let Ok(more) = original.try_(command)
            {
                events.extend(more);
            }
        }
        let mut other = Broker::new();
        for event in events.iter().zip(kept.iter().cycle()).filter(|(_, kept)| **kept).map(|(event, _)| event) {
            let context = other.context();
            other.fold(event, &context);
        }
        restored(&other.state).assert_indexed();
    }

    /// A wish that was granted is granted again with nothing more to do, unless it removes or counts.
    #[test]
    fn wishing_twice_changes_nothing(deeds in vec(deed(false), 1..30), last in prop_oneof![publishing(), putting(), placing()]) {
        let mut broker = live(deeds);
        let Some(command) = command(&broker, last) else { return Ok(()) };
        if matches!(command, Command::RemoveEnvironment { .. } | Command::PutEnvironment { .. }) || broker.at_once(command.clone()).is_err() {
            return Ok(());
        }
        let tagged = matches!(&command, Command::PutVersion { tags, .. } | Command::Publish { tags, .. } if tags.len() > 1);
        let twice = matches!(&command, Command::Publish { pacts, .. } if pacts.len() > 1);
        if !tagged && !twice {
            let mut again = decide(&broker.state, command, &broker.context()).unwrap();
            // Whoever wants to know of publications is told, but nothing is changed by it.
            again.retain(|event| !matches!(event, Event::PactRepeated { .. }));
            prop_assert_eq!(again, Vec::new());
        }
    }
}
