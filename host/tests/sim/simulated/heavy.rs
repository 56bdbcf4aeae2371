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
            simulated     4.95 s with seed 1; 28 events
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
              acknowledged-median-ms        0        0        0  with seed 2
              acknowledged-max-ms           0        0        0  with seed 2
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
         partition,kill,pause,loss,duplicate,one-way,slow,clock-skew,swap",
        0,
        &expect![[r#"
            broadcast: valid

            elements      65 added: 63 stable (54 of them stale), 0 lost, 2 never read
            latency in ms     min  median    95 %    99 %     max
              stable            0     908    3484    4621    4621  from the acknowledgement until every read has it
              visible           0    1021    3484    4621    4621  from the invocation until every read has it
            worst stale   18, 4621 ms: known by op 145 (add, process 3, 4.951 s), last absent from op 380 (read, process 7, 9.572 s)
            operations    154: 149 ok, 2 fail, 3 info; 96.75 % of invocations ok
              broadcast   65: 62 ok, 0 fail, 3 info
              read        89: 87 ok, 2 fail, 0 info
            messages      508 sent, 462 received; 3.30 an operation, 1.12 of them between servers
            simulated     24.615 s with seed 1; 571 events
            faults        3 partitions, 2 of them took messages: 27
                          4 kills, 4 of them took messages or requests: 24 messages, 3 open requests, 6 nodes lost what they knew
                          3 pauses, 3 of them had something wait: 43 messages, 8 timers
                          3 periods of loss, 1 of them took messages: 2
                          3 periods of duplication, 2 of them doubled messages: 10
                          3 one-way partitions, 1 of them took messages: 2
                          4 periods of slow links, 3 of them delayed messages: 14
                          3 clock skews, 3 of them seen by a node: 124 events
                          3 swaps, 3 of them replaced a program

            [VALID]
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

            The run could not go on: at 1.307 s, more than 20 messages are on their way (--max-in-flight)

            What it did in 1.307 s, 190 events:
                n0..n4 -> n0..n4   gossip        138 messages, 4,080 bytes, most from n1: 51
                n0..n4 -> clients  read_ok        34 messages, 2,523 bytes, most from n4: 9
                clients -> n0..n4  broadcast      27 messages, 1,185 bytes
                n0..n4 -> clients  broadcast_ok   25 messages, 980 bytes, most from n0: 9
                clients -> n0..n4  read           35 messages, 920 bytes
              259 messages, 138 of them between servers; a second: 219 in the first quarter of the time, 206 in the last
              largest body: 98 bytes, read_ok from n4 to clients at 1.199 s; in the first quarter of the time 57 bytes

            simulated     1.307 s with seed 1; 190 events
            next          replay: host sim -w broadcast --node-count 5 --rate 50 --latency 100 --time-limit 10 --max-in-flight 20 --no-cache --module DIR/broadcast-flood.wasm --seed 1
                          shrink: host sim -w broadcast --node-count 5 --rate 50 --latency 100 --time-limit 10 --max-in-flight 20 --no-cache --module DIR/broadcast-flood.wasm --seed 1 --shrink shortest.json
                          report: host sim -w broadcast --node-count 5 --rate 50 --latency 100 --time-limit 10 --max-in-flight 20 --no-cache --module DIR/broadcast-flood.wasm --seed 1 --report report

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

            The run could not go on: at 1.307 s, more than 20 messages are on their way (--max-in-flight)

            What it did in 1.307 s, 190 events:
                n0..n4 -> n0..n4   gossip        138 messages, 4,080 bytes, most from n1: 51
                n0..n4 -> clients  read_ok        34 messages, 2,523 bytes, most from n4: 9
                clients -> n0..n4  broadcast      27 messages, 1,185 bytes
                n0..n4 -> clients  broadcast_ok   25 messages, 980 bytes, most from n0: 9
                clients -> n0..n4  read           35 messages, 920 bytes
              259 messages, 138 of them between servers; a second: 219 in the first quarter of the time, 206 in the last
              largest body: 98 bytes, read_ok from n4 to clients at 1.199 s; in the first quarter of the time 57 bytes

            simulated     1.307 s with seed 1; 190 events
            next          replay: host sim -w broadcast --node-count 5 --rate 50 --latency 100 --time-limit 10 --max-in-flight 20 --no-cache --module DIR/broadcast-flood.wasm --seed 1
                          shrink: host sim -w broadcast --node-count 5 --rate 50 --latency 100 --time-limit 10 --max-in-flight 20 --no-cache --module DIR/broadcast-flood.wasm --seed 1 --shrink shortest.json
                          report: host sim -w broadcast --node-count 5 --rate 50 --latency 100 --time-limit 10 --max-in-flight 20 --no-cache --module DIR/broadcast-flood.wasm --seed 1 --report report

            [INVALID]
        "#]],
    );
}
