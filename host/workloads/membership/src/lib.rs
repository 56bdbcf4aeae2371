//! Membership. Clients ask nodes who is up:
//!
//! ```text
//! > {"type":"members","msg_id":1}
//! < {"type":"members_ok","in_reply_to":1,"members":["n0","n1","n3"]}
//! ```
//!
//! `members` are the names of the nodes that this one believes to be up, itself among them, in any order. At first that is everybody in `init`'s `node_ids`.
//!
//! # What is promised
//!
//! | anomaly | when |
//! |---|---|
//! | `invented` | a list has a name that no node has |
//! | `not-itself` | a list lacks the node that gives it |
//! | `undetected` | a list has a node that is down, though nothing else has happened for `detect-ms`, or `alone-ms` |
//! | `false-suspicion` | a list lacks a node that is up, though nothing has happened to the cluster for `settle-ms` |
//! | `incomplete-at-last` | after recovery `settle-ms` pass, and the last list of a node lacks another, or it does not answer |
//!
//! *Down* is a node that is killed, without power, replaced, paused or stalled: none of these answers.
//!
//! The time to detection counts from when the node went down, and again from when another came back or another fault ended: that may bring old news
//! that it is up. A node that was itself up all the time, while messages got through, has `detect-ms`. Any other (it was restarted, or
//! cut off) may have to find out alone, and has `alone-ms`.
//!
//! Suspicions count as false only if, since `settle-ms`, no node has gone down or come back, and no other fault has been on. Nodes that stay down do not matter.
//!
//! Nothing is promised about who is suspected while messages are lost, nor about how lists of different nodes agree. Latencies have to be short beside the periods of
//! the nodes, and links that lose messages by themselves excuse nothing.
//!
//! # Bounds
//!
//! The defaults are for the periods of SWIM with one second, as its authors have it. With n nodes, a node that is down is pinged within 2n - 1 periods by each other
//! one (section 4.3 of the paper), and within 1.6 periods on average by somebody; then it is suspected for some multiple of log n periods. `detect-ms` is 30 s and
//! 0.5 s a node. `alone-ms` is 60 s and 4 s a node, for clocks may run at half the speed. `settle-ms` is 60 s and 2 s a node: that is how
//! long it may take until two halves that were apart have told each other that all are up, a few names with each message.
//!
//! Source: Das, Gupta and Motivala, "SWIM: scalable weakly-consistent infection-style process group membership protocol" (2002); completeness and accuracy are those of
//! Chandra and Toueg, "Unreliable failure detectors for reliable distributed systems" (1996).

mod check;
mod outages;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::time::Duration;

use guest_sdk::workload::prelude::*;

/// How long a node is left alone after it was asked at last.
const PAUSE: Duration = Duration::from_secs(2);
/// A list with more names that no node has shows so many.
const INVENTED_MAX: usize = 8;

/// Options of a run, in milliseconds; 0 for what follows from the number of nodes.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Options {
    detect_ms: u64,
    alone_ms: u64,
    settle_ms: u64,
}

/// How long what may take, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Bounds {
    /// Until all know of a node that is down.
    detect: u64,
    /// The same for a node that finds out alone.
    alone: u64,
    /// Until all lists are right again.
    settle: u64,
}

impl Bounds {
    /// The bounds of a run with so many nodes.
    fn of(options: &Options, nodes: usize) -> Self {
        let bound = |given, least: u64, each: u64| match given {
            0 => least + each * nodes as u64,
            _ => given,
        };
        let detect = bound(options.detect_ms, 30_000, 500);
        Bounds {
            detect,
            alone: bound(options.alone_ms, 60_000, 4_000).max(detect),
            settle: bound(options.settle_ms, 60_000, 2_000),
        }
    }
}

/// What clients do. `node` is the node that is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "f", content = "value", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the enum's description says what they are")]
pub enum Operation {
    /// Ask a node who is up.
    Members { node: String },
    /// The same after recovery.
    MembersAtLast { node: String },
}

/// The body of a request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Who is up?
    Members {},
}

/// The body of an answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// These are.
    MembersOk {
        /// Their names.
        members: Vec<String>,
    },
}

/// A list of a node, as what it lacks: with hundreds of nodes that is much shorter. Names are separated by blanks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// The nodes that its list lacks, in ascending order.
    pub lacks: String,
    /// Names in it that no node has, some of them if they are many.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub invented: String,
}

/// The clients.
#[derive(Debug, Serialize, Deserialize)]
pub struct Membership {
    nodes: Vec<String>,
    /// The same in ascending order.
    sorted: Vec<String>,
    bounds: Bounds,
    /// Once recovery is over: its end, and for each node when it is asked next, or that it need not be.
    last: Option<(Duration, Vec<Option<Duration>>)>,
}

impl Workload for Membership {
    const NAME: &'static str = "membership";
    const ABOUT: &'static str = "Membership: clients ask nodes who is up.";
    const OPERATIONS: &'static [OperationKind] = &[reads("members"), reads("members-at-last")];
    const MESSAGES: &'static [&'static str] = &["members {} -> members_ok {members: [string]}"];
    const HELP: &'static [(&'static str, &'static str)] = &[
        (
            "detect-ms",
            "how long until all lists lack a node that is down; 0: 30 s and 0.5 s a node",
        ),
        (
            "alone-ms",
            "the same for a node that was itself down or cut off meanwhile; 0: 60 s and 4 s a node",
        ),
        (
            "settle-ms",
            "how long after the last fault until all lists are complete; 0: 60 s and 2 s a node",
        ),
    ];
    const HAS_LAST: bool = true;
    const CHECKS_HISTORY: bool = true;
    const TIMEOUT: Duration = Duration::from_secs(1);

    type Options = Options;
    type Operation = Operation;
    type Outcome = View;
    type Request = Request;
    type Answer = Answer;
    type Specification = ();

    fn new(cluster: &Cluster, options: Options) -> Result<Self, String> {
        let nodes = cluster.nodes.clone();
        let mut sorted = nodes.clone();
        sorted.sort_unstable();
        if let Some(name) = nodes.iter().find(|name| name.contains(' ')) {
            return Err(format!("the name of a node has a blank: {name:?}"));
        }
        let bounds = Bounds::of(&options, nodes.len());
        if options.alone_ms != 0 && options.alone_ms < bounds.detect {
            return Err(format!(
                "--alone-ms {}: expected at least --detect-ms, {}: nobody finds out sooner alone",
                options.alone_ms, bounds.detect
            ));
        }
        Ok(Membership {
            bounds,
            nodes,
            sorted,
            last: None,
        })
    }

    fn next(&mut self, turn: &mut Turn<'_>) -> Next<Operation> {
        let node = turn.draws.index(self.nodes.len());
        let node = self.nodes[node].clone();
        Next::Invoke(Operation::Members { node })
    }

    fn last(&mut self, turn: &mut Turn<'_>) -> Next<Operation> {
        let (now, nodes) = (turn.now, self.nodes.len());
        let (began, due) = self
            .last
            .get_or_insert_with(|| (now, vec![Some(now); nodes]));
        if now > *began + Duration::from_millis(self.bounds.settle) {
            return Next::Done;
        }
        let waiting = due.iter_mut().enumerate();
        let waiting = waiting.filter_map(|(at, due)| Some((at, due.as_mut()?)));
        let Some((at, due)) = waiting.min_by_key(|(_, due)| **due) else {
            return Next::Done;
        };
        if *due > now {
            return Next::Later(*due);
        }
        *due = now + PAUSE;
        let node = self.nodes[at].clone();
        Next::Invoke(Operation::MembersAtLast { node })
    }

    fn begin(&mut self, _: usize, operation: &Operation) -> Step<Self> {
        match self.place(operation) {
            Some(at) => Step::call(Request::Members {}).at(at),
            None => Step::fail("there is no such node"),
        }
    }

    fn answer(&mut self, _: usize, operation: &Operation, answer: Answer) -> Step<Self> {
        let Answer::MembersOk { mut members } = answer;
        members.sort_unstable();
        let (lacks, invented) = differences(&self.sorted, &members);
        let is_last = matches!(operation, Operation::MembersAtLast { .. });
        let place = self.place(operation);
        if let (Some(at), Some((_, due)), true) = (place, &mut self.last, is_last)
            && lacks.is_empty()
        {
            due[at] = None;
        }
        Step::ok(View {
            lacks: lacks.join(" "),
            invented: invented.join(" "),
        })
    }

    fn check(history: &History<Self>) -> Findings {
        check::check(history)
    }
}

impl Membership {
    /// The place of the node that is asked.
    fn place(&self, operation: &Operation) -> Option<usize> {
        self.nodes.iter().position(|it| it == operation.node())
    }
}

impl Operation {
    fn node(&self) -> &str {
        match self {
            Operation::Members { node } | Operation::MembersAtLast { node } => node,
        }
    }
}

/// What is in `nodes` and not in `members`, and the other way about, without what comes twice. Both are in ascending order.
fn differences<'a>(nodes: &'a [String], members: &'a [String]) -> (Vec<&'a str>, Vec<&'a str>) {
    let (mut lacks, mut invented) = (Vec::new(), Vec::new());
    let mut nodes = nodes.iter().map(String::as_str).peekable();
    let mut members = members.iter().map(String::as_str).peekable();
    loop {
        let order = match (nodes.peek(), members.peek()) {
            (Some(node), Some(member)) => node.cmp(member),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return (lacks, invented),
        };
        match order {
            Ordering::Less => lacks.extend(nodes.next()),
            Ordering::Equal => {
                let node = nodes.next();
                while members.next_if(|member| Some(*member) == node).is_some() {}
            }
            Ordering::Greater => {
                let member = members.next();
                if invented.len() < INVENTED_MAX && invented.last() != member.as_ref() {
                    invented.extend(member);
                }
            }
        }
    }
}

guest_sdk::export_workload!(Membership);
