//! The `host` binary as a child process: what it is given, and all that comes of it.
//!
//! Nothing here waits for a while and hopes: a test waits for a line or for the end of
//! the process, and a process that keeps it waiting longer than the deadline is killed,
//! which fails the test.

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use expect_test::Expect;
use rustix::process::{Pid, Signal, kill_process};

use crate::normal::with_placeholders;
use crate::{host, memory};

/// However slow the machine, this is enough for a line, and for the end.
const DEADLINE: Duration = Duration::from_secs(60);

/// A process about to be started.
#[derive(Debug)]
pub struct Run {
    command: Command,
    deadline: Duration,
    /// What changes from run to run, and what is shown for it.
    hidden: Vec<(String, String)>,
}

impl Run {
    /// `host`, with nothing of this process's environment.
    pub fn host() -> Self {
        Run::of(host())
    }

    fn of(program: &Path) -> Self {
        let mut command = Command::new(program);
        // What it tells people to type begins with the name that it was called by.
        if let Some(name) = program.file_name() {
            command.arg0(name);
        }
        command.env_clear();
        Run {
            command,
            deadline: DEADLINE,
            hidden: Vec::new(),
        }
    }

    /// The same program, called by another name.
    #[must_use]
    pub fn called(mut self, name: &str) -> Self {
        self.command.arg0(name);
        self
    }

    /// The same program with a terminal for stdout and stderr, which both are stdout then. `record` is
    /// a file that is written. It needs `script` of util-linux.
    ///
    /// What was set so far stays, but for arguments: they are for after this.
    #[must_use]
    pub fn on_terminal(self, record: &Path) -> Self {
        let Run {
            command,
            deadline,
            hidden,
        } = self;
        assert_eq!(command.get_args().count(), 0, "arguments come later");
        // The words after it are the positional parameters of a shell in `script`'s shell.
        let mut run = Run::of(Path::new("/bin/sh"));
        let outer = "record=$1; shift; words=; for word; do words=\"$words '$word'\"; done; \
                     exec script -qec \"$words\" \"$record\" </dev/null";
        run.command.args(["-c", outer, "sh"]).arg(record);
        run.command.arg(command.get_program());
        if let Some(dir) = command.get_current_dir() {
            run.command.current_dir(dir);
        }
        for (name, value) in command.get_envs() {
            run.command.env(name, value.unwrap_or_default());
        }
        run.command.env("PATH", "/usr/bin:/bin");
        run.command.env("TERM", "xterm");
        Run {
            command: run.command,
            deadline,
            hidden,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(args);
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets its working directory.
    #[must_use]
    pub fn in_dir(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Lets it take longer than usual.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Shows `name` for a path in all outputs.
    #[must_use]
    pub fn hide(mut self, path: &Path, name: &str) -> Self {
        let path = path.to_string_lossy().into_owned();
        self.hidden.push((path, name.to_owned()));
        self
    }

    /// Runs it with nothing on stdin, to its end.
    pub fn end(self) -> Ended {
        self.input("")
    }

    /// Runs it with `input` on stdin, to its end.
    pub fn input(self, input: impl Into<Vec<u8>>) -> Ended {
        self.start().write(input).end()
    }

    /// Runs it with both stdin and stdout in the hands of the test.
    pub fn start(self) -> Live {
        self.start_with(Stdio::piped(), Stdio::piped(), Stdio::piped())
    }

    /// As [`start`](Run::start), but what is not a pipe is not the test's.
    pub fn start_with(
        mut self,
        stdin: impl Into<Stdio>,
        stdout: impl Into<Stdio>,
        stderr: impl Into<Stdio>,
    ) -> Live {
        self.command.stdin(stdin).stdout(stdout).stderr(stderr);
        let mut child = self.command.spawn().unwrap();
        Live {
            stdin: child.stdin.take(),
            stdout: Stream::of(child.stdout.take()),
            stderr: Stream::of(child.stderr.take()),
            watchdog: Watchdog::start(&child, self.deadline),
            child,
            writer: None,
            hidden: self.hidden,
        }
    }
}

/// A pipe that nobody reads any more.
pub fn closed_pipe() -> io::PipeWriter {
    let (_reader, writer) = io::pipe().unwrap();
    writer
}

/// What a process writes, line by line.
struct Stream {
    lines: Receiver<Vec<u8>>,
    /// The lines that were waited for.
    seen: Vec<u8>,
}

impl Stream {
    /// Of nothing, which has ended, if the test does not have the pipe.
    fn of(pipe: Option<impl Read + Send + 'static>) -> Self {
        let (sender, lines) = mpsc::channel();
        if let Some(pipe) = pipe {
            thread::spawn(move || send_lines(pipe, &sender));
        }
        let seen = Vec::new();
        Stream { lines, seen }
    }

    fn next(&mut self) -> Option<String> {
        let line = self.lines.recv().ok()?;
        self.seen.extend_from_slice(&line);
        Some(lossy(&line))
    }

    /// All of it, to the end.
    fn all(mut self) -> Vec<u8> {
        self.seen.extend(self.lines.iter().flatten());
        self.seen
    }
}

fn send_lines(pipe: impl Read, sender: &Sender<Vec<u8>>) {
    let mut pipe = BufReader::new(pipe);
    loop {
        let mut line = Vec::new();
        let read = pipe.read_until(b'\n', &mut line).unwrap();
        if read == 0 || sender.send(line).is_err() {
            return;
        }
    }
}

/// A running process. It is killed when the test fails and drops it.
pub struct Live {
    child: Child,
    watchdog: Watchdog,
    stdin: Option<ChildStdin>,
    writer: Option<JoinHandle<()>>,
    stdout: Stream,
    stderr: Stream,
    hidden: Vec<(String, String)>,
}

impl Live {
    /// Sends `input` and keeps stdin open. A process that no longer reads is no error.
    pub fn send(&mut self, input: impl AsRef<[u8]>) {
        let stdin = self.stdin.as_mut().unwrap();
        let _ = stdin.write_all(input.as_ref());
    }

    /// Sends `input`, however long, while the test goes on, and then closes stdin.
    #[must_use]
    pub fn write(mut self, input: impl Into<Vec<u8>>) -> Self {
        let input = input.into();
        if let Some(mut stdin) = self.stdin.take() {
            self.writer = Some(thread::spawn(move || {
                let _ = stdin.write_all(&input);
            }));
        }
        self
    }

    /// Takes stdin, for a thread that writes to it.
    pub(crate) fn take_stdin(&mut self) -> ChildStdin {
        self.stdin.take().expect("stdin is here")
    }

    /// Gives stdin back.
    pub(crate) fn give_stdin(&mut self, stdin: ChildStdin) {
        self.stdin = Some(stdin);
    }

    /// Waits for the next line on stdout.
    #[track_caller]
    pub fn next_line(&mut self) -> String {
        self.watchdog.begin_again();
        let line = self.stdout.next();
        line.unwrap_or_else(|| panic!("stdout ended; before that:\n{}", lossy(&self.stdout.seen)))
    }

    /// Waits for the next line on stderr.
    #[track_caller]
    pub fn next_log_line(&mut self) -> String {
        self.watchdog.begin_again();
        let line = self.stderr.next();
        line.unwrap_or_else(|| panic!("stderr ended; before that:\n{}", lossy(&self.stderr.seen)))
    }

    /// What comes on stderr from here on, to its end.
    pub(crate) fn rest_of_log(&mut self) -> String {
        self.watchdog.begin_again();
        std::iter::from_fn(|| self.stderr.next()).collect()
    }

    /// Closes stdin, if that has not been done.
    pub(crate) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// The most memory that it has had resident so far.
    pub fn peak_memory_kib(&self) -> u64 {
        memory::status_kib(&self.child.id().to_string(), "VmHWM").unwrap()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Closes stdin, if that has not been done, and waits for the end.
    pub fn end(mut self) -> Ended {
        self.close_stdin();
        self.wait()
    }

    /// Waits for the end while stdin stays open.
    pub fn wait(mut self) -> Ended {
        self.watchdog.begin_again();
        let (stdout, stderr) = (self.stdout.all(), self.stderr.all());
        let status = self.child.wait().unwrap();
        let hung = self.watchdog.stop();
        if let Some(writer) = self.writer {
            writer.join().unwrap();
        }
        let show = |bytes: &[u8]| {
            let hidden = self.hidden.iter();
            hidden.fold(lossy(bytes), |text, (path, name)| text.replace(path, name))
        };
        let ended = Ended {
            status,
            stdout: show(&stdout),
            stderr: show(&stderr),
        };
        assert!(!hung, "killed because it took too long:\n{ended}");
        ended
    }
}

/// Kills the process when it has kept the test waiting for too long, or when the test is gone.
struct Watchdog {
    /// Without it the thread kills the process.
    signs: Option<Sender<Sign>>,
    thread: Option<JoinHandle<bool>>,
}

/// What a test tells its watchdog.
enum Sign {
    /// It begins to wait for something else.
    Waits,
    /// The process has ended.
    Ended,
}

impl Watchdog {
    fn start(child: &Child, deadline: Duration) -> Self {
        let pid = Pid::from_child(child);
        let (signs, waiting) = mpsc::channel();
        let thread = thread::spawn(move || {
            loop {
                match waiting.recv_timeout(deadline) {
                    Ok(Sign::Waits) => {}
                    Ok(Sign::Ended) => return false,
                    Err(error) => {
                        let _ = kill_process(pid, Signal::KILL);
                        return error == RecvTimeoutError::Timeout;
                    }
                }
            }
        });
        Watchdog {
            signs: Some(signs),
            thread: Some(thread),
        }
    }

    fn begin_again(&self) {
        self.tell(Sign::Waits);
    }

    /// Whether it had to act.
    fn stop(mut self) -> bool {
        self.tell(Sign::Ended);
        self.thread.take().unwrap().join().unwrap()
    }

    fn tell(&self, sign: Sign) {
        let _ = self.signs.as_ref().unwrap().send(sign);
    }
}

/// Waits until the process has been killed: a test that ends before would leave it behind.
impl Drop for Watchdog {
    fn drop(&mut self) {
        self.signs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// All that a process leaves behind.
#[derive(Debug)]
pub struct Ended {
    status: ExitStatus,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Ended {
    /// Its exit code, unless a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Compares exit code, stdout and stderr, with placeholders for the sentences that other
    /// tests own (`normal.rs`).
    #[track_caller]
    pub fn is(&self, expected: Expect) {
        expected.assert_eq(&with_placeholders(&self.to_string()));
    }

    /// Compares exit code, stdout and stderr, all of them to the letter.
    #[track_caller]
    pub fn is_exactly(&self, expected: Expect) {
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

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn shell(script: &str) -> Run {
        Run::of(Path::new("/bin/sh")).args(["-c", script])
    }

    #[test]
    fn exit_code_stdout_and_stderr_are_shown() {
        shell("echo out; printf err >&2; exit 3")
            .end()
            .is(expect![[r#"
            exit code 3
            ---- stdout
            out
            ---- stderr
            err
            (no newline at the end)
        "#]]);
    }

    #[test]
    fn hidden_paths_are_shown_by_their_names() {
        let run = shell("echo /some/where/file").hide(Path::new("/some/where"), "[DIR]");
        assert_eq!(run.end().stdout, "[DIR]/file\n");
    }

    #[test]
    fn lines_are_waited_for_one_by_one_and_kept() {
        let mut cat = shell("read line; echo $line; echo log >&2; cat").start();
        cat.send("one\n");
        assert_eq!(cat.next_line(), "one\n");
        assert_eq!(cat.next_log_line(), "log\n");
        cat.send("two\n");
        let ended = cat.end();
        assert_eq!((&*ended.stdout, &*ended.stderr), ("one\ntwo\n", "log\n"));
    }

    #[test]
    #[should_panic(expected = "killed because it took too long")]
    fn a_process_that_hangs_is_killed_and_fails_the_test() {
        let hangs = shell("exec sleep 600").deadline(Duration::from_millis(50));
        hangs.end();
    }

    #[test]
    fn a_process_is_killed_when_the_test_drops_it() {
        let sleep = shell("exec sleep 600").start();
        let pid = Pid::from_child(&sleep.child);
        drop(sleep);
        // It stays as a zombie, since nobody waits for it.
        let status = format!("/proc/{}/status", pid.as_raw_nonzero());
        while std::fs::read_to_string(&status).is_ok_and(|it| !it.contains("State:\tZ")) {
            thread::yield_now();
        }
    }
}
