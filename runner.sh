#!/usr/bin/env bash
# The one entry to this project: sets up what is missing, builds, runs, tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly TARGET=wasm32-wasip1
readonly GUESTS=target/$TARGET/release

usage() {
    cat <<'TEXT'
Usage: ./runner.sh [COMMAND]

  (none)                set up, build, and run every challenge in the simulator
  build                 build the release host and every guest
  test                  all that CI runs: formats, lints, tests, documentation
  trials [NAME [SEEDS]] run what solutions/NAME/trials.txt lists, each line with this many seeds
                        (1000); all solutions if no name is given
  bench                 measure, as ratios within one run
  fuzz TARGET [SECONDS] look for inputs that break a reader or a gate (fuzz/fuzz_targets),
                        beginning with fuzz/corpus/TARGET; for 60 seconds
  maelstrom CHALLENGE   run real Maelstrom on a challenge (1, 2, 3a, …) with its official
                        options; MAELSTROM or PATH says where it is

Guests are written to target/wasm32-wasip1/release/NAME.wasm, the host to
target/release/host.
TEXT
}

die() {
    printf 'runner.sh: %s\n' "$*" >&2
    exit 1
}

# Rust with the WebAssembly target.
setup() {
    command -v cargo >/dev/null ||
        die "cargo is missing. Install Rust 1.95 or newer, for example with rustup (https://rustup.rs)."
    [ -d "$(rustc --print sysroot)/lib/rustlib/$TARGET" ] && return
    command -v rustup >/dev/null ||
        die "this Rust has no standard library for $TARGET, and there is no rustup to fetch it. Install the one of your distribution for this very compiler ($(rustc --version)), or use rustup."
    rustup target add "$TARGET" ||
        die "rustup cannot fetch the target $TARGET. Connect this machine to a rustup server once, or copy lib/rustlib/$TARGET of the same version ($(rustc --version)) into $(rustc --print sysroot)/lib/rustlib."
}

# The packages under solutions/.
solutions() {
    local manifest
    for manifest in solutions/*/Cargo.toml; do
        basename "$(dirname "$manifest")"
    done
}

# Their packages, and those of the mutants that tests must catch.
guests() {
    local manifest
    solutions
    for manifest in host/tests/mutants/*/Cargo.toml; do
        basename "$(dirname "$manifest")"
    done
}

# Guests are small and run metered, so they get what makes code small and calls few:
# one optimisation over the whole program.
build_guests() {
    local packages=() name
    for name in $(guests); do packages+=(-p "$name"); done
    CARGO_PROFILE_RELEASE_LTO=fat CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 \
        cargo build --release --locked --lib --target "$TARGET" "${packages[@]}"
    # Cargo writes a library's name with underscores; a module has its package's name.
    for name in $(guests); do
        local built="$GUESTS/${name//-/_}.wasm" module="$GUESTS/$name.wasm"
        [ "$built" -ef "$module" ] || ln -f "$built" "$module"
        # Cargo leaves alone what is up to date; tests refuse what is older than Cargo.lock.
        touch "$module"
    done
}

# The programs in Go, C and Rust that tests run as guests.
build_programs() {
    host/tests/programs/build.sh
}

# The browser in which the tests look at reports, and its driver.
setup_browser() {
    command -v chromedriver >/dev/null && return
    local sudo=()
    [ "$(id -u)" -eq 0 ] || sudo=(sudo -n)
    if command -v apt-get >/dev/null; then
        export DEBIAN_FRONTEND=noninteractive
        "${sudo[@]}" apt-get update -qq && "${sudo[@]}" apt-get install -y -qq chromium chromium-driver >/dev/null || true
    fi
    command -v chromedriver >/dev/null ||
        die "the tests look at reports in a browser: install Chromium and its driver, chromedriver (Debian: apt-get install chromium chromium-driver)."
}

build() {
    setup
    cargo build --release --locked -p host
    build_guests
}

run_tests() {
    setup
    setup_browser
    cargo fmt --all --check
    build_guests
    build_programs
    cargo clippy --locked --workspace --all-targets -- -D warnings
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run --locked --workspace --no-fail-fast
    else
        cargo test --locked --workspace --lib --bins --tests
    fi
    cargo test --locked --workspace --doc
    RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" cargo doc --locked --workspace --no-deps --lib
}

bench() {
    build
    build_programs
    local packages=() name
    for name in $(solutions); do packages+=(-p "$name"); done
    cargo build --release --locked --bins "${packages[@]}"
    cargo bench --locked -p host "$@"
}

# Runs a target of fuzz/. Coverage needs no nightly compiler; sanitizers would, and look for what
# only unsafe code can do.
fuzz() {
    local target=${1-} seconds=${2-60}
    [ -f "fuzz/fuzz_targets/$target.rs" ] ||
        die "name a target: $(basename -s .rs fuzz/fuzz_targets/*.rs | paste -sd ' ')."
    cargo fuzz --version >/dev/null 2>&1 || cargo install --locked cargo-fuzz
    # New inputs go to the first folder; what breaks the target goes to fuzz/artifacts.
    mkdir -p "fuzz/found/$target"
    cargo fuzz run --sanitizer none "$target" "fuzz/found/$target" "fuzz/corpus/$target" \
        -- -max_total_time="$seconds" -max_len=4096 -timeout=10
}

# The challenges with their official options: number, module, options.
challenges() {
    cat <<'TEXT'
1 echo -w echo --node-count 1 --time-limit 10
2 unique-ids -w unique-ids --time-limit 30 --rate 1000 --node-count 3 --availability total --nemesis partition
3a broadcast -w broadcast --node-count 1 --time-limit 20 --rate 10
3b broadcast -w broadcast --node-count 5 --time-limit 20 --rate 10
3c broadcast -w broadcast --node-count 5 --time-limit 20 --rate 10 --nemesis partition
3d broadcast -w broadcast --node-count 25 --time-limit 20 --rate 100 --latency 100
3e broadcast -w broadcast --node-count 25 --time-limit 20 --rate 100 --latency 100 -- --window-ms 1700
4 g-counter -w g-counter --node-count 3 --rate 100 --time-limit 20 --nemesis partition
5a kafka -w kafka --node-count 1 --concurrency 2n --time-limit 20 --rate 1000
5b kafka -w kafka --node-count 2 --concurrency 2n --time-limit 20 --rate 1000
5c kafka -w kafka --node-count 2 --concurrency 2n --time-limit 20 --rate 1000 --nemesis partition
6a txn-rw-register -w txn-rw-register --node-count 1 --time-limit 20 --rate 1000 --concurrency 2n --consistency-models read-uncommitted --availability total
6b txn-rw-register -w txn-rw-register --node-count 2 --time-limit 20 --rate 1000 --concurrency 2n --consistency-models read-uncommitted --availability total --nemesis partition
6c txn-rw-register -w txn-rw-register --node-count 2 --time-limit 20 --rate 1000 --concurrency 2n --consistency-models read-committed --availability total --nemesis partition
lin-kv lin-kv -w lin-kv --node-count 3 --concurrency 4n --rate 30 --time-limit 60 --nemesis partition --nemesis-interval 10
lin-kv-5 lin-kv -w lin-kv --node-count 5 --concurrency 4n --rate 30 --time-limit 60 --nemesis partition --nemesis-interval 10
g-set g-set -w g-set --node-count 5 --rate 100 --time-limit 20 --nemesis partition
pn-counter pn-counter -w pn-counter --node-count 3 --rate 100 --time-limit 20 --nemesis partition
txn-list-append txn-list-append -w txn-list-append --node-count 5 --time-limit 20 --rate 100 --availability total --nemesis partition
TEXT
}

# The value at a path of keys in indented JSON on stdin; "-" if there is none.
json_at() {
    awk -v want="$1" '
        { match($0, /^ */); depth = RLENGTH / 2 }
        match($0, /"[^"]*": /) {
            key[depth] = substr($0, RSTART + 1, RLENGTH - 4)
            path = key[1]
            for (i = 2; i <= depth; i++) path = path "/" key[i]
            if (path == want) {
                value = substr($0, RSTART + RLENGTH)
                sub(/,$/, "", value)
                found = 1
                print value
                exit
            }
        }
        END { if (!found) print "-" }'
}

# Runs every challenge in the simulator and prints a line for each.
suite() {
    local line failed=0
    printf '%-15s  %-15s  %-7s  %9s  %9s  %9s  %12s  %8s\n' \
        challenge module valid msgs/op 'median ms' 'max ms' availability 'wall ms'
    while read -r line; do
        # shellcheck disable=SC2086 # a line is several words
        challenge $line || failed=1
    done < <(challenges)
    printf '\nmsgs/op: messages between servers for each operation. median, max: from the acknowledgement of\n'
    printf 'a value until every read has it. All with --seed 1; any line again: target/release/host sim …\n'
    report
    return $failed
}

# Writes pages about the suite, and a run of each challenge, and says where.
report() {
    local name folder=target/solutions
    mkdir -p "$folder"
    for name in $(solutions); do ln -f "$GUESTS/$name.wasm" "$folder/$name.wasm"; done
    rm -rf target/report
    # It fails if a challenge does, and the table has told that already.
    target/release/host grade --seeds 1..2 --format csv --report target/report "$folder" >/dev/null || true
    printf '\nWhat happened, event by event: %s\n' "file://$PWD/target/report/index.html"
}

challenge() {
    local label=$1 module=$2 begin end json status=0
    shift 2
    begin=${EPOCHREALTIME/[.,]/}
    json=$(target/release/host sim --module "$GUESTS/$module.wasm" --seed 1 --format json "$@") || status=$?
    end=${EPOCHREALTIME/[.,]/}
    at() { json_at "$1" <<<"$json"; }
    printf '%-15s  %-15s  %-7s  %9.9s  %9s  %9s  %12s  %8d\n' "$label" "$module" "$(at 'valid?')" \
        "$(at results/net/servers/msgs-per-op)" "$(at results/workload/stable-latencies/0.5)" \
        "$(at results/workload/stable-latencies/1)" "$(at results/availability/ok-fraction)" \
        $(((end - begin) / 1000))
    if [ $status -ne 0 ]; then
        printf '  why: target/release/host sim --module %s --seed 1 %s\n' "$GUESTS/$module.wasm" "$*"
        return 1
    fi
}

# Runs every line of a solution's trials.txt with many seeds.
trials() {
    local name=${1-} seeds=${2-1000} failed=0 solution label options
    build
    for solution in ${name:-$(solutions)}; do
        [ -f "solutions/$solution/trials.txt" ] || die "there is no solutions/$solution/trials.txt"
        while read -r label options; do
            # shellcheck disable=SC2086 # the options are several words
            if target/release/host sim --module "$GUESTS/$solution.wasm" --seeds "0..$seeds" $options \
                >target/trial.txt 2>&1 </dev/null; then
                printf 'valid    %-16s %s\n' "$solution" "$label"
            else
                failed=1
                printf 'FAILED   %-16s %s\n' "$solution" "$label"
                cat target/trial.txt
            fi
        done < <(grep -v '^\(#\|$\)' "solutions/$solution/trials.txt")
    done
    return $failed
}

maelstrom() {
    local label module options
    read -r label module options < <(challenges | awk -v wanted="${1-}" '$1 == wanted') ||
        die "name a challenge: $(challenges | awk '{ printf "%s%s", sep, $1; sep = ", " }')"
    local maelstrom=${MAELSTROM:-maelstrom}
    # The path of a program: `command -v` would find the function that this is.
    type -P "$maelstrom" >/dev/null ||
        die "Maelstrom is not here: set MAELSTROM to its launcher, or put it on PATH (https://github.com/jepsen-io/maelstrom)."
    build
    local guest_arguments=
    case "$options" in *' -- '*) guest_arguments="-- ${options#* -- }" ;; esac
    # Maelstrom starts nodes in the system's temporary folder, so paths are absolute.
    # shellcheck disable=SC2086 # the options are several words
    exec "$maelstrom" test --bin "$PWD/target/release/host" ${options%% -- *} \
        -- --module "$PWD/$GUESTS/$module.wasm" $guest_arguments
}

case "${1-}" in
    "") build && suite ;;
    build) build ;;
    test) run_tests ;;
    bench) bench "${@:2}" ;;
    trials) trials "${@:2}" ;;
    fuzz) fuzz "${@:2}" ;;
    maelstrom) maelstrom "${2-}" ;;
    -h | --help | help) usage ;;
    *)
        usage >&2
        die "there is no command \"$1\""
        ;;
esac
