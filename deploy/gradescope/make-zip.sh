#!/usr/bin/env bash
# Makes the zip file for Gradescope's "Configure Autograder". See README.md beside this.
set -euo pipefail

readonly USAGE='usage: make-zip.sh --host FILE [--suite FILE] [--add FILE]... [OUT.zip]

--host   the static binary for Linux x86-64, bin/maelstrom-wasm of the release archive
--suite  the suite to judge by [default: that of Gossip Glomers]
--add    a file or folder that the suite names, such as the module of a [[runtime]]
OUT.zip  [default: autograder.zip]'

die() {
    printf 'make-zip.sh: %s\n' "$*" >&2
    exit 254
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
host=
suite=
added=()
out=autograder.zip
while [ $# -gt 0 ]; do
    case $1 in
        --host) host=${2:?$USAGE} && shift 2 ;;
        --suite) suite=${2:?$USAGE} && shift 2 ;;
        --add) added+=("${2:?$USAGE}") && shift 2 ;;
        --help) printf '%s\n' "$USAGE" && exit 0 ;;
        -*) die "unknown option $1
$USAGE" ;;
        *) out=$1 && shift ;;
    esac
done
[ -n "$host" ] || die "$USAGE"
[ -f "$host" ] || die "$host is no file"
command -v python3 >/dev/null || die "python3 writes the zip file, and is missing: install it"

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cp "$here"/{setup.sh,run_autograder} "$stage"
cp "$host" "$stage/host"
for path in ${added[@]+"${added[@]}"}; do
    cp -R "$path" "$stage"
done
chmod 755 "$stage"/{setup.sh,run_autograder,host}
if [ -n "$suite" ]; then
    cp "$suite" "$stage/suite.toml"
else
    "$stage/host" suite >"$stage/suite.toml"
fi
# A suite with a mistake, or one that names a file that is not there, is told now.
"$stage/host" suite list --suite "$stage/suite.toml" >/dev/null || die "the suite cannot be used"

rm -f "$out"
case $out in
    /*) ;;
    *) out=$PWD/$out ;;
esac
# The files themselves, without a folder around them: Gradescope looks for setup.sh at the top.
(cd "$stage" && python3 -m zipfile -c "$out" ./*)
printf '%s\n' "$out"
