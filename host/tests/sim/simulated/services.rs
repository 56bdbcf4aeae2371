//! Nodes that call services, which answer after the network's latency.

use expect_test::expect;
use host_check::validity::Validity;
use host_check::workload::Workload;
use host_sim::{Latency, RunOptions};
use test_support::json_lines;

use crate::simulated::runs::{module, options, run};
use crate::simulated::scripted::{Step, guest};

#[test]
fn services_answer_with_latency_both_ways() {
    let send = |dest: &str, body: &str| {
        format!(r#"{{"send":{{"src":"n0","dest":"{dest}","body":{body}}}}}"#)
    };
    let steps = [
        send(
            "lin-kv",
            r#"{"type":"write","key":"k","value":[1],"msg_id":1}"#,
        ),
        send("lin-kv", r#"{"type":"read","key":"k","msg_id":2}"#),
        send("seq-kv", r#"{"type":"read","key":"k","msg_id":3}"#),
        send("lww-kv", r#"{"type":"explode","msg_id":4}"#),
        send("lin-tso", r#"{"type":"ts","msg_id":5}"#),
        send("c2", r#"{"type":"generate_ok","id":0,"in_reply_to":1}"#),
    ];
    let script: Vec<Step<'_>> = steps.iter().map(|effects| Step::Say(effects)).collect();
    let options = RunOptions {
        rate: 0.1,
        latency: Latency {
            mean_ms: 10,
            ..Latency::default()
        },
        ..options(1, 1)
    };
    let (report, journal) = run(&module(&guest(&script)), Workload::UniqueIds, &options, 1);
    let received = json_lines(&journal).into_iter().filter_map(|entry| {
        let is_sent = entry["event"] == "send";
        let with_service =
            !entry["src"].as_str()?.starts_with('c') && !entry["dest"].as_str()?.starts_with('c');
        (is_sent && with_service).then(|| {
            let ms = entry["at_ns"].as_u64().unwrap() / 1_000_000;
            format!(
                "{ms} ms {} -> {}: {}\n",
                entry["src"], entry["dest"], entry["body"]
            )
        })
    });
    expect![[r#"
        0 ms "n0" -> "lin-kv": {"key":"k","msg_id":1,"type":"write","value":[1]}
        10 ms "lin-kv" -> "n0": {"in_reply_to":1,"type":"write_ok"}
        20 ms "n0" -> "lin-kv": {"key":"k","msg_id":2,"type":"read"}
        30 ms "lin-kv" -> "n0": {"in_reply_to":2,"type":"read_ok","value":[1]}
        40 ms "n0" -> "seq-kv": {"key":"k","msg_id":3,"type":"read"}
        50 ms "seq-kv" -> "n0": {"code":20,"in_reply_to":3,"text":"key does not exist","type":"error"}
        60 ms "n0" -> "lww-kv": {"msg_id":4,"type":"explode"}
        70 ms "lww-kv" -> "n0": {"code":10,"in_reply_to":4,"text":"lww-kv does not know \"explode\"; it knows read, write and cas","type":"error"}
        80 ms "n0" -> "lin-tso": {"msg_id":5,"type":"ts"}
        90 ms "lin-tso" -> "n0": {"in_reply_to":5,"ts":0,"type":"ts_ok"}
    "#]]
    .assert_eq(&received.collect::<String>());
    assert_eq!(report.valid(), Validity::True);
}
