//! For every anomaly the smallest history that has it, and a near miss that has not.

use crate::script::{history, json};
use host_check::availability::{Goal, availability};
use host_check::history::read;
use host_check::net::{NetEvent, NetStats};
use host_check::validity::{Checks, Validity};
use host_check::workload::{CheckOptions, Workload, check};

/// The verdicts by Maelstrom's rules and by strict ones, and what the latter say Maelstrom missed:
/// kind, operation, elements.
fn judge(workload: Workload, script: &str) -> (Validity, Validity, Vec<String>) {
    let history = history(script);
    let result = |checks| {
        check(
            workload,
            &history,
            None,
            &CheckOptions {
                checks,
                ..CheckOptions::default()
            },
        )
        .unwrap()
    };
    let (maelstrom, strict) = (result(Checks::Maelstrom), result(Checks::Strict));
    let maelstrom_json = json(&maelstrom).to_string();
    assert!(
        !maelstrom_json.contains("maelstrom-missed"),
        "{maelstrom_json}"
    );
    let strict_json = json(&strict);
    let complaints = ["workload", "exceptions"]
        .into_iter()
        .filter_map(|part| strict_json[part]["maelstrom-missed"].as_array().cloned());
    let named = complaints.flatten().map(|it| {
        format!(
            "{} {} {}",
            it["what"].as_str().unwrap(),
            it["op"],
            it["elements"]
        )
    });
    (maelstrom.valid, strict.valid, named.collect())
}

const VALID: (Validity, Validity, Vec<String>) = (Validity::True, Validity::True, Vec::new());

fn missed(complaints: &[&str]) -> (Validity, Validity, Vec<String>) {
    (
        Validity::True,
        Validity::False,
        complaints
            .iter()
            .map(|&complaint| complaint.to_owned())
            .collect(),
    )
}

fn both(valid: Validity, complaints: &[&str]) -> (Validity, Validity, Vec<String>) {
    (
        valid,
        valid,
        complaints
            .iter()
            .map(|&complaint| complaint.to_owned())
            .collect(),
    )
}

/// One element is added, acknowledged, and read by process 0 after recovery; what process 1 then
/// reads is left out.
const ADDED: &str = "
    0 invoke broadcast 1
    0 ok broadcast 1
    wait 10
    0 invoke read nil final
    1 invoke read nil final
";

#[test]
fn a_lost_element_is_absent_from_the_last_read() {
    let lost = "
        0 invoke add 1
        0 ok add 1
        0 invoke read nil
        0 ok read [1]
        0 invoke read nil
        0 ok read []
    ";
    assert_eq!(judge(Workload::GSet, lost), both(Validity::False, &[]));
    let back_again = format!("{lost}\n 0 invoke read nil\n 0 ok read [1]");
    assert_eq!(judge(Workload::GSet, &back_again), VALID);
    let concurrent_with_the_add = "
        0 invoke add 1
        1 invoke read nil
        0 ok add 1
        1 ok read []
        0 invoke add 2
        0 ok add 2
        2 invoke read nil
        2 ok read [1 2]
    ";
    assert_eq!(judge(Workload::GSet, concurrent_with_the_add), VALID);
}

#[test]
fn an_element_never_read_is_nothing_to_judge_by() {
    let unacknowledged = "
        0 invoke add 1
        0 info add 1
        1 invoke read nil
        1 ok read []
    ";
    // No add succeeded, which is wrong for Maelstrom, and strictly one add is too few.
    assert_eq!(
        judge(Workload::GSet, unacknowledged),
        (Validity::False, Validity::Unknown, Vec::new())
    );
    let never_read_after = "
        1 invoke read nil
        1 ok read []
        0 invoke add 1
        0 ok add 1
    ";
    assert_eq!(
        judge(Workload::GSet, never_read_after),
        both(Validity::Unknown, &[])
    );
}

#[test]
fn a_final_read_of_one_node_may_lack_what_another_has() {
    // Jepsen looks at the read invoked last, process 1's: whether it lacks the element decides.
    let deaf_first = "
        0 invoke broadcast 1
        0 ok broadcast 1
        wait 10
        1 invoke read nil final
        0 invoke read nil final
        1 ok read [] final
        0 ok read [1] final
    ";
    assert_eq!(
        judge(Workload::Broadcast, deaf_first),
        missed(&["final-read-lacks 4 [1]"])
    );
    let deaf_last = format!("{ADDED}\n 0 ok read [1] final\n 1 ok read [] final");
    assert_eq!(
        judge(Workload::Broadcast, &deaf_last),
        both(Validity::False, &[])
    );
    let heard = format!("{ADDED}\n 0 ok read [1] final\n 1 ok read [1] final");
    assert_eq!(judge(Workload::Broadcast, &heard), VALID);
}

#[test]
fn an_unacknowledged_element_must_stay_only_once_it_was_seen() {
    let seen_then_gone = "
        0 invoke broadcast 1
        0 info broadcast 1
        2 invoke broadcast 2
        2 ok broadcast 2
        1 invoke read nil
        1 ok read [1 2]
        wait 10
        1 invoke read nil final
        2 invoke read nil final
        1 ok read [2] final
        2 ok read [1 2] final
    ";
    assert_eq!(
        judge(Workload::Broadcast, seen_then_gone),
        missed(&["final-read-lacks 8 [1]"])
    );
    let seen_by_concurrent_final_reads_only =
        seen_then_gone.replace("1 ok read [1 2]", "1 ok read [2]");
    assert_eq!(
        judge(Workload::Broadcast, &seen_by_concurrent_final_reads_only),
        VALID
    );
    let never_seen =
        seen_by_concurrent_final_reads_only.replace("2 ok read [1 2] final", "2 ok read [2] final");
    assert_eq!(judge(Workload::Broadcast, &never_seen), VALID);
}

/// Reads that no flag marks: the first by process 1 lacks the element, the second has it.
const UNMARKED: &str = "
    0 invoke add 1
    0 ok add 1
    wait 10
    1 invoke read nil
    2 invoke read nil
    1 ok read []
    2 ok read [1]
";

#[test]
fn unmarked_reads_are_final_after_the_last_silence() {
    assert_eq!(
        judge(Workload::GSet, UNMARKED),
        missed(&["final-read-lacks 4 [1]"])
    );
}

#[test]
fn unmarked_reads_are_not_final_without_recovery() {
    let begun_before = UNMARKED.replacen("1 invoke read nil", "", 1).replacen(
        "wait 10",
        "1 invoke read nil\n wait 10",
        1,
    );
    let fault_after = UNMARKED.replace("wait 10", "wait 10\n :nemesis info start-partition nil");
    let short = UNMARKED.replace("wait 10", "wait 8");
    let then_an_add =
        format!("{UNMARKED}\n 0 invoke add 2\n 0 ok add 2\n 2 invoke read nil\n 2 ok read [1 2]");
    let fault_left = format!(":nemesis info start-partition nil\n{UNMARKED}");
    let unknown_fault_left = format!(":nemesis info bewitch nil\n{UNMARKED}");
    let killed = format!(":nemesis info kill nil\n{UNMARKED}");
    let add_left_open = format!("5 invoke add 7\n{UNMARKED}");
    let add_within_the_silence =
        format!("5 invoke add 7\n{UNMARKED}\n 5 ok add 7\n 2 invoke read nil\n 2 ok read [1 7]");
    for script in [
        begun_before,
        fault_after,
        short,
        then_an_add,
        fault_left,
        unknown_fault_left,
        killed,
        add_left_open,
        add_within_the_silence,
    ] {
        let (_, strict, complaints) = judge(Workload::GSet, &script);
        assert_eq!(
            (strict, complaints),
            (Validity::True, Vec::new()),
            "{script}"
        );
    }
}

#[test]
fn unmarked_reads_are_final_once_faults_are_ended() {
    for faults in [
        ":nemesis info start-partition nil\n :nemesis info stop-partition nil",
        ":nemesis info kill nil\n :nemesis info start nil",
        ":nemesis info pause nil\n :nemesis info resume nil",
    ] {
        let (_, strict, complaints) = judge(Workload::GSet, &format!("{faults}\n{UNMARKED}"));
        assert_eq!(
            (strict, complaints),
            (Validity::False, vec!["final-read-lacks 6 [1]".to_owned()]),
            "{faults}"
        );
    }
}

#[test]
fn a_read_marked_final_that_an_add_may_overtake_is_not_final() {
    let overtaken = "
        0 invoke broadcast 1
        0 ok broadcast 1
        1 invoke read nil final
        2 invoke broadcast 2
        1 ok read [] final
        2 ok broadcast 2
        0 invoke read nil
        0 ok read [1 2]
    ";
    assert_eq!(judge(Workload::Broadcast, overtaken), VALID);
}

#[test]
fn duplicates_in_a_read_are_those_beyond_the_adds() {
    let twice = format!("{ADDED}\n 0 ok read [1 1] final\n 1 ok read [1] final");
    assert_eq!(
        judge(Workload::Broadcast, &twice),
        missed(&["duplicates 4 [1]"])
    );
    let added_twice = format!("3 invoke broadcast 1\n 3 ok broadcast 1\n{twice}");
    assert_eq!(judge(Workload::Broadcast, &added_twice), VALID);
    let history = history(&format!(
        "{ADDED}\n 0 ok read [1 1 1] final\n 1 ok read [1 1] final"
    ));
    let result = json(
        &check(
            Workload::Broadcast,
            &history,
            None,
            &CheckOptions::default(),
        )
        .unwrap(),
    );
    assert_eq!(
        (
            &result["workload"]["duplicated"],
            &result["workload"]["duplicated-count"]
        ),
        (&serde_json::json!({"1": 3}), &1.into())
    );
}

#[test]
fn an_element_nobody_added_is_a_phantom_until_it_is_added() {
    let phantom = format!("{ADDED}\n 0 ok read [1 7] final\n 1 ok read [1] final");
    assert_eq!(
        judge(Workload::Broadcast, &phantom),
        missed(&["never-added 4 [7]"])
    );
    let foreseen = "
        1 invoke read nil
        1 ok read [1]
        0 invoke add 1
        0 ok add 1
        1 invoke read nil
        1 ok read [1]
    ";
    assert_eq!(
        judge(Workload::GSet, foreseen),
        missed(&["never-added 1 [1]"])
    );
    let being_added = "
        1 invoke read nil
        0 invoke add 1
        1 ok read [1]
        0 ok add 1
        1 invoke read nil
        1 ok read [1]
    ";
    assert_eq!(judge(Workload::GSet, being_added), VALID);
}

/// How Maelstrom's g-set and counters log an error that means the operation did not take place.
const REFUSED: &str = r#":exception {:data {:type :rpc-error, :code 11, :definite? true}}"#;
const CRASHED: &str = r#":exception {:data {:type :rpc-error, :code 13, :definite? false}}"#;

#[test]
fn a_refused_element_is_never_read() {
    let others = "
        1 invoke add 2
        1 ok add 2
        1 invoke read nil
        1 ok read [1 2]
    ";
    let failed = format!("0 invoke add 1\n 0 fail add 1\n{others}");
    assert_eq!(
        judge(Workload::GSet, &failed),
        missed(&["refused-yet-read 5 [1]"])
    );
    let refused = format!("0 invoke add 1\n 0 info add 1 {REFUSED}\n{others}");
    assert_eq!(
        judge(Workload::GSet, &refused),
        missed(&["refused-yet-read 5 [1]"])
    );
    let crashed = format!("0 invoke add 1\n 0 info add 1 {CRASHED}\n{others}");
    assert_eq!(judge(Workload::GSet, &crashed), VALID);
    let tried_again =
        format!("0 invoke add 1\n 0 fail add 1\n 0 invoke add 1\n 0 info add 1\n{others}");
    assert_eq!(judge(Workload::GSet, &tried_again), VALID);
}

#[test]
fn a_counter_shows_acknowledged_adds_and_any_of_the_open_ones() {
    let counts = |shown: &str| {
        format!(
            "0 invoke add 2\n 0 ok add 2\n 0 invoke add -3\n 0 info add -3\n wait 10\n 1 invoke read nil final\n 1 ok read {shown} final"
        )
    };
    assert_eq!(judge(Workload::PnCounter, &counts("2")), VALID);
    assert_eq!(judge(Workload::PnCounter, &counts("-1")), VALID);
    assert_eq!(
        judge(Workload::PnCounter, &counts("1")),
        both(Validity::False, &[])
    );
    // Beyond anything that was ever added, which strict checking sees in any read.
    assert_eq!(
        judge(Workload::PnCounter, &counts("5")),
        both(Validity::False, &["out-of-reach 5 [5]"])
    );
}

#[test]
fn a_refused_add_does_not_count() {
    let counts = |shown: &str, error: &str| {
        format!(
            "0 invoke add 1\n 0 ok add 1\n 0 invoke add 2\n 0 info add 2 {error}\n 1 invoke read nil final\n 1 ok read {shown} final"
        )
    };
    assert_eq!(
        judge(Workload::GCounter, &counts("3", REFUSED)),
        missed(&["out-of-reach 5 [3]", "refused-yet-counted 5 [3]"])
    );
    assert_eq!(judge(Workload::GCounter, &counts("3", CRASHED)), VALID);
    assert_eq!(judge(Workload::GCounter, &counts("1", REFUSED)), VALID);
}

#[test]
fn final_reads_of_a_counter_agree() {
    let reads = |first: &str, second: &str, third: &str| {
        format!(
            "0 invoke add 2\n 0 ok add 2\n 0 invoke add 3\n 0 info add 3\n 0 invoke read nil\n 0 ok read {first}\n wait 10\n 1 invoke read nil final\n 2 invoke read nil final\n 1 ok read {second} final\n 2 ok read {third} final"
        )
    };
    assert_eq!(
        judge(Workload::GCounter, &reads("2", "2", "5")),
        missed(&["final-reads-disagree 9 [5]"])
    );
    assert_eq!(judge(Workload::GCounter, &reads("2", "5", "5")), VALID);
    // A read before recovery may be stale.
    assert_eq!(judge(Workload::GCounter, &reads("0", "5", "5")), VALID);
    assert_eq!(
        judge(Workload::GCounter, &reads("6", "5", "5")),
        missed(&["out-of-reach 5 [6]"])
    );
    let unmarked = reads("2", "2", "4").replace(" final", "");
    assert_eq!(
        judge(Workload::GCounter, &unmarked),
        missed(&["final-read-wrong 9 [4]"])
    );
}

#[test]
fn a_counter_without_final_reads_is_unknown_at_best() {
    let no_final_read = "
        0 invoke add 2
        0 ok add 2
        0 invoke read nil
        0 ok read 2
    ";
    assert_eq!(
        judge(Workload::GCounter, no_final_read),
        (Validity::True, Validity::Unknown, Vec::new())
    );
}

#[test]
fn too_many_sums_are_unknown_unless_the_read_is_plain() {
    let counts = |shown: &str| {
        let mut script = "0 invoke add 1\n 0 ok add 1\n".to_owned();
        for power in 0..40 {
            let delta = 3_i64.pow(power.min(30)) * 2;
            script.push_str(&format!(
                "{power} invoke add {delta}\n {power} info add {delta}\n"
            ));
        }
        script.push_str(&format!(
            "wait 10\n 99 invoke read nil final\n 99 ok read {shown} final"
        ));
        script
    };
    assert_eq!(judge(Workload::GCounter, &counts("1")), VALID);
    assert_eq!(
        judge(Workload::GCounter, &counts("1000000000001")),
        both(Validity::Unknown, &[])
    );
    assert_eq!(
        judge(Workload::GCounter, &counts("0")),
        both(Validity::False, &[])
    );
}

#[test]
fn an_echo_gives_back_what_was_sent() {
    let echo = |answer: &str| {
        format!(
            "0 invoke echo \"hi\"\n 0 {answer}\n 0 invoke echo 1\n 0 ok echo {{:type \"echo_ok\", :echo 1}}"
        )
    };
    assert_eq!(
        judge(Workload::Echo, &echo("ok echo {:echo \"hi\"}")),
        VALID
    );
    assert_eq!(
        judge(Workload::Echo, &echo("ok echo {\"echo\" \"hi\"}")),
        VALID
    );
    assert_eq!(
        judge(Workload::Echo, &echo("ok echo {:echo \"ho\"}")),
        both(Validity::False, &[])
    );
    assert_eq!(
        judge(Workload::Echo, &echo("ok echo {:type \"echo_ok\"}")),
        both(Validity::False, &[])
    );
    assert_eq!(
        judge(Workload::Echo, &echo("fail echo \"hi\"")),
        both(Validity::False, &[])
    );
    let unanswered = "0 invoke echo 1\n 0 info echo 1\n 1 invoke echo 1\n 1 ok echo {:echo 1}";
    assert_eq!(judge(Workload::Echo, unanswered), VALID);
    let malformed = unanswered.replace(
        "info echo 1",
        "info echo 1 :exception {:data {:type :malformed-rpc-response}}",
    );
    assert_eq!(
        judge(Workload::Echo, &malformed),
        missed(&["malformed-reply 1 []"])
    );
}

#[test]
fn an_id_is_given_once() {
    let ids = |a: &str, b: &str| {
        format!(
            "0 invoke generate nil\n 0 ok generate {a}\n 0 invoke generate nil\n 0 ok generate {b}"
        )
    };
    assert_eq!(
        judge(Workload::UniqueIds, &ids("1", "1")),
        both(Validity::False, &[])
    );
    assert_eq!(judge(Workload::UniqueIds, &ids("1", "2")), VALID);
    assert_eq!(judge(Workload::UniqueIds, &ids("1", "\"1\"")), VALID);
    assert_eq!(
        judge(
            Workload::UniqueIds,
            &ids("{\"a\" 1, \"n\" 2}", "{\"n\" 2, \"a\" 1}")
        ),
        both(Validity::False, &[])
    );
    assert_eq!(judge(Workload::UniqueIds, &ids("[1 2]", "[2 1]")), VALID);
    let unacknowledged = ids("1", "2").replacen("ok generate 1", "info generate nil", 1);
    assert_eq!(judge(Workload::UniqueIds, &unacknowledged), VALID);
}

#[test]
fn each_kind_of_operation_succeeds_at_least_once() {
    let reads_fail = format!("{ADDED}\n 0 fail read nil final\n 1 fail read nil final");
    let result = check(
        Workload::Broadcast,
        &history(&reads_fail),
        None,
        &CheckOptions::default(),
    )
    .unwrap();
    assert_eq!(
        (result.valid, result.stats.valid, result.workload.valid()),
        (Validity::Unknown, Validity::Unknown, Validity::Unknown)
    );
}

#[test]
fn a_run_in_which_nothing_happened_is_unknown() {
    assert_eq!(
        judge(Workload::Echo, ""),
        (Validity::True, Validity::Unknown, Vec::new())
    );
    assert_eq!(
        judge(Workload::GSet, ""),
        (Validity::Unknown, Validity::Unknown, Vec::new())
    );
}

#[test]
fn availability_is_the_fraction_of_invocations_that_succeeded() {
    let script: String = (0..25)
        .map(|i| {
            format!(
                "{i} invoke echo 1\n {i} {} echo 1\n",
                if i == 0 { "info" } else { "ok" }
            )
        })
        .collect();
    let history = history(&script);
    let judged = |goal, checks| {
        let availability = availability(&history, goal, checks);
        (availability.valid, availability.ok_fraction)
    };
    for checks in [Checks::Strict, Checks::Maelstrom] {
        assert_eq!(judged(None, checks), (Validity::True, 0.96));
        assert_eq!(judged(Some(Goal::Total), checks), (Validity::False, 0.96));
        assert_eq!(
            judged(Some(Goal::AtLeast(0.95)), checks),
            (Validity::True, 0.96)
        );
    }
    // 0.96 in 32 bits is a little less than in 64, and Maelstrom compares the one with the other.
    assert_eq!(
        judged(Some(Goal::AtLeast(0.96)), Checks::Strict),
        (Validity::True, 0.96)
    );
    assert_eq!(
        judged(Some(Goal::AtLeast(0.96)), Checks::Maelstrom),
        (Validity::False, 0.96)
    );
}

#[test]
fn messages_are_counted_by_who_is_at_their_ends() {
    let mut stats = NetStats::default();
    for (src, dest) in [("c0", "n0"), ("n0", "c0"), ("n0", "n1"), ("n0", "lin-kv")] {
        stats.record(src, dest, NetEvent::Sent);
        stats.record(src, dest, NetEvent::Received);
    }
    stats.record("n1", "n0", NetEvent::Sent);
    assert_eq!(
        json(&stats.result(2)),
        serde_json::json!({
            "valid?": true,
            "all": {"send-count": 5, "recv-count": 4, "msg-count": 5, "msgs-per-op": 2.5},
            "clients": {"send-count": 2, "recv-count": 2, "msg-count": 2},
            "servers": {"send-count": 3, "recv-count": 2, "msg-count": 3, "msgs-per-op": 1.5},
        })
    );
    assert_eq!(
        json(&stats.result(0))["all"],
        serde_json::json!({"send-count": 5, "recv-count": 4, "msg-count": 5})
    );
}

#[test]
fn delaying_the_acknowledgement_shows_in_the_visible_latency() {
    let late = "
        0 invoke broadcast 1
        1 invoke read nil
        1 ok read []
        0 ok broadcast 1
        1 invoke read nil
        1 ok read [1]
    ";
    let result = json(
        &check(
            Workload::Broadcast,
            &history(late),
            None,
            &CheckOptions::default(),
        )
        .unwrap(),
    );
    let all = |ms: i64| serde_json::json!({"0": ms, "0.5": ms, "0.95": ms, "0.99": ms, "1": ms});
    assert_eq!(result["workload"]["stable-latencies"], all(0));
    assert_eq!(result["workload"]["visible-latencies"], all(1000));
}

#[test]
fn long_lists_are_cut_and_say_so() {
    let ids: Vec<i64> = (0..2500).collect();
    let mut script = String::new();
    for id in &ids {
        script.push_str(&format!("0 invoke add {id}\n 0 ok add {id}\n"));
    }
    let last = "0 invoke add -1\n 0 ok add -1\n wait 10\n 1 invoke read nil\n 1 ok read [-1]";
    script.push_str(last);
    let result = json(
        &check(
            Workload::GSet,
            &history(&script),
            None,
            &CheckOptions::default(),
        )
        .unwrap(),
    );
    let workload = &result["workload"];
    assert_eq!(
        (
            &workload["lost-count"],
            workload["lost"].as_array().unwrap().len()
        ),
        (&2500.into(), 1000)
    );
    assert_eq!(workload["left-out"], serde_json::json!({"lost": 1500}));

    script.push_str("\n 2 invoke read nil\n 2 ok read [-1");
    ids.iter().for_each(|id| script.push_str(&format!(" {id}")));
    script.push(']');
    let result = json(
        &check(
            Workload::GSet,
            &history(&script),
            None,
            &CheckOptions::default(),
        )
        .unwrap(),
    );
    let complaint = &result["workload"]["maelstrom-missed"][0];
    let named = complaint["elements"].as_array().unwrap().len();
    assert_eq!((&complaint["count"], named), (&2500.into(), 32));
}

#[test]
fn a_counter_does_not_show_an_add_before_it_is_invoked() {
    let foreseen = "
        1 invoke read nil
        1 ok read 2
        0 invoke add 2
        0 ok add 2
        wait 10
        1 invoke read nil final
        1 ok read 2 final
    ";
    assert_eq!(
        judge(Workload::GCounter, foreseen),
        missed(&["out-of-reach 1 [2]"])
    );
    let being_added = foreseen.replacen("1 invoke read nil", "", 1).replacen(
        "1 ok read 2\n        0 invoke add 2",
        "1 invoke read nil\n        0 invoke add 2\n        1 ok read 2",
        1,
    );
    assert_eq!(judge(Workload::GCounter, &being_added), VALID);
}

#[test]
fn a_latency_ends_a_nanosecond_after_the_last_read_without_the_element() {
    let run = |absent_ns: i64| {
        let text = format!(
            "{{:index 0, :time 0, :type :invoke, :process 0, :f :add, :value 1}}
             {{:index 1, :time 0, :type :ok, :process 0, :f :add, :value 1}}
             {{:index 2, :time {absent_ns}, :type :invoke, :process 0, :f :read, :value nil}}
             {{:index 3, :time {absent_ns}, :type :ok, :process 0, :f :read, :value []}}
             {{:index 4, :time 2000000, :type :invoke, :process 0, :f :read, :value nil}}
             {{:index 5, :time 2000000, :type :ok, :process 0, :f :read, :value [1]}}"
        );
        let history = read(text.as_bytes()).unwrap();
        let result = check(Workload::GSet, &history, None, &CheckOptions::default()).unwrap();
        json(&result)["workload"]["stable-latencies"]["1"].clone()
    };
    assert_eq!((run(999_998), run(999_999)), (0.into(), 1.into()));
}
