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
    except(
        "host-check: evidence, evidence::kafka, evidence::look",
        "the types of the folder stand in its mod.rs",
    ),
    except(
        "host-check: custom, floors, progress, stats, workload",
        "a result has the parts that judge by the workload",
    ),
    except(
        "host-trial: schedule::trace, schedule::trace::causes, schedule::trace::events, schedule::trace::faults, schedule::trace::fold, schedule::trace::lines, schedule::trace::operations, schedule::trace::page",
        "the types of the folder stand in its mod.rs",
    ),
    except(
        "lin-kv-replicas: the root, chain, copies, gossip, paxos, primary, quorum, registers, two_phase",
        "one node, its handlers by design",
    ),
    except(
        "raft-mutants: the root, clients, disk, election, log, message, replication",
        "one node, its handlers by message",
    ),
    except(
        "spread-mutants: the root, parts, primary",
        "one node, its handlers by design",
    ),
    except(
        "broadcast: star, star::hub, star::spoke",
        "one node, its handlers by message",
    ),
    except(
        "kafka: answers, log, merge::journals, protocol",
        "one node, its handlers by message",
    ),
    except(
        "lin-kv: clients, election, message, recovery, replication",
        "one node, its handlers by message",
    ),
];

/// Dependencies that are declared and not used.
const DEPENDENCIES: &[Exception] = &[except(
    "serde_json in echo",
    "the compiled module would change",
)];

/// Paths in documents that do not exist.
const PATHS: &[Exception] = &[];

/// Source files of more than 600 lines.
const SIZES: &[Exception] = &[
    except(
        "host/trial/src/scenario/option/table.rs",
        "a table with an entry for each option, all alike",
    ),
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
    assert_none(&charges::problems(repository()));
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
