//! `host sim --resume`: a sweep that was interrupted, and the same command again.

use std::fs;
use std::process::Command;

use expect_test::expect;
use rustix::process::Signal;
use serde_json::Value as Json;
use test_support::class::parse;
use test_support::{Dir, Run, built, compiled};

const OPTIONS: &str = "-w broadcast --node-count 3 --time-limit 4 --rate 5 --nemesis partition \
                       --nemesis-interval 4 --format json";

/// A broadcast that never tries again, cut off sometimes: some seeds fail.
fn flood(dir: &Dir, args: &str) -> Run {
    of(dir, "broadcast-flood", args)
}

fn of(dir: &Dir, module: &str, args: &str) -> Run {
    let sim = dir.host().args(["sim", "--cache-dir"]).arg(compiled());
    let sim = sim.arg("--module").arg(built(module));
    let sim = sim.args(OPTIONS.split(' ')).args(args.split(' '));
    sim.env("RUST_LOG", "host::cli::sim=debug")
}

/// How many runs a file says that are done.
fn kept_runs(dir: &Dir) -> u64 {
    let kept = dir.read("kept");
    let summary: Json = serde_json::from_str(kept.lines().nth(1).unwrap()).unwrap();
    summary["runs"].as_u64().unwrap()
}

#[test]
fn a_sweep_that_was_killed_goes_on_to_the_same_bytes() {
    for seeds in ["3..33 --summary", "3..63 --shard 2/2"] {
        let dir = Dir::new();
        let args = format!("--seeds {seeds} --resume kept");
        let mut running = flood(&dir, &args).start();
        while !running.next_log_line().contains("that are done are kept") {}
        running.signal(Signal::KILL);
        running.wait();
        let kept = kept_runs(&dir);
        assert!((1..30).contains(&kept), "{kept}");
        let resumed = flood(&dir, &args).env("RAYON_NUM_THREADS", "1").end();
        let told = format!("running {} seeds", 30 - kept);
        assert!(resumed.stderr.contains(&told), "{resumed}");
        let whole = flood(&dir, &format!("--seeds {seeds}")).end();
        assert_eq!(resumed.stdout, whole.stdout);
        assert_eq!([resumed.code(), whole.code()], [Some(1); 2], "{resumed}");
        // It is over, and says the same again.
        assert_eq!(kept_runs(&dir), 30);
        let again = flood(&dir, &args).end();
        assert!(again.stderr.contains("running 0 seeds"), "{again}");
        assert_eq!((again.code(), again.stdout), (Some(1), whole.stdout));
    }
}

#[test]
fn signals_end_it_with_its_first_runs_and_it_goes_on_behind_them() {
    let dir = Dir::new();
    let args = "--seeds 7..1000007 --summary --resume kept";
    let mut before = 0;
    for signal in [Signal::INT, Signal::TERM] {
        let mut running = flood(&dir, args).start();
        while !running.next_log_line().contains("that are done are kept") {}
        running.signal(signal);
        let ended = running.wait();
        assert_eq!(ended.code(), Some(130), "{ended}");
        let told = ended.stderr.lines().last().unwrap();
        let goes_on = "interrupted: the same command goes on from here; ";
        assert!(told.starts_with(goes_on), "{ended}");
        let summary = parse(&ended);
        let runs = summary["runs"].as_u64().unwrap();
        assert!(before < runs && kept_runs(&dir) == runs, "{ended}");
        before = runs;
        // What it shows is what the first seeds show.
        let first = flood(&dir, &format!("--seeds 7..{} --summary", 7 + runs)).end();
        let first = parse(&first);
        for part in ["figures", "anomalies", "valid-runs", "first-failure"] {
            assert_eq!(summary.get(part), first.get(part), "{part}");
        }
    }
}

#[test]
fn what_cannot_be_resumed_is_said_and_stays_as_it_is() {
    let dir = Dir::new();
    let kept = flood(&dir, "--seeds 0..4 --shard 1/2 --resume kept").end();
    let whole = dir.read("kept");
    dir.write("cut", &whole[..whole.len() - 2]);
    dir.write("head", &whole[..40]);
    dir.write(
        "later",
        whole.replace("host-sweep-kept 1", "host-sweep-kept 2"),
    );
    dir.write(
        "counts",
        whole.replace("\"asked-for\":2", "\"asked-for\":3"),
    );
    dir.write("summary.json", &kept.stdout);
    dir.write("notes", "not to be lost\n");
    let mut all = String::new();
    for (module, args) in [
        ("broadcast-flood", "--seeds 0..5 --shard 1/2 --resume kept"),
        ("broadcast-flood", "--seeds 0..4 --shard 2/2 --resume kept"),
        ("broadcast-flood", "--seeds 0..4 --summary --resume kept"),
        (
            "broadcast-flood",
            "--seeds 0..4 --shard 1/2 --latency 3 --resume kept",
        ),
        (
            "broadcast-flood",
            "--seeds 0..4 --shard 1/2 --max-fuel 1000000 --resume kept",
        ),
        ("broadcast-retry", "--seeds 0..4 --shard 1/2 --resume kept"),
        ("broadcast-flood", "--seeds 0..4 --shard 1/2 --resume cut"),
        ("broadcast-flood", "--seeds 0..4 --shard 1/2 --resume head"),
        ("broadcast-flood", "--seeds 0..4 --shard 1/2 --resume later"),
        (
            "broadcast-flood",
            "--seeds 0..4 --shard 1/2 --resume counts",
        ),
        (
            "broadcast-flood",
            "--seeds 0..4 --shard 1/2 --resume summary.json",
        ),
        ("broadcast-flood", "--seeds 0..4 --shard 1/2 --resume notes"),
        (
            "broadcast-flood",
            "--seeds 0..4 --shard 1/2 --resume no/folder",
        ),
        (
            "broadcast-flood",
            "--seeds 0..4 --shard 1/2 --resume /dev/null",
        ),
        ("broadcast-flood", "--seeds 0..4 --resume kept"),
        ("broadcast-flood", "--seed 1 --resume kept"),
        ("broadcast-flood", "--seed 1 --watch --resume kept"),
    ] {
        let ended = of(&dir, module, args).end();
        assert_eq!((ended.code(), &*ended.stdout), (Some(254), ""), "{ended}");
        all += ended.stderr.lines().next().unwrap();
        all += "\n";
    }
    expect![[r#"
        error: kept: this is of another sweep: its range of seeds is not that of this one; use another file
        error: kept: this is of another sweep: its share of the seeds is not that of this one; use another file
        error: kept: this is of another sweep: its share of the seeds is not that of this one; use another file
        error: kept: this is of another sweep: its --latency is not that of this one; use another file
        error: kept: this is of another sweep: its --max-fuel is not that of this one; use another file
        error: kept: this is of another sweep: its module is not that of this one; use another file
        error: cut: this is not whole: the hash in its first line is not that of what follows; remove it to begin anew
        error: head: this is not whole: its first line ends early; remove it to begin anew
        error: later: this is kept in the format "host-sweep-kept 2", and this program reads "host-sweep-kept 1"; begin anew with another file
        error: counts: this is not whole: the hash in its first line is not that of what follows; remove it to begin anew
        error: summary.json exists and is not a sweep that was kept: it stays as it is; name another file, or remove it first
        error: notes exists and is not a sweep that was kept: it stays as it is; name another file, or remove it first
        error: cannot write to no/folder: No such file or directory (os error 2)
        error: /dev/null: it is not a regular file
        error: --resume keeps what many runs show together: add --summary, or --shard
        error: --resume keeps what many runs show together: add --summary, or --shard
        error: the argument '--watch' cannot be used with '--resume <FILE>'
    "#]].assert_eq(&all);
    assert_eq!(dir.read("kept"), whole);
    assert_eq!(dir.read("notes"), "not to be lost\n");
}

#[test]
fn a_file_that_cannot_be_written_costs_no_result() {
    let dir = Dir::new();
    let args = "--seeds 0..8 --summary";
    let kept = flood(&dir, &format!("{args} --resume kept")).end();
    let before = dir.read("kept");
    // No file may have a byte more than none, as on a full disk.
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\"";
    let mut full = Command::new("sh");
    full.args(["-c", script]).arg(test_support::host());
    full.args(["sim", "--cache-dir"]).arg(compiled());
    full.arg("--module").arg(built("broadcast-flood"));
    full.args(OPTIONS.split(' ')).args(args.split(' '));
    full.args(["--resume", "new"]).current_dir(dir.root());
    let output = full.output().unwrap();
    assert_eq!(output.status.code(), Some(254));
    let cannot = "cannot write to new: File too large (os error 27)";
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        format!(" WARN {cannot}; it stays as it was, and the runs go on\nerror: {cannot}\n")
    );
    // The commands in it are not the same.
    let mut summaries = [
        serde_json::from_slice(&output.stdout).unwrap(),
        parse(&kept),
    ];
    for summary in &mut summaries {
        let failure = summary["first-failure"].as_object_mut().unwrap();
        failure.remove("replay").unwrap();
    }
    assert_eq!(summaries[0], summaries[1]);
    assert!(!fs::exists(dir.path("new")).unwrap());
    assert_eq!(dir.read("kept"), before);
}
