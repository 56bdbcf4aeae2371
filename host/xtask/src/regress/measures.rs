//! What is measured: whole commands, as users run them, each half a second to two seconds long.

use std::fmt::Write;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use super::build::Side;
use crate::process::{command, output};

/// Messages in the echo stream.
const MESSAGES: usize = 200_000;

/// Prints the processor time of a command, in the program and in the kernel, after which it ends as
/// the command did.
const TIMED: &str = r#"TIMEFORMAT='%3U %3S'; time "$@" >/dev/null 2>/dev/null"#;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    EchoStream,
    ColdStart,
    Broadcast,
    Kafka,
    Grade,
    Check,
}

/// Files that both sides read.
pub(super) struct Inputs {
    echoes: PathBuf,
    history: PathBuf,
    submissions: PathBuf,
    nothing: PathBuf,
}

impl Inputs {
    /// Writes them; the older side records the history.
    pub(super) fn write(base: &Side) -> Result<Self> {
        let folder = Path::new("target/regress-inputs");
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let folder = std::path::absolute(folder)?;
        let inputs = Inputs {
            echoes: folder.join("echoes.jsonl"),
            history: folder.join("history.edn"),
            submissions: folder.join("submissions"),
            nothing: folder.join("nothing"),
        };
        fs::write(&inputs.echoes, echoes()).context("cannot write the messages")?;
        fs::write(&inputs.nothing, "")?;
        let mut record = command(base.host(), &["sim", "--challenge", "txn-list-append"]);
        record.args(["--rate", "1000", "--seed", "1", "--history"]);
        record
            .arg(&inputs.history)
            .arg("--cache-dir")
            .arg(&base.cache);
        record.arg("--module").arg(base.module("txn-list-append"));
        output(&mut record)?;
        Ok(inputs)
    }
}

/// A node's `init` and then requests, a line each.
fn echoes() -> String {
    let mut text = String::from(concat!(
        r#"{"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"#,
        r#""node_id":"n1","node_ids":["n1"]}}"#,
        "\n"
    ));
    for id in 2..MESSAGES + 2 {
        // Writing to a text cannot fail.
        let _ = writeln!(
            text,
            r#"{{"src":"c1","dest":"n1","body":{{"echo":"Please echo {}","type":"echo","msg_id":{id}}}}}"#,
            id % 128
        );
    }
    text
}

impl Measure {
    pub(super) const ALL: [Measure; 6] = [
        Measure::EchoStream,
        Measure::ColdStart,
        Measure::Broadcast,
        Measure::Kafka,
        Measure::Grade,
        Measure::Check,
    ];

    pub(super) fn what(self) -> &'static str {
        match self {
            Measure::EchoStream => "echo stream, 200,000 messages",
            Measure::ColdStart => "start of a node, nothing compiled",
            Measure::Broadcast => "host sim --challenge 3d, 10 seeds",
            Measure::Kafka => "host sim --challenge 5b, 4 seeds",
            Measure::Grade => "host grade --challenge 3c, 4, g-set",
            Measure::Check => "host check, 20,000 transactions",
        }
    }

    /// The command, without what times it.
    fn words(self, side: &Side, inputs: &Inputs) -> Vec<PathBuf> {
        let words = |words: &[&str]| words.iter().map(PathBuf::from).collect::<Vec<_>>();
        let sim = |challenge: &str, seeds: &str, solution: &str| {
            let mut sim = words(&[
                "sim",
                "--challenge",
                challenge,
                "--seeds",
                seeds,
                "--module",
            ]);
            sim.push(side.module(solution));
            sim
        };
        let mut all = vec![side.host()];
        all.extend(match self {
            Measure::EchoStream => vec!["--module".into(), side.module("echo")],
            Measure::ColdStart => vec!["--module".into(), side.module("broadcast")],
            Measure::Broadcast => sim("3d", "1..11", "broadcast"),
            Measure::Kafka => sim("5b", "1..5", "kafka"),
            Measure::Grade => {
                let grade = ["grade", "--challenge", "3c,4,g-set", "--seeds", "1..6"];
                let mut grade = words(&grade);
                grade.push(inputs.submissions.clone());
                grade
            }
            Measure::Check => {
                let mut check = words(&["check", "-w", "txn-list-append"]);
                check.push(inputs.history.clone());
                check
            }
        });
        if self != Measure::Check {
            all.extend(["--cache-dir".into(), side.cache.clone()]);
        }
        all
    }

    /// Does it once, and returns the processor time that it took, in seconds.
    pub(super) fn seconds(self, side: &Side, inputs: &Inputs) -> Result<f64> {
        match self {
            Measure::ColdStart => remove(&side.cache)?,
            Measure::Grade => submit(side, &inputs.submissions)?,
            _ => {}
        }
        let input = match self {
            Measure::EchoStream => &inputs.echoes,
            _ => &inputs.nothing,
        };
        let mut timed = command("bash", &["-c", TIMED, "bash"]);
        timed
            .args(self.words(side, inputs))
            .stdin(File::open(input)?);
        // One thread, so that nothing depends on which core is free.
        timed.env("RAYON_NUM_THREADS", "1");
        processor_seconds(&mut timed).with_context(|| format!("{} of {}", self.what(), side.commit))
    }
}

/// What [`TIMED`] measured.
fn processor_seconds(timed: &mut Command) -> Result<f64> {
    let ended = timed.stdout(Stdio::null()).stderr(Stdio::piped()).output();
    let ended = ended.context("cannot run bash")?;
    ensure!(ended.status.success(), "failed: {}", ended.status);
    let text = String::from_utf8_lossy(&ended.stderr);
    let parts = text.split_whitespace().map(str::parse::<f64>);
    match parts.collect::<Result<Vec<_>, _>>().as_deref() {
        Ok([user, system]) => Ok(user + system),
        _ => bail!("bash does not tell the time, but {text:?}"),
    }
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Hands in a side's solutions of what is graded.
fn submit(side: &Side, folder: &Path) -> Result<()> {
    remove(folder)?;
    fs::create_dir_all(folder)?;
    for solution in ["broadcast", "g-counter", "g-set"] {
        let module = side.module(solution);
        let copied = fs::copy(&module, folder.join(format!("{solution}.wasm")));
        copied.with_context(|| format!("cannot copy {}", module.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timed(script: &str) -> Result<f64> {
        processor_seconds(&mut command(
            "bash",
            &["-c", TIMED, "bash", "bash", "-c", script],
        ))
    }

    #[test]
    fn processor_time_is_that_of_the_command() {
        // What it prints is not its time, and waiting takes none.
        let idle = timed("echo 7 7; echo 8 8 >&2; sleep 0.3").unwrap();
        assert!(idle < 0.25, "{idle}");
        let busy = timed("for ((i = 0; i < 200000; i++)); do :; done").unwrap();
        assert!(busy > idle, "{busy} {idle}");
        let error = timed("exit 3").unwrap_err();
        assert_eq!(error.to_string(), "failed: exit status: 3");
    }

    #[test]
    fn every_message_is_a_line() {
        let text = echoes();
        assert_eq!(text.lines().count(), MESSAGES + 1);
        let expected = r#"{"src":"c1","dest":"n1","body":{"echo":"Please echo 3","type":"echo","msg_id":131}}"#;
        assert_eq!(text.lines().nth(130), Some(expected));
    }
}
