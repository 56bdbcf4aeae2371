use super::*;

fn about(drops: &str) -> About {
    let entries = [("--drops", drops), ("module", "3f")];
    About(
        entries
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
    )
}

fn goals() -> GoalTable {
    let lack = |id, goals, is_cut| Lack {
        id,
        goals: GoalSet::from_bits(goals),
        is_cut,
    };
    GoalTable {
        sighted: Sighted {
            seen: GoalSet::from_bits(1 << 31),
            is_untold: true,
        },
        judged: 3,
        tried: 2,
        lacks: vec![lack(0, 1, false), lack(2, u32::MAX, true)],
        edges: vec![(0, 300), (0, 301), (2, 0)],
    }
}

fn stopped() -> Kept {
    Kept {
        mode: Mode {
            reads_clock: true,
            by_replay: false,
        },
        at: At::Stopped(Stopped {
            hashes: vec![1, u128::MAX, 1 << 100, 7],
            met: vec![
                Met { from: 0, by: 0 },
                Met { from: 0, by: 300 },
                Met { from: 0, by: 301 },
                Met { from: 1, by: 0 },
            ],
            transitions: u64::MAX,
            tried: 2,
            next: 3,
            depth: 1,
            is_judged: true,
            sleeps: vec![vec![], vec![0, 200]],
            right: vec![5, 6],
            goals: goals(),
        }),
    }
}

fn written(kept: &Kept) -> Vec<u8> {
    let mut bytes = Vec::new();
    kept.write(&about("1"), &mut bytes).unwrap();
    bytes
}

#[test]
fn what_is_written_is_read() {
    let progress = Progress {
        states: 3,
        transitions: 2,
        depth: 1,
        frontier: 0,
    };
    let found = Found {
        path: vec![0, 5000, 1],
        names: vec!["lost-elements".to_owned(), String::new()],
        is_at_end: true,
        goal: None,
    };
    let of_goal = Found {
        goal: Some(LostGoal {
            place: 31,
            following: 1000,
            is_for_ever: true,
        }),
        ..found.clone()
    };
    let over = [
        At::Complete(progress, goals()),
        At::Depth(progress, GoalTable::default()),
        At::Failure(progress, found),
        At::Failure(progress, of_goal),
    ];
    let mode = Mode {
        reads_clock: false,
        by_replay: true,
    };
    let over = over.map(|at| Kept { mode, at });
    for kept in over.into_iter().chain([stopped()]) {
        let bytes = written(&kept);
        assert!(bytes.starts_with(KEPT_BEGINNING.as_bytes()));
        assert_eq!(Kept::read(&bytes, &about("1")), Ok(kept));
    }
}

#[test]
fn of_another_exploration_it_is_said_what_differs() {
    let bytes = written(&stopped());
    let error = Kept::read(&bytes, &about("0")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "this is of another exploration: --drops is 1 there and 0 here; use another file"
    );
    let other = About(
        ["a", "b", "c", "d", "e"]
            .map(|name| (name.to_owned(), String::new()))
            .into(),
    );
    let error = Kept::read(&bytes, &other).unwrap_err();
    assert_eq!(
        error.to_string(),
        "this is of another exploration: --drops is 1 there and not set here, a is not set there and empty here, \
         b is not set there and empty here, c is not set there and empty here, and 3 more differ; use another file"
    );
}

#[test]
fn every_byte_counts() {
    let bytes = written(&stopped());
    for end in 0..bytes.len() {
        let error = Kept::read(&bytes[..end], &about("1")).unwrap_err();
        let is_expected = match end {
            0..KEPT_LENGTH => error == KeptError::Other,
            _ => matches!(error, KeptError::Damaged(_)),
        };
        assert!(is_expected, "{end}: {error}");
    }
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        assert!(Kept::read(&changed, &about("1")).is_err(), "{place}");
    }
}

const KEPT_LENGTH: usize = KEPT_BEGINNING.len();

#[test]
fn numbers_that_fit_nothing_are_refused_whatever_the_hash_says() {
    let whole = stopped();
    let At::Stopped(right) = &whole.at else {
        panic!()
    };
    let wrong = [
        Stopped {
            tried: 5,
            sleeps: Vec::new(),
            ..right.clone()
        },
        Stopped {
            next: 1,
            ..right.clone()
        },
        Stopped {
            next: 5,
            ..right.clone()
        },
        Stopped {
            sleeps: vec![vec![]],
            ..right.clone()
        },
        Stopped {
            met: vec![
                Met { from: 0, by: 0 },
                Met { from: 0, by: 0 },
                Met { from: 2, by: 0 },
                Met { from: 2, by: 0 },
            ],
            ..right.clone()
        },
        Stopped {
            hashes: Vec::new(),
            met: Vec::new(),
            ..right.clone()
        },
    ];
    for stopped in wrong {
        let at = At::Stopped(stopped);
        let bytes = written(&Kept { at, ..whole });
        let read = Kept::read(&bytes, &about("1"));
        let damaged = KeptError::Damaged("it has numbers that fit nothing");
        assert_eq!(read, Err(damaged));
    }
}

#[test]
fn other_files_and_formats_are_not_taken_for_one() {
    for bytes in ["", "{}", "{\"format\":1}\n", "anything\nelse"] {
        let read = Kept::read(bytes.as_bytes(), &about("1"));
        assert_eq!(read, Err(KeptError::Other), "{bytes:?}");
    }
    let newer = b"{\"format\":\"host-explore 3\"}\n";
    let error = Kept::read(newer, &about("1")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "this is kept in the format \"host-explore 3\", and this program reads \"host-explore 2\"; begin anew with \
         another file"
    );
}
