//! Schedules made by hand, one for each of Raft's mistakes that chance seldom shows: the program with
//! the mistake fails it as its row of the zoo says, and the same program without it passes.

use std::fs;

use host_check::validity::Validity;
use host_guest::Limits;
use host_sandbox::{Cache, Sandbox};
use host_trial::schedule::Schedule;

use super::table::Table;
use super::without_bug;

#[test]
fn mistakes_of_raft_show_in_schedules_made_for_them() {
    let cache = Cache::open(test_support::compiled()).unwrap();
    let sandbox = Sandbox::new(Some(cache)).unwrap();
    let module = test_support::built("raft-mutants");
    let module = sandbox.load(&module, &Limits::default()).unwrap();
    let table = Table::read();
    let dir = test_support::root().join("host/tests/sim/zoo/schedules");
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let wrong = Schedule::read(&fs::read(&path).unwrap()).unwrap();
        let args = &wrong.scenario.options.guest_args;
        assert_eq!(args.last(), Some(&name), "{path:?}");
        let report = wrong.play(&module, None, Vec::new());
        assert_eq!(report.valid(), Validity::False, "{name}");
        let mut programs = table.programs.iter();
        let row = programs.find(|it| it.module == "raft-mutants" && it.name() == name);
        let row = row.unwrap_or_else(|| panic!("{name} has no row"));
        let shown: Vec<String> = report.anomalies().iter().map(ToString::to_string).collect();
        assert!(table.shown(row, &shown).is_some(), "{name}: {shown:?}");

        let mut right = wrong.clone();
        without_bug(&mut right.scenario.options.guest_args);
        let report = right.play(&module, None, Vec::new());
        assert_eq!(report.valid(), Validity::True, "{name} without the bug");
        names.push(name);
    }
    assert_eq!(names.len(), 13, "{names:?}");
}
