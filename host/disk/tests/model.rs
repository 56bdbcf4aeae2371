//! The disk against a simple model of it: lists of bytes, and all ways in which a crash may leave
//! them, by brute force.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use host_disk::disk::DiskError;
use host_disk::{Disk, DiskLimits, Scope, Survival};
use host_protocol::disk::{Change, SyncFailure};

type Files = BTreeMap<String, Vec<u8>>;

const LIMITS: DiskLimits = DiskLimits {
    bytes: 1000,
    files: 3,
};

fn write(file: &'static str, at: u64, data: &'static [u8]) -> Change<'static> {
    Change::Write {
        file: file.into(),
        at,
        data: data.into(),
    }
}

fn append(file: &'static str, data: &'static [u8]) -> Change<'static> {
    Change::Append {
        file: file.into(),
        data: data.into(),
    }
}

fn put(file: &'static str, data: &'static [u8]) -> Change<'static> {
    Change::Put {
        file: file.into(),
        data: data.into(),
    }
}

fn truncate(file: &'static str, len: u64) -> Change<'static> {
    Change::Truncate {
        file: file.into(),
        len,
    }
}

fn rename(from: &'static str, to: &'static str) -> Change<'static> {
    Change::Rename {
        from: from.into(),
        to: to.into(),
    }
}

fn remove(file: &'static str) -> Change<'static> {
    Change::Remove { file: file.into() }
}

/// What a change does to files, as docs/abi.md says it.
fn apply(files: &mut Files, change: &Change<'_>) {
    let file = |file: &Cow<'_, str>| file.to_string();
    match change {
        Change::Write { file: f, at, data } => {
            let bytes = files.entry(file(f)).or_default();
            let at = usize::try_from(*at).unwrap();
            if !data.is_empty() {
                bytes.resize(bytes.len().max(at + data.len()), 0);
                bytes[at..at + data.len()].copy_from_slice(data);
            }
        }
        Change::Append { file: f, data } => files.entry(file(f)).or_default().extend(data.iter()),
        Change::Put { file: f, data } => {
            files.insert(file(f), data.to_vec());
        }
        Change::Truncate { file: f, len } => {
            let len = usize::try_from(*len).unwrap();
            files.entry(file(f)).or_default().resize(len, 0);
        }
        Change::Rename { from, to } => {
            let bytes = files.remove(&file(from)).unwrap();
            files.insert(file(to), bytes);
        }
        Change::Remove { file: f } => {
            files.remove(&file(f));
        }
    }
}

fn visible(disk: &Disk) -> Files {
    disk.files()
        .map(|(name, bytes)| (name.to_owned(), bytes))
        .collect()
}

fn durable(disk: &Disk) -> Files {
    let files = disk.durable_files();
    files
        .map(|(name, bytes)| (name.to_owned(), bytes))
        .collect()
}

fn files(list: &[(&str, &[u8])]) -> Files {
    let files = list
        .iter()
        .map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()));
    files.collect()
}

fn disk(changes: &[Change<'_>]) -> Disk {
    let mut disk = Disk::new(LIMITS);
    disk.check(changes.iter()).unwrap();
    changes.iter().for_each(|change| disk.apply(change));
    disk
}

/// Numbers that look random, from a linear congruential generator.
fn numbers(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state: u64 = seed;
    move |below| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    }
}

#[test]
fn what_is_written_is_visible_and_durable_after_a_sync() {
    const NAMES: [&str; 3] = ["a", "b", "c"];
    for seed in 0..400 {
        let mut number = numbers(seed);
        let (mut disk, mut expected) = (Disk::new(LIMITS), Files::new());
        let mut synced = Files::new();
        for _ in 0..30 {
            let file = NAMES[number(3)];
            let change = match number(8) {
                0 | 1 => append(file, &b"abcdefgh"[..number(8)]),
                2 => write(file, number(20) as u64, &b"12345678"[..number(8)]),
                3 => put(file, &b"ABCDEFGH"[..number(8)]),
                4 => truncate(file, number(20) as u64),
                5 if expected.contains_key(file) => rename(file, NAMES[number(3)]),
                6 => remove(file),
                _ => {
                    assert_eq!(disk.sync(&Scope::All), Ok(()));
                    synced.clone_from(&expected);
                    assert!(disk.is_durable());
                    continue;
                }
            };
            disk.check(std::iter::once(&change)).unwrap();
            disk.apply(&change);
            apply(&mut expected, &change);
            assert_eq!(visible(&disk), expected);
            assert_eq!(durable(&disk), synced);
        }
        disk.lose_power(Survival::None);
        assert_eq!((visible(&disk), durable(&disk)), (synced.clone(), synced));
    }
}

#[test]
fn a_power_loss_leaves_any_of_what_the_rules_allow_and_nothing_else() {
    // Two names in order, two writes of which one may be torn: all that may be left.
    let changes = [
        put("vote", b"2"),
        append("log", b"xyz"), // makes the file too
        write("log", 5, b"w"),
    ];
    let before = [put("vote", b"1")];
    let mut allowed = BTreeSet::new();
    for names in 0..=2 {
        let vote: &[u8] = if names == 0 { b"1" } else { b"2" };
        if names < 2 {
            allowed.insert(files(&[("vote", vote)])); // no file that could have bytes
            continue;
        }
        for first in [&b""[..], b"x", b"xy", b"xyz"] {
            allowed.insert(files(&[("vote", vote), ("log", first)]));
            let mut both = first.to_vec();
            both.resize(5, 0);
            both.push(b'w');
            allowed.insert(files(&[("vote", vote), ("log", &both)]));
        }
    }
    let mut seen = BTreeSet::new();
    for seed in 0..3000 {
        let mut disk = disk(&before);
        disk.sync(&Scope::All).unwrap();
        changes.iter().for_each(|change| disk.apply(change));
        disk.lose_power(Survival::Any { seed });
        assert_eq!(visible(&disk), durable(&disk));
        seen.insert(visible(&disk));
    }
    assert_eq!(seen, allowed);
}

#[test]
fn a_prefix_is_what_was_written_first() {
    let changes = [append("log", b"abc"), put("x", b"1"), append("log", b"def")];
    let left = |permille, torn_permille| {
        let mut disk = disk(&changes);
        let lost = disk.lose_power(Survival::Prefix {
            permille,
            torn_permille,
        });
        (visible(&disk), lost.count)
    };
    // Four changes: the file is made, too.
    assert_eq!(left(0, 999), (Files::new(), 4));
    assert_eq!(left(250, 400), (files(&[("log", b"a")]), 3));
    assert_eq!(left(500, 0), (files(&[("log", b"abc")]), 2));
    assert_eq!(
        left(750, 700),
        (files(&[("log", b"abcde"), ("x", b"1")]), 1)
    );
    assert_eq!(
        left(1000, 0),
        (files(&[("log", b"abcdef"), ("x", b"1")]), 0)
    );
}

#[test]
fn a_kill_keeps_what_was_written_and_a_later_power_loss_takes_it() {
    let mut disk = disk(&[append("log", b"abc")]);
    disk.kill();
    assert_eq!(visible(&disk), files(&[("log", b"abc")]));
    let lost = disk.lose_power(Survival::None);
    let lost: Vec<(&str, &str)> = (lost.first.iter())
        .map(|(path, what)| (&**path, &**what))
        .collect();
    assert_eq!(lost, [("log", "made"), ("log", "3 bytes written at 0")]);
    assert!(disk.is_empty());
}

#[test]
fn a_failed_sync_leaves_the_bytes_visible_and_forgets_that_they_are_not_durable() {
    let mut disk = disk(&[put("a", b"1")]);
    disk.sync(&Scope::All).unwrap();
    disk.apply(&append("a", b"2"));
    disk.set_failing(Some(Survival::None));
    assert_eq!(disk.sync(&Scope::All), Err(SyncFailure::Error));
    disk.set_failing(None);
    assert_eq!(disk.sync(&Scope::All), Ok(())); // there is nothing left that it knows of
    assert_eq!(visible(&disk), files(&[("a", b"12")]));
    disk.kill();
    assert_eq!(visible(&disk), files(&[("a", b"12")]));
    disk.lose_power(Survival::All);
    assert_eq!(visible(&disk), files(&[("a", b"1")]));
}

#[test]
fn a_full_disk_fails_syncs_and_loses_nothing_by_itself() {
    let mut disk = disk(&[put("a", b"1")]);
    disk.set_full(true);
    assert_eq!(disk.sync(&Scope::All), Err(SyncFailure::Full));
    assert_eq!(
        (visible(&disk), durable(&disk)),
        (files(&[("a", b"1")]), Files::new())
    );
    disk.set_full(false);
    assert_eq!(disk.sync(&Scope::All), Ok(()));
    assert_eq!(durable(&disk), files(&[("a", b"1")]));
    disk.set_full(true);
    assert_eq!(disk.sync(&Scope::All), Ok(())); // nothing to write
}

#[test]
fn a_disk_that_was_wiped_is_empty_and_a_rotten_one_differs_by_a_bit() {
    let mut disk = disk(&[put("a", b"12"), put("b", b"34")]);
    disk.sync(&Scope::All).unwrap();
    disk.apply(&append("b", b"5"));
    assert_eq!(disk.rot(2, 1), Some(("b".to_owned(), 0)));
    assert_eq!(durable(&disk), files(&[("a", b"12"), ("b", b"14")]));
    assert_eq!(visible(&disk), files(&[("a", b"12"), ("b", b"145")]));
    assert_eq!(disk.rot(4, 8), Some(("a".to_owned(), 0))); // from the first again
    assert_eq!(durable(&disk), files(&[("a", b"02"), ("b", b"14")]));
    disk.wipe();
    assert!(disk.is_empty() && disk.is_durable());
    assert_eq!(disk.rot(0, 0), None);
}

#[test]
fn a_step_may_make_what_fits_and_nothing_else() {
    let check = |changes: &[Change<'_>]| Disk::new(LIMITS).check(changes.iter());
    let zeros: &'static [u8] = &[0; 1001];
    assert_eq!(check(&[append("a", &zeros[..1000])]), Ok(()));
    let too_large = DiskError::Bytes { limit: 1000 };
    assert_eq!(check(&[append("a", zeros)]), Err(too_large.clone()));
    let two = [append("a", &zeros[..600]), append("b", &zeros[..401])];
    assert_eq!(check(&two), Err(too_large.clone()));
    let smaller = [
        append("a", &zeros[..600]),
        truncate("a", 1),
        append("b", &zeros[..999]),
    ];
    assert_eq!(check(&smaller), Ok(()));
    assert_eq!(check(&[write("a", u64::MAX, b"1")]), Err(too_large.clone()));
    assert_eq!(check(&[write("a", u64::MAX, b"")]), Ok(()));
    assert_eq!(check(&[truncate("a", u64::MAX)]), Err(too_large));
    let four = ["a", "b", "c", "d"].map(|name| put(name, b""));
    assert_eq!(check(&four[..3]), Ok(()));
    assert_eq!(check(&four), Err(DiskError::Files { limit: 3 }));
    let replaced = [&four[..3], &[remove("a"), put("d", b"")]].concat();
    assert_eq!(check(&replaced), Ok(()));
    assert_eq!(
        check(&[rename("a", "b")]),
        Err(DiskError::NotFound("a".to_owned()))
    );
    assert_eq!(
        check(&[put("a", b"1"), rename("a", "b"), rename("b", "a")]),
        Ok(())
    );
}

#[test]
fn zeros_are_counted_where_a_file_is_filled_with_them() {
    let mut disk = Disk::new(LIMITS);
    disk.apply(&append("a", b"123"));
    let zeros = |changes: &[Change<'_>]| disk.zeros(changes.iter());
    assert_eq!(zeros(&[append("a", b"4"), put("b", b"5")]), 0);
    assert_eq!(zeros(&[write("a", 3, b"4")]), 0);
    assert_eq!(zeros(&[write("a", 10, b"")]), 0);
    assert_eq!(zeros(&[append("a", b"4"), write("a", 10, b"5")]), 6);
    assert_eq!(zeros(&[truncate("a", 5), truncate("a", 0)]), 2);
    let again = [truncate("a", 0), truncate("a", 9), truncate("a", 9)];
    assert_eq!(zeros(&again), 9);
    assert_eq!(zeros(&[rename("a", "b"), truncate("b", 4)]), 1);
    assert_eq!(zeros(&[rename("a", "b"), truncate("a", 4)]), 4);
    assert_eq!(zeros(&[remove("a"), write("a", u64::MAX, b"1")]), 1000); // refused later
}

#[test]
fn lengths_that_are_set_again_and_again_are_shared_once() {
    let limits = DiskLimits {
        bytes: 64 << 20,
        files: 3,
    };
    let mut disk = Disk::new(limits);
    for _ in 0..20_000 {
        disk.apply(&append("a", b"1"));
        disk.apply(&truncate("a", 0));
    }
    disk.apply(&write("a", (64 << 20) - 1, b"1"));
    let begin = std::time::Instant::now();
    disk.sync(&Scope::All).unwrap();
    // Each of them as long as the file would be half a billion blocks.
    assert!(begin.elapsed().as_millis() < 1000, "{:?}", begin.elapsed());
    assert_eq!(durable(&disk), visible(&disk));
}

#[test]
fn of_many_losses_the_first_are_told_and_all_are_counted() {
    let limits = DiskLimits {
        bytes: 1 << 20,
        files: 10_000,
    };
    let mut disk = Disk::new(limits);
    for file in 0..10_000 {
        disk.apply(&Change::Append {
            file: format!("f{file:05}").into(),
            data: Cow::Borrowed(b"1"),
        });
    }
    assert_eq!(disk.last_changes(5).len(), 5);
    assert_eq!(disk.last_changes(u64::MAX).len(), 100);
    let lost = disk.lose_power(Survival::None);
    assert_eq!((lost.count, lost.first.len()), (20_000, 100));
    let last = ("f00049".to_owned(), "1 bytes written at 0".to_owned());
    assert_eq!(lost.first.last(), Some(&last));
}

#[test]
fn what_a_power_loss_leaves_above_the_limit_may_stay_and_not_grow() {
    static DATA: [u8; 900] = [7; 900];
    let full = || {
        let mut disk = disk(&[append("a", &DATA), append("b", b"")]);
        disk.sync(&Scope::All).unwrap();
        disk.apply(&truncate("a", 0));
        disk.apply(&append("b", &DATA));
        disk
    };
    // Of the two changes the second survives alone, for one seed in four.
    let both = (0..).find_map(|seed| {
        let mut disk = full();
        disk.lose_power(Survival::Any { seed });
        (visible(&disk).values().map(Vec::len).sum::<usize>() == 1800).then_some(disk)
    });
    let disk = both.unwrap();
    let check = |changes: &[Change<'_>]| disk.check(changes.iter());
    assert_eq!(check(&[rename("a", "c"), truncate("c", 800)]), Ok(()));
    assert_eq!(
        check(&[append("a", b"1")]),
        Err(DiskError::Bytes { limit: 1000 })
    );
}

#[test]
fn what_waits_too_long_for_a_sync_becomes_durable_by_itself() {
    let limits = DiskLimits {
        bytes: 64 << 20,
        files: 3,
    };
    let mut disk = Disk::new(limits);
    let data = vec![7; 1 << 20];
    for at in 0..40 {
        disk.apply(&Change::Append {
            file: "log".into(),
            data: Cow::Borrowed(&data),
        });
        // Twice what there is, and 16 MiB that wait.
        assert!(disk.held_bytes() <= (2 * (at + 1) + 17) << 20);
    }
    disk.lose_power(Survival::None);
    let (_, left) = disk.files().next().unwrap();
    assert!((24 << 20..40 << 20).contains(&left.len()), "{}", left.len());
}
