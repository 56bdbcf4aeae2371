//! Histories as other tools write them: a small file for each dialect, written for these tests.

use std::fs;

use host_check::history::{History, ReadOptions, read, read_with};
use host_check::linear::{Budgets, ModelName, check_model};
use host_check::validity::{Checks, Validity};
use host_check::value::Name;
use host_check::workload::{CheckOptions, Workload, check};

enum As {
    Model(ModelName),
    Workload(Workload),
}

fn text(file: &str) -> Vec<u8> {
    let path = format!("{}/tests/dialects/{file}", env!("CARGO_MANIFEST_DIR"));
    fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The verdict, or why there is none.
fn judged(text: &[u8], judge: &As) -> Result<Validity, String> {
    let f = match judge {
        As::Workload(workload) => workload.only_operation().map(Name::from),
        As::Model(_) => None,
    };
    let options = ReadOptions {
        f,
        ..ReadOptions::default()
    };
    let history = read_with(text, &options).map_err(|error| error.to_string())?;
    let verdict = match judge {
        As::Model(model) => check_model(&history, *model, Checks::Strict, &Budgets::default())
            .map(|result| result.valid),
        As::Workload(workload) => {
            check(*workload, &history, None, &CheckOptions::default()).map(|result| result.valid)
        }
    };
    verdict.map_err(|error| error.to_string())
}

#[test]
fn histories_of_other_tools_are_judged() {
    use ModelName::{CasRegister, Mutex};
    use Workload::{GSet, LinKv, TxnListAppend, TxnRwRegister};
    let cases = [
        (
            "knossos-cas-register.edn",
            As::Model(CasRegister),
            Validity::False,
        ),
        ("knossos-mutex.edn", As::Model(Mutex), Validity::True),
        (
            "elle-cli-list-append.edn",
            As::Workload(TxnListAppend),
            Validity::False,
        ),
        (
            "elle-cli-list-append.json",
            As::Workload(TxnListAppend),
            Validity::True,
        ),
        (
            "elle-cli-rw-register.json",
            As::Workload(TxnRwRegister),
            Validity::False,
        ),
        (
            "porcupine-etcd.log",
            As::Model(CasRegister),
            Validity::False,
        ),
        ("jepsen-history.txt", As::Workload(GSet), Validity::True),
        ("jepsen.log", As::Workload(LinKv), Validity::True),
        ("clojure-prints.edn", As::Workload(GSet), Validity::True),
    ];
    for (file, judge, verdict) in cases {
        let text = text(file);
        assert_eq!(judged(&text, &judge), Ok(verdict), "{file}");
        let marked = [&b"\xef\xbb\xbf"[..], &text].concat();
        assert_eq!(judged(&marked, &judge), Ok(verdict), "{file} with a mark");
        let dos = String::from_utf8(text).unwrap().replace('\n', "\r\n");
        assert_eq!(judged(dos.as_bytes(), &judge), Ok(verdict), "{file} of DOS");
    }
}

#[test]
fn what_is_not_read_says_what_to_do() {
    let kv = text("porcupine-kv.txt");
    let lin_kv = As::Workload(Workload::LinKv);
    assert_eq!(
        judged(&kv, &lin_kv).unwrap_err(),
        "op 0 (append, process 0, 0.000 s): expected the operations of lin-kv (read and write and \
         cas), found append; with a :key beside the value it is of the store of Porcupine's kv \
         logs. Porcupine judges its append; where there is none, write read for get, write for \
         put, and [key value] for the value, and check it as lin-kv"
    );
    let no_f = text("elle-cli-list-append.json");
    assert_eq!(
        judged(&no_f, &lin_kv).unwrap_err(),
        "line 1, column 78: expected an operation with type, process and f, found none for f (only \
         a workload of one operation, such as txn-list-append, needs none)"
    );
    let log = b"3 :invoke :read nil\nINFO  jepsen.core - Analyzing\n";
    let files: [(&[u8], &str); 6] = [
        (
            log,
            "line 2, column 1: expected an operation (process, type, f and value, between \
             blanks), found another line; keep only the lines of operations, or take history.edn, \
             which Jepsen stores beside the log",
        ),
        (
            b"3 :invoke :read [1\n3 :ok :read 2]\n",
            "line 1, column 17: expected value on one line",
        ),
        (
            b"\x1f\x8b\x08\0",
            "line 1, column 1: expected a history as text, found a gzip file: use gunzip first",
        ),
        (
            b"JEPSEN\0\x01",
            "line 1, column 1: expected a history as text, found Jepsen's binary file: take \
             history.edn, which Jepsen stores beside it",
        ),
        (
            b"\xff\xfe{\0",
            "line 1, column 1: expected UTF-8, found UTF-16: use `iconv -f UTF-16 -t UTF-8` first",
        ),
        (
            b"{:type :invoke, :process 0, :f :transfer, :value {:from 1, :to 2}}",
            "op 0 (transfer, process 0, 0.000 s): expected the operations of lin-kv (read and write \
             and cas), found transfer; bank histories have no checker here, elle-cli has one",
        ),
    ];
    for (text, error) in files {
        assert_eq!(judged(text, &lin_kv).unwrap_err(), error);
    }
}

/// The operations as EDN, one a line.
fn written(text: &str) -> String {
    let history: History = read(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
    host_check::history::write_edn(&history)
}

#[test]
fn absent_keys_are_numbered_by_position_and_nil() {
    let expected = "\
        {:index 0, :time 0, :type :invoke, :process 0, :f :write, :value 1}\n\
        {:index 1, :time 0, :type :ok, :process 0, :f :write, :value nil}\n";
    for text in [
        "[{:process 0, :type :invoke, :f :write, :value 1} {:process 0, :type :ok, :f :write}]",
        r#"[{"process":0,"type":"invoke","f":"write","value":1},{"process":0,"type":"ok","f":"write"}]"#,
        "{:process 0 :type :invoke :f write :value 1 :index nil}\n{:process \"0\" :type \"ok\" :f \"write\" :time nil}",
        "0 :invoke :write 1\n0 :ok :write",
    ] {
        assert_eq!(
            written(text).replace("\"write\"", ":write"),
            expected,
            "{text}"
        );
    }
    // What has a number keeps it, and the others go on from there.
    let numbers = |text: &str| -> Vec<(u64, i64)> {
        let history = read(text.as_bytes()).unwrap();
        history
            .ops()
            .iter()
            .map(|op| (op.index, op.time_ns))
            .collect()
    };
    let op = "{:type :info, :process :nemesis, :f :kill";
    let text = format!("{op}, :index 7, :time 50}}{op}}}{op}, :index 9, :time 20}}{op}}}");
    assert_eq!(numbers(&text), [(7, 50), (8, 50), (9, 20), (10, 20)]);
}

#[test]
fn sequences_are_equal_whatever_their_brackets() {
    let history = |read: &str| {
        format!(
            "{{:type :invoke, :process 0, :f :write, :value [1 2]}}\
             {{:type :ok, :process 0, :f :write, :value (1 2)}}\
             {{:type :invoke, :process 0, :f :read, :value nil}}\
             {{:type :ok, :process 0, :f :read, :value {read}}}"
        )
    };
    let register = As::Model(ModelName::Register);
    let verdict = |read| judged(history(read).as_bytes(), &register);
    assert_eq!(verdict("(1 2)"), Ok(Validity::True));
    assert_eq!(verdict("(2 1)"), Ok(Validity::False));
    assert_eq!(verdict("#{1 2}"), Ok(Validity::False));
}

/// The order of operations is the file's. A clock that was late for one operation is no silence of
/// 9.5 s, after which a counter must show every add.
#[test]
fn a_time_that_falls_is_another_clock() {
    let judged_at = |read_ns: i64| {
        let text = format!(
            "{{:time 9000000000, :type :invoke, :process 0, :f :add, :value 1}}\
             {{:time 9000000000, :type :ok, :process 0, :f :add, :value 1}}\
             {{:time 1, :type :invoke, :process 1, :f :add, :value 2}}\
             {{:time 2, :type :ok, :process 1, :f :add, :value 2}}\
             {{:time {read_ns}, :type :invoke, :process 0, :f :read, :value nil}}\
             {{:time {read_ns}, :type :ok, :process 0, :f :read, :value 1}}"
        );
        judged(text.as_bytes(), &As::Workload(Workload::GCounter))
    };
    assert_ne!(judged_at(10_000_000_000), Ok(Validity::False));
    assert_eq!(judged_at(20_000_000_000), Ok(Validity::False));
}

/// What a text takes in memory is counted before it is taken, and depends on the text alone.
#[test]
fn a_small_text_of_many_values_is_refused_in_time() {
    let limited = |text: &str| {
        let options = ReadOptions {
            f: None,
            bytes_max: 4 << 20,
        };
        read_with(text.as_bytes(), &options).map(|history| history.ops().len())
    };
    let of = |value: &str, times: usize| {
        format!(
            "{{\"type\":\"info\",\"process\":0,\"f\":\"a\",\"value\":[{}]}}",
            vec![value; times].join(",")
        )
    };
    for (value, fits) in [
        ("{}", 20_000),
        ("[]", 50_000),
        ("7", 100_000),
        ("\"\"", 40_000),
        ("{\"a\":{}}", 10_000),
        ("[[7]]", 20_000),
    ] {
        let json = of(value, fits).replace("info", "invoke");
        let edn = json.replace("\":", "\" ");
        for (text, value) in [(&json, value), (&edn, &*value.replace("\":", "\" "))] {
            assert_eq!(limited(text), Ok(1), "{value}");
            let error = limited(&text.replace(value, &[value; 8].join(","))).unwrap_err();
            assert_eq!(
                error.what,
                "expected a text that takes at most 4 MiB of memory once it is read, found that it \
                 takes more up to here; judge a part of it",
                "{value}"
            );
        }
    }
    let ops = "{:type :info, :process :nemesis, :f :a}\n";
    assert_eq!(limited(&ops.repeat(10_000)), Ok(10_000));
    assert!(limited(&ops.repeat(30_000)).is_err());
    let log = ":nemesis :info :a nil\n";
    assert_eq!(limited(&log.repeat(10_000)), Ok(10_000));
    assert!(limited(&log.repeat(30_000)).is_err());
}

/// A read of nil tells nothing by Knossos' rules, but it took place.
#[test]
fn a_nil_read_is_counted() {
    let history = "\
        0 :invoke :read nil\n0 :ok :read nil\n\
        0 :invoke :write 1\n0 :ok :write 1\n\
        0 :invoke :read nil\n0 :ok :read nil\n\
        0 :invoke :read nil\n0 :ok :read 2\n\
        0 :invoke :read nil\n0 :ok :read nil\n";
    let history = read(history.as_bytes()).unwrap();
    let budgets = Budgets::default();
    for (checks, linearized_count) in [(Checks::Maelstrom, 3), (Checks::Strict, 2)] {
        let result = check_model(&history, ModelName::Register, checks, &budgets).unwrap();
        let failure = result.failure.unwrap();
        assert_eq!(
            (result.ok_count, result.info_count, failure.linearized_count),
            (5, 0, linearized_count),
            "{checks}"
        );
    }
    let budgets = Budgets {
        steps: 1,
        ..budgets
    };
    let result = check_model(&history, ModelName::Register, Checks::Maelstrom, &budgets).unwrap();
    let spent = result.spent.unwrap();
    assert_eq!((result.ok_count, spent.completed_count), (5, 5));
}
