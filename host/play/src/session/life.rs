//! The thread of a branch's run, which stands still between events and waits for what to do.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::branch::Branch;
use super::command::{Anew, Command};
use super::judge::{Judge, final_verdict};
use super::player::Player;
use crate::game::Programs;
use host_check::history::{History, Op};
use host_sim::journal::Observer;

/// How large the stack of a run's thread is: as that of a program's first thread.
const STACK_BYTES: usize = 8 << 20;

/// A run that stands still, or goes on.
#[derive(Debug)]
pub(super) struct Life {
    commands: Sender<Command>,
}

impl Life {
    /// Makes the run of a branch anew on a thread of its own.
    ///
    /// # Errors
    /// Why it cannot be made.
    pub(super) fn begin(
        branch: &Arc<Branch>,
        programs: Programs,
        anew: Anew,
        judge: &Arc<Judge>,
    ) -> Result<Self, String> {
        let (commands, obeyed) = channel();
        let (ready, made) = channel();
        let (branch, judge) = (Arc::clone(branch), Arc::clone(judge));
        let live = move || live(&branch, &programs, anew, obeyed, ready, &judge);
        let thread = thread::Builder::new().stack_size(STACK_BYTES);
        let started = thread.spawn(live);
        started.map_err(|error| format!("there is no thread for the run: {error}"))?;
        match made.recv() {
            Ok(Ok(())) => Ok(Life { commands }),
            Ok(Err(why)) => Err(why),
            Err(_) => Err("the run has ended before it came to this moment".to_owned()),
        }
    }

    /// Asks the run for something. Nobody hears it if it has ended.
    pub(super) fn ask(&self, command: Command) {
        let _ = self.commands.send(command);
    }
}

/// Makes a run until it is over, or left.
fn live(
    branch: &Arc<Branch>,
    programs: &Programs,
    anew: Anew,
    commands: Receiver<Command>,
    ready: Sender<Result<(), String>>,
    judge: &Arc<Judge>,
) {
    let base = branch.known().base.clone();
    let ran = catch_unwind(AssertUnwindSafe(|| {
        let trial = base.trial(programs);
        let mut player = Player::new(Arc::clone(branch), anew, commands, ready, Arc::clone(judge));
        let mut writer = player.writer();
        let observers: Vec<&mut dyn Observer> = vec![&mut writer];
        let (result, _) = trial.by_hand(base.seed, base.script.as_deref(), &mut player, observers);
        if player.has_left() {
            return;
        }
        let ops: &[Op] = result.history.as_ref().map_or(&[], History::ops);
        player.end(result.end_ns, ops);
        {
            let mut known = branch.known();
            let verdict = final_verdict(&base.scenario, &known.history, &result);
            known.opens_at = known.opens_at.or(known.decisive_entry(&result));
            known.verdict = verdict;
            known.why = result.stop_in_words();
            known.hit = None;
        }
        player.tell_ready(Ok(()));
    }));
    if let Err(panic) = ran {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        let mut known = branch.known();
        (known.is_over, known.is_running) = (true, false);
        known.why = Some(format!(
            "internal error: {}; this branch is over, the others are not; please report it",
            text.unwrap_or("a panic")
        ));
        known.revision += 1;
    }
    judge.wants(branch);
}
