//! All errors, from what finds them to the report.

use crate::bounded::{LIST_MAX, bounded};
use crate::value::Value;

use super::cycles;
use super::error_type::ErrorType;
use super::jumps::{Jump, Jumper};
use super::orders::Orders;
use super::readers::Readers;
use super::report::{
    Case, CycleCase, Errors, JumpCase, Report, StepCase, UNSEEN_MAX, UnseenMessages,
};
use super::visibility;

/// What the logs themselves show: messages and offsets that are not one to one.
pub(super) fn add_orders(report: &mut Report<'_>, orders: &Orders) {
    let keys = visibility::keys_in_order(report.events);
    report.list(
        ErrorType::Duplicate,
        keys.iter().flat_map(|&key| orders.several(key)).collect(),
        |(_, offsets)| i64::try_from(offsets.len()).unwrap_or(i64::MAX),
        |report, (message, offsets)| Case::Duplicate {
            key: report.key_of(*message),
            value: report.value(*message),
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
    report.list(
        ErrorType::InconsistentOffsets,
        inconsistent,
        |(_, _, slot)| i64::try_from(orders.members(slot).len()).unwrap_or(i64::MAX),
        |report, (key, index, slot)| {
            let mut values = report.values(orders.members(slot).iter().copied());
            values.sort();
            Case::InconsistentOffset {
                key: report.key(key),
                offset: slot.offset,
                index,
                values,
            }
        },
    );
}

/// Messages that were polled and should not have been, and the other way round.
pub(super) fn add_visibility(report: &mut Report<'_>, orders: &Orders, readers: &Readers) {
    let events = report.events;
    let any_order = 0;
    report.list(
        ErrorType::G1a,
        visibility::aborted(events),
        |_| any_order,
        |report, (message, reader)| {
            let writer = events.message(message).writer.unwrap_or(reader);
            Case::Aborted {
                key: report.key_of(message),
                value: report.value(message),
                writer: report.op(writer),
                reader: report.op(reader),
            }
        },
    );
    report.list(
        ErrorType::NoWriterOfValue,
        readers.unwritten(events),
        |_| any_order,
        |report, (message, reader)| Case::Unwritten {
            key: report.key_of(message),
            value: report.value(message),
            reader: report.op(reader),
        },
    );
    report.list(
        ErrorType::PrecommittedRead,
        visibility::precommitted(events),
        |_| any_order,
        |report, (message, event)| Case::Precommitted {
            op: report.op(event),
            key: report.key_of(message),
            value: report.value(message),
        },
    );
    let keys = visibility::keys_in_order(events);
    report.list(
        ErrorType::LostWrite,
        visibility::lost(events, orders, readers, &keys),
        |_| any_order,
        |report, lost| {
            let writer = events.message(lost.message).writer;
            Case::Lost {
                key: report.key_of(lost.message),
                value: report.value(lost.message),
                index: lost.index,
                max_read_index: lost.index_max_read,
                writer: report.op(writer.expect("only what was sent is lost")),
                max_read: lost.max_read.map(|reader| report.op(reader)),
            }
        },
    );
    if let Some(unseen) = visibility::unseen(events, readers) {
        let by_key = bounded("unseen", unseen.by_key, &mut report.left_out);
        let messages = by_key.iter().map(|(key, messages)| {
            let mut values: Vec<Value> = messages.iter().map(|&it| report.value(it)).collect();
            values.sort();
            values.truncate(UNSEEN_MAX);
            (report.key(*key), values)
        });
        let unseen = UnseenMessages {
            time: unseen.time_ns,
            unseen: by_key
                .iter()
                .map(|(key, messages)| (report.key(*key), messages.len()))
                .collect(),
            messages: messages.collect(),
        };
        report
            .errors
            .insert(ErrorType::Unseen, Errors::Unseen(unseen));
    }
}

/// Processes that do not go through a log from one message to the next.
pub(super) fn add_jumps(report: &mut Report<'_>, orders: &Orders) {
    let events = report.events;
    let jumper = Jumper { events, orders };
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
        report.list(
            error_type,
            jumps,
            |jump| jump.delta,
            |report, jump| Case::Jump(jump_case(report, orders, &jump)),
        );
    }
}

fn jump_case(report: &Report<'_>, orders: &Orders, jump: &Jump) -> JumpCase {
    let is_skip = jump.delta > 1;
    let ops = jump
        .before
        .map(|before| [report.op(before), report.op(jump.event)]);
    let next = usize::try_from(jump.delta).map_or(jump.index, |delta| jump.index + delta);
    JumpCase {
        key: report.key(jump.key),
        values: (!is_skip || ops.is_none())
            .then(|| [report.value(jump.from), report.value(jump.to)]),
        delta: jump.delta,
        skipped: is_skip.then(|| report.values(orders.between(jump.key, jump.index, next))),
        op: ops.is_none().then(|| report.op(jump.event)),
        ops,
    }
}

/// Operations that cannot be put in order.
pub(super) fn add_cycles(report: &mut Report<'_>, readers: &Readers) {
    let events = report.events;
    let (realtime, plain): (Vec<_>, Vec<_>) = cycles::cycles(events, readers)
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
        report.list(
            exists,
            cycles.iter().collect(),
            |_| 0,
            |_, cycle: &cycles::Cycle| {
                let members = cycle.component.iter().take(LIST_MAX);
                let mut scc: Vec<u64> = members
                    .map(|&event| events.op(&events.list[event]).index)
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
        report.list(
            r#type,
            cycles,
            |cycle| i64::try_from(cycle.steps.len()).unwrap_or(i64::MAX),
            |report, cycle| {
                let nodes = cycle.events.iter().chain(cycle.events.first());
                let step = |step: &cycles::Step| match *step {
                    cycles::Step::Sent(message) => StepCase::Wr {
                        key: report.key_of(message),
                        value: report.value(message),
                    },
                    cycles::Step::Realtime => StepCase::Realtime,
                };
                Case::Cycle(CycleCase {
                    r#type,
                    cycle: nodes.map(|&event| report.op(event)).collect(),
                    steps: cycle.steps.iter().map(step).collect(),
                })
            },
        );
    }
}
