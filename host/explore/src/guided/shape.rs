//! What is alike in states that differ in values.
//!
//! A state has more of what is new than of what is interesting: clocks go on, counters grow. Its *shape* is what remains when values
//! are taken out. Of snapshots, which are JSON if the guest uses our kit: names of fields and of variants, who is meant where a
//! node is named, and of each number how far it is above the least of all nodes (not at all, by one, by more) and how large the greatest is, to a
//! power of two. So who leads, who voted for whom, whose term is behind and whose log is longer remain; terms and clocks do
//! not. Numbers that change with most timers are clocks and are left out; large ones are random numbers. Of messages in flight: how many of each type there are and how
//! old, to a power of two. Of a snapshot that is no JSON only its length remains.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use dashmap::DashMap;
use serde_json::Value;

use super::run::Run;
use crate::guests::Life;
use crate::hash::{BuildQuick, Contents, Hash, spread};
use crate::model::Model;
use crate::moves::Move;

/// A hash of the shape of a state.
pub(crate) type Shape = u64;

/// Numbers above this are random numbers, hashes or times.
const NUMBER_MAX: i64 = 1 << 40;

/// A snapshot without its values.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outline {
    structure: u64,
    /// The greatest number of each place, by place.
    numbers: Vec<(u64, i64)>,
}

/// Finds the shapes of states.
#[derive(Default)]
pub(crate) struct Shapes {
    /// By the number of the guest's state.
    outlines: DashMap<u32, Arc<Outline>, BuildQuick>,
    /// Places of numbers that change with most timers.
    clocks: HashSet<u64, BuildQuick>,
}

impl Shapes {
    /// The shape of the state that a run has come to.
    pub(crate) fn of(&self, model: &Model<'_>, run: &Run<'_, '_>) -> Shape {
        let state = &run.state;
        let left = crate::state::Left {
            fires: 0,
            ..state.left
        };
        let mut shape = low(left.hash(state.cut));
        let mut numbers: Vec<(u64, usize, i64)> = Vec::new();
        for (place, node) in state.parts[..model.count].iter().enumerate() {
            let node = model.nodes.get(*node);
            let Some(guest) = node.guest else {
                shape = mix(shape, 1);
                continue;
            };
            let outline = self.outline(model, guest, node.life());
            shape = mix(shape, outline.structure ^ u64::from(node.is_syncing()));
            let of_node = outline.numbers.iter();
            let of_node = of_node.filter(|(at, _)| !self.clocks.contains(at));
            numbers.extend(of_node.map(|(at, number)| (*at, place, *number)));
        }
        numbers.sort_unstable();
        for same in numbers.chunk_by(|one, other| one.0 == other.0) {
            let least = same.iter().map(|(.., number)| *number).min().unwrap_or(0);
            let most = same.iter().map(|(.., number)| *number).max().unwrap_or(0);
            shape = mix(shape, same[0].0);
            for (_, node, number) in same {
                let above = (number - least).clamp(0, 2).unsigned_abs();
                shape = mix(shape, above << 8 | *node as u64);
            }
            shape = mix(shape, magnitude(most.unsigned_abs()));
        }
        mix(shape, self.of_messages(model, run)) ^ Self::of_clients(model, run)
    }

    fn of_messages(&self, model: &Model<'_>, run: &Run<'_, '_>) -> u64 {
        let now = run.moves.len() as u64;
        let mut kinds: HashMap<u64, u64, BuildQuick> = HashMap::default();
        for (message, birth) in run.births() {
            // Less than 16 moves, less than 256, more.
            let age = magnitude(now - birth) / 4;
            let kind = model.messages.get(*message).kind;
            *kinds.entry(mix(kind, age)).or_default() += 1;
        }
        let kinds = kinds.into_iter();
        kinds.fold(0, |sum, (kind, count)| {
            sum.wrapping_add(mix(kind, magnitude(count)))
        })
    }

    fn of_clients(model: &Model<'_>, run: &Run<'_, '_>) -> u64 {
        let clients = model.clients.get(run.state.clients);
        let open = (0..clients.workers()).filter(|worker| clients.waits(*worker));
        mix(model.clients.unbegun(clients) as u64, open.count() as u64)
    }

    fn outline(&self, model: &Model<'_>, guest: u32, life: Life) -> Arc<Outline> {
        if let Some(known) = self.outlines.get(&guest) {
            return Arc::clone(&known);
        }
        let mut outline = Outline::default();
        let snapshot = model.guests.snapshot(guest, life, &model.messages);
        let snapshot = snapshot.unwrap_or_default();
        match serde_json::from_slice::<Value>(&snapshot) {
            Ok(value) => outline.walk(&value, 0, model.messages.nodes()),
            Err(_) => outline.structure = magnitude(snapshot.len() as u64),
        }
        outline.numbers.sort_unstable();
        outline.numbers.dedup_by(|next, kept| {
            let is_same = next.0 == kept.0;
            if is_same {
                kept.1 = next.1; // the greater one
            }
            is_same
        });
        let outline = Arc::new(outline);
        self.outlines.insert(guest, Arc::clone(&outline));
        outline
    }
}

impl Outline {
    fn walk(&mut self, value: &Value, at: u64, nodes: &[String]) {
        match value {
            Value::Null => self.note(at, 1),
            Value::Bool(is) => self.note(at, 2 + u64::from(*is)),
            Value::Number(number) => {
                #[expect(clippy::cast_possible_truncation, reason = "only its size matters")]
                let number = number.as_i64().or_else(|| Some(number.as_f64()? as i64));
                match number {
                    Some(number) if number.abs() < NUMBER_MAX => self.numbers.push((at, number)),
                    _ => self.note(at, 4),
                }
            }
            Value::String(text) => self.note(at, name(text, nodes)),
            Value::Array(items) => {
                self.numbers.push((mix(at, 5), count(items.len())));
                let of_names = items.iter().all(Value::is_string);
                for (place, item) in items.iter().enumerate() {
                    match item {
                        Value::String(text) if of_names => self.note(at, name(text, nodes)),
                        item if place + 1 == items.len() => self.walk(item, mix(at, 6), nodes),
                        item if place == 0 => self.walk(item, mix(at, 7), nodes),
                        _ => {}
                    }
                }
            }
            Value::Object(fields) => {
                self.numbers.push((mix(at, 8), count(fields.len())));
                for (key, value) in fields {
                    self.walk(value, mix(at, name(key, nodes)), nodes);
                }
            }
        }
    }

    /// Notes something at a place; the order is of no importance.
    fn note(&mut self, at: u64, what: u64) {
        self.structure = self.structure.wrapping_add(mix(at, what));
    }
}

/// What of a text is no value: the name of a node, or a word.
fn name(text: &str, nodes: &[String]) -> u64 {
    if let Some(node) = nodes.iter().position(|node| node == text) {
        return 100 + node as u64;
    }
    let is_word = text.len() <= 32 && !text.bytes().any(|byte| byte.is_ascii_digit());
    match is_word {
        true => low(Contents::of("word").bytes(text.as_bytes()).finish()),
        false => 9,
    }
}

/// Finds the numbers that change with most timers, from the steps of a run.
#[derive(Default)]
pub(crate) struct Clocks {
    before: Vec<Option<Arc<Outline>>>,
    fires: u64,
    changes: HashMap<u64, u64, BuildQuick>,
}

impl Clocks {
    /// Notes the state that a run has come to.
    pub(crate) fn note(&mut self, shapes: &Shapes, model: &Model<'_>, run: &Run<'_, '_>) {
        let parts = &run.state.parts[..model.count];
        let nodes = parts.iter().map(|node| model.nodes.get(*node));
        let now: Vec<Option<Arc<Outline>>> = nodes
            .map(|node| Some(shapes.outline(model, node.guest?, node.life())))
            .collect();
        if let Some(Move::Fire(node, _)) = run.moves.last() {
            let of = usize::from(*node);
            if let (Some(Some(before)), Some(after)) = (self.before.get(of), &now[of]) {
                self.fires += 1;
                for (at, number) in &after.numbers {
                    let same = before.numbers.binary_search(&(*at, *number)).is_ok();
                    *self.changes.entry(*at).or_default() += u64::from(!same);
                }
            }
        }
        self.before = now;
    }

    /// Has them left out.
    pub(crate) fn leave_out(self, shapes: &mut Shapes) {
        let fires = self.fires;
        let clocks = self.changes.into_iter();
        let clocks = clocks.filter(|(_, changes)| *changes > 0 && changes * 2 >= fires);
        shapes.clocks.extend(clocks.map(|(at, _)| at));
    }
}

impl Shapes {
    /// The same, for another model.
    pub(crate) fn renewed(self) -> Self {
        Shapes {
            outlines: DashMap::default(),
            clocks: self.clocks,
        }
    }
}

fn count(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}

/// The number of its binary digits.
fn magnitude(number: u64) -> u64 {
    u64::from(u64::BITS - number.leading_zeros())
}

fn mix(one: u64, other: u64) -> u64 {
    low(spread(
        one.rotate_left(17) ^ other.wrapping_mul(0x9E37_79B9_7F4A_7C15),
    ))
}

fn low(hash: Hash) -> u64 {
    #[expect(clippy::cast_possible_truncation, reason = "half of a hash is a hash")]
    let low = hash as u64;
    low
}
