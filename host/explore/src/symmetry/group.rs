//! Permutations of nodes, and of the clients that talk to them.

use std::collections::HashMap;

use host_sim::Operation;

use crate::clients::{ClientTable, Plan};
use crate::hash::Hash;
use crate::participants::{Addr, Messages};
use crate::state::State;

/// A permutation of nodes, and what follows from it.
pub(crate) struct Permutation {
    /// The image of each node.
    nodes: Vec<u8>,
    /// The image of each worker.
    workers: Vec<usize>,
    /// The images of names that change.
    names: HashMap<String, String>,
    /// The names of nodes.
    of_nodes: Vec<String>,
}

impl Permutation {
    fn of(nodes: Vec<u8>, workers: Vec<usize>, messages: &Messages) -> Self {
        let mut this = Permutation {
            nodes,
            workers,
            names: HashMap::new(),
            of_nodes: messages.nodes().to_vec(),
        };
        let count = u8::try_from(this.nodes.len()).unwrap_or(u8::MAX);
        let clients = u32::try_from(2 * this.nodes.len() + this.workers.len()).unwrap_or(u32::MAX);
        let all = (0..count)
            .map(Addr::Node)
            .chain((0..clients).map(Addr::Client));
        let names = all.map(|addr| (messages.name(addr), messages.name(this.addr(addr))));
        this.names = names.filter(|(from, to)| from != to).collect();
        this
    }

    /// The image of a node.
    pub(crate) fn node(&self, node: u8) -> u8 {
        self.nodes[usize::from(node)]
    }

    /// The image of each worker.
    pub(crate) fn workers(&self) -> &[usize] {
        &self.workers
    }

    /// The image of a process: it is a worker's, and the number of its life.
    pub(crate) fn process(&self, process: i64) -> i64 {
        let count = i64::try_from(self.workers.len()).unwrap_or(i64::MAX);
        let worker = usize::try_from(process.rem_euclid(count)).unwrap_or_default();
        let image = i64::try_from(self.workers[worker]).unwrap_or_default();
        process - process.rem_euclid(count) + image
    }

    /// The image of a participant. Clients that were there in the beginning belong to a node each, for its `init` and its
    /// set-up, or to a worker; others are numbered as they come.
    pub(crate) fn addr(&self, addr: Addr) -> Addr {
        match addr {
            Addr::Node(node) => Addr::Node(self.node(node)),
            Addr::Service(_) => addr,
            Addr::Client(client) => Addr::Client(self.client(client)),
        }
    }

    /// The image of a client.
    pub(crate) fn client(&self, client: u32) -> u32 {
        let place = client as usize;
        let nodes = self.nodes.len();
        let image = match place.checked_sub(2 * nodes) {
            None => place - place % nodes + usize::from(self.nodes[place % nodes]),
            Some(worker) => match self.workers.get(worker) {
                Some(image) => 2 * nodes + image,
                None => place,
            },
        };
        u32::try_from(image).unwrap_or(u32::MAX)
    }

    /// The image of a text that is a name, or begins with one before something that is neither letter nor digit: `n0@7`.
    pub(crate) fn name(&self, text: &str) -> Option<String> {
        let (name, rest) = head(text);
        let image = self.names.get(name)?;
        Some(format!("{image}{rest}"))
    }

    /// Whether this is the name of a node, or begins with one.
    pub(crate) fn is_node(&self, text: &str) -> bool {
        let (name, _) = head(text);
        self.of_nodes.iter().any(|node| node == name)
    }

    /// Whether a name that has another image stands in the `Debug` form of a value.
    pub(crate) fn changes(&self, text: &str) -> bool {
        text.split('"').any(|text| self.name(text).is_some())
    }

    /// In words: `n0 as n1, n1 as n0`.
    pub(crate) fn in_words(&self, messages: &Messages) -> String {
        let nodes = (0_u8..).zip(&self.nodes).filter(|(from, to)| from != *to);
        let name = |node| messages.name(Addr::Node(node));
        let words = nodes.map(|(from, to)| format!("{} as {}", name(from), name(*to)));
        words.collect::<Vec<_>>().join(", ")
    }

    /// A hash of the image of what is left of budgets, and of the split.
    pub(crate) fn budgets(&self, state: &State) -> Hash {
        let sides = (0..).zip(&self.nodes);
        let cut = sides.fold(0_u16, |cut, (from, to)| cut | (state.cut >> from & 1) << to);
        // The first node is always on the same side.
        let cut = match cut & 1 {
            0 => cut,
            _ => !cut & ((1 << self.nodes.len()) - 1),
        };
        state.left.hash(cut)
    }
}

/// A text up to what is neither letter nor digit, and the rest.
fn head(text: &str) -> (&str, &str) {
    let end = text.find(|it: char| !it.is_ascii_alphanumeric());
    text.split_at(end.unwrap_or(text.len()))
}

/// All permutations that keep what clients are to do, the one that changes nothing first.
pub(crate) fn permutations(messages: &Messages, clients: &ClientTable) -> Vec<Permutation> {
    let count = messages.nodes().len();
    let mut all = vec![Vec::new()];
    for node in 0..u8::try_from(count).unwrap_or(u8::MAX) {
        let longer = |short: &Vec<u8>| -> Vec<Vec<u8>> {
            let places = 0..=short.len();
            places
                .map(|place| {
                    let mut longer = short.clone();
                    longer.insert(place, node);
                    longer
                })
                .collect()
        };
        all = all.iter().flat_map(longer).collect();
    }
    all.sort_unstable();
    let plan = clients.plan();
    let workers = plan.workers();
    let with_workers = all.into_iter().filter_map(|nodes| {
        let image = |worker: usize| {
            let node = clients.node_of(u16::try_from(worker).unwrap_or(u16::MAX));
            let image = worker - node + usize::from(nodes[node]);
            (image < workers).then_some(image)
        };
        let images: Option<Vec<usize>> = (0..workers).map(image).collect();
        let by = Permutation::of(nodes, images?, messages);
        keeps(&by, plan).then_some(by)
    });
    with_workers.collect()
}

/// Whether clients are to do the same in the image.
fn keeps(by: &Permutation, plan: &Plan) -> bool {
    match plan {
        Plan::OfAny { operations, .. } => operations.iter().all(|it| !names_any(it, by)),
        Plan::OfEach(plans) => plans.iter().zip(by.workers()).all(|(plan, image)| {
            plan == &plans[*image] && plan.iter().all(|it| !names_any(it, by))
        }),
    }
}

/// Whether a name stands in an operation that has another image.
fn names_any(operation: &Operation, by: &Permutation) -> bool {
    by.changes(&format!("{:?} {:?}", operation.value, operation.extra))
}
