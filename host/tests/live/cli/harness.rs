//! Runs the `host` binary on guests in the text format and shows all that came of it.
//!
//! Nothing here waits for a while and hopes: a test waits for a line or for the end of
//! the process, and a process that takes longer than [`DEADLINE`] is killed, which
//! fails its test.

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, Permissions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use expect_test::Expect;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// The first message of a conversation; the small guests answer it.
pub(crate) const INIT: &str = "{\"id\":0,\"src\":\"c0\",\"dest\":\"n1\",\"body\":{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\",\"node_ids\":[\"n1\"]}}\n";
/// The message at which the small guests do what they are there for.
pub(crate) const GO: &str =
    "{\"id\":1,\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"go\",\"msg_id\":2}}\n";

/// However slow the machine, this is enough.
const DEADLINE: Duration = Duration::from_secs(60);

/// A temporary directory, which shows as `[DIR]` in outputs.
pub(crate) struct Dir {
    temp: TempDir,
}

impl Dir {
    pub(crate) fn new() -> Self {
        Dir {
            temp: TempDir::new().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, contents).unwrap();
        path
    }

    /// Makes the directory `name`, which only its owner can enter.
    pub(crate) fn make_dir(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
        path
    }

    /// The names of the files in the directory `name`.
    pub(crate) fn files_in(&self, name: &str) -> Vec<String> {
        let files = fs::read_dir(self.path(name)).unwrap();
        let mut names: Vec<String> = files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The module in `tests/guests/NAME.wat`, assembled.
    pub(crate) fn guest(&self, name: &str) -> PathBuf {
        let text = guest_text(name);
        self.write(&format!("{name}.wasm"), assemble(&text))
    }

    /// The module with this text, as the file `name`.
    pub(crate) fn module(&self, name: &str, text: &str) -> PathBuf {
        self.write(name, assemble(text))
    }

    /// Runs `host` with nothing but what is said from here on.
    pub(crate) fn host(&self) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_host"));
        command
            .env_clear()
            .env("HOME", self.temp.path())
            .current_dir(self.temp.path());
        Run {
            command,
            dir: self.temp.path().to_owned(),
        }
    }

    /// Runs `module` as a node.
    pub(crate) fn node(&self, module: impl AsRef<OsStr>) -> Run {
        self.host().arg("--module").arg(module).arg("--no-cache")
    }

    /// Runs `module` as a node with the cache in the directory `cache`.
    pub(crate) fn node_with_cache(&self, module: impl AsRef<OsStr>) -> Run {
        let cache = self.path("cache");
        let run = self.host().arg("--module").arg(module);
        run.arg("--cache-dir").arg(cache)
    }
}

/// The text of `tests/guests/NAME.wat`, a whole module.
pub(crate) fn guest_text(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests");
    let read = |name: &str| fs::read_to_string(folder.join(format!("{name}.wat"))).unwrap();
    let text = read(name);
    if text.contains("(module") {
        text
    } else {
        small_guest(&text)
    }
}

/// Joins the fields of a small guest with what all of them have, see `common.wat`.
pub(crate) fn small_guest(fields: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests");
    let common = fs::read_to_string(folder.join("common.wat")).unwrap();
    format!("(module\n{fields}\n{common})")
}

/// A small guest whose `$go` returns this instruction's value.
pub(crate) fn returning(instruction: &str) -> String {
    small_guest(&format!(
        "(func $go (param $ptr i32) (param $len i32) (result i64) {instruction})"
    ))
}

/// A small guest whose `$go` answers with `effects` as they are.
pub(crate) fn answering(effects: impl AsRef<[u8]>) -> String {
    let effects = effects.as_ref();
    let data: String = effects.iter().map(|byte| format!("\\{byte:02x}")).collect();
    let pages = effects.len().div_ceil(1 << 16);
    small_guest(&format!(
        "(data $effects \"{data}\")
         (func $go (param $ptr i32) (param $len i32) (result i64)
           (drop (memory.grow (i32.const {pages})))
           (memory.init $effects (i32.const 65536) (i32.const 0) (i32.const {len}))
           (call $packed (i32.const 65536) (i32.const {len})))",
        len = effects.len(),
    ))
}

pub(crate) fn assemble(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}

/// A process about to be started.
pub(crate) struct Run {
    command: Command,
    dir: PathBuf,
}

impl Run {
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub(crate) fn args<'a>(mut self, args: impl IntoIterator<Item = &'a str>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it with `input` on stdin, to its end.
    pub(crate) fn input(self, input: impl Into<Vec<u8>>) -> Ended {
        self.start().write(input).end()
    }

    /// Runs it with both stdin and stdout in the hands of the test.
    pub(crate) fn start(self) -> Live {
        self.start_with(Stdio::piped(), Stdio::piped(), Stdio::piped())
    }

    /// As [`start`](Run::start), but what is not a pipe is not the test's.
    pub(crate) fn start_with(
        mut self,
        stdin: impl Into<Stdio>,
        stdout: impl Into<Stdio>,
        stderr: impl Into<Stdio>,
    ) -> Live {
        self.command.stdin(stdin).stdout(stdout).stderr(stderr);
        let mut child = self.command.spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        if let Some(stdout) = child.stdout.take() {
            thread::spawn(move || send_lines(stdout, &sender));
        }
        let stderr = child.stderr.take().map(|mut stderr| {
            thread::spawn(move || {
                let mut bytes = Vec::new();
                stderr.read_to_end(&mut bytes).unwrap();
                bytes
            })
        });
        Live {
            stdin: child.stdin.take(),
            watchdog: Watchdog::start(&child),
            child,
            writer: None,
            lines,
            stdout: Vec::new(),
            stderr,
            dir: self.dir,
        }
    }
}

/// A pipe that nobody reads any more.
pub(crate) fn closed_pipe() -> io::PipeWriter {
    let (_reader, writer) = io::pipe().unwrap();
    writer
}

fn send_lines(stdout: impl Read, sender: &Sender<Vec<u8>>) {
    let mut stdout = BufReader::new(stdout);
    loop {
        let mut line = Vec::new();
        let read = stdout.read_until(b'\n', &mut line).unwrap();
        if read == 0 || sender.send(line).is_err() {
            return;
        }
    }
}

/// A running process.
pub(crate) struct Live {
    child: Child,
    watchdog: Watchdog,
    stdin: Option<ChildStdin>,
    writer: Option<JoinHandle<()>>,
    lines: Receiver<Vec<u8>>,
    stdout: Vec<u8>,
    stderr: Option<JoinHandle<Vec<u8>>>,
    dir: PathBuf,
}

impl Live {
    /// Sends `input` and keeps stdin open. A process that no longer reads is no error.
    pub(crate) fn send(&mut self, input: impl AsRef<[u8]>) {
        let stdin = self.stdin.as_mut().unwrap();
        let _ = stdin.write_all(input.as_ref());
    }

    /// Sends `input`, however long, while the test goes on, and then closes stdin.
    pub(crate) fn write(mut self, input: impl Into<Vec<u8>>) -> Self {
        let (input, mut stdin) = (input.into(), self.stdin.take().unwrap());
        self.writer = Some(thread::spawn(move || {
            let _ = stdin.write_all(&input);
        }));
        self
    }

    /// Waits for the next line on stdout.
    pub(crate) fn next_line(&mut self) -> String {
        let Ok(line) = self.lines.recv() else {
            panic!("stdout ended; before that:\n{}", lossy(&self.stdout));
        };
        self.stdout.extend_from_slice(&line);
        lossy(&line)
    }

    /// The most memory that it has had resident so far.
    pub(crate) fn peak_memory_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let digits = line.unwrap().split_whitespace().nth(1).unwrap();
        digits.parse().unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(pid(&self.child), signal).unwrap();
    }

    /// Closes stdin, if that has not been done, and waits for the end.
    pub(crate) fn end(mut self) -> Ended {
        self.stdin = None;
        self.wait()
    }

    /// Waits for the end while stdin stays open.
    pub(crate) fn wait(mut self) -> Ended {
        self.stdout.extend(self.lines.iter().flatten());
        let stderr = self.stderr.map(|thread| thread.join().unwrap());
        let status = self.child.wait().unwrap();
        let hung = self.watchdog.stop();
        if let Some(writer) = self.writer {
            writer.join().unwrap();
        }
        let show = |bytes: &[u8]| lossy(bytes).replace(&*self.dir.to_string_lossy(), "[DIR]");
        let ended = Ended {
            status,
            stdout: show(&self.stdout),
            stderr: show(&stderr.unwrap_or_default()),
        };
        assert!(!hung, "killed after {DEADLINE:?}:\n{ended}");
        ended
    }
}

/// Kills the process when the deadline has passed.
struct Watchdog {
    ended: Sender<()>,
    thread: JoinHandle<bool>,
}

impl Watchdog {
    fn start(child: &Child) -> Self {
        let pid = pid(child);
        let (ended, waiting) = mpsc::channel();
        let thread = thread::spawn(move || {
            let late = waiting.recv_timeout(DEADLINE) == Err(RecvTimeoutError::Timeout);
            if late {
                let _ = kill_process(pid, Signal::KILL);
            }
            late
        });
        Watchdog { ended, thread }
    }

    /// Whether it had to act.
    fn stop(self) -> bool {
        let _ = self.ended.send(());
        self.thread.join().unwrap()
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_child(child)
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// All that a process leaves behind.
pub(crate) struct Ended {
    status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Compares exit code, stdout and stderr, all of them.
    #[track_caller]
    pub(crate) fn is(&self, expected: Expect) {
        expected.assert_eq(&self.to_string());
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.status.code(), self.status.signal()) {
            (Some(code), _) => writeln!(f, "exit code {code}")?,
            (None, signal) => writeln!(f, "killed by signal {signal:?}")?,
        }
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if text.is_empty() {
                continue;
            }
            writeln!(f, "---- {name}")?;
            f.write_str(text)?;
            if !text.ends_with('\n') {
                writeln!(f, "\n(no newline at the end)")?;
            }
        }
        Ok(())
    }
}
