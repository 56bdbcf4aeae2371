#!/usr/bin/env bash
# Submits a grade or a sweep to Slurm: an array of shares, and a job that joins them.
set -euo pipefail

readonly USAGE='usage: submit.sh SHARES OUT grade [OPTIONS] PATH…
       submit.sh SHARES OUT sim [OPTIONS] --seeds A..B

SHARES  how many tasks the array has
OUT     a new folder that all machines of the cluster see: share.I.json of each task, then merged.json

The program is host, or what HOST names; it has to be on all machines, as the modules have to be.
Options of sbatch for both jobs, such as --partition=main, can stand in SBATCH_OPTIONS.'

die() {
    printf 'submit.sh: %s\n' "$*" >&2
    exit 254
}

[ $# -ge 4 ] || die "$USAGE"
shares=$1
out=$2
shift 2
[[ $shares =~ ^[1-9][0-9]*$ ]] || die "SHARES is a number from 1 on, not $shares"
case $1 in
    grade | sim) ;;
    *) die "the command is grade or sim, not $1" ;;
esac
command -v sbatch >/dev/null || die "there is no sbatch: install Slurm's commands (Debian: slurm-client)"
mkdir "$out" || die "name a new folder"
out=$(cd "$out" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
read -r -a options <<<"${SBATCH_OPTIONS:-}"

array=$(sbatch --parsable "${options[@]}" --array="1-$shares" --output="$out/share.%a.log" \
    "$here/share.sbatch" "$out" "$@")
# A merge without some share never starts, and does not wait for ever.
merge=$(sbatch --parsable "${options[@]}" --dependency="afterok:$array" --kill-on-invalid-dep=yes \
    --output="$out/merge.log" "$here/merge.sbatch" "$out" "$shares")
printf 'shares %s\nmerge %s\n' "$array" "$merge"
