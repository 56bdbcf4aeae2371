//! A program without an engine, and clients that look at what nodes hold.

use std::sync::Arc;

use host_check::custom::{Custom, CustomChecker};
use host_check::history::History;
use host_check::linear::{Budgets, NotJudged};
use host_check::workload::{CheckOptions, Workload};
use host_guest::effects::decode;
use host_guest::{Effect, Event, EventKind, Guest, GuestError, GuestOptions, Start};
use host_sim::workload::{CustomWorkload, WorkloadOptions};
use host_sim::{
    Cluster, Completion, Goal, GoalKind, GoalOf, GoalSet, Malformed, Next, Operation, Step, Turn,
    WorkloadClient,
};
use host_trial::Scenario;
use serde_json::{Value, json};

use crate::goals::Table;

/// A node as a function of its state and what happens: a message or the timer. It has one timer.
pub(crate) type React = fn(&Toy, &mut Value, &Happens<'_>, &mut Acts);

pub(crate) enum Happens<'h> {
    Message(&'h Value),
    Timer,
}

#[derive(Default)]
pub(crate) struct Acts {
    /// To whom, and what.
    pub(crate) sends: Vec<(&'static str, Value)>,
    pub(crate) sets_timer: bool,
}

/// A program.
#[derive(Clone)]
pub(crate) struct Toy {
    pub(crate) react: React,
    pub(crate) begin: Value,
    /// Whether it has snapshots.
    pub(crate) is_open: bool,
    /// For [`hop`].
    pub(crate) table: Table,
}

struct ToyNode {
    toy: Toy,
    state: Value,
    effects: String,
    effects_max: usize,
}

impl Start for Toy {
    fn start(&self, options: GuestOptions) -> Result<Box<dyn Guest + Send>, Box<GuestError>> {
        Ok(Box::new(ToyNode {
            toy: self.clone(),
            state: self.begin.clone(),
            effects: String::new(),
            effects_max: options.limits.effects,
        }))
    }
}

impl Guest for ToyNode {
    fn step(&mut self, event: &Event<'_>) -> Result<Vec<Effect<'_>>, Box<GuestError>> {
        let mut acts = Acts::default();
        let mut lines = Vec::new();
        let me = event.node;
        let mut send = |dest: &str, body: &Value| {
            lines.push(json!({"send": {"src": me, "dest": dest, "body": body}}).to_string());
        };
        match event.kind {
            EventKind::Message(text) => {
                let message: Value = serde_json::from_str(text).unwrap();
                let (src, body) = (message["src"].as_str().unwrap(), &message["body"]);
                let kind = body["type"].as_str().unwrap();
                if src.starts_with('c') {
                    let ok = json!({"type": format!("{kind}_ok"), "in_reply_to": body["msg_id"]});
                    send(src, &ok);
                }
                if kind != "init" {
                    let happens = Happens::Message(body);
                    (self.toy.react)(&self.toy, &mut self.state, &happens, &mut acts);
                }
            }
            EventKind::Timer(_) => {
                (self.toy.react)(&self.toy, &mut self.state, &Happens::Timer, &mut acts);
            }
            EventKind::Synced(_) => {}
        }
        for (dest, body) in &acts.sends {
            send(dest, body);
        }
        if acts.sets_timer {
            lines.push(json!({"set_timer": {"id": 1, "after_ns": 100_000_000}}).to_string());
        }
        self.effects = lines.join("\n");
        decode(self.effects.as_bytes(), event.node, self.effects_max)
            .map_err(|error| GuestError::in_effects(error, event))
    }

    fn keeps_state(&self) -> bool {
        self.toy.is_open
    }

    fn snapshot(&mut self) -> Result<Option<Vec<u8>>, Box<GuestError>> {
        let state = self
            .toy
            .is_open
            .then(|| self.state.to_string().into_bytes());
        Ok(state)
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), Box<GuestError>> {
        self.state = serde_json::from_slice(snapshot).unwrap();
        Ok(())
    }

    fn fuel_used(&self) -> u64 {
        0
    }

    fn memory_bytes(&self) -> usize {
        0
    }
}

/// Clients tell a node to go, and look at what nodes hold.
#[derive(Debug, Clone)]
struct Going {
    goals: Vec<Goal>,
    /// The goals by what a node holds, written as JSON: those of each text that it contains.
    shows: Vec<(String, usize)>,
}

impl CustomChecker for Going {
    fn name(&self) -> &str {
        "going"
    }

    fn operations(&self) -> &[String] {
        static GO: std::sync::LazyLock<[String; 1]> = std::sync::LazyLock::new(|| ["go".into()]);
        &*GO
    }

    fn like(&self) -> Option<Workload> {
        None
    }

    fn judge(&self, _: &History, _: &CheckOptions, _: &Budgets) -> Result<Custom, NotJudged> {
        Ok(Custom::default())
    }
}

impl CustomWorkload for Going {
    fn client(&self, _: &WorkloadOptions) -> Result<Box<dyn WorkloadClient>, String> {
        Ok(Box::new(self.clone()))
    }

    fn text(&self) -> &str {
        "going.wasm"
    }

    fn options(&self) -> Vec<String> {
        Vec::new()
    }

    fn with_options(&self, _: &[&str]) -> Result<Arc<dyn CustomWorkload>, String> {
        Ok(Arc::new(self.clone()))
    }
}

impl WorkloadClient for Going {
    fn boxed_clone(&self) -> Box<dyn WorkloadClient> {
        Box::new(self.clone())
    }

    fn next(&mut self, _: &mut Turn<'_>) -> Next {
        Next::Done
    }

    fn begin(&mut self, _: usize, _: &Operation) -> Step {
        Step::Call(r#"{"type":"go"}"#.to_owned())
    }

    fn answer(&mut self, _: usize, _: &Operation, _: &str) -> Result<Step, Malformed> {
        Ok(Step::Done(Completion::ok(host_check::value::Value::Nil)))
    }

    fn goals(&self) -> &[Goal] {
        &self.goals
    }

    fn observe(
        &mut self,
        _: u64,
        _: usize,
        state: Option<&[u8]>,
    ) -> Result<Option<GoalSet>, String> {
        let state = String::from_utf8_lossy(state.unwrap_or_default());
        let mut shown = GoalSet::default();
        for (text, goal) in &self.shows {
            if state.contains(text) {
                shown.insert(*goal);
            }
        }
        Ok(Some(shown))
    }
}

/// Goals of these names, each shown by a node that holds one of these texts.
pub(crate) fn going(goals: &[(&str, GoalKind, &[&str])]) -> Scenario {
    let shows = goals.iter().enumerate().flat_map(|(place, (_, _, texts))| {
        texts.iter().map(move |text| ((*text).to_owned(), place))
    });
    let goal = |(name, kind, _): &(&str, GoalKind, &[&str])| Goal {
        name: (*name).to_owned(),
        kind: *kind,
        of: GoalOf::Any,
        help: String::new(),
    };
    let workload: Arc<dyn CustomWorkload> = Arc::new(Going {
        goals: goals.iter().map(goal).collect(),
        shows: shows.collect(),
    });
    let mut scenario = Scenario::default();
    scenario.workload = workload.into();
    scenario.options.cluster = Cluster::of(2);
    scenario.options.concurrency = 2;
    scenario
}
