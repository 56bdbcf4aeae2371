//! Colours of help, errors and the log: where a terminal is, and nowhere else.

use test_support::{Dir, Run};

/// Whether an output has escape sequences.
fn is_coloured(text: &str) -> bool {
    text.contains('\u{1b}')
}

#[test]
fn a_pipe_gets_no_colours_and_a_terminal_does() {
    let dir = Dir::new();
    let help = |run: Run| run.arg("--help").end().stdout;
    let terminal = || dir.host().on_terminal(&dir.path("typescript"));
    assert!(!is_coloured(&help(dir.host())));
    assert!(is_coloured(&help(terminal())));
    assert!(!is_coloured(&help(terminal().env("NO_COLOR", "1"))));
    assert!(!is_coloured(&help(terminal().env("TERM", "dumb"))));
    // Who asks for colours in a pipe gets them.
    assert!(is_coloured(&help(dir.host().env("CLICOLOR_FORCE", "1"))));
    // The text is the same.
    let plain = help(dir.host());
    let coloured = help(dir.host().env("CLICOLOR_FORCE", "1"));
    assert_eq!(without_escapes(&coloured), plain);
}

#[test]
fn errors_and_the_log_follow() {
    let dir = Dir::new();
    dir.write("cache", "a file is in the way");
    let module = dir.guest("golden_v1");
    let warned = |run: Run| {
        let run = run.arg("--module").arg(&module);
        run.args(["--cache-dir", "cache"]).end().stderr
    };
    let wrong = |run: Run| run.arg("--modul").end().stderr;
    let forced = || dir.host().env("CLICOLOR_FORCE", "1");
    assert!(!is_coloured(&warned(dir.host())) && !is_coloured(&wrong(dir.host())));
    assert!(is_coloured(&warned(forced())) && is_coloured(&wrong(forced())));
    let none = || forced().env("NO_COLOR", "1");
    assert!(!is_coloured(&warned(none())) && !is_coloured(&wrong(none())));
    assert_eq!(without_escapes(&warned(forced())), warned(dir.host()));
}

/// Without what stands from an escape character to the next `m`.
fn without_escapes(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |shown, part| {
        let (_, rest) = part.split_once('m').unwrap();
        shown + rest
    })
}
