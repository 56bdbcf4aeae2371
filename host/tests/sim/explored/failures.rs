//! A schedule that fails: what is told and written of it, and that it can be played again.

use std::panic::catch_unwind;
use std::process::Command;

use expect_test::expect;
use guest_sdk::prelude::*;
use host_testing::{play, play_module};
use test_support::class::parse;
use test_support::{Dir, built, program, wat};

use super::{explore, explore_file};

/// A broadcast that never tries again, and a message that is lost.
const LOST: &str = "-w broadcast --node-count 2 --operations 1 --seed 2 --fires 0 --drops 1";

#[test]
fn a_failure_is_a_shortest_one_and_the_simulator_confirms_it() {
    let ended = explore(&Dir::new(), "broadcast-flood", LOST).end();
    ended.is(expect![[r#"
        exit code 1
        ---- stdout
        broadcast: INVALID: lost-elements after 2 moves

          op 0: client 0 asks n0 to broadcast 0
          op 1: n0 answers client 0: ok
          n0 tells n1: gossip {"message":0}, but the message is lost
          from here on nothing goes wrong: faults end, messages arrive, timers fire, and clients ask for the last time

        bounds        2 nodes, 2 clients; no timer fires; at most 1 lost message
        operations    broadcast 0; each by any client, in this order (seed 2)
        explored      7 states, 6 moves; all schedules of up to 2 moves were tried

        The simulator plays this schedule:

        broadcast: INVALID

        - 1 known element lost, not in the last reads: 0

        elements      1 added: 0 stable (0 of them stale), 1 lost, 0 never read
        latency in ms     min  median    95 %    99 %     max
          lost          10000   10000   10000   10000   10000  from the acknowledgement until no read has it
        operations    3: 3 ok, 0 fail, 0 info; 100.00 % of invocations ok
          broadcast   1: 1 ok, 0 fail, 0 info
          read        2: 2 ok, 0 fail, 0 info
        messages      15 sent, 14 received; 5.00 an operation, 0.33 of them between servers
        simulated     10 s with seed 2; 7 events
        faults        1 lose-one, 1 of them took messages: 1 (1 on its way)
        next          keep: host explore -w broadcast --node-count 2 --operations 1 --seed 2 --fires 0 --drops 1 --cache-dir CACHE DIR/broadcast-flood.wasm --write-schedule schedule.json

        [INVALID]
    "#]]);
}

#[test]
fn a_guest_that_traps_is_a_failure() {
    let dir = Dir::new();
    let text = wat::guest_text_of_n0("trap");
    let path = dir.module("trap.wasm", &text);
    let args = "-w echo --node-count 1 --operations 1 --write-schedule s.json";
    explore_file(&dir, &path, args).end().is(expect![[r#"
        exit code 1
        ---- stdout
        echo: INVALID: trap after 1 move

          op 0: client 0 asks n0 to echo "Please echo 68"
          the guest failed in handle: trap: integer divide by zero

        bounds        1 node, 1 client; at most 4 timers in order; no faults
        operations    echo "Please echo 68"; each by any client, in this order (seed 1)
        explored      1 state, 1 move; all schedules of up to 0 moves were tried
        states        the guest has no snapshot of all its state, so each is what nodes were told, and they are told it again: slower, and more states

        The simulator plays this schedule:

        echo: INVALID

        The run could not go on: at 0 s, node n0: the guest failed in handle: trap: integer divide by zero
          in: average < go < handle
          event: message {"src":"c2","dest":"n0","body":{"echo":"Please echo 68","type":"echo","msg_id":1}}
          [NOTHING DONE]
        simulated     0 s with seed 1; 2 events
        next          replay: host sim --cache-dir CACHE [DIR]/trap.wasm --schedule s.json
                      shrink: host sim --cache-dir CACHE [DIR]/trap.wasm --schedule s.json --shrink shortest.json
                      report: host sim --cache-dir CACHE [DIR]/trap.wasm --schedule s.json --report report
                      play: host play --cache-dir CACHE [DIR]/trap.wasm --schedule s.json

        [INVALID]
    "#]]);
    let schedule = dir.read("s.json");
    let failed = catch_unwind(|| play_module(&path, &schedule).assert_valid());
    let text = failed.unwrap_err().downcast::<String>().unwrap();
    assert!(
        text.starts_with("with seed 1 the run could not go on: "),
        "{text}"
    );
}

/// A guest that fails once it has taken over a state, which nothing but an exploration has it do. What the simulator does not
/// confirm is no failure of the guest: it is told again from its beginning instead.
#[test]
fn a_guest_that_only_fails_when_it_is_restored_is_explored_by_replay() {
    let dir = Dir::new();
    let answer = r#"{"send":{"src":"n0","dest":"c2","body":{"type":"echo_ok","echo":"Please echo 68","in_reply_to":1}}}"#;
    let text = wat::small_guest(&format!(
        r#"(data (i32.const 1024) "{}")
           (global $took (mut i32) (i32.const 0))
           (func (export "snapshot") (result i64)
             (i32.store8 (i32.const 2048) (global.get $ready))
             (call $packed (i32.const 2048) (i32.const 1)))
           (func (export "restore") (param $ptr i32) (param $len i32) (result i32)
             (global.set $took (i32.const 1))
             (global.set $ready (i32.load8_u (local.get $ptr)))
             (i32.const 0))
           (func $go (param $ptr i32) (param $len i32) (result i64)
             (if (global.get $took) (then unreachable))
             (call $packed (i32.const 1024) (i32.const {})))"#,
        answer.replace('"', "\\22"),
        answer.len()
    ));
    let path = dir.module("two-faced.wasm", &text.replace("n1", "n0"));
    let args = "-w echo --node-count 1 --operations 1 --write-schedule s.json";
    explore_file(&dir, &path, args).end().is(expect![[r#"
        exit code 0
        ---- stdout
        echo: all 2 states within these bounds: no failure

        bounds        1 node, 1 client; at most 4 timers in order; no faults
        operations    echo "Please echo 68"; each by any client, in this order (seed 1)
        explored      2 states, 1 move; the longest way to one has 1 move
        states        the guest has no snapshot of all its state, so each is what nodes were told, and they are told it again: slower, and more states

        No schedule within these bounds fails.
    "#]]);
    assert!(!dir.path("s.json").exists());
    let args = "-w echo --node-count 1 --operations 1 --strategy pct --runs 8";
    explore_file(&dir, &path, args).end().is(expect![[r#"
        exit code 0
        ---- stdout
        echo: 8 runs: no failure

        bounds        1 node, 1 client; at most 4 timers in order; no faults
        operations    echo "Please echo 68"; each by any client, in this order (seed 1)
        explored      8 runs, 8 moves, 1 state; by the strategy pct of depth 3
        states        the guest has no snapshot of all its state, so each is what nodes were told, and they are told it again: slower, and more states

        Those that were tried do not fail; it proves nothing about others.
    "#]]);
}

#[test]
fn what_is_typed_next_plays_the_same_failure() {
    let dir = Dir::new();
    let args =
        format!("{LOST} --write-schedule s.json --report report --ends=on --max-fuel 900000000");
    let ended = explore(&dir, "broadcast-flood", &args).end();
    assert_eq!(ended.code(), Some(1), "{ended}");
    assert!(dir.path("report/index.html").exists());
    let next: Vec<&str> = (ended.stdout.lines())
        .skip_while(|line| !line.starts_with("next "))
        .take_while(|line| !line.is_empty())
        .collect();
    expect![[r#"
        next          replay: host sim --max-fuel 900000000 --cache-dir CACHE DIR/broadcast-flood.wasm --schedule s.json
                      shrink: host sim --max-fuel 900000000 --cache-dir CACHE DIR/broadcast-flood.wasm --schedule s.json --shrink shortest.json
                      report: see report/index.html
                      play: host play --max-fuel 900000000 --cache-dir CACHE DIR/broadcast-flood.wasm --schedule s.json"#]].assert_eq(&next.join("\n"));
    let (_, command) = next[0].split_once("replay: host ").unwrap();
    let folder = built("broadcast-flood")
        .parent()
        .unwrap()
        .display()
        .to_string();
    let command = command.replace("DIR", &folder);
    let command = command.replace("CACHE", &test_support::compiled().display().to_string());
    let played = dir.host().args(command.split(' ')).end();
    assert_eq!(played.code(), Some(1), "{played}");
    // It is what the exploration has shown of it.
    let shown = ended
        .stdout
        .split_once("The simulator plays this schedule:\n\n")
        .unwrap()
        .1;
    let until_next = |text: &str| text.split_once("\nnext ").unwrap().0.to_owned();
    assert_eq!(until_next(shown), until_next(&played.stdout));
}

#[test]
fn a_failure_as_json() {
    let dir = Dir::new();
    let run = explore(&dir, "broadcast-flood", LOST);
    let ended = run.args(["--format", "json"]).end();
    assert_eq!(ended.code(), Some(1), "{ended}");
    let result = parse(&ended);
    assert_eq!(result["valid?"], false);
    assert_eq!(result["end"], "failure");
    let failure = &result["failure"];
    assert_eq!(failure["run"]["valid?"], false);
    assert_eq!(failure["run"]["results"]["workload"]["lost-count"], 1);
    expect![[r#"
        [
          "op 0: client 0 asks n0 to broadcast 0",
          "op 1: n0 answers client 0: ok",
          "n0 tells n1: gossip {\"message\":0}, but the message is lost"
        ]"#]]
    .assert_eq(&serde_json::to_string_pretty(&failure["trace"]).unwrap());
}

#[test]
fn a_failure_is_written_as_a_test() {
    let dir = Dir::new();
    let args = format!("{LOST} --write-test t.rs --write-schedule s.json");
    let ended = explore(&dir, "broadcast-flood", &args).end();
    assert_eq!(ended.code(), Some(1), "{ended}");
    let test = dir.read("t.rs");
    let (head, schedule) = test.split_once("const SCHEDULE: &str = r#\"").unwrap();
    assert_eq!(schedule, format!("{}\"#;\n", dir.read("s.json")));
    expect![[r#"
        //! A schedule that fails, found by `host explore`: lost-elements.
        //!
        //! For the crate of the node: save it as `src/explored.rs`, with `#[cfg(test)] mod explored;` in `src/lib.rs`,
        //! and say which type is the node. `host-testing` is a dev-dependency.

        use crate::State as Node; // what `guest_sdk::export!` names

        // op 0: client 0 asks n0 to broadcast 0
        // op 1: n0 answers client 0: ok
        // n0 tells n1: gossip {"message":0}, but the message is lost
        #[test]
        fn no_lost_elements_in_this_schedule() {
            host_testing::play::<Node>(SCHEDULE).assert_valid();
        }

    "#]].assert_eq(head);
}

#[test]
fn a_test_of_a_program_plays_its_module() {
    let dir = Dir::new();
    let args =
        "-w broadcast --node-count 2 --operations 1 --seed 2 --fires 0 --drops 1 --write-test t.rs";
    let run = explore_file(&dir, &program("go-gossip"), args);
    let ended = run.args(["--", "no-retry"]).end();
    assert_eq!(ended.code(), Some(1), "{ended}");
    let test = dir.read("t.rs");
    let head = test.split_once("const SCHEDULE").unwrap().0;
    let folder = program("go-gossip").parent().unwrap().display().to_string();
    expect![[r#"
        //! A schedule that fails, found by `host explore`: lost-elements.
        //!
        //! For the folder `tests` of a crate that has `host-testing` as a dev-dependency.

        // op 0: client 0 asks n0 to broadcast 0
        // op 1: n0 answers client 0: ok
        // n0 tells n1: gossip {"values":[0]}, but the message is lost
        #[test]
        fn no_lost_elements_in_this_schedule() {
            host_testing::play_module(std::path::Path::new("DIR/go-gossip.wasm"), SCHEDULE).assert_valid();
        }

    "#]].assert_eq(&head.replace(&folder, "DIR"));
}

/// Ids that are unique on each node only, as those of `unique-ids-mutants --bug counter`.
#[derive(Serialize, Deserialize)]
struct Careless {
    given: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Generate,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    GenerateOk { id: u64 },
}

impl Node for Careless {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(_: &mut Ctx<Self>) -> Self {
        Careless { given: 0 }
    }

    fn request(&mut self, _: Request, from: Caller, ctx: &mut Ctx<Self>) -> Result<(), Error> {
        self.given += 1;
        ctx.reply(from, &Reply::GenerateOk { id: self.given });
        Ok(())
    }
}

#[test]
fn a_unit_test_plays_the_schedule_with_a_native_node() {
    let dir = Dir::new();
    let args = "-w unique-ids --node-count 2 --operations 2 --fires 0 --write-schedule s.json";
    let run = explore(&dir, "unique-ids-mutants", args).args(["--", "--bug", "counter"]);
    assert_eq!(run.end().code(), Some(1));
    let schedule = dir.read("s.json");
    let failed = catch_unwind(|| play::<Careless>(&schedule).assert_valid());
    let text = failed.unwrap_err().downcast::<String>().unwrap();
    assert!(
        text.starts_with("with seed 1:\nunique-ids: INVALID"),
        "{text}"
    );
    let ran = play::<Careless>(&schedule);
    assert_eq!(ran.state("n0"), serde_json::json!({"given": 1}));
}

#[test]
fn what_is_no_schedule_is_said() {
    let failed = catch_unwind(|| drop(play::<Careless>("{}"))).unwrap_err();
    let text = failed.downcast::<String>().unwrap();
    assert!(text.starts_with("this is no schedule: "), "{text}");
}

#[test]
fn commands_are_those_of_the_program_as_it_was_called() {
    // A shell takes them as they are, whatever the names are.
    let dir = Dir::new();
    std::fs::copy(built("broadcast-flood"), dir.path("my flood.wasm")).unwrap();
    let mut host = Command::new(test_support::host());
    host.env_clear()
        .current_dir(dir.root())
        .arg("explore")
        .args(LOST.split(' '));
    let run = host
        .args([
            "--no-cache",
            "--write-schedule",
            "my s.json",
            "my flood.wasm",
        ])
        .output();
    let stdout = String::from_utf8(run.unwrap().stdout).unwrap();
    let shrink = stdout
        .lines()
        .find_map(|line| line.trim().strip_prefix("shrink: "));
    let shrink = Command::new("bash")
        .current_dir(dir.root())
        .args(["-c", shrink.unwrap()])
        .output()
        .unwrap();
    assert_eq!(shrink.status.code(), Some(1), "{shrink:?}");
    assert!(dir.path("shortest.json").exists());
}
