#!/usr/bin/env bash
# The second step of action.yml: grades, writes the job's summary, annotates.
# It is told by HOST, INPUT_PATH, INPUT_SUITE, INPUT_CHALLENGE, REPORT, and GitHub's GITHUB_STEP_SUMMARY
# and GITHUB_OUTPUT.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

arguments=(grade --format json --report "$REPORT")
[ -z "${INPUT_SUITE:-}" ] || arguments+=(--suite "$INPUT_SUITE")
[ -z "${INPUT_CHALLENGE:-}" ] || arguments+=(--challenge "$INPUT_CHALLENGE")

# What is printed meanwhile may quote names of files: none of it is a command for the runner.
token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf '::stop-commands::%s\n' "$token"
status=0
"$HOST" "${arguments[@]}" "$INPUT_PATH" >"$work/grade.json" || status=$?
printf '::%s::\n' "$token"
if [ "$status" != 0 ] && [ "$status" != 1 ]; then
    printf '::error title=Nothing was judged::host grade ended with exit code %s; the log says why\n' "$status"
    exit "$status"
fi

# The grade in another format. Its exit code is that of the grade.
merged() {
    "$HOST" merge --format "$1" "$work/grade.json" || [ $? = 1 ]
}
merged markdown >>"$GITHUB_STEP_SUMMARY"
merged annotations | tee "$work/annotations"
{
    if [ "$status" = 0 ]; then echo passed=true; else echo passed=false; fi
    # Of one submission: `::notice title=NAME::5 of 7 points`.
    if [ "$(grep -c '^::notice ' "$work/annotations")" = 1 ]; then
        sed -n 's/^::notice .*::\([0-9]*\) of \([0-9]*\) points*$/score=\1\npoints=\2/p' "$work/annotations"
    fi
} >>"$GITHUB_OUTPUT"
exit "$status"
