#!/bin/sh
# Joins the shares.
#   merge.sh SHARES OUT
set -eu

shares=$1
out=$2
index=1
set --
while [ "$index" -le "$shares" ]; do
    set -- "$@" "$out/share.$index.json"
    index=$((index + 1))
done
code=0
host merge --format json "$@" >"$out/merged.part" || code=$?
if [ "$code" -gt 2 ]; then
    echo "merge.sh: ended with $code" >&2
    exit "$code"
fi
mv "$out/merged.part" "$out/merged.json"
