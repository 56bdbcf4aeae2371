//! `host sim` as a process: what it says of faults that touched nothing, and of runs that went over a
//! limit.

use expect_test::{Expect, expect};
use test_support::{Run, built, with_placeholders};

#[track_caller]
fn check(module: &str, args: &str, code: i32, expected: &Expect) {
    let module = built(module);
    let ended = Run::host()
        .arg("sim")
        .args(args.split(' '))
        .args(["--no-cache", "--module"])
        .arg(&module)
        .hide(module.parent().unwrap(), "DIR")
        .end();
    expected.assert_eq(&with_placeholders(&ended.stdout));
    assert_eq!((ended.code(), ended.stderr.as_str()), (Some(code), ""));
}

const CUT_ECHO: &str = "-w echo --node-count 3 --rate 5 --time-limit 5 --nemesis partition";

#[test]
fn a_partition_that_cuts_nothing_is_told() {
    check(
        "echo",
        &format!("{CUT_ECHO} --seed 1"),
        0,
        &expect![[r#"
            echo: valid

            operations    25: 25 ok, 0 fail, 0 info; 100.00 % of invocations ok
            messages      56 sent, 56 received; 2.24 an operation, 0.00 of them between servers
            simulated     4.961 s with seed 1; 28 events
            faults        1 partition, 0 of them took messages
                          no fault touched anything: this seed tests nothing that a run without faults would not

            [VALID]
        "#]],
    );
}

#[test]
fn seeds_whose_faults_touched_nothing_are_counted() {
    check(
        "echo",
        &format!("{CUT_ECHO} --seeds 1..4"),
        0,
        &expect![[r#"
            echo: valid with all 3 seeds, 1 to 3

            figures                    median     99 %    worst
              msgs-per-op                   0        0        0  with seed 1
              acknowledged-median-ms        2        2        2  with seed 2
              acknowledged-max-ms           6        9        9  with seed 3
              ms-per-ok                   192      198      198  with seed 1
              availability                  1        1        1  with seed 1

            3 of 3 seeds: no fault touched anything, so they test nothing that runs without faults would not

            [VALID]
        "#]],
    );
}

#[test]
fn what_each_fault_touched_is_told() {
    check(
        "broadcast",
        "-w broadcast --node-count 5 --rate 20 --time-limit 10 --nemesis-interval 2 --seed 1 --nemesis \
         partition,wipe,pause,loss,duplicate,one-way,slow,clock-skew,swap",
        1,
        &expect![[r#"
            broadcast: INVALID

            - 2 known elements lost, not in the last reads: 56 58

            elements      65 added: 61 stable (54 of them stale), 2 lost, 2 never read
            latency in ms     min  median    95 %    99 %     max
              stable            0    1042    3724    3995    3995  from the acknowledgement until every read has it
              visible           0    1355    3742    4954    4954  from the invocation until every read has it
              lost              0       0       0       0       0  from the acknowledgement until no read has it
            worst stale   27, 3995 ms: known by op 196 (add, process 0, 5.920 s), last absent from op 395 (read, process 7, 9.916 s)
            operations    153: 148 ok, 3 fail, 2 info; 96.73 % of invocations ok
              broadcast   65: 63 ok, 0 fail, 2 info
              read        88: 85 ok, 3 fail, 0 info
            messages      508 sent, 459 received; 3.32 an operation, 1.14 of them between servers
            no answer     c11 sent n1 read at 0.092 s, which n1 never got because it was down, and waited 5 s (3 times)
                          c12 sent n2 broadcast at 0.165 s, which n2 never got because it was down, and waited 5 s (2 times)
            simulated     24.312 s with seed 1; 648 events
            faults        3 partitions, 2 of them took messages: 29
                          4 wipes, 4 of them took messages, requests or files: 25 messages, 3 open requests, 6 nodes lost what they knew
                          3 pauses, 3 of them had something wait: 42 messages, 9 timers
                          3 periods of loss, 1 of them took messages: 1
                          3 periods of duplication, 2 of them doubled messages: 9
                          3 one-way partitions, 1 of them took messages: 2
                          4 periods of slow links, 3 of them delayed messages: 12
                          3 clock skews, 3 of them seen by a node: 99 events
                          3 swaps, 3 of them replaced a program
            next          replay: host sim -w broadcast --node-count 5 --rate 20 --time-limit 10 --nemesis-interval 2 --nemesis partition,wipe,pause,loss,duplicate,one-way,slow,clock-skew,swap --no-cache --module DIR/broadcast.wasm --seed 1
                          shrink: host sim -w broadcast --node-count 5 --rate 20 --time-limit 10 --nemesis-interval 2 --nemesis partition,wipe,pause,loss,duplicate,one-way,slow,clock-skew,swap --no-cache --module DIR/broadcast.wasm --seed 1 --shrink shortest.json
                          report: host sim -w broadcast --node-count 5 --rate 20 --time-limit 10 --nemesis-interval 2 --nemesis partition,wipe,pause,loss,duplicate,one-way,slow,clock-skew,swap --no-cache --module DIR/broadcast.wasm --seed 1 --report report
                          play: host play -w broadcast --node-count 5 --rate 20 --time-limit 10 --nemesis-interval 2 --nemesis partition,wipe,pause,loss,duplicate,one-way,slow,clock-skew,swap --no-cache --module DIR/broadcast.wasm --seed 1

            [INVALID]
        "#]],
    );
}

const FULL: &str = "-w broadcast --node-count 5 --rate 50 --latency 100 --time-limit 10 --seed 1 --max-in-flight 20";

#[test]
fn a_run_that_goes_over_a_bound_says_what_it_did() {
    check(
        "broadcast-flood",
        FULL,
        1,
        &expect![[r#"
            broadcast: INVALID

            The run could not go on: at 0.895 s, more than 20 messages are on their way (--max-in-flight)

            What it did in 0.895 s, 126 events:
                n0..n4 -> n0..n4   gossip        96 messages, 2,820 bytes, most from n1: 38
                n0..n4 -> clients  read_ok       18 messages, 1,069 bytes, most from n1: 5
                clients -> n0..n4  broadcast     18 messages, 782 bytes
                n0..n4 -> clients  broadcast_ok  18 messages, 702 bytes, most from n2: 5
                clients -> n0..n4  read          22 messages, 573 bytes
              172 messages, 96 of them between servers; a second: 215 in the first quarter of the time, 205 in the last
              largest body: 79 bytes, read_ok from n4 to clients at 0.795 s; in the first quarter of the time 51 bytes

            simulated     0.895 s with seed 1; 126 events
            next          replay: host sim -w broadcast --node-count 5 --rate 50 --latency 100 --time-limit 10 --max-in-flight 20 --no-cache --module DIR/broadcast-flood.wasm --seed 1
                          shrink: host sim -w broadcast --node-count 5 --rate 50 --latency 100 --time-limit 10 --max-in-flight 20 --no-cache --module DIR/broadcast-flood.wasm --seed 1 --shrink shortest.json
                          report: host sim -w broadcast --node-count 5 --rate 50 --latency 100 --time-limit 10 --max-in-flight 20 --no-cache --module DIR/broadcast-flood.wasm --seed 1 --report report
                          play: host play -w broadcast --node-count 5 --rate 50 --latency 100 --time-limit 10 --max-in-flight 20 --no-cache --module DIR/broadcast-flood.wasm --seed 1

            [INVALID]
        "#]],
    );
}

#[test]
fn the_first_of_many_seeds_that_fails_says_so_too() {
    let args = FULL.replace("--seed 1", "--seeds 1..3");
    check(
        "broadcast-flood",
        &args,
        1,
        &expect![[r#"
            0 of 2 seeds are valid before the first that is not, 1:

            broadcast: INVALID

            The run could not go on: at 0.895 s, more than 20 messages are on their way (--max-in-flight)

            What it did in 0.895 s, 126 events:
                n0..n4 -> n0..n4   gossip        96 messages, 2,820 bytes, most from n1: 38
                n0..n4 -> clients  read_ok       18 messages, 1,069 bytes, most from n1: 5
                clients -> n0..n4  broadcast     18 messages, 782 bytes
                n0..n4 -> clients  broadcast_ok  18 messages, 702 bytes, most from n2: 5
                clients -> n0..n4  read          22 messages, 573 bytes
              172 messages, 96 of them between servers; a second: 215 in the first quarter of the time, 205 in the last
              largest body: 79 bytes, read_ok from n4 to clients at 0.795 s; in the first quarter of the time 51 bytes

            simulated     0.895 s with seed 1; 126 events
            next          replay: host sim -w broadcast --node-count 5 --rate 50 --latency 100 --time-limit 10 --max-in-flight 20 --no-cache --module DIR/broadcast-flood.wasm --seed 1
                          shrink: host sim -w broadcast --node-count 5 --rate 50 --latency 100 --time-limit 10 --max-in-flight 20 --no-cache --module DIR/broadcast-flood.wasm --seed 1 --shrink shortest.json
                          report: host sim -w broadcast --node-count 5 --rate 50 --latency 100 --time-limit 10 --max-in-flight 20 --no-cache --module DIR/broadcast-flood.wasm --seed 1 --report report
                          play: host play -w broadcast --node-count 5 --rate 50 --latency 100 --time-limit 10 --max-in-flight 20 --no-cache --module DIR/broadcast-flood.wasm --seed 1

            [INVALID]
        "#]],
    );
}
