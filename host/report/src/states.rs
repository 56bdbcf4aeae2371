//! The states of nodes after each event of a part of the run.
//!
//! States are kept as changes. When these grow beyond what a page can hold, the earliest are
//! dropped as long as the run has not reached the moment of interest; after it, no more are taken.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

use super::budget::{ENTRIES_MAX, PageSize, cost};
use super::change::{Change, apply, changes};
use host_disk::lock;
use host_protocol::text::excerpt;
use host_sim::journal::Stepped;

/// The most that all changes may cost on a page that is full of entries, in bytes …
const CHANGES_BYTES_MAX: usize = 900_000;

/// … and how much more on a page with hardly any.
const CHANGES_BYTES_MORE: usize = 1_400_000;

/// The most that the states of all nodes together may cost, in bytes.
const STATES_BYTES_MAX: usize = 600_000;

/// The least that a state may have on a small page.
const STATE_BYTES_MIN: usize = 1000;

/// The most bytes of one state. Larger ones are not shown.
const STATE_BYTES_MAX: usize = 64 << 10;

/// The most timers of a node that are shown, the next ones first.
const TIMERS_MAX: usize = 50;

/// The most bytes of states that are read once the moment of interest is past: writing and reading
/// states takes far longer than the run.
const TAKEN_BYTES_MAX: usize = 16 << 20;

/// The most bytes of a node's disk that are read, with what is not durable.
const FILES_BYTES_MAX: usize = 256 << 10;

/// The most that all changes may cost in a record of a run that is still made, in bytes.
const LIVE_CHANGES_BYTES_MAX: usize = 128 << 20;

/// The most bytes of states that are read for such a record.
const LIVE_TAKEN_BYTES_MAX: usize = 2 << 30;

/// The least that changes cost between two checkpoints of such a record, in bytes. They cost no less than
/// the states of a checkpoint either, so all checkpoints together cost no more than all changes.
const CHECKPOINT_BYTES_MIN: usize = 128 << 10;

/// JavaScript rounds integers above this.
const EXACT_MAX: u64 = 1 << 53;

/// The states of nodes during a part of the run.
#[derive(Debug)]
pub(super) struct States {
    state_bytes_max: usize,
    changes_bytes_max: usize,
    taken_bytes_max: usize,
    /// The moment of interest, in virtual time.
    at_ns: u64,
    /// The states before the first change.
    base: NodeStates,
    /// The states after the last change.
    now: NodeStates,
    /// Nodes whose state was too large once. They are not asked again: states mostly grow, and
    /// writing a large one after each event takes longer than the run.
    large: BTreeSet<usize>,
    steps: VecDeque<StateStep>,
    /// What all steps cost, in bytes of the page.
    bytes: usize,
    /// The bytes of all states read so far.
    taken: usize,
    /// Whether changes before the first step were dropped.
    is_cut: bool,
    /// The entry after which no more changes are taken.
    until: Option<usize>,
    /// In a record of a run that is still made: all states, now and then.
    checkpoints: Option<Vec<Checkpoint>>,
    /// About what the states of each node cost in the last snapshot, in bytes.
    sizes: BTreeMap<usize, usize>,
    /// For so many entries of such a record the steps are those of another one.
    known: usize,
}

/// All states after so many steps. Records of runs that begin alike share them.
#[derive(Debug, Clone)]
struct Checkpoint {
    steps: usize,
    /// What these steps cost, in bytes of a page.
    passed: usize,
    /// About what the states cost, in bytes.
    bytes: usize,
    states: Arc<NodeStates>,
}

/// By the position of a node's name.
type NodeStates = BTreeMap<usize, Json>;

/// The changes of an event in a node, and what they cost. In a page `[entry, node, changes]`. Records
/// of runs that begin alike share them.
#[derive(Debug, Clone)]
pub(super) struct StateStep(Arc<Step>);

#[derive(Debug)]
struct Step {
    entry: usize,
    node: usize,
    changes: Vec<Change>,
    bytes: usize,
}

impl StateStep {
    /// The node, by the position of its name.
    pub(super) fn node(&self) -> usize {
        self.0.node
    }

    fn new(entry: usize, node: usize, changes: Vec<Change>) -> Self {
        let mut step = Step {
            entry,
            node,
            changes,
            bytes: 0,
        };
        step.bytes = serde_json::to_string(&step).map_or(0, |text| cost(&text));
        StateStep(Arc::new(step))
    }

    fn apply(&self, states: &mut NodeStates) {
        let state = states.entry(self.0.node).or_default();
        for change in &self.0.changes {
            apply(state, change);
        }
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.entry, self.node, &self.changes).serialize(serializer)
    }
}

impl Serialize for StateStep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// The states as a page has them.
#[derive(Debug, Serialize)]
pub(super) struct StatesPart<'a> {
    /// `{"state": …, "timers": [[id, due]], "disk": …}` of each node, by the position of its name, before the
    /// first step.
    base: &'a NodeStates,
    steps: &'a VecDeque<StateStep>,
    /// The entry from which on states are known; null if from the first.
    from: Option<usize>,
    /// The entry after which states are not known; null if they are to the last.
    until: Option<usize>,
}

impl States {
    /// Begins without states. The page has `nodes` nodes and `entries` entries; `at_ns` is the
    /// moment of interest, in virtual time.
    pub(super) fn new(nodes: usize, entries: usize, at_ns: Option<u64>, size: PageSize) -> Self {
        let free = ENTRIES_MAX.saturating_sub(entries);
        let changes_bytes_max = CHANGES_BYTES_MAX + CHANGES_BYTES_MORE * free / ENTRIES_MAX;
        States {
            changes_bytes_max: size.of(changes_bytes_max),
            taken_bytes_max: TAKEN_BYTES_MAX,
            state_bytes_max: size
                .of(STATES_BYTES_MAX / nodes.max(1))
                .clamp(STATE_BYTES_MIN, STATE_BYTES_MAX),
            at_ns: at_ns.unwrap_or(0),
            base: NodeStates::new(),
            now: NodeStates::new(),
            large: BTreeSet::new(),
            steps: VecDeque::new(),
            bytes: 0,
            taken: 0,
            is_cut: false,
            until: None,
            checkpoints: None,
            sizes: BTreeMap::new(),
            known: 0,
        }
    }

    /// Begins without states, for a record of a run that is still made.
    pub(super) fn live() -> Self {
        States {
            state_bytes_max: STATE_BYTES_MAX,
            changes_bytes_max: LIVE_CHANGES_BYTES_MAX,
            taken_bytes_max: LIVE_TAKEN_BYTES_MAX,
            checkpoints: Some(Vec::new()),
            ..States::new(1, 0, None, PageSize::WHOLE)
        }
    }

    /// Begins with the states of the first `entries` entries of this record, for one of a run that begins
    /// alike.
    pub(super) fn beginning(&self, entries: usize) -> Self {
        let count = self.steps.partition_point(|step| step.0.entry < entries);
        let steps = self.steps.range(..count);
        let mut checkpoints = self.checkpoints.clone().unwrap_or_default();
        checkpoints.retain(|checkpoint| checkpoint.steps <= count);
        let (passed, mut now) = match checkpoints.last() {
            Some(last) => (last.steps, NodeStates::clone(&last.states)),
            None => (0, NodeStates::new()),
        };
        for step in steps.clone().skip(passed) {
            step.apply(&mut now);
        }
        States {
            now,
            bytes: steps.clone().map(|step| step.0.bytes).sum(),
            steps: steps.cloned().collect(),
            until: self.until.filter(|until| *until < entries),
            checkpoints: Some(checkpoints),
            sizes: self.sizes.clone(),
            known: entries,
            ..States::live()
        }
    }

    /// The steps of entries from `from` on and before `until`.
    pub(super) fn between(&self, from: usize, until: usize) -> impl Iterator<Item = &StateStep> {
        let first_of = |limit| self.steps.partition_point(|step| step.0.entry < limit);
        let first = first_of(from);
        self.steps.range(first..first_of(until).max(first))
    }

    /// The entry after which no more changes are taken.
    pub(super) fn until(&self) -> Option<usize> {
        self.until
    }

    /// The state of a node as a page has it, after the last change.
    pub(super) fn now(&self, node: usize) -> Option<&Json> {
        self.now.get(&node)
    }

    /// About what all that is kept costs, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let checkpoints = self.checkpoints.iter().flatten();
        self.bytes + checkpoints.map(|it| it.bytes).sum::<usize>()
    }

    /// Keeps all states if as much has changed since they were kept last.
    fn keep(&mut self) {
        let Some(checkpoints) = &mut self.checkpoints else {
            return;
        };
        let passed = checkpoints.last().map_or(0, |last| last.passed);
        let bytes = self.sizes.values().sum();
        if self.bytes - passed >= CHECKPOINT_BYTES_MIN.max(bytes) {
            checkpoints.push(Checkpoint {
                steps: self.steps.len(),
                passed: self.bytes,
                bytes,
                states: Arc::new(self.now.clone()),
            });
        }
    }

    /// Takes the state of a node that has handled the event of `entry`.
    pub(super) fn note(
        &mut self,
        entry: usize,
        node: usize,
        mut timers: Vec<(u64, u64)>,
        step: Stepped<'_>,
    ) {
        if self.until.is_some() || entry < self.known {
            return;
        }
        let at_ns = step.at_ns;
        let taken = self.taken;
        timers.truncate(TIMERS_MAX);
        let files = shown_disk(&step, self.state_bytes_max, &mut self.taken);
        let state = if self.large.contains(&node) {
            None
        } else {
            shown(step, self.state_bytes_max, &mut self.taken)
        };
        let state = state.unwrap_or_else(|| {
            self.large.insert(node);
            let bytes = self.state_bytes_max;
            format!("a snapshot of more than {bytes} bytes, too large to show").into()
        });
        let disk = files.map(|files| ("disk", files));
        // `json!` would copy the state.
        let known = [("state", state), ("timers", json!(timers))];
        let state = Json::from_iter(known.into_iter().chain(disk));
        let changes = changes(self.now.get(&node), &state);
        self.now.insert(node, state);
        self.sizes.insert(node, self.taken - taken);
        let step = StateStep::new(entry, node, changes);
        self.bytes += step.0.bytes;
        self.steps.push_back(step);
        self.keep();
        let is_full = self.bytes > self.changes_bytes_max;
        if at_ns > self.at_ns && (is_full || self.taken > self.taken_bytes_max) {
            self.until = Some(entry);
            return;
        }
        if !is_full {
            return;
        }
        // Drops a fifth at a time, so that there is room after the moment of interest.
        while self.bytes > self.changes_bytes_max * 4 / 5 {
            let Some(step) = self.steps.pop_front() else {
                return;
            };
            self.bytes -= step.0.bytes;
            self.is_cut = true;
            step.apply(&mut self.base);
        }
    }

    /// The states as a page has them.
    pub(super) fn part(&self) -> StatesPart<'_> {
        let first = self.steps.front().map(|step| step.0.entry);
        StatesPart {
            base: &self.base,
            steps: &self.steps,
            from: first.filter(|_| self.is_cut),
            until: self.until,
        }
    }
}

/// The state of a node as a page can show it; `None` if it is too large. Adds its bytes to `taken`.
fn shown(step: Stepped<'_>, bytes_max: usize, taken: &mut usize) -> Option<Json> {
    let text = match step.guest.snapshot() {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Some(Json::Null),
        Err(error) => {
            let why = excerpt(&error.to_string(), 300).into_owned();
            return Some(format!("no state: {why}").into());
        }
    };
    let bytes = text.len();
    *taken += bytes;
    let Ok(text) = String::from_utf8(text) else {
        return Some(format!("a snapshot of {bytes} bytes, not text").into());
    };
    (cost(&text) <= bytes_max).then(|| match serde_json::from_str(&text) {
        Ok(mut json) => {
            make_exact(&mut json);
            json
        }
        Err(_) => excerpt(&text, 1000).into_owned().into(),
    })
}

/// The files of a node as a page can show them; `None` if there are none. Those that are not durable
/// have `durable`, which a power loss may leave, beside `written`, which the node sees; null if there
/// is no such file. Adds their bytes to `taken`.
fn shown_disk(step: &Stepped<'_>, bytes_max: usize, taken: &mut usize) -> Option<Json> {
    let disk = lock(step.disk);
    let bytes = disk.held_bytes();
    if disk.is_empty() && disk.is_durable() {
        return None;
    }
    if bytes > FILES_BYTES_MAX {
        return Some(format!("about {bytes} bytes, too many to show").into());
    }
    *taken += bytes;
    let written: BTreeMap<&str, Vec<u8>> = disk.files().collect();
    let durable: BTreeMap<&str, Vec<u8>> = disk.durable_files().collect();
    let names: BTreeSet<&str> = written.keys().chain(durable.keys()).copied().collect();
    let files = names.into_iter().map(|name| {
        let (written, durable) = (written.get(name), durable.get(name));
        let file = match written == durable {
            true => shown_file(written),
            false => json!({"written": shown_file(written), "durable": shown_file(durable)}),
        };
        (excerpt(name, 100).into_owned(), file)
    });
    let files: Json = files.collect::<serde_json::Map<_, _>>().into();
    match cost(&files.to_string()) <= bytes_max {
        true => Some(files),
        false => Some(format!("about {bytes} bytes, too many to show").into()),
    }
}

/// The lines of a file, or how many bytes it has if it is not text.
fn shown_file(bytes: Option<&Vec<u8>>) -> Json {
    let Some(bytes) = bytes else {
        return Json::Null;
    };
    match str::from_utf8(bytes) {
        Ok(text) => text.lines().collect(),
        Err(_) => format!("{} bytes, not text", bytes.len()).into(),
    }
}

/// Turns integers that JavaScript would round into strings.
fn make_exact(json: &mut Json) {
    match json {
        Json::Number(number) => {
            let magnitude = number.as_u64().or(number.as_i64().map(i64::unsigned_abs));
            if magnitude > Some(EXACT_MAX) {
                *json = number.to_string().into();
            }
        }
        Json::Array(items) => items.iter_mut().for_each(make_exact),
        Json::Object(map) => map.values_mut().for_each(make_exact),
        _ => {}
    }
}
