//! What happens by itself: a quiet life, and now and then a change that breaks the shop.

use std::time::Duration;

use crate::{ChangeError, Company, Page, Scenario, Trouble, random::Random, script, script::Change};

/// Harmless changes that the first day has seen.
const FIRST_DAY_CHANGES: usize = 3;
/// The quiet before each incident. Together with the changes around the guilty one it makes about a minute.
const QUIET_CHANGES: usize = 3;
const QUIET_GAP_MS: (u64, u64) = (12_000, 20_000);
/// Between the guilty change and its innocent neighbours.
const NEIGHBOUR_GAP_MS: (u64, u64) = (1_500, 4_000);
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Looks until a change that does not break anything is given up on, such as one that somebody undid at once. A ramp
/// needs a while until it reaches enough customers.
const LOOKS_UNTIL_BROKEN_MAX: u32 = 80;
/// The shop has recovered when so many looks in a row find it well.
const LOOKS_UNTIL_WELL: u32 = 3;

impl Company {
    /// Gives Mainstay something to remember: everything as it is deployed and configured, and a few changes since.
    ///
    /// # Errors
    /// If Mainstay cannot be reached or refuses a change.
    pub async fn history(&self) -> Result<(), ChangeError> {
        tell(self.learn().await);
        self.pipeline.report_estate().await?;
        tell(self.contracts_history().await);
        let mut random = Random::new(self.seed);
        for _ in 0..FIRST_DAY_CHANGES {
            self.harmless(&mut random, None).await?;
        }
        Ok(())
    }

    /// Production takes only what meets its contracts, and one build has learned that.
    async fn contracts_history(&self) -> Result<(), ChangeError> {
        // What was published before its consumers were is proved once more.
        self.pipeline.prove_again().await?;
        self.pipeline.close_gate().await?;
        self.pipeline.attempt("currency", "expected \"rate\" in the body; this build calls it \"ratio\"").await
    }

    /// Lives for ever: harmless changes now and then, and after about a minute a scenario among innocent neighbours;
    /// once the shop has recovered, all over again. Speed shortens every pause. Drop the future to stop.
    pub async fn live(&self) {
        let mut random = Random::new(self.seed.wrapping_add(1));
        let mut to_come = Vec::new();
        let mut kept = false;
        loop {
            for _ in 0..QUIET_CHANGES {
                self.pause(&mut random, QUIET_GAP_MS).await;
                // The first change of all is what was promised.
                let made = if kept { self.harmless(&mut random, None).await } else { self.keep_promises().await };
                kept = true;
                tell(made);
            }
            if to_come.is_empty() {
                to_come = Scenario::ALL.to_vec();
            }
            let Some(scenario) = pick(&mut random, &to_come) else { continue };
            to_come.retain(|other| *other != scenario);
            self.strike_among_innocents(scenario, &mut random).await;
            self.wait_until_recovered().await;
            if let Some(change) = scenario.tidying() {
                tell(self.make(change).await);
            }
        }
    }

    async fn strike_among_innocents(&self, scenario: Scenario, random: &mut Random) {
        let guilty = scenario.guilty().subject();
        self.pause(random, QUIET_GAP_MS).await;
        tell(self.harmless(random, Some(guilty)).await);
        self.pause(random, NEIGHBOUR_GAP_MS).await;
        tracing::info!(scenario = scenario.name(), "the sample company is about to break");
        tell(self.strike(scenario).await);
        for _ in 0..1 + random.next() % 2 {
            self.pause(random, NEIGHBOUR_GAP_MS).await;
            tell(self.harmless(random, Some(guilty)).await);
        }
    }

    async fn wait_until_recovered(&self) {
        let mut looks = 0;
        while self.look().await.is_empty() && looks < LOOKS_UNTIL_BROKEN_MAX {
            looks += 1;
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let mut well = 0;
        while well < LOOKS_UNTIL_WELL {
            well = if self.look().await.is_empty() { well + 1 } else { 0 };
            tokio::time::sleep(LOOK_EVERY).await;
        }
        tracing::info!("the sample company is well");
    }

    /// Breaks the shop, now and in this way.
    ///
    /// # Errors
    /// If Mainstay cannot be reached or refuses the change.
    pub async fn strike(&self, scenario: Scenario) -> Result<(), ChangeError> {
        self.make(scenario.guilty()).await
    }

    /// What a customer finds wrong, right now.
    pub async fn look(&self) -> Vec<Trouble> {
        self.shopper.tour().await
    }

    /// Makes a change that harms nobody, and not to what must be left alone.
    async fn harmless(&self, random: &mut Random, leave_alone: Option<&str>) -> Result<(), ChangeError> {
        let mut components = self.pipeline.estate.components();
        components.retain(|component| Some(*component) != leave_alone);
        let change = script::harmless(random, &components);
        match change.filter(|change| Some(change.subject()) != leave_alone) {
            Some(change) => self.make(change).await,
            None => Ok(()),
        }
    }

    async fn make(&self, change: Change) -> Result<(), ChangeError> {
        let estate = &self.pipeline.estate;
        match change {
            Change::Deploy { component, defect } => {
                let version = estate.build(component, defect)?;
                self.pipeline.deploy(component, version, None).await
            }
            Change::Set { component, setting, value, reason } => {
                let mut settings = estate.deployed(component)?.settings;
                settings.insert(setting.to_owned(), value.to_owned());
                self.pipeline.configure(component, settings, Some(reason)).await
            }
            Change::Turn { flag, on, reason } => Ok(self.pipeline.mainstay.turn(flag, on, reason).await?),
        }
    }

    async fn pause(&self, random: &mut Random, (least_ms, most_ms): (u64, u64)) {
        tokio::time::sleep(random.between(least_ms, most_ms).div_f64(self.speed)).await;
    }
}

/// What comes next. A newcomer's first incident is one that does not go away by itself, and breaks what was promised.
fn pick(random: &mut Random, to_come: &[Scenario]) -> Option<Scenario> {
    let is_first = to_come.len() == Scenario::ALL.len();
    let is_fit = |scenario: &Scenario| scenario.tidying().is_none() && scenario.breaks().contains(&Page::Checkout);
    let fits = |scenario: &&Scenario| !is_first || is_fit(scenario);
    random.pick(&to_come.iter().filter(fits).collect::<Vec<_>>()).copied().copied()
}

/// The company goes on when one of its changes could not be made.
fn tell(made: Result<(), ChangeError>) {
    if let Err(error) = made {
        tracing::warn!(error.message = %error, "the sample company could not make a change");
    }
}
