//! An exploration that is stopped, kept as a file and resumed ends as one that was not stopped.

use host_check::Workload;
use host_explore::{
    About, Bounds, Budget, End, Exploration, Explored, Kept, KeptError, Operations, Progress, Spent,
};
use host_guest::{Guest, GuestError, GuestOptions, Interrupt, Start};

use crate::mutants::CASES;
use crate::{Subject, flood};

/// All that an exploration tells.
fn told(explored: &Explored) -> String {
    let end = match &explored.end {
        End::Failure(failing) => {
            let schedule = failing.schedule.write();
            format!("{:?} {schedule}", (&failing.names, &failing.story))
        }
        end => format!("{end:?}"),
    };
    format!("{:?} {:?} {end}", explored.progress, explored.mode)
}

fn exploration<'a>(subject: &'a Subject, bounds: &'a Bounds, budget: Budget) -> Exploration<'a> {
    Exploration {
        module: &subject.module,
        scenario: &subject.scenario,
        bounds,
        budget,
        seed: 1,
        operations: Operations::Drawn,
    }
}

fn states(states: usize) -> Budget {
    Budget {
        states,
        ..Budget::default()
    }
}

fn about(exploration: &Exploration<'_>) -> About {
    exploration.about("test", &[])
}

fn written(kept: &Kept, about: &About) -> Vec<u8> {
    let mut bytes = Vec::new();
    kept.write(about, &mut bytes).unwrap();
    bytes
}

/// What comes of an exploration that stops whenever it has met so many states more.
fn in_parts(subject: &Subject, bounds: &Bounds, more: usize) -> (Explored, usize) {
    let mut kept: Option<Kept> = None;
    let mut stops = 0;
    loop {
        let met = kept.as_ref().map_or(0, |kept| kept.progress().states);
        let exploration = exploration(subject, bounds, states(met + more));
        let (explored, now) = exploration.resume(kept, &mut |_| ()).unwrap();
        let now = now.expect("it came further");
        assert_eq!(now.progress(), explored.progress);
        if !matches!(explored.end, End::States) {
            assert!(now.is_over());
            return (explored, stops);
        }
        stops += 1;
        let about = about(&exploration);
        let read = Kept::read(&written(&now, &about), &about).unwrap();
        assert_eq!(read, now);
        kept = Some(read);
    }
}

fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build().expect("threads start").install(work)
}

#[track_caller]
fn is_same(subject: &Subject, bounds: &Bounds, steps: &[usize]) {
    let whole = exploration(subject, bounds, Budget::default());
    let whole = told(&whole.search(&mut |_| ()).unwrap());
    for threads in [1, 2] {
        for more in steps {
            let (parts, stops) = on_threads(threads, || in_parts(subject, bounds, *more));
            assert!(stops > 0, "{whole}");
            assert_eq!(told(&parts), whole, "{threads} threads, {more} states more");
        }
    }
}

#[test]
fn what_is_complete() {
    let bounds = Bounds {
        operations: 3,
        fires: 0,
        drops: 1,
        tries_ends: false,
        ..Bounds::default()
    };
    is_same(&flood(3), &bounds, &[400]);
}

#[test]
fn with_ends_timers_and_restarts() {
    let bounds = Bounds {
        operations: 2,
        fires: 2,
        kills: 1,
        ..Bounds::default()
    };
    let subject = Subject::of("broadcast", &["--strategy", "star"], Workload::Broadcast, 2);
    is_same(&subject, &bounds, &[500]);
}

#[test]
fn up_to_a_depth() {
    let bounds = Bounds {
        operations: 3,
        depth: Some(6),
        ..Bounds::default()
    };
    let subject = Subject::of("broadcast-retry", &[], Workload::Broadcast, 2);
    is_same(&subject, &bounds, &[20, 60]);
}

#[test]
fn with_delays_and_without_reductions() {
    let subject = Subject::of("broadcast-retry", &[], Workload::Broadcast, 2);
    let bounds = Bounds {
        operations: 3,
        fires: 2,
        delays: Some(1),
        ..Bounds::default()
    };
    is_same(&subject, &bounds, &[60]);
    let bounds = Bounds {
        operations: 2,
        fires: 1,
        reduces: false,
        ..Bounds::default()
    };
    is_same(&subject, &bounds, &[90]);
}

#[test]
fn a_program_by_replay() {
    let path = test_support::program("c-echo");
    let mut subject = flood(2);
    let wasm = std::fs::read(path).unwrap();
    let module = subject.sandbox.load_bytes(&wasm, &Default::default());
    subject.module = module.expect("it is a guest");
    subject.scenario.workload = Workload::Echo.into();
    subject.scenario.options.concurrency = 2;
    let bounds = Bounds {
        operations: 6,
        ..Bounds::default()
    };
    is_same(&subject, &bounds, &[2]);
}

#[test]
fn failures() {
    for case in &CASES {
        let subject = Subject::of(case.guest, case.args, Workload::Broadcast, 2);
        let bounds = Bounds {
            operations: 3,
            fires: 2,
            drops: case.drops,
            ..Bounds::default()
        };
        let whole = exploration(&subject, &bounds, Budget::default());
        let whole = whole.search(&mut |_| ()).unwrap();
        let (parts, _) = in_parts(&subject, &bounds, 10);
        assert_eq!(told(&parts), told(&whole), "{} {:?}", case.guest, case.args);
    }
}

/// A module whose guests are interrupted.
struct Interrupted<'m>(&'m dyn Start, Interrupt);

impl Start for Interrupted<'_> {
    fn start(&self, options: GuestOptions) -> Result<Box<dyn Guest + Send>, Box<GuestError>> {
        self.0.start(options)
    }

    fn interrupt(&self) -> Option<&Interrupt> {
        Some(&self.1)
    }
}

#[test]
fn after_interrupts_at_any_point() {
    let subject = Subject::of("broadcast-retry", &[], Workload::Broadcast, 2);
    let bounds = Bounds {
        operations: 3,
        fires: 2,
        ..Bounds::default()
    };
    let whole = exploration(&subject, &bounds, Budget::default());
    let whole = whole.search(&mut |_| ()).unwrap();
    for threads in [1, 2] {
        // Between two levels, in one, before and after its ends were judged.
        let mut kept = None;
        let mut interrupts = 0;
        let parts = loop {
            let (explored, now) = on_threads(threads, || interrupted(&subject, &bounds, &kept));
            if !matches!(explored.end, End::Interrupted) {
                break explored;
            }
            interrupts += 1;
            kept = now.or(kept);
        };
        assert!(interrupts > 5, "{interrupts}");
        assert_eq!(told(&parts), told(&whole));
    }
}

/// Interrupts an exploration when it shows for the third time how far it is.
fn interrupted(
    subject: &Subject,
    bounds: &Bounds,
    kept: &Option<Kept>,
) -> (Explored, Option<Kept>) {
    let interrupt = Interrupt::default();
    let module = Interrupted(&subject.module, interrupt.clone());
    let exploration = Exploration {
        module: &module,
        ..exploration(subject, bounds, Budget::default())
    };
    let mut shown = 0;
    let mut show = |_: Progress| {
        shown += 1;
        if shown == 3 {
            interrupt.request();
        }
    };
    exploration.resume(kept.clone(), &mut show).unwrap()
}

#[test]
fn after_its_memory_was_used_up() {
    let subject = flood(3);
    let bounds = Bounds {
        operations: 3,
        fires: 0,
        drops: 1,
        tries_ends: false,
        ..Bounds::default()
    };
    let whole = exploration(&subject, &bounds, Budget::default());
    let whole = whole.search(&mut |_| ()).unwrap();
    // Two instances of a guest have 17 pages each.
    let instances = 2 * 17 * (64 << 10);
    let budget = |bytes| Budget {
        bytes,
        ..Budget::default()
    };
    let little = exploration(&subject, &bounds, budget(instances + (200 << 10)));
    let (stopped, kept) = on_threads(1, || little.resume(None, &mut |_| ())).unwrap();
    assert!(
        matches!(stopped.end, End::Spent(Spent::Memory)),
        "{stopped:?}"
    );
    let kept = kept.unwrap();
    let states = [kept.progress().states, whole.progress.states];
    assert!(10 < states[0] && states[0] < states[1], "{states:?}");
    let enough = exploration(&subject, &bounds, budget(1 << 30));
    let (resumed, _) = enough.resume(Some(kept), &mut |_| ()).unwrap();
    assert_eq!(told(&resumed), told(&whole));
}

#[test]
fn what_is_over_is_not_begun_again() {
    let subject = flood(2);
    for drops in [0, 1] {
        let bounds = Bounds {
            drops,
            fires: 0,
            ..Bounds::default()
        };
        let exploration = exploration(&subject, &bounds, Budget::default());
        let (first, kept) = exploration.resume(None, &mut |_| ()).unwrap();
        let kept = kept.unwrap();
        assert!(kept.is_over());
        let mut shown = 0;
        let (again, now) = exploration.resume(Some(kept), &mut |_| shown += 1).unwrap();
        assert_eq!(now, None);
        assert_eq!(shown, 0);
        assert_eq!(told(&again), told(&first));
        assert_eq!(matches!(first.end, End::Failure(_)), drops == 1);
    }
}

#[test]
fn a_budget_that_is_no_larger_changes_nothing() {
    let (subject, bounds) = (flood(3), Bounds::default());
    let exploration = exploration(&subject, &bounds, states(100));
    let (first, kept) = exploration.resume(None, &mut |_| ()).unwrap();
    assert!(matches!(first.end, End::States));
    let (again, now) = exploration.resume(kept, &mut |_| ()).unwrap();
    assert_eq!(now, None);
    assert_eq!(told(&again), told(&first));
}

#[test]
fn another_exploration_is_refused() {
    let (subject, bounds) = (flood(2), Bounds::default());
    let this = exploration(&subject, &bounds, states(10));
    let (_, kept) = this.resume(None, &mut |_| ()).unwrap();
    let kept = kept.unwrap();
    let module = this.about("test", &[("the module", "3f")]);
    let bytes = written(&kept, &module);
    let refused = |about: &About| Kept::read(&bytes, about).unwrap_err().to_string();
    assert_eq!(
        refused(&this.about("test", &[("the module", "4e")])),
        "this is of another exploration: the module is 3f there and 4e here; use another file"
    );
    let mut other = bounds.clone();
    (other.fires, other.depth) = (2, Some(5));
    let other = exploration(&subject, &other, states(10));
    assert_eq!(
        refused(&other.about("test", &[("the module", "3f")])),
        "this is of another exploration: --depth is not set there and 5 here, --fires is 4 there and 2 here; use \
         another file"
    );
    let three = flood(3);
    let other = Exploration {
        seed: 2,
        ..exploration(&three, &bounds, states(10))
    };
    assert_eq!(
        refused(&other.about("test", &[("the module", "3f")])),
        "this is of another exploration: --node-count is 2 there and 3 here, --seed is 1 there and 2 here; use another \
         file"
    );
}

/// Nothing in the file says so, and the states do.
#[test]
fn states_of_another_program_are_refused() {
    let bounds = Bounds::default();
    let flood = flood(2);
    let (stopped, kept) = exploration(&flood, &bounds, states(5))
        .resume(None, &mut |_| ())
        .unwrap();
    assert!(matches!(stopped.end, End::States));
    let other = Subject::of("broadcast-retry", &[], Workload::Broadcast, 2);
    let resumed = exploration(&other, &bounds, states(1000)).resume(kept, &mut |_| ());
    assert_eq!(
        resumed.unwrap_err().to_string(),
        "the states that were kept are not those of this exploration"
    );
}

#[test]
fn a_file_that_is_not_whole_is_refused() {
    let (subject, bounds) = (flood(2), Bounds::default());
    let exploration = exploration(&subject, &bounds, states(100));
    let (_, kept) = exploration.resume(None, &mut |_| ()).unwrap();
    let about = about(&exploration);
    let bytes = written(&kept.unwrap(), &about);
    let read = |bytes: &[u8]| Kept::read(bytes, &about).unwrap_err();
    let cut = &bytes[..bytes.len() - 1];
    assert!(matches!(read(cut), KeptError::Damaged(_)));
    let mut changed = bytes.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(matches!(read(&changed), KeptError::Damaged(_)));
}
