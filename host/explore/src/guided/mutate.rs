//! Changes of schedules.
//!
//! A changed schedule is followed as far as it is possible ([`super::follow`]), and a scheduler goes on from there.

use host_sim::random::Stream;

use super::agenda::{Kind, log_uniform};
use crate::moves::Move;

/// Changes a schedule in one to four ways. `other` is one to take a part from.
pub(crate) fn change(moves: &[Move], other: &[Move], stream: &mut Stream) -> Vec<Move> {
    let mut moves = moves.to_vec();
    for _ in 0..=stream.below(4) {
        if moves.is_empty() {
            break;
        }
        change_once(&mut moves, other, stream);
    }
    moves
}

fn change_once(moves: &mut Vec<Move>, other: &[Move], stream: &mut Stream) {
    let at = stream.index(moves.len());
    match stream.below(10) {
        // Goes on by chance.
        0 => moves.truncate(at),
        // Cuts a piece out.
        1 => {
            let end = end_of_piece(moves.len(), at, stream);
            moves.drain(at..end);
        }
        // Does a piece again.
        2 => {
            let end = end_of_piece(moves.len(), at, stream);
            let again = moves[at..end].to_vec();
            moves.splice(end..end, again);
        }
        // Goes on like another.
        3 => {
            moves.truncate(at);
            let from = stream.index(2 * at + 1).min(other.len());
            moves.extend(&other[from..]);
        }
        4 => {
            if at + 1 < moves.len() {
                moves.swap(at, at + 1);
            }
        }
        // What does not happen by itself happens at another time.
        5 | 6 => {
            if let Some(from) = pick(moves, stream, |it| Kind::of(it).is_some()) {
                let it = moves.remove(from);
                moves.insert(stream.index(moves.len() + 1), it);
            }
        }
        // A message or a sync is late.
        _ => {
            let is_slow = |it: Move| matches!(it, Move::Deliver(_) | Move::Synced(_));
            if let Some(from) = pick(moves, stream, is_slow) {
                let it = moves.remove(from);
                let later = log_uniform(moves.len() as u64, stream);
                let to = from + usize::try_from(later).unwrap_or(usize::MAX);
                moves.insert(to.min(moves.len()), it);
            }
        }
    }
}

fn end_of_piece(len: usize, at: usize, stream: &mut Stream) -> usize {
    let size = usize::try_from(log_uniform(len as u64 / 2, stream)).unwrap_or(usize::MAX);
    at.saturating_add(size).min(len)
}

/// The place of a move of a kind, if there is one.
fn pick(moves: &[Move], stream: &mut Stream, is: impl Fn(Move) -> bool) -> Option<usize> {
    let of_kind = || moves.iter().enumerate().filter(|(_, it)| is(**it));
    let which = stream.index(of_kind().count());
    of_kind().nth(which).map(|(place, _)| place)
}
