//! The order of transactions that does not depend on what they do: by process and in real time. After
//! `elle.core`'s process and realtime graphs.

use std::collections::HashMap;

use crate::history::{History, Kind};

use super::anomaly::Reach;
use super::graph::{Builder, Labels};
use super::parse::Txn;

/// Adds the edges that anomalies of this reach need.
pub(super) fn link(reach: Reach, history: &History, txns: &[Txn], graph: &mut Builder) {
    match reach {
        Reach::Data => {}
        Reach::Process => by_process(txns, graph),
        Reach::Realtime => in_realtime(history, txns, graph),
    }
}

/// Each acknowledged transaction precedes the next one of its process.
fn by_process(txns: &[Txn], graph: &mut Builder) {
    let mut last: HashMap<i64, u32> = HashMap::new();
    for (id, txn) in (0..).zip(txns).filter(|(_, txn)| txn.kind == Kind::Ok) {
        if let Some(before) = last.insert(txn.process, id) {
            graph.link(before, id, Labels::PROCESS);
        }
    }
}

/// Each acknowledged transaction precedes all those invoked after its completion. The relation has
/// as many pairs as there are pairs of transactions; its transitive reduction still has one for
/// each completion and each invocation that overlap it in time. A chain of junctions, one for each
/// stretch of invocations, has as many edges as there are operations.
fn in_realtime(history: &History, txns: &[Txn], graph: &mut Builder) {
    let mut of_op: Vec<Option<u32>> = vec![None; history.ops().len()];
    for (id, txn) in (0..).zip(txns) {
        of_op[txn.invocation] = Some(id);
        if let Some(completion) = txn.completion {
            of_op[completion] = Some(id);
        }
    }
    let mut instant: Option<u32> = None;
    let mut completed: Vec<u32> = Vec::new();
    for (op, id) in history.ops().iter().zip(of_op) {
        let Some(id) = id else { continue };
        match op.kind {
            Kind::Ok => completed.push(id),
            Kind::Invoke => {
                if !completed.is_empty() {
                    let now = graph.junction();
                    for before in completed.drain(..) {
                        graph.link(before, now, Labels::REALTIME);
                    }
                    if let Some(before) = instant.replace(now) {
                        graph.link(before, now, Labels::PASS);
                    }
                }
                // What failed comes before nothing, so what comes before it makes no cycle.
                if let Some(now) = instant
                    && txns[id as usize].kind != Kind::Fail
                {
                    graph.link(now, id, Labels::PASS);
                }
            }
            Kind::Fail | Kind::Info => {}
        }
    }
}
