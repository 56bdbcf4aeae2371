//! Runs all checks and collects the errors that they find.

use crate::bounded::{LIST_MAX, bounded};
use crate::value::Value;

use super::cycles;
use super::error_type::ErrorType;
use super::errors::{
    Case, CycleCase, ErrorCollector, Errors, JumpCase, StepCase, UNSEEN_MAX, UnseenMessages,
};
use super::jumps::{Jump, Jumper};
use super::orders::Orders;
use super::readers::Readers;
use super::visibility;

/// What the logs themselves show: messages and offsets that are not one to one.
pub(super) fn add_orders(collector: &mut ErrorCollector<'_>, orders: &Orders) {
    let keys = visibility::keys_in_order(collector.operations);
    collector.list(
        ErrorType::Duplicate,
        keys.iter().flat_map(|&key| orders.several(key)).collect(),
        |(_, offsets)| i64::try_from(offsets.len()).unwrap_or(i64::MAX),
        |collector, (message, offsets)| Case::Duplicate {
            key: collector.key_of(*message),
            value: collector.value(*message),
            count: offsets.len(),
            offsets: offsets.iter().copied().take(LIST_MAX).collect(),
        },
    );
    let mut inconsistent = Vec::new();
    for key in keys {
        let slots = orders.log(key).iter().enumerate();
        let several = slots.filter(|(_, slot)| orders.members(slot).len() > 1);
        inconsistent.extend(several.map(|(index, slot)| (key, index, slot)));
    }
    collector.list(
        ErrorType::InconsistentOffsets,
        inconsistent,
        |(_, _, slot)| i64::try_from(orders.members(slot).len()).unwrap_or(i64::MAX),
        |collector, (key, index, slot)| {
            let mut values = collector.values(orders.members(slot).iter().copied());
            values.sort();
            Case::InconsistentOffset {
                key: collector.key(key),
                offset: slot.offset,
                index,
                values,
            }
        },
    );
}

/// Messages that were polled and should not have been, and the other way round.
pub(super) fn add_visibility(
    collector: &mut ErrorCollector<'_>,
    orders: &Orders,
    readers: &Readers,
) {
    let operations = collector.operations;
    let any_order = 0;
    collector.list(
        ErrorType::G1a,
        visibility::aborted(operations),
        |_| any_order,
        |collector, (message, reader)| {
            let writer = operations.message(message).writer.unwrap_or(reader);
            Case::Aborted {
                key: collector.key_of(message),
                value: collector.value(message),
                writer: collector.op(writer),
                reader: collector.op(reader),
            }
        },
    );
    collector.list(
        ErrorType::NoWriterOfValue,
        readers.unwritten(operations),
        |_| any_order,
        |collector, (message, reader)| Case::Unwritten {
            key: collector.key_of(message),
            value: collector.value(message),
            reader: collector.op(reader),
        },
    );
    collector.list(
        ErrorType::PrecommittedRead,
        visibility::precommitted(operations),
        |_| any_order,
        |collector, (message, operation)| Case::Precommitted {
            op: collector.op(operation),
            key: collector.key_of(message),
            value: collector.value(message),
        },
    );
    let keys = visibility::keys_in_order(operations);
    collector.list(
        ErrorType::LostWrite,
        visibility::lost(operations, orders, readers, &keys),
        |_| any_order,
        |collector, lost| {
            let writer = operations.message(lost.message).writer;
            Case::Lost {
                key: collector.key_of(lost.message),
                value: collector.value(lost.message),
                index: lost.index,
                max_read_index: lost.index_max_read,
                writer: collector.op(writer.expect("only what was sent is lost")),
                max_read: lost.max_read.map(|reader| collector.op(reader)),
            }
        },
    );
    if let Some(unseen) = visibility::unseen(operations, readers) {
        let by_key = bounded("unseen", unseen.by_key, &mut collector.left_out);
        let messages = by_key.iter().map(|(key, messages)| {
            let mut values: Vec<Value> = messages.iter().map(|&it| collector.value(it)).collect();
            values.sort();
            values.truncate(UNSEEN_MAX);
            (collector.key(*key), values)
        });
        let unseen = UnseenMessages {
            time: unseen.time_ns,
            unseen: by_key
                .iter()
                .map(|(key, messages)| (collector.key(*key), messages.len()))
                .collect(),
            messages: messages.collect(),
        };
        collector
            .errors
            .insert(ErrorType::Unseen, Errors::Unseen(unseen));
    }
}

/// Processes that do not go through a log from one message to the next.
pub(super) fn add_jumps(collector: &mut ErrorCollector<'_>, orders: &Orders) {
    let operations = collector.operations;
    let jumper = Jumper { operations, orders };
    let (within_polls, within_sends) = (jumper.within_polls(), jumper.within_sends());
    let between_polls = jumper.between_polls();
    let kinds = [
        (ErrorType::IntPollSkip, within_polls.skips),
        (ErrorType::IntNonmonotonicPoll, within_polls.backwards),
        (ErrorType::IntSendSkip, within_sends.skips),
        (ErrorType::IntNonmonotonicSend, within_sends.backwards),
        (ErrorType::PollSkip, between_polls.skips),
        (ErrorType::NonmonotonicPoll, between_polls.backwards),
        (ErrorType::NonmonotonicSend, jumper.between_sends()),
    ];
    for (error_type, jumps) in kinds {
        collector.list(
            error_type,
            jumps,
            |jump| jump.delta,
            |collector, jump| Case::Jump(jump_case(collector, orders, &jump)),
        );
    }
}

fn jump_case(collector: &ErrorCollector<'_>, orders: &Orders, jump: &Jump) -> JumpCase {
    let is_skip = jump.delta > 1;
    let ops = jump
        .before
        .map(|before| [collector.op(before), collector.op(jump.operation)]);
    let next = usize::try_from(jump.delta).map_or(jump.index, |delta| jump.index + delta);
    JumpCase {
        key: collector.key(jump.key),
        values: (!is_skip || ops.is_none())
            .then(|| [collector.value(jump.from), collector.value(jump.to)]),
        delta: jump.delta,
        skipped: is_skip.then(|| collector.values(orders.between(jump.key, jump.index, next))),
        op: ops.is_none().then(|| collector.op(jump.operation)),
        ops,
    }
}

/// Operations that cannot be put in order.
pub(super) fn add_cycles(collector: &mut ErrorCollector<'_>, readers: &Readers) {
    let operations = collector.operations;
    let (realtime, plain): (Vec<_>, Vec<_>) = cycles::cycles(operations, readers)
        .into_iter()
        .partition(cycles::Cycle::is_realtime);
    let kinds = [
        (
            plain,
            ErrorType::G1c,
            ErrorType::Pl2CycleExists,
            "read-committed",
        ),
        (
            realtime,
            ErrorType::G1cRealtime,
            ErrorType::StrongPl2CycleExists,
            "strong-read-committed",
        ),
    ];
    for (cycles, r#type, exists, not) in kinds {
        collector.list(
            exists,
            cycles.iter().collect(),
            |_| 0,
            |_, cycle: &cycles::Cycle| {
                let members = cycle.component.iter().take(LIST_MAX);
                let mut scc: Vec<u64> = members
                    .map(|&operation| operations.op(&operations.list[operation]).index)
                    .collect();
                scc.sort_unstable();
                Case::CycleExists {
                    r#type: exists,
                    not,
                    scc_size: cycle.component.len(),
                    scc,
                }
            },
        );
        collector.list(
            r#type,
            cycles,
            |cycle| i64::try_from(cycle.steps.len()).unwrap_or(i64::MAX),
            |collector, cycle| {
                let nodes = cycle.operations.iter().chain(cycle.operations.first());
                let step = |step: &cycles::Step| match *step {
                    cycles::Step::Sent(message) => StepCase::Wr {
                        key: collector.key_of(message),
                        value: collector.value(message),
                    },
                    cycles::Step::Realtime => StepCase::Realtime,
                };
                Case::Cycle(CycleCase {
                    r#type,
                    cycle: nodes.map(|&operation| collector.op(operation)).collect(),
                    steps: cycle.steps.iter().map(step).collect(),
                })
            },
        );
    }
}
