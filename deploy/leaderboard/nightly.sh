#!/usr/bin/env bash
# Grades a class and writes its leaderboard, one static page. For a timer: only what is new is judged.
# See README.md beside this.
set -euo pipefail

readonly USAGE='usage: nightly.sh [--suite FILE] [--host FILE] [--state DIR] CLASS OUT

--suite  suite of challenges [default: Gossip Glomers]
--host   the program [default: host on PATH]
--state  where finished runs are kept from night to night [default: OUT.state]
CLASS    folder with a folder of modules for each student
OUT      folder for index.html'

die() {
    printf 'nightly.sh: %s\n' "$*" >&2
    exit 254
}

suite=
host=host
state=
while [ $# -gt 0 ]; do
    case $1 in
        --suite) suite=${2:?$USAGE} && shift 2 ;;
        --host) host=${2:?$USAGE} && shift 2 ;;
        --state) state=${2:?$USAGE} && shift 2 ;;
        --help) printf '%s\n' "$USAGE" && exit 0 ;;
        -*) die "unknown option $1
$USAGE" ;;
        *) break ;;
    esac
done
[ $# -eq 2 ] || die "$USAGE"
class=$1
out=${2%/}
state=${state:-$out.state}
mkdir -p "$out" "$state"

# Runs that another suite or version of the program has judged are of no use.
key=$({ "$host" --version && if [ -n "$suite" ]; then cat "$suite"; else "$host" suite; fi; } | cksum | tr ' ' -)
runs=$state/runs.$key.jsonl
find "$state" -name 'runs.*.jsonl' ! -name "${runs##*/}" -delete

arguments=(grade --resume "$runs" --format json)
[ -z "$suite" ] || arguments+=(--suite "$suite")
status=0
"$host" "${arguments[@]}" "$class" >"$state/grade.json.new" || status=$?
[ "$status" -le 1 ] || die "host grade ended with exit code $status: the page stays as it is"
"$host" merge --format leaderboard "$state/grade.json.new" >"$state/index.html.new" || [ $? = 1 ]
mv "$state/grade.json.new" "$state/grade.json"
# At once: a reader sees the old page or the new one.
cp "$state/index.html.new" "$out/.index.html.new"
mv "$out/.index.html.new" "$out/index.html"
