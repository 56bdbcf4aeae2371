//! Flags, help, and `host inspect`.

use std::process::Stdio;

use expect_test::{Expect, expect};

use test_support::{Dir, GO, INIT, closed_pipe};

/// Runs `host` with these arguments and an empty input.
#[track_caller]
fn host<'a>(args: impl IntoIterator<Item = &'a str>, expected: Expect) {
    Dir::new().host().args(args).end().is(expected);
}

/// Shows this help, to the letter but for the blanks that clap leaves at the ends of lines.
#[track_caller]
fn help<'a>(args: impl IntoIterator<Item = &'a str>, expected: Expect) {
    let ended = Dir::new().host().args(args).end();
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

            With --module it is a Maelstrom node: it reads JSON messages from stdin and writes them to stdout, one per line. The guest's log goes to stderr.

            Usage: host --module FILE [OPTIONS] [-- GUEST_ARGS…]
                   host inspect [OPTIONS] FILE
                   host check --workload NAME [OPTIONS] HISTORY
                   host sim --workload NAME --module FILE [OPTIONS] [-- GUEST_ARGS…]
                   host explore --workload NAME --module FILE [OPTIONS] [-- GUEST_ARGS…]
                   host play --workload NAME --module FILE [OPTIONS] [-- GUEST_ARGS…]
                   host serve [OPTIONS] DIR
                   host compare --workload NAME [OPTIONS] A [B] [-- GUEST_ARGS…]
                   host grade [OPTIONS] PATH…
                   host merge [OPTIONS] FILE…
                   host suite [COMMAND]
                   host new [OPTIONS] NAME
                   host diff [OPTIONS] A B
                   host disk FOLDER [FILE]
                   host cache COMMAND
                   host completions SHELL
                   host man DIR

            Commands:
              inspect      Show facts about a module, and whether it loads
              check        Judge a recorded history, in Jepsen's EDN, as JSON or as a log
              sim          Run nodes in a simulated cluster, in virtual time, and judge what clients see
              explore      Try all schedules of a small cluster: every order of messages, timers, operations and faults
              play         Act on a run by hand in the browser: deliver, lose, kill, cut, go back, and try another way
              serve        List the reports, grades and schedules in a folder and below it, in the browser
              compare      Compare two modules, or one with other arguments, on the same seeds: verdicts and figures
              grade        Judge submissions in the sandbox, on several seeds for each challenge of a suite
              merge        Merge what shares have written as JSON into one: grades (host grade --shard), or summaries of runs (host sim --shard)
              suite        Print, list or run the challenges of a suite
              new          Make a project for a challenge: a node to begin with, its tests and its messages; or for a workload
              diff         Compare the reports of two runs: options, verdict, figures, and the first event that differs
              disk         Show what the disk of a live node holds (--data-dir)
              cache        Share compiled modules with other machines
              completions  Print what a shell needs to complete the commands and options of this program
              man          Write the manual to a folder, as a page for `man` for each command
              help         Print this message or the help of the given subcommand(s)

            Arguments:
              [GUEST_ARGS]...
                      Arguments for the guest, after `--`

            Options:
              -m, --module <FILE>
                      WebAssembly module to run as a node

                  --watch
                      Replace the guest by the new version of the module when its file changes, and on SIGHUP.

                      The new version takes over the state; it also replaces a guest that crashed.

                  --require-state
                      Refuse a new version that cannot take over the state (with --watch)

                  --data-dir <DIR>
                      Keep the node's disk in DIR/NODE [default: it lives as long as the process].

                      What a node has synced before it answered is there when it starts again, whatever has ended it. A folder belongs to one process at a time; `host disk DIR/NODE` shows what is in it.

                  --seed <N>
                      Seed of the guest's random numbers [default: random]

                  --max-line-bytes <BYTES>
                      Maximum length of an input line, in bytes; longer lines are skipped

                      [default: 4194304]

              -h, --help
                      Print help (see a summary with '-h')

              -V, --version
                      Print version

            Files of programs:
                  --mount <DIR[:PATH]>
                      Have programs find the files in DIR at PATH [default: /]. Repeatable.

                      DIR is read before the run, and nobody can write what is mounted. Several folders can have the same PATH. Symbolic links are not followed.

                  --max-mount-mib <MIB>
                      Maximum of all that is mounted, in MiB

                      [default: 256]

            Compiled code:
                  --max-module-mib <MIB>
                      Maximum size of the module, in MiB

                      [default: 32]

                  --cache-dir <DIR>
                      Directory for compiled modules, of mode 0700 [default: the user's cache directory]

                  --no-cache
                      Compile the module again and store nothing

                  --shared-cache <DIR>
                      Directory of modules that another machine has compiled (`host cache share`), such as a volume that is mounted read-only. What the cache lacks is taken from there

                  --cache-key <FILE>
                      File with the key of the shared cache (`host cache key`)

            Limits of the guest:
                  --max-memory-mib <MIB>
                      Maximum linear memory, in MiB

                      [default: 128]

                  --max-fuel <UNITS>
                      Maximum fuel for one step; an instruction takes about one unit

                      [default: 10000000000]

                  --max-step-ms <MS>
                      Maximum wall time for one step, in milliseconds, checked every 100 ms

                      [default: 100000]

                  --max-output-bytes <BYTES>
                      Maximum number of bytes that one step returns

                      [default: 8388608]

                  --max-effects <N>
                      Maximum number of effects (messages, timers, log lines) of one step

                      [default: 10000]

                  --max-timers <N>
                      Maximum number of timers outstanding at a time

                      [default: 10000]

                  --max-log-bytes <BYTES>
                      Maximum number of bytes that one step prints to stdout and stderr

                      [default: 262144]

                  --max-disk-bytes <BYTES>
                      Maximum number of bytes of all files on a node's disk

                      [default: 67108864]

            Exit codes:
              0    success; the history is valid
              1    the history is invalid, or the guest failed: it trapped, exceeded a limit or
                   broke the protocol
              2    unknown: the history has too little to judge
              3    the module cannot be loaded
              254  invalid usage, a file that cannot be read or written, or one that is not a
                   history of the workload
              255  internal error
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
            Show facts about a module, and whether it loads

            Usage: host inspect [OPTIONS] <FILE>

            Arguments:
              <FILE>
                      WebAssembly module to inspect

            Options:
                  --format <FORMAT>
                      Format of the result

                      Possible values:
                      - text: Text for people
                      - json: JSON for programs

                      [default: text]

              -h, --help
                      Print help (see a summary with '-h')

            Limits of the guest:
                  --max-memory-mib <MIB>
                      Maximum linear memory, in MiB

                      [default: 128]

                  --max-fuel <UNITS>
                      Maximum fuel for one step; an instruction takes about one unit

                      [default: 10000000000]

                  --max-step-ms <MS>
                      Maximum wall time for one step, in milliseconds, checked every 100 ms

                      [default: 100000]

                  --max-output-bytes <BYTES>
                      Maximum number of bytes that one step returns

                      [default: 8388608]

                  --max-effects <N>
                      Maximum number of effects (messages, timers, log lines) of one step

                      [default: 10000]

                  --max-timers <N>
                      Maximum number of timers outstanding at a time

                      [default: 10000]

                  --max-log-bytes <BYTES>
                      Maximum number of bytes that one step prints to stdout and stderr

                      [default: 262144]

                  --max-disk-bytes <BYTES>
                      Maximum number of bytes of all files on a node's disk

                      [default: 67108864]

            Compiled code:
                  --max-module-mib <MIB>
                      Maximum size of the module, in MiB

                      [default: 32]
        "#]],
    );
}

#[test]
fn short_help_of_sim() {
    help(
        ["sim", "-h"],
        expect![[r#"
            exit code 0
            ---- stdout
            Run nodes in a simulated cluster, in virtual time, and judge what clients see

            Usage: host sim [OPTIONS] [MODULE] [-- <GUEST_ARGS>...]

            Arguments:
              [MODULE]         The same as --module
              [GUEST_ARGS]...  Arguments of every node, after `--`

            Options:
              -h, --help  Print help (see more with '--help')

            Cluster:
              -m, --module <FILE>              WebAssembly module that every node runs
                  --swap-module <FILE>         Version that --swap-at and --nemesis swap change nodes to [default: the same module]
                  --node-count <N>             Number of nodes, named n0, n1 and so on [default: 5, named n1 to n5]
                  --disk-latency <MS>          Mean time of a sync of a node's disk, in milliseconds [default: 0]
                  --disk-latency-dist <SHAPE>  Distribution of the times of syncs [default: constant] [possible values: constant, uniform, exponential]
                  --topology <SHAPE>           Neighbours in broadcast: line, grid, tree, tree2, tree3, tree4 or total [default: grid]

            Clients:
              -w, --workload <NAME>          Workload that clients run [possible values: echo, unique-ids, broadcast, g-set, g-counter, pn-counter, kafka, txn-list-append, txn-rw-register, lin-kv, bank, kv-sessions, leader, lock, membership, queue, shard-kv]
              -o, --option <NAME=VALUE,...>  Options of a workload of your own, such as accounts=5
                  --concurrency <N>          Number of clients at a time: N, or Nn for N per node [default: 1n]
                  --rate <OPS>               Operations per second, of all clients together; 0 starts none [default: 5]
                  --time-limit <SECONDS>     Time during which clients start operations, in seconds [default: 60]
                  --key-count <N>            Number of keys at a time, in transactions and kafka [default: 10]
                  --max-txn-length <N>       Maximum number of operations in a transaction [default: 4]
                  --max-writes-per-key <N>   Number of writes to a key before another replaces it, in transactions and kafka [default: 16]

            Network:
                  --latency <MS>           Mean latency of messages between servers, in milliseconds [default: 0]
                  --latency-dist <SHAPE>   Distribution of latencies [default: constant] [possible values: constant, uniform, exponential]
                  --latency-matrix <FILE>  Regions and what is between them: a file, its text, or a preset
                  --hop-time <MS>          Median time of a message between two processes besides its latency, in milliseconds [default: as under Maelstrom: 0.155 to 2.2 of a client's request, by the rate, 0.03 of others]
                  --network <MODEL>        Order in which a receiver takes messages [default: maelstrom] [possible values: maelstrom, ideal]

            Faults:
                  --nemesis <FAULT,…>           Faults to inject, such as `partition` or `kill,pause`; `none` for none
                  --swap-at <SECONDS>           Time from which nodes change to --swap-module, one node per second, in seconds
                  --nemesis-interval <SECONDS>  Mean time from a start or end of a fault to the next, in seconds [default: 10]

            Checks:
                  --availability <PART>           Fraction of operations that must succeed: `total`, or a number from 0 to 1 [default: any]
                  --consistency-models <MODEL,…>  Consistency models that transactions must satisfy [default: strict-serializable]
                  --checks <RULES>                Rules to judge by: Maelstrom's, or strict ones that also refuse what its checkers miss [default: strict] [possible values: strict, maelstrom]
                  --below <MEASURE=NUMBER>        Ask for less than this of a measure, such as msgs-per-op=30, or the run is not valid

            Challenges:
                  --challenge <ID>  Take the options and the targets of this challenge of a suite. Other options change them
                  --world <NAME>    Take the options of this world of the challenge; `host suite show ID` lists its worlds
                  --suite <FILE>    Read the challenge from this suite [default: the Gossip Glomers challenges]

            Seeds and schedules:
                  --seed <N>               Seed of the run [default: random]
                  --seeds <A..B>           Run with all seeds from A to below B, in parallel, up to the first that fails
                  --test-count <N>         Number of runs, with the seed and the seeds after it [default: 1]
                  --keep-going             With several seeds: go on after the first that fails, and count the anomalies
                  --summary                With several seeds: run all of them, and show only what they show together
                  --shard <I/N>            Run only share I of N of the seeds, and show a summary; `host merge` merges the JSON of the shares
                  --resume <FILE>          Keep what the runs of a summary show in this file, and go on from there if it exists
                  --watch                  Run again when the module's file changes, and show what changed in the verdict
                  --schedule <FILE>        Play the run in this file. It has all options except modules and limits
                  --write-schedule <FILE>  Write the run to this file, for --schedule
                  --shrink <FILE>          If the run is invalid, search for the shortest run like it, and write it to this file

            Output:
                  --format <FORMAT>  Format of the result; CSV is for summaries [default: text] [possible values: text, json, csv]
                  --report <DIR>     Write a report to this folder: pages, drawings, results, history and journal
                  --journal <FILE>   Write everything that happens to this file, as JSON lines
                  --history <FILE>   Write the history to this file: as JSON lines if its name ends in .json, else as EDN
                  --log-stderr       Show the logs of nodes on stderr
                  --log-net-send     Show the messages that are sent on stderr
                  --log-net-recv     Show the messages that are received on stderr

            Files of programs:
                  --mount <DIR[:PATH]>  Have programs find the files in DIR at PATH [default: /]. Repeatable

            Exit codes: 0 valid, 1 invalid, 2 unknown, 3 not loaded, 130 interrupted, 254 usage, 255 bug.
            `host sim --help` says more of each option, and has limits and examples.
        "#]],
    );
}

#[test]
fn short_help() {
    help(
        ["-h"],
        expect![[r#"
            exit code 0
            ---- stdout
            Runs distributed-systems nodes as WebAssembly guests

            Usage: host --module FILE [OPTIONS] [-- GUEST_ARGS…]
                   host inspect [OPTIONS] FILE
                   host check --workload NAME [OPTIONS] HISTORY
                   host sim --workload NAME --module FILE [OPTIONS] [-- GUEST_ARGS…]
                   host explore --workload NAME --module FILE [OPTIONS] [-- GUEST_ARGS…]
                   host play --workload NAME --module FILE [OPTIONS] [-- GUEST_ARGS…]
                   host serve [OPTIONS] DIR
                   host compare --workload NAME [OPTIONS] A [B] [-- GUEST_ARGS…]
                   host grade [OPTIONS] PATH…
                   host merge [OPTIONS] FILE…
                   host suite [COMMAND]
                   host new [OPTIONS] NAME
                   host diff [OPTIONS] A B
                   host disk FOLDER [FILE]
                   host cache COMMAND
                   host completions SHELL
                   host man DIR

            Commands:
              inspect      Show facts about a module, and whether it loads
              check        Judge a recorded history, in Jepsen's EDN, as JSON or as a log
              sim          Run nodes in a simulated cluster, in virtual time, and judge what clients see
              explore      Try all schedules of a small cluster: every order of messages, timers, operations and faults
              play         Act on a run by hand in the browser: deliver, lose, kill, cut, go back, and try another way
              serve        List the reports, grades and schedules in a folder and below it, in the browser
              compare      Compare two modules, or one with other arguments, on the same seeds: verdicts and figures
              grade        Judge submissions in the sandbox, on several seeds for each challenge of a suite
              merge        Merge what shares have written as JSON into one: grades (host grade --shard), or summaries of runs (host sim --shard)
              suite        Print, list or run the challenges of a suite
              new          Make a project for a challenge: a node to begin with, its tests and its messages; or for a workload
              diff         Compare the reports of two runs: options, verdict, figures, and the first event that differs
              disk         Show what the disk of a live node holds (--data-dir)
              cache        Share compiled modules with other machines
              completions  Print what a shell needs to complete the commands and options of this program
              man          Write the manual to a folder, as a page for `man` for each command
              help         Print this message or the help of the given subcommand(s)

            Arguments:
              [GUEST_ARGS]...  Arguments for the guest, after `--`

            Options:
              -m, --module <FILE>   WebAssembly module to run as a node
                  --watch           Replace the guest by the new version of the module when its file changes, and on SIGHUP
                  --require-state   Refuse a new version that cannot take over the state (with --watch)
                  --data-dir <DIR>  Keep the node's disk in DIR/NODE [default: it lives as long as the process]
                  --seed <N>        Seed of the guest's random numbers [default: random]
              -h, --help            Print help (see more with '--help')
              -V, --version         Print version

            Files of programs:
                  --mount <DIR[:PATH]>  Have programs find the files in DIR at PATH [default: /]. Repeatable

            Exit codes:
              0    success; the history is valid
              1    the history is invalid, or the guest failed: it trapped, exceeded a limit or
                   broke the protocol
              2    unknown: the history has too little to judge
              3    the module cannot be loaded
              254  invalid usage, a file that cannot be read or written, or one that is not a
                   history of the workload
              255  internal error
        "#]],
    );
}

#[test]
fn help_of_completions() {
    help(
        ["completions", "--help"],
        expect![[r#"
        exit code 0
        ---- stdout
        Print what a shell needs to complete the commands and options of this program

        Usage: host completions <SHELL>

        Arguments:
          <SHELL>  Shell to complete in [possible values: bash, elvish, fish, powershell, zsh]

        Options:
          -h, --help  Print help

        Examples:
          bash  host completions bash > ~/.local/share/bash-completion/completions/host
          zsh   host completions zsh > ~/.zfunc/_host     (with ~/.zfunc in fpath, before compinit)
          fish  host completions fish > ~/.config/fish/completions/host.fish
    "#]],
    );
}

#[test]
fn help_of_man() {
    help(
        ["man", "--help"],
        expect![[r#"
        exit code 0
        ---- stdout
        Write the manual to a folder, as a page for `man` for each command

        Usage: host man <DIR>

        Arguments:
          <DIR>  Folder to write to. It is made if it is not there

        Options:
          -h, --help  Print help

        Example:
          host man ~/.local/share/man/man1 && man host-sim
    "#]],
    );
}

#[test]
fn help_of_sim() {
    help(
        ["sim", "--help"],
        expect![[r#"
            exit code 0
            ---- stdout
            Run nodes in a simulated cluster, in virtual time, and judge what clients see

            The same module, options and seed give the same run, to the byte, everywhere.

            Usage: host sim [OPTIONS] [MODULE] [-- <GUEST_ARGS>...]

            Arguments:
              [MODULE]
                      The same as --module

              [GUEST_ARGS]...
                      Arguments of every node, after `--`

            Options:
              -h, --help
                      Print help (see a summary with '-h')

            Cluster:
              -m, --module <FILE>
                      WebAssembly module that every node runs

                  --swap-module <FILE>
                      Version that --swap-at and --nemesis swap change nodes to [default: the same module]

                  --node-count <N>
                      Number of nodes, named n0, n1 and so on [default: 5, named n1 to n5]

                      With more than 100 nodes the limits of a run that are not given are as many times the default as
                      there are hundreds of nodes.

                  --disk-latency <MS>
                      Mean time of a sync of a node's disk, in milliseconds

                      A node waits for its syncs: it handles no message and no timer meanwhile.

                      [default: 0]

                  --disk-latency-dist <SHAPE>
                      Distribution of the times of syncs

                      Possible values:
                      - constant:    All are the mean
                      - uniform:     From 0 to twice the mean
                      - exponential: Most are short, some very long

                      [default: constant]

                  --topology <SHAPE>
                      Neighbours in broadcast: line, grid, tree, tree2, tree3, tree4 or total

                      The clients send it to the nodes as `topology`, and nodes may ignore it.

                      [default: grid]

            Clients:
              -w, --workload <NAME>
                      Workload that clients run

                      Or a file that ends in .wasm: a workload of your own, see docs/workloads.md. FILE#HASH also checks its SHA-256.

                      [possible values: echo, unique-ids, broadcast, g-set, g-counter, pn-counter, kafka, txn-list-append, txn-rw-register, lin-kv, bank, kv-sessions, leader, lock, membership, queue, shard-kv]

              -o, --option <NAME=VALUE,...>
                      Options of a workload of your own, such as accounts=5

                      Each is a flag of its own, too, unless the command has one with this name: `-w bank --accounts 5`. `host sim -w bank --help` lists them.

                  --concurrency <N>
                      Number of clients at a time: N, or Nn for N per node

                      Each waits for an answer before it asks again.

                      [default: 1n]

                  --rate <OPS>
                      Operations per second, of all clients together; 0 starts none

                      [default: 5]

                  --time-limit <SECONDS>
                      Time during which clients start operations, in seconds

                      [default: 60]

                  --key-count <N>
                      Number of keys at a time, in transactions and kafka

                      [default: 10]

                  --max-txn-length <N>
                      Maximum number of operations in a transaction

                      [default: 4]

                  --max-writes-per-key <N>
                      Number of writes to a key before another replaces it, in transactions and kafka

                      [default: 16]

            Network:
                  --latency <MS>
                      Mean latency of messages between servers, in milliseconds

                      [default: 0]

                  --latency-dist <SHAPE>
                      Distribution of latencies

                      Possible values:
                      - constant:    All are the mean
                      - uniform:     From 0 to twice the mean
                      - exponential: Most are short, some very long

                      [default: constant]

                  --latency-matrix <FILE>
                      Regions and what is between them: a file, its text, or a preset

                      The file says `regions us eu`, then for each a row of one-way latencies in ms (`us 0.5 40`); and perhaps
                      `nodes eu n0 n3-n7` (else in turn), `clients us` (else near their nodes), `services us`, `loss us eu 0.5`
                      (per cent) and `bandwidth us eu 100` (Mbit/s of each link). The mean of --latency is added.
                      Presets, from public measurements: azure-2024, azure-2024-europe.

                  --hop-time <MS>
                      Median time of a message between two processes besides its latency, in milliseconds [default: as under Maelstrom: 0.155 to 2.2 of a client's request, by the rate, 0.03 of others]

                      Each message draws its own, from half of the median to several times as much. With 0, messages
                      without latency arrive at the moment at which they are sent, and operations start on time.

                  --network <MODEL>
                      Order in which a receiver takes messages

                      Possible values:
                      - maelstrom: Wait for each message in turn, as Maelstrom's receivers do
                      - ideal:     Take every message when it is due

                      [default: maelstrom]

            Faults:
                  --nemesis <FAULT,…>
                      Faults to inject, such as `partition` or `kill,pause`; `none` for none

                      Faults that start and stop at random:
                        partition   links are cut, in the shapes that Maelstrom draws
                        kill        processes end and start again; their disks keep all that was written
                        power       the same, but what was written and not synced may be lost
                        wipe        the same, but the disks are empty afterwards
                        pause       nodes stop; messages and timers wait
                        loss        a part of the messages between nodes is lost
                        duplicate   a part of them arrives twice
                        one-way     nodes send, and receive nothing
                        slow        half of the links have ten times the latency
                        clock-skew  clocks jump ahead and run at other speeds
                        swap        nodes change to --swap-module while they run
                        disk-slow   syncs take ten times as long, at least 100 ms more
                        disk-full   nothing can be written, and syncs fail
                        disk-error  syncs fail, and what was not synced may be lost
                        bit-rot     a bit on a disk flips
                      Faults that wait for a bad moment, such as an answer to a client:
                        isolate     links around one node are cut
                        chain       one node after another is cut off
                        flip        one majority, then another
                        flap        links are cut many times, for a moment each
                        stall       a node stops between an event and what follows
                        hold        messages wait for up to a minute
                        lose-one    exactly one message of a link is lost
                        hunt        one of these after another

                  --swap-at <SECONDS>
                      Time from which nodes change to --swap-module, one node per second, in seconds

                  --nemesis-interval <SECONDS>
                      Mean time from a start or end of a fault to the next, in seconds

                      [default: 10]

            Checks:
                  --availability <PART>
                      Fraction of operations that must succeed: `total`, or a number from 0 to 1 [default: any]

                  --consistency-models <MODEL,…>
                      Consistency models that transactions must satisfy

                      Some of them, from weak to strong: read-uncommitted, read-committed, snapshot-isolation,
                      serializable, strict-serializable.

                      [default: strict-serializable]

                  --checks <RULES>
                      Rules to judge by: Maelstrom's, or strict ones that also refuse what its checkers miss

                      [default: strict]
                      [possible values: strict, maelstrom]

                  --below <MEASURE=NUMBER>
                      Ask for less than this of a measure, such as msgs-per-op=30, or the run is not valid.

                      Repeatable; --challenge brings the targets of the challenge.

            Challenges:
                  --challenge <ID>
                      Take the options and the targets of this challenge of a suite. Other options change them

                  --world <NAME>
                      Take the options of this world of the challenge; `host suite show ID` lists its worlds

                  --suite <FILE>
                      Read the challenge from this suite [default: the Gossip Glomers challenges]

            Seeds and schedules:
                  --seed <N>
                      Seed of the run [default: random]

                  --seeds <A..B>
                      Run with all seeds from A to below B, in parallel, up to the first that fails.

                      Shows the first run that fails, whatever the number of threads; if none does, the median, the 99th percentile and the worst of each figure. An interrupt shows what is done.

                  --test-count <N>
                      Number of runs, with the seed and the seeds after it

                      [default: 1]

                  --keep-going
                      With several seeds: go on after the first that fails, and count the anomalies

                  --summary
                      With several seeds: run all of them, and show only what they show together.

                      How many are valid, the first seeds of each anomaly, and each figure's median, 99th percentile and worst: as text, JSON or CSV, of a size that does not grow with the seeds.

                  --shard <I/N>
                      Run only share I of N of the seeds, and show a summary; `host merge` merges the JSON of the shares

                  --resume <FILE>
                      Keep what the runs of a summary show in this file, and go on from there if it exists.

                      It is written every 10 s and at the end, so after Ctrl-C, a crash or `kill -9` the same command goes on. The result is the same as without an interruption.

                  --watch
                      Run again when the module's file changes, and show what changed in the verdict.

                      Builds nothing. Without --seed all runs have the seed of the first. Ends with an interrupt (Ctrl-C).

                  --schedule <FILE>
                      Play the run in this file. It has all options except modules and limits

                  --write-schedule <FILE>
                      Write the run to this file, for --schedule

                  --shrink <FILE>
                      If the run is invalid, search for the shortest run like it, and write it to this file.

                      Shows what happens in the shortest run that is invalid in the same way.

            Output:
                  --format <FORMAT>
                      Format of the result; CSV is for summaries

                      Possible values:
                      - text: Text for people
                      - json: JSON for programs
                      - csv:  Rows for spreadsheets

                      [default: text]

                  --report <DIR>
                      Write a report to this folder: pages, drawings, results, history and journal.

                      Of several seeds, it is about the first that fails, or else about the first.

                  --journal <FILE>
                      Write everything that happens to this file, as JSON lines

                  --history <FILE>
                      Write the history to this file: as JSON lines if its name ends in .json, else as EDN

                  --log-stderr
                      Show the logs of nodes on stderr

                  --log-net-send
                      Show the messages that are sent on stderr

                  --log-net-recv
                      Show the messages that are received on stderr

            Files of programs:
                  --mount <DIR[:PATH]>
                      Have programs find the files in DIR at PATH [default: /]. Repeatable.

                      DIR is read before the run, and nobody can write what is mounted. Several folders can have the same PATH. Symbolic links are not followed.

                  --max-mount-mib <MIB>
                      Maximum of all that is mounted, in MiB

                      [default: 256]

            Compiled code:
                  --max-module-mib <MIB>
                      Maximum size of the module, in MiB

                      [default: 32]

                  --cache-dir <DIR>
                      Directory for compiled modules, of mode 0700 [default: the user's cache directory]

                  --no-cache
                      Compile the module again and store nothing

                  --shared-cache <DIR>
                      Directory of modules that another machine has compiled (`host cache share`), such as a volume that is mounted read-only. What the cache lacks is taken from there

                  --cache-key <FILE>
                      File with the key of the shared cache (`host cache key`)

            Limits of the guest:
                  --max-memory-mib <MIB>
                      Maximum linear memory, in MiB

                      [default: 128]

                  --max-fuel <UNITS>
                      Maximum fuel for one step; an instruction takes about one unit

                      [default: 10000000000]

                  --max-step-ms <MS>
                      Maximum wall time for one step, in milliseconds, checked every 100 ms

                      [default: 100000]

                  --max-output-bytes <BYTES>
                      Maximum number of bytes that one step returns

                      [default: 8388608]

                  --max-effects <N>
                      Maximum number of effects (messages, timers, log lines) of one step

                      [default: 10000]

                  --max-timers <N>
                      Maximum number of timers outstanding at a time

                      [default: 10000]

                  --max-log-bytes <BYTES>
                      Maximum number of bytes that one step prints to stdout and stderr

                      [default: 262144]

                  --max-disk-bytes <BYTES>
                      Maximum number of bytes of all files on a node's disk

                      [default: 67108864]

            Limits of the run:
                  --max-steps <N>
                      Maximum number of events that all nodes together handle

                      [default: 20000000]

                  --max-run-fuel <UNITS>
                      Maximum fuel of all nodes together

                      [default: 430000000000]

                  --max-run-memory-mib <MIB>
                      Maximum memory of all nodes and services together, in MiB

                      [default: 384]

                  --max-in-flight <N>
                      Maximum number of messages in flight

                      [default: 100000]

                  --max-in-flight-mib <MIB>
                      Maximum size of all messages in flight, in MiB

                      [default: 32]

                  --max-answers-mib <MIB>
                      Maximum size of all answers that clients receive, as values, in MiB

                      [default: 32]

                  --max-journal-mib <MIB>
                      Maximum size of the journal, in MiB

                      [default: 4096]

            Examples:
              Run challenge 3c with a seed, and look at the run in a browser:
                host sim --challenge 3c my.wasm --seed 1 --report out
              Look for a seed that fails, and reduce the run to what matters:
                host sim --challenge 3c my.wasm --seeds 0..1000 --shrink short.json
              See what a thousand seeds show together:
                host sim --challenge 3d my.wasm --seeds 0..1000 --summary
              Run again after each build:
                host sim --challenge 3c my.wasm --seed 1 --watch

            Exit codes:
              0    valid
              1    invalid, or the guest failed: it trapped, exceeded a limit or broke the protocol
              2    unknown: the history has too little to judge
              3    the module cannot be loaded
              130  interrupted before everything was judged
              254  invalid usage, or a file that cannot be read or written
              255  internal error
        "#]],
    );
}

#[test]
fn short_help_of_explore() {
    help(
        ["explore", "-h"],
        expect![[r#"
            exit code 0
            ---- stdout
            Try all schedules of a small cluster: every order of messages, timers, operations and faults

            Usage: host explore [OPTIONS] --workload <NAME> [MODULE] [-- <GUEST_ARGS>...]

            Arguments:
              [MODULE]         The same as --module
              [GUEST_ARGS]...  Arguments of every node, after `--`

            Options:
              -h, --help  Print help (see more with '--help')

            Cluster:
              -m, --module <FILE>     WebAssembly module that every node runs
                  --node-count <N>    Number of nodes, named n0, n1 and so on [default: 3]
                  --topology <SHAPE>  Neighbours in broadcast: line, grid, tree, tree2, tree3, tree4 or total [default: grid]

            Clients:
              -w, --workload <NAME>          Workload that clients run [possible values: echo, unique-ids, broadcast, g-set, g-counter, pn-counter, kafka, txn-list-append, txn-rw-register, lin-kv, bank, kv-sessions, leader, lock, membership, queue, shard-kv]
              -o, --option <NAME=VALUE,...>  Options of a workload of your own, such as accounts=5
                  --concurrency <N>          Number of clients at a time: N, or Nn for N per node [default: 1n]
                  --key-count <N>            Number of keys at a time, in transactions and kafka [default: 10]
                  --max-txn-length <N>       Maximum number of operations in a transaction [default: 4]
                  --max-writes-per-key <N>   Number of writes to a key before another replaces it, in transactions and kafka [default: 16]
                  --seed <N>                 Seed of the operations, and of what nodes draw [default: 1]

            Checks:
                  --consistency-models <MODEL,…>  Consistency models that transactions must satisfy [default: strict-serializable]
                  --checks <RULES>                Rules to judge by: Maelstrom's, or strict ones that also refuse what its checkers miss [default: strict] [possible values: strict, maelstrom]

            Bounds: what is tried:
                  --operations <N>       Number of operations that clients begin, together [default: 3]
                  --fires <N>            Number of timers that fire, or of bursts of them [default: 4]
                  --timers <ORDER>       Which of the timers that are set may fire next [default: ordered] [possible values: any, bursts, ordered, bounded]
                  --drift <PPM>          With --timers bounded: by how much of its time a timer may be late, in millionths
                  --drops <N>            Number of messages between nodes that are lost [default: 0]
                  --duplicates <N>       Number of messages between nodes that arrive twice [default: 0]
                  --kills <N>            Number of times that a node is killed. It starts again, and its disk keeps all that was written [default: 0]
                  --power <N>            Number of times that a node's power fails: what it has not synced is lost [default: 0]
                  --partitions <N>       Number of times that the network splits in two [default: 0]
                  --timeouts <N>         Number of times that a client gives up to wait for an answer [default: 0]
                  --delays <N>           Number of messages that are late; all others arrive in the order of sending [default: any may be]
                  --depth <N>            Longest schedule, in moves [default: as long as they are]
                  --warm-up <SECONDS>    Virtual time for which the cluster runs undisturbed before anything is tried, in seconds [default: 0]
                  --reductions <SWITCH>  Whether states are left out that show nothing new; `off` is slower and finds the same [default: on] [possible values: on, off]
                  --symmetric            Nodes are alike: states that differ only in which node is which are met once
                  --ends <SWITCH>        Whether each state is also brought to its end without further faults, and judged there [default: on] [possible values: on, off]

            Strategy and budget:
                  --strategy <NAME>       Which schedules are tried [default: exhaustive] [possible values: exhaustive, depth-first, random, pct, phases, pos, novelty, mutate]
                  --max-states <N>        With --strategy exhaustive or depth-first: stop when so many states were met [default: 1000000]
                  --max-states-mib <MIB>  Stop when all that was met takes so much memory, in MiB [default: 4096]
                  --runs <N>              With another strategy: number of schedules [default: 10000]
                  --pct-depth <D>         With --strategy pct: how many things have to come in a certain order for a bug to show [default: 3]
                  --threads <N>           Number of threads [default: one for each core]. The result does not depend on it
                  --resume <FILE>         Go on from this file, and keep the exploration in it when it ends or is stopped

            Output:
                  --format <FORMAT>        Format of the result [default: text] [possible values: text, json]
                  --write-schedule <FILE>  Write the schedule that fails to this file, for `host sim --schedule`
                  --report <DIR>           Write a report on the schedule that fails to this folder, as `host sim` does
                  --write-test <FILE>      Write a unit test that plays the schedule that fails to this file, in Rust

            Files of programs:
                  --mount <DIR[:PATH]>  Have programs find the files in DIR at PATH [default: /]. Repeatable

            Exit codes: 0 no failure; 1 a failure; 2 stopped at the budget, no failure so far; 3 not loaded,
            130 interrupted, 254 usage, 255 bug.
            `host explore --help` says more of each option, and has limits and examples.
        "#]],
    );
}

#[test]
fn help_of_explore() {
    help(
        ["explore", "--help"],
        expect![[r#"
            exit code 0
            ---- stdout
            Try all schedules of a small cluster: every order of messages, timers, operations and faults

            `host sim` draws one schedule for each seed. This tries all of them within the bounds, the shortest first, on the module itself, and says what was proved. docs/explore.md explains the bounds, and the goals of workloads.

            Usage: host explore [OPTIONS] --workload <NAME> [MODULE] [-- <GUEST_ARGS>...]

            Arguments:
              [MODULE]
                      The same as --module

              [GUEST_ARGS]...
                      Arguments of every node, after `--`

            Options:
              -h, --help
                      Print help (see a summary with '-h')

            Cluster:
              -m, --module <FILE>
                      WebAssembly module that every node runs

                  --node-count <N>
                      Number of nodes, named n0, n1 and so on

                      [default: 3]

                  --topology <SHAPE>
                      Neighbours in broadcast: line, grid, tree, tree2, tree3, tree4 or total

                      The clients send it to the nodes as `topology`, and nodes may ignore it.

                      [default: grid]

            Clients:
              -w, --workload <NAME>
                      Workload that clients run

                      Or a file that ends in .wasm: a workload of your own, see docs/workloads.md. FILE#HASH also checks its SHA-256.

                      [possible values: echo, unique-ids, broadcast, g-set, g-counter, pn-counter, kafka, txn-list-append, txn-rw-register, lin-kv, bank, kv-sessions, leader, lock, membership, queue, shard-kv]

              -o, --option <NAME=VALUE,...>
                      Options of a workload of your own, such as accounts=5

                      Each is a flag of its own, too, unless the command has one with this name: `-w bank --accounts 5`. `host sim -w bank --help` lists them.

                  --concurrency <N>
                      Number of clients at a time: N, or Nn for N per node

                      Each waits for an answer before it asks again.

                      [default: 1n]

                  --key-count <N>
                      Number of keys at a time, in transactions and kafka

                      [default: 10]

                  --max-txn-length <N>
                      Maximum number of operations in a transaction

                      [default: 4]

                  --max-writes-per-key <N>
                      Number of writes to a key before another replaces it, in transactions and kafka

                      [default: 16]

                  --seed <N>
                      Seed of the operations, and of what nodes draw

                      [default: 1]

            Checks:
                  --consistency-models <MODEL,…>
                      Consistency models that transactions must satisfy

                      Some of them, from weak to strong: read-uncommitted, read-committed, snapshot-isolation,
                      serializable, strict-serializable.

                      [default: strict-serializable]

                  --checks <RULES>
                      Rules to judge by: Maelstrom's, or strict ones that also refuse what its checkers miss

                      [default: strict]
                      [possible values: strict, maelstrom]

            Bounds: what is tried:
                  --operations <N>
                      Number of operations that clients begin, together

                      [default: 3]

                  --fires <N>
                      Number of timers that fire, or of bursts of them

                      [default: 4]

                  --timers <ORDER>
                      Which of the timers that are set may fire next

                      Possible values:
                      - any:     Any of them: a node may be slow by any time
                      - bursts:  Any of them, and those of its node after it until that sends something
                      - ordered: The one that is due first: no timer is late
                      - bounded: One that may be due first if clocks drift by --drift

                      [default: ordered]

                  --drift <PPM>
                      With --timers bounded: by how much of its time a timer may be late, in millionths

                  --drops <N>
                      Number of messages between nodes that are lost

                      [default: 0]

                  --duplicates <N>
                      Number of messages between nodes that arrive twice

                      [default: 0]

                  --kills <N>
                      Number of times that a node is killed. It starts again, and its disk keeps all that was written

                      [default: 0]

                  --power <N>
                      Number of times that a node's power fails: what it has not synced is lost

                      [default: 0]

                  --partitions <N>
                      Number of times that the network splits in two

                      [default: 0]

                  --timeouts <N>
                      Number of times that a client gives up to wait for an answer

                      [default: 0]

                  --delays <N>
                      Number of messages that are late; all others arrive in the order of sending [default: any may be].

                      Operations and faults come when only late messages are in flight. Schedules are longer then, and there are far fewer of them.

                  --depth <N>
                      Longest schedule, in moves [default: as long as they are]

                  --warm-up <SECONDS>
                      Virtual time for which the cluster runs undisturbed before anything is tried, in seconds

                      [default: 0]

                  --reductions <SWITCH>
                      Whether states are left out that show nothing new; `off` is slower and finds the same

                      [default: on]
                      [possible values: on, off]

                  --symmetric
                      Nodes are alike: states that differ only in which node is which are met once.

                      That the guest treats nodes alike is tested in each new step, with names exchanged; a guest of which it is not true is refused. For --strategy exhaustive and depth-first, built-in workloads, and at most 5 nodes.

                  --ends <SWITCH>
                      Whether each state is also brought to its end without further faults, and judged there

                      [default: on]
                      [possible values: on, off]

            Strategy and budget:
                  --strategy <NAME>
                      Which schedules are tried

                      Possible values:
                      - exhaustive:  All of them, the shortest first
                      - depth-first: All of them, in less memory, on one thread
                      - random:      What happens next is drawn, all as likely
                      - pct:         Messages are prompt, but for a few that are late by any time
                      - phases:      In each phase some nodes are cut off and some clocks are quick
                      - pos:         Events have drawn priorities, and new ones where their order matters
                      - novelty:     Go on from states that are unlike all before
                      - mutate:      Change schedules that have reached such states

                      [default: exhaustive]

                  --max-states <N>
                      With --strategy exhaustive or depth-first: stop when so many states were met [default: 1000000]

                  --max-states-mib <MIB>
                      Stop when all that was met takes so much memory, in MiB

                      [default: 4096]

                  --runs <N>
                      With another strategy: number of schedules [default: 10000]

                  --pct-depth <D>
                      With --strategy pct: how many things have to come in a certain order for a bug to show [default: 3]

                  --threads <N>
                      Number of threads [default: one for each core]. The result does not depend on it

                  --resume <FILE>
                      Go on from this file, and keep the exploration in it when it ends or is stopped.

                      The file is created if there is none. What was kept goes on with the same module, options and seed; --max-states, --max-states-mib, --threads and what is written can be others. For --strategy exhaustive.

            Output:
                  --format <FORMAT>
                      Format of the result

                      Possible values:
                      - text: Text for people
                      - json: JSON for programs

                      [default: text]

                  --write-schedule <FILE>
                      Write the schedule that fails to this file, for `host sim --schedule`

                  --report <DIR>
                      Write a report on the schedule that fails to this folder, as `host sim` does

                  --write-test <FILE>
                      Write a unit test that plays the schedule that fails to this file, in Rust.

                      /dev/stdout prints it. It is for the solution's own crate, with host-testing.

            Files of programs:
                  --mount <DIR[:PATH]>
                      Have programs find the files in DIR at PATH [default: /]. Repeatable.

                      DIR is read before the run, and nobody can write what is mounted. Several folders can have the same PATH. Symbolic links are not followed.

                  --max-mount-mib <MIB>
                      Maximum of all that is mounted, in MiB

                      [default: 256]

            Compiled code:
                  --max-module-mib <MIB>
                      Maximum size of the module, in MiB

                      [default: 32]

                  --cache-dir <DIR>
                      Directory for compiled modules, of mode 0700 [default: the user's cache directory]

                  --no-cache
                      Compile the module again and store nothing

                  --shared-cache <DIR>
                      Directory of modules that another machine has compiled (`host cache share`), such as a volume that is mounted read-only. What the cache lacks is taken from there

                  --cache-key <FILE>
                      File with the key of the shared cache (`host cache key`)

            Limits of the guest:
                  --max-memory-mib <MIB>
                      Maximum linear memory, in MiB

                      [default: 128]

                  --max-fuel <UNITS>
                      Maximum fuel for one step; an instruction takes about one unit

                      [default: 10000000000]

                  --max-step-ms <MS>
                      Maximum wall time for one step, in milliseconds, checked every 100 ms

                      [default: 100000]

                  --max-output-bytes <BYTES>
                      Maximum number of bytes that one step returns

                      [default: 8388608]

                  --max-effects <N>
                      Maximum number of effects (messages, timers, log lines) of one step

                      [default: 10000]

                  --max-timers <N>
                      Maximum number of timers outstanding at a time

                      [default: 10000]

                  --max-log-bytes <BYTES>
                      Maximum number of bytes that one step prints to stdout and stderr

                      [default: 262144]

                  --max-disk-bytes <BYTES>
                      Maximum number of bytes of all files on a node's disk

                      [default: 67108864]

            Limits of the run:
                  --max-steps <N>
                      Maximum number of events that all nodes together handle

                      [default: 20000000]

                  --max-run-fuel <UNITS>
                      Maximum fuel of all nodes together

                      [default: 430000000000]

                  --max-run-memory-mib <MIB>
                      Maximum memory of all nodes and services together, in MiB

                      [default: 384]

                  --max-in-flight <N>
                      Maximum number of messages in flight

                      [default: 100000]

                  --max-in-flight-mib <MIB>
                      Maximum size of all messages in flight, in MiB

                      [default: 32]

                  --max-answers-mib <MIB>
                      Maximum size of all answers that clients receive, as values, in MiB

                      [default: 32]

            Examples:
              All schedules of two nodes and two operations:
                host explore -w broadcast --node-count 2 --operations 2 my.wasm
              With a message lost, or a node killed, at any point:
                host explore -w broadcast --drops 1 --kills 1 my.wasm
              A cluster that is too large for all of them:
                host explore -w broadcast --node-count 5 --operations 10 --drops 2 --fires 40 --strategy pct my.wasm
              Three nodes of a Raft, after 3 s in which it elects a leader:
                host explore -w lin-kv --concurrency 2n --warm-up 3 --fires 8 --delays 1 my.wasm

            Exit codes:
              0    everything within the bounds was tried, or all runs of a strategy were made: nothing fails
              1    a schedule fails, or the nodes do not get as far as the first operation
              2    unknown: stopped at the budget, or a goal is not known to be reached; nothing has failed so far
              3    the module cannot be loaded
              130  interrupted before everything was tried
              254  invalid usage, or a file that cannot be read or written
              255  internal error; also if the simulator does not fail in a schedule that is found to fail
        "#]],
    );
}

#[test]
fn help_of_grade() {
    help(
        ["grade", "--help"],
        expect![[r#"
            exit code 0
            ---- stdout
            Judge submissions in the sandbox, on several seeds for each challenge of a suite

            A PATH is a module, a folder of modules (one submission), or a folder of such folders (a class). The name of a module selects its challenges: broadcast.wasm or 3c.wasm.

            Usage: host grade [OPTIONS] <PATH>... [-- <RUNTIME_ARGS>...]

            Arguments:
              <PATH>...
                      Submissions to judge

              [RUNTIME_ARGS]...
                      Arguments of the runtime before the name of the script

            Options:
              -h, --help
                      Print help (see a summary with '-h')

            What is judged:
                  --suite <FILE>
                      Suite of challenges, as TOML [default: the Gossip Glomers challenges; see host suite]

                  --challenge <ID,…>
                      Judge only these challenges.

                      They apply to a module given as PATH whatever its name is.

                  --seeds <A..B>
                      Seeds to judge on, from A to below B, instead of those of the suite; in worlds, too

                  --shard <I/N>
                      Judge only share I of N of the runs; `host merge` merges the JSON of the shares

                  --resume <FILE>
                      Record finished runs in this file, and skip runs that it already has

                  --runtime <EXT=FILE>
                      Run scripts whose names end in .EXT with this module, an interpreter, as a [[runtime]] of a suite does. Repeatable.

                      What --mount gives is mounted for it, under the folder of the submission. docs/grading.md has a whole command.

            Files of programs:
                  --mount <DIR[:PATH]>
                      Have programs find the files in DIR at PATH [default: /]. Repeatable.

                      DIR is read before the run, and nobody can write what is mounted. Several folders can have the same PATH. Symbolic links are not followed.

                  --max-mount-mib <MIB>
                      Maximum of all that is mounted, in MiB

                      [default: 256]

            Output:
                  --format <FORMAT>
                      Format of the result

                      Possible values:
                      - text:        A table and the failures, for people
                      - json:        Everything, as JSON for programs
                      - junit:       JUnit XML, for continuous integration
                      - gradescope:  Gradescope's results.json, of one submission or with --each
                      - csv:         One line per submission, for spreadsheets
                      - markdown:    A table and the failures as Markdown, for the summary of a job on GitHub
                      - annotations: Workflow commands of GitHub Actions, which annotate failures
                      - leaderboard: A page to publish: who has how many points, and the figures of those with a target

                      [default: text]

                  --each <DIR>
                      Write a file for each submission to this folder, as feedback for its author.

                      Nothing goes to stdout but their number. Hidden challenges are left out, or marked as hidden for Gradescope.

                  --report <DIR>
                      Write a report to this folder: a page for the class and a page for each run that failed.

                      For a single submission, also a page for each challenge that it passed.

            Compiled code:
                  --cache-dir <DIR>
                      Directory for compiled modules, of mode 0700 [default: the user's cache directory]

                  --no-cache
                      Compile the module again and store nothing

                  --shared-cache <DIR>
                      Directory of modules that another machine has compiled (`host cache share`), such as a volume that is mounted read-only. What the cache lacks is taken from there

                  --cache-key <FILE>
                      File with the key of the shared cache (`host cache key`)

            Exit codes:
              0    every submission passed
              1    a submission failed, or was not judged to the end
              254  invalid usage, or an input file that cannot be read or has the wrong contents
              255  internal error
        "#]],
    );
}

#[test]
fn help_of_merge() {
    help(
        ["merge", "--help"],
        expect![[r#"
            exit code 0
            ---- stdout
            Merge what shares have written as JSON into one: grades (host grade --shard), or summaries of runs (host sim --shard)

            Usage: host merge [OPTIONS] <FILE>...

            Arguments:
              <FILE>...
                      Grades or summaries of the shares

            Options:
              -h, --help
                      Print help (see a summary with '-h')

            Output:
                  --format <FORMAT>
                      Format of the result

                      Possible values:
                      - text:        A table and the failures, for people
                      - json:        Everything, as JSON for programs
                      - junit:       JUnit XML, for continuous integration
                      - gradescope:  Gradescope's results.json, of one submission or with --each
                      - csv:         One line per submission, for spreadsheets
                      - markdown:    A table and the failures as Markdown, for the summary of a job on GitHub
                      - annotations: Workflow commands of GitHub Actions, which annotate failures
                      - leaderboard: A page to publish: who has how many points, and the figures of those with a target

                      [default: text]

                  --each <DIR>
                      Write a file for each submission to this folder, as feedback for its author.

                      Nothing goes to stdout but their number. Hidden challenges are left out, or marked as hidden for Gradescope.

            Exit codes of grades:
              0    every submission passed
              1    a submission failed, or was not judged to the end
            Exit codes of summaries:
              0    all runs are there, and valid
              1    a run is invalid
              2    unknown: runs are missing, or had too little to judge
            Exit codes of both:
              254  invalid usage, or an input file that cannot be read or has the wrong contents
              255  internal error
        "#]],
    );
}

#[test]
fn help_of_suite() {
    help(
        ["suite", "--help"],
        expect![[r#"
            exit code 0
            ---- stdout
            Print, list or run the challenges of a suite

            Without a command, prints a built-in suite as TOML. Change a copy of it, and give that to `host grade --suite FILE`.

            Usage: host suite [NAME]
                   host suite <COMMAND>

            Commands:
              list  List the challenges of a suite
              show  Print one challenge
              run   Run every challenge of a suite once and print a table of figures
              help  Print this message or the help of the given subcommand(s)

            Arguments:
              [NAME]
                      The suite to print

                      [default: gossip-glomers]
                      [possible values: gossip-glomers, labs]

            Options:
              -h, --help
                      Print help (see a summary with '-h')
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
    Dir::new().host().end().is_exactly(expect![[r#"
        exit code 254
        ---- stderr
        error: the following required arguments were not provided:
          --module <FILE>

        Usage: host --module FILE [OPTIONS] [-- GUEST_ARGS…]
               host inspect [OPTIONS] FILE
               host check --workload NAME [OPTIONS] HISTORY
               host sim --workload NAME --module FILE [OPTIONS] [-- GUEST_ARGS…]
               host explore --workload NAME --module FILE [OPTIONS] [-- GUEST_ARGS…]
               host play --workload NAME --module FILE [OPTIONS] [-- GUEST_ARGS…]
               host serve [OPTIONS] DIR
               host compare --workload NAME [OPTIONS] A [B] [-- GUEST_ARGS…]
               host grade [OPTIONS] PATH…
               host merge [OPTIONS] FILE…
               host suite [COMMAND]
               host new [OPTIONS] NAME
               host diff [OPTIONS] A B
               host disk FOLDER [FILE]
               host cache COMMAND
               host completions SHELL
               host man DIR

        For more information, try '--help'.
    "#]]);
}

#[test]
fn a_flag_misspelt() {
    host(
        ["--modul", "x.wasm"],
        expect![[r#"
            exit code 254
            ---- stderr
            error: unexpected argument '--modul' found

              tip: a similar argument exists: '--module'
              tip: to pass '--modul' as a value, use '-- --modul'

            [USAGE]

            [TRY HELP]
        "#]],
    );
}

#[test]
fn a_flag_with_a_dash_from_a_word_processor() {
    host(
        ["–module", "x.wasm"],
        expect![[r#"
            exit code 254
            ---- stderr
            error: unexpected argument '–module' found

              tip: `–module` has to begin with two hyphens

            [USAGE]

            [TRY HELP]
        "#]],
    );
}

#[test]
fn a_flag_without_its_value() {
    host(
        ["--module"],
        expect![[r#"
        exit code 254
        ---- stderr
        error: a value is required for '--module <FILE>' but none was supplied

        [TRY HELP]
    "#]],
    );
}

#[test]
fn a_module_without_its_flag() {
    host(
        ["x.wasm"],
        expect![[r#"
            exit code 254
            ---- stderr
            error: unexpected argument 'x.wasm' found

            [USAGE]

            [TRY HELP]
        "#]],
    );
}

#[test]
fn no_fuel_at_all() {
    host(
        ["--module", "x.wasm", "--max-fuel", "0"],
        expect![[r#"
        exit code 254
        ---- stderr
        error: invalid value '0' for '--max-fuel <UNITS>': 0 is not in 1..18446744073709551615

        [TRY HELP]
    "#]],
    );
}

#[test]
fn more_memory_than_there_can_be() {
    host(
        ["--module", "x.wasm", "--max-memory-mib", "4097"],
        expect![[r#"
            exit code 254
            ---- stderr
            error: invalid value '4097' for '--max-memory-mib <MIB>': 4097 is not in 1..=4096

            [TRY HELP]
        "#]],
    );
}

#[test]
fn a_number_that_is_none() {
    host(
        ["--module", "x.wasm", "--seed", "lucky"],
        expect![[r#"
        exit code 254
        ---- stderr
        error: invalid value 'lucky' for '--seed <N>': invalid digit found in string

        [TRY HELP]
    "#]],
    );
}

#[test]
fn a_cache_and_no_cache() {
    host(
        ["--module", "x.wasm", "--cache-dir", "cache", "--no-cache"],
        expect![[r#"
            exit code 254
            ---- stderr
            error: the argument '--cache-dir <DIR>' cannot be used with '--no-cache'

            [USAGE]

            [TRY HELP]
        "#]],
    );
}

#[test]
fn two_modules() {
    host(
        ["--module", "x.wasm", "--module", "y.wasm"],
        expect![[r#"
            exit code 254
            ---- stderr
            error: the argument '--module <FILE>' cannot be used multiple times

            [USAGE]

            [TRY HELP]
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

        [TRY HELP]
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

        [TRY HELP]
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
    inspect.end().is(expect![[r#"
        exit code 0
        ---- stdout
        [DIR]/golden_v1.wasm: a guest of ABI version 1
          sha256 c78a011c6f96e3902bea3dab2d5f9040c298188cd9ba86a7010d311c00193f44

        Size, and what may be:
                1862 of   33554432 file bytes
                  22 of    1000000 functions
                  81 of    8388608 bytes of the largest function
                   3 of      50000 locals of one function
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
    inspect.arg(dir.guest("golden_v1")).end().is(expect![[r#"
        exit code 0
        ---- stdout
        {
          "loads": true,
          "problems": [],
          "bytes": 1862,
          "sha256": "c78a011c6f96e3902bea3dab2d5f9040c298188cd9ba86a7010d311c00193f44",
          "kind": "abi",
          "built_by_go": false,
          "threads": false,
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
              "limit": 33554432
            },
            {
              "name": "functions",
              "used": 22,
              "limit": 1000000
            },
            {
              "name": "bytes of the largest function",
              "used": 81,
              "limit": 8388608
            },
            {
              "name": "locals of one function",
              "used": 3,
              "limit": 50000
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
    inspect.end().is(expect![[r#"
        exit code 3
        ---- stdout
        [DIR]/bad.wasm: a guest of ABI version 1
          sha256 fa0ff6bed9d7b5c8ef4e1f94e041c0f03a1611c76d7c10e0ff8d7a0e5bb3f840

        Size, and what may be:
                 179 of   33554432 file bytes
                   3 of    1000000 functions
                   4 of    8388608 bytes of the largest function
                   2 of      50000 locals of one function
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
        .end()
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
              "threads": false,
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
                  "limit": 33554432
                },
                {
                  "name": "functions",
                  "used": 3,
                  "limit": 1000000
                },
                {
                  "name": "bytes of the largest function",
                  "used": 4,
                  "limit": 8388608
                },
                {
                  "name": "locals of one function",
                  "used": 2,
                  "limit": 50000
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
    inspect.end().is(expect![[r#"
        exit code 3
        ---- stdout
        [DIR]/x.wasm: not a guest
          sha256 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824

        Size, and what may be:
                   5 of   33554432 file bytes
                   0 of    1000000 functions
                   0 of    8388608 bytes of the largest function
                   0 of      50000 locals of one function
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
        .end()
        .is(expect![[r#"
            exit code 3
            ---- stdout
            [DIR]/large.wasm: a guest of ABI version 1
              sha256 48dd9521f1b4f3ba431ca9f7b10bcc3c758edc6380b76480f223b81a16cf8b2c

            Size, and what may be:
                      60 of   33554432 file bytes
                       1 of    1000000 functions
                       2 of    8388608 bytes of the largest function
                       0 of      50000 locals of one function
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
        .end()
        .is(expect![[r#"
            exit code 3
            ---- stdout
            [DIR]/spoof.wasm: not a guest
              sha256 7b69a27ba415445e32837027b4214c753c55122c424e6f4ed23e6ee842ecb59d

            Size, and what may be:
                      51 of   33554432 file bytes
                       1 of    1000000 functions
                       2 of    8388608 bytes of the largest function
                       0 of      50000 locals of one function
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

#[test]
fn what_maelstroms_users_type_is_answered_with_what_it_is_here() {
    let dir = Dir::new();
    let hint = |args: &[&str]| {
        let ended = dir.host().args(args).end();
        assert_eq!((ended.code(), &*ended.stdout), (Some(254), ""), "{ended}");
        let tips = ended.stderr.lines().filter(|line| line.contains("tip:"));
        tips.map(|line| line.trim().to_owned()).collect::<Vec<_>>()
    };
    let module = ["tip: Maelstrom's --bin FILE is --module FILE here"];
    assert_eq!(hint(&["--bin", "echo.wasm"]), module);
    assert_eq!(hint(&["sim", "-w", "echo", "--bin", "echo.wasm"]), module);
    assert_eq!(hint(&["sim", "-w", "echo", "--bin=echo.wasm"]), module);
    assert_eq!(
        hint(&["test", "-w", "echo", "--bin", "echo.wasm"]),
        ["tip: Maelstrom's `test` is `host sim` here"]
    );
    assert_eq!(
        hint(&[
            "sim",
            "--module",
            "echo.wasm",
            "-w",
            "echo",
            "--nodes",
            "a,b"
        ]),
        ["tip: nodes have no names of their own here: give --node-count N"]
    );
    assert_eq!(
        hint(&["sim", "--module", "echo.wasm", "-w", "echo", "--no-ssh"]),
        ["tip: leave it out: no machines are logged in to here"]
    );
}
