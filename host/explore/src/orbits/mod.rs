//! States that differ only in which node is which are met once.
//!
//! States that a permutation of nodes changes into each other are an *orbit*. If all that is possible in a state is possible in its image, with images as results,
//! and an image fails if the state does, then one state of each orbit is enough (Ip and Dill, "Better verification through symmetry",
//! 1996). So a state is known by the smallest of the hashes of its images. The state itself stays as it is, and with it the way to it.
//! The beginning need not be its own image.
//!
//! What else is part of a state than guests treats nodes alike, or is refused: the order of sending, services, workload modules. All nodes draw the same random
//! numbers then, in the exploration and when the simulator confirms a failure: what a node draws is not its name.

mod clients;

use std::sync::Arc;

use dashmap::DashMap;

use crate::clients::ClientTable;
use crate::guests::Guests;
use crate::hash::{BuildQuick, Contents, Hash, spread};
use crate::nodes::Nodes;
use crate::participants::{Addr, Messages};
use crate::state::State;
use crate::symmetry::{Permutation, Symmetry};

/// The hashes of a content's images, one for each permutation.
type Images = Arc<[Hash]>;

/// Hashes of images by the number of the content.
type Known = DashMap<u32, Images, BuildQuick>;

/// What a known content takes besides its hashes.
const KNOWN_BYTES: usize = 64;

/// For a hash that is added to another.
const SUM_UNITS: u64 = 8;

/// The contents that states consist of.
#[derive(Clone, Copy)]
pub(crate) struct Contained<'c, 'a> {
    pub(crate) nodes: &'c Nodes,
    pub(crate) guests: &'c Guests<'a>,
    pub(crate) messages: &'c Messages,
    pub(crate) clients: &'c ClientTable,
}

/// The orbits of states.
pub(crate) struct Orbits {
    pub(crate) symmetry: Arc<Symmetry>,
    nodes: Known,
    messages: Known,
    clients: Known,
}

impl Orbits {
    pub(crate) fn of(symmetry: &Arc<Symmetry>) -> Self {
        Orbits {
            symmetry: Arc::clone(symmetry),
            nodes: Known::default(),
            messages: Known::default(),
            clients: Known::default(),
        }
    }

    /// What it keeps, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let known = [&self.nodes, &self.messages, &self.clients];
        let known: usize = known.iter().map(|known| known.len()).sum();
        known * (KNOWN_BYTES + self.symmetry.all().len() * size_of::<Hash>())
    }

    /// The smallest of the hashes of a state's images. `has_time` says whether time is part of it.
    pub(crate) fn hash(&self, state: &State, has_time: bool, of: Contained<'_, '_>) -> Hash {
        let count = of.messages.nodes().len();
        let contents = count + state.messages.len() + state.late.len() + 1;
        let sums = self.symmetry.all().len() * contents;
        self.symmetry.account.charge(sums as u64 * SUM_UNITS);
        let mut sums: Vec<Hash> = self
            .symmetry
            .all()
            .iter()
            .map(|it| it.budgets(state))
            .collect();
        let mut add = |images: Images| {
            for (sum, image) in sums.iter_mut().zip(images.iter()) {
                *sum = sum.wrapping_add(*image);
            }
        };
        for part in &state.parts[..count] {
            add(self.images_of_node(*part, of));
        }
        for message in state.messages.iter().chain(&state.late) {
            add(self.images_of_message(*message, of.messages));
        }
        add(self.images_of_clients(state.clients, of));
        let least = sums.into_iter().min().unwrap_or_default();
        match has_time {
            true => least.wrapping_add(spread(state.now_ns << 2 | 3)),
            false => least,
        }
    }

    fn images(&self, known: &Known, id: u32, images: impl FnOnce() -> Vec<Hash>) -> Images {
        if let Some(images) = known.get(&id) {
            return Arc::clone(&images);
        }
        let images: Images = images().into();
        known.insert(id, Arc::clone(&images));
        images
    }

    fn images_of_message(&self, message: u32, messages: &Messages) -> Images {
        self.images(&self.messages, message, || {
            let it = messages.get(message);
            if let (Addr::Service(service), _) | (_, Addr::Service(service)) = (it.src, it.dest) {
                self.symmetry.fail(format!(
                    "nodes ask the service {}, and the answers of services may depend on who asks",
                    messages.name(Addr::Service(service))
                ));
            }
            let body = self.symmetry.read(it.body());
            let image = |by: &Permutation| {
                let [src, dest] = [it.src, it.dest].map(|addr| messages.name(by.addr(addr)));
                let body = self.symmetry.renamed("a message", &body, by);
                let parts = [src, dest, body];
                let contents = Contents::of("message");
                let contents = parts
                    .iter()
                    .fold(contents, |all, part| all.bytes(part.as_bytes()));
                contents.finish()
            };
            self.symmetry.all().iter().map(image).collect()
        })
    }

    fn images_of_node(&self, node: u32, of: Contained<'_, '_>) -> Images {
        self.images(&self.nodes, node, || {
            let it = of.nodes.get(node);
            let snapshot = it.guest.map(|guest| {
                let snapshot = of.guests.snapshot(guest, it.life(), of.messages);
                let text = snapshot.as_deref().map(str::from_utf8);
                self.symmetry
                    .read(text.and_then(Result::ok).unwrap_or_default())
            });
            let disk = match self.symmetry.reads_disks {
                true => of.guests.disks.hash(it.life().disk),
                false => 0,
            };
            let images = self.symmetry.all().iter().enumerate().map(|(place, by)| {
                let guest = snapshot.as_ref().map_or(0, |snapshot| {
                    let image = self
                        .symmetry
                        .renamed("the snapshot of a node", snapshot, by);
                    Contents::of("snapshot").bytes(image.as_bytes()).finish()
                });
                let message = |sent| self.images_of_message(sent, of.messages)[place];
                it.content(by.node(it.index), guest, disk, &message)
            });
            images.collect()
        })
    }

    fn images_of_clients(&self, clients: u32, of: Contained<'_, '_>) -> Images {
        self.images(&self.clients, clients, || {
            let images = self
                .symmetry
                .all()
                .iter()
                .map(|by| self.image_of_clients(clients, by, of));
            images.collect()
        })
    }
}
