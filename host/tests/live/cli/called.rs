//! The second name of the program, under which packages install it, too: `host` is a DNS tool.

use std::process::Command;

use expect_test::expect;

use test_support::{Dir, Run};

const SECOND: &str = "maelstrom-wasm";

/// The program, called by its second name, from wherever it is.
fn second(dir: &Dir) -> Run {
    dir.host().called(&format!("/usr/bin/{SECOND}"))
}

/// The commands of a help page.
fn commands(help: &str) -> Vec<&str> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    lines
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .collect()
}

#[test]
fn help_has_the_name_that_the_program_was_called_by() {
    let dir = Dir::new();
    let help = |words: &[&str]| {
        let both = |run: Run| run.args(words).arg("--help").end().stdout;
        let (first, second) = (both(dir.host()), both(second(&dir)));
        let is_word = |c: char| !c.is_alphanumeric();
        let named = second.split(is_word).any(|word| word == "host");
        assert!(!named, "{words:?}: {second}");
        let uses = |text: &str, name| text.matches(&format!("{name} ")).count();
        assert_eq!(uses(&first, "host"), uses(&second, SECOND), "{words:?}");
        second
    };
    let whole = help(&[]);
    assert!(
        whole.contains("Usage: maelstrom-wasm --module FILE [OPTIONS]"),
        "{whole}"
    );
    assert!(commands(&whole).len() >= 12, "{whole}");
    for command in commands(&whole) {
        for below in commands(&help(&[command])) {
            help(&[command, below]);
        }
    }
    let version = second(&dir).arg("-V").end();
    assert_eq!(version.stdout, "maelstrom-wasm 0.1.0\n");
}

#[test]
fn errors_of_the_command_line_have_that_name() {
    let dir = Dir::new();
    second(&dir).args(["grade"]).end().is(expect![[r#"
        exit code 254
        ---- stderr
        error: the following required arguments were not provided:
          <PATH>...

        Usage: maelstrom-wasm grade <PATH>... [-- <RUNTIME_ARGS>...]

        [TRY HELP]
    "#]]);
    // A name that packages do not have is no reason for another text.
    let other = dir.host().called("runner").arg("-V").end();
    assert_eq!(other.stdout, "host 0.1.0\n");
}

#[test]
fn completions_and_pages_have_that_name() {
    let dir = Dir::new();
    let script = second(&dir).args(["completions", "bash"]).end().stdout;
    let script = dir.write("completions", script);
    let shell = format!(
        "source {}; complete -p; COMP_WORDS=({SECOND} su); COMP_CWORD=1; \
         _maelstrom__wasm {SECOND} su {SECOND}; echo \"${{COMPREPLY[@]}}\"",
        script.display()
    );
    let output = Command::new("bash").args(["-c", &shell]).output().unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "complete -o bashdefault -o default -o nosort -F _maelstrom__wasm maelstrom-wasm\nsuite\n"
    );
    let man = second(&dir).args(["man", "pages"]).end();
    assert_eq!(
        man.stdout,
        "22 pages in pages: read the first with `man pages/maelstrom-wasm.1`\n"
    );
    assert!(
        dir.files_in("pages")
            .iter()
            .all(|page| page.starts_with(SECOND))
    );
    assert!(
        dir.read("pages/maelstrom-wasm-sim.1")
            .contains("\nmaelstrom\\-wasm\\-sim \\- ")
    );
}
