//! The table of models. See [`Model`].

use super::Model::{self, *};
use crate::txn::anomaly::Anomaly::{
    self, Cycle, CycleExists, CyclicVersions, DuplicateElements, FutureRead, G1, G1a, Internal,
    LostUpdate, UnwrittenRead, WrongReply,
};
use crate::txn::anomaly::Class::{G0, G1c, G2, G2Item, GNonadjacent, GSingle};
use crate::txn::anomaly::Reach::{Data, Process, Realtime};

/// What is known of a model.
pub(super) struct Facts {
    pub(super) model: Model,
    /// The usual name first, then other names that are accepted. The last one is the canonical
    /// one.
    pub(super) names: &'static [&'static str],
    /// Models that hold where this one holds.
    pub(super) includes: &'static [Model],
    /// What this model forbids and those it includes do not.
    pub(super) forbids: &'static [Anomaly],
}

/// In the order of the enum.
pub(super) static FACTS: [Facts; 36] = [
    Facts {
        model: ReadUncommitted,
        names: &["read-uncommitted", "PL-1"],
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
    Facts {
        model: ReadCommitted,
        names: &["read-committed", "PL-2"],
        includes: &[ReadUncommitted],
        forbids: &[G1(Data), CycleExists(ReadCommitted)],
    },
    Facts {
        model: CursorStability,
        names: &["cursor-stability", "PL-CS"],
        includes: &[ReadCommitted],
        forbids: &[G1(Data), LostUpdate],
    },
    Facts {
        model: MonotonicView,
        names: &["monotonic-view", "PL-2L"],
        includes: &[ReadCommitted],
        forbids: &[G1(Data)],
    },
    Facts {
        model: MonotonicSnapshotRead,
        names: &["monotonic-snapshot-read", "PL-MSR"],
        includes: &[ReadCommitted],
        forbids: &[G1(Data)],
    },
    Facts {
        model: MonotonicAtomicView,
        names: &["monotonic-atomic-view"],
        includes: &[ReadCommitted],
        forbids: &[],
    },
    Facts {
        model: ConsistentView,
        names: &["consistent-view", "PL-2+"],
        includes: &[CursorStability, MonotonicView],
        forbids: &[G1(Data), Cycle(GSingle, Data)],
    },
    Facts {
        model: ForwardConsistentView,
        names: &["forward-consistent-view", "PL-FCV"],
        includes: &[ConsistentView],
        forbids: &[G1(Data)],
    },
    Facts {
        model: RepeatableRead,
        names: &["repeatable-read", "PL-2.99"],
        includes: &[CursorStability, MonotonicAtomicView],
        forbids: &[
            G1(Data),
            Cycle(G2Item, Data),
            CycleExists(RepeatableRead),
            LostUpdate,
        ],
    },
    Facts {
        model: UpdateSerializable,
        names: &["update-serializable", "PL-3U"],
        includes: &[ForwardConsistentView],
        forbids: &[G1(Data)],
    },
    Facts {
        model: ReadAtomic,
        names: &["read-atomic"],
        includes: &[MonotonicAtomicView],
        forbids: &[Internal, G1a, FutureRead],
    },
    Facts {
        model: UpdateAtomic,
        names: &["update-atomic"],
        includes: &[ReadAtomic],
        forbids: &[LostUpdate],
    },
    Facts {
        model: CausalCerone,
        names: &["causal-cerone"],
        includes: &[ReadAtomic],
        forbids: &[Internal, G1a],
    },
    Facts {
        model: Prefix,
        names: &["prefix"],
        includes: &[CausalCerone],
        forbids: &[Internal, G1a],
    },
    Facts {
        model: ParallelSnapshotIsolation,
        names: &["parallel-snapshot-isolation"],
        includes: &[CausalCerone, UpdateAtomic],
        forbids: &[Internal, G1a],
    },
    Facts {
        model: SnapshotIsolation,
        names: &["snapshot-isolation", "PL-SI"],
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
    Facts {
        model: Serializable,
        names: &["serializable", "conflict-serializable", "PL-3"],
        includes: &[
            RepeatableRead,
            UpdateSerializable,
            SnapshotIsolation,
            ViewSerializable,
        ],
        forbids: &[
            Internal,
            G1(Data),
            Cycle(G2, Data),
            CycleExists(Serializable),
        ],
    },
    Facts {
        model: ViewSerializable,
        names: &["view-serializable"],
        includes: &[],
        forbids: &[],
    },
    Facts {
        model: OneCopySerializable,
        names: &["1SR"],
        includes: &[],
        forbids: &[],
    },
    Facts {
        model: SessionSerializable,
        names: &["session-serializable"],
        includes: &[OneCopySerializable],
        forbids: &[],
    },
    Facts {
        model: StrongSessionReadUncommitted,
        names: &["strong-session-read-uncommitted", "strong-session-PL-1"],
        includes: &[ReadUncommitted],
        forbids: &[
            Cycle(G0, Process),
            CycleExists(StrongSessionReadUncommitted),
        ],
    },
    Facts {
        model: StrongSessionReadCommitted,
        names: &["strong-session-read-committed", "strong-session-PL-2"],
        includes: &[ReadCommitted, StrongSessionReadUncommitted],
        forbids: &[Cycle(G1c, Process), CycleExists(StrongSessionReadCommitted)],
    },
    Facts {
        model: StrongSessionSnapshotIsolation,
        names: &["strong-session-snapshot-isolation"],
        includes: &[SnapshotIsolation, StrongSessionReadCommitted],
        forbids: &[
            Internal,
            G1(Process),
            Cycle(GNonadjacent, Process),
            CycleExists(StrongSessionSnapshotIsolation),
        ],
    },
    Facts {
        model: StrongSessionSerializable,
        names: &["strong-session-serializable"],
        includes: &[Serializable, StrongSessionSnapshotIsolation],
        forbids: &[
            G1(Process),
            Cycle(G2, Process),
            CycleExists(StrongSessionSerializable),
        ],
    },
    Facts {
        model: StrongReadUncommitted,
        names: &["strong-read-uncommitted", "strong-PL-1"],
        includes: &[StrongSessionReadUncommitted],
        forbids: &[Cycle(G0, Realtime), CycleExists(StrongReadUncommitted)],
    },
    Facts {
        model: StrongReadCommitted,
        names: &["strong-read-committed", "strong-PL-2"],
        includes: &[StrongSessionReadCommitted, StrongReadUncommitted],
        forbids: &[Cycle(G1c, Realtime), CycleExists(StrongReadCommitted)],
    },
    Facts {
        model: StrongSnapshotIsolation,
        names: &["strong-snapshot-isolation"],
        includes: &[StrongSessionSnapshotIsolation, StrongReadCommitted],
        forbids: &[
            Internal,
            G1(Realtime),
            Cycle(GNonadjacent, Realtime),
            CycleExists(StrongSnapshotIsolation),
        ],
    },
    Facts {
        model: StrictSerializable,
        names: &["strict-serializable", "strong-serializable", "PL-SS"],
        includes: &[
            Serializable,
            Linearizable,
            SnapshotIsolation,
            StrongSnapshotIsolation,
            StrongSessionSerializable,
            SessionSerializable,
        ],
        forbids: &[
            G1(Data),
            Cycle(G1c, Realtime),
            Cycle(G2, Realtime),
            CycleExists(StrictSerializable),
        ],
    },
    Facts {
        model: Linearizable,
        names: &["linearizable"],
        includes: &[Sequential],
        forbids: &[],
    },
    Facts {
        model: Sequential,
        names: &["sequential"],
        includes: &[Causal],
        forbids: &[],
    },
    Facts {
        model: Causal,
        names: &["causal"],
        includes: &[WritesFollowReads, Pram],
        forbids: &[],
    },
    Facts {
        model: WritesFollowReads,
        names: &["writes-follow-reads"],
        includes: &[],
        forbids: &[],
    },
    Facts {
        model: Pram,
        names: &["PRAM"],
        includes: &[MonotonicReads, MonotonicWrites, ReadYourWrites],
        forbids: &[],
    },
    Facts {
        model: MonotonicReads,
        names: &["monotonic-reads"],
        includes: &[],
        forbids: &[],
    },
    Facts {
        model: MonotonicWrites,
        names: &["monotonic-writes"],
        includes: &[],
        forbids: &[],
    },
    Facts {
        model: ReadYourWrites,
        names: &["read-your-writes"],
        includes: &[],
        forbids: &[],
    },
];
