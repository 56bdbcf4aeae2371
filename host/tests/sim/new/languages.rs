//! Projects, built and run as their users would: with the commands that `host new` prints.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use test_support::{Dir, Run, built, compiled, host, program, root};

use super::{files, new};

/// A challenge of each workload.
const CHALLENGES: [&str; 10] = [
    "1",
    "2",
    "3a",
    "4",
    "5a",
    "6a",
    "g-set",
    "pn-counter",
    "txn-list-append",
    "lin-kv",
];

/// Runs a command line as a shell would. It has to succeed. Returns what it prints to stdout.
#[track_caller]
fn shell(folder: &Path, line: &str) -> String {
    // Nothing of the caller's own Go, and nothing outside of target/.
    let tools = root().join("target/tools");
    let path = std::env::var("PATH").unwrap();
    let output = Command::new("/bin/sh")
        .args(["-c", line])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", tools.join("go/bin").display()))
        .env("GOROOT", tools.join("go"))
        .env("GOPATH", root().join("target/new/gopath"))
        .env("GOCACHE", root().join("target/new/go-cache"))
        .envs([
            ("GOENV", "off"),
            ("GOTOOLCHAIN", "local"),
            ("GOPROXY", "off"),
        ])
        .envs([("GOFLAGS", ""), ("GOWORK", "off"), ("GOTELEMETRY", "off")])
        // Cargo has all that this workspace has, and the lock file asks for nothing else.
        .env("CARGO_TARGET_DIR", root().join("target/new/cargo"))
        .env("CARGO_NET_OFFLINE", "true")
        .output()
        .unwrap();
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{line}\n{stdout}\n{stderr}");
    stdout
}

/// Makes a project, and returns its folder and the three commands that follow `cd`.
#[track_caller]
fn made(dir: &Dir, lang: &str, challenge: &str) -> (PathBuf, [String; 3]) {
    let args = ["mine", "--lang", lang, "--challenge", challenge];
    let run = Run::host().in_dir(dir.root()).arg("new").args(args);
    let ended = run.end();
    assert_eq!(ended.code(), Some(0), "{ended}");
    let lines = ended
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("  "));
    let lines: Vec<&str> = lines.collect();
    let [cd, test, build, sim] = lines[..] else {
        panic!("{ended}");
    };
    assert_eq!(cd, "cd mine");
    (dir.path("mine"), [test, build, sim].map(str::to_owned))
}

/// Runs a start in the simulator, where `sim` is the printed command: a run of its challenge, cut to
/// a few seconds, since some have a thousand operations a second. It is valid with any seed.
#[track_caller]
fn simulate(folder: &Path, sim: &str) {
    let args = sim.strip_prefix("host sim ").unwrap();
    let sim = format!("'{}' sim --time-limit 4 --seed 1 {args}", host().display());
    let told = shell(folder, &sim);
    assert!(told.contains("valid"), "{told}");
    assert!(!told.contains("INVALID"), "{told}");
}

/// Builds and runs the start of each workload.
fn starts_are_valid(lang: &str) {
    for challenge in CHALLENGES {
        let dir = Dir::new();
        let (folder, [test, build, sim]) = made(&dir, lang, challenge);
        shell(&folder, &test);
        shell(&folder, &build);
        simulate(&folder, &sim);
    }
}

#[test]
fn projects_in_c_are_built_tested_and_valid() {
    starts_are_valid("c");
}

#[test]
fn projects_in_go_are_built_tested_and_valid() {
    starts_are_valid("go");
}

/// All projects in Rust have one copy of the SDK, which is built once: each start takes the place of
/// the first. What else differs are texts.
#[test]
fn projects_in_rust_are_built_tested_and_valid() {
    let dir = Dir::new();
    let (first, [test, build, _]) = made(&dir, "rust", "1");
    // The lock file is the one that cargo would write.
    let lock = fs::read_to_string(first.join("Cargo.lock")).unwrap();
    shell(&first, "cargo metadata --locked --format-version 1");
    assert_eq!(fs::read_to_string(first.join("Cargo.lock")).unwrap(), lock);
    debugger_sees_variables(&first);
    for challenge in CHALLENGES {
        let other = Dir::new();
        let (folder, [_, _, sim]) = made(&other, "rust", challenge);
        for (name, text) in files(&folder.join("src")) {
            fs::write(first.join("src").join(name), text).unwrap();
        }
        shell(&first, &format!("cargo fmt --check && {test} --locked"));
        shell(&first, &format!("{build} --locked"));
        // The module is where cargo was told to put it, for this test.
        let module = root().join("target/new/cargo/wasm32-wasip1");
        let sim = sim.replace("target/wasm32-wasip1", module.to_str().unwrap());
        simulate(&first, &sim);
    }
    workload_is_tested_and_judges(&first);
}

/// The workload takes the place of a node, too.
fn workload_is_tested_and_judges(folder: &Path) {
    let dir = Dir::new();
    let ended = new(&dir, &["mine", "--workload"]);
    assert_eq!(ended.code(), Some(0), "{ended}");
    let of_sdk = |(name, _): &(String, String)| name.starts_with("sdk/");
    for (name, text) in files(&dir.path("mine"))
        .into_iter()
        .filter(|it| !of_sdk(it))
    {
        fs::write(folder.join(name), text).unwrap();
    }
    fs::remove_file(folder.join("src/main.rs")).unwrap();
    shell(folder, "cargo fmt --check && cargo test --locked");
    let build = "cargo build --release --lib --target wasm32-wasip1";
    shell(folder, &format!("{build} --locked"));
    let module = root().join("target/new/cargo/wasm32-wasip1/release/mine.wasm");
    let played = |nodes: &str| {
        let run = Run::host().args([
            "sim",
            "--seed",
            "1",
            "--time-limit",
            "5",
            "--no-cache",
            "-w",
        ]);
        let run = run.arg(&module).args(["--node-count", nodes, "--module"]);
        run.arg(built("pn-counter")).end()
    };
    let (alone, several) = (played("1"), played("3"));
    assert!(alone.stdout.starts_with("mine: valid\n"), "{alone}");
    assert!(several.stdout.starts_with("mine: INVALID\n"), "{several}");
}

/// The native node has what a debugger needs: at the breakpoint of the README, all arguments of the
/// handler. To ask for symbols a debugger need not run anything.
fn debugger_sees_variables(folder: &Path) {
    shell(folder, "cargo build --locked");
    let node = root().join("target/new/cargo/debug/mine-native");
    let bytes = fs::read(&node).unwrap();
    let has = |name: &[u8]| bytes.windows(name.len()).any(|part| part == name);
    assert!(has(b".debug_info"));
    if Command::new("gdb").arg("--version").output().is_err() {
        eprintln!("there is no gdb to ask");
        return;
    }
    let readme = fs::read_to_string(folder.join("README.md")).unwrap();
    let (_, rest) = readme.split_once("break lib.rs:").unwrap();
    let (line, _) = rest.split_once('\'').unwrap();
    let asked = format!(
        "gdb -nx -batch -ex 'info scope lib.rs:{line}' {}",
        node.display()
    );
    let told = shell(folder, &asked);
    for name in ["self", "request", "from", "ctx"] {
        assert!(told.contains(&format!("Symbol {name} is ")), "{told}");
    }
}

#[test]
fn the_node_in_c_of_the_abi_page_is_built_by_its_command_and_runs() {
    let page = fs::read_to_string(root().join("docs/abi.md")).unwrap();
    let (_, section) = page.split_once("## A node in C\n").unwrap();
    let (_, rest) = section.split_once("```c\n").unwrap();
    let (source, _) = rest.split_once("```").unwrap();
    let mut commands = section.lines().filter_map(|line| line.strip_prefix("    "));
    let (build, sim) = (commands.next().unwrap(), commands.next().unwrap());
    let dir = Dir::new();
    fs::write(dir.path("node.c"), source).unwrap();
    shell(dir.root(), &format!("{build} -Wall -Wextra -Werror"));
    simulate(dir.root(), sim);

    // With pointer and length swapped it fails with the hint that the page shows.
    let swapped = source.replace(
        "(uint64_t)(uintptr_t)output << 32 | length",
        "(uint64_t)length << 32 | (uint64_t)(uintptr_t)output",
    );
    assert_ne!(swapped, source);
    fs::write(dir.path("node.c"), swapped).unwrap();
    shell(dir.root(), build);
    let node = Run::host()
        .args(["--module", "node.wasm"])
        .in_dir(dir.root());
    let ended = node.input(test_support::INIT);
    let mut shown = section.lines().filter_map(|line| line.strip_prefix("    "));
    let error = shown.find(|line| line.starts_with("error: ")).unwrap();
    let hint = shown.find(|line| line.starts_with("  hint: ")).unwrap();
    assert!(ended.stderr.contains(error), "{ended}");
    // Where the compiler puts the effects is its own affair.
    let (before, rest) = hint.split_once("address ").unwrap();
    let (_, after) = rest.split_once(';').unwrap();
    assert!(ended.stderr.contains(before), "{ended}");
    assert!(ended.stderr.contains(after), "{ended}");
}

/// The tests of a project run in Node.js, where there is one.
#[test]
fn projects_in_javascript_are_tested_and_valid() {
    let has_node = Command::new("node").arg("--version").output().is_ok();
    if !has_node {
        eprintln!("there is no Node.js to run their tests");
    }
    for challenge in CHALLENGES {
        let dir = Dir::new();
        let (folder, [test, _, sim]) = made(&dir, "js", challenge);
        if has_node {
            shell(&folder, &test);
        }
        fs::copy(program("qjs"), folder.join("qjs-wasi.wasm")).unwrap();
        simulate(&folder, &sim);
    }
}

/// The tests of a project run in the machine's Python, where there is one that is new enough.
#[test]
fn projects_in_python_are_tested_and_valid() {
    let version = Command::new("python3")
        .args(["-c", "import sys; print(sys.version_info >= (3, 10))"])
        .output();
    let has_python = version.is_ok_and(|output| output.stdout == b"True\n");
    if !has_python {
        eprintln!("there is no Python 3.10 to run their tests");
    }
    for challenge in CHALLENGES {
        let dir = Dir::new();
        let (folder, [test, _, sim]) = made(&dir, "python", challenge);
        if has_python {
            shell(&folder, &test);
            // The last line may have no end.
            let by_hand = r#"printf %s "$(cat messages.jsonl)" | python3 node.py"#;
            let answers = shell(&folder, by_hand);
            let messages = fs::read_to_string(folder.join("messages.jsonl")).unwrap();
            assert_eq!(answers.lines().count(), messages.lines().count());
        }
        std::os::unix::fs::symlink(program("python"), folder.join("python-3.12.0.wasm")).unwrap();
        simulate(&folder, &sim);
    }
}

/// A node that retries with `maelstrom.after`, and is graded as its README says.
#[test]
fn a_node_in_python_waits_retries_and_is_graded() {
    let dir = Dir::new();
    let (folder, _) = made(&dir, "python", "3c");
    let python = program("python");
    std::os::unix::fs::symlink(&python, folder.join("python-3.12.0.wasm")).unwrap();
    let graded = || graded_verdict(&folder);
    assert_eq!(graded(), "WA", "the start is right on one node only");
    fs::write(folder.join("node.py"), GOSSIP).unwrap();
    assert_eq!(graded(), "AC");
}

const GOSSIP: &str = r#"
import maelstrom

messages = set()
unknown = {}


def spread():
    for node, values in unknown.items():
        if values:
            maelstrom.send(node, {"type": "gossip", "values": sorted(values)})
    maelstrom.after(0.2, spread)


def handle(body, src):
    match body["type"]:
        case "topology":
            others = [node for node in maelstrom.node_ids if node != maelstrom.node_id]
            unknown.update({node: set() for node in others})
            spread()
            return {"type": "topology_ok"}
        case "broadcast":
            messages.add(body["message"])
            for values in unknown.values():
                values.add(body["message"])
            return {"type": "broadcast_ok"}
        case "read":
            return {"type": "read_ok", "messages": sorted(messages)}
        case "gossip":
            messages.update(body["values"])
            maelstrom.send(src, {"type": "gossip_ok", "values": body["values"]})
        case "gossip_ok":
            unknown[src].difference_update(body["values"])


maelstrom.run(handle)
"#;

/// What is due again at once waits for stdin to be looked at.
#[test]
fn a_timer_that_sets_itself_again_with_no_wait_lets_messages_in() {
    for (lang, code, interpreter, file, guest) in [
        (
            "python",
            PYTHON_TICKS,
            "python",
            "node.py",
            &["node.py"][..],
        ),
        (
            "js",
            JAVASCRIPT_TICKS,
            "qjs",
            "node.js",
            &["--std", "main.js"],
        ),
    ] {
        let dir = Dir::new();
        let (folder, _) = made(&dir, lang, "1");
        fs::write(folder.join(file), code).unwrap();
        let run = Run::host().in_dir(&folder).arg("--module");
        let run = run.arg(program(interpreter)).arg("--cache-dir");
        let run = run.arg(compiled()).args(["--mount", ".", "--"]);
        let ended = run.args(guest).input(
            r#"{"src":"c0","dest":"n0","body":{"type":"init","msg_id":1,"node_id":"n0","node_ids":["n0"]}}
{"src":"c1","dest":"n0","body":{"type":"ticks","msg_id":2}}
"#,
        );
        let answers: Vec<serde_json::Value> = ended
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let answer =
            |dest: &str, body: serde_json::Value| json!({"src": "n0", "dest": dest, "body": body});
        assert_eq!(
            answers,
            [
                answer("c0", json!({"type": "init_ok", "in_reply_to": 1})),
                answer(
                    "c1",
                    json!({"type": "ticks_ok", "fired": true, "in_reply_to": 2})
                ),
            ],
            "{lang}: {ended}"
        );
    }
}

/// Says whether the timer has fired.
const PYTHON_TICKS: &str = r#"
import maelstrom

ticks = 0


def tick():
    global ticks
    ticks += 1
    maelstrom.after(0, tick)


def handle(body, src):
    return {"type": "ticks_ok", "fired": ticks > 0}


maelstrom.after(0, tick)
maelstrom.run(handle)
"#;

const JAVASCRIPT_TICKS: &str = r#"
let ticks = 0;

function tick() {
  ticks += 1;
  os.setTimeout(tick, 0);
}

function handle(body) {
  return { type: "ticks_ok", fired: ticks > 0 };
}

tick();
"#;

/// The verdict on the node, which is handed in and graded with the commands of its README.
fn graded_verdict(folder: &Path) -> String {
    let readme = fs::read_to_string(folder.join("README.md")).unwrap();
    let commands = readme.lines().filter_map(|line| line.strip_prefix("    "));
    let mut commands = commands.skip_while(|line| !line.starts_with("mkdir"));
    let (copy, grade) = (commands.next().unwrap(), commands.next().unwrap());
    shell(folder, copy);
    let flags = grade.strip_prefix("host grade ").unwrap();
    let (host, cache) = (host().display(), compiled());
    // A grade below full marks is an exit code too.
    let told = shell(
        folder,
        &format!(
            "'{host}' grade --format json --cache-dir '{}' {flags} || true",
            cache.display()
        ),
    );
    let grade: serde_json::Value = serde_json::from_str(&told).expect(&told);
    let verdict = &grade["submissions"][0]["challenges"][0]["verdict"];
    verdict.as_str().expect(&told).to_owned()
}

#[test]
fn a_node_in_javascript_is_graded() {
    let dir = Dir::new();
    let (folder, _) = made(&dir, "js", "3a");
    fs::copy(program("qjs"), folder.join("qjs-wasi.wasm")).unwrap();
    assert_eq!(graded_verdict(&folder), "AC");
}

/// The node of the page about programs, with the recipe of that page.
#[test]
fn the_node_in_javascript_of_the_programs_page_answers() {
    let page = fs::read_to_string(root().join("docs/programs.md")).unwrap();
    let (_, rest) = page.split_once("```js\n").unwrap();
    let (node, _) = rest.split_once("```").unwrap();
    let dir = Dir::new();
    dir.write("node.js", node);
    let interpreters = root().join("docs/interpreters");
    fs::copy(interpreters.join("nodejs.js"), dir.path("nodejs.js")).unwrap();
    let run = dir.host().arg("--module").arg(program("qjs"));
    let run = run
        .arg("--cache-dir")
        .arg(compiled())
        .args(["--mount", "."]);
    let ended = run.args(["--", "--std", "nodejs.js", "node.js"]).input(
        r#"{"src":"c0","dest":"n0","body":{"type":"init","msg_id":1,"node_id":"n0","node_ids":["n0"]}}
{"src":"c1","dest":"n0","body":{"type":"echo","msg_id":2,"echo":["hi"]}}
{"src":"c1","dest":"n0","body":{"type":"other","msg_id":3}}
"#,
    );
    assert_eq!(
        ended.stdout,
        r#"{"src":"n0","dest":"c0","body":{"in_reply_to":1,"type":"init_ok"}}
{"src":"n0","dest":"c1","body":{"in_reply_to":2,"type":"echo_ok","echo":["hi"]}}
{"src":"n0","dest":"c1","body":{"in_reply_to":3,"type":"error","code":10,"text":"no such request"}}
"#
    );
}

#[test]
fn a_start_in_another_place_names_the_module_that_is_built() {
    let dir = Dir::new();
    let ended = new(&dir, &["a-b", "--lang", "rust"]);
    assert!(ended.stdout.contains("/a_b.wasm"), "{ended}");
}
