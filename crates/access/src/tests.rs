mod golden;

use jiff::SignedDuration;
use kernel::{Actor, Context, EventId, IdSeed, Sha256, Stamp, Timestamp, TokenId, UserId, codes};

use crate::{Command, Event, Reach, Role, Scope, State, decide};

struct Access {
    state: State,
    now: Timestamp,
    count: u64,
}

impl Access {
    fn new() -> Self {
        Self { state: State::default(), now: Timestamp::from_second(1_700_000_000).unwrap(), count: 0 }
    }

    fn with_administrator() -> (Self, UserId) {
        let mut access = Self::new();
        let user = access.context().id::<UserId>();
        access.offer(b"link");
        access.setup(b"link", user).unwrap();
        (access, user)
    }

    fn context(&self) -> Context {
        Context::new(self.now, Actor::Person("jo".to_owned()), IdSeed(u128::from(self.count)))
    }

    fn command(&mut self, command: Command) -> Result<Vec<Event>, &'static str> {
        self.count += 1;
        let context = self.context();
        let events = decide(&self.state, command, &context).map_err(|refusal| refusal.code.name)?;
        for event in &events {
            let stamp = Stamp {
                position: self.count,
                event: context.id::<EventId>(),
                command: context.command,
                at: self.now,
                actor: context.actor.clone(),
                reason: None,
            };
            self.state.fold(event, &stamp);
        }
        Ok(events)
    }

    fn pass(&mut self, hours: i64) {
        self.now = self.now.checked_add(SignedDuration::from_hours(hours)).unwrap();
    }

    fn offer(&mut self, secret: &[u8]) {
        let expires = self.now.checked_add(SignedDuration::from_hours(24)).unwrap();
        self.command(Command::OfferSetup { hash: Sha256::of(secret), expires }).unwrap();
    }

    fn setup(&mut self, secret: &[u8], user: UserId) -> Result<Vec<Event>, &'static str> {
        self.command(Command::Setup { hash: Sha256::of(secret), user, name: "root".to_owned() })
    }

    fn issue(&mut self, name: &str, scopes: &[Scope], hours: Option<i64>) -> Result<Vec<Event>, &'static str> {
        let expires = hours.map(|hours| self.now.checked_add(SignedDuration::from_hours(hours)).unwrap());
        let hash = Sha256::of(name.as_bytes());
        let (name, scopes) = (name.to_owned(), scopes.to_vec());
        self.command(Command::IssueToken { name, scopes, hash, expires, reach: Reach::default() })
    }

    fn issue_within(&mut self, name: &str, scopes: &[Scope], reach: Reach) -> Result<Vec<Event>, &'static str> {
        let hash = Sha256::of(name.as_bytes());
        let (name, scopes) = (name.to_owned(), scopes.to_vec());
        self.command(Command::IssueToken { name, scopes, hash, expires: None, reach })
    }

    fn token_allows(&self, name: &str, scope: Scope) -> Option<bool> {
        self.state.grant_for_token(&Sha256::of(name.as_bytes()), self.now).map(|grant| grant.allows(scope))
    }

    fn session_is_open(&self, secret: &[u8]) -> bool {
        self.state.grant_for_session(&Sha256::of(secret), self.now).is_some()
    }
}

#[test]
fn a_setup_link_works_once_and_only_the_newest_and_in_time() {
    let mut access = Access::new();
    let user = access.context().id::<UserId>();
    access.offer(b"first");
    access.offer(b"second");
    assert_eq!(access.setup(b"first", user), Err(codes::GONE.name));
    access.pass(25);
    assert_eq!(access.setup(b"second", user), Err(codes::GONE.name));
    access.offer(b"third");
    assert!(access.setup(b"third", user).is_ok());
    assert_eq!(access.setup(b"third", user), Err(codes::GONE.name));
}

#[test]
fn a_token_allows_what_its_scopes_hold_until_it_ends_or_is_revoked() {
    let (mut access, _) = Access::with_administrator();
    access.issue("sdk", &[Scope::Evaluate], Some(1)).unwrap();
    assert_eq!(access.token_allows("sdk", Scope::Evaluate), Some(true));
    assert_eq!(access.token_allows("sdk", Scope::Read), Some(false));
    access.pass(1);
    assert_eq!(access.token_allows("sdk", Scope::Evaluate), None);

    let issued = access.issue("ci", &[Scope::Write], None).unwrap();
    let Event::TokenIssued { token, .. } = issued[0] else { panic!("{issued:?}") };
    assert_eq!(access.token_allows("ci", Scope::Report), Some(true));
    assert_eq!(access.token_allows("ci", Scope::Admin), Some(false));
    access.command(Command::RevokeToken { token }).unwrap();
    assert_eq!(access.token_allows("ci", Scope::Read), None);
}

#[test]
fn a_tokens_use_is_noted_once_an_hour() {
    let (mut access, _) = Access::with_administrator();
    let issued = access.issue("ci", &[Scope::Read], None).unwrap();
    let Event::TokenIssued { token, .. } = issued[0] else { panic!("{issued:?}") };
    let used = |access: &mut Access, token: TokenId| access.command(Command::UseToken { token }).unwrap().len();
    assert_eq!((used(&mut access, token), used(&mut access, token)), (1, 0));
    access.pass(1);
    assert_eq!(used(&mut access, token), 1);
}

#[test]
fn a_session_ends_when_idle_when_old_and_when_the_password_changes() {
    let (mut access, user) = Access::with_administrator();
    let start = |access: &mut Access, secret: &[u8]| {
        let events = access.command(Command::StartSession { user, hash: Sha256::of(secret) }).unwrap();
        let Event::SessionStarted { session, .. } = events[0] else { panic!("{events:?}") };
        session
    };
    start(&mut access, b"idle");
    access.pass(12);
    assert!(!access.session_is_open(b"idle"));

    let session = start(&mut access, b"old");
    for _ in 0..16 {
        access.pass(10);
        assert!(access.session_is_open(b"old"));
        access.command(Command::SeeSession { session }).unwrap();
    }
    access.pass(8);
    assert!(!access.session_is_open(b"old"), "a week is over");

    start(&mut access, b"changed");
    access.command(Command::SetPassword { user }).unwrap();
    assert!(!access.session_is_open(b"changed"));
}

#[test]
fn the_last_administrator_stays() {
    let (mut access, root) = Access::with_administrator();
    assert_eq!(access.command(Command::DisableUser { user: root }), Err(codes::CONFLICT.name));
    assert_eq!(access.command(Command::ChangeRole { user: root, role: Role::Viewer }), Err(codes::CONFLICT.name));
    let second = access.context().id::<UserId>();
    let create =
        Command::CreateUser { user: second, name: "second".to_owned(), role: Role::Administrator, person: None };
    access.command(create).unwrap();
    assert!(access.command(Command::DisableUser { user: root }).is_ok());
}

#[test]
fn names_are_unique_and_sound() {
    let (mut access, _) = Access::with_administrator();
    access.issue("ci", &[Scope::Read], None).unwrap();
    assert_eq!(access.issue("ci", &[Scope::Read], None), Err(codes::CONFLICT.name));
    assert_eq!(access.issue("two words", &[Scope::Read], None), Err(codes::INVALID.name));
    assert_eq!(access.issue("none", &[], None), Err(codes::INVALID.name));
    assert_eq!(access.issue("past", &[Scope::Read], Some(0)), Err(codes::INVALID.name));
}

fn within(environment: Option<&str>, flag_sets: &[&str]) -> Reach {
    let flag_sets = flag_sets.iter().map(|name| (*name).to_owned()).collect();
    Reach { environment: environment.map(str::to_owned), flag_sets }
}

#[test]
fn a_token_that_only_evaluates_can_be_confined_to_an_environment_and_to_flag_sets() {
    let (mut access, _) = Access::with_administrator();
    let reach = within(Some("staging"), &["shop"]);
    let issued = access.issue_within("sdk", &[Scope::Evaluate], reach.clone()).unwrap();
    assert_eq!(issued[0].summary(), "issued token sdk (evaluate, in staging, of shop)");
    let grant = access.state.grant_for_token(&Sha256::of(b"sdk"), access.now).unwrap();
    assert_eq!(grant.reach, reach);
    assert!(grant.reach.holds("staging") && !grant.reach.holds("production"));
    assert!(Reach::default().holds("production"));
}

#[test]
fn a_token_that_may_do_more_cannot_be_confined() {
    let (mut access, _) = Access::with_administrator();
    let mut check = |scopes: &[Scope], reach| {
        assert_eq!(access.issue_within("sdk", scopes, reach), Err(codes::INVALID.name));
    };
    check(&[Scope::Read], within(Some("staging"), &[]));
    check(&[Scope::Evaluate, Scope::Report], within(None, &["shop"]));
    check(&[Scope::Evaluate], within(Some(""), &[]));
    check(&[Scope::Evaluate], within(Some(&"x".repeat(64)), &[]));
    check(&[Scope::Evaluate], within(None, &[" shop"]));
    check(&[Scope::Evaluate], within(None, &["shop"; 101]));
}

#[test]
fn a_token_that_was_issued_before_tokens_could_be_confined_reaches_everything() {
    let written = serde_json::json!({
        "type": "token_issued", "token": "01a20507-3830-7391-97f0-ed0fcf78a12b", "name": "old",
        "scopes": ["evaluate"], "hash": Sha256::of(b"old"), "expires": null,
    });
    let event: Event = serde_json::from_value(written.clone()).unwrap();
    assert!(matches!(&event, Event::TokenIssued { reach, .. } if reach.is_everywhere()));
    assert_eq!(serde_json::to_value(&event).unwrap(), written);
}

#[test]
fn only_a_probe_and_an_administrator_are_told_what_a_probe_is_told() {
    let allowed = Scope::ALL.into_iter().filter(|scope| scope.allows(Scope::Probe));
    assert_eq!(allowed.collect::<Vec<_>>(), [Scope::Probe, Scope::Admin]);
    let of_probe = Scope::ALL.into_iter().filter(|needed| Scope::Probe.allows(*needed));
    assert_eq!(of_probe.collect::<Vec<_>>(), [Scope::Probe]);
}
