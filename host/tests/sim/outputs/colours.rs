//! Valid and invalid differ at a glance on a terminal; a file and a pipe have no colours.

use expect_test::{Expect, expect};
use test_support::class::Class;
use test_support::{Dir, Run, built, compiled};

/// The output with escape sequences shown as `<31>`, and the lines without any left out.
fn coloured_lines(text: &str) -> String {
    let lines = text.lines().filter(|line| line.contains('\u{1b}'));
    let lines = lines.map(|line| {
        let mut parts = line.trim_end().split("\u{1b}[");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |shown, part| {
            let (code, rest) = part.split_once('m').unwrap();
            format!("{shown}<{code}>{rest}")
        }) + "\n"
    });
    lines.collect()
}

#[track_caller]
fn check(run: impl Fn() -> Run, expected: &Expect) {
    let plain = run().end();
    assert!(!plain.stdout.contains('\u{1b}'), "{plain}");
    let never = run().env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1").end();
    assert_eq!(never.stdout, plain.stdout);
    let forced = run().env("CLICOLOR_FORCE", "1").end();
    expected.assert_eq(&coloured_lines(&forced.stdout));
    assert_eq!(forced.code(), plain.code());
}

fn sim(dir: &Dir, module: &str, args: &str) -> Run {
    let sim = dir.host().arg("sim").arg("--cache-dir").arg(compiled());
    let sim = sim.arg("--module").arg(built(module));
    let sim = sim.args(["--time-limit", "2", "--node-count", "3"]);
    sim.args(args.split(' '))
}

#[test]
fn verdicts_of_runs() {
    let dir = Dir::new();
    check(
        || sim(&dir, "echo", "-w echo --seed 1"),
        &expect![[r#"
        <1><32>echo: valid<0>
        <1><32>Everything looks good! ヽ(‘ー`)ノ<0>
    "#]],
    );
    check(
        || sim(&dir, "echo", "-w unique-ids --seed 1"),
        &expect![[r#"
            <1><31>unique-ids: INVALID<0>
            <1><31>Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻<0>
        "#]],
    );
    check(
        || sim(&dir, "echo", "-w echo --rate 0 --seed 1"),
        &expect![[r#"
            <1><33>echo: unknown<0>
            <1><33>Errors occurred during analysis, but no anomalies found. ಠ~ಠ<0>
        "#]],
    );
    check(
        || sim(&dir, "echo", "-w echo --seeds 1..4"),
        &expect![[r#"
        <1><32>echo: valid with all 3 seeds, 1 to 3<0>
        <1><32>Everything looks good! ヽ(‘ー`)ノ<0>
    "#]],
    );
    check(
        || sim(&dir, "echo", "-w unique-ids --seeds 1..4 --keep-going"),
        &expect![[r#"
            <1><31>unique-ids: INVALID with 3 of 3 seeds, 1 to 3<0>
            <1>The first that is not valid:<0>
            <1><31>unique-ids: INVALID<0>
            <1><31>Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻<0>
        "#]],
    );
}

#[test]
fn verdicts_on_histories() {
    let dir = Dir::new();
    dir.write(
        "good.edn",
        "{:process 0, :type :invoke, :f :read, :value nil, :time 1}\n\
         {:process 0, :type :ok, :f :read, :value nil, :time 2}\n",
    );
    dir.write(
        "bad.edn",
        "{:process 0, :type :invoke, :f :read, :value nil, :time 1}\n\
         {:process 0, :type :ok, :f :read, :value 7, :time 2}\n",
    );
    let model = |file| {
        let dir = &dir;
        move || dir.host().args(["check", "--model", "register", file])
    };
    check(
        model("good.edn"),
        &expect![[r#"
        <1><32>register: linearizable<0>
        <1><32>Everything looks good! ヽ(‘ー`)ノ<0>
    "#]],
    );
    check(
        model("bad.edn"),
        &expect![[r#"
        <1><31>register: NOT LINEARIZABLE<0>
        <1><31>Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻<0>
    "#]],
    );
}

#[test]
fn verdicts_in_a_grade() {
    let class = Class::empty();
    class.built("alice/echo.wasm", "echo");
    class.built("bob/echo.wasm", "unique-ids");
    let grade = || class.grader().args(["--challenge", "echo", "class"]);
    check(
        grade,
        &expect![[r#"
        <1>submission<0>  <1>echo<0>  <1>score<0>
        alice       <1><32>AC<0>    <1><32>2/2<0>
        bob         <1><31>WA<0>    <1><31>0/2<0>
        <1>bob echo<0>
        <1><31>1 of 2 submissions passed<0> (suite small, host 0.1.0, wasmtime 48.0.8)
    "#]],
    );
}

#[test]
fn a_terminal_gets_colours_and_the_progress_of_many_runs() {
    let dir = Dir::new();
    let module = built("echo");
    let run = |run: Run| {
        let run = run
            .args(["sim", "-w", "echo", "--cache-dir"])
            .arg(compiled());
        run.arg(&module)
            .args(["--time-limit", "1", "--seeds", "0..8"])
            .end()
    };
    let shown = run(dir.host().on_terminal(&dir.path("typescript")));
    assert_eq!(shown.code(), Some(0), "{shown}");
    assert!(shown.stdout.contains("of 8 runs"), "{shown}");
    assert!(
        shown
            .stdout
            .contains("\u{1b}[1m\u{1b}[32mecho: valid with all 8 seeds, 0 to 7")
    );
    // No progress where nobody looks.
    let piped = run(dir.host());
    assert_eq!(piped.stderr, "");
    assert!(!piped.stdout.contains("runs"), "{piped}");
}
