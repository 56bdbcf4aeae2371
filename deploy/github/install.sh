#!/usr/bin/env bash
# The first step of action.yml: fetches a release of the program, unless one is installed already.
# It is told by INPUT_HOST, INPUT_VERSION, REPOSITORY, and GitHub's RUNNER_TEMP and GITHUB_OUTPUT.
set -euo pipefail

die() {
    printf '::error title=The program was not installed::%s\n' "$*"
    exit 254
}

if [ -z "${INPUT_HOST:-}" ]; then
    case $INPUT_VERSION in
        v[0-9]*) ;;
        *) die "${INPUT_VERSION:-no version} is no release: take the action at a tag (…@v0.1.0), or give \`version\` or \`host\`" ;;
    esac
    case $(uname -s)-$(uname -m) in
        Linux-x86_64) target=x86_64-unknown-linux-musl ;;
        Linux-aarch64) target=aarch64-unknown-linux-musl ;;
        Darwin-arm64) target=aarch64-apple-darwin ;;
        *) die "there is no release for $(uname -s) on $(uname -m)" ;;
    esac
    folder=host-${INPUT_VERSION#v}-$target
    url=https://github.com/$REPOSITORY/releases/download/$INPUT_VERSION/$folder.tar.gz
    cd "$RUNNER_TEMP"
    for file in "$folder.tar.gz" "$folder.tar.gz.sha256"; do
        curl --fail --silent --show-error --location --proto '=https' --retry 3 \
            --output "$file" "${url%/*}/$file" || die "cannot fetch ${url%/*}/$file"
    done
    if command -v sha256sum >/dev/null; then sum=(sha256sum); else sum=(shasum -a 256); fi
    "${sum[@]}" --check --status "$folder.tar.gz.sha256" ||
        die "$folder.tar.gz is damaged: its checksum differs"
    tar -xzf "$folder.tar.gz"
    INPUT_HOST=$RUNNER_TEMP/$folder/bin/maelstrom-wasm
fi
"$INPUT_HOST" --version || die "$INPUT_HOST does not run"
printf 'host=%s\n' "$INPUT_HOST" >>"$GITHUB_OUTPUT"
