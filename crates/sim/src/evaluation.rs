//! How often the guilty change is found, from end to end.
//!
//! Where [`incidents::evaluation`] measures the ranking alone, this goes the whole way: changes are recorded through the
//! loop, checks fail by their real intervals and thresholds, an incident opens by a reaction, and five minutes later
//! [`world::culprits`] is asked, with what the World knows then. The worlds are simpler than there: no release trains, no
//! evidence that names anybody, and dependencies that the catalog does not know are one in ten.

use std::{ops::Range, sync::Arc};

use engine::{Clock as _, Core, Receipt, Request};
use jiff::SignedDuration;
use kernel::{Actor, EventId};
use timeline::StoreError;
use world::Command;

use crate::{
    MemoryStore,
    clock::VirtualClock,
    dice::Dice,
    estate::{ENVIRONMENT, Estate, Fault},
    probes::Probes,
};

/// Quiet hours, then the guilty change, then until an incident opens.
const BEFORE_MIN: i64 = 120;
const OPENS_WITHIN_MIN: i64 = 90;
const LOOKED_AT_AFTER_MIN: i64 = 5;
/// Innocent changes in a minute: about five in an hour, over the whole company.
const INNOCENT_IN_A_MINUTE: f64 = 0.08;

/// What came out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Accuracy {
    /// Histories in which a check saw the failure.
    pub histories: u32,
    /// Those in which the guilty change was the first suspect.
    pub first: u32,
    /// Those in which it was among the first three.
    pub among_three: u32,
    /// Histories in which no check saw it, which say nothing of the ranking.
    pub unseen: u32,
    /// All the changes that were looked at.
    pub changes: u64,
}

/// One company, and what happens to it.
struct History {
    dice: Dice,
    clock: Arc<VirtualClock>,
    core: Core,
    estate: Estate,
    probes: Probes,
}

/// Plays one history for each seed.
///
/// # Errors
/// If a store in memory fails, which it does not.
pub fn evaluate(seeds: Range<u64>) -> Result<Accuracy, StoreError> {
    let mut accuracy = Accuracy::default();
    for seed in seeds {
        match History::begin(seed)?.play() {
            None => accuracy.unseen += 1,
            Some((place, changes)) => {
                accuracy.histories += 1;
                accuracy.first += u32::from(place == Some(0));
                accuracy.among_three += u32::from(place.is_some_and(|place| place < 3));
                accuracy.changes += changes as u64;
            }
        }
    }
    Ok(accuracy)
}

impl History {
    fn begin(seed: u64) -> Result<Self, StoreError> {
        let clock = Arc::new(VirtualClock::new(seed));
        let core = Core::open(Arc::new(MemoryStore::default()), Arc::clone(&clock) as _)?;
        let mut dice = Dice::new(seed ^ 0x6576_616c);
        let count = dice.between(8, 30) as usize;
        let estate = Estate::random(count, &mut dice);
        let mut history = Self { dice, clock, core, estate, probes: Probes::default() };
        let reading = world::read_bundle(&history.estate.bundle());
        let apply = catalog::Command::Apply(catalog::Apply { reading, partial: false });
        history.give(Command::Catalog(apply));
        Ok(history)
    }

    /// The place of the guilty change among the suspects, and how many changes there were; none if nobody saw it.
    fn play(mut self) -> Option<(Option<usize>, usize)> {
        for _ in 0..BEFORE_MIN {
            self.minute();
        }
        let (guilty, victim, fault) = (0..100).find_map(|_| self.change())?;
        // Most faults show at once, some only when the load comes.
        let shows_after = *self.dice.pick(&[0, 0, 0, 0, 1, 2, 5, 10, 20, 40]).unwrap_or(&0);
        for _ in 0..shows_after {
            self.minute();
        }
        self.estate.make_guilty(victim, fault);
        for _ in 0..OPENS_WITHIN_MIN {
            self.minute();
            if self.incident(victim).is_some() {
                break;
            }
        }
        self.incident(victim)?;
        for _ in 0..LOOKED_AT_AFTER_MIN {
            self.minute();
        }
        let number = self.incident(victim)?;
        let world = self.core.world();
        let incident = world.incidents.by_number(number)?;
        let culprits = world::culprits(&world, incident, self.clock.now());
        Some((culprits.suspects.iter().position(|suspect| suspect.event == guilty), culprits.changes))
    }

    /// The open incident about what the victim broke; others opened because a check failed for no reason.
    fn incident(&self, victim: usize) -> Option<u64> {
        let world = self.core.world();
        let is_hit = |check: &incidents::FailingCheck| {
            let at = self.estate.at(&check.entity);
            at.is_some_and(|at| self.estate.needs(at, victim)) && self.estate.is_down(victim, &world)
        };
        world.incidents.open().find(|incident| incident.failing().any(is_hit)).map(incidents::Incident::number)
    }

    fn minute(&mut self) {
        if self.dice.chance(INNOCENT_IN_A_MINUTE) {
            let _ = self.change();
        }
        for _ in 0..4 {
            self.clock.advance(SignedDuration::from_secs(15));
            let world = self.core.world();
            let results = self.probes.run(&world, &self.estate, self.clock.now(), &mut self.dice);
            let report = |result| Request::by_part(Command::Checks(checks::Command::Report { result }), "checks");
            let requests: Vec<_> = results.into_iter().map(report).collect();
            self.core.execute(&requests);
        }
    }

    /// A change at random: its event, what it would break if it were guilty, and by what.
    fn change(&mut self) -> Option<(EventId, usize, Fault)> {
        let (world, environment) = (self.core.world(), ENVIRONMENT.to_owned());
        let at = self.dice.below(self.estate.services.len());
        let component = self.estate.services.get(at)?.entity.clone();
        let serial = self.estate.serial().to_string();
        let (command, victim, fault) = match self.dice.below(10) {
            0..=1 => {
                let flag = self.dice.below(self.estate.flags.len());
                let entity = self.estate.flags.get(flag)?.entity.clone();
                let on = !world.flags.flag(&entity)?.is_on(ENVIRONMENT);
                let victim = self.estate.user_of(flag, &mut self.dice)?;
                let fault = if on { Fault::Flag(flag) } else { return None };
                (Command::Flags(flags::Command::Turn { flag: entity, environment, on }), victim, fault)
            }
            2..=4 => {
                let mut settings = self.estate.settings.get(&at).cloned().unwrap_or_default();
                settings.insert("limit".to_owned(), serial.clone());
                self.estate.settings.insert(at, settings.clone());
                let command = deploys::Command::RecordConfig { component, environment, settings, finished: None };
                (Command::Deploys(command), at, Fault::Setting("limit".to_owned(), serial))
            }
            _ => {
                let version = format!("v{serial}");
                self.estate.versions.insert(at, version.clone());
                let command = deploys::Command::RecordDeployment {
                    component,
                    environment,
                    version: version.clone(),
                    outcome: deploys::Outcome::Succeeded,
                    url: None,
                    commit: None,
                    rollback_of: None,
                    finished: None,
                    told: deploys::Told::default(),
                };
                (Command::Deploys(command), at, Fault::Version(version))
            }
        };
        let event = self.give(command)?.recorded.first()?.stamp.event;
        Some((event, victim, fault))
    }

    fn give(&mut self, command: Command) -> Option<Receipt> {
        let request = Request { command, actor: Actor::Token("pipeline".to_owned()), reason: None, id: None };
        let (mut answers, _) = self.core.execute(&[request]);
        answers.pop()?.ok()
    }
}
