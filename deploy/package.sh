#!/usr/bin/env bash
# Makes one archive of the program: a binary under two names, completions, pages of the manual, the
# licences, two modules to try it with, and checksums. See docs/packages.md.
set -euo pipefail

readonly USAGE='usage: package.sh [--target TARGET] [--binary FILE] [--examples DIR] [--out DIR]

--target    what it is built for [default: x86_64-unknown-linux-musl, a static binary]
--binary    a release binary for TARGET that runs on this machine; without it, one is built
--examples  where broadcast.wasm and broadcast-flood.wasm are [default: where ./runner.sh build writes them]
--out       where the archive and its checksum go [default: target/package]'

# `host` is a DNS tool, too: this name collides with nothing.
readonly NAME=maelstrom-wasm
readonly SHELLS=(bash fish zsh)

die() {
    printf 'package.sh: %s\n' "$*" >&2
    exit 254
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=x86_64-unknown-linux-musl
binary=
examples=$root/target/wasm32-wasip1/release
out=$root/target/package
while [ $# -gt 0 ]; do
    case $1 in
        --target) target=${2:?$USAGE} && shift 2 ;;
        --binary) binary=${2:?$USAGE} && shift 2 ;;
        --examples) examples=${2:?$USAGE} && shift 2 ;;
        --out) out=${2:?$USAGE} && shift 2 ;;
        --help) printf '%s\n' "$USAGE" && exit 0 ;;
        *) die "unknown argument $1
$USAGE" ;;
    esac
done

for example in broadcast broadcast-flood; do
    [ -f "$examples/$example.wasm" ] ||
        die "$examples/$example.wasm is missing: run ./runner.sh build first"
done
if [ -z "$binary" ]; then
    (cd "$root" && cargo build --release --locked --package host --target "$target")
    binary=${CARGO_TARGET_DIR:-$root/target}/$target/release/host
fi
[ -f "$binary" ] || die "$binary is no file"

mkdir -p "$out"
out=$(cd "$out" && pwd)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p "$stage/bin"
cp "$binary" "$stage/bin/$NAME"
chmod 755 "$stage/bin/$NAME"
ln -s "$NAME" "$stage/bin/host"
# `host 0.1.0`, from the binary itself: it cannot be another version than the archive's name says.
version=$("$stage/bin/host" -V) || die "$binary does not run on this machine"
version=${version#host }
readonly folder=host-$version-$target

for name in host "$NAME"; do
    program=$stage/bin/$name
    "$program" man "$stage/share/man/man1" >/dev/null
    for shell in "${SHELLS[@]}"; do
        case $shell in
            bash) file=bash-completion/completions/$name ;;
            fish) file=fish/vendor_completions.d/$name.fish ;;
            zsh) file=zsh/site-functions/_$name ;;
        esac
        mkdir -p "$stage/share/${file%/*}"
        "$program" completions "$shell" >"$stage/share/$file"
    done
done
documents=$stage/share/doc/$NAME
mkdir -p "$documents/examples"
cp "$root"/{README.md,CHANGELOG.md,LICENSE-MIT,LICENSE-APACHE} "$documents"
cp "$examples"/broadcast.wasm "$examples"/broadcast-flood.wasm "$documents/examples"
"$stage/bin/host" --version >"$documents/VERSION"

sha256() {
    if command -v sha256sum >/dev/null; then
        sha256sum "$@"
    else
        shasum -a 256 "$@"
    fi
}

cd "$stage"
find bin share -type f | LC_ALL=C sort |
    while read -r file; do sha256 "$file"; done >SHA256SUMS
find . -type d -exec chmod 755 {} +
find share SHA256SUMS -type f -exec chmod 644 {} +

# The same files give the same archive: neither users, nor times, nor an order of this machine.
seconds=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct 2>/dev/null || echo 0)}
if tar --version | grep -q GNU; then
    flags=(--sort=name --owner=0 --group=0 --numeric-owner --mtime="@$seconds" --transform="flags=r;s,^\./,$folder/,")
else
    flags=(--uid 0 --gid 0 -s ",^\./,$folder/,")
fi
tar "${flags[@]}" -cf - ./bin ./share ./SHA256SUMS | gzip -9 -n >"$out/$folder.tar.gz"
cd "$out"
sha256 "$folder.tar.gz" >"$folder.tar.gz.sha256"
printf '%s\n' "$out/$folder.tar.gz"
