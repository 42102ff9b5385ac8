//! The simulation of people on call: who does something, and what must be true of it.

use engine::Clock as _;
use jiff::SignedDuration;
use world::Effect;

use crate::{
    actors::{self, one},
    answers, arrival, hooks, outposts, post, senders,
    sim::Sim,
    undoing,
};

#[derive(Debug, Clone, Copy)]
enum Act {
    Again,
    Alerts,
    Answer,
    Apply,
    Away,
    Contact,
    Crash,
    Deploy,
    Jump,
    Letters,
    OnPage,
    OnAlert,
    Pause,
    Post,
    Probe,
    Snapshot,
    Storm,
    Tend,
    Tick,
    Trouble,
    Turn,
    Undo,
    Wait,
    Weather,
}

const ACTS: [(Act, u32); 24] = [
    (Act::Again, 2),
    (Act::Alerts, 16),
    (Act::Answer, 10),
    (Act::Apply, 3),
    (Act::Away, 1),
    (Act::Contact, 4),
    (Act::Crash, 2),
    (Act::Deploy, 3),
    (Act::Jump, 1),
    (Act::Letters, 4),
    (Act::OnPage, 8),
    (Act::OnAlert, 3),
    (Act::Pause, 1),
    (Act::Post, 34),
    (Act::Probe, 30),
    (Act::Snapshot, 2),
    (Act::Storm, 1),
    (Act::Tend, 5),
    (Act::Tick, 34),
    (Act::Trouble, 4),
    (Act::Turn, 4),
    (Act::Undo, 3),
    (Act::Wait, 4),
    (Act::Weather, 9),
];

/// What is due brings what is due at once, so many times at most: several steps that reach nobody.
const TICKS_MAX: usize = 20;

/// Lets somebody do something.
pub(crate) fn act(sim: &mut Sim, number: usize) {
    let act = match number {
        // Without a catalog there is nobody.
        0 => Some(Act::Apply),
        1 => return answers::settle_in(sim),
        _ => sim.dice.weighted(&ACTS),
    };
    match act.unwrap_or(Act::Probe) {
        Act::Again => actors::again(sim),
        Act::Alerts => senders::send(sim),
        Act::Answer => answers::answer(sim),
        Act::Apply => actors::apply(sim, number),
        Act::Away if sim.may_go_away => {
            sim.may_go_away = false;
            outposts::away(sim);
        }
        Act::Away | Act::Post => {
            hooks::call(sim);
            post::deliver(sim);
        }
        Act::Contact => one(sim, answers::set_up),
        Act::Crash => {
            sim.note("the server dies");
            sim.crash();
        }
        Act::Deploy => actors::deploy(sim),
        Act::Jump => actors::jump(sim),
        Act::Letters => actors::letter(sim),
        Act::OnPage => one(sim, answers::act),
        Act::OnAlert => one(sim, senders::tend),
        Act::Pause => one(sim, actors::pause),
        Act::Probe => outposts::run(sim, true),
        Act::Snapshot => sim.keep_snapshot(),
        Act::Storm => senders::storm(sim),
        Act::Tend => one(sim, actors::tend),
        Act::Tick => tick(sim),
        Act::Trouble => outposts::trouble(sim),
        Act::Turn => one(sim, actors::turn),
        Act::Undo => undoing::act(sim),
        Act::Wait => {
            let by = sim.dice.between(60, 900);
            sim.clock.advance(SignedDuration::from_secs(by));
            sim.note(format!("{by} s pass"));
        }
        Act::Weather => post::weather(sim),
    }
}

/// What is due is done, and looked for silence.
fn tick(sim: &mut Sim) {
    sim.note("time: ");
    // A step names people, whose notices are due at once, which are messages.
    let mut was_sound = true;
    for _ in 0..TICKS_MAX {
        was_sound &= sim.tick();
        let next = sim.world().paging.next_due();
        if !was_sound || next.is_none_or(|next| next > sim.clock.now()) {
            break;
        }
    }
    sim.check_after_tick(was_sound);
    // Probes run and ask for work all the time, unless they are silent.
    outposts::run(sim, true);
    let now = sim.clock.now();
    let was_taken = outposts::keep_house(sim);
    // A store that stalls lets time pass, in which nothing is heard.
    let at_once = sim.clock.now() == now;
    sim.check_after_keeping_house(was_taken && at_once);
}

/// Everybody does what they should have done, but for answering pages.
pub(crate) fn recover(sim: &mut Sim, number: usize) {
    sim.note("recovery: ");
    actors::resume_all(sim);
    actors::report_all(sim);
    senders::recover(sim);
    let due: Vec<Effect> = actors::hooks_due(sim);
    for effect in due {
        hooks::carry_out(sim, &effect);
        hooks::report(sim, &effect, Ok("202".to_owned()), true);
    }
    wait(sim, number);
    if number.is_multiple_of(7) {
        sim.crash();
    }
}

/// Time passes, and nobody answers.
pub(crate) fn wait(sim: &mut Sim, _: usize) {
    tick(sim);
    post::deliver(sim);
}

/// What must be true when nothing has gone wrong for long.
pub(crate) fn check_quiet(sim: &mut Sim) {
    let (world, mut wrong) = (sim.world(), Vec::new());
    arrival::every_page_has_ended(sim.lives(), &world, &mut wrong);
    arrival::what_was_taken_is_recorded(&sim.ledger, sim.lives(), &mut wrong);
    wrong.into_iter().for_each(|text| sim.violation(text));
}
