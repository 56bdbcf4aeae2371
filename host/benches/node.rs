//! Measures the live node as a user meets it, as whole processes, and prints a table:
//! medians, and ratios between commands that took turns within this one run.
//!
//! `./runner.sh bench` builds what this needs and runs it.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

#[path = "../../solutions/echo/src/lib.rs"]
#[expect(unused_imports, reason = "its own tests are not part of this program")]
mod echo;

use test_support::memory::status_kib;
use test_support::{built, host};

const MESSAGES: usize = 300_000;
const NODES: usize = 25;
const SWAP_MESSAGES: usize = 1_000_000;
const SWAPS: usize = 100;

const INIT: &str = concat!(
    r#"{"id":0,"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"#,
    r#""node_id":"n1","node_ids":["n1"]}}"#,
    "\n"
);

/// The argument with which this program is a native node of the same solution that writes each
/// answer at once.
const TWIN_WRITES: &str = "--twin-writes";

/// The same, but it writes when no input waits, or 64 KiB have gathered: as the host does.
const TWIN_GATHERS: &str = "--twin-gathers";

fn main() -> ExitCode {
    let result = match std::env::args().nth(1).as_deref() {
        Some(TWIN_WRITES) => return echo::main(),
        Some(TWIN_GATHERS) => return echo::gathering(),
        _ => measure(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> io::Result<()> {
    let module = built("echo");
    let directory = tempfile::tempdir()?;
    let host = Host {
        module,
        cache: directory.path().join("warm"),
    };
    host.first_reply()?; // fills the cache

    println!("{:<58} {:>10}  budget", "what", "median");
    stream(&host)?;
    start(&host, directory.path())?;
    many(&host, directory.path())?;
    memory(&host)?;
    swaps(&host, directory.path())
}

fn row(what: &str, value: &str, budget: &str) {
    println!("{what:<58} {value:>10}  {budget}");
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

fn median<T: Copy + PartialOrd>(mut values: Vec<T>) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).expect("measurements are numbers"));
    values[values.len() / 2]
}

struct Host {
    module: PathBuf,
    cache: PathBuf,
}

impl Host {
    fn command(&self) -> Command {
        let mut command = Command::new(host());
        command.arg("--module").arg(&self.module);
        command.arg("--cache-dir").arg(&self.cache);
        command
    }

    /// A new process, and how long it took to its first reply.
    fn first_reply(&self) -> io::Result<(Duration, Node)> {
        let begin = Instant::now();
        let mut node = Node::spawn(self.command())?;
        node.ask()?;
        Ok((begin.elapsed(), node))
    }

    fn with_cache(&self, cache: PathBuf) -> Host {
        Host {
            module: self.module.clone(),
            cache,
        }
    }
}

/// A running process.
struct Node {
    child: Reaped,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Node {
    fn spawn(mut command: Command) -> io::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().expect("stdin is piped");
        let output = child.stdout.take().expect("stdout is piped");
        Ok(Node {
            child: Reaped(child),
            input,
            output: BufReader::new(output),
        })
    }

    /// Sends `init` and waits for the answer.
    fn ask(&mut self) -> io::Result<()> {
        self.input.write_all(INIT.as_bytes())?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<()> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        assert!(line.contains("init_ok"), "unexpected answer: {line:?}");
        Ok(())
    }
}

/// A child that is killed and reaped when dropped.
struct Reaped(Child);

impl Deref for Reaped {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Reaped {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Reaped {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The echo stream from a file through a process into a pipe, which this process reads at once: no
/// side waits for a disk. The host writes when no input waits or 64 KiB have gathered; a twin does the
/// same, and another writes each answer.
fn stream(host: &Host) -> io::Result<()> {
    let mut input = String::from(INIT);
    for i in 1..=MESSAGES {
        input.push_str(&format!(
            "{{\"id\":{i},\"src\":\"c1\",\"dest\":\"n1\",\"body\":\
             {{\"echo\":\"Please echo {}\",\"type\":\"echo\",\"msg_id\":{i}}}}}\n",
            i % 128
        ));
    }
    let file = tempfile::NamedTempFile::new()?;
    fs::write(file.path(), input)?;
    let time = |mut command: Command| -> io::Result<f64> {
        let begin = Instant::now();
        let mut child = command
            .stdin(fs::File::open(file.path())?)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut output = child.stdout.take().expect("stdout is piped");
        let mut replies = CountLines(0);
        io::copy(&mut output, &mut replies)?;
        assert!(child.wait()?.success());
        assert_eq!(replies.0, MESSAGES + 1, "every message is answered");
        Ok(begin.elapsed().as_secs_f64())
    };
    let this = std::env::current_exe()?;
    let twin = |mode: &str| {
        let mut command = Command::new(&this);
        command.arg(mode);
        command
    };
    let (mut hosts, mut gathering, mut writing) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..9 {
        hosts.push(time(host.command())?);
        gathering.push(time(twin(TWIN_GATHERS))?);
        writing.push(time(twin(TWIN_WRITES))?);
    }
    let ratio = |twins: &[f64]| {
        let ratios = hosts.iter().zip(twins).map(|(host, twin)| host / twin);
        format!("{:.2}", median(ratios.collect()))
    };
    let per_message = |times: &[f64]| {
        let microseconds = median(times.to_vec()) / MESSAGES as f64 * 1e6;
        format!("{microseconds:.2} µs")
    };
    row(
        "echo stream, 300,000 messages: host, a message",
        &per_message(&hosts),
        "",
    );
    row(
        "echo stream: native twin that gathers like the host",
        &per_message(&gathering),
        "",
    );
    row(
        "echo stream: native twin that writes each answer",
        &per_message(&writing),
        "",
    );
    row(
        "echo stream: host / twin that gathers",
        &ratio(&gathering),
        "≤ 1.6",
    );
    row(
        "echo stream: host / twin that writes each answer",
        &ratio(&writing),
        "",
    );
    Ok(())
}

/// Counts the lines written to it.
struct CountLines(usize);

impl Write for CountLines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.iter().filter(|byte| **byte == b'\n').count();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn start(host: &Host, directory: &Path) -> io::Result<()> {
    let mut warm = Vec::new();
    for _ in 0..41 {
        warm.push(host.first_reply()?.0);
    }
    let mut cold = Vec::new();
    for run in 0..5 {
        let cache = directory.join(format!("cold-{run}"));
        cold.push(host.with_cache(cache).first_reply()?.0);
    }
    row(
        "start to first reply, warm cache",
        &milliseconds(median(warm)),
        "≤ 5 ms",
    );
    row(
        "start to first reply, cold",
        &milliseconds(median(cold)),
        "",
    );
    Ok(())
}

fn many(host: &Host, directory: &Path) -> io::Result<()> {
    let all_replied = |host: &Host| -> io::Result<Duration> {
        let begin = Instant::now();
        let mut nodes = (0..NODES)
            .map(|_| Node::spawn(host.command()))
            .collect::<io::Result<Vec<Node>>>()?;
        for node in &mut nodes {
            node.input.write_all(INIT.as_bytes())?;
        }
        for node in &mut nodes {
            node.answer()?;
        }
        Ok(begin.elapsed())
    };
    let warm: io::Result<Vec<Duration>> = (0..9).map(|_| all_replied(host)).collect();
    let cold: io::Result<Vec<Duration>> = (0..3)
        .map(|run| all_replied(&host.with_cache(directory.join(format!("many-{run}")))))
        .collect();
    row(
        "25 processes at once, warm, to the last reply",
        &milliseconds(median(warm?)),
        "≤ 300 ms",
    );
    row(
        "25 processes at once, cold (one compiles)",
        &milliseconds(median(cold?)),
        "",
    );
    Ok(())
}

fn memory(host: &Host) -> io::Result<()> {
    let mut resident = Vec::new();
    for _ in 0..5 {
        let (_, node) = host.first_reply()?;
        let kib = status_kib(&node.child.id().to_string(), "VmHWM").expect("Linux tells VmHWM");
        resident.push(kib as f64 / 1024.0);
    }
    let peak = format!("{:.1} MiB", median(resident));
    row(
        "peak resident memory of a node after its first reply",
        &peak,
        "≤ 25 MiB",
    );
    Ok(())
}

/// A stream of echoes through a node whose module is replaced all the time.
fn swaps(host: &Host, directory: &Path) -> io::Result<()> {
    let versions: Vec<Vec<u8>> = (0..2)
        .map(|number| {
            let mut wasm = fs::read(&host.module)?;
            wasm.extend_from_slice(&[0, 3, 1, b'v', number]); // a custom section
            Ok(wasm)
        })
        .collect::<io::Result<_>>()?;
    let (module, next) = (directory.join("swapped.wasm"), directory.join("next.wasm"));
    let host = Host {
        module,
        cache: host.cache.clone(),
    };
    let replace = |number: usize| -> io::Result<()> {
        fs::write(&next, &versions[number % 2])?;
        fs::rename(&next, &host.module)
    };
    for number in 0..2 {
        replace(number)?;
        host.first_reply()?; // fills the cache
    }
    let mut command = host.command();
    command.arg("--watch").stderr(Stdio::piped());
    let mut node = Node::spawn(command)?;
    node.ask()?;
    let log = node.child.stderr.take().expect("stderr is piped");
    let log = std::thread::spawn(move || {
        let lines = BufReader::new(log).lines().map_while(Result::ok);
        lines
            .filter(|line| line.starts_with(" INFO swapped "))
            .count()
    });
    let mut input = node.input;
    let writer = std::thread::spawn(move || -> io::Result<()> {
        let mut lines = String::new();
        for i in 0..SWAP_MESSAGES {
            lines.push_str(&format!(
                "{{\"src\":\"c1\",\"dest\":\"n1\",\"body\":\
                 {{\"type\":\"echo\",\"echo\":{i},\"msg_id\":{i}}}}}\n"
            ));
            if lines.len() > 32 << 10 {
                input.write_all(lines.as_bytes())?;
                lines.clear();
            }
        }
        input.write_all(lines.as_bytes())
    });
    let (mut last, mut pause) = (Instant::now(), Duration::ZERO);
    let mut line = String::new();
    for i in 0..SWAP_MESSAGES {
        if i % (SWAP_MESSAGES / SWAPS) == SWAP_MESSAGES / SWAPS / 2 {
            replace(i / (SWAP_MESSAGES / SWAPS))?;
            let id = node.child.id().to_string();
            assert!(Command::new("kill").args(["-HUP", &id]).status()?.success());
            last = Instant::now();
        }
        line.clear();
        node.output.read_line(&mut line)?;
        assert!(
            line.contains(&format!("\"echo\":{i},")),
            "out of order: {line} at {i}"
        );
        pause = pause.max(last.elapsed());
        last = Instant::now();
    }
    writer.join().expect("the writer does not panic")?;
    node.child.wait()?;
    let swaps = log.join().expect("the reader does not panic");
    row(
        "1,000,000 echoes through a swapped node: swaps",
        &swaps.to_string(),
        "100",
    );
    row(
        "longest wait for the next echo meanwhile",
        &milliseconds(pause),
        "≤ 20 ms",
    );
    Ok(())
}
