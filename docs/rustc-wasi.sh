#!/bin/sh
# Lets crates be compiled for wasm32-wasip1-threads as they are: cargo calls this in place of rustc
# if RUSTC_WRAPPER names it. For that target only, tokio is compiled without what needs sockets
# and signals, and parking_lot waits with atomic instructions where it would panic.
rustc=$1
shift
case " $* " in
" -vV ")
    # Cargo compares this text: what was compiled without this script, or with another version of it,
    # is compiled again.
    "$rustc" "$@" && echo "wrapper: $(cksum <"$0")"
    exit
    ;;
*" --target wasm32-wasip1-threads "*) ;;
*) exec "$rustc" "$@" ;;
esac
case " $* " in
*" --crate-name tokio "*)
    if [ "${CARGO_PKG_VERSION_MINOR:-99}" -lt 41 ]; then
        echo "tokio $CARGO_PKG_VERSION lacks threads or files on WASI: run 'cargo update tokio --recursive'" >&2
        exit 1
    fi
    # Its poll for sockets cannot be woken by another thread here, signals and processes do not
    # exist, parking_lot cannot wait if it is old, and tracing is a dependency that cargo would
    # have to know of. Each of these features becomes a flag that is set anyway.
    for argument; do
        shift
        case $argument in
        'feature="net"' | 'feature="signal"' | 'feature="process"') argument=tokio_unstable ;;
        'feature="parking_lot"' | 'feature="tracing"') argument=tokio_unstable ;;
        esac
        set -- "$@" "$argument"
    done
    # Without the flag, tokio refuses most of its features on WASI. A stable compiler does not tell
    # crates that this target has atomic instructions; tokio would then sleep where it has to wait
    # for a time or for another thread, whichever comes first.
    set -- "$@" --cfg tokio_unstable
    export RUSTC_BOOTSTRAP=1
    ;;
*" --crate-name tokio_util "*)
    # Its codecs for sockets need tokio's.
    for argument; do
        shift
        case $argument in
        'feature="net"') argument=tokio_unstable ;;
        esac
        set -- "$@" "$argument"
    done
    ;;
*" --crate-name parking_lot_core "*)
    # Its waiting for this target is behind a feature for nightly compilers, since 0.9.10.
    if grep -qs stdarch_wasm_atomic_wait "$CARGO_MANIFEST_DIR/src/lib.rs"; then
        export RUSTC_BOOTSTRAP=1
        set -- "$@" --cfg 'feature="nightly"'
    fi
    ;;
esac
exec "$rustc" "$@"
