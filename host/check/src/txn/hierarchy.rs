//! Which weaker models each consistency model includes, and which anomalies it forbids. The table
//! is that of `elle.consistency-model` (0.2.2), whose sources are Adya, Bailis, Bernstein, Cerone,
//! Daudjee and others. Anomalies that no checker here can find are left out of it, and so are models
//! that forbid nothing else.

use super::anomaly::Anomaly::{
    self, Cycle, CycleExists, CyclicVersions, DuplicateElements, FutureRead, G1, G1a, Internal,
    LostUpdate, UnwrittenRead, WrongReply,
};
use super::anomaly::Class::{G0, G1c, G2, G2Item, GNonadjacent, GSingle};
use super::anomaly::Reach::{Data, Process, Realtime};
use super::model::Model::{self, *};

impl Model {
    /// The models that hold wherever this one does, by direct inclusion.
    pub(super) fn includes(self) -> &'static [Self] {
        self.rules().includes
    }

    /// What this model forbids and those it includes do not.
    pub(super) fn forbids(self) -> &'static [Anomaly] {
        self.rules().forbids
    }

    fn rules(self) -> &'static Rules {
        let rules = &RULES[self as usize];
        debug_assert_eq!(rules.model, self, "RULES is in the order of the enum");
        rules
    }
}

/// What a model asks for.
struct Rules {
    model: Model,
    /// Models that hold where this one holds.
    includes: &'static [Model],
    /// What this model forbids and those it includes do not.
    forbids: &'static [Anomaly],
}

/// In the order of the enum.
static RULES: [Rules; 25] = [
    Rules {
        model: ReadUncommitted,
        includes: &[],
        // A history with unwritten values or answers to other questions is none in Adya's sense,
        // as little as one with duplicate elements.
        forbids: &[
            Cycle(G0, Data),
            DuplicateElements,
            CyclicVersions,
            UnwrittenRead,
            WrongReply,
            CycleExists(ReadUncommitted),
        ],
    },
    Rules {
        model: ReadCommitted,
        includes: &[ReadUncommitted],
        forbids: &[G1(Data), CycleExists(ReadCommitted)],
    },
    Rules {
        model: CursorStability,
        includes: &[ReadCommitted],
        forbids: &[G1(Data), LostUpdate],
    },
    Rules {
        model: MonotonicView,
        includes: &[ReadCommitted],
        forbids: &[G1(Data)],
    },
    Rules {
        model: MonotonicSnapshotRead,
        includes: &[ReadCommitted],
        forbids: &[G1(Data)],
    },
    Rules {
        model: MonotonicAtomicView,
        includes: &[ReadCommitted],
        forbids: &[],
    },
    Rules {
        model: ConsistentView,
        includes: &[CursorStability, MonotonicView],
        forbids: &[G1(Data), Cycle(GSingle, Data)],
    },
    Rules {
        model: ForwardConsistentView,
        includes: &[ConsistentView],
        forbids: &[G1(Data)],
    },
    Rules {
        model: RepeatableRead,
        includes: &[CursorStability, MonotonicAtomicView],
        forbids: &[
            G1(Data),
            Cycle(G2Item, Data),
            CycleExists(RepeatableRead),
            LostUpdate,
        ],
    },
    Rules {
        model: UpdateSerializable,
        includes: &[ForwardConsistentView],
        forbids: &[G1(Data)],
    },
    Rules {
        model: ReadAtomic,
        includes: &[MonotonicAtomicView],
        forbids: &[Internal, G1a, FutureRead],
    },
    Rules {
        model: UpdateAtomic,
        includes: &[ReadAtomic],
        forbids: &[LostUpdate],
    },
    Rules {
        model: CausalCerone,
        includes: &[ReadAtomic],
        forbids: &[Internal, G1a],
    },
    Rules {
        model: Prefix,
        includes: &[CausalCerone],
        forbids: &[Internal, G1a],
    },
    Rules {
        model: ParallelSnapshotIsolation,
        includes: &[CausalCerone, UpdateAtomic],
        forbids: &[Internal, G1a],
    },
    Rules {
        model: SnapshotIsolation,
        includes: &[
            ForwardConsistentView,
            MonotonicAtomicView,
            MonotonicSnapshotRead,
            ParallelSnapshotIsolation,
            Prefix,
        ],
        forbids: &[
            Internal,
            G1(Data),
            Cycle(GNonadjacent, Data),
            CycleExists(SnapshotIsolation),
        ],
    },
    Rules {
        model: Serializable,
        includes: &[RepeatableRead, UpdateSerializable, SnapshotIsolation],
        forbids: &[
            Internal,
            G1(Data),
            Cycle(G2, Data),
            CycleExists(Serializable),
        ],
    },
    Rules {
        model: StrongSessionReadUncommitted,
        includes: &[ReadUncommitted],
        forbids: &[
            Cycle(G0, Process),
            CycleExists(StrongSessionReadUncommitted),
        ],
    },
    Rules {
        model: StrongSessionReadCommitted,
        includes: &[ReadCommitted, StrongSessionReadUncommitted],
        forbids: &[Cycle(G1c, Process), CycleExists(StrongSessionReadCommitted)],
    },
    Rules {
        model: StrongSessionSnapshotIsolation,
        includes: &[SnapshotIsolation, StrongSessionReadCommitted],
        forbids: &[
            Internal,
            G1(Process),
            Cycle(GNonadjacent, Process),
            CycleExists(StrongSessionSnapshotIsolation),
        ],
    },
    Rules {
        model: StrongSessionSerializable,
        includes: &[Serializable, StrongSessionSnapshotIsolation],
        forbids: &[
            G1(Process),
            Cycle(G2, Process),
            CycleExists(StrongSessionSerializable),
        ],
    },
    Rules {
        model: StrongReadUncommitted,
        includes: &[StrongSessionReadUncommitted],
        forbids: &[Cycle(G0, Realtime), CycleExists(StrongReadUncommitted)],
    },
    Rules {
        model: StrongReadCommitted,
        includes: &[StrongSessionReadCommitted, StrongReadUncommitted],
        forbids: &[Cycle(G1c, Realtime), CycleExists(StrongReadCommitted)],
    },
    Rules {
        model: StrongSnapshotIsolation,
        includes: &[StrongSessionSnapshotIsolation, StrongReadCommitted],
        forbids: &[
            Internal,
            G1(Realtime),
            Cycle(GNonadjacent, Realtime),
            CycleExists(StrongSnapshotIsolation),
        ],
    },
    Rules {
        model: StrictSerializable,
        includes: &[
            Serializable,
            SnapshotIsolation,
            StrongSnapshotIsolation,
            StrongSessionSerializable,
        ],
        forbids: &[
            G1(Data),
            Cycle(G1c, Realtime),
            Cycle(G2, Realtime),
            CycleExists(StrictSerializable),
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_in_the_order_of_the_models() {
        let models: Vec<Model> = RULES.iter().map(|rules| rules.model).collect();
        assert_eq!(models, Model::ALL);
    }
}
