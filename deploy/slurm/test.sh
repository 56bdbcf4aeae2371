#!/usr/bin/env bash
# Grades 200 submissions in 8 shares on a real Slurm on this machine, one task killed in the middle and requeued, and
# compares the grade with that of one process. Starts munged, slurmctld and slurmd with keys, configuration and
# spools in a temporary folder, and ends them. Needs root and Debian's packages slurm-wlm and munge.
#   deploy/slurm/test.sh HOST MODULES      the program, and the folder of the solutions' modules
set -euo pipefail

readonly SHARES=8
readonly STUDENTS=200
readonly KILLED=3      # the task that is killed
readonly PATIENCE_S=1800

die() {
    printf 'test.sh: %s\n' "$*" >&2
    exit 1
}

[ $# -eq 2 ] || die 'usage: test.sh HOST MODULES'
HOST=$(realpath "$1")
modules=$(realpath "$2")
export HOST
[ -x "$HOST" ] || die "$1 is no program: cargo build --release --bin host"
for module in echo.wasm broadcast-flood.wasm; do
    [ -f "$modules/$module" ] || die "$2 has no $module: ./runner.sh build"
done
[ "$(id -u)" = 0 ] || die 'slurmd and munged are started as root: run this as root, in a container or a virtual machine'
missing=()
for program in munged slurmctld slurmd sbatch scontrol squeue; do
    command -v "$program" >/dev/null || missing+=("$program")
done
[ ${#missing[@]} -eq 0 ] || die "missing: ${missing[*]}; on Debian: apt-get install --no-install-recommends slurm-wlm munge"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
chmod 755 "$work" # munged wants to know that others can reach its socket
pids=()

end() {
    code=$?
    trap - EXIT
    if [ "$code" -ne 0 ]; then
        tail -n 30 "$work"/*.log "$work"/out/*.log 2>/dev/null >&2 || true
    fi
    if [ -e "$work/slurmctld.pid" ]; then
        scancel --user=root 2>/dev/null || true
    fi
    for ((at = ${#pids[@]} - 1; at >= 0; at--)); do
        kill "${pids[at]}" 2>/dev/null || true
        wait "${pids[at]}" 2>/dev/null || true
    done
    rm -rf "$work"
    exit "$code"
}
trap end EXIT

# Waits until a command succeeds.
await() {
    local what=$1 begin=$SECONDS
    shift
    until "$@" >/dev/null 2>&1; do
        [ $((SECONDS - begin)) -lt "$PATIENCE_S" ] || die "$what: not after $PATIENCE_S s"
        sleep 0.2
    done
}

# Ports that nobody listens at now.
read -r port_of_controller port_of_node < <(python3 -c '
import socket
both = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(one.getsockname()[1] for one in both))')

name=$(hostname -s)
cpus=$(nproc)
mkdir "$work/munge" "$work/state" "$work/spool"
dd if=/dev/urandom of="$work/munge.key" bs=128 count=1 status=none
chmod 400 "$work/munge.key"
cat >"$work/slurm.conf" <<END
ClusterName=test
SlurmctldHost=$name(127.0.0.1)
SlurmctldPort=$port_of_controller
SlurmdPort=$port_of_node
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
# A task that is requeued starts when its old credential has expired.
AuthInfo=socket=$work/munge/socket,cred_expire=5
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,batch_sched_delay=0
ReturnToService=2
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
NodeName=$name NodeAddr=127.0.0.1 CPUs=$cpus State=UNKNOWN
PartitionName=main Nodes=$name Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF=$work/slurm.conf

munged --foreground --key-file="$work/munge.key" --socket="$work/munge/socket" --pid-file="$work/munge/pid" \
    --log-file="$work/munged.log" --seed-file="$work/munge/seed" >"$work/munged.out.log" 2>&1 &
pids+=($!)
await munged munge --socket="$work/munge/socket" --no-input
slurmctld -D >"$work/slurmctld.out.log" 2>&1 &
pids+=($!)
await slurmctld scontrol ping
slurmd -D -N "$name" >"$work/slurmd.out.log" 2>&1 &
pids+=($!)
await 'slurmd: the node is idle' bash -c "sinfo --noheader --format=%t | grep -qx idle"

# Each student has a module of their own (an empty custom section makes it so); every tenth has a wrong one.
for student in $(seq -f %03g 1 "$STUDENTS"); do
    mkdir -p "$work/class/student-$student"
    module=$work/class/student-$student/echo.wasm
    if [ $((10#$student % 10)) -eq 0 ]; then
        cp "$modules/broadcast-flood.wasm" "$module"
    else
        cp "$modules/echo.wasm" "$module"
        printf '\0\4\3%s' "$student" >>"$module"
    fi
done
export XDG_CACHE_HOME=$work/cache
grade=(--challenge 1 --seeds 1..11 "$work/class")

# Without memory as a resource: it is not what is tested, and small machines have little.
SBATCH_OPTIONS='--mem=0' "$here/submit.sh" "$SHARES" "$work/out" grade "${grade[@]}" | tee "$work/jobs"
array=$(sed -n 's/^shares //p' "$work/jobs")
merge=$(sed -n 's/^merge //p' "$work/jobs")

runs() { wc -l <"$work/out/runs.$KILLED.jsonl"; }
has_begun() { [ -s "$work/out/runs.$KILLED.jsonl" ] && [ "$(runs)" -ge 20 ]; }
await "task $KILLED has saved runs" has_begun
[ ! -e "$work/out/share.$KILLED.json" ] || die "task $KILLED ended before it could be killed: have it do more"
scontrol requeue "${array}_$KILLED"
saved=$(runs)
await 'the merge' test -e "$work/out/merged.json"
restarts=$(scontrol show job "${array}_$KILLED" | sed -n 's/.* Restarts=\([0-9]*\) .*/\1/p')
[ "$restarts" = 1 ] || die "task $KILLED was started again $restarts times, not once"
all=$(runs)
[ "$saved" -lt "$all" ] || die "task $KILLED had nothing left to do when it was killed"
await 'the merge is over' bash -c "! squeue --noheader --job=$merge 2>/dev/null | grep -q ."

# One process, all cores, a cache of its own.
code=0
XDG_CACHE_HOME=$work/cache-of-one "$HOST" grade --format json "${grade[@]}" >"$work/one.json" || code=$?
[ "$code" -eq 1 ] || die "some submissions are wrong, so the grader ends with 1, not $code"
# Timings are measured, and come last.
for grade in one out/merged; do
    sed '/^  "timings": {$/,$d' "$work/$grade.json" >"$work/$grade.untimed"
done
cmp "$work/one.untimed" "$work/out/merged.untimed"
[ "$(wc -l <"$work/one.untimed")" -gt "$STUDENTS" ] || die 'the grade is too short'
for format in text csv; do
    cmp <("$HOST" merge --format "$format" "$work/one.json" || true) \
        <("$HOST" merge --format "$format" "$work/out/merged.json" || true)
done
passed=$("$HOST" merge --format csv "$work/out/merged.json" | grep -c ',true,' || true)
[ "$passed" -eq $((STUDENTS - STUDENTS / 10)) ] || die "$passed submissions passed"

printf '%s\n' "the same: $STUDENTS submissions in $SHARES shares, $passed passed; task $KILLED was killed after $saved of $all runs and started again"
