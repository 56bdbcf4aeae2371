//! Budgets: an exploration ends when one is used up, says which, and is the same each time.

use host_explore::{Bounds, Budget, End, Explored, Spent};

use crate::{flood, search_within};

fn bounds() -> Bounds {
    Bounds {
        operations: 3,
        fires: 0,
        ..Bounds::default()
    }
}

/// Explores three nodes on one thread.
fn within(budget: &Budget) -> Explored {
    let subject = flood(3);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
    let pool = pool.build().expect("a thread starts");
    pool.install(|| search_within(&subject, &bounds(), host_explore::Operations::Drawn, budget))
}

#[test]
fn fuel_that_is_used_up_ends_an_exploration_at_the_same_state_each_time() {
    let whole = within(&Budget::default());
    assert!(matches!(whole.end, End::Complete), "{:?}", whole.end);
    let budget = |fuel| Budget {
        fuel,
        ..Budget::default()
    };
    let [little, again, more] =
        [20_000_000, 20_000_000, 40_000_000].map(|fuel| within(&budget(fuel)));
    for explored in [&little, &again, &more] {
        assert!(
            matches!(explored.end, End::Spent(Spent::Fuel)),
            "{:?}",
            explored.end
        );
    }
    assert_eq!(little.progress, again.progress);
    let states = [&little, &more, &whole].map(|explored| explored.progress.states);
    assert!(states.is_sorted() && states[0] < states[2], "{states:?}");
}

#[test]
fn memory_that_is_used_up_ends_an_exploration() {
    let budget = |bytes| Budget {
        bytes,
        ..Budget::default()
    };
    // Two instances of a guest have 17 pages each.
    let instances = 2 * 17 * (64 << 10);
    let little = within(&budget(instances));
    assert!(
        matches!(little.end, End::Spent(Spent::Memory)),
        "{:?}",
        little.end
    );
    let enough = within(&budget(64 << 20));
    assert!(matches!(enough.end, End::Complete), "{:?}", enough.end);
}

#[test]
fn fuel_ends_a_guided_search_too() {
    let subject = flood(3);
    let bounds = bounds();
    let exploration = host_explore::Exploration {
        module: &subject.module,
        scenario: &subject.scenario,
        bounds: &bounds,
        budget: Budget {
            fuel: 20_000_000,
            ..Budget::default()
        },
        seed: 1,
        operations: host_explore::Operations::Drawn,
    };
    let guidance = host_explore::Guidance {
        runs: 100_000,
        ..host_explore::Guidance::default()
    };
    let guided = exploration.guide(guidance, &mut |_| ()).unwrap();
    assert!(
        matches!(guided.end, End::Spent(Spent::Fuel)),
        "{:?}",
        guided.end
    );
}
