#!/usr/bin/env bash
# Builds what students handed in as sources: each submission in a container of its own, without
# network. Writes the modules to a folder for `host grade`. See docs/grading.md, "Sources".
set -euo pipefail

readonly USAGE='usage: build.sh [--engine podman|docker] [--image IMAGE] SOURCES OUT

SOURCES  a folder with a folder of sources for each student
OUT      a new folder: OUT/NAME has the modules of a student, OUT/NAME.log what the build said'

# What a build may take.
readonly MEMORY=3g         # with the files that it writes, which are in memory
readonly FILES=2g
readonly PROCESSES=512
readonly CPUS=2
readonly SECONDS_MAX=600
readonly MODULES_BYTES=67108864
readonly LOG_BYTES=1048576

die() {
    printf 'build.sh: %s\n' "$*" >&2
    exit 254
}

engine=podman
image=localhost/grading-sources
while [ $# -gt 0 ]; do
    case $1 in
        --engine) engine=${2:?$USAGE} && shift 2 ;;
        --image) image=${2:?$USAGE} && shift 2 ;;
        --help) printf '%s\n' "$USAGE" && exit 0 ;;
        -*) die "unknown option $1
$USAGE" ;;
        *) break ;;
    esac
done
[ $# -eq 2 ] || die "$USAGE"
[ -d "$1" ] || die "$1 is no folder"
[ ! -e "$2" ] || die "$2 exists already: name a new folder"
command -v "$engine" >/dev/null || die "there is no $engine: install it, or choose with --engine"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
sources=$(cd "$1" && pwd)
mkdir -p "$2"
out=$(cd "$2" && pwd)
work=$(mktemp -d)
chmod 711 "$work"
container=grading-$$
readonly here sources out work container

clean_up() {
    "$engine" rm --force "$container" >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap clean_up EXIT

# The modules, as an archive on stdout. `build.rs`, a Makefile and a linker script run code of the
# student: nothing in there reaches a network, the machine's files or other submissions, and it can
# fill nothing.
build() {
    timeout --kill-after=10 "$SECONDS_MAX" "$engine" run \
        --rm --name "$container" --pull never --log-driver none \
        --network none \
        --read-only \
        --volume "$work/src:/src:ro" \
        --volume "$here/inside.sh:/inside.sh:ro" \
        --tmpfs "/tmp:rw,nosuid,nodev,exec,size=$FILES,mode=1777" \
        --user 65534:65534 --cap-drop all --security-opt no-new-privileges \
        --memory "$MEMORY" --memory-swap "$MEMORY" --cpus "$CPUS" \
        --pids-limit "$PROCESSES" --ulimit core=0 \
        --ulimit nofile=4096:4096 --ulimit "nproc=$PROCESSES:$PROCESSES" \
        --entrypoint /bin/sh "$image" /inside.sh
}

# One submission. Students choose names and modes, so the engine sees a copy with a name and modes of
# our own.
submission() {
    local name=$1 modules=$out/$1 status=0
    rm -rf "$work/src"
    cp -R --no-dereference "$sources/$name" "$work/src"
    chmod -R u+rwX,a+rX "$work/src"
    mkdir "$modules"
    build 2> >(head -c "$LOG_BYTES" >"$out/$name.log" && cat >/dev/null) |
        head -c "$MODULES_BYTES" >"$work/modules.tar" || status=$?
    "$engine" rm --force "$container" >/dev/null 2>&1 || true
    # The archive is as little trusted as the build: only files, and only those beside each other.
    tar --extract --file "$work/modules.tar" --directory "$modules" --no-same-owner \
        --no-same-permissions --wildcards --no-wildcards-match-slash '*.wasm' 2>/dev/null ||
        status=1
    find "$modules" -mindepth 1 ! -type f -delete
    if [ "$status" = 0 ]; then
        printf '%q: built\n' "$name"
    else
        printf '%q: not built, see %q\n' "$name" "$out/$name.log"
    fi
}

shopt -s nullglob
for path in "$sources"/*/; do
    path=${path%/}
    [ ! -L "$path" ] || continue
    submission "${path##*/}"
done
