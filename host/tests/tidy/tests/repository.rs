//! What this repository claims about itself, checked.

use std::path::Path;
use std::sync::OnceLock;

use tidy::exceptions::Exception;
use tidy::repository::Repository;
use tidy::{charges, cycles, dependencies, figures, floors, links, sizes, toolchain, words};

const fn except(finding: &'static str, reason: &'static str) -> Exception {
    Exception { finding, reason }
}

/// Groups of modules that depend on each other in a ring.
const CYCLES: &[Exception] = &[
    except("guest-sdk: ctx, node, runtime", "older than this check"),
    except(
        "host: cli, cli::check, cli::compile, cli::grade, cli::inspect, cli::limits, cli::merge, cli::node, cli::output, cli::sim, cli::sim::args, cli::sim::replay, cli::sim::show, cli::suite",
        "older than this check",
    ),
    except(
        "host-check: edn::token, edn::write, value, vector",
        "older than this check",
    ),
    except(
        "host-check: history, history::edn, history::json",
        "older than this check",
    ),
    except(
        "host-check: linear::death, linear::result, linear::search",
        "older than this check",
    ),
    except(
        "host-check: text, text::kafka, text::linear, text::problems",
        "older than this check",
    ),
    except(
        "host-check: txn::anomaly, txn::model, txn::model::facts",
        "older than this check",
    ),
    except(
        "host-guest: the root, effects, error",
        "older than this check",
    ),
    except(
        "host-sandbox: cache, compile, program, program::fiber, sandbox",
        "older than this check",
    ),
    except(
        "host-sim: the root, client, exception, faults, latency, nemesis::plan, network, options, outcome, phases, run, script, workers",
        "older than this check",
    ),
    except(
        "host-sim: service, service::lin_kv, service::lin_tso, service::lww_kv, service::seq_kv",
        "older than this check",
    ),
    except(
        "host-sim: workload, workload::broadcast, workload::kafka, workload::kafka::finals, workload::lin_kv",
        "older than this check",
    ),
    except(
        "host-trial: shrink, shrink::faults, shrink::search, shrink::time",
        "older than this check",
    ),
    except(
        "broadcast: star, star::hub, star::spoke",
        "one node, its handlers by message",
    ),
    except(
        "kafka: log, merge::journals, protocol",
        "one node, its handlers by message",
    ),
    except(
        "lin-kv: clients, election, message, recovery, replication",
        "one node, its handlers by message",
    ),
];

/// Functions that a guest can call and that cost no more than its own instructions.
const CHARGES: &[Exception] = &[
    except("PROC_EXIT in wasi/mod.rs", "ends the guest"),
    except("environ_get in wasi/mod.rs", "answers a constant"),
    except("fd_close in wasi/mod.rs", "answers a constant"),
    except(
        "fd_fdstat_get in wasi/mod.rs, if refused,",
        "answers a constant",
    ),
    except("fd_fdstat_set_flags in program/wasi.rs", "sets a flag"),
    except("fd_fdstat_set_flags in wasi/abi.rs", "answers a constant"),
    except(
        "fd_read in program/wasi.rs, if refused,",
        "answers a constant",
    ),
    except("fd_read in wasi/abi.rs, if refused,", "answers a constant"),
    except("fd_seek in wasi/mod.rs", "answers a constant"),
    except(
        "fd_write in program/wasi.rs, if refused,",
        "answers a constant",
    ),
    except("fd_write in wasi/abi.rs, if refused,", "answers a constant"),
    except(
        "poll_oneoff in program/wasi.rs, if refused,",
        "answers a constant",
    ),
    except("sched_yield in wasi/abi.rs", "answers a constant"),
];

/// Dependencies that are declared and not used.
const DEPENDENCIES: &[Exception] = &[
    except("memchr in guest-sdk", "older than this check"),
    except("proptest in host", "older than this check"),
    except("rand_chacha in host", "older than this check"),
    except("fastrand in host-check", "older than this check"),
    except("proptest in host-protocol", "older than this check"),
    except("wat in host-sandbox", "older than this check"),
    except("host-protocol in host-testing", "older than this check"),
    except("serde_json in echo", "the compiled module would change"),
    except("anyhow in the workspace", "older than this check"),
];

/// Paths in documents that do not exist.
const PATHS: &[Exception] = &[
    except(
        "host/sandbox/src/engine.rs",
        "comes with the next change of its crate",
    ),
    except(
        "host/sim/src/nemesis/action.rs",
        "comes with the next change of its crate",
    ),
    except(
        "host/sim/src/nemesis/fault.rs",
        "comes with the next change of its crate",
    ),
    except(
        "host/tests/support",
        "comes with the next change of its crate",
    ),
    except(
        "host/trial/src/scenario",
        "comes with the next change of its crate",
    ),
    except("host/xtask", "comes with the next change of its crate"),
];

/// Source files of more than 600 lines.
const SIZES: &[Exception] = &[
    except(
        "host/check/tests/check/anomalies.rs",
        "a history for each anomaly, all alike",
    ),
    except(
        "host/check/tests/check/linear.rs",
        "a history for each claim, all alike",
    ),
    except(
        "host/check/tests/check/transactions/anomalies.rs",
        "a history for each anomaly, all alike",
    ),
    except(
        "host/tests/live/cli/command_line.rs",
        "the text of every help page",
    ),
    except(
        "host/tests/live/cli/modules.rs",
        "a module for each reason to reject one",
    ),
];

fn repository() -> &'static Repository {
    static REPOSITORY: OnceLock<Repository> = OnceLock::new();
    REPOSITORY.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
        Repository::read(&root).expect("the repository can be read")
    })
}

#[track_caller]
fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn crates_use_what_the_architecture_allows() {
    assert_none(&floors::problems(repository()));
}

#[test]
fn at_most_two_modules_depend_on_each_other() {
    assert_none(&cycles::problems(repository(), CYCLES));
}

#[test]
fn every_wasi_function_costs_fuel() {
    assert_none(&charges::problems(repository(), CHARGES));
}

#[test]
fn every_dependency_is_used() {
    assert_none(&dependencies::problems(repository(), DEPENDENCIES));
}

#[test]
fn every_figure_names_its_source() {
    assert_none(&figures::problems(repository()));
}

#[test]
fn every_link_leads_somewhere() {
    assert_none(&links::problems(repository()));
}

#[test]
fn every_path_in_a_document_exists() {
    assert_none(&links::missing_paths(repository(), PATHS));
}

#[test]
fn every_long_file_has_a_reason() {
    assert_none(&sizes::problems(repository(), SIZES));
}

#[test]
fn one_least_version_of_rust_is_named() {
    assert_none(&toolchain::problems(repository()));
}

#[test]
fn nothing_is_left_behind() {
    assert_none(&words::problems(repository()));
}
