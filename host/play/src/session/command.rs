//! What a branch's run is asked for, and how it is made again.

use std::collections::VecDeque;
use std::sync::mpsc::Sender;

use super::breakpoint::Breakpoint;
use super::doing::{Do, Until};
use super::now::Made;
use host_report::live::LiveRecord;

/// What a branch's run is asked for. Whoever is to be told gets a message when it is done; or none, if the run has
/// ended.
#[derive(Debug)]
pub(super) enum Command {
    /// Go on.
    GoOn {
        goal: Goal,
        breakpoints: Vec<Breakpoint>,
        stands: Sender<()>,
    },
    /// Stand still.
    Pause(Sender<()>),
    /// Do this.
    Touch(Do, Sender<Result<(), String>>),
    /// End, and leave the branch as it is.
    Leave,
}

/// How far to go on, and how fast.
#[derive(Debug, Clone)]
pub(super) enum Goal {
    /// To the next entry.
    Step,
    /// Until something, in virtual seconds a second.
    Run(Until, Option<f64>),
}

/// How a run is made again.
#[derive(Debug)]
pub(super) struct Anew {
    /// What is done to it.
    pub(super) touches: VecDeque<Made>,
    /// Up to where.
    pub(super) until: AnewUntil,
    /// The record of the run that it repeats, of which it takes the states.
    pub(super) record: LiveRecord,
    /// Which version of the program makes it.
    pub(super) generation: u64,
}

/// Up to where a run is made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnewUntil {
    /// The first moment with so many entries.
    Entries(usize),
    /// The moment after so many events, with what was done there.
    Events(u64),
    /// The beginning of the main phase.
    Main,
    /// Its end.
    End,
    /// Another program has made it: touches are made at their times or soon after them, if they are possible,
    /// and it goes on to this virtual time.
    Time(u64),
}
