//! `host sim --watch`: runs again when the module's file changes, and says what changed.

use std::fs;
use std::path::PathBuf;

use expect_test::expect;
use rustix::process::Signal;
use test_support::{Dir, Live, Run, built, compiled};

/// `host sim --watch` of a file that is a broadcast without retries at first.
fn watched(dir: &Dir, args: &str) -> (PathBuf, Run) {
    let module = dir.path("my.wasm");
    fs::copy(built("broadcast-flood"), &module).unwrap();
    let sim = dir
        .host()
        .args(["sim", "-w", "broadcast", "my.wasm", "--watch"]);
    let sim = sim.arg("--cache-dir").arg(compiled());
    let options = "--node-count 3 --time-limit 2 --rate 5 --nemesis partition";
    let sim = sim
        .args(options.split(' '))
        .args(["--nemesis-interval", "2"]);
    (module, sim.args(args.split(' ')))
}

#[track_caller]
fn waits(live: &mut Live) {
    assert_eq!(live.next_log_line(), "watching my.wasm; Ctrl-C ends\n");
}

#[test]
fn a_new_version_is_run_and_compared() {
    let dir = Dir::new();
    let (module, sim) = watched(&dir, "--seed 1");
    let mut live = sim.start();
    waits(&mut live);
    // In two pieces, as a slow linker writes it: only the whole is run.
    let good = fs::read(built("broadcast")).unwrap();
    fs::write(&module, &good[..good.len() / 2]).unwrap();
    fs::write(&module, &good).unwrap();
    waits(&mut live);
    // A build that failed leaves a gap, or something else.
    fs::remove_file(&module).unwrap();
    fs::write(&module, "not a module").unwrap();
    let refused = "error: my.wasm cannot be loaded:\n";
    assert_eq!(live.next_log_line(), refused);
    live.next_log_line();
    waits(&mut live);
    // The next version is compared with the last that ran.
    fs::copy(built("broadcast-flood"), &module).unwrap();
    waits(&mut live);
    live.signal(Signal::INT);
    let ended = live.wait();
    assert_eq!(ended.code(), Some(130));
    expect![[r#"
        broadcast: INVALID
        my.wasm has changed

        broadcast: valid
        what changed
          verdict               INVALID, now valid
          final-read-lacks      yes, now no
          lost-elements         yes, now no
          msgs-per-op           0.714, now 1.57
          stable-median-ms      11854, now 1036
          stable-max-ms         11854, now 1850
          visible-median-ms     11856, now 1038
          visible-max-ms        11856, now 1853

        my.wasm has changed


        my.wasm has changed

        broadcast: INVALID
        what changed
          verdict               valid, now INVALID
          final-read-lacks      no, now yes
          lost-elements         no, now yes
          msgs-per-op           1.57, now 0.714
          stable-median-ms      1036, now 11854
          stable-max-ms         1850, now 11854
          visible-median-ms     1038, now 11856
          visible-max-ms        1853, now 11856
    "#]]
    .assert_eq(&in_short(&ended.stdout));
}

/// The first line of each run instead of all of it.
fn in_short(stdout: &str) -> String {
    let mut is_shown = true;
    let lines = stdout.split_inclusive('\n').filter(|line| {
        let is_head = line.starts_with("broadcast: ");
        is_shown |= line.starts_with("what changed") || line.ends_with(" has changed\n");
        is_shown &= !is_head;
        is_shown || is_head
    });
    lines.collect()
}

#[test]
fn a_module_that_is_cut_off_is_waited_for() {
    let dir = Dir::new();
    let (module, sim) = watched(&dir, "--seed 1");
    let mut live = sim.start();
    waits(&mut live);
    let good = fs::read(built("broadcast")).unwrap();
    fs::write(&module, &good[..good.len() / 2]).unwrap();
    // Longer than a file has to stay the same.
    std::thread::sleep(std::time::Duration::from_millis(600));
    fs::write(&module, &good).unwrap();
    waits(&mut live);
    live.signal(Signal::TERM);
    let ended = live.wait();
    assert_eq!(ended.code(), Some(130));
    assert!(!ended.stderr.contains("error"), "{ended}");
    assert_eq!(ended.stdout.matches("my.wasm has changed").count(), 1);
    assert!(
        ended
            .stdout
            .contains("  verdict               INVALID, now valid\n")
    );
}

#[test]
fn the_same_module_written_again_is_not_run_again() {
    let dir = Dir::new();
    let (module, sim) = watched(&dir, "--seed 1");
    let mut live = sim.start();
    waits(&mut live);
    fs::write(&module, fs::read(&module).unwrap()).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(600));
    live.signal(Signal::INT);
    let ended = live.wait();
    assert_eq!(
        (ended.code(), &*ended.stderr),
        (Some(130), "watching my.wasm; Ctrl-C ends\n")
    );
    assert!(!ended.stdout.contains("has changed"), "{ended}");
}

#[test]
fn with_several_seeds_the_counts_are_compared() {
    let dir = Dir::new();
    let (module, sim) = watched(&dir, "--seeds 0..4 --keep-going");
    let mut live = sim.start();
    waits(&mut live);
    fs::copy(built("broadcast"), &module).unwrap();
    waits(&mut live);
    live.signal(Signal::INT);
    let ended = live.wait();
    assert_eq!(ended.code(), Some(130));
    let at = ended.stdout.rfind("what changed\n").unwrap();
    let changes = &ended.stdout[at..];
    expect![[r#"
        what changed
          verdict               INVALID (2 of 4 seeds valid), now valid (4 of 4 seeds valid)
          final-read-lacks      with 1 seed, now no
          lost-elements         with 2 seeds, now no
          msgs-per-op           0.308, now 0.875
          stable-median-ms      0, now 253
          stable-max-ms         0, now 253
          visible-median-ms     0, now 255
          visible-max-ms        0, now 255
    "#]]
    .assert_eq(changes);
}

#[test]
fn the_first_version_has_to_be_there() {
    let dir = Dir::new();
    let (module, sim) = watched(&dir, "--seed 1");
    fs::remove_file(module).unwrap();
    sim.end().is(expect![[r#"
        exit code 254
        ---- stderr
        error: cannot read the module my.wasm: No such file or directory (os error 2)
    "#]]);
}

#[test]
fn it_shows_no_json() {
    let dir = Dir::new();
    let (_, sim) = watched(&dir, "--seed 1 --format json");
    sim.end().is(expect![[r#"
        exit code 254
        ---- stderr
        error: --watch shows what changed to people: it has no --format json
    "#]]);
}
