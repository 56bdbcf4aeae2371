//! Programs that are right, to try schedules on.
//!
//! A schedule that even such a program fails proves nothing about another one. So no search for a
//! shorter run ends in such a schedule.
//!
//! The program is as right as can be: all nodes of a run share one state, change it in one step and
//! answer at once. It needs no network between nodes, so no fault but a killed or paused node can
//! touch it, and it stays within the host: a grader and a student's `host sim` need no solutions
//! beside the binary.
//!
//! So it shows demands that nobody can meet, such as a compare-and-set that has to succeed on a
//! register that nobody has written. It does not show demands that only a program without a real
//! network could meet. Those come from the rules of a workload, which hold for a short run as for a
//! long one; tests try the real solutions on what the mutants are shrunk to.

mod state;

use std::sync::{Arc, Mutex, PoisonError};

use host_check::workload::Workload;
use host_guest::effects::decode;
use host_guest::{Effect, Event, EventKind, Guest, GuestError, GuestOptions, Interrupt, Start};
use host_protocol::message::Message;
use serde_json::{Value as Json, json};

use state::State;

/// A right program for runs of a workload, one after the other.
#[derive(Debug)]
pub struct Reference {
    workload: Workload,
    state: Arc<Mutex<State>>,
    interrupt: Option<Interrupt>,
}

impl Reference {
    /// A program for one run at a time; `interrupt` ends it as it ends others.
    #[must_use]
    pub fn new(workload: Workload, interrupt: Option<&Interrupt>) -> Self {
        Reference {
            workload,
            state: Arc::default(),
            interrupt: interrupt.cloned(),
        }
    }
}

impl Start for Reference {
    fn begin_run(&self) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State::default();
    }

    fn start(&self, options: GuestOptions) -> Result<Box<dyn Guest + Send>, Box<GuestError>> {
        Ok(Box::new(ReferenceNode {
            workload: self.workload,
            state: Arc::clone(&self.state),
            effects: String::new(),
            effects_max: options.limits.effects,
        }))
    }

    fn interrupt(&self) -> Option<&Interrupt> {
        self.interrupt.as_ref()
    }
}

/// A node of the run.
struct ReferenceNode {
    workload: Workload,
    state: Arc<Mutex<State>>,
    effects: String,
    effects_max: usize,
}

impl ReferenceNode {
    /// The effect that answers a message; none if it is no request.
    fn answer(&self, node: &str, text: &str) -> Option<String> {
        let message: Message<'_> = serde_json::from_str(text).ok()?;
        let request: Json = serde_json::from_str(message.body).ok()?;
        let msg_id = request.get("msg_id")?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut body = match request["type"].as_str()? {
            "init" => json!({"type": "init_ok"}),
            kind => state.answer(self.workload, kind, &request)?,
        };
        body["in_reply_to"] = msg_id.clone();
        let send = json!({"send": {"src": node, "dest": message.src, "body": body}});
        Some(send.to_string())
    }
}

impl Guest for ReferenceNode {
    fn step(&mut self, event: &Event<'_>) -> Result<Vec<Effect<'_>>, Box<GuestError>> {
        let EventKind::Message(text) = event.kind else {
            return Ok(Vec::new());
        };
        self.effects = self.answer(event.node, text).unwrap_or_default();
        decode(self.effects.as_bytes(), event.node, self.effects_max)
            .map_err(|error| GuestError::in_effects(error, event))
    }

    fn keeps_state(&self) -> bool {
        true
    }

    fn snapshot(&mut self) -> Result<Option<Vec<u8>>, Box<GuestError>> {
        Ok(Some(Vec::new()))
    }

    fn restore(&mut self, _snapshot: &[u8]) -> Result<(), Box<GuestError>> {
        Ok(())
    }

    fn fuel_used(&self) -> u64 {
        0
    }

    fn memory_bytes(&self) -> usize {
        0
    }
}
