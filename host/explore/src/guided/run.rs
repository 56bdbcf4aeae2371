//! One run: from a state to one in which nothing is possible, and its end.

use host_sim::random::Stream;

use super::agenda::{Agenda, Kind};
use super::cuts::bit;
use super::schedulers::{Scheduler, View};
use super::shape::Shape;
use crate::ends::Ends;
use crate::hash::Hash;
use crate::model::{Model, Sink};
use crate::moves::Move;
use crate::state::State;
use crate::wrong::Wrong;

/// The most moves of a run: nodes that answer each other without end have as many.
const MOVES_MAX: u64 = 1 << 16;

/// What is wrong with a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// What is wrong, by name.
    pub(crate) names: Vec<String>,
    /// Whether it shows only when the state is brought to its end.
    pub(crate) is_at_end: bool,
}

/// A state that a run has come to.
#[derive(Debug, Clone)]
pub(crate) struct Reached {
    pub(crate) shape: Shape,
    pub(crate) state: State,
    /// When each message in flight was sent.
    pub(crate) births: Vec<(u32, u64)>,
    /// The moves that lead to it.
    pub(crate) moves: Vec<Move>,
}

impl Reached {
    /// What it takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.state.bytes()
            + size_of_val(self.births.as_slice())
            + size_of_val(self.moves.as_slice())
    }
}

/// A run that goes on.
pub(crate) struct Run<'m, 'a> {
    model: &'m Model<'a>,
    pub(crate) state: State,
    /// What was done.
    pub(crate) moves: Vec<Move>,
    /// When each message in flight was sent, in moves; in the order of the state's messages.
    births: Vec<(u32, u64)>,
    /// What may happen by itself, in the order of the model.
    possible: Vec<Move>,
    /// Whether it may go on.
    goes_on: bool,
    /// After how many moves there were which clients.
    clients: Vec<(usize, u32)>,
    sink: Sink,
    fault: Option<Fault>,
}

impl<'m, 'a> Run<'m, 'a> {
    /// One that begins in a state.
    pub(crate) fn begin(model: &'m Model<'a>, state: State) -> Self {
        let births = state.messages.iter().map(|message| (*message, 0)).collect();
        Run::resume(
            model,
            Reached {
                shape: 0,
                state,
                births,
                moves: Vec::new(),
            },
        )
    }

    /// One that goes on where another was.
    pub(crate) fn resume(model: &'m Model<'a>, reached: Reached) -> Self {
        let mut run = Run {
            model,
            state: reached.state,
            moves: reached.moves,
            births: reached.births,
            possible: Vec::new(),
            goes_on: true,
            clients: Vec::new(),
            sink: Sink::default(),
            fault: None,
        };
        run.look();
        run
    }

    /// What may happen by itself.
    pub(crate) fn possible(&self) -> &[Move] {
        &self.possible
    }

    /// One of the moves of a kind that are possible, each as likely as any other.
    fn any_of(&self, kind: Kind, stream: &mut Stream) -> Option<Move> {
        if kind == Kind::Invoke {
            return self.any_invoke(stream);
        }
        let mut moves = Vec::new();
        if self.goes_on {
            self.of_kind(kind, &mut moves);
        }
        (!moves.is_empty()).then(|| stream.pick(&moves))
    }

    /// To look whether an operation may begin takes a step of its node, so no more workers are looked at than it takes.
    fn any_invoke(&self, stream: &mut Stream) -> Option<Move> {
        let workers = self.model.clients.get(self.state.clients).workers();
        let mut workers: Vec<u16> = (0..workers).collect();
        while self.goes_on && !workers.is_empty() {
            let worker = workers.swap_remove(stream.index(workers.len()));
            if self.model.may_invoke(&self.state, worker) {
                return Some(Move::Invoke(worker));
            }
        }
        None
    }

    /// The nodes at which an operation may begin: a bit for each.
    fn takers(&self) -> u64 {
        let clients = &self.model.clients;
        let mut takers = 0;
        for worker in 0..clients.get(self.state.clients).workers() {
            let node = bit(clients.node_of(worker));
            if takers & node == 0 && self.model.may_invoke(&self.state, worker) {
                takers |= node;
            }
        }
        takers
    }

    /// What is possible of a kind that does not happen by itself.
    fn of_kind(&self, kind: Kind, moves: &mut Vec<Move>) {
        match kind {
            Kind::Lose | Kind::Copy => self.model.losses(&self.state, moves),
            _ => self.model.faults(&self.state, moves),
        }
        moves.retain(|it| Kind::of(*it) == Some(kind));
    }

    /// Whether a move is possible.
    pub(crate) fn may_make(&self, it: Move) -> bool {
        let mut moves = Vec::new();
        match (it, Kind::of(it)) {
            _ if !self.goes_on => false,
            (Move::Invoke(worker), _) => self.model.may_invoke(&self.state, worker),
            (_, Some(kind)) => {
                self.of_kind(kind, &mut moves);
                moves.contains(&it)
            }
            (_, None) => self.possible.contains(&it),
        }
    }

    /// When a message in flight was sent, in moves.
    pub(crate) fn births(&self) -> &[(u32, u64)] {
        &self.births
    }

    /// What is wrong, if something is.
    pub(crate) fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    fn look(&mut self) {
        let most = self.model.bounds.depth.map_or(MOVES_MAX, u64::from);
        self.possible.clear();
        self.goes_on = (self.moves.len() as u64) < most.min(MOVES_MAX);
        if self.goes_on {
            self.model.by_itself(&self.state, &mut self.possible);
        }
    }

    /// Makes a move that is possible. Returns a hash of the state that it leads to; none if something is wrong in it.
    ///
    /// # Errors
    /// If it is not the guest that is wrong.
    pub(crate) fn make(&mut self, it: Move) -> Result<Option<Hash>, Wrong> {
        self.moves.push(it);
        self.sink.sent.clear();
        let before = self.state.clients;
        match self.model.apply(&self.state, it, &mut self.sink) {
            Ok(state) => self.state = state,
            Err(wrong) if wrong.is_no_failure() => return Err(wrong),
            Err(wrong) => {
                self.fail(vec![wrong.name()], false);
                return Ok(None);
            }
        }
        if self.state.clients != before {
            self.clients.push((self.moves.len(), self.state.clients));
        }
        self.note_births();
        self.look();
        Ok(Some(self.model.hash(&self.state)))
    }

    /// Judges what clients got. If something is wrong, the run ends where it was wrong first.
    pub(crate) fn judge_clients(&mut self) {
        let table = &self.model.clients;
        let wrong = |clients: u32| table.wrong_so_far(table.get(clients));
        if self
            .clients
            .last()
            .is_none_or(|(_, clients)| wrong(*clients).is_empty())
        {
            return;
        }
        // What is wrong for good stays wrong.
        let first = self
            .clients
            .partition_point(|(_, clients)| wrong(*clients).is_empty());
        if let Some((moves, clients)) = self.clients.get(first).copied() {
            self.moves.truncate(moves);
            self.fail(wrong(clients), false);
        }
    }

    fn fail(&mut self, names: Vec<String>, is_at_end: bool) {
        self.fault = Some(Fault { names, is_at_end });
        self.possible.clear();
        self.goes_on = false;
    }

    /// What is in flight since this move was sent in it. Both lists have the order of hashes.
    fn note_births(&mut self) {
        let now = self.moves.len() as u64;
        let hash = |message: u32| self.model.messages.hash(message);
        let mut old = self.births.iter().peekable();
        let births = self.state.messages.iter().map(|message| {
            while old.next_if(|(it, _)| hash(*it) < hash(*message)).is_some() {}
            match old.next_if(|(it, _)| it == message) {
                Some(same) => *same,
                None => (*message, now),
            }
        });
        self.births = births.collect();
    }

    /// What a scheduler sees of it after so many moves.
    fn view(&self, now: u64) -> View<'_, 'a> {
        View {
            model: self.model,
            now,
            births: &self.births,
        }
    }

    /// Goes on until nothing is possible, or `meet`, which is told of each state and its hash, says that it is enough. Then
    /// what clients got is judged.
    pub(crate) fn finish(
        &mut self,
        agenda: &mut Agenda,
        scheduler: &mut dyn Scheduler,
        stream: &mut Stream,
        meet: &mut dyn FnMut(&Self, Hash) -> bool,
    ) -> Result<(), Wrong> {
        self.go_on(agenda, scheduler, stream, meet)?;
        self.judge_clients();
        Ok(())
    }

    fn go_on(
        &mut self,
        agenda: &mut Agenda,
        scheduler: &mut dyn Scheduler,
        stream: &mut Stream,
        meet: &mut dyn FnMut(&Self, Hash) -> bool,
    ) -> Result<(), Wrong> {
        loop {
            let now = self.moves.len() as u64;
            let nothing_else = self.possible.is_empty();
            let view = self.view(now);
            let any_of = |kind: Kind, stream: &mut Stream| self.any_of(kind, stream);
            let takers = || self.takers();
            let invoked = match scheduler.invokes(&view, &self.possible, &takers, stream) {
                true => agenda.invoke(&any_of, stream),
                false => None,
            };
            let may = |kind: Kind| scheduler.may(kind, &view, &self.possible);
            let due = invoked.or_else(|| agenda.take(now, &any_of, &may, nothing_else, stream));
            let it = match due {
                Some(it) => it,
                None if nothing_else => return Ok(()),
                None => self.possible[scheduler.choose(&view, &self.possible, stream)],
            };
            if let Some(hash) = self.make(it)?
                && !meet(self, hash)
            {
                return Ok(());
            }
            agenda.done(now, it, stream);
            if let Move::Invoke(worker) = it {
                let node = u8::try_from(self.model.clients.node_of(worker)).unwrap_or(u8::MAX);
                scheduler.begun(&self.view(now), node, stream);
            }
        }
    }

    /// Judges the end of its last state, unless it has failed already.
    pub(crate) fn judge(&mut self, ends: &Ends) -> Result<(), Wrong> {
        if self.fault.is_some() || !self.model.bounds.tries_ends {
            return Ok(());
        }
        let names = match ends.judge(self.model, &self.state) {
            Ok(names) => names,
            Err(wrong) if wrong.is_no_failure() => return Err(wrong),
            Err(wrong) => vec![wrong.name()],
        };
        if !names.is_empty() {
            self.fail(names, true);
        }
        Ok(())
    }
}
