//! The company that is simulated: services that need each other, what is declared of them, and what really runs.
//!
//! The estate is the truth that Mainstay does not see: a change may be *guilty*, and then whatever it is in force for is
//! broken, and so is everything that needs that, until the change is taken back.

use std::collections::{BTreeMap, BTreeSet};

use catalog::{Bundle, BundleFile};
use jiff::SignedDuration;
use kernel::EntityRef;
use world::World;

use crate::{clock, dice::Dice, roster};

/// The environment that everything happens in.
pub(crate) const ENVIRONMENT: &str = "production";

/// How many declared flags have a ramp.
const RAMPS: usize = 3;

/// One service.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) entity: EntityRef,
    /// What it really needs, by index: always later services, so that there are no circles.
    needs: Vec<usize>,
    /// What its file says it needs.
    declared: Vec<usize>,
    has_hook: bool,
    /// Its check as declared; none if it has none.
    check: Option<CheckFile>,
    /// Raised with every edit of its description.
    revision: u32,
    /// True while nobody can read its file.
    is_broken: bool,
}

#[derive(Debug, Clone)]
struct CheckFile {
    page: u32,
    interval_s: i64,
    failures: i64,
}

/// One flag.
#[derive(Debug, Clone)]
pub(crate) struct Flag {
    pub(crate) entity: EntityRef,
    users: Vec<usize>,
    is_declared: bool,
    starts_on: bool,
    /// How it reaches everybody, if not at once.
    ramp: Option<RampFile>,
}

/// A ramp as declared.
#[derive(Debug, Clone)]
struct RampFile {
    /// Its steps, and perhaps its start.
    schedule: String,
    /// The service whose check guards it.
    guard: usize,
    on_failure: &'static str,
    approvals: usize,
}

/// What makes a service break.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// This flag, while it is on.
    Flag(usize),
    /// This version, while it runs.
    Version(String),
    /// This value of this setting.
    Setting(String, String),
}

/// The company.
#[derive(Debug, Clone)]
pub(crate) struct Estate {
    pub(crate) services: Vec<Service>,
    pub(crate) flags: Vec<Flag>,
    faults: BTreeSet<(usize, Fault)>,
    /// What runs, by service.
    pub(crate) versions: BTreeMap<usize, String>,
    pub(crate) settings: BTreeMap<usize, deploys::Settings>,
    serial: u32,
    /// True if there are people, and teams of them that share the services.
    pub(crate) is_staffed: bool,
}

fn reference(kind: &str, name: &str) -> EntityRef {
    EntityRef::new(kind, EntityRef::DEFAULT_NAMESPACE, name).unwrap_or_else(|_| unreachable!("the names are ours"))
}

impl Estate {
    /// A company of `count` services.
    pub(crate) fn random(count: usize, dice: &mut Dice) -> Self {
        let services = (0..count).map(|at| Service::random(at, count, dice)).collect();
        let flags = (0..dice.between(2, 5)).map(|at| Flag {
            entity: reference("flag", &format!("flag-{at}")),
            users: (0..dice.between(1, 2)).map(|_| dice.below(count)).collect::<BTreeSet<_>>().into_iter().collect(),
            is_declared: true,
            starts_on: dice.chance(0.3),
            ramp: None,
        });
        let flags = flags.collect();
        let (faults, versions, settings) = (BTreeSet::new(), BTreeMap::new(), BTreeMap::new());
        Self { services, flags, faults, versions, settings, serial: 0, is_staffed: false }
    }

    /// Adds flags that reach everybody by and by, guarded by the check of a service that asks for them.
    pub(crate) fn add_ramps(&mut self, dice: &mut Dice) {
        let first = self.flags.len();
        for at in first..first + RAMPS {
            // The first two services always begin with a check.
            let guard = dice.below(2);
            let ramp = Some(RampFile::random(guard, dice));
            let entity = reference("flag", &format!("flag-{at}"));
            self.flags.push(Flag { entity, users: vec![guard], is_declared: true, starts_on: dice.chance(0.3), ramp });
        }
    }

    /// The check of one of the services that always begin with one.
    pub(crate) fn guard(&self, dice: &mut Dice) -> Option<EntityRef> {
        let service = self.services.get(dice.below(2))?;
        Some(reference("check", &format!("{}-works", service.entity.name())))
    }

    /// A number that was not given before.
    pub(crate) fn serial(&mut self) -> u32 {
        self.serial += 1;
        self.serial
    }

    /// The service of this name.
    pub(crate) fn at(&self, entity: &EntityRef) -> Option<usize> {
        self.services.iter().position(|service| service.entity == *entity)
    }

    /// A flag breaks one of its users from now on.
    pub(crate) fn make_guilty(&mut self, at: usize, fault: Fault) {
        self.faults.insert((at, fault));
    }

    /// Whatever was guilty is harmless from now on, and every file can be read.
    pub(crate) fn calm(&mut self) {
        self.faults.clear();
        self.services.iter_mut().for_each(|service| service.is_broken = false);
    }

    /// One of the services that ask for the flag.
    pub(crate) fn user_of(&self, flag: usize, dice: &mut Dice) -> Option<usize> {
        dice.pick(&self.flags.get(flag)?.users).copied()
    }

    /// True while the service, or anything that it needs, has a fault in force.
    pub(crate) fn is_down(&self, at: usize, world: &World) -> bool {
        let own = self.faults.iter().any(|(of, fault)| *of == at && self.in_force(at, fault, world));
        let needs = self.services.get(at).map_or(&[][..], |service| &service.needs);
        own || needs.iter().any(|needed| self.is_down(*needed, world))
    }

    /// True if `at` really needs `other`, or is it.
    pub(crate) fn needs(&self, at: usize, other: usize) -> bool {
        let needs = self.services.get(at).map_or(&[][..], |service| &service.needs);
        at == other || needs.iter().any(|needed| self.needs(*needed, other))
    }

    fn in_force(&self, at: usize, fault: &Fault, world: &World) -> bool {
        match fault {
            Fault::Flag(flag) => {
                let flag = self.flags.get(*flag).and_then(|flag| world.flags.flag(&flag.entity));
                flag.is_some_and(|flag| flag.is_on(ENVIRONMENT) && serves_somebody(flag, world))
            }
            Fault::Version(version) => self.versions.get(&at) == Some(version),
            Fault::Setting(key, value) => self.settings.get(&at).and_then(|settings| settings.get(key)) == Some(value),
        }
    }

    /// Changes a file at random; says what was done.
    pub(crate) fn edit(&mut self, dice: &mut Dice) -> String {
        let count = self.services.len();
        let at = dice.below(count);
        let other = dice.below(count);
        let flag = dice.below(self.flags.len());
        let Some(service) = self.services.get_mut(at) else { return String::new() };
        let name = service.entity.name().to_owned();
        match dice.below(11) {
            0 | 1 => {
                service.revision += 1;
                format!("describes {name} anew")
            }
            2 => {
                if let Some(known) = service.declared.iter().position(|declared| *declared == other) {
                    service.declared.remove(known);
                } else if other > at {
                    service.declared.push(other);
                }
                format!("declares other needs of {name}")
            }
            3 | 4 => {
                service.check = match service.check.take() {
                    None => Some(CheckFile::random(dice)),
                    Some(_) if dice.chance(0.2) => None,
                    Some(check) if dice.chance(0.5) => Some(CheckFile { page: check.page + 1, ..check }),
                    Some(check) => Some(CheckFile { page: check.page, ..CheckFile::random(dice) }),
                };
                format!("edits the check of {name}")
            }
            5 | 6 => {
                service.is_broken = !service.is_broken;
                format!("{} the file of {name}", if service.is_broken { "breaks" } else { "mends" })
            }
            7 => {
                service.has_hook = !service.has_hook;
                format!("{} the hook of {name}", if service.has_hook { "adds" } else { "takes away" })
            }
            _ => self.flags.get_mut(flag).map_or_else(String::new, |flag| flag.edit(dice)),
        }
    }

    /// The catalog files as they are now.
    pub(crate) fn bundle(&self) -> Bundle {
        let file = |path: String, text: String| BundleFile { path, bytes: text.into_bytes().into() };
        let services = self.services.iter().enumerate().map(|(at, service)| {
            let path = format!("services/{}/catalog-info.yaml", service.entity.name());
            file(path, self.service_file(at, service))
        });
        let flags = self.flags.iter().filter(|flag| flag.is_declared).map(|flag| self.flag_document(flag));
        let group = if self.is_staffed { String::new() } else { GROUP.to_owned() };
        let org = [group, file_text(flags)];
        let people = self.is_staffed.then(roster::file);
        let files = services.chain([file("org/catalog-info.yaml".to_owned(), org.join(""))]).chain(people).collect();
        Bundle { source: "estate".to_owned(), files, problems: Vec::new() }
    }

    fn service_file(&self, at: usize, service: &Service) -> String {
        let Service { entity, declared, has_hook, check, revision, is_broken, .. } = service;
        let name = entity.name();
        if *is_broken {
            return format!("apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {{name: {name}\n");
        }
        let needs: Vec<&str> = declared
            .iter()
            .filter_map(|needed| self.services.get(*needed))
            .map(|needed| needed.entity.as_str())
            .collect();
        let mut annotations = String::new();
        if *has_hook {
            annotations.push_str(
                "    mainstay.dev/deploy-hook: http://deployer.example/deploy\n    \
                 mainstay.dev/config-hook: http://deployer.example/config\n",
            );
        }
        if let Some(policy) = roster::policy(at).filter(|_| self.is_staffed) {
            annotations.push_str(&format!("    mainstay.dev/escalation-policy: {policy}\n"));
        }
        if !annotations.is_empty() {
            annotations.insert_str(0, "  annotations:\n");
        }
        let owner = if self.is_staffed { roster::team(at) } else { "keepers" };
        let mut text = format!(
            "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\n  description: number {at}, \
             revision {revision}\n{annotations}spec:\n  type: service\n  lifecycle: production\n  owner: {owner}\n  \
             dependsOn: [{}]\n",
            needs.join(", ")
        );
        let severity = if self.is_staffed && at % 4 == 1 { "  severity: low\n" } else { "" };
        if let Some(CheckFile { page, interval_s, failures }) = check {
            text.push_str(&format!(
                "---\napiVersion: mainstay.dev/v1alpha1\nkind: Check\nmetadata:\n  name: {name}-works\nspec:\n  owner: \
                 keepers\n  target: component:{name}\n  http:\n    url: http://{name}.example/page-{page}\n  \
                 interval: {interval_s}s\n  timeout: 5s\n  failures_to_down: {failures}\n  successes_to_up: 2\n{severity}",
            ));
        }
        text
    }

    fn flag_document(&self, flag: &Flag) -> String {
        let users: Vec<&str> =
            flag.users.iter().filter_map(|at| self.services.get(*at)).map(|service| service.entity.as_str()).collect();
        let ramp = flag.ramp.as_ref().map(|ramp| self.ramp_text(ramp)).unwrap_or_default();
        format!(
            "apiVersion: mainstay.dev/v1alpha1\nkind: Flag\nmetadata:\n  name: {}\nspec:\n  owner: keepers\n  usedBy: [{}]\n  \
             environments:\n    {ENVIRONMENT}: {{enabled: {}{ramp}}}\n",
            flag.entity.name(),
            users.join(", "),
            flag.starts_on,
        )
    }

    fn ramp_text(&self, ramp: &RampFile) -> String {
        let RampFile { schedule, guard, on_failure, approvals } = ramp;
        let guard = self.services.get(*guard).map_or("", |service| service.entity.name());
        format!(", approvals: {approvals}, ramp: {{{schedule}, guards: [{guard}-works], onFailure: {on_failure}}}")
    }
}

/// A ramp that nobody is in yet, or any more, breaks nothing.
fn serves_somebody(flag: &flags::Flag, world: &World) -> bool {
    let position = world.at.and_then(|now| flag.ramp_position(ENVIRONMENT, now));
    position.is_none_or(|position| position.basis_points > 0)
}

const GROUP: &str = "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata:\n  name: keepers\nspec:\n  type: team\n  \
                     children: []\n---\n";

fn file_text(documents: impl Iterator<Item = String>) -> String {
    documents.collect::<Vec<_>>().join("---\n")
}

impl Service {
    fn random(at: usize, count: usize, dice: &mut Dice) -> Self {
        let later = count - at - 1;
        let mut needs: Vec<usize> = (0..dice.between(0, 3)).map(|_| at + 1 + dice.below(later)).collect();
        needs.retain(|needed| *needed < count);
        needs.sort_unstable();
        needs.dedup();
        let declared = needs.iter().copied().filter(|_| dice.chance(0.9)).collect();
        let check = (at < 2 || dice.chance(0.5)).then(|| CheckFile::random(dice));
        let entity = reference("component", &format!("service-{at:02}"));
        Self { entity, needs, declared, has_hook: dice.chance(0.8), check, revision: 0, is_broken: false }
    }
}

impl CheckFile {
    fn random(dice: &mut Dice) -> Self {
        let interval_s = *dice.pick(&[15, 30, 60, 120]).unwrap_or(&60);
        Self { page: 0, interval_s, failures: dice.between(1, 3) }
    }
}

impl RampFile {
    fn random(guard: usize, dice: &mut Dice) -> Self {
        let on_failure = *dice.pick(&["rollback", "rollback", "pause"]).unwrap_or(&"rollback");
        Self { schedule: schedule(dice), guard, on_failure, approvals: dice.below(3).saturating_sub(1) }
    }
}

/// Steps with short holds of every sort; some begin later.
fn schedule(dice: &mut Dice) -> String {
    const HOLDS: [&str; 5] = ["30s", "60s", "300s", "approval", "{samples: 100}"];
    let mut hold = || *dice.pick(&HOLDS).unwrap_or(&"60s");
    let steps = format!("{{percent: 5, hold: {}}}, {{percent: 25, hold: {}}}", hold(), hold());
    let last = *dice.pick(&["{percent: 100}", "{percent: 100, hold: 120s}", "{percent: 50}"]).unwrap_or(&"");
    let start = dice.chance(0.3).then(|| clock::begin() + SignedDuration::from_secs(dice.between(0, 6_000)));
    let start = start.map(|start| format!("start: \"{start}\", ")).unwrap_or_default();
    format!("{start}steps: [{steps}, {last}]")
}

impl Flag {
    fn edit(&mut self, dice: &mut Dice) -> String {
        let name = self.entity.name().to_owned();
        if let Some(ramp) = self.ramp.as_mut()
            && dice.chance(0.5)
        {
            ramp.schedule = schedule(dice);
            return format!("declares another ramp of {name}");
        }
        if dice.chance(0.5) {
            self.starts_on = !self.starts_on;
            return format!("declares {name} {}", if self.starts_on { "on" } else { "off" });
        }
        self.is_declared = !self.is_declared;
        format!("{} the declaration of {name}", if self.is_declared { "adds" } else { "removes" })
    }
}
