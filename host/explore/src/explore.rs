//! An exploration from its beginning to its result.

use std::sync::Arc;

use host_check::Validity;
use host_sim::{Goal, Script, UNREACHED_GOAL};
use host_trial::schedule::Schedule;

use crate::account::Account;
use crate::bounds::{NODES_MAX, PARTITIONED_NODES_MAX, Progress, Spent};
use crate::breadth::{Breadth, Failure, Found, Over, Watch, follow};
use crate::exploration::Exploration;
use crate::goals::{GoalFound, GoalTable, LostGoal as FoundGoal, Sighted, Tried, found_by_sight};
use crate::kept::{At, Kept};
use crate::model::{Model, Sink};
use crate::state::State;
use crate::symmetry::SYMMETRIC_NODES_MAX;
use crate::trace;
use crate::wrong::{Mode, Wrong};

/// What came of an exploration.
#[derive(Debug)]
pub struct Explored {
    /// How far it came.
    pub progress: Progress,
    /// Why it is over.
    pub end: End,
    /// What states consisted of.
    pub mode: Mode,
    /// What is known of the workload's goals; nothing if a schedule fails.
    pub goals: Vec<GoalFound>,
}

/// Why an exploration is over.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one")]
pub enum End {
    /// Every state within the bounds was met, and none fails.
    Complete,
    /// So were all that a schedule of the greatest depth reaches; longer ones were not tried.
    Depth,
    /// The budget of states is used up.
    States,
    /// Another part of the budget is.
    Spent(Spent),
    /// All runs of a guided search were made, and none fails.
    Runs,
    /// The program was asked to end.
    Interrupted,
    /// A schedule fails.
    Failure(FailingSchedule),
}

/// A schedule that fails.
#[derive(Debug)]
pub struct FailingSchedule {
    /// What is wrong, by name.
    pub names: Vec<String>,
    /// How many moves lead to it.
    pub moves: usize,
    /// Whether it shows only once all faults are over, every message has arrived, and clients have
    /// done their last operations.
    pub is_at_end: bool,
    /// The same for the simulator, which replays it.
    pub schedule: Schedule,
    /// What happens, a line each.
    pub story: Vec<String>,
    /// The goal that is out of reach, if that is what is wrong.
    pub goal: Option<LostGoal>,
}

/// A goal that is out of reach.
#[derive(Debug)]
pub struct LostGoal {
    /// The goal.
    pub goal: Goal,
    /// How many states can follow without another fault, none of which shows it; 0 if no state at all does.
    pub following: usize,
    /// Whether each of them, left to itself, comes back to a state that it had, or to a standstill, without it. If not, that is
    /// true of the time that a run has to recover.
    pub is_for_ever: bool,
    /// What the cluster does by itself from then on, a line each.
    pub story: Vec<String>,
}

/// Why there is no exploration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    /// The workload cannot be made in this scenario, or the cluster is too large; says which.
    #[error("{0}")]
    Scenario(String),
    /// The nodes do not get as far as the first operation: one fails, or does not answer.
    #[error("the cluster does not begin: {0}")]
    Begin(String),
    /// What was kept leads to other states than it should.
    #[error("{0}")]
    OtherStates(String),
    /// A fault of the explorer, or of the machine.
    #[error("{0}")]
    Internal(String),
}

impl From<Wrong> for Impossible {
    fn from(wrong: Wrong) -> Self {
        let text = wrong.to_string();
        match wrong {
            Wrong::OtherStates => Impossible::OtherStates(text),
            Wrong::Workload(_) | Wrong::Asymmetric(_) => Impossible::Scenario(text),
            wrong if wrong.is_no_failure() => Impossible::Internal(text),
            _ => Impossible::Begin(text),
        }
    }
}

impl Exploration<'_> {
    /// Tries all schedules within the bounds, shorter ones first.
    ///
    /// # Errors
    /// If the workload cannot be made so, or the cluster does not begin.
    pub fn search(&self, show: &mut dyn FnMut(Progress)) -> Result<Explored, Impossible> {
        self.search_from(None, None, show)
    }

    /// The same, from where it was when it was kept, if it was. What comes of it, all counts included, is what
    /// would have come of it without a stop. Returns also what is to be kept now; none if it came no further.
    ///
    /// # Errors
    /// Those of [`search`](Self::search), and if what was kept is not of this exploration.
    pub fn resume(
        &self,
        kept: Option<Kept>,
        show: &mut dyn FnMut(Progress),
    ) -> Result<(Explored, Option<Kept>), Impossible> {
        let mut keeps = None;
        let explored = self.search_from(kept, Some(&mut keeps), show)?;
        Ok((explored, keeps))
    }

    fn search_from(
        &self,
        mut kept: Option<Kept>,
        mut keeps: Option<&mut Option<Kept>>,
        show: &mut dyn FnMut(Progress),
    ) -> Result<Explored, Impossible> {
        self.verify()?;
        let mode = kept.as_ref().map(|kept| kept.mode).unwrap_or_default();
        let mut progress = kept.as_ref().map(Kept::progress).unwrap_or_default();
        let account = Account::of(&self.budget);
        let mut table = GoalTable::default();
        let (end, mode) = self.in_its_mode(mode, |mode| {
            let mut note = |now| {
                progress = now;
                show(now);
            };
            let at = kept.take().map(|kept| kept.at);
            let (end, found) = self.search_in(mode, at, &mut keeps, &account, &mut note)?;
            table = found;
            Ok(end)
        })?;
        let goals = match end {
            End::Failure(_) => Vec::new(),
            _ => {
                let tried = match end {
                    End::Complete => Tried::All,
                    End::Depth => Tried::AllOfDepth,
                    _ => Tried::Some,
                };
                table.found(&self.goals()?, tried, self.bounds.tries_ends)
            }
        };
        Ok(Explored {
            progress,
            end,
            mode,
            goals,
        })
    }

    /// The operations that clients may begin, in their order, in words: `broadcast 3`.
    ///
    /// # Errors
    /// If the workload cannot be made so.
    pub fn planned(&self) -> Result<Vec<String>, Impossible> {
        self.verify()?;
        let account = Account::of(&self.budget);
        let model = Model::new(self, Mode::default(), &account);
        Ok(model.map_err(Impossible::Scenario)?.planned())
    }

    /// What is known of goals that were shown or not, if nothing else is known of states.
    ///
    /// # Errors
    /// If the workload cannot be made so.
    pub fn goals_by_sight(
        &self,
        sighted: Sighted,
        is_complete: bool,
    ) -> Result<Vec<GoalFound>, Impossible> {
        Ok(found_by_sight(&self.goals()?, sighted, is_complete))
    }

    /// The goals of the workload.
    fn goals(&self) -> Result<Vec<Goal>, Impossible> {
        let options = self.scenario.workload_options();
        let workload = self.scenario.workload.client(&options);
        let workload = workload.map_err(Impossible::Scenario)?;
        Ok(workload.goals().to_vec())
    }

    /// Whether it can be made.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn verify(&self) -> Result<(), Impossible> {
        let wrong = |why: String| Err(Impossible::Scenario(why));
        if let Err(why) = self.scenario.verify() {
            return wrong(why.to_string());
        }
        let nodes = self.scenario.options.cluster.count;
        if nodes > NODES_MAX {
            return wrong(format!(
                "{nodes} nodes are too many to explore: at most {NODES_MAX}"
            ));
        }
        if nodes > PARTITIONED_NODES_MAX && self.bounds.partitions > 0 {
            return wrong(format!(
                "a network of {nodes} nodes splits in too many ways: with partitions at most \
                 {PARTITIONED_NODES_MAX}"
            ));
        }
        if self.bounds.symmetric {
            return self.verify_symmetric(nodes);
        }
        Ok(())
    }

    /// Whether nodes can be alike.
    fn verify_symmetric(&self, nodes: usize) -> Result<(), Impossible> {
        let why = if nodes > SYMMETRIC_NODES_MAX {
            format!("{nodes} nodes have too many permutations: at most {SYMMETRIC_NODES_MAX}")
        } else if self.bounds.delays.is_some() {
            "nodes send to others in the order of their names, so with --delays they are not alike"
                .to_owned()
        } else if self.scenario.workload.built_in().is_none() {
            "a workload module may treat clients differently, so only built-in workloads are taken"
                .to_owned()
        } else {
            return Ok(());
        };
        Err(Wrong::Asymmetric(why).into())
    }

    fn search_in(
        &self,
        mode: Mode,
        at: Option<At>,
        keeps: &mut Option<&mut Option<Kept>>,
        account: &Arc<Account>,
        show: &mut dyn FnMut(Progress),
    ) -> Result<(End, GoalTable), Wrong> {
        let model = || Model::new(self, mode, account).map_err(Wrong::Internal);
        let stopped = match at {
            Some(At::Complete(_, goals)) => return Ok((End::Complete, goals)),
            Some(At::Depth(_, goals)) => return Ok((End::Depth, goals)),
            Some(At::Failure(_, found)) => {
                return Ok((found.end(&model()?)?, GoalTable::default()));
            }
            Some(At::Stopped(stopped)) if stopped.met.len() >= self.budget.states => {
                return Ok((End::States, stopped.goals));
            }
            Some(At::Stopped(stopped)) => Some(stopped),
            None => None,
        };
        let model = model()?;
        let begin = begin(&model)?;
        let mut breadth = match stopped {
            Some(stopped) => Breadth::resume(&model, begin, stopped)?,
            None => Breadth::new(&model, begin),
        };
        let interrupt = self.module.interrupt();
        let over = breadth.search(Watch {
            states_max: self.budget.states,
            is_interrupted: &|| interrupt.is_some_and(host_guest::Interrupt::is_requested),
            show,
        })?;
        let goals = match model.goals() {
            [] => GoalTable::default(),
            _ => breadth.goal_table(),
        };
        if let Some(keeps) = keeps {
            let progress = breadth.progress();
            let at = match &over {
                Over::Complete => At::Complete(progress, goals.clone()),
                Over::Depth => At::Depth(progress, goals.clone()),
                Over::Failure(found) => At::Failure(progress, found.clone()),
                Over::States | Over::Spent(_) | Over::Interrupted => At::Stopped(breadth.stop()),
            };
            **keeps = Some(Kept { mode, at });
        }
        let end = match over {
            Over::Complete => End::Complete,
            Over::Depth => End::Depth,
            Over::States => End::States,
            Over::Spent(spent) => End::Spent(spent),
            Over::Interrupted => End::Interrupted,
            Over::Failure(found) => found.end(&model)?,
        };
        Ok((end, goals))
    }
}

impl Exploration<'_> {
    /// The schedule in which nothing happens once the cluster has begun: for one that does not begin.
    #[must_use]
    pub fn beginning(&self) -> Schedule {
        Schedule {
            seed: self.seed,
            scenario: trace::directed(self.scenario, self.bounds.symmetric),
            script: Script {
                warm_up_ns: self.bounds.warm_up_ns,
                ..Script::default()
            },
        }
    }
}

impl Exploration<'_> {
    /// Explores in this mode, and begins again if it turns out to be another one. Returns the mode in which it ended.
    ///
    /// If the simulator does not confirm a failure, snapshots may leave something out that steps depend on: what was
    /// explored then is another program. So guests are known by what they were told from then on.
    pub(crate) fn in_its_mode(
        &self,
        mut mode: Mode,
        mut explore: impl FnMut(Mode) -> Result<End, Wrong>,
    ) -> Result<(End, Mode), Impossible> {
        loop {
            let end = match explore(mode) {
                Err(Wrong::Mode(found)) if found != mode => {
                    mode = found;
                    continue;
                }
                Err(Wrong::Interrupted) => End::Interrupted,
                Err(Wrong::Spent(spent)) => End::Spent(spent),
                end => end?,
            };
            if let End::Failure(failing) = &end
                && !mode.by_replay
                && !self.is_confirmed(failing)
            {
                mode = Mode::BY_REPLAY;
                continue;
            }
            return Ok((end, mode));
        }
    }

    /// Whether the simulator fails too when it plays the schedule, or was asked to end.
    fn is_confirmed(&self, failing: &FailingSchedule) -> bool {
        let played = failing.schedule.play(self.module, None, Vec::new());
        played.valid() == Validity::False || played.is_interrupted()
    }
}

/// The state in which schedules begin.
pub(crate) fn begin(model: &Model<'_>) -> Result<State, Wrong> {
    let asymmetric = |why: &str| Err(Wrong::Asymmetric(why.to_owned()));
    match &model.orbits {
        Some(_) if model.guests.mode.by_replay => {
            return asymmetric("the guest has no snapshot of all its state");
        }
        Some(orbits) if orbits.symmetry.all().len() == 1 => {
            return asymmetric("no two nodes have as many clients, and the same operations");
        }
        _ => {}
    }
    let (mut begin, queue) = model.begin(&mut Sink::default())?;
    for message in queue {
        model.insert(&mut begin, message);
    }
    Ok(begin)
}

impl Found {
    /// How an exploration ends that has found it.
    fn end(self, model: &Model<'_>) -> Result<End, Wrong> {
        let failure = Failure {
            moves: follow(model, &begin(model)?, &self.path)?,
            names: self.names,
            is_at_end: self.is_at_end,
        };
        match self.goal {
            Some(goal) => lost(model, failure, goal),
            None => failing(model, failure),
        }
    }
}

/// How an exploration ends that has tried everything, and found that a goal is out of reach.
pub(crate) fn never(model: &Model<'_>, place: usize) -> Result<End, Wrong> {
    let failure = Failure {
        moves: Vec::new(),
        names: vec![UNREACHED_GOAL.to_owned()],
        is_at_end: true,
    };
    let goal = FoundGoal {
        place: u32::try_from(place).unwrap_or(u32::MAX),
        following: 0,
        is_for_ever: true,
    };
    lost(model, failure, goal)
}

/// How an exploration ends that has found that a goal is out of reach once these moves are made.
fn lost(model: &Model<'_>, failure: Failure, found: FoundGoal) -> Result<End, Wrong> {
    let FoundGoal {
        place,
        following,
        is_for_ever,
    } = found;
    let begin = begin(model)?;
    let goal = model.goals().get(place as usize).cloned();
    let goal = goal.ok_or(Wrong::OtherStates)?;
    let mut schedule = trace::schedule(model, &failure.moves, true)?;
    schedule.script.goal = Some(goal.name.clone());
    Ok(End::Failure(FailingSchedule {
        story: model.story(&begin, &failure.moves),
        schedule,
        moves: failure.moves.len(),
        names: failure.names,
        is_at_end: true,
        goal: Some(LostGoal {
            story: match following {
                0 => Vec::new(),
                _ => model.round(&begin, &failure.moves)?,
            },
            goal,
            following: following as usize,
            is_for_ever,
        }),
    }))
}

/// How an exploration ends that has found a failure.
pub(crate) fn failing(model: &Model<'_>, failure: Failure) -> Result<End, Wrong> {
    let begin = begin(model)?;
    Ok(End::Failure(FailingSchedule {
        story: model.story(&begin, &failure.moves),
        schedule: trace::schedule(model, &failure.moves, failure.is_at_end)?,
        names: failure.names,
        moves: failure.moves.len(),
        is_at_end: failure.is_at_end,
        goal: None,
    }))
}
