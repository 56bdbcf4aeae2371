//! The workloads of this repository: our solutions keep what they promise, and each wrong program breaks it.

use expect_test::{Expect, expect};
use serde_json::Value as Json;

use test_support::Dir;
use test_support::built;

/// Seeds of each program.
const SEEDS: &str = "0..5";

/// The anomalies of a program in runs of a workload, joined by blanks.
fn anomalies(workload: &str, module: &str, options: &str, bug: Option<&str>) -> String {
    let dir = Dir::new();
    let mut sim = dir.host().args(["sim", "--no-cache", "--summary", "-w"]);
    sim = sim.arg(built(&format!("workload-{workload}")));
    sim = sim.arg("--module").arg(built(module));
    sim = sim.args(["--seeds", SEEDS, "--format", "json"]);
    sim = sim.args(options.split_whitespace());
    if let Some(bug) = bug {
        sim = sim.args(["--", "--bug", bug]);
    }
    let ended = sim.end();
    let summary: Json = serde_json::from_str(&ended.stdout)
        .unwrap_or_else(|why| panic!("{why} in what {module} {bug:?} shows: {ended}"));
    let anomalies = summary["anomalies"].as_object();
    let anomalies = anomalies.unwrap_or_else(|| panic!("no anomalies in {summary}"));
    anomalies.keys().map(|name| format!(" {name}")).collect()
}

/// Compares what the solution, and the mutants with each bug, show.
#[track_caller]
fn check(workload: &str, options: &str, bugs: &[&str], expected: Expect) {
    let mut shown = format!(
        "solution:{}\n",
        anomalies(workload, workload, options, None)
    );
    let mutants = format!("{workload}-mutants");
    for bug in bugs {
        let found = anomalies(workload, &mutants, options, Some(bug));
        shown += &format!("{bug}:{found}\n");
    }
    expected.assert_eq(&shown);
}

#[test]
fn wrong_elections_are_told_from_a_right_one() {
    check(
        "leader",
        "--node-count 5 --rate 40 --time-limit 30 --latency 50 --latency-dist exponential --nemesis partition,kill --nemesis-interval 2",
        &[
            "none",
            "forgets",
            "half",
            "obeys-anyone",
            "stays",
            "votes-again",
        ],
        expect![[r#"
            solution:
            none:
            forgets: broken-invariant term-went-back
            half: broken-invariant
            obeys-anyone: broken-invariant term-went-back
            stays: no-agreement
            votes-again: broken-invariant
        "#]],
    );
}

#[test]
fn wrong_sessions_are_told_from_right_ones() {
    check(
        "kv-sessions",
        "--node-count 5 --concurrency 1n --rate 100 --time-limit 20 --latency 20 --nemesis partition,clock-skew --nemesis-interval 1",
        &[
            "none",
            "arrival",
            "ignores-token",
            "own-token",
            "own-writes",
            "read-token",
            "wall-clock",
            "write-token",
        ],
        expect![[r#"
            solution:
            none:
            arrival: convergence monotonic-reads not-converged
            ignores-token: convergence monotonic-reads monotonic-writes read-your-writes writes-follow-reads
            own-token: convergence
            own-writes: monotonic-writes writes-follow-reads
            read-token: convergence monotonic-reads monotonic-writes read-your-writes
            wall-clock: lost-write monotonic-writes read-your-writes writes-follow-reads
            write-token: convergence monotonic-reads monotonic-writes read-your-writes
        "#]],
    );
}

#[test]
fn wrong_shards_are_told_from_right_ones() {
    check(
        "shard-kv",
        "--node-count 3 --concurrency 2n --rate 50 --time-limit 30 --latency 20 --nemesis pause,loss,duplicate --nemesis-interval 2",
        &[
            "none",
            "forgets-requests",
            "installs-again",
            "keeps-serving",
            "no-serials",
            "sends-once",
            "serves-early",
        ],
        expect![[r#"
            solution:
            none:
            forgets-requests: not-linearizable
            installs-again: not-linearizable
            keeps-serving: not-linearizable
            no-serials: not-linearizable
            sends-once: unreachable
            serves-early: not-linearizable
        "#]],
    );
}

/// Of a history from a file nobody knows how many clients there were.
#[test]
fn a_history_is_judged_again_by_its_workload() {
    for (workload, bug, code) in [("leader", "none", 0), ("leader", "obeys-anyone", 1)] {
        let dir = Dir::new();
        let flags = "--node-count 5 --rate 40 --time-limit 20 --nemesis partition,kill --nemesis-interval 3 --seed 0 --history history.json";
        let workload_file = built(&format!("workload-{workload}"));
        let sim = dir
            .host()
            .args(["sim", "--no-cache", "-w"])
            .arg(&workload_file);
        let sim = sim.arg("--module").arg(built("leader-mutants"));
        let sim = sim.args(flags.split(' ')).args(["--", "--bug", bug]).end();
        assert_eq!(sim.code(), Some(code), "{sim}");
        let check = dir.host().args(["check", "-w"]).arg(&workload_file);
        let check = check.arg("history.json").end();
        assert_eq!(check.code(), Some(code), "{check}");
        assert_eq!(
            check.stdout.contains("term-went-back"),
            code == 1,
            "{check}"
        );
    }
}
