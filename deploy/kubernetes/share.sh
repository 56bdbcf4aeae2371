#!/bin/sh
# One share of a grade or of a sweep: a pod of an indexed Job.
#   share.sh SHARES OUT COMMAND [ARGUMENTS…]        COMMAND is grade or sim
# A pod that is killed and replaced goes on from the runs that it has saved. Its result has its name only when it is whole.
set -eu

shares=$1
out=$2
command=$3
shift 3
index=$((JOB_COMPLETION_INDEX + 1)) # Kubernetes counts from 0
case $command in
    grade) saved=runs.$index.jsonl ;;
    *) saved=sweep.$index ;;
esac
host "$command" --shard "$index/$shares" --format json --resume "$out/$saved" "$@" >"$out/share.$index.part" &
host=$!
# What is asked to end does so with what it has, and that is no share.
stopped=
trap 'stopped=1; kill -TERM "$host" 2>/dev/null || true' TERM INT
code=0
wait "$host" || code=$?
if [ -n "$stopped" ]; then
    wait "$host" || true
    exit 143
fi
# 1: a submission failed, or a run is invalid; 2: a run is unknown. Both are results.
if [ "$code" -gt 2 ]; then
    echo "share.sh: share $index/$shares ended with $code" >&2
    exit "$code"
fi
mv "$out/share.$index.part" "$out/share.$index.json"
