//! Executing a batch on this node: on the current map, then committing it.

use std::time::Duration;

use guest_sdk::{prelude::*, service};

use crate::map::{Advance, BatchId, List, Lists, Map, Root};
use crate::txn::Txn;
use crate::{Batch, Call, Database, State};

const ROOT: &str = "root";

/// How long to wait for an answer: five round trips to lin-kv, as long as the last one took. A batch
/// that is handed over may wait for another, and take two itself.
const ROUND_TRIPS: u32 = 5;
const PATIENCE_MIN: Duration = Duration::from_secs(1);
const PATIENCE_MAX: Duration = Duration::from_secs(3);

/// How long others are expected to go on committing once one of them did.
const RIVALRY: Duration = Duration::from_secs(1);

/// How often a batch may be refused.
const REFUSALS_MAX: u32 = 10;

impl Database {
    /// Begins the next batch, if there is none.
    pub(crate) fn begin(&mut self, ctx: &mut Ctx<Self>) {
        if self.batch.is_some() || self.pauses || self.waiting.is_empty() {
            return;
        }
        let appends = self.waiting.iter().any(Txn::appends);
        let all_own = self.waiting.iter().all(|txn| txn.batch.is_none());
        self.batches += 1;
        self.batch = Some(Batch {
            first: self.batches,
            last: self.batches,
            txns: std::mem::take(&mut self.waiting),
            state: State::Open,
            refusals: 0,
        });
        let combiner = self.combiner(ctx).filter(|_| appends && all_own);
        match combiner {
            Some(node) => self.hand_over(node, ctx),
            None if appends && self.is_current => self.execute(ctx),
            None => self.read_root(ctx),
        }
    }

    pub(crate) fn patience(&self) -> Duration {
        (self.round_trip * ROUND_TRIPS).clamp(PATIENCE_MIN, PATIENCE_MAX)
    }

    pub(crate) fn read_root(&mut self, ctx: &mut Ctx<Self>) {
        self.sent = ctx.now();
        ctx.call(
            service::LIN_KV,
            &service::read(ROOT),
            Call::Root,
            Retry::forever(self.patience()),
        );
    }

    pub(crate) fn root_read(&mut self, response: Result<Response<'_>, Error>, ctx: &mut Ctx<Self>) {
        self.round_trip = ctx.now().saturating_sub(self.sent);
        match response.and_then(|response| service::value(&response)) {
            Ok(root) => self.root_is(root, ctx),
            Err(error) if error.code == ErrorCode::KeyDoesNotExist => {
                self.root_is(Root::default(), ctx);
            }
            Err(error) => self.give_up(&error, ctx),
        }
    }

    /// Goes on with the batch, now that the root is known.
    pub(crate) fn root_is(&mut self, root: Root, ctx: &mut Ctx<Self>) {
        self.is_current = root == self.map.root;
        self.seen_at = Some(self.sent);
        if !self.is_current {
            self.rivals_until = ctx.now() + RIVALRY;
        }
        let Some(batch) = &mut self.batch else {
            return;
        };
        let took_place = root.last(&self.me) >= Some(batch.first);
        match batch.state {
            State::Open | State::Done | State::DoneElsewhere => {}
            State::HandedOver if took_place => batch.state = State::DoneElsewhere,
            State::HandedOver => {
                // Once this number has taken place, the one that was handed over may not.
                self.batches += 1;
                batch.last = self.batches;
                batch.state = State::Open;
            }
            State::Proposed(_) if root.last(&self.me) == Some(batch.last) => {
                batch.state = State::Done;
            }
            State::Proposed(_) if took_place => batch.state = State::DoneElsewhere,
            State::Proposed(_) => {
                batch.refusals += 1;
                if batch.refusals > REFUSALS_MAX {
                    let error = Error::new(ErrorCode::TxnConflict, "others were always faster");
                    return self.give_up(&error, ctx);
                }
                if self.is_current {
                    return self.commit(ctx); // the request or its answer was lost
                }
                batch.state = State::Open;
            }
        }
        self.advance(Advance::to(root), ctx);
    }

    /// Reads what is missing on the way to a root.
    fn advance(&mut self, way: Advance, ctx: &mut Ctx<Self>) {
        if let Some(page) = way.missing(&self.map) {
            let read = service::read(page.to_owned());
            ctx.call(
                service::LIN_KV,
                &read,
                Call::Page(way),
                Retry::forever(self.patience()),
            );
            return;
        }
        way.finish(&mut self.map);
        match &mut self.batch {
            Some(batch) if batch.state == State::DoneElsewhere => {
                batch.recall(&self.map, &self.me);
                self.answer(ctx);
            }
            Some(batch) if batch.state == State::Done => self.answer(ctx),
            _ => self.execute(ctx),
        }
    }

    pub(crate) fn page_read(
        &mut self,
        mut way: Advance,
        response: Result<Response<'_>, Error>,
        ctx: &mut Ctx<Self>,
    ) {
        match response.and_then(|response| service::value(&response)) {
            Ok(page) => {
                way.read(page);
                self.advance(way, ctx);
            }
            Err(error) => self.give_up(&error, ctx),
        }
    }

    /// Executes the batch on the map as it is, and proposes the root that results.
    fn execute(&mut self, ctx: &mut Ctx<Self>) {
        let Some(batch) = &mut self.batch else {
            return;
        };
        // What came since the root was read may see it only if a compare-and-set proves that it
        // is still the root; and it may not join what has been handed over, which others may do.
        if batch.first == batch.last && batch.txns.iter().any(Txn::appends) {
            batch.txns.append(&mut self.waiting);
        }
        let mut root = self.map.root.clone();
        let own = BatchId {
            node: self.me.clone(),
            number: batch.last,
        };
        root.takes_place(own, None);
        let mut changed = Lists::new();
        batch.txns.retain_mut(|txn| {
            if let Some(BatchId { node, number }) = &txn.batch
                && root.last(node) >= Some(*number)
            {
                return false; // it came twice, or its node has done it itself
            }
            txn.execute(&self.map, &mut changed);
            if let Some(batch) = &txn.batch {
                let seen = txn.seen.iter().map(|list| list.as_ref().map(List::len));
                root.takes_place(batch.clone(), Some(seen.collect()));
            }
            true
        });
        if changed.is_empty() {
            return self.answer(ctx);
        }
        let name = format!("{}/{}/{}", self.me, batch.last, batch.refusals);
        let page = root.change(changed, &name);
        batch.state = State::Proposed(root);
        match page {
            Some(page) => {
                let write = service::write(name, page);
                ctx.call(
                    service::LIN_KV,
                    &write,
                    Call::Write,
                    Retry::forever(self.patience()),
                );
            }
            None => self.commit(ctx),
        }
    }

    pub(crate) fn page_written(
        &mut self,
        response: Result<Response<'_>, Error>,
        ctx: &mut Ctx<Self>,
    ) {
        match response {
            Ok(_) => self.commit(ctx),
            Err(error) => {
                if let Some(batch) = &mut self.batch {
                    batch.state = State::Open; // nobody has heard of its root
                }
                self.give_up(&error, ctx);
            }
        }
    }

    fn commit(&mut self, ctx: &mut Ctx<Self>) {
        if let Some(State::Proposed(root)) = self.batch.as_ref().map(|batch| &batch.state) {
            let cas = service::cas_or_create(ROOT, &self.map.root, root);
            self.sent = ctx.now();
            ctx.call(
                service::LIN_KV,
                &cas,
                Call::Commit,
                Retry::never(self.patience()),
            );
        }
    }

    pub(crate) fn commit_answered(
        &mut self,
        response: Result<Response<'_>, Error>,
        ctx: &mut Ctx<Self>,
    ) {
        let Some(batch) = &mut self.batch else {
            return;
        };
        match (response, std::mem::replace(&mut batch.state, State::Done)) {
            (Ok(_), State::Proposed(root)) => {
                self.round_trip = ctx.now().saturating_sub(self.sent);
                self.is_current = true;
                self.seen_at = Some(self.sent);
                self.map.advance(root);
                self.pause(ctx);
                self.answer(ctx);
            }
            (_, state) => {
                batch.state = state;
                self.read_root(ctx);
            }
        }
    }

    /// Lets others commit if some want to: they hear later of a commit than the one who made it, and
    /// would be refused for ever.
    fn pause(&mut self, ctx: &mut Ctx<Self>) {
        if ctx.now() < self.rivals_until && self.round_trip > Duration::ZERO {
            self.pauses = true;
            let turns = 3.0 * ctx.rng().f64();
            ctx.set_timer(self.round_trip.mul_f64(turns), ());
        }
    }

    /// Answers the batch, which has taken place, and begins the next.
    pub(crate) fn answer(&mut self, ctx: &mut Ctx<Self>) {
        for txn in self
            .batch
            .take()
            .map(|batch| batch.txns)
            .unwrap_or_default()
        {
            self.reply(txn, ctx);
        }
        self.begin(ctx);
    }

    /// Answers the batch with an error, and begins the next.
    fn give_up(&mut self, error: &Error, ctx: &mut Ctx<Self>) {
        if let Some(batch) = self.batch.take() {
            let in_doubt = match batch.state {
                State::Open => false,
                State::Proposed(_) => self.is_current,
                State::HandedOver | State::Done | State::DoneElsewhere => true,
            };
            let code = if in_doubt {
                ErrorCode::Crash
            } else {
                error.code
            };
            for txn in batch.txns {
                ctx.reply_error(txn.from, Error::new(code, error.text.clone()));
            }
        }
        self.begin(ctx);
    }
}

impl Batch {
    /// It took place on another node, whose answer is lost: the root says what it saw.
    fn recall(&mut self, map: &Map, me: &str) {
        let mut seen = map.root.seen.get(me).into_iter().flatten();
        for txn in &mut self.txns {
            txn.recall(map, &mut seen);
        }
        self.state = State::Done;
    }
}
