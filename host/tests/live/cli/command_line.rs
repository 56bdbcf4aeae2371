//! Flags, help and `host inspect`.

use std::process::Stdio;

use expect_test::{Expect, expect};

use crate::cli::harness::{Dir, GO, INIT, closed_pipe};

/// Runs `host` with these arguments and an empty input.
#[track_caller]
fn host<'a>(args: impl IntoIterator<Item = &'a str>, expected: Expect) {
    Dir::new().host().args(args).input("").is(expected);
}

/// Runs `host` with arguments that make no sense. The usage, which all of these show, is
/// in [`no_arguments`].
#[track_caller]
fn refuses<'a>(args: impl IntoIterator<Item = &'a str>, expected: Expect) {
    let shown = Dir::new().host().args(args).input("").to_string();
    let usage = shown.find("Usage: host --module").map(|begin| {
        let end = shown[begin..].find("\n\n").unwrap();
        begin..begin + end
    });
    match usage {
        Some(usage) => expected.assert_eq(&shown.replace(&shown[usage], "[USAGE]")),
        None => expected.assert_eq(&shown),
    }
}

/// Shows this help. Blanks at the ends of lines are clap's and nobody's business.
#[track_caller]
fn help<'a>(args: impl IntoIterator<Item = &'a str>, expected: Expect) {
    let ended = Dir::new().host().args(args).input("");
    let shown: String = (ended.to_string().lines())
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect();
    expected.assert_eq(&shown);
}

#[test]
fn help_is_not_an_error() {
    help(
        ["--help"],
        expect![[r#"
            exit code 0
            ---- stdout
            Runs distributed-systems nodes as WebAssembly guests.

            With --module it is a Maelstrom node: JSON messages come in on stdin and go out on stdout, one a line; the guest's log goes to stderr.

            Usage: host --module FILE [OPTIONS] [-- GUEST_ARGS…]
                   host inspect [OPTIONS] FILE
                   host check --workload NAME [OPTIONS] HISTORY
                   host sim --workload NAME --module FILE [OPTIONS] [-- GUEST_ARGS…]
                   host grade [OPTIONS] PATH…
                   host merge [OPTIONS] GRADE…
                   host suite [COMMAND]

            Commands:
              inspect  Show what a module is, and whether it would load
              check    Judge a recorded history: Jepsen's EDN, or the same as JSON
              sim      Run nodes in a simulated cluster, in virtual time, and judge what clients see
              grade    Judge submissions in the sandbox, on several seeds for each challenge of a suite
              merge    Join what `host grade --format json --shard` wrote, each share a file, to one grade
              suite    Print, list or run the challenges of a suite
              help     Print this message or the help of the given subcommand(s)

            Options:
              -m, --module <FILE>
                      The WebAssembly module to run as a node

                  --watch
                      Take each new version of the module when its file changes, and on SIGHUP, with the state of the old one. A guest that crashes is replaced by the next version

                  --require-state
                      With --watch: refuse a new version that cannot take over the state

                  --seed <N>
                      Seed of the guest's random numbers [default: a different one each time]

                  --max-line-bytes <BYTES>
                      Longer input lines are skipped, in bytes

                      [default: 4194304]

              -h, --help
                      Print help (see a summary with '-h')

              -V, --version
                      Print version

            Limits of the guest:
                  --max-memory-mib <MIB>
                      Linear memory, in MiB

                      [default: 128]

                  --max-fuel <UNITS>
                      Fuel for one step: about one unit for each instruction

                      [default: 1000000000]

                  --max-step-ms <MS>
                      Wall time for one step, in milliseconds, checked every 100 ms

                      [default: 10000]

                  --max-output-bytes <BYTES>
                      Bytes that one step may return

                      [default: 8388608]

                  --max-effects <N>
                      Effects (messages, timers, log lines) of one step; each counts

                      [default: 10000]

                  --max-timers <N>
                      Timers outstanding at any time

                      [default: 10000]

                  --max-log-bytes <BYTES>
                      Bytes that one step may print to stdout and stderr

                      [default: 262144]

            Compiled code:
                  --cache-dir <DIR>
                      Keep compiled modules in this directory (mode 0700) [default: the user's cache directory]

                  --no-cache
                      Compile the module anew and keep nothing

            Arguments:
              [GUEST_ARGS]...
                      Arguments for the guest, after `--`

            Exit codes:
              0    all is well; the history is valid
              1    the history is invalid, or the guest failed: it trapped, exceeded a limit or
                   broke the protocol
              2    unknown: the history has too little to judge
              3    the module cannot be loaded
              254  the command line makes no sense, or names a file that cannot be read or is
                   no history of that workload
              255  something else broke
        "#]],
    );
}

#[test]
fn help_of_inspect() {
    help(
        ["inspect", "--help"],
        expect![[r#"
            exit code 0
            ---- stdout
            Show what a module is, and whether it would load

            Usage: host inspect [OPTIONS] <FILE>

            Arguments:
              <FILE>
                      The WebAssembly module

            Options:
                  --format <FORMAT>
                      How to show it

                      Possible values:
                      - text: For people
                      - json: For programs

                      [default: text]

              -h, --help
                      Print help (see a summary with '-h')

            Limits of the guest:
                  --max-memory-mib <MIB>
                      Linear memory, in MiB

                      [default: 128]

                  --max-fuel <UNITS>
                      Fuel for one step: about one unit for each instruction

                      [default: 1000000000]

                  --max-step-ms <MS>
                      Wall time for one step, in milliseconds, checked every 100 ms

                      [default: 10000]

                  --max-output-bytes <BYTES>
                      Bytes that one step may return

                      [default: 8388608]

                  --max-effects <N>
                      Effects (messages, timers, log lines) of one step; each counts

                      [default: 10000]

                  --max-timers <N>
                      Timers outstanding at any time

                      [default: 10000]

                  --max-log-bytes <BYTES>
                      Bytes that one step may print to stdout and stderr

                      [default: 262144]
        "#]],
    );
}

#[test]
fn the_version() {
    host(
        ["--version"],
        expect![[r#"
        exit code 0
        ---- stdout
        host 0.1.0
    "#]],
    );
}

#[test]
fn help_is_shown_in_part_to_a_reader_that_leaves() {
    let dir = Dir::new();
    let host = dir.host().arg("--help");
    let host = host.start_with(Stdio::null(), closed_pipe(), Stdio::piped());
    host.end().is(expect![[r#"
        exit code 0
    "#]]);
}

#[test]
fn no_arguments() {
    host(
        [],
        expect![[r#"
            exit code 254
            ---- stderr
            error: the following required arguments were not provided:
              --module <FILE>

            Usage: host --module FILE [OPTIONS] [-- GUEST_ARGS…]
                   host inspect [OPTIONS] FILE
                   host check --workload NAME [OPTIONS] HISTORY
                   host sim --workload NAME --module FILE [OPTIONS] [-- GUEST_ARGS…]
                   host grade [OPTIONS] PATH…
                   host merge [OPTIONS] GRADE…
                   host suite [COMMAND]

            For more information, try '--help'.
        "#]],
    );
}

#[test]
fn a_flag_misspelt() {
    refuses(
        ["--modul", "x.wasm"],
        expect![[r#"
            exit code 254
            ---- stderr
            error: unexpected argument '--modul' found

              tip: a similar argument exists: '--module'
              tip: to pass '--modul' as a value, use '-- --modul'

            [USAGE]

            For more information, try '--help'.
        "#]],
    );
}

#[test]
fn a_flag_with_a_dash_from_a_word_processor() {
    refuses(
        ["–module", "x.wasm"],
        expect![[r#"
            exit code 254
            ---- stderr
            error: unexpected argument '–module' found

            [USAGE]

            For more information, try '--help'.
        "#]],
    );
}

#[test]
fn a_flag_without_its_value() {
    refuses(
        ["--module"],
        expect![[r#"
        exit code 254
        ---- stderr
        error: a value is required for '--module <FILE>' but none was supplied

        For more information, try '--help'.
    "#]],
    );
}

#[test]
fn a_module_without_its_flag() {
    refuses(
        ["x.wasm"],
        expect![[r#"
            exit code 254
            ---- stderr
            error: unexpected argument 'x.wasm' found

            [USAGE]

            For more information, try '--help'.
        "#]],
    );
}

#[test]
fn no_fuel_at_all() {
    refuses(
        ["--module", "x.wasm", "--max-fuel", "0"],
        expect![[r#"
        exit code 254
        ---- stderr
        error: invalid value '0' for '--max-fuel <UNITS>': 0 is not in 1..18446744073709551615

        For more information, try '--help'.
    "#]],
    );
}

#[test]
fn more_memory_than_there_can_be() {
    refuses(
        ["--module", "x.wasm", "--max-memory-mib", "4097"],
        expect![[r#"
            exit code 254
            ---- stderr
            error: invalid value '4097' for '--max-memory-mib <MIB>': 4097 is not in 1..=4096

            For more information, try '--help'.
        "#]],
    );
}

#[test]
fn a_number_that_is_none() {
    refuses(
        ["--module", "x.wasm", "--seed", "lucky"],
        expect![[r#"
        exit code 254
        ---- stderr
        error: invalid value 'lucky' for '--seed <N>': invalid digit found in string

        For more information, try '--help'.
    "#]],
    );
}

#[test]
fn a_cache_and_no_cache() {
    refuses(
        ["--module", "x.wasm", "--cache-dir", "cache", "--no-cache"],
        expect![[r#"
            exit code 254
            ---- stderr
            error: the argument '--cache-dir <DIR>' cannot be used with '--no-cache'

            [USAGE]

            For more information, try '--help'.
        "#]],
    );
}

#[test]
fn two_modules() {
    refuses(
        ["--module", "x.wasm", "--module", "y.wasm"],
        expect![[r#"
            exit code 254
            ---- stderr
            error: the argument '--module <FILE>' cannot be used multiple times

            [USAGE]

            For more information, try '--help'.
        "#]],
    );
}

#[test]
fn inspect_without_a_file() {
    host(
        ["inspect"],
        expect![[r#"
        exit code 254
        ---- stderr
        error: the following required arguments were not provided:
          <FILE>

        Usage: host inspect <FILE>

        For more information, try '--help'.
    "#]],
    );
}

#[test]
fn inspect_in_a_format_that_does_not_exist() {
    host(
        ["inspect", "--format", "yaml", "x.wasm"],
        expect![[r#"
        exit code 254
        ---- stderr
        error: invalid value 'yaml' for '--format <FORMAT>'
          [possible values: text, json]

        For more information, try '--help'.
    "#]],
    );
}

#[test]
fn inspect_of_a_file_that_does_not_exist() {
    host(
        ["inspect", "nothing.wasm"],
        expect![[r#"
        exit code 254
        ---- stderr
        error: cannot read the module nothing.wasm: No such file or directory (os error 2)
    "#]],
    );
}

// ---- The host's own log --------------------------------------------------------------

/// Runs a guest with this RUST_LOG and a bad line in its input.
#[track_caller]
fn logs(rust_log: &str, expected: Expect) {
    let dir = Dir::new();
    let node = dir.node(dir.guest("fuel_hungry")).env("RUST_LOG", rust_log);
    node.input(format!("{INIT}nonsense\n{GO}")).is(expected);
}

#[test]
fn warnings_are_shown_unless_they_are_unwanted() {
    logs(
        "warn",
        expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"value","value":"0000000002fb0408"}}
        ---- stderr
         WARN input line 2 ignored: a message is a JSON object: nonsense
    "#]],
    );
    logs(
        "error",
        expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"value","value":"0000000002fb0408"}}
    "#]],
    );
    logs(
        "host=off",
        expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"value","value":"0000000002fb0408"}}
    "#]],
    );
}

#[test]
fn an_empty_rust_log_is_as_good_as_none() {
    logs(
        "",
        expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"value","value":"0000000002fb0408"}}
        ---- stderr
         WARN input line 2 ignored: a message is a JSON object: nonsense
    "#]],
    );
}

#[test]
fn a_rust_log_that_makes_no_sense_is_an_error() {
    logs(
        "host=loud",
        expect![[r#"
        exit code 254
        ---- stderr
        error: RUST_LOG is "host=loud": error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5; use a level (error, warn, info, debug, trace) or target=level, separated by commas
    "#]],
    );
}

#[test]
fn a_level_misspelt_is_an_error_rather_than_silence() {
    logs(
        "debgu",
        expect![[r#"
        exit code 254
        ---- stderr
        error: RUST_LOG is "debgu": "debgu" is not a level; use a level (error, warn, info, debug, trace) or target=level, separated by commas
    "#]],
    );
}

// ---- host inspect --------------------------------------------------------------------

const BAD: &str = r#"(module
  (import "env" "foo" (func (param i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func (param i32) (result i32)))
  (table 3 funcref)
  (memory (export "memory") 2)
  (data (i32.const 0) "four")
  (start $begin)
  (func $begin (local i32 i32))
  (func (export "maelstrom_abi_v1"))
  (func (export "alloc") (param i64) (result i32) (i32.const 0)))"#;

#[test]
fn inspect_shows_what_the_golden_guest_is() {
    let dir = Dir::new();
    let inspect = dir.host().arg("inspect").arg(dir.guest("golden_v1"));
    inspect.input("").is(expect![[r#"
        exit code 0
        ---- stdout
        [DIR]/golden_v1.wasm: a guest of ABI version 1
          sha256 c78a011c6f96e3902bea3dab2d5f9040c298188cd9ba86a7010d311c00193f44

        Size, and what may be:
                1862 of   16777216 file bytes
                  22 of      50000 functions
                  81 of     524288 bytes of the largest function
                   3 of       5000 locals of one function
               65536 of  134217728 memory bytes
                   0 of     100000 table elements
          690 bytes of code, 356 of data, no start function

        Imports (0):

        Exports (6):
          memory memory
          maelstrom_abi_v1 () -> ()
          alloc (i32) -> i32
          handle (i32, i32) -> i64
          snapshot () -> i64
          restore (i32, i32) -> i32

        It would load.
    "#]]);
}

#[test]
fn inspect_shows_what_the_golden_guest_is_to_programs() {
    let dir = Dir::new();
    let inspect = dir.host().args(["inspect", "--format", "json"]);
    inspect
        .arg(dir.guest("golden_v1"))
        .input("")
        .is(expect![[r#"
            exit code 0
            ---- stdout
            {
              "loads": true,
              "problems": [],
              "bytes": 1862,
              "sha256": "c78a011c6f96e3902bea3dab2d5f9040c298188cd9ba86a7010d311c00193f44",
              "kind": "abi",
              "built_by_go": false,
              "abi_version": 1,
              "imports": [],
              "exports": [
                {
                  "name": "memory",
                  "signature": "memory"
                },
                {
                  "name": "maelstrom_abi_v1",
                  "signature": "() -> ()"
                },
                {
                  "name": "alloc",
                  "signature": "(i32) -> i32"
                },
                {
                  "name": "handle",
                  "signature": "(i32, i32) -> i64"
                },
                {
                  "name": "snapshot",
                  "signature": "() -> i64"
                },
                {
                  "name": "restore",
                  "signature": "(i32, i32) -> i32"
                }
              ],
              "functions": 22,
              "code_bytes": 690,
              "largest_body_bytes": 81,
              "locals_max": 3,
              "data_bytes": 356,
              "memory_bytes": 65536,
              "table_elements": 0,
              "start_function": false,
              "limits": [
                {
                  "name": "file bytes",
                  "used": 1862,
                  "limit": 16777216
                },
                {
                  "name": "functions",
                  "used": 22,
                  "limit": 50000
                },
                {
                  "name": "bytes of the largest function",
                  "used": 81,
                  "limit": 524288
                },
                {
                  "name": "locals of one function",
                  "used": 3,
                  "limit": 5000
                },
                {
                  "name": "memory bytes",
                  "used": 65536,
                  "limit": 134217728
                },
                {
                  "name": "table elements",
                  "used": 0,
                  "limit": 100000
                }
              ]
            }
        "#]]);
}

#[test]
fn inspect_shows_what_is_wrong_with_a_bad_module() {
    let dir = Dir::new();
    let inspect = dir.host().arg("inspect").arg(dir.module("bad.wasm", BAD));
    inspect.input("").is(expect![[r#"
        exit code 3
        ---- stdout
        [DIR]/bad.wasm: a guest of ABI version 1
          sha256 fa0ff6bed9d7b5c8ef4e1f94e041c0f03a1611c76d7c10e0ff8d7a0e5bb3f840

        Size, and what may be:
                 179 of   16777216 file bytes
                   3 of      50000 functions
                   4 of     524288 bytes of the largest function
                   2 of       5000 locals of one function
              131072 of  134217728 memory bytes
                   3 of     100000 table elements
          10 bytes of code, 4 of data, a start function

        Imports (2):
          env::foo (i32) -> ()  NOT PROVIDED
          wasi_snapshot_preview1::fd_close (i32) -> i32

        Exports (3):
          memory memory
          maelstrom_abi_v1 () -> ()
          alloc (i64) -> i32

        It would not load:
          - it imports env::foo (i32) -> (), which this host does not have: a guest may import from wasi_snapshot_preview1 only
          - it exports alloc as (i64) -> i32; a guest's is (i32) -> i32
          - it does not export handle (i32, i32) -> i64
    "#]]);
}

#[test]
fn inspect_shows_what_is_wrong_with_a_bad_module_to_programs() {
    let dir = Dir::new();
    let inspect = dir.host().args(["inspect", "--format", "json"]);
    inspect
        .arg(dir.module("bad.wasm", BAD))
        .input("")
        .is(expect![[r#"
            exit code 3
            ---- stdout
            {
              "loads": false,
              "problems": [
                "it imports env::foo (i32) -> (), which this host does not have: a guest may import from wasi_snapshot_preview1 only",
                "it exports alloc as (i64) -> i32; a guest's is (i32) -> i32",
                "it does not export handle (i32, i32) -> i64"
              ],
              "bytes": 179,
              "sha256": "fa0ff6bed9d7b5c8ef4e1f94e041c0f03a1611c76d7c10e0ff8d7a0e5bb3f840",
              "kind": "abi",
              "built_by_go": false,
              "abi_version": 1,
              "imports": [
                {
                  "module": "env",
                  "name": "foo",
                  "signature": "(i32) -> ()",
                  "provided": false
                },
                {
                  "module": "wasi_snapshot_preview1",
                  "name": "fd_close",
                  "signature": "(i32) -> i32",
                  "provided": true
                }
              ],
              "exports": [
                {
                  "name": "memory",
                  "signature": "memory"
                },
                {
                  "name": "maelstrom_abi_v1",
                  "signature": "() -> ()"
                },
                {
                  "name": "alloc",
                  "signature": "(i64) -> i32"
                }
              ],
              "functions": 3,
              "code_bytes": 10,
              "largest_body_bytes": 4,
              "locals_max": 2,
              "data_bytes": 4,
              "memory_bytes": 131072,
              "table_elements": 3,
              "start_function": true,
              "limits": [
                {
                  "name": "file bytes",
                  "used": 179,
                  "limit": 16777216
                },
                {
                  "name": "functions",
                  "used": 3,
                  "limit": 50000
                },
                {
                  "name": "bytes of the largest function",
                  "used": 4,
                  "limit": 524288
                },
                {
                  "name": "locals of one function",
                  "used": 2,
                  "limit": 5000
                },
                {
                  "name": "memory bytes",
                  "used": 131072,
                  "limit": 134217728
                },
                {
                  "name": "table elements",
                  "used": 3,
                  "limit": 100000
                }
              ]
            }
        "#]]);
}

#[test]
fn inspect_of_something_else() {
    let dir = Dir::new();
    let inspect = dir.host().arg("inspect").arg(dir.write("x.wasm", "hello"));
    inspect.input("").is(expect![[r#"
        exit code 3
        ---- stdout
        [DIR]/x.wasm: not a guest
          sha256 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824

        Size, and what may be:
                   5 of   16777216 file bytes
                   0 of      50000 functions
                   0 of     524288 bytes of the largest function
                   0 of       5000 locals of one function
                   0 of  134217728 memory bytes
                   0 of     100000 table elements
          0 bytes of code, 0 of data, no start function

        Imports (0):

        Exports (0):

        It would not load:
          - this is not WebAssembly: it does not begin with the bytes "\0asm"
    "#]]);
}

#[test]
fn inspect_holds_a_module_against_the_limits_of_the_command_line() {
    let dir = Dir::new();
    let inspect = dir.host().args(["inspect", "--max-memory-mib", "1"]);
    let text = "(module (memory (export \"memory\") 17) (func (export \"maelstrom_abi_v1\")))";
    inspect
        .arg(dir.module("large.wasm", text))
        .input("")
        .is(expect![[r#"
            exit code 3
            ---- stdout
            [DIR]/large.wasm: a guest of ABI version 1
              sha256 48dd9521f1b4f3ba431ca9f7b10bcc3c758edc6380b76480f223b81a16cf8b2c

            Size, and what may be:
                      60 of   16777216 file bytes
                       1 of      50000 functions
                       2 of     524288 bytes of the largest function
                       0 of       5000 locals of one function
                 1114112 of    1048576 memory bytes
                       0 of     100000 table elements
              2 bytes of code, 0 of data, no start function

            Imports (0):

            Exports (2):
              memory memory
              maelstrom_abi_v1 () -> ()

            It would not load:
              - its initial memory has 1114112 bytes; the limit is 1048576
              - it does not export alloc (i32) -> i32
              - it does not export handle (i32, i32) -> i64
        "#]]);
}

#[test]
fn names_in_a_module_cannot_fake_what_inspect_says() {
    let dir = Dir::new();
    let inspect = dir.host().arg("inspect");
    let text = "(module (func (export \"a\\1b[2J\\0a\\0aIt would load.\")))";
    inspect
        .arg(dir.module("spoof.wasm", text))
        .input("")
        .is(expect![[r#"
            exit code 3
            ---- stdout
            [DIR]/spoof.wasm: not a guest
              sha256 7b69a27ba415445e32837027b4214c753c55122c424e6f4ed23e6ee842ecb59d

            Size, and what may be:
                      51 of   16777216 file bytes
                       1 of      50000 functions
                       2 of     524288 bytes of the largest function
                       0 of       5000 locals of one function
                       0 of  134217728 memory bytes
                       0 of     100000 table elements
              2 bytes of code, 0 of data, no start function

            Imports (0):

            Exports (1):
              a\u{1b}[2J\n\nIt would load. () -> ()

            It would not load:
              - it is not a guest: it exports neither maelstrom_abi_v1 (docs/abi.md) nor _start (docs/programs.md)
        "#]]);
}

#[test]
fn inspect_shown_to_a_reader_that_leaves_is_no_failure() {
    let dir = Dir::new();
    for format in ["text", "json"] {
        let inspect = dir.host().args(["inspect", "--format", format]);
        let inspect = inspect.arg(dir.guest("golden_v1"));
        let host = inspect.start_with(Stdio::null(), closed_pipe(), Stdio::piped());
        assert_eq!(host.end().to_string(), "exit code 0\n", "{format}");
    }
}
