//! Moves that hold in other states than those that they were made in.
//!
//! A move names a message by its content and a timer by its id. Both differ as soon as anything before them is changed: terms, places in
//! a log, timers numbered by how many were set. So where the move itself is not possible, one that is like it
//! stands in for it: the oldest message of the same type on the same link, the first timer of the same node.

use super::run::Run;
use crate::model::Model;
use crate::moves::Move;
use crate::participants::Addr;
use crate::wrong::Wrong;

/// What a message is like: who sends it to whom, and its type.
fn kind(model: &Model<'_>, message: u32) -> (Addr, Addr, u64) {
    let it = model.messages.get(message);
    (it.src, it.dest, it.kind)
}

/// The possible move that is meant: the move itself, or the one that is like it.
pub(crate) fn meant(model: &Model<'_>, run: &Run<'_, '_>, it: Move) -> Option<Move> {
    if run.may_make(it) {
        return Some(it);
    }
    match it {
        Move::Fire(node, _) => {
            let mut fires = run.possible().iter();
            let first = fires.find(|it| matches!(it, Move::Fire(of, _) if *of == node));
            first.copied()
        }
        Move::Deliver(message)
        | Move::Delay(message)
        | Move::Lose(message)
        | Move::Copy(message) => {
            let wanted = kind(model, message);
            let alike = run.births().iter();
            let alike = alike.filter(|(other, _)| kind(model, *other) == wanted);
            let (oldest, _) = alike.min_by_key(|(_, birth)| *birth)?;
            let meant = match it {
                Move::Deliver(_) => Move::Deliver(*oldest),
                Move::Delay(_) => Move::Delay(*oldest),
                Move::Lose(_) => Move::Lose(*oldest),
                _ => Move::Copy(*oldest),
            };
            run.may_make(meant).then_some(meant)
        }
        _ => None,
    }
}

/// Makes the moves that are possible, in their order, until something is wrong.
pub(crate) fn follow(
    model: &Model<'_>,
    run: &mut Run<'_, '_>,
    moves: impl IntoIterator<Item = Move>,
    meet: &mut dyn FnMut(&Run<'_, '_>, crate::hash::Hash),
) -> Result<(), Wrong> {
    for it in moves {
        if run.fault().is_some() {
            break;
        }
        if let Some(it) = meant(model, run, it)
            && let Some(hash) = run.make(it)?
        {
            meet(run, hash);
        }
    }
    Ok(())
}
