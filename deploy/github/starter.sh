#!/usr/bin/env bash
# Makes the files of a starter repository: a first node with its tests and messages, and the workflow
# that grades it. See README.md beside this.
set -euo pipefail

readonly USAGE='usage: starter.sh --action OWNER/REPOSITORY/deploy/github@TAG [--lang rust|go] [--challenge ID] [--host FILE] NAME

--action     where the workflow finds action.yml: this repository on GitHub, at a release
--lang       language of the node [default: rust]
--challenge  challenge of the built-in suite [default: 1]
--host       the program [default: host on PATH]
NAME         folder to make'

die() {
    printf 'starter.sh: %s\n' "$*" >&2
    exit 254
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
action=
lang=rust
challenge=1
host=host
path=
while [ $# -gt 0 ]; do
    case $1 in
        --action) action=${2:?$USAGE} && shift 2 ;;
        --lang) lang=${2:?$USAGE} && shift 2 ;;
        --challenge) challenge=${2:?$USAGE} && shift 2 ;;
        --host) host=${2:?$USAGE} && shift 2 ;;
        --help) printf '%s\n' "$USAGE" && exit 0 ;;
        -*) die "unknown option $1
$USAGE" ;;
        *) path=$1 && shift ;;
    esac
done
[ -n "$path" ] || die "$USAGE"
[[ $action =~ ^[A-Za-z0-9_.-]+/[A-Za-z0-9_./-]+@[A-Za-z0-9_./-]+$ ]] || die "--action is missing, or not OWNER/REPOSITORY/PATH@TAG
$USAGE"
[ -f "$here/starter/$lang.yml" ] || die "there is no starter in $lang: take rust or go"

# It refuses a name or a challenge that cannot be, so both can stand in the workflow.
"$host" new --lang "$lang" --challenge "$challenge" "$path" >/dev/null
name=${path%/}
name=${name##*/}
mkdir -p "$path/.github/workflows"
sed -e "s#@ACTION@#$action#; s#@NAME@#$name#; s#@CRATE@#${name//-/_}#; s#@CHALLENGE@#$challenge#" \
    "$here/starter/$lang.yml" >"$path/.github/workflows/grade.yml"
printf '%s: a node in %s for challenge %s, and .github/workflows/grade.yml\n' "$path" "$lang" "$challenge"
