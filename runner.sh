#!/usr/bin/env bash
# The one entry to this project; `./runner.sh help` lists the commands. They are in host/xtask.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export OLDPWD # where this was called: modules that are named are relative to it

if ! command -v cargo >/dev/null; then
    printf 'runner.sh: %s\n' >&2 \
        "cargo is missing. Install Rust 1.95 or newer, for example with rustup (https://rustup.rs)."
    exit 1
fi
exec cargo run --quiet --locked --package xtask -- "$@"
