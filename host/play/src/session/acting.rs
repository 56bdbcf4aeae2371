//! What pages have branches do.

use std::sync::Arc;
use std::sync::mpsc::channel;

use super::branch::{Branch, Delta};
use super::command::{Anew, AnewUntil, Command, Goal};
use super::doing::Do;
use super::held::{Refused, Session};
use super::life::Life;
use super::now::Made;
use crate::game::Module;
use host_report::live::LiveRecord;

impl Session {
    /// The run of a branch at its head.
    fn life(&self, branch: &Arc<Branch>) -> Result<Arc<Life>, Refused> {
        {
            let mut lives = self.lives();
            if let Some(at) = lives.iter().position(|(id, _)| *id == branch.id) {
                let life = lives.remove(at);
                lives.push(life.clone());
                return Ok(life.1);
            }
        }
        let anew = {
            let known = branch.known();
            Anew {
                touches: known.touches.clone().into(),
                until: AnewUntil::Events(known.events),
                record: known.record.again(known.position),
                generation: known.generation,
            }
        };
        self.begin_life(branch, anew).map_err(Refused::NotNow)
    }

    /// Does something at a moment of a branch. Returns what is new in the branch that has done it, from that moment
    /// on.
    ///
    /// # Errors
    /// Why it is not done.
    pub(crate) fn act(&self, id: u32, at: usize, what: Do) -> Result<Delta, Refused> {
        let branch = self.branch(id)?;
        what.verify(&self.base.scenario).map_err(Refused::Wrong)?;
        if let Do::PauseRun = what {
            return Ok(self.pause(&branch, at));
        }
        let _turn = branch.turn();
        let (position, is_over, is_directed) = {
            let known = branch.known();
            let moves = known
                .base
                .script
                .as_ref()
                .map_or(0, |script| script.moves.len());
            (known.position, known.is_over, known.standing.moves < moves)
        };
        if at > position {
            return Err(Refused::Wrong(format!(
                "the branch has {position} entries, not {at}: look at it again"
            )));
        }
        let is_head = at == position && !is_over;
        match what {
            Do::Step | Do::Run { .. } => {
                if !is_head {
                    return Err(Refused::NotNow(match is_over {
                        true => "this run is over: go back, and do something to have another one",
                        false => "this moment is past: what comes next is known; go to the end of the branch to go on",
                    }
                    .to_owned()));
                }
                self.go_on(&branch, what)?;
                Ok(branch.delta(at))
            }
            _ if is_head && !is_directed => {
                self.touch(&branch, what)?;
                Ok(branch.delta(at))
            }
            _ => {
                let fork = self.fork(&branch, at)?;
                if let Err(why) = self.touch(&fork, what) {
                    self.forget(fork.id);
                    return Err(why);
                }
                let at = fork.known().at;
                self.signal.changed();
                Ok(fork.delta(at))
            }
        }
    }

    fn pause(&self, branch: &Branch, at: usize) -> Delta {
        let (told, stands) = channel();
        let life = self
            .lives()
            .iter()
            .find(|(id, _)| *id == branch.id)
            .cloned();
        if let Some((_, life)) = life {
            life.ask(Command::Pause(told));
            // A run that has ended tells nobody.
            let _ = stands.recv();
        }
        branch.delta(at)
    }

    fn go_on(&self, branch: &Arc<Branch>, what: Do) -> Result<(), Refused> {
        if let Some(why) = branch.known().is_full() {
            return Err(Refused::NotNow(why));
        }
        let life = self.life(branch)?;
        let (stands, stood) = channel();
        let (goal, waits) = match what {
            Do::Run { until, speed } => (Goal::Run(until, speed), false),
            _ => (Goal::Step, true),
        };
        let breakpoints = self.state().breakpoints.clone();
        if !waits {
            let mut known = branch.known();
            known.is_running = true;
            known.revision += 1;
        }
        life.ask(Command::GoOn {
            goal,
            breakpoints,
            stands,
        });
        if waits {
            // A run that has ended tells nobody.
            let _ = stood.recv();
        }
        Ok(())
    }

    fn touch(&self, branch: &Arc<Branch>, what: Do) -> Result<(), Refused> {
        let life = self.life(branch)?;
        let (told, done) = channel();
        life.ask(Command::Touch(what, told));
        match done.recv() {
            Ok(Ok(())) => Ok(()),
            Ok(Err(why)) => Err(Refused::NotNow(why)),
            // The touch has ended the run, as a guest that traps does.
            Err(_) => Ok(()),
        }
    }

    /// Makes another branch that leaves this one at a moment of its past.
    fn fork(&self, parent: &Arc<Branch>, at: usize) -> Result<Arc<Branch>, Refused> {
        let (base, touches, record) = {
            let known = parent.known();
            let touches: Vec<Made> = known
                .touches
                .iter()
                .filter(|it| it.at < at)
                .cloned()
                .collect();
            (
                known.base_at(at).map_err(Refused::NotNow)?,
                touches,
                known.record.again(at),
            )
        };
        let fork = self.add(|id, _| parent.fork(id, format!("branch {id}"), base, at));
        let fork = fork.map_err(Refused::NotNow)?;
        let anew = Anew {
            touches: touches.into(),
            until: AnewUntil::Entries(at),
            record,
            generation: fork.known().generation,
        };
        if let Err(why) = self.begin_life(&fork, anew) {
            self.forget(fork.id);
            return Err(Refused::NotNow(why));
        }
        let mut known = fork.known();
        known.at = known.position;
        if let Some(entry) = parent
            .known()
            .record
            .first_difference(&known.record, known.position)
        {
            known.why = Some(format!(
                "this run is another one from entry {entry} on, though it was made in the same way: the program does not \
                 do the same each time, or something else when it is asked for its state"
            ));
        }
        drop(known);
        Ok(fork)
    }

    /// Another version of the program: what was done to each branch is done again.
    pub fn replace(&self, module: Module) {
        let generation = self.generation() + 1;
        {
            let mut state = self.state();
            state.programs.module = module;
            state.notice = None;
        }
        for branch in self.branches() {
            let _turn = branch.turn();
            self.end_life(branch.id);
            let anew = {
                let known = branch.known();
                Anew {
                    touches: known.touches.clone().into(),
                    until: match known.is_over {
                        true => AnewUntil::Time(u64::MAX),
                        false => AnewUntil::Time(known.standing.at_ns),
                    },
                    record: LiveRecord::with_states(),
                    generation,
                }
            };
            let begun = self.begin_life(&branch, anew);
            let mut known = branch.known();
            if let Err(why) = begun {
                known.why = Some(why);
            }
            // It leaves its parent where something else was done first.
            let first = known
                .touches
                .iter()
                .map(|made| made.at)
                .find(|at| *at >= known.at);
            if known.parent.is_some() {
                known.at = first.unwrap_or(known.at).min(known.position);
            }
            known.revision += 1;
        }
        self.state().generation = generation;
        self.signal.changed();
    }
}
