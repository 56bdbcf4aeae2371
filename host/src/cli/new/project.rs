//! The files of a project.

use super::language::Language;
use super::messages;
use super::sdk;
use crate::cli::interpreters::{CPYTHON, CPYTHON_SHA256, QUICKJS};
use host_check::workload::Workload;
use host_grade::Challenge;

/// A file of a project.
pub(super) struct File {
    /// Where it is in the project's folder.
    pub(super) path: String,
    pub(super) text: String,
}

impl File {
    pub(super) fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        File {
            path: path.into(),
            text: text.into(),
        }
    }
}

/// What is written into the templates of a project.
pub(super) struct Facts {
    pub(super) language: Language,
    pub(super) name: String,
    pub(super) id: String,
    pub(super) title: String,
    pub(super) workload: Workload,
    /// Where the module is built.
    pub(super) module: String,
    /// The command that tests the node.
    pub(super) test: &'static str,
    /// The command that builds the module.
    pub(super) build: String,
    /// The command that runs the start in the simulator, where it is valid.
    pub(super) sim: String,
    /// The command that runs the challenge.
    pub(super) full: String,
    /// Whether the start is run on fewer nodes than the challenge has.
    pub(super) is_cut_down: bool,
}

impl Facts {
    /// `None` if the workload of the challenge is not built in.
    pub(super) fn new(name: &str, challenge: &Challenge, language: Language) -> Option<Self> {
        let (test, build, module) = match language {
            Language::Rust => (
                "cargo test",
                "cargo build --release --lib --target wasm32-wasip1".to_owned(),
                format!(
                    "target/wasm32-wasip1/release/{}.wasm",
                    name.replace('-', "_")
                ),
            ),
            Language::Go => (
                "go test ./...",
                format!("GOOS=wasip1 GOARCH=wasm go build -o {name}.wasm ."),
                format!("{name}.wasm"),
            ),
            Language::Js => (
                "node test.js",
                QUICKJS.fetch(),
                format!("{} --mount . -- --std main.js", QUICKJS.file),
            ),
            Language::Python => (
                "python3 test.py",
                CPYTHON.fetch(),
                format!("{} --mount . -- node.py", CPYTHON.file),
            ),
            Language::C => ("make test", "make".to_owned(), format!("{name}.wasm")),
        };
        let id = &challenge.id;
        let workload = challenge.scenario.workload.built_in()?;
        // An echo is right on any number of nodes.
        let nodes = challenge.scenario.options.cluster.count;
        let is_cut_down = nodes > 1 && workload != Workload::Echo;
        let alone = if is_cut_down { " --node-count 1" } else { "" };
        Some(Facts {
            sim: format!("host sim --challenge {id}{alone} {module}"),
            full: format!("host sim --challenge {id} {module}"),
            language,
            name: name.to_owned(),
            id: id.clone(),
            title: challenge.title.clone(),
            workload,
            module,
            test,
            build,
            is_cut_down,
        })
    }

    /// A template with what it leaves open.
    fn fill(&self, template: &str) -> String {
        let one_node = match self.is_cut_down {
            true => " Without `--node-count 1` it shows what is missing.",
            false => "",
        };
        let open = [
            ("{{name}}", self.name.clone()),
            ("{{crate}}", self.name.replace('-', "_")),
            ("{{id}}", self.id.clone()),
            ("{{title}}", self.title.clone()),
            ("{{module}}", self.module.clone()),
            ("{{test}}", self.test.to_owned()),
            ("{{build}}", self.build.clone()),
            ("{{sim_json}}", self.sim.replace('"', "\\\"")),
            ("{{sim}}", self.sim.clone()),
            ("{{full}}", self.full.clone()),
            ("{{one_node}}", one_node.to_owned()),
            ("{{messages}}", messages::of_workload(self.workload.name())),
        ];
        let mut text = template.to_owned();
        for (name, value) in open {
            text = text.replace(name, &value);
        }
        text
    }
}

/// A template below `host/templates`.
macro_rules! template {
    ($path:literal) => {
        include_str!(concat!("../../../templates/", $path))
    };
}

/// All files of a project.
pub(super) fn files(facts: &Facts) -> Vec<File> {
    let mut files = match facts.language {
        Language::Rust => rust(facts),
        Language::Go => go(facts),
        Language::Js => js(facts),
        Language::Python => python(facts),
        Language::C => c(facts),
    };
    files.push(File::new(
        "messages.jsonl",
        messages::conversation(facts.workload.name()),
    ));
    files.push(File::new(
        ".vscode/tasks.json",
        facts.fill(template!("tasks.json")),
    ));
    files
}

fn extensions(ids: &[&str]) -> File {
    let text = format!("{{ \"recommendations\": {ids:?} }}\n");
    File::new(".vscode/extensions.json", text)
}

/// The start of a node, and its tests or the conversation that they are made of.
macro_rules! start {
    ($workload:expr, $language:literal, $code:literal, $tests:literal) => {
        start!(@ $workload, $language, $code, $tests;
            "echo" Echo;
            "unique-ids" UniqueIds;
            "broadcast" Broadcast;
            "g-set" GSet;
            "counter" GCounter PnCounter;
            "kafka" Kafka;
            "txn-rw-register" TxnRwRegister;
            "txn-list-append" TxnListAppend;
            "lin-kv" LinKv;
        )
    };
    (@ $workload:expr, $language:literal, $code:literal, $tests:literal;
        $($name:literal $($variant:ident)+;)*) => {
        match $workload {
            $($(Workload::$variant)|+ => (
                include_str!(concat!("../../../templates/", $language, "/", $name, $code)),
                include_str!(concat!("../../../templates/", $language, "/", $name, $tests)),
            ),)*
        }
    };
}

fn rust(facts: &Facts) -> Vec<File> {
    let (node, tests) = start!(facts.workload, "rust", ".rs", ".tests.rs");
    let dependencies = sdk::direct_dependencies();
    let readme = facts.fill(template!("rust/README.md.in"));
    let manifest = facts.fill(template!("rust/Cargo.toml.in"));
    let mut files = vec![
        File::new("README.md", readme.replace("{{line}}", &first_line(node))),
        File::new(
            "Cargo.toml",
            manifest.replace("{{dependencies}}", &dependencies),
        ),
        File::new("Cargo.lock", sdk::lock(&facts.name)),
        File::new(".gitignore", "/target\n/report\n"),
        File::new("src/lib.rs", facts.fill(node)),
        File::new("src/main.rs", facts.fill(template!("rust/main.rs"))),
        File::new("src/tests.rs", facts.fill(tests)),
        File::new(
            ".vscode/launch.json",
            facts.fill(template!("rust/launch.json")),
        ),
        extensions(&["rust-lang.rust-analyzer", "vadimcn.vscode-lldb"]),
    ];
    files.extend(sdk::files());
    files
}

/// The tests of a node: requests to one that is alone, with their answers, and what sends and compares
/// them.
fn tests(harness: &str, conversation: &str) -> String {
    harness.replace("{{conversation}}", conversation.trim_end())
}

/// The number of the first line of the handler of requests, for a breakpoint.
fn first_line(node: &str) -> String {
    let head = ") -> Result<(), Error> {";
    let lines = node.lines().take_while(|line| line.trim() != head);
    (lines.count() + 2).to_string()
}

fn go(facts: &Facts) -> Vec<File> {
    let (node, conversation) = start!(facts.workload, "go", ".go.in", ".conversation.go.in");
    vec![
        File::new("README.md", facts.fill(template!("go/README.md.in"))),
        File::new("go.mod", format!("module {}\n\ngo 1.21\n", facts.name)),
        File::new(".gitignore", "*.wasm\n/report\n"),
        File::new("main.go", facts.fill(node)),
        File::new(
            "main_test.go",
            tests(template!("go/test.go.in"), conversation),
        ),
        File::new("node/node.go", template!("go/node.go.in")),
        File::new(
            ".vscode/launch.json",
            facts.fill(template!("go/launch.json")),
        ),
        extensions(&["golang.go"]),
    ]
}

fn js(facts: &Facts) -> Vec<File> {
    let (node, conversation) = start!(facts.workload, "js", ".js", ".conversation.js.in");
    vec![
        File::new("README.md", facts.fill(template!("js/README.md.in"))),
        File::new(".gitignore", "*.wasm\n/report\n"),
        File::new("node.js", facts.fill(node)),
        File::new("test.js", tests(template!("js/test.js.in"), conversation)),
        File::new("maelstrom.js", template!("js/maelstrom.js")),
        File::new("main.js", template!("js/main.js")),
        File::new(
            ".vscode/launch.json",
            facts.fill(template!("js/launch.json")),
        ),
    ]
}

fn python(facts: &Facts) -> Vec<File> {
    let (node, conversation) = start!(facts.workload, "python", ".py", ".conversation.py.in");
    let readme = facts.fill(template!("python/README.md.in"));
    vec![
        File::new("README.md", readme.replace("{{sha256}}", CPYTHON_SHA256)),
        File::new(".gitignore", "*.wasm\n/report\n__pycache__\n"),
        File::new("node.py", facts.fill(node)),
        File::new(
            "test.py",
            tests(template!("python/test.py.in"), conversation),
        ),
        File::new("maelstrom.py", template!("python/maelstrom.py")),
        File::new(
            ".vscode/launch.json",
            facts.fill(template!("python/launch.json")),
        ),
        extensions(&["ms-python.python"]),
    ]
}

fn c(facts: &Facts) -> Vec<File> {
    let (node, conversation) = start!(facts.workload, "c", ".c", ".conversation.c.in");
    vec![
        File::new("README.md", facts.fill(template!("c/README.md.in"))),
        File::new("Makefile", facts.fill(template!("c/Makefile.in"))),
        File::new(".gitignore", "*.wasm\n/build\n/report\n"),
        File::new("node.c", facts.fill(node)),
        File::new("test.c", tests(template!("c/test.c.in"), conversation)),
        File::new("main.c", template!("c/main.c")),
        File::new("maelstrom.h", template!("c/maelstrom.h")),
        File::new("maelstrom.c", template!("c/maelstrom.c")),
        File::new(
            ".vscode/launch.json",
            facts.fill(template!("c/launch.json")),
        ),
        extensions(&["ms-vscode.cpptools"]),
    ]
}
