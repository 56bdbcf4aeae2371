//! The calls that are open at some moment of a history.

use super::calls::Span;
use super::model::{Call, Model, Shape, State};
use super::slots::Slots;

/// The calls that are open.
#[derive(Clone, Debug)]
pub(super) struct OpenCalls<B> {
    /// Those that will complete and may change the state, the first to complete first.
    pub(super) open: Vec<Open<B>>,
    /// Those that will complete and keep one state, by that state.
    keepers: Vec<(State, B)>,
    /// Those whose outcome is open, by call.
    pub(super) crashed: Vec<Crashed<B>>,
    slot_count: u32,
}

/// An operation that will complete.
#[derive(Clone, Debug)]
pub(super) struct Open<B> {
    pub(super) call: Call,
    pub(super) number: u32,
    pub(super) slot: u32,
    /// If it is possible in every state: until which position someone may need what it makes.
    sets_until: Option<u32>,
    completed: u32,
    /// Those of the same call that complete earlier. Being interchangeable, they go first.
    pub(super) twins: B,
}

/// The operations of one call whose outcome is open.
#[derive(Clone, Debug)]
pub(super) struct Crashed<B> {
    pub(super) call: Call,
    /// How many there are, less those that every configuration has used.
    pub(super) supply: u32,
    /// Until which position someone may need what they make.
    pub(super) wanted_until: u32,
    /// Those of the same call that will complete, and so go first.
    pub(super) twins: B,
}

impl<B: Slots> OpenCalls<B> {
    /// Nothing is open.
    pub(super) fn new(slot_count: u32) -> Self {
        Self {
            open: Vec::new(),
            keepers: Vec::new(),
            crashed: Vec::new(),
            slot_count,
        }
    }

    fn none(&self) -> B {
        B::none(self.slot_count)
    }

    /// A span begins.
    pub(super) fn open(&mut self, model: &impl Model, number: u32, span: &Span) {
        if span.is_crashed() {
            self.crash(span);
        } else if let Shape::Keeps(state) = model.shape(span.call) {
            if self.kept(state).is_none() {
                let none = self.none();
                self.keepers.push((state, none));
            }
            let keepers = self.keepers.iter_mut().filter(|(kept, _)| *kept == state);
            keepers.for_each(|(_, slots)| slots.insert(span.slot));
        } else {
            self.open_changing(model, number, span);
        }
    }

    fn open_changing(&mut self, model: &impl Model, number: u32, span: &Span) {
        let mut twins = self.none();
        for other in self.open.iter_mut().filter(|other| other.call == span.call) {
            if other.completed < span.completed {
                twins.insert(other.slot);
            } else {
                other.twins.insert(span.slot);
            }
        }
        for crashed in self.crashed.iter_mut().filter(|it| it.call == span.call) {
            crashed.twins.insert(span.slot);
        }
        let at = self
            .open
            .partition_point(|other| other.completed < span.completed);
        self.open.insert(
            at,
            Open {
                call: span.call,
                number,
                slot: span.slot,
                sets_until: match model.shape(span.call) {
                    Shape::Sets(_) => Some(span.wanted_until),
                    _ => None,
                },
                completed: span.completed,
                twins,
            },
        );
    }

    fn crash(&mut self, span: &Span) {
        if let Some(same) = self.crashed.iter_mut().find(|it| it.call == span.call) {
            same.supply += 1;
            return;
        }
        let mut twins = self.none();
        for other in self.open.iter().filter(|other| other.call == span.call) {
            twins.insert(other.slot);
        }
        self.crashed.push(Crashed {
            call: span.call,
            supply: 1,
            wanted_until: span.wanted_until,
            twins,
        });
    }

    /// A span completes.
    pub(super) fn close(&mut self, number: u32, span: &Span) {
        self.open.retain(|open| open.number != number);
        let none = self.none();
        self.keepers.retain_mut(|(_, slots)| {
            slots.remove(span.slot);
            *slots != none
        });
        let open = self.open.iter_mut().map(|open| &mut open.twins);
        let crashed = self.crashed.iter_mut().map(|crashed| &mut crashed.twins);
        open.chain(crashed)
            .for_each(|twins| twins.remove(span.slot));
    }

    /// The open operations that can take effect in `state` and keep it. To let them do so at once
    /// costs nothing and can only help.
    pub(super) fn kept(&self, state: State) -> Option<&B> {
        self.keepers
            .iter()
            .find(|(kept, _)| *kept == state)
            .map(|(_, slots)| slots)
    }

    /// The open operations that are possible whatever the state is, and make one that nobody needs
    /// from `position` on: writes that are as good as overwritten.
    pub(super) fn overwritten(&self, position: u32) -> B {
        let mut slots = self.none();
        for open in &self.open {
            if open.sets_until.is_some_and(|until| until < position) {
                slots.insert(open.slot);
            }
        }
        slots
    }

    /// The states that open operations keep.
    pub(super) fn kept_states(&self) -> impl Iterator<Item = State> + '_ {
        self.keepers.iter().map(|(state, _)| *state)
    }

    /// All open operations that keep a state.
    pub(super) fn all_keepers(&self) -> B {
        let mut all = self.none();
        for (_, slots) in &self.keepers {
            all.insert_all(slots);
        }
        all
    }
}
