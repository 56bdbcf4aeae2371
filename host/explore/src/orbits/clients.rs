//! Images of clients and their history.

use host_check::history::{Op, Process};

use super::{Contained, Orbits};
use crate::clients::Worker;
use crate::hash::{Contents, Hash};
use crate::record::{begins, of_op};
use crate::symmetry::Permutation;

impl Orbits {
    /// The hash of the image of clients: workers change places, and with them processes and the names of clients.
    pub(super) fn image_of_clients(
        &self,
        clients: u32,
        by: &Permutation,
        of: Contained<'_, '_>,
    ) -> Hash {
        let it = of.clients.get(clients);
        let mut workers: Vec<(usize, &Worker)> =
            by.workers().iter().copied().zip(&it.workers).collect();
        workers.sort_unstable_by_key(|(image, _)| *image);
        let mut contents = Contents::of("clients")
            .number(u64::from(it.opened()))
            .number(it.begun as u64)
            .number(u64::from(it.is_closed));
        for (_, worker) in workers {
            let open = format!("{:?}", worker.open);
            contents = contents
                .number(worker.begun as u64)
                .number(u64::from(by.client(worker.client)))
                .number(worker.calls)
                .number(worker.answers.len() as u64)
                .bytes(open.as_bytes());
            for answer in &worker.answers {
                let body = self.symmetry.read(of.messages.get(*answer).body());
                contents = contents.bytes(self.symmetry.renamed("an answer", &body, by).as_bytes());
            }
        }
        let mut block: Vec<Hash> = Vec::new();
        let mut before = None;
        for op in it.history() {
            if before
                .replace(begins(op))
                .is_some_and(|it| it != begins(op))
            {
                contents = with_block(contents, &mut block);
            }
            block.push(self.image_of_op(op, by));
        }
        with_block(contents, &mut block).finish()
    }

    fn image_of_op(&self, op: &Op, by: &Permutation) -> Hash {
        let process = match op.process {
            Process::Client(process) => Process::Client(by.process(process)),
            process => process,
        };
        let values = format!("{:?} {:?} {:?}", op.value, op.error, op.extra);
        if by.changes(&values) {
            self.symmetry
                .fail(format!("an operation names nodes or clients: {values}"));
        }
        of_op(&Op {
            process,
            ..op.clone()
        })
    }
}

/// Adds a block of operations, whatever their order in it.
fn with_block(contents: Contents, block: &mut Vec<Hash>) -> Contents {
    block.sort_unstable();
    let contents = contents.number(block.len() as u64);
    block.drain(..).fold(contents, Contents::hash)
}
