//! Forwarding a batch: it goes to the first node that answers.
//!
//! If no answer comes, the node checks whether the root has the batch's number. If not, it executes
//! the batch itself under a later number, and the old one must not take place after that: a node that
//! has it finds the later number in the root. If that node was faster, the compare-and-set of this
//! node fails, and the number is in the root then.

use std::time::Duration;

use guest_sdk::prelude::*;

use crate::map::{BatchId, List, Root};
use crate::{Call, Database, Request, State};

/// How long a node that did not answer is left alone.
const SUSPICION: Duration = Duration::from_secs(5);

impl Database {
    /// The first node that answers, unless it is this one.
    pub(crate) fn combiner(&self, ctx: &Ctx<Self>) -> Option<String> {
        let suspect = |node: &String| self.suspects.get(node).is_some_and(|end| ctx.now() < *end);
        let first = ctx
            .nodes()
            .iter()
            .find(|node| *node == ctx.id() || !suspect(node));
        first.filter(|node| *node != ctx.id()).cloned()
    }

    pub(crate) fn hand_over(&mut self, node: String, ctx: &mut Ctx<Self>) {
        let Some(batch) = &mut self.batch else {
            return;
        };
        batch.state = State::HandedOver;
        let request = Request::Batch {
            batch: BatchId {
                node: self.me.clone(),
                number: batch.last,
            },
            txn: batch
                .txns
                .iter()
                .flat_map(|txn| txn.mops.iter().copied())
                .collect(),
        };
        self.sent = ctx.now();
        ctx.call(
            &node,
            &request,
            Call::HandOver(node.clone()),
            Retry::never(self.patience()),
        );
    }

    pub(crate) fn hand_over_answered(
        &mut self,
        node: String,
        response: Result<Response<'_>, Error>,
        ctx: &mut Ctx<Self>,
    ) {
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Answer {
            BatchOk {
                seen: Vec<Option<List>>,
                root: Option<Root>,
            },
        }
        let Some(batch) = &mut self.batch else {
            return;
        };
        match response.and_then(|response| response.decode()) {
            Ok(Answer::BatchOk { seen, root }) => {
                let mut seen = seen.into_iter();
                for txn in &mut batch.txns {
                    txn.seen = seen.by_ref().take(txn.reads()).collect();
                }
                batch.state = State::Done;
                match root {
                    Some(root) => self.root_is(root, ctx),
                    None => self.answer(ctx),
                }
            }
            Err(error) => {
                if !error.is_definite() {
                    self.suspects.insert(node, ctx.now() + SUSPICION);
                }
                self.read_root(ctx);
            }
        }
    }
}
