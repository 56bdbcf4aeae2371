//! Nodes in JavaScript and Python, with the commands of `docs/programs.md`: the nodes of
//! `host/tests/programs/{js,python}` and what `docs/interpreters` has for them.

use std::time::Duration;

use serde_json::{Value as Json, json};
use test_support::{Dir, Ended, Node, compiled, program, root};

/// Of twenty runs with five interpreters each, while other tests run; and of the compiler, at first.
const DEADLINE: Duration = Duration::from_secs(600);

/// An interpreter, and the words before the script and its arguments.
struct Language {
    module: &'static str,
    folder: &'static str,
    guest: &'static [&'static str],
}

const JAVASCRIPT: Language = Language {
    module: "qjs",
    folder: "host/tests/programs/js",
    guest: &["--std", "nodejs.js", "gossip.js"],
};

const PYTHON: Language = Language {
    module: "python",
    folder: "host/tests/programs/python",
    guest: &["gossip.py"],
};

const ASYNCIO: Language = Language {
    guest: &["asyncio_wasi.py", "gossip_asyncio.py"],
    ..PYTHON
};

impl Language {
    /// `host sim --challenge 3c`, in `dir`.
    fn sim(&self, dir: &Dir, args: &[&str], guest_args: &[&str]) -> Ended {
        let run = dir.host().deadline(DEADLINE);
        let run = run.args(["sim", "--challenge", "3c"]);
        let run = run.arg(program(self.module));
        let run = run.arg("--cache-dir").arg(compiled()).arg("--mount");
        let run = run.arg(root().join(self.folder)).arg("--mount");
        let run = run.arg(root().join("docs/interpreters")).args(args);
        run.arg("--").args(self.guest).args(guest_args).end()
    }

    /// The first line of what a command says of many seeds.
    fn verdict(&self, args: &[&str], guest_args: &[&str]) -> String {
        let ended = self.sim(&Dir::new(), args, guest_args);
        let line = ended.stdout.lines().next();
        line.unwrap_or_else(|| panic!("{ended}")).to_owned()
    }

    fn is_right_and_caught_without_its_retry(&self) {
        assert_eq!(
            self.verdict(&["--seeds", "0..20"], &[]),
            "broadcast: valid with all 20 seeds, 0 to 19"
        );
        assert_eq!(
            self.verdict(&["--seeds", "0..3", "--keep-going"], &["no-retry"]),
            "broadcast: INVALID with 3 of 3 seeds, 0 to 2"
        );
        assert_eq!(self.journal("1"), self.journal("1"), "the same seed");
        assert_ne!(self.journal("1"), self.journal("2"), "another seed");
    }

    fn journal(&self, seed: &str) -> String {
        let dir = Dir::new();
        let args = ["--seed", seed, "--journal", "journal.jsonl"];
        let ended = self.sim(&dir, &args, &[]);
        assert_eq!(ended.code(), Some(0), "{ended}");
        dir.read("journal.jsonl")
    }
}

#[test]
fn a_gossip_in_javascript_needs_its_retry() {
    JAVASCRIPT.is_right_and_caught_without_its_retry();
}

#[test]
fn a_gossip_in_python_needs_its_retry() {
    PYTHON.is_right_and_caught_without_its_retry();
}

#[test]
fn a_gossip_with_asyncio_needs_its_retry() {
    let args = ["--seed", "1", "--node-count", "3", "--time-limit", "5"];
    assert_eq!(ASYNCIO.verdict(&args, &[]), "broadcast: valid");
    assert_eq!(ASYNCIO.verdict(&args, &["no-retry"]), "broadcast: INVALID");
}

/// What a script that runs live answers to `init` and then to `say`.
fn says(dir: Dir, language: &Language, guest: &[&str], expected: Json) {
    let run = dir.host().deadline(DEADLINE).arg("--module");
    let run = run.arg(program(language.module));
    let run = run.arg("--cache-dir").arg(compiled()).arg("--mount");
    let run = run.arg(dir.root()).arg("--mount");
    let run = run.arg(root().join("docs/interpreters"));
    let mut node = Node::of(dir, run.arg("--").args(guest));
    node.init(&["n1"]);
    node.tell("c1", json!({"type": "say", "msg_id": 2, "text": "hü"}));
    assert_eq!(node.hear(), ("c1", expected));
    assert_eq!(node.stop().code(), Some(0));
}

#[test]
fn a_script_for_node_js_has_modules_events_timers_and_lines() {
    let dir = Dir::new();
    dir.write("lib/names.json", r#"{"ok": "say_ok"}"#);
    dir.write(
        "lib/index.js",
        "const EventEmitter = require('node:events');
         exports.names = require('./names.json');
         exports.bus = new EventEmitter();
         exports.here = __filename;",
    );
    dir.write("new.js", "import x from 'y';");
    dir.write("wrong.js", "let = ;");
    dir.write(
        "main.js",
        "#!/usr/bin/env node
         const readline = require('readline');
         const { names, bus, here } = require('./lib');
         const { randomUUID } = require('node:crypto');
         const { promisify } = require('util');
         const next = promisify((number, done) => done(null, number + 1));
         const failure = (name) => { try { require(name); } catch (error) { return error.message; } };
         const failed = failure('leftpad');
         const told = [/: \\/new.js is an ECMAScript module: make/, /, in \\/wrong.js$/];
         const isTold = ['./new', './wrong'].map((name, at) => told[at].test(failure(name)));
         const send = (dest, body) => console.log(JSON.stringify({ src: 'n1', dest, body }));
         const answer = (body) => send('c1', body);
         const isUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(randomUUID());
         bus.on('said', async (text) => {
           const more = { argv: process.argv, isUuid, isTold, two: await next(1), tty: require('tty').isatty(1) };
           setTimeout(answer, 5, { type: names.ok, text, here, failed, ...more });
         });
         (async () => {
           for await (const line of readline.createInterface({ input: process.stdin, terminal: false })) {
             const { body } = JSON.parse(line);
             console.warn('got', body, new Set([1]), new Map([[1, 2]]));
             if (body.type === 'init') send('c0', { type: 'init_ok', in_reply_to: 1 });
             else bus.emit('said', body.text);
           }
         })();",
    );
    says(
        dir,
        &JAVASCRIPT,
        &["--std", "nodejs.js", "main.js", "x"],
        json!({
            "type": "say_ok",
            "text": "hü",
            "here": "/lib/index.js",
            "failed": "Cannot find module 'leftpad': nodejs.js has only readline, \
                       readline/promises, fs, events, process, crypto, util, tty",
            "argv": ["nodejs.js", "main.js", "x"],
            "isUuid": true,
            "isTold": [true, true],
            "two": 2,
            "tty": false,
        }),
    );
}

#[test]
fn asyncio_reads_lines_while_tasks_sleep_and_executors_work() {
    let dir = Dir::new();
    dir.write(
        "main.py",
        "import asyncio, json, sys
def send(dest, **body):
    print(json.dumps({'src': 'n1', 'dest': dest, 'body': body}), flush=True)
async def main():
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.readline)
    send('c0', type='init_ok', in_reply_to=1)
    seen = []
    async def tick():
        while True:
            seen.append('tick')
            await asyncio.sleep(60)
    ticks = asyncio.create_task(tick())
    body = json.loads(await asyncio.to_thread(input))['body']
    seen.append(await asyncio.to_thread(lambda: 6 * 7))
    try:
        await loop.run_in_executor(None, int, 'x')
    except ValueError as error:
        seen.append(str(error))
    send('c1', type='say_ok', text=body['text'], seen=seen)
    await ticks
asyncio.run(main())
",
    );
    let failed = "invalid literal for int() with base 10: 'x'";
    says(
        dir,
        &ASYNCIO,
        &["asyncio_wasi.py", "main.py"],
        json!({"type": "say_ok", "text": "hü", "seen": ["tick", 42, failed]}),
    );
}
