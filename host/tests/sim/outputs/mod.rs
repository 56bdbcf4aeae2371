//! Every path that the program writes to: what happens if it cannot be written, or if the user
//! names the wrong one.

mod colours;
mod full;
mod wrong_names;

use test_support::class::Class;

/// A folder with a class of one submission, a module that is wrong, a history, a suite and a grade.
fn folder() -> Class {
    let class = Class::empty();
    class.built("ann/echo.wasm", "echo");
    class.built("../echo.wasm", "echo");
    class.built("../flood.wasm", "broadcast-flood");
    let sim = class.host().args(["sim"]).args(ECHO);
    assert_eq!(sim.args(["--history", "history.edn"]).end().code(), Some(0));
    let grade = class.grade(&["--challenge", "echo", "--format", "json", "class"]);
    class.write("../grade.json", grade.stdout.as_bytes());
    class
}

/// A short run that is valid.
const ECHO: [&str; 11] = [
    "--module",
    "echo.wasm",
    "-w",
    "echo",
    "--node-count",
    "1",
    "--time-limit",
    "2",
    "--rate",
    "5",
    "--seed=1",
];

/// A short run that is invalid.
const FLOOD: [&str; 10] = [
    "--module",
    "flood.wasm",
    "-w",
    "broadcast",
    "--node-count=5",
    "--time-limit=10",
    "--rate=10",
    "--nemesis",
    "partition",
    "--seed=1",
];
