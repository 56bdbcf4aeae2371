#!/bin/sh
# Runs in the container: builds the sources in /src, and writes an archive of the modules to stdout.
# A submission is a project, or a folder of projects.
set -eu

export HOME=/tmp/home CARGO_HOME=/tmp/home/.cargo OUT=/tmp/out
mkdir -p "$CARGO_HOME" "$OUT"
cp -R /src /tmp/build

say() { printf '%s\n' "$*" >&2; }

# The project in the working directory.
project() {
    if [ -f build.sh ]; then
        say "$1: sh build.sh, which writes modules to \$OUT"
        sh ./build.sh >&2 || return
    elif [ -f Cargo.toml ]; then
        say "$1: cargo build"
        CARGO_TARGET_DIR=/tmp/target cargo build --release --offline --target wasm32-wasip1 >&2 ||
            return
        for module in /tmp/target/wasm32-wasip1/release/*.wasm; do
            [ ! -f "$module" ] || cp "$module" "$OUT"
        done
    elif [ -f go.mod ]; then
        say "$1: go build"
        module=$(sed -n 's/^module[[:space:]]*//p' go.mod | head -n 1)
        GOOS=wasip1 GOARCH=wasm CGO_ENABLED=0 GOTOOLCHAIN=local GOPROXY=off GOFLAGS=-mod=mod \
            go build -trimpath -buildvcs=false -o "$OUT/$(basename "$module").wasm" . >&2 || return
    elif [ -f Makefile ]; then
        say "$1: make"
        make >&2 || return
        for module in *.wasm; do
            [ ! -f "$module" ] || cp "$module" "$OUT"
        done
    else
        for source in *.c; do
            [ -f "$source" ] || continue
            say "$1: clang $source"
            clang --target=wasm32-wasi -O2 "./$source" -o "$OUT/${source%.c}.wasm" >&2 ||
                return
        done
    fi
}

# What does not build does not stop the others.
failed=0
for folder in /tmp/build /tmp/build/*/; do
    [ -d "$folder" ] || continue
    name=${folder#/tmp/build}
    name=${name:-/}
    (cd "$folder" && project "$name") || {
        say "$name: failed"
        failed=1
    }
done

cd "$OUT"
set -- *.wasm
[ -e "$1" ] || {
    say "no module was built: there is no build.sh, Cargo.toml, go.mod, Makefile or .c file that makes one"
    exit 1
}
tar -cf - -- "$@"
exit "$failed"
