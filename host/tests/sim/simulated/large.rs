//! Large clusters, and clusters that are spread over regions.

use std::fs;

use expect_test::expect;
use host_guest::{Event, EventKind, GuestOptions, Limits};
use host_sandbox::{Cache, Sandbox};
use test_support::memory::alone;
use test_support::{Dir, Ended, Run, built, compiled, program};

/// `host sim` with a guest that is built.
fn sim(dir: &Dir, guest: &str, args: &str) -> Run {
    let sim = dir.host().arg("sim").arg("--cache-dir").arg(compiled());
    let sim = sim.arg("--module").arg(built(guest));
    sim.args(args.split(' '))
}

#[track_caller]
fn valid(ended: &Ended) {
    assert_eq!(ended.code(), Some(0), "{ended:?}");
}

/// Runs with these options, then the schedule that the run has written; both journals.
fn twice(dir: &Dir, guest: &str, args: &str) -> (String, String) {
    let written = "--write-schedule s.json --journal first.jsonl --seed 1";
    valid(&sim(dir, guest, &format!("{args} {written}")).end());
    valid(&sim(dir, guest, "--schedule s.json --journal again.jsonl").end());
    (dir.read("first.jsonl"), dir.read("again.jsonl"))
}

#[test]
fn three_hundred_nodes_with_faults_play_their_schedule_again_to_the_byte() {
    let dir = Dir::new();
    let args = "-w broadcast --node-count 300 --rate 20 --time-limit 2 --latency 20 \
                --nemesis partition,slow,one-way,hunt --nemesis-interval 0.3";
    let (first, again) = twice(&dir, "broadcast", args);
    assert!(first == again);
    let schedule = dir.read("s.json");
    assert!(schedule.contains("\"sides\":[{\"nodes\":[") && !schedule.contains("\"links\""));
}

#[test]
fn a_schedule_has_the_regions_of_its_file() {
    let dir = Dir::new();
    let file = dir.write(
        "world.txt",
        "# Two places.\nregions us eu\nus 1 40\neu 45 1\nnodes eu n2\nclients us\nloss us eu 10\nbandwidth * * 10\n",
    );
    let args = "-w broadcast --node-count 5 --rate 20 --time-limit 5 --latency-matrix world.txt";
    valid(
        &sim(
            &dir,
            "broadcast",
            &format!("{args} --write-schedule s.json --journal first.jsonl --seed 1"),
        )
        .end(),
    );
    fs::remove_file(file).unwrap();
    valid(&sim(&dir, "broadcast", "--schedule s.json --journal again.jsonl").end());
    let first = dir.read("first.jsonl");
    assert!(first == dir.read("again.jsonl"));
    assert!(first.contains("\"why\":\"loss\""));
    let all = "regions us eu; us 1 40; eu 45 1; nodes eu n2; clients us; bandwidth us us 10; \
               loss us eu 10; bandwidth us eu 10; bandwidth eu us 10; bandwidth eu eu 10";
    assert!(
        dir.read("s.json")
            .contains(&format!("\"latency_matrix\": \"{all}\""))
    );
}

#[test]
fn a_matrix_that_cannot_be_read_says_what_to_write() {
    let dir = Dir::new();
    dir.write("world.txt", "regions us eu\nus 1 40\neu 45\n");
    let with = |matrix: &str| {
        let sim = sim(&dir, "echo", "-w echo --latency-matrix");
        sim.arg(matrix).end()
    };
    with("world.txt").is(expect![[r#"
        exit code 254
        ---- stderr
        error: invalid value 'world.txt' for '--latency-matrix <FILE>': statement 3, `eu 45`: expected 2 latencies in ms, one to each region, found 1

        [TRY HELP]
    "#]]);
    with("elsewhere.txt").is(expect![[r#"
        exit code 254
        ---- stderr
        error: invalid value 'elsewhere.txt' for '--latency-matrix <FILE>': expected statements that begin with `regions`, or a preset (azure-2024, azure-2024-europe), found `elsewhere.txt`; as a file: No such file or directory (os error 2)

        [TRY HELP]
    "#]]);
    with("regions us; us 1; nodes eu n0").is(expect![[r#"
        exit code 254
        ---- stderr
        error: invalid value 'regions us; us 1; nodes eu n0' for '--latency-matrix <FILE>': statement 3, `nodes eu n0`: there is no region `eu`, only us

        [TRY HELP]
    "#]]);
}

#[test]
fn more_than_ten_thousand_nodes_are_refused() {
    let dir = Dir::new();
    sim(&dir, "echo", "-w echo --node-count 10001")
        .end()
        .is(expect![[r#"
            exit code 254
            ---- stderr
            error: invalid value '10001' for '--node-count <N>': 10001 is not in 1..=10000

            [TRY HELP]
        "#]]);
}

/// How many memory mappings this process has.
fn mappings() -> usize {
    fs::read_to_string("/proc/self/maps")
        .unwrap()
        .lines()
        .count()
}

/// 10,000 nodes have to fit into what Linux allows a process: 65,530.
#[test]
fn a_guest_takes_four_memory_mappings_and_a_program_six() {
    alone(
        "simulated::large::a_guest_takes_four_memory_mappings_and_a_program_six",
        || {
            const GUESTS: usize = 200;
            const INIT: &str = r#"{"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}}"#;
            let cache = Cache::open(compiled()).unwrap();
            let sandbox = Sandbox::pooled(Some(cache), GUESTS).unwrap();
            for (path, most) in [(built("echo"), 4), (program("c-echo"), 6)] {
                let before = mappings();
                let module = sandbox.load(&path, &Limits::default()).unwrap();
                let start = |_| {
                    let mut guest = module.start(GuestOptions::default()).unwrap();
                    // A program begins with its first message.
                    let kind = EventKind::Message(INIT);
                    let (now_ns, node) = (0, "n1");
                    guest.step(&Event { now_ns, node, kind }).unwrap();
                    guest
                };
                let guests: Vec<_> = (0..GUESTS).map(start).collect();
                let taken = mappings() - before;
                // A memory whose data begin at its first address takes one less. Some are the host's own.
                let allowed = (most - 1) * GUESTS..=most * GUESTS + 40;
                assert!(allowed.contains(&taken), "{}: {taken}", path.display());
                drop(guests);
            }
        },
    );
}
