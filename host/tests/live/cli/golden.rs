//! The golden guest of ABI version 1, live and stepped through the library.

use expect_test::expect;
use host_guest::{Effect, ErrorKind, Event, EventKind, Guest, GuestOptions, Limits};
use host_sandbox::{GuestModule, Sandbox};

use test_support::{Dir, INIT, with_placeholders};

const ECHO: &str =
    r#"{"id":1,"src":"c1","dest":"n1","body":{"type":"echo","msg_id":2,"echo":"Hello, n1"}}"#;
const REMIND: &str = r#"{"id":2,"src":"c2","dest":"n1","body":{"type":"remind","msg_id":3}}"#;
const OTHER: &str = r#"{"id":3,"src":"c1","dest":"n1","body":{"type":"dance","msg_id":4}}"#;

#[test]
fn it_answers_requests_and_its_timer_fires_while_the_input_is_open() {
    let dir = Dir::new();
    let mut node = dir.node(dir.guest("golden_v1")).start();
    node.send(INIT);
    node.next_line();
    node.send(format!("{ECHO}\n{REMIND}\n"));
    for _ in ["echo_ok", "remind_ok", "reminder"] {
        node.next_line();
    }
    node.send(format!("{OTHER}\n"));
    node.next_line();
    node.end().is(expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"echo_ok","in_reply_to":2,"echo":"Hello, n1"}}
        {"src":"n1","dest":"c2","body":{"type":"remind_ok","in_reply_to":3}}
        {"src":"n1","dest":"c2","body":{"type":"reminder","echoes":1}}
        {"src":"n1","dest":"c1","body":{"type":"error","in_reply_to":4,"code":10,"text":"golden does not know this"}}
        ---- stderr
        n1 info ready
    "#]]);
}

#[test]
fn a_second_instance_takes_over_its_state_and_goes_on_in_the_same_way() {
    let module = golden();
    let mut first = start(&module);
    let mut told = String::new();
    for (at, message) in [(10, INIT.trim_end()), (20, ECHO), (30, ECHO), (40, REMIND)] {
        told += &step(first.as_mut(), at, EventKind::Message(message));
    }
    let snapshot = first.snapshot().unwrap().unwrap();
    let mut second = start(&module);
    second.restore(&snapshot).unwrap();
    assert_eq!(second.snapshot().unwrap().unwrap(), snapshot);

    let rest = [
        EventKind::Timer(7),
        EventKind::Message(ECHO),
        EventKind::Message(OTHER),
    ];
    let go_on = |guest: &mut dyn Guest| -> String {
        (rest.iter().zip(50..))
            .map(|(kind, at)| step(guest, at, *kind))
            .collect()
    };
    let (of_first, of_second) = (go_on(first.as_mut()), go_on(second.as_mut()));
    assert_eq!(of_first, of_second);
    expect![[r#"
        > message {"id":0,"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}}
        < Log(Log { level: Info, text: "ready" })
        < {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        > message {"id":1,"src":"c1","dest":"n1","body":{"type":"echo","msg_id":2,"echo":"Hello, n1"}}
        < {"src":"n1","dest":"c1","body":{"type":"echo_ok","in_reply_to":2,"echo":"Hello, n1"}}
        > message {"id":1,"src":"c1","dest":"n1","body":{"type":"echo","msg_id":2,"echo":"Hello, n1"}}
        < {"src":"n1","dest":"c1","body":{"type":"echo_ok","in_reply_to":2,"echo":"Hello, n1"}}
        > message {"id":2,"src":"c2","dest":"n1","body":{"type":"remind","msg_id":3}}
        < SetTimer(SetTimer { id: 7, after_ns: 5000000 })
        < {"src":"n1","dest":"c2","body":{"type":"remind_ok","in_reply_to":3}}
        -- after the snapshot
        > timer 7
        < {"src":"n1","dest":"c2","body":{"type":"reminder","echoes":2}}
        > message {"id":1,"src":"c1","dest":"n1","body":{"type":"echo","msg_id":2,"echo":"Hello, n1"}}
        < {"src":"n1","dest":"c1","body":{"type":"echo_ok","in_reply_to":2,"echo":"Hello, n1"}}
        > message {"id":3,"src":"c1","dest":"n1","body":{"type":"dance","msg_id":4}}
        < {"src":"n1","dest":"c1","body":{"type":"error","in_reply_to":4,"code":10,"text":"golden does not know this"}}
    "#]].assert_eq(&(told + "-- after the snapshot\n" + &of_first));
}

#[test]
fn it_refuses_a_state_that_is_not_its_own() {
    let module = golden();
    let error = start(&module).restore(b"something else").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused(1));
    expect![[r#"
        the guest failed in restore: it refused the state (status 1)
          [NOTHING DONE]"#]]
    .assert_eq(&with_placeholders(&error.to_string()));
}

#[test]
fn the_same_steps_use_the_same_fuel() {
    let module = golden();
    let fuel_used = || {
        let mut guest = start(&module);
        step(guest.as_mut(), 10, EventKind::Message(INIT.trim_end()));
        step(guest.as_mut(), 20, EventKind::Message(ECHO));
        guest.fuel_used()
    };
    // A change of this figure changes the rules: programs that were within their limits
    // may exceed them.
    expect!["154814"].assert_eq(&fuel_used().to_string());
    assert_eq!(fuel_used(), fuel_used());
}

fn golden() -> GuestModule {
    let dir = Dir::new();
    let sandbox = Sandbox::new(None).unwrap();
    sandbox
        .load(&dir.guest("golden_v1"), &Limits::default())
        .unwrap()
}

fn start(module: &GuestModule) -> Box<dyn Guest + Send> {
    module.start(GuestOptions::default()).unwrap()
}

/// Steps the guest; the event and its effects, one a line.
fn step(guest: &mut dyn Guest, now_ns: u64, kind: EventKind<'_>) -> String {
    let node = "n1";
    let event = Event { now_ns, node, kind };
    let mut told = format!("> {event}\n");
    for effect in guest.step(&event).unwrap() {
        let mut line = Vec::new();
        match effect {
            Effect::Send(send) => send.write_line(&mut line),
            other => line.extend(format!("{other:?}\n").bytes()),
        }
        told += &format!("< {}", String::from_utf8(line).unwrap());
    }
    told
}
