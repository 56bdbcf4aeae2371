//! A session: its branches, and which of them have a run.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use host_check::validity::Validity;
use host_protocol::services::SERVICES;
use host_protocol::text::excerpt;
use host_report::live::LiveRecord;
use host_trial::schedule::Schedule;
use serde::Serialize;
use serde_json::Value as Json;

use super::branch::Branch;
use super::breakpoint::{self, Breakpoint};
use super::command::{Anew, AnewUntil, Command};
use super::judge::Judge;
use super::life::Life;
use super::signal::Signal;
use crate::forms::{self, OperationForm};
use crate::game::{About, Base, Programs, limits};

/// Runs that a person acts on.
#[derive(Debug)]
pub struct Session {
    pub(super) about: About,
    pub(super) base: Base,
    pub(super) judge: Arc<Judge>,
    pub(super) signal: Signal,
    state: Mutex<State>,
    /// The runs that stand still or go on, by branch; the one that was used last is the last.
    lives: Mutex<Vec<(u32, Arc<Life>)>>,
    /// How many pages are told what is new.
    pages: AtomicUsize,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) programs: Programs,
    pub(super) generation: u64,
    branches: BTreeMap<u32, Arc<Branch>>,
    next_id: u32,
    pub(super) breakpoints: Vec<Breakpoint>,
    tour: Option<Json>,
    /// What is to be told of the module's file.
    pub(super) notice: Option<String>,
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

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
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
            nodes: scenario.options.cluster.node_names(),
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

    pub(super) fn add(&self, make: impl FnOnce(u32, u64) -> Branch) -> Result<Arc<Branch>, String> {
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

    pub(super) fn forget(&self, id: u32) {
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
        let nodes = self.base.scenario.options.cluster.node_names();
        let breakpoints = breakpoint::read(body, &nodes).map_err(Refused::Wrong)?;
        self.state().breakpoints = breakpoints;
        self.signal.changed();
        Ok(())
    }

    pub(super) fn lives(&self) -> MutexGuard<'_, Vec<(u32, Arc<Life>)>> {
        self.lives.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn end_life(&self, id: u32) {
        let mut lives = self.lives();
        if let Some(at) = lives.iter().position(|(of, _)| *of == id) {
            lives.remove(at).1.ask(Command::Leave);
        }
    }

    /// Makes a branch's run anew, and has the run end that was used the longest time ago, if there are too many.
    pub(super) fn begin_life(&self, branch: &Arc<Branch>, anew: Anew) -> Result<Arc<Life>, String> {
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
