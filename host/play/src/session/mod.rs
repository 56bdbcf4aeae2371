//! A session: a base run and its branches.
//!
//! Looking back needs no run, since each branch has its whole record. To do something at its head, a branch has a
//! run that stands still (`life`, `player`); to do something in its past is to make another branch, whose run is made
//! anew up to there.
//!
//! | module | job |
//! |---|---|
//! | `branch` `now` | what is known of a branch, and how a page gets it |
//! | `doing` | what pages ask for, and what that is to a run |
//! | `player` `life` | a branch's run, on a thread of its own |
//! | `breakpoint` | what a run that goes on stops at |
//! | `judge` | the verdict as a run goes on |
//! | `export` | what was done, as a schedule |
//! | `toured` | the branches of a tour |
//! | `signal` | tells pages that something has changed |

mod branch;
mod breakpoint;
mod doing;
mod export;
mod judge;
mod life;
mod now;
mod player;
mod signal;
mod toured;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use host_check::validity::Validity;
use host_protocol::services::SERVICES;
use host_protocol::text::excerpt;
use host_report::live::LiveRecord;
use host_trial::schedule::Schedule;
use serde::Serialize;
use serde_json::Value as Json;

pub(crate) use branch::{Branch, Delta};
pub(crate) use doing::Do;
pub(crate) use export::Exported;
pub(crate) use now::Made;
pub(crate) use signal::Signal;

use crate::forms::{self, OperationForm};
use crate::game::{About, Base, Module, Programs, limits};
use breakpoint::Breakpoint;
use judge::Judge;
use life::Life;
use now::node_names;
use player::{Anew, AnewUntil, Command, Goal};

/// Runs that a person acts on.
#[derive(Debug)]
pub struct Session {
    about: About,
    base: Base,
    judge: Arc<Judge>,
    signal: Signal,
    state: Mutex<State>,
    /// The runs that stand still or go on, by branch; the one that was used last is the last.
    lives: Mutex<Vec<(u32, Arc<Life>)>>,
    /// How many pages are told what is new.
    pages: AtomicUsize,
}

#[derive(Debug)]
struct State {
    programs: Programs,
    generation: u64,
    branches: BTreeMap<u32, Arc<Branch>>,
    next_id: u32,
    breakpoints: Vec<Breakpoint>,
    tour: Option<Json>,
    /// What is to be told of the module's file.
    notice: Option<String>,
}

/// Why something is not done.
#[derive(Debug)]
pub(crate) enum Refused {
    /// There is no such thing.
    Unknown(String),
    /// It makes no sense.
    Wrong(String),
    /// It is not possible as things are.
    NotNow(String),
}

/// What a page gets first.
#[derive(Debug, Serialize)]
pub(crate) struct Shown<'a> {
    workload: &'a str,
    module: &'a str,
    nodes: Vec<String>,
    services: [&'static str; 4],
    concurrency: usize,
    seed: u64,
    options: Vec<(&'static str, String)>,
    replay: &'a str,
    operations: Vec<OperationForm>,
    messages: Vec<forms::MessageForm>,
    limits: ShownLimits,
    branches: Vec<Json>,
    opens_at: Json,
    breakpoints: Vec<Breakpoint>,
    tour: Option<Json>,
    watch: bool,
    generation: u64,
    notice: Option<String>,
}

#[derive(Debug, Serialize)]
struct ShownLimits {
    branches: usize,
    live: usize,
    entries: usize,
    bytes: usize,
    touches: usize,
    breakpoints: usize,
}

/// How far a run is made before anybody does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// To the beginning of the main phase.
    AtMain,
    /// To its end if it fails, and the page opens at its decisive event; else to the beginning of the main phase.
    AtFailure,
}

impl Session {
    /// Begins a session, whose first branch is the run of `base`.
    ///
    /// # Errors
    /// Why there is no such run.
    pub fn begin(
        about: About,
        programs: Programs,
        base: Base,
        opening: Opening,
    ) -> Result<Self, String> {
        let signal = Signal::new();
        let session = Session {
            about,
            base: base.clone(),
            judge: Judge::start(signal.clone()),
            signal,
            state: Mutex::new(State {
                programs,
                generation: 1,
                branches: BTreeMap::new(),
                next_id: 1,
                breakpoints: Vec::new(),
                tour: None,
                notice: None,
            }),
            lives: Mutex::default(),
            pages: AtomicUsize::new(0),
        };
        session.open(base, "main", opening)?;
        Ok(session)
    }

    /// Shows a tour beside the runs.
    pub fn set_tour(&self, tour: Json) {
        self.state().tour = Some(tour);
    }

    /// What the session says of its run.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// The programs as they are now.
    pub(crate) fn programs(&self) -> Programs {
        self.state().programs.clone()
    }

    pub(crate) fn signal(&self) -> &Signal {
        &self.signal
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more page is to be told what is new.
    ///
    /// # Errors
    /// If there are too many.
    pub(crate) fn enter_page(&self) -> Result<(), Refused> {
        let entered = self
            .pages
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |pages| {
                (pages < limits::PAGES).then_some(pages + 1)
            });
        entered.map(drop).map_err(|pages| {
            Refused::NotNow(format!(
                "{pages} pages of this session are open, the most: close one"
            ))
        })
    }

    /// A page is gone.
    pub(crate) fn leave_page(&self) {
        self.pages.fetch_sub(1, Ordering::Relaxed);
    }

    /// What a page gets first.
    pub(crate) fn shown(&self) -> Json {
        let scenario = &self.base.scenario;
        let state = self.state();
        let branches: Vec<Json> = state.branches.values().map(|it| it.shown()).collect();
        let opens_at = branches.first().map(|branch| branch["opens_at"].clone());
        let shown = Shown {
            workload: scenario.workload.name(),
            module: &self.about.module,
            nodes: node_names(scenario.options.cluster),
            services: SERVICES,
            concurrency: scenario.options.concurrency,
            seed: self.base.seed,
            options: host_report::options_of(scenario, self.base.seed),
            replay: &self.about.replay,
            operations: forms::operations(&scenario.workload),
            messages: forms::messages(&self.about.messages),
            limits: ShownLimits {
                branches: limits::BRANCHES,
                live: limits::LIVE,
                entries: limits::ENTRIES,
                bytes: limits::BYTES,
                touches: limits::TOUCHES,
                breakpoints: limits::BREAKPOINTS,
            },
            branches,
            opens_at: opens_at.unwrap_or_default(),
            breakpoints: state.breakpoints.clone(),
            tour: state.tour.clone(),
            watch: self.about.watch,
            generation: state.generation,
            notice: state.notice.clone(),
        };
        serde_json::to_value(shown).unwrap_or_default()
    }

    /// All branches, as pages get them.
    pub(crate) fn branches(&self) -> Vec<Arc<Branch>> {
        self.state().branches.values().cloned().collect()
    }

    /// How often the program has been replaced, from 1 on.
    pub(crate) fn generation(&self) -> u64 {
        self.state().generation
    }

    /// What is to be told of the module's file.
    pub(crate) fn notice(&self) -> Option<String> {
        self.state().notice.clone()
    }

    /// A branch.
    ///
    /// # Errors
    /// If there is none.
    pub(crate) fn branch(&self, id: u32) -> Result<Arc<Branch>, Refused> {
        let branch = self.state().branches.get(&id).cloned();
        branch.ok_or_else(|| Refused::Unknown(format!("there is no branch {id} any more")))
    }

    /// Opens another run as a branch of its own. Returns its number.
    ///
    /// # Errors
    /// Why it cannot be made.
    pub fn open(&self, base: Base, name: &str, opening: Opening) -> Result<u32, String> {
        let branch =
            self.add(|id, generation| Branch::new(id, name.to_owned(), base, generation))?;
        let until = match opening {
            Opening::AtMain => AnewUntil::Main,
            Opening::AtFailure if self.fails(&branch) => AnewUntil::End,
            Opening::AtFailure => AnewUntil::Main,
        };
        let anew = Anew {
            touches: Vec::new().into(),
            until,
            record: LiveRecord::with_states(),
            generation: branch.known().generation,
        };
        if let Err(why) = self.begin_life(&branch, anew) {
            self.forget(branch.id);
            return Err(why);
        }
        self.signal.changed();
        Ok(branch.id)
    }

    /// The run of a schedule for this session's page.
    ///
    /// # Errors
    /// If it is about other nodes or another workload.
    pub fn base_of(&self, schedule: Schedule) -> Result<Base, String> {
        let (own, other) = (&self.base.scenario, &schedule.scenario);
        let both = |scenario: &host_trial::Scenario| {
            let options = &scenario.options;
            let name = scenario.workload.name().to_owned();
            (
                name,
                options.cluster.count,
                options.cluster.first,
                options.concurrency,
            )
        };
        let (of_own, of_other) = (both(own), both(other));
        if of_own != of_other {
            let words = |(workload, nodes, first, workers): (String, usize, usize, usize)| {
                format!("{workload} with {nodes} nodes from n{first} on and {workers} workers")
            };
            return Err(format!(
                "the schedule is of {}, and this session of {}: open it with `{}`",
                words(of_other),
                words(of_own),
                (self.about.play)("FILE")
            ));
        }
        let mut base = Base::of(schedule);
        let mut scenario = host_trial::Scenario::clone(&base.scenario);
        // Files have no limits.
        scenario.options.limits = own.options.limits;
        scenario.options.bounds = own.options.bounds;
        base.scenario = Arc::new(scenario);
        Ok(base)
    }

    /// Whether the run fails when nobody looks at its nodes.
    fn fails(&self, branch: &Branch) -> bool {
        let base = branch.known().base.clone();
        let programs = self.programs();
        let trial = base.trial(&programs);
        let is_invalid = |result: host_trial::TrialResult| result.valid() == Validity::False;
        trial.with(base.seed, base.script.as_deref(), is_invalid)
    }

    fn add(&self, make: impl FnOnce(u32, u64) -> Branch) -> Result<Arc<Branch>, String> {
        let mut state = self.state();
        if state.branches.len() >= limits::BRANCHES {
            return Err(format!(
                "there are {} branches, the most of a session: remove one",
                limits::BRANCHES
            ));
        }
        let id = state.next_id;
        state.next_id += 1;
        let branch = Arc::new(make(id, state.generation));
        state.branches.insert(id, Arc::clone(&branch));
        Ok(branch)
    }

    fn forget(&self, id: u32) {
        self.state().branches.remove(&id);
        self.end_life(id);
        self.signal.changed();
    }

    /// Gives a branch a name.
    pub(crate) fn rename(&self, id: u32, name: &str) -> Result<(), Refused> {
        let branch = self.branch(id)?;
        let name = name.trim();
        if name.is_empty() {
            return Err(Refused::Wrong("a branch needs a name".to_owned()));
        }
        let mut known = branch.known();
        known.name = excerpt(name, limits::NAME_CHARS).into_owned();
        known.revision += 1;
        drop(known);
        self.signal.changed();
        Ok(())
    }

    /// Removes a branch. Those that left it stay.
    pub(crate) fn remove(&self, id: u32) -> Result<(), Refused> {
        let branch = self.branch(id)?;
        if self.state().branches.len() == 1 {
            return Err(Refused::NotNow("the last branch stays".to_owned()));
        }
        // It may go on: what it is asked for next ends it.
        self.end_life(id);
        let _turn = branch.turn();
        self.forget(id);
        Ok(())
    }

    /// Sets all breakpoints. Runs that go on have those with which they began.
    pub(crate) fn set_breakpoints(&self, body: &[u8]) -> Result<(), Refused> {
        let nodes = node_names(self.base.scenario.options.cluster);
        let breakpoints = breakpoint::read(body, &nodes).map_err(Refused::Wrong)?;
        self.state().breakpoints = breakpoints;
        self.signal.changed();
        Ok(())
    }

    fn lives(&self) -> MutexGuard<'_, Vec<(u32, Arc<Life>)>> {
        self.lives.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end_life(&self, id: u32) {
        let mut lives = self.lives();
        if let Some(at) = lives.iter().position(|(of, _)| *of == id) {
            lives.remove(at).1.ask(Command::Leave);
        }
    }

    /// Makes a branch's run anew, and has the run end that was used the longest time ago, if there are too many.
    fn begin_life(&self, branch: &Arc<Branch>, anew: Anew) -> Result<Arc<Life>, String> {
        {
            let mut lives = self.lives();
            lives.retain(|(id, _)| self.branch(*id).is_ok_and(|it| !it.known().is_over));
            while lives.len() >= limits::LIVE {
                let is_still = |(id, _): &(u32, Arc<Life>)| {
                    self.branch(*id).is_ok_and(|it| !it.known().is_running)
                };
                let Some(at) = lives.iter().position(is_still) else {
                    return Err(format!(
                        "{} branches go on at a time, the most: pause one",
                        limits::LIVE
                    ));
                };
                lives.remove(at).1.ask(Command::Leave);
            }
        }
        let programs = self.programs();
        let life = Arc::new(Life::begin(branch, programs, anew, &self.judge)?);
        if !branch.known().is_over {
            self.lives().push((branch.id, Arc::clone(&life)));
        }
        Ok(life)
    }

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

    /// What is to be told of the module's file: why its new version cannot be played.
    pub fn tell(&self, notice: String) {
        self.state().notice = Some(notice);
        self.signal.changed();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.judge.end();
    }
}
