//! WASI as a guest sees it: the event's time, random numbers from the seed, its
//! arguments, a log; no files, no network.

use expect_test::expect;
use host_guest::{Event, EventKind, GuestOptions, Limits};
use host_sandbox::Sandbox;

use test_support::{Dir, GO, INIT};

#[test]
fn the_clock_shows_the_time_of_the_event() {
    let dir = Dir::new();
    let module = Sandbox::new(None)
        .unwrap()
        .load(&dir.guest("clock"), &Limits::default())
        .unwrap();
    let mut guest = module.start(GuestOptions::default()).unwrap();
    let mut values = String::new();
    let times = [0, 1, 0x0123_4567_89ab_cdef, 0x0123_4567_89ab_cdef];
    for (now_ns, message) in times.into_iter().zip([INIT, GO, GO, GO]) {
        let (node, kind) = ("n1", EventKind::Message(message.trim_end()));
        let effects = guest.step(&Event { now_ns, node, kind }).unwrap();
        values += &format!("{effects:?}\n");
    }
    expect![[r#"
        [Send(SendMessage { message: Message { src: "n1", dest: "c0", body: "{\"type\":\"init_ok\",\"in_reply_to\":1}" }, header: Some(Header { kind: "init_ok", msg_id: None, in_reply_to: Some(1) }) })]
        [Send(SendMessage { message: Message { src: "n1", dest: "c1", body: "{\"type\":\"value\",\"value\":\"0000000000000001\"}" }, header: Some(Header { kind: "value", msg_id: None, in_reply_to: None }) })]
        [Send(SendMessage { message: Message { src: "n1", dest: "c1", body: "{\"type\":\"value\",\"value\":\"0123456789abcdef\"}" }, header: Some(Header { kind: "value", msg_id: None, in_reply_to: None }) })]
        [Send(SendMessage { message: Message { src: "n1", dest: "c1", body: "{\"type\":\"value\",\"value\":\"0123456789abcdef\"}" }, header: Some(Header { kind: "value", msg_id: None, in_reply_to: None }) })]
    "#]].assert_eq(&values);
}

#[test]
fn the_clock_of_a_live_node_never_goes_backwards() {
    let dir = Dir::new();
    let node = dir.node(dir.guest("clock"));
    let ended = node.input(INIT.to_owned() + &GO.repeat(50));
    let times: Vec<&str> = ended.stdout.lines().skip(1).collect();
    assert_eq!(times.len(), 50, "{ended}");
    assert!(times.is_sorted(), "{ended}");
    assert!(
        times[0] > "{\"src\":\"n1\",\"dest\":\"c1\",\"body\":{\"type\":\"value\",\"value\":\"17",
        "it counts from the Unix epoch: {ended}"
    );
}

#[test]
fn the_same_seed_gives_the_same_random_numbers() {
    let dir = Dir::new();
    let guest = dir.guest("random");
    let run = |seed| {
        let node = dir.node(&guest).args(["--seed", seed]);
        node.input(format!("{INIT}{GO}{GO}"))
    };
    run("7").is(expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"value","value":"2865533423d743bb"}}
        {"src":"n1","dest":"c1","body":{"type":"value","value":"2b0159d32e9b293a"}}
    "#]]);
    assert_eq!(run("7").stdout, run("7").stdout);
    assert_ne!(run("7").stdout, run("8").stdout);
}

#[test]
fn without_a_seed_random_numbers_differ_between_runs() {
    let dir = Dir::new();
    let guest = dir.guest("random");
    let run = || dir.node(&guest).input(format!("{INIT}{GO}")).stdout;
    assert_ne!(run(), run());
}

#[test]
fn random_bytes_outside_of_memory_are_an_error_code() {
    let dir = Dir::new();
    let node = dir.node(dir.guest("random_outside"));
    node.input(format!("{INIT}{GO}")).is(expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"value","value":"0000000000000015"}}
    "#]]);
}

#[test]
fn random_bytes_cost_fuel() {
    let dir = Dir::new();
    let node = dir.node(dir.guest("random_huge"));
    node.input(format!("{INIT}{GO}")).is(expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: out of fuel: a step may use 10000000000 units (--max-fuel); does it loop for ever?
          in: go < handle
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]]);
}

#[test]
fn fd_write_with_wild_addresses_answers_error_codes() {
    let dir = Dir::new();
    let node = dir.node(dir.guest("write_outside"));
    node.input(format!("{INIT}{GO}")).is(expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"value","value":"15151515151c1c08"}}
    "#]]);
}

#[test]
fn there_are_no_files_no_sockets_no_waiting_no_input_and_no_environment() {
    let dir = Dir::new();
    let node = dir.node(dir.guest("outside_world"));
    node.env("SECRET", "1")
        .input(format!("{INIT}{GO}"))
        .is(expect![[r#"
            exit code 0
            ---- stdout
            {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
            {"src":"n1","dest":"c1","body":{"type":"value","value":"0808083434000000"}}
        "#]]);
}

#[test]
fn a_flood_of_printed_lines_is_stopped_at_the_limit() {
    let dir = Dir::new();
    let node = dir.node(dir.guest("flood"));
    node.args(["--max-log-bytes", "100"])
        .input(format!("{INIT}{GO}"))
        .is(expect![[r#"
            exit code 1
            ---- stdout
            {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
            ---- stderr
            error: the guest failed in handle: more than 100 bytes of log in one step (--max-log-bytes)
              in: go < handle
              event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
              stderr: all work and no play makes jack a dull boy
              stderr: all work and no play makes jack a dull boy
              stderr: all work and n
              [NOTHING DONE]
        "#]]);
}

#[test]
fn a_flood_of_printed_lines_is_shown_in_part() {
    let dir = Dir::new();
    let node = dir.node(dir.guest("flood"));
    let ended = node.input(format!("{INIT}{GO}"));
    assert_eq!(ended.code(), Some(1), "{ended}");
    assert!(ended.stderr.len() < 4000, "{ended}");
}

#[test]
fn what_follows_two_dashes_are_the_guests_arguments() {
    let dir = Dir::new();
    let node = dir.node(dir.guest("args"));
    node.args(["--seed", "1", "--", "--rate", "10", "", "ünï", "--"])
        .input(format!("{INIT}{GO}"))
        .is(expect![[r#"
            exit code 0
            ---- stdout
            {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
            {"src":"n1","dest":"c1","body":{"type":"value","value":"0000000000000006"}}
            ---- stderr
            n1 info args\u{0}--rate\u{0}10\u{0}\u{0}ünï\u{0}--\u{0}
        "#]]);
}

#[test]
fn what_a_guest_prints_before_its_first_event_is_logged_with_that_event() {
    let dir = Dir::new();
    let node = dir.node(dir.guest("talks_at_start"));
    node.input(format!("{INIT}{GO}")).is(expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        n1 info loaded 3 rules
    "#]]);
}
