//! Finds the line of stderr in which a language's runtime says why it ended the process.

use host_protocol::text::excerpt;

/// How much of the line is kept, in characters.
const REASON_CHARS_MAX: usize = 200;

/// How the runtime of Go begins the line: for a panic that nobody recovers, and for what nobody can,
/// such as a deadlock. Stacks of all goroutines follow.
const GO: [&str; 2] = ["panic: ", "fatal error: "];

/// What the runtime of Rust has between the name of the thread and the place. The message follows in the
/// next line.
const RUST: &str = " panicked at ";

/// The line of stderr in which the runtime of Go or Rust begins to tell of its end.
#[must_use]
pub fn of_runtime(stderr: &str) -> Option<String> {
    let mut lines = stderr.lines();
    let line = lines.find(|line| is_gos(line) || is_rusts(line))?;
    Some(match line.split_once(RUST) {
        Some((_, place)) if is_rusts(line) => {
            let message = lines.next().unwrap_or_default();
            shown(&format!("panicked at {place} {message}"))
        }
        _ => shown(line),
    })
}

/// The same, or else the last line that is not indented: there Python has the exception, JavaScript what
/// was thrown before its stack, and any other program its own last words.
pub(crate) fn of_exit(stderr: &str) -> Option<String> {
    of_runtime(stderr).or_else(|| {
        let mut lines = stderr.lines().rev();
        let is_message = |line: &&str| !line.is_empty() && !line.starts_with([' ', '\t']);
        lines.find(is_message).map(shown)
    })
}

fn is_gos(line: &str) -> bool {
    GO.iter().any(|begin| line.starts_with(begin))
}

/// `thread 'main' (1) panicked at src/main.rs:3:5:`
fn is_rusts(line: &str) -> bool {
    line.starts_with("thread '") && line.ends_with(':') && line.contains(RUST)
}

fn shown(line: &str) -> String {
    excerpt(line.trim_end(), REASON_CHARS_MAX).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each runtime wrote, and the line that says why.
    #[test]
    fn the_line_that_says_why_is_found() {
        // Go 1.26.6, `var seen map[int]bool; seen[1] = true`
        let go = "2026/01/01 05:00:00 started\npanic: assignment to entry in nil map\n\n\
                  goroutine 1 [running]:\nmain.main()\n\t/src/main.go:9 +0x2\n";
        // Rust 1.90, `panic!("no value")`
        let rust = "thread 'main' (1) panicked at src/main.rs:3:5:\nno value\n\
                    note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n";
        // CPython 3.13, `{}[1]`
        let python = "Traceback (most recent call last):\n  File \"node.py\", line 3, in <module>\n    \
                      {}[1]\n    ~~^^^\nKeyError: 1\n";
        // QuickJS-NG, `null.x`
        let js = "TypeError: cannot read property 'x' of null\n    at <eval> (<cmdline>:1:6)\n\n";
        let c = "started\nAssertion failed: queue != NULL (node.c: main: 12)\n";
        for (stderr, reason) in [
            (go, "panic: assignment to entry in nil map"),
            (rust, "panicked at src/main.rs:3:5: no value"),
            (python, "KeyError: 1"),
            (js, "TypeError: cannot read property 'x' of null"),
            (c, "Assertion failed: queue != NULL (node.c: main: 12)"),
        ] {
            assert_eq!(of_exit(stderr).as_deref(), Some(reason));
        }
        assert_eq!(of_exit(" \n\n"), None);
        assert_eq!([python, js, c].map(of_runtime), [None, None, None]);
        let long = format!("panic: {}", "x".repeat(300));
        let begin = &long[..200];
        assert_eq!(of_exit(&long), Some(format!("{begin}… (107 more bytes)")));
    }
}
