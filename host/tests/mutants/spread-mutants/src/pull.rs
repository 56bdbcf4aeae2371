//! A node asks another at random for what follows what it knows of each author.

use std::collections::BTreeMap;

use guest_sdk::prelude::*;

use crate::known::Additions;
use crate::options::Bug;
use crate::{Replica, Request};

impl Replica {
    pub(crate) fn ask(&mut self, ctx: &mut Ctx<Self>) {
        self.set_timer(ctx);
        let peers: Vec<String> = self.peers.keys().cloned().collect();
        let Some(peer) = ctx.rng().choice(&peers) else {
            return;
        };
        let last = |(author, numbered): (&String, &BTreeMap<u64, i64>)| {
            let (last, _) = numbered.last_key_value()?;
            Some((author.clone(), *last))
        };
        let ask = Request::Ask {
            have: self.known.all().iter().filter_map(last).collect(),
            count: self.known.count(),
            greatest: self.known.greatest(),
        };
        ctx.send(peer, &ask);
    }

    /// Another node asks for what follows what it has.
    pub(crate) fn asked(
        &mut self,
        have: &BTreeMap<String, u64>,
        count: usize,
        greatest: Option<i64>,
        from: &str,
        ctx: &mut Ctx<Self>,
    ) {
        let is_equal = match self.bug {
            Bug::ByCount => self.known.count() <= count,
            Bug::ByGreatest => self.known.greatest() <= greatest,
            _ => false,
        };
        let beyond = |(author, numbered): (&String, &BTreeMap<u64, i64>)| {
            let next = have.get(author).map_or(0, |last| last + 1);
            let rest: BTreeMap<u64, i64> = numbered.range(next..).map(|(n, v)| (*n, *v)).collect();
            (!rest.is_empty()).then(|| (author.clone(), rest))
        };
        let additions: Additions = self.known.all().iter().filter_map(beyond).collect();
        if !is_equal && !additions.is_empty() {
            let changed = ctx.now();
            ctx.send(from, &Request::Know { additions, changed });
        }
    }
}
