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
  build                 build the release host, every guest and the test programs
  test                  all that CI runs: formats, lints, tests, documentation
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
    done
}

# The programs in Go, C and Rust that tests run as guests.
build_programs() {
    host/tests/programs/build.sh
}

build() {
    setup
    cargo build --release --locked -p host
    build_guests
    build_programs
}

run_tests() {
    setup
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
4 g-counter -w g-counter --node-count 3 --rate 100 --time-limit 20 --nemesis partition
g-set g-set -w g-set --node-count 5 --rate 100 --time-limit 20 --nemesis partition
pn-counter pn-counter -w pn-counter --node-count 3 --rate 100 --time-limit 20 --nemesis partition
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
    printf '%-10s  %-10s  %-7s  %9s  %9s  %9s  %12s  %8s\n' \
        challenge module valid msgs/op 'median ms' 'max ms' availability 'wall ms'
    while read -r line; do
        # shellcheck disable=SC2086 # a line is several words
        challenge $line || failed=1
    done < <(challenges)
    printf '\nmsgs/op: messages between servers for each operation. median, max: from the acknowledgement of\n'
    printf 'a value until every read has it. All with --seed 1; any line again: target/release/host sim …\n'
    return $failed
}

challenge() {
    local label=$1 module=$2 begin end json status=0
    shift 2
    begin=${EPOCHREALTIME/[.,]/}
    json=$(target/release/host sim --module "$GUESTS/$module.wasm" --seed 1 --format json "$@") || status=$?
    end=${EPOCHREALTIME/[.,]/}
    at() { json_at "$1" <<<"$json"; }
    printf '%-10s  %-10s  %-7s  %9.9s  %9s  %9s  %12s  %8d\n' "$label" "$module" "$(at 'valid?')" \
        "$(at results/net/servers/msgs-per-op)" "$(at results/workload/stable-latencies/0.5)" \
        "$(at results/workload/stable-latencies/1)" "$(at results/availability/ok-fraction)" \
        $(((end - begin) / 1000))
    if [ $status -ne 0 ]; then
        printf '  why: target/release/host sim --module %s --seed 1 %s\n' "$GUESTS/$module.wasm" "$*"
        return 1
    fi
}

maelstrom() {
    local label module options
    read -r label module options < <(challenges | awk -v wanted="${1-}" '$1 == wanted') ||
        die "name a challenge: $(challenges | awk '{ printf "%s%s", sep, $1; sep = ", " }')"
    local maelstrom=${MAELSTROM:-maelstrom}
    command -v "$maelstrom" >/dev/null ||
        die "Maelstrom is not here: set MAELSTROM to its launcher, or put it on PATH (https://github.com/jepsen-io/maelstrom)."
    build
    # Maelstrom starts nodes in the system's temporary folder, so paths are absolute.
    # shellcheck disable=SC2086 # the options are several words
    exec "$maelstrom" test --bin "$PWD/target/release/host" $options \
        -- --module "$PWD/$GUESTS/$module.wasm"
}

case "${1-}" in
    "") build && suite ;;
    build) build ;;
    test) run_tests ;;
    bench) bench "${@:2}" ;;
    fuzz) fuzz "${@:2}" ;;
    maelstrom) maelstrom "${2-}" ;;
    -h | --help | help) usage ;;
    *)
        usage >&2
        die "there is no command \"$1\""
        ;;
esac
