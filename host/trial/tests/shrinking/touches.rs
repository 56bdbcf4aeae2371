//! Schedules with touches: those that do not matter are left out.

use host_check::workload::Workload;
use host_guest::Start;
use host_sim::{MessageRef, MoveKind, Script, Touch, TouchKind};
use host_trial::schedule::Schedule;
use host_trial::shrink::{Budget, shrink, size};
use host_trial::{Scenario, Trial};

use crate::moves::{add, message};
use crate::native::Native;
use crate::options;

/// After these entries at that time.
fn touch(at_ns: u64, after: u64, what: MoveKind) -> Touch {
    Touch {
        at_ns,
        after,
        what: TouchKind::Move(what),
    }
}

fn lose(message: MessageRef) -> MoveKind {
    MoveKind::Lose { message }
}

/// The first node is told to add 5, and the message that tells the other is lost; all else is well.
fn one_is_lost() -> Schedule {
    let touches = vec![
        touch(1_000_000, 0, add(5)),
        touch(1_000_000, 4, lose(message("n0", "n1", 1))),
        touch(2_000_000, 0, add(6)),
        touch(2_000_000, 4, lose(message("n1", "n0", 9))),
        Touch {
            at_ns: 3_000_000,
            after: 0,
            what: TouchKind::Pause { node: 1 },
        },
        touch(4_000_000, 0, add(7)),
    ];
    let script = Script {
        touches,
        ..Script::default()
    };
    let scenario = Scenario::with(Workload::GSet, options(2, 0.0, 1));
    let module: &dyn Start = &Native::Tells;
    Schedule::of(&Trial::of(module, scenario), 1, script)
}

#[test]
fn only_the_touches_that_lose_an_element_are_left() {
    let schedule = one_is_lost();
    let whole = "2 nodes, 4 clients, 3 operations and 3 faults in 1 s";
    assert_eq!(size(&schedule), whole);
    let report = schedule.play(&Native::Tells, None, Vec::new());
    let skipped =
        "touches[3] was not possible and was skipped: message 9 from n1 to n0 is not on its way";
    assert_eq!(report.warnings(), [skipped]);
    let shrunk = shrink(schedule, report, &Native::Tells, None, Budget::default()).unwrap();
    assert_eq!(shrunk.anomaly.to_string(), "lost-elements");
    assert_eq!(
        shrunk.size(),
        "2 nodes, 2 clients, 1 operation and 1 fault in 1 s"
    );
    let expected = [
        touch(1_000_000, 0, add(5)),
        touch(1_000_000, 4, lose(message("n0", "n1", 1))),
    ];
    assert_eq!(shrunk.schedule.script.touches, expected);
    let again = Schedule::read(shrunk.schedule.write().as_bytes()).unwrap();
    let replayed = again.play(&Native::Tells, None, Vec::new());
    assert_eq!(replayed.anomalies(), [shrunk.anomaly]);
    assert!(replayed.warnings().is_empty());
}
